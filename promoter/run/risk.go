package run

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/risk"
	"github.com/sluice-sec/sluice/promoter/store"
)

// learnRisks looks up every CVE that a finding names, and records those whose
// class has changed; their repositories are decided again. Until then the
// figures that were recorded stand, also in what people read, so that a new
// day's file decides nothing anew and edits no comment.
func (r *runner) learnRisks(ctx context.Context) error {
	known, err := r.Store.AdvisoryRisks(ctx)
	if err != nil || len(known) == 0 {
		return err
	}
	var feeds risk.Known
	if r.Risks != nil {
		if feeds, err = r.Risks(ctx); err != nil {
			return err
		}
	}
	r.flag(feeds.Feeds)
	changed := map[string]store.AdvisoryRisk{}
	for cve, before := range known {
		now := r.reported(cve, feeds.Of(cve, before.Risk))
		class := r.Settings.RiskClass(now)
		if class == r.Settings.RiskClass(before.Risk) && (before.Class == class || before.Class == "") {
			continue
		}
		known[cve] = store.AdvisoryRisk{Class: class, Risk: now}
		changed[cve] = known[cve]
	}
	r.risks = known
	r.report.RiskChanges = len(changed)
	return r.Store.SaveAdvisoryRisks(ctx, r.id, changed)
}

// flag puts into the report how old the feeds are, and warns of those that are
// too old or cannot be read.
func (r *runner) flag(feeds []risk.Status) {
	r.report.Risk = append([]risk.Status{}, feeds...)
	for _, s := range feeds {
		if s.Problem != "" {
			r.report.warn(fmt.Sprintf("%s cannot be read: %s", s.Name, s.Problem))
		}
		if s.Stale {
			r.report.warn(fmt.Sprintf("%s is of %s: how dangerous things are may have changed since", s.Name, s.Date.Format(time.DateOnly)))
		}
	}
}

// hearEPSS keeps what a report says of the chance of exploitation, for CVEs
// that no feed scores.
func (r *runner) hearEPSS(f finding.Finding) {
	if f.EPSS == nil {
		return
	}
	for _, cve := range f.Advisories {
		if strings.HasPrefix(cve, "CVE-") {
			r.heard[cve] = *f.EPSS
		}
	}
}

func (r *runner) reported(cve string, now finding.Risk) finding.Risk {
	said, heard := r.heard[cve]
	if heard && !r.hasFeed("EPSS") {
		now.Scored = r.report.Started.Truncate(24 * time.Hour)
		now.Probability, now.Percentile = said.Score, said.Percentile
	}
	return now
}

func (r *runner) hasFeed(name string) bool {
	for _, s := range r.report.Risk {
		if s.Name == name {
			return true
		}
	}
	return false
}

// riskOf is what is known of the advisories that a finding names.
func (r *runner) riskOf(f finding.Finding) finding.Risk { return store.RiskOf(r.risks, f) }
