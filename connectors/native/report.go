// Package native is what the parsers of scanners' own formats share: what they are
// given, how they count, and what they promise.
//
// A parser is a function Parse(ctx, Options, emit) in a folder of its own. It emits
// findings in the file's order; every result is emitted or counted as skipped, so
// that results = findings + skipped; what came before an error has been emitted and
// the report counts it. A report is complete if it was read to its end, no result
// was too large or malformed, and nothing in it says that the scan was not.
//
// The awkward truth: none of these formats has a standard, few say of themselves
// whether the scan succeeded, and all of them change. Complete therefore often means
// no more than "read to the end". And most do not say which rules were used: a
// finding that vanished because its rule did looks fixed.
package native

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// Options say what to read and how. Only Open is required.
type Options struct {
	// Open opens the report; it may be called several times. Gzip, byte order
	// marks and UTF-16 are seen to.
	Open func() (io.ReadCloser, error)
	// Root is where the scanned checkout lay; see clean.Path.
	Root string
	// Secrets makes a keyed hash of a secret, its only trace in a finding. Without
	// it nothing tells secrets apart.
	Secrets func(secret string) string
	// MaxElement is the largest result that is read, in bytes; 16 MiB if 0.
	MaxElement int
	// MaxBytes is where reading stops; see jsonwalk.Open.
	MaxBytes int64
}

// Walk is a walk through the report.
func (o Options) Walk(elements, keep []string) jsonwalk.Walk {
	return jsonwalk.Walk{Open: o.Open, Elements: elements, Keep: keep, MaxElement: o.MaxElement, MaxBytes: o.MaxBytes}
}

// maxRules bounds the rules listed of one scan, in bytes.
const maxRules = 16 << 20

// Report counts what a parser makes of a file.
type Report struct {
	report finding.Report
	emit   func(finding.Finding) error
	rules  map[string]bool
	listed int // bytes of rules
	bad    bool
}

// NewReport begins a report of a format. What is added to it goes to emit.
func NewReport(format string, emit func(finding.Finding) error) *Report {
	return &Report{
		report: finding.Report{Format: format, Skipped: map[finding.Reason]int{}},
		emit:   emit, rules: map[string]bool{},
	}
}

// Read decodes an element that is to be one result, an object. If it cannot be one,
// it is counted as skipped and ok is false. An error says that the file is broken
// here, and is to be returned.
func (r *Report) Read(e jsonwalk.Element, into any) (ok bool, err error) {
	if e.TooLarge {
		r.Skip(finding.TooLarge)
		return false, nil
	}
	_, err = e.Decode(into)
	switch {
	case err != nil:
		return false, err
	case e.Raw[0] != '{':
		r.Skip(finding.Malformed)
		return false, nil
	}
	r.bad = r.bad || e.Cut()
	return true, nil
}

// Skip counts a result that is no finding.
func (r *Report) Skip(why finding.Reason) {
	r.report.Skip(why)
	r.bad = r.bad || why == finding.TooLarge || why == finding.Malformed
}

// Add counts and emits a finding. One without a rule is skipped. State, severity
// and end line are filled in where they are missing; impossible lines are dropped,
// and so is an address that leads nowhere on the web; long texts are cut.
func (r *Report) Add(f finding.Finding) error {
	if f.Rule.ID == "" {
		r.Skip(finding.NoRule)
		return nil
	}
	if f.State == "" {
		f.State = finding.Open
	}
	if f.Severity == finding.Unknown {
		f.Severity, f.SeverityFrom = finding.DefaultSeverity(f.Kind), finding.FromDefault
	}
	f.Rule.HelpURL = clean.URL(f.Rule.HelpURL)
	bound(&f)
	if f.Place != nil {
		place := plausible(*f.Place)
		f.Place = &place
	}
	if err := r.emit(f); err != nil {
		return err
	}
	r.report.Results++
	r.report.Findings++
	if id := f.Rule.ID; !r.rules[id] && r.listed < maxRules {
		r.rules[id] = true
		r.listed += len(id) + 64
	}
	return nil
}

// plausible drops what cannot be: lines and columns count from 1, and nothing ends
// before it starts.
func plausible(p finding.Place) finding.Place {
	if p.StartLine <= 0 {
		return finding.Place{Path: p.Path}
	}
	p.EndLine = max(p.EndLine, p.StartLine)
	p.StartColumn, p.EndColumn = max(p.StartColumn, 0), max(p.EndColumn, 0)
	if p.EndLine == p.StartLine && p.EndColumn < p.StartColumn {
		p.EndColumn = 0
	}
	return p
}

// State adds a statement about findings that other reports have.
func (r *Report) State(s finding.Statement) { r.report.Statements = append(r.report.Statements, s) }

// Incomplete marks the scan as one that did not see everything.
func (r *Report) Incomplete() { r.bad = true }

// Close ends the report of a file that describes one scan. An error is what the
// walk through it returned, or that it is not what it should be; see NotThis.
func (r *Report) Close(scanner finding.Scanner, err error) (finding.Report, error) {
	r.report.Complete = err == nil && !r.bad
	r.report.Scans = nil
	if scanner.Name != "" {
		r.report.Scans = []finding.Scan{{
			Scanner: scanner, Rules: slices.Sorted(maps.Keys(r.rules)), Complete: r.report.Complete, ToolRead: true,
		}}
	}
	return r.report, err
}

// NotThis says that a report is not of the format it was taken for; want is what
// is missing.
func NotThis(want string) error {
	return &jsonwalk.Error{Err: jsonwalk.ErrMalformed, Detail: want}
}

// Broken tells whether err is about the file, and not about reading it.
func Broken(err error) bool {
	var e *jsonwalk.Error
	return errors.As(err, &e)
}

// Parse is the form of every native parser.
type Parse func(ctx context.Context, o Options, emit func(finding.Finding) error) (finding.Report, error)
