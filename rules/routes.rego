# METADATA
# title: Routes
# description: |
#   Which route of the settings takes this finding? The first that matches; a
#   list that is empty or left out matches everything.
package sluice.routes

routes := data.settings.routes

default name := ""

# METADATA
# title: the first matching route
name := routes[min(matching)].name

# METADATA
# title: whether that route leads to a tracker
tracked if routes[min(matching)].jira

matching contains i if {
	data.settings.routes != []
	some i, route in routes
	allows(route, "groups", input.repository.group)
	allows(route, "scanners", input.finding.scanner)
	allows(route, "kinds", input.finding.kind)
	allows(route, "severities", input.finding.severity)
	owned(route)
}

allows(route, list, value) if value in route.match[list]

allows(route, list, _) if count(object.get(route, ["match", list], [])) == 0

owned(route) if {
	some owner in route.match.owners
	lower(owner) in input.finding.owners
}

owned(route) if count(object.get(route, ["match", "owners"], [])) == 0
