// Package cyclonedx reads the vulnerabilities of CycloneDX documents, in JSON
// (https://cyclonedx.org/docs/1.6/json/) and in XML, versions 1.4 and later and those
// before with the vulnerability extension, whether a scanner wrote them or a person
// (VEX).
//
// The awkward truth:
//
//   - One vulnerability of one component is one result; one that says nothing of what
//     it affects is one result without a package of its own.
//   - An analysis that says not_affected, false_positive or resolved makes a finding
//     suppressed, with the analysis as the reason; exploitable and in_triage leave it
//     open. It speaks of the findings of this document, not of other scanners'.
//   - A list of components alone is a complete report without findings, although
//     perhaps nobody looked for vulnerabilities.
//   - The severity is the first rating's that has one, for the standard does not say
//     which of them counts. There are no places, and XML is not read.
package cyclonedx

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a document by its bomFormat, or by the namespace of its root.
func Recognise(k *jsonwalk.Sketch) bool {
	return strings.HasPrefix(k.Root, namespace) || k.Is("bomFormat", "CycloneDX") || k.Has("specVersion") && (k.Has("components[*].bom-ref") || k.Has("vulnerabilities[*].affects"))
}

// Parse reads a document; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	if is, err := isMarkup(ctx, o); err != nil || is {
		return parseMarkup(ctx, o, emit)
	}
	report := native.NewReport("cyclonedx", emit)
	known, fault := learn(ctx, o)
	if fault != nil && !native.Broken(fault) {
		return report.Close(finding.Scanner{}, fault)
	}
	keep := []string{"bomFormat", "specVersion", "metadata.tools"}
	result, err := o.Walk([]string{"vulnerabilities[*]"}, keep).Each(ctx, func(e jsonwalk.Element) error {
		var v vulnerability
		if ok, err := report.Read(e, &v); !ok {
			return err
		}
		return v.report(report, jsonwalk.Of[document](e.Around[0]).scanner(), known.component)
	})
	if err == nil {
		err = fault
	}
	root := jsonwalk.Of[document](result.Root)
	if err == nil && root.BOMFormat != "CycloneDX" && !result.Met("vulnerabilities") {
		err = native.NotThis("no bomFormat and no vulnerabilities; is this CycloneDX in JSON?")
	}
	return report.Close(root.scanner(), err)
}

type document struct {
	BOMFormat, SpecVersion string
	Metadata               struct{ Tools json.RawMessage }
}

type tool struct{ Name, Version string }

// scanner is the first of the tools: a list until 1.4, an object since.
func (d *document) scanner() finding.Scanner {
	var list []tool
	_, _ = jsonwalk.Decode(d.Metadata.Tools, &list)
	var parts struct{ Components, Services []tool }
	_, _ = jsonwalk.Decode(d.Metadata.Tools, &parts)
	return scanner(append(append(list, parts.Components...), parts.Services...)...)
}

// scanner is the first tool with a name.
func scanner(tools ...tool) finding.Scanner {
	for _, t := range tools {
		if t.Name != "" {
			return finding.Scanner{Name: clean.Fold(t.Name, 200), Version: clean.Fold(t.Version, 200)}
		}
	}
	return finding.Scanner{Name: "CycloneDX"}
}

type vulnerability struct {
	ID, Description, Detail string
	Source                  struct{ Name, URL string }
	References              []reference
	Ratings                 []rating
	CWEs                    []string
	Advisories              []advisory
	Analysis                analysis
	Affects                 []affected
}

type reference struct{ ID string }

type rating struct {
	Score                    float64
	Severity, Vector, Method string
}

type advisory struct{ URL string }

type analysis struct{ State, Justification, Detail string }

type affected struct {
	Ref      string
	Versions []version
}

type version struct{ Version, Status string }

// report adds a finding for each component that is affected, or one of none.
func (v vulnerability) report(r *native.Report, by finding.Scanner, known func(ref string) component) error {
	if len(v.Affects) == 0 {
		v.Affects = []affected{{}}
	}
	for _, a := range v.Affects {
		if err := r.Add(v.finding(by, known(a.Ref), a)); err != nil {
			return err
		}
	}
	return nil
}

func (v vulnerability) finding(scanner finding.Scanner, c component, a affected) finding.Finding {
	pkg := native.PackageAt(cmp.Or(c.PURL, a.Ref), "", c.name(), c.Version)
	if pkg.Name == "" {
		pkg.Name = clean.Fold(a.Ref, 300)
	}
	var fixed []string
	for _, one := range a.Versions {
		if one.Status == "unaffected" {
			fixed = append(fixed, one.Version)
		}
	}
	pkg.FixedIn = native.Versions(fixed...)
	said := native.Vulnerability{ID: v.ID, Details: cmp.Or(v.Description, v.Detail), URL: v.url(), Package: pkg}
	for _, cwe := range v.CWEs {
		said.CWEs = append(said.CWEs, "CWE-"+cwe)
	}
	for _, r := range v.References {
		said.Aliases = append(said.Aliases, r.ID)
	}
	for _, r := range v.Ratings {
		if clean.Severity(said.Word) == finding.Unknown {
			said.Word = r.Severity
		}
		if r.Method != "OWASP" && r.Method != "SSVC" {
			said.Ratings = append(said.Ratings, native.Rating{Score: r.Score, Vector: r.vector()})
		}
	}
	f := said.Finding(scanner)
	f.State, f.Dismissal = v.state()
	return f
}

func (v vulnerability) url() string {
	for _, a := range v.Advisories {
		return a.URL
	}
	return v.Source.URL
}

// vector is a vector with its version, which some leave out.
func (r rating) vector() string {
	if r.Method == "CVSSv31" && strings.HasPrefix(r.Vector, "AV:") {
		return "CVSS:3.1/" + r.Vector
	}
	if r.Method == "CVSSv3" && strings.HasPrefix(r.Vector, "AV:") {
		return "CVSS:3.0/" + r.Vector
	}
	return r.Vector
}

// state is what the analysis makes of a finding.
func (v vulnerability) state() (finding.State, *finding.Dismissal) {
	switch v.Analysis.State {
	case "not_affected", "false_positive", "resolved", "resolved_with_pedigree":
		return finding.Suppressed, &finding.Dismissal{
			Reason: v.Analysis.State, Comment: clean.Fold(strings.TrimSpace(v.Analysis.Justification+" "+v.Analysis.Detail), 1<<10),
		}
	}
	return finding.Open, nil
}
