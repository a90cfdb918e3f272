package promoter

import (
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Surface is where people see findings.
type Surface string

// The surfaces that exist so far.
const (
	SurfaceReview  Surface = "review"  // comments on the lines of a pull request
	SurfaceSummary Surface = "summary" // the one sticky comment of a pull request
	SurfaceCheck   Surface = "check"   // a check run on a commit of a pull request
	SurfaceTask    Surface = "task"    // an issue in a tracker; its target has no pull request
	SurfaceAlert   Surface = "alert"   // a dismissal on the platform's own alert; likewise
)

// Target is the place a notice is shown at. A task is about the repository as
// it stands: its PullRequest is 0.
type Target struct {
	RepoID      int64 `json:"repo_id"`
	PullRequest int   `json:"pull_request"`
}

// NoticeState is what the world shows of a notice.
type NoticeState string

// A notice is planned until a platform confirmed it. Lost means the platform
// no longer has it: somebody deleted it, and that is an answer too.
const (
	NoticePlanned        NoticeState = "planned"
	NoticePosted         NoticeState = "posted"
	NoticeWithdrawn      NoticeState = "withdrawn"
	NoticeClosedByPerson NoticeState = "closed_by_person"
	NoticeLost           NoticeState = "lost"
	NoticeLeft           NoticeState = "left" // as it stood when its pull request was closed; nobody touches it
)

// Notice is one thing shown on a surface.
type Notice struct {
	No         int64        `json:"no"` // unique within its repository
	Surface    Surface      `json:"surface"`
	Target     Target       `json:"target"`
	Group      string       `json:"group"` // what it is about: "F12", a fix, or "summary"; unique per surface and target
	Generation int64        `json:"generation"`
	State      NoticeState  `json:"state"`
	Items      []Item       `json:"items"`
	Anchor     *Anchor      `json:"anchor"`  // review only
	Body       string       `json:"body"`    // as we want it, without marker; of a check its Check, of an alert its Dismissing as JSON
	Desired    string       `json:"desired"` // hash of Body; of a task: see HashTask
	Shown      string       `json:"shown"`   // Desired at the time of the last confirmed effect
	Posted     string       `json:"posted"`  // hash of the whole body as the platform returned it
	Resolved   bool         `json:"resolved"`
	Remote     Remote       `json:"remote"`
	Cause      RemovalCause `json:"cause,omitempty"` // why it is withdrawn
	Task       *Task        `json:"task,omitempty"`  // tasks only
}

// OnDisplay tells whether people see the notice. One that was left when its
// pull request was closed is there again when that is reopened.
func (n Notice) OnDisplay() bool { return n.State == NoticePosted || n.State == NoticeLeft }

// TakenAway tells whether a person removed the notice: that is an answer, and
// what it said is not said again.
func (n Notice) TakenAway() bool { return n.State == NoticeLost || n.State == NoticeClosedByPerson }

// Shows tells whether people see a finding on a notice.
func Shows(n Notice, finding int64) bool {
	return n.OnDisplay() && live(n.Items, finding)
}

// Anchor is where in a change a review comment stands.
type Anchor struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"` // 0 or Line for a single line
	Line      int    `json:"line"`
	// Refused is the commit at which the platform took no comment here.
	Refused string `json:"refused,omitempty"`
}

// RefusedHere tells whether the platform has taken no comment of a group at an
// anchor of a commit.
func RefusedHere(have []Notice, group string, at Anchor, commit string) bool {
	at.Refused = commit
	return slices.ContainsFunc(have, func(n Notice) bool {
		return n.Surface == SurfaceReview && n.Group == group && n.Anchor != nil && *n.Anchor == at
	})
}

// Remote is how the platform knows a notice.
type Remote struct {
	ID       int64  `json:"id"`
	ReviewID int64  `json:"review_id,omitempty"`
	ThreadID string `json:"thread_id,omitempty"` // GraphQL node id; looked up when first needed
	Key      string `json:"key,omitempty"`       // an issue's key, as people write it; it changes when the issue is moved
	URL      string `json:"url"`
}

// RemovalCause says why an item is no longer on its notice.
type RemovalCause string

// Why an item was removed.
const (
	RemovedFixed    RemovalCause = "fixed"    // gone from a complete scan of the change
	RemovedStage    RemovalCause = "stage"    // its cohort's stage was lowered
	RemovedPolicy   RemovalCause = "policy"   // the policy or its settings no longer show it
	RemovedAnswered RemovalCause = "answered" // an exception or a disposition settles it
	RemovedMoved    RemovalCause = "moved"    // it is shown elsewhere now
)

// Item is one finding on a notice. It, not the notice, belongs to a cohort.
type Item struct {
	Finding  int64        `json:"finding"`
	Version  int64        `json:"version"` // of the finding's facts as they were shown; 0: from before it was kept
	CohortID int64        `json:"cohort_id"`
	Attempt  int64        `json:"attempt"`
	ShownAt  time.Time    `json:"shown_at,omitzero"`
	Removed  time.Time    `json:"removed_at,omitzero"`
	Cause    RemovalCause `json:"cause,omitempty"`
	Kept     string       `json:"kept_because,omitempty"` // why it stays although it is not wanted
}

// Why a comment is kept although its stage was lowered.
const (
	KeptUseful   = "found useful"
	KeptAccepted = "accepted"
)

// KeptBy says why a comment that a lowered stage takes away is to be kept; ""
// if it is not.
func (n Notice) KeptBy() string {
	for _, i := range n.Items {
		if n.Cause == RemovedStage && !i.Live() && i.Kept != "" {
			return i.Kept
		}
	}
	return ""
}

// Live tells whether the item is on display (or about to be).
func (i Item) Live() bool { return i.Removed.IsZero() }

// Exhibit is one finding as it is to be shown to an engineer, with everything
// a renderer needs and nothing that changes when lines move.
type Exhibit struct {
	RepoID      int64
	PullRequest int

	Name      string // acme/shop:F12
	Group     string // exhibits of one group share a notice
	Finding   finding.Finding
	Risk      finding.Risk // of its advisories
	Attack    string       // what an attack takes, in our words; "" where no vector says it
	Stage     Stage
	Threshold finding.Severity
	Cohort    string
	Reasons   []string
	Ask       string   // whom to ask, from the settings' group
	Note      string   // in a summary: why it is not an inline comment
	Task      TaskLink // the open task it is in: its key and address; empty: none
}

// Withdrawal is what takes the place of a comment that is withdrawn.
type Withdrawal struct {
	Cause    RemovalCause
	Noisy    bool   // stage: it was lowered by what people answered
	Decision string // an id to look the decision up by
	Commit   string // fixed: in which commit it was gone
	Original string // the body it replaces
}
