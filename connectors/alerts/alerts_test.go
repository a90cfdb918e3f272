package alerts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/connectors/memtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// answers is a GitHub that has one page for each path.
type answers map[string]string

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := a[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		body = `{"message":"Not Found"}`
	}
	_, _ = io.WriteString(w, body)
}

func feed(t testing.TB, h http.Handler, o alerts.Options) *alerts.Feed {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client, err := githubapi.New(githubapi.Config{URL: server.URL, Token: "token", Cache: new(memory)})
	if err != nil {
		t.Fatal(err)
	}
	o.Secrets = func(s string) string { return fmt.Sprintf("hash-of-%d", len(s)) }
	f, err := alerts.New(client, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// seen is what became of a document.
type seen struct {
	Location string
	Context  connectors.Context
	Lacking  string `json:",omitempty"`
	Report   finding.Report
	Findings []finding.Finding
}

func read(t testing.TB, docs []connectors.Document) []seen {
	t.Helper()
	var out []seen
	for _, d := range docs {
		s := seen{Location: d.Location, Context: d.Context, Lacking: d.Lacking}
		var err error
		s.Report, err = connectors.Parse(context.Background(), connectors.Config{}, d, connectors.ParseOptions{}, func(f finding.Finding) error {
			s.Findings = append(s.Findings, f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func TestWhatIsMadeOfAlerts(t *testing.T) {
	for _, kind := range alerts.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			page, err := os.ReadFile(filepath.Join("testdata", string(kind)+".json"))
			if err != nil {
				t.Fatal(err)
			}
			f := feed(t, answers{"/orgs/acme/" + string(kind) + "/alerts": string(page), "/orgs/acme/repos": "[]"}, alerts.Options{Kind: kind, Organisation: "acme"})
			docs, problems, err := f.Documents(context.Background(), connectors.Wanted{})
			if err != nil || len(problems) > 0 {
				t.Fatal(problems, err)
			}
			got, err := json.MarshalIndent(read(t, docs), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", string(kind)+".golden")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Error(diff)
			}
			if bytes.Contains(got, []byte("hush")) {
				t.Error("a secret left the parser")
			}
		})
	}
}

// What is off in one repository keeps no other from being read.
func TestRepositoriesOneByOne(t *testing.T) {
	one := `[{"number":1,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"x"}},"security_advisory":{"ghsa_id":"GHSA-2222-3333-4444"}}]`
	h := http.NewServeMux()
	h.HandleFunc("/repos/acme/on/dependabot/alerts", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, one) })
	h.HandleFunc("/repos/acme/off/dependabot/alerts", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(403)
		_, _ = io.WriteString(w, `{"message":"Dependabot alerts are disabled for this repository."}`)
	})
	h.HandleFunc("/repos/acme/secret/dependabot/alerts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Accepted-GitHub-Permissions", "vulnerability_alerts=read")
		w.WriteHeader(403)
		_, _ = io.WriteString(w, `{"message":"Resource not accessible by personal access token"}`)
	})
	f := feed(t, h, alerts.Options{Kind: alerts.Dependabot, Repositories: []string{"acme/off", "acme/on", "acme/secret"}})
	docs, problems, err := f.Documents(context.Background(), connectors.Wanted{})
	if err != nil || len(docs) != 1 || docs[0].Lacking != "" || docs[0].Context.Repository() != "acme/on" {
		t.Fatalf("documents %+v, error %v: want the whole one of acme/on", docs, err)
	}
	if len(problems) != 1 || problems[0].Path != "acme/secret" || !strings.Contains(problems[0].Advice, "vulnerability alerts: read") {
		t.Errorf("problems %v: want one that names the permission", problems)
	}
	if docs, _, err := f.Documents(context.Background(), connectors.Wanted{Repository: "acme/elsewhere"}); err != nil || len(docs) != 0 {
		t.Errorf("a repository that is not configured: %v %v", docs, err)
	}
}

// A pull that may not spend enough for everybody gets to everybody in time, and
// what it did not get to is no document that could make anything look gone.
func TestABudgetThatIsTooSmallGetsToEverybody(t *testing.T) {
	const repositories, budget = 30, 7
	h := http.NewServeMux()
	h.HandleFunc("/repos/acme/{name}/dependabot/alerts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, `[{"number":1,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"x"}},"security_advisory":{"ghsa_id":"GHSA-2222-3333-4444"}}]`)
	})
	var all []string
	for i := range repositories {
		all = append(all, fmt.Sprintf("acme/r%d", i))
	}
	now := time.Unix(0, 0)
	f := feed(t, h, alerts.Options{Kind: alerts.Dependabot, Repositories: all, Budget: budget, Now: func() time.Time { return now }})
	met := map[string]bool{}
	for range 200 {
		now = now.Add(time.Hour)
		docs, _, err := f.Documents(context.Background(), connectors.Wanted{})
		if len(docs) < budget || err == nil && len(docs) < repositories {
			t.Fatalf("%d documents, %v", len(docs), err)
		}
		for _, d := range docs {
			if d.Lacking != "" {
				t.Fatalf("%s: %s", d.Location, d.Lacking)
			}
			met[d.Location] = true
		}
		if err == nil {
			break
		}
	}
	if len(met) != repositories {
		t.Errorf("%d of %d repositories were ever read", len(met), repositories)
	}
}

