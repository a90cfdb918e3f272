package promoter

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// VerdictKind is what one answer says about a finding.
type VerdictKind string

// The kinds, in the words of the package evidence, which scores them. People
// give those of the first group; the rest is read off the code.
const (
	VerdictFalsePositive  VerdictKind = "false-positive"
	VerdictNotUseful      VerdictKind = "not-useful" // also a thumbs-down
	VerdictWontFix        VerdictKind = "wont-fix"
	VerdictAccepted       VerdictKind = "accepted"
	VerdictUseful         VerdictKind = "useful" // also a thumbs-up
	VerdictFixed          VerdictKind = "fixed"
	VerdictDuplicate      VerdictKind = "duplicate"
	VerdictUnreproducible VerdictKind = "unreproducible"

	VerdictSuppressed         VerdictKind = "suppressed"          // in the code, instead of fixed
	VerdictSuppressedAccepted VerdictKind = "suppressed-accepted" // in the code, marked as an accepted risk
	VerdictGone               VerdictKind = "gone"                // before the merge, because the code changed
	VerdictUnmerged           VerdictKind = "unmerged"            // the pull request was closed
	VerdictFileDeleted        VerdictKind = "file-deleted"
	VerdictScanFailed         VerdictKind = "scan-failed" // the scanner no longer says anything about it
)

var given = []VerdictKind{VerdictFalsePositive, VerdictNotUseful, VerdictWontFix, VerdictAccepted, VerdictUseful, VerdictFixed, VerdictDuplicate, VerdictUnreproducible}

// VerdictKinds lists the kinds that people give.
func VerdictKinds() []VerdictKind { return slices.Clone(given) }

// ParseVerdictKind reads a kind that a person can give.
func ParseVerdictKind(name string) (VerdictKind, error) {
	if k := VerdictKind(strings.ToLower(strings.TrimSpace(name))); slices.Contains(given, k) {
		return k, nil
	}
	names := make([]string, len(given))
	for i, k := range given {
		names[i] = string(k)
	}
	return "", fmt.Errorf("verdict %q is none of %s", name, strings.Join(names, ", "))
}

// VerdictSource says where an answer was given.
type VerdictSource string

// The sources. What comes by command or import is recorded as asserted: nothing
// proves who gave it.
const (
	FromReaction VerdictSource = "reaction" // on a comment of ours
	FromReply    VerdictSource = "reply"    // a command in a comment
	FromTask     VerdictSource = "task"     // a ticket's resolution
	FromAlert    VerdictSource = "alert"    // an alert dismissed on the platform
	FromCommand  VerdictSource = "command"  // sluice verdict add, sluice queue
	FromImport   VerdictSource = "import"   // sluice verdict import
	FromCode     VerdictSource = "code"     // what match and the platform saw
)

// Verdict is one answer to one finding: a person's, or the code's own.
type Verdict struct {
	ID         int64         `json:"id"`
	RepoID     int64         `json:"repo_id"`
	Finding    int64         `json:"finding"`
	Notice     int64         `json:"notice,omitempty"`   // where it was answered; 0: to the finding itself
	Exposure   int64         `json:"exposure,omitempty"` // what it is evidence about; 0: let the store find it, or nothing was shown
	Person     int64         `json:"person,omitempty"`   // 0: the code
	Kind       VerdictKind   `json:"kind"`
	Source     VerdictSource `json:"source"`
	ExternalID string        `json:"external_id,omitempty"` // of the reaction, comment or ticket; of a source and a finding one verdict stands
	Reason     string        `json:"reason,omitempty"`      // in the person's words; stays outside the ledger
	Until      time.Time     `json:"until,omitzero"`        // accepted: its last day, 00:00 UTC
	At         time.Time     `json:"at"`
	Retracted  time.Time     `json:"retracted_at,omitzero"` // when it was seen to be taken back or replaced
	Audit      bool          `json:"audit,omitempty"`       // given to a random sample
	Uncounted  string        `json:"uncounted,omitempty"`   // why it counts for nothing: NotAMember, ...
	Burst      bool          `json:"burst,omitempty"`       // not the person's first answer of the day; the store marks it
}

// Why an answer is recorded and does not count.
const (
	NotAMember = "no write access"
	NotAPerson = "a bot"
)

// Stands tells whether nobody took the verdict back.
func (v Verdict) Stands() bool { return v.Retracted.IsZero() }

// Exposure is one item as it was shown to people: one observation, or part of
// one, of its cohort's evidence.
type Exposure struct {
	RepoID      int64     `json:"repo_id"`
	Finding     int64     `json:"finding"`
	Notice      int64     `json:"notice,omitempty"` // 0: drawn for the security team's queue
	PullRequest int       `json:"pull_request,omitempty"`
	CohortID    int64     `json:"cohort_id"`
	Attempt     int64     `json:"attempt"`
	Cluster     string    `json:"cluster"` // see ClusterOf and SampleCluster
	ShownAt     time.Time `json:"shown_at"`
	Coin        bool      `json:"coin"`            // the audit coin, or drawn at random for the queue
	Share       float64   `json:"share,omitempty"` // the coin's chance when it was tossed
}

