// Package snyk reads what the Snyk CLI writes with --json: snyk test for one project
// and for many, snyk container test with the applications in the image, and snyk iac
// test. What snyk code test --json writes is SARIF, and read as that.
//
// The awkward truth:
//
//   - Snyk lists a vulnerability once for every way that leads to the package. One
//     vulnerability in one version of a package is one result here, the first.
//   - What a policy ignores comes out as suppressed, with the words of who ignored it.
//     That takes place on Snyk's side too, and then a report knows nothing of it.
//   - Places in an image are none in the repository. A report does not name Snyk's
//     version.
package snyk

import (
	"cmp"
	"context"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a report by what it says of its project.
func Recognise(k *jsonwalk.Sketch) bool {
	for _, at := range []string{"", "[*]."} {
		if k.Begins(at+"vulnerabilities", "[") && k.Has(at+"packageManager") || k.Begins(at+"infrastructureAsCodeIssues", "[") {
			return true
		}
	}
	return false
}

// The lists that hold results, below a project; and where projects are.
var (
	lists = []string{
		"vulnerabilities[*]", "filtered.ignore[*]", "infrastructureAsCodeIssues[*]", "error",
		"applications[*].vulnerabilities[*]", "applications[*].filtered.ignore[*]",
	}
	projects = []string{"", "[*]."}
)

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	var elements, keep []string
	for _, p := range projects {
		for _, l := range lists {
			elements = append(elements, p+l)
		}
		for _, k := range []string{"", "applications[*]."} {
			keep = append(keep, p+k+"packageManager", p+k+"displayTargetFile", p+k+"targetFile", p+k+"projectName", p+k+"docker.baseImage")
		}
	}
	p := parser{report: native.NewReport("snyk", emit), root: o.Root, seen: native.Seen{}}
	result, err := o.Walk(elements, keep).Each(ctx, func(e jsonwalk.Element) error {
		return p.read(e, lists[e.Pattern%len(lists)])
	})
	if err == nil && !result.Met("vulnerabilities") && !result.Met("infrastructureAsCodeIssues") && !result.Met("[*].vulnerabilities") && !result.Met("[*].infrastructureAsCodeIssues") {
		err = native.NotThis("no vulnerabilities; is this what snyk test --json writes? What snyk code writes is SARIF")
	}
	return p.report.Close(scanner, err)
}

var scanner = finding.Scanner{Name: "Snyk"}

// project is what is kept of a project, an application in an image, or what is
// around it.
type project struct {
	PackageManager, DisplayTargetFile, TargetFile, ProjectName string
	Docker                                                     *struct{}
}

type parser struct {
	report *native.Report
	root   string
	seen   native.Seen
}

func (p *parser) read(e jsonwalk.Element, list string) error {
	var in project
	for _, c := range e.Around { // the innermost that says so, but an image is one all the way in
		one := jsonwalk.Of[project](c)
		in.PackageManager = cmp.Or(one.PackageManager, in.PackageManager)
		in.TargetFile = cmp.Or(one.DisplayTargetFile, one.TargetFile, in.TargetFile)
		in.ProjectName = cmp.Or(one.ProjectName, in.ProjectName)
		if one.Docker != nil {
			in.Docker = one.Docker
		}
	}
	switch list {
	case "error":
		p.report.Incomplete()
		return nil
	case "infrastructureAsCodeIssues[*]":
		return p.configuration(e, in)
	}
	var v vulnerability
	if ok, err := p.report.Read(e, &v); !ok || !p.seen.First(in.ProjectName, in.TargetFile, v.ID, v.name(), v.Version) {
		return err
	}
	f := v.finding(in, p.root)
	if strings.Contains(list, "ignore") {
		f.State = finding.Suppressed
		f.Dismissal = v.dismissal()
	}
	return p.report.Add(f)
}

