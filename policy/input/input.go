// Package input holds the versioned documents a policy sees and answers.
//
// They are deliberately not the domain's own structs: a Go field may be
// renamed any day, a field here never, because customers' Rego and the replay
// of last year's decisions read it by name. Adding a field is free; changing
// or removing one needs a new Schema and both kept side by side.
//
// The awkward truth: everything that would make decisions depend on the day
// (clock, evidence, raw dates of expiry) is kept out on purpose, so a policy
// author will sometimes miss it here. It acts through the stage instead.
package input

// Schema is the version these documents carry.
const Schema = 1

// Cohort is the input of the entrypoint sluice/cohort: which cohort does this
// finding belong to?
type Cohort struct {
	Schema     int        `json:"schema"`
	Finding    Finding    `json:"finding"`
	Repository Repository `json:"repository"`
}

// CohortAnswer names the base cohort by its key's labels, most general first.
type CohortAnswer struct {
	Key []string `json:"key"`
}

// Surface is the input of the entrypoint sluice/surface: where may this
// finding be shown?
type Surface struct {
	Schema     int         `json:"schema"`
	Finding    Finding     `json:"finding"`
	Repository Repository  `json:"repository"`
	Stage      string      `json:"stage" enum:"observe,triage,advise,enforce"`
	Change     *Change     `json:"change"`     // null: the finding as it stands on a branch
	Exceptions []Exception `json:"exceptions"` // those in force for this finding; never null
}

// SurfaceAnswer says where a finding may be shown and why.
type SurfaceAnswer struct {
	Surfaces  []string `json:"surfaces" enum:"queue,review,summary,task,check"` // SurfaceQueue, SurfaceReview, SurfaceSummary, ...; empty: nowhere
	Threshold string   `json:"threshold" enum:",info,low,medium,high,critical"` // the severity this repository lets through at this stage; "" in observe, which lets nothing through
	Group     string   `json:"group" enum:"finding,rule,fix,advisory,secret"`   // what shares one notice: GroupFinding, GroupRule, ...
	Route     string   `json:"route"`                                           // name of a settings route; "" where none applies
	Reasons   []string `json:"reasons"`                                         // sorted codes, at least one
}

// Stage is the input of the entrypoint sluice/stage: should this cohort move?
//
// What depends on the day is here as a class (Dwelt, CoolingDown, Backlog), so
// that a policy that reads only those is not asked anew each midnight.
type Stage struct {
	Schema   int         `json:"schema"`
	Cohort   CohortFacts `json:"cohort"`
	Holds    []string    `json:"holds"` // reasons a person or the evidence gave for standing still
	Facts    StageFacts  `json:"facts"`
	Evidence Evidence    `json:"evidence"`
}

// CohortFacts describe a cohort as it stands.
type CohortFacts struct {
	Key         []string `json:"key"`
	Stage       string   `json:"stage" enum:"observe,triage,advise,enforce"`
	Severity    string   `json:"severity"`
	Group       string   `json:"group"`
	Wave        int      `json:"wave"`   // 0: none, which comes last
	Carved      string   `json:"carved"` // "rule=G204" or "repository=acme/shop" for a part that was carved out; else ""
	DaysInStage int      `json:"days_in_stage"`
	Dwelt       bool     `json:"dwelt"`        // it has been on this rung for settings.promotion.dwell
	CoolingDown bool     `json:"cooling_down"` // it was rolled back a short while ago
}

// StageFacts are what besides the answers speaks for or against the rung above.
type StageFacts struct {
	Open         int     `json:"open"`         // findings of this severity on the group's default branches
	NewPerWeek   float64 `json:"new_per_week"` // over the last four weeks
	Backlog      string  `json:"backlog" enum:"healthy,unhealthy,unknown"`
	EarlierWaves bool    `json:"earlier_waves"` // the earlier waves' cohorts of this scanner and severity stand above this rung already
	Carried      bool    `json:"carried"`       // a lower severity of this group and scanner qualifies for the rung above, and must not be ahead
}

// Evidence is what the statistics concluded of this stay on the rung. Outcomes are
// in the words of promoter/evidence.
type Evidence struct {
	Outcome    string   `json:"outcome" enum:"good,bad,unknown,unmeasured"`
	Hold       bool     `json:"hold"`       // answers are too few or too loud to tell: judge an audit sample
	Carve      []string `json:"carve"`      // the parts that are too noisy, "rule=G204" or "repository=acme/shop"; never null
	Shown      int      `json:"shown"`      // items
	Answered   int      `json:"answered"`   // of these
	Complaints int      `json:"complaints"` // clusters somebody complained in
	Noise      float64  `json:"noise"`      // among what was answered, with the ends of its interval
	NoiseLow   float64  `json:"noise_low"`
	NoiseHigh  float64  `json:"noise_high"`
}

