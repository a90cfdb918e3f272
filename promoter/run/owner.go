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
	if !d.Settings.CodeOwners || claim.Exhibit.Ask != "" || base == "" || place == nil {
		return
	}
	o, known := d.owned[base]
	if !known {
		o = d.readOwners(ctx, source, base)
		d.owned[base] = o
	}
	if o.err != nil {
		claim.Hold = true
		return
	}
	claim.Exhibit.Ask = strings.Join(o.file.Of(place.Path), ", ")
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
