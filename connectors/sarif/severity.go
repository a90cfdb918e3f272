package sarif

import (
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// severity takes, best first: a security-severity of the result or its rule; a
// level said out loud by the result, an invocation or the rule; the scanner's
// own word; a default by kind. SARIF's own default, warning, is what DefaultSeverity
// says too, but for secrets.
func severity(res *result, r *rule, kind finding.Kind) (finding.Severity, finding.SeverityFrom, float64) {
	for _, said := range []string{res.props.score, r.props.score} {
		if score, ok := parseScore(said); ok {
			return finding.FromScore(score), finding.FromSecuritySeverity, score
		}
	}
	for _, said := range []string{res.props.score, r.props.score} {
		if sev := clean.Severity(said); sev != finding.Unknown { // Semgrep writes HIGH where a number belongs
			return sev, finding.FromNative, 0
		}
	}
	for _, said := range []string{res.level, impliedLevel(res.kind), r.level} {
		if sev := clean.Level(said); sev != finding.Unknown {
			return sev, finding.FromLevel, 0
		}
	}
	for _, said := range []string{res.props.severity, r.props.severity, res.props.problem, r.props.problem} {
		if sev := clean.Severity(said); sev != finding.Unknown {
			return sev, finding.FromNative, 0
		}
	}
	return finding.DefaultSeverity(kind), finding.FromDefault, 0
}

func parseScore(said string) (float64, bool) {
	score, err := strconv.ParseFloat(strings.TrimSpace(said), 64)
	return score, err == nil && score >= 0 && score <= 10
}

// impliedLevel: what is not a failure has no level (SARIF 3.27.10).
func impliedLevel(kind string) string {
	switch strings.ToLower(kind) {
	case "open", "review":
		return "none"
	}
	return ""
}
