package settings

import "github.com/sluice-sec/sluice/connectors/finding"

// The classes of a probability of exploitation.
const (
	EPSSHigh    = "high"
	EPSSMedium  = "medium"
	EPSSLow     = "low"
	EPSSUnknown = "unknown"
)

// EPSSClass is the class of a probability of exploitation.
func (s *Settings) EPSSClass(r finding.Risk) string {
	switch {
	case r.Scored.IsZero():
		return EPSSUnknown
	case r.Probability >= s.Risk.EPSS.High:
		return EPSSHigh
	case r.Probability >= s.Risk.EPSS.Medium:
		return EPSSMedium
	}
	return EPSSLow
}

// RiskClass is all that decisions may depend on of what is known of an
// advisory: while it stays the same, nothing is decided anew.
func (s *Settings) RiskClass(r finding.Risk) string {
	if r.ExploitedSince.IsZero() {
		return s.EPSSClass(r)
	}
	return s.EPSSClass(r) + " kev"
}
