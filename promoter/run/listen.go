package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Listener hears what people say where notices are shown. Its errors are those
// of a Platform.
type Listener interface {
	// Listen reads what people say in one pull request beside the notices, or
	// to us, without our own words.
	Listen(ctx context.Context, r promoter.Repository, pullRequest int, notices []promoter.Notice) (promoter.Hearing, error)
	// MayAnswer tells whether a person has write access.
	MayAnswer(ctx context.Context, r promoter.Repository, login string) (bool, error)
	// Acknowledge shows on a comment that it was read. Doing it twice shows it once.
	Acknowledge(ctx context.Context, r promoter.Repository, comment string) error
}

// How long is listened: people answer late, but not for ever, and hardly after
// their pull request is closed.
const (
	listenFor   = 60 * 24 * time.Hour // since something was shown
	listenAfter = 7 * 24 * time.Hour  // after the pull request was closed
)

// mostReplies is how many questions a run answers: anybody may ask, and what
// the platform lets us write is for comments and their withdrawal first.
const mostReplies = 30

// listen collects what people said since the last run, acknowledges it and
// answers what was asked.
func (r *runner) listen(ctx context.Context) error {
	now := r.Now().UTC()
	if _, err := r.Store.JoinPeople(r.keep, aliases(r.Settings.People)); err != nil {
		return err
	}
	if _, err := r.Store.EndDispositions(r.keep, now, now); err != nil {
		return err
	}
	if err := r.listenToTasks(ctx); err != nil {
		return err
	}
	if r.Listener == nil {
		return nil
	}
	targets, err := r.Store.Conversations(ctx, now.Add(-listenFor), now.Add(-listenAfter))
	if err != nil {
		return err
	}
	targets = slices.DeleteFunc(targets, func(t promoter.Target) bool {
		return !r.sel.has(r.repos[t.RepoID].FullName()) || !r.sel.hasChange(t.PullRequest)
	})
	r.step("listening", len(targets))
	for i, t := range targets {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.done(1)
		if _, gone := r.unseen[t.RepoID]; gone {
			continue
		}
		l := listening{runner: r, target: t, repo: r.repos[t.RepoID]}
		if err := l.listen(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.outOfSight(ctx, t.RepoID, err) {
				continue
			}
			r.report.trouble("listen", fmt.Errorf("%s#%d: %w", l.repo.FullName(), t.PullRequest, err))
		}
		if left := len(targets) - i - 1; left > 0 && !r.patience.over() {
			r.report.trouble("listen", &promoter.LaterError{Why: fmt.Sprintf("%d pull requests were not listened to: the platform does not answer, or asked for time", left)})
			return nil
		}
	}
	return nil
}

