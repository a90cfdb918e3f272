// Package grype reads the JSON reports of Grype (https://github.com/anchore/grype).
//
// The awkward truth:
//
//   - One vulnerability in one package at several places is one match; its place is
//     the first of them, and only where a folder was scanned: places in an image are
//     none in the repository.
//   - Ignored matches come out as suppressed, whatever the rule that ignored them.
//   - A match by CPE is a guess of Grype's, and nothing here tells it from the others.
package grype

import (
	"cmp"
	"context"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a report by the parts of its matches, or by its descriptor.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.HasAll("matches[*].vulnerability", "matches[*].artifact") || k.Begins("matches", "[") && k.Is("descriptor.name", "grype")
}

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	report := native.NewReport("grype", emit)
	keep := []string{"descriptor.version", "source.type"}
	result, err := o.Walk([]string{"matches[*]", "ignoredMatches[*]"}, keep).Each(ctx, func(e jsonwalk.Element) error {
		var m match
		if ok, err := report.Read(e, &m); !ok {
			return err
		}
		f := m.finding(*jsonwalk.Of[document](e.Around[0]), o.Root)
		if e.Pattern == 1 {
			f.State = finding.Suppressed
		}
		return report.Add(f)
	})
	if err == nil && !result.Found[0] {
		err = native.NotThis("no matches; is this Grype's JSON?")
	}
	return report.Close(jsonwalk.Of[document](result.Root).scanner(), err)
}

type document struct {
	Descriptor struct{ Version string }
	Source     struct{ Type string }
}

func (d document) scanner() finding.Scanner {
	return finding.Scanner{Name: "grype", Version: d.Descriptor.Version}
}

type match struct {
	Vulnerability          vulnerability
	RelatedVulnerabilities []vulnerability
	Artifact               struct {
		Name, Version, Type, PURL string
		Locations                 []struct{ Path string }
	}
}

type vulnerability struct {
	ID, DataSource, Severity, Description string
	CVSS                                  []struct {
		Vector  string
		Metrics struct{ BaseScore float64 }
	}
	EPSS []struct{ EPSS, Percentile float64 }
	CWEs []struct{ CWE string }
	Fix  struct{ Versions []string }
}

func (m match) finding(d document, root string) finding.Finding {
	v := native.Vulnerability{
		ID: m.Vulnerability.ID, URL: m.Vulnerability.DataSource, Details: m.Vulnerability.Description, Word: m.Vulnerability.Severity,
		Package: native.PackageAt(m.Artifact.PURL, m.Artifact.Type, m.Artifact.Name, m.Artifact.Version),
	}
	v.Package.FixedIn = native.Versions(m.Vulnerability.Fix.Versions...)
	var epss *finding.EPSS
	for _, one := range append([]vulnerability{m.Vulnerability}, m.RelatedVulnerabilities...) {
		v.Aliases = append(v.Aliases, one.ID)
		v.Details = cmp.Or(v.Details, one.Description)
		for _, c := range one.CVSS {
			v.Ratings = append(v.Ratings, native.Rating{Score: c.Metrics.BaseScore, Vector: c.Vector})
		}
		for _, c := range one.CWEs {
			v.CWEs = append(v.CWEs, c.CWE)
		}
		if len(one.EPSS) > 0 && epss == nil {
			epss = native.EPSS(one.EPSS[0].EPSS, one.EPSS[0].Percentile)
		}
	}
	f := v.Finding(d.scanner())
	f.EPSS = epss
	if len(m.Artifact.Locations) == 0 {
		return f
	}
	v.Package.Manifest = m.Artifact.Locations[0].Path
	if d.Source.Type == "directory" || d.Source.Type == "file" {
		if f.Place = native.Place(root, scanned(root, v.Package.Manifest), finding.Place{}); f.Place != nil {
			v.Package.Manifest = f.Place.Path
		}
	}
	return f
}

// scanned is a path below the scanned folder: Grype writes it with a slash in front,
// or, older, as it is on the machine; then it is below the root or nowhere.
func scanned(root, path string) string {
	if clean.Path(root, path) == "" && root == "" {
		return strings.TrimPrefix(path, "/")
	}
	return path
}
