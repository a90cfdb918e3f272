package promoter

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Wanted is a notice that should be on display, before it has a number.
type Wanted struct {
	Surface Surface
	Group   string
	Items   []Item // Finding, CohortID and Attempt
	Anchor  *Anchor
	Body    string
	// Held: nothing new is known of any of it. What is on display keeps its text.
	Held bool
}

// Renderer writes what people read. Each surface has its own; all its methods
// are pure, and no body holds a line number, because lines move.
type Renderer interface {
	Comment([]Exhibit) string
	Summary(inline int, listed []Exhibit) string
	SummaryEmpty() string
	Withdrawn(Withdrawal) string
}

// GroupSummary is the group of a pull request's one sticky summary.
const GroupSummary = "summary"

// Compose writes the notices a selection asks for.
func Compose(s Selection, r Renderer) []Wanted {
	var want []Wanted
	for _, claims := range s.Inline {
		want = append(want, Wanted{
			Surface: SurfaceReview, Group: claims[0].Group, Anchor: claims[0].Anchor,
			Items: itemsOf(claims), Body: r.Comment(exhibitsOf(claims)), Held: allHeld(claims),
		})
	}
	if len(s.Listed) > 0 {
		want = append(want, Wanted{
			Surface: SurfaceSummary, Group: GroupSummary,
			Items: itemsOf(s.Listed), Body: r.Summary(len(s.Inline), exhibitsOf(s.Listed)), Held: allHeld(s.Listed),
		})
	}
	return want
}

func allHeld(claims []Claim) bool {
	return !slices.ContainsFunc(claims, func(c Claim) bool { return !c.Hold })
}

func itemsOf(claims []Claim) []Item {
	items := make([]Item, len(claims))
	for i, c := range claims {
		items[i] = Item{Finding: c.Finding, Version: c.Version, CohortID: c.Cohort.ID, Attempt: c.Cohort.Attempt}
	}
	return items
}

func exhibitsOf(claims []Claim) []Exhibit {
	out := make([]Exhibit, len(claims))
	for i, c := range claims {
		out[i] = c.Exhibit
		out[i].Group = c.Group
	}
	return out
}

// Step is what an action does, for people, reports and the order of acting.
type Step string

// The steps, in the order in which they are acted on. StepDrop and StepBook
// change only what we remember.
const (
	StepWithdraw Step = "withdraw"
	StepEdit     Step = "edit"
	StepShow     Step = "show"
	StepDrop     Step = "drop" // was planned, never posted, is no longer wanted
	StepBook     Step = "book" // the same text now stands for other findings
)

// Action is one step towards what should be shown.
type Action struct {
	Step   Step
	Verbs  []Verb // the effects it takes, in order
	Before Notice // as the world shows it; zero for a new one
	Notice Notice // as it shall be afterwards
	Reason string
}

// Planning is the input of Plan, for one target.
type Planning struct {
	Target Target
	Want   []Wanted
	Have   []Notice
	NextNo int64                            // number of the first new notice
	Cause  func(finding int64) RemovalCause // why a finding is no longer wanted
	Noisy  func(finding int64) bool         // its stage was lowered by what people answered
	// Keep says why a finding stays on a notice although its stage was lowered:
	// KeptUseful or KeptAccepted; "" if it does not, and nil if nothing does.
	Keep     func(n Notice, finding int64) string
	Decision func(finding int64) string // an id to look the decision up by
	Commit   string                     // the head
	Render   Renderer
	Now      time.Time
}

// Plan compares the notices that should exist with those that do. It is pure;
// doing what it says and planning again yields no actions.
func Plan(p Planning) []Action {
	var acts []Action
	wanted := map[[2]string]bool{}
	for _, w := range p.Want {
		wanted[[2]string{string(w.Surface), w.Group}] = true
		have := find(p.Have, w)
		if have == nil {
			n := Notice{No: p.NextNo, Surface: w.Surface, Target: p.Target, Group: w.Group, State: NoticePlanned}
			p.NextNo++
			acts = append(acts, p.show(n, w))
			continue
		}
		acts = append(acts, p.adjust(*have, w)...)
	}
	for _, n := range p.Have {
		if !wanted[[2]string{string(n.Surface), n.Group}] {
			acts = append(acts, p.remove(n)...)
		}
	}
	slices.SortStableFunc(acts, func(a, b Action) int { return order(a.Step) - order(b.Step) })
	return acts
}

