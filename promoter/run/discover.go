package run

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/promoter/store"
)

// discover returns what is new in a source. One that cannot be read is reported
// and sinks nothing else.
func (r *runner) discover(ctx context.Context, read reading) ([]arrival, error) {
	if read.err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	known, err := r.Store.Deliveries(ctx, read.source.Name)
	if err != nil {
		return nil, fmt.Errorf("deliveries of %s: %w", read.source.Name, err)
	}
	if read.err == nil && len(read.problems) == 0 {
		r.missing = append(r.missing, missing(known, read.docs)...)
	}
	for _, d := range known {
		r.lastRead = later(r.lastRead, d.At)
	}
	s := newSorting(r.report.source(read.source.Name), read, known)
	for _, d := range read.docs {
		if r.sel.has(d.Context.Repository()) && (d.Context.PullRequest == 0 || r.sel.hasChange(d.Context.PullRequest)) {
			s.add(d)
		}
	}
	return r.toRead(ctx, s)
}

// toRead are the arrivals that something is new in, or that have to be read
// once more.
func (r *runner) toRead(ctx context.Context, s *sorting) ([]arrival, error) {
	newest := newestTaken(s.groups, s.known)
	var out []arrival
	for _, about := range s.order {
		g, again := s.groups[about], s.fresh[about]
		if !again {
			var err error
			if again, err = r.again(ctx, *g, s.known, newest); err != nil {
				return nil, err
			}
		}
		if again {
			s.status.forget(g.docs, s.known)
			out = append(out, *g)
		}
	}
	return out, nil
}

// sorting puts a source's documents together by what they are about: a
// repository, a ref and a commit.
type sorting struct {
	source   connectors.Config
	status   *SourceReport
	known    map[string]store.Delivery // by location
	unusable map[string]bool           // folders in which a report cannot be used

	groups map[string]*arrival
	fresh  map[string]bool // something of them is new
	order  []string
}

// newSorting begins with what a source said of itself.
func newSorting(status *SourceReport, read reading, known map[string]store.Delivery) *sorting {
	s := &sorting{source: read.source, status: status, known: known, unusable: map[string]bool{}, groups: map[string]*arrival{}, fresh: map[string]bool{}}
	switch {
	case read.err == nil:
	case len(read.docs) > 0:
		status.partial(read.err.Error())
	default:
		status.failed(read.err.Error())
	}
	for _, p := range read.problems {
		status.partial(p.String())
		if read.source.Feed == nil { // a feed says of each document whether it is whole
			s.unusable[path.Dir(p.Path)] = true
		}
	}
	return s
}

func (s *sorting) add(d connectors.Document) {
	s.status.Files++
	// The same file about another commit is news: a job may well write all its
	// reports to one place.
	about := strings.Join([]string{d.Context.Repository(), d.Context.Ref(), d.Context.Commit}, " ")
	g := s.groups[about]
	if g == nil {
		g = &arrival{source: s.source, context: d.Context}
		s.groups[about] = g
		s.order = append(s.order, about)
	}
	g.lacking = g.lacking || s.unusable[path.Dir(d.Location)] || d.Lacking != ""
	if d.Lacking != "" {
		s.status.partial(d.Lacking)
	}
	if d.Note != "" {
		s.status.note(d.Note)
	}
	digest, err := connectors.Digest(d)
	if err != nil {
		s.status.partial(fmt.Sprintf("%s: %v", d.Location, err))
		g.lacking = true
		return
	}
	digest += " " + about + " " + d.Context.Category
	old, seen := s.known[d.Location]
	if d.Lacking != "" && !(seen && old.Digest == digest) {
		digest += " and more" // to be read again when it is whole
	}
	g.docs = append(g.docs, document{Document: d, digest: digest})
	if d.ModTime.After(g.at) {
		g.at = d.ModTime
	}
	if seen && old.Digest == digest {
		s.status.unchanged(old)
	} else {
		s.fresh[about] = true
	}
}
