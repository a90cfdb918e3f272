package simulation_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// event is something that happens in the world between runs. ok is false when there was nothing it could happen to.
type event struct {
	weight int
	happen func(*story) (what string, ok bool, err error)
}

var events = []event{
	{34, (*story).pushes},
	{18, (*story).pushesMain},
	{14, (*story).scans},
	{8, (*story).movesDown},
	{12, (*story).movesUp},
	{3, (*story).opensClosesMerges},
	{3, (*story).pauses},
	{4, (*story).rewrites},
	{2, (*story).deletes},
	{4, (*story).replies},
	{2, (*story).resolves},
	{8, (*story).worksOnTask},
	{1, (*story).commentsOnPull},
	{5, (*story).changesLaw},
	{2, (*story).answersPlan},
	{1, (*story).drafts},
	{1, (*story).renames},
	{2, (*story).access},
	{2, (*story).clockJumps},
}

// something lets one event happen.
func (s *story) something() error {
	total := 0
	for _, e := range events {
		total += e.weight
	}
	n := s.rng.IntN(total)
	for _, e := range events {
		if n -= e.weight; n < 0 {
			what, ok, err := e.happen(s)
			if ok {
				s.tell("%s", what)
			}
			return err
		}
	}
	return nil
}

// some picks one of the pull requests that are open.
func (s *story) some() *branch {
	w, err := s.sandbox.World()
	if err != nil {
		return nil
	}
	var open []*branch
	for _, p := range w.Repositories[0].PullRequests {
		if p.State == "open" {
			open = append(open, s.open[p.Number])
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[s.rng.IntN(len(open))]
}

func (s *story) pushes() (string, bool, error) {
	b := s.some()
	if b == nil {
		return "", false, nil
	}
	what, force := "nothing new", s.rng.IntN(3) == 0
	for range s.rng.IntN(4) {
		what = s.edit(b)
	}
	err := s.push(b, force)
	if err == nil && s.rng.IntN(6) > 0 { // a prompt pipeline
		what += ", scanned"
		err = s.scan(fmt.Sprintf("pr-%d", b.number), b.head())
	}
	return fmt.Sprintf("push to #%d (forced %v): %s: %.7s", b.number, force, what, b.head()), true, err
}

func (s *story) pushesMain() (string, bool, error) {
	err := s.pushMain()
	tip, how := s.mains[len(s.mains)-1], ""
	if err == nil && s.rng.IntN(4) > 0 {
		how, err = ", scanned", s.scan("branch-main", tip)
	}
	return fmt.Sprintf("push to main: %.7s%s", tip, how), true, err
}

// scans delivers a report: mostly of the head, sometimes of something older, twice, or only a part of it.
func (s *story) scans() (string, bool, error) {
	b := s.some()
	ref, commit := "branch-main", s.mains[len(s.mains)-1]
	if s.rng.IntN(5) == 0 {
		commit = s.mains[s.rng.IntN(len(s.mains))]
	} else if b != nil {
		ref, commit = fmt.Sprintf("pr-%d", b.number), b.head()
		if s.rng.IntN(5) == 0 {
			commit = b.pushed[s.rng.IntN(len(b.pushed))]
		}
	}
	report, err := s.report(commit)
	if err != nil {
		return "", false, err
	}
	how := ""
	if s.rng.IntN(8) == 0 {
		report, how = report[:len(report)*(2+s.rng.IntN(7))/10], " (truncated)"
	}
	file := "toy.sarif"
	if s.rng.IntN(6) == 0 {
		s.delivered++
		file, how = fmt.Sprintf("again-%d.sarif", s.delivered), how+" (another file)"
	}
	s.clock.advance(time.Second)
	return fmt.Sprintf("report of %.7s for %s%s", commit, ref, how), true, s.deliver(ref, commit, file, report)
}

// scanEverything delivers whole, fresh reports of main, of every merge base and of every open head.
func (s *story) scanEverything() error {
	w, err := s.sandbox.World()
	if err != nil {
		return err
	}
	for _, commit := range s.mains {
		if err := s.scan("branch-main", commit); err != nil {
			return err
		}
	}
	for _, p := range w.Repositories[0].PullRequests {
		if p.State != "open" {
			continue
		}
		if err := s.scan(fmt.Sprintf("pr-%d", p.Number), p.HeadSHA); err != nil {
			return err
		}
	}
	return nil
}

// scan delivers a whole, fresh report in place of all others of its commit.
func (s *story) scan(ref, commit string) error {
	report, err := s.report(commit)
	if err != nil {
		return err
	}
	s.clock.advance(time.Second)
	return s.replace(ref, commit, report)
}

// cohorts are those that have not ended.
func (s *story) cohorts() []promoter.Cohort {
	all, err := s.store.Cohorts(context.Background())
	if err != nil {
		return nil
	}
	all = slices.DeleteFunc(all, func(c promoter.Cohort) bool { return !c.Ended.IsZero() })
	slices.SortFunc(all, func(a, b promoter.Cohort) int { return int(a.ID - b.ID) })
	return all
}

func (s *story) moves(to promoter.Stage) (string, bool, error) {
	all := s.cohorts()
	if len(all) == 0 {
		return "", false, nil
	}
	c := all[s.rng.IntN(len(all))]
	if c.Stage == to {
		return "", false, nil
	}
	return fmt.Sprintf("move %s from %s to %s", c.Key, c.Stage, to), true, s.move(c, to)
}

func (s *story) movesDown() (string, bool, error) {
	return s.moves(promoter.Stage(s.rng.IntN(2)))
}

func (s *story) movesUp() (string, bool, error) { return s.moves(promoter.Advise) }

func (s *story) opensClosesMerges() (string, bool, error) {
	w, err := s.sandbox.World()
	if err != nil {
		return "", false, err
	}
	pulls := w.Repositories[0].PullRequests
	if b := s.some(); b == nil || len(pulls) < 4 && s.rng.IntN(2) == 0 {
		return "a new pull request", true, s.newBranch()
	}
	p := pulls[s.rng.IntN(len(pulls))]
	switch {
	case p.State == "closed" && p.MergedBy == "":
		return fmt.Sprintf("reopen #%d", p.Number), true, s.sandbox.ReopenPullRequest(s.full(), p.Number)
	case p.State == "closed":
		return "", false, nil
	case p.MergeCommit != "" && s.rng.IntN(3) == 0:
		if err := s.sandbox.MergePullRequest(s.full(), p.Number, "ann"); err != nil {
			return "", false, err
		}
		tip, err := s.git.Ref("refs/heads/main")
		s.mains = append(s.mains, tip)
		return fmt.Sprintf("merge #%d: %.7s", p.Number, tip), true, err
	}
	return fmt.Sprintf("close #%d", p.Number), true, s.sandbox.ClosePullRequest(s.full(), p.Number)
}

func (s *story) pauses() (string, bool, error) {
	if s.rng.IntN(2) == 0 {
		return "resume", true, s.store.Resume(context.Background(), "os:ann", s.machine.Now())
	}
	now := s.machine.Now()
	return "pause", true, s.store.SetPause(context.Background(), promoter.Pause{Since: now, Actor: "os:ann", Reason: "simulated", Until: now.Add(2 * time.Hour)})
}

func (s *story) changesLaw() (string, bool, error) {
	s.under(s.someLaw())
	return fmt.Sprintf("settings %d", s.rule), true, nil
}

func (s *story) answersPlan() (string, bool, error) {
	waiting, err := s.store.Approvals(context.Background(), promoter.ApprovalWaiting)
	if err != nil || len(waiting) == 0 {
		return "", false, err
	}
	a, state := waiting[s.rng.IntN(len(waiting))], promoter.ApprovalApproved
	if s.rng.IntN(4) == 0 {
		state = promoter.ApprovalRejected
	}
	return fmt.Sprintf("plan %s is %s", a.ID, state), true, s.store.DecideApproval(context.Background(), a.ID, state, "os:ann", "simulated", s.machine.Now())
}

func (s *story) drafts() (string, bool, error) {
	b, draft := s.some(), s.rng.IntN(2) == 0
	if b == nil {
		return "", false, nil
	}
	return fmt.Sprintf("#%d draft: %v", b.number, draft), true, s.sandbox.SetDraft(s.full(), b.number, draft)
}

func (s *story) renames() (string, bool, error) {
	before := s.full()
	name := fmt.Sprintf("shop-%d", s.rng.IntN(1000))
	if err := s.sandbox.RenameRepository(before, name); err != nil {
		return "", false, err
	}
	s.name = name
	return before + " becomes " + s.full(), true, nil
}

// access takes Sluice's rights away, or gives them back.
func (s *story) access() (string, bool, error) {
	switch s.rng.IntN(7) { // mostly back: without access little happens
	case 0:
		s.permit("read")
		return "the token may only read", true, nil
	case 1:
		s.sandbox.RevokeToken(token)
		return "the token is revoked", true, nil
	case 2:
		s.blind()
		return "the token does not see the repository", true, nil
	}
	s.permit("write")
	return "the token may write", true, nil
}

func (s *story) clockJumps() (string, bool, error) {
	offs := []time.Duration{0, 0, -3 * time.Hour, 5 * time.Hour, -400 * time.Hour, 40 * time.Hour}
	s.machine.off = offs[s.rng.IntN(len(offs))]
	return fmt.Sprintf("the machine's clock is off by %s", s.machine.off), true, nil
}
