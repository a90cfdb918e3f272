// Package osvscanner reads the JSON reports of OSV-Scanner
// (https://google.github.io/osv-scanner/output/).
//
// The awkward truth:
//
//   - What several databases say of one vulnerability is one group, and one result:
//     its first member stands for it, the others are its aliases.
//   - The fixed versions are all those that the advisory names for the package; which
//     of them is the nearest, nothing here works out.
//   - Paths are those of the machine that was scanned; without a root there is no
//     place. Violations of the licence policy are not read.
package osvscanner

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a report by its sources and their packages.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.HasAll("results[*].source", "results[*].packages") || k.Begins("results", "[") && k.Has("experimental_config")
}

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	report := native.NewReport("osv-scanner", emit)
	const packages = "results[*].packages[*]."
	keep := []string{
		"results[*].source", packages + "package.name", packages + "package.version", packages + "package.ecosystem",
		packages + "groups[*].ids", packages + "groups[*].aliases", packages + "groups[*].max_severity", packages + "groups[*].experimentalAnalysis",
	}
	result, err := o.Walk([]string{packages + "vulnerabilities[*]"}, keep).Each(ctx, func(e jsonwalk.Element) error {
		var v vulnerability
		if len(e.Raw) > 0 && e.Raw[0] == '"' { // only the id
			if _, err := e.Decode(&v.ID); err != nil {
				return err
			}
		} else if ok, err := report.Read(e, &v); !ok {
			return err
		}
		source, in := jsonwalk.Of[document](e.Around[1]), jsonwalk.Of[document](e.Around[2])
		g, first := in.group(v.ID)
		if !first {
			return nil // the group's first member stands for it
		}
		return report.Add(v.finding(g, source, in, o.Root))
	})
	if err == nil && !result.Met("results") {
		err = native.NotThis("no results; is this OSV-Scanner's JSON?")
	}
	return report.Close(scanner, err)
}

var scanner = finding.Scanner{Name: "osv-scanner"}

// document is what is kept of the document, of a source and of a package.
type document struct {
	Source  struct{ Path, Type string }
	Package struct{ Name, Version, Ecosystem string }
	Groups  []group
}

type group struct {
	IDs, Aliases         []string
	MaxSeverity          string `json:"max_severity"`
	ExperimentalAnalysis map[string]struct{ Called bool }
}

// group finds the group that a vulnerability is in, and whether it stands for it.
func (d *document) group(id string) (group, bool) {
	for _, g := range d.Groups {
		if i := slices.Index(g.IDs, id); i >= 0 {
			return g, i == 0
		}
	}
	return group{}, true
}

// reachability is what call analysis said, if it was on.
func (g group) reachability() string {
	said := ""
	for _, a := range g.ExperimentalAnalysis {
		if a.Called {
			return finding.Called
		}
		said = finding.Imported
	}
	return said
}

// vulnerability is an OSV record (https://ossf.github.io/osv-schema/).
type vulnerability struct {
	ID, Summary, Details string
	Aliases              []string
	Severity             []struct{ Score string }
	DatabaseSpecific     struct {
		Severity json.RawMessage
		CWEs     []string `json:"cwe_ids"`
	} `json:"database_specific"`
	Affected []struct {
		Package struct{ Name, Ecosystem, PURL string }
		Ranges  []struct{ Events []struct{ Fixed string } }
	}
}

func (v vulnerability) finding(g group, source, in *document, root string) finding.Finding {
	said := native.Vulnerability{
		ID: v.ID, Aliases: slices.Concat(v.Aliases, g.IDs, g.Aliases), Title: v.Summary, Details: v.Details,
		URL: "https://osv.dev/" + v.ID, CWEs: v.DatabaseSpecific.CWEs,
		Package: native.Package(in.Package.Ecosystem, in.Package.Name, in.Package.Version),
	}
	_, _ = jsonwalk.Decode(v.DatabaseSpecific.Severity, &said.Word) // of GitHub's; others put other things there
	if strings.HasPrefix(v.ID, "MAL-") {
		said.Word = "critical" // a malicious package has no other severity
	}
	for _, s := range v.Severity {
		said.Ratings = append(said.Ratings, native.Rating{Vector: s.Score})
	}
	if worst, err := strconv.ParseFloat(g.MaxSeverity, 64); err == nil {
		said.Ratings = append(said.Ratings, native.Rating{Score: worst})
	}
	said.Package.FixedIn = native.Versions(v.fixed(in.Package.Name)...)
	f := said.Finding(scanner)
	f.Reachability = g.reachability()
	said.Package.Manifest = clean.Fold(source.Source.Path, 2<<10)
	if f.Place = native.Place(root, source.Source.Path, finding.Place{}); f.Place != nil {
		said.Package.Manifest = f.Place.Path
	}
	return f
}

func (v vulnerability) fixed(name string) (versions []string) {
	for _, a := range v.Affected {
		if a.Package.Name != name {
			continue
		}
		for _, r := range a.Ranges {
			for _, e := range r.Events {
				versions = append(versions, e.Fixed)
			}
		}
	}
	return versions
}
