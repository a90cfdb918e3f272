package promoter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
)

// listing renders summaries with a line for each finding, as people see them.
type listing struct{ plain }

func (listing) Summary(inline int, es []promoter.Exhibit) string {
	var out strings.Builder
	fmt.Fprintf(&out, "summary %d\n", inline)
	for _, e := range es {
		fmt.Fprintf(&out, "- %s\n", e.Finding.Message)
	}
	return out.String()
}

func (listing) Comment(es []promoter.Exhibit) string {
	var out strings.Builder
	for _, e := range es {
		fmt.Fprintf(&out, "%s (%s)\n", e.Finding.Message, e.Name)
	}
	return out.String()
}

func (l listing) Withdrawn(w promoter.Withdrawal) string { return "withdrawn\n" + w.Original }

// postsOf is what a platform shows of notices.
func postsOf(notices []promoter.Notice) (posts []promoter.StandingPost) {
	for _, n := range notices {
		if n.Remote.ID == 0 {
			continue
		}
		post := promoter.StandingPost{Surface: n.Surface, Token: fmt.Sprint("t", n.No), Remote: n.Remote, Body: n.Body, Posted: n.Posted, Intact: true,
			Withdrawn: n.State == promoter.NoticeWithdrawn, Created: noon}
		if n.Anchor != nil {
			post.Path, post.Line = n.Anchor.Path, n.Anchor.Line
		}
		posts = append(posts, post)
	}
	return posts
}

// Whatever was shown, a store that forgot all of it, or all but the first half,
// adopts it; nothing is shown again, and planning comes to rest.
func TestWhatTheStoreForgotIsAdoptedAndNotShownAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{}
		comments := rapid.IntRange(0, 4).Draw(t, "comments")
		plan := func(claims []promoter.Claim) []promoter.Action {
			sel := promoter.Select(claims, w.notices, comments, roomy())
			return promoter.Plan(promoter.Planning{
				Target: promoter.Target{RepoID: 1, PullRequest: 7}, Want: promoter.Compose(sel, listing{}), Have: w.notices, NextNo: w.next(),
				Cause: func(int64) promoter.RemovalCause { return promoter.RemovedPolicy }, Decision: func(int64) string { return "" }, Render: listing{}, Now: noon,
			})
		}
		var kept []promoter.Notice
		var claims []promoter.Claim
		for step := range rapid.IntRange(1, 4).Draw(t, "steps") {
			claims = drawClaims(t, step)
			for i := range claims {
				claims[i].Exhibit.Finding = finding.Finding{Message: fmt.Sprint("problem ", claims[i].Finding, ".")}
				claims[i].Exhibit.Name = fmt.Sprintf("acme/shop:F%d", claims[i].Finding)
			}
			w.do(plan(claims), noon)
			if step == 0 && rapid.Bool().Draw(t, "a backup after the first step") {
				kept = append(kept, w.notices...)
			}
		}
		posts := postsOf(w.notices)
		w.notices = kept
		for i := range claims { // met again, findings have other numbers
			claims[i].Exhibit.Name = fmt.Sprintf("acme/shop:F%d", 100+claims[i].Finding)
		}
		adopted, _ := promoter.AdoptPosts(promoter.Adoption{
			Target: promoter.Target{RepoID: 1, PullRequest: 7}, Claims: claims, Have: w.notices, Posts: posts, NextNo: w.next(), Render: listing{}, Now: noon.Add(time.Hour),
		})
		for _, n := range adopted {
			w.put(n)
		}
		for _, a := range plan(claims) {
			if a.Verbs != nil && (a.Verbs[0] == promoter.VerbReview || a.Verbs[0] == promoter.VerbSummary && hasSummary(posts)) {
				t.Fatalf("shown again: %+v\nposts %+v\nadopted %+v", a.Notice, posts, adopted)
			}
		}
		for range 3 {
			w.do(plan(claims), noon)
		}
		if again := plan(claims); len(again) != 0 {
			t.Fatalf("not at rest: %+v", again)
		}
	})
}

func hasSummary(posts []promoter.StandingPost) bool {
	for _, p := range posts {
		if p.Surface == promoter.SurfaceSummary {
			return true
		}
	}
	return false
}
