package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/openvex"
	"github.com/sluice-sec/sluice/connectors/sarif"
	"github.com/sluice-sec/sluice/test/shared"
)

// settledExamples are findings of several kinds, decided about in several ways.
func settledExamples() []settledFinding {
	one := func(name string, f finding.Finding, settled ...settlement) settledFinding {
		f.State = finding.Open
		return settledFinding{host: "github.com", settled: settled, findingView: findingView{
			Name: "acme/shop:" + name, Repository: "acme/shop", Kind: f.Kind, Scanner: f.Scanner.Name, Rule: f.Rule.ID, Severity: f.Severity, Message: f.Message,
			Place: f.Place, Cohort: "core/x", Seen: []sightingView{{Ref: "refs/heads/main", Category: "web"}}, facts: f,
		}}
	}
	trivy := finding.Scanner{Name: "Trivy", Version: "0.60.0"}
	at := func(path string, line int) *finding.Place {
		return &finding.Place{Path: path, StartLine: line, EndLine: line}
	}
	return []settledFinding{
		one("F1", finding.Finding{Scanner: trivy, Kind: finding.SCA, Severity: finding.Critical, Score: 9.8, Rule: finding.Rule{ID: "CVE-2021-44228", CWEs: []string{"CWE-502"}},
			Message: "log4j-core runs what it fetches", Place: at("pom.xml", 4), Advisories: []string{"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"}, Reachability: finding.Required,
			Package: &finding.Package{PURL: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0", Name: "org.apache.logging.log4j/log4j-core", Version: "2.14.0", Ecosystem: "maven", FixedIn: "2.15.0", Manifest: "pom.xml"}},
			settlement{status: vexNotAffected, reason: "nothing is logged that comes from outside"}),
		one("F2", finding.Finding{Scanner: trivy, Kind: finding.SCA, Severity: finding.High, Rule: finding.Rule{ID: "GHSA-p6mc-m468-83gw"},
			Message: "Prototype pollution", Place: at("web/package-lock.json", 7), Advisories: []string{"GHSA-p6mc-m468-83gw", "CVE-2020-8203"},
			Package: &finding.Package{PURL: "pkg:npm/lodash@4.17.15", Name: "lodash", Version: "4.17.15", Ecosystem: "npm", Manifest: "web/package-lock.json"}},
			settlement{status: vexAffected, reason: "goes with the checkout rewrite", until: time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)}),
		one("F3", finding.Finding{Scanner: trivy, Kind: finding.SCA, Severity: finding.Medium, Rule: finding.Rule{ID: "CVE-2026-1111"},
			Message: "nobody decided", Place: at("web/package-lock.json", 9), Advisories: []string{"CVE-2026-1111"},
			Package: &finding.Package{PURL: "pkg:npm/left-pad@1.3.0", Name: "left-pad", Version: "1.3.0", Ecosystem: "npm", Manifest: "web/package-lock.json"}}),
		one("F4", finding.Finding{Scanner: finding.Scanner{Name: "gosec"}, Kind: finding.SAST, Severity: finding.High, Rule: finding.Rule{ID: "G204", Name: "Command", HelpURL: "https://example.com/G204", CWEs: []string{"CWE-78"}, Tags: []string{"security"}},
			Message: "Sagt \"führe aus\" <b>\u202e", Place: at("ein Ordner/a#b%20.go", 3)},
			settlement{reason: "not useful"}),
		one("F5", finding.Finding{Scanner: finding.Scanner{Name: "gosec"}, Kind: finding.SAST, Severity: finding.Low, Rule: finding.Rule{ID: "G104"}, Message: "An error is not looked at"}),
	}
}

// Sluice reads the statements it wrote: the same, and about the same findings.
func TestExportedStatementsAreReadAgain(t *testing.T) {
	all := settledExamples()
	doc := vexOf(all, "acme security", time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))
	report, err := openvex.Parse(t.Context(), native.Options{Open: opened(t, doc)}, func(finding.Finding) error { return nil })
	if err != nil || !report.Complete || report.Results != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	want := []finding.Statement{
		{Advisories: []string{"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"}, Products: []string{"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0"}, Status: finding.NotAffected,
			Justification: "vulnerable_code_not_in_execute_path", Comment: "nothing is logged that comes from outside", Author: "acme security", At: at},
		{Advisories: []string{"CVE-2020-8203", "GHSA-p6mc-m468-83gw"}, Products: []string{"pkg:npm/lodash@4.17.15"}, Status: finding.Affected,
			Comment: "goes with the checkout rewrite (accepted until 2027-06-30)", Author: "acme security", At: at},
	}
	if diff := gocmp.Diff(want, report.Statements); diff != "" {
		t.Error(diff)
	}
	said := finding.Statements{}
	said.Add(report.Statements...)
	var findings []finding.Finding
	for _, f := range all {
		findings = append(findings, f.facts)
	}
	said.Apply(findings)
	for i, state := range []finding.State{finding.Suppressed, finding.Open, finding.Open, finding.Open, finding.Open} {
		if findings[i].State != state {
			t.Errorf("%s is %s beside the statements, want %s", findings[i].Rule.ID, findings[i].State, state)
		}
	}
}

