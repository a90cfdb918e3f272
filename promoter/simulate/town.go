package simulate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

// town is the ladder of one scanner in one order.
type town struct {
	*play
	rng     *rand.Rand
	clock   time.Time
	cohorts []*resident
	byKey   map[string]*resident
	day     Day
	each    func(Day) // nil: nobody listens
}

// resident is one cohort of a town.
type resident struct {
	promoter.Cohort
	name    ladder.Name
	shown   []evidence.Exposure
	stays   map[promoter.Stage]int
	fell    time.Time
	sunk    bool
	paused  bool // on hold, by the evidence
	epochs  []time.Time
	result  evidence.Result
	from    evidence.Checkpoint // every cluster is one item
	stirred bool
	once    map[string]bool
}

var cohortLabels = []string{"group", "scanner", "severity"}

func newTown(p *play, rng *rand.Rand) *town {
	return &town{play: p, rng: rng, clock: monday, byKey: map[string]*resident{}}
}

const perDay = 4 // findings of one scanner

// run lets findings come day by day, and looks at the ladder every evening.
func (t *town) run(findings []Label, tally *tally) {
	// Half a month in observe comes first: all cohorts are there from the start.
	for _, l := range findings {
		t.cohort(keyOf(l))
	}
	t.clock = t.clock.Add(15 * day)
	t.look(tally)
	for i := 0; i < len(findings); {
		for range min(perDay, len(findings)-i) {
			t.arrive(findings[i], i, tally)
			i++
		}
		t.clock = t.clock.Add(day)
		t.look(tally)
	}
}

// keyOf is the cohort of a finding: all repositories are one group.
func keyOf(l Label) string { return "all/" + ladder.CleanLabel(l.Tool, false) + "/" + l.Severity }

func (t *town) cohort(key string) *resident {
	c := t.byKey[key]
	if c == nil {
		c = &resident{
			Cohort: promoter.Cohort{ID: int64(len(t.cohorts) + 1), Key: key, Attempt: 1, Generation: 1, Since: t.clock},
			name:   ladder.ReadName(key, cohortLabels), stays: map[promoter.Stage]int{promoter.Observe: 1}, stirred: true, once: map[string]bool{},
		}
		t.byKey[key] = c
		t.cohorts = append(t.cohorts, c)
	}
	return c
}

// home is the cohort a finding is in now: what was carved out, or the whole.
func (t *town) home(key, rule, repository string) *resident {
	for _, part := range []evidence.Carve{{Rule: rule}, {Repository: repository}} {
		if c := t.byKey[ladder.CarveKey(key, part)]; c != nil {
			return c
		}
	}
	return t.byKey[key]
}

// arrive shows a finding where its cohort stands, and has it answered.
func (t *town) arrive(l Label, n int, tally *tally) {
	repository, person := repositories[t.rng.IntN(len(repositories))], people[t.rng.IntN(len(people))]
	key := keyOf(l)
	c := t.home(key, l.Rule, repository)
	if c.Stage == promoter.Observe {
		return
	}
	at := t.clock.Add(time.Duration(n%perDay) * time.Hour)
	e := evidence.Exposure{
		Seq: int64(n), Cluster: fmt.Sprintf("c%06d", n), Attempt: int(c.Attempt), ShownAt: at, ClosedAt: at.Add(reply),
		Rule: l.Rule, Repository: repository, Verdicts: []evidence.Verdict{{Person: person, Kind: said(!l.True), At: at.Add(reply)}},
	}
	if c.Stage == promoter.Triage {
		e.Coin = true
		e.Verdicts[0].Person, e.Verdicts[0].Audit = judges[n%2], true
	} else {
		k := tally.at(keyOf(l))
		k.shown++
		if l.True {
			k.shownRight++
		}
	}
	c.shown, c.stirred = append(c.shown, e), true
	t.day.Shown = append(t.day.Shown, Showing{c.Key, e})
}