func order(s Step) int {
	return slices.Index([]Step{StepDrop, StepBook, StepWithdraw, StepEdit, StepShow}, s)
}

func find(have []Notice, w Wanted) *Notice {
	for i := range have {
		if have[i].Surface == w.Surface && have[i].Group == w.Group {
			return &have[i]
		}
	}
	return nil
}

func (p Planning) show(n Notice, w Wanted) Action {
	after := p.dressed(n, w)
	verb := VerbReview
	switch w.Surface {
	case SurfaceSummary:
		verb = VerbSummary
	case SurfaceCheck:
		verb = VerbCheck
	}
	return Action{Step: StepShow, Verbs: []Verb{verb}, Notice: after, Reason: "new"}
}

// dressed is the notice as wanted: body, items, anchor, a new generation.
func (p Planning) dressed(n Notice, w Wanted) Notice {
	n.Generation++
	n.Body, n.Desired = w.Body, HashBody(w.Body)
	n.Anchor = w.Anchor
	n.Items = p.mergedItems(n.Items, w.Items)
	n.Cause = ""
	return n
}

// mergedItems keeps what is on display as it was booked, adds what is new and
// marks what is no longer wanted as removed.
func (p Planning) mergedItems(have, want []Item) []Item {
	var out []Item
	for _, w := range want {
		if i := slices.IndexFunc(have, func(h Item) bool { return h.Finding == w.Finding && h.Live() }); i >= 0 {
			w = have[i]
			w.Kept = ""
		}
		out = append(out, w)
	}
	for _, h := range have {
		if slices.ContainsFunc(want, func(w Item) bool { return w.Finding == h.Finding }) {
			continue
		}
		if h.Live() {
			h.Removed, h.Cause = p.Now, p.Cause(h.Finding)
		}
		out = append(out, h)
	}
	return out
}

// adjust brings a notice that exists in line with what is wanted of it.
func (p Planning) adjust(n Notice, w Wanted) []Action {
	switch n.State {
	case NoticeClosedByPerson, NoticeLost:
		return nil // somebody took it away: that is an answer
	case NoticePlanned:
		return []Action{p.show(n, w)}
	case NoticeWithdrawn:
		if n.Remote.ID == 0 {
			n.State = NoticePlanned
			return []Action{p.show(n, w)}
		}
		after := p.dressed(n, w)
		after.State, after.Resolved = NoticePosted, false
		verbs := []Verb{editVerb(n.Surface)}
		if n.Resolved {
			verbs = append(verbs, VerbUnresolve)
		}
		// Shown again in its old place: an edit mails nobody.
		return []Action{{Step: StepShow, Verbs: verbs, Before: n, Notice: after, Reason: "shown again"}}
	}
	if w.Anchor == nil {
		w.Anchor = n.Anchor
	}
	if w.Held && sameFindings(n.Items, w.Items) {
		w.Body = n.Body
	}
	after := p.dressed(n, w)
	after.State, after.Resolved = NoticePosted, false
	var unresolve []Verb
	if n.Resolved { // shown again, and that was as far as it got
		unresolve = []Verb{VerbUnresolve}
	}
	if after.Desired != n.Shown {
		verbs := append([]Verb{editVerb(n.Surface)}, unresolve...)
		return []Action{{Step: StepEdit, Verbs: verbs, Before: n, Notice: after, Reason: "text changed"}}
	}
	if n.Resolved {
		return []Action{{Step: StepEdit, Verbs: unresolve, Before: n, Notice: after, Reason: "thread still resolved"}}
	}
	if after.Items = stayed(n.Items, after.Items); n.State == NoticeLeft || !slices.Equal(after.Items, n.Items) {
		after.Generation = n.Generation
		return []Action{{Step: StepBook, Before: n, Notice: after, Reason: "items changed"}}
	}
	return nil
}

// stayed are the items where nothing is written: what was kept when it should
// have gone still stands there, or could not be known for deleted later.
func stayed(have, items []Item) []Item {
	for i := range items {
		j := slices.IndexFunc(have, func(h Item) bool { return h.Finding == items[i].Finding && h.Live() && h.Kept != "" })
		if j >= 0 && !items[i].Live() {
			items[i] = have[j]
		}
	}
	return items
}

