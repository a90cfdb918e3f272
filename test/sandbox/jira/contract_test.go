package jira_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/sluice-sec/sluice/test/sandbox/described"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
	"github.com/sluice-sec/sluice/test/shared"
)

// Every exchange of every test goes through contract, which holds the request and the answer against what Atlassian
// publishes about Jira Cloud. So a mistake that client and double share is still a mistake. Data Center is held against
// Cloud's version 2, except where the two are known to differ.

// description is Atlassian's document for one version, or the reason why there is none.
type description struct {
	doc  *openapi3.T
	skip string
}

var published = map[string]func() description{
	"2": sync.OnceValue(func() description { return describe("jira-cloud-as-v2.trim.json.gz") }),
	"3": sync.OnceValue(func() description { return describe("jira-cloud.trim.json.gz") }),
}

func describe(name string) description {
	data, err := shared.Read("contracts/jira/" + name)
	if err != nil {
		return description{skip: err.Error()}
	}
	doc, err := loadDescription(data)
	if err != nil {
		return description{skip: "unreadable: " + err.Error()}
	}
	return description{doc: doc}
}

// loadDescription keeps the paths the double has, and forgives what the description says against its own examples: dates
// are written with +0000 and not as RFC 3339 has them, a list of remote links is a list, an issue's fields can be null.
func loadDescription(data []byte) (*openapi3.T, error) {
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	paths := all["paths"].(map[string]any)
	for path := range paths {
		if !jira.Knows(path) {
			delete(paths, path)
		}
	}
	simplify(all, false)
	trimmed, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(trimmed)
	if err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		if strings.HasSuffix(path, "/remotelink") && item.Get != nil {
			schema := item.Get.Responses.Status(200).Value.Content["application/json"].Schema
			item.Get.Responses.Status(200).Value.Content["application/json"].Schema = openapi3.NewSchemaRef("", openapi3.NewOneOfSchema(schema.Value, openapi3.NewArraySchema().WithItems(schema.Value)))
		}
	}
	return doc, nil
}

// simplify drops what only documents, and the format of dates.
func simplify(v any, names bool) {
	switch v := v.(type) {
	case map[string]any:
		if !names {
			delete(v, "example")
			delete(v, "examples")
			if v["format"] == "date-time" {
				delete(v, "format")
			}
			if rest, ok := v["additionalProperties"].(map[string]any); ok && len(rest) == 0 {
				v["additionalProperties"] = true // anything, also null
			}
		}
		for key, inner := range v {
			simplify(inner, key == "properties" && !names)
		}
	case []any:
		for _, inner := range v {
			simplify(inner, false)
		}
	}
}

// differs says where Data Center is not as Cloud's version 2 is.
func differs(pattern string) bool {
	return strings.Contains(pattern, "/createmeta/")
}

// undocumented are answers Jira gives without describing them for the operation.
func undocumented(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusTooManyRequests, http.StatusConflict:
		return true
	}
	return false
}

// contract wraps the double. Pages and controls pass unchecked.
func contract(t testing.TB, s *jira.Server, deployment jira.Deployment) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pattern, params, ok := s.Route(r)
		d := description{skip: "no such version"}
		if version, _, _ := strings.Cut(strings.TrimPrefix(pattern, "/rest/api/"), "/"); ok {
			d = published[version]()
		}
		if d.doc == nil {
			if ok {
				once.Do(func() { t.Logf("not held against Atlassian's description: %s", d.skip) })
			}
			s.ServeHTTP(w, r)
			return
		}
		// go-jira sends empty authors.
		x, ok := described.Operation{Doc: d.doc, Pattern: pattern, Params: params, ReadOnly: true, Content: speaksOf, Undocumented: undocumented}.Serve(s, w, r)
		if !ok {
			return
		}
		if x.Request != nil && x.Given.Code < 300 {
			t.Errorf("request %s %s was taken: %v", r.Method, r.URL, x.Request)
		}
		if x.Answer != nil && (deployment == jira.Cloud || !differs(pattern)) {
			t.Errorf("answer %d to %s %s: %v\n%.600s", x.Given.Code, r.Method, r.URL, x.Answer, x.Given.Body)
		}
	})
}

// speaksOf names the types of answers whose content the description speaks of.
func speaksOf(contentType string) bool { return strings.HasPrefix(contentType, "application/json") }

func TestDescription(t *testing.T) {
	for version, load := range published {
		d := load()
		if d.doc == nil {
			t.Skip(d.skip)
		}
		if d.doc.Paths.Find("/rest/api/"+version+"/search/jql") == nil {
			t.Errorf("version %s does not describe the search", version)
		}
	}
}
