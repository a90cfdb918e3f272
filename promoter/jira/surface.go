package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	client "github.com/andygrunwald/go-jira"
	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
)

// Deployment is which Jira it is.
type Deployment string

// The deployments. Cloud is spoken to in version 3 of its interface, Data
// Center in version 2.
const (
	Cloud      Deployment = "cloud"
	DataCenter Deployment = "datacenter"
)

// Clock tells the time and waits. Sleep returns early with the context's error.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Config says which Jira, as whom, and where its tasks go. URL, Deployment and
// Clock are required.
type Config struct {
	URL        string // as people open it: https://acme.atlassian.net/ or https://jira.example/
	Deployment Deployment
	// User and Token are an e-mail address and its API token on Cloud, a
	// personal access token alone on Data Center (with a User: a password).
	// Without a Token, Transport brings the credentials.
	User, Token string
	Transport   http.RoundTripper // every request goes through it; nil: http.DefaultTransport
	Routes      []settings.Route  // those without a jira part are ignored
	People      []settings.Person // joins a route's assignee to an account of Jira's
	Clock       Clock
	Log         *zap.Logger   // nil: none
	Timeout     time.Duration // of one request; 0: 30 s
	MaxWait     time.Duration // a longer wait for a rate becomes a LaterError; 0: 60 s
	SecondLook  time.Duration // between the two searches of Find; 0: 3 minutes
}

// Surface carries effects out on one Jira. It is safe for use by several
// goroutines; two effects on one issue must not run at a time.
type Surface struct {
	client *client.Client
	base   string // ends in /
	config Config
	write  markup

	mu      sync.Mutex
	me      string // our own account
	epic    string // Data Center: the field an epic's key goes in
	fields  map[string]string
	refused map[string]refusal
	empty   time.Time // the bucket, until then
}

// New checks the configuration; it sends nothing.
func New(c Config) (*Surface, error) {
	base, err := url.Parse(strings.TrimSuffix(c.URL, "/") + "/")
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || (base.Scheme != "https" && base.Scheme != "http") {
		return nil, errors.New("jira: url must be the address people open Jira at, such as https://acme.atlassian.net/, without credentials in it")
	}
	if c.Deployment != Cloud && c.Deployment != DataCenter {
		return nil, fmt.Errorf("jira: deployment %q is neither %s nor %s", c.Deployment, Cloud, DataCenter)
	}
	if c.Clock == nil {
		return nil, errors.New("jira: a clock is needed")
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.MaxWait == 0 {
		c.MaxWait = time.Minute
	}
	if c.SecondLook == 0 {
		c.SecondLook = 3 * time.Minute
	}
	transport := &http.Client{Transport: authenticated(c), CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // credentials go to one host, and a POST that is sent on becomes a GET
	}}
	api, err := client.NewClient(transport, base.String())
	if err != nil {
		return nil, fmt.Errorf("jira: %w", err)
	}
	return &Surface{client: api, base: base.String(), config: c, write: NewRenderer(c.Deployment).write, refused: map[string]refusal{}}, nil
}

func authenticated(c Config) http.RoundTripper {
	switch {
	case c.Token == "":
		return c.Transport
	case c.User != "":
		return &client.BasicAuthTransport{Username: c.User, Password: c.Token, Transport: c.Transport}
	default:
		return &client.BearerAuthTransport{Token: c.Token, Transport: c.Transport}
	}
}

// Why an issue is left as it is.
const (
	KeptEdited  = "edited by a person"
	KeptWorking = "somebody is working on it"
)

