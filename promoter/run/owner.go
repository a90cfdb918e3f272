package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/owners"
	"github.com/sluice-sec/sluice/promoter"
)

// owned is the CODEOWNERS of a commit.
type owned struct {
	file owners.File
	err  error
}

// askOwners names a file's owners where the settings want it and name nobody
// else. While the file cannot be read, what people see stays as it is.
func (d *decider) askOwners(ctx context.Context, claim *promoter.Claim, source, base string, place *finding.Place) {
	if claim.Exhibit.Ask != "" {
		return
	}
	own, ok := d.ownersOf(ctx, source, base, place)
	claim.Exhibit.Ask = strings.Join(own, ", ")
	claim.Hold = claim.Hold || !ok
}

// ownersOf are the owners of a place by the CODEOWNERS of a commit, where the
// settings want them. ok is false while that file cannot be read.
func (d *decider) ownersOf(ctx context.Context, source, base string, place *finding.Place) (own []string, ok bool) {
	if !d.Settings.CodeOwners || base == "" || place == nil {
		return nil, true
	}
	o, known := d.owned[base]
	if !known {
		o = d.readOwners(ctx, source, base)
		d.owned[base] = o
	}
	if o.err != nil {
		return nil, false
	}
	return o.file.Of(place.Path), true
}

// readOwners reads the first CODEOWNERS there is.
func (d *decider) readOwners(ctx context.Context, source, commit string) owned {
	reader, ok := d.readers[source]
	if !ok {
		reader = d.readerOf(source, d.book.repo())
		d.readers[source] = reader
	}
	for _, place := range owners.Places() {
		text, err := reader.Read(ctx, commit, place)
		switch {
		case err == nil:
			return owned{file: owners.Parse(text)}
		case !errors.Is(err, fs.ErrNotExist):
			if ctx.Err() == nil {
				d.report.warn(fmt.Sprintf("who owns the files of %s cannot be read, and nothing new is shown there: %v", d.book.repo().FullName(), err))
			}
			d.doubt(d.book.repo().ID)
			return owned{err: err}
		}
	}
	return owned{}
}
