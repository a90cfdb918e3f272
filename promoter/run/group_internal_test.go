package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
)

// about is a finding that a scanner reports of a package, by advisories.
func about(scanner, purl, manifest string, advisories ...string) finding.Finding {
	f := finding.Finding{Scanner: finding.Scanner{Name: scanner}, Kind: finding.SCA, Rule: finding.Rule{ID: advisories[0]}, Advisories: advisories,
		Place: &finding.Place{Path: manifest, StartLine: 1}}
	if purl != "" {
		f.Package = &finding.Package{PURL: purl, Name: purl, Manifest: manifest}
	}
	return f
}

// grouped groups findings as the loop does and returns the findings' numbers by group.
func grouped(by string, have []promoter.Notice, all ...finding.Finding) map[string][]int64 {
	var claims []promoter.Claim
	for i, f := range all {
		no := int64(i + 1)
		c := promoter.Claim{Finding: no, Group: groupOf(no, f, by), Exhibit: promoter.Exhibit{Finding: f}}
		claims = append(claims, c)
	}
	join(claims, have)
	out := map[string][]int64{}
	for _, c := range claims {
		out[c.Group] = append(out[c.Group], c.Finding)
	}
	return out
}

func comment(no int64, group string, findings ...int64) promoter.Notice {
	n := promoter.Notice{No: no, Surface: promoter.SurfaceReview, Group: group, State: promoter.NoticePosted}
	for _, f := range findings {
		n.Items = append(n.Items, promoter.Item{Finding: f})
	}
	return n
}

func TestWhatSharesANotice(t *testing.T) {
	trivy := about("trivy", "pkg:npm/lodash@4.17.15", "web/package-lock.json", "CVE-2020-8203", "GHSA-p6mc-m468-83gw")
	grype := about("grype", "pkg:npm/Lodash@4.17.15?x=y", "web/package.json", "GHSA-P6MC-M468-83GW")
	other := about("trivy", "pkg:npm/lodash@4.17.15", "web/package-lock.json", "CVE-2021-23337")
	elsewhere := about("trivy", "pkg:npm/lodash@4.17.15", "admin/package-lock.json", "CVE-2020-8203")
	bare := about("semgrep", "", "web/package.json", "cve-2020-8203")
	twin := about("trivy", "pkg:npm/lodash-es@4.17.15", "web/package-lock.json", "CVE-2020-8203")
	nameless := trivy
	nameless.Package = &finding.Package{Name: "lodash", Ecosystem: "npm", Manifest: "web/yarn.lock"}
	token := finding.Finding{Kind: finding.Secret, Rule: finding.Rule{ID: "aws"}, Parts: finding.Parts{Snippet: "[redacted:1f0c]"}}
	another := finding.Finding{Kind: finding.Secret, Rule: finding.Rule{ID: "aws"}, Parts: finding.Parts{Snippet: "[redacted:9a77]"}}
	unseen := finding.Finding{Kind: finding.Secret, Rule: finding.Rule{ID: "aws"}}

	tests := map[string]struct {
		by   string
		all  []finding.Finding
		have []promoter.Notice
		want map[string][]int64
	}{
		"one upgrade, by two scanners": {by: input.GroupFix, all: []finding.Finding{trivy, grype, other, nameless},
			want: map[string][]int64{"fix:npm/lodash@web": {1, 2, 3, 4}}},
		"an upgrade in each folder": {by: input.GroupFix, all: []finding.Finding{trivy, elsewhere},
			want: map[string][]int64{"fix:npm/lodash@web": {1}, "fix:npm/lodash@admin": {2}}},
		"one advisory, by two scanners": {by: input.GroupAdvisory, all: []finding.Finding{trivy, grype, other},
			want: map[string][]int64{"advisory:CVE-2020-8203/npm/lodash@web": {1, 2}, "advisory:CVE-2021-23337/npm/lodash@web": {3}}},
		"an advisory without a package": {by: input.GroupFix, all: []finding.Finding{bare, trivy},
			want: map[string][]int64{"fix:npm/lodash@web": {1, 2}}},
		"an advisory in two packages": {by: input.GroupFix, all: []finding.Finding{trivy, twin, bare},
			want: map[string][]int64{"fix:npm/lodash@web": {1, 3}, "fix:npm/lodash-es@web": {2}}},
		"an advisory that nobody else reports": {by: input.GroupFix, all: []finding.Finding{bare},
			want: map[string][]int64{"advisory:cve-2020-8203/@web": {1}}},
		"one secret": {by: input.GroupSecret, all: []finding.Finding{token, token, another, unseen, unseen},
			want: map[string][]int64{"secret:[redacted:1f0c]": {1, 2}, "secret:[redacted:9a77]": {3}, "F4": {4}, "F5": {5}}},
		"alone": {by: input.GroupFinding, all: []finding.Finding{trivy, grype},
			want: map[string][]int64{"F1": {1}, "F2": {2}}},
		"on display under another name": {by: input.GroupFix, all: []finding.Finding{trivy, grype, elsewhere}, have: []promoter.Notice{comment(7, "fix:npm/lodash@web/package-lock.json", 1)},
			want: map[string][]int64{"fix:npm/lodash@web/package-lock.json": {1, 2}, "fix:npm/lodash@admin": {3}}},
		"two on display that are one": {by: input.GroupFix, all: []finding.Finding{trivy, grype}, have: []promoter.Notice{comment(7, "F1", 1), comment(8, "F2", 2)},
			want: map[string][]int64{"F1": {1, 2}}},
		"one on display that is two": {by: input.GroupFix, all: []finding.Finding{trivy, elsewhere}, have: []promoter.Notice{comment(7, "old", 1, 2)},
			want: map[string][]int64{"old": {1}, "fix:npm/lodash@admin": {2}}},
		"on display under its name": {by: input.GroupFix, all: []finding.Finding{trivy, grype}, have: []promoter.Notice{comment(3, "F2", 2), comment(7, "fix:npm/lodash@web", 1)},
			want: map[string][]int64{"fix:npm/lodash@web": {1, 2}}},
	}
	for name, tt := range tests {
		if diff := cmp.Diff(tt.want, grouped(tt.by, tt.have, tt.all...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
