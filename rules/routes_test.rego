package sluice.routes_test

import data.sluice.routes

facts := {
	"finding": {"scanner": "trivy", "kind": "sca", "severity": "high"},
	"repository": {"group": "core"},
}

route(list) := name if {
	name := routes.name with input as facts with data.settings.routes as list
}

test_none_by_default if {
	name := routes.name with input as facts
	name == ""
}

test_none_matching if route([{"name": "a", "match": {"groups": ["web"]}}]) == ""

test_first_match_wins if {
	route([
		{"name": "a", "match": {"groups": ["web"]}},
		{"name": "b", "match": {"kinds": ["sca"]}},
		{"name": "c", "match": {"groups": ["core"]}},
	]) == "b"
}

tracked(list) if {
	routes.tracked with input as facts with data.settings.routes as list
}

test_tracked_by_the_first_match_alone if {
	tracked([{"name": "a", "jira": {"project": "PAY"}}])
	not tracked([{"name": "a"}])
	not tracked([{"name": "a"}, {"name": "b", "jira": {"project": "PAY"}}])
	not tracked([{"name": "a", "match": {"groups": ["web"]}, "jira": {"project": "PAY"}}])
	not tracked([])
}

test_all_of_a_match_must_hold if {
	all_but_one := {"groups": ["core"], "scanners": ["trivy"], "kinds": ["sca"], "severities": ["critical"]}
	route([{"name": "a", "match": all_but_one}]) == ""
	route([{"name": "a", "match": object.union(all_but_one, {"severities": ["critical", "high"]})}]) == "a"
}

test_owners_choose if {
	owned := object.union(facts, {"finding": object.union(facts.finding, {"owners": ["@acme/pay", "@alice"]})})
	list := [
		{"name": "a", "match": {"owners": ["@acme/web"]}},
		{"name": "b", "match": {"owners": ["@acme/web", "@Acme/Pay"], "kinds": ["sca"]}},
		{"name": "c"},
	]
	name := routes.name with input as owned with data.settings.routes as list
	name == "b"
	other := routes.name with input as object.union(owned, {"finding": object.union(owned.finding, {"owners": []})}) with data.settings.routes as list
	other == "c"
}

test_no_match_means_everything if {
	route([{"name": "a"}]) == "a"
	route([{"name": "a", "match": {}}]) == "a"
	route([{"name": "a", "match": {"groups": []}}]) == "a"
}