type vulnerability struct {
	ID, Type, Title, Description, Severity string
	PackageName, ModuleName, Name, Version string
	PackageManager                         string
	CVSSScore                              float64
	CVSSv3                                 string
	FixedIn                                []string
	NearestFixedInVersion                  string
	Identifiers                            map[string][]string
	EPSSDetails                            struct{ Probability, Percentile float64 }
	Reachability                           string
	Filtered                               struct {
		Ignored []struct{ Reason string }
	}
}

func (v vulnerability) name() string { return cmp.Or(v.PackageName, v.ModuleName, v.Name) }

func (v vulnerability) finding(in project, root string) finding.Finding {
	ecosystem, _, _ := strings.Cut(cmp.Or(v.PackageManager, in.PackageManager), ":") // debian:12
	pkg := native.Package(ecosystem, v.name(), v.Version)
	pkg.FixedIn = native.Versions(append(v.FixedIn, v.NearestFixedInVersion)...)
	said := native.Vulnerability{
		ID: v.ID, Title: v.Title, Details: words(v.Description), URL: "https://security.snyk.io/vuln/" + v.ID, CWEs: v.Identifiers["CWE"],
		Word: v.Severity, Ratings: []native.Rating{{Score: v.CVSSScore, Vector: v.CVSSv3}}, Package: pkg,
	}
	for _, kind := range []string{"CVE", "GHSA", "ALTERNATIVE"} {
		said.Aliases = append(said.Aliases, v.Identifiers[kind]...)
	}
	f := said.Finding(scanner)
	if v.Type == "license" {
		f.Kind, f.Advisories = finding.Other, nil
	}
	f.EPSS = native.EPSS(v.EPSSDetails.Probability, v.EPSSDetails.Percentile)
	switch strings.ToLower(v.Reachability) {
	case "function", "package", "reachable":
		f.Reachability = finding.Called
	case "no-path-found", "no path found":
		f.Reachability = finding.Imported
	}
	pkg.Manifest = clean.Fold(in.TargetFile, 2<<10)
	if in.Docker == nil {
		if f.Place = native.Place(root, in.TargetFile, finding.Place{}); f.Place != nil {
			pkg.Manifest = f.Place.Path
		}
	}
	return f
}

// words leaves out the heading, and what Snyk says of the package instead of the
// vulnerability.
func words(description string) string {
	if _, after, ok := strings.Cut(description, "Affected versions of this package are vulnerable to"); ok {
		text, _, _ := strings.Cut(after, "\n#")
		return "Vulnerable to" + text
	}
	return ""
}

func (v vulnerability) dismissal() *finding.Dismissal {
	d := &finding.Dismissal{Reason: "ignored"}
	for _, i := range v.Filtered.Ignored {
		d.Comment = clean.Fold(i.Reason, 1<<10)
	}
	return d
}

// configuration reads an issue of snyk iac test.
func (p *parser) configuration(e jsonwalk.Element, in project) error {
	var i struct {
		ID, PublicID, Title, Severity, Documentation, Msg string
		LineNumber                                        int
		IsIgnored                                         bool
		IaCDescription                                    struct{ Issue, Impact, Resolve string }
	}
	if ok, err := p.report.Read(e, &i); !ok {
		return err
	}
	f := finding.Finding{
		Scanner: scanner, Kind: finding.IaC, Place: native.Place(p.root, in.TargetFile, finding.Place{StartLine: i.LineNumber}),
		Rule: finding.Rule{
			ID: clean.Fold(cmp.Or(i.PublicID, i.ID), 200), Name: clean.Fold(i.Title, 300), HelpURL: i.Documentation,
			Description: clean.Sentences(strings.TrimSpace(i.IaCDescription.Issue + " " + i.IaCDescription.Impact)),
		},
		Message: clean.Fold(cmp.Or(i.IaCDescription.Issue, i.Title), 2<<10),
		Parts:   finding.Parts{Symbol: clean.Fold(i.Msg, 300)},
	}
	f.Severity, f.SeverityFrom = native.Severity(i.Severity)
	if i.IsIgnored {
		f.State = finding.Suppressed
	}
	return p.report.Add(f)
}
