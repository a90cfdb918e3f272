package promoter_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/promoter"
)

func TestParseAlert(t *testing.T) {
	for page, want := range map[string]string{
		"https://github.com/acme/shop/security/code-scanning/7":        "code-scanning/7",
		"https://ghe.example/acme/shop/security/dependabot/12":         "dependabot/12",
		"https://github.com/acme/shop/security/secret-scanning/3?x=/y": "secret-scanning/3",
		"https://github.com/acme/security/security/dependabot/1":       "dependabot/1",
		"https://github.com/acme/shop/security/advisories/7":           "",
		"https://github.com/acme/shop/security/dependabot/0":           "",
		"https://github.com/acme/shop/security/dependabot/7/x":         "",
		"https://github.com/acme/shop/pull/7":                          "",
		"":                                                             "",
	} {
		ref, ok := promoter.ParseAlert(page)
		if got := ref.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s %v, want %q", page, got, ok, want)
		}
	}
}

func TestWhichDecisionsAreWrittenBack(t *testing.T) {
	ref := promoter.AlertRef{Kind: "dependabot", Number: 7}
	decided := promoter.Disposition{Kind: promoter.VerdictFalsePositive, Person: 1, Source: promoter.FromCommand}
	for name, tt := range map[string]struct {
		change func(*promoter.Disposition)
		want   string
	}{
		"a person's":             {func(*promoter.Disposition) {}, "inaccurate"},
		"accepted":               {func(d *promoter.Disposition) { d.Kind = promoter.VerdictAccepted }, "tolerable_risk"},
		"nobody's":               {func(d *promoter.Disposition) { d.Person = 0 }, ""},
		"of one pull request":    {func(d *promoter.Disposition) { d.PullRequest = 3 }, ""},
		"what the alert said":    {func(d *promoter.Disposition) { d.Source = promoter.FromAlert }, ""},
		"what GitHub cannot say": {func(d *promoter.Disposition) { d.Kind = promoter.VerdictDuplicate }, ""},
	} {
		d := decided
		tt.change(&d)
		if got, ok := promoter.DismissingOf("acme/shop:F1", ref, d); got.Reason != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %+v %v, want %q", name, got, ok, tt.want)
		}
	}
}

// What is written fits and mentions nobody, whatever a person said.
func TestWhatIsWrittenToAnAlertFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := promoter.Disposition{Kind: promoter.VerdictAccepted, Person: 1, Reason: rapid.String().Draw(t, "reason"), Expires: time.Unix(1e9, 0)}
		got, ok := promoter.DismissingOf("acme/"+strings.Repeat("x", rapid.IntRange(1, 100).Draw(t, "name"))+":F1", promoter.AlertRef{Kind: "code-scanning", Number: 1}, d)
		if !ok || utf8.RuneCountInString(got.Comment) > 190 || strings.ContainsAny(got.Comment, "@\n\r") {
			t.Fatalf("%q", got.Comment)
		}
		if again, err := promoter.ParseDismissing(got.Body()); err != nil || !strings.HasPrefix(again.Comment, got.Comment[:10]) {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}

// Planned, done and planned again, there is nothing to do; and an alert that
// is a person's is never touched.
func TestPlanDismissalsComesToRest(t *testing.T) {
	kinds := []promoter.VerdictKind{promoter.VerdictFalsePositive, promoter.VerdictWontFix}
	rapid.Check(t, func(t *rapid.T) {
		var have []promoter.Notice
		var theirs *promoter.Notice
		open := map[int]bool{1: true, 2: true, 3: true}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			var want []promoter.WantedDismissal
			for n := 1; n <= 3; n++ {
				if !rapid.Bool().Draw(t, "wanted") {
					continue
				}
				what, _ := promoter.DismissingOf("acme/shop:F1", promoter.AlertRef{Kind: "dependabot", Number: n},
					promoter.Disposition{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Person: 1})
				want = append(want, promoter.WantedDismissal{Claim: promoter.Claim{Finding: int64(n)}, Dismissing: what})
			}
			plan := func() []promoter.Action {
				return promoter.PlanDismissals(promoter.DismissalPlanning{RepoID: 1, Want: want, Have: have, NextNo: int64(len(have) + 1), Now: time.Unix(5, 0),
					Open: func(a promoter.AlertRef) bool { return open[a.Number] }})
			}
			for _, a := range plan() {
				if theirs != nil && a.Notice.No == theirs.No {
					t.Fatalf("touches what is a person's: %+v", a)
				}
				after := a.Notice
				for _, v := range a.Verbs {
					after = promoter.Settled(v, a.Before, a.Notice, promoter.ObservedPost{No: a.Notice.No, Remote: promoter.Remote{ID: 7}}, time.Unix(6, 0))
				}
				if after.No > int64(len(have)) {
					have = append(have, after)
				} else {
					have[after.No-1] = after
				}
			}
			if again := plan(); len(again) > 0 {
				t.Fatalf("not at rest: %s", cmp.Diff([]promoter.Action(nil), again))
			}
			if theirs == nil && len(have) > 0 && have[0].State == promoter.NoticePosted && rapid.Bool().Draw(t, "a person") {
				have[0].State = promoter.NoticeClosedByPerson
				theirs = &have[0]
			}
		}
	})
}
