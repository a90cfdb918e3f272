package alerts_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// reported is a GitHub with one repository, one alert and its analyses, whose
// SARIF may fail.
type reported struct {
	newest int                               // the analysis that is the newest one
	sarif  map[int]func(http.ResponseWriter) // by analysis; nil: as it should be
	asked  int                               // how often for SARIF
}

func (g *reported) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const commit = "39406e42cb832f683daa691dd652a8dc36ee8930"
	switch path := strings.TrimPrefix(r.URL.Path, "/repos/acme/shop"); {
	case path == "":
		_, _ = io.WriteString(w, `{"id":1,"name":"shop","owner":{"login":"acme"},"default_branch":"main","visibility":"private"}`)
	case path == "/code-scanning/alerts":
		fmt.Fprintf(w, `[{"number":7,"state":"open","rule":{"id":"G204","severity":"error","tags":[]},"tool":{"name":"gosec"},"most_recent_instance":{"ref":"refs/heads/main",
			"category":"c","commit_sha":"%s","message":{"text":"Bad"},"location":{"path":"main.go","start_line":%d}}}]`, commit, g.newest)
	case path == "/code-scanning/analyses":
		var all []string
		for id := g.newest; id > 0; id-- {
			all = append(all, fmt.Sprintf(`{"id":%d,"results_count":1,"ref":"refs/heads/main","commit_sha":"%s","category":"c","tool":{"name":"gosec"}}`, id, commit))
		}
		fmt.Fprintf(w, "[%s]", strings.Join(all, ","))
	case strings.HasPrefix(path, "/code-scanning/analyses/") && r.Header.Get("Accept") == "application/sarif+json":
		g.asked++
		var id int
		_, _ = fmt.Sscanf(path, "/code-scanning/analyses/%d", &id)
		if fail := g.sarif[id]; fail != nil {
			fail(w)
			return
		}
		fmt.Fprintf(w, `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"gosec","rules":[{"id":"G204","helpUri":"https://example.org/G204"}]}},"results":[
			{"ruleId":"G204","message":{"text":"Bad"},"properties":{"github/alertNumber":7},"partialFingerprints":{"primaryLocationLineHash":"abc:1"},
			"locations":[{"physicalLocation":{"artifactLocation":{"uri":"main.go"},"region":{"startLine":3,"snippet":{"text":"exec(v%d)"}}}}],
			"fixes":[{"artifactChanges":[{"artifactLocation":{"uri":"main.go"},"replacements":[{"deletedRegion":{"startLine":3},"insertedContent":{"text":"run(x)"}}]}]}]},
			{"ruleId":"G204","message":{"text":"fixed meanwhile"},"properties":{"github/alertNumber":8}}]}]}`, id)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (g *reported) pull(t *testing.T, f *alerts.Feed) (finding.Finding, string) {
	t.Helper()
	docs, problems, err := f.Documents(context.Background(), connectors.Wanted{})
	if err != nil || len(problems) > 0 || len(docs) != 1 || docs[0].Lacking != "" {
		t.Fatalf("%+v, %v, %v: want one whole document whatever becomes of the SARIF", docs, problems, err)
	}
	got := read(t, docs)[0]
	if len(got.Findings) != 1 || !got.Report.Complete || got.Report.Results != 1 {
		t.Fatalf("%+v: want one finding of a complete scan", got)
	}
	return got.Findings[0], docs[0].Note
}

func TestWhatTheReportSaysAndTheAlertDoesNot(t *testing.T) {
	g := &reported{newest: 1, sarif: map[int]func(http.ResponseWriter){}}
	f := feed(t, g, alerts.Options{Kind: alerts.CodeScanning, Repositories: []string{"acme/shop"}})
	one, note := g.pull(t, f)
	p := one.Parts
	if p.Snippet != "exec(v1)" || p.LineHash != "abc:1" || p.Fingerprints[finding.AlertNumber] != "7" || one.Fix == nil || one.Rule.HelpURL != "https://example.org/G204" || note != "" {
		t.Errorf("%+v, note %q: want the report's snippet, line hash, fix and help", one, note)
	}
	if one.Message != "Bad" || one.Place.StartLine != 1 || one.Severity != finding.High {
		t.Errorf("%+v: want the alert's own word where it has one", one)
	}
	if again, _ := g.pull(t, f); again.Parts.Snippet != "exec(v1)" || g.asked != 1 {
		t.Errorf("snippet %q, asked %d times: want the same of an analysis that was read before, and no request", again.Parts.Snippet, g.asked)
	}
	g.newest = 2
	if next, _ := g.pull(t, f); next.Parts.Snippet != "exec(v2)" || g.asked != 2 {
		t.Errorf("snippet %q, asked %d times: want the new analysis", next.Parts.Snippet, g.asked)
	}
}

// Without its SARIF an alert is what it is, and what an older one said holds.
func TestAReportThatCannotBeHad(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tt := range map[string]struct {
		fail  func(http.ResponseWriter)
		asked int  // in two pulls
		note  bool // somebody should know
	}{
		"is gone":          {status(404, `{"message":"Not Found"}`), 2, true},
		"is unprocessable": {status(422, `{"message":"An analysis that cannot be processed"}`), 2, true},
		"is no SARIF":      {status(200, `{"id":1}`), 1, false},
		"is cut":           {status(200, `{"version":"2.1.0","runs":[{"res`), 1, false},
		"is no JSON":       {status(200, `<html>`), 1, false},
		"is too large": {func(w http.ResponseWriter) {
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range 65 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := &reported{newest: 1, sarif: map[int]func(http.ResponseWriter){1: tt.fail}}
			f := feed(t, g, alerts.Options{Kind: alerts.CodeScanning, Repositories: []string{"acme/shop"}})
			for range 2 {
				one, note := g.pull(t, f)
				if one.Parts.Snippet != "" || one.Fix != nil || one.Parts.Fingerprints[finding.AlertNumber] != "7" || (note != "") != tt.note {
					t.Errorf("%+v, note %q: want the alert as it is", one, note)
				}
			}
			if g.asked != tt.asked {
				t.Errorf("asked %d times, want %d", g.asked, tt.asked)
			}
		})
	}
	t.Run("and an older one was read", func(t *testing.T) {
		g := &reported{newest: 1, sarif: map[int]func(http.ResponseWriter){2: status(404, "")}}
		f := feed(t, g, alerts.Options{Kind: alerts.CodeScanning, Repositories: []string{"acme/shop"}})
		g.pull(t, f)
		g.newest = 2
		if one, note := g.pull(t, f); one.Parts.Snippet != "exec(v1)" || note == "" {
			t.Errorf("%+v, note %q: want what the older one said, and a word on it", one, note)
		}
	})
	t.Run("because the budget is spent", func(t *testing.T) {
		g := &reported{newest: 1}
		f := feed(t, g, alerts.Options{Kind: alerts.CodeScanning, Repositories: []string{"acme/shop"}, Budget: 3}) // alerts, the repository, analyses
		if one, note := g.pull(t, f); one.Parts.Snippet != "" || !strings.Contains(note, "spent") || g.asked != 0 {
			t.Errorf("%+v, note %q, asked %d: want the alert as it is and the next pull named", one, note, g.asked)
		}
	})
}

// A report may tell that an alert is about a secret, where the alert does not.
func TestASecretThatOnlyTheReportTells(t *testing.T) {
	const doc = `{"tool":"x","details":1}
{"number":7,"kind":"secret","message":"a key","rule":{"id":"r"},"parts":{"snippet":"[redacted]"}}
{"number":7,"state":"open","rule":{"id":"r"},"most_recent_instance":{"message":{"text":"hush"}}}
`
	_, err := alerts.Parse(context.Background(), alerts.CodeScanning, strings.NewReader(doc), func(f finding.Finding) error {
		if f.Kind != finding.Secret || strings.Contains(f.Message, "hush") {
			t.Errorf("%+v", f)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
