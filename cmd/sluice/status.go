package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// statusView is where things stand.
type statusView struct {
	LastRun   *lastRunView           `json:"last_run"`
	Overdue   []run.Overdue          `json:"overdue"` // what has not gone well for longer than its rhythm
	Paused    *promoter.Pause        `json:"paused"`  // null: not paused
	Sources   []store.SourceStatus   `json:"sources"`
	Cohorts   map[promoter.Stage]int `json:"cohorts"`  // how many stand in each stage
	Members   map[promoter.Stage]int `json:"findings"` // how many findings these have
	Open      []openEffect           `json:"open_effects"`
	Plans     []promoter.Approval    `json:"plans"`     // waiting for a person
	Campaigns []run.Campaign         `json:"campaigns"` // under way
	Expiring  []expiry               `json:"expires_soon"`
	Ledger    string                 `json:"ledger"`

	now time.Time
}

type lastRunView struct {
	Run       int64           `json:"run"`
	Actor     string          `json:"actor"`
	Selection string          `json:"selection"`
	Started   time.Time       `json:"started"`
	Ended     time.Time       `json:"ended,omitzero"` // missing: it is at work, or was killed
	Outcome   string          `json:"outcome"`
	Report    json.RawMessage `json:"report"`
}

// openEffect is an attempt whose outcome is not known yet.
type openEffect struct {
	Verb        promoter.Verb        `json:"verb"`
	Repository  string               `json:"repository"`
	PullRequest int                  `json:"pull_request"`
	State       promoter.EffectState `json:"state"`
	Error       string               `json:"error"`
}

func (p *program) statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "status", Short: "where things stand", Args: takes(),
		Long: "Says where things stand. Ends with 3 if runs or a source have not gone well for longer than their rhythm in sluice.yaml.",
	}
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		v, err := readStatus(ctx, s, a.Now())
		if err != nil {
			return err
		}
		late, err := a.Overdue(ctx, s)
		if err != nil {
			return err
		}
		v.Overdue = append(v.Overdue, late...)
		if v.Campaigns, err = underWay(ctx, a, s); err != nil {
			return err
		}
		if v.Expiring, err = expiring(ctx, a, s); err != nil {
			return err
		}
		err = p.show(v, func(w io.Writer) error { return p.writeStatus(w, v) })
		if len(late) > 0 {
			err = errors.Join(err, endOf(codePartial))
		}
		return err
	})
	return c
}

func readStatus(ctx context.Context, s store.Store, now time.Time) (statusView, error) {
	v := statusView{Cohorts: map[promoter.Stage]int{}, Members: map[promoter.Stage]int{}, Sources: []store.SourceStatus{}, Open: []openEffect{}, Plans: []promoter.Approval{}, Overdue: []run.Overdue{}, now: now}
	last, err := s.LastRun(ctx)
	if err != nil {
		return v, err
	}
	if last != nil {
		v.LastRun = &lastRunView{last.ID, last.Actor, last.Selection, last.Started, last.Ended, last.Outcome, last.Report}
	}
	pause, err := s.Pause(ctx)
	if err != nil {
		return v, err
	}
	if pause.Active(now) {
		v.Paused = pause
	}
	sources, err := s.SourceStatuses(ctx)
	if err != nil {
		return v, err
	}
	v.Sources = append(v.Sources, sources...)
	cohorts, err := cohortViews(ctx, s)
	if err != nil {
		return v, err
	}
	for _, c := range cohorts {
		v.Cohorts[c.Stage]++
		v.Members[c.Stage] += c.Findings
	}
	return v, v.readWaiting(ctx, s)
}

func (v *statusView) readWaiting(ctx context.Context, s store.Store) error {
	effects, err := s.OpenEffects(ctx)
	if err != nil {
		return err
	}
	for _, e := range effects {
		v.Open = append(v.Open, openEffect{e.Verb, e.Repository, e.Target.PullRequest, e.State, e.Error})
	}
	plans, err := s.Approvals(ctx, promoter.ApprovalWaiting)
	if err != nil {
		return err
	}
	v.Plans = append(v.Plans, plans...)
	head, err := s.Head(ctx)
	v.Ledger = head.String()
	return err
}

func (p *program) writeStatus(w io.Writer, v statusView) error {
	for _, o := range v.Overdue {
		fmt.Fprintf(w, "OVERDUE: %s\n", o.Text)
	}
	fmt.Fprintln(w, lastRunText(v.LastRun))
	for _, warning := range v.LastRun.warnings() {
		if slices.ContainsFunc(v.Overdue, func(o run.Overdue) bool { return o.Text == warning }) {
			continue
		}
		fmt.Fprintf(w, "WARNING: %s\n", warning)
	}
	fmt.Fprintln(w, pauseText(v.Paused, v.now))
	var stages []string
	for _, stage := range slices.Backward(promoter.Stages()) {
		if n := v.Cohorts[stage]; n > 0 {
			stages = append(stages, fmt.Sprintf("%s %d (%d findings)", stage, n, v.Members[stage]))
		}
	}
	fmt.Fprintf(w, "cohorts: %s\n", orNone(strings.Join(stages, ", ")))
	fmt.Fprintf(w, "effects not settled: %d\n", len(v.Open))
	for _, e := range v.Open {
		fmt.Fprintf(w, "  %s on %s: %s %s\n", e.Verb, targetText(e.Repository, e.PullRequest), e.State, line(e.Error))
	}
	fmt.Fprintf(w, "plans waiting: %d%s\n", len(v.Plans), map[bool]string{true: " (`sluice plan show ID`, `approve`, `reject`)"}[len(v.Plans) > 0])
	for _, plan := range v.Plans {
		for _, l := range wrapped(fmt.Sprintf("%-9s  %s", plan.ID, line(plan.Reason)), p.width, 2, 13) {
			fmt.Fprintln(w, l)
		}
	}
	for _, c := range v.Campaigns {
		fmt.Fprintf(w, "campaign %s: %d tasks so far (this week %s), %s left: %s\n", c.ID, c.Tasks, thisWeek(c), leftText(c), line(c.Reason))
	}
	writeExpiring(w, v.Expiring)
	fmt.Fprintf(w, "ledger: %s\n", headText(v.Ledger))
	if len(v.Sources) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := table{head: []string{"SOURCE", "STATE", "FILES", "RESULTS", "FINDINGS", "AT", "DETAIL"}}
	for _, s := range v.Sources {
		t.add(s.Source, s.State, strconv.Itoa(s.Files), strconv.Itoa(s.Results), strconv.Itoa(s.Findings), s.At.UTC().Format(time.RFC3339), s.Detail)
	}
	return t.write(w, p.width)
}

func lastRunText(r *lastRunView) string {
	switch {
	case r == nil:
		return "no run yet"
	case r.Ended.IsZero():
		return fmt.Sprintf("run %d began on %s by %s and has not ended: it is at work, or was killed", r.Run, r.Started.UTC().Format(time.RFC3339), r.Actor)
	}
	return fmt.Sprintf("last run %d: %s, on %s by %s, over %s", r.Run, r.Outcome, r.Ended.UTC().Format(time.RFC3339), r.Actor, r.Selection)
}

// warnings are those of the run's report; a run that has not ended has none yet.
func (r *lastRunView) warnings() []string {
	if r == nil {
		return nil
	}
	var report run.Report
	_ = json.Unmarshal(r.Report, &report) // a report of another version is shown as far as it can be read
	return report.Warnings
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
