package clean

import (
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Level reads a SARIF level; Unknown if it is none.
func Level(level string) finding.Severity {
	switch strings.ToLower(level) {
	case "error":
		return finding.High
	case "warning":
		return finding.Medium
	case "note":
		return finding.Low
	case "none":
		return finding.Info
	}
	return finding.Unknown
}

// Severity reads the names that scanners give their severities, SARIF's levels
// among them; Unknown if it knows none.
func Severity(said string) finding.Severity {
	switch strings.ToLower(strings.TrimSpace(said)) {
	case "moderate":
		return finding.Medium
	case "negligible", "informational":
		return finding.Info
	case "recommendation":
		return finding.Low
	}
	if sev, err := finding.ParseSeverity(said); err == nil {
		return sev
	}
	return Level(strings.TrimSpace(said))
}
