package promoter

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AlertRef names an alert of the platform in its repository.
type AlertRef struct {
	Kind   string `json:"kind"` // code-scanning, dependabot, secret-scanning
	Number int    `json:"number"`
}

func (a AlertRef) String() string { return fmt.Sprintf("%s/%d", a.Kind, a.Number) }

// ParseAlert reads the address of an alert's page, .../security/dependabot/7.
func ParseAlert(page string) (AlertRef, bool) {
	u, err := url.Parse(page)
	if err != nil {
		return AlertRef{}, false
	}
	parts := strings.Split(u.Path, "/")
	if len(parts) < 3 || parts[len(parts)-3] != "security" {
		return AlertRef{}, false
	}
	kind := parts[len(parts)-2]
	n, err := strconv.Atoi(parts[len(parts)-1])
	return AlertRef{kind, n}, err == nil && n > 0 && alertReasons[kind] != nil
}

// AlertDismissal is an alert that stands dismissed on the platform: what it
// says and who did it.
type AlertDismissal struct {
	Alert   AlertRef
	By      string // login
	Comment string
}

// alertReasons are GitHub's words for what people decide here; a decision that
// has none is not written back:
// https://docs.github.com/en/rest/code-scanning/code-scanning#update-a-code-scanning-alert
// https://docs.github.com/en/rest/dependabot/alerts#update-a-dependabot-alert
// https://docs.github.com/en/rest/secret-scanning/secret-scanning#update-a-secret-scanning-alert
var alertReasons = map[string]map[VerdictKind]string{
	"code-scanning":   {VerdictFalsePositive: "false positive", VerdictWontFix: "won't fix", VerdictAccepted: "won't fix"},
	"dependabot":      {VerdictFalsePositive: "inaccurate", VerdictWontFix: "tolerable_risk", VerdictAccepted: "tolerable_risk"},
	"secret-scanning": {VerdictFalsePositive: "false_positive", VerdictWontFix: "wont_fix", VerdictAccepted: "wont_fix"},
}

// Dismissing is what is written to an alert: the body of a notice on
// SurfaceAlert.
type Dismissing struct {
	Alert   AlertRef `json:"alert"`
	Reason  string   `json:"reason"`  // the platform's word
	Comment string   `json:"comment"` // without marker
}

// ParseDismissing reads the body of a notice on SurfaceAlert.
func ParseDismissing(body string) (d Dismissing, err error) {
	if err := json.Unmarshal([]byte(body), &d); err != nil || alertReasons[d.Alert.Kind] == nil || d.Alert.Number <= 0 || d.Reason == "" {
		return d, fmt.Errorf("not what is written to an alert: %.80q", body)
	}
	return d, nil
}

// Body is what ParseDismissing reads.
func (d Dismissing) Body() string {
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err) // texts and a number
	}
	return string(raw)
}

// maxDismissal is how long our words in an alert may be, in bytes: with the
// marker they fit into the 280 characters that GitHub takes.
const maxDismissal = 190

// DismissingOf is what a decision writes to an alert. ok is false for one that
// is nobody's, that holds in one pull request only, that the alert itself said
// first, or that the platform has no word for.
func DismissingOf(name string, alert AlertRef, d Disposition) (Dismissing, bool) {
	reason := alertReasons[alert.Kind][d.Kind]
	if reason == "" || d.Person == 0 || d.PullRequest != 0 || d.Source == FromAlert || d.Source == FromCode {
		return Dismissing{}, false
	}
	said := fmt.Sprintf("%s in Sluice, %s", d.Kind, name)
	if !d.Expires.IsZero() {
		said += ", until " + d.Expires.UTC().Format(time.DateOnly)
	}
	if words := strings.ReplaceAll(strings.Join(strings.Fields(d.Reason), " "), "@", "(at)"); words != "" { // nobody is mentioned
		said += ": " + words
	}
	if len(said) > maxDismissal {
		said = strings.ToValidUTF8(said[:maxDismissal-3], "") + "..."
	}
	return Dismissing{Alert: alert, Reason: reason, Comment: said}, true
}

// WantedDismissal is an alert that should stand dismissed for a finding.
type WantedDismissal struct {
	Claim Claim // its finding, for the ceilings
	Dismissing
}

// DismissalPlanning is the input of PlanDismissals, for one repository.
type DismissalPlanning struct {
	RepoID int64
	Want   []WantedDismissal
	Have   []Notice // on SurfaceAlert
	// Open tells which alerts nobody dismisses at present; what is not known to
	// be open is not dismissed anew.
	Open   func(AlertRef) bool
	NextNo int64
	Now    time.Time
}

// PlanDismissals compares the alerts that should stand dismissed with those
// that we dismissed. It is pure. An alert that a person touched since is theirs.
func PlanDismissals(p DismissalPlanning) []Action {
	var acts []Action
	wanted := map[string]bool{}
	for _, w := range p.Want {
		group := w.Alert.String()
		if wanted[group] {
			continue // two decisions on one alert: the first counts
		}
		wanted[group] = true
		i := slices.IndexFunc(p.Have, func(n Notice) bool { return n.Group == group })
		if i >= 0 {
			acts = append(acts, p.adjust(p.Have[i], w)...)
		} else if p.Open(w.Alert) {
			n := Notice{No: p.NextNo, Surface: SurfaceAlert, Target: Target{RepoID: p.RepoID}, Group: group, State: NoticePlanned}
			p.NextNo++
			acts = append(acts, Action{Step: StepShow, Verbs: []Verb{VerbDismiss}, Notice: p.dressed(n, w), Reason: "decided"})
		}
	}
	for _, n := range p.Have {
		if !wanted[n.Group] {
			acts = append(acts, p.reopen(n)...)
		}
	}
	return acts
}

func (p DismissalPlanning) adjust(n Notice, w WantedDismissal) []Action {
	after := p.dressed(n, w)
	switch {
	case n.State == NoticePlanned, n.State == NoticeWithdrawn && p.Open(w.Alert):
		after.State = NoticePlanned
		act := Action{Step: StepShow, Verbs: []Verb{VerbDismiss}, Notice: after, Reason: "decided"}
		if n.State == NoticeWithdrawn {
			act.Before, act.Reason = n, "decided again"
			act.Notice.State = NoticePosted
		}
		return []Action{act}
	case n.State == NoticePosted && after.Desired != n.Shown:
		return []Action{{Step: StepEdit, Verbs: []Verb{VerbDismiss}, Before: n, Notice: after, Reason: "decided otherwise"}}
	}
	return nil
}

func (p DismissalPlanning) dressed(n Notice, w WantedDismissal) Notice {
	n.Generation++
	n.Body = w.Body()
	n.Desired, n.Cause = HashBody(n.Body), ""
	n.Items = []Item{{Finding: w.Claim.Finding, Version: w.Claim.Version}} // of no cohort: a decision is no exposure
	return n
}

func (p DismissalPlanning) reopen(n Notice) []Action {
	after := n
	after.State, after.Cause = NoticeWithdrawn, RemovedPolicy
	after.Items = slices.Clone(n.Items)
	for i := range after.Items {
		after.Items[i].Removed, after.Items[i].Cause = p.Now, RemovedPolicy
	}
	switch n.State {
	case NoticePlanned:
		return []Action{{Step: StepDrop, Notice: after, Reason: "no longer decided"}}
	case NoticePosted:
		after.Generation++
		return []Action{{Step: StepWithdraw, Verbs: []Verb{VerbReopen}, Before: n, Notice: after, Reason: "no longer decided"}}
	}
	return nil
}
