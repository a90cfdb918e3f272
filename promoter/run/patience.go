package run

import (
	"errors"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// patience knows when the platform is not to be asked. It asked for time
// itself, or it gave no answer about several repositories in a row and seems
// to be down: then thousands of questions would each wait for nothing. What it
// cannot serve of a single repository keeps no other waiting.
type patience struct {
	now    func() time.Time
	until  time.Time
	silent map[string]bool // repositories, by name, without an answer since the last one
}

// down is how many repositories in a row make an outage, and outage how long
// it is taken to last.
const (
	down   = 3
	outage = time.Minute
)

// over tells whether the platform may be asked.
func (p *patience) over() bool { return !p.now().Before(p.until) }

// heard takes note of how asking about a repository went, and returns err.
func (p *patience) heard(repository string, err error) error {
	var later *promoter.LaterError
	if !errors.As(err, &later) {
		clear(p.silent)
		return err
	}
	p.silent[repository] = true
	wait := later.After
	if wait == 0 && len(p.silent) >= down {
		wait = outage
	}
	if until := p.now().Add(wait); until.After(p.until) {
		p.until = until
	}
	return err
}

// ask asks the platform about a repository, if it may be asked.
func (p *patience) ask(repository string, question func() error) error {
	if !p.over() {
		return &promoter.LaterError{Why: "the platform does not answer, or asked for time"}
	}
	return p.heard(repository, question())
}
