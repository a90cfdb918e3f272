package promoter

// dismissals are GitHub's reasons for dismissing an alert of code scanning,
// Dependabot or secret scanning, as answers:
// https://docs.github.com/en/code-security/code-scanning/managing-code-scanning-alerts/resolving-code-scanning-alerts
// What is in tests is true, and yet of no use to anybody.
var dismissals = map[string]VerdictKind{
	"false positive": VerdictFalsePositive, "false_positive": VerdictFalsePositive, "inaccurate": VerdictFalsePositive,
	"used in tests": VerdictNotUseful, "used_in_tests": VerdictNotUseful, "not_used": VerdictNotUseful,
	"won't fix": VerdictWontFix, "wont_fix": VerdictWontFix, "no_bandwidth": VerdictWontFix,
	"tolerable_risk": VerdictAccepted, "mitigated": VerdictAccepted, "fix_started": VerdictUseful, "revoked": VerdictFixed,
}

// KindOfDismissal reads the reason for which a person dismissed an alert. ok is
// false for one that says nothing about the finding, such as a changed pattern.
func KindOfDismissal(reason string) (kind VerdictKind, ok bool) {
	kind, ok = dismissals[reason]
	return kind, ok
}