// Do carries an effect with one notice out and tells what Jira shows now. Its
// errors: *promoter.RefusedError (a definite no; with a Mend it is the
// configuration's and meets every task of the route), *promoter.LaterError
// (nothing happened that doing it again would repeat), one that wraps promoter.ErrUnknownOutcome (ask Find),
// or any other for an answer that could not be read before anything was
// written. Of its verbs
//
//   - VerbTask sends its POST once and never looks before: after any doubt
//     ask Find first. The issue has its priority, security level, epic and
//     fields from the start. Notice.Body is what Renderer.Task wrote.
//   - VerbEditTask writes title, description and due date where nobody
//     changed them, and Kept says that nothing was left to write. From an
//     issue that was handed back it takes the label and says why; it leaves
//     the status.
//   - VerbLinkTask links the issue to each of Task.Links, each once.
//   - VerbHandBack comments Notice.Body (Renderer.HandBack), labels by
//     Notice.Cause and moves the issue as its route says. While somebody works
//     on it, it stays where it is; unless it is fixed, Kept says so.
//
// Doing one of the last three again changes nothing. Closed says that a person
// closed the issue, and that nothing was written.
func (s *Surface) Do(ctx context.Context, e promoter.Effect) (promoter.Observed, error) {
	t, err := s.task(e)
	if err != nil {
		return promoter.Observed{}, err
	}
	if e.Verb == promoter.VerbTask && t.place.Project == "" {
		return promoter.Observed{}, &promoter.RefusedError{
			Why:  fmt.Sprintf("route %q has no jira part", t.notice.Task.Route),
			Mend: "give the route a jira part in settings.yaml, or take the task surface from the policy",
		}
	}
	if err := s.remembered(t.key()); err != nil {
		return promoter.Observed{}, err
	}
	var post promoter.ObservedPost
	switch e.Verb {
	case promoter.VerbTask:
		post, err = t.create(ctx)
	case promoter.VerbEditTask:
		post, err = t.edit(ctx, true)
	case promoter.VerbLinkTask:
		post, err = t.link(ctx, true)
	case promoter.VerbHandBack:
		post, err = t.handBack(ctx, true)
	default:
		err = &promoter.RefusedError{Why: fmt.Sprintf("verb %q is unknown to the Jira surface", e.Verb)}
	}
	return t.outcome("do", post, err)
}

// Find settles an effect whose outcome is not known. It is for the caller to wait
// until Effect.LookFrom: what is still on its way is not found.
//
// For VerbTask it searches for the token; finding nothing, it waits for
// Config.SecondLook on the Clock and searches again (interrupted, it returns a
// LaterError). Only then is Found false, and the effect can be done again with
// the same token. Of several issues the oldest is adopted; the others are
// linked to it and handed over. One that another account made of this very
// notice may be ours, from before the account was changed: the outcome stays
// unknown. For the other verbs it reads the issue.
func (s *Surface) Find(ctx context.Context, e promoter.Effect) (promoter.Observed, error) {
	t, err := s.task(e)
	if err != nil {
		return promoter.Observed{}, err
	}
	var post promoter.ObservedPost
	switch e.Verb {
	case promoter.VerbTask:
		post, err = t.find(ctx)
	case promoter.VerbEditTask:
		post, err = t.edit(ctx, false)
	case promoter.VerbLinkTask:
		post, err = t.link(ctx, false)
	case promoter.VerbHandBack:
		post, err = t.handBack(ctx, false)
	default:
		err = &promoter.RefusedError{Why: fmt.Sprintf("verb %q is unknown to the Jira surface", e.Verb)}
	}
	if errors.Is(err, errNotThere) {
		return promoter.Observed{}, nil
	}
	return t.outcome("find", post, err)
}

// errNotThere says that an effect did not happen.
var errNotThere = errors.New("not there")

// task is one effect on one issue.
type task struct {
	*Surface
	effect promoter.Effect
	notice promoter.Notice
	route  settings.Route
	place  settings.JiraRoute
}

var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (s *Surface) task(e promoter.Effect) (*task, error) {
	if !tokenForm.MatchString(e.Token) || len(e.Notices) != 1 || e.Notices[0].Task == nil {
		return nil, &promoter.RefusedError{Why: fmt.Sprintf("effect %d has no usable token or not one task", e.ID)}
	}
	t := &task{Surface: s, effect: e, notice: e.Notices[0]}
	if e.Verb != promoter.VerbTask && t.notice.Remote.ID == 0 {
		return nil, &promoter.RefusedError{Why: fmt.Sprintf("notice %d was never created", t.notice.No)}
	}
	for _, r := range s.config.Routes {
		if r.Name == t.notice.Task.Route && r.Jira != nil {
			t.route, t.place = r, *r.Jira
			return t, nil
		}
	}
	return t, nil // its route was removed since; what is there can still be tended
}

// outcome puts a post and an error into the loop's words.
func (t *task) outcome(what string, post promoter.ObservedPost, err error) (promoter.Observed, error) {
	if err = t.judge(what, err); err != nil {
		return promoter.Observed{}, err
	}
	return promoter.Observed{Found: true, Notices: []promoter.ObservedPost{post}}, nil
}

// label is what an effect's issue is found by.
func (t *task) label() string { return labelPrefix + t.effect.Token }

const (
	labelOurs      = "sluice"           // on every issue we make
	labelPrefix    = "sluice-"          // and the token
	labelWithdrawn = "sluice-withdrawn" // handed back
	labelFixed     = "sluice-fixed"
)
