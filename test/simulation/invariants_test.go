package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// check is what must hold after every run, however it ended.
func (s *story) check() error {
	w, err := s.sandbox.World()
	if err != nil {
		return err
	}
	posts := s.posts(&w)
	for _, err := range []error{s.nothingTwice(posts), s.mailsAreNews(&w), s.wordsStay(&w), s.tasksHold(), s.ledgerHolds()} {
		if err != nil {
			return err
		}
	}
	return nil
}

// nothingTwice: one visible object per notice, token and problem.
func (s *story) nothingTwice(posts []post) error {
	seen := map[string]int64{}
	once := func(what string, id int64) error {
		if other, twice := seen[what]; twice {
			return fmt.Errorf("%s is there twice: comments %d and %d", what, other, id)
		}
		seen[what] = id
		return nil
	}
	for _, p := range posts {
		var whats []string
		if m := marker.FindAllStringSubmatch(p.body, -1); len(m) > 0 && !p.edited {
			last := m[len(m)-1]
			whats = append(whats, fmt.Sprintf("#%d token %s notice %s", p.pull.Number, last[1], last[2]), fmt.Sprintf("#%d notice %s", p.pull.Number, last[2]))
		}
		if p.summary {
			whats = append(whats, fmt.Sprintf("#%d summary", p.pull.Number))
		} else {
			for _, n := range p.about {
				whats = append(whats, fmt.Sprintf("#%d comment about %s", p.pull.Number, n))
			}
		}
		for _, what := range whats {
			if err := once(what, p.id); err != nil {
				return err
			}
		}
		for _, n := range p.about {
			if s.taken[p.pull.Number][n] && p.live && !p.summary {
				return fmt.Errorf("#%d: %s was taken away by a person and is shown again by %d", p.pull.Number, n, p.id)
			}
		}
	}
	return nil
}

// mailsAreNews: one mail for each review that was submitted, and at most one for the summary of a pull request.
func (s *story) mailsAreNews(w *github.World) error {
	mails, summaries := map[int64]int{}, map[int]int{}
	for _, m := range w.Mails {
		switch {
		case m.From != bot:
		case m.Kind == "review":
			mails[m.ID]++
		case summaries[m.Number] > 0:
			return fmt.Errorf("#%d: a second mail about a summary", m.Number)
		default:
			summaries[m.Number]++
		}
	}
	submitted := map[int64]int{}
	for _, p := range w.Repositories[0].PullRequests {
		pending := 0
		for _, r := range p.Reviews {
			switch {
			case r.Author != bot:
			case r.State == github.Pending:
				pending++
			default:
				submitted[r.ID]++
			}
		}
		if pending > 1 {
			return fmt.Errorf("#%d: %d pending reviews", p.Number, pending)
		}
	}
	s.mails = len(mails) + len(summaries)
	if !maps.Equal(mails, submitted) {
		return fmt.Errorf("mails of reviews %v, submitted reviews %v", mails, submitted)
	}
	return nil
}

// wordsStay: what people wrote is there, as they wrote it.
func (s *story) wordsStay(w *github.World) error {
	is := map[int64]string{}
	for _, p := range w.Repositories[0].PullRequests {
		for _, c := range p.ReviewComments {
			is[c.ID] = c.Body
		}
		for _, c := range p.Comments {
			is[c.ID] = c.Body
		}
	}
	for id, want := range s.said {
		if is[id] != want {
			return fmt.Errorf("comment %d of a person: %q, was %q", id, is[id], want)
		}
	}
	for id, want := range s.edits {
		if is[id] != want.body {
			return fmt.Errorf("comment %d, rewritten by a person: %q, was %q", id, is[id], want.body)
		}
	}
	return nil
}

func (s *story) ledgerHolds() error {
	head := ""
	if len(s.heads) > 0 {
		head = s.heads[len(s.heads)-1]
	}
	v, err := s.store.VerifyLedger(context.Background(), head)
	if err == nil && v.Break != "" {
		err = fmt.Errorf("break: %s", v.Break)
	}
	if err != nil {
		return fmt.Errorf("ledger at %s: %w", head, err)
	}
	return nil
}

// checkQuiet is what must hold when nothing disturbs and nothing is left to do.
func (s *story) checkQuiet() error {
	open, err := s.store.OpenEffects(context.Background())
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return fmt.Errorf("%d effects are not settled, the first %s %s", len(open), open[0].Verb, open[0].State)
	}
	w, err := s.sandbox.World()
	if err != nil {
		return err
	}
	posts := s.posts(&w)
	for _, p := range w.Repositories[0].PullRequests {
		if slices.ContainsFunc(p.Reviews, func(r *github.Review) bool { return r.Author == bot && r.State == github.Pending }) {
			return fmt.Errorf("#%d: a review is left pending", p.Number)
		}
		if p.State != "open" {
			continue
		}
		if err := s.shownAsWanted(p, slices.DeleteFunc(slices.Clone(posts), func(o post) bool { return o.pull != p })); err != nil {
			return fmt.Errorf("#%d: %w", p.Number, err)
		}
	}
	if err := s.tasksAsWanted(); err != nil {
		return err
	}
	return s.anotherRunDoesNothing()
}

