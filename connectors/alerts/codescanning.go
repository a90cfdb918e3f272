package alerts

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// codeAlert is what is kept of an alert of code scanning:
// https://docs.github.com/en/rest/code-scanning/code-scanning
type codeAlert struct {
	Number           int       `json:"number"`
	HTMLURL          string    `json:"html_url"`
	State            string    `json:"state"` // open, dismissed, fixed
	DismissedBy      *person   `json:"dismissed_by,omitempty"`
	DismissedAt      time.Time `json:"dismissed_at,omitzero"`
	DismissedReason  string    `json:"dismissed_reason,omitempty"`
	DismissedComment string    `json:"dismissed_comment,omitempty"`
	Rule             struct {
		ID          string   `json:"id"`
		Name        string   `json:"name,omitempty"`
		Severity    string   `json:"severity,omitempty"`                // none, note, warning, error
		Security    string   `json:"security_severity_level,omitempty"` // low, medium, high, critical
		Description string   `json:"description,omitempty"`
		Full        string   `json:"full_description,omitempty"`
		Tags        []string `json:"tags,omitempty"`
		HelpURI     string   `json:"help_uri,omitempty"`
	} `json:"rule"`
	Tool     tool       `json:"tool"`
	Instance instance   `json:"most_recent_instance"`
	In       repository `json:"repository,omitzero"`
}

type tool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// instance is where an alert was last seen on a branch or pull request.
type instance struct {
	Ref      string `json:"ref"`
	Category string `json:"category,omitempty"`
	State    string `json:"state,omitempty"`
	Commit   string `json:"commit_sha"`
	Message  struct {
		Text string `json:"text"`
	} `json:"message"`
	Location struct {
		Path        string `json:"path"`
		StartLine   int    `json:"start_line"`
		EndLine     int    `json:"end_line"`
		StartColumn int    `json:"start_column"`
		EndColumn   int    `json:"end_column"`
	} `json:"location"`
}

// person is an account; one that is gone is null.
type person struct {
	Login string `json:"login"`
}

func (p *person) login() string {
	if p == nil {
		return ""
	}
	return p.Login
}

// codeForm keeps no text of an alert about a secret: its message may hold it.
func codeForm() githubapi.Form {
	return githubapi.Kept("code-scanning/1", func(a *codeAlert) {
		a.Rule.Full = clean.Sentences(a.Rule.Full)
		if a.kind() == finding.Secret {
			a.Instance.Message.Text = cmp.Or(a.Rule.Description, a.Rule.Name, a.Rule.ID)
		}
	})
}

func (a codeAlert) repository() repository { return a.In }
func (a codeAlert) number() int            { return a.Number }

func (a codeAlert) scan(c connectors.Context) (string, connectors.Context, head, bool) {
	if !onRef(&c, a.Instance.Ref) {
		return "", c, head{}, false
	}
	if a.state() == finding.Open {
		c.Commit = strings.ToLower(a.Instance.Commit)
	}
	h := head{Tool: a.Tool.Name, Version: a.Tool.Version, Category: a.Instance.Category}
	return codeLocation(c.Repository(), a.Instance.Ref, h), c, h, h.Tool != ""
}

// codeLocation names a scan; a category may hold slashes.
func codeLocation(full, ref string, h head) string {
	return full + "/" + ref + "/" + url.PathEscape(h.Tool) + "/" + url.PathEscape(h.Category)
}

// onRef reads a ref; tags are none that Sluice speaks of.
func onRef(c *connectors.Context, ref string) bool {
	if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		c.Branch = branch
		return true
	}
	rest, ok := strings.CutPrefix(ref, "refs/pull/")
	number, side, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(number)
	c.PullRequest = n
	return ok && err == nil && n > 0 && (side == "merge" || side == "head")
}

// state is the alert's on the ref that was asked for.
func (a codeAlert) state() finding.State {
	switch {
	case cmp.Or(a.Instance.State, a.State) == "fixed":
		return finding.Absent
	case a.State == "dismissed", a.Instance.State == "dismissed":
		return finding.Suppressed
	}
	return finding.Open
}

func (a codeAlert) rule() finding.Rule {
	r := finding.Rule{ID: cmp.Or(a.Rule.ID, a.Rule.Name), Name: a.Rule.Name, HelpURL: a.Rule.HelpURI, Tags: a.Rule.Tags, CWEs: []string{},
		Description: clean.Sentences(cmp.Or(a.Rule.Full, a.Rule.Description))}
	if r.Tags == nil {
		r.Tags = []string{}
	}
	for _, tag := range r.Tags {
		r.CWEs = clean.AddCWEs(r.CWEs, tag)
	}
	return r
}

func (a codeAlert) kind() finding.Kind { return sarif.KindOf(a.Tool.Name, a.rule()) }

func (a codeAlert) finding() (finding.Finding, finding.Reason) {
	switch {
	case a.Number <= 0:
		return finding.Finding{}, finding.Malformed
	case a.rule().ID == "":
		return finding.Finding{}, finding.NoRule
	}
	f := finding.Finding{
		Kind: a.kind(), Rule: a.rule(), Message: clean.Fold(cmp.Or(a.Instance.Message.Text, a.Rule.Description), maxText),
		Place: a.place(), Advisories: clean.FindAdvisories([]string{}, a.Rule.ID, a.Rule.Name),
		State: a.state(), Alert: a.HTMLURL, Parts: numbered(a.Number),
	}
	f.Severity, f.SeverityFrom = a.severity(f.Kind)
	if a.State == "dismissed" {
		f.Dismissal = &finding.Dismissal{Reason: a.DismissedReason, Comment: clean.Fold(a.DismissedComment, maxText), By: a.DismissedBy.login(), At: a.DismissedAt}
	}
	return f, ""
}

func (a codeAlert) severity(kind finding.Kind) (finding.Severity, finding.SeverityFrom) {
	if s := clean.Severity(a.Rule.Security); s != finding.Unknown {
		return s, finding.FromSecuritySeverity
	}
	if s := clean.Severity(a.Rule.Severity); s != finding.Unknown {
		return s, finding.FromLevel
	}
	return finding.DefaultSeverity(kind), finding.FromDefault
}

func (a codeAlert) place() *finding.Place {
	l := a.Instance.Location
	p := pathOf(l.Path)
	if p == "" {
		return nil
	}
	return &finding.Place{Path: p, StartLine: max(0, l.StartLine), EndLine: max(0, l.EndLine), StartColumn: max(0, l.StartColumn), EndColumn: max(0, l.EndColumn)}
}

// maxText is how much of a message or comment is kept, in bytes.
const maxText = 4 << 10

// numbered makes the alert's number part of a finding's identity: GitHub keeps
// it through moves and renames, and the same on every ref.
func numbered(number int) finding.Parts {
	return finding.Parts{Fingerprints: map[string]string{finding.AlertNumber: strconv.Itoa(number)}}
}
