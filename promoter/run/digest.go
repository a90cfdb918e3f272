package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// everything a repository's decisions and notices depend on, in one document.
// Equal digests: nothing to decide, nothing to plan.
type digestInput struct {
	Mark      string              `json:"mark"` // changes with any stored fact of the repository
	Facts     promoter.Repository `json:"facts"`
	Policy    string              `json:"policy"`
	Settings  string              `json:"settings"`
	InForce   []string            `json:"in_force"`
	Ladder    string              `json:"ladder"` // a digest of its own: it is long, and the same for all
	Approvals []string            `json:"approvals"`
	Paused    bool                `json:"paused"`
	Tracker   bool                `json:"tracker"`
	Campaigns []string            `json:"campaigns"`
	WriteBack []string            `json:"write_back,omitempty"` // sources
	Changes   []changeInput       `json:"changes"`
}

type changeInput struct {
	Number           int
	Open, Draft      bool
	Head, Merge      string
	Base, MergeBase  string
	Failed, Platform bool
	MergeGroups      []string
}

// inputDigests computes the digest of every selected repository.
func (r *runner) inputDigests(ctx context.Context) (map[int64]string, error) {
	open, err := r.Store.OpenChanges(ctx)
	if err != nil {
		return nil, err
	}
	shared := digestInput{
		// One day for the whole run: at its end, midnight may have passed.
		Policy: r.Decider.Revision(), Settings: r.Settings.Revision(), InForce: r.Settings.InForce(r.report.Started),
		Ladder: r.moved(), Approvals: r.answered(), Paused: r.pause.Active(r.Now()),
		Tracker: r.Tracker != nil, Campaigns: r.underWay(), WriteBack: r.writesBack(),
	}
	for _, repo := range r.repoOrder() {
		if len(open[repo.ID]) == 0 {
			continue
		}
		if err := r.refresh(ctx, repo); err != nil {
			return nil, err
		}
	}
	marks, err := r.Store.Marks(ctx) // changed by what was just learnt
	if err != nil {
		return nil, err
	}
	out := map[int64]string{}
	for _, repo := range r.repoOrder() {
		in := shared
		in.Mark, in.Facts = marks[repo.ID], repo
		for _, number := range open[repo.ID] {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			in.Changes = append(in.Changes, r.changeInput(ctx, promoter.Target{RepoID: repo.ID, PullRequest: number}))
		}
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(raw)
		out[repo.ID] = hex.EncodeToString(sum[:])
	}
	return out, nil
}

func (r *runner) changeInput(ctx context.Context, t promoter.Target) changeInput {
	if r.Platform == nil || !r.sel.hasChange(t.PullRequest) {
		return changeInput{Number: t.PullRequest, Platform: r.Platform != nil}
	}
	c, err := r.askChange(ctx, t)
	return changeInput{
		Number: t.PullRequest, Open: c.Open, Draft: c.Draft, Head: c.Head, Merge: c.Merge, Base: c.Base, MergeBase: c.MergeBase,
		Failed: err != nil, Platform: true, MergeGroups: c.MergeGroups,
	}
}

// moved digests the cohorts that ever left observe: a new one changes nothing
// for the repositories it has no finding in.
func (r *runner) moved() string {
	var out []promoter.Cohort
	for _, c := range r.cohorts {
		if c.Stage != promoter.Observe || c.Attempt > 1 {
			c.Since = c.Since.UTC()
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b promoter.Cohort) int { return int(a.ID - b.ID) })
	sum := sha256.New()
	for _, c := range out {
		fmt.Fprintf(sum, "%d %s %s %d %d %d\n", c.ID, c.Key, c.Stage, c.Generation, c.Attempt, c.Since.UnixMicro())
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (r *runner) answered() []string {
	var out []string
	for _, a := range r.approvals {
		if a.State == promoter.ApprovalApproved || a.State == promoter.ApprovalRejected {
			out = append(out, a.ID+" "+string(a.State))
		}
	}
	slices.Sort(out)
	return out
}

// remember stores the digest of every repository in which nothing is left to
// do, so that the next run can pass it over.
func (r *runner) remember(ctx context.Context) error {
	if r.sel.PullRequest != 0 {
		return nil // not all of any repository was looked at
	}
	digests, err := r.inputDigests(ctx)
	if err != nil {
		return err
	}
	stored, err := r.Store.Digests(ctx)
	if err != nil {
		return err
	}
	for _, repo := range r.repoOrder() {
		digest := digests[repo.ID]
		if r.dirty[repo.ID] {
			digest = ""
		}
		if stored[repo.ID] == digest {
			continue
		}
		if err := r.Store.Apply(r.keep, store.Changes{RepoID: repo.ID, RunID: r.id, At: r.Now().UTC(), Digest: &digest}); err != nil {
			return err
		}
	}
	return nil
}

// reader returns the source text of a source's repository, or one that has none.
func (r *runner) reader(source connectors.Config, repo promoter.Repository) sourcetext.Reader {
	if r.Text != nil {
		if reader := r.Text(source, repo); reader != nil {
			return reader
		}
	}
	return sourcetext.First()
}

func (r *runner) readerOf(name string, repo promoter.Repository) sourcetext.Reader {
	for _, source := range r.Sources {
		if source.Name == name {
			return r.reader(source, repo)
		}
	}
	return sourcetext.First()
}
