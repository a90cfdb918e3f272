# METADATA
# title: Thresholds
# description: |
#   Which severity does this repository let through at this stage? Nothing below
#   it is shown there. This is the file a security team edits first; most teams
#   need not, because settings.yaml holds the numbers.
package sluice.thresholds

import data.settings.thresholds

rank := {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}

# METADATA
# title: the lowest severity let through
# description: A repository's word counts before its group's, a group's before the default.
severity := own if {
	thresholds.repositories != {}
	own := thresholds.repositories[lower(input.repository.name)][input.stage]
} else := theirs if {
	thresholds.groups != {}
	theirs := thresholds.groups[input.repository.group][input.stage]
} else := thresholds["default"][input.stage]

# METADATA
# title: severe enough for this repository at this stage
reached if rank[input.finding.severity] >= rank[severity]

# METADATA
# title: what is known to be exploited counts as more severe by settings.risk.exploited
reached if {
	input.finding.kev
	rank[data.settings.risk.exploited] >= rank[severity]
}
