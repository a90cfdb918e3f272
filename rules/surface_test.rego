package sluice.surface_test

import data.sluice.surface

# A finding that everything speaks for: high, in source, introduced on a line of
# a ready change in a private repository. Each test changes what it is about.
shown := {
	"schema": 1,
	"finding": {
		"scanner": "gosec", "kind": "sast", "rule": "G204", "severity": "high", "severity_from": "level",
		"score": 0, "cwes": ["CWE-78"], "tags": [], "path": "cmd/run.go", "path_class": "source",
		"package": "", "ecosystem": "", "advisories": [], "fix_available": false,
	},
	"repository": {"name": "acme/shop", "visibility": "private", "group": "rest", "tier": 0, "wave": 0, "archived": false},
	"stage": "advise",
	"change": {"origin": "introduced", "draft": false, "bot": false, "fork": false, "on_diff": true},
	"exceptions": [],
}

# Not an object.union: null must be able to take the change's place.
standing := object.union(object.remove(shown, ["change"]), {"change": null})

answer(facts) := a if {
	a := surface.answer with input as facts
}

changed(difference) := answer(object.union(shown, difference))

test_introduced_on_the_diff if {
	answer(shown) == {
		"surfaces": {"review", "summary"}, "threshold": "high", "group": "finding",
		"route": "", "reasons": ["introduced"],
	}
}

test_introduced_off_the_diff if {
	a := changed({"change": {"on_diff": false}})
	a.surfaces == {"summary"}
	a.reasons == ["introduced", "off-diff"]
}

test_observe_shows_nothing if {
	a := changed({"stage": "observe"})
	a.surfaces == set()
	a.threshold == ""
	a.reasons == ["stage-observe"]
}

test_observe_shows_nothing_without_a_change if {
	a := answer(object.union(standing, {"stage": "observe"}))
	a.surfaces == set()
	a.reasons == ["stage-observe"]
}

test_triage_is_for_the_security_team if {
	a := changed({"stage": "triage"})
	a.surfaces == {"queue"}
	a.threshold == "low"
	a.reasons == ["stage-triage"]
}

test_triage_without_a_change if {
	a := answer(object.union(standing, {"stage": "triage"}))
	a.surfaces == {"queue"}
	a.reasons == ["stage-triage", "standing"]
}

test_triage_below_its_threshold if {
	a := changed({"stage": "triage", "finding": {"severity": "info"}})
	a.surfaces == set()
	a.reasons == ["below-threshold"]
}

test_enforce_fails_a_check_as_well if {
	high := changed({"stage": "enforce"})
	high.surfaces == set()
	high.reasons == ["below-threshold"]
	critical := changed({"stage": "enforce", "finding": {"severity": "critical"}})
	critical.surfaces == {"review", "summary", "check"}
	critical.threshold == "critical"
}

test_nothing_else_fails_a_check if {
	every difference in [
		{"stage": "advise"}, {"change": {"origin": "standing"}}, {"change": {"origin": "unattributed"}}, {"change": {"draft": true}},
		{"exceptions": [{"kind": "exception", "reason": "r", "owner": "o"}]}, {"finding": {"path_class": "tests"}},
	] {
		a := changed(object.union({"stage": "enforce", "finding": {"severity": "critical"}}, difference))
		not "check" in a.surfaces
	}
}

test_below_threshold if {
	a := changed({"finding": {"severity": "medium"}})
	a.surfaces == set()
	a.threshold == "high"
	a.reasons == ["below-threshold"]
}

test_a_lower_threshold_lets_it_through if {
	facts := object.union(shown, {"finding": {"severity": "medium"}, "repository": {"group": "core"}})
	a := surface.answer with input as facts with data.settings.thresholds.groups as {"core": {"advise": "medium"}}
	a.surfaces == {"review", "summary"}
	a.threshold == "medium"
}

test_standing_is_not_for_engineers_but_stays_in_the_queue if {
	a := answer(standing)
	a.surfaces == {"queue"}
	a.reasons == ["standing"]
}

