package sluice.thresholds_test

import data.sluice.thresholds

settings := {
	"default": {"triage": "low", "advise": "high", "enforce": "critical"},
	"groups": {"core": {"advise": "medium"}},
	"repositories": {"acme/legacy": {"advise": "critical"}},
}

facts(repository, group, stage, severity) := {
	"repository": {"name": repository, "group": group},
	"stage": stage,
	"finding": {"severity": severity},
}

threshold(repository, group, stage) := severity if {
	severity := thresholds.severity with input as facts(repository, group, stage, "info")
		with data.settings.thresholds as settings
}

reached(severity, stage) if {
	thresholds.reached with input as facts("acme/shop", "rest", stage, severity)
		with data.settings.thresholds as settings
}

test_default_by_stage if {
	threshold("acme/shop", "rest", "triage") == "low"
	threshold("acme/shop", "rest", "advise") == "high"
	threshold("acme/shop", "rest", "enforce") == "critical"
}

test_group_before_default if threshold("acme/shop", "core", "advise") == "medium"

test_group_silent_about_a_stage_falls_back if threshold("acme/shop", "core", "enforce") == "critical"

test_repository_before_group if threshold("acme/legacy", "core", "advise") == "critical"

test_repository_silent_about_a_stage_falls_back if threshold("acme/legacy", "core", "triage") == "low"

test_repository_in_any_case if threshold("Acme/Legacy", "rest", "advise") == "critical"

test_observe_has_no_threshold if not threshold("acme/shop", "core", "observe")

test_reached_at_and_above if {
	every severity in {"high", "critical"} {
		reached(severity, "advise")
	}
}

test_not_reached_below if {
	every severity in {"info", "low", "medium"} {
		not reached(severity, "advise")
	}
}

test_not_reached_by_a_severity_nobody_knows if not reached("dreadful", "triage")

test_reached_by_what_is_exploited if {
	exploited := object.union(facts("acme/shop", "rest", "enforce", "low"), {"finding": {"kev": true}})
	thresholds.reached with input as exploited
	not thresholds.reached with input as exploited with data.settings.risk.exploited as "high"
	not thresholds.reached with input as object.union(exploited, {"finding": {"kev": false}})
}

test_severities_are_ordered if {
	order := ["info", "low", "medium", "high", "critical"]
	every i in [0, 1, 2, 3] {
		thresholds.rank[order[i]] < thresholds.rank[order[i + 1]]
	}
}

# The shipped defaults, which every other test may lay its own over.
test_shipped_defaults if data.settings.thresholds["default"] == settings["default"]
