package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

const everythingShown = "budgets: {pull_request: {comments: 100}, team_week: {notices: 100000}}\n" +
	"ceilings: {run: {show: 5000}, cohort: {show: 5000}}\nthresholds: {default: {advise: medium}}\n"

// Where 1,000 comments stand in 100 pull requests, a run in which nobody said anything asks five things of each pull
// request, and none of it counts against GitHub's limit. What somebody says costs its pull request, and no other.
func TestListeningToAThousandCommentsIsFree(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand comments")
	}
	t.Parallel()
	const pulls, comments = 100, 10
	p := newPlace(t)
	p.settings = everythingShown
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	for n := range pulls {
		var lines []string
		for i := range comments {
			lines = append(lines, fmt.Sprintf("md5(n%d)", n*comments+i))
		}
		branch := fmt.Sprint("noisy", n)
		head := p.commit(shop, branch, "main", map[string]string{branch + ".go": code(lines...)})
		p.scanPull(shop, head, p.open(shop, branch))
	}
	p.run()
	p.move("/medium", promoter.Advise)
	for range 3 { // it is shown, heard, and heard to be all
		p.run()
		p.clock.jump(time.Hour)
	}
	look := func(what string, mayAsk, mayCost int) {
		t.Helper()
		before, err := p.sandbox.World()
		p.must(err)
		p.run()
		after, err := p.sandbox.World()
		p.must(err)
		asked, free := spent(&before, &after)
		t.Logf("%s: %d requests, %d of them free", what, asked, free)
		if asked == 0 || asked > mayAsk || asked-free > mayCost {
			t.Errorf("%s: %d requests, %d of which cost; want at most %d and %d", what, asked, asked-free, mayAsk, mayCost)
		}
	}
	first := p.pull(shop, 1).ReviewComments
	if len(first) != comments {
		t.Fatalf("%d comments in the first pull request", len(first))
	}
	look("nothing new", 5*pulls+5, 0)
	p.must(p.sandbox.React(first[0].ID, "dev", "+1"))
	look("a thumb up", 5*pulls+10, 5)
	if len(p.standing()) != 1 {
		t.Errorf("it was not heard: %v", p.standing())
	}
	look("nothing new since", 5*pulls+10, 0)
}

// spent is what GitHub was asked between two looks at it, and what of that was free.
func spent(before, after *github.World) (asked, free int) {
	for route, now := range after.Requests {
		asked += now.Requests - before.Requests[route].Requests
		free += now.NotModified - before.Requests[route].NotModified
	}
	return asked, free
}
