// Package checkov reads the JSON that Checkov writes with -o json: one report, an
// array of them where there are several frameworks, or only a count where there was
// nothing to check (https://www.checkov.io/2.Basics/Reviewing%20Scan%20Results.html,
// checkov/common/output/report.py and record.py).
//
// The awkward truth: without its platform Checkov names no severities, and its SARIF
// calls everything an error; here it is the default. All frameworks are one scan,
// for one that has nothing to check any more is not mentioned. A finding is about
// all lines of a resource, so an edit anywhere in it looks like other code; the
// resource's name is the fingerprint. A finding in a module does not say who uses
// the module.
package checkov

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

// report is what stands beside the checks of one framework.
type report struct {
	CheckType string `json:"check_type"`
	Summary   struct {
		Version string `json:"checkov_version"`
	} `json:"summary"`
	Version string `json:"checkov_version"` // where there was nothing to check
}

type record struct {
	CheckID       string            `json:"check_id"`
	CheckName     string            `json:"check_name"`
	Code          []json.RawMessage `json:"code_block"` // [line, text]
	File          string            `json:"file_path"`  // below the scanned folder
	AbsFile       string            `json:"file_abs_path"`
	RepoFile      string            `json:"repo_file_path"` // below where Checkov was started
	Range         []int             `json:"file_line_range"`
	Resource      string            `json:"resource"`
	Severity      string            `json:"severity"`
	Category      string            `json:"bc_category"`
	Description   string            `json:"description"`
	Guideline     string            `json:"guideline"`
	Vulnerability *vulnerability    `json:"vulnerability_details"`
}

// vulnerability is what the frameworks sca_package and sca_image add.
type vulnerability struct {
	ID          string  `json:"id"`
	Package     string  `json:"package_name"`
	Version     string  `json:"package_version"`
	Type        string  `json:"package_type"`
	Score       float64 `json:"cvss"`
	Severity    string  `json:"severity"`
	Vector      string  `json:"vector"`
	Link        string  `json:"link"`
	Fixed       string  `json:"lowest_fixed_version"`
	Description string  `json:"description"`
}

// The arrays that are read, in reports alone and in an array.
const (
	failed = iota
	skipped
	passed
	unread
	arrays
)

// Recognise tells whether a report is Checkov's.
func Recognise(k *jsonwalk.Sketch) bool {
	for _, each := range []string{"", "[*]."} {
		if k.Has(each+"results.failed_checks") || k.HasAll(each+"check_type", each+"results.passed_checks") { // which come first
			return true
		}
	}
	return k.HasAll("passed", "failed", "checkov_version")
}

// Parse reads a report; see package native for what every parser promises. Checks
// that passed are results and no findings, those that a comment skips are
// suppressed. A file that could not be parsed makes the scan incomplete.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("checkov", emit)
	elements := []string{"results.failed_checks[*]", "results.skipped_checks[*]", "results.passed_checks[*]", "results.parsing_errors[*]"}
	keep := []string{"check_type", "summary.checkov_version", "checkov_version"}
	all, err := o.Walk(inArrayToo(elements), inArrayToo(keep)).Each(ctx, func(e jsonwalk.Element) error {
		if e.Pattern%arrays == unread {
			r.Incomplete()
			return nil
		}
		var one record
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		if e.Pattern%arrays == passed {
			r.Skip(finding.NotAProblem)
			return nil
		}
		f := one.finding(o, jsonwalk.Of[report](e.Around[0]))
		if e.Pattern%arrays == skipped {
			f.State = finding.Suppressed
		}
		return r.Add(f)
	})
	about := jsonwalk.Of[report](all.Root)
	if err == nil && !all.Found[failed] && !all.Found[arrays+failed] && about.Version == "" {
		err = native.NotThis("neither failed_checks nor checkov_version")
	}
	return r.Close(about.scanner(), err)
}

func inArrayToo(paths []string) []string {
	for _, p := range paths {
		paths = append(paths, "[*]."+p)
	}
	return paths
}

func (r *report) scanner() finding.Scanner {
	return finding.Scanner{Name: "Checkov", Version: cmp.Or(r.Summary.Version, r.Version)}
}

func (r *record) finding(o native.Options, about *report) finding.Finding {
	if v := r.Vulnerability; v != nil && v.ID != "" {
		f := v.finding(about.scanner(), r)
		if f.Place = r.place(o.Root); f.Place != nil {
			f.Package.Manifest = f.Place.Path
		}
		return f
	}
	code := r.code()
	f := finding.Finding{
		Scanner: about.scanner(), Kind: kind(about.CheckType, r.CheckID),
		Rule:    finding.Rule{ID: r.CheckID, Name: r.CheckName, HelpURL: r.Guideline, Description: clean.Sentences(r.Description)},
		Message: cmp.Or(r.CheckName, r.CheckID),
		Place:   r.place(o.Root),
		Parts:   finding.Parts{Snippet: clean.Snippet(code), Symbol: r.Resource},
	}
	if r.Category != "" {
		f.Rule.Tags = []string{r.Category}
	}
	if f.Place != nil && r.Resource != "" { // what Checkov's own baselines go by
		f.Parts.Fingerprints = map[string]string{"checkov": f.Place.Path + ":" + r.Resource}
	}
	f.Severity, f.SeverityFrom = native.Severity(r.Severity)
	if f.Kind == finding.Secret { // the text is masked, and the resource is a hash of the secret
		f.Parts.Symbol, f.Parts.Fingerprints = "", nil
		clean.Redact(&f, r.Resource, code, o.Secrets)
	}
	return f
}

// kind goes by the framework, and by the check's id where that is missing.
func kind(framework, check string) finding.Kind {
	switch {
	case framework == "secrets", strings.HasPrefix(check, "CKV_SECRET"):
		return finding.Secret
	case strings.HasPrefix(framework, "sca_"): // licences
		return finding.Other
	case strings.HasPrefix(framework, "sast"):
		return finding.SAST
	}
	return finding.IaC
}

// place prefers the path below where Checkov was started, which is the repository's
// root as a rule. Started at the file system's, it tells nothing: then the path
// below the scanned folder does.
func (r *record) place(root string) *finding.Place {
	var lines finding.Place
	if len(r.Range) > 0 {
		lines.StartLine, lines.EndLine = max(r.Range[0], 0), max(r.Range[len(r.Range)-1], 0)
	}
	if p := native.Place(root, r.AbsFile, lines); p != nil && root != "" {
		return p
	}
	file := r.RepoFile
	if file == "" || file == r.AbsFile {
		file = r.File
	}
	return native.Place(root, strings.TrimLeft(file, "/"), lines)
}

// code is the text of the resource's lines.
func (r *record) code() string {
	var text strings.Builder
	for _, line := range r.Code {
		if pair := native.OneOrMany(line); len(pair) == 2 {
			text.WriteString(pair[1])
		}
	}
	return text.String()
}

// finding is a vulnerable package.
func (v *vulnerability) finding(by finding.Scanner, r *record) finding.Finding {
	pkg := native.Package(v.Type, v.Package, v.Version)
	pkg.FixedIn = v.Fixed
	return native.Vulnerability{
		ID: v.ID, Title: v.ID + " in " + v.Package + " " + v.Version, Details: cmp.Or(r.Description, v.Description), URL: v.Link,
		Word: cmp.Or(r.Severity, v.Severity), Ratings: []native.Rating{{Score: v.Score, Vector: v.Vector}}, Package: pkg,
	}.Finding(by)
}
