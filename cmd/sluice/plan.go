package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) planCommand() *cobra.Command {
	return p.group("plan", "what waits for a person's word",
		p.planListCommand(), p.planShowCommand(),
		p.planAnswerCommand("approve", promoter.ApprovalApproved, "let a plan's findings through; the next run carries it out"),
		p.planAnswerCommand("reject", promoter.ApprovalRejected, "never show a plan's findings in these pull requests, or never withdraw them"),
	)
}

func (p *program) planListCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{Use: "list", Short: "list the plans that wait", Args: takes()}
	c.Flags().BoolVar(&all, "all", false, "also those that were answered")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		states := []promoter.ApprovalState{promoter.ApprovalWaiting}
		if all {
			states = nil
		}
		plans, err := s.Approvals(ctx, states...)
		if err != nil {
			return err
		}
		if plans == nil {
			plans = []promoter.Approval{}
		}
		views, err := viewPlans(ctx, s, plans)
		if err != nil {
			return err
		}
		return p.show(views, func(w io.Writer) error {
			t := table{head: []string{"PLAN", "STATE", "KIND", "SINCE", "ITEMS", "REASON"}}
			for _, a := range plans {
				t.add(a.ID, string(a.State), string(a.Kind), day(a.Created), strconv.Itoa(len(a.Items)+len(a.Moves)), a.Reason)
			}
			return t.write(w, p.width)
		})
	})
	return c
}

// planView is a plan with its findings by name.
type planView struct {
	promoter.Approval
	Findings []planItem    `json:"findings"`
	Answers  []verdictView `json:"answers,omitempty"` // that an exception rests on; `plan show` has them
}

type planItem struct {
	Finding     string `json:"finding"`
	PullRequest int    `json:"pull_request"`
	Severity    string `json:"severity"`
	Rule        string `json:"rule"`
	Place       string `json:"place"`
}

func (p *program) planShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show PLAN", Short: "show a plan with its findings", Args: takes("the PLAN")}
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		plan, err := findPlan(ctx, s, args[0])
		if err != nil {
			return err
		}
		views, err := viewPlans(ctx, s, []promoter.Approval{plan})
		if err != nil {
			return err
		}
		if views[0].Answers, err = reasonsOf(ctx, s, views[0]); err != nil {
			return err
		}
		return p.show(views[0], func(w io.Writer) error { return p.writePlan(w, views[0]) })
	})
	return c
}

// reasonsOf are the answers that an exception rests on, which is about one finding.
func reasonsOf(ctx context.Context, s store.Store, plan planView) ([]verdictView, error) {
	if plan.Kind != promoter.ApprovalException || len(plan.Findings) == 0 {
		return nil, nil
	}
	said, err := listVerdicts(ctx, s, plan.Findings[0].Finding, "", false)
	return slices.DeleteFunc(said, func(v verdictView) bool { return promoter.ExceptionPlan(v.Verdict) != plan.ID }), err
}

func (p *program) writePlan(w io.Writer, v planView) error {
	maker := "a command"
	if v.RunID != 0 {
		maker = fmt.Sprintf("run %d", v.RunID)
	}
	fmt.Fprintf(w, "%s (%s, %s, made by %s on %s)\n%s\n", v.ID, v.Kind, v.State, maker, day(v.Created), line(v.Reason))
	for _, answer := range v.Answers {
		fmt.Fprintf(w, "  %s\n", answer.text())
	}
	if !v.Decided.IsZero() {
		fmt.Fprintf(w, "%s by %s on %s\n", v.State, v.Actor, day(v.Decided))
	}
	for _, m := range v.Moves {
		fmt.Fprintln(w, "  "+moveText(m))
	}
	if len(v.Moves) > 0 && len(v.Items) == 0 {
		return nil
	}
	t := table{head: []string{"FINDING", "PULL REQUEST", "SEVERITY", "RULE", "PLACE"}}
	for _, i := range v.Findings {
		t.add(i.Finding, pullText(i.PullRequest), i.Severity, i.Rule, i.Place)
	}
	return t.write(w, p.width)
}

func moveText(m promoter.PlannedMove) string {
	if m.Kind == promoter.MoveRecut {
		return fmt.Sprintf("%s of %s (%s) -> %s (%s)", nFindings(m.Findings), m.Cohort, m.From, m.Into, m.To)
	}
	return fmt.Sprintf("%s: %s -> %s", m.Cohort, m.From, m.To)
}

