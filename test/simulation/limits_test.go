package simulation_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

const wide = "budgets: {pull_request: {comments: 100}, team_week: {notices: 100000}}\n" +
	"ceilings: {run: {show: 5000, withdraw: 5000}, cohort: {show: 5000}}\nthresholds: {default: {advise: medium}}\n"

// emptyStory is a place with one commit on main, scanned, and no pull request.
func emptyStory(t *testing.T, l *law, limits github.Limits) *story {
	t.Helper()
	s := &story{open: map[int]*branch{}, edits: map[int64]edited{}, about: map[int64][]string{}, trackerStory: newTrackerStory()}
	var err error
	s.place, err = newPlace(l, t.TempDir(), limits)
	must(t, err)
	t.Cleanup(func() { _ = s.close() })
	head, err := s.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": "package main\n"}}, "")
	must(t, err)
	s.mains = []string{head}
	must(t, s.scan("branch-main", head))
	return s
}

// busy is a place under GitHub's own limits whose pull requests have so many comments of medium severity each.
func busy(t *testing.T, pulls, comments int) *story {
	t.Helper()
	s := emptyStory(t, &law{}, github.GitHubLimits())
	s.settings = wide
	for n := range pulls {
		var lines []string
		for i := range comments {
			lines = append(lines, fmt.Sprintf("md5(n%d)", 1+n*comments+i))
		}
		s.change(t, s.mains[0], fmt.Sprintf("noisy-%d", n), lines...)
	}
	_, err := s.store.EnsureCohorts(t.Context(), []string{"rest/toy/high", "rest/toy/medium"}, s.machine.Now())
	must(t, err)
	for _, c := range s.cohorts() {
		must(t, s.move(c, promoter.Advise))
	}
	s.ran(t)
	return s
}

// change opens a pull request that adds a file, and has it scanned.
func (s *story) change(t *testing.T, on, name string, lines ...string) {
	t.Helper()
	s.propose(t, on, name, name+".go", lines...)
}

// propose opens a pull request that writes a file, and has it scanned.
func (s *story) propose(t *testing.T, on, branch, file string, lines ...string) {
	t.Helper()
	head, err := s.commit(gitrepo.Change{Branch: branch, From: on, Write: map[string]string{file: text(lines)}}, on)
	must(t, err)
	number, err := s.sandbox.OpenPullRequest(s.full(), github.NewPullRequest{Title: branch, Head: branch, Base: "main", Author: "dev"})
	must(t, err)
	must(t, s.scan(fmt.Sprintf("pr-%d", number), head))
}

// next pushes another state of that file, and has it scanned.
func (s *story) next(t *testing.T, on string, number int, name string, lines ...string) {
	t.Helper()
	head, err := s.commit(gitrepo.Change{Branch: name, Write: map[string]string{name + ".go": text(lines)}}, on)
	must(t, err)
	must(t, s.scan(fmt.Sprintf("pr-%d", number), head))
}

// ran is a run in which nothing fails.
func (s *story) ran(t *testing.T) *run.Report {
	t.Helper()
	report, _, err := s.run(&fuse{})
	must(t, err)
	if len(report.Errors)+len(report.Warnings) > 0 || report.Effects.Unknown+report.Effects.Failed > 0 {
		t.Fatalf("errors %v warnings %v effects %+v", report.Errors, report.Warnings, report.Effects)
	}
	return report
}

func (s *story) world(t *testing.T) *github.World {
	t.Helper()
	w, err := s.sandbox.World()
	must(t, err)
	return &w
}

func (s *story) lower(t *testing.T, suffix string) {
	t.Helper()
	for _, c := range s.cohorts() {
		if strings.HasSuffix(c.Key, suffix) {
			must(t, s.move(c, promoter.Triage))
		}
	}
}

