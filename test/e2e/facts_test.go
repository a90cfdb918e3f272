package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// patched is a report of a newer release of the scanner, which links to the
// pages of that release and says the same.
func patched(r map[string]any) {
	driver := r["tool"].(map[string]any)["driver"].(map[string]any)
	driver["version"] = "1.0.1"
	for _, rule := range driver["rules"].([]any) {
		rule := rule.(map[string]any)
		rule["helpUri"] = "https://example.com/1.0.1/" + rule["id"].(string)
	}
}

// reworded is a report in which the problems are worded otherwise.
func reworded(r map[string]any) {
	for _, result := range r["results"].([]any) {
		result.(map[string]any)["message"] = map[string]any{"text": "Said in other words."}
	}
}

// fixable has a suggested edit on the line of each result, moved with it.
func fixable(r map[string]any) {
	for _, result := range r["results"].([]any) {
		result := result.(map[string]any)
		where := result["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
		line := where["region"].(map[string]any)["startLine"]
		result["fixes"] = []any{map[string]any{"description": map[string]any{"text": "do it so"}, "artifactChanges": []any{map[string]any{
			"artifactLocation": where["artifactLocation"],
			"replacements":     []any{map[string]any{"deletedRegion": map[string]any{"startLine": line}, "insertedContent": map[string]any{"text": "safe()"}}},
		}}}}
	}
}

// A closed task is made again when something new is known of its finding: that
// it was seen by a newer scanner, or lines further down, is nothing new.
func TestAScannersReleaseOpensNoClosedTask(t *testing.T) {
	p, w := tracked(t)
	scan := func(text string, change func(map[string]any)) {
		commit := p.commit(shop, "main", "", map[string]string{"new.go": text})
		p.deliver(shop, commit, "branch-main", "toy.sarif", change)
		wantOutcome(t, p.run(), run.OutcomeOK)
	}
	scan(code("exec(new)"), fixable)
	if len(w.issues) != 1 {
		t.Fatalf("issues: %+v", w.issues)
	}
	w.issues[0].Closed = true
	for _, stage := range []promoter.Stage{promoter.Triage, promoter.Advise} { // by which it is noticed
		p.move("/high", stage)
		p.run()
	}
	scan(code("// moved", "exec(new)"), func(r map[string]any) { fixable(r); patched(r) })
	if len(w.issues) != 1 {
		t.Fatalf("made again after a release of the scanner: %+v", w.issues)
	}
	for _, f := range p.facts(shop) {
		if f.Facts.Scanner.Version != "1.0.1" || !strings.Contains(f.Facts.Rule.HelpURL, "/1.0.1/") {
			t.Errorf("the newest is not kept: %+v", f.Facts)
		}
		if fix := f.Facts.Fix; fix != nil && f.No != 1 && fix.Edits[0].Place.StartLine != 2 {
			t.Errorf("the fix of F%d is where it was: %+v", f.No, fix)
		}
	}
	scan(code("// moved", "exec(new)"), rated("9.9"))
	p.move("/critical", promoter.Advise)
	p.run()
	if len(w.issues) != 2 {
		t.Errorf("another severity is something new: %+v", w.issues)
	}
}

// What a scanner says otherwise, and the policy is not told, lifts nothing past
// the approval that an edit of settings needs; nor does what was known before.
func TestOnlyWhatIsNewOfAFindingLiftsItByItself(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(map[string]any)
		earlier bool // in a run of its own, before the edit
	}{
		"a release of the scanner":     {patched, true},
		"other words, earlier":         {reworded, true},
		"other words in the same run":  {reworded, false},
		"another score, known already": {rated("8.7"), true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.settings = "groups: {core: {repositories: [" + pay + "]}}\n"
			for _, full := range []string{shop, pay} {
				p.repository(full, map[string]string{"main.go": base})
				p.scan(full, strings.TrimSpace(p.git(full, "rev-parse", "main")), "branch-main")
			}
			head := p.commit(shop, "feature", "main", map[string]string{"main.go": base + code("", "func added() {", "\texec(b)", "}")})
			number := p.open(shop, "feature")
			p.scanPull(shop, head, number)
			p.run()
			p.move("core/toy/high", promoter.Advise)
			p.run()
			p.deliver(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main", "toy.sarif", c.change)
			p.deliver(shop, head, pullRef(number), "toy.sarif", c.change)
			if c.earlier {
				p.run()
			}
			p.settings = "groups: {core: {repositories: [" + pay + ", " + shop + "]}}\n"
			r := p.run()
			if len(r.Plans) != 1 || r.Plans[0].Kind != promoter.ApprovalRecut || len(live(p.pull(shop, number))) != 0 {
				t.Errorf("plans %+v, live %d", r.Plans, len(live(p.pull(shop, number))))
			}
		})
	}
}

