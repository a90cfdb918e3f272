package alerts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// pull is one reading of a feed. Whoever works on it holds mu, and lets go of it
// while GitHub is asked; see away.
type pull struct {
	*Feed
	mu       sync.Mutex
	wanted   connectors.Wanted
	spool    *spool
	scans    map[string]*scan   // by location
	in       map[string][]*scan // by repository in lower case
	order    []string
	listed   []githubapi.Repository // of the organisation
	branches map[string]string      // its default branches, by repository in lower case; a long pull outlasts what the client remembers
	problems []connectors.Problem
	unread   map[string]error // lists of branches that broke off: by repository in lower case, "" for all
	paid     int              // requests that cost quota
	asking   int              // requests under way, of which nobody knows yet
	answered *sync.Cond       // there is one less of them
	silent   int              // repositories in a row about which GitHub gave no answer
	done     int              // steps
	total    int
}

// errBudget ends a pull that has used up what it may spend.
var errBudget = errors.New("this pull has spent its requests; the next one goes on from there")

// workers is how many repositories are read at a time: one that GitHub is slow
// about keeps one of them waiting, and no other.
const workers = 8

// outage is how many repositories in a row GitHub has to give no answer about
// to be taken for down.
const outage = 5

// each goes through repositories. One that cannot be read is a problem and
// keeps no other from being read; when GitHub is down or asks for time, the rest
// is left for the next run. Which is first differs from run to run, so that a
// pull that never gets to its end still gets to everyone.
func (p *pull) each(ctx context.Context, all []string, read func(full string) error) error {
	count := 0
	var over error
	p.together(len(all), func(i int) bool {
		err := read(all[i])
		if count++; err == nil {
			p.silent = 0
			return true
		}
		p.lackIn(all[i], err)
		switch {
		case isOff(err):
		case p.ends(err):
			if over == nil {
				over = fmt.Errorf("%s: read %d of %d repositories: %w", p.opt.Kind, count-1, len(all), err)
			}
		default:
			p.problems = append(p.problems, Problem(all[i], err))
		}
		return over == nil
	})
	return over
}

// together does n things, several at a time, until one says that it is enough.
func (p *pull) together(n int, do func(i int) (more bool)) {
	if n == 0 {
		return
	}
	p.step(0, n)
	from, next := p.first(n), 0
	var all sync.WaitGroup
	work := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for next < n {
			i := (from + next) % n
			next++
			if !do(i) {
				next = n
			}
			p.step(1, 0)
		}
	}
	p.away(func() {
		for range min(workers, n) {
			all.Go(work)
		}
		all.Wait()
	})
}

// away lets others work on the pull while GitHub is asked.
func (p *pull) away(ask func()) {
	p.mu.Unlock()
	defer p.mu.Lock()
	ask()
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

// ends tells whether an error about one repository is one after which nothing
// more is to be asked about any.
func (p *pull) ends(err error) bool {
	var down *githubapi.UnavailableError
	if !errors.As(err, &down) {
		p.silent = 0
		return p.spent(err)
	}
	p.silent++
	return p.silent >= outage
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
