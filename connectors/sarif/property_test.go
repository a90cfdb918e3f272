package sarif_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/sarif"
)

// anyResult draws results, good, odd and hopeless.
func anyResult(t *rapid.T) any {
	r := map[string]any{}
	put := func(name string, values ...any) {
		if v := rapid.SampledFrom(values).Draw(t, name); v != "-" {
			r[name] = v
		}
	}
	put("ruleId", "-", "a", "a/b", "CVE-2020-12345", 5, nil)
	put("ruleIndex", "-", -1, 0, 1, 7, "x")
	put("rule", "-", map[string]any{"id": "b"}, map[string]any{"index": 1}, []int{})
	put("kind", "-", "-", "fail", "pass", "review", "informational", 3)
	put("level", "-", "error", "none", "fatal", 3)
	put("message", "-", map[string]any{"text": rapid.String().Draw(t, "text")}, map[string]any{"id": "m", "arguments": []any{"x", 1}}, "plain")
	put("locations", "-", []any{}, []any{nil, 1}, []any{map[string]any{"physicalLocation": map[string]any{
		"artifactLocation": map[string]any{"uri": rapid.SampledFrom([]string{"a.c", "../a", "/x", `C:\y`, "file:///z/q", "%41"}).Draw(t, "uri")},
		"region":           map[string]any{"startLine": rapid.IntRange(-2, 99).Draw(t, "line"), "endLine": rapid.IntRange(-2, 99).Draw(t, "end")}}}})
	put("suppressions", "-", []any{map[string]any{"kind": "inSource"}}, []any{}, "x")
	put("properties", "-", map[string]any{"tags": []any{"secret", 1}}, map[string]any{"security-severity": 7.5})
	return rapid.SampledFrom([]any{r, r, r, r, r, r, nil, "text", []any{1}}).Draw(t, "result")
}

func anyDocument(t *rapid.T) []byte {
	var runs []any
	for range rapid.IntRange(0, 3).Draw(t, "runs") {
		run := map[string]any{"tool": map[string]any{"driver": map[string]any{"name": rapid.SampledFrom([]string{"T", "gitleaks", "Trivy"}).Draw(t, "tool"),
			"rules": []any{map[string]any{"id": "a"}, map[string]any{"id": "b", "messageStrings": map[string]any{"m": map[string]any{"text": "x {0} {1}"}}}}}}}
		results := []any{}
		for range rapid.IntRange(0, 12).Draw(t, "results") {
			results = append(results, anyResult(t))
		}
		run["results"] = results
		runs = append(runs, run)
	}
	if runs == nil {
		runs = []any{}
	}
	data, err := json.Marshal(map[string]any{"version": "2.1.0", "runs": runs})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every result is a finding or counted, whatever it looks like, and the number of
// workers makes no difference.
func TestResultsAreFindingsAndSkipped(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data := anyDocument(rt)
		compare(t, data)
		one, _, err := read(data, sarif.Options{Workers: 1})
		four, report, _ := read(data, sarif.Options{Workers: 4})
		if err != nil {
			rt.Fatal(err)
		}
		if want, _ := countResults(data); report.Results != want {
			rt.Fatalf("%d results, report %+v", want, report)
		}
		if diff := cmp.Diff(one, four); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// A cut anywhere gives an error and what can be known of the results before it.
func TestCutDocumentsKeepTheirBeginning(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data := anyDocument(rt)
		n := rapid.IntRange(0, len(data)-1).Draw(rt, "cut")
		doc, _ := tree(data)
		found, report, err := read(data[:n], sarif.Options{})
		if !errors.Is(err, sarif.ErrTruncated) || report.Complete {
			rt.Fatalf("error %v, report %+v", err, report)
		}
		want := oracle(doc)
		if report.Results > len(want) {
			rt.Fatalf("%d results of %d", report.Results, len(want))
		}
		for i := range want {
			want[i].message = "" // redacted where the tool is not known yet
		}
		check(t, want[:report.Results], found, report)
	})
}
