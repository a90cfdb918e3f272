package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Evaluate weighs a whole stay: the pure function of evidence.md section 5. It
// reads what was known at now: exposures and verdicts after it are left out.
// Bursts must be marked. The only error is a bar that cannot be worked with.
func Evaluate(c Cohort, exposures []Exposure, now time.Time) (Result, error) {
	r, _, err := Weigh(c, Checkpoint{}, exposures, now)
	return r, err
}

// Weigh is Evaluate from a checkpoint: it takes every exposure of the clusters
// after it, in any order, and returns the checkpoints it passed, the last one at
// the end of the final prefix. It does not change its arguments.
func Weigh(c Cohort, from Checkpoint, after []Exposure, now time.Time) (Result, []Checkpoint, error) {
	if err := c.Bars.Check(); err != nil {
		return Result{}, nil, fmt.Errorf("weigh: %w", err)
	}
	if err := from.check(&c); err != nil {
		return Result{}, nil, fmt.Errorf("weigh: %w", err)
	}
	clusters := inOrder(after, c.Attempt, now)
	if from.Seq > 0 && len(clusters) > 0 && clusters[0].compare(from.At, from.Last) <= 0 {
		return Result{}, nil, fmt.Errorf("weigh: %w: cluster %s belongs before it", ErrStale, clusters[0].id)
	}
	w := newWeighing(c, from, now)
	for i := range clusters {
		w.cluster(&clusters[i])
	}
	w.finish()
	return w.result(), w.passed, nil
}

// weighing is one pass over the clusters of a stay.
type weighing struct {
	Checkpoint
	cohort                         Cohort
	now                            time.Time
	test                           *Test
	rule, group, audited, answered limit
	rules                          map[string]*Alarm
	noise                          map[float64]int
	scratch                        []ruleShare
	open                           bool      // a cluster was met that is not final: the promotion waits there
	next                           time.Time // when it becomes final if nobody answers
	passed                         []Checkpoint
}

func newWeighing(c Cohort, from Checkpoint, now time.Time) *weighing {
	b := c.Bars
	w := &weighing{
		Checkpoint: from, cohort: c, now: now, test: NewTest(b.Noise),
		rule: limitOf(b.Rule), group: limitOf(b.Group), audited: limitOf(b.Audited), answered: limitOf(b.Answered),
		rules: map[string]*Alarm{}, noise: map[float64]int{},
	}
	if from.Seq == 0 {
		w.Checkpoint = Checkpoint{
			Terms: c.terms(), Attempt: c.Attempt, Climb: NewBets(),
			Shown: newAlarm(w.group), Audited: newAlarm(w.audited),
			Answered: NewDetector(w.answered.r), Loudest: w.answered.lnR,
		}
	}
	w.Shown, w.Audited = w.Shown.clone(), w.Audited.clone()
	for _, r := range from.Rules {
		a := r.Alarm.clone()
		w.rules[r.Rule] = &a
	}
	for _, n := range from.Noise {
		w.noise[n.X] = n.N
	}
	return w
}

func (w *weighing) cluster(c *cluster) {
	o := w.cohort.Bars.observe(c, w.now, w.scratch)
	w.scratch = o.rules
	meets := !w.open && !o.open.IsZero()
	if meets {
		w.save()
	}
	w.epochs(c.shownAt)
	if meets {
		w.open, w.next = true, o.open
	}
	w.Seq++
	w.At, w.Last = c.shownAt, c.id
	w.Unread += o.unread
	if o.items > 0 {
		w.Clusters++
		w.Items += o.items
		w.ItemAnswers += o.answered
		w.alarms(c, &o)
		if !w.open {
			w.climb(c, &o)
		}
	}
	if !w.open && w.Seq%every == 0 {
		w.save()
	}
}

