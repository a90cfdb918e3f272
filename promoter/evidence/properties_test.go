package evidence_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"pgregory.net/rapid"
)

var kinds = []evidence.Kind{
	evidence.FalsePositive, evidence.NotUseful, evidence.WontFix, evidence.Accepted, evidence.Useful, evidence.Fixed,
	evidence.Duplicate, evidence.Suppressed, evidence.SuppressedAccepted, evidence.Gone, evidence.Unmerged, "shrug",
}

// drawRecord draws what a cohort showed, with answers that come late, are edited, repeated or dropped.
func drawRecord(t *rapid.T) []evidence.Exposure {
	n := rapid.SampledFrom([]int{1200, 700, 256, 255, 17, 1, 0}).Draw(t, "exposures") // rapid prefers what comes first
	random := rapid.Uint64().Draw(t, "seed")
	pick := func(below int) int { // a cheap stream of choices, so that long records stay quick to draw
		random = random*6364136223846793005 + 1442695040888963407
		return int(random>>33) % below
	}
	liveliness := 1 + pick(10)
	all := make([]evidence.Exposure, n)
	for i := range all {
		at := monday.Add(time.Duration(i) * 6 * time.Hour)
		e := evidence.Exposure{
			Seq: int64(i), Cluster: fmt.Sprint("c", i-pick(3)), Attempt: 1, ShownAt: at, Coin: pick(5) == 0, Left: pick(50) == 0,
			Rule: fmt.Sprint("R", pick(4)), Repository: fmt.Sprint("r", pick(3)), Team: fmt.Sprint("t", pick(2)),
		}
		if pick(3) > 0 {
			e.ClosedAt = at.Add(time.Duration(pick(40)) * day)
		}
		for range pick(4) * pick(2) {
			e.Verdicts = append(e.Verdicts, drawVerdict(at, pick, liveliness))
		}
		all[i] = e
	}
	return all
}

func drawVerdict(shown time.Time, pick func(int) int, liveliness int) evidence.Verdict {
	v := evidence.Verdict{
		Person: fmt.Sprint("p", pick(4)), Kind: kinds[pick(len(kinds))],
		At: shown.Add(time.Duration(pick(24*30)) * time.Hour), Audit: pick(4) == 0,
	}
	if pick(liveliness) > 1 {
		v.Kind = evidence.Useful
	}
	if pick(6) == 0 {
		v.RetractedAt = v.At.Add(time.Duration(1+pick(200)) * time.Hour)
	}
	return v
}

func drawCohort(t *rapid.T) evidence.Cohort {
	c := cohort(rapid.SampledFrom([]evidence.Stage{evidence.Triage, evidence.Advise, evidence.Enforce}).Draw(t, "stage"))
	for range rapid.IntRange(0, 3).Draw(t, "epochs") {
		c.Epochs = append(c.Epochs, monday.Add(time.Duration(rapid.IntRange(0, 180).Draw(t, "epoch"))*day))
	}
	slices.SortFunc(c.Epochs, time.Time.Compare)
	if rapid.Bool().Draw(t, "released") {
		c.Released = monday.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "release")) * day)
	}
	return c
}

var sameResult = cmp.Options{cmpopts.IgnoreUnexported(evidence.Result{}), cmpopts.EquateEmpty()}

func weigh(t *rapid.T, c evidence.Cohort, from evidence.Checkpoint, all []evidence.Exposure, now time.Time) (evidence.Result, []evidence.Checkpoint) {
	r, passed, err := evidence.Weigh(c, from, all, now)
	if err != nil {
		t.Fatal(err)
	}
	return r, passed
}

// firstShown is when each cluster was first shown up to now.
func firstShown(all []evidence.Exposure, now time.Time) map[string]time.Time {
	shown := map[string]time.Time{}
	for _, e := range all {
		if at, known := shown[e.Cluster]; !e.ShownAt.After(now) && (!known || e.ShownAt.Before(at)) {
			shown[e.Cluster] = e.ShownAt
		}
	}
	return shown
}

