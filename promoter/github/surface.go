package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// Options of a surface. MarkerKey is required.
type Options struct {
	MarkerKey []byte          // signs markers; at least 16 bytes
	Checks    bool            // checks are written, so merge queues are looked at
	Clock     githubapi.Clock // nil: the system's
	Logger    *zap.Logger
	// SettleDelay is how long Find waits between two looks that find nothing,
	// for a request that is still on its way. Default 5 s.
	SettleDelay time.Duration
}

// Surface carries effects out on one GitHub. It is safe for use by several
// goroutines; two effects on one pull request must not run at a time.
type Surface struct {
	client *githubapi.Client
	opt    Options

	mu    sync.Mutex
	login string // our own
	repos map[string]githubapi.Repository
	// threads by the first comment's id; two effects on one pull request never run at a time
	threads map[place]map[int64]*thread
}

// New returns a surface that writes as the client's identity.
func New(client *githubapi.Client, opt Options) (*Surface, error) {
	if len(opt.MarkerKey) < 16 {
		return nil, errors.New("github surface: the key for markers must have at least 16 bytes")
	}
	if opt.Clock == nil {
		opt.Clock = githubapi.SystemClock{}
	}
	if opt.Logger == nil {
		opt.Logger = zap.NewNop()
	}
	if opt.SettleDelay == 0 {
		opt.SettleDelay = 5 * time.Second
	}
	return &Surface{client: client, opt: opt, repos: map[string]githubapi.Repository{}, threads: map[place]map[int64]*thread{}}, nil
}

// Do carries an effect out and tells what the world shows now. Doing a
// finished effect again changes nothing. Its errors: *promoter.RefusedError
// (a definite no), *promoter.LaterError (nothing anyone can see happened),
// one that wraps promoter.ErrUnknownOutcome (ask Find), or any other for an
// answer that could not be read before anything was written.
func (s *Surface) Do(ctx context.Context, e promoter.Effect) (promoter.Observed, error) {
	t, err := s.at(ctx, e)
	if err != nil {
		return promoter.Observed{}, translate("do "+string(e.Verb), err)
	}
	var seen promoter.Observed
	switch e.Verb {
	case promoter.VerbReview:
		seen, err = t.review(ctx)
	case promoter.VerbSummary:
		seen, err = t.summary(ctx)
	case promoter.VerbEditComment, promoter.VerbEditSummary:
		seen, err = each(e, func(n promoter.Notice) (promoter.ObservedPost, error) { return t.edit(ctx, n) })
	case promoter.VerbResolve, promoter.VerbUnresolve:
		seen, err = each(e, func(n promoter.Notice) (promoter.ObservedPost, error) { return t.resolve(ctx, n) })
	case promoter.VerbReply:
		seen, err = t.reply(ctx)
	case promoter.VerbCheck:
		seen, err = t.check(ctx)
	case promoter.VerbDismiss:
		seen, err = each(e, func(n promoter.Notice) (promoter.ObservedPost, error) { return t.dismiss(ctx, n) })
	case promoter.VerbReopen:
		seen, err = each(e, func(n promoter.Notice) (promoter.ObservedPost, error) { return t.reopen(ctx, n) })
	case promoter.VerbEditCheck:
		seen, err = each(e, func(n promoter.Notice) (promoter.ObservedPost, error) { return t.editCheck(ctx, n) })
	default:
		err = &promoter.RefusedError{Why: fmt.Sprintf("verb %q is unknown to the GitHub surface", e.Verb)}
	}
	seen.Found, seen.Beside = err == nil, t.beside
	return seen, translate("do "+string(e.Verb), err)
}

// Find settles an effect whose outcome is not known, by looking for its token
// and marker. Found is false only after everything was looked through, for
// what creates something twice, SettleDelay apart. It writes where only that
// settles it: an unsubmitted review of ours is deleted, and a check run that
// lacks something is completed.
//
// What was not found may still arrive, minutes late. Done again, a review or a
// check run then stands twice; a second summary is put away by the next Do.
func (s *Surface) Find(ctx context.Context, e promoter.Effect) (promoter.Observed, error) {
	t, err := s.at(ctx, e)
	if err != nil {
		return promoter.Observed{}, translate("find "+string(e.Verb), err)
	}
	var seen promoter.Observed
	switch e.Verb {
	case promoter.VerbReview:
		seen, err = t.findReview(ctx)
	case promoter.VerbSummary:
		seen, err = t.findSummary(ctx)
	case promoter.VerbEditComment, promoter.VerbEditSummary:
		seen, err = t.twice(ctx, func() (promoter.Observed, bool, error) {
			seen, err := t.findEach(func(n promoter.Notice) (promoter.ObservedPost, bool, error) { return t.findEdit(ctx, n) })
			return seen, seen.Found, err
		})
	case promoter.VerbResolve, promoter.VerbUnresolve:
		seen, err = t.findEach(func(n promoter.Notice) (promoter.ObservedPost, bool, error) { return t.findResolve(ctx, n) })
	case promoter.VerbCheck:
		seen, err = t.findCheck(ctx)
	case promoter.VerbDismiss, promoter.VerbReopen:
		seen, err = t.twice(ctx, func() (promoter.Observed, bool, error) {
			seen, err := t.findEach(func(n promoter.Notice) (promoter.ObservedPost, bool, error) { return t.findDismissal(ctx, n) })
			return seen, seen.Found, err
		})
	case promoter.VerbEditCheck:
		seen, err = t.findEach(func(n promoter.Notice) (promoter.ObservedPost, bool, error) { return t.findEditCheck(ctx, n) })
	case promoter.VerbReply:
		seen, err = t.twice(ctx, func() (promoter.Observed, bool, error) {
			seen, _, err := t.findReply(ctx)
			return seen, seen.Found, err
		})
	default:
		err = &promoter.RefusedError{Why: fmt.Sprintf("verb %q is unknown to the GitHub surface", e.Verb)}
	}
	return seen, translate("find "+string(e.Verb), err)
}

