package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) campaignCommand() *cobra.Command {
	return p.group("campaign", "turn backlog into tasks, so many a week",
		p.campaignStartCommand(), p.campaignListCommand(), p.campaignStopCommand())
}

const campaignText = `Gathers the backlog (what was open on a base branch before Sluice looked, and
still is) that the flags select, and makes a plan of it. Nothing happens before
somebody approves the plan; then each run makes tasks of it, what is worth most
first, and never more a week for each team than --per-week says. It ends by
itself when nothing is left.

  sluice campaign start --group core --severity high --per-week 5 --reason "Q3 clean-up"
  sluice plan show P7f3a
  sluice plan approve P7f3a`

func (p *program) campaignStartCommand() *cobra.Command {
	c := promoter.Campaign{}
	var dry bool
	cmd := &cobra.Command{Use: "start", Short: "propose a campaign; a person approves its plan", Long: campaignText, Args: takes()}
	f := cmd.Flags()
	f.StringVar(&c.Selection.Group, "group", "", "only repositories of this group")
	f.StringVar(&c.Selection.Cohort, "cohort", "", "only findings of this cohort, such as core/gosec/high")
	f.StringVar(&c.Selection.Severity, "severity", "", "only findings at least this severe")
	f.StringVar(&c.Selection.Repository, "repository", "", "only this repository, owner/name")
	f.IntVar(&c.PerWeek, "per-week", 0, "tasks a week for each team (required)")
	f.StringVar(&c.Reason, "reason", "", "why; whoever approves it reads it (required)")
	f.BoolVar(&dry, "dry-run", false, "only say what it would be about")
	cmd.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		law, err := a.Settings(ctx, s)
		if err != nil {
			return err
		}
		if err := checkCampaign(ctx, c, s, law); err != nil {
			return err
		}
		if err := leadsToJira(a, law); err != nil {
			return err
		}
		c.Actor, c.Created = a.Actor, a.Now().UTC()
		proposed, err := run.ProposeCampaign(ctx, s, law, c)
		if err != nil {
			return err
		}
		if len(proposed.Plan.Items) == 0 {
			return usagef("there is no such backlog: nothing to start a campaign for")
		}
		if !dry {
			if err := s.StartCampaign(ctx, proposed.Campaign, proposed.Plan); err != nil {
				return err
			}
		}
		return p.show(startedOf(proposed, !dry), func(w io.Writer) error { return startedOf(proposed, !dry).write(w) })
	})
	return cmd
}

// checkCampaign refuses what could not have been meant.
func checkCampaign(ctx context.Context, c promoter.Campaign, s store.Ladder, law *settings.Settings) error {
	_, known := law.GroupNamed(c.Selection.Group)
	switch {
	case c.PerWeek < 1:
		return usagef("--per-week is missing: say how many tasks a team gets in a week, such as --per-week 5")
	case line(c.Reason) == "":
		return usagef("--reason is missing: whoever approves the plan reads it")
	case c.Selection.Group != "" && !known:
		return usagef("--group: the settings have no group called %q", c.Selection.Group)
	}
	if c.Selection.Severity != "" {
		if _, err := finding.ParseSeverity(c.Selection.Severity); err != nil {
			return usagef("--severity: %w", err)
		}
	}
	if c.Selection.Cohort != "" {
		_, err := findCohort(ctx, s, c.Selection.Cohort)
		return err
	}
	return nil
}

// leadsToJira refuses a campaign that would wait for ever.
func leadsToJira(a *app.App, law *settings.Settings) error {
	switch {
	case !slices.ContainsFunc(law.Routes, func(r settings.Route) bool { return r.Jira != nil }):
		return usagef("no route leads to Jira, so no task would ever be made: give a route in %s a `jira` part", a.Config.Settings)
	case a.Config.Jira == nil:
		return usagef("a route leads to Jira, and none is configured, so no task would ever be made: give %s a `jira` part", a.Config.File)
	}
	return nil
}

// started is a proposed campaign for people and scripts.
type started struct {
	Plan     string         `json:"plan"` // "" for a dry run
	Findings int            `json:"findings"`
	ByTeam   map[string]int `json:"by_team"`
	PerWeek  int            `json:"per_week"`
	NotYet   int            `json:"not_yet"`
}

