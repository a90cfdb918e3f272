package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// dispose books what the answers in a repository do to their findings, and
// asks for approval where that is needed.
func (r *runner) dispose(ctx context.Context, b *book) error {
	r.disposedIn[b.repo().ID] = true
	verdicts, err := r.Store.Verdicts(ctx, store.VerdictQuery{RepoID: b.repo().ID, Standing: true})
	if err != nil || len(verdicts) == 0 {
		return err
	}
	b.standing = verdicts
	pulls := map[int64]int{}
	for _, n := range b.snap.Notices {
		pulls[n.No] = n.Target.PullRequest
	}
	done := promoter.Dispose(promoter.Disposing{
		RepoID: b.repo().ID, Verdicts: verdicts, PullRequest: func(notice int64) int { return pulls[notice] },
		Severity: func(no int64) finding.Severity {
			if f := b.findings[no]; f != nil {
				return f.Facts.Severity
			}
			return finding.Unknown
		},
		Approvals: r.approvals, Approve: severities(r.Settings.Verdicts.Approve), SecondPerson: severities(r.Settings.Verdicts.SecondPerson), Now: b.at,
	})
	for _, id := range done.Met {
		r.met[id] = true
	}
	for _, plan := range done.Requests {
		plan.RunID, plan.Cohort = r.id, r.cohorts[b.findings[plan.Items[0].Finding].CohortID].Key
		err := r.Store.SaveApproval(r.keep, plan)
		var answered *store.ConflictError
		if err != nil && !errors.As(err, &answered) {
			return fmt.Errorf("save plan %s: %w", plan.ID, err)
		}
		r.approvals = append(r.approvals, plan)
	}
	b.snap.Dispositions = slices.DeleteFunc(b.snap.Dispositions, func(d promoter.Disposition) bool {
		ends := slices.ContainsFunc(done.Waiting, d.RestsOn)
		if ends {
			b.answers.End = append(b.answers.End, d.ID)
		}
		return ends
	})
	b.answers.Dispositions = append(b.answers.Dispositions, done.Dispositions...)
	b.snap.Dispositions = append(b.snap.Dispositions, done.Dispositions...)
	return nil
}

// keepRequests says that the requests of repositories in which nothing was
// decided in this run are still about something.
func (r *runner) keepRequests() {
	for _, a := range r.approvals {
		if a.Kind == promoter.ApprovalException && slices.ContainsFunc(a.Items, func(i promoter.ApprovalItem) bool { return !r.disposedIn[i.RepoID] }) {
			r.met[a.ID] = true
		}
	}
}

func severities(names []string) []finding.Severity {
	var out []finding.Severity
	for _, name := range names {
		if s, err := finding.ParseSeverity(name); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// disposed are the dispositions in force for a finding in a pull request, or on
// a branch (0), as the policy sees them: without anybody's words or name.
func (b *book) disposed(no int64, number int, day time.Time) (out []input.Exception) {
	for _, d := range b.snap.Dispositions {
		e := input.Exception{Kind: input.ExceptionDisposition, Reason: string(d.Kind)}
		if d.Finding == no && d.InForce(number, day) && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// keptFor says why a finding stays on a comment although its stage was lowered:
// somebody who counts found the comment useful, or accepted the finding and
// waits for that to be approved. Each person's latest word counts.
func (d *decider) keptFor(n promoter.Notice, no int64) string {
	latest := map[int64]promoter.Verdict{}
	for _, v := range d.book.standing {
		if v.Notice == n.No && v.Finding == no && v.Person != 0 && v.Uncounted == "" && v.Stands() && !v.At.Before(latest[v.Person].At) {
			latest[v.Person] = v
		}
	}
	why := ""
	for _, v := range latest {
		switch v.Kind {
		case promoter.VerdictUseful:
			return promoter.KeptUseful
		case promoter.VerdictAccepted:
			if len(d.book.disposed(no, n.Target.PullRequest, d.report.Started)) == 0 { // else the answer has hidden it
				why = promoter.KeptAccepted
			}
		}
	}
	return why
}

// explain says what was last decided about a finding in a pull request.
func (d *decider) explain(no int64, number int) promoter.Explanation {
	f := d.book.findings[no]
	cohort := d.cohorts[f.CohortID]
	answer := d.lastAnswer(no, number)
	threshold, _ := finding.ParseSeverity(answer.Threshold)
	out := promoter.Explanation{
		Exhibit: promoter.Exhibit{
			RepoID: d.book.repo().ID, PullRequest: number, Name: promoter.FindingName(d.book.repo().FullName(), no), Finding: f.Facts,
			Stage: cohort.Stage, Threshold: threshold, Cohort: cohort.Key, Reasons: answer.Reasons,
		},
		Since: cohort.Since,
		Shown: slices.Contains(answer.Surfaces, input.SurfaceReview) || slices.Contains(answer.Surfaces, input.SurfaceSummary),
	}
	for _, disposed := range d.book.snap.Dispositions {
		if disposed.Finding == no && disposed.InForce(number, d.book.at) {
			out.Settled, out.Until = disposed.Kind, disposed.Expires
		}
	}
	return out
}
