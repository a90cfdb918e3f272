package promoter

import (
	"cmp"
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Claim is one finding that the policy lets through, to a pull request or, as
// it stands on a base branch, to a task.
type Claim struct {
	Finding int64
	Version int64 // of its facts
	Cohort  Cohort
	Group   string  // claims of one group share a comment: "F12", or what fixes them
	Team    string  // whose weekly budget it draws on
	Anchor  *Anchor // nil: no line of the change can carry it
	Value   int     // see Value
	Exhibit Exhibit
	// Hold: nothing new is known of it (the head is not scanned yet, or the
	// policy gave no answer). It stays if it is on display and is not shown
	// otherwise.
	Hold bool
	// Fails: it fails the check of its pull request.
	Fails bool
	// Of claims to a task only.
	Route   string // of the settings
	Backlog bool   // it was there before Sluice looked
}

// Value orders claims when not all can be shown: what is known to be exploited
// first, then by severity, then by how likely it is exploited, a fix at hand,
// code that is called, and the scanner's own score.
func Value(f finding.Finding, known finding.Risk) int {
	v := int(f.Severity)*10_000 + int(known.Probability*4000) + int(f.Score*90)
	if !known.ExploitedSince.IsZero() {
		v += 100_000
	}
	if f.Fix != nil || (f.Package != nil && f.Package.FixedIn != "") {
		v += 3000
	}
	if f.Reachability == finding.Called {
		v += 2000
	}
	return v
}

// Selection is what one pull request shall show. One selection feeds every
// surface, so that no summary counts what no comment shows.
type Selection struct {
	Inline   [][]Claim // one comment each, most valuable first
	Listed   []Claim   // in the summary; Exhibit.Note says why not inline
	Deferred []Deferred
}

// Deferred is a claim that is not shown now, and why.
type Deferred struct {
	Claim Claim
	Why   DeferReason
	Plan  string // the plan it waits in, if any
}

// DeferReason is a closed list.
type DeferReason string

// Why a claim is deferred.
const (
	DeferPaused   DeferReason = "paused"
	DeferCeiling  DeferReason = "ceiling"
	DeferWaiting  DeferReason = "waiting"  // in a plan nobody has answered yet
	DeferRejected DeferReason = "rejected" // in a plan somebody rejected
	DeferBudget   DeferReason = "budget"   // the team has had its notices for this week
)

// Notes that an exhibit in a summary carries.
const (
	NoteNoLine  = "not on a line this change touches"
	NoteBudget  = "more than a pull request should carry as comments"
	NoteRefused = "on a line that takes no comment"
)

// Select decides which claims are shown on one pull request and how. What is
// on display keeps its place; what is new is taken by value while budget,
// allowance and people let it. It changes only the allowance.
func Select(claims []Claim, have []Notice, comments int, a *Allowance) Selection {
	shown := displayed(have)
	claims = slices.DeleteFunc(slices.Clone(claims), func(c Claim) bool {
		return shown[c.Finding] == notShown && takenAway(have, c)
	})
	// What shares a comment moves together: its group's place is its own.
	place := map[string]int{}
	for _, c := range claims {
		place[c.Group] = min(place[c.Group], shown[c.Finding])
	}
	ordered := slices.Clone(claims)
	slices.SortStableFunc(ordered, func(x, y Claim) int {
		return cmp.Or(
			cmp.Compare(place[x.Group], place[y.Group]),
			byValue(x, y))
	})
	var s Selection
	slot := map[string]int{}
	for _, c := range ordered {
		on := shown[c.Finding] != notShown
		if !on {
			if c.Hold {
				continue
			}
			if why, plan := a.refuse(c); why != "" {
				s.Deferred = append(s.Deferred, Deferred{Claim: c, Why: why, Plan: plan})
				continue
			}
		}
		if i, ok := slot[c.Group]; ok {
			s.Inline[i] = append(s.Inline[i], c)
			continue
		}
		posted := place[c.Group] == shownInline
		listed := place[c.Group] == shownListed // stays there: a comment would say the same again, by mail
		switch {
		case posted:
			s.open(slot, c)
		case c.Anchor == nil:
			c.Exhibit.Note = cmp.Or(c.Exhibit.Note, NoteNoLine)
			s.Listed = append(s.Listed, c)
		case listed || len(s.Inline) >= comments || !a.takeTeam(c.Team):
			c.Exhibit.Note = NoteBudget
			s.Listed = append(s.Listed, c)
		default:
			s.open(slot, c)
		}
	}
	s.Listed = slices.DeleteFunc(s.Listed, func(c Claim) bool {
		i, ok := slot[c.Group]
		if ok {
			c.Exhibit.Note = ""
			s.Inline[i] = append(s.Inline[i], c)
		}
		return ok
	})
	slices.SortStableFunc(s.Listed, byValue)
	for _, group := range s.Inline {
		slices.SortStableFunc(group, byValue)
	}
	return s
}

// open gives a claim's group a comment of its own.
func (s *Selection) open(slot map[string]int, c Claim) {
	slot[c.Group] = len(s.Inline)
	s.Inline = append(s.Inline, []Claim{c})
}

// byValue orders claims for a reader, however they came to be selected.
func byValue(x, y Claim) int {
	return cmp.Or(cmp.Compare(y.Value, x.Value), cmp.Compare(x.Finding, y.Finding))
}

// How a finding is on display; the order is the order of keeping its place.
const (
	shownInline = iota - 2
	shownListed
	notShown
)

func displayed(have []Notice) map[int64]int {
	shown := map[int64]int{}
	for _, n := range have {
		if !n.OnDisplay() {
			continue
		}
		how := shownListed
		if n.Surface == SurfaceReview {
			how = shownInline
		}
		for _, i := range n.Items {
			if i.Live() {
				shown[i.Finding] = min(shown[i.Finding], how)
			}
		}
	}
	return shown
}

// takenAway tells whether a person removed the comment that a claim was in or
// would share, or the summary while it was in there.
func takenAway(have []Notice, c Claim) bool {
	return slices.ContainsFunc(have, func(n Notice) bool {
		return n.TakenAway() && (n.Surface == SurfaceReview && n.Group == c.Group || slices.ContainsFunc(n.Items, func(i Item) bool {
			return i.Finding == c.Finding && (n.Surface == SurfaceReview || i.Cause == RemovedAnswered)
		}))
	})
}