func each(e promoter.Effect, do func(promoter.Notice) (promoter.ObservedPost, error)) (promoter.Observed, error) {
	var seen promoter.Observed
	for _, n := range e.Notices {
		post, err := do(n)
		if err != nil {
			return seen, err
		}
		seen.Notices = append(seen.Notices, post)
	}
	return seen, nil
}

// findEach: an effect on several notices happened when it happened to all.
func (t *target) findEach(find func(promoter.Notice) (promoter.ObservedPost, bool, error)) (promoter.Observed, error) {
	var seen promoter.Observed
	for _, n := range t.effect.Notices {
		post, ok, err := find(n)
		if err != nil || !ok {
			return promoter.Observed{}, err
		}
		seen.Notices = append(seen.Notices, post)
	}
	seen.Found = true
	return seen, nil
}

// target is one effect at the place it is for.
type target struct {
	*Surface
	effect promoter.Effect
	repo   githubapi.Repository
	signer signer
	login  string
	beside []string // bots of other scanners that were met
}

func (s *Surface) at(ctx context.Context, e promoter.Effect) (*target, error) {
	if !tokenForm.MatchString(e.Token) || len(e.Notices) == 0 && e.Verb != promoter.VerbReply {
		return nil, &promoter.RefusedError{Why: fmt.Sprintf("effect %d has no usable token or no notices", e.ID)}
	}
	return s.target(ctx, e)
}

func (s *Surface) target(ctx context.Context, e promoter.Effect) (*target, error) {
	login, err := s.self(ctx)
	if err != nil {
		return nil, err
	}
	owner, name, _ := strings.Cut(e.Repository, "/")
	repo, err := s.repository(ctx, promoter.Repository{ExternalID: e.RepositoryID, Owner: owner, Name: name})
	if err != nil {
		return nil, err
	}
	return &target{
		Surface: s, effect: e, repo: repo, login: login,
		signer: signer{key: s.opt.MarkerKey, repository: repo.ExternalID, number: e.Target.PullRequest},
	}, nil
}

// self asks once who we are: markers count only under our own name.
func (s *Surface) self(ctx context.Context) (string, error) {
	s.mu.Lock()
	login := s.login
	s.mu.Unlock()
	if login != "" {
		return login, nil
	}
	login, _, err := s.client.Self(ctx)
	if err == nil && login == "" {
		err = errors.New("ask who we are: GitHub gave no login")
	}
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.login = login
	s.mu.Unlock()
	return login, nil
}

// repository asks once what a name stands for now. Where that is another
// repository than the one that is known by it, which was renamed and its name
// given away, the number is followed.
func (s *Surface) repository(ctx context.Context, known promoter.Repository) (githubapi.Repository, error) {
	r, err := s.once(known.Owner+"/"+known.Name, func() (githubapi.Repository, error) {
		return s.client.Repository(ctx, known.Owner, known.Name)
	})
	if err != nil || known.ExternalID == "" || known.ExternalID == r.ExternalID {
		return r, err
	}
	if r, err = s.byID(ctx, known.ExternalID); err != nil {
		err = fmt.Errorf("%s/%s is another repository by now: %w", known.Owner, known.Name, err)
	}
	return r, err
}

func (s *Surface) byID(ctx context.Context, externalID string) (githubapi.Repository, error) {
	return s.once(externalID, func() (githubapi.Repository, error) { return s.client.RepositoryByID(ctx, externalID) })
}

func (s *Surface) once(key string, ask func() (githubapi.Repository, error)) (githubapi.Repository, error) {
	key = strings.ToLower(key)
	s.mu.Lock()
	r, ok := s.repos[key]
	s.mu.Unlock()
	if ok {
		return r, nil
	}
	r, err := ask()
	if err != nil {
		return r, err
	}
	s.mu.Lock()
	s.repos[key] = r
	s.mu.Unlock()
	return r, nil
}

// path is an address below the repository.
func (t *target) path(format string, args ...any) string {
	return repositoryPath(t.repo) + fmt.Sprintf(format, args...)
}

// pull is an address below the pull request.
func (t *target) pull(rest string) string {
	return t.path("/pulls/%d%s", t.effect.Target.PullRequest, rest)
}

func repositoryPath(r githubapi.Repository) string {
	return "repos/" + r.Owner + "/" + r.Name // as GitHub spells them: no escaping needed
}

// mine tells whether a login is our own; logins ignore case.
func (t *target) mine(login string) bool { return strings.EqualFold(login, t.login) }

// sealed is the whole body of a notice as this effect posts it.
func (t *target) sealed(k kind, n promoter.Notice) string {
	return t.signer.seal(n.Body, marker{kind: k, token: t.effect.Token, notice: n.No})
}
