package evidence

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Kind is what one answer says about a finding.
type Kind string

// The kinds. Those people give come first; the code's own answers follow, and
// count only where no person answered.
const (
	FalsePositive      Kind = "false-positive"
	NotUseful          Kind = "not-useful" // also a thumbs-down
	WontFix            Kind = "wont-fix"   // also a ticket closed as won't do
	Accepted           Kind = "accepted"
	Useful             Kind = "useful"              // also a thumbs-up
	Fixed              Kind = "fixed"               // also a ticket fixed, a suggested fix applied
	Duplicate          Kind = "duplicate"           // dropped
	Unreproducible     Kind = "unreproducible"      // dropped
	Suppressed         Kind = "suppressed"          // in the code, instead of fixed
	SuppressedAccepted Kind = "suppressed-accepted" // in the code, marked as an accepted risk
	Gone               Kind = "gone"                // before the merge, because the code changed; nobody said anything
	Unmerged           Kind = "unmerged"            // the pull request was closed: dropped
	FileDeleted        Kind = "file-deleted"        // dropped
	ScanFailed         Kind = "scan-failed"         // dropped
)

// derived says whether a kind was read off the code instead of said.
func (k Kind) derived() bool {
	switch k {
	case Suppressed, SuppressedAccepted, Gone, Unmerged, FileDeleted, ScanFailed:
		return true
	}
	return false
}

// Verdict is one person's (or the code's own) answer to one item.
type Verdict struct {
	Person      string // "" for the code
	Kind        Kind
	At          time.Time
	RetractedAt time.Time // zero while it stands; an edit retracts and adds
	Audit       bool      // given to a random sample: the security team's audit, and its queue in triage
	Burst       bool      // not this person's first cluster of the day, see MarkBursts: counts as silence
}

// Score is the noise an answer stands for, from 0 to 1, in each test.
type Score struct {
	Rollback  float64
	Promotion float64
	Drop      bool // it says nothing: the item leaves both tests
}

// Scores maps every kind to its score.
type Scores map[Kind]Score

// DefaultScores is the table of evidence.md section 2.
func DefaultScores() Scores {
	full, half, drop := Score{1, 1, false}, Score{.5, .5, false}, Score{Drop: true}
	return Scores{
		FalsePositive: full, NotUseful: full, Suppressed: full,
		SuppressedAccepted: half, WontFix: half, Accepted: half,
		Useful: {}, Fixed: {},
		Gone:      {0, .05, false},
		Duplicate: drop, Unreproducible: drop, Unmerged: drop, FileDeleted: drop, ScanFailed: drop,
	}
}

func (s Scores) check() error {
	for _, kind := range slices.Sorted(maps.Keys(s)) {
		v := s[kind]
		if !(v.Rollback >= 0 && v.Rollback <= 1 && v.Promotion >= 0 && v.Promotion <= 1) {
			return fmt.Errorf("scores: %s has %v and %v, and both must lie between 0 and 1", kind, v.Rollback, v.Promotion)
		}
	}
	return nil
}

// standsAt says whether a verdict was given and not taken back at a moment.
func (v *Verdict) standsAt(now time.Time) bool {
	return !v.At.After(now) && (v.RetractedAt.IsZero() || v.RetractedAt.After(now))
}

// state is what is known of an item.
type state int

const (
	silent   state = iota
	answered       // by a person, in words, a reaction, a resolution or in the code
	vanished       // the code changed and nobody said anything
	dropped
)

// reading is what the verdicts on one item come to.
type reading struct {
	state               state
	rollback, promotion float64
	people              []string // who complained
	unread              int
}

// read takes the standing verdicts of one kind of answerer (people or audit).
// Explicit beats derived; each person's latest counts; the mean over people.
func (s Scores) read(verdicts []Verdict, audit bool, bar float64, now time.Time) (r reading) {
	if len(verdicts) == 0 {
		return r
	}
	var counting []*Verdict
	explicit := false
	for i := range verdicts {
		v := &verdicts[i]
		if v.Audit != audit || v.Burst || !v.standsAt(now) {
			continue
		}
		if _, known := s[v.Kind]; !known {
			r.unread++
			continue
		}
		counting = append(counting, v)
		explicit = explicit || !v.Kind.derived()
	}
	n, drops, said := 0.0, 0, false
	for i, v := range counting {
		if v.Kind.derived() == explicit || overtaken(v, counting[i+1:], counting[:i], explicit) {
			continue
		}
		score := s[v.Kind]
		if score.Drop {
			drops++
			continue
		}
		n++
		said = said || v.Kind != Gone
		r.rollback += score.Rollback
		r.promotion += score.Promotion
		if score.Rollback > bar && v.Person != "" {
			r.people = append(r.people, v.Person)
		}
	}
	switch {
	case n > 0:
		r.rollback, r.promotion = r.rollback/n, r.promotion/n
		r.state = vanished
		if said {
			r.state = answered
		}
	case drops > 0:
		r.state = dropped
	}
	return r
}

// overtaken says whether the same person answered again; of two answers at the
// same moment the one recorded later counts.
func overtaken(v *Verdict, later, earlier []*Verdict, explicit bool) bool {
	again := func(w *Verdict) bool { return w.Person == v.Person && w.Kind.derived() != explicit }
	return slices.ContainsFunc(later, func(w *Verdict) bool { return again(w) && !w.At.Before(v.At) }) ||
		slices.ContainsFunc(earlier, func(w *Verdict) bool { return again(w) && w.At.After(v.At) })
}
