package simulation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestEveryFaultAtEveryRequestToTheTracker does the same with tasks: one to make, one to link, two to
// hand back. What was lost is looked for after ten minutes, since it may arrive late, so there is a run more: one that
// comes too early.
func TestEveryFaultAtEveryRequestToTheTracker(t *testing.T) {
	t.Parallel()
	l := &law{}
	for _, at := range []jira.Deployment{jira.Cloud, jira.DataCenter} {
		o := ordeal{
			place: func() *story { return allTasks(t, l, at) }, injector: func(s *story) *faults.Injector { return s.jiraFire },
			trouble: func(s *story) []faults.Rule { return s.jiraTrouble() }, shown: func(s *story) string { return s.shownTasks(t) },
			runs: []time.Duration{time.Minute, time.Hour, time.Hour},
		}
		want, requests := o.undisturbed(t)
		if len(requests) < 12 || !strings.Contains(want, "sluice-fixed") || !strings.Contains(want, "sluice-withdrawn") || !strings.Contains(want, "links 1") {
			t.Fatalf("%d requests: not everything happens here:\n%s", len(requests), want)
		}
		t.Logf("%s: %s", at, o.each(t, want, requests))
	}
}

// allTasks is a place just before a run that makes, edits, links and hands back tasks.
func allTasks(t *testing.T, l *law, at jira.Deployment) *story {
	t.Helper()
	s := emptyStory(t, l, github.Limits{})
	must(t, s.openTracker(at, jira.Limits{}))
	s.settings = "thresholds: {default: {advise: medium}}\n" + routes
	_, err := s.store.EnsureCohorts(t.Context(), []string{"rest/toy/high", "rest/toy/medium"}, s.machine.Now())
	must(t, err)
	for _, c := range s.cohorts() {
		must(t, s.move(c, promoter.Advise))
	}
	s.mustRun(t) // main is known, without a problem
	s.onMain(t, "exec(n9001)", "exec(n9002)", "md5(n9003)")
	s.mustRun(t)
	s.propose(t, s.mains[0], "shows", "main.go", "package main", "exec(n9001)") // as main has it meanwhile
	s.mustRun(t)
	s.lower(t, "/medium")
	s.onMain(t, "exec(n9001)", "md5(n9003)", "exec(n9004)")
	return s
}

// onMain makes a commit of main with these lines, scanned.
func (s *story) onMain(t *testing.T, lines ...string) {
	t.Helper()
	files := text(append([]string{"package main"}, lines...))
	head, err := s.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": files}}, s.mains[len(s.mains)-1])
	must(t, err)
	s.mains = append(s.mains, head)
	must(t, s.scan("branch-main", head))
}

// shownTasks is what people see of tasks, without ids and times.
func (s *story) shownTasks(t *testing.T) string {
	t.Helper()
	all, err := s.tasks()
	must(t, err)
	var out []string
	for _, i := range all {
		labels := slices.DeleteFunc(slices.Clone(i.Labels), tokenLabel.MatchString)
		out = append(out, fmt.Sprintf("%q %s %v %v: comments %d, links %d", i.Summary, i.Status, i.about, labels, len(i.Comments), len(i.RemoteLinks)))
	}
	slices.Sort(out)
	return strings.Join(out, "\n") + "\n"
}
