package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// What somebody who may only open pull requests can write: the report of their
// own, every word of it.

// copied opens a pull request by an outsider whose head holds what another's
// does, so that a report of it speaks of the same findings.
func (p *place) copied(from string) (head string, number int) {
	p.t.Helper()
	head = p.commit(shop, "evil", from, map[string]string{"README.md": "hello\n"})
	number, err := p.sandbox.OpenPullRequest(shop, github.NewPullRequest{Title: "A small change", Head: "evil", Base: "main", Author: "eve"})
	p.must(err)
	return head, number
}

func TestAPullRequestsReportChangesNoCommentInAnother(t *testing.T) {
	p, number := advised(t)
	p.settings = "thresholds: {default: {advise: medium}}\n"
	p.run()
	before := body(p.pull(shop, number))
	head, evil := p.copied("feature")
	p.deliver(shop, head, pullRef(evil), "toy.sarif", func(r map[string]any) {
		rated("1.0")(r)
		for _, result := range r["results"].([]any) {
			result.(map[string]any)["message"] = map[string]any{"text": "All is well."}
		}
	})
	p.run()
	p.run()
	if after := body(p.pull(shop, number)); after != before {
		t.Errorf("another's comment reads\n%s\nwas\n%s", after, before)
	}
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments live, want 1", n)
	}
}

// Who copies what somebody else has just pushed, and is scanned sooner, has no
// word about it either.
func TestAnOutsidersReportThatComesFirstSaysNothingAboutAnothersChange(t *testing.T) {
	p := newPlace(t)
	p.settings = "thresholds: {default: {advise: medium}}\n"
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	p.run()
	p.move("/high", promoter.Advise)
	theirs := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
	number := p.open(shop, "feature")
	head, evil := p.copied("feature")
	p.deliver(shop, head, pullRef(evil), "toy.sarif", rated("1.0"))
	p.run()
	p.scanPull(shop, theirs, number)
	p.run()
	p.deliver(shop, head, pullRef(evil), "again.sarif", rated("1.0"))
	p.run()
	if n := len(live(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments live, want 1", n)
	}
}

// What stands on the base branch is what the base branch's scan says.
func TestAPullRequestsReportChangesNoStandingFinding(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	p.run()
	head, evil := p.copied("main")
	p.deliver(shop, head, pullRef(evil), "toy.sarif", func(r map[string]any) {
		rated("1.0")(r)
		for _, result := range r["results"].([]any) {
			result.(map[string]any)["message"] = map[string]any{"text": "All is well."}
		}
	})
	p.run()
	repos, err := p.openStore().Repositories(t.Context())
	p.must(err)
	snap, err := p.store.Load(t.Context(), repos[0].ID)
	p.must(err)
	if f := snap.Findings[0].Facts; len(snap.Findings) != 1 || f.Message != toyRules[0].text || f.Severity.String() != "high" {
		t.Errorf("%d findings, the first %s: %s", len(snap.Findings), f.Severity, f.Message)
	}
}

// A new version that a pull request's report names is no new version of the
// scanner: it would take the evidence of every repository's cohorts apart.
func TestAPullRequestsReportBeginsNoEpoch(t *testing.T) {
	p, number := advised(t)
	for _, version := range []string{"7.0", "8.0", "9.0"} {
		head := p.commit(shop, "feature", "", map[string]string{"v.txt": version})
		p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
			r["tool"].(map[string]any)["driver"].(map[string]any)["version"] = version
		})
		p.run()
	}
	standings, err := p.openStore().Standings(context.Background())
	p.must(err)
	for _, s := range standings {
		if len(s.Epochs) > 0 {
			t.Errorf("%s: %d epoch events", s.Key, len(s.Epochs))
		}
	}
}

// Who has lost access may not make more of what they said before.
func TestAnEditByAFormerMemberDoesNotCount(t *testing.T) {
	p, number := answered(t)
	comment := p.on(number, "TOY002")
	id := p.reply(comment.ID, "alice", "/sluice accept 2026-06-30 until the rewrite")
	p.run()
	p.wantStanding("accepted", "F3 accepted reply")
	p.must(p.sandbox.Grant(shop, "alice", github.Read))
	p.run()
	p.wantStanding("after she left", "F3 accepted reply")
	p.clock.jump(time.Minute)
	p.must(p.sandbox.EditComment(id, "/sluice accept 2030-06-30 for ever"))
	p.run()
	p.wantStanding("edited after she left", "F3 accepted reply uncounted: no write access")
	if n := len(open(p.pull(shop, number))); n != 2 {
		t.Errorf("%d comments stand, want 2", n)
	}
}

// Anybody may ask, and as often as they have accounts. A run answers so many,
// the next one the others, and showing and withdrawing goes on meanwhile.
func TestACrowdOfQuestionsKeepsNobodyElseWaiting(t *testing.T) {
	p, number := answered(t)
	comment := p.on(number, "TOY001")
	for i := range 50 {
		p.reply(comment.ID, fmt.Sprintf("eve%d", i), "/sluice why")
	}
	p.reply(p.on(number, "TOY002").ID, "alice", "/sluice false-positive no secret")
	p.run()
	if n := len(p.ours(number, comment.ID)); n != 30 {
		t.Errorf("%d replies in the first run, want 30", n)
	}
	if n := len(open(p.pull(shop, number))); n != 1 {
		t.Errorf("%d comments stand, want 1", n)
	}
	p.run()
	p.run()
	if n := len(p.ours(number, comment.ID)); n != 50 {
		t.Errorf("%d replies in the end, want 50", n)
	}
}