func after(p evidence.Checkpoint, all []evidence.Exposure, now time.Time) (rest []evidence.Exposure) {
	shown := firstShown(all, now)
	for _, e := range all {
		at, known := shown[e.Cluster]
		if p.Seq == 0 || known && (at.After(p.At) || at.Equal(p.At) && e.Cluster > p.Last) {
			rest = append(rest, e)
		}
	}
	return rest
}

// A run that goes on from a checkpoint, read back from a store, days later, with
// late answers and edits in between, finds exactly what it would have found from scratch.
func TestCheckpointEqualsScratch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, all := drawCohort(t), drawRecord(t)
		now := monday.Add(time.Duration(rapid.SampledFrom([]int{290, 200, 120, 40, 5}).Draw(t, "then")) * day)
		later := now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "later")) * day)
		_, stored := weigh(t, c, evidence.Checkpoint{}, all, now)

		changed := slices.Clone(all)
		shown := firstShown(all, later)
		dirty := make([]evidence.Exposure, 0)
		for i := range changed {
			e := &changed[i]
			moved := slices.ContainsFunc(e.Verdicts, func(v evidence.Verdict) bool {
				return v.At.After(now) || v.RetractedAt.After(now)
			})
			if len(all) > 0 && i == len(all)*3/4 && rapid.Bool().Draw(t, "edit") {
				e.Verdicts = []evidence.Verdict{{Person: "p9", Kind: evidence.FalsePositive, At: e.ShownAt}}
				moved = true
			}
			if moved || e.ShownAt.After(now) {
				dirty = append(dirty, *e)
			}
		}
		usable := stored
		for _, e := range dirty {
			p := evidence.Before(usable, shown[e.Cluster], e.Cluster)
			usable = slices.DeleteFunc(slices.Clone(usable), func(q evidence.Checkpoint) bool { return q.Seq > p.Seq })
		}
		for _, at := range c.Epochs { // an epoch event that came since lies after what was stored
			usable = slices.DeleteFunc(usable, func(q evidence.Checkpoint) bool { return at.After(now) && !q.At.Before(at) })
		}
		var from evidence.Checkpoint
		if len(usable) > 0 {
			from = reread(t, usable[len(usable)-1])
		}
		want, _ := weigh(t, c, evidence.Checkpoint{}, changed, later)
		got, _ := weigh(t, c, from, after(from, changed, later), later)
		if diff := cmp.Diff(want, got, sameResult); diff != "" {
			t.Fatalf("from cluster %d of the stay (-scratch +checkpoint):\n%s", from.Seq, diff)
		}
	})
}

func reread(t *rapid.T, p evidence.Checkpoint) (back evidence.Checkpoint) {
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// Weighing in any order of the input, or with what was dropped left out, changes nothing.
func TestOrderAndDroppingAreNeutral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, all := drawCohort(t), drawRecord(t)
		now := monday.Add(300 * day)
		want, _ := weigh(t, c, evidence.Checkpoint{}, all, now)

		shuffled := rapid.Permutation(all).Draw(t, "shuffled")
		got, _ := weigh(t, c, evidence.Checkpoint{}, shuffled, now)
		if diff := cmp.Diff(want, got, sameResult); diff != "" {
			t.Fatalf("shuffled:\n%s", diff)
		}

		padded := slices.Clone(all)
		for i := range 20 {
			at := monday.Add(time.Duration(i*9) * day)
			padded = append(padded, evidence.Exposure{
				Seq: int64(10_000 + i), Cluster: fmt.Sprint("dropped", i), Attempt: 1, ShownAt: at, Rule: "R0",
				Verdicts: []evidence.Verdict{{Kind: evidence.ScanFailed, At: at}},
			})
		}
		got, _ = weigh(t, c, evidence.Checkpoint{}, padded, now)
		if diff := cmp.Diff(want, got, sameResult); diff != "" {
			t.Fatalf("with dropped ones:\n%s", diff)
		}
	})
}

