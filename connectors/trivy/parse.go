// Package trivy reads the JSON reports of Trivy (https://trivy.dev): vulnerabilities,
// misconfigurations, secrets and licences, of schema 2 and of the bare list before
// it, and of clusters.
//
// The awkward truth:
//
//   - A place in an image or a cluster is no place in the repository: its findings
//     have none, and its path is only the package's manifest.
//   - Passed checks (--include-non-failures) are results and skipped as no problem.
//     Findings that an ignore file or VEX took out are listed apart, under
//     ExperimentalModifiedFindings, and come out as suppressed.
//   - Severities are Trivy's own, which follows the distribution's judgement before
//     NVD's; the score is the one of the source that the severity is from.
//   - Reports before 0.50 or so do not tell Trivy's version.
package trivy

import (
	"context"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a report by its targets, or by what it says of itself.
func Recognise(k *jsonwalk.Sketch) bool {
	switch {
	case k.HasAll("SchemaVersion", "ArtifactName"), k.HasAll("[*].Target", "[*].Vulnerabilities"), k.HasAll("[*].Target", "[*].Type"):
		return true
	case k.Has("ClusterName"):
		return k.Has("Resources") || k.Has("Vulnerabilities") || k.Has("Misconfigurations") || k.Has("Findings")
	}
	return k.Begins("Results[*].Target", "") && k.Has("Results[*].Class")
}

// The lists that hold results, below a target; and where targets are.
var (
	lists   = []string{"Vulnerabilities[*]", "Misconfigurations[*]", "Secrets[*]", "Licenses[*]", "ExperimentalModifiedFindings[*]"}
	targets = []string{
		"Results[*]", "[*]",
		"Resources[*].Results[*]", "Findings[*].Results[*]", "Vulnerabilities[*].Results[*]", "Misconfigurations[*].Results[*]",
	}
)

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	var elements []string
	keep := []string{"ArtifactType", "Trivy.Version", "SchemaVersion", "ClusterName"}
	for _, t := range targets {
		for _, l := range lists {
			elements = append(elements, t+"."+l)
		}
		keep = append(keep, t+".Target", t+".Class", t+".Type")
	}
	p := parser{o: o, report: native.NewReport("trivy", emit)}
	result, err := o.Walk(elements, keep).Each(ctx, func(e jsonwalk.Element) error {
		p.document = *jsonwalk.Of[document](e.Around[0])
		t := *jsonwalk.Of[document](e.Around[len(e.Around)-1])
		return p.read(e, lists[e.Pattern%len(lists)], t)
	})
	root := *jsonwalk.Of[document](result.Root)
	if err == nil && root.SchemaVersion == "" && root.ClusterName == "" && !result.Met("Results") && !result.Met("[*]") {
		err = native.NotThis("no Results, and no SchemaVersion; is this Trivy's JSON?")
	}
	return p.report.Close(scanner(root), err)
}

// document is what is kept of the document and of each target: the old list has
// both in one.
type document struct {
	SchemaVersion, ArtifactType, ClusterName string
	Trivy                                    struct{ Version string }
	Target, Class, Type                      string
}

func scanner(d document) finding.Scanner {
	return finding.Scanner{Name: "Trivy", Version: d.Trivy.Version}
}

// inRepository tells whether paths of the report are paths of a repository.
func (d document) inRepository() bool {
	return d.ClusterName == "" && slices.Contains([]string{"", "filesystem", "repository"}, d.ArtifactType)
}

type parser struct {
	o        native.Options
	report   *native.Report
	document document
}

// read reads one result of one of the lists.
func (p *parser) read(e jsonwalk.Element, list string, t document) error {
	switch list {
	case "Vulnerabilities[*]":
		var v vulnerability
		if ok, err := p.report.Read(e, &v); !ok {
			return err
		}
		return p.report.Add(p.vulnerability(v, t))
	case "Misconfigurations[*]":
		var m misconfiguration
		if ok, err := p.report.Read(e, &m); !ok {
			return err
		}
		return p.misconfigured(m, t)
	case "Secrets[*]":
		var s secret
		if ok, err := p.report.Read(e, &s); !ok {
			return err
		}
		return p.report.Add(p.secret(s, t))
	case "Licenses[*]":
		var l licence
		if ok, err := p.report.Read(e, &l); !ok {
			return err
		}
		return p.report.Add(p.licence(l, t))
	}
	return p.modified(e, t)
}

// place is a place in the repository, or nil.
func (p *parser) place(file string, lines finding.Place) *finding.Place {
	if !p.document.inRepository() {
		return nil
	}
	return native.Place(p.o.Root, file, lines)
}

// file is the file that a target is, or "" where it is the packages of a system, or
// all packages of a language.
func file(t document) string {
	whole := []string{"Java", "Node.js", "Python", "Ruby", "Conda", "PHP", "Go", "Rust", "Kubernetes"}
	if strings.HasPrefix(t.Class, "os-") || strings.HasSuffix(t.Target, ")") || slices.Contains(whole, t.Target) {
		return ""
	}
	return t.Target
}
