package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// A store can be older than the world: it was restored from a backup. Then it
// does not know what was shown since, and must not show it again. So before
// something new is shown, what is there is looked at: in a pull request its own
// comments, in the tracker the tokens of the newest tasks. A token that no
// effect has is the sign, and what carries one is adopted.

// Adopted is a notice that the world had and the store did not.
type Adopted struct {
	Repository  string               `json:"repository"`
	PullRequest int                  `json:"pull_request"`
	Surface     promoter.Surface     `json:"surface"`
	Group       string               `json:"group"`
	State       promoter.NoticeState `json:"state"`
	URL         string               `json:"url"`
}

// Strange is something of ours about which nothing is known.
type Strange struct {
	Repository  string `json:"repository"`
	PullRequest int    `json:"pull_request"`
	URL         string `json:"url"`
}

// adopt returns what stands in a pull request, as far as the store knows or can
// learn it.
func (d *decider) adopt(ctx context.Context, t promoter.Target, claims []promoter.Claim) ([]promoter.Notice, error) {
	have := noticesAt(d.book.snap.Notices, t.PullRequest)
	shown := onDisplay(have)
	if !d.Recovering && !slices.ContainsFunc(claims, func(c promoter.Claim) bool { return !c.Hold && shown[c.Finding] == "" }) {
		return have, nil
	}
	var posts []promoter.StandingPost
	err := d.patience.ask(d.book.repo().FullName(), func() (err error) {
		posts, err = d.Platform.Standing(ctx, d.repos[t.RepoID], t.PullRequest)
		return err
	})
	if err != nil {
		return nil, err
	}
	if posts, err = unknown(d.keep, d.Store, posts, func(p promoter.StandingPost) string { return p.Token }); err != nil || len(posts) == 0 {
		return have, err
	}
	adopted, strange := promoter.AdoptPosts(promoter.Adoption{
		Target: t, Claims: claims, Have: have, Posts: posts, NextNo: d.book.next.Notice, Render: d.Renderer, Now: d.book.at,
	})
	for _, n := range adopted {
		if same(n, noticeNo(have, n.No)) {
			continue
		}
		d.book.next.Notice = max(d.book.next.Notice, n.No+1)
		d.book.notices = append(d.book.notices, n)
		d.book.shown = append(d.book.shown, d.shown([]promoter.Notice{n})...)
		d.book.snap.Notices = put(d.book.snap.Notices, n)
		d.bookAdopted(d.book.repo(), n)
	}
	for _, post := range strange {
		d.bookStrange(Strange{d.book.repo().FullName(), t.PullRequest, post.Remote.URL})
	}
	have = noticesAt(d.book.snap.Notices, t.PullRequest)
	d.book.adopted = append(d.book.adopted, adoptedEffects(t, d.book.repo(), posts, have, func(p promoter.StandingPost) (string, int64) { return p.Token, p.Remote.ID })...)
	return have, nil
}

func noticeNo(all []promoter.Notice, no int64) promoter.Notice {
	i := slices.IndexFunc(all, func(n promoter.Notice) bool { return n.No == no })
	if i < 0 {
		return promoter.Notice{}
	}
	return all[i]
}

// adoptedEffects are those that wrote what stands there, as done: with that
// their tokens are known, and nothing is adopted twice. One that wrote something
// of which nothing is known stays out, so that this can be adopted yet.
func adoptedEffects[T any](t promoter.Target, repo promoter.Repository, standing []T, have []promoter.Notice, of func(T) (token string, remote int64)) []promoter.Effect {
	verbs := map[promoter.Surface]promoter.Verb{
		promoter.SurfaceReview: promoter.VerbReview, promoter.SurfaceSummary: promoter.VerbSummary, promoter.SurfaceTask: promoter.VerbTask,
	}
	wrote := map[string]promoter.Verb{}
	for _, one := range standing {
		token, remote := of(one)
		i := slices.IndexFunc(have, func(n promoter.Notice) bool { return n.Remote.ID == remote })
		if verb, met := wrote[token]; i < 0 || met && verb == "" {
			wrote[token] = ""
		} else {
			wrote[token] = verbs[have[i].Surface]
		}
	}
	var out []promoter.Effect
	for _, token := range slices.Sorted(maps.Keys(wrote)) {
		if verb := wrote[token]; token != "" && verb != "" {
			out = append(out, promoter.Effect{Verb: verb, Target: t, Repository: repo.FullName(), Token: token, Reason: "adopted"})
		}
	}
	return out
}

