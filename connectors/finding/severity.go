package finding

import (
	"fmt"
	"strings"
)

// Severity orders findings by how bad they would be if true. The zero value is
// Unknown, which parsers replace by DefaultSeverity before they emit a finding.
type Severity int

// The five severities, from least to most severe.
const (
	Unknown Severity = iota
	Info
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"unknown", "info", "low", "medium", "high", "critical"}

// Severities lists the five real severities from least to most severe.
func Severities() []Severity { return []Severity{Info, Low, Medium, High, Critical} }

func (s Severity) String() string {
	if s < Unknown || s > Critical {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severityNames[s]
}

// ParseSeverity reads one of the five names, in any case.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames[1:] {
		if strings.EqualFold(n, strings.TrimSpace(name)) {
			return Severity(i + 1), nil
		}
	}
	return Unknown, fmt.Errorf("severity %q is none of info, low, medium, high, critical", name)
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; "unknown" is accepted so that records round-trip.
func (s *Severity) UnmarshalText(text []byte) error {
	if strings.EqualFold(string(text), severityNames[Unknown]) {
		*s = Unknown
		return nil
	}
	parsed, err := ParseSeverity(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// SeverityFrom says on whose word a severity rests.
type SeverityFrom string

// Where a severity can come from, best first.
const (
	FromSecuritySeverity SeverityFrom = "security-severity" // a 0-10 score in rule or result properties
	FromCVSS             SeverityFrom = "cvss"
	FromNative           SeverityFrom = "native" // the scanner's own named scale
	FromLevel            SeverityFrom = "level"  // SARIF error, warning, note
	FromDefault          SeverityFrom = "default"
)

// FromScore maps a 0-10 score to a severity at 9, 7 and 4, the cut-offs that
// GitHub code scanning and CVSS share. A score of 0 is Info.
func FromScore(score float64) Severity {
	switch {
	case score >= 9:
		return Critical
	case score >= 7:
		return High
	case score >= 4:
		return Medium
	case score > 0:
		return Low
	}
	return Info
}

// DefaultSeverity is assumed when a report says nothing: a leaked credential
// is high until shown otherwise, a known vulnerability or a weakness medium,
// the rest low.
func DefaultSeverity(kind Kind) Severity {
	switch kind {
	case Secret:
		return High
	case SAST, SCA, IaC:
		return Medium
	}
	return Low
}
