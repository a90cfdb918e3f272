package evidence

import (
	"cmp"
	"slices"
	"time"
)

// cluster is what was shown together and makes one observation.
type cluster struct {
	id      string
	shownAt time.Time // of its first item
	items   []*Exposure
}

func (c *cluster) compare(at time.Time, id string) int {
	return cmp.Or(c.shownAt.Compare(at), cmp.Compare(c.id, id))
}

// inOrder groups one stay's exposures into clusters, in the order in which they
// were shown. Answers never change that order.
func inOrder(exposures []Exposure, attempt int, now time.Time) []cluster {
	clusters := make([]cluster, 0, len(exposures))
	first := make([]*Exposure, len(exposures)) // most clusters have one item: one array for them all
	at := make(map[string]int, len(exposures))
	for i := range exposures {
		e := &exposures[i]
		if e.Attempt != attempt || e.ShownAt.After(now) {
			continue
		}
		n, known := at[e.Cluster]
		if !known {
			n = len(clusters)
			at[e.Cluster] = n
			clusters = append(clusters, cluster{id: e.Cluster, shownAt: e.ShownAt, items: first[i : i : i+1]})
		}
		c := &clusters[n]
		c.items = append(c.items, e)
		if e.ShownAt.Before(c.shownAt) {
			c.shownAt = e.ShownAt
		}
	}
	byShown := func(a, b cluster) int { return a.compare(b.shownAt, b.id) }
	if !slices.IsSortedFunc(clusters, byShown) { // a store gives them sorted
		slices.SortFunc(clusters, byShown)
	}
	for _, c := range clusters {
		if len(c.items) == 1 {
			continue
		}
		slices.SortFunc(c.items, func(a, b *Exposure) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return clusters
}

// maturesAt is when an item's silence has lasted long enough to be taken as
// final: some days after its pull request was merged or closed, and in any case
// when the window ends. What is once mature stays so.
func (b *Bars) maturesAt(e *Exposure) time.Time {
	end := e.ShownAt.Add(b.Window)
	if settled := e.ClosedAt.Add(b.Settle); !e.ClosedAt.IsZero() && settled.Before(end) {
		return settled
	}
	return end
}

// observation is what a cluster says to each test. A cluster all of whose items
// were dropped says nothing: items is 0.
type observation struct {
	open     time.Time // when the last silent item matures; zero if the cluster is final
	items    int       // not dropped
	answered int
	acted    bool
	clean    float64 // x of the promotion: silence is neutral
	noise    float64 // mean promotion score of the answered items

	watched int // items the rollback counts: not dropped, and not carved out since
	rules   []ruleShare
	all     share
	unread  int
}

type ruleShare struct {
	rule string
	share
}

// share is what a cluster, or one rule's items in it, says to the rollback.
type share struct {
	items, answers int
	shown          float64 // sums over the items: silence 0
	audited        float64 // answered, or weighted by the coin
	people         []string
	judged         []string // people who complained, with the audit's
}

func (s *share) add(e *Exposure, said, audit reading, auditShare float64) {
	s.items++
	switch {
	case said.state == answered:
		s.answers++
		s.shown += said.rollback
		s.audited += said.rollback
		s.people = append(s.people, said.people...)
		s.judged = append(s.judged, said.people...)
	case e.Coin && audit.state == answered:
		s.audited += audit.rollback / cmp.Or(e.Share, auditShare)
		s.judged = append(s.judged, audit.people...)
	case said.state == vanished:
		s.shown += said.rollback
		s.audited += said.rollback
	}
}

// read is what is known of an item, what engineers said and what the audit said.
// The audit is heard only where the coin chose the item and nobody answered it.
func (b *Bars) read(e *Exposure, now time.Time) (known, said, audit reading) {
	said = b.Scores.read(e.Verdicts, false, b.Noise, now)
	audit = b.Scores.read(e.Verdicts, true, b.Noise, now)
	if e.Coin && audit.state != silent && (said.state == silent || said.state == vanished) {
		return audit, said, audit
	}
	return said, said, audit
}

// observe reads a cluster. The array behind rules is the caller's, to be used again.
func (b *Bars) observe(c *cluster, now time.Time, rules []ruleShare) observation {
	o := observation{rules: rules[:0]}
	scored, quiet := 0.0, 0
	for _, e := range c.items {
		known, said, audit := b.read(e, now)
		o.unread += said.unread + audit.unread
		if known.state == dropped {
			continue
		}
		o.items++
		if !e.Left {
			o.watch(e, said, audit, b.AuditShare)
		}
		o.acted = o.acted || said.state != silent
		switch known.state {
		case answered:
			o.answered++
			scored += known.promotion
			o.clean += known.promotion
		case vanished:
			o.clean += known.promotion
		default:
			quiet++
			o.clean += b.Noise
			if at := b.maturesAt(e); at.After(now) && at.After(o.open) {
				o.open = at
			}
		}
	}
	o.noise = scored / float64(max(o.answered, 1))
	o.clean /= float64(max(o.items, 1))
	if quiet == o.items {
		o.clean = b.Noise // n times the bar over n is not always the bar
	}
	return o
}

func (o *observation) watch(e *Exposure, said, audit reading, auditShare float64) {
	o.watched++
	o.all.add(e, said, audit, auditShare)
	i := slices.IndexFunc(o.rules, func(r ruleShare) bool { return r.rule == e.Rule })
	if i < 0 {
		i = len(o.rules)
		o.rules = append(o.rules, ruleShare{rule: e.Rule})
	}
	o.rules[i].add(e, said, audit, auditShare)
}

// MarkBursts marks the verdicts that are part of a person's burst: within one
// day (UTC) a person's answers count in the cluster answered first; in the
// others they enter as silence. What was judged in a random sample is no burst,
// because the draw and not the judge chose it. It takes everything one cohort
// showed in a stay, sets Verdict.Burst, and returns the Seq of each exposure
// where a mark changed, so that it can be weighed again.
func MarkBursts(exposures []Exposure) (changed []int64) {
	type sitting struct {
		person string
		day    int64
	}
	type answer struct {
		at    time.Time
		shown time.Time
		id    string
	}
	first := map[sitting]answer{}
	shown := map[string]time.Time{}
	for i := range exposures {
		e := &exposures[i]
		if at, known := shown[e.Cluster]; !known || e.ShownAt.Before(at) {
			shown[e.Cluster] = e.ShownAt
		}
	}
	each := func(do func(e *Exposure, v *Verdict, s sitting)) {
		for i := range exposures {
			e := &exposures[i]
			for j := range e.Verdicts {
				v := &e.Verdicts[j]
				do(e, v, sitting{v.Person, v.At.UTC().Unix() / int64(day/time.Second)})
			}
		}
	}
	exempt := func(v *Verdict) bool { return v.Person == "" || v.Audit || !v.RetractedAt.IsZero() }
	each(func(e *Exposure, v *Verdict, s sitting) {
		a := answer{v.At, shown[e.Cluster], e.Cluster}
		f, known := first[s]
		if !exempt(v) && (!known || cmp.Or(a.at.Compare(f.at), a.shown.Compare(f.shown), cmp.Compare(a.id, f.id)) < 0) {
			first[s] = a
		}
	})
	each(func(e *Exposure, v *Verdict, s sitting) {
		burst := !exempt(v) && first[s].id != e.Cluster
		if burst != v.Burst {
			v.Burst = burst
			if n := len(changed); n == 0 || changed[n-1] != e.Seq {
				changed = append(changed, e.Seq)
			}
		}
	})
	return changed
}
