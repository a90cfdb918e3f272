package promoter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
)

func TestHeedTasks(t *testing.T) {
	items := []promoter.Item{{Finding: 1, ShownAt: written.AddDate(0, 0, -2)}, {Finding: 2, ShownAt: written.AddDate(0, 0, -2)}, {Finding: 3}}
	notices := []promoter.Notice{{No: 5, Surface: promoter.SurfaceTask, Target: promoter.Target{RepoID: 9}, Remote: promoter.Remote{ID: 70}, Items: items}}
	words := map[string]string{"Won't Do": "wont-fix", "done": "fixed"}
	person := func(string) (int64, error) { return 4, nil }
	given := func(kind promoter.VerdictKind, person int64) []promoter.Verdict {
		v := promoter.Verdict{RepoID: 9, Notice: 5, Kind: kind, Source: promoter.FromTask, ExternalID: "70", At: written, Person: person}
		one, two := v, v
		one.Finding, two.Finding = 1, 2
		return []promoter.Verdict{one, two}
	}
	standing := []promoter.Verdict{{ID: 8, Source: promoter.FromTask, ExternalID: "70"}}
	for name, c := range map[string]struct {
		state promoter.TaskState
		want  promoter.Heeded
	}{
		"won't do":         {promoter.TaskState{ID: 70, Done: true, Status: "Done", Resolution: "won't do", By: "j1", At: written}, promoter.Heeded{Verdicts: given(promoter.VerdictWontFix, 4)}},
		"done, by nobody":  {promoter.TaskState{ID: 70, Done: true, Status: "DONE"}, promoter.Heeded{Verdicts: given(promoter.VerdictFixed, 0)}},
		"open again":       {promoter.TaskState{ID: 70, Status: "Done"}, promoter.Heeded{Retract: []int64{8}}},
		"closed by us":     {promoter.TaskState{ID: 70, Done: true, Status: "Done", Ours: true}, promoter.Heeded{Retract: []int64{8}}},
		"words of no kind": {promoter.TaskState{ID: 70, Done: true, Status: "Parked"}, promoter.Heeded{Retract: []int64{8}}},
		"gone":             {promoter.TaskState{ID: 70, Gone: true}, promoter.Heeded{}},
		"not ours":         {promoter.TaskState{ID: 71, Done: true, Status: "Done"}, promoter.Heeded{}},
	} {
		got, err := promoter.HeedTasks(notices, []promoter.TaskState{c.state}, standing, words, person, written)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestOpenAgain(t *testing.T) {
	task := func(no int64, group string, state promoter.NoticeState) promoter.Notice {
		return promoter.Notice{No: no, Surface: promoter.SurfaceTask, Group: group, State: state, Remote: promoter.Remote{ID: 70 + no}}
	}
	first, second := task(1, "F1", promoter.NoticeClosedByPerson), task(2, "2/F1", promoter.NoticePosted)
	for name, c := range map[string]struct {
		have  []promoter.Notice
		state promoter.TaskState
		want  []promoter.Notice
	}{
		"open":            {[]promoter.Notice{first}, promoter.TaskState{ID: 71}, []promoter.Notice{task(1, "F1", promoter.NoticePosted)}},
		"still closed":    {[]promoter.Notice{first}, promoter.TaskState{ID: 71, Done: true}, nil},
		"deleted":         {[]promoter.Notice{first}, promoter.TaskState{ID: 71, Gone: true}, nil},
		"it was open":     {[]promoter.Notice{second}, promoter.TaskState{ID: 72}, nil},
		"another goes on": {[]promoter.Notice{first, second}, promoter.TaskState{ID: 71}, nil},
		"not ours":        {[]promoter.Notice{first}, promoter.TaskState{ID: 80}, nil},
	} {
		if diff := cmp.Diff(c.want, promoter.OpenAgain(c.have, []promoter.TaskState{c.state})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
