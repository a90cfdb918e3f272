package finding

import "time"

// Risk is what is known of a published vulnerability beyond what scanners say,
// as it stood when it was recorded. The zero value: nothing is known.
type Risk struct {
	// Scored is the day the two figures are of, zero where there are none:
	// the probability that it is exploited within thirty days, and the share
	// of all vulnerabilities that are at most as likely (EPSS).
	Scored      time.Time `json:"scored,omitzero"`
	Probability float64   `json:"probability,omitempty"`
	Percentile  float64   `json:"percentile,omitempty"`
	// ExploitedSince is the day it was listed as known to be exploited (CISA
	// KEV), zero where it is not.
	ExploitedSince time.Time `json:"exploited_since,omitzero"`
	Ransomware     bool      `json:"ransomware,omitempty"` // known to be used in ransomware campaigns
}

// Worse is the graver of what is known of two: of a finding with several
// advisories, or of a notice with several findings.
func (r Risk) Worse(o Risk) Risk {
	if r.Scored.IsZero() || !o.Scored.IsZero() && o.Probability > r.Probability {
		r.Scored, r.Probability, r.Percentile = o.Scored, o.Probability, o.Percentile
	}
	if r.ExploitedSince.IsZero() || !o.ExploitedSince.IsZero() && o.ExploitedSince.Before(r.ExploitedSince) {
		r.ExploitedSince = o.ExploitedSince
	}
	r.Ransomware = r.Ransomware || o.Ransomware
	return r
}
