package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// comparison is what a policy would change.
type comparison struct {
	Before       *run.Report        `json:"before"`
	After        *run.Report        `json:"after"`
	Repositories []repositoryChange `json:"repositories"` // those in which something differs
	Same         int                `json:"same"`         // how many others
}

// repositoryChange is the same for one repository.
type repositoryChange struct {
	Repository string   `json:"repository"`
	Before     standing `json:"before"`
	After      standing `json:"after"`
	Gained     []string `json:"gained"` // findings on more surfaces than before
	Lost       []string `json:"lost"`
}

// standing is what the next run would leave one repository with, and do in it.
type standing struct {
	Queue     int `json:"queue"`     // findings for the security team
	Engineers int `json:"engineers"` // findings for pull requests
	Show      int `json:"show"`      // notices to be posted
	Edit      int `json:"edit"`
	Withdraw  int `json:"withdraw"`
}

// outlook is a repository's standing with the findings behind it.
type outlook struct {
	standing
	surfaces map[string]int // by finding: on how many kinds of surfaces
}

func compare(ctx context.Context, before, after *app.Dry) (*comparison, error) {
	old, err := outlooks(ctx, before)
	if err != nil {
		return nil, err
	}
	now, err := outlooks(ctx, after)
	if err != nil {
		return nil, err
	}
	c := &comparison{Before: before.Report, After: after.Report, Repositories: []repositoryChange{}}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		change := changeOf(name, old[name], now[name])
		if change.Before == change.After && len(change.Gained)+len(change.Lost) == 0 {
			c.Same++
			continue
		}
		c.Repositories = append(c.Repositories, change)
	}
	return c, nil
}

func changeOf(name string, before, after *outlook) repositoryChange {
	if before == nil {
		before = &outlook{}
	}
	c := repositoryChange{Repository: name, Before: before.standing, After: after.standing, Gained: []string{}, Lost: []string{}}
	for finding, n := range after.surfaces {
		if n > before.surfaces[finding] {
			c.Gained = append(c.Gained, finding)
		}
	}
	for finding, n := range before.surfaces {
		if n > after.surfaces[finding] {
			c.Lost = append(c.Lost, finding)
		}
	}
	slices.Sort(c.Gained)
	slices.Sort(c.Lost)
	return c
}

// outlooks reads what a dry run decided and planned, by repository.
func outlooks(ctx context.Context, d *app.Dry) (map[string]*outlook, error) {
	cohorts, err := cohortsByID(ctx, d.Store)
	if err != nil {
		return nil, err
	}
	out := map[string]*outlook{}
	err = eachRepository(ctx, d.Store, "", func(snap *store.Snapshot) (bool, error) {
		s := &outlook{surfaces: map[string]int{}}
		for _, v := range views(snap, cohorts) {
			s.count(v)
		}
		out[snap.Repository.FullName()] = s
		return true, nil
	})
	for _, a := range d.Report.Actions {
		if s := out[a.Repository]; s != nil {
			s.act(a.Step)
		}
	}
	return out, err
}

func (s *outlook) count(v findingView) {
	if v.shownOn(input.SurfaceQueue) {
		s.Queue++
		s.surfaces[v.Name]++
	}
	if v.shownOn(input.SurfaceReview, input.SurfaceSummary) {
		s.Engineers++
		s.surfaces[v.Name]++
	}
}

func (s *standing) act(step promoter.Step) {
	switch step {
	case promoter.StepShow:
		s.Show++
	case promoter.StepEdit:
		s.Edit++
	case promoter.StepWithdraw:
		s.Withdraw++
	}
}

func (p *program) writeComparison(w io.Writer, c *comparison) error {
	fmt.Fprintf(w, "before: policy %s with settings %s\nafter:  policy %s with settings %s\na dry run on two copies: nothing was shown, withdrawn or remembered\n\n",
		short(c.Before.Policy), short(c.Before.Settings), short(c.After.Policy), short(c.After.Settings))
	if len(c.Repositories) > 0 {
		t := table{head: []string{"REPOSITORY", "QUEUE", "ENGINEERS", "TO SHOW", "TO EDIT", "TO WITHDRAW", "GAINED", "LOST"}}
		for _, r := range c.Repositories {
			b, a := r.Before, r.After
			t.add(r.Repository, arrow(b.Queue, a.Queue), arrow(b.Engineers, a.Engineers), arrow(b.Show, a.Show), arrow(b.Edit, a.Edit), arrow(b.Withdraw, a.Withdraw),
				fmt.Sprint(len(r.Gained)), fmt.Sprint(len(r.Lost)))
		}
		if err := t.write(w, p.width); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "repositories in which nothing changes: %d\n", c.Same)
	for _, plan := range c.After.Plans {
		fmt.Fprintf(w, "beyond the ceilings, so a plan would wait: %s\n", line(plan.Reason))
	}
	writeErrors(w, c.After.Errors)
	return nil
}

func arrow(before, after int) string {
	if before == after {
		return fmt.Sprint(after)
	}
	return fmt.Sprintf("%d -> %d", before, after)
}
