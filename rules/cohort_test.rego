package sluice.cohort_test

import data.sluice.cohort

facts := {
	"schema": 1,
	"finding": {"scanner": "gosec", "kind": "sast", "rule": "G204", "severity": "high"},
	"repository": {"name": "Acme/Shop", "group": "core"},
}

key(by) := answer.key if {
	answer := cohort.answer with input as facts with data.settings.cohorts.by as by
}

test_default_key if {
	answer := cohort.answer with input as facts
	answer.key == ["core", "gosec", "high"]
}

test_labels_in_the_order_of_the_settings if key(["severity", "group"]) == ["high", "core"]

test_every_label if {
	key(["group", "scanner", "severity", "rule", "kind", "repository"]) == ["core", "gosec", "high", "G204", "sast", "acme:shop"]
}

test_separators_are_replaced if {
	odd := object.union(facts, {"finding": {"scanner": "Semgrep OSS", "rule": "java/sql+x=1"}})
	answer := cohort.answer with input as odd with data.settings.cohorts.by as ["scanner", "rule"]
	answer.key == ["Semgrep-OSS", "java-sql-x-1"]
}

test_an_empty_label_is_named if {
	nameless := object.union(facts, {"finding": {"scanner": ""}})
	answer := cohort.answer with input as nameless
	answer.key == ["core", "none", "high"]
}
