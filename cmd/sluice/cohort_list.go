package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/store"
)

// cohortView is a cohort on the ladder.
type cohortView struct {
	promoter.Cohort
	Findings int                `json:"findings"`
	Outcome  string             `json:"outcome"`  // of its evidence in this stay: good, bad, unknown, unmeasured; "" before it was weighed
	Shown    int                `json:"shown"`    // in this stay
	Answered int                `json:"answered"` // of these
	Noise    *noiseView         `json:"noise"`    // null: nobody answered
	Ahead    string             `json:"ahead"`    // how far it is to the rung above and to a rollback
	Blocker  string             `json:"blocker,omitempty"`
	Hold     *promoter.Hold     `json:"hold,omitempty"`  // a person's
	Audit    *promoter.Hold     `json:"audit,omitempty"` // the evidence's: a sample is to be judged
	Override *promoter.Override `json:"override,omitempty"`
	Plan     string             `json:"plan,omitempty"` // by which it would climb, and which waits

	dwell time.Duration // the least time on its rung; 0: not known
}

// noiseView is the noise among what was answered, with the ends of its interval.
type noiseView struct {
	Mean     float64 `json:"mean"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Answered float64 `json:"answered_share"`
}

func viewOf(st store.Standing, findings int) cohortView {
	v := cohortView{Cohort: st.Cohort, Findings: findings, Hold: st.Hold, Audit: st.Audit, Override: st.Override}
	w := st.Weighed
	if w == nil {
		return v
	}
	v.Outcome, v.Shown, v.Answered, v.Blocker = string(w.Result.Outcome), w.Result.Shown, w.Result.Answered, w.Result.Blocker
	up, down, _ := strings.Cut(w.Ahead, "; ")
	switch st.Stage {
	case promoter.Triage: // nothing falls from there
		v.Ahead = up
	case promoter.Advise:
		v.Ahead = w.Ahead
	case promoter.Enforce:
		v.Ahead = down
	}
	if in := w.Result.Interval; in.Clusters > 0 {
		v.Noise = &noiseView{in.Mean, in.Low, in.High, in.Share}
	}
	return v
}

func (p *program) cohortListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "the ladder: where each cohort stands, and how far it is from the next rung", Args: takes()}
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		cohorts, err := cohortViews(ctx, s)
		if err != nil {
			return err
		}
		if law, err := a.Settings(ctx, s); err == nil {
			for i := range cohorts {
				cohorts[i].dwell = ladder.RulesOf(law).Dwell
			}
		}
		ends, err := expiring(ctx, a, s)
		if err != nil {
			return err
		}
		return p.show(cohorts, func(w io.Writer) error { return p.writeLadder(w, cohorts, ends) })
	})
	return c
}

func cohortViews(ctx context.Context, s store.Store) ([]cohortView, error) {
	standings, err := s.Standings(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.CohortCounts(ctx)
	if err != nil {
		return nil, err
	}
	plans, err := waitingClimbs(ctx, s)
	if err != nil {
		return nil, err
	}
	out := make([]cohortView, 0, len(standings))
	for _, st := range standings {
		v := viewOf(st, counts[st.ID])
		v.Plan = plans[st.ID]
		out = append(out, v)
	}
	return out, nil
}

// waitingClimbs are the plans that wait and would let a cohort climb, by cohort.
func waitingClimbs(ctx context.Context, s store.Approvals) (map[int64]string, error) {
	plans, err := s.Approvals(ctx, promoter.ApprovalWaiting)
	by := map[int64]string{}
	for _, a := range plans {
		for _, m := range a.Moves {
			if a.Kind == promoter.ApprovalProposal && m.To > m.From {
				by[m.CohortID] = a.ID
			}
		}
	}
	return by, err
}

func (p *program) writeLadder(w io.Writer, cohorts []cohortView, ends []expiry) error {
	t := table{head: []string{"COHORT", "STAGE", "SINCE", "FINDINGS", "SHOWN", "NOISE", "NEXT"}}
	for _, c := range cohorts {
		t.add(c.Key, c.Stage.String(), day(c.Since), strconv.Itoa(c.Findings), c.shown(), c.noise(), c.next())
	}
	if err := t.folded("noise", "next").write(w, p.width); err != nil {
		return err
	}
	writeExpiring(w, ends)
	return nil
}

// shown is how much was shown in this stay; the next run says it of a new one.
func (c cohortView) shown() string {
	if c.Outcome == "" {
		return "-"
	}
	return strconv.Itoa(c.Shown)
}

func (c cohortView) noise() string {
	switch {
	case c.Shown == 0:
		return "-"
	case c.Noise == nil:
		return "nobody answered"
	}
	return strings.TrimPrefix(evidence.Interval{Mean: c.Noise.Mean, Low: c.Noise.Low, High: c.Noise.High, Share: c.Noise.Answered, Clusters: 1}.String(), "noise ")
}

// next says what stands in the way, else how far it is.
func (c cohortView) next() string {
	switch {
	case c.Hold != nil:
		return "held by " + c.Hold.Actor + ": " + c.Hold.Reason
	case c.Override != nil:
		return "set by " + c.Override.Actor + " until " + day(c.Override.Until) + ": " + c.Override.Reason
	case c.Audit != nil:
		return "on hold until a sample is judged (`sluice queue`): " + c.Audit.Reason
	case c.Outcome == string(evidence.Good) && c.Blocker != "":
		return fmt.Sprintf("%s: it qualifies; %s", c.Stage+1, c.Blocker)
	case c.Plan != "":
		return fmt.Sprintf("%s: it qualifies; plan %s waits for approval", c.Stage+1, c.Plan)
	case c.Stage == promoter.Observe && c.dwell > 0:
		return fmt.Sprintf("%s: not before %s", c.Stage+1, day(c.Since.Add(c.dwell)))
	case c.Stage == promoter.Observe || c.Outcome == "":
		return "-"
	case c.Stage == promoter.Enforce:
		return c.Ahead
	}
	return fmt.Sprintf("%s: %s", c.Stage+1, c.Ahead)
}
