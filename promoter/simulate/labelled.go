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
