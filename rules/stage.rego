# METADATA
# title: Stages
# description: |
#   Should a cohort move? Down when the alarm fires, at once. Up one rung at a
#   time, on evidence or on a healthy backlog with a person's word, wave by wave,
#   after some time on each rung, and never while somebody holds it. Go keeps to
#   the same whatever is answered here: no more than one rung up, a person for
#   enforce, and down when the alarm fired, even if this policy breaks.
package sluice.stage

# METADATA
# title: where it stands next, and who has to agree
# entrypoint: true
answer := {
	"stage": stage,
	"apply": apply,
	"hold": held,
	"carve": carve,
	"audit": input.evidence.hold,
	"reasons": sort(falling | climbing),
}

above := {"observe": "triage", "triage": "advise", "advise": "enforce"}

below := {"enforce": "advise", "advise": "triage"}

stage := below[input.cohort.stage] if alarm

else := above[input.cohort.stage] if climbs

else := input.cohort.stage

# METADATA
# title: what people see is too noisy; nobody has to agree
alarm if {
	input.evidence.outcome == "bad"
	below[input.cohort.stage]
}

# METADATA
# title: only a part of it is too noisy, and goes down alone
carve := [] if alarm

else := input.evidence.carve

# METADATA
# title: there is a reason to climb, and nothing against it
climbs if {
	count(ways) > 0
	count(blocks) == 0
}

# METADATA
# title: "observe to triage: the security team judges a sample, no evidence needed"
ways contains "next-in-line" if input.cohort.stage == "observe"

# METADATA
# title: the answers show that the noise is below the bar
ways contains "evidence-good" if {
	input.cohort.stage in {"triage", "advise"}
	input.evidence.outcome == "good"
}

# METADATA
# title: so few that people can be asked to read them all
ways contains "healthy-backlog" if {
	input.cohort.stage == "triage"
	input.cohort.carved == ""
	input.facts.backlog == "healthy"
}

# METADATA
# title: a lower severity climbs, and must not get ahead
ways contains "carried" if input.facts.carried

blocks contains "on-hold" if held

blocks contains "noisy-part" if count(input.evidence.carve) > 0

blocks contains "dwell" if not input.cohort.dwelt

blocks contains "cooling-down" if input.cohort.cooling_down

blocks contains "earlier-wave" if not input.facts.earlier_waves

# METADATA
# title: nothing speaks for the rung above
blocks contains sprintf("evidence-%s", [input.evidence.outcome]) if count(ways) == 0

default held := false

# METADATA
# title: somebody or the evidence asked to stand still
held if count(input.holds) > 0

held if input.evidence.hold

falling contains "alarm" if alarm

falling contains "noisy-part" if count(carve) > 0

climbing := set() if alarm

else := {"top-rung"} if not above[input.cohort.stage]

else := ways if climbs

else := blocks

default apply := "propose"

apply := "automatic" if alarm

else := "automatic" if {
	not climbs
	count(carve) > 0
}

else := "automatic" if {
	climbs
	data.settings.promotion[stage] == "automatic"
	proven
}

# METADATA
# title: a healthy backlog always needs a person's word
proven if count(ways - {"healthy-backlog"}) > 0
