// Package gosec reads the JSON that gosec writes with -fmt=json
// (https://github.com/securego/gosec, report.go and issue/issue.go of version 2).
//
// The awkward truth: paths are absolute, so without a root no finding has a place.
// What gosec calls autofix is advice in words and no edit, so there are no fixes. A
// file that does not compile is reported as an error and makes the scan incomplete,
// even if nobody would ever build it.
package gosec

import (
	"context"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// report is what stands beside the issues.
type report struct {
	Version string                `json:"GosecVersion"`
	Errors  map[string][]struct{} `json:"Golang errors"` // by file
	Stats   *struct {
		Found int `json:"found"`
	} `json:"Stats"`
}

type issue struct {
	Severity     string     `json:"severity"`
	CWE          weakness   `json:"cwe"`
	RuleID       string     `json:"rule_id"`
	Details      string     `json:"details"`
	File         string     `json:"file"`
	Code         string     `json:"code"`   // since 2.8 lines with their numbers, one more on each side
	Line         string     `json:"line"`   // 12 or 12-14
	Column       int        `json:"column"` // in bytes
	NoSec        bool       `json:"nosec"`
	Suppressions []struct{} `json:"suppressions"`
}

type weakness struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Recognise tells whether a report is gosec's.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.HasAll("Issues[*].rule_id", "Issues[*].details") || k.HasAll("Issues", "Stats.nosec")
}

// Parse reads a report; see package native for what every parser promises. An issue
// that a #nosec comment covers is suppressed.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("gosec", emit)
	all, err := o.Walk([]string{"Issues[*]"}, []string{"GosecVersion", "Golang errors.*[*].line", "Stats.found"}).Each(ctx, func(e jsonwalk.Element) error {
		var one issue
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		return r.Add(one.finding(o, scanner(e.Around[0])))
	})
	about := jsonwalk.Of[report](all.Root)
	if err == nil && !all.Found[0] && (about.Stats == nil || about.Stats.Found > 0) { // no issues may be null
		err = native.NotThis("no Issues")
	}
	if len(about.Errors) > 0 {
		r.Incomplete()
	}
	return r.Close(scanner(all.Root), err)
}

func scanner(root *jsonwalk.Container) finding.Scanner {
	return finding.Scanner{Name: "gosec", Version: strings.TrimPrefix(jsonwalk.Of[report](root).Version, "v")}
}

func (i *issue) finding(o native.Options, by finding.Scanner) finding.Finding {
	first, last := i.lines()
	shown := native.Numbered(i.Code, ": ")
	code := shown.Lines(first, last)
	if len(shown) == 0 {
		code = i.Code
	}
	f := finding.Finding{
		Scanner: by, Kind: finding.SAST,
		Rule:    finding.Rule{ID: i.RuleID, HelpURL: i.CWE.URL, Description: clean.Sentences(i.Details)},
		Message: i.Details,
		Place:   native.Place(o.Root, i.File, finding.Place{StartLine: first, EndLine: last, StartColumn: shown.Column(first, i.Column)}),
		Parts:   finding.Parts{Snippet: clean.Snippet(code)},
	}
	if i.CWE.ID != "" {
		f.Rule.CWEs = clean.AddCWEs(nil, "CWE-"+i.CWE.ID)
	}
	f.Severity, f.SeverityFrom = native.Severity(i.Severity)
	if i.NoSec || len(i.Suppressions) > 0 {
		f.State = finding.Suppressed
	}
	if clean.AboutCredentials(f.Rule) {
		f.Kind = finding.Secret
		clean.Redact(&f, code, i.Code, o.Secrets)
	}
	return f
}

func (i *issue) lines() (first, last int) {
	from, to, _ := strings.Cut(i.Line, "-")
	first, _ = strconv.Atoi(from) // not a number: no line
	last, _ = strconv.Atoi(to)
	return first, max(first, last)
}
