package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Stories that once ended badly, each written before its defect was mended.

// deliver drops a report that was changed on its way.
func (p *place) deliver(full, commit, ref, file string, change func(report map[string]any)) {
	p.t.Helper()
	var doc map[string]any
	p.must(json.Unmarshal(p.report(full, commit), &doc))
	if change != nil {
		change(doc["runs"].([]any)[0].(map[string]any))
	}
	raw, err := json.Marshal(doc)
	p.must(err)
	dir := filepath.Join(p.drop, full, ref, commit)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, file), raw, 0o644))
	p.clock.jump(time.Minute)
	p.must(os.Chtimes(filepath.Join(dir, file), p.clock.now, p.clock.now))
}

func pullRef(number int) string { return fmt.Sprintf("pr-%d", number) }

var added = base + code("", "func added() {", "\texec(b)", "\tprint(c)", "}")

// An older commit's job may end after the newer one's.
func TestALateReportOfAnOlderCommitChangesNothing(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	older := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "}")})
	newer := p.commit(shop, "feature", "", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.scanPull(shop, newer, number)
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	world := asJSON(p.pull(shop, number))
	p.scanPull(shop, older, number)
	for range 2 {
		r := p.run()
		wantOutcome(t, r, run.OutcomeOK)
		if now := asJSON(p.pull(shop, number)); now != world || r.Effects != (run.EffectCounts{}) {
			t.Fatalf("effects %+v, live %d of 1", r.Effects, len(live(p.pull(shop, number))))
		}
	}
	if r := p.run(); r.Decided != 0 {
		t.Errorf("the late report is looked at in every run: decided %d", r.Decided)
	}
}

// A branch that is reset to an earlier commit has a report already.
func TestABranchThatIsResetToAnEarlierCommit(t *testing.T) {
	p, number := advised(t)
	first := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
	fixed := p.commit(shop, "feature", "", map[string]string{"main.go": base})
	p.scanPull(shop, fixed, number)
	p.run()
	if n := len(live(p.pull(shop, number))); n != 0 {
		t.Fatalf("%d comments live after the fix", n)
	}
	p.git(shop, "update-ref", "refs/heads/feature", first)
	p.commit(shop, "elsewhere", "main", map[string]string{"x": "x"}) // the sandbox looks at the branches again
	p.scanPull(shop, first, number)                                  // the job runs again and says the same
	p.run()
	wantOutcome(t, p.run(), run.OutcomeOK)
	if pr := p.pull(shop, number); len(live(pr)) != 1 || len(p.mails()) != 1 {
		t.Errorf("live %d, mails %d, head %s want %s", len(live(pr)), len(p.mails()), pr.Head, first)
	}
}

func TestAReopenedPullRequest(t *testing.T) {
	for name, rescan := range map[string]bool{"fixed meanwhile": false, "scanned again with the same result": true} {
		t.Run(name, func(t *testing.T) {
			p, number := withChange(t)
			p.run()
			if !rescan {
				p.move("/high", promoter.Advise)
				p.run()
			}
			p.must(p.sandbox.ClosePullRequest(shop, number))
			p.run()
			p.must(p.sandbox.ReopenPullRequest(shop, number))
			want := 0
			if rescan {
				p.move("/high", promoter.Advise)
				p.scanPull(shop, strings.TrimSpace(p.git(shop, "rev-parse", "feature")), number)
				want = 1
			} else {
				fixed := p.commit(shop, "feature", "", map[string]string{"main.go": code("package main")})
				p.scanPull(shop, fixed, number)
			}
			p.run()
			wantOutcome(t, p.run(), run.OutcomeOK)
			if n := len(live(p.pull(shop, number))); n != want {
				t.Errorf("%d comments live, want %d", n, want)
			}
			if r := p.run(); r.Decided != 0 {
				t.Errorf("not at rest: decided %d", r.Decided)
			}
		})
	}
}

func TestADraftWithAnUnscannedHeadKeepsWhatIsShown(t *testing.T) {
	p, number := advised(t)
	p.must(p.sandbox.SetDraft(shop, number, true))
	p.commit(shop, "feature", "", map[string]string{"other.go": code("package main")})
	r := p.run()
	if n := len(live(p.pull(shop, number))); n != 1 || r.Effects != (run.EffectCounts{}) {
		t.Errorf("live %d, effects %+v", n, r.Effects)
	}
}

// A comment with a suggestion keeps it while the head is not scanned.
func TestAHeadWithoutAScanRewritesNothing(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
		for _, result := range r["results"].([]any) {
			result := result.(map[string]any)
			place := result["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
			line := place["region"].(map[string]any)["startLine"]
			result["fixes"] = []any{map[string]any{"description": map[string]any{"text": "Use run."}, "artifactChanges": []any{map[string]any{
				"artifactLocation": place["artifactLocation"],
				"replacements": []any{map[string]any{
					"deletedRegion":   map[string]any{"startLine": line},
					"insertedContent": map[string]any{"text": "\trun(b)"}}}}}}}
		}
	})
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	before := p.pull(shop, number)
	if len(before.ReviewComments) != 1 || !strings.Contains(before.ReviewComments[0].Body, "```suggestion") {
		t.Fatalf("no suggestion to start with: %s", asJSON(before.ReviewComments))
	}
	p.commit(shop, "feature", "", map[string]string{"other.go": code("package main")})
	r := p.run()
	if now := p.pull(shop, number); now.ReviewComments[0].Body != before.ReviewComments[0].Body || r.Effects != (run.EffectCounts{}) {
		t.Errorf("effects %+v, body now\n%s", r.Effects, now.ReviewComments[0].Body)
	}
}

