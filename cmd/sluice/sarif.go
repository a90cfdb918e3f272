package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// A minimal SARIF 2.1.0 document:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string      `json:"$schema"`
		Version string      `json:"version"`
		Runs    []*sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool             `json:"tool"`
		Automation *sarifAutomation      `json:"automationDetails,omitempty"`
		Provenance []sarifVersionControl `json:"versionControlProvenance"`
		ColumnKind string                `json:"columnKind"`
		Results    []sarifResult         `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifVersionControl struct {
		RepositoryURI string `json:"repositoryUri"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID          string     `json:"id"`
		Name        string     `json:"name,omitempty"`
		HelpURI     string     `json:"helpUri,omitempty"`
		Description *sarifText `json:"shortDescription,omitempty"`
		Properties  struct {
			Tags []string `json:"tags"`
		} `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   sarifProperties    `json:"properties"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *sarifRegion `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		EndLine     int `json:"endLine,omitempty"`
		StartColumn int `json:"startColumn,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifProperties struct {
		SecuritySeverity string         `json:"security-severity"`
		Finding          string         `json:"sluice/finding"`
		Cohort           string         `json:"sluice/cohort"`
		Stage            string         `json:"sluice/stage"`
		Decisions        []decisionView `json:"sluice/decisions"`
		sarifPackage
	}
	// sarifPackage is a dependency in the words that scanners use, for SARIF has none.
	sarifPackage struct {
		PURL      string `json:"purl,omitempty"`
		Name      string `json:"packageName,omitempty"`
		Version   string `json:"packageVersion,omitempty"`
		FixedIn   string `json:"fixedVersion,omitempty"`
		Ecosystem string `json:"ecosystem,omitempty"`
	}
)

// runKey is what shares one run of the document.
type runKey struct{ repository, scanner, version, category string }

// sarifWriter gathers results by repository, scanner and category.
type sarifWriter struct {
	log   sarifLog
	runs  map[runKey]*sarifRun
	rules map[runKey]map[string]int
}

// writeSARIF writes what passed the gate: each finding that is present and that
// the newest decision about it puts on some surface, the queue included. Its
// properties say on which.
func writeSARIF(ctx context.Context, w io.Writer, s store.Store, sel run.Selection) error {
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return err
	}
	out := newSARIF()
	err = eachRepository(ctx, s, sel.Repository, func(snap *store.Snapshot) (bool, error) {
		for _, v := range views(snap, cohorts) {
			only := filter{pullRequest: sel.PullRequest, states: []string{string(store.SightingPresent)}}
			if only.passes(&v) && v.passed() {
				out.add(snap.Repository.Host, v)
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, out.log)
}

func newSARIF() *sarifWriter {
	out := &sarifWriter{runs: map[runKey]*sarifRun{}, rules: map[runKey]map[string]int{}}
	out.log.Schema, out.log.Version = "https://json.schemastore.org/sarif-2.1.0.json", "2.1.0"
	out.log.Runs = []*sarifRun{}
	return out
}

// suppress says of the result that was added last that somebody decided about
// it outside of the source.
func (o *sarifWriter) suppress(v findingView, reason string) {
	results := o.runs[runOf(v)].Results
	last := &results[len(results)-1]
	last.Suppressions = append(last.Suppressions, sarifSuppression{"external", "accepted", reason})
}

func runOf(v findingView) runKey {
	return runKey{v.Repository, v.Scanner, v.facts.Scanner.Version, v.Seen[0].Category}
}

// passed tells whether any decision puts the finding on a surface.
func (v findingView) passed() bool {
	for _, d := range v.Decisions {
		if len(d.Surfaces) > 0 {
			return true
		}
	}
	return false
}

func (o *sarifWriter) add(host string, v findingView) {
	key := runOf(v)
	into := o.runs[key]
	if into == nil {
		into = &sarifRun{
			Tool:       sarifTool{sarifDriver{Name: key.scanner, Version: key.version, Rules: []sarifRule{}}},
			Provenance: []sarifVersionControl{{fmt.Sprintf("https://%s/%s", host, v.Repository)}}, ColumnKind: "unicodeCodePoints",
		}
		if key.category != "" {
			into.Automation = &sarifAutomation{key.category + "/"}
		}
		o.runs[key], o.rules[key] = into, map[string]int{}
		o.log.Runs = append(o.log.Runs, into)
	}
	into.Results = append(into.Results, sarifResult{
		RuleID: v.Rule, RuleIndex: o.rule(key, into, v.facts.Rule), Level: levelOf(v.Severity), Message: sarifText{v.Message},
		Locations: locationsOf(v.Place), Fingerprints: map[string]string{"sluice/v1": v.Name},
		Properties: sarifProperties{scoreOf(v.facts), v.Name, v.Cohort, v.Stage.String(), v.Decisions, packageOf(v.facts)},
	})
}

func packageOf(f finding.Finding) sarifPackage {
	if f.Package == nil {
		return sarifPackage{}
	}
	return sarifPackage{f.Package.PURL, f.Package.Name, f.Package.Version, f.Package.FixedIn, f.Package.Ecosystem}
}

// rule returns the index of a rule in its run, adding it if it is not there.
func (o *sarifWriter) rule(key runKey, into *sarifRun, r finding.Rule) int {
	if i, ok := o.rules[key][r.ID]; ok {
		return i
	}
	rule := sarifRule{ID: r.ID, Name: r.Name, HelpURI: r.HelpURL}
	if r.Description != "" {
		rule.Description = &sarifText{r.Description}
	}
	rule.Properties.Tags = tagsOf(r)
	o.rules[key][r.ID] = len(into.Tool.Driver.Rules)
	into.Tool.Driver.Rules = append(into.Tool.Driver.Rules, rule)
	return o.rules[key][r.ID]
}

// tagsOf adds the weaknesses in the form that code scanning reads.
func tagsOf(r finding.Rule) []string {
	tags := append([]string{}, r.Tags...)
	for _, cwe := range r.CWEs {
		tags = append(tags, "external/cwe/"+strings.ToLower(cwe))
	}
	return tags
}

func locationsOf(p *finding.Place) []sarifLocation {
	if p == nil {
		return nil
	}
	var l sarifLocation
	l.Physical.Artifact.URI = uriOf(p.Path)
	if p.StartLine > 0 {
		l.Physical.Region = &sarifRegion{p.StartLine, p.EndLine, p.StartColumn, p.EndColumn}
	}
	return []sarifLocation{l}
}

func levelOf(s finding.Severity) string {
	switch s {
	case finding.Critical, finding.High:
		return "error"
	case finding.Medium:
		return "warning"
	}
	return "note"
}

// scoreOf is the scanner's own score where it leads to the finding's severity,
// else one from the middle of the severity's range.
func scoreOf(f finding.Finding) string {
	if f.Score > 0 && finding.FromScore(f.Score) == f.Severity {
		return fmt.Sprintf("%.1f", f.Score)
	}
	return map[finding.Severity]string{
		finding.Critical: "9.5", finding.High: "8.0", finding.Medium: "5.5", finding.Low: "2.0", finding.Info: "0.0",
	}[f.Severity]
}

// uriOf writes a path as a relative URI reference.
func uriOf(path string) string { return (&url.URL{Path: path}).String() }