// A complaint that comes late never lowers the alarm, and looking back at a
// moment is not changed by what came after it.
func TestLateAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, all := drawCohort(t), drawRecord(t)
		if len(all) == 0 {
			return
		}
		now := monday.Add(200 * day)
		before, _ := weigh(t, c, evidence.Checkpoint{}, all, now)
		late := slices.Clone(all)
		i := rapid.IntRange(0, len(all)-1).Draw(t, "late")
		if len(late[i].Verdicts) > 0 {
			return // only a first answer is late; any other is an edit
		}
		late[i].Verdicts = []evidence.Verdict{{Person: "p9", Kind: evidence.FalsePositive, At: now.Add(-time.Hour)}}
		after, _ := weigh(t, c, evidence.Checkpoint{}, late, now)
		if after.Peak < before.Peak-1e-9 {
			t.Fatalf("a late complaint lowered the peak from %v to %v", before.Peak, after.Peak)
		}
		earlier := now.Add(-2 * time.Hour)
		then, _ := weigh(t, c, evidence.Checkpoint{}, all, earlier)
		again, _ := weigh(t, c, evidence.Checkpoint{}, late, earlier)
		if diff := cmp.Diff(then, again, sameResult); diff != "" {
			t.Fatalf("the past changed:\n%s", diff)
		}
	})
}

// Without a new event nothing changes before Next, so that a run may skip what has none.
func TestNothingChangesBeforeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, all := drawCohort(t), drawRecord(t)
		c.Entered = monday.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "entered")) * day)
		now := monday.Add(time.Duration(rapid.SampledFrom([]int{200, 290, 50, 5}).Draw(t, "now")) * day)
		known := make([]evidence.Exposure, 0)
		for _, e := range all {
			e.Verdicts = slices.DeleteFunc(slices.Clone(e.Verdicts), func(v evidence.Verdict) bool { return v.At.After(now) || v.RetractedAt.After(now) })
			if !e.ShownAt.After(now) {
				known = append(known, e)
			}
		}
		c.Epochs = slices.DeleteFunc(c.Epochs, func(at time.Time) bool { return at.After(now) })
		r, _ := weigh(t, c, evidence.Checkpoint{}, known, now)
		until := now.Add(1000 * day)
		if !r.Next.IsZero() {
			until = r.Next.Add(-time.Second)
		}
		later, _ := weigh(t, c, evidence.Checkpoint{}, known, until)
		if diff := cmp.Diff(r, later, sameResult); diff != "" {
			t.Fatalf("between %s and %s:\n%s", now, until, diff)
		}
	})
}

// Whatever else is going on, one person lowers nothing, and nothing is lowered
// without an alarm.
func TestNobodyLowersAnythingAlone(t *testing.T) {
	lowered := 0
	rapid.Check(t, func(t *rapid.T) {
		c, all := drawCohort(t), drawRecord(t)
		alone := rapid.Bool().Draw(t, "alone")
		noisy := []evidence.Kind{evidence.FalsePositive, evidence.WontFix, evidence.Suppressed}
		for i := range all {
			for j := range all[i].Verdicts {
				v := &all[i].Verdicts[j]
				if i%3 > 0 {
					v.Kind = noisy[j%len(noisy)]
				}
				if alone {
					v.Person = "p0"
				}
			}
		}
		r, _ := weigh(t, c, evidence.Checkpoint{}, all, monday.Add(400*day))
		falls := r.Move == evidence.Rollback || r.Move == evidence.CarveOut
		if falls && (alone || c.Stage == evidence.Triage) {
			t.Fatalf("%s %v in %s", r.Move, r.Carve, c.Stage)
		}
		if r.Move == evidence.Rollback && !r.Audited && r.Peak < math.Log(c.Bars.Group) {
			t.Fatalf("rolled back at %v", r.Peak)
		}
		if falls {
			lowered++
		}
	})
	if lowered == 0 {
		t.Error("nothing was ever lowered: the test shows nothing")
	}
}

