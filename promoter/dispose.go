package promoter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Disposing is what is needed to say what answers do to their findings.
type Disposing struct {
	RepoID       int64
	Verdicts     []Verdict // of one repository, that nobody took back
	Severity     func(no int64) finding.Severity
	PullRequest  func(notice int64) int
	Approvals    []Approval
	Approve      []finding.Severity // engineers' answers wait for the security team
	SecondPerson []finding.Severity // and the security team's own for somebody else
	Now          time.Time
}

// Disposed is what answers do to their findings.
type Disposed struct {
	Dispositions []Disposition // in force
	Waiting      []Verdict     // those without an effect until they are approved, or for good
	Requests     []Approval    // new plans that wait
	Met          []string      // plans, waiting or answered, that are still about something
}

// Dispose says what answers do: a false positive, what will not be fixed and
// what is accepted is no longer shown. An engineer's answer holds in the pull
// request it was given in; where a severity asks for it, it waits for approval
// and then holds everywhere, as the security team's own does. So does what held
// already, once its finding has become so severe. A verdict that does not count
// does nothing.
func Dispose(d Disposing) Disposed {
	var out Disposed
	plans := map[string]Approval{}
	for _, a := range d.Approvals {
		plans[a.ID] = a
	}
	for _, v := range d.Verdicts {
		if !disposes(v, d.Now) {
			continue
		}
		now := d.disposition(v)
		if d.waits(v) {
			plan, known := plans[ExceptionPlan(v)]
			if !known {
				plan = d.request(v)
				out.Requests = append(out.Requests, plan)
			}
			out.Met = append(out.Met, plan.ID)
			if plan.State != ApprovalApproved {
				out.Waiting = append(out.Waiting, v)
				continue
			}
			now.PullRequest, now.Plan = 0, plan.ID
		}
		out.Dispositions = append(out.Dispositions, now)
	}
	return out
}

func disposes(v Verdict, now time.Time) bool {
	switch v.Kind {
	case VerdictFalsePositive, VerdictWontFix, VerdictAccepted:
	default:
		return false
	}
	return v.Stands() && v.Uncounted == "" && v.Person != 0 && (v.Until.IsZero() || now.Before(v.Until.AddDate(0, 0, 1)))
}

func (d Disposing) disposition(v Verdict) Disposition {
	out := Disposition{
		RepoID: d.RepoID, Finding: v.Finding, Kind: v.Kind, Person: v.Person, Reason: v.Reason,
		Since: v.At, Expires: v.Until, Source: v.Source, ExternalID: v.ExternalID,
	}
	if v.Source == FromReply || v.Source == FromReaction {
		out.PullRequest = d.PullRequest(v.Notice)
	}
	return out
}

// waits tells whether an answer needs somebody's word before it hides anything.
func (d Disposing) waits(v Verdict) bool {
	severities := d.Approve
	if v.Source == FromCommand || v.Source == FromImport {
		severities = d.SecondPerson
	}
	return slices.Contains(severities, d.Severity(v.Finding))
}

// ExceptionPlan is the id of the plan by which a verdict's effect is approved.
// An edited verdict has another.
func ExceptionPlan(v Verdict) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "exception %d %d %d %s %s %s %s", v.RepoID, v.Finding, v.Person, v.Kind, v.Source, v.ExternalID, v.Until.UTC().Format(time.DateOnly)))
	return "P" + hex.EncodeToString(sum[:])[:8]
}

func (d Disposing) request(v Verdict) Approval {
	reason := fmt.Sprintf("a finding of %s severity was answered as %s", d.Severity(v.Finding), v.Kind)
	if !v.Until.IsZero() {
		reason += " until " + v.Until.UTC().Format(time.DateOnly)
	}
	return Approval{
		ID: ExceptionPlan(v), Kind: ApprovalException, Reason: reason, State: ApprovalWaiting, Created: d.Now,
		Items: []ApprovalItem{{RepoID: d.RepoID, Finding: v.Finding, PullRequest: d.PullRequest(v.Notice)}},
	}
}
