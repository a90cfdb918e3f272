package store

import (
	"context"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Risks keeps what is known of the CVEs that findings name.
type Risks interface {
	// AdvisoryRisks returns every CVE that a finding names, as it is spelt
	// there, with what was recorded of it last: the zero value if nothing was.
	AdvisoryRisks(ctx context.Context) (map[string]AdvisoryRisk, error)
	// SaveAdvisoryRisks records what is known from this run on, and forgets the
	// digests of the repositories in which a finding names one of them, in one
	// transaction.
	SaveAdvisoryRisks(ctx context.Context, runID int64, known map[string]AdvisoryRisk) error
}

// RiskOf is the gravest of what is known of the advisories a finding names.
func RiskOf(known map[string]AdvisoryRisk, f finding.Finding) finding.Risk {
	var worst finding.Risk
	for _, advisory := range f.Advisories {
		worst = worst.Worse(known[advisory].Risk)
	}
	return worst
}

// AdvisoryRisk is what is known of one CVE, and its class by the settings.
type AdvisoryRisk struct {
	Class string // "" while nothing was recorded
	finding.Risk
}