// A list without an end has to have one.
func TestAListInCircles(t *testing.T) {
	h := http.NewServeMux()
	h.HandleFunc("/orgs/acme/dependabot/alerts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<http://`+r.Host+`/orgs/acme/dependabot/alerts?after=again>; rel="next"`)
		_, _ = io.WriteString(w, `[{"number":1,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"x"}},"security_advisory":{"ghsa_id":"GHSA-2222-3333-4444"},"repository":{"full_name":"acme/shop"}}]`)
	})
	f := feed(t, h, alerts.Options{Kind: alerts.Dependabot, Organisation: "acme"})
	docs, _, err := f.Documents(context.Background(), connectors.Wanted{})
	if err == nil || len(docs) != 1 || docs[0].Lacking == "" {
		t.Errorf("%+v, %v: want what was read, lacking, and an error", docs, err)
	}
}

// A full page may stay as it was and get a successor.
func TestAPageAfterAFullOne(t *testing.T) {
	one := func(n int) string {
		return fmt.Sprintf(`{"number":%d,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"x"}},"security_advisory":{"ghsa_id":"GHSA-2222-3333-4444"},"repository":{"full_name":"acme/shop"}}`, n)
	}
	var full []string
	for n := range 100 {
		full = append(full, one(n+1))
	}
	more := false
	h := http.NewServeMux()
	h.HandleFunc("/orgs/acme/repos", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") })
	h.HandleFunc("/orgs/acme/dependabot/alerts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"of the body alone"`)
		switch {
		case r.URL.Query().Has("after"):
			w.Header().Set("ETag", `"other"`)
			_, _ = io.WriteString(w, "["+one(101)+"]")
		case r.Header.Get("If-None-Match") != "":
			w.WriteHeader(http.StatusNotModified)
		default:
			if more {
				w.Header().Set("Link", `<http://`+r.Host+`/orgs/acme/dependabot/alerts?after=100>; rel="next"`)
			}
			_, _ = io.WriteString(w, "["+strings.Join(full, ",")+"]")
		}
	})
	f := feed(t, h, alerts.Options{Kind: alerts.Dependabot, Organisation: "acme"})
	for _, want := range []int{100, 101} {
		docs, _, err := f.Documents(context.Background(), connectors.Wanted{})
		if err != nil || len(docs) != 1 {
			t.Fatal(docs, err)
		}
		if got := read(t, docs)[0].Report.Findings; got != want {
			t.Errorf("%d findings, want %d", got, want)
		}
		more = true
	}
}

// What broke off is lacking, also where GitHub's words for it are those for
// "switched off", and where a list changed while it was read.
func TestAListThatBreaksOffIsLacking(t *testing.T) {
	const one = `{"number":1,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"x"}},"security_advisory":{"ghsa_id":"GHSA-2222-3333-4444"}}`
	for name, second := range map[string]http.HandlerFunc{
		"switched off meanwhile": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			_, _ = io.WriteString(w, `{"message":"Dependabot alerts are disabled for this repository."}`)
		},
		"an alert twice": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "["+one+"]") },
	} {
		t.Run(name, func(t *testing.T) {
			h := http.NewServeMux()
			h.HandleFunc("/repos/acme/shop/dependabot/alerts", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Has("after") {
					second(w, r)
					return
				}
				w.Header().Set("Link", `<http://`+r.Host+`/repos/acme/shop/dependabot/alerts?after=1>; rel="next"`)
				_, _ = io.WriteString(w, "["+one+"]")
			})
			f := feed(t, h, alerts.Options{Kind: alerts.Dependabot, Repositories: []string{"acme/shop"}})
			docs, _, err := f.Documents(context.Background(), connectors.Wanted{})
			if err != nil || len(docs) != 1 || docs[0].Lacking == "" || read(t, docs)[0].Report.Findings != 1 {
				t.Errorf("%+v, %v: want one document of one alert, lacking", docs, err)
			}
		})
	}
}

// memory is a cache.
type memory struct{ kept sync.Map }

func (m *memory) CachedResponse(_ context.Context, url, _ string) (string, []byte, []byte, error) {
	kept, ok := m.kept.Load(url)
	if !ok {
		return "", nil, nil, nil
	}
	k := kept.([3]string)
	return k[0], []byte(k[1]), []byte(k[2]), nil
}

func (m *memory) CacheResponse(_ context.Context, url, _, etag string, body, header []byte) error {
	m.kept.Store(url, [3]string{etag, string(body), string(header)})
	return nil
}

func FuzzParse(f *testing.F) {
	for i := range alerts.Kinds() {
		f.Add(i, []byte("{\"tool\":\"x\"}\n{\"number\":1,\"state\":\"open\",\"rule\":{\"id\":\"r\"},\"secret_type\":\"t\",\"dependency\":{\"package\":{\"name\":\"n\"}},\"security_advisory\":{\"ghsa_id\":\"G\"}}\n"))
	}
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		kinds := alerts.Kinds()
		n := 0
		var report finding.Report
		var err error
		memtest.Modest(t, len(data), func() {
			report, err = alerts.Parse(context.Background(), kinds[uint(kind)%uint(len(kinds))], bytes.NewReader(data), func(f finding.Finding) error {
				n++
				if f.Rule.ID == "" || f.Severity == finding.Unknown || f.State == "" || f.Kind == "" {
					t.Fatalf("not a finding: %+v", f)
				}
				if f.Place != nil && (strings.HasPrefix(f.Place.Path, "/") || strings.HasPrefix(f.Place.Path, "..")) {
					t.Fatalf("outside: %q", f.Place.Path)
				}
				return nil
			})
		})
		if n != report.Findings || report.Results != report.Findings+report.SkippedTotal() || err != nil && report.Complete {
			t.Fatalf("%d findings, %+v, %v", n, report, err)
		}
	})
}
