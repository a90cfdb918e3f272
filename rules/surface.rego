# METADATA
# title: Surfaces
# description: |
#   Where may this finding be shown, and why? Three sets decide it: `hidden` keeps
#   it from everybody, `withheld` keeps it from engineers, `noted` only explains.
#   Every reason is in the table of README.md.
package sluice.surface

import data.sluice.routes
import data.sluice.thresholds

# METADATA
# title: where it may be shown, and why
# entrypoint: true
answer := {
	"surfaces": surfaces,
	"threshold": threshold,
	"group": group,
	"route": routes.name,
	"reasons": sort(reasons),
}

# METADATA
# title: nothing is shown while a cohort is in observe
hidden contains "stage-observe" if input.stage == "observe"

# METADATA
# title: below what this repository lets through
hidden contains "below-threshold" if {
	input.stage != "observe"
	not thresholds.reached
}

# METADATA
# title: a suppression in the settings covers it
hidden contains "suppressed" if "suppression" in exception_kinds

# METADATA
# title: an exception in the settings accepts it
hidden contains "excepted" if "exception" in exception_kinds

# METADATA
# title: a person's answer settles it
hidden contains "disposed" if "disposition" in exception_kinds

exception_kinds contains e.kind if some e in input.exceptions

# METADATA
# title: the stage shows it to the security team only
withheld contains "stage-triage" if input.stage == "triage"

# METADATA
# title: secrets in public repositories are not talked about in public
withheld contains "secret-in-public-repository" if public_secret

# METADATA
# title: it was there before; no change brings it
withheld contains "standing" if input.change == null

withheld contains "standing" if input.change.origin == "standing"

# METADATA
# title: nothing shows that the change brings it
withheld contains "not-attributable" if input.change.origin == "unattributed"

# METADATA
# title: the change is a draft; it waits until it is ready
withheld contains "draft" if input.change.draft

# METADATA
# title: changes by bots get no comments
withheld contains "bot-author" if input.change.bot

# METADATA
# title: tests, generated, vendored and example code are not commented on
withheld contains sprintf("path-%s", [input.finding.path_class]) if {
	not input.finding.path_class in {"source", ""}
}

# METADATA
# title: archived repositories take no comments
withheld contains "archived" if input.repository.archived

# METADATA
# title: the change introduces it
noted contains "introduced" if engineers

# METADATA
# title: not on a line the change touched, so in the summary only
noted contains "off-diff" if {
	engineers
	not input.change.on_diff
}

# METADATA
# title: somebody has exploited it already
noted contains "known-exploited" if input.finding.kev

# METADATA
# title: it is there, and the scanner found no call of the vulnerable code
noted contains "not-called" if input.finding.reachability in {"imported", "required"}

default engineers := false

# METADATA
# title: engineers see it in the change that introduces it
engineers if {
	count(hidden) == 0
	count(withheld) == 0
	input.stage in {"advise", "enforce"}
	input.change.origin == "introduced"
}

# METADATA
# title: it stands on a base branch, and its route leads to a tracker
noted contains "tracked" if tracked

default tracked := false

# METADATA
# title: a task asks for it, whoever brought it
# description: What was there before Sluice looked becomes one only through a campaign; the engine sees to that.
tracked if {
	input.change == null
	count(hidden) == 0
	withheld == {"standing"}
	input.stage in {"advise", "enforce"}
	routes.tracked
}

# METADATA
# title: the security team's queue keeps it
queue if {
	count(hidden) == 0
	for_security
}

for_security if input.stage == "triage"

for_security if input.change == null

for_security if public_secret

public_secret if {
	input.finding.kind == "secret"
	visibility == "public"
}

visibility := input.repository.visibility if input.repository.visibility in {"public", "private", "internal"}

else := data.settings.visibility.unknown

surfaces contains "queue" if queue

surfaces contains "summary" if engineers

surfaces contains "task" if tracked

# METADATA
# title: what is enforced fails the check of the change that introduces it
surfaces contains "check" if {
	engineers
	input.stage == "enforce"
}

surfaces contains "review" if {
	engineers
	input.change.on_diff
}

# What hides it from everybody is the whole story; otherwise all that counted.
reasons := hidden if count(hidden) > 0

else := withheld | noted

threshold := "" if input.stage == "observe"

else := thresholds.severity

# METADATA
# title: one problem, one notice
# description: what one upgrade fixes, or one secret wherever it stands
group := "fix" if {
	input.finding.kind == "sca"
} else := "secret" if {
	input.finding.kind == "secret"
} else := "finding"