// sameFindings tells whether what is on display is what is wanted.
func sameFindings(have, want []Item) bool {
	var shown, wanted []int64
	for _, i := range have {
		if i.Live() {
			shown = append(shown, i.Finding)
		}
	}
	for _, i := range want {
		wanted = append(wanted, i.Finding)
	}
	slices.Sort(shown)
	slices.Sort(wanted)
	return slices.Equal(shown, wanted)
}

func editVerb(s Surface) Verb {
	switch s {
	case SurfaceSummary:
		return VerbEditSummary
	case SurfaceCheck:
		return VerbEditCheck
	}
	return VerbEditComment
}

// remove withdraws a notice that is no longer wanted. What a person answered
// or edited was marked as kept by an earlier attempt and stays.
func (p Planning) remove(n Notice) []Action {
	switch n.State {
	case NoticePlanned:
		n.State = NoticeWithdrawn
		n.Items = p.mergedItems(n.Items, nil)
		return []Action{{Step: StepDrop, Notice: n, Reason: "no longer wanted"}}
	case NoticeWithdrawn:
		return stillOpen(n)
	case NoticePosted, NoticeLeft:
		if n.State == NoticeLeft && !slices.ContainsFunc(n.Items, Item.Live) {
			return stillOpen(n) // its pull request was closed before that was done
		}
		if !slices.ContainsFunc(n.Items, func(i Item) bool { return i.Live() && i.Kept == "" }) {
			return nil
		}
		return []Action{p.withdraw(n)}
	}
	return nil
}

// stillOpen resolves the thread of a withdrawn comment.
func stillOpen(n Notice) []Action {
	if n.Surface != SurfaceReview || n.Remote.ID == 0 || n.Resolved {
		return nil
	}
	after := n
	after.Generation++
	after.Resolved = true
	return []Action{{Step: StepWithdraw, Verbs: []Verb{VerbResolve}, Before: n, Notice: after, Reason: "thread still open"}}
}

func (p Planning) withdraw(n Notice) Action {
	after := n
	after.Generation++
	after.State = NoticeWithdrawn
	after.Items = p.mergedItems(n.Items, nil)
	after.Cause = leadingCause(after.Items, p.Now)
	p.keep(n, after.Items)
	verbs := []Verb{editVerb(n.Surface)}
	switch n.Surface {
	case SurfaceSummary:
		after.Body = p.Render.SummaryEmpty()
	case SurfaceCheck:
		after.Body = withdrawnCheck.Body()
	default:
		after.Body = p.Render.Withdrawn(Withdrawal{
			Cause: after.Cause, Noisy: noisy(after, p.Noisy), Decision: p.Decision(n.Items[0].Finding), Commit: p.Commit, Original: n.Body,
		})
		after.Resolved = true
		verbs = append(verbs, VerbResolve)
	}
	after.Desired = HashBody(after.Body)
	return Action{Step: StepWithdraw, Verbs: verbs, Before: n, Notice: after, Reason: string(after.Cause)}
}

// noisy tells whether people's answers are why a notice is withdrawn.
func noisy(n Notice, of func(finding int64) bool) bool {
	return n.Cause == RemovedStage && of != nil && slices.ContainsFunc(n.Items, func(i Item) bool { return i.Cause == RemovedStage && of(i.Finding) })
}

// keep notes on what a lowered stage takes away why it is to be kept. Whoever
// writes the comment heeds it.
func (p Planning) keep(n Notice, items []Item) {
	for i := range items {
		if p.Keep == nil || !items[i].Removed.Equal(p.Now) {
			continue
		}
		items[i].Kept = ""
		if items[i].Cause == RemovedStage && n.Surface == SurfaceReview {
			items[i].Kept = p.Keep(n, items[i].Finding)
		}
	}
}

// leadingCause is why a notice as a whole is withdrawn: a lowered stage weighs
// most, because its quiet waits for nothing; a fix least.
func leadingCause(items []Item, now time.Time) RemovalCause {
	ranked := []RemovalCause{RemovedFixed, RemovedMoved, RemovedAnswered, RemovedPolicy, RemovedStage}
	lead := 0
	for _, i := range items {
		if i.Removed.Equal(now) {
			lead = max(lead, slices.Index(ranked, i.Cause))
		}
	}
	return ranked[lead]
}

// HashBody is the hash by which bodies are compared, in hex.
func HashBody(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
