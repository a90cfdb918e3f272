package scale_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// TestAHugeOrganisation pulls the code scanning alerts of 10,000 repositories,
// each with an analysis and two alerts, from a GitHub that enforces its limits
// and takes 150 ms to answer, on the clock of a bubble: until everything was
// read, again with nothing changed, with a repository that never answers, and
// with a GitHub that goes away half way. Without SLUICE_SCALE=all it is 300
// repositories and a budget in proportion.
func TestAHugeOrganisation(t *testing.T) {
	n := 300
	if os.Getenv("SLUICE_SCALE") == "all" {
		n = 10_000
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHuge(t, n)
		const analyses, report = "GET /repos/{owner}/{repo}/code-scanning/analyses", "GET /repos/{owner}/{repo}/code-scanning/analyses/{analysis_id}"
		for pulls := 1; h.paid(analyses) < n || h.paid(report) < n; pulls++ { // what reports say is read with what is left
			if pulls > 12 {
				t.Fatalf("%d of %d repositories and %d reports after %d pulls", h.paid(analyses), n, h.paid(report), pulls)
			}
			h.pull(t, fmt.Sprintf("pull %d", pulls))
		}
		before := h.paid("")
		docs, problems, err := h.pull(t, "nothing changed")
		if err != nil || len(docs) != n || len(problems) > 0 || h.paid("") != before {
			t.Errorf("unchanged: %d documents, %v, %v, quota %d: want everything for nothing", len(docs), problems, err, h.paid("")-before)
		}
		h.deaf = "/repos/acme/repo-00042/"
		docs, problems, err = h.pull(t, "one that never answers")
		if err != nil || len(problems) != 1 || lacking(docs) > 1 {
			t.Errorf("a deaf repository: %d documents, %d of them lacking, %v, %v: want every other one whole", len(docs), lacking(docs), problems, err)
		}
		h.deaf = "/code-scanning/analyses" // of everybody
		h.after.Store(int64(n / 2))
		docs, _, err = h.pull(t, "gone half way")
		if err == nil {
			t.Errorf("a GitHub that went away: %d documents, no error", len(docs))
		}
		h.deaf = ""
		docs, problems, err = h.pull(t, "back again")
		if err != nil || len(docs) != n || lacking(docs) > 0 || len(problems) > 0 {
			t.Errorf("back again: %d documents, %d lacking, %v, %v", len(docs), lacking(docs), problems, err)
		}
	})
}

func lacking(docs []connectors.Document) (n int) {
	for _, d := range docs {
		if d.Lacking != "" {
			n++
		}
	}
	return n
}

// huge is an organisation and a feed of it.
type huge struct {
	http.RoundTripper
	sandbox *github.Server
	feed    *alerts.Feed
	deaf    string       // addresses that hold this are never answered
	after   atomic.Int64 // once so many more were
}

func newHuge(t *testing.T, n int) *huge {
	t.Helper()
	dir := t.TempDir()
	w := &alertWorld{clock: clock.Standing(time.Now())}
	world := github.World{LastID: 1 << 20, Requests: map[string]github.RouteCount{}, People: []*github.Person{{ID: 1, Login: "sluice-bot", Type: "User"}},
		Tokens: []*github.Token{{Value: "token", Login: "sluice-bot"}}}
	for i := range n {
		made := time.Now().Add(time.Duration(i-n) * time.Second)
		r := &github.Repository{ID: int64(i + 1), Owner: "acme", Name: fmt.Sprintf("repo-%05d", i), Private: true, DefaultBranch: "main", Created: made,
			Collaborators: map[string]github.Level{"sluice-bot": github.Write}}
		u := w.upload(i, 2)
		a := &github.Analysis{ID: int64(i + 1), Ref: u.Ref, Commit: u.Commit, Tool: u.Tool, Version: u.Version, Category: u.Category, Results: 2, Created: made}
		for k, result := range u.Results {
			result.Snippet = "if value {"
			r.Code = append(r.Code, &github.CodeAlert{Number: k + 1, Result: result, Tool: u.Tool, Version: u.Version, Created: made, Updated: made,
				Instances: []*github.CodeInstance{{Ref: u.Ref, Category: u.Category, Commit: u.Commit, Path: result.Path, Line: result.Line, EndLine: result.Line, Message: result.Message}}})
			a.Found = append(a.Found, github.Found{Alert: k + 1, Result: result})
		}
		r.Analyses = []*github.Analysis{a}
		world.Repositories = append(world.Repositories, r)
	}
	state, err := json.Marshal(world)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "state.json"), state, 0o600)
	}
	h := &huge{}
	if err == nil {
		h.sandbox, err = github.New(dir, github.Options{Clock: time.Now, Limits: github.GitHubLimits()})
	}
	if err != nil {
		t.Fatal(err)
	}
	h.RoundTripper = faults.Direct(h.sandbox)
	client, err := githubapi.New(githubapi.Config{URL: "http://sandbox/", Token: "token", Cache: &answers{}, Transport: h})
	if err == nil {
		h.feed, err = alerts.New(client, alerts.Options{Kind: alerts.CodeScanning, Organisation: "acme", Budget: n * 3 / 10})
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// RoundTrip takes its time.
func (h *huge) RoundTrip(r *http.Request) (*http.Response, error) {
	wait := 150 * time.Millisecond
	if h.deaf != "" && strings.Contains(r.URL.Path, h.deaf) && h.after.Add(-1) < 0 {
		wait = time.Hour
	}
	select {
	case <-time.After(wait):
		return h.RoundTripper.RoundTrip(r)
	case <-r.Context().Done():
		return nil, errors.New("no answer")
	}
}

// pull reads the feed, says what it took, and waits for the next hour.
func (h *huge) pull(t *testing.T, what string) ([]connectors.Document, []connectors.Problem, error) {
	t.Helper()
	before, began := h.count(""), time.Now()
	docs, problems, err := h.feed.Documents(context.Background(), connectors.Wanted{})
	now := h.count("")
	requests, free := now.Requests-before.Requests, now.NotModified-before.NotModified
	why := ""
	if err != nil {
		why = "; " + err.Error()
	}
	t.Logf("%-22s %5d documents, %5d requests, %5d free (304), quota %5d, refused %d, in %s%s", what, len(docs), requests, free, requests-free, now.Refused-before.Refused, time.Since(began).Round(time.Second), why)
	time.Sleep(time.Hour) // of the bubble: nobody waits
	return docs, problems, err
}

// count counts requests of a route, "" for all.
func (h *huge) count(route string) (sum github.RouteCount) {
	w, err := h.sandbox.World()
	if err != nil {
		return sum
	}
	for name, c := range w.Requests {
		if route == "" || route == name {
			sum.Requests, sum.NotModified, sum.Refused = sum.Requests+c.Requests, sum.NotModified+c.NotModified, sum.Refused+c.Refused
		}
	}
	return sum
}

// paid counts what cost quota.
func (h *huge) paid(route string) int {
	c := h.count(route)
	return c.Requests - c.NotModified
}

// answers is a cache.
type answers struct{ kept sync.Map }

func (a *answers) CachedResponse(_ context.Context, url, _ string) (string, []byte, []byte, error) {
	kept, ok := a.kept.Load(url)
	if !ok {
		return "", nil, nil, nil
	}
	k := kept.([3][]byte)
	return string(k[0]), k[1], k[2], nil
}

func (a *answers) CacheResponse(_ context.Context, url, _, etag string, body, header []byte) error {
	a.kept.Store(url, [3][]byte{[]byte(etag), body, header})
	return nil
}
