package ladder

import (
	"cmp"
	"maps"
	"slices"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// families are the severities of one group and scanner, highest first. What was
// carved out, and what has no severity, goes alone.
func families(all []Standing) [][]int {
	by := map[string][]int{}
	for i := range all {
		if n := all[i].Name; n.Whole() && n.Severity != "" {
			by[n.family] = append(by[n.family], i)
		}
	}
	var out [][]int
	for _, name := range slices.Sorted(maps.Keys(by)) {
		family := by[name]
		slices.SortFunc(family, func(a, b int) int {
			return cmp.Compare(severityRank(all[b].Name.Severity), severityRank(all[a].Name.Severity))
		})
		out = append(out, family)
	}
	return out
}

// climb settles who of a family climbs, one that qualifies after the other, the
// highest severity first: each with the higher ones it carries along, as one
// move that is made or proposed whole.
func (d *decision) climb(family []int) {
	qualifies := map[int]bool{}
	for _, i := range family {
		qualifies[i] = d.steps[i].Kind == promoter.MovePromote
	}
	settled := map[int]bool{} // moves by itself in this round: nothing climbs two rungs at once
	for at, i := range family {
		if !qualifies[i] || settled[i] {
			continue
		}
		own := d.steps[i]
		d.stay(i)
		bundle, ok := d.bundle(family[:at+1], own, settled)
		if !ok {
			continue
		}
		for _, j := range bundle {
			settled[j] = settled[j] || d.steps[j].Apply == input.ApplyAutomatic
		}
	}
}

// bundle lets one severity, the last of these, climb or bring the higher ones up.
func (d *decision) bundle(family []int, own Step, settled map[int]bool) (members []int, ok bool) {
	rungs := make([]evidence.Rung, len(family))
	last := len(family) - 1
	for k, i := range family {
		s := &d.all[i]
		stage := s.Stage
		if settled[i] {
			stage = d.steps[i].To
		}
		rungs[k] = evidence.Rung{Stage: int(stage), Qualifies: k == last, Held: d.stands(i), RolledBack: s.Sunk || d.steps[i].To < s.Stage}
	}
	apply, carried := own.Apply, map[int]Step{}
	steps := evidence.Carry(rungs)
	if steps[last].Waits {
		apply = input.ApplyAutomatic // it does not come along, so its own word does not count
	}
	for k, i := range family[:last] {
		if !steps[k].Carried {
			continue
		}
		answer, err := d.ask(d.question(i, true))
		to, known := stageOf(answer)
		if settled[i] || d.steps[i].Alarm || err != nil || !known || to <= d.all[i].Stage || d.all[i].Evidence == nil {
			d.steps[family[last]].Blocker = d.all[i].Key + " has to come first, and cannot yet"
			return nil, false
		}
		to = d.all[i].Stage + 1
		if applied(answer, to) == input.ApplyPropose {
			apply = input.ApplyPropose
		}
		carried[i] = Step{Cohort: d.all[i].Cohort, Name: d.all[i].Name, To: to, Kind: promoter.MovePromote, Reasons: answer.Reasons, Audit: answer.Audit}
		members = append(members, i)
	}
	if steps[last].Waits {
		d.steps[family[last]].Blocker = "higher severities come up first"
	} else {
		carried[family[last]] = own
		members = append(members, family[last])
	}
	d.join(members, carried, apply)
	return members, true
}

// join books the members of a bundle. One that was proposed before stays
// proposed, unless it now goes by itself.
func (d *decision) join(members []int, steps map[int]Step, apply string) {
	var ids []int64
	for _, i := range members {
		ids = append(ids, d.all[i].ID)
	}
	slices.Sort(ids)
	for _, i := range members {
		step := steps[i]
		if d.steps[i].Kind == promoter.MovePromote && apply == input.ApplyPropose {
			continue // the higher one's own proposal goes first; this one is made again once that is answered
		}
		step.Apply, step.With = apply, ids
		d.steps[i] = step
	}
}

// stay takes a climb back that has to be settled with the family.
func (d *decision) stay(i int) {
	s := &d.steps[i]
	s.To, s.Kind, s.Apply, s.With = s.Cohort.Stage, "", "", nil
}

// stands tells whether a cohort is held, by whomever.
func (d *decision) stands(i int) bool {
	s := &d.all[i]
	return s.Held != "" || s.Override != nil || d.holds[i] || s.Evidence != nil && s.Evidence.Move == evidence.Hold
}
