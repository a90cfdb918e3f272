package promoter

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Verb is what an effect does to the world.
type Verb string

// The verbs. Review, summary and task create something people are mailed about.
const (
	VerbReview      Verb = "review"       // one review with a comment per notice
	VerbSummary     Verb = "summary"      // the sticky summary
	VerbEditComment Verb = "edit-comment" // replace the body of a review comment
	VerbEditSummary Verb = "edit-summary"
	VerbResolve     Verb = "resolve" // the thread of a review comment
	VerbUnresolve   Verb = "unresolve"
	VerbCheck       Verb = "check"      // create a check run; nobody is mailed
	VerbEditCheck   Verb = "edit-check" // replace what it says
	VerbTask        Verb = "task"       // create an issue
	VerbEditTask    Verb = "edit-task"  // its title, description and due date, where nobody changed them
	VerbLinkTask    Verb = "link-task"  // from the issue to the pull requests in Task.Links
	VerbHandBack    Verb = "hand-back"  // withdraw: a comment and a label, and the configured status
	VerbReply       Verb = "reply"      // answer a person's comment in words, once
	VerbDismiss     Verb = "dismiss"    // an alert of the platform, for what people decided here
	VerbReopen      Verb = "reopen"     // an alert that we dismissed
)

// OnTracker tells whether a verb is carried out in a tracker.
func (v Verb) OnTracker() bool {
	return v == VerbTask || v == VerbEditTask || v == VerbLinkTask || v == VerbHandBack
}

// Settles is how long after it was sent an effect without an answer may still
// happen, so that it is neither looked for nor repeated before: a tracker has no
// conditional writes, and its search lags. A platform's surface looks at once,
// and waits by itself where it has to.
func (v Verb) Settles() time.Duration {
	if v.OnTracker() {
		return 10 * time.Minute
	}
	return 0
}

// OnCheck tells whether a verb is carried out on a check run.
func (v Verb) OnCheck() bool { return v == VerbCheck || v == VerbEditCheck }

// OnAlert tells whether a verb is carried out on an alert of the platform.
func (v Verb) OnAlert() bool { return v == VerbDismiss || v == VerbReopen }

// EffectState follows the protocol of every effect: intended is stored before
// anything is sent, sent before the call, unknown when the call's outcome is.
type EffectState string

// The states of an effect. Done, refused and cancelled are final.
const (
	EffectIntended  EffectState = "intended"
	EffectSent      EffectState = "sent"
	EffectUnknown   EffectState = "unknown"
	EffectDone      EffectState = "done"
	EffectRefused   EffectState = "refused"
	EffectCancelled EffectState = "cancelled"
)

// Effect is one attempt to change the outside world.
type Effect struct {
	ID           int64       `json:"id"`
	Verb         Verb        `json:"verb"`
	Target       Target      `json:"target"`
	Repository   string      `json:"repository"`      // owner/name at the time it was planned
	RepositoryID string      `json:"-"`               // the platform's, "" if not known: filled in by who sends or looks, as the name may be another's by then
	Token        string      `json:"token"`           // random; what read-back looks for
	Commit       string      `json:"commit"`          // the head it was planned for
	Notices      []Notice    `json:"notices"`         // with the bodies to show
	Reply        *Reply      `json:"reply,omitempty"` // VerbReply only
	Cohorts      []Cohort    `json:"cohorts"`         // generations it was planned under
	Attempt      int64       `json:"attempt"`
	NotBefore    time.Time   `json:"not_before,omitzero"`
	SentAt       time.Time   `json:"sent_at,omitzero"` // when it was last about to be sent; like NotBefore by the clock of where it was sent
	State        EffectState `json:"state"`
	Error        string      `json:"error,omitempty"`
	Reason       string      `json:"reason"`
	RunID        int64       `json:"run_id"`
}

// LookFrom is when it can first be looked for; zero: at once.
func (e Effect) LookFrom() time.Time {
	wait := e.Verb.Settles()
	if wait == 0 || e.SentAt.IsZero() {
		return e.NotBefore
	}
	if settled := e.SentAt.Add(wait); settled.After(e.NotBefore) {
		return settled
	}
	return e.NotBefore
}

// Reply is an answer in words to one comment of a person. Its notice, if it has
// one, is that in whose thread the comment stands; it is not changed.
type Reply struct {
	Comment string `json:"comment"` // the platform's id, as in Heard
	Topic   string `json:"topic"`   // as in Heard
	Body    string `json:"body"`
}

// Observed is what a surface saw of an effect in the world.
type Observed struct {
	Found   bool           // Find: the effect did happen
	Notices []ObservedPost // what was created or changed
	Beside  []string       // other scanners' bots that review the pull request too
}

// ObservedPost is one notice as the platform shows it now.
type ObservedPost struct {
	No     int64  // the notice
	Remote Remote // as the platform knows it
	Posted string // hash of the body the platform returned
	// At is when the platform confirmed it, by the platform's clock; zero: it
	// did not say.
	At time.Time
	// Kept says why the notice was left as it is: a person edited it, or
	// answered it in words. Empty when the effect was carried out.
	Kept string
	// Marked: the notice itself now says that it is kept and why. A notice that
	// a person edited is never marked.
	Marked bool
	// Gone: the platform no longer has it.
	Gone bool
	// Closed: a person has closed the issue. That is a decision, and the effect
	// was not carried out.
	Closed bool
}

// RefusedError is a definite no: trying again as things stand cannot help.
type RefusedError struct {
	Why  string
	Mend string // what a person can do about it
	// Stale: the world has moved on (the head moved, the pull request is
	// closed): nothing is wrong, the next run plans anew.
	Stale bool
	// Absent: there is no such thing, or we may not see it.
	Absent bool
}

func (e *RefusedError) Error() string {
	if e.Mend == "" {
		return e.Why
	}
	return e.Why + ": " + e.Mend
}

// MisplacedError says that the platform takes no comment where some of an effect's
// notices were to stand, and so did not take the others either: nobody saw
// anything. Without these the effect can be done.
type MisplacedError struct {
	Notices []int64 // their numbers
	Why     string
}

func (e *MisplacedError) Error() string {
	return e.Why + ": the next run shows that in the summary, and the others"
}

// Refused are the notices of an effect that were misplaced, as they are to be
// remembered.
func (e *MisplacedError) Refused(before []Notice, commit string) []Notice {
	var out []Notice
	for _, n := range before {
		if slices.Contains(e.Notices, n.No) && n.Anchor != nil {
			at := *n.Anchor
			at.Refused = commit
			n.Anchor = &at
			out = append(out, n)
		}
	}
	return out
}

// LaterError says that nothing happened and when to try again.
type LaterError struct {
	Why   string
	After time.Duration // 0: nobody said
}

func (e *LaterError) Error() string {
	if e.After <= 0 {
		return e.Why + ": the next run tries again"
	}
	return fmt.Sprintf("%s: try again in %s", e.Why, e.After)
}

// ErrUnknownOutcome wraps failures after which the effect may or may not have
// happened. Only a read-back settles it.
var ErrUnknownOutcome = errors.New("outcome unknown")
