package promoter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
)

func TestRecords(t *testing.T) {
	v := func(person, finding int64, kind promoter.VerdictKind, more ...func(*promoter.Verdict)) promoter.Verdict {
		out := promoter.Verdict{Person: person, Finding: finding, Kind: kind}
		for _, f := range more {
			f(&out)
		}
		return out
	}
	audit := func(v *promoter.Verdict) { v.Audit = true }
	burst := func(v *promoter.Verdict) { v.Burst = true }
	outsider := func(v *promoter.Verdict) { v.Uncounted = promoter.NotAMember }
	taken := func(v *promoter.Verdict) { v.Retracted = written }
	got := promoter.Records([]promoter.Verdict{
		v(9, 1, promoter.VerdictUseful, audit), v(9, 2, promoter.VerdictFalsePositive, audit),
		v(1, 1, promoter.VerdictFalsePositive), v(1, 2, promoter.VerdictUseful, burst), v(1, 3, promoter.VerdictWontFix),
		v(2, 1, promoter.VerdictFixed), v(2, 2, promoter.VerdictWontFix), v(2, 4, promoter.VerdictNotUseful, taken), v(2, 2, promoter.VerdictNotUseful, outsider),
		v(0, 1, promoter.VerdictGone),
	})
	want := []promoter.Record{
		{Person: 1, Answers: 3, Complaints: 1, Bursts: 1, Audited: 2, Disagreed: 2},
		{Person: 2, Answers: 2, Uncounted: 1, Audited: 1},
		{Person: 9, Answers: 2, Complaints: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