// shownAlready leaves the claims that are on display.
func shownAlready(claims []promoter.Claim, have []promoter.Notice) []promoter.Claim {
	return slices.DeleteFunc(slices.Clone(claims), func(c promoter.Claim) bool {
		return !slices.ContainsFunc(have, func(n promoter.Notice) bool { return promoter.Shows(n, c.Finding) })
	})
}

// unknown leaves those whose token no effect has.
func unknown[T any](ctx context.Context, s store.Outbox, all []T, token func(T) string) ([]T, error) {
	tokens := make([]string, len(all))
	for i, one := range all {
		tokens[i] = token(one)
	}
	known, err := s.KnownTokens(ctx, tokens)
	return slices.DeleteFunc(all, func(one T) bool { return known[token(one)] }), err
}

// put replaces the notice with this number, or adds it.
func put(all []promoter.Notice, n promoter.Notice) []promoter.Notice {
	if i := slices.IndexFunc(all, func(o promoter.Notice) bool { return o.No == n.No }); i >= 0 {
		all[i] = n
		return all
	}
	return append(all, n)
}

func (r *runner) bookAdopted(repo promoter.Repository, n promoter.Notice) {
	a := Adopted{repo.FullName(), n.Target.PullRequest, n.Surface, n.Group, n.State, n.Remote.URL}
	r.report.Adopted = append(r.report.Adopted, a)
	r.dirty[repo.ID] = true
	r.Log.Warn("adopted what the store did not know", zap.String("repository", a.Repository), zap.Int("pull_request", a.PullRequest),
		zap.String("surface", string(a.Surface)), zap.String("group", a.Group), zap.String("state", string(a.State)), zap.String("url", a.URL))
	r.report.warn("the store is older than the world (a restored backup?): what was shown since is adopted, and moves, verdicts and answers given since are lost")
}

func (r *runner) bookStrange(s Strange) {
	if !slices.Contains(r.report.Strange, s) {
		r.report.Strange = append(r.report.Strange, s)
		r.report.warn(fmt.Sprintf("%s is ours and about nothing that is known: look at it, and withdraw it by hand if it is wrong", s.URL))
	}
}

// adoptTasks looks at the tracker before tasks are made. Where it knows of some
// that the store does not, all of them are read.
func (r *runner) adoptTasks(ctx context.Context) error {
	if r.Tracker == nil || !r.Recovering && !r.wouldMake() {
		return nil
	}
	if !r.Recovering {
		var tokens []string
		err := r.tracker.patience.ask("", func() (err error) {
			tokens, err = r.Tracker.Newest(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if tokens, err = unknown(r.keep, r.Store, tokens, func(t string) string { return t }); err != nil || len(tokens) == 0 {
			return err
		}
	}
	all, err := r.Tracker.StandingTasks(ctx)
	if err != nil {
		return err
	}
	of := map[string][]promoter.StandingTask{}
	for _, st := range all {
		of[st.Repository] = append(of[st.Repository], st)
	}
	for i := range r.tasks {
		w := &r.tasks[i]
		adopted, strange := promoter.AdoptTasks(r.taskPlanning(*w), w.tasks.Claims, of[w.repo.FullName()])
		for _, n := range adopted {
			w.nextNo = max(w.nextNo, n.No+1)
			w.tasks.Have = put(w.tasks.Have, n)
			w.adopted = append(w.adopted, n)
			r.bookAdopted(w.repo, n)
		}
		w.effects = adoptedEffects(promoter.Target{RepoID: w.repo.ID}, w.repo, of[w.repo.FullName()], w.tasks.Have, func(st promoter.StandingTask) (string, int64) { return st.Token, st.Remote.ID })
		delete(of, w.repo.FullName())
		for _, st := range strange {
			r.bookStrange(Strange{Repository: w.repo.FullName(), URL: st.Remote.URL})
		}
	}
	if r.sel == (Selection{}) && r.Recovering && len(r.unsure) == 0 { // else there are repositories that were not looked at
		for _, name := range slices.Sorted(maps.Keys(of)) {
			for _, st := range of[name] {
				if !st.Closed && st.Cause == "" {
					r.bookStrange(Strange{Repository: name, URL: st.Remote.URL})
				}
			}
		}
	}
	return nil
}

// wouldMake tells whether any claim is in no task that is known.
func (r *runner) wouldMake() bool {
	return slices.ContainsFunc(r.tasks, func(w taskWork) bool {
		return slices.ContainsFunc(w.tasks.Claims, func(c promoter.Claim) bool {
			return !c.Hold && !(c.Backlog && len(r.allowance.Campaigns) == 0) && !slices.ContainsFunc(w.tasks.Have, func(n promoter.Notice) bool { return promoter.Shows(n, c.Finding) })
		})
	})
}
