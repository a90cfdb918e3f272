package ladder

import (
	"math"
	"time"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// question is what the policy is asked about a cohort.
func (d *decision) question(i int, carried bool) input.Stage {
	s := &d.all[i]
	stay := max(d.now.Sub(s.Since), 0)
	in := input.Stage{
		Schema: input.Schema, Holds: []string{},
		Cohort: input.CohortFacts{
			Key: s.Name.Labels, Stage: s.Stage.String(), Severity: s.Name.Severity, Group: s.Name.Group, Wave: s.Wave,
			DaysInStage: int(stay / (24 * time.Hour)), Dwelt: stay >= d.rules.Dwell,
			CoolingDown: !s.Fell.IsZero() && d.now.Before(s.Fell.Add(d.rules.CoolDown)),
		},
		Facts: input.StageFacts{
			Open: s.Backlog.Open, NewPerWeek: s.Backlog.NewPerWeek, Backlog: d.backlog(s.Backlog),
			EarlierWaves: d.earlierWaves(i), Carried: carried,
		},
		Evidence: evidenceInput(s.Evidence),
	}
	if !s.Name.Whole() {
		in.Cohort.Carved = CarveLabel(s.Name.Carved)
	}
	if s.Held != "" {
		in.Holds = append(in.Holds, s.Held)
	}
	if in.Evidence.Hold {
		in.Holds = append(in.Holds, s.Evidence.Blocker)
	}
	return in
}

func evidenceInput(e *evidence.Result) input.Evidence {
	if e == nil {
		return input.Evidence{Outcome: string(evidence.Unmeasured), Carve: []string{}}
	}
	in := input.Evidence{
		Outcome: string(e.Outcome), Hold: e.Move == evidence.Hold, Carve: []string{},
		Shown: e.Shown, Answered: e.Answered, Complaints: e.Complaints,
		Noise: round(e.Interval.Mean), NoiseLow: round(e.Interval.Low), NoiseHigh: round(e.Interval.High),
	}
	if e.Move == evidence.CarveOut {
		in.Carve = carveLabels(e.Carve)
	}
	return in
}

// round keeps what cannot matter out of the policy's cache.
func round(x float64) float64 { return math.Round(x*1e3) / 1e3 }

func (d *decision) backlog(b Backlog) string {
	switch {
	case !b.Known:
		return input.BacklogUnknown
	case b.Open <= d.rules.Open && b.NewPerWeek <= d.rules.NewPerWeek:
		return input.BacklogHealthy
	}
	return input.BacklogUnhealthy
}

// line is what goes through the waves group by group: a scanner's severity.
type line string

func wavesOf(all []Standing) map[line][]int {
	out := map[line][]int{}
	for i := range all {
		if l := all[i].Name.line(); all[i].Name.Whole() && l != "" {
			out[l] = append(out[l], i)
		}
	}
	return out
}

// earlierWaves tells whether the same line of every group in an earlier wave
// stands above this rung already. A group without a wave comes last.
func (d *decision) earlierWaves(i int) bool {
	s := &d.all[i]
	for _, j := range d.waves[s.Name.line()] {
		if o := &d.all[j]; waveRank(o.Wave) < waveRank(s.Wave) && o.Stage <= s.Stage {
			return false
		}
	}
	return true
}

func waveRank(wave int) int {
	if wave == 0 {
		return math.MaxInt
	}
	return wave
}