routed(difference) := a if {
	a := surface.answer with input as object.union(standing, difference)
		with data.settings.routes as [{"name": "pay", "jira": {"project": "PAY"}}]
}

test_standing_becomes_a_task_where_a_tracker_is_named if {
	every stage in ["advise", "enforce"] {
		a := routed({"stage": stage, "finding": {"severity": "critical"}})
		a.surfaces == {"queue", "task"}
		a.reasons == ["standing", "tracked"]
		a.route == "pay"
	}
}

test_no_task_below_advise if {
	a := routed({"stage": "triage"})
	a.surfaces == {"queue"}
	b := routed({"stage": "observe"})
	b.surfaces == set()
}

test_no_task_below_the_threshold if {
	a := routed({"finding": {"severity": "medium"}})
	a.surfaces == set()
}

test_no_task_in_an_archived_repository if {
	a := routed({"repository": {"archived": true}})
	a.surfaces == {"queue"}
	a.reasons == ["archived", "standing"]
}

test_no_task_outside_of_source if {
	a := routed({"finding": {"path_class": "tests"}})
	a.surfaces == {"queue"}
}

test_no_task_for_a_secret_in_a_public_repository if {
	a := routed({"finding": secret, "repository": {"visibility": "public"}})
	a.surfaces == {"queue"}
}

test_no_task_under_an_exception if {
	a := routed({"exceptions": [{"kind": "exception", "reason": "r", "owner": "o"}]})
	a.surfaces == set()
}

test_no_task_for_a_change if {
	a := surface.answer with input as shown with data.settings.routes as [{"name": "pay", "jira": {"project": "PAY"}}]
	a.surfaces == {"review", "summary"}
}

test_standing_in_a_change_is_shown_nowhere if {
	a := changed({"change": {"origin": "standing"}})
	a.surfaces == set()
	a.reasons == ["standing"]
}

test_not_attributable_is_shown_nowhere if {
	a := changed({"change": {"origin": "unattributed"}})
	a.surfaces == set()
	a.reasons == ["not-attributable"]
}

test_drafts_wait if {
	a := changed({"change": {"draft": true}})
	a.surfaces == set()
	a.reasons == ["draft"]
}

test_bots_get_no_comments if {
	a := changed({"change": {"bot": true}})
	a.surfaces == set()
	a.reasons == ["bot-author"]
}

test_archived_repositories_get_no_comments if {
	a := changed({"repository": {"archived": true}})
	a.surfaces == set()
	a.reasons == ["archived"]
}

test_only_source_is_commented_on if {
	every class in ["tests", "generated", "vendored", "examples"] {
		a := changed({"finding": {"path_class": class}})
		a.surfaces == set()
		a.reasons == [concat("-", ["path", class])]
	}
}

test_a_finding_without_a_path_counts_as_source if {
	a := changed({"finding": {"path": "", "path_class": ""}, "change": {"on_diff": false}})
	a.surfaces == {"summary"}
}

test_suppressed if {
	a := changed({"exceptions": [{"kind": "suppression", "reason": "build tools", "owner": "team-pay"}]})
	a.surfaces == set()
	a.reasons == ["suppressed"]
}

test_disposed if {
	a := changed({"exceptions": [{"kind": "disposition", "reason": "false-positive", "owner": ""}]})
	a.surfaces == set()
	a.reasons == ["disposed"]
}

test_excepted if {
	a := changed({"exceptions": [{"kind": "exception", "reason": "not reachable", "owner": "team-pay"}]})
	a.surfaces == set()
	a.reasons == ["excepted"]
}

test_an_exception_empties_the_queue_too if {
	a := answer(object.union(standing, {"exceptions": [{"kind": "exception", "reason": "r", "owner": "o"}]}))
	a.surfaces == set()
}

secret := {"kind": "secret", "severity": "high"}

test_secret_in_a_private_repository if {
	every visibility in ["private", "internal"] {
		a := changed({"finding": secret, "repository": {"visibility": visibility}})
		a.surfaces == {"review", "summary"}
	}
}

test_secret_in_a_public_repository if {
	a := changed({"finding": secret, "repository": {"visibility": "public"}})
	a.surfaces == {"queue"}
	a.reasons == ["secret-in-public-repository"]
}

