package github_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/github"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

const shop = "acme/shop"

// bench is a sandbox with one pull request: lines 9 to 17 of main.go are in
// its diff, 12 to 14 of them changed.
type bench struct {
	*sandbox.Server
	t     *testing.T
	clock *clock.Clock
	url   string
	wire  *faults.Wire
	token string
	cache *memory
}

// memory is a cache of answers.
type memory struct{ kept map[[2]string][3]string }

func (m *memory) CachedResponse(_ context.Context, url, token string) (string, []byte, []byte, error) {
	e := m.kept[[2]string{url, token}]
	return e[0], []byte(e[1]), []byte(e[2]), nil
}

func (m *memory) CacheResponse(_ context.Context, url, token, etag string, body, header []byte) error {
	if m.kept == nil {
		m.kept = map[[2]string][3]string{}
	}
	m.kept[[2]string{url, token}] = [3]string{etag, string(body), string(header)}
	return nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, clock: clock.Standing(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), wire: &faults.Wire{}, token: "bot"}
	var err error
	if b.Server, err = sandbox.New(t.TempDir(), sandbox.Options{Clock: b.clock.Now}); err != nil {
		t.Fatal(err)
	}
	if _, err = b.CreateRepository("acme", "shop", true); err != nil {
		t.Fatal(err)
	}
	b.commit(gitrepo.Change{Branch: "main", Write: map[string]string{"main.go": source(nil), "old.txt": "a\nb\nc\nd\n", "bin": "\x00\x01"}})
	b.commit(gitrepo.Change{Branch: "fix", From: "main", Rename: map[string]string{"old.txt": "new name.txt"},
		Write: map[string]string{"main.go": source(map[int]string{12: "twelve", 13: "thirteen\nand a half"}), "bin": "\x00\x02"}})
	for login, level := range map[string]sandbox.Level{"alice": sandbox.Write, "bob": sandbox.Write} {
		b.must(b.Grant(shop, login, level))
		b.AddToken(sandbox.Token{Value: login, Login: login})
	}
	b.AddToken(sandbox.Token{Value: "bot", Login: "sluice[bot]", App: true,
		Permissions: map[string]string{"metadata": "read", "contents": "read", "pull_requests": "write", "vulnerability_alerts": "write"}})
	if _, err := b.OpenPullRequest(shop, sandbox.NewPullRequest{Title: "Fix it", Head: "fix", Author: "alice"}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(b.Server)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func source(change map[int]string) string {
	var s strings.Builder
	for n := 1; n <= 30; n++ {
		text, ok := change[n]
		if !ok {
			text = fmt.Sprintf("line %d", n)
		}
		s.WriteString(text + "\n")
	}
	return s.String()
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) commit(c gitrepo.Change) string {
	b.t.Helper()
	hash, err := b.Commit(shop, c)
	b.must(err)
	return hash
}

func (b *bench) pull() *sandbox.PullRequest {
	b.t.Helper()
	w, err := b.World()
	b.must(err)
	return w.Repository(shop).PullRequest(1)
}

// mails of the token's own identity.
func (b *bench) mails() int {
	b.t.Helper()
	w, err := b.World()
	b.must(err)
	n := 0
	for _, m := range w.Mails {
		if m.From == "sluice[bot]" {
			n++
		}
	}
	return n
}

// surface is a fresh process.
func (b *bench) surface() *github.Surface {
	b.t.Helper()
	config := githubapi.Config{URL: b.url + "/api/v3/", Token: b.token, Clock: b.clock, Transport: b.wire}
	if b.cache != nil {
		config.Cache = b.cache
	}
	client, err := githubapi.New(config)
	b.must(err)
	s, err := github.New(client, github.Options{MarkerKey: []byte("0123456789abcdef"), Clock: b.clock})
	b.must(err)
	return s
}

func (b *bench) effect(verb promoter.Verb, token string, notices ...promoter.Notice) promoter.Effect {
	b.t.Helper()
	return promoter.Effect{ID: 1, Verb: verb, Repository: shop, Token: token, Notices: notices,
		Target: promoter.Target{RepoID: 1, PullRequest: 1}, Commit: b.pull().HeadSHA}
}

func inline(no int64, line int) promoter.Notice {
	return promoter.Notice{No: no, Surface: promoter.SurfaceReview, State: promoter.NoticePlanned,
		Anchor: &promoter.Anchor{Path: "main.go", Line: line}, Body: fmt.Sprintf("finding %d", no)}
}

// do carries an effect out and returns its notices as they stand after it.
func (b *bench) do(e promoter.Effect) []promoter.Notice {
	b.t.Helper()
	seen, err := b.surface().Do(context.Background(), e)
	b.must(err)
	return after(e, seen)
}

func after(e promoter.Effect, seen promoter.Observed) []promoter.Notice {
	var out []promoter.Notice
	for i, post := range seen.Notices {
		n := e.Notices[i]
		n.Remote, n.Posted = post.Remote, post.Posted
		if n.State == promoter.NoticePlanned {
			n.State = promoter.NoticePosted
		}
		out = append(out, n)
	}
	return out
}

// withdrawn is a notice as the planner wants it gone.
func withdrawn(n promoter.Notice) promoter.Notice {
	n.State, n.Body, n.Cause = promoter.NoticeWithdrawn, "Withdrawn: "+n.Body, promoter.RemovedStage
	return n
}
