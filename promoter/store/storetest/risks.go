package storetest

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/store"
)

func risks(t *testing.T, s store.Store) {
	ctx := t.Context()
	cohort := Cohort(t, s)
	shop, pay := Repository(t, s, "shop"), Repository(t, s, "pay")
	named := func(repoID int64, advisories ...string) store.Changes {
		c := First(repoID, cohort.ID, 1)
		c.Findings[0].Facts.Advisories = advisories
		digest := "settled"
		c.Digest = &digest
		return c
	}
	ok(t, s.Apply(ctx, named(shop.ID, "CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q")))
	ok(t, s.Apply(ctx, named(pay.ID, "CVE-2021-44228", "CVE-2020-8203")))
	same(t, "before anything is recorded", must(s.AdvisoryRisks(ctx))(t),
		map[string]store.AdvisoryRisk{"CVE-2021-44228": {}, "CVE-2020-8203": {}})

	lodash := store.AdvisoryRisk{Class: "low", Risk: finding.Risk{
		Scored: At(0).Truncate(24 * time.Hour), Probability: 0.02406, Percentile: 0.84711,
	}}
	marks := must(s.Marks(ctx))(t)
	ok(t, s.SaveAdvisoryRisks(ctx, 2, map[string]store.AdvisoryRisk{"CVE-2020-8203": lodash}))
	same(t, "what was recorded", must(s.AdvisoryRisks(ctx))(t),
		map[string]store.AdvisoryRisk{"CVE-2021-44228": {}, "CVE-2020-8203": lodash})
	same(t, "digests", must(s.Digests(ctx))(t), map[int64]string{shop.ID: "settled"})
	if now := must(s.Marks(ctx))(t); now[shop.ID] != marks[shop.ID] || now[pay.ID] == marks[pay.ID] {
		t.Errorf("marks were %v and are %v", marks, now)
	}

	exploited := store.AdvisoryRisk{Class: "low kev", Risk: lodash.Risk}
	exploited.ExploitedSince, exploited.Ransomware = At(0).Truncate(24*time.Hour), true
	ok(t, s.SaveAdvisoryRisks(ctx, 3, map[string]store.AdvisoryRisk{"CVE-2020-8203": exploited}))
	ok(t, s.SaveAdvisoryRisks(ctx, 3, nil))
	same(t, "what was recorded last", must(s.AdvisoryRisks(ctx))(t),
		map[string]store.AdvisoryRisk{"CVE-2021-44228": {}, "CVE-2020-8203": exploited})
}
