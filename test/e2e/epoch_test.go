package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// epochs counts the epoch events of a cohort's present stay.
func (p *place) epochs(key string) int {
	p.t.Helper()
	standings, err := p.openStore().Standings(p.t.(*testing.T).Context())
	p.must(err)
	for _, s := range standings {
		if s.Key == key {
			return len(s.Epochs)
		}
	}
	p.t.Fatalf("no cohort %s", key)
	return 0
}

// An edit of settings that changes what a cohort shows is an epoch event in it,
// once, and in no other; one that changes nothing shown is none.
func TestAnEditThatChangesWhatIsShownIsAnEpoch(t *testing.T) {
	p, _ := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	p.move("/low", promoter.Advise)
	p.run()
	p.settings = "budgets: {pull_request: {comments: 7}}\n"
	p.run()
	if high, low := p.epochs("rest/toy/high"), p.epochs("rest/toy/low"); high+low != 0 {
		t.Fatalf("an edit that shows the same: %d and %d epochs", high, low)
	}
	p.settings += "thresholds: {default: {advise: low}}\n"
	for range 2 {
		p.run()
		if high, low := p.epochs("rest/toy/high"), p.epochs("rest/toy/low"); high != 0 || low != 1 {
			t.Fatalf("low is shown now: %d and %d epochs", high, low)
		}
	}
	p.settings += "suppressions: [{rule: TOY001, reason: legacy, owner: sec, expires: 2027-01-01}]\n"
	p.run()
	if high, low := p.epochs("rest/toy/high"), p.epochs("rest/toy/low"); high != 1 || low != 1 {
		t.Errorf("high is suppressed: %d and %d epochs", high, low)
	}
}

// A rule that its scanner defines otherwise is an epoch event in the cohorts
// that it has findings in; what a pull request's own report says is none.
func TestAnEditedRuleIsAnEpoch(t *testing.T) {
	p, number := withChange(t)
	p.run()
	p.move("/high", promoter.Advise)
	p.move("/low", promoter.Triage)
	p.run()
	reworded := func(text string) func(map[string]any) {
		return func(run map[string]any) {
			for _, rule := range run["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any) {
				if r := rule.(map[string]any); r["id"] == "TOY001" {
					r["shortDescription"] = map[string]any{"text": text}
				}
			}
		}
	}
	head := strings.TrimSpace(p.git(shop, "rev-parse", "feature"))
	main := strings.TrimSpace(p.git(shop, "rev-parse", "main"))
	p.deliver(shop, head, pullRef(number), "toy.sarif", reworded("Anybody may write this."))
	p.run()
	if n := p.epochs("rest/toy/high"); n != 0 {
		t.Fatalf("the report of a pull request began %d epochs", n)
	}
	for _, c := range []struct {
		text string
		want int
	}{{"It looks for shells only now.", 1}, {"It looks for shells only now.", 1}, {"And for more.", 2}} {
		p.clock.jump(time.Hour)
		p.deliver(shop, main, "branch-main", "toy.sarif", reworded(c.text))
		p.run()
		if high, low := p.epochs("rest/toy/high"), p.epochs("rest/toy/low"); high != c.want || low != 0 {
			t.Errorf("%q: %d epochs, want %d; in another cohort %d", c.text, high, c.want, low)
		}
	}
}
