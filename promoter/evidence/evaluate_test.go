package evidence_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// What the evidence asks for, story by story.
func TestEvaluate(t *testing.T) {
	const fp, useful, silent = evidence.FalsePositive, evidence.Useful, evidence.Kind("")
	advise, triage := cohort(evidence.Advise), cohort(evidence.Triage)
	with := func(c evidence.Cohort, change func(*evidence.Cohort)) evidence.Cohort { change(&c); return c }
	tests := []struct {
		name    string
		cohort  evidence.Cohort
		record  func(r *record)
		outcome evidence.Outcome
		move    evidence.Move
		blocker string
	}{
		{"nothing shown moves nothing", advise, func(r *record) {},
			evidence.Unmeasured, evidence.Stay, "nothing was shown"},
		{"everything dropped is as nothing shown", advise, func(r *record) { r.show(50, evidence.Unmerged) },
			evidence.Unmeasured, evidence.Stay, "nothing was shown"},
		{"answers of another stay are not looked at", advise, func(r *record) {
			r.show(60, fp).from(0, func(e *evidence.Exposure) { e.Attempt = 2 })
		}, evidence.Unmeasured, evidence.Stay, "nothing was shown"},
		{"44 clean answers are one short in epoch form", advise, func(r *record) { r.show(44, useful) },
			evidence.Unknown, evidence.Stay, ""},
		{"45 clean answers climb", advise, func(r *record) { r.show(45, useful) },
			evidence.Good, evidence.Promote, ""},
		{"in triage one judge suffices", triage, func(r *record) {
			r.show(45, useful, "github:sec").from(0, func(e *evidence.Exposure) { e.Coin, e.Verdicts[0].Audit = true, true })
		}, evidence.Good, evidence.Promote, ""},
		{"a judge of what the coin did not choose proves nothing", triage, func(r *record) {
			r.show(45, useful, "github:sec").from(0, func(e *evidence.Exposure) { e.Verdicts[0].Audit = true })
		}, evidence.Unknown, evidence.Stay, ""},
		{"enforce is the top", cohort(evidence.Enforce), func(r *record) { r.show(45, useful) },
			evidence.Good, evidence.Stay, ""},
		{"the second attempt needs more", with(advise, func(c *evidence.Cohort) { c.Climb = 2 }), func(r *record) { r.show(45, useful) },
			evidence.Unknown, evidence.Stay, ""},
		{"dwell", with(advise, func(c *evidence.Cohort) { c.Entered = monday.Add(140 * day) }), func(r *record) { r.show(45, useful) },
			evidence.Good, evidence.Stay, "until 2026-08-03"},
		{"cool-down", with(advise, func(c *evidence.Cohort) { c.Fell = monday.Add(140 * day) }), func(r *record) { r.show(45, useful) },
			evidence.Good, evidence.Stay, "cools down after a rollback: until 2026-08-03"},
		{"a person's hold", with(advise, func(c *evidence.Cohort) { c.Held = "vendor is on it" }), func(r *record) { r.show(45, useful) },
			evidence.Good, evidence.Hold, "vendor is on it"},
		{"mature silence is neutral and no promotion", advise, func(r *record) { r.show(39, silent) },
			evidence.Unknown, evidence.Stay, ""},
		{"nobody acts", advise, func(r *record) { r.show(40, silent) },
			evidence.Unknown, evidence.Hold, "hardly anybody acts on it: 0 of 40"},
		{"nobody acted, before a person released it", with(advise, func(c *evidence.Cohort) { c.Released = monday.Add(20 * day) }),
			func(r *record) { r.show(40, silent) }, evidence.Unknown, evidence.Stay, ""},
		{"five complaints by two people in two repositories", advise, func(r *record) {
			r.show(5, fp, "github:a", "github:b").from(0, func(e *evidence.Exposure) { e.Rule = e.Cluster })
		}, evidence.Bad, evidence.Rollback, ""},
		{"enforce falls too", cohort(evidence.Enforce), func(r *record) {
			r.show(5, fp, "github:a", "github:b").from(0, func(e *evidence.Exposure) { e.Rule = e.Cluster })
		}, evidence.Bad, evidence.Rollback, ""},
		{"in triage nothing falls: engineers see nothing", triage, func(r *record) { r.show(9, fp) },
			evidence.Unknown, evidence.Stay, ""},
		{"four complaints wait for a fifth", advise, func(r *record) {
			r.show(4, fp).from(0, func(e *evidence.Exposure) { e.Rule = e.Cluster })
		}, evidence.Unknown, evidence.Hold, "waits for more complaints: 4 of 5"},
		{"nobody rolls a cohort back alone", advise, func(r *record) { r.show(20, fp, "github:a") },
			evidence.Unknown, evidence.Hold, "waits for more people: 1 of 2"},
		{"a released alarm that lacks the gate no longer holds", with(advise, func(c *evidence.Cohort) { c.Released = monday.Add(90 * day) }),
			func(r *record) { r.show(20, fp, "github:a") }, evidence.Unknown, evidence.Stay, ""},
		{"one team of a monorepo", with(advise, func(c *evidence.Cohort) { c.Repositories, c.Teams = 1, 4 }), func(r *record) {
			r.show(9, fp).from(0, func(e *evidence.Exposure) { e.Repository = "acme/mono" })
		}, evidence.Unknown, evidence.Hold, "waits for more teams: 1 of 2"},
		{"one person's long afternoon is one complaint", advise, func(r *record) {
			r.show(20, fp, "github:a").from(0, func(e *evidence.Exposure) { e.Verdicts[0].At = monday.Add(30 * day) })
		}, evidence.Unknown, evidence.Stay, ""},
		{"the only repository there is", with(advise, func(c *evidence.Cohort) { c.Repositories = 1 }), func(r *record) {
			r.show(9, fp).from(0, func(e *evidence.Exposure) { e.Repository, e.Rule = "acme/one", e.Cluster })
		}, evidence.Bad, evidence.Rollback, ""},
		{"few answer, and most of them complain", advise, func(r *record) {
			for range 12 {
				r.show(1, fp).show(11, silent)
			}
		}, evidence.Unknown, evidence.Hold, "those who answer mostly complain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &record{t: t}
			tt.record(r)
			got := r.weigh(tt.cohort)
			if got.Outcome != tt.outcome || got.Move != tt.move {
				t.Errorf("%s, %s (%s; S %.2f, T %.2f), want %s, %s", got.Outcome, got.Move, got.Blocker, got.Peak, got.LnT, tt.outcome, tt.move)
			}
			if !strings.Contains(got.Blocker, tt.blocker) || (tt.blocker == "") != (got.Blocker == "") {
				t.Errorf("blocked by %q, want %q", got.Blocker, tt.blocker)
			}
		})
	}
}

