// Package govulncheck reads what `govulncheck -format json` writes: a stream of
// messages (https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck), also put in
// one array, as some pipelines do.
//
// The awkward truth:
//
//   - It reports one vulnerability again and again, each time more exactly: that the
//     module is required, that the package is imported, and once for every vulnerable
//     symbol that is called. All of that is one result for each module, as exact as
//     the most exact message, at the place of the first call in the project's code.
//   - So nothing is emitted before the file has been read to its end, and what is
//     known of a broken file may be less exact than it could be.
//   - The stream has no end mark: one that is cut between two messages looks whole.
//   - The Go database has no severities. As in govulncheck's own SARIF, what is called
//     is high, what is imported medium, what is only required low.
//   - What versions before 1.0 wrote is refused.
package govulncheck

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells the stream by its messages.
func Recognise(k *jsonwalk.Sketch) bool {
	for _, at := range []string{"", "[*]."} {
		if k.Has(at+"config.protocol_version") || k.HasAll(at+"finding.osv", at+"finding.trace") {
			return true
		}
	}
	return false
}

// maxKnown bounds advisories and vulnerabilities of one file. The Go database has
// about five thousand.
const maxKnown = 10_000

// The messages that are read, each also as an element of an array.
var messages = []string{"config", "osv", "finding"}

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := reader{report: native.NewReport("govulncheck", emit), root: o.Root, advisories: map[string]advisory{}, byKey: map[key]*result{}}
	elements := slices.Clone(messages)
	for _, m := range messages {
		elements = append(elements, "[*]."+m)
	}
	walk := o.Walk(elements, nil)
	walk.Stream = true
	_, err := walk.Each(ctx, r.read)
	if err == nil && !r.begun {
		err = native.NotThis("no config message; is this what govulncheck 1.0 or later writes with -format json?")
	}
	if err == nil || native.Broken(err) {
		if e := r.emit(); e != nil {
			err = e
		}
	}
	return r.report.Close(r.scanner, err)
}

type reader struct {
	report     *native.Report
	root       string
	scanner    finding.Scanner
	begun      bool
	advisories map[string]advisory
	results    []*result
	byKey      map[key]*result
}

// advisory is what is kept of an OSV record.
type advisory struct {
	ID, Summary, Details string
	Aliases              []string
	DatabaseSpecific     database `json:"database_specific"`
}

type database struct{ URL string }

// message is a Finding of govulncheck: the trace leads from the vulnerable symbol to
// where the project enters.
type message struct {
	OSV          string
	FixedVersion string `json:"fixed_version"`
	Trace        []frame
}

type frame struct {
	Module, Version, Package, Function, Receiver string
	Position                                     *struct {
		Filename     string
		Line, Column int
	}
}

type key struct{ osv, module string }

// result is what is kept of the most exact message about an advisory and a module.
type result struct {
	osv, fixed, module, version string
	exact                       int // how many of module, package and function are known
	symbol                      string
	place                       *finding.Place
}

func (r *reader) read(e jsonwalk.Element) error {
	switch messages[e.Pattern%len(messages)] {
	case "config":
		var c struct {
			Version string `json:"scanner_version"`
		}
		r.begun, r.scanner = true, finding.Scanner{Name: "govulncheck"}
		if e.TooLarge {
			return nil
		}
		_, err := e.Decode(&c)
		r.scanner.Version = clean.Fold(c.Version, 200)
		return err
	case "osv":
		return r.know(e)
	}
	var m message
	if ok, err := r.report.Read(e, &m); !ok {
		return err
	}
	if m.OSV == "" || len(m.Trace) == 0 {
		r.report.Skip(finding.Malformed)
		return nil
	}
	r.weigh(m)
	return nil
}

func (r *reader) know(e jsonwalk.Element) error {
	var a advisory
	if e.TooLarge {
		return nil // its findings will say less
	}
	if _, err := e.Decode(&a); err != nil {
		return err
	}
	if len(r.advisories) >= maxKnown {
		return &jsonwalk.Error{Offset: e.Offset, Err: jsonwalk.ErrTooLarge, Detail: "too many advisories"}
	}
	r.advisories[clean.Fold(a.ID, 200)] = advisory{
		Summary: clean.Fold(a.Summary, 300), Details: clean.Sentences(a.Details), Aliases: clean.FindAdvisories(nil, a.Aliases...),
		DatabaseSpecific: database{clean.Fold(a.DatabaseSpecific.URL, 2<<10)},
	}
	return nil
}

// weigh keeps a message if it is more exact than the one there is.
func (r *reader) weigh(m message) {
	top := m.Trace[0]
	one := result{osv: clean.Fold(m.OSV, 200), fixed: clean.Fold(m.FixedVersion, 200), module: clean.Fold(top.Module, 300), version: clean.Fold(top.Version, 200), exact: 1}
	if top.Package != "" {
		one.exact = 2
	}
	if top.Function != "" {
		one.exact, one.symbol, one.place = 3, clean.Fold(symbol(top), 300), call(r.root, m.Trace)
	}
	at := key{one.osv, one.module}
	if have := r.byKey[at]; have != nil {
		if one.exact > have.exact {
			*have = one
		}
		return
	}
	if len(r.results) >= maxKnown {
		r.report.Skip(finding.TooLarge)
		return
	}
	r.byKey[at] = &one
	r.results = append(r.results, &one)
}

// emit hands over what was found, in the order it was first met.
func (r *reader) emit() error {
	for _, one := range r.results {
		if err := r.report.Add(r.finding(one)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) finding(one *result) finding.Finding {
	a := r.advisories[one.osv]
	pkg := native.Package("go", one.module, one.version)
	pkg.FixedIn, pkg.Manifest = one.fixed, "go.mod"
	f := native.Vulnerability{
		ID: one.osv, Aliases: a.Aliases, Title: a.Summary, Details: a.Details,
		URL: cmp.Or(a.DatabaseSpecific.URL, "https://pkg.go.dev/vuln/"+one.osv), Package: pkg,
	}.Finding(r.scanner)
	f.Reachability = [...]string{1: finding.Required, 2: finding.Imported, 3: finding.Called}[one.exact]
	f.Severity, f.SeverityFrom = [...]finding.Severity{1: finding.Low, 2: finding.Medium, 3: finding.High}[one.exact], finding.FromLevel
	f.Parts.Symbol, f.Place = one.symbol, one.place
	if f.Place == nil {
		f.Place = native.Place("", pkg.Manifest, finding.Place{})
	}
	return f
}

func symbol(f frame) string {
	receiver := strings.TrimPrefix(f.Receiver, "*")
	if receiver != "" {
		receiver += "."
	}
	return f.Package + "." + receiver + f.Function
}

// call is where the project's own code calls what leads to the vulnerable symbol:
// the frame of the project's module that is nearest to it.
func call(root string, trace []frame) *finding.Place {
	own := trace[len(trace)-1].Module
	for _, f := range trace {
		if f.Module == own && f.Position != nil && f.Position.Filename != "" && own != trace[0].Module {
			return native.Place(root, f.Position.Filename, finding.Place{StartLine: f.Position.Line, StartColumn: f.Position.Column})
		}
	}
	return nil
}