// oneBroken fails whatever is stored of one repository.
type oneBroken struct {
	store.Store
	repo int64
}

func (s *oneBroken) Load(ctx context.Context, id int64) (*store.Snapshot, error) {
	if id == s.repo {
		return nil, errors.New("row 7 is not JSON")
	}
	return s.Store.Load(ctx, id)
}

func TestABrokenRepositorySinksNoOther(t *testing.T) {
	p, number := withChange(t)
	p.repository("acme/atlas", map[string]string{"main.go": base})
	first := strings.TrimSpace(p.git("acme/atlas", "rev-parse", "main"))
	p.scan("acme/atlas", first, "branch-main")
	p.run()
	p.move("/high", promoter.Advise)
	cfg := p.config()
	repos, err := p.store.Repositories(t.Context())
	p.must(err)
	for _, r := range repos {
		if r.Name == "atlas" {
			cfg.Store = &oneBroken{p.store, r.ID}
		}
	}
	for _, stage := range []string{"deciding", "taking in"} {
		if stage == "taking in" {
			p.scan("acme/atlas", p.commit("acme/atlas", "main", "", map[string]string{"new.go": code("exec(z)")}), "branch-main")
		}
		r, err := run.Run(t.Context(), cfg, run.Selection{})
		p.must(err)
		wantOutcome(t, r, run.OutcomeFailed)
		if n := len(live(p.pull(shop, number))); n != 1 || !strings.Contains(asJSON(r.Errors), "acme/atlas") {
			t.Errorf("%s: %d comments in the other repository, errors %+v", stage, n, r.Errors)
		}
	}
	// What was broken is made up for once it works again.
	p.run()
	snap, err := p.store.Load(t.Context(), cfg.Store.(*oneBroken).repo)
	p.must(err)
	if len(snap.Findings) != 2 {
		t.Errorf("%d findings of the once broken repository, want 2", len(snap.Findings))
	}
}

// A job that is run twice delivers its report twice.
func TestTheSameReportDeliveredTwiceIsOneScan(t *testing.T) {
	for name, between := range map[string]bool{"in one run": false, "in two runs": true} {
		t.Run(name, func(t *testing.T) {
			p, number := withChange(t)
			head := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
			if between {
				p.run()
			}
			p.deliver(shop, head, pullRef(number), "again.sarif", nil)
			p.run()
			p.move("/high", promoter.Advise)
			p.run()
			if n := len(p.pull(shop, number).ReviewComments); n != 1 {
				t.Errorf("%d comments, want 1", n)
			}
		})
	}
}

// A newer scanner finds more in old code; the change did not bring that.
func TestANewScannerVersionMakesNoChangeGuilty(t *testing.T) {
	p := newPlace(t)
	p.repository(shop, map[string]string{"main.go": base})
	main := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
	p.deliver(shop, main, "branch-main", "toy.sarif", func(r map[string]any) { r["results"] = []any{} })
	head := p.commit(shop, "feature", "main", map[string]string{"main.go": added})
	number := p.open(shop, "feature")
	p.deliver(shop, head, pullRef(number), "toy.sarif", func(r map[string]any) {
		r["tool"].(map[string]any)["driver"].(map[string]any)["version"] = "2.0"
	})
	p.run()
	p.move("/high", promoter.Advise)
	p.run()
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 1 || pr.ReviewComments[0].Line != 12 || len(pr.Comments) != 0 {
		t.Errorf("comments %s, summary %s", asJSON(pr.ReviewComments), asJSON(pr.Comments))
	}
}

func rated(score string) func(map[string]any) {
	return func(r map[string]any) {
		for _, rule := range r["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any) {
			rule := rule.(map[string]any)
			if rule["id"] == "TOY001" {
				rule["properties"].(map[string]any)["security-severity"] = score
			}
		}
	}
}

// A finding is judged with those of its severity, also when that changes.
func TestASeverityThatChangesTakesAFindingToItsCohort(t *testing.T) {
	for name, c := range map[string]struct {
		first, then string
		advised     string
		shown       int
	}{
		"raised to a cohort in advise":     {"2.0", "8.8", "/high", 1},
		"raised to a cohort in observe":    {"2.0", "8.8", "/low", 0},
		"lowered from a cohort in advise":  {"8.8", "2.0", "/high", 0},
		"lowered to a cohort in advise":    {"8.8", "2.0", "/low", 1},
		"unchanged in a cohort in observe": {"2.0", "2.0", "/high", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.settings = "thresholds: {default: {triage: low, advise: low, enforce: critical}}\n"
			p.repository(shop, map[string]string{"main.go": base, "other.go": code("exec(q)", "print(q)")})
			main := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
			p.deliver(shop, main, "branch-main", "toy.sarif", nil)
			p.run() // so that there is a cohort for each severity
			head := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
			number := p.open(shop, "feature")
			p.must(p.sandbox.SetDraft(shop, number, true))
			p.deliver(shop, head, pullRef(number), "toy.sarif", rated(c.first))
			p.run()
			p.move(c.advised, promoter.Advise)
			p.must(p.sandbox.SetDraft(shop, number, false))
			p.deliver(shop, head, pullRef(number), "toy.sarif", rated(c.then))
			p.run()
			if n := len(live(p.pull(shop, number))); n != c.shown {
				t.Errorf("%d comments, want %d", n, c.shown)
			}
		})
	}
}
