// Package sarif reads SARIF 2.1.0 reports of any size as a stream of findings.
// It knows the format as the OASIS standard has it
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/) and as scanners really write
// it.
//
// A report is read twice, because rules, artifacts and base URIs may stand after
// the results that refer to them: first everything but the results is learned,
// then the results are decoded. Memory does not grow with the file.
//
// The awkward truth:
//
//   - Kinds are guessed from the tool's name and the shape of its rules (kind.go);
//     SARIF has no word for them. Packages are read off messages and help texts.
//   - A path that is absolute and under no known root, or that climbs out of the
//     root, gives a finding without a place: a wrong place would be worse.
//   - Columns are converted from UTF-16 only where the report shows the line.
//   - Results larger than the cap are only matched by brackets, not checked.
//   - Redaction covers findings of kind Secret. The matched text is replaced in the
//     snippet; it, what is quoted or assigned in the snippet, and anything of twenty
//     or more mixed characters is taken out of message and symbol; fingerprints that
//     hold it and all fixes are dropped. Findings of a file that is cut before it
//     says which tool and rule they come from are treated so, too. It cannot know a
//     shorter secret that a message repeats and no snippet shows, one in a path or
//     in a rule's own text, or one that a scanner of another kind happens to quote.
package sarif

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// Options say what to read and how. Only Open is required.
type Options struct {
	// Open opens the report; it is called twice. Gzip, byte order marks and
	// UTF-16 are seen to here.
	Open func() (io.ReadCloser, error)
	// Root is where the scanned checkout lay: absolute paths and file: URIs below
	// it become relative. A relative Root is cut off the front of relative paths.
	Root string
	// Secrets makes a keyed hash of a secret, its only trace in a finding. It is
	// called from several goroutines. Without it nothing tells secrets apart.
	Secrets func(secret string) string
	// MaxElement is the largest result that is read, in bytes; 16 MiB if 0.
	MaxElement int
	// MaxBytes is where reading stops with ErrTooLarge, counted after
	// decompression; 8 GiB if 0. It bounds the time a gzip bomb costs.
	MaxBytes int64
	// Workers is the number of goroutines that decode; up to 4 if 0.
	Workers int
}

func (o Options) withDefaults() Options {
	if o.MaxElement <= 0 {
		o.MaxElement = 16 << 20
	}
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	return o
}

// Parse reads a report and calls emit with every finding, in the file's order
// and from the calling goroutine. Findings share the slices of their rules: they
// are to be read, not changed. Every result is emitted or counted as skipped.
//
// An error is an *Error if something is wrong with the file, else that of Open,
// of emit or of the context. The report is good with an error, too: it counts
// what was emitted, and its Complete is false. A run is complete if it has a
// results array that was read to its end with no result too large or malformed,
// and no invocation says that it failed. RulesDigest covers the declared rules
// and is empty where a tool declares none.
func Parse(ctx context.Context, o Options, emit func(finding.Finding) error) (finding.Report, error) {
	o = o.withDefaults()
	report := finding.Report{Format: "sarif", Skipped: map[finding.Reason]int{}}
	doc, err := learn(ctx, o)
	if doc == nil {
		return report, err
	}
	var broken *Error
	errors.As(err, &broken)
	if e := doc.refuse(err == nil); e != nil {
		return report, e
	}
	tally := newTally(doc, &report)
	if doc.hasRuns {
		err = latest(broken, decode(ctx, o, doc, func(one *item) error {
			return tally.add(one, emit)
		}))
	}
	if err == nil && doc.fault != nil {
		err = doc.fault
	}
	tally.finish(err)
	return report, err
}