// A suppression in the code is a complaint. Of somebody who may not complain in
// words, it is none.
func TestAnOutsidersSuppressionDoesNotCount(t *testing.T) {
	for author, want := range map[string]string{"dev": "", "eve": promoter.NotAMember} {
		p := newPlace(t)
		p.settings = "thresholds: {default: {advise: low}}\n"
		p.repository(shop, map[string]string{"main.go": base})
		p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
		head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
		number, err := p.sandbox.OpenPullRequest(shop, github.NewPullRequest{Title: "A small change", Head: "feature", Base: "main", Author: author})
		p.must(err)
		p.scanPull(shop, head, number)
		p.run()
		p.move("/high", promoter.Advise)
		p.run()
		p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
			for _, result := range r["results"].([]any) {
				result.(map[string]any)["suppressions"] = []any{map[string]any{"kind": "inSource"}}
			}
		})
		p.run()
		all, err := p.openStore().Verdicts(t.Context(), store.VerdictQuery{Standing: true, Source: promoter.FromCode})
		p.must(err)
		if len(all) != 1 || all[0].Kind != promoter.VerdictSuppressed || all[0].Uncounted != want {
			t.Errorf("%s: %+v", author, all)
		}
	}
}

// A change of mind shows the finding again.
func TestAnAnswerEditedIntoAnotherEndsWhatItDid(t *testing.T) {
	p, number := answered(t)
	id := p.reply(p.on(number, "TOY002").ID, "alice", "/sluice false-positive no secret")
	p.run()
	if n := len(open(p.pull(shop, number))); n != 1 {
		t.Fatalf("%d comments stand, want 1", n)
	}
	p.clock.jump(time.Minute)
	p.must(p.sandbox.EditComment(id, "/sluice useful after all"))
	p.run()
	p.wantStanding("edited", "F3 useful reply")
	if n := len(open(p.pull(shop, number))); n != 2 {
		t.Errorf("%d comments stand, want 2", n)
	}
}

// How dangerous a vulnerability is, is no matter for a pull request's author.
func TestAPullRequestsReportSetsNoRisk(t *testing.T) {
	const report = `{"matches": [{"vulnerability": {"id": "CVE-2024-0001", "severity": "High", "epss": [{"cve": "CVE-2024-0001", "epss": %s, "percentile": 0.5}]},
		"artifact": {"name": "left-pad", "version": "1.0.0", "type": "npm", "purl": "pkg:npm/left-pad@1.0.0", "locations": [{"path": "/package-lock.json"}]}}],
		"source": {"type": "directory", "target": "."}, "descriptor": {"name": "grype", "version": "0.80.0"}}`
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	head, evil := p.copied("main")
	deliver := func(ref, commit, epss string) float64 {
		dir := filepath.Join(p.drop, shop, ref, commit)
		p.must(os.MkdirAll(dir, 0o755))
		p.must(os.WriteFile(filepath.Join(dir, "grype.json"), fmt.Appendf(nil, report, epss), 0o644))
		cfg := p.config()
		cfg.Sources = []connectors.Config{{Name: "dependencies", Type: "grype", Base: p.drop,
			Paths: []string{"{owner}/{name}/branch-{branch}/{commit}/*.json", "{owner}/{name}/pr-{pull_request}/{commit}/*.json"}}}
		for range 2 {
			_, err := run.Run(t.Context(), cfg, run.Selection{})
			p.must(err)
		}
		known, err := p.store.AdvisoryRisks(t.Context())
		p.must(err)
		return known["CVE-2024-0001"].Risk.Probability
	}
	if got := deliver("branch-main", strings.TrimSpace(p.git(shop, "rev-parse", "main")), "0.9"); got != 0.9 {
		t.Errorf("the base branch's report says 0.9, recorded is %v", got)
	}
	if got := deliver(pullRef(evil), head, "0.0001"); got != 0.9 {
		t.Errorf("a pull request's report says 0.0001, recorded is %v", got)
	}
}

// A report of a thousand scanners makes no thousand cohorts.
func TestAPullRequestsReportHasRoomForSoManyScans(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	head, evil := p.copied("main")
	dir := filepath.Join(p.drop, shop, pullRef(evil), head)
	p.must(os.MkdirAll(dir, 0o755))
	var runs []string
	for i := range 1000 {
		runs = append(runs, fmt.Sprintf(`{"tool": {"driver": {"name": "scanner %d", "version": "1.0"}}, "results": [{"ruleId": "R", "message": {"text": "x"},
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": "main.go"}, "region": {"startLine": 4}}}]}]}`, i))
	}
	p.must(os.WriteFile(filepath.Join(dir, "x.sarif"), []byte(`{"version": "2.1.0", "runs": [`+strings.Join(runs, ",")+`]}`), 0o644))
	r := p.run()
	wantOutcome(t, r, run.OutcomePartial)
	cohorts, err := p.store.Cohorts(t.Context())
	p.must(err)
	if len(cohorts) != 100 {
		t.Errorf("%d cohorts, want 100", len(cohorts))
	}
}
