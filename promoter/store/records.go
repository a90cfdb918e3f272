package store

import (
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

// Snapshot is everything known about one repository.
type Snapshot struct {
	Repository promoter.Repository
	Digest     string // "" when something is to be done
	Scopes     []Scope
	Scans      []Scan
	Findings   []Finding  // by number
	Sightings  []Sighting // by ref, scope, finding
	Decisions  []Decision // the newest per finding and change
	Notices    []promoter.Notice
	// Dispositions are those that have not ended, by number.
	Dispositions []promoter.Disposition
	Next         Next
}

// Next are the next free numbers of a repository, from 1.
type Next struct{ Scope, Scan, Finding, Notice int64 }

// Scope is a scope with its number in the repository.
type Scope struct {
	No int64
	finding.Scope
	FirstScan int64 // the scan it was first seen with; what was open then on a base branch is backlog
}

// Scan is one scan of a scope. Numbers grow in the order scans were taken in.
type Scan struct {
	No          int64
	Scope       int64
	Commit      string
	State       ScanState
	Tool        string
	ToolVersion string
	RulesDigest string
	Location    string // the delivery it came in
	At          time.Time
	RunID       int64
}

// ScanState says how far a scan can be trusted to have seen everything.
type ScanState string

// The states of a scan.
const (
	ScanComplete ScanState = "complete"
	ScanPartial  ScanState = "partial"
	ScanFailed   ScanState = "failed"
)

// Finding is a finding with its newest facts.
type Finding struct {
	No        int64
	Facts     finding.Finding // without Place and Parts, which belong to sightings
	Version   int64           // a newer one says something new; not each word that differs does
	FirstScan int64
	CohortID  int64 // 0: not yet placed
}

// SightingState is what a sighting's scope last said of the finding.
type SightingState string

// The states of a sighting. Unknown: the newest scan of the scope could not
// tell.
const (
	SightingPresent    SightingState = "present"
	SightingSuppressed SightingState = "suppressed"
	SightingGone       SightingState = "gone"
	SightingUnknown    SightingState = "unknown"
)

// GoneCause says why a finding is gone from a scope.
type GoneCause string

// Only GoneFixed means that the problem was dealt with.
const (
	GoneFixed      GoneCause = "fixed"
	GoneSuppressed GoneCause = "suppressed"
	GoneRule       GoneCause = "rule"    // the scanner no longer has the rule
	GoneVersion    GoneCause = "version" // the scanner or its rules changed with it
	GoneRef        GoneCause = "ref"     // the ref is closed
)

// Sighting is a finding as seen in one scope, over a run of scans: from Since
// on, up to but not including Until. The place is updated as lines move; the
// state starts a new sighting only by going and coming back.
type Sighting struct {
	Finding  int64
	Scope    int64
	Since    int64 // scan number
	Until    int64 // scan number; 0: still so. Set exactly when State is gone
	State    SightingState
	Cause    GoneCause // set exactly when State is gone
	Backlog  bool      // open on a branch when its scope was first seen
	Place    *finding.Place
	Parts    finding.Parts
	LastScan int64 // the scan in which place, parts or state last changed
}

// Decision is the policy's answer for one finding in one context.
type Decision struct {
	Finding     int64
	Change      int // pull request, 0: as it stands on the default branch
	RunID       int64
	PolicyRev   string
	SettingsRev string
	FactVersion int64
	Stage       promoter.Stage
	Input       []byte // the document the policy saw, JSON
	Answer      []byte // JSON
	Outcome     string // decided, undefined, error
}

// Changes is what one step of a run writes about one repository. Slices hold
// whole rows: a row with a known key replaces the one there.
type Changes struct {
	RepoID     int64
	RunID      int64
	At         time.Time
	Deliveries []Delivery
	Scopes     []Scope
	Scans      []Scan
	Findings   []Finding           // new, or with other facts, a new Version or CohortID
	Sightings  []Sighting          // known by finding, scope and Since
	Decisions  []Decision          // appended, unless the newest says the same (in whichever run)
	Notices    []promoter.Notice   // with all their items
	Shown      []promoter.Exposure // what is booked already is left as it is
	Adopted    []promoter.Effect   // done, by a store that was lost: their tokens are known from now on
	Answers    Recording           // run and time are those of the changes
	Digest     *string             // nil: leave; "" clears
	Entries    []Entry             // ledger
}

// Empty tells whether there is nothing to write.
func (c Changes) Empty() bool {
	return len(c.Deliveries)+len(c.Scopes)+len(c.Scans)+len(c.Findings)+len(c.Sightings)+
		len(c.Decisions)+len(c.Notices)+len(c.Shown)+len(c.Adopted)+len(c.Entries) == 0 && c.Digest == nil && c.Answers.empty()
}