// aliases joins the logins of one person, also those that several entries of
// the settings share.
func aliases(people []settings.Person) [][]promoter.Alias {
	var groups [][]promoter.Alias
	for _, p := range people {
		group := []promoter.Alias{}
		for _, a := range []promoter.Alias{{System: "github", Login: p.GitHub}, {System: "jira", Login: p.Jira}} {
			if a.Login != "" {
				group = append(group, a)
			}
		}
		for i := 0; i < len(groups); {
			if slices.ContainsFunc(groups[i], func(a promoter.Alias) bool { return slices.ContainsFunc(group, a.Same) }) {
				group = append(groups[i], group...)
				groups = slices.Delete(groups, i, i+1)
				continue
			}
			i++
		}
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// listening is what is done about one pull request.
type listening struct {
	*runner
	target  promoter.Target
	repo    promoter.Repository
	notices []promoter.Notice
	snap    *store.Snapshot // loaded when something has to be explained
}

func (l *listening) listen(ctx context.Context) (err error) {
	if l.notices, err = l.Store.NoticesAt(ctx, l.target); err != nil {
		return err
	}
	heeded, err := l.heed(ctx)
	if err != nil {
		return err
	}
	rec := store.Recording{RunID: l.id, At: l.Now().UTC(), Verdicts: heeded.Verdicts, Retract: heeded.Retract, Heard: heeded.Heard}
	if err := l.Store.Record(l.keep, rec); err != nil {
		return err
	}
	l.report.Heard.Answers += len(heeded.Verdicts)
	l.report.Heard.TakenBack += len(heeded.Retract)
	if l.DryRun || l.Recovering {
		return nil
	}
	if err := l.acknowledge(ctx, heeded.Acks); err != nil {
		return err
	}
	return l.reply(ctx, heeded.Replies)
}

// heed hears what is said and says what follows.
func (l *listening) heed(ctx context.Context) (promoter.Heeded, error) {
	var hearing promoter.Hearing
	err := l.patience.ask(l.repo.FullName(), func() (err error) {
		hearing, err = l.Listener.Listen(ctx, l.repo, l.target.PullRequest, l.notices)
		return err
	})
	if err != nil {
		return promoter.Heeded{}, err
	}
	standing, err := l.Store.Verdicts(ctx, store.VerdictQuery{RepoID: l.target.RepoID, PullRequest: l.target.PullRequest, Standing: true})
	if err != nil {
		return promoter.Heeded{}, err
	}
	heard, err := l.Store.Heard(ctx, l.target.RepoID, l.target.PullRequest)
	if err != nil {
		return promoter.Heeded{}, err
	}
	return promoter.Heed(promoter.Listening{
		Target: l.target, Notices: l.notices, Hearing: hearing, Heard: heard, Now: l.Now().UTC(),
		Standing: slices.DeleteFunc(standing, func(v promoter.Verdict) bool {
			return v.Source != promoter.FromReaction && v.Source != promoter.FromReply
		}),
		MayAnswer: func(login string) (bool, error) { return l.mayAnswer(ctx, l.repo, login) },
		Person: func(login string) (int64, error) {
			ids, err := l.Store.EnsurePeople(l.keep, promoter.Alias{System: "github", Login: login})
			if err != nil {
				return 0, err
			}
			return ids[0], nil
		},
	})
}

type memberKey struct {
	repo  int64
	login string
}

// mayAnswer asks once a run for each person and repository.
func (r *runner) mayAnswer(ctx context.Context, repo promoter.Repository, login string) (may bool, err error) {
	key := memberKey{repo.ID, strings.ToLower(login)}
	if may, known := r.members[key]; known {
		return may, nil
	}
	err = r.patience.ask(repo.FullName(), func() (err error) {
		may, err = r.Listener.MayAnswer(ctx, repo, login)
		return err
	})
	if err == nil {
		r.members[key] = may
	}
	return may, err
}

func (l *listening) acknowledge(ctx context.Context, all []promoter.Heard) error {
	for _, h := range all {
		err := l.patience.ask(l.repo.FullName(), func() error { return l.Listener.Acknowledge(ctx, l.repo, h.Comment) })
		if err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		h.Acked = l.Now().UTC()
		if err := l.Store.Record(l.keep, store.Recording{RunID: l.id, At: h.Acked, Heard: []promoter.Heard{h}}); err != nil {
			return err
		}
	}
	return nil
}

// reply answers in words, each answer an effect of its own. A pause holds
// answers back too.
func (l *listening) reply(ctx context.Context, owed []promoter.Owed) error {
	writer, can := l.Renderer.(promoter.Correspondent)
	if !can || l.Platform == nil {
		return nil
	}
	for _, o := range owed {
		if why := l.notToReply(ctx); why != "" {
			l.dirty[l.repo.ID] = true
			l.logEffect(zapcore.InfoLevel, l.repo.FullName(), l.target.PullRequest, promoter.VerbReply, string(outcomeDeferred), zap.String("detail", why))
			return nil
		}
		answer, err := l.answer(ctx, o)
		if err != nil {
			return err
		}
		if err := l.send(ctx, o.Heard, writer.Reply(answer)); err != nil {
			return err
		}
	}
	return nil
}

func (l *listening) notToReply(ctx context.Context) string {
	switch {
	case ctx.Err() != nil:
		return "the run was asked to stop"
	case l.blocked[l.target]:
		return "an earlier effect on this pull request is not settled"
	case l.refused[l.repo.ID] != "":
		return l.refused[l.repo.ID]
	case l.pause.Active(l.Now()):
		return string(promoter.DeferPaused)
	case l.report.Heard.Replies >= mostReplies:
		return fmt.Sprintf("%d questions were answered in this run", mostReplies)
	case !l.patience.over():
		return "the platform does not answer, or asked us to wait"
	}
	return ""
}

func (l *listening) send(ctx context.Context, h promoter.Heard, body string) error {
	e := promoter.Effect{
		Verb: promoter.VerbReply, Target: l.target, Repository: l.repo.FullName(), RepositoryID: l.repo.ExternalID, Token: l.Token(), RunID: l.id, State: promoter.EffectIntended,
		Reason: "asked: " + h.Topic, Reply: &promoter.Reply{Comment: h.Comment, Topic: h.Topic, Body: body},
	}
	if i := slices.IndexFunc(l.notices, func(n promoter.Notice) bool { return n.No == h.Notice }); i >= 0 {
		e.Notices = []promoter.Notice{l.notices[i]}
	}
	if err := l.Store.Intend(l.keep, &e); err != nil {
		return fmt.Errorf("intend reply: %w", err)
	}
	if err := l.Store.Sent(l.keep, e.ID, l.timeAt(e.Verb)); err != nil {
		return fmt.Errorf("send reply: %w", err)
	}
	seen, err := l.Platform.Do(ctx, e)
	err = l.patience.heard(e.Repository, err)
	s, outcome := l.judge(e, e.Notices, seen, err)
	if err := l.Store.Settle(l.keep, s); err != nil {
		return fmt.Errorf("settle reply: %w", err)
	}
	l.logEffect(zapcore.InfoLevel, e.Repository, l.target.PullRequest, e.Verb, string(outcome), zap.String("detail", s.Error))
	switch outcome {
	case outcomeDone:
		l.report.Heard.Replies++
		h.Replied = s.At
		return l.Store.Record(l.keep, store.Recording{RunID: l.id, At: s.At, Heard: []promoter.Heard{h}})
	case outcomeUnknown:
		l.blocked[l.target] = true
	}
	if s.State == promoter.EffectCancelled && ctx.Err() != nil {
		return nil
	}
	return err
}

// answer says what is to be told.
func (l *listening) answer(ctx context.Context, o promoter.Owed) (promoter.Answer, error) {
	a := promoter.Answer{Topic: o.Heard.Topic, Problem: o.Problem, Ask: groupIn(l.Settings, l.repo, "").Ask}
	if a.Topic != promoter.TopicWhy {
		return a, nil
	}
	if l.snap == nil {
		var err error
		if l.snap, err = l.Store.Load(ctx, l.repo.ID); err != nil {
			return a, err
		}
	}
	b := newBook(l.snap, l.id, l.Now().UTC())
	d := newDecider(l.runner, b)
	for _, no := range l.askedAbout(o.Heard) {
		if b.findings[no] != nil {
			a.Findings = append(a.Findings, d.explain(no, l.target.PullRequest))
		}
	}
	slices.SortStableFunc(a.Findings, func(x, y promoter.Explanation) int {
		return cmp.Compare(y.Finding.Severity, x.Finding.Severity)
	})
	return a, nil
}

func (l *listening) askedAbout(h promoter.Heard) []int64 {
	i := slices.IndexFunc(l.notices, func(n promoter.Notice) bool { return n.No == h.Notice })
	if i < 0 {
		return nil
	}
	return promoter.OnDisplayAt(l.notices[i], h.At)
}
