package alerts

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// dependabotAlert is what is kept of an alert of Dependabot, more than go-github
// v60 has fields for: https://docs.github.com/en/rest/dependabot/alerts
type dependabotAlert struct {
	Number     int    `json:"number"`
	HTMLURL    string `json:"html_url"`
	State      string `json:"state"` // open, dismissed, auto_dismissed, fixed
	Dependency struct {
		Package      dependency `json:"package"`
		Manifest     string     `json:"manifest_path"`
		Scope        string     `json:"scope,omitempty"`
		Relationship string     `json:"relationship,omitempty"`
	} `json:"dependency"`
	Advisory struct {
		GHSA     string `json:"ghsa_id"`
		CVE      string `json:"cve_id,omitempty"`
		Summary  string `json:"summary"`
		Severity string `json:"severity"`
		CVSS     struct {
			Score  float64 `json:"score"`
			Vector string  `json:"vector_string,omitempty"`
		} `json:"cvss"`
		EPSS *struct {
			Percentage float64 `json:"percentage"`
			Percentile float64 `json:"percentile"`
		} `json:"epss,omitempty"`
		CWEs []struct {
			ID string `json:"cwe_id"`
		} `json:"cwes,omitempty"`
		Identifiers []struct {
			Value string `json:"value"`
		} `json:"identifiers,omitempty"`
	} `json:"security_advisory"`
	Vulnerability struct {
		Severity string `json:"severity"`
		Range    string `json:"vulnerable_version_range"`
		Patched  *struct {
			Identifier string `json:"identifier"`
		} `json:"first_patched_version"`
	} `json:"security_vulnerability"`
	DismissedAt      time.Time  `json:"dismissed_at,omitzero"`
	DismissedBy      *person    `json:"dismissed_by,omitempty"`
	DismissedReason  string     `json:"dismissed_reason,omitempty"`
	DismissedComment string     `json:"dismissed_comment,omitempty"`
	AutoDismissedAt  time.Time  `json:"auto_dismissed_at,omitzero"`
	In               repository `json:"repository,omitzero"`
}

type dependency struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
}

// dependabotForm keeps two digits of EPSS, which has others every day: a day
// shall not make every alert a new one.
func dependabotForm() githubapi.Form {
	return githubapi.Kept("dependabot/1", func(a *dependabotAlert) {
		if e := a.Advisory.EPSS; e != nil {
			e.Percentage, e.Percentile = math.Round(e.Percentage*100)/100, math.Round(e.Percentile*100)/100
		}
	})
}

func (a dependabotAlert) repository() repository { return a.In }
func (a dependabotAlert) number() int            { return a.Number }

func (a dependabotAlert) scan(c connectors.Context) (string, connectors.Context, head, bool) {
	return c.Repository(), c, head{Tool: "Dependabot"}, true
}

func (a dependabotAlert) state() finding.State {
	switch a.State {
	case "fixed":
		return finding.Absent
	case "dismissed", "auto_dismissed":
		return finding.Suppressed
	}
	return finding.Open
}

func (a dependabotAlert) finding() (finding.Finding, finding.Reason) {
	id := cmp.Or(a.Advisory.GHSA, a.Advisory.CVE)
	if id == "" || a.Dependency.Package.Name == "" || a.Number <= 0 {
		return finding.Finding{}, finding.Malformed
	}
	f := finding.Finding{
		Kind: finding.SCA, Message: clean.Fold(a.Advisory.Summary, maxText), Package: a.pkg(), Score: a.Advisory.CVSS.Score, Vector: a.Advisory.CVSS.Vector,
		Rule:       finding.Rule{ID: id, Name: clean.Sentences(a.Advisory.Summary), HelpURL: "https://github.com/advisories/" + id, CWEs: []string{}, Tags: a.tags()},
		Advisories: []string{}, State: a.state(), Alert: a.HTMLURL, Parts: numbered(a.Number), Dismissal: a.dismissal(),
	}
	for _, c := range a.Advisory.CWEs {
		f.Rule.CWEs = clean.AddCWEs(f.Rule.CWEs, c.ID)
	}
	f.Advisories = clean.FindAdvisories(f.Advisories, a.Advisory.GHSA, a.Advisory.CVE)
	for _, other := range a.Advisory.Identifiers {
		f.Advisories = clean.FindAdvisories(f.Advisories, other.Value)
	}
	f.Severity, f.SeverityFrom = clean.Severity(cmp.Or(a.Vulnerability.Severity, a.Advisory.Severity)), finding.FromNative
	if f.Severity == finding.Unknown {
		f.Severity, f.SeverityFrom = finding.DefaultSeverity(finding.SCA), finding.FromDefault
	}
	if e := a.Advisory.EPSS; e != nil {
		f.EPSS = &finding.EPSS{Score: e.Percentage, Percentile: e.Percentile}
	}
	if p := pathOf(a.Dependency.Manifest); p != "" {
		f.Place = &finding.Place{Path: p}
	}
	return f, ""
}

// tags say how the dependency is used, where GitHub knows.
func (a dependabotAlert) tags() []string {
	tags := []string{}
	if a.Dependency.Scope != "" {
		tags = append(tags, "scope:"+a.Dependency.Scope)
	}
	if r := a.Dependency.Relationship; r != "" && r != "unknown" {
		tags = append(tags, "relationship:"+r)
	}
	return tags
}

func (a dependabotAlert) dismissal() *finding.Dismissal {
	switch a.State {
	case "dismissed":
		return &finding.Dismissal{Reason: a.DismissedReason, Comment: clean.Fold(a.DismissedComment, maxText), By: a.DismissedBy.login(), At: a.DismissedAt}
	case "auto_dismissed":
		return &finding.Dismissal{Reason: finding.AutoDismissed, At: a.AutoDismissedAt}
	}
	return nil
}

// purlTypes are the types of package URLs that go by another name than GitHub's
// ecosystem: https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst
var purlTypes = map[string]string{"pip": "pypi", "rubygems": "gem", "go": "golang", "rust": "cargo", "erlang": "hex", "actions": "github"}

// pkg is the dependency. GitHub says which versions are vulnerable, and not
// which one is used.
func (a dependabotAlert) pkg() *finding.Package {
	d := a.Dependency.Package
	ecosystem := cmp.Or(purlTypes[strings.ToLower(d.Ecosystem)], strings.ToLower(d.Ecosystem))
	p := &finding.Package{Name: d.Name, Ecosystem: ecosystem, Manifest: pathOf(a.Dependency.Manifest)}
	if a.Vulnerability.Patched != nil {
		p.FixedIn = a.Vulnerability.Patched.Identifier
	}
	name := d.Name
	if ecosystem == "maven" {
		name = strings.Replace(name, ":", "/", 1)
	}
	namespace := ""
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		namespace, name = name[:i], name[i+1:]
	}
	if name != "" && ecosystem != "" {
		p.PURL = packageurl.NewPackageURL(ecosystem, namespace, name, "", nil, "").ToString()
	}
	return p
}
