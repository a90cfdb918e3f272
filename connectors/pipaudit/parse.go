// Package pipaudit reads the JSON reports of pip-audit, the list of version 1 and the
// object of version 2 (https://github.com/pypa/pip-audit).
//
// The awkward truth: a report names no severity, no file and not its own version.
// Dependencies that it skipped, as those that are not on PyPI, do not make the report
// incomplete: they would be skipped in every scan.
package pipaudit

import (
	"context"
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a report by its dependencies.
func Recognise(k *jsonwalk.Sketch) bool {
	for _, list := range []string{"dependencies[*]", "[*]"} {
		if k.Has(list+".name") && (k.Begins(list+".vulns", "[") || k.Has(list+".skip_reason")) {
			return true
		}
	}
	return k.Begins("dependencies", "[") && k.Begins("fixes", "[")
}

// Parse reads a report; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	report := native.NewReport("pip-audit", emit)
	elements := []string{"dependencies[*].vulns[*]", "[*].vulns[*]"}
	keep := []string{"dependencies[*].name", "dependencies[*].version", "[*].name", "[*].version"}
	result, err := o.Walk(elements, keep).Each(ctx, func(e jsonwalk.Element) error {
		var v vulnerability
		if ok, err := report.Read(e, &v); !ok {
			return err
		}
		d := jsonwalk.Of[dependency](e.Around[len(e.Around)-1])
		pkg := native.Package("pypi", d.Name, d.Version)
		pkg.FixedIn = native.Versions(v.FixVersions...)
		return report.Add(native.Vulnerability{
			ID: v.ID, Aliases: v.Aliases, Details: v.Description, Package: pkg,
		}.Finding(scanner))
	})
	if err == nil && !slices.Contains(result.Found, true) {
		err = native.NotThis("no dependency with vulns; is this pip-audit's JSON, and was anything audited?")
	}
	return report.Close(scanner, err)
}

var scanner = finding.Scanner{Name: "pip-audit"}

type dependency struct{ Name, Version string }

type vulnerability struct {
	ID, Description string
	Aliases         []string
	FixVersions     []string `json:"fix_versions"`
}
