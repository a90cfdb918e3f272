package alerts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

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