// ClusterOf names what one observation is made of: what a cohort shows in one
// stay in one pull request, or in one ticket.
func ClusterOf(n Notice) string {
	if n.Surface == SurfaceTask {
		return fmt.Sprintf("%d!%d", n.Target.RepoID, n.No)
	}
	return fmt.Sprintf("%d#%d", n.Target.RepoID, n.Target.PullRequest)
}

// SampleCluster names the observation that a finding drawn for the queue is.
func SampleCluster(repoID, finding int64) string { return fmt.Sprintf("%d:F%d", repoID, finding) }

// Exposures are what a notice has shown so far, whatever became of it. coin
// tosses the audit coin of an item by its name.
func Exposures(n Notice, coin func(item string) bool) []Exposure {
	var out []Exposure
	if n.Surface == SurfaceCheck || n.Surface == SurfaceAlert {
		return nil // nobody answers a check, whose findings have comments; a dismissal is itself an answer
	}
	for _, i := range n.Items {
		if i.ShownAt.IsZero() || i.CohortID == 0 {
			continue
		}
		e := Exposure{
			RepoID: n.Target.RepoID, Finding: i.Finding, Notice: n.No, PullRequest: n.Target.PullRequest,
			CohortID: i.CohortID, Attempt: i.Attempt, Cluster: ClusterOf(n), ShownAt: i.ShownAt,
		}
		e.Coin = coin != nil && coin(fmt.Sprintf("%s:F%d/%d", e.Cluster, e.Finding, e.Attempt))
		out = append(out, e)
	}
	return out
}

// Alias is a person's login in one system.
type Alias struct {
	System string `json:"system"` // github, jira, os, ...
	Login  string `json:"login"`  // without regard to case
}

// Same tells whether two aliases are one.
func (a Alias) Same(b Alias) bool { return a.System == b.System && strings.EqualFold(a.Login, b.Login) }

func (a Alias) String() string { return a.System + ":" + a.Login }

// ParseAlias reads github:alice.
func ParseAlias(text string) (Alias, error) {
	system, login, ok := strings.Cut(text, ":")
	if !ok || system == "" || login == "" {
		return Alias{}, fmt.Errorf("person %q is not written like github:alice", text)
	}
	return Alias{System: system, Login: login}, nil
}

// RestsOn tells whether the disposition ends with a verdict.
func (d Disposition) RestsOn(v Verdict) bool {
	return d.ExternalID != "" && d.RepoID == v.RepoID && d.Finding == v.Finding && d.Source == v.Source && d.ExternalID == v.ExternalID
}

// Person is somebody who answers, under all the names they are known by. After
// an erasure there are none, and the number stands for nobody in particular.
type Person struct {
	ID      int64   `json:"id"`
	Aliases []Alias `json:"aliases"`
}

// Disposition is what became of one finding: by whom, why, until when. It
// holds on every ref, or in one pull request.
type Disposition struct {
	ID          int64       `json:"id"`
	RepoID      int64       `json:"repo_id"`
	Finding     int64       `json:"finding"`
	PullRequest int         `json:"pull_request,omitempty"` // 0: everywhere
	Kind        VerdictKind `json:"kind"`                   // false-positive, wont-fix, accepted, not-useful, duplicate
	Person      int64       `json:"person,omitempty"`
	Reason      string      `json:"reason,omitempty"`
	Plan        string      `json:"plan,omitempty"` // the plan by which it was approved, if it had to be
	Since       time.Time   `json:"since"`
	Expires     time.Time   `json:"expires,omitzero"`  // its last day, 00:00 UTC; zero: never
	Ended       time.Time   `json:"ended_at,omitzero"` // expired, or what it rested on was taken back
	// Verdicts of one source and external id that it rests on: it ends when they
	// are taken back. Empty: it stands by itself.
	Source     VerdictSource `json:"source,omitempty"`
	ExternalID string        `json:"external_id,omitempty"`
}

// InForce tells whether the disposition holds in a pull request (0: on a
// branch) on a day. It holds through its last day, in UTC.
func (d Disposition) InForce(pullRequest int, day time.Time) bool {
	return d.Ended.IsZero() && (d.PullRequest == 0 || d.PullRequest == pullRequest) &&
		(d.Expires.IsZero() || day.UTC().Before(d.Expires.UTC().AddDate(0, 0, 1)))
}

// Heard is a comment of a person that was read: what it asked for and how far
// it was answered. The words themselves are the platform's to keep.
type Heard struct {
	RepoID      int64     `json:"repo_id"`
	PullRequest int       `json:"pull_request"`
	Comment     string    `json:"comment"` // the platform's id, with its kind: review/12, issue/13
	Notice      int64     `json:"notice"`  // whose thread it stands in; 0: nowhere in particular
	Person      int64     `json:"person"`
	Topic       string    `json:"topic"` // false-positive, why, help, unknown, outsider, words, ...
	At          time.Time `json:"at"`
	Acked       time.Time `json:"acked_at,omitzero"`   // when it was acknowledged
	Replied     time.Time `json:"replied_at,omitzero"` // when it was answered in words
	Removed     time.Time `json:"removed_at,omitzero"` // when it was seen to be deleted
}
