package simulate

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

// Label is one finding whose right verdict is known.
type Label struct {
	Tool, Rule, Severity string
	True                 bool
}

// ReadLabels reads CSV with the columns tool, rule, severity and label, in any
// order, others ignored. Labels are TP and FP; findings with any other are left
// out and counted. A severity may be in a scanner's own words.
func ReadLabels(r io.Reader) (all []Label, skipped int, err error) {
	c := csv.NewReader(r)
	head, err := c.Read()
	if err != nil {
		return nil, 0, fmt.Errorf("read labels: %w", err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"tool", "rule", "severity", "label"} {
		if _, ok := at[name]; !ok {
			return nil, 0, fmt.Errorf("read labels: there is no column %q; the columns are %s", name, strings.Join(head, ", "))
		}
	}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return all, skipped, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read labels: %w", err)
		}
		l := Label{Tool: row[at["tool"]], Rule: row[at["rule"]], Severity: severityOf(row[at["severity"]]), True: row[at["label"]] == "TP"}
		if !l.True && row[at["label"]] != "FP" {
			skipped++
			continue
		}
		all = append(all, l)
	}
}

// severityOf reads a severity, or what scanners write in its place; medium where
// nothing is said.
func severityOf(word string) string {
	if s, err := finding.ParseSeverity(word); err == nil {
		return s.String()
	}
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "level4":
		return "critical"
	case "error", "level3":
		return "high"
	case "note", "level1":
		return "low"
	}
	return "medium"
}

// Labelled is what became of labelled findings, replayed in many orders.
type Labelled struct {
	Orders  int              `json:"orders"`
	Skipped int              `json:"skipped"` // findings without a usable label
	Cohorts []LabelledCohort `json:"cohorts"`
}

// LabelledCohort is one scanner's severity. Promoted, Carved and RolledBack are
// in how many percent of the orders it climbed to advise, lost a rule or a
// repository, and fell. Shown is how many findings engineers were shown on
// average, and ShownPrecision how many of these were right.
type LabelledCohort struct {
	Cohort         string         `json:"cohort"`
	Findings       int            `json:"findings"`
	Precision      float64        `json:"precision"`
	Promoted       float64        `json:"promoted"`
	Carved         float64        `json:"carved"`
	RolledBack     float64        `json:"rolled_back"`
	Shown          float64        `json:"shown"`
	ShownPrecision float64        `json:"shown_precision"`
	Rules          []LabelledRule `json:"rules"` // carved, the most often first
}

// LabelledRule is a rule that was carved out, in how many percent of the orders.
type LabelledRule struct {
	Rule      string  `json:"rule"`
	Precision float64 `json:"precision"`
	Share     float64 `json:"share"`
}

// Replay plays labelled findings in as many random orders. Each comes to one of
// three repositories, four a day for each scanner; in triage the security team
// judges it, in advise one of six engineers does, within two hours, as its label
// says. Whoever is asked approves every climb.
func Replay(ctx context.Context, labels []Label, orders int, o Options) Labelled {
	p := &play{Options: o, ctx: ctx}
	byTool := map[string][]Label{}
	for _, l := range labels {
		byTool[l.Tool] = append(byTool[l.Tool], l)
	}
	out := Labelled{Orders: orders}
	for _, tool := range slices.Sorted(maps.Keys(byTool)) {
		t := &tally{of: map[string]*counts{}}
		for _, l := range byTool[tool] {
			t.at(keyOf(l)).add(l)
		}
		p.each("labelled findings of "+tool, orders, func(rng *rand.Rand) {
			findings := slices.Clone(byTool[tool])
			rng.Shuffle(len(findings), func(i, j int) { findings[i], findings[j] = findings[j], findings[i] })
			newTown(p, rng).run(findings, t)
		})
		out.Cohorts = append(out.Cohorts, t.lines(orders)...)
	}
	return out
}

// Day is what happened on one day of a story: what was shown, with its answers,
// and what the ladder made of it when it looked at Now.
type Day struct {
	Now   time.Time
	Shown []Showing
	Moves []Moved
}

// Showing is one finding shown for a cohort.
type Showing struct {
	Cohort string
	evidence.Exposure
}

// Moved is a change of the ladder. Of a carve, Cohort is the part.
type Moved struct {
	Cohort string
	Kind   promoter.MoveKind
	From   promoter.Stage
	To     promoter.Stage
}

// Follow plays labelled findings of one scanner once, in the order given, and
// tells each day, so that the same story can be told to something else.
func Follow(ctx context.Context, labels []Label, o Options, each func(Day)) {
	p := &play{Options: o, ctx: ctx}
	t := newTown(p, p.source("story"))
	t.each = each
	t.run(labels, &tally{of: map[string]*counts{}})
}

// counts are what is known of one cohort after many orders.
type counts struct {
	findings, right        int
	rules                  map[string]*[2]int // findings and right ones, by rule
	promoted, carved, fell int
	shown, shownRight      int
	carvedRules            map[string]int
}

func (c *counts) add(l Label) {
	c.findings++
	r := c.rules[l.Rule]
	if r == nil {
		r = &[2]int{}
		c.rules[l.Rule] = r
	}
	r[0]++
	if l.True {
		c.right++
		r[1]++
	}
}

type tally struct{ of map[string]*counts }

func (t *tally) at(key string) *counts {
	c := t.of[key]
	if c == nil {
		c = &counts{rules: map[string]*[2]int{}, carvedRules: map[string]int{}}
		t.of[key] = c
	}
	return c
}

func (t *tally) lines(orders int) (out []LabelledCohort) {
	pct := func(n int) float64 { return 100 * float64(n) / float64(orders) }
	for _, key := range slices.Sorted(maps.Keys(t.of)) {
		c := t.of[key]
		line := LabelledCohort{
			Cohort: strings.TrimPrefix(key, "all/"), Findings: c.findings, Precision: float64(c.right) / float64(c.findings),
			Promoted: pct(c.promoted), Carved: pct(c.carved), RolledBack: pct(c.fell), Shown: float64(c.shown) / float64(orders),
			ShownPrecision: float64(c.shownRight) / float64(max(c.shown, 1)), Rules: []LabelledRule{},
		}
		for rule, n := range c.carvedRules {
			of := c.rules[rule]
			line.Rules = append(line.Rules, LabelledRule{rule, float64(of[1]) / float64(max(of[0], 1)), pct(n)})
		}
		slices.SortFunc(line.Rules, func(a, b LabelledRule) int {
			return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Rule, b.Rule))
		})
		out = append(out, line)
	}
	return out
}

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
		standings[i] = ladder.Standing{Cohort: c.Cohort, Name: c.name, Fell: c.fell, Sunk: c.sunk, Evidence: &c.result}
	}
	b := evidence.DefaultBars(.10)
	for _, s := range ladder.Decide(standings, t.policy(), ladder.Rules{Dwell: b.Dwell, CoolDown: b.CoolDown}, now) {
		c := t.cohorts[s.Cohort.ID-1]
		k := tally.at(t.tallyKey(c))
		switch s.Kind {
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
	c.sunk = to < c.Stage
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
