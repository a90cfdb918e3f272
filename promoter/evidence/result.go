package evidence

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// result turns the statistics into what is to be done, worst first.
func (w *weighing) result() Result {
	c := &w.cohort
	r := Result{
		Outcome: Unknown, Move: Stay, Next: w.next,
		LnS: w.Shown.L.Ln(), LnT: w.Climb.Ln(), Peak: w.Shown.Peak,
		Interval: NoiseInterval(w.counts(), .05),
		Shown:    w.Items, Answered: w.ItemAnswers, Complaints: w.Complaints, Unread: w.Unread,
		test: w.test, detector: w.Shown.L, bets: w.Checkpoint.Climb, lnA: w.group.lnA, lnClimb: c.Bars.climbAt(c.Climb),
	}
	r.Interval.Share = float64(w.FinalAnswers) / float64(max(w.FinalItems, 1))
	if w.Clusters == 0 {
		r.Outcome, r.Blocker = Unmeasured, "nothing was shown"
	}
	if c.Stage == Advise || c.Stage == Enforce {
		w.fall(&r)
	}
	if r.Move == Stay {
		w.rise(&r)
	}
	return r
}

// fall looks for alarms. What crossed its limit first acts: a noisy rule leaves
// the cohort before the whole of it falls.
func (w *weighing) fall(r *Result) {
	first, carve, waiting := w.ruleAlarms()
	alarm, audited := &w.Shown, false
	if alarm.Crossed == 0 || w.Audited.Crossed > 0 && !w.cohort.gate(alarm).open && w.cohort.gate(&w.Audited).open {
		alarm, audited = &w.Audited, true
	}
	if alarm.Crossed > 0 && (len(carve) == 0 || alarm.Crossed < first) {
		g := w.cohort.gate(alarm)
		switch {
		case g.open:
			r.Move, r.Outcome, r.Audited = Rollback, Bad, audited
			return
		case g.only != "":
			carve = append(carve, Carve{Repository: g.only})
		case alarm.CrossedAt.After(w.cohort.Released):
			waiting = g.short
		}
	}
	switch {
	case len(carve) > 0:
		r.Move, r.Carve, r.Blocker = CarveOut, unique(carve), "a part of it is too noisy"
	case waiting != "":
		r.Move, r.Blocker = Hold, waiting
	case w.loud():
		r.Move, r.Blocker = Hold, "those who answer mostly complain, and few answer"
	case w.lowAction():
		r.Move, r.Blocker = Hold, fmt.Sprintf("hardly anybody acts on it: %d of %d", w.Acted, w.Final)
	}
}

// ruleAlarms returns the rules (or the one repository that complains of a rule)
// to carve out, the first cluster at which one of them fired, and what an alarm
// that may not act is waiting for.
func (w *weighing) ruleAlarms() (first int, carve []Carve, waiting string) {
	first = math.MaxInt
	for _, rule := range slices.Sorted(maps.Keys(w.rules)) {
		a := w.rules[rule]
		if a.Crossed == 0 {
			continue
		}
		g := w.cohort.gate(a)
		switch {
		case g.open:
			carve = append(carve, Carve{Rule: rule})
		case g.only != "":
			carve = append(carve, Carve{Repository: g.only})
		default:
			if a.CrossedAt.After(w.cohort.Released) {
				waiting = "rule " + rule + ": " + g.short
			}
			continue
		}
		first = min(first, a.Crossed)
	}
	return first, carve, waiting
}

func unique(carve []Carve) (out []Carve) {
	for _, c := range carve {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// rise asks whether the cohort may climb.
func (w *weighing) rise(r *Result) {
	c, b := &w.cohort, &w.cohort.Bars
	dwell, cool := c.Entered.Add(b.Dwell), c.Fell.Add(b.CoolDown)
	if w.Promoted {
		r.Outcome = Good
	}
	switch {
	case c.Held != "":
		r.Move, r.Blocker = Hold, c.Held
	case !w.Promoted || c.Stage != Triage && c.Stage != Advise:
	case w.now.Before(dwell):
		r.waits("it stays on each rung for a while", dwell)
	case !c.Fell.IsZero() && w.now.Before(cool):
		r.waits("it cools down after a rollback", cool)
	default:
		r.Move = Promote
	}
}

func (r *Result) waits(why string, until time.Time) {
	r.Blocker = why + ": until " + until.UTC().Format(time.DateOnly)
	if r.Next.IsZero() || until.Before(r.Next) {
		r.Next = until
	}
}

// far is where counting towards a promotion stops.
const far = 10_000

// CleanToPromotion is how many more clean answers in a row would open the rung
// above; false if it would take more than 10,000.
func (r *Result) CleanToPromotion() (int, bool) {
	if r.test == nil {
		return 0, false
	}
	for n, b := 0, r.bets; n <= far; n++ {
		if maximum(b[:]) >= r.lnClimb && b.Ln() >= r.lnClimb {
			return n, true
		}
		b.Step(r.test, 0)
	}
	return 0, false
}

// ComplaintsToRollback is how many complaints in a row, in as many clusters,
// would fire the cohort's alarm; the gate comes on top.
func (r *Result) ComplaintsToRollback() int {
	if r.test == nil || r.Peak >= r.lnA {
		return 0
	}
	d := r.detector
	for n := 1; ; n++ {
		d.Step(r.test, 1)
		if d.Ln() >= r.lnA {
			return n
		}
	}
}

// Ahead says in words how far it is to the rung above and to the rollback.
func (r *Result) Ahead() string {
	up := "out of reach by evidence as it stands"
	n, ok := r.CleanToPromotion()
	switch {
	case r.Outcome == Good || ok && n == 0:
		up = "it qualifies"
	case ok && n == 1:
		up = "one more clean answer"
	case ok:
		up = fmt.Sprintf("about %d more clean answers", n)
	}
	switch n := r.ComplaintsToRollback(); n {
	case 0:
		return up + "; the alarm has fired"
	case 1:
		return up + "; one more complaint would raise the alarm"
	default:
		return fmt.Sprintf("%s; %d complaints in a row would raise the alarm", up, n)
	}
}
