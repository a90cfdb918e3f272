// Package npmaudit reads what the package managers of JavaScript say of known
// vulnerabilities: npm audit --json (of npm 6, and of 7 and later), pnpm audit --json,
// yarn audit --json (yarn 1) and yarn npm audit --json (yarn 2 and later, as an object
// and as lines).
//
// The awkward truth:
//
//   - npm 7 and later do not say which version is installed, and what fixes a package
//     only as a range; a package that is vulnerable only through another one is no
//     result, its cause is.
//   - One advisory for one installed version is one result, however many ways lead to
//     it; yarn 1 writes a line for each.
//   - No report names its tool's version or the lock file. Deprecated packages, of
//     which yarn reports too, are findings of kind other.
//   - A rule is named by GitHub's id of the advisory, else its CVE, else npm's own
//     number, which changed when the databases were merged.
package npmaudit

import (
	"context"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a report of one of the package managers.
func Recognise(k *jsonwalk.Sketch) bool {
	switch {
	case k.Begins("vulnerabilities", "{") && (k.Has("auditReportVersion") || k.Has("vulnerabilities.*.via")):
		return true
	case k.Begins("advisories", "{"):
		return k.Has("metadata") || k.Has("advisories.*.module_name")
	case k.Is("type", "auditAdvisory"), k.Is("type", "auditSummary"):
		return true
	}
	return k.HasAll("value", "children.Issue", "children.Severity")
}

// The forms of results, by where they stand.
const (
	npm7 = iota
	npm6
	yarn1
	yarn2
)

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	p := parser{report: native.NewReport("npm-audit", emit), seen: native.Seen{}, scanner: finding.Scanner{Name: "npm audit"}}
	walk := o.Walk([]string{"vulnerabilities.*", "advisories.*", "data", "children"}, []string{"value", "runId"})
	walk.Stream = true
	result, err := walk.Each(ctx, p.read)
	if err == nil && p.scanner.Name == "npm audit" && !result.Met("vulnerabilities") && !result.Met("advisories") {
		err = native.NotThis("no vulnerabilities and no advisories; is this npm's, pnpm's or yarn's audit, or the error it wrote instead?")
	}
	if result.Met("advisories") && jsonwalk.Of[document](result.Root).RunID == "" {
		p.scanner.Name = "pnpm audit" // or yarn 2's, which is the same
	}
	return p.report.Close(p.scanner, err)
}

type document struct{ Value, RunID string }

type parser struct {
	report  *native.Report
	scanner finding.Scanner
	seen    native.Seen // what yarn repeats for every way to a package
}

func (p *parser) read(e jsonwalk.Element) error {
	around := jsonwalk.Of[document](e.Around[0])
	switch e.Pattern {
	case npm7:
		return p.vulnerable(e)
	case npm6:
		if around.RunID == "" {
			p.scanner.Name = "pnpm audit"
		}
		var a advisory
		if ok, err := p.report.Read(e, &a); !ok {
			return err
		}
		return p.advise(a)
	case yarn1:
		return p.line(e)
	}
	return p.tree(e, around.Value)
}

// line is the data of a line of yarn 1: an advisory, or the summary.
func (p *parser) line(e jsonwalk.Element) error {
	p.scanner.Name = "yarn audit"
	if len(e.Raw) > 0 && e.Raw[0] != '{' { // of a message
		return nil
	}
	var data struct{ Advisory *advisory }
	if ok, err := p.report.Read(e, &data); !ok || data.Advisory == nil {
		return err
	}
	return p.advise(*data.Advisory)
}
