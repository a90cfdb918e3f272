package sluice.stage_test

import data.sluice.stage

facts(name, holds, outcome) := {
	"schema": 1,
	"cohort": {"key": ["core", "gosec", "high"], "stage": name, "severity": "high", "group": "core", "wave": 1, "days_in_stage": 30},
	"holds": holds,
	"facts": {"open": 0, "new_per_week": 0},
	"evidence": {"outcome": outcome},
}

test_every_stage_stays_where_it_is if {
	every name in ["observe", "triage", "advise", "enforce"] {
		answer := stage.answer with input as facts(name, [], "good")
		answer == {
			"stage": name, "apply": "propose", "hold": false,
			"carve": [], "audit": false, "reasons": ["moved-by-hand"],
		}
	}
}

test_evidence_does_not_move_it_yet if {
	every outcome in ["good", "bad", "unknown", "unmeasured"] {
		answer := stage.answer with input as facts("triage", [], outcome)
		answer.stage == "triage"
	}
}

test_a_hold_passes_through if {
	answer := stage.answer with input as facts("advise", ["release freeze"], "good")
	answer.hold
	answer.reasons == ["moved-by-hand", "on-hold"]
}

test_no_hold_without_a_reason if {
	answer := stage.answer with input as facts("advise", [], "good")
	not answer.hold
}