// Sluice reads the findings it wrote, suppressed where somebody decided.
func TestExportedFindingsAreReadAgain(t *testing.T) {
	all := settledExamples()
	out := newSARIF()
	for _, f := range all {
		out.add(f.host, f.findingView)
		for _, s := range f.settled {
			out.suppress(f.findingView, s.reason)
		}
	}
	valid(t, "sarif-schema-2.1.0.json.gz", out.log)
	var got []finding.Finding
	report, err := sarif.Parse(t.Context(), sarif.Options{Open: opened(t, out.log)}, func(f finding.Finding) error { got = append(got, f); return nil })
	if err != nil || !report.Complete || len(got) != len(all) || len(report.Scans) != 2 {
		t.Fatalf("%d findings, %+v, %v", len(got), report, err)
	}
	for i, f := range got {
		want := all[i].facts
		want.Category = "web"
		if len(all[i].settled) > 0 {
			want.State = finding.Suppressed
		}
		if f.Parts.Fingerprints["sluice/v1"] != all[i].Name {
			t.Errorf("%s: fingerprints %v", all[i].Name, f.Parts.Fingerprints)
		}
		if diff := gocmp.Diff(inExport(want), inExport(f), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", all[i].Name, diff)
		}
	}
}

// inExport is what of a finding an export tells.
func inExport(f finding.Finding) finding.Finding {
	r := f.Rule
	slim := finding.Finding{Scanner: f.Scanner, Kind: f.Kind, Severity: f.Severity, Message: f.Message, State: f.State, Category: f.Category,
		Rule: finding.Rule{ID: r.ID, Name: r.Name, HelpURL: r.HelpURL, CWEs: r.CWEs}}
	if f.Place != nil {
		slim.Place = &finding.Place{Path: f.Place.Path, StartLine: f.Place.StartLine, EndLine: f.Place.EndLine}
	}
	if f.Package != nil {
		p := *f.Package
		slim.Package = &p
	}
	return slim
}

func opened(t *testing.T, doc any) func() (io.ReadCloser, error) {
	t.Helper()
	var out bytes.Buffer
	if err := writeJSON(&out, doc); err != nil {
		t.Fatal(err)
	}
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }
}

// valid holds a document against a published schema, where that stands beside the
// checkout.
func valid(t *testing.T, schema string, doc any) {
	t.Helper()
	data, err := shared.Read("contracts/formats/" + schema)
	if err != nil {
		t.Logf("not held against the published schema: %v", err)
		return
	}
	rules, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	// It stands among the properties by mistake, and no compiler takes it for one.
	region := rules.(map[string]any)["definitions"].(map[string]any)["region"].(map[string]any)
	delete(region["properties"].(map[string]any), "anyOf")
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schema, rules); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(instance); err != nil {
		t.Errorf("not as published: %v", err)
	}
}
