package promoter

import "time"

// Recut places findings in another cohort, because policy or settings cut
// cohorts otherwise than before.
type Recut struct {
	Into  string // the key of the cohort they go to
	Found bool   // it begins with this, at Stage, in a new stay; else it stands at Stage already
	Stage Stage
	From  []RecutFrom

	Reason string
	Actor  string
	RunID  int64 // 0: outside a run
	At     time.Time
}

// RecutFrom is what leaves one cohort.
type RecutFrom struct {
	CohortID int64
	Stage    Stage // where it stands
	Members  []Member
}

// Member is one finding of a cohort.
type Member struct {
	RepoID  int64 `json:"repo_id"`
	Finding int64 `json:"finding"`
}

// Lineage is how one cohort came from another.
type Lineage struct {
	Parent   int64     `json:"parent"`
	Child    int64     `json:"child"`
	Kind     MoveKind  `json:"kind"` // MoveCarve or MoveRecut
	At       time.Time `json:"at"`
	Founded  bool      `json:"founded"`            // the child began with it
	Findings int       `json:"findings,omitempty"` // that went, by a recut
}
