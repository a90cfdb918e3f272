package evidence

// Rung is where one severity of a group x scanner stands on the ladder.
type Rung struct {
	Stage      int  // 0 is observe
	Qualifies  bool // its own evidence, and the policy, open the next rung; never on the top one
	Held       bool
	RolledBack bool // its last move was down, and it has not climbed since
}

// Step is what becomes of one Rung.
type Step struct {
	Stage   int  // at most one above where it stood
	Carried bool // it climbs because a lower severity does
	Waits   bool // it qualifies, and a higher severity must come up first
}

// Carry moves the severities of one group x scanner, given highest first. A
// severity that climbs carries the higher ones along: they gather verdicts too
// slowly to climb by themselves. Those on hold or rolled back stay; they do not
// lack data but good data. Apart from those, no severity ends ahead of a higher
// one: where a higher one is behind already, it comes up a rung and the lower waits.
func Carry(rungs []Rung) []Step {
	steps := make([]Step, len(rungs))
	for i, r := range rungs {
		steps[i].Stage = r.Stage
	}
	for i, r := range rungs {
		if !r.Qualifies || r.Held {
			continue
		}
		from := r.Stage // of those carried along
		for _, higher := range rungs[:i] {
			if higher.carries() && higher.Stage < r.Stage {
				steps[i].Waits = true
				from = min(from, higher.Stage)
			}
		}
		for h, higher := range rungs[:i] {
			if higher.carries() && higher.Stage == from && steps[h].Stage == from {
				steps[h].Stage, steps[h].Carried = from+1, true
			}
		}
		if !steps[i].Waits {
			steps[i].Stage, steps[i].Carried = r.Stage+1, false
		}
	}
	return steps
}

func (r Rung) carries() bool { return !r.Held && !r.RolledBack }
