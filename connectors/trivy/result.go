package trivy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// vulnerability is a DetectedVulnerability.
type vulnerability struct {
	VulnerabilityID                string
	VendorIDs                      []string
	PkgName, PkgPath               string
	PkgIdentifier                  struct{ PURL string }
	InstalledVersion, FixedVersion string
	Title, Description             string
	Severity, SeveritySource       string
	PrimaryURL                     string
	References                     json.RawMessage
	CweIDs                         []string
	CVSS                           map[string]rating
}

type rating struct {
	V3Vector, V40Vector        string
	V2Score, V3Score, V40Score float64
}

func (p *parser) vulnerability(v vulnerability, t document) finding.Finding {
	pkg := native.PackageAt(v.PkgIdentifier.PURL, t.Type, v.PkgName, v.InstalledVersion)
	pkg.FixedIn = native.Versions(strings.Split(v.FixedVersion, ",")...)
	where := cmp.Or(v.PkgPath, file(t))
	pkg.Manifest = cmp.Or(where, t.Target)
	f := native.Vulnerability{
		ID: v.VulnerabilityID, Aliases: append(v.VendorIDs, githubs(v.References)),
		Title: v.Title, Details: v.Description, URL: v.PrimaryURL, CWEs: v.CweIDs,
		Word: v.Severity, Ratings: ratings(v.CVSS, v.SeveritySource), Package: pkg,
	}.Finding(scanner(p.document))
	if f.Place = p.place(where, finding.Place{}); f.Place != nil {
		pkg.Manifest = f.Place.Path
	}
	return f
}

// githubs is the reference to GitHub's own page of the advisory, if there is one: of
// several only one can be this advisory. Other references lead anywhere. They are
// looked for in the text as it is, for there are dozens in each result.
func githubs(references json.RawMessage) string {
	page := []byte(`"https://github.com/advisories/GHSA-`)
	if bytes.Count(references, page) != 1 {
		return ""
	}
	_, id, _ := bytes.Cut(references, page)
	id, _, _ = bytes.Cut(id, []byte(`"`))
	return "GHSA-" + string(id)
}

// ratings are the CVSS ratings, first of the source that the severity is from, then
// of NVD, then of the others by name.
func ratings(all map[string]rating, source string) (list []native.Rating) {
	names := []string{source, "nvd"}
	var others []string
	for name := range all {
		others = append(others, name)
	}
	slices.Sort(others)
	for _, name := range append(names, others...) {
		r, ok := all[name]
		if ok {
			list = append(list, native.Rating{Score: r.V40Score, Vector: r.V40Vector}, native.Rating{Score: r.V3Score, Vector: r.V3Vector})
		}
	}
	return list
}

// misconfiguration is a DetectedMisconfiguration.
type misconfiguration struct {
	Type, ID, AVDID              string
	Title, Description, Message  string
	Resolution, Severity, Status string
	PrimaryURL                   string
	CauseMetadata                struct {
		Resource           string
		StartLine, EndLine int
		Code               struct{ Lines []line }
	}
}

type line struct {
	Number  int
	Content string
	IsCause bool
}

func (p *parser) misconfigured(m misconfiguration, t document) error {
	if strings.EqualFold(m.Status, "PASS") {
		p.report.Skip(finding.NotAProblem)
		return nil
	}
	f := finding.Finding{
		Scanner: scanner(p.document), Kind: finding.IaC,
		Rule: finding.Rule{
			ID: clean.Fold(cmp.Or(m.AVDID, m.ID), 200), Name: clean.Fold(m.Title, 300), HelpURL: m.PrimaryURL,
			Description: clean.Sentences(cmp.Or(m.Description, m.Title)),
		},
		Message: clean.Fold(cmp.Or(m.Message, m.Title, m.Description), 2<<10),
		Parts:   finding.Parts{Symbol: clean.Fold(m.CauseMetadata.Resource, 300), Snippet: cause(m.CauseMetadata.Code.Lines)},
	}
	if m.AVDID != "" && m.ID != m.AVDID {
		f.Rule.Tags = []string{clean.Fold(m.ID, 200)}
	}
	f.Severity, f.SeverityFrom = native.Severity(m.Severity)
	if strings.EqualFold(m.Status, "EXCEPTION") {
		f.State = finding.Suppressed
	}
	f.Place = p.place(t.Target, finding.Place{StartLine: m.CauseMetadata.StartLine, EndLine: m.CauseMetadata.EndLine})
	return p.report.Add(f)
}