func TestCarveOut(t *testing.T) {
	// One rule of three turns noisy: it leaves, the others stay.
	r := (&record{t: t}).show(120, evidence.Useful)
	noisy := func(e *evidence.Exposure) {
		if e.Rule == "G101" {
			e.Verdicts[0].Kind = evidence.FalsePositive
			e.Repository = "acme/r" + e.Cluster[len(e.Cluster)-1:]
		}
	}
	r.from(60, noisy)
	c := cohort(evidence.Advise)
	got := r.weigh(c)
	if got.Move != evidence.CarveOut || !cmp.Equal(got.Carve, []evidence.Carve{{Rule: "G101"}}) {
		t.Fatalf("%s %v (%s)", got.Move, got.Carve, got.Blocker)
	}

	// Once it left, neither its past nor its alarm touches the others.
	for i := range r.all {
		r.all[i].Left = r.all[i].Rule == "G101"
	}
	c.Epochs = []time.Time{r.all[len(r.all)-1].ShownAt.Add(time.Hour)}
	got = r.weigh(c)
	if got.Move != evidence.Promote { // on the sixty clean answers it began with
		t.Errorf("the rest: %s, %s (%s)", got.Outcome, got.Move, got.Blocker)
	}

	// One repository dissents: it leaves, not the cohort.
	r = (&record{t: t}).show(60, evidence.Useful).show(90, evidence.FalsePositive)
	for i := range r.all {
		if r.all[i].Repository != "acme/r2" {
			r.all[i].Verdicts[0].Kind = evidence.Useful
		}
		r.all[i].Rule = r.all[i].Cluster
	}
	got = r.weigh(cohort(evidence.Advise))
	if got.Move != evidence.CarveOut || !cmp.Equal(got.Carve, []evidence.Carve{{Repository: "acme/r2"}}) {
		t.Errorf("%s %v (%s)", got.Move, got.Carve, got.Blocker)
	}
}

