package simulation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// A task that is handed back is moved, commented and labelled: two writes and three reads. What the limits allow is the
// sum over both platforms, because tasks wait for the comments of open pull requests.
func TestAThousandTasksAreHandedBackAsFastAsTheLimitsAllow(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand tasks")
	}
	for name, c := range map[string]struct {
		at                     jira.Deployment
		tasks, pulls, comments int
	}{
		"tasks on Cloud":                    {jira.Cloud, 1000, 0, 0},
		"tasks on Data Center and comments": {jira.DataCenter, 300, 6, 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := laden(t, c.at, c.tasks, c.pulls, c.comments)
			s.lower(t, "/medium")
			s.clock.advance(2 * time.Hour)
			s.injector.Inject(faults.Rule{Fault: faults.Meanwhile("counted", func() {})})
			s.jiraFire.Inject(faults.Rule{Fault: faults.Meanwhile("as ever", func() { s.clock.advance(answers) })})
			r := s.ran(t)

			back := 0
			tasks, err := s.tasks()
			must(t, err)
			for _, i := range tasks {
				if !i.live && i.Status == "In Progress" && len(i.Comments) == 1 {
					back++
				}
			}
			withdrawn := 0
			for _, p := range s.posts(s.world(t)) {
				if !p.live && p.pull.Thread(p.id).Resolved {
					withdrawn++
				}
			}
			if back != c.tasks || withdrawn != c.pulls*c.comments || r.Effects.Done != c.tasks+2*c.pulls*c.comments {
				t.Fatalf("%d handed back, %d withdrawn, effects %+v", back, withdrawn, r.Effects)
			}
			w, err := s.jira.World()
			must(t, err)
			for route, n := range w.Requests {
				if n.Refused > 0 {
					t.Errorf("%s: %d requests were refused", route, n.Refused)
				}
			}
			asFastAsAllowed(t, back+withdrawn, r.Ended.Sub(r.Started), githubAllows(s.injector.Met())+jiraAllows(c.at, s.jiraFire.Met()))
		})
	}
}

// answers is how long Jira takes for a request.
const answers = 100 * time.Millisecond

// jiraAllows is how long these requests take at least, one after the other: Cloud limits those of one method to one
// address by the second, which so many never meet, Data Center fills a bucket.
func jiraAllows(at jira.Deployment, met []faults.Met) time.Duration {
	limits := jira.JiraLimits()
	if at == jira.DataCenter {
		return time.Duration(len(met)-limits.Bucket) * time.Second
	}
	sent, most := map[faults.Operation]int{}, time.Duration(len(met))*answers
	for _, m := range met {
		sent[m.Operation]++
		most = max(most, time.Duration(sent[m.Operation])*time.Second/time.Duration(limits.Burst[m.Operation.Method]))
	}
	return most
}

// laden is a place under the platforms' limits with so many tasks of medium severity, and pull requests with so many
// comments.
func laden(t *testing.T, at jira.Deployment, tasks, pulls, comments int) *story {
	t.Helper()
	s := emptyStory(t, &law{}, github.GitHubLimits())
	must(t, s.openTracker(at, jira.JiraLimits()))
	s.settings = wide + strings.ReplaceAll(routes, "To Do", "In Progress")
	_, err := s.store.EnsureCohorts(t.Context(), []string{"rest/toy/high", "rest/toy/medium"}, s.machine.Now())
	must(t, err)
	for _, c := range s.cohorts() {
		must(t, s.move(c, promoter.Advise))
	}
	s.ran(t)
	var lines []string
	for i := range tasks {
		lines = append(lines, fmt.Sprintf("md5(n%d)", 10_000+i))
	}
	s.onMain(t, lines...)
	for n := range pulls {
		lines = nil
		for i := range comments {
			lines = append(lines, fmt.Sprintf("md5(n%d)", 1+n*comments+i))
		}
		s.change(t, s.mains[1], fmt.Sprintf("noisy-%d", n), lines...)
	}
	s.ran(t)
	return s
}
