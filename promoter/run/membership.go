package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

// assignCohorts books each finding under the cohort the policy names. A
// finding that has one stays where it is shown; see moves. What policy or
// settings place otherwise was placed before: see recut.
func (r *runner) assignCohorts(ctx context.Context, b *book) error {
	keys := map[int64]string{}
	for no, f := range b.findings {
		answer := r.askCohort(ctx, b, no)
		if answer.Outcome != policy.Decided {
			r.policyFailed(b.repo(), no, answer.Outcome, answer.Err)
			continue
		}
		keys[no] = r.partOf(strings.Join(answer.Answer.Key, "/"), f.Facts.Rule.ID, b.repo().FullName())
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var missing []string
	for _, key := range keys {
		if _, ok := r.byKey[key]; !ok {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		cohorts, err := r.Store.EnsureCohorts(r.keep, slices.Compact(missing), r.Now().UTC())
		if err != nil {
			return fmt.Errorf("cohorts: %w", err)
		}
		r.know(cohorts)
	}
	display := b.displayed()
	for no, key := range keys {
		now, next := b.findings[no].CohortID, r.byKey[key]
		switch {
		case now == next.ID:
		case r.notRecut(r.cohorts[now], key):
		case now == 0 || carvedFrom(r.cohorts[now], next) || moves(b, no, r.cohorts[now], next, display):
			b.place(no, next.ID)
		}
	}
	return nil
}

// askCohort asks which cohort a finding belongs to.
func (r *runner) askCohort(ctx context.Context, b *book, no int64) policy.Result[input.CohortAnswer] {
	place := b.home(no)
	return r.Decider.Cohort(ctx, input.Cohort{
		Schema: input.Schema, Finding: r.findingInput(b.findings[no].Facts, place), Repository: r.repositoryInput(b.repo(), pathOf(place)),
	})
}

// partOf is the key of what was carved out of a cohort and has this finding, or
// the cohort's own. Where two parts have it, the lower one counts.
func (r *runner) partOf(key, rule, repository string) string {
	part, found := key, false
	for _, c := range []evidence.Carve{{Rule: rule}, {Repository: repository}} {
		carved, ok := r.byKey[ladder.CarveKey(key, c)]
		if ok && (!found || carved.Stage < r.byKey[part].Stage) {
			part, found = carved.Key, true
		}
	}
	return part
}

// carvedFrom tells whether one cohort was carved out of another: what is carved
// leaves at once, shown or not.
func carvedFrom(now, next promoter.Cohort) bool {
	whole, _, _ := strings.Cut(now.Key, "+")
	return strings.HasPrefix(next.Key, whole+"+")
}

// moves tells whether a finding goes to the cohort that the policy names now.
// It does where nothing is shown or withdrawn by it: on the same rung, and
// downwards when nobody sees it. Upwards only what is known of the finding
// itself takes it, such as another severity; an edit of policy or settings
// that would is a move of its own (recut).
func moves(b *book, no int64, now, next promoter.Cohort, display map[int64]bool) bool {
	switch {
	case now.Stage == next.Stage:
		return true
	case display[no]:
		return false
	}
	return next.Stage < now.Stage || b.factsChanged(no)
}
