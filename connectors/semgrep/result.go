package semgrep

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

type result struct {
	CheckID string   `json:"check_id"`
	Path    string   `json:"path"`
	Start   position `json:"start"`
	End     position `json:"end"`
	Extra   extra    `json:"extra"`
}

type position struct {
	Line   int `json:"line"`
	Column int `json:"col"`
}

type extra struct {
	Message     string   `json:"message"`
	Severity    string   `json:"severity"`
	Metadata    metadata `json:"metadata"`
	Fingerprint string   `json:"fingerprint"`
	Lines       string   `json:"lines"`
	Fix         *string  `json:"fix"` // replaces the region; a pointer, for an empty one deletes it
	Ignored     bool     `json:"is_ignored"`
	Validation  string   `json:"validation_state"`
	SCA         *sca     `json:"sca_info"`
}

// metadata is what the rule's author wrote; most of it is custom of the registry.
type metadata struct {
	CWE        json.RawMessage `json:"cwe"`
	OWASP      json.RawMessage `json:"owasp"`
	Tags       json.RawMessage `json:"tags"`
	Confidence string          `json:"confidence"`
	Source     string          `json:"source"`
	Shortlink  string          `json:"shortlink"`
	RuleURL    string          `json:"source-rule-url"`
	References json.RawMessage `json:"references"`
	Score      string          `json:"security-severity"` // a number or a word
	Advisory   string          `json:"sca-vuln-database-identifier"`
	Fixed      json.RawMessage `json:"sca-fix-versions"` // [{"name": "version"}]
}

// sca is what Semgrep Supply Chain adds.
type sca struct {
	Reachable bool `json:"reachable"`
	Looked    bool `json:"reachability_rule"`
	Match     struct {
		Found struct {
			Package   string `json:"package"`
			Version   string `json:"version"`
			Ecosystem string `json:"ecosystem"`
		} `json:"found_dependency"`
		Lockfile string `json:"lockfile"`
	} `json:"dependency_match"`
}

// hidden stands for what is only given to who is logged in.
const hidden = "requires login"

func (r *result) finding(o native.Options, by finding.Scanner) finding.Finding {
	code := r.Extra.Lines
	if code == hidden {
		code = ""
	}
	f := finding.Finding{
		Scanner: by, Kind: finding.SAST, Rule: r.rule(), Message: r.Extra.Message,
		Place: native.Place(o.Root, r.Path, finding.Place{
			StartLine: r.Start.Line, EndLine: r.End.Line, StartColumn: r.Start.Column, EndColumn: r.End.Column,
		}),
		Parts: finding.Parts{Snippet: clean.Snippet(code)},
	}
	if print := r.Extra.Fingerprint; print != "" && print != hidden {
		f.Parts.Fingerprints = map[string]string{"matchBasedId/v1": print} // as in Semgrep's SARIF
	}
	r.rate(&f)
	if r.Extra.Ignored {
		f.State = finding.Suppressed
	}
	switch {
	case r.Extra.SCA != nil:
		r.dependency(&f, o.Root)
	case r.aboutSecrets() || clean.AboutCredentials(f.Rule):
		f.Kind = finding.Secret
		secret := native.Between(code, r.Start.Column, r.End.Column)
		clean.Redact(&f, secret, code, o.Secrets)
	default:
		f.Fix = r.fix(f.Place, code)
	}
	return f
}

// aboutSecrets: a rule of Semgrep Secrets, or one that is filed under secrets.
func (r *result) aboutSecrets() bool {
	validation := r.Extra.Validation
	return validation != "" && validation != "NO_VALIDATOR" || strings.Contains("."+r.CheckID, ".secrets.")
}