// look weighs what is new, and makes the moves that the ladder asks for.
func (t *town) look(tally *tally) {
	now := t.clock.Add(-time.Hour)
	standings := make([]ladder.Standing, len(t.cohorts))
	for i, c := range t.cohorts {
		c.weigh(now)
		standings[i] = ladder.Standing{Cohort: c.Cohort, Name: c.name, Fell: c.fell, Sunk: c.sunk, Paused: c.paused, Evidence: &c.result}
	}
	b := evidence.DefaultBars(.10)
	for _, s := range ladder.Decide(standings, t.policy(), ladder.Rules{Dwell: b.Dwell, CoolDown: b.CoolDown}, now) {
		c := t.cohorts[s.Cohort.ID-1]
		k := tally.at(t.tallyKey(c))
		switch s.Kind {
		case promoter.MoveHold, promoter.MoveRelease:
			t.moved(c.Key, s.Kind, c.Stage, c.Stage)
			c.paused = s.Kind == promoter.MoveHold
		case promoter.MovePromote:
			t.moved(c.Key, s.Kind, c.Stage, s.To)
			c.enter(s.To, now)
			if s.To == promoter.Advise {
				c.count("promoted", &k.promoted)
			}
		case promoter.MoveRollback:
			t.moved(c.Key, s.Kind, c.Stage, s.To)
			c.enter(s.To, now)
			c.fell = now
			c.count("fell", &k.fell)
		case promoter.MoveCarve:
			c.count("carved", &k.carved)
			for _, part := range s.Carve {
				t.moved(ladder.CarveKey(c.Key, part), s.Kind, c.Stage, c.Stage-1)
				t.carve(c, part, now)
				if part.Rule != "" {
					k.carvedRules[part.Rule]++
				}
			}
		}
	}
	if t.day.Now = now; t.each != nil {
		t.each(t.day)
	}
	t.day = Day{}
}

func (t *town) moved(key string, kind promoter.MoveKind, from, to promoter.Stage) {
	t.day.Moves = append(t.day.Moves, Moved{key, kind, from, to})
}

// tallyKey is where a cohort is counted: a part with the whole it left.
func (t *town) tallyKey(c *resident) string {
	whole, _, _ := strings.Cut(c.Key, "+")
	return whole
}

// count counts what happens to a whole cohort, once an order.
func (c *resident) count(what string, n *int) {
	if c.name.Whole() && !c.once[what] {
		c.once[what] = true
		*n++
	}
}

func (c *resident) weigh(now time.Time) {
	if !c.stirred && (c.result.Next.IsZero() || now.Before(c.result.Next)) {
		return
	}
	c.stirred = false
	evidence.MarkBursts(c.shown[max(0, len(c.shown)-2*perDay):]) // nobody answers on another day
	of := evidence.Cohort{
		Stage: evidence.Stage(c.Stage.String()), Attempt: int(c.Attempt), Climb: max(c.stays[c.Stage], 1), Entered: c.Since, Fell: c.fell,
		Repositories: len(repositories), Epochs: c.epochs, Bars: evidence.DefaultBars(evidence.DefaultNoise(c.name.Severity)),
	}
	r, passed, err := evidence.Weigh(of, c.from, c.shown[c.from.Seq:], now)
	if errors.Is(err, evidence.ErrStale) {
		r, passed, err = evidence.Weigh(of, evidence.Checkpoint{}, c.shown, now)
	}
	if err != nil {
		panic("simulate: " + err.Error()) // the bars are the package's own
	}
	if c.result = r; len(passed) > 0 {
		c.from = passed[len(passed)-1]
	}
}

func (c *resident) enter(to promoter.Stage, now time.Time) {
	c.sunk, c.paused = to < c.Stage, false
	c.Stage, c.Since, c.epochs, c.shown, c.from, c.stirred = to, now, nil, nil, evidence.Checkpoint{}, true
	c.Attempt++
	c.Generation++
	c.stays[to]++
}

func (t *town) carve(c *resident, part evidence.Carve, now time.Time) {
	child := t.cohort(ladder.CarveKey(c.Key, part))
	child.Stage, child.Since, child.fell, child.sunk, child.stirred = c.Stage-1, now, now, true, true
	child.stays[child.Stage] = 2 // the first was with the cohort it left
	c.epochs = append(c.epochs, now)
	c.Generation++
	c.from, c.stirred = evidence.Checkpoint{}, true
	for i := range c.shown {
		if e := &c.shown[i]; part.Rule != "" && e.Rule == part.Rule || part.Repository != "" && e.Repository == part.Repository {
			e.Left = true
		}
	}
}
