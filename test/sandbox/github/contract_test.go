package github_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sluice-sec/sluice/test/sandbox/described"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/shared"
)

// Every exchange of every test goes through contract, which holds the request and the answer against what GitHub
// publishes about its REST interface. So a mistake that client and double share is still a mistake.

// description is GitHub's OpenAPI document, or the reason why there is none.
type description struct {
	doc  *openapi3.T
	skip string
}

var published = sync.OnceValue(func() description {
	data, err := readDescription()
	if err != nil {
		return description{skip: err.Error()}
	}
	doc, err := loadDescription(data)
	if err != nil {
		return description{skip: "unreadable: " + err.Error()}
	}
	return description{doc: doc}
})

// readDescription looks for the npm package @octokit/openapi in test/contracts, then for the trimmed copy among the
// shared data.
func readDescription() ([]byte, error) {
	root, err := shared.Root()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(root, "test/contracts/node_modules/@octokit/openapi/generated/api.github.com.json"))
	if err == nil {
		return data, nil
	}
	if data, err = shared.Read("contracts/github/github.trim.json.gz"); err != nil {
		return nil, fmt.Errorf("GitHub's OpenAPI description is missing: run `npm install --no-package-lock` in test/contracts (%w)", err)
	}
	return data, nil
}

// loadDescription keeps the paths the double has and what they refer to, so that reading it takes a blink.
func loadDescription(data []byte) (*openapi3.T, error) {
	var all struct {
		OpenAPI    string                                `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]json.RawMessage            `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for path := range all.Paths {
		if !github.Knows(path) {
			delete(all.Paths, path)
		}
	}
	keep := map[string]map[string]json.RawMessage{}
	var follow func(raw json.RawMessage)
	follow = func(raw json.RawMessage) {
		for rest := raw; ; {
			_, after, ok := bytes.Cut(rest, []byte(`"#/components/`))
			if !ok {
				return
			}
			name, after, _ := bytes.Cut(after, []byte(`"`))
			rest = after
			kind, key, _ := strings.Cut(string(name), "/")
			if keep[kind] == nil {
				keep[kind] = map[string]json.RawMessage{}
			}
			if _, seen := keep[kind][key]; !seen {
				keep[kind][key] = withoutExamples(all.Components[kind][key])
				follow(keep[kind][key])
			}
		}
	}
	for path, raw := range all.Paths {
		all.Paths[path] = withoutExamples(raw)
		follow(all.Paths[path])
	}
	all.Components = keep
	trimmed, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(trimmed)
	if err != nil {
		return nil, err
	}
	// The one place where the description is known to be wrong: GitHub answers null for the line and position of an
	// outdated comment.
	for _, name := range []string{"review-comment", "pull-request-review-comment"} {
		for _, field := range []string{"line", "position"} {
			doc.Components.Schemas[name].Value.Properties[field].Value.Nullable = true
		}
	}
	return doc, nil
}

// forgiven are requests of the client libraries that GitHub takes though it does not describe them: go-github replies
// with in_reply_to and nothing else, ghinstallation sends null for no options.
func forgiven(pattern string, body []byte) bool {
	return strings.HasSuffix(pattern, "/pulls/{pull_number}/comments") && bytes.Contains(body, []byte(`"in_reply_to"`)) ||
		strings.HasSuffix(pattern, "/access_tokens") && string(bytes.TrimSpace(body)) == "null"
}

// withoutExamples drops what only documents: it names components that nothing else needs.
func withoutExamples(raw json.RawMessage) json.RawMessage {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return raw
	}
	var drop func(any, bool)
	drop = func(v any, names bool) {
		switch v := v.(type) {
		case map[string]any:
			if !names {
				delete(v, "examples")
				delete(v, "example")
			}
			for key, inner := range v {
				drop(inner, key == "properties" && !names)
			}
		case []any:
			for _, inner := range v {
				drop(inner, false)
			}
		}
	}
	drop(value, false)
	out, err := json.Marshal(value)
	if err != nil {
		return raw
	}
	return out
}

// undocumented are answers GitHub gives without describing them for the operation.
func undocumented(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusNotAcceptable, http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest:
		return true
	}
	return false
}

// contract wraps the double. GraphQL, pages and controls pass unchecked.
func contract(t testing.TB, s *github.Server) http.Handler {
	d := published()
	if d.doc == nil {
		t.Logf("not held against GitHub's description: %s", d.skip)
		return s
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pattern, params, ok := s.Route(r)
		if !ok || pattern == "/graphql" || strings.HasPrefix(r.URL.Path, "/ui/") {
			s.ServeHTTP(w, r)
			return
		}
		x, ok := described.Operation{Doc: d.doc, Pattern: pattern, Params: params, Content: speaksOf, Undocumented: undocumented}.Serve(s, w, r)
		if !ok {
			if !strings.HasPrefix(pattern, "/repositories/") {
				t.Logf("%s %s is not described", r.Method, pattern)
			}
			return
		}
		if len(x.Body) > 0 && !forgiven(pattern, x.Body) {
			if r.Header.Get("Content-Type") == "" {
				t.Errorf("%s %s: no content type", r.Method, pattern)
			}
			if x.Request != nil {
				t.Errorf("request %s %s: %v", r.Method, r.URL, x.Request)
			}
		}
		if x.Answer != nil {
			t.Errorf("answer %d to %s %s: %v\n%.600s", x.Given.Code, r.Method, r.URL, x.Answer, x.Given.Body)
		}
	})
}

// speaksOf names the types of answers whose content the description speaks of.
func speaksOf(contentType string) bool {
	return strings.HasPrefix(contentType, "application/json") || contentType == "application/sarif+json"
}

func TestDescription(t *testing.T) {
	d := published()
	if d.doc == nil {
		t.Skip(d.skip)
	}
	if d.doc.Paths.Find("/repos/{owner}/{repo}/pulls/{pull_number}/reviews") == nil {
		t.Error("reviews are not described")
	}
}