// The alarm of a cohort whose rules are all noisy is the cohort's.
func TestRollbackWins(t *testing.T) {
	r := (&record{t: t}).show(40, evidence.NotUseful)
	if got := r.weigh(cohort(evidence.Advise)); got.Move != evidence.Rollback {
		t.Errorf("%s %v (%s)", got.Move, got.Carve, got.Blocker)
	}
}

func TestAuditFindsWhatNobodySays(t *testing.T) {
	r := (&record{t: t}).show(100, "")
	for i := range r.all {
		r.all[i].Coin = i%5 == 0
		r.all[i].Rule = r.all[i].Cluster
	}
	c := cohort(evidence.Advise)
	if got := r.weigh(c); got.Move != evidence.Hold || got.Complaints != 0 {
		t.Fatalf("before the audit: %s (%s)", got.Move, got.Blocker)
	}
	for i := range r.all {
		if e := &r.all[i]; i%10 == 0 || i%10 == 5 && i > 50 {
			judge := []string{"github:sec1", "github:sec2"}[i%2]
			e.Verdicts = append(e.Verdicts, evidence.Verdict{Person: judge, Kind: evidence.FalsePositive, At: monday.Add(120 * day), Audit: true})
		}
	}
	if got := r.weigh(c); got.Move != evidence.Rollback || !got.Audited {
		t.Errorf("after the audit: %s, audited %v (%s)", got.Move, got.Audited, got.Blocker)
	}
	// What the coin did not choose tells nothing, however often it is judged.
	for i := range r.all {
		r.all[i].Coin = false
	}
	if got := r.weigh(c); got.Move != evidence.Hold || got.Outcome == evidence.Bad {
		t.Errorf("without the coin: %s, %s", got.Outcome, got.Move)
	}
}

