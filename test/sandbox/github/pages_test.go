package github_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func (f *fixture) page(path string) string {
	f.t.Helper()
	res, err := http.Get(f.url + path)
	f.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	f.must(err)
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %d %s", path, res.StatusCode, body)
	}
	return string(body)
}

const hostile = "<script>alert(1)</script> <img src=x onerror=alert(2)> <a href=\"data:text/html,x\">y</a> <style>*{}</style>\n\n[x](javascript:alert(3))\n\n" +
	"<details><summary>More</summary>\n\nfolded\n</details>\n<!-- sluice:marker -->\n\n```suggestion\n<b>new</b>\n```\n"

func TestPagesShowWhatHappened(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	c := comment(12)
	c.Body = client.String(hostile)
	_, _, err := f.sluice.PullRequests.CreateReview(ctx, "acme", "shop", 1, &client.PullRequestReviewRequest{
		Body: client.String("two things"), Event: client.String("COMMENT"), Comments: []*client.DraftReviewComment{c, comment(14)}})
	f.must(err)
	_, err = f.CommentOnPullRequest(shop, 1, "<i>eve</i>", hostile)
	f.must(err)
	p := f.pull()
	f.must(f.ResolveThread(p.Threads[1].First, "bob", true))
	f.must(f.React(p.Threads[0].First, "bob", "-1"))
	f.commit(gitrepo.Change{Branch: "fix", Write: map[string]string{"main.go": source(30, map[int]string{12: "12", 13: "thirteen\nthirteen and a half"})}})
	f.pending(9)

	html := f.page("/ui/acme/shop/pull/1")
	for _, want := range []string{"two things", "Outdated", "Resolved by bob", "<details><summary>More</summary>", "Suggested change", "- twelve", "&lt;b&gt;new&lt;/b&gt;",
		"2 mails sent", "1 review pending", "<b>−1</b> bob", "&lt;i&gt;eve&lt;/i&gt;"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", "<img", `href="javascript`, `href="data`, "onerror", "<i>eve", "<b>new", "*{}", "marker", "about line 9"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if list := f.page("/ui/acme/shop"); !strings.Contains(list, "Fix it") || !strings.Contains(list, "2 threads, 1 unresolved") {
		t.Errorf("the list: %s", list)
	}
	if home := f.page("/ui/"); !strings.Contains(home, "acme/shop") {
		t.Errorf("home: %s", home)
	}
}
