package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// findingView is one finding as the commands show it.
type findingView struct {
	Name       string           `json:"finding"`
	Repository string           `json:"repository"`
	Kind       finding.Kind     `json:"kind"`
	Scanner    string           `json:"scanner"`
	Rule       string           `json:"rule"`
	Severity   finding.Severity `json:"severity"`
	Message    string           `json:"message"`
	State      string           `json:"state"` // the most alive of its sightings: present, unknown, suppressed, gone
	Place      *finding.Place   `json:"place"`
	Cohort     string           `json:"cohort"`
	Stage      promoter.Stage   `json:"stage"`
	Seen       []sightingView   `json:"seen"`
	Decisions  []decisionView   `json:"decisions"` // the newest of each context it is seen in
	Value      int              `json:"value"`
	Sampled    bool             `json:"sampled,omitempty"`  // in the queue: drawn at random, to be judged
	Answered   bool             `json:"answered,omitempty"` // in the queue: a person has said something about it
	Snippet    string           `json:"snippet,omitempty"`  // in the queue

	repoID int64
	no     int64
	facts  finding.Finding
}

// sightingView is a finding on one ref.
type sightingView struct {
	Ref      string         `json:"ref"`
	Source   string         `json:"source"`
	Category string         `json:"category"`
	State    string         `json:"state"`
	Cause    string         `json:"cause,omitempty"` // why it is gone
	Backlog  bool           `json:"backlog"`
	Place    *finding.Place `json:"place"`
	Commit   string         `json:"commit"` // of the scan that changed it last
}

// decisionView is what was last decided in one context.
type decisionView struct {
	PullRequest int            `json:"pull_request"` // 0: as it stands on a branch
	Surfaces    []string       `json:"surfaces"`
	Threshold   string         `json:"threshold"`
	Reasons     []string       `json:"reasons"`
	Stage       promoter.Stage `json:"stage"`
	Run         int64          `json:"run"`
	Policy      string         `json:"policy"`
	Settings    string         `json:"settings"`

	input []byte
}

// views are the findings of one repository, by number.
func views(snap *store.Snapshot, cohorts map[int64]promoter.Cohort) []findingView {
	seen, alive := sightings(snap)
	decided := decisions(snap, alive)
	out := make([]findingView, 0, len(snap.Findings))
	for _, f := range snap.Findings {
		v := findingView{
			Name: promoter.FindingName(snap.Repository.FullName(), f.No), Repository: snap.Repository.FullName(),
			Kind: f.Facts.Kind, Scanner: f.Facts.Scanner.Name, Rule: f.Facts.Rule.ID, Severity: f.Facts.Severity, Message: f.Facts.Message,
			Cohort: cohorts[f.CohortID].Key, Stage: cohorts[f.CohortID].Stage,
			Seen: seen[f.No], Decisions: decided[f.No], Value: promoter.Value(f.Facts, finding.Risk{}), repoID: snap.Repository.ID, no: f.No, facts: f.Facts,
		}
		if len(v.Seen) > 0 {
			v.State, v.Place = v.Seen[0].State, v.Seen[0].Place
		}
		if v.Decisions == nil {
			v.Decisions = []decisionView{}
		}
		out = append(out, v)
	}
	return out
}

// liveliness orders the states: what is still there is what matters.
var liveliness = map[store.SightingState]int{
	store.SightingPresent: 0, store.SightingUnknown: 1, store.SightingSuppressed: 2, store.SightingGone: 3,
}

// context is a finding as it is looked at: in a pull request, or on branches (0).
type contextKey struct {
	finding int64
	change  int
}