// rule has the tags that Semgrep gives it in SARIF.
func (r *result) rule() finding.Rule {
	m := &r.Extra.Metadata
	rule := finding.Rule{ID: r.CheckID}
	for _, url := range append([]string{m.Source, m.Shortlink, m.RuleURL}, native.OneOrMany(m.References)...) {
		rule.HelpURL = cmp.Or(rule.HelpURL, clean.URL(url))
	}
	for _, cwe := range native.OneOrMany(m.CWE) {
		rule.CWEs = clean.AddCWEs(rule.CWEs, cwe)
		rule.Tags = clean.AppendNew(rule.Tags, cwe)
	}
	for _, owasp := range native.OneOrMany(m.OWASP) {
		rule.Tags = clean.AppendNew(rule.Tags, "OWASP-"+owasp)
	}
	if m.Confidence != "" {
		rule.Tags = clean.AppendNew(rule.Tags, m.Confidence+" CONFIDENCE")
	}
	for _, tag := range native.OneOrMany(m.Tags) {
		rule.Tags = clean.AppendNew(rule.Tags, tag)
	}
	return rule
}

// rate prefers what the rule's author said in the metadata.
func (r *result) rate(f *finding.Finding) {
	if score, err := strconv.ParseFloat(r.Extra.Metadata.Score, 64); err == nil && score >= 0 && score <= 10 {
		f.Severity, f.SeverityFrom, f.Score = finding.FromScore(score), finding.FromSecuritySeverity, score
		return
	}
	f.Severity, f.SeverityFrom = native.Severity(r.Extra.Metadata.Score)
	if f.Severity == finding.Unknown {
		f.Severity, f.SeverityFrom = severity(r.Extra.Severity)
	}
}

// severity reads Semgrep's words. INFO is its third of three and means low, as its
// platform and its SARIF have it.
func severity(word string) (finding.Severity, finding.SeverityFrom) {
	switch strings.ToUpper(word) {
	case "INFO":
		return finding.Low, finding.FromNative
	case "EXPERIMENT", "INVENTORY":
		return finding.Info, finding.FromNative
	}
	return native.Severity(word)
}

func (r *result) dependency(f *finding.Finding, root string) {
	m, found := &r.Extra.Metadata, r.Extra.SCA.Match.Found
	f.Kind = finding.SCA
	f.Advisories = clean.FindAdvisories(nil, m.Advisory, r.CheckID)
	f.Package = native.Package(found.Ecosystem, found.Package, found.Version)
	f.Package.Manifest = clean.Path(root, r.Extra.SCA.Match.Lockfile)
	var fixed []map[string]string
	if _, _ = jsonwalk.Decode(m.Fixed, &fixed); len(fixed) > 0 {
		f.Package.FixedIn = fixed[0][found.Package]
	}
	switch s := r.Extra.SCA; {
	case !s.Looked: // the rule only compares versions
	case s.Reachable:
		f.Reachability = finding.Called
	default: // Semgrep does not tell whether anything else of the package is used
		f.Reachability = finding.Imported
	}
}

// fix replaces whole lines where they are shown and it is clear what columns count,
// so that a reader can apply it; else the region.
func (r *result) fix(at *finding.Place, code string) *finding.Fix {
	if at == nil || at.StartLine <= 0 || r.Extra.Fix == nil || len(*r.Extra.Fix) >= maxFix {
		return nil
	}
	edit := finding.Edit{Place: *at, Text: *r.Extra.Fix}
	lines := strings.Split(code, "\n")
	first, last := lines[0], lines[len(lines)-1]
	from, to := at.StartColumn-1, at.EndColumn-1
	if len(code) < maxFix && len(lines) == at.EndLine-at.StartLine+1 && ascii(first) && ascii(last) && from >= 0 && from <= len(first) && to >= 0 && to <= len(last) {
		edit.Text = first[:from] + edit.Text + last[to:]
		edit.Place.StartColumn, edit.Place.EndColumn = 0, 0
	}
	return &finding.Fix{Edits: []finding.Edit{edit}}
}

// maxFix is the longest fix anybody reads, and the longest code it is put into, in
// bytes; longer ones may have been cut.
const maxFix = 8 << 10

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