func TestCarry(t *testing.T) {
	tests := []struct {
		name  string
		rungs []evidence.Rung // highest severity first
		want  []evidence.Step
	}{
		{"the lowest carries all", []evidence.Rung{{Stage: 1}, {Stage: 1}, {Stage: 1, Qualifies: true}},
			[]evidence.Step{{Stage: 2, Carried: true}, {Stage: 2, Carried: true}, {Stage: 2}}},
		{"lower ones are not carried", []evidence.Rung{{Stage: 1, Qualifies: true}, {Stage: 1}},
			[]evidence.Step{{Stage: 2}, {Stage: 1}}},
		{"who fell or is held stays", []evidence.Rung{{Stage: 1, RolledBack: true}, {Stage: 1, Held: true}, {Stage: 1, Qualifies: true}},
			[]evidence.Step{{Stage: 1}, {Stage: 1}, {Stage: 2}}},
		{"on hold nothing climbs", []evidence.Rung{{Stage: 1}, {Stage: 1, Qualifies: true, Held: true}},
			[]evidence.Step{{Stage: 1}, {Stage: 1}}},
		{"who is two behind comes first", []evidence.Rung{{Stage: 0}, {Stage: 1, Qualifies: true}},
			[]evidence.Step{{Stage: 1, Carried: true}, {Stage: 1, Waits: true}}},
		{"two qualify", []evidence.Rung{{Stage: 1, Qualifies: true}, {Stage: 1, Qualifies: true}},
			[]evidence.Step{{Stage: 2}, {Stage: 2}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, evidence.Carry(tt.rungs)); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rungs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) evidence.Rung {
			return evidence.Rung{
				Stage: rapid.IntRange(0, 2).Draw(t, "stage"), Qualifies: rapid.Bool().Draw(t, "qualifies"),
				Held: rapid.IntRange(0, 4).Draw(t, "held") == 0, RolledBack: rapid.IntRange(0, 4).Draw(t, "fell") == 0,
			}
		}), 0, 5).Draw(t, "rungs")
		steps := evidence.Carry(rungs)
		for i, s := range steps {
			if s.Stage < rungs[i].Stage || s.Stage > rungs[i].Stage+1 {
				t.Fatalf("severity %d goes from %d to %d", i, rungs[i].Stage, s.Stage)
			}
			for h := range i {
				excused := rungs[h].Held || rungs[h].RolledBack
				if !excused && s.Stage > rungs[i].Stage && !s.Carried && s.Stage > steps[h].Stage {
					t.Fatalf("severity %d climbs ahead of %d: %+v", i, h, steps)
				}
			}
		}
	})
}

// What an audited item stands for is told by the coin's chance when it was tossed.
func TestAnAuditShareThatIsEditedWeighsNothingOtherwise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, all := drawCohort(t), drawRecord(t)
		now := monday.Add(400 * day)
		before, _ := weigh(t, c, evidence.Checkpoint{}, all, now)
		for i := range all {
			all[i].Share = c.Bars.AuditShare
		}
		c.Bars.AuditShare = .05
		edited, _ := weigh(t, c, evidence.Checkpoint{}, all, now)
		if diff := cmp.Diff(before, edited, sameResult); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestCoin(t *testing.T) {
	heads := 0
	for i := range 20_000 {
		item := fmt.Sprint("item-", i)
		if evidence.Coin([]byte("key"), item, .2) {
			heads++
			if !evidence.Coin([]byte("key"), item, .5) {
				t.Fatal("a larger share lost an item")
			}
		}
	}
	if math.Abs(float64(heads)-4000) > 300 { // five standard deviations
		t.Errorf("%d of 20000 chosen, want about 4000", heads)
	}
	if evidence.Coin([]byte("key"), "a", 0) || !evidence.Coin([]byte("key"), "a", 1) {
		t.Error("shares 0 and 1 are not never and always")
	}
}