func TestPromotionWaitsForWhatIsOpen(t *testing.T) {
	r := (&record{t: t}).show(60, evidence.Useful)
	r.all[10].Verdicts = nil
	r.all[10].ClosedAt = time.Time{} // still open, nobody answered
	evidence.MarkBursts(r.all)
	c := cohort(evidence.Advise)
	at := func(now time.Time) evidence.Result {
		got, err := evidence.Evaluate(c, r.all, now)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	shown := r.all[10].ShownAt
	if got := at(shown.Add(60*day - time.Second)); got.Move != evidence.Stay || !got.Next.Equal(shown.Add(60*day)) {
		t.Errorf("one second before it is mature: %s, next %s", got.Move, got.Next)
	}
	if got := at(shown.Add(60 * day)); got.Move != evidence.Promote || !got.Next.IsZero() {
		t.Errorf("when it is mature: %s", got.Move)
	}
	r.all[10].ClosedAt = shown.Add(3 * day)
	if got := at(shown.Add(55 * day)); got.Move != evidence.Promote {
		t.Errorf("closed long ago: %s", got.Move)
	}
}

func TestBursts(t *testing.T) {
	r := (&record{t: t}).show(12, evidence.FalsePositive, "github:a")
	sitting := monday.Add(40 * day)
	for i := range r.all {
		r.all[i].Verdicts[0].At = sitting.Add(time.Duration((i+5)%12) * time.Minute)
	}
	evidence.MarkBursts(r.all)
	var counting []string
	for _, e := range r.all {
		if !e.Verdicts[0].Burst {
			counting = append(counting, e.Cluster)
		}
	}
	if !slices.Equal(counting, []string{"pr-0007"}) {
		t.Errorf("counting: %v, want the first one answered", counting)
	}
	// The first is taken back: the next one of that day counts, and both are to be weighed again.
	r.all[7].Verdicts[0].RetractedAt = sitting.Add(2 * time.Hour)
	if changed := evidence.MarkBursts(r.all); !slices.Equal(changed, []int64{9}) {
		t.Errorf("changed %v, want the ninth item", changed)
	}
	// On another day it is no burst, nor is another person, nor an audit.
	r.all[0].Verdicts[0].At = sitting.Add(20 * time.Hour)
	r.all[1].Verdicts[0].Person = "github:b"
	r.all[2].Verdicts[0].Audit = true
	evidence.MarkBursts(r.all)
	for i := range 3 {
		if r.all[i].Verdicts[0].Burst {
			t.Errorf("item %d is taken for part of the burst", i)
		}
	}
}

// What several answers to one item come to.
func TestAnswersToOneItem(t *testing.T) {
	v := func(person string, kind evidence.Kind, hour int) evidence.Verdict {
		return evidence.Verdict{Person: person, Kind: kind, At: monday.Add(time.Duration(hour) * time.Hour)}
	}
	audit := func(v evidence.Verdict) evidence.Verdict { v.Audit = true; return v }
	retracted := func(v evidence.Verdict) evidence.Verdict { v.RetractedAt = v.At.Add(time.Minute); return v }
	const dropped, silent = -1, -2
	tests := []struct {
		name     string
		coin     bool
		verdicts []evidence.Verdict
		want     float64 // the noise score
	}{
		{"nobody", false, nil, silent},
		{"the mean over people", false, []evidence.Verdict{v("a", evidence.FalsePositive, 1), v("b", evidence.Useful, 2)}, .5},
		{"a person's latest word", false, []evidence.Verdict{v("a", evidence.FalsePositive, 1), v("a", evidence.Useful, 2)}, 0},
		{"whatever order they are listed in", false, []evidence.Verdict{v("a", evidence.Useful, 2), v("a", evidence.FalsePositive, 1)}, 0},
		{"taken back", false, []evidence.Verdict{retracted(v("a", evidence.FalsePositive, 1))}, silent},
		{"edited", false, []evidence.Verdict{retracted(v("a", evidence.FalsePositive, 1)), v("a", evidence.WontFix, 2)}, .5},
		{"explicit beats derived", false, []evidence.Verdict{v("a", evidence.Useful, 1), v("b", evidence.Suppressed, 2)}, 0},
		{"explicit beats dropped", false, []evidence.Verdict{v("a", evidence.FalsePositive, 1), v("", evidence.Unmerged, 2)}, 1},
		{"suppressed in the code", false, []evidence.Verdict{v("a", evidence.Suppressed, 1)}, 1},
		{"suppressed as a risk", false, []evidence.Verdict{v("a", evidence.SuppressedAccepted, 1)}, .5},
		{"who calls it a duplicate has no say", false, []evidence.Verdict{v("a", evidence.Duplicate, 1), v("b", evidence.FalsePositive, 1)}, 1},
		{"all call it a duplicate", false, []evidence.Verdict{v("a", evidence.Duplicate, 1)}, dropped},
		{"gone is no answer", false, []evidence.Verdict{v("", evidence.Gone, 1)}, silent},
		{"after now", false, []evidence.Verdict{v("a", evidence.FalsePositive, 9999)}, silent},
		{"an audit of what the coin chose", true, []evidence.Verdict{audit(v("s", evidence.FalsePositive, 1))}, 1},
		{"an audit of anything else", false, []evidence.Verdict{audit(v("s", evidence.FalsePositive, 1))}, silent},
		{"engineers before the audit", true, []evidence.Verdict{v("a", evidence.Useful, 1), audit(v("s", evidence.FalsePositive, 1))}, 0},
		{"the audit before what merely went away", true, []evidence.Verdict{v("", evidence.Gone, 1), audit(v("s", evidence.FalsePositive, 1))}, 1},
	}
	for _, tt := range tests {
		e := evidence.Exposure{Seq: 1, Cluster: "c", Attempt: 1, ShownAt: monday, ClosedAt: monday, Coin: tt.coin, Verdicts: tt.verdicts}
		r, err := evidence.Evaluate(cohort(evidence.Advise), []evidence.Exposure{e}, monday.Add(90*day))
		if err != nil {
			t.Fatal(err)
		}
		got := r.Interval.Mean
		switch {
		case r.Shown == 0:
			got = dropped
		case r.Answered == 0:
			got = silent
		}
		if got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A repaired scanner need not first make up for all its old noise.
func TestEpochs(t *testing.T) {
	r := (&record{t: t}).show(100, evidence.FalsePositive)
	c := cohort(evidence.Triage)
	before := r.weigh(c)
	c.Epochs = []time.Time{r.end().Add(-time.Hour)}
	repaired := r.weigh(c)
	n, ok := before.CleanToPromotion()
	m, okToo := repaired.CleanToPromotion()
	if !ok || !okToo || n < 1000 || m > 84 {
		t.Errorf("%d clean answers before the repair, %d after it; want more than 1000 and at most 84", n, m)
	}
	if repaired.LnS >= before.LnS || repaired.Peak != before.Peak {
		t.Errorf("S %.1f -> %.1f, peak %.1f -> %.1f: the detector starts again, and what it once saw stays", before.LnS, repaired.LnS, before.Peak, repaired.Peak)
	}
}

func TestStaleCheckpoints(t *testing.T) {
	r := (&record{t: t}).show(600, evidence.Useful)
	c := cohort(evidence.Advise)
	_, passed, err := evidence.Weigh(c, evidence.Checkpoint{}, r.all, r.end())
	if err != nil || len(passed) != 3 {
		t.Fatalf("%d checkpoints, %v; want those at 256, 512 and 600", len(passed), err)
	}
	kept := evidence.Keep(passed, evidence.Before(passed, r.all[300].ShownAt, r.all[300].Cluster), nil)
	if len(kept) != 1 || kept[0].Seq != 256 {
		t.Errorf("after a change at 300 kept %d", len(kept))
	}
	other, bars, epoch := c, c, c
	other.Attempt, bars.Bars.Noise, epoch.Epochs = 2, .2, []time.Time{monday}
	for name, c := range map[string]evidence.Cohort{"attempt": other, "bars": bars, "epochs": epoch} {
		if _, _, err := evidence.Weigh(c, passed[0], r.all[256:], r.end()); !errors.Is(err, evidence.ErrStale) {
			t.Errorf("other %s: %v", name, err)
		}
	}
	if _, _, err := evidence.Weigh(c, passed[0], r.all[255:], r.end()); !errors.Is(err, evidence.ErrStale) {
		t.Errorf("a cluster from before it: %v", err)
	}
}

func TestBadBars(t *testing.T) {
	c := cohort(evidence.Advise)
	c.Bars.Noise = 1
	if _, err := evidence.Evaluate(c, nil, monday); err == nil || !strings.Contains(err.Error(), "noise is 1") {
		t.Errorf("noise 1: %v", err)
	}
	c = cohort(evidence.Advise)
	c.Bars.Scores[evidence.WontFix] = evidence.Score{Rollback: 2}
	if _, err := evidence.Evaluate(c, nil, monday); err == nil || !strings.Contains(err.Error(), "wont-fix") {
		t.Errorf("score 2: %v", err)
	}
	// A kind nobody gave a score is silence, and is counted.
	r := (&record{t: t}).show(3, "shrug")
	if got := r.weigh(cohort(evidence.Advise)); got.Unread != 3 || got.Answered != 0 {
		t.Errorf("unread %d, answered %d", got.Unread, got.Answered)
	}
}
