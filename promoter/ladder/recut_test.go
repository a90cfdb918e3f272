package ladder_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

func TestRecut(t *testing.T) {
	const observe, triage, advise, enforce = promoter.Observe, promoter.Triage, promoter.Advise, promoter.Enforce
	way := func(id int64, stage promoter.Stage, into string, open int) ladder.Way {
		return ladder.Way{From: promoter.Cohort{ID: id, Stage: stage}, Stage: stage, Into: into, Open: open, Hidden: 5}
	}
	type cut struct {
		Into  string
		Found bool
		Stage promoter.Stage
		Rises []bool
		Hides []int
	}
	stood := map[string]promoter.Cohort{"web": {ID: 8, Key: "web", Stage: triage}, "empty": {ID: 9, Key: "empty", Stage: enforce}, "web+rule=R": {ID: 9, Stage: triage}}
	for name, c := range map[string]struct {
		ways []ladder.Way
		want []cut
	}{
		"under another name": {[]ladder.Way{way(1, advise, "x", 3)}, []cut{{"x", true, advise, []bool{false}, []int{0}}}},
		"two are joined":     {[]ladder.Way{way(2, advise, "x", 3), way(1, triage, "x", 1)}, []cut{{"x", true, triage, []bool{false, false}, []int{0, 5}}}},
		"one is divided": {[]ladder.Way{way(1, enforce, "y", 3), way(1, enforce, "x", 3)},
			[]cut{{"x", true, enforce, []bool{false}, []int{0}}, {"y", true, enforce, []bool{false}, []int{0}}}},
		"what stands nowhere holds nothing down": {[]ladder.Way{way(1, observe, "x", 0), way(2, advise, "x", 1)}, []cut{{"x", true, advise, []bool{true, false}, []int{0, 0}}}},
		"where nothing stands, all count":        {[]ladder.Way{way(1, triage, "x", 0), way(2, advise, "x", 0)}, []cut{{"x", true, triage, []bool{false, false}, []int{0, 5}}}},
		"one that others join stays": {[]ladder.Way{way(1, advise, "web", 2), way(2, observe, "web", 2)},
			[]cut{{"web", false, triage, []bool{false, true}, []int{5, 0}}}},
		"a part with no members yet stands": {[]ladder.Way{way(1, advise, "web+rule=R", 2)}, []cut{{"web+rule=R", false, triage, []bool{false}, []int{5}}}},
		"one that all leave begins anew":    {[]ladder.Way{way(1, triage, "empty", 2)}, []cut{{"empty", true, triage, []bool{false}, []int{0}}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []cut
			for _, k := range ladder.Recut(c.ways, func(key string) (promoter.Cohort, bool) { c, ok := stood[key]; return c, ok }, func(id int64) int { return int(9 - id) }) {
				one := cut{Into: k.Into, Found: k.Found, Stage: k.Stage}
				for _, w := range k.Ways {
					one.Rises, one.Hides = append(one.Rises, k.Rises(w)), append(one.Hides, k.Hides(w))
				}
				got = append(got, one)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPartStaysAPart(t *testing.T) {
	for key, want := range map[string]string{"core/gosec/high+rule=G204": "all/gosec+rule=G204", "core/gosec/high": "all/gosec"} {
		if got := ladder.KeyUnder("all/gosec", promoter.Cohort{Key: key}); got != want {
			t.Errorf("%s becomes %s, want %s", key, got, want)
		}
		if got := ladder.Whole(key); got != "core/gosec/high" {
			t.Errorf("%s is part of %s", key, got)
		}
	}
}
