package simulation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// story is one seed: a place, what its people did, and what must have come of it.
type story struct {
	*place
	rng   *rand.Rand
	lines int // problems so far

	branches int
	open     map[int]*branch // pull requests by number, closed ones too
	mains    []string        // commits of main, oldest first

	said    map[int64]string        // what people wrote, by comment
	edits   map[int64]edited        // our comments that people rewrote
	about   map[int64][]string      // problems of our comments, as last seen
	taken   map[int]map[string]bool // problems whose comment people took away, by pull request
	threads map[int64]bool          // our comments whose thread people resolved or opened
	trackerStory
	texts int

	rule      int // of laws, in force
	patience  time.Duration
	delivered int // reports so far
	told      []string

	runs, killed, stopped, lost, mails int
	did                                run.EffectCounts
}

type edited struct {
	body string
	live bool
}

type ruling struct {
	text       string
	threshold  map[string]bool
	suppressed string
}

// laws are the settings that people switch between, with what they let through.
// Some cut the cohorts otherwise: another group, or all severities in one.
var laws = []ruling{
	{"budgets: {pull_request: {comments: 2}}\nthresholds: {default: {advise: medium}}\n", map[string]bool{"high": true, "medium": true}, ""},
	{"budgets: {pull_request: {comments: 2}}\nthresholds: {default: {advise: high}}\n", map[string]bool{"high": true}, ""},
	{core + "budgets: {team_week: {notices: 3}}\nthresholds: {default: {advise: low}}\n", map[string]bool{"high": true, "medium": true, "low": true}, ""},
	{"ceilings: {run: {show: 3, withdraw: 2}, cohort: {show: 2}}\nthresholds: {default: {advise: medium}}\n", map[string]bool{"high": true, "medium": true}, ""},
	{core + "cohorts: {by: [group, scanner]}\nthresholds: {default: {advise: medium}}\nsuppressions: [{scanner: toy, rule: TOY002, reason: noisy, owner: ann, expires: \"2027-12-31\"}]\n",
		map[string]bool{"high": true, "medium": true}, "TOY002"},
}

// cohort is the key under which findings of a severity are shown.
func (l ruling) cohort(severity string) string {
	switch {
	case strings.Contains(l.text, "[group, scanner]"):
		return "core/toy"
	case strings.HasPrefix(l.text, core):
		return "core/toy/" + severity
	}
	return "rest/toy/" + severity
}

const core = "groups: {core: {repositories: [\"acme/*\"]}}\n"