test_secret_where_visibility_is_unknown if {
	every visibility in ["", "unknown"] {
		facts := object.union(shown, {"finding": secret, "repository": {"visibility": visibility}})
		careful := surface.answer with input as facts with data.settings.visibility.unknown as "public"
		careful.surfaces == {"queue"}
		trusting := surface.answer with input as facts with data.settings.visibility.unknown as "private"
		trusting.surfaces == {"review", "summary"}
	}
}

test_visibility_is_public_unless_known if {
	a := changed({"finding": secret, "repository": {"visibility": ""}})
	a.surfaces == {"queue"}
}

test_other_findings_in_a_public_repository_are_shown if {
	a := changed({"repository": {"visibility": "public"}})
	a.surfaces == {"review", "summary"}
}

test_a_known_visibility_counts_more_than_the_setting if {
	facts := object.union(shown, {"finding": secret})
	a := surface.answer with input as facts with data.settings.visibility.unknown as "public"
	a.surfaces == {"review", "summary"}
}

test_a_suppressed_secret_leaves_the_queue if {
	a := changed({
		"finding": secret, "repository": {"visibility": "public"},
		"exceptions": [{"kind": "suppression", "reason": "r", "owner": "o"}],
	})
	a.surfaces == set()
	a.reasons == ["suppressed"]
}

test_all_reasons_are_named if {
	hidden := changed({"finding": {"severity": "low"}, "exceptions": [{"kind": "suppression", "reason": "r", "owner": "o"}]})
	hidden.reasons == ["below-threshold", "suppressed"]
	withheld := changed({"finding": {"path_class": "tests"}, "change": {"draft": true, "bot": true}})
	withheld.reasons == ["bot-author", "draft", "path-tests"]
}

test_one_upgrade_is_one_notice if {
	a := changed({"finding": {"kind": "sca"}})
	a.group == "fix"
}

test_what_is_exploited_passes_a_threshold_it_would_not_reach if {
	exploited := {"finding": {"kind": "sca", "severity": "low", "kev": true}}
	a := changed(exploited)
	a.surfaces == {"review", "summary"}
	a.reasons == ["introduced", "known-exploited"]
	off := surface.answer with input as object.union(shown, exploited) with data.settings.risk.exploited as "none"
	off.surfaces == set()
	lower := surface.answer with input as object.union(shown, exploited) with data.settings.risk.exploited as "medium"
	lower.reasons == ["below-threshold"]
}

test_what_is_exploited_and_accepted_stays_hidden if {
	a := changed({
		"finding": {"kev": true},
		"exceptions": [{"kind": "exception", "reason": "r", "owner": "o"}],
	})
	a.surfaces == set()
	a.reasons == ["excepted"]
}

test_a_probability_shows_nothing_by_itself if {
	a := changed({"finding": {"severity": "low", "epss": "high", "kev": false}})
	a.reasons == ["below-threshold"]
}

test_code_that_is_not_called_is_shown_and_says_so if {
	every reachability in ["imported", "required"] {
		a := changed({"finding": {"kind": "sca", "reachability": reachability}})
		a.surfaces == {"review", "summary"}
		a.reasons == ["introduced", "not-called"]
	}
	called := changed({"finding": {"kind": "sca", "reachability": "called"}})
	called.reasons == ["introduced"]
}

test_one_secret_is_one_notice if {
	a := changed({"finding": secret})
	a.group == "secret"
}

test_the_route_is_named if {
	a := surface.answer with input as shown with data.settings.routes as [{"name": "pay", "match": {"groups": ["rest"]}}]
	a.route == "pay"
}

test_an_unknown_stage_is_not_answered if {
	not changed({"stage": "production"})
}

test_an_unknown_severity_is_shown_nowhere if {
	a := changed({"finding": {"severity": "dreadful"}})
	a.surfaces == set()
}

test_an_unknown_origin_is_shown_nowhere if {
	a := changed({"change": {"origin": "who knows"}})
	a.surfaces == set()
	a.reasons == []
}
