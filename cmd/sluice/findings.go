package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// filter says which findings to list. An empty field lets all through.
type filter struct {
	repository  string
	severities  []string
	stages      []string
	states      []string
	scanner     string
	rule        string
	pullRequest int
	limit       int
}

func (p *program) findingsCommand() *cobra.Command {
	var f filter
	c := &cobra.Command{
		Use: "findings", Short: "list what is known", Args: takes(),
		Long: "Lists findings. Without --state those that are gone are left out.",
	}
	c.Flags().StringVar(&f.repository, "repository", "", "owner/name")
	c.Flags().StringSliceVar(&f.severities, "severity", nil, "critical, high, medium, low, info; several joined by commas")
	c.Flags().StringSliceVar(&f.stages, "stage", nil, "observe, triage, advise, enforce")
	c.Flags().StringSliceVar(&f.states, "state", nil, "present, unknown, suppressed, gone")
	c.Flags().StringVar(&f.scanner, "scanner", "", "a scanner's name")
	c.Flags().StringVar(&f.rule, "rule", "", "a rule's id")
	c.Flags().IntVar(&f.pullRequest, "pull-request", 0, "those seen in this pull request; needs --repository")
	c.Flags().IntVar(&f.limit, "limit", 100, "at most so many; 0: all")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if err := f.check(); err != nil {
			return err
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		found, more, err := f.list(ctx, s)
		if err != nil {
			return err
		}
		return p.showFindings(found, more, findingTable)
	})
	return c
}

func (f filter) check() error {
	for _, name := range f.severities {
		if _, err := finding.ParseSeverity(name); err != nil {
			return usagef("--severity: %w", err)
		}
	}
	for _, name := range f.stages {
		if _, err := promoter.ParseStage(name); err != nil {
			return usagef("--stage: %w", err)
		}
	}
	for _, name := range f.states {
		if _, ok := liveliness[store.SightingState(name)]; !ok {
			return usagef("--state: %q is none of present, unknown, suppressed, gone", name)
		}
	}
	switch {
	case f.limit < 0:
		return usagef("--limit %d: a limit is 0 or more", f.limit)
	case f.pullRequest != 0 && f.repository == "":
		return usagef("--pull-request needs --repository: numbers are a repository's own")
	}
	return nil
}

// list returns the findings that pass, by repository and number. more: there
// are more than the limit.
func (f filter) list(ctx context.Context, s store.Store) (found []findingView, more bool, err error) {
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, false, err
	}
	known := false
	err = eachRepository(ctx, s, f.repository, func(snap *store.Snapshot) (bool, error) {
		known = true
		for _, v := range views(snap, cohorts) {
			if !f.passes(&v) {
				continue
			}
			if f.limit > 0 && len(found) == f.limit {
				more = true
				return false, nil
			}
			found = append(found, v)
		}
		return true, nil
	})
	if err == nil && f.repository != "" && !known {
		err = unknownRepository(ctx, s, f.repository)
	}
	return found, more, err
}

func unknownRepository(ctx context.Context, s store.Repositories, name string) error {
	repos, err := s.Repositories(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(repos))
	for i, r := range repos {
		names[i] = r.FullName()
	}
	if near := app.Nearest(name, names); near != "" {
		return usagef("nothing is known of repository %q; did you mean %s?", name, near)
	}
	return usagef("nothing is known of repository %q: no report has spoken of it yet", name)
}

// passes narrows the view to the pull request, if one is asked for.
func (f filter) passes(v *findingView) bool {
	if f.pullRequest != 0 {
		v.Seen = slices.DeleteFunc(v.Seen, func(s sightingView) bool { return store.ChangeOf(s.Ref) != f.pullRequest })
		v.Decisions = slices.DeleteFunc(v.Decisions, func(d decisionView) bool { return d.PullRequest != f.pullRequest })
		if len(v.Seen) == 0 {
			return false
		}
		v.State, v.Place = v.Seen[0].State, v.Seen[0].Place
	}
	state := f.states
	if len(state) == 0 {
		state = []string{string(store.SightingPresent), string(store.SightingUnknown), string(store.SightingSuppressed)}
	}
	return oneOf(state, v.State) && oneOf(f.severities, v.Severity.String()) && oneOf(f.stages, v.Stage.String()) &&
		(f.scanner == "" || strings.EqualFold(f.scanner, v.Scanner)) && (f.rule == "" || f.rule == v.Rule)
}

// oneOf: an empty list lets everything through.
func oneOf(list []string, word string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

func (p *program) showFindings(found []findingView, more bool, set func([]findingView) table) error {
	if found == nil {
		found = []findingView{}
	}
	if more {
		fmt.Fprintf(p.err, "there are more: raise --limit (now %d)\n", len(found))
	}
	return p.show(found, func(w io.Writer) error { return set(found).write(w, p.width) })
}

func findingTable(found []findingView) table {
	t := table{head: []string{"FINDING", "SEVERITY", "SCANNER", "RULE", "STAGE", "STATE", "PLACE", "MESSAGE"}}
	for _, v := range found {
		t.add(v.Name, v.Severity.String(), v.Scanner, v.Rule, v.Stage.String(), v.State, where(v.Place), v.Message)
	}
	return t
}
