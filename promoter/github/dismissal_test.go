package github_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/github"
)

// A dismissal is ours by our login and our marker on that alert, and by nothing
// else.
func TestWhichDismissalsAreOurs(t *testing.T) {
	b := newBench(t)
	n := b.do(b.effect(promoter.VerbDismiss, "tok", b.alerted()))[0]
	w, err := b.World()
	b.must(err)
	comment := w.Repository(shop).Dependabot[0].Comment
	repo, err := b.surface().Repository(context.Background(), "acme", "shop")
	b.must(err)
	ours := promoter.AlertDismissal{Alert: promoter.AlertRef{Kind: "dependabot", Number: 1}, By: "Sluice[bot]", Comment: comment}
	for name, tt := range map[string]struct {
		change func(*promoter.AlertDismissal)
		want   bool
	}{
		"as it is":         {func(*promoter.AlertDismissal) {}, true},
		"by a person":      {func(d *promoter.AlertDismissal) { d.By = "alice" }, false},
		"on another alert": {func(d *promoter.AlertDismissal) { d.Alert.Number = 2 }, false},
		"of another kind":  {func(d *promoter.AlertDismissal) { d.Alert.Kind = "code-scanning" }, false},
		"another token":    {func(d *promoter.AlertDismissal) { d.Comment = strings.Replace(comment, "tok", "tik", 1) }, false},
		"without a marker": {func(d *promoter.AlertDismissal) { d.Comment = "false-positive in Sluice" }, false},
		"quoted":           {func(d *promoter.AlertDismissal) { d.Comment += " (as the bot says)" }, false},
	} {
		d := ours
		tt.change(&d)
		if got, err := b.surface().OwnDismissal(context.Background(), repo, d); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if n.Posted == "" || n.Remote.ID != 1 {
		t.Errorf("the notice is %+v", n)
	}
}

// A scanner's bot is noticed wherever it speaks in the pull request.
func TestOtherBotsAreNoticed(t *testing.T) {
	for login, noticed := range map[string]bool{"snyk-bot": true, "semgrep-app[bot]": true, "github-advanced-security[bot]": true, "dependabot[bot]": false, "sonia": false, "alice": false} {
		b := newBench(t)
		b.must(b.Grant(shop, login, sandbox.Write))
		if _, err := b.CommentOnPullRequest(shop, 1, login, "I found three problems"); err != nil {
			t.Fatal(err)
		}
		seen, err := b.surface().Do(context.Background(), b.effect(promoter.VerbSummary, "tok", promoter.Notice{No: 7, Surface: promoter.SurfaceSummary, Body: "the summary", State: promoter.NoticePlanned}))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(seen.Beside) == 1 && seen.Beside[0] == login; got != noticed {
			t.Errorf("%s: beside us %v, want it noticed: %v", login, seen.Beside, noticed)
		}
	}
}
