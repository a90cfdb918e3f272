package github_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

const threadsQuery = `query Threads($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 2, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved isOutdated comments(first: 1) { nodes { databaseId } } }
      }
    }
  }
}`

// graphql asks and returns data and errors as compact JSON.
func (f *fixture) graphql(token, path, query string, variables map[string]any) (data, errors string) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	f.must(err)
	r, err := http.NewRequest(http.MethodPost, f.url+path, bytes.NewReader(body))
	f.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	f.must(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("status %d", res.StatusCode)
	}
	var out struct{ Data, Errors json.RawMessage }
	f.must(json.NewDecoder(res.Body).Decode(&out))
	return string(out.Data), string(out.Errors)
}

type threads struct {
	Repository struct {
		PullRequest struct {
			ReviewThreads struct {
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
				Nodes []struct {
					ID         string
					IsResolved bool
					Comments   struct{ Nodes []struct{ DatabaseID int64 } }
				}
			}
		}
	}
}

func TestThreads(t *testing.T) {
	f := newFixture(t, github.Options{})
	ids := f.posted(12, 13, 14)
	nodes := map[int64]string{}
	variables := map[string]any{"owner": "acme", "name": "shop", "number": 1}
	for range 2 {
		data, failed := f.graphql("bot", "/api/graphql", threadsQuery, variables)
		var page threads
		f.must(json.Unmarshal([]byte(data), &page))
		list := page.Repository.PullRequest.ReviewThreads
		for _, n := range list.Nodes {
			nodes[n.Comments.Nodes[0].DatabaseID] = n.ID
		}
		variables["after"] = list.PageInfo.EndCursor
		if failed != "" || list.PageInfo.HasNextPage != (len(nodes) == 2) {
			t.Errorf("page: %s %s", data, failed)
		}
	}
	if len(nodes) != 3 || nodes[ids[2]] == "" {
		t.Fatalf("threads %v of comments %v", nodes, ids)
	}
	const resolve = `mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id isResolved resolvedBy { login } } } }`
	data, failed := f.graphql("bot", "/graphql", resolve, map[string]any{"id": nodes[ids[0]]})
	if want := fmt.Sprintf(`{"resolveReviewThread":{"thread":{"id":%q,"isResolved":true,"resolvedBy":{"login":"sluice[bot]"}}}}`, nodes[ids[0]]); data != want || failed != "" {
		t.Errorf("resolve: %s %s", data, failed)
	}
	data, _ = f.graphql("bot", "/graphql", `query($id: ID!) { node(id: $id) { ...t } } fragment t on PullRequestReviewThread { isResolved }`, map[string]any{"id": nodes[ids[0]]})
	if data != `{"node":{"isResolved":true}}` {
		t.Errorf("node: %s", data)
	}
	_, failed = f.graphql("bob", "/graphql", strings.Replace(resolve, "resolveReviewThread", "unresolveReviewThread", 1), map[string]any{"id": nodes[ids[0]]})
	if failed != "" || f.pull().Threads[0].Resolved {
		t.Errorf("unresolve: %s", failed)
	}
	w, err := f.World()
	f.must(err)
	if len(w.Mails) != 1 {
		t.Errorf("mails %v", w.Mails)
	}
}

func TestMinimize(t *testing.T) {
	f := newFixture(t, github.Options{})
	f.posted(12)
	data, _ := f.graphql("bot", "/graphql", `{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { reviewThreads(first: 1) { nodes { comments(first: 1) { nodes { id } } } } } } }`, nil)
	_, id, _ := strings.Cut(data, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	data, failed := f.graphql("bot", "/graphql", `mutation { m: minimizeComment(input: {subjectId: "`+id+`", classifier: RESOLVED}) { minimizedComment { isMinimized minimizedReason } } }`, nil)
	if data != `{"m":{"minimizedComment":{"isMinimized":true,"minimizedReason":"RESOLVED"}}}` || f.pull().ReviewComments[0].Minimized != "RESOLVED" {
		t.Errorf("minimize: %s %s", data, failed)
	}
}

func TestGraphQLRefusals(t *testing.T) {
	f := newFixture(t, github.Options{})
	f.posted(12)
	thread := f.pull().Threads[0].Node
	f.AddToken(github.Token{Value: "readonly", Login: "sluice[bot]", App: true, Permissions: map[string]string{"pull_requests": "read"}})
	resolve := `mutation { resolveReviewThread(input: {threadId: "` + thread + `"}) { thread { id } } }`
	for name, test := range map[string]struct{ token, query, want string }{
		"read-only token":    {"readonly", resolve, `"type":"FORBIDDEN"`},
		"no write access":    {"carol", resolve, `"type":"FORBIDDEN"`},
		"unknown thread":     {"bot", `mutation { resolveReviewThread(input: {threadId: "x"}) { thread { id } } }`, `"type":"NOT_FOUND"`},
		"unknown repository": {"bot", `{ repository(owner: "a", name: "b") { id } }`, `"type":"NOT_FOUND"`},
		"unknown operation":  {"bot", `mutation { addStar(input: {starrableId: "x"}) { clientMutationId } }`, `"undefinedField"`},
		"unknown field":      {"bot", `{ viewer { shoeSize } }`, `shoeSize`},
		"no bound":           {"bot", `{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { reviewThreads { totalCount } } } }`, `MISSING_PAGINATION_BOUNDARIES`},
		"broken":             {"bot", `{ viewer { login `, `Parse error`},
		"nothing":            {"bot", ``, `Parse error`},
	} {
		if _, failed := f.graphql(test.token, "/graphql", test.query, nil); !strings.Contains(failed, test.want) {
			t.Errorf("%s: %s", name, failed)
		}
	}
	if f.pull().Threads[0].Resolved {
		t.Error("a refused mutation resolved the thread")
	}
}