// alarms feeds the rollback's tests: no answer counts 0 until it comes.
func (w *weighing) alarms(c *cluster, o *observation) {
	if o.watched == 0 {
		return
	}
	all := &o.all
	if len(all.judged) > 0 {
		w.Complaints++
	}
	n := float64(all.items)
	shown := w.Shown.L.after(w.test, all.shown/n)
	audited := shown // until the audit says something, both are the same
	if all.audited != all.shown || w.Audited.L != w.Shown.L {
		audited = w.Audited.L.after(w.test, all.audited/n)
	}
	w.Shown.step(w.group, shown, w.Seq, c, all.people)
	w.Audited.step(w.audited, audited, w.Seq, c, all.judged)
	if all.answers > 0 && c.shownAt.After(w.cohort.Released) {
		w.Answered.Step(w.test, all.shown/float64(all.answers))
		if maximum(w.Answered[:]) > w.Loudest {
			w.Loudest = max(w.Loudest, w.Answered.Ln())
		}
	}
	for i := range o.rules {
		s := &o.rules[i]
		a := w.rules[s.rule]
		if a == nil {
			fresh := newAlarm(w.rule)
			a = &fresh
			w.rules[s.rule] = a
		}
		a.step(w.rule, a.L.after(w.test, s.shown/float64(s.items)), w.Seq, c, s.people)
	}
}

// climb feeds the promotion, strictly in order and only what is final.
func (w *weighing) climb(c *cluster, o *observation) {
	w.FinalItems += o.items
	w.FinalAnswers += o.answered
	if o.answered > 0 {
		w.noise[o.noise]++
	}
	if c.shownAt.After(w.cohort.Released) {
		w.Final++
		if o.acted {
			w.Acted++
		}
	}
	w.Climb.Step(w.test, o.clean)
	at := w.cohort.Bars.climbAt(w.cohort.Climb)
	if !w.Promoted && maximum(w.Climb[:]) >= at {
		w.Promoted = w.Climb.Ln() >= at
	}
}

// epochs lets the epoch events up to a moment take effect.
func (w *weighing) epochs(until time.Time) {
	for ; w.Epochs < len(w.cohort.Epochs) && !w.cohort.Epochs[w.Epochs].After(until); w.Epochs++ {
		w.Shown.restart(w.group)
		w.Audited.restart(w.audited)
		w.Answered = NewDetector(w.answered.r)
		for _, a := range w.rules {
			a.restart(w.rule)
		}
		if !w.open {
			w.Climb.Epoch(w.Epochs + 2)
		}
	}
}

func (w *weighing) finish() {
	if !w.open && (len(w.passed) == 0 || w.passed[len(w.passed)-1].Seq < w.Seq) {
		w.save()
	}
	w.epochs(w.now)
}

// save records the state as a checkpoint; an empty prefix is none.
func (w *weighing) save() {
	if w.Seq == 0 || len(w.passed) > 0 && w.passed[len(w.passed)-1].Seq == w.Seq {
		return
	}
	p := w.Checkpoint
	p.Shown, p.Audited = p.Shown.clone(), p.Audited.clone()
	p.Noise = w.counts()
	p.Rules = make([]RuleAlarm, 0, len(w.rules))
	for _, rule := range slices.Sorted(maps.Keys(w.rules)) {
		p.Rules = append(p.Rules, RuleAlarm{rule, w.rules[rule].clone()})
	}
	w.passed = append(w.passed, p)
}

func (w *weighing) counts() []Count {
	out := make([]Count, 0, len(w.noise))
	for x, n := range w.noise {
		out = append(out, Count{x, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Compare(a.X, b.X) })
	return out
}

// lowAction says whether hardly anybody does anything about what is shown.
func (w *weighing) lowAction() bool {
	b := &w.cohort.Bars
	return w.Final >= b.ActionAfter && float64(w.Acted) < b.ActionRate*float64(w.Final)
}

// loud says whether the answers alone, without the silent, would be an alarm.
func (w *weighing) loud() bool { return w.Loudest >= math.Log(w.cohort.Bars.Answered) }
