package sluice.stage_test

import data.sluice.stage

# A cohort that nothing keeps from climbing, with what differs laid over it.
cohort(name, differs) := object.union(
	{
		"schema": 1,
		"cohort": {
			"key": ["core", "gosec", "high"], "stage": name, "severity": "high", "group": "core", "wave": 1, "carved": "",
			"days_in_stage": 30, "dwelt": true, "cooling_down": false,
		},
		"holds": [],
		"facts": {"open": 100, "new_per_week": 9, "backlog": "unhealthy", "earlier_waves": true, "carried": false},
		"evidence": {
			"outcome": "unknown", "hold": false, "carve": [], "shown": 60, "answered": 20, "complaints": 2,
			"noise": 0.05, "noise_low": 0.01, "noise_high": 0.2,
		},
	},
	differs,
)

good := {"evidence": {"outcome": "good"}}

bad := {"evidence": {"outcome": "bad"}}

names := ["observe", "triage", "advise", "enforce"]

test_an_alarm_lowers_one_rung_at_once if {
	every name, to in {"enforce": "advise", "advise": "triage"} {
		answer := stage.answer with input as cohort(name, bad)
		[answer.stage, answer.apply, answer.reasons] == [to, "automatic", ["alarm"]]
	}
}

test_an_alarm_does_not_wait_for_a_hold if {
	answer := stage.answer with input as cohort("advise", object.union(bad, {"holds": ["release freeze"]}))
	[answer.stage, answer.hold] == ["triage", true]
}

test_nothing_falls_below_triage if {
	every name in ["observe", "triage"] {
		answer := stage.answer with input as cohort(name, object.union(bad, {"holds": ["x"]}))
		answer.stage == name
	}
}

test_a_noisy_part_leaves_alone if {
	answer := stage.answer with input as cohort("advise", {"evidence": {"carve": ["rule=G204"]}})
	[answer.stage, answer.carve, answer.apply] == ["advise", ["rule=G204"], "automatic"]
	"noisy-part" in answer.reasons
}

test_no_part_is_carved_out_of_what_falls if {
	answer := stage.answer with input as cohort("advise", {"evidence": {"outcome": "bad", "carve": ["rule=G204"]}})
	[answer.stage, answer.carve] == ["triage", []]
}

test_with_a_noisy_part_it_does_not_climb if {
	answer := stage.answer with input as cohort("advise", {"evidence": {"outcome": "good", "carve": ["rule=G204"]}})
	answer.stage == "advise"
}

test_from_observe_by_itself if {
	answer := stage.answer with input as cohort("observe", {"evidence": {"outcome": "unmeasured"}})
	[answer.stage, answer.apply, answer.reasons] == ["triage", "automatic", ["next-in-line"]]
}

test_from_observe_on_approval_by_setting if {
	answer := stage.answer with input as cohort("observe", {})
		with data.settings.promotion.triage as "propose"
	[answer.stage, answer.apply] == ["triage", "propose"]
}

test_good_evidence_is_proposed if {
	answer := stage.answer with input as cohort("triage", good)
	[answer.stage, answer.apply, answer.reasons] == ["advise", "propose", ["evidence-good"]]
}

test_good_evidence_moves_by_setting if {
	answer := stage.answer with input as cohort("triage", good)
		with data.settings.promotion.advise as "automatic"
	[answer.stage, answer.apply] == ["advise", "automatic"]
}

test_enforce_is_always_approved if {
	answer := stage.answer with input as cohort("advise", good)
		with data.settings.promotion.advise as "automatic"
	[answer.stage, answer.apply] == ["enforce", "propose"]
}

test_nothing_above_the_top_rung if {
	answer := stage.answer with input as cohort("enforce", good)
	[answer.stage, answer.reasons] == ["enforce", ["top-rung"]]
}

test_no_data_moves_nothing if {
	every name in ["triage", "advise", "enforce"] {
		every outcome in ["unknown", "unmeasured"] {
			answer := stage.answer with input as cohort(name, {"evidence": {"outcome": outcome}})
			answer.stage == name
		}
	}
}

test_it_says_that_the_evidence_is_lacking if {
	answer := stage.answer with input as cohort("triage", {"evidence": {"outcome": "unmeasured"}})
	answer.reasons == ["evidence-unmeasured"]
}

test_a_healthy_backlog_needs_a_persons_word if {
	answer := stage.answer with input as cohort("triage", {"facts": {"backlog": "healthy"}})
		with data.settings.promotion.advise as "automatic"
	[answer.stage, answer.apply, answer.reasons] == ["advise", "propose", ["healthy-backlog"]]
}

test_a_healthy_backlog_and_good_evidence_do_not if {
	answer := stage.answer with input as cohort("triage", object.union(good, {"facts": {"backlog": "healthy"}}))
		with data.settings.promotion.advise as "automatic"
	[answer.stage, answer.apply] == ["advise", "automatic"]
}

test_a_healthy_backlog_opens_neither_enforce_nor_a_carved_part if {
	enforce := stage.answer with input as cohort("advise", {"facts": {"backlog": "healthy"}})
	carved := stage.answer with input as cohort("triage", {"facts": {"backlog": "healthy"}, "cohort": {"carved": "rule=G204"}})
	[enforce.stage, carved.stage] == ["advise", "triage"]
}

test_a_lower_severity_carries_it if {
	answer := stage.answer with input as cohort("triage", {"facts": {"carried": true}, "evidence": {"outcome": "unmeasured"}})
	[answer.stage, answer.reasons] == ["advise", ["carried"]]
}

test_what_keeps_it_from_climbing if {
	every reason, differs in {
		"dwell": {"cohort": {"dwelt": false}},
		"cooling-down": {"cohort": {"cooling_down": true}},
		"earlier-wave": {"facts": {"earlier_waves": false}},
		"on-hold": {"holds": ["release freeze"]},
	} {
		every name in ["observe", "triage", "advise"] {
			answer := stage.answer with input as object.union(cohort(name, good), differs)
			[answer.stage, answer.reasons] == [name, [reason]]
		}
	}
}

test_a_hold_by_the_evidence_asks_for_an_audit if {
	answer := stage.answer with input as cohort("advise", {"evidence": {"outcome": "good", "hold": true}})
	[answer.stage, answer.hold, answer.audit] == ["advise", true, true]
}

test_no_hold_and_no_audit_without_a_reason if {
	answer := stage.answer with input as cohort("advise", good)
	[answer.hold, answer.audit] == [false, false]
}

test_every_case_has_an_answer_of_at_most_one_rung if {
	every i, name in names {
		every outcome in ["good", "bad", "unknown", "unmeasured"] {
			every holds in [[], ["x"]] {
				answer := stage.answer with input as cohort(name, {"holds": holds, "evidence": {"outcome": outcome}})
				some j
				names[j] == answer.stage
				j <= i + 1
				count(answer.reasons) > 0
			}
		}
	}
}
