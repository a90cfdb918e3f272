package weeks

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

// The cohorts of the story: what gosec finds, and the rule that is carved out of it.
const (
	cohort = "core/gosec/high"
	noisy  = "G115"
	carved = cohort + "+rule=" + noisy
)

// story is the second act on its way.
type story struct {
	*place
	ctx   context.Context
	out   io.Writer
	start time.Time
	url   string
	show  func(args ...string) error // what a sluice command prints

	week   int
	advise int // the week before engineers see comments; 0: not known yet
	pulls  []*pull
	judged int
	carve  *turn  // nil: not yet
	plan   string // that waits at the end
	wrong  int
}

// turn is what stood on the pull requests before and after the gate closed on one rule.
type turn struct {
	week          int
	before, after map[*pull]map[string]sight
}

func (s *story) tell(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// expect says so where the story and the world differ.
func (s *story) expect(ok bool, format string, args ...any) {
	if !ok {
		s.wrong++
		s.tell("   NOT AS TOLD: expected "+format, args...)
	}
}

func (s *story) play() error {
	s.tell("Act two, in which cohorts move by themselves: gosec is new to three repositories and their nine engineers, and")
	s.tell("Sam answers for it. By the story's own clock it is %s. The pull requests: %s/ui/", s.start.Format("2 January 2006"), s.url)
	s.tell("")
	for s.week = 1; s.week <= longest && s.plan == ""; s.week++ {
		for _, day := range []func() error{s.monday, s.tuesday, s.wednesday, s.thursday, s.friday} {
			if err := day(); err != nil {
				return fmt.Errorf("week %d: %w", s.week, err)
			}
		}
	}
	if err := s.end(); err != nil {
		return err
	}
	if s.wrong > 0 {
		return fmt.Errorf("%d things were not as told", s.wrong)
	}
	return nil
}

// on is a weekday's hour, a minute later each week, as no machine is punctual.
func (s *story) on(weekday, hour int) {
	s.clock.Until(s.start.Add(time.Duration(s.week-1)*week + time.Duration(weekday-1)*day + time.Duration(hour)*time.Hour + time.Duration(s.week)*time.Minute))
}

// monday: pull requests are opened.
func (s *story) monday() error {
	s.on(1, 9)
	if err := s.sitting(); err != nil {
		return err
	}
	if s.advise == 0 && s.week > 1 {
		return nil
	}
	of := 0
	if s.advise > 0 {
		of = s.week - s.advise
	}
	for _, c := range opening(of, len(s.pulls)/len(team)) {
		pr, err := s.open(c, s.week)
		if err != nil {
			return err
		}
		s.pulls = append(s.pulls, pr)
	}
	return nil
}

func (s *story) tuesday() error {
	s.on(2, 12)
	return s.sluiceRuns()
}

// wednesday: people answer.
func (s *story) wednesday() error {
	s.on(3, 10)
	all, err := s.look(s.pulls)
	if err != nil {
		return err
	}
	for _, pr := range s.pulls {
		for rule, says := range map[string]answer{s.scanner.rules[pr.kind]: pr.says, noisy: pr.ofLabel} {
			if c, shown := all[pr][rule]; shown && pr.week == s.week {
				if err := s.say(pr, c.id, says); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// thursday: what is to be fixed is fixed, later where labels keep a pull request open.
func (s *story) thursday() error {
	s.on(4, 9)
	for _, pr := range s.pulls {
		if !pr.open || pr.fixed || !pr.fixes || pr.stays == forGood || pr.stays == untilGate && s.carve == nil {
			continue
		}
		if err := s.fix(pr); err != nil {
			return err
		}
	}
	return s.sitting()
}

// friday: Sluice runs, then what is done is merged, and the week is over.
func (s *story) friday() error {
	s.on(5, 12)
	if err := s.sluiceRuns(); err != nil {
		return err
	}
	if s.carve != nil && s.carve.week == s.week { // the next run weighs what is left
		if err := s.sluiceRuns(); err != nil {
			return err
		}
		if err := s.show("cohort", "list"); err != nil {
			return err
		}
	}
	s.on(5, 16)
	for _, pr := range s.pulls {
		if pr.open && (pr.fixed || !pr.fixes) {
			if err := s.merge(pr); err != nil {
				return err
			}
		}
	}
	return s.tellWeek()
}

// sitting: Sam judges what was drawn at random, as long as the climb rests on it.
func (s *story) sitting() error {
	if s.advise > 0 || s.week < 3 {
		return nil
	}
	n, err := s.judge(s.ctx, cohort, promoter.VerdictUseful)
	s.judged += n
	return err
}

// sluiceRuns lets Sluice run, and tells what moved and what waits.
func (s *story) sluiceRuns() error {
	before, err := s.look(s.pulls)
	if err != nil {
		return err
	}
	report, err := s.run(s.ctx)
	if err != nil {
		return err
	}
	waits := report.Outcome == run.OutcomeDeferred && len(report.Plans) > 0
	s.expect(report.Outcome == run.OutcomeOK || waits, "a run without trouble, not %s: %v %v", report.Outcome, report.Errors, report.Warnings)
	for _, m := range report.Moves {
		if err := s.moved(m, before); err != nil {
			return err
		}
	}
	for _, p := range report.Plans {
		if err := s.planned(p); err != nil {
			return err
		}
	}
	return nil
}

// moved tells of a move in plain words.
func (s *story) moved(m run.MoveLine, before map[*pull]map[string]sight) error {
	switch {
	case m.Kind == promoter.MovePromote && m.To == promoter.Triage:
		s.turning("observe -> triage, by itself after two weeks: Sam is given a random sample to judge; engineers see nothing")
		return nil
	case m.Kind == promoter.MovePromote && m.To == promoter.Advise:
		s.turning("triage -> advise: from now on engineers see what their own changes bring")
		s.tell("%10s (what is known of the noise goes in the order of showing, so it trails the answers)", "")
		return s.show("cohort", "list")
	case m.Kind == promoter.MoveHold:
		s.turning("on hold, so that it cannot climb: " + m.Reason)
		return nil
	case m.Kind == promoter.MoveRelease:
		s.turning("the rest is off hold: " + m.Reason)
		return nil
	case m.Kind == promoter.MoveCarve && m.Cohort == carved:
		after, err := s.look(s.pulls)
		if err != nil {
			return err
		}
		s.carve = &turn{s.week, before, after}
		s.tellCarve()
		return s.savePages("carve")
	}
	s.expect(false, "no such move: %+v", m)
	return nil
}

// turning tells what happened between two weeks.
func (s *story) turning(what string) { s.tell("%-10s %s", s.clock.Now().Format("Mon 2 Jan"), what) }

// planned: Sam approves what leads to advise and what an engineer called wrong; what leads to enforce is left for whoever
// watches.
func (s *story) planned(p run.PlanLine) error {
	switch {
	case p.Kind == promoter.ApprovalProposal && s.advise == 0:
		s.advise = s.week
		s.turning(fmt.Sprintf("it may climb, on %d judgements, if a person says so. Sam: `sluice plan approve %s`", s.judged, p.ID))
		return s.approve(s.ctx, p.ID, "every one we judged was real")
	case p.Kind == promoter.ApprovalException:
		return s.approve(s.ctx, p.ID, "right, the text is cut before")
	case p.Kind == promoter.ApprovalProposal:
		s.plan = p.ID
	}
	return nil
}

// savePages keeps what a browser shows of the pull requests with labels.
func (s *story) savePages(chapter string) error {
	dir := filepath.Join(s.dir, "pages", chapter)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, pr := range s.pulls {
		if !pr.label {
			continue
		}
		page, err := fetch(s.ctx, s.page(pr))
		if err != nil {
			return fmt.Errorf("save the page of %s: %w", pr.name(), err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.html", pr.repo, pr.number)), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) page(pr *pull) string {
	return fmt.Sprintf("%s/ui/%s/pull/%d", s.url, full(pr.repo), pr.number)
}