// A rollback of 1,000 comments takes an edit and a resolved thread each: 2,000 writes. At one write a second, with a
// write at 5 points and a read at 1 of 900 a minute, no client can be faster than the greater of the two.
func TestAThousandWithdrawalsDrainAsFastAsTheLimitsAllow(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand comments")
	}
	t.Parallel()
	const pulls, comments = 20, 50
	s := busy(t, pulls, comments)
	// Beside them one text to edit and one new comment to make: both come after.
	tip := s.mains[0]
	s.change(t, tip, "kept", "exec(n9001)")
	s.ran(t)
	kept := s.world(t).Repositories[0].PullRequests[pulls]
	report, err := s.report(kept.HeadSHA)
	must(t, err)
	must(t, s.replace(fmt.Sprintf("pr-%d", kept.Number), kept.HeadSHA, []byte(strings.ReplaceAll(string(report), "A problem:", "Another text:"))))
	s.change(t, tip, "fresh", "exec(n9002)")
	s.lower(t, "/medium")
	s.clock.advance(2 * time.Hour)

	s.injector.Inject(faults.Rule{Fault: faults.Meanwhile("counted", func() {})})
	r := s.ran(t)
	if r.Effects.Done != 2*pulls*comments+2 || r.Effects.Deferred != 0 {
		t.Fatalf("effects %+v", r.Effects)
	}
	w := s.world(t)
	withdrawn, first, last := 0, time.Time{}, time.Time{}
	for _, p := range w.Repositories[0].PullRequests[:pulls] {
		for _, c := range p.ReviewComments {
			if strings.HasPrefix(c.Body, "Withdrawn:") && p.Thread(c.ID).Resolved {
				withdrawn++
				if first.IsZero() || c.Updated.Before(first) {
					first = c.Updated
				}
				if c.Updated.After(last) {
					last = c.Updated
				}
			}
		}
	}
	if withdrawn != pulls*comments {
		t.Fatalf("%d withdrawn", withdrawn)
	}
	edited, fresh := w.Repositories[0].PullRequests[pulls].ReviewComments[0], w.Repositories[0].PullRequests[pulls+1].Reviews[0]
	if edited.Updated.Before(last) || edited.Edits != 1 || fresh.Submitted.Before(edited.Updated) {
		t.Errorf("order: last withdrawal %s, edit %s (%d edits), new review %s", last, edited.Updated, edited.Edits, fresh.Submitted)
	}
	took := r.Ended.Sub(r.Started)
	asFastAsAllowed(t, withdrawn, took, githubAllows(s.injector.Met()))
}

// githubAllows is how long these requests take at least under GitHub's limits.
func githubAllows(met []faults.Met) time.Duration {
	reads, writes := 0, 0
	for _, m := range met {
		if m.Operation.Writes() {
			writes++
		} else {
			reads++
		}
	}
	return max(time.Duration(writes)*time.Second, time.Duration(5*writes+reads)*time.Minute/900)
}

func asFastAsAllowed(t *testing.T, withdrawn int, took, model time.Duration) {
	t.Helper()
	t.Logf("%d withdrawals: the limits allow %s, it took %s (%.3f times as long)", withdrawn, model, took.Round(time.Second), float64(took)/float64(model))
	if took > model*11/10 {
		t.Errorf("it took %s, more than 1.1 times %s", took, model)
	}
}

// Whatever way GitHub asks for patience, nothing is sent until it is over, and then everything is done.
func TestNothingIsSentWhileGitHubAsksForPatience(t *testing.T) {
	for name, ask := range map[string]func(*story) (faults.Fault, time.Duration){
		"Retry-After": func(*story) (faults.Fault, time.Duration) {
			return faults.Secondary(403, 45*time.Second), 45 * time.Second
		},
		"429 and Retry-After": func(*story) (faults.Fault, time.Duration) {
			return faults.Secondary(429, 50*time.Second), 50 * time.Second
		},
		"no word how long": func(*story) (faults.Fault, time.Duration) { return faults.Secondary(403, 0), time.Minute },
		"a reset": func(s *story) (faults.Fault, time.Duration) {
			return faults.Primary(s.clock.now.Add(50 * time.Second).Truncate(time.Second)), 0 // by its own time, below
		},
		"longer than a request may wait": func(*story) (faults.Fault, time.Duration) {
			return faults.Secondary(403, 10*time.Minute), 10 * time.Minute
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := busy(t, 2, 5)
			s.lower(t, "/medium")
			s.clock.advance(time.Hour)
			fault, span := ask(s)
			var refused, until, next time.Time
			s.injector.Inject(faults.Rule{Method: http.MethodPatch, Skip: 3, Times: 1, Fault: faults.During(fault, func() {
				refused = s.clock.now
				until = refused.Add(span)
			})})
			s.injector.Inject(faults.Rule{Fault: faults.Meanwhile("look", func() {
				if !refused.IsZero() && next.IsZero() {
					next = s.clock.now
				}
			})})
			report, _, err := s.run(&fuse{})
			must(t, err)
			if span == 10*time.Minute {
				if report.Outcome != run.OutcomePartial && report.Outcome != run.OutcomeDeferred || !next.IsZero() {
					t.Errorf("outcome %s, next request at %s", report.Outcome, next)
				}
				s.clock.advance(11 * time.Minute)
				s.ran(t)
			} else if next.Before(until) {
				t.Errorf("refused at %s until %s, next request at %s", refused, until, next)
			}
			for _, p := range s.posts(s.world(t)) {
				if p.live {
					t.Errorf("%d is still on display", p.id)
				}
			}
		})
	}
}
