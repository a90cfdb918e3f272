package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// derive books what the code itself says about what was shown in a pull
// request: fixed before the merge, suppressed, or nothing that could be told.
// What a person says counts before it. Of a merged one nothing new is derived.
// Who may not answer in words complains by no suppression either.
func (d *decider) derive(ctx context.Context, c promoter.Change) {
	if !c.Open && c.Merged {
		return
	}
	now := map[string]promoter.Verdict{}
	for _, n := range noticesAt(d.book.snap.Notices, c.Number) {
		if n.State == promoter.NoticeLeft && c.Open { // reopened
			d.book.answers.Closed = append(d.book.answers.Closed, store.ClosedChange{RepoID: d.book.repo().ID, Number: c.Number})
		}
		for _, i := range n.Items {
			if i.ShownAt.IsZero() {
				continue
			}
			v := promoter.Verdict{
				RepoID: d.book.repo().ID, Finding: i.Finding, Notice: n.No, Source: promoter.FromCode,
				ExternalID: fmt.Sprintf("n%d/a%d", n.No, i.Attempt), At: d.book.at,
			}
			v.Kind = fate(d.inChange(i.Finding, c.Number), c)
			if v.Kind == promoter.VerdictSuppressed && d.outsider(ctx, d.book.repo(), c.Number) {
				v.Uncounted = promoter.NotAMember
			}
			now[fateKey(v)] = v
		}
	}
	for _, old := range d.book.standing {
		next, about := now[fateKey(old)]
		if !about || old.Source != promoter.FromCode {
			continue
		}
		if delete(now, fateKey(old)); next.Kind == "" {
			d.book.answers.Retract = append(d.book.answers.Retract, old.ID)
		} else if next.Kind != old.Kind {
			d.book.answers.Verdicts = append(d.book.answers.Verdicts, next)
		}
	}
	for _, v := range now {
		if v.Kind != "" {
			d.book.answers.Verdicts = append(d.book.answers.Verdicts, v)
		}
	}
	slices.SortFunc(d.book.answers.Verdicts, func(a, b promoter.Verdict) int { return cmpStrings(fateKey(a), fateKey(b)) })
}

func fateKey(v promoter.Verdict) string { return fmt.Sprintf("%s F%d", v.ExternalID, v.Finding) }

// inChange is the newest sighting of a finding in a pull request, or nil.
func (d *decider) inChange(no int64, number int) (last *store.Sighting) {
	for _, s := range d.book.of(no) {
		if store.ChangeOf(d.book.scopes[s.Scope].Ref) == number && (last == nil || s.LastScan > last.LastScan) {
			last = s
		}
	}
	return last
}

// fate is what became of a finding that was shown in a pull request, as
// evidence scores it; "" while it stands.
func fate(s *store.Sighting, c promoter.Change) promoter.VerdictKind {
	switch {
	case !c.Open:
		return promoter.VerdictUnmerged
	case s == nil:
		return ""
	case s.State == store.SightingSuppressed:
		return promoter.VerdictSuppressed
	case s.State != store.SightingGone:
		return ""
	}
	switch s.Cause {
	case store.GoneSuppressed:
		return promoter.VerdictSuppressed
	case store.GoneRule, store.GoneVersion:
		return promoter.VerdictScanFailed
	case store.GoneFixed:
		if s.Place != nil && c.FilesComplete && !changes(c, s.Place.Path) {
			return promoter.VerdictFileDeleted // it was changed here, and now is not any more
		}
		return promoter.VerdictGone
	}
	return ""
}

// changes tells whether a file is among those that a change leaves changed.
func changes(c promoter.Change, path string) bool {
	return slices.ContainsFunc(c.Files, func(f promoter.ChangedFile) bool { return f.Path == path || f.Previous == path })
}