// cause is the text of the lines that are the cause.
func cause(lines []line) string {
	var text []string
	for _, l := range lines {
		if l.IsCause {
			text = append(text, l.Content)
		}
	}
	return clean.Fold(strings.Join(text, "\n"), 1<<10)
}

// secret is a SecretFinding. Trivy masks what it found itself.
type secret struct {
	RuleID, Category, Severity, Title, Match string
	StartLine, EndLine                       int
	Code                                     struct{ Lines []line }
}

func (p *parser) secret(s secret, t document) finding.Finding {
	f := finding.Finding{
		Scanner: scanner(p.document), Kind: finding.Secret,
		Rule:    finding.Rule{ID: clean.Fold(s.RuleID, 200), Name: clean.Fold(s.Title, 300), Tags: tag(s.Category)},
		Message: clean.Fold(cmp.Or(s.Title, s.RuleID), 2<<10),
	}
	f.Severity, f.SeverityFrom = native.Severity(s.Severity)
	f.Place = p.place(t.Target, finding.Place{StartLine: s.StartLine, EndLine: s.EndLine})
	shown := s.Match
	for _, l := range s.Code.Lines {
		shown += "\n" + l.Content
	}
	clean.Redact(&f, "", shown, p.o.Secrets)
	return f
}

func tag(text string) []string {
	if text == "" {
		return nil
	}
	return []string{clean.Fold(text, 200)}
}

// licence is a DetectedLicense.
type licence struct {
	Severity, Category, PkgName, FilePath, Name, Link string
}

func (p *parser) licence(l licence, t document) finding.Finding {
	f := finding.Finding{
		Scanner: scanner(p.document), Kind: finding.Other,
		Rule:    finding.Rule{ID: clean.Fold(l.Name, 200), Name: "Licence " + clean.Fold(l.Name, 200), HelpURL: l.Link, Tags: tag(l.Category)},
		Message: clean.Fold("Licence "+l.Name+" of "+cmp.Or(l.PkgName, l.FilePath), 2<<10),
	}
	f.Severity, f.SeverityFrom = native.Severity(l.Severity)
	where := cmp.Or(l.FilePath, file(t))
	if l.PkgName != "" {
		f.Package = native.Package(t.Type, l.PkgName, "")
		f.Package.Manifest = where
	}
	f.Place = p.place(where, finding.Place{})
	return f
}

// modified is a finding that an ignore file, a policy or VEX took out of the report
// (--show-suppressed).
type modified struct {
	Type, Status, Statement, Source string
}

func (p *parser) modified(e jsonwalk.Element, t document) error {
	var m modified
	if ok, err := p.report.Read(e, &m); !ok {
		return err
	}
	var f finding.Finding
	switch m.Type {
	case "vulnerability":
		var inner struct{ Finding vulnerability }
		_, _ = e.Decode(&inner) // it was read just now
		f = p.vulnerability(inner.Finding, t)
	case "misconfiguration":
		var inner struct{ Finding misconfiguration }
		_, _ = e.Decode(&inner)
		inner.Finding.Status = "EXCEPTION"
		return p.misconfigured(inner.Finding, t)
	case "secret":
		var inner struct{ Finding secret }
		_, _ = e.Decode(&inner)
		f = p.secret(inner.Finding, t)
	case "license":
		var inner struct{ Finding licence }
		_, _ = e.Decode(&inner)
		f = p.licence(inner.Finding, t)
	default:
		p.report.Skip(finding.Malformed)
		return nil
	}
	f.State = finding.Suppressed
	return p.report.Add(f)
}
