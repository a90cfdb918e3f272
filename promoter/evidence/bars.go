package evidence

import (
	"fmt"
	"math"
	"time"
)

// Bars are the numbers a cohort is judged by. They are settings; what is proved
// holds for any of them.
type Bars struct {
	Noise float64 // the highest mean noise score that is tolerated, in (0, 1)
	Alpha float64 // the chance that one attempt promotes a cohort above the bar

	// Limits of the rollback statistics, in clusters between two false alarms.
	// Each starts at its limit / 50.
	Rule     float64 // one rule, on what was shown
	Group    float64 // the cohort, on what was shown
	Audited  float64 // the cohort, with what the audit found about the silent
	Answered float64 // the cohort, on answers alone: it only holds

	AuditShare  float64 // the chance of the audit coin
	ActionRate  float64 // fewer clusters acted on than this share: hold
	ActionAfter int     // ... once so many are final

	// The gate, for stages that engineers see.
	GateClusters int // clusters with a complaint
	GatePeople   int // people who complained
	GatePlaces   int // repositories or teams they did it in, where the group has so many

	Dwell    time.Duration // the least time on a rung before the next
	CoolDown time.Duration // the least time between a rollback and the next climb
	Settle   time.Duration // an item is mature so long after its pull request was merged or closed
	Window   time.Duration // ... and in any case so long after it was shown

	Scores Scores
}

const day = 24 * time.Hour

// DefaultNoise is the bar for a severity: critical .20, high and medium .10, low
// and info .05. An unknown severity gets the strictest.
func DefaultNoise(severity string) float64 {
	switch severity {
	case "critical":
		return .20
	case "high", "medium":
		return .10
	}
	return .05
}

// DefaultBars are evidence.md's numbers with this bar on the noise.
func DefaultBars(noise float64) Bars {
	return Bars{
		Noise: noise, Alpha: .05,
		Answered: 500, AuditShare: .2, ActionRate: .05, ActionAfter: 40,
		GateClusters: 5, GatePeople: 2, GatePlaces: 2,
		Dwell: 14 * day, CoolDown: 14 * day, Settle: 7 * day, Window: 60 * day,
		Scores: DefaultScores(),
	}.Split(5000)
}

// Split gives the three tests that can lower a finding their parts of one false
// alarm in a clusters: 1/2a + 1/4a + 1/4a = 1/a.
func (b Bars) Split(a float64) Bars {
	b.Rule, b.Group, b.Audited = 2*a, 4*a, 4*a
	return b
}

// LimitFor is the a to split for a budget: so many verdicts a month may lead to
// so many false rollbacks a month.
func LimitFor(verdictsPerMonth, falseRollbacksPerMonth float64) float64 {
	return verdictsPerMonth / falseRollbacksPerMonth
}

// Check names the first number that cannot be worked with.
func (b Bars) Check() error {
	for _, n := range []struct {
		name     string
		is       float64
		low, top float64
	}{
		{"noise", b.Noise, 0, 1},
		{"alpha", b.Alpha, 0, 1},
		{"audit share", b.AuditShare, 0, math.Nextafter(1, 2)},
		{"rule limit", b.Rule, headShare, math.Inf(1)},
		{"group limit", b.Group, headShare, math.Inf(1)},
		{"audited limit", b.Audited, headShare, math.Inf(1)},
		{"answered limit", b.Answered, headShare, math.Inf(1)},
	} {
		if !(n.low < n.is && n.is < n.top) {
			return fmt.Errorf("bars: %s is %v, and must lie between %v and %v", n.name, n.is, n.low, n.top)
		}
	}
	return b.Scores.check()
}

// headShare is A/r: with A split, a fixed head start would miss the delays of evidence.md section 7.
const headShare = 50

// climbAt is where the a-th attempt to climb a rung fires: 2^(a-1)/alpha, so
// that the chances of all attempts together stay under 2 alpha.
func (b Bars) climbAt(attempt int) float64 {
	return float64(max(attempt, 1)-1)*math.Ln2 - math.Log(b.Alpha)
}
