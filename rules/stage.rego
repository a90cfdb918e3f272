# METADATA
# title: Stages
# description: |
#   Should a cohort move? So far people move cohorts by hand, because no evidence
#   is gathered yet: the answer is always to stay. Go keeps a cohort from climbing
#   more than one rung whatever is answered here.
package sluice.stage

# METADATA
# title: stay, and say so
# entrypoint: true
answer := {
	"stage": input.cohort.stage,
	"apply": "propose",
	"hold": held,
	"carve": [],
	"audit": false,
	"reasons": sort(reasons),
}

default held := false

# METADATA
# title: somebody or the evidence asked to stand still
held if count(input.holds) > 0

reasons contains "moved-by-hand"

reasons contains "on-hold" if held
