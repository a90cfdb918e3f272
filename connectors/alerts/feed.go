package alerts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// Kind is one of GitHub's three kinds of alerts, as a source's type names it.
type Kind string

// The kinds.
const (
	CodeScanning   Kind = "code-scanning"
	Dependabot     Kind = "dependabot"
	SecretScanning Kind = "secret-scanning"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{CodeScanning, Dependabot, SecretScanning} }

// Options say what to ask for: all of an organisation, or repositories.
type Options struct {
	Kind         Kind
	Organisation string
	Repositories []string // owner/name
	// Secrets makes the keyed hash that stands for a secret. Secrets themselves
	// are left in the answer they came in.
	Secrets func(string) string
	// Budget is how many requests that cost quota one pull may make; 0: 3,000.
	// What it leaves open comes with the next pull, which has the pages before
	// it for nothing.
	Budget int
	Now    func() time.Time // nil: time.Now
}

// Feed is a connectors.Feed over a GitHub.
type Feed struct {
	client *githubapi.Client
	opt    Options
}

// New checks the options; it asks nothing.
func New(client *githubapi.Client, opt Options) (*Feed, error) {
	if !slices.Contains(Kinds(), opt.Kind) {
		return nil, fmt.Errorf("alerts of kind %q: there are %v", opt.Kind, Kinds())
	}
	if (opt.Organisation == "") == (len(opt.Repositories) == 0) {
		return nil, errors.New("alerts: name an organisation or repositories")
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Budget == 0 {
		opt.Budget = 3000
	}
	return &Feed{client: client, opt: opt}, nil
}

// Documents asks for every alert wanted. A list that could not be read to its
// end leaves the documents made of it lacking; of a repository that cannot be
// read at all there is none, and a problem.
func (f *Feed) Documents(ctx context.Context, w connectors.Wanted) ([]connectors.Document, []connectors.Problem, error) {
	spool, err := newSpool()
	if err != nil {
		return nil, nil, err
	}
	p := &pull{Feed: f, wanted: w, spool: spool, scans: map[string]*scan{}, in: map[string][]*scan{}, branches: map[string]string{}, unread: map[string]error{}}
	p.answered = sync.NewCond(&p.mu)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch f.opt.Kind {
	case CodeScanning:
		err = p.codeScanning(ctx)
	case Dependabot:
		err = readAll[dependabotAlert](ctx, p, dependabotForm())
	case SecretScanning:
		err = readAll[secretAlert](ctx, p, secretForm(f.opt.Secrets))
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	return p.documents(), p.problems, err
}

// Check asks for one alert, and says what came of it. It fails where GitHub does
// not let the token read alerts.
func (f *Feed) Check(ctx context.Context) (said string, err error) {
	below, of := "orgs/"+url.PathEscape(f.opt.Organisation), "organisation "+f.opt.Organisation
	if f.opt.Organisation == "" {
		below, of = "repos/"+escaped(f.opt.Repositories[0]), f.opt.Repositories[0]
	}
	nothing := githubapi.Kept[struct{}]("nothing", nil)
	_, err = f.client.Page(ctx, below+"/"+string(f.opt.Kind)+"/alerts?per_page=1", nothing)
	switch {
	case isOff(err):
		return fmt.Sprintf("%s of %s: switched off there, or nothing was analysed yet", f.opt.Kind, of), nil
	case err != nil:
		return "", err
	}
	return fmt.Sprintf("%s of %s: GitHub tells", f.opt.Kind, of), nil
}

func escaped(full string) string {
	owner, name := Split(full)
	return url.PathEscape(owner) + "/" + url.PathEscape(name)
}

// Split cuts owner/name.
func Split(full string) (owner, name string) {
	owner, name, _ = strings.Cut(full, "/")
	return owner, name
}