// learn makes the first pass. The document is nil only if there was nothing to
// read.
func learn(ctx context.Context, o Options) (*document, error) {
	in, err := jsonwalk.Open(ctx, o.Open, o.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer in.Close() // nothing was written
	return readDocument(newScanner(in), o)
}

// refuse checks what can only be told of the whole document.
func (d *document) refuse(whole bool) error {
	switch {
	case d.version == "2.1.0" || strings.HasPrefix(d.version, "2.1.0-"):
	case d.version != "":
		return &Error{Path: "version", Offset: d.at, Err: ErrVersion,
			Detail: fmt.Sprintf("%.40q; 2.1.0 is read, convert the file or set the scanner's output", d.version)}
	case whole:
		return &Error{Err: ErrVersion, Detail: "no version; is this SARIF?"}
	}
	if whole && !d.hasRuns {
		return &Error{Err: ErrMalformed, Detail: "no runs"}
	}
	return nil
}

// decode makes the second pass.
func decode(ctx context.Context, o Options, doc *document, yield func(*item) error) error {
	in, err := jsonwalk.Open(ctx, o.Open, o.MaxBytes)
	if err != nil {
		return err
	}
	defer in.Close() // nothing was written
	p := pipeline{options: o, doc: doc}
	return p.each(ctx, in, yield)
}

// latest chooses between the passes' errors. The second one stops where the
// first did; what it adds is the exact path, and errors inside of results, which
// come before.
func latest(first *Error, err error) error {
	var second *Error
	if first == nil || !errors.As(err, &second) {
		if err == nil && first != nil {
			return first
		}
		return err
	}
	if second.Err != ErrTruncated && second.Offset < first.Offset {
		return second
	}
	if second.Offset == first.Offset && len(second.Path) > len(first.Path) {
		first.Path = second.Path
	}
	return first
}

// tally counts items into a report.
type tally struct {
	doc    *document
	report *finding.Report
	rules  []map[string]bool // ids used, by run
	bad    []bool            // runs with results that could not be read
}

func newTally(doc *document, report *finding.Report) *tally {
	t := &tally{doc: doc, report: report, rules: make([]map[string]bool, len(doc.runs)), bad: make([]bool, len(doc.runs))}
	for i := range t.rules {
		t.rules[i] = map[string]bool{}
	}
	return t
}

func (t *tally) add(one *item, emit func(finding.Finding) error) error {
	if one.why != "" {
		t.report.Skip(one.why)
		t.bad[one.run] = t.bad[one.run] || one.why == finding.TooLarge || one.why == finding.Malformed
		return nil
	}
	if err := emit(one.finding); err != nil {
		return err
	}
	t.report.Results++
	t.report.Findings++
	id := one.finding.Rule.ID
	if !t.rules[one.run][id] && t.doc.keep(one.offset, 64+len(id)) {
		t.rules[one.run][id] = true
	}
	return nil
}

// finish describes the scans.
func (t *tally) finish(err error) {
	t.report.Complete = err == nil
	var broken *Error
	for i, r := range t.doc.runs {
		scan := finding.Scan{Scanner: r.scanner(), Category: r.scope(), RulesDigest: r.digest(), ToolRead: r.toolRead}
		scan.Rules = slices.Sorted(maps.Keys(t.rules[i]))
		scan.Rules = append(scan.Rules, r.declared()...)
		slices.Sort(scan.Rules)
		scan.Rules = slices.Compact(scan.Rules)
		readToEnd := err == nil || errors.As(err, &broken) && broken != t.doc.fault && r.end > 0 && r.end <= broken.Offset
		scan.Complete = readToEnd && r.hasResults && !r.unfinished && !t.bad[i]
		t.report.Complete = t.report.Complete && scan.Complete
		t.report.Scans = append(t.report.Scans, scan)
	}
}

// declared lists the ids of the rules that the run declares, sorted.
func (r *run) declared() []string {
	var ids []string
	for _, c := range r.components {
		ids = slices.AppendSeq(ids, maps.Keys(c.byID))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (r *run) digest() string {
	ids := r.declared()
	if len(ids) == 0 {
		return ""
	}
	h := sha256.New()
	for _, id := range ids {
		fmt.Fprintf(h, "%d:%s", len(id), id)
	}
	return hex.EncodeToString(h.Sum(nil))
}
