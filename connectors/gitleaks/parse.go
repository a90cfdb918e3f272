// Package gitleaks reads the JSON that gitleaks writes with --report-format json
// (https://github.com/gitleaks/gitleaks, report/finding.go of version 8), and that
// of version 7 before it.
//
// The awkward truth: the report says neither which version wrote it nor whether the
// scan succeeded, and an empty one is [] like that of many tools. Of what is found
// in the history the line is that of an old commit. Columns are gitleaks' own, one too
// far right on all lines but the first. With --redact there is nothing left to tell
// two secrets on one line apart.
package gitleaks

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

// leak has the members of both versions; names do not care for case, so File is
// file, too.
type leak struct {
	RuleID      string          `json:"RuleID"`
	Description string          `json:"Description"`
	File        string          `json:"File"`
	SymlinkFile string          `json:"SymlinkFile"`
	StartLine   int             `json:"StartLine"`
	EndLine     int             `json:"EndLine"`
	StartColumn int             `json:"StartColumn"`
	EndColumn   int             `json:"EndColumn"`
	Match       string          `json:"Match"`
	Secret      string          `json:"Secret"`
	Fingerprint string          `json:"Fingerprint"`
	Tags        json.RawMessage `json:"Tags"` // a list; in version 7 one text

	Rule       string `json:"rule"` // from here on, version 7
	Line       string `json:"line"` // its text
	LineNumber int    `json:"lineNumber"`
	Offender   string `json:"offender"`
}

var scanner = finding.Scanner{Name: "gitleaks"}

// Recognise tells whether a report is gitleaks'. An empty one could be anybody's.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.HasAll("[*].RuleID", "[*].Secret", "[*].File") || k.HasAll("[*].rule", "[*].offender", "[*].file")
}

// Parse reads a report; see package native for what every parser promises.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("gitleaks", emit)
	all, err := o.Walk([]string{"[*]"}, nil).Each(ctx, func(e jsonwalk.Element) error {
		var one leak
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		f := one.finding(o)
		if f.Rule.ID == "" { // an array of anything
			r.Skip(finding.Malformed)
			return nil
		}
		return r.Add(f)
	})
	if err == nil && !all.Found[0] {
		err = native.NotThis("want an array of findings")
	}
	return r.Close(scanner, err)
}

func (l *leak) finding(o native.Options) finding.Finding {
	place := finding.Place{StartLine: l.StartLine, EndLine: l.EndLine, StartColumn: l.StartColumn, EndColumn: l.EndColumn}
	if l.StartLine == 0 {
		place.StartLine = l.LineNumber
	}
	f := finding.Finding{
		Scanner: scanner, Kind: finding.Secret,
		Rule:    finding.Rule{ID: cmp.Or(l.RuleID, l.Rule), Description: clean.Sentences(l.Description)},
		Message: cmp.Or(l.Description, l.Rule, l.RuleID),
		Place:   native.Place(o.Root, cmp.Or(l.SymlinkFile, l.File), place),
	}
	for _, tags := range native.OneOrMany(l.Tags) {
		for tag := range strings.SplitSeq(tags, ",") {
			f.Rule.Tags = clean.AppendNew(f.Rule.Tags, strings.TrimSpace(tag))
		}
	}
	secret := cmp.Or(l.Secret, l.Offender, l.Match)
	if strings.HasSuffix(secret, "...") { // --redact=50 leaves the first half
		secret = ""
	}
	clean.Redact(&f, secret, strings.Join([]string{l.Secret, l.Offender, l.Match, l.Line}, "\n"), o.Secrets)
	if l.Fingerprint != "" && !strings.Contains(l.Fingerprint, cmp.Or(secret, "\x00")) {
		f.Parts.Fingerprints = map[string]string{"gitleaks": l.Fingerprint} // commit, file, rule and line
	}
	return f
}
