package alerts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
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
	p := &pull{Feed: f, wanted: w, spool: spool, scans: map[string]*scan{}, unread: map[string]error{}}
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

// pull is one reading of a feed.
type pull struct {
	*Feed
	wanted   connectors.Wanted
	spool    *spool
	scans    map[string]*scan // by location
	order    []string
	listed   []githubapi.Repository // of the organisation
	problems []connectors.Problem
	unread   map[string]error // lists of branches that broke off: by repository in lower case, "" for all
	paid     int              // requests that cost quota
	done     int              // steps
	total    int
}

// errBudget ends a pull that has used up what it may spend.
var errBudget = errors.New("this pull has spent its requests; the next one goes on from there")

// readList reads the pages of one list and hands over its alerts.
func readList[A any](ctx context.Context, p *pull, path string, form githubapi.Form, take func(A) error) error {
	unread := 0
	for seen := map[string]bool{}; path != ""; {
		if seen[path] {
			return errors.New("the list goes in circles")
		}
		seen[path] = true
		list, next, err := readPage[A](ctx, p, path, form)
		if err != nil {
			return err
		}
		for _, a := range list.Elements {
			if err := take(a); err != nil {
				return err
			}
		}
		unread += list.Unread
		if path = next; path != "" {
			p.step(1, 1)
		}
	}
	if unread > 0 {
		return fmt.Errorf("%d entries are not what GitHub describes", unread)
	}
	return nil
}

// pageSize is how many alerts every list is asked for at a time.
const pageSize = 100

// readPage reads one page and books what it cost.
func readPage[E any](ctx context.Context, p *pull, path string, form githubapi.Form) (list githubapi.List[E], next string, err error) {
	if p.paid >= p.opt.Budget {
		return list, "", errBudget
	}
	list, page, err := githubapi.ReadPage[E](ctx, p.client, path, form)
	if err == nil && page.Unsure && page.Next == "" && len(list.Elements)+list.Unread >= pageSize {
		form.Fresh = true // a page that is full may have got a successor and stayed as it was
		list, page, err = githubapi.ReadPage[E](ctx, p.client, path, form)
	}
	if err == nil && !page.Stored {
		p.paid++
	}
	return list, page.Next, err
}

// readAll reads the lists of an organisation, or of each repository.
func readAll[A alert](ctx context.Context, p *pull, form githubapi.Form) error {
	if p.opt.Organisation != "" && p.wanted.Repository == "" {
		listErr := p.listRepositories(ctx)
		if p.spent(listErr) {
			p.unread[""] = listErr
			return listErr
		}
		address := p.address("orgs/"+url.PathEscape(p.opt.Organisation), nil)
		p.step(0, 1)
		err := readRepository[A](ctx, p, "", address, form)
		p.step(1, 0)
		if err != nil {
			p.unread[""] = err
			p.lack(nil, err)
		}
		return errors.Join(listErr, wrap(p.opt.Organisation, err))
	}
	return p.each(ctx, p.repositories(), func(full string) error {
		err := readRepository[A](ctx, p, full, p.address("repos/"+escaped(full), nil), form)
		if err != nil {
			p.unread[strings.ToLower(full)] = err
		}
		return err
	})
}

func (p *pull) address(below string, also url.Values) string {
	query := url.Values{"per_page": {"100"}, "sort": {"created"}, "direction": {"asc"}}
	if p.opt.Kind == SecretScanning {
		query.Set("after", "") // cursors, please: numbers are its default
	}
	for name, values := range also {
		query[name] = values
	}
	return below + "/" + string(p.opt.Kind) + "/alerts?" + query.Encode()
}

// readRepository reads one list into scans. full is the repository it is of, ""
// where each alert names its own.
func readRepository[A alert](ctx context.Context, p *pull, full, address string, form githubapi.Form) error {
	return readList(ctx, p, address, form, func(a A) error { return p.put(a, full) })
}

// each goes through repositories. One that cannot be read is a problem and
// keeps no other from being read; when GitHub does not answer or asks for time,
// the rest is left for the next run. Which is first differs from run to run, so
// that a pull that never gets to its end still gets to everyone.
func (p *pull) each(ctx context.Context, all []string, read func(full string) error) error {
	p.step(0, len(all))
	from := 0
	if len(all) > 0 {
		from = p.first(len(all))
	}
	for i := range all {
		full := all[(i+from)%len(all)]
		err := read(full)
		p.step(1, 0)
		if err == nil {
			continue
		}
		p.lack(func(s *scan) bool { return strings.EqualFold(s.context.Repository(), full) }, err)
		if isOff(err) {
			continue
		}
		if p.spent(err) {
			return fmt.Errorf("%s: read %d of %d repositories: %w", p.opt.Kind, i, len(all), err)
		}
		p.problems = append(p.problems, Problem(full, err))
	}
	return nil
}

func (p *pull) first(n int) int {
	return rand.New(rand.NewPCG(uint64(p.opt.Now().UnixNano()), 0)).IntN(n)
}

// spent tells whether an error is one after which nothing more is to be asked.
func (p *pull) spent(err error) bool {
	var rate *githubapi.RateLimitError
	var down *githubapi.UnavailableError
	return errors.Is(err, errBudget) || errors.As(err, &rate) || errors.As(err, &down) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// repositories are those wanted of the ones that were named.
func (p *pull) repositories() []string {
	if p.wanted.Repository == "" {
		return p.opt.Repositories
	}
	owner, _, _ := strings.Cut(p.wanted.Repository, "/")
	named := slices.ContainsFunc(p.opt.Repositories, func(full string) bool { return strings.EqualFold(full, p.wanted.Repository) })
	if named || p.opt.Organisation != "" && strings.EqualFold(owner, p.opt.Organisation) {
		return []string{p.wanted.Repository}
	}
	return nil
}

func (p *pull) step(done, more int) {
	p.done, p.total = p.done+done, p.total+more
	if p.wanted.Progress != nil {
		p.wanted.Progress(p.done, p.total)
	}
}

// documents are the scans, in the order in which they were met.
func (p *pull) documents() []connectors.Document {
	out := make([]connectors.Document, 0, len(p.order))
	for _, location := range p.order {
		if d, err := p.document(location, p.scans[location]); err != nil {
			p.problems = append(p.problems, Problem(location, err))
		} else {
			out = append(out, d)
		}
	}
	return out
}

// Problem says what is wrong with a source or a part of it, and what to do.
func Problem(path string, err error) connectors.Problem {
	out := connectors.Problem{Path: path, Reason: err.Error(), Advice: "what was known of it stays as it is; the next run asks again"}
	var refused *githubapi.RefusedError
	if errors.As(err, &refused) {
		out.Reason = fmt.Sprintf("GitHub refuses to tell: %d %s", refused.Status, refused.Message)
		if mend := refused.Mend(); mend != "" {
			out.Advice = mend
		}
	}
	return out
}

// isOff tells whether GitHub has no such alerts of a repository because nobody
// switched them on, which is no failure.
func isOff(err error) bool {
	var refused *githubapi.RefusedError
	if !errors.As(err, &refused) || refused.Status != 403 && refused.Status != 404 {
		return false
	}
	said := strings.ToLower(refused.Message)
	for _, words := range []string{"no analysis found", "disabled", "not enabled", "must be enabled", "not available for archived"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
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

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