// An edit that shows less is an epoch also where the scanner was updated since.
func TestAnEditAfterAScannersReleaseIsAnEpoch(t *testing.T) {
	for name, change := range map[string]func(map[string]any){"a release": patched, "other words": reworded} {
		t.Run(name, func(t *testing.T) {
			p, number := advised(t)
			p.deliver(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main", "toy.sarif", change)
			p.deliver(shop, strings.TrimSpace(p.git(shop, "rev-parse", "feature")), pullRef(number), "toy.sarif", change)
			p.run()
			p.settings = "suppressions: [{rule: TOY001, reason: legacy, owner: sec, expires: 2027-01-01}]\n"
			p.run()
			if n := p.epochs("rest/toy/high"); n != 1 {
				t.Errorf("%d epochs, want 1", n)
			}
		})
	}
}

// What one person settled at one severity, at a higher one waits for another,
// and is shown until then, and after a no.
func TestASettledFindingThatBecomesGraverIsShownUntilItIsApproved(t *testing.T) {
	for _, answer := range []promoter.ApprovalState{promoter.ApprovalApproved, promoter.ApprovalRejected} {
		t.Run(string(answer), func(t *testing.T) {
			p, number := advised(t)
			p.settings = "verdicts: {second_person: [critical]}\n"
			head := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
			lead, err := p.store.EnsurePeople(t.Context(), promoter.Alias{System: "os", Login: "lead"})
			p.must(err)
			repos, err := p.store.Repositories(t.Context())
			p.must(err)
			until := p.clock.Now().AddDate(0, 2, 0).Truncate(24 * time.Hour)
			for _, f := range p.facts(shop) {
				p.must(p.store.Record(t.Context(), store.Recording{Actor: "os:lead", At: p.clock.Now(), Verdicts: []promoter.Verdict{{
					RepoID: repos[0].ID, Finding: f.No, Person: lead[0], Kind: promoter.VerdictAccepted, Source: promoter.FromCommand,
					ExternalID: fmt.Sprintf("c%d", f.No), At: p.clock.Now(), Until: until, Reason: "until the rewrite"}}}))
			}
			shown := func(what string, want int) {
				t.Helper()
				for range 2 {
					p.run()
					if n := len(live(p.pull(shop, number))); n != want {
						t.Fatalf("%s: %d comments live, want %d", what, n, want)
					}
				}
			}
			shown("accepted", 0)
			p.deliver(shop, head, pullRef(number), "toy.sarif", rated("9.8"))
			p.run()
			p.move("/critical", promoter.Advise)
			shown("critical now", 1)
			plans := p.waiting()
			if len(plans) != 1 {
				t.Fatalf("plans %+v", plans)
			}
			p.must(p.store.DecideApproval(t.Context(), plans[0].ID, answer, "os:sec", "seen", p.clock.Now()))
			if answer == promoter.ApprovalApproved {
				shown("approved", 0)
			} else {
				shown("rejected", 1)
				p.deliver(shop, head, pullRef(number), "toy.sarif", rated("8.8"))
				shown("high again", 0)
			}
		})
	}
}

// On a branch, too, an older commit's job may end last. Unless the branch went
// back to it, its report closes nothing that came later and opens nothing again.
func TestALateReportOfAnOlderCommitOfABranchChangesNothing(t *testing.T) {
	p, w := tracked(t)
	older := p.commit(shop, "main", "", map[string]string{"one.go": code("exec(one)")})
	newer := p.commit(shop, "main", "", map[string]string{"one.go": code("fixed()"), "two.go": code("exec(two)")})
	want := func(what string, issues int, labels ...string) {
		t.Helper()
		for range 2 {
			wantOutcome(t, p.run(), run.OutcomeOK)
			if len(w.issues) != issues || !slices.Equal(w.issues[0].Labels, labels) {
				t.Fatalf("%s: issues %s", what, asJSON(w.issues))
			}
		}
	}
	p.scan(shop, newer, "branch-main")
	want("the newer one", 1)
	p.scan(shop, older, "branch-main")
	want("the older one", 1)
	p.deliver(shop, newer, "branch-main", "toy.sarif", reworded)
	p.deliver(shop, older, "branch-main", "toy.sarif", reworded)
	want("both in one run", 1)
	p.git(shop, "update-ref", "refs/heads/main", older)
	p.commit(shop, "elsewhere", "readme", map[string]string{"x": "x"}) // the sandbox looks at the branches again
	p.scan(shop, older, "branch-main")                                 // the job runs again
	want("the branch went back", 2, "sluice-fixed")
}
