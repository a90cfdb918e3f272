package store

import (
	"context"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// Weighing keeps what cohorts' moves rest on.
type Weighing interface {
	// Standings returns every cohort that has not ended with what its next move depends on, by key.
	Standings(ctx context.Context) ([]Standing, error)
	// CarveCohort lets a part of a cohort go down alone: m is the move of the
	// part, from the stage of the cohort m.CohortID. The part becomes the cohort
	// of that key, or is lowered if it is one already. The cohort it leaves
	// stays where it is, in a new generation and with an epoch event. It fails
	// with *ConflictError when the cohort no longer stands at m.From.
	CarveCohort(ctx context.Context, m promoter.Move, key string) (parent, part promoter.Cohort, err error)
	// Recut places findings in other cohorts, all of these or none. A cohort that
	// it founds begins a new stay and takes over what its parents have behind
	// them: a person's hold, the cool-down, the climbs. One that is joined, or
	// loses only some of its findings, has an epoch event; one that loses the
	// last has ended. It fails with *ConflictError when a cohort does not stand
	// where it is said to.
	Recut(ctx context.Context, all []promoter.Recut) ([]promoter.Cohort, error)
	// Lineage lists which cohorts came from which, oldest first.
	Lineage(ctx context.Context) ([]promoter.Lineage, error)
	// Cut is the law by which every finding was last placed; zero: none was.
	Cut(ctx context.Context) (Cut, error)
	SetCut(ctx context.Context, law Cut) error
	// AddEpoch books an epoch event in a cohort's present stay, once for each
	// reason.
	AddEpoch(ctx context.Context, cohortID int64, at time.Time, why string) error

	// CheckpointBefore returns the last checkpoint of a stay before a cluster;
	// the zero one if there is none. With the zero mark it is the last of all.
	CheckpointBefore(ctx context.Context, cohortID, attempt int64, before ClusterMark) (evidence.Checkpoint, error)
	// SaveWeighed replaces what was known of a cohort's evidence.
	SaveWeighed(ctx context.Context, w Weighed) error
	// WeighedUpTo is the count of Stirred up to which everything was weighed.
	WeighedUpTo(ctx context.Context) (int64, error)
	SetWeighedUpTo(ctx context.Context, stirred int64) error

	// Displayed counts the items that a cohort's members have on display in open
	// pull requests, less those that are kept: what a move down takes away.
	Displayed(ctx context.Context, cohortID int64) (int, error)
	// Untidied lists the newest moves down, by cohort, of which nobody said yet
	// that all they hide is gone. SetTidied says it.
	Untidied(ctx context.Context) ([]promoter.Move, error)
	SetTidied(ctx context.Context, cohortID int64, at time.Time) error

	// Backlog counts, per cohort, the members that stand on a default branch
	// now, and those that were first seen there since a moment and are no
	// backlog of a scope's first scan.
	Backlog(ctx context.Context, since time.Time) (map[int64]Backlog, error)
}

// Cut is the law by which findings are placed in cohorts.
type Cut struct{ PolicyRev, SettingsRev string }

// Backlog is what stands on default branches.
type Backlog struct{ Open, New int }

// Standing is a cohort with what its next move depends on.
type Standing struct {
	promoter.Cohort
	CarveOf  int64              // 0: nothing was carved to make it
	Hold     *promoter.Hold     // a person's
	Audit    *promoter.Hold     // the evidence's
	Released time.Time          // when a person last released a hold in this stay
	Override *promoter.Override // that has not ended
	Fell     time.Time          // when it last went down by rollback or carve
	Sunk     bool               // its last change of stage was down
	Climb    int                // the how manieth stay in this stage, from 1
	Epochs   []time.Time        // of this stay, ascending
	Weighed  *Weighed           // nil: not yet, or not in this stay
}

// Weighed is a cohort's evidence at a moment. Result has lost what only Weigh
// can use; Ahead is what it said of the way up and down.
type Weighed struct {
	CohortID int64
	Attempt  int64
	Terms    string    // what it rests on besides exposures
	Next     time.Time // it stays true until then, without anything new; zero: for good
	Result   evidence.Result
	Ahead    string

	From   evidence.Checkpoint   // SaveWeighed: where it went on from
	Passed []evidence.Checkpoint // SaveWeighed: what it passed on the way
}
