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
	"context"
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

// maxKnown bounds advisories and vulnerabilities of one file.
const maxKnown = 20_000

// The messages that are read, each also as an element of an array.
var messages = []string{"config", "osv", "finding"}

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := reader{report: native.NewReport("govulncheck", emit), advisories: map[string]advisory{}, byKey: map[key]*result{}}
	var elements []string
	for _, m := range messages {
		elements = append(elements, m)
	}
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
		if e := r.emit(o.Root); e != nil {
			err = e
		}
	}
	return r.report.Close(r.scanner, err)
}

type reader struct {
	report     *native.Report
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
	DatabaseSpecific     struct{ URL string } `json:"database_specific"`
}

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

// result is the most exact message about an advisory and a module.
type result struct {
	message
	exact int // how many of module, package and function are known
}

func (r *reader) read(e jsonwalk.Element) error {
	switch messages[e.Pattern%len(messages)] {
	case "config":
		var c struct {
			Name    string `json:"scanner_name"`
			Version string `json:"scanner_version"`
		}
		r.begun, r.scanner = true, finding.Scanner{Name: "govulncheck"}
		if e.TooLarge {
			return nil
		}
		_, err := e.Decode(&c)
		r.scanner.Version = c.Version
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
	return r.weigh(m)
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
	a.Details = clean.Fold(a.Details, 1<<10)
	r.advisories[a.ID] = a
	return nil
}

// weigh keeps a message if it is more exact than the one there is.
func (r *reader) weigh(m message) error {
	top := m.Trace[0]
	exact := 1
	if top.Package != "" {
		exact = 2
	}
	if top.Function != "" {
		exact = 3
	}
	at := key{m.OSV, top.Module}
	if have := r.byKey[at]; have != nil {
		if exact > have.exact {
			have.message, have.exact = m, exact
		}
		return nil
	}
	if len(r.results) >= maxKnown {
		r.report.Skip(finding.TooLarge)
		return nil
	}
	r.byKey[at] = &result{m, exact}
	r.results = append(r.results, r.byKey[at])
	return nil
}

// emit hands over what was found, in the order it was first met.
func (r *reader) emit(root string) error {
	for _, one := range r.results {
		if err := r.report.Add(r.finding(one, root)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) finding(one *result, root string) finding.Finding {
	a, top := r.advisories[one.OSV], one.Trace[0]
	pkg := native.Package("go", top.Module, top.Version)
	pkg.FixedIn, pkg.Manifest = one.FixedVersion, "go.mod"
	url := a.DatabaseSpecific.URL
	if url == "" {
		url = "https://pkg.go.dev/vuln/" + one.OSV
	}
	f := native.Vulnerability{
		ID: one.OSV, Aliases: a.Aliases, Title: a.Summary, Details: a.Details, URL: url, Package: pkg,
	}.Finding(r.scanner)
	f.Reachability = [...]string{1: finding.Required, 2: finding.Imported, 3: finding.Called}[one.exact]
	f.Severity, f.SeverityFrom = [...]finding.Severity{1: finding.Low, 2: finding.Medium, 3: finding.High}[one.exact], finding.FromLevel
	if one.exact == 3 {
		f.Parts.Symbol = symbol(top)
		f.Place = call(root, one.Trace)
	}
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