func startedOf(p run.Proposed, stored bool) started {
	s := started{Plan: p.Plan.ID, Findings: len(p.Plan.Items), ByTeam: p.ByTeam, PerWeek: p.Campaign.PerWeek, NotYet: p.NotYet}
	if !stored {
		s.Plan = ""
	}
	return s
}

func (s started) write(w io.Writer) error {
	fmt.Fprintf(w, "%d findings of the backlog (%s), up to %d tasks a week for each team\n", s.Findings, tally(s.ByTeam), s.PerWeek)
	if s.NotYet > 0 {
		fmt.Fprintf(w, "%d of them become no task as things stand (stage, threshold or route; see `sluice explain`) and wait until they may\n", s.NotYet)
	}
	if s.Plan != "" {
		fmt.Fprintf(w, "plan %s waits: `sluice plan show %s`, `sluice plan approve %s`\n", s.Plan, s.Plan, s.Plan)
	}
	return nil
}

func (p *program) campaignListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "list campaigns and how far they are", Args: takes()}
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		all, err := campaigns(ctx, a, s)
		if err != nil {
			return err
		}
		return p.show(all, func(w io.Writer) error {
			t := table{head: []string{"CAMPAIGN", "STATE", "SINCE", "TASKS", "THIS WEEK", "LEFT", "ABOUT", "REASON"}}
			for _, c := range all {
				t.add(c.ID, string(c.State), day(c.Created), strconv.Itoa(c.Tasks), thisWeek(c), leftText(c), about(c.Selection), reasonText(c))
			}
			return t.write(w, p.width)
		})
	})
	return c
}

func campaigns(ctx context.Context, a *app.App, s store.Store) ([]run.Campaign, error) {
	law, err := a.Settings(ctx, s)
	if err != nil {
		return nil, err
	}
	return run.Campaigns(ctx, s, a.Now(), func(c promoter.Cohort) string { return run.TeamOf(law, c) })
}

// underWay are the campaigns that make tasks now.
func underWay(ctx context.Context, a *app.App, s store.Store) ([]run.Campaign, error) {
	if known, err := s.Campaigns(ctx); err != nil || len(known) == 0 {
		return []run.Campaign{}, err
	}
	all, err := campaigns(ctx, a, s)
	return slices.DeleteFunc(all, func(c run.Campaign) bool { return c.State != run.CampaignRunning }), err
}

func thisWeek(c run.Campaign) string {
	if len(c.ThisWeek) == 0 {
		return "-"
	}
	var out []string
	for _, team := range slices.Sorted(maps.Keys(c.ThisWeek)) {
		out = append(out, fmt.Sprintf("%s %d of %d", team, c.ThisWeek[team], c.PerWeek))
	}
	return strings.Join(out, ", ")
}

func leftText(c run.Campaign) string {
	if c.State == run.CampaignEnded || c.State == run.CampaignRejected {
		return "-"
	}
	return fmt.Sprintf("%d of %d", c.Left, c.Findings)
}

func reasonText(c run.Campaign) string {
	if c.EndReason != "" {
		return c.Reason + "; ended: " + c.EndReason
	}
	return c.Reason
}

func about(s promoter.CampaignSelection) string {
	var parts []string
	for _, p := range [][2]string{{"group", s.Group}, {"cohort", s.Cohort}, {"from", s.Severity}, {"in", s.Repository}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

func (p *program) campaignStopCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "stop CAMPAIGN", Short: "make no more tasks of a campaign", Args: takes("the CAMPAIGN"),
		Long: "Ends a campaign. The tasks it made stay; what is left of its backlog stays with the security team.",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; goes into the ledger (required)")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		if line(reason) == "" {
			return usagef("--reason is missing: the ledger keeps why a campaign was stopped")
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		all, err := s.Campaigns(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(c promoter.Campaign) bool { return strings.EqualFold(c.ID, args[0]) })
		if i < 0 {
			return usagef("there is no campaign %q; `sluice campaign list` shows them", args[0])
		}
		err = s.EndCampaign(ctx, all[i].ID, a.Actor, reason, a.Now().UTC())
		var conflict *store.ConflictError
		if errors.As(err, &conflict) {
			return usagef("campaign %s has ended already", all[i].ID)
		}
		if err != nil {
			return err
		}
		return p.show(map[string]string{"campaign": all[i].ID, "state": string(run.CampaignEnded), "actor": a.Actor}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is stopped; the tasks it made stay\n", all[i].ID)
			return err
		})
	})
	return c
}
