// Package brakeman reads the JSON that Brakeman writes with -f json
// (https://brakemanscanner.org/docs/options/, lib/brakeman/report/report_json.rb).
//
// The awkward truth: Brakeman rates how sure it is and not how bad it would be; its
// confidence is taken for a severity, as its own SARIF does. Paths are relative to
// the Rails application, which need not be the repository's root; they are made
// whole where the configured root says where the application lay. Warnings about
// the versions of gems become findings about packages where the message has the
// usual words.
package brakeman

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// report is what stands beside the warnings.
type report struct {
	Info struct {
		AppPath string `json:"app_path"`
		Version string `json:"brakeman_version"`
	} `json:"scan_info"`
	Errors []struct{} `json:"errors"`
}

type warning struct {
	Type        string   `json:"warning_type"`
	Code        *int     `json:"warning_code"`
	Fingerprint string   `json:"fingerprint"`
	Check       string   `json:"check_name"`
	Message     string   `json:"message"`
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Link        string   `json:"link"`
	Source      string   `json:"code"`
	Location    location `json:"location"`
	Confidence  string   `json:"confidence"`
	CWEs        []string `json:"cwe_id"` // since 5.4
}

// location is the method, template, model or controller.
type location struct {
	Class      string `json:"class"`
	Method     string `json:"method"`
	Template   string `json:"template"`
	Model      string `json:"model"`
	Controller string `json:"controller"`
}

// The arrays of warnings.
const (
	warnings = iota
	ignored
)

// Recognise tells whether a report is Brakeman's.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.Begins("warnings", "[") && k.Has("scan_info")
}

// Parse reads a report; see package native for what every parser promises. Warnings
// that brakeman.ignore lists are suppressed. An error, such as a file that cannot be
// parsed, makes the scan incomplete.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	r := native.NewReport("brakeman", emit)
	walk := o.Walk([]string{"warnings[*]", "ignored_warnings[*]"}, []string{"scan_info.app_path", "scan_info.brakeman_version", "errors[*].location"})
	all, err := walk.Each(ctx, func(e jsonwalk.Element) error {
		var one warning
		if ok, err := r.Read(e, &one); !ok {
			return err
		}
		f := one.finding(o, jsonwalk.Of[report](e.Around[0]))
		if e.Pattern == ignored {
			f.State = finding.Suppressed
		}
		return r.Add(f)
	})
	if err == nil && !all.Found[warnings] {
		err = native.NotThis("no warnings")
	}
	about := jsonwalk.Of[report](all.Root)
	if len(about.Errors) > 0 {
		r.Incomplete()
	}
	return r.Close(about.scanner(), err)
}

func (r *report) scanner() finding.Scanner {
	return finding.Scanner{Name: "Brakeman", Version: r.Info.Version}
}

func (w *warning) finding(o native.Options, about *report) finding.Finding {
	f := finding.Finding{
		Scanner: about.scanner(), Kind: finding.SAST,
		Rule:       finding.Rule{Name: w.Check + "/" + w.Type, HelpURL: w.Link},
		Message:    w.Message,
		Place:      about.place(o.Root, w.File, w.Line),
		Advisories: clean.FindAdvisories(nil, w.Message),
		Parts:      finding.Parts{Snippet: clean.Snippet(w.Source), Symbol: w.Location.symbol()},
	}
	if w.Code != nil {
		f.Rule.ID = fmt.Sprintf("BRAKE%04d", *w.Code) // as in Brakeman's SARIF
	}
	for _, id := range w.CWEs {
		f.Rule.CWEs = clean.AddCWEs(f.Rule.CWEs, "CWE-"+id)
	}
	if w.Fingerprint != "" {
		f.Parts.Fingerprints = map[string]string{"brakeman": w.Fingerprint}
	}
	f.Severity, f.SeverityFrom = severity(w.Confidence)
	if f.Package = w.gem(f.Place); f.Package != nil {
		f.Kind = finding.SCA
	}
	if spoken := f.Rule; len(f.Advisories) == 0 {
		if spoken.Description = w.Message; clean.AboutCredentials(spoken) {
			f.Kind = finding.Secret
			clean.Redact(&f, w.Source, w.Source, o.Secrets)
		}
	}
	return f
}

func severity(confidence string) (finding.Severity, finding.SeverityFrom) {
	if strings.EqualFold(confidence, "weak") {
		return finding.Low, finding.FromNative
	}
	return native.Severity(confidence)
}

// place is a file in the application, whose own place counts if it is below the root.
func (r *report) place(root, file string, line int) *finding.Place {
	lines, app := finding.Place{StartLine: line}, strings.TrimSuffix(r.Info.AppPath, "/")
	whole := file // with --absolute-paths
	if app != "" && !strings.HasPrefix(file, app+"/") {
		whole = app + "/" + file
	}
	if p := native.Place(root, whole, lines); p != nil {
		return p
	}
	return native.Place(r.Info.AppPath, file, lines)
}

func (l location) symbol() string {
	if l.Class != "" && l.Method != "" {
		return l.Class + "#" + l.Method
	}
	return cmp.Or(l.Class, l.Method, l.Template, l.Model, l.Controller)
}

var (
	gemVersion = regexp.MustCompile(`^([A-Za-z][\w-]*)(?: gem)? (\d[\w.]*) `)
	upgrade    = regexp.MustCompile(`[Uu]pgrade to (?:[A-Za-z][\w-]* )?(?:version )?(\d[\w.]*\w)`)
)

// gem is the package that a warning about a Gemfile names: Rails 3.2.3 does not
// escape single quotes (CVE-2012-3464). Upgrade to Rails 3.2.8
func (w *warning) gem(at *finding.Place) *finding.Package {
	m := gemVersion.FindStringSubmatch(w.Message)
	if m == nil || !strings.Contains(w.Message, "CVE-") {
		return nil
	}
	p := native.Package("gem", strings.ToLower(m[1]), m[2])
	if fixed := upgrade.FindStringSubmatch(w.Message); fixed != nil {
		p.FixedIn = fixed[1]
	}
	if at != nil && strings.HasPrefix(at.Path[strings.LastIndexByte(at.Path, '/')+1:], "Gemfile") {
		p.Manifest = at.Path
	}
	return p
}
