package run

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// alerted is a finding's alert on the platform, with who dismissed it, if
// anybody did.
type alerted struct {
	page      string
	dismissal *finding.Dismissal
}

// ours tells whether the dismissal is our own.
func (a alerted) ours() bool { return a.dismissal != nil && a.dismissal.Reason == finding.OwnDismissal }

func (b *book) alert(no int64, f finding.Finding) {
	if f.Alert == "" {
		return
	}
	if b.alerts == nil {
		b.alerts = map[int64]alerted{}
	}
	if !b.alerts[no].ours() { // else another ref has said so
		b.alerts[no] = alerted{f.Alert, f.Dismissal}
	}
}

// dismissals books what people said by dismissing alerts, and takes back what
// stands of an alert that is open again.
func (r *runner) dismissals(b *book) error {
	if len(b.alerts) == 0 {
		return nil
	}
	b.touched()
	r.strangeAlerts(b)
	standing, err := r.Store.Verdicts(r.keep, store.VerdictQuery{RepoID: b.repo().ID, Source: promoter.FromAlert, Standing: true})
	if err != nil {
		return fmt.Errorf("dismissed alerts of %s: %w", b.repo().FullName(), err)
	}
	for _, no := range slices.Sorted(maps.Keys(b.alerts)) {
		a := b.alerts[no]
		v, said, err := r.verdictOf(r.keep, a)
		if err != nil {
			return fmt.Errorf("who dismissed %s: %w", promoter.FindingName(b.repo().FullName(), no), err)
		}
		if said {
			v.RepoID, v.Finding = b.repo().ID, no
			b.answers.Verdicts = append(b.answers.Verdicts, v)
			continue
		}
		for _, old := range standing {
			if old.Finding == no && old.ExternalID == a.page {
				b.answers.Retract = append(b.answers.Retract, old.ID)
			}
		}
	}
	return nil
}

// verdictOf reads a dismissal as an answer. What a rule of the platform
// dismissed is nobody's.
func (r *runner) verdictOf(ctx context.Context, a alerted) (v promoter.Verdict, said bool, err error) {
	d := a.dismissal
	if d == nil || d.By == "" {
		return v, false, nil
	}
	kind, ok := promoter.KindOfDismissal(d.Reason)
	if !ok {
		return v, false, nil
	}
	people, err := r.Store.EnsurePeople(ctx, promoter.Alias{System: "github", Login: d.By})
	if err != nil {
		return v, false, err
	}
	v = promoter.Verdict{Person: people[0], Kind: kind, Source: promoter.FromAlert, ExternalID: a.page, Reason: cmp.Or(d.Comment, d.Reason), At: d.At.UTC()}
	if strings.HasSuffix(d.By, "[bot]") {
		v.Uncounted = promoter.NotAPerson
	}
	return v, true, nil
}
