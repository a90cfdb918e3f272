package promoter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
)

// A finding that turns out to be one problem with another, which an open task has
// under another name, joins that task.
func TestOneProblemUnderANewNameJoinsItsOpenTask(t *testing.T) {
	claim := func(no int64, group string) promoter.Claim {
		return promoter.Claim{Finding: no, Group: group, Cohort: promoter.Cohort{Stage: promoter.Advise}, Exhibit: promoter.Exhibit{RepoID: 1}}
	}
	open := func(no int64, group string, state promoter.NoticeState, findings ...int64) promoter.Notice {
		n := promoter.Notice{No: no, Surface: promoter.SurfaceTask, Group: group, State: state}
		for _, f := range findings {
			n.Items = append(n.Items, promoter.Item{Finding: f})
		}
		return n
	}
	for name, c := range map[string]struct {
		have   []promoter.Notice
		claims []promoter.Claim
		want   map[string]int // claims by task
	}{
		"another scanner knows it by another name": {[]promoter.Notice{open(7, "advisory:GHSA-1/@web", promoter.NoticePosted, 1)},
			[]promoter.Claim{claim(1, "fix:npm/lodash@web"), claim(2, "fix:npm/lodash@web")}, map[string]int{"advisory:GHSA-1/@web": 2}},
		"several tasks from before": {[]promoter.Notice{open(7, "F1", promoter.NoticePosted, 1), open(8, "F2", promoter.NoticePosted, 2)},
			[]promoter.Claim{claim(1, "secret:x"), claim(2, "secret:x"), claim(3, "secret:x")}, map[string]int{"F1": 2, "F2": 1}},
		"a task that has the name": {[]promoter.Notice{open(7, "F1", promoter.NoticePosted, 1), open(8, "secret:x", promoter.NoticePosted, 2)},
			[]promoter.Claim{claim(1, "secret:x"), claim(2, "secret:x"), claim(3, "secret:x")}, map[string]int{"F1": 1, "secret:x": 2}},
		"a task that was handed back": {[]promoter.Notice{open(7, "F1", promoter.NoticeWithdrawn, 1)},
			[]promoter.Claim{claim(1, "secret:x"), claim(2, "secret:x")}, map[string]int{"secret:x": 2}},
		"something else": {[]promoter.Notice{open(7, "F1", promoter.NoticePosted, 1)},
			[]promoter.Claim{claim(1, "secret:x"), claim(2, "secret:y")}, map[string]int{"F1": 1, "secret:y": 1}},
	} {
		sel := promoter.SelectTasks([]promoter.RepositoryTasks{{RepoID: 1, Claims: c.claims, Have: c.have}}, roomy())
		got := map[string]int{}
		for _, w := range sel.Want[1] {
			got[w.Group] += len(w.Claims)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