// pullText is a pull request for people; a task has none.
func pullText(number int) string {
	if number == 0 {
		return "-"
	}
	return "#" + strconv.Itoa(number)
}

// viewPlans names the findings of plans, in their order.
func viewPlans(ctx context.Context, s store.Store, plans []promoter.Approval) ([]planView, error) {
	out := make([]planView, 0, len(plans))
	type place struct{ plan, pullRequest int }
	wanted := map[findingKey][]place{}
	asked := map[int64]bool{}
	for n, plan := range plans {
		out = append(out, planView{Approval: plan, Findings: []planItem{}})
		for _, i := range plan.Items {
			asked[i.RepoID] = true
			key := findingKey{i.RepoID, i.Finding}
			wanted[key] = append(wanted[key], place{n, i.PullRequest})
		}
	}
	if len(asked) == 0 {
		return out, nil
	}
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, err
	}
	err = eachRepository(ctx, s, "", func(snap *store.Snapshot) (bool, error) {
		if !asked[snap.Repository.ID] {
			return true, nil
		}
		for _, v := range views(snap, cohorts) {
			for _, at := range wanted[findingKey{v.repoID, v.no}] {
				item := planItem{v.Name, at.pullRequest, v.Severity.String(), v.Rule, where(v.placeIn(at.pullRequest))}
				out[at.plan].Findings = append(out[at.plan].Findings, item)
			}
		}
		return true, nil
	})
	return out, err
}

// findPlan takes an id in any case.
func findPlan(ctx context.Context, s store.Approvals, id string) (promoter.Approval, error) {
	plans, err := s.Approvals(ctx)
	if err != nil {
		return promoter.Approval{}, err
	}
	var ids []string
	for _, plan := range plans {
		if strings.EqualFold(plan.ID, id) {
			return plan, nil
		}
		ids = append(ids, plan.ID)
	}
	if near := app.Nearest(id, ids); near != "" {
		return promoter.Approval{}, usagef("there is no plan %q; did you mean %s?", id, near)
	}
	return promoter.Approval{}, usagef("there is no plan %q; `sluice plan list` shows those that wait", id)
}

func (p *program) planAnswerCommand(verb string, state promoter.ApprovalState, short string) *cobra.Command {
	var reason string
	c := &cobra.Command{Use: verb + " PLAN", Short: short, Args: takes("the PLAN")}
	c.Flags().StringVar(&reason, "reason", "", "why; goes into the ledger")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		plan, err := findPlan(ctx, s, args[0])
		if err != nil {
			return err
		}
		if state == promoter.ApprovalApproved {
			if err := notOneself(ctx, s, plan, a.Actor); err != nil {
				return err
			}
		}
		err = s.DecideApproval(ctx, plan.ID, state, a.Actor, reason, a.Now().UTC())
		var conflict *store.ConflictError
		if errors.As(err, &conflict) {
			return usagef("plan %s does not wait any more: it is %s", plan.ID, plan.State)
		}
		if err != nil {
			return err
		}
		answer := map[string]any{"id": plan.ID, "state": state, "actor": a.Actor, "items": len(plan.Items) + len(plan.Moves)}
		return p.show(answer, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s %s by %s: %s; the next run acts on it\n", plan.ID, state, a.Actor, counted(len(plan.Items)+len(plan.Moves), "item"))
			return err
		})
	})
	return c
}

// notOneself refuses that people approve what they asked for themselves.
func notOneself(ctx context.Context, s store.Store, plan promoter.Approval, actor string) error {
	if plan.Kind != promoter.ApprovalException || len(plan.Items) == 0 {
		return nil
	}
	verdicts, err := s.Verdicts(ctx, store.VerdictQuery{RepoID: plan.Items[0].RepoID, Finding: plan.Items[0].Finding, Standing: true})
	if err != nil {
		return err
	}
	people, err := peopleByID(ctx, s)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		if promoter.ExceptionPlan(v) == plan.ID && people[v.Person].is(actor) {
			return usagef("plan %s rests on an answer by %s: somebody else approves it", plan.ID, actor)
		}
	}
	return nil
}