// StageAnswer is the policy's word on a cohort's stage. The engine never lets
// it climb more than one rung, into enforce without a person, or stand above an alarm.
type StageAnswer struct {
	Stage   string   `json:"stage" enum:"observe,triage,advise,enforce"`
	Apply   string   `json:"apply" enum:"automatic,propose"` // ApplyAutomatic or ApplyPropose
	Hold    bool     `json:"hold"`
	Carve   []string `json:"carve"` // "rule=G204" or "repository=acme/shop"
	Audit   bool     `json:"audit"`
	Reasons []string `json:"reasons"`
}

// Finding is what a policy may know of a finding.
type Finding struct {
	Scanner      string   `json:"scanner"`
	Kind         string   `json:"kind"`
	Rule         string   `json:"rule"`
	Severity     string   `json:"severity" enum:"info,low,medium,high,critical"`
	SeverityFrom string   `json:"severity_from"`
	Score        float64  `json:"score"`
	CWEs         []string `json:"cwes"`
	Tags         []string `json:"tags"`
	Path         string   `json:"path"`       // "" when the report names no place. Reading it makes decisions per path: prefer path_class
	PathClass    string   `json:"path_class"` // a class of settings.paths, or "source", or "" without a path
	Package      string   `json:"package"`    // the dependency's name, "" when not about one
	Ecosystem    string   `json:"ecosystem"`
	Advisories   []string `json:"advisories"`
	FixAvailable bool     `json:"fix_available"`
	KEV          bool     `json:"kev"`                                           // an advisory is listed as known to be exploited
	EPSS         string   `json:"epss" enum:"high,medium,low,unknown"`           // how likely it is exploited, as settings.risk.epss draws the lines
	Reachability string   `json:"reachability" enum:",called,imported,required"` // whether the vulnerable code is used; "" where the scanner did not look
	// Owners of the path by CODEOWNERS, in lower case ("@acme/pay", "@alice", an
	// e-mail address), in the surface question and where settings.codeowners is
	// true; else none.
	Owners []string `json:"owners"`
}

// Repository is what a policy may know of a repository.
type Repository struct {
	Name       string `json:"name"` // owner/name, as it is now: a renamed repository is the same one
	Visibility string `json:"visibility"`
	Group      string `json:"group"` // the settings group of this repository, or of this path in it
	Tier       int    `json:"tier"`
	Wave       int    `json:"wave"`
	Archived   bool   `json:"archived"`
	// The rest as the platform's inventory tells it; empty where it does not.
	DefaultBranch string            `json:"default_branch"`
	Language      string            `json:"language"`   // the one with most code
	Topics        []string          `json:"topics"`     // sorted
	Properties    map[string]string `json:"properties"` // custom properties; of one with several values, joined by commas
}

// Change is the pull request a finding is looked at in.
type Change struct {
	Origin string `json:"origin" enum:"introduced,standing,unattributed"` // Introduced, Standing or Unattributed
	Draft  bool   `json:"draft"`
	Bot    bool   `json:"bot"`
	Fork   bool   `json:"fork"`
	OnDiff bool   `json:"on_diff"` // a line the change touched, so that an inline comment is possible
}

// Exception is a suppression, an accepted exception or a disposition in force
// for a finding. A disposition's reason is the kind of answer it came from.
// Expiry is the engine's business: what has expired is not here.
type Exception struct {
	Kind   string `json:"kind" enum:"suppression,exception,disposition"` // ExceptionSuppression, ExceptionAccepted or ExceptionDisposition
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
}

// The words these documents use.
const (
	SurfaceQueue   = "queue"   // the security team's queue and the run's report
	SurfaceReview  = "review"  // a comment on the pull request's lines
	SurfaceSummary = "summary" // the sticky summary of the pull request
	SurfaceCheck   = "check"   // a check run that fails; only at stage enforce
	SurfaceTask    = "task"    // an issue in the route's tracker; backlog only through a campaign

	BacklogHealthy   = "healthy" // as settings.promotion.backlog says
	BacklogUnhealthy = "unhealthy"
	BacklogUnknown   = "unknown" // nobody counted: it would change nothing

	GroupFinding  = "finding"  // nothing: each finding has its own
	GroupRule     = "rule"     // the findings of one rule in one file
	GroupFix      = "fix"      // what one upgrade of a package fixes
	GroupAdvisory = "advisory" // an advisory in a package, whichever scanners report it
	GroupSecret   = "secret"   // the places of one and the same secret

	Introduced   = "introduced"   // the change brings it
	Standing     = "standing"     // it was there before
	Unattributed = "unattributed" // nothing shows that the change brings it

	ApplyAutomatic = "automatic"
	ApplyPropose   = "propose"

	ExceptionSuppression = "suppression"
	ExceptionAccepted    = "exception"
	ExceptionDisposition = "disposition" // a person's answer
)