// shownAsWanted compares what an open pull request shows with what it should.
func (s *story) shownAsWanted(p *github.PullRequest, posts []post) error {
	wanted, err := s.wanted(p)
	if err != nil {
		return err
	}
	refused, err := s.refused(p.Number)
	if err != nil {
		return err
	}
	live, excused := map[string]int{}, map[string]bool{}
	for _, o := range posts {
		for _, n := range o.about {
			switch {
			case o.edited:
				excused[n] = true
			case o.live:
				live[n]++
			}
			if o.live && !wanted[n] && !o.edited && !o.kept && !refused[n] {
				return fmt.Errorf("%s is on display in %d and should not be", n, o.id)
			}
		}
		if o.edited && o.summary {
			excused[summary] = true
		}
		if t := p.Thread(o.id); t != nil && !o.edited && !o.kept && !s.threads[o.id] && t.Resolved == o.live {
			return fmt.Errorf("comment %d about %v: live %v, its thread resolved %v", o.id, o.about, o.live, t.Resolved)
		}
	}
	taken := s.taken[p.Number]
	for n := range wanted {
		switch {
		case live[n] > 1:
			return fmt.Errorf("%s is on display %d times", n, live[n])
		case live[n] == 0 && !excused[n] && !excused[summary] && !taken[n] && !taken[summary] && !refused[n]:
			return fmt.Errorf("%s should be on display and is not", n)
		}
	}
	return nil
}

// wanted are the problems that a pull request brings and stage and settings let through.
func (s *story) wanted(p *github.PullRequest) (map[string]bool, error) {
	head, err := s.problems(p.HeadSHA)
	if err != nil {
		return nil, err
	}
	base, err := s.problems(p.MergeBase)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for n, f := range head {
		if _, standing := base[n]; !standing && s.letThrough(f) {
			out[n] = true
		}
	}
	return out, nil
}

// letThrough tells whether stage and settings show such a problem to engineers.
func (s *story) letThrough(f found) bool {
	advised := slices.ContainsFunc(s.cohorts(), func(c promoter.Cohort) bool {
		return c.Key == laws[s.rule].cohort(f.severity) && c.Stage >= promoter.Advise
	})
	return advised && laws[s.rule].threshold[f.severity] && laws[s.rule].suppressed != f.rule
}

// refused are the problems in plans that a person rejected.
func (s *story) refused(number int) (map[string]bool, error) {
	ctx := context.Background()
	rejected, err := s.store.Approvals(ctx, promoter.ApprovalRejected)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, a := range rejected {
		for _, i := range a.Items {
			snap, err := s.store.Load(ctx, i.RepoID)
			if err != nil {
				return nil, err
			}
			for _, f := range snap.Findings {
				if f.No == i.Finding && i.PullRequest == number {
					out[problem.FindString(f.Facts.Message)] = true
				}
			}
		}
	}
	return out, nil
}

// anotherRunDoesNothing: no effect in the world, and in the store no more than that there was a run.
func (s *story) anotherRunDoesNothing() error {
	ctx := context.Background()
	world, err := s.visible()
	if err != nil {
		return err
	}
	rows, err := s.store.RowCounts(ctx)
	if err != nil {
		return err
	}
	report, _, err := s.run(&fuse{})
	if err != nil {
		return err
	}
	after, err := s.visible()
	if err != nil {
		return err
	}
	if diff := cmp.Diff(world, after); diff != "" || len(report.Actions) > 0 {
		return fmt.Errorf("an unchanged run has effects: %+v\n%s", report.Actions, diff)
	}
	now, err := s.store.RowCounts(ctx)
	if err != nil {
		return err
	}
	for table, n := range now {
		if n != rows[table] && table != "run" && table != "source_status" && table != "http_cache" {
			return fmt.Errorf("an unchanged run writes: table %s grows by %d", table, n-rows[table])
		}
	}
	return nil
}

// visible is the world without the log of requests.
func (s *story) visible() (string, error) {
	w, err := s.sandbox.World()
	if err != nil {
		return "", err
	}
	shown := []any{w.Repositories, w.Mails}
	if s.jira != nil {
		j, err := s.jira.World()
		if err != nil {
			return "", err
		}
		shown = append(shown, j.Issues, j.Links)
	}
	raw, err := json.MarshalIndent(shown, "", " ")
	return string(raw), err
}
