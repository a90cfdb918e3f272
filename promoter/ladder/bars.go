package ladder

import (
	"cmp"
	"time"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// RulesOf are the ladder's numbers by the settings.
func RulesOf(s *settings.Settings) Rules {
	return Rules{
		Dwell: time.Duration(s.Promotion.Dwell), CoolDown: evidence.DefaultBars(.1).CoolDown,
		Open: s.Promotion.Backlog.Open, NewPerWeek: s.Promotion.Backlog.NewPerWeek,
	}
}

// BarsOf are the bars a cohort of this severity is judged by. a is the number of
// clusters between two false alarms, of LimitOf.
func BarsOf(s *settings.Settings, severity string, a float64) evidence.Bars {
	b := evidence.DefaultBars(cmp.Or(s.Bars.Noise[severity], evidence.DefaultNoise(severity))).Split(a)
	b.Alpha = s.Bars.Alpha
	b.ActionRate, b.ActionAfter, b.AuditShare = s.Hold.ActionRate, s.Hold.After, s.Hold.Audit
	b.Dwell = time.Duration(s.Promotion.Dwell)
	for kind, score := range s.Verdicts.Scores {
		b.Scores[evidence.Kind(kind)] = evidence.Score{Rollback: score, Promotion: score}
	}
	return b
}

// LimitOf sizes the alarms by the budget of false rollbacks, given how many
// clusters were shown in the last thirty days: 5000, doubled until it is
// enough. It moves in steps so that a busy week does not make every cohort be
// weighed afresh.
func LimitOf(s *settings.Settings, clustersPerMonth int) float64 {
	a := 5000.0
	for need := evidence.LimitFor(float64(clustersPerMonth), s.Bars.FalseRollbacksPerMonth); a < need; {
		a *= 2
	}
	return a
}
