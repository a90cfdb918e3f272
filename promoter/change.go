package promoter

import (
	"slices"
	"strings"
	"time"
)

// Change is a pull request as the platform shows it now, with what is needed
// to say which findings it brings and where a comment can stand.
type Change struct {
	Number    int
	Open      bool
	ClosedAt  time.Time // zero while open
	Merged    bool
	Draft     bool
	Author    string // the login of who opened it; "" where nobody is left of that name
	Bot       bool   // opened by a bot
	Fork      bool   // its head lives in another repository
	Head      string
	Merge     string // the test merge commit, "" if none
	Base      string // the base branch's name
	MergeBase string
	Files     []ChangedFile
	Removed   []string // paths of files that it removes
	// FilesComplete is false when the platform cut the list: a file that is
	// not in it is then of unknown position, not unchanged.
	FilesComplete bool
	// MergeGroups are the commits that the platform made to try the pull request
	// with those before it in its merge queue.
	MergeGroups []string
}

// Touches tells whether the change may have edited, renamed or removed a file.
func (c Change) Touches(path string) bool {
	return !c.FilesComplete || slices.Contains(c.Removed, path) ||
		slices.ContainsFunc(c.Files, func(f ChangedFile) bool { return f.Path == path || f.Previous == path })
}

// ChangedFile is one file of a change, at its head.
type ChangedFile struct {
	Path     string
	Previous string // path before a rename, else ""
	// Added are the lines the change added or modified; Context the lines that
	// can carry a comment as well because the diff shows them.
	Added   []LineRange
	Context []LineRange
	// Unknown: the platform gave no patch (binary or too large).
	Unknown bool
}

// LineRange is a run of lines, both ends included, counting from 1.
type LineRange struct{ First, Last int }

// Has tells whether the range holds the line.
func (r LineRange) Has(line int) bool { return r.First <= line && line <= r.Last }

// Overlaps tells whether two runs of lines share one.
func (r LineRange) Overlaps(o LineRange) bool { return r.First <= o.Last && o.First <= r.Last }

// Pause stops every new notice while it stands.
type Pause struct {
	Since  time.Time `json:"since"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // zero: until somebody resumes
}

// Active tells whether the pause stands at a time. A nil pause never does.
func (p *Pause) Active(now time.Time) bool {
	return p != nil && (p.Until.IsZero() || now.Before(p.Until))
}

// ApprovalKind says what waits for a person.
type ApprovalKind string

// What can wait so far.
const (
	ApprovalExcess    ApprovalKind = "excess"    // more new notices than a ceiling allows
	ApprovalMass      ApprovalKind = "mass"      // more withdrawals than a ceiling allows, not caused by a stage
	ApprovalProposal  ApprovalKind = "proposal"  // cohorts that would climb; see Approval.Moves
	ApprovalCampaign  ApprovalKind = "campaign"  // backlog that is to become tasks; see Campaign
	ApprovalException ApprovalKind = "exception" // an answer that is to hide a finding everywhere
	ApprovalRecut     ApprovalKind = "recut"     // findings that would go to other cohorts; see Approval.Moves
)

// ApprovalState is where a waiting plan stands.
type ApprovalState string

// The states of a waiting plan.
const (
	ApprovalWaiting  ApprovalState = "waiting"
	ApprovalApproved ApprovalState = "approved"
	ApprovalRejected ApprovalState = "rejected"
	ApprovalExpired  ApprovalState = "expired"
)

// Approval is a plan that waits for a person ("sluice plan approve P7f3a"). It
// names exactly the findings it is about, so that approving it lets through
// those and no others.
type Approval struct {
	ID      string         `json:"id"` // P and four or more hex digits
	Kind    ApprovalKind   `json:"kind"`
	Cohort  string         `json:"cohort"` // key; "" for all
	Reason  string         `json:"reason"`
	State   ApprovalState  `json:"state"`
	Actor   string         `json:"actor,omitempty"`
	RunID   int64          `json:"run_id"`
	Created time.Time      `json:"created"`
	Decided time.Time      `json:"decided,omitzero"`
	Items   []ApprovalItem `json:"items"`
	Moves   []PlannedMove  `json:"moves,omitempty"` // made together, or not at all
}

// PlannedMove is a move that waits for a person. It is made only while the
// cohort stands as it did.
type PlannedMove struct {
	CohortID   int64    `json:"cohort_id"`
	Cohort     string   `json:"cohort"`
	Generation int64    `json:"generation"`
	From       Stage    `json:"from"`
	To         Stage    `json:"to"`
	Kind       MoveKind `json:"kind"`
	Into       string   `json:"into,omitempty"`     // of a recut: the cohort its findings go to
	Findings   int      `json:"findings,omitempty"` // of a recut
}

// ApprovalItem is one finding at one target.
type ApprovalItem struct {
	RepoID      int64 `json:"repo_id"`
	Finding     int64 `json:"finding"`
	PullRequest int   `json:"pull_request"`
}

// PlanID is a new plan's: P and as many hex digits of a digest over the seed as
// it takes to be unlike every plan that is known.
func PlanID(known []Approval, seed string) string {
	digits, n := HashBody(seed), 4
	for slices.ContainsFunc(known, func(a Approval) bool { return strings.EqualFold(a.ID, "P"+digits[:n]) }) {
		n++
	}
	return "P" + digits[:n]
}
