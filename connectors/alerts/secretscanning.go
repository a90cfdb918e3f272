package alerts

import (
	"cmp"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// secretAlert is what is kept of an alert of secret scanning:
// https://docs.github.com/en/rest/secret-scanning/secret-scanning
type secretAlert struct {
	Number      int       `json:"number"`
	HTMLURL     string    `json:"html_url"`
	State       string    `json:"state"` // open, resolved
	Resolution  string    `json:"resolution,omitempty"`
	ResolvedAt  time.Time `json:"resolved_at,omitzero"`
	ResolvedBy  *person   `json:"resolved_by,omitempty"`
	Comment     string    `json:"resolution_comment,omitempty"`
	Type        string    `json:"secret_type"`
	DisplayName string    `json:"secret_type_display_name,omitempty"`
	Validity    string    `json:"validity,omitempty"` // active, inactive, unknown
	Leaked      bool      `json:"publicly_leaked,omitempty"`
	Secret      string    `json:"secret,omitempty"` // its keyed hash, once the page was cut
	First       *struct {
		Path        string  `json:"path"`
		StartLine   float64 `json:"start_line"`
		EndLine     float64 `json:"end_line"`
		StartColumn float64 `json:"start_column"`
		EndColumn   float64 `json:"end_column"`
	} `json:"first_location_detected,omitempty"`
	More bool       `json:"has_more_locations,omitempty"`
	In   repository `json:"repository,omitzero"`
}

// secretForm puts a keyed hash in the place of each secret, which gets no
// further than this. Another key makes another form: a stored page has the
// hashes of the old one.
func secretForm(hash func(string) string) githubapi.Form {
	if hash == nil {
		hash = func(string) string { return "" }
	}
	return githubapi.Kept("secret-scanning/1/"+hash("form"), func(a *secretAlert) {
		if a.Secret != "" {
			a.Secret = hash(a.Secret)
		}
	})
}

func (a secretAlert) repository() repository { return a.In }
func (a secretAlert) number() int            { return a.Number }

func (a secretAlert) scan(c connectors.Context) (string, connectors.Context, head, bool) {
	return c.Repository(), c, head{Tool: "GitHub secret scanning"}, true
}

func (a secretAlert) finding() (finding.Finding, finding.Reason) {
	if a.Type == "" || a.Number <= 0 {
		return finding.Finding{}, finding.Malformed
	}
	name := clean.Fold(cmp.Or(a.DisplayName, a.Type), maxText)
	f := finding.Finding{
		Kind: finding.Secret, Severity: finding.DefaultSeverity(finding.Secret), SeverityFrom: finding.FromDefault,
		Rule: finding.Rule{ID: a.Type, Name: name, CWEs: []string{"CWE-798"}, Tags: a.tags()}, Message: "A credential in the source: " + name,
		Advisories: []string{}, State: finding.Open, Alert: a.HTMLURL, Parts: numbered(a.Number),
	}
	if a.Secret != "" {
		f.Parts.Snippet = "[redacted:" + a.Secret + "]"
	}
	if a.State == "resolved" {
		f.State = finding.Suppressed
		f.Dismissal = &finding.Dismissal{Reason: a.Resolution, Comment: clean.Fold(a.Comment, maxText), By: a.ResolvedBy.login(), At: a.ResolvedAt}
		if a.Resolution == "revoked" { // the one resolution that is a fix
			f.State = finding.Absent
		}
	}
	if a.First != nil {
		if p := pathOf(a.First.Path); p != "" {
			f.Place = &finding.Place{Path: p, StartLine: line(a.First.StartLine), EndLine: line(a.First.EndLine),
				StartColumn: line(a.First.StartColumn), EndColumn: line(a.First.EndColumn)}
		}
	}
	return f, ""
}

// tags are what a policy may want to know of a secret.
func (a secretAlert) tags() []string {
	tags := []string{}
	if a.Validity != "" && a.Validity != "unknown" {
		tags = append(tags, "validity:"+a.Validity)
	}
	if a.Leaked {
		tags = append(tags, "publicly-leaked")
	}
	if a.More {
		tags = append(tags, "several-places")
	}
	return tags
}

// line reads a number that JSON Schema allows to be broken.
func line(n float64) int {
	if n < 1 || n > 1<<30 {
		return 0
	}
	return int(n)
}
