// Package bandit reads the JSON that Bandit writes with -f json
// (https://bandit.readthedocs.io/en/latest/formatters/json.html).
//
// The awkward truth: the report names no version and no rules, and what a # nosec
// comment covers is not in it at all. Paths are relative to where Bandit was started,
// which need not be the repository's root.
package bandit

import (
	"context"
	"slices"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// report is what stands beside the results: the files that could not be read.
type report struct {
	Errors []struct{} `json:"errors"`
}

type result struct {
	Code      string   `json:"code"`       // lines with their numbers, one more on each side
	Column    *int     `json:"col_offset"` // from 0, in bytes; since 1.7
	EndColumn *int     `json:"end_col_offset"`
	File      string   `json:"filename"`
	CWE       weakness `json:"issue_cwe"` // since 1.7.3
	Severity  string   `json:"issue_severity"`
	Text      string   `json:"issue_text"`
	Line      int      `json:"line_number"`
	Range     []int    `json:"line_range"`
	MoreInfo  string   `json:"more_info"`
	TestID    string   `json:"test_id"`
	TestName  string   `json:"test_name"`
}

type weakness struct {
	ID string `json:"id"`
}

var scanner = finding.Scanner{Name: "Bandit"}

// Recognise tells whether a report is Bandit's. The results come after a metric for
// each file, too far on to be seen.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.HasAll("errors", "generated_at", "metrics.*.loc")
}

// Parse reads a report; see package native for what every parser promises. A file
// that Bandit could not read makes the scan incomplete.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("bandit", emit)
	all, err := o.Walk([]string{"results[*]"}, []string{"errors[*].filename"}).Each(ctx, func(e jsonwalk.Element) error {
		var one result
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		return r.Add(one.finding(o))
	})
	if err == nil && !all.Found[0] {
		err = native.NotThis("no results")
	}
	if len(jsonwalk.Of[report](all.Root).Errors) > 0 {
		r.Incomplete()
	}
	return r.Close(scanner, err)
}

func (r *result) finding(o native.Options) finding.Finding {
	shown := native.Numbered(r.Code, " ")
	place := r.place(shown)
	code := shown.Lines(place.StartLine, place.EndLine)
	f := finding.Finding{
		Scanner: scanner, Kind: finding.SAST,
		Rule:    finding.Rule{ID: r.TestID, Name: r.TestName, HelpURL: r.MoreInfo},
		Message: r.Text,
		Place:   native.Place(o.Root, r.File, place),
		Parts:   finding.Parts{Snippet: clean.Snippet(code)},
	}
	if r.CWE.ID != "" {
		f.Rule.CWEs = clean.AddCWEs(nil, "CWE-"+r.CWE.ID)
	}
	f.Severity, f.SeverityFrom = native.Severity(r.Severity)
	if r.aboutPasswords() || clean.AboutCredentials(f.Rule) {
		f.Kind = finding.Secret
		secret := native.Between(code, place.StartColumn, place.EndColumn)
		clean.Redact(&f, secret, r.Code+r.Text, o.Secrets) // Bandit quotes passwords in its message
	}
	return f
}

// place is the region that Bandit's own SARIF names. The range of versions without
// columns begins before the statement.
func (r *result) place(shown native.Excerpt) finding.Place {
	p := finding.Place{StartLine: r.Line, EndLine: r.Line}
	if slices.Contains(r.Range, r.Line) {
		p.EndLine = slices.Max(r.Range)
		if r.Column != nil {
			p.StartLine = slices.Min(r.Range)
		}
	}
	if r.Column != nil && *r.Column >= 0 {
		p.StartColumn = shown.Column(p.StartLine, *r.Column+1)
	}
	if r.EndColumn != nil && *r.EndColumn > 0 {
		p.EndColumn = shown.Column(p.EndLine, *r.EndColumn+1)
	}
	return p
}

// aboutPasswords: the tests for hard-coded passwords, also of versions that named no
// weakness.
func (r *result) aboutPasswords() bool {
	return slices.Contains([]string{"B105", "B106", "B107"}, r.TestID)
}
