// Package evidence weighs what people said about the findings a cohort showed:
// when the cohort may climb, when it must fall, and when nobody can tell. It is
// pure: no clock, no store, no randomness, and only the standard library.
//
// Two tests run side by side, because one cannot do both. The detector of a
// rollback (a head-started mixture of Shiryaev-Roberts e-detectors, Shin, Ramdas
// and Rinaldo, arXiv 2203.03532) takes silence for approval; the e-process of a
// promotion (a mixture of bets, Waudby-Smith and Ramdas, arXiv 2010.09686) takes
// it for nothing. Both may be looked at after every verdict without losing their
// error rates.
//
// The awkward truth: what is proved here is proved about the scores that are
// fed in. If nobody answers, both tests are blind, and no formula repairs that;
// it can only be noticed (hold) and be paid for with somebody's time (audit).
// What the gate, the bursts and the order of levels do is a matter of design:
// they delay an action and never cause one.
package evidence

import "time"

// Stage is how far a cohort is let through, in the ladder's own words. It
// repeats promoter's names so that this package needs nothing from there.
type Stage string

// The rungs, lowest first.
const (
	Observe Stage = "observe"
	Triage  Stage = "triage"
	Advise  Stage = "advise"
	Enforce Stage = "enforce"
)

// Exposure is one item shown to people: one finding on one surface.
type Exposure struct {
	Seq        int64     // the store's number of the item
	Cluster    string    // fixed when shown: pull request x cohort x attempt, a ticket, or in triage the sampled finding
	Attempt    int       // the stay in which it was shown
	ShownAt    time.Time // when the platform confirmed it, by the platform's clock
	ClosedAt   time.Time // when its pull request was merged or closed; zero while open
	Coin       bool      // the audit coin, tossed when it was shown; in triage the queue's draw is the coin
	Share      float64   // the coin's chance when it was tossed, whatever Bars.AuditShare is now; 0: the same
	Left       bool      // its rule or repository was carved out since: the rollback no longer counts it, the promotion's past keeps it
	Rule       string
	Repository string
	Team       string // "" if nobody says
	Verdicts   []Verdict
}

// Cohort is what Evaluate must know about a cohort besides its exposures.
type Cohort struct {
	Stage        Stage
	Attempt      int         // this stay; exposures of other stays are left out
	Climb        int         // the how manieth attempt to climb the rung above, from 1
	Entered      time.Time   // when this stay began
	Fell         time.Time   // the last rollback; zero if there was none
	Held         string      // why a person holds it; "" if nobody does
	Released     time.Time   // when a person last released it; a hold rests on later evidence only
	Repositories int         // how many repositories its group has
	Teams        int         // how many teams work in them
	Epochs       []time.Time // new major version, edited rule, changed configuration, carve-out; ascending
	Bars         Bars
}

// Outcome is what the evidence says. No data is not bad data.
type Outcome string

// The four outcomes.
const (
	Good       Outcome = "good"       // the noise is shown to be under the bar
	Bad        Outcome = "bad"        // the alarm fired and the gate is met
	Unknown    Outcome = "unknown"    // something was shown, and it proves neither
	Unmeasured Outcome = "unmeasured" // nothing was shown in this stay, or all of it was dropped
)

// Move is what the evidence asks for. A policy may refuse a promotion, never a rollback.
type Move string

// The moves, in the order in which they win over each other.
const (
	Rollback Move = "rollback"
	CarveOut Move = "carve" // only what Result.Carve names goes down
	Hold     Move = "hold"  // no promotion, and the security team audits
	Promote  Move = "promote"
	Stay     Move = "stay"
)

// Carve is a part of a cohort that goes down alone: a rule or a repository.
type Carve struct {
	Rule       string `json:"rule,omitempty"`
	Repository string `json:"repository,omitempty"`
}

// Result is the evidence of one stay at one moment.
type Result struct {
	Outcome  Outcome
	Move     Move
	Carve    []Carve   // what leaves, if Move is CarveOut
	LnS      float64   // ln of the rollback statistic after the last cluster shown
	LnT      float64   // ln of the promotion statistic after the last final cluster
	Peak     float64   // the highest ln of the rollback statistic; the alarm is at ln Bars.Group
	Interval Interval  // the noise among what was answered, with the share that was
	Blocker  string    // in plain words what stands in the way; "" if nothing does
	Next     time.Time // without any new event the result stays as it is until then; zero: for good
	Audited  bool      // Bad came from the audited sample, not from what engineers said

	Shown      int // items shown and not dropped
	Answered   int // of these, with an answer
	Complaints int // clusters in which somebody complained
	Unread     int // verdicts of a kind that has no score: they count as silence

	test     *Test
	detector Detector
	bets     Bets
	lnA      float64
	lnClimb  float64
}
