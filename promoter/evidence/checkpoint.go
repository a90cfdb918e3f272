package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// Checkpoint is the state of all tests of one stay after a prefix of its
// clusters, all of them final. It is a cache: any of them may be lost.
type Checkpoint struct {
	Terms    uint64    `json:"terms,string"` // digest of the bars and of what else must be equal to go on from here
	Attempt  int       `json:"attempt"`
	Seq      int       `json:"seq"`  // clusters in the prefix
	At       time.Time `json:"at"`   // of the last one
	Last     string    `json:"last"` // its id
	Epochs   int       `json:"epochs"`
	Clusters int       `json:"clusters"` // not dropped

	Shown    Alarm    `json:"shown"`
	Audited  Alarm    `json:"audited"`
	Answered Detector `json:"answered"`
	Loudest  float64  `json:"loudest"` // the highest ln of the statistic on answers alone
	Climb    Bets     `json:"climb"`
	Promoted bool     `json:"promoted"`

	Items        int     `json:"items"`
	ItemAnswers  int     `json:"item_answers"`
	Complaints   int     `json:"complaints"`
	Unread       int     `json:"unread"`
	Final        int     `json:"final"` // clusters since the release, final in order, and in how many somebody did something
	Acted        int     `json:"acted"`
	FinalItems   int     `json:"final_items"` // as Items, of the final prefix
	FinalAnswers int     `json:"final_answers"`
	Noise        []Count `json:"noise"` // of the final prefix: the answered clusters' scores

	Rules []RuleAlarm `json:"rules"`
}

// Count says how many clusters had the mean score X.
type Count struct {
	X float64 `json:"x"`
	N int     `json:"n"`
}

// RuleAlarm is the alarm of one rule.
type RuleAlarm struct {
	Rule string `json:"rule"`
	Alarm
}

// ErrStale tells that a checkpoint was made under other terms (bars, attempt,
// release, epochs), or that an exposure belongs before it: weigh from an earlier
// one, or from none.
var ErrStale = errors.New("stale checkpoint")

// every is how many clusters lie between two checkpoints that stay.
const every = 256

// Before picks the last checkpoint before a cluster that changed, to weigh from
// there. Without one the zero Checkpoint is the start.
func Before(checkpoints []Checkpoint, shownAt time.Time, cluster string) (best Checkpoint) {
	for _, c := range checkpoints {
		if c.Seq > best.Seq && cmp.Or(c.At.Compare(shownAt), cmp.Compare(c.Last, cluster)) < 0 {
			best = c
		}
	}
	return best
}

// Keep lists the checkpoints worth storing after Weigh went on from one of the
// stored and passed others: what lay after it is stale, and besides every 256th
// cluster only the last is of use.
func Keep(stored []Checkpoint, from Checkpoint, passed []Checkpoint) (kept []Checkpoint) {
	all := slices.DeleteFunc(slices.Clone(stored), func(c Checkpoint) bool { return c.Seq > from.Seq })
	all = append(all, slices.DeleteFunc(slices.Clone(passed), func(c Checkpoint) bool { return c.Seq <= from.Seq })...)
	for i, c := range all {
		if c.Seq%every == 0 || i == len(all)-1 {
			kept = append(kept, c)
		}
	}
	return kept
}

// terms digests all a state depends on besides the exposures and the epochs.
func (c *Cohort) terms() uint64 {
	b := c.Bars
	h := fnv.New64a()
	fmt.Fprintln(h, c.Climb, c.Released.UnixNano(), b.Noise, b.Alpha, b.Rule, b.Group, b.Audited, b.Answered, b.AuditShare, b.Settle, b.Window, b.Scores)
	return h.Sum64()
}

// check refuses a checkpoint from which this cohort cannot go on.
func (from *Checkpoint) check(c *Cohort) error {
	if from.Seq == 0 {
		return nil
	}
	passed := 0
	for _, at := range c.Epochs {
		if !at.After(from.At) {
			passed++
		}
	}
	if from.Terms != c.terms() || from.Attempt != c.Attempt || from.Epochs != passed {
		return fmt.Errorf("%w: made for attempt %d with %d epochs, or with other bars", ErrStale, from.Attempt, from.Epochs)
	}
	return nil
}
