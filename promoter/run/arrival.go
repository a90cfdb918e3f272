package run

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// arrival is what one source has for one ref and commit of a repository. Its
// documents are read together: two reports of one tool over the same commit
// are one scan, or each would make the other's findings look gone.
type arrival struct {
	source  connectors.Config
	context connectors.Context
	at      time.Time // of its newest document
	docs    []document
	lacking bool // a document of it could not be read
}

type document struct {
	connectors.Document
	digest string
}

// ref tells the arrivals of one pull request or branch from others.
func (a arrival) ref() string { return a.context.Repository() + " " + a.context.Ref() }

// passedOver stands as the time of a delivery that was not read, because its
// commit was not the head any more.
var passedOver = time.Unix(0, 0).UTC()

// taken is when an arrival was last read, and what was in it.
func (a arrival) taken(known map[string]store.Delivery) (at time.Time, repoID int64, findings int) {
	for _, d := range a.docs {
		old := known[d.Location]
		if old.At.After(at) {
			at = old.At
		}
		repoID, findings = max(repoID, old.RepoID), findings+old.Findings
	}
	return at, repoID, findings
}

// newestTaken is, for each ref, when something of it was last read.
func newestTaken(groups map[string]*arrival, known map[string]store.Delivery) map[string]time.Time {
	newest := map[string]time.Time{}
	for _, a := range groups {
		if at, _, _ := a.taken(known); at.After(newest[a.ref()]) {
			newest[a.ref()] = at
		}
	}
	return newest
}

// again tells whether reports that were read before have to be read once more:
// a branch was reset to their commit, or their pull request was opened again.
// Only the platform knows, and it is asked only where something hints at it.
func (r *runner) again(ctx context.Context, a arrival, known map[string]store.Delivery, newest map[string]time.Time) (bool, error) {
	if a.context.PullRequest == 0 || r.Platform == nil {
		return false, nil
	}
	at, repoID, findings := a.taken(known)
	behind := at.Before(newest[a.ref()])
	delivered := !at.Equal(passedOver) && a.at.After(at)
	if !behind && !(delivered && findings > 0) {
		return false, nil
	}
	if r.openPulls == nil {
		open, err := r.Store.OpenChanges(ctx)
		if err != nil {
			return false, err
		}
		r.openPulls = map[promoter.Target]bool{}
		for id, numbers := range open {
			for _, n := range numbers {
				r.openPulls[promoter.Target{RepoID: id, PullRequest: n}] = true
			}
		}
	}
	target := promoter.Target{RepoID: repoID, PullRequest: a.context.PullRequest}
	if open := r.openPulls[target]; open && !behind || !open && !delivered {
		return false, nil
	}
	c, err := r.askChange(ctx, target)
	return err == nil && c.Open && r.speaksOf(ctx, target, a.context.Commit, c), ctx.Err()
}

// outdated tells whether an arrival speaks of a commit that its pull request
// has left behind. Where something is known of the pull request already, such
// a report must not put itself in front of it: jobs do not end in the order in
// which they were started.
func (r *runner) outdated(ctx context.Context, b *book, a arrival) bool {
	if r.Platform == nil || a.context.PullRequest == 0 || a.context.Commit == "" || !b.knows(a.source.Name, a.context.Ref()) {
		return false
	}
	target := promoter.Target{RepoID: b.repo().ID, PullRequest: a.context.PullRequest}
	c, err := r.askChange(ctx, target)
	return err == nil && c.Open && !r.speaksOf(ctx, target, a.context.Commit, c)
}

// speaksOf tells whether a report of a commit speaks of a pull request's head:
// of the head itself, or of a test merge of it. Each push to the base makes a
// new test merge, so an older one is asked for, once a run.
func (r *runner) speaksOf(ctx context.Context, t promoter.Target, commit string, c promoter.Change) bool {
	if sameCommit(commit, c.Head) || sameCommit(commit, c.Merge) {
		return true
	}
	if commit == "" || r.Platform == nil {
		return false
	}
	key := mergeKey{t.RepoID, commit, c.Head}
	if yes, asked := r.merges[key]; asked {
		return yes
	}
	yes, err := r.Platform.Merges(ctx, r.repos[t.RepoID], commit, c.Head)
	if err != nil && ctx.Err() == nil {
		r.report.fail("platform", fmt.Errorf("%s: what is commit %s: %w", r.repos[t.RepoID].FullName(), short(commit), err))
	}
	r.merges[key] = yes && err == nil
	return r.merges[key]
}

type mergeKey struct {
	repoID       int64
	commit, head string
}

// late tells whether a scan of a branch comes after a newer one: of a commit
// that the newest whole scan rests on. On a branch that went back behind that
// one it is not late. A feed tells of its newest anyway. Where nobody can say,
// what is read last counts.
func (r *runner) late(ctx context.Context, b *book, a arrival, scope finding.Scope) bool {
	if r.Platform == nil || isChangeRef(scope.Ref) || a.context.Commit == "" || a.source.Feed != nil {
		return false
	}
	newest := b.newestWhole(scope)
	return newest != nil && !sameCommit(newest.Commit, a.context.Commit) &&
		r.contains(ctx, b.repo(), newest.Commit, a.context.Commit) &&
		r.contains(ctx, b.repo(), strings.TrimPrefix(scope.Ref, "refs/heads/"), newest.Commit)
}

// contains asks once a run whether a branch or commit rests on a commit.
func (r *runner) contains(ctx context.Context, repo promoter.Repository, tip, commit string) bool {
	key := mergeKey{repo.ID, commit, tip}
	if _, asked := r.contained[key]; !asked {
		err := r.patience.ask(repo.FullName(), func() (err error) {
			r.contained[key], err = r.Platform.Contains(ctx, repo, tip, commit)
			return err
		})
		r.contained[key] = r.contained[key] && err == nil
	}
	return r.contained[key]
}

// passOver books reports as delivered without reading them.
func (r *runner) passOver(b *book, a arrival) {
	for _, d := range a.docs {
		r.report.source(a.source.Name).Outdated++
		b.deliveries = append(b.deliveries, store.Delivery{
			Source: a.source.Name, Location: d.Location, Digest: d.digest, RepoID: b.repo().ID, State: "complete", At: passedOver,
		})
	}
}

// joined adds what another document of the same scan found. A job that is run
// twice delivers twice: what both say is one finding, what one document says
// twice is two.
func joined(have, more []finding.Finding) []finding.Finding {
	if len(have) == 0 {
		return more
	}
	said := map[string]int{}
	for _, f := range have {
		said[content(f)]++
	}
	for _, f := range more {
		if c := content(f); said[c] > 0 {
			said[c]--
		} else {
			have = append(have, f)
		}
	}
	return have
}

// content is what a report says of a problem. Fingerprints are not part of it:
// some hold the time or the run they were made in.
func content(f finding.Finding) string {
	raw, err := json.Marshal([]any{f.Rule.ID, f.Place, f.Message, f.Package, f.Advisories, f.State})
	if err != nil {
		return ""
	}
	return string(raw)
}
