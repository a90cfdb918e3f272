package jira_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	"github.com/sluice-sec/sluice/promoter/wording/wordingtest"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, have string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(have+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), have+"\n"); diff != "" {
		t.Errorf("%s (-update writes it anew):\n%s", path, diff)
	}
}

// goldenBody compares a body on both deployments.
func goldenBody(t *testing.T, name string, write func(jira.Renderer) string) {
	t.Helper()
	golden(t, name+".wiki", write(jira.NewRenderer(jira.DataCenter)))
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(write(jira.NewRenderer(jira.Cloud))), "", " "); err != nil {
		t.Fatal(err)
	}
	golden(t, name+".json", out.String())
}

func TestBodies(t *testing.T) {
	pair := []promoter.Exhibit{wordingtest.Upgrade("acme/shop:F3", "CVE-2020-8203", finding.High), wordingtest.Upgrade("acme/shop:F4", "CVE-2021-23337", finding.Critical)}
	for name, exhibits := range map[string][]promoter.Exhibit{
		"task": {exhibit(12)}, "task_upgrade": pair, "task_hostile": {filled(hostile)}, "task_hostile_list": {filled(hostile), filled("x" + hostile)},
		"task_dangerous": {wordingtest.Dangerous()}, "task_unfixed": {wordingtest.Unfixed()}, "task_nine": wordingtest.OneUpgrade(), "task_two_scanners": wordingtest.TwoScanners(), "task_one_secret": wordingtest.OneSecret(),
	} {
		goldenBody(t, name, func(r jira.Renderer) string {
			title, body := r.Task(exhibits)
			golden(t, name+".title", title)
			return body
		})
	}
	for _, cause := range []promoter.RemovalCause{promoter.RemovedFixed, promoter.RemovedStage, promoter.RemovedPolicy, promoter.RemovedAnswered, promoter.RemovedMoved} {
		goldenBody(t, "hand_back_"+string(cause), func(r jira.Renderer) string {
			return r.HandBack(promoter.Withdrawal{Cause: cause, Commit: "abc1234def", Decision: "R12-F1"})
		})
	}
	goldenBody(t, "hand_back_noisy", func(r jira.Renderer) string {
		return r.HandBack(promoter.Withdrawal{Cause: promoter.RemovedStage, Noisy: true, Decision: "R12-F1"})
	})
}

// hostile says everything a scanner, a repository or a settings file might.
const hostile = "ping @alice [~alice] [~accountid:5b10] closes SEC-1, PAY-22 {color:red}red{color} {code}x{code} {noformat} {html}<b>b</b>{html} {panel:title=x} " +
	"!https://evil.example/p.png! [y|https://evil.example] [https://evil.example] https://evil.example/a www.evil.example mailto:a@evil.example file://host/x \\\\host\\share " +
	"*a* _b_ -c- +d+ ^e^ ~f~ ??g?? {{h}} |i| ||j|| :) ;) (!) (x) (/) (y) (on) -- --- ---- &lt;b&gt; &#91;x|https://evil.example&#93; &commat;carol \\[z|https://evil.example] " +
	"\u202eevil\u202c zero\u200bwidth \x1b[31mred\x00 \xff\nh1. heading\nbq. quote\n* list\n# one\n|| table |\n----\n{quote}\n"

// filled puts one text wherever an exhibit takes text.
func filled(s string) promoter.Exhibit {
	place := finding.Place{Path: s, StartLine: 3, EndLine: 4}
	return promoter.Exhibit{
		Name: s, Cohort: s, Reasons: []string{s}, Ask: s, Note: s, Stage: promoter.Advise, Threshold: finding.Low,
		Finding: finding.Finding{
			Scanner: finding.Scanner{Name: s}, Severity: finding.Low, Message: s, Place: &place, Advisories: []string{s}, Parts: finding.Parts{Symbol: s},
			Rule:    finding.Rule{ID: s + "x", Name: s, HelpURL: s, CWEs: []string{s}, Description: s + "."},
			Package: &finding.Package{Name: s, Version: s, FixedIn: s, Manifest: s},
			Fix:     &finding.Fix{Description: s, Edits: []finding.Edit{{Place: place, Text: "if x {noformat} {\n" + "@alice {code} h1. [~alice]\n}"}}},
		},
	}
}
