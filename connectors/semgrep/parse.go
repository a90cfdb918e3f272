// Package semgrep reads the JSON that semgrep scan writes with --json
// (https://semgrep.dev/docs/semgrep-appsec-platform/json-and-sarif,
// semgrep_output_v1.atd of semgrep/semgrep-interfaces). What the platform's API
// returns is another format.
//
// The awkward truth: a file that could be parsed in part was scanned in part, and
// Semgrep warns of one in nearly every large scan. Such a scan counts as complete,
// or nothing would ever be gone; a finding in the part that was lost looks fixed.
// Fingerprints and code lines are there only for who is logged in. The rules that
// were used are not listed.
package semgrep

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// report is what stands beside the results.
type report struct {
	Version string  `json:"version"`
	Engine  string  `json:"engine_requested"`
	Errors  []fault `json:"errors"`
}

type fault struct {
	Level string          `json:"level"`
	Type  json.RawMessage `json:"type"` // a name, or a list that begins with one
	Path  string          `json:"path"`
}

// Recognise tells whether a report is Semgrep's.
func Recognise(k *jsonwalk.Sketch) bool {
	if k.Has("results[*]") {
		return k.HasAll("results[*].check_id", "results[*].extra")
	}
	return k.Begins("results", "[") && k.Begins("errors", "[") && !k.Has("metrics")
}

// Parse reads a report; see package native for what every parser promises. Results
// that a nosemgrep comment covers are suppressed. An error, or a warning that names
// a file that could not be read, makes the scan incomplete.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("semgrep", emit)
	keep := []string{"version", "engine_requested", "errors[*].level", "errors[*].type", "errors[*].path"}
	all, err := o.Walk([]string{"results[*]"}, keep).Each(ctx, func(e jsonwalk.Element) error {
		var one result
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		return r.Add(one.finding(o, jsonwalk.Of[report](e.Around[0]).scanner()))
	})
	if err == nil && !all.Found[0] {
		err = native.NotThis("no results; reports of the platform's API are another format")
	}
	about := jsonwalk.Of[report](all.Root)
	for _, f := range about.Errors {
		if f.hidesFindings() {
			r.Incomplete()
		}
	}
	return r.Close(about.scanner(), err)
}

// scanner has the name that Semgrep gives itself in SARIF.
func (r *report) scanner() finding.Scanner {
	name := "Semgrep OSS"
	if strings.HasPrefix(r.Engine, "PRO") {
		name = "Semgrep PRO"
	}
	return finding.Scanner{Name: name, Version: r.Version}
}

func (f *fault) hidesFindings() bool {
	if strings.EqualFold(f.Level, "error") {
		return true
	}
	kinds := native.OneOrMany(f.Type)
	return f.Path != "" && !strings.EqualFold(f.Level, "info") && !(len(kinds) > 0 && kinds[0] == "PartialParsing")
}