func newStory(l *law, dir string, seed uint64) (*story, error) {
	s := &story{rng: rand.New(rand.NewPCG(seed, 0x51cc)), open: map[int]*branch{}, said: map[int64]string{}, edits: map[int64]edited{},
		about: map[int64][]string{}, taken: map[int]map[string]bool{}, threads: map[int64]bool{}, trackerStory: newTrackerStory()}
	var err error
	if s.place, err = newPlace(l, dir, github.Limits{}); err != nil {
		return s, err
	}
	if n := s.rng.IntN(3); n > 0 {
		if err := s.openTracker([]jira.Deployment{jira.Cloud, jira.DataCenter}[n-1], jira.Limits{}); err != nil {
			return s, err
		}
	}
	s.under(s.someLaw())
	head, err := s.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": text([]string{"package main", s.newProblem(), "// end"})}}, "")
	if err != nil {
		return s, err
	}
	s.mains = []string{head}
	before, err := s.problems(head)
	if err != nil {
		return s, err
	}
	for n := range before {
		s.standing[n] = true
	}
	for range 1 + s.rng.IntN(3) {
		if err := s.newBranch(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// someLaw prefers those under which much is shown.
func (s *story) someLaw() int { return []int{0, 0, 1, 2, 2, 2, 3, 3, 4}[s.rng.IntN(9)] }

// count adds up what runs did.
func (s *story) count(r *run.Report) {
	s.runs++
	if r == nil {
		s.killed++
		return
	}
	if r.Interrupted {
		s.stopped++
	}
	s.lost += r.Recovered
	s.did.Done, s.did.Kept, s.did.Deferred = s.did.Done+r.Effects.Done, s.did.Kept+r.Effects.Kept, s.did.Deferred+r.Effects.Deferred
	s.did.Failed, s.did.Unknown = s.did.Failed+r.Effects.Failed, s.did.Unknown+r.Effects.Unknown
}

func (s *story) tell(format string, args ...any) {
	s.told = append(s.told, s.clock.now.Format("02 15:04:05 ")+fmt.Sprintf(format, args...))
}

// play is the whole story. Its error is the first thing that must not be.
func (s *story) play() error {
	if err := s.scanEverything(); err != nil {
		return err
	}
	if _, _, err := s.run(&fuse{}); err != nil {
		return err
	}
	if _, err := s.store.EnsureCohorts(context.Background(), []string{"rest/toy/high", "rest/toy/medium", "rest/toy/low"}, s.machine.Now()); err != nil {
		return err
	}
	for _, c := range s.cohorts() {
		if s.rng.IntN(8) > 0 {
			s.tell("move %s to advise", c.Key)
			if err := s.move(c, promoter.Advise); err != nil {
				return err
			}
		}
	}
	for round := range 5 + s.rng.IntN(8) {
		s.tell("-- round %d", round)
		for range 1 + s.rng.IntN(6) {
			if err := s.something(); err != nil {
				return err
			}
		}
		if err := s.runUnderFire(); err != nil {
			return err
		}
		if err := s.pass(); err != nil {
			return err
		}
		if err := s.check(); err != nil {
			return err
		}
	}
	return s.quiesce()
}

// pass lets time go by: sometimes none, so that the next run meets what is still on its way.
func (s *story) pass() error {
	if s.rng.IntN(4) == 0 || s.injector.Late() > 0 && s.rng.IntN(4) > 0 {
		return nil
	}
	spans := []time.Duration{10 * time.Second, time.Minute, time.Hour, 26 * time.Hour, 8 * 24 * time.Hour}
	s.clock.advance(spans[s.rng.IntN(len(spans))])
	s.injector.Arrive()
	if s.jira != nil {
		s.jiraFire.Arrive()
	}
	return nil
}

// quiesce ends everything that disturbs, lets everything be scanned, and runs until nothing is left to do.
func (s *story) quiesce() error {
	s.tell("-- quiescence")
	if err := s.calm(); err != nil {
		return err
	}
	const patience = 20 // a clock that was set back by weeks waits that long for a week's budget
	quiet := 0
	for range patience {
		done, err := s.settle()
		if err != nil {
			return err
		}
		if quiet++; !done {
			quiet = 0
		}
		if quiet == 2 { // what the first has read, the second has weighed
			if err := s.check(); err != nil {
				return err
			}
			return s.checkQuiet()
		}
	}
	return fmt.Errorf("no quiescence: still something to do after %d undisturbed runs", patience)
}

// calm ends every disturbance and delivers a scan of everything.
func (s *story) calm() error {
	s.injector.Calm()
	s.clock.advance(2 * time.Hour)
	s.injector.Arrive()
	s.calmTracker()
	s.permit("write")
	if err := s.store.Resume(context.Background(), "os:ann", s.machine.Now()); err != nil {
		return err
	}
	w, err := s.sandbox.World()
	if err != nil {
		return err
	}
	for _, p := range w.Repositories[0].PullRequests {
		if p.State == "open" && p.Draft {
			if err := s.sandbox.SetDraft(s.full(), p.Number, false); err != nil {
				return err
			}
		}
	}
	return s.scanEverything()
}

// settle is one undisturbed run after somebody approved all that waits; done when there was nothing to do.
func (s *story) settle() (done bool, err error) {
	waiting, err := s.store.Approvals(context.Background(), promoter.ApprovalWaiting)
	if err != nil {
		return false, err
	}
	for _, a := range waiting {
		if err := s.store.DecideApproval(context.Background(), a.ID, promoter.ApprovalApproved, "os:ann", "fine", s.machine.Now()); err != nil {
			return false, err
		}
	}
	s.clock.advance(s.patience)
	report, died, err := s.run(&fuse{})
	s.count(report)
	s.patience = time.Minute
	if report != nil && report.Deferred[string(promoter.DeferBudget)] > 0 {
		s.patience = 8 * 24 * time.Hour // next week's budget
	}
	if err != nil || died != "" {
		return false, fmt.Errorf("an undisturbed run: %v %s", err, died)
	}
	s.tell("settling: %s %+v deferred %v errors %v warnings %v", report.Outcome, report.Effects, report.Deferred, report.Errors, report.Warnings)
	s.tellActions(report)
	if len(report.Errors) > 0 {
		return false, fmt.Errorf("an undisturbed run fails: %v", report.Errors)
	}
	waits := len(report.Plans) + len(report.Warnings) + report.Recovered + len(report.Actions)
	for why, n := range report.Deferred {
		if why != string(promoter.DeferRejected) {
			waits += n
		}
	}
	return waits == 0, nil // the outcome may be partial: a truncated report of an old commit stays one
}