// sightings groups what is seen by finding, the most alive first, branches
// before pull requests. alive tells in which contexts a finding is not gone.
func sightings(snap *store.Snapshot) (seen map[int64][]sightingView, alive map[contextKey]bool) {
	scopes := map[int64]store.Scope{}
	for _, s := range snap.Scopes {
		scopes[s.No] = s
	}
	commits := map[int64]string{}
	for _, s := range snap.Scans {
		commits[s.No] = s.Commit
	}
	ordered := slices.Clone(snap.Sightings)
	slices.SortStableFunc(ordered, func(a, b store.Sighting) int {
		return cmp.Or(
			cmp.Compare(liveliness[a.State], liveliness[b.State]),
			cmp.Compare(store.ChangeOf(scopes[a.Scope].Ref), store.ChangeOf(scopes[b.Scope].Ref)),
			cmp.Compare(b.LastScan, a.LastScan))
	})
	seen, alive = map[int64][]sightingView{}, map[contextKey]bool{}
	for _, s := range ordered {
		scope := scopes[s.Scope]
		if s.State != store.SightingGone {
			alive[contextKey{s.Finding, store.ChangeOf(scope.Ref)}] = true
		}
		seen[s.Finding] = append(seen[s.Finding], sightingView{
			Ref: scope.Ref, Source: scope.Source, Category: scope.Category, State: string(s.State), Cause: string(s.Cause),
			Backlog: s.Backlog, Place: s.Place, Commit: commits[s.LastScan],
		})
	}
	return seen, alive
}

// decisions are the newest ones, by finding, of the contexts it is alive in.
func decisions(snap *store.Snapshot, alive map[contextKey]bool) map[int64][]decisionView {
	out := map[int64][]decisionView{}
	for _, d := range snap.Decisions {
		if alive[contextKey{d.Finding, d.Change}] {
			out[d.Finding] = append(out[d.Finding], decisionOf(d))
		}
	}
	for _, all := range out {
		slices.SortFunc(all, func(a, b decisionView) int { return a.PullRequest - b.PullRequest })
	}
	return out
}

func decisionOf(d store.Decision) decisionView {
	var answer input.SurfaceAnswer
	_ = json.Unmarshal(d.Answer, &answer) // ours; a broken one shows as no answer
	return decisionView{
		PullRequest: d.Change, Surfaces: orEmpty(answer.Surfaces), Threshold: answer.Threshold, Reasons: orEmpty(answer.Reasons), Stage: d.Stage,
		Run: d.RunID, Policy: d.PolicyRev, Settings: d.SettingsRev, input: d.Input,
	}
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// shownOn tells whether any of the decisions names a surface.
func (v findingView) shownOn(surfaces ...string) bool {
	return slices.ContainsFunc(v.Decisions, func(d decisionView) bool {
		return slices.ContainsFunc(d.Surfaces, func(s string) bool { return slices.Contains(surfaces, s) })
	})
}

// placeIn is where the finding stands in a pull request; where it stands at
// all if it is not seen there any more.
func (v findingView) placeIn(change int) *finding.Place {
	for _, s := range v.Seen {
		if store.ChangeOf(s.Ref) == change {
			return s.Place
		}
	}
	return v.Place
}

// where is a place for people.
func where(p *finding.Place) string {
	switch {
	case p == nil:
		return "-"
	case p.StartLine == 0:
		return p.Path
	}
	return fmt.Sprintf("%s:%d", p.Path, p.StartLine)
}

// eachRepository hands over what is known of each repository, by name.
func eachRepository(ctx context.Context, s store.Repositories, name string, do func(*store.Snapshot) (more bool, err error)) error {
	repos, err := s.Repositories(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(repos, func(a, b promoter.Repository) int { return cmp.Compare(a.FullName(), b.FullName()) })
	for _, r := range repos {
		if name != "" && !sameName(r.FullName(), name) {
			continue
		}
		snap, err := s.Load(ctx, r.ID)
		if err != nil {
			return fmt.Errorf("load %s: %w", r.FullName(), err)
		}
		if more, err := do(snap); err != nil || !more {
			return err
		}
	}
	return nil
}

func cohortsByID(ctx context.Context, s store.Ladder) (map[int64]promoter.Cohort, error) {
	all, err := s.Cohorts(ctx)
	out := make(map[int64]promoter.Cohort, len(all))
	for _, c := range all {
		out[c.ID] = c
	}
	return out, err
}

func nFindings(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}
