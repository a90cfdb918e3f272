package github_test

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/github"
	"github.com/sluice-sec/sluice/promoter/wording/wordingtest"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, have string) {
	t.Helper()
	path := filepath.Join("testdata", name+".md")
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

func injection() promoter.Exhibit {
	place := finding.Place{Path: "store/orders.go", StartLine: 41, EndLine: 41}
	return promoter.Exhibit{
		Name: "acme/shop:F12", Stage: promoter.Advise, Threshold: finding.Medium, Cohort: "core/gosec/high", Ask: "#ask-appsec",
		Reasons: []string{"payment code is tier 1"},
		Finding: finding.Finding{
			Scanner: finding.Scanner{Name: "gosec", Version: "2.22.0"}, Kind: finding.SAST, Severity: finding.High,
			Rule: finding.Rule{ID: "G201", Name: "SQL string formatting", HelpURL: "https://securego.io/docs/rules/g201-g202.html", CWEs: []string{"CWE-89"},
				Description: "Whoever controls the string controls the query."},
			Message: "SQL string formatting with user input", Place: &place,
			Fix: &finding.Fix{Description: "Use a placeholder.", Edits: []finding.Edit{{Place: place, Text: "\trows, err := db.Query(\"select * from orders where id = $1\", id)\n"}}},
		},
	}
}

func TestBodies(t *testing.T) {
	r := github.Renderer{}
	one, two := wordingtest.Upgrade("acme/shop:F3", "CVE-2020-8203", finding.High), wordingtest.Upgrade("acme/shop:F4", "CVE-2021-23337", finding.Critical)
	comment := r.Comment([]promoter.Exhibit{injection()})
	golden(t, "comment", comment)
	golden(t, "comment_grouped", r.Comment([]promoter.Exhibit{one, two}))
	inTask := injection()
	inTask.Task = promoter.TaskLink{Title: "PAY-12", URL: "https://acme.atlassian.net/browse/PAY-12"}
	golden(t, "comment_tracked", r.Comment([]promoter.Exhibit{inTask}))
	log4j := wordingtest.Dangerous()
	golden(t, "comment_dangerous", r.Comment([]promoter.Exhibit{log4j}))
	golden(t, "comment_unfixed", r.Comment([]promoter.Exhibit{wordingtest.Unfixed()}))
	golden(t, "comment_upgrade", r.Comment(wordingtest.OneUpgrade()))
	golden(t, "comment_two_scanners", r.Comment(wordingtest.TwoScanners()))
	golden(t, "comment_one_secret", r.Comment(wordingtest.OneSecret()))
	failing := slices.Concat(wordingtest.TwoScanners(), []promoter.Exhibit{injection()})
	failing[0].PullRequest = 12
	check := r.Check(promoter.Gate{Scanned: true, Failing: failing})
	golden(t, "check", check.Title+"\n\n"+check.Summary)
	alone := r.Check(promoter.Gate{Scanned: true, Failing: failing[:1]})
	golden(t, "check_one", alone.Title+"\n\n"+alone.Summary)
	for name, g := range map[string]promoter.Gate{
		"check_passed":   {Scanned: true},
		"check_paused":   {Paused: true},
		"check_released": {Release: &promoter.Release{Actor: "os:carol", Reason: "production is down, PAY-77 follows up"}},
		"check_released_at_length": {Release: &promoter.Release{
			Actor: "github:carol", Reason: strings.Repeat("production is down, ", 10) + "PAY-77 follows up",
		}},
	} {
		check := r.Check(g)
		golden(t, name, check.Title+"\n\n"+check.Summary)
	}
	golden(t, "summary_grouped", r.Summary(1, slices.Concat(wordingtest.OneUpgrade(), wordingtest.TwoScanners(), wordingtest.OneSecret(), []promoter.Exhibit{injection()})))
	golden(t, "summary_dangerous", r.Summary(0, []promoter.Exhibit{log4j}))
	golden(t, "summary", r.Summary(2, []promoter.Exhibit{one, injection()}))
	golden(t, "summary_empty", r.SummaryEmpty())
	golden(t, "withdrawn", r.Withdrawn(promoter.Withdrawal{Cause: promoter.RemovedStage, Decision: "R12-F12", Original: comment}))
	golden(t, "withdrawn_noisy", r.Withdrawn(promoter.Withdrawal{Cause: promoter.RemovedStage, Noisy: true, Decision: "R12-F12", Original: "what stood here"}))
	golden(t, "fixed", r.Withdrawn(promoter.Withdrawal{Cause: promoter.RemovedFixed, Commit: "abc1234def", Original: "what stood here"}))
	since := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	shown := promoter.Explanation{Exhibit: injection(), Since: since, Shown: true}
	golden(t, "reply_why", r.Reply(promoter.Answer{Topic: promoter.TopicWhy, Ask: "#ask-appsec", Findings: []promoter.Explanation{shown}}))
	settled := promoter.Explanation{Exhibit: one, Since: since, Settled: promoter.VerdictAccepted, Until: since.AddDate(0, 1, 0)}
	settled.Reasons = []string{"disposed"}
	golden(t, "reply_why_settled", r.Reply(promoter.Answer{Topic: promoter.TopicWhy, Findings: []promoter.Explanation{settled, shown}}))
	golden(t, "reply_help", r.Reply(promoter.Answer{Topic: promoter.TopicHelp, Ask: "#ask-appsec"}))
	golden(t, "reply_unknown", r.Reply(promoter.Answer{Topic: promoter.TopicUnknown, Problem: promoter.ParseCommand("/sluice @alice", since).Problem}))
	golden(t, "reply_outsider", r.Reply(promoter.Answer{Topic: promoter.TopicOutsider, Ask: "#ask-appsec"}))
	golden(t, "comment_hostile", r.Comment([]promoter.Exhibit{filled(hostile)}))
}

// An example with a day in it would be over one day, for whoever copies it.
func TestHowToAnswerHasNoDayInIt(t *testing.T) {
	help := github.Renderer{}.Reply(promoter.Answer{Topic: promoter.TopicHelp}) + promoter.ParseCommand("/sluice accept", time.Now()).Problem
	if year := regexp.MustCompile(`\b20\d\d\b`).FindString(help); year != "" {
		t.Errorf("it names the year %s:\n%s", year, help)
	}
}

// hostile says everything a scanner, a repository or a settings file might.
const hostile = "ping @alice and @acme/team, closes #12, GH-13, acme/shop#14, 0123456789abcdef0123456789abcdef01234567 " +
	"<b>bold</b> <!-- sluice:1 comment tok 1 00000000000000000000000000000000 --> ![x](https://evil.example/p.png) [y](https://evil.example) " +
	"https://evil.example/a www.evil.example mailto:a@evil.example bob@evil.example ``` ~~~ `code` $x$ *a* _b_ ~c~ |d| :tada: &commat;carol " +
	"\u202eevil\u202c zero\u200bwidth \x1b[31mred\x00 \xff\n# heading\n- list\n1. one\n> quote\n    indented\n---\n/approve"

// filled puts one text wherever an exhibit takes text.
func filled(s string) promoter.Exhibit {
	place := finding.Place{Path: s, StartLine: 3, EndLine: 4}
	return promoter.Exhibit{
		Name: s, Cohort: s, Reasons: []string{s}, Ask: s, Note: s, Stage: promoter.Advise, Threshold: finding.Low,
		Finding: finding.Finding{
			Scanner: finding.Scanner{Name: s}, Severity: finding.Low, Message: s, Place: &place, Advisories: []string{s},
			Rule:    finding.Rule{ID: s + "x", Name: s, HelpURL: s, CWEs: []string{s}, Description: s + "."},
			Package: &finding.Package{Name: s, Version: s, FixedIn: s, Manifest: s},
			Fix:     &finding.Fix{Description: s, Edits: []finding.Edit{{Place: place, Text: s}}},
		},
	}
}

func bodies(exhibits ...promoter.Exhibit) []string {
	r := github.Renderer{}
	comment := r.Comment(exhibits)
	var explained []promoter.Explanation
	for _, e := range exhibits {
		explained = append(explained, promoter.Explanation{Exhibit: e, Shown: true}, promoter.Explanation{Exhibit: e})
	}
	return []string{
		r.Reply(promoter.Answer{Topic: promoter.TopicWhy, Ask: exhibits[0].Ask, Findings: explained}),
		r.Reply(promoter.Answer{Topic: promoter.TopicUnknown, Problem: exhibits[0].Name, Ask: exhibits[0].Ask}),
		comment, r.Comment(append(exhibits, exhibits...)), r.Summary(1, exhibits),
		r.Withdrawn(promoter.Withdrawal{Cause: promoter.RemovedFixed, Commit: "not a commit", Decision: exhibits[0].Name, Original: comment}),
	}
}

var (
	markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(renderer.WithUnsafe()))
	codeForm = regexp.MustCompile(`(?s)<(code|pre)[^>]*>.*?</(code|pre)>`)
	tagForm  = regexp.MustCompile(`<[^>]*>`)
	ownTags  = regexp.MustCompile(`^</?(p|strong|em|sub|br|span|details|summary|ul|li|table|thead|tbody|tr|th|td|pre|code|code class="language-suggestion"|br /)>$`)
	ownLinks = regexp.MustCompile(`^<a href="https://(cwe\.mitre\.org/data/definitions/[0-9]+\.html|securego\.io/[^"]*|help\.example/[^"]*)">$`)
	// What GitHub links or runs in the text that Markdown leaves.
	linkable = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|gh-[0-9]|[0-9a-f]{7,}|://|www\.|mailto:|xmpp:|:[a-z0-9_+-]+:|\$[^$]+\$`)
	unseen   = regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f\x{200c}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]`)
)

// harm returns what in a body has a meaning it must not have. GitHub's own
// Markdown is not at hand: goldmark with its GFM extension stands for it, and
// the filters that GitHub runs afterwards are regular expressions here.
func harm(body string) []string {
	var found []string
	var out bytes.Buffer
	if err := markdown.Convert([]byte(body), &out); err != nil {
		return []string{err.Error()}
	}
	page := out.String()
	for _, tag := range tagForm.FindAllString(page, -1) {
		if !ownTags.MatchString(tag) && !ownLinks.MatchString(tag) && tag != "</a>" {
			found = append(found, "tag "+tag)
		}
	}
	prose := codeForm.ReplaceAllString(page, "`")
	prose = strings.ReplaceAll(prose, "<span>$</span>", "¤")
	prose = html.UnescapeString(tagForm.ReplaceAllString(prose, "\n"))
	for _, word := range linkable.FindAllString(prose, -1) {
		found = append(found, "live text "+word)
	}
	if unseen.MatchString(strings.ReplaceAll(body, "\t", "")) {
		found = append(found, "an unseen character")
	}
	if len(body) > 65_000 {
		found = append(found, "longer than GitHub takes")
	}
	return found
}

// A check's summary is Markdown like the rest; its title and annotations are
// shown as they are, so nothing in them may be unseen.
func TestAHostileCheck(t *testing.T) {
	e := filled(hostile)
	check := github.Renderer{}.Check(promoter.Gate{Scanned: true, Failing: []promoter.Exhibit{e}})
	if found := harm(check.Summary); found != nil {
		t.Errorf("summary: %q in\n%s", found, check.Summary)
	}
	released := github.Renderer{}.Check(promoter.Gate{Release: &promoter.Release{Actor: hostile, Reason: hostile}})
	if found := harm(released.Summary); found != nil {
		t.Errorf("release: %q in\n%s", found, released.Summary)
	}
	for _, plain := range []string{check.Annotations[0].Title, check.Annotations[0].Message, released.Title} {
		if unseen.MatchString(plain) || strings.Contains(plain, "\n") {
			t.Errorf("%q", plain)
		}
	}
	if check.Conclusion != promoter.CheckFailure || released.Conclusion != promoter.CheckNeutral {
		t.Errorf("conclusions %s and %s", check.Conclusion, released.Conclusion)
	}
}

func TestHostileText(t *testing.T) {
	tests := []string{
		hostile, "", " ", "`", "``", "\\", "a\\", "<", "&lt;", "&#64;alice", "&commat;alice", "\\@alice", "@", "@@alice", "#1#2", "##1", "gh-gh-1",
		"\x00", "\u202e", strings.Repeat("a", 100_000), strings.Repeat("@a ", 40_000), strings.Repeat("`", 70_000), "::a:b:c::", ":a::b:", "$$x$$", "$`x`$",
		"[x]: https://evil.example", "[^1]: note", "</sub></details>", "</summary>", "<details>", "-->", "<?php", "<![CDATA[", "<a@b.example>",
		"https://help.example/ok", "https://user:pass@help.example/", "https://help.example/a)b(c", "https://help.example/\"onclick=\"x", "javascript:alert(1)",
		"https://github.com/acme/shop/issues/1", "HTTPS://HELP.EXAMPLE/", "https://help.example/ [x](y)", "http://help.example/", "http:/\u200b/x", "ftp://x.example",
		"deadbeef", "1234567890", "=====", "| a | b |\n|---|---|\n| c | d |", "```suggestion\nrm -rf /\n```", "a ` b", "``` a", "a\n\n    code", "- [ ] task", "www.example.com", "www",
		"*", "**", "***a***", "__a__", "~~a~~", "![](x)", "\\`", "`\\", "a@b.example", "x.y@z.example.", "xmpp:a@b.example/c", "!", "![", "![a][b]",
	}
	for _, s := range tests {
		for i, body := range bodies(filled(s)) {
			if found := harm(body); found != nil {
				t.Errorf("%.60q in body %d: %q in\n%.600s", s, i, found, body)
			}
		}
	}
}

// awkward draws text from pieces that mean something to Markdown or GitHub.
func awkward() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{"@", "#", "1", "a", "f", "gh-", "GH-", ":", "/", "//", "http", "https://", "www", ".", "`", "```", "~", "*", "_", "[", "]", "(", ")", "!",
		"<", ">", "&", ";", "#x40;", "$", "\\", "|", "-", "+", "=", " ", "\n", "\t", "\r", "\u200b", "\u202e", "é", "mailto:", "example", "com", "<!--", "-->", "<br>", "deadbee", "{", "}", "^", "\"", "'"})
	return rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOfN(piece, 0, 25), func(p []string) string { return strings.Join(p, "") }))
}

func TestNothingFromOutsideKeepsAMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := awkward().Draw(t, "text")
		for i, body := range bodies(filled(s)) {
			if found := harm(body); found != nil {
				t.Fatalf("body %d: %q in\n%s", i, found, body)
			}
		}
	})
}

// The oracle must be able to find harm.
func TestHarmIsSeen(t *testing.T) {
	for _, body := range []string{"@alice", "#1", "<b>x</b>", "![x](https://x.example)", "https://evil.example", "a\u202eb", "deadbeef", "$x$", "<!-- x -->", ":tada:"} {
		if harm(body) == nil {
			t.Errorf("%q passes", body)
		}
	}
}

func TestLongListsAreCutByWholeFindings(t *testing.T) {
	many := make([]promoter.Exhibit, 900)
	for i := range many {
		many[i] = wordingtest.Upgrade("acme/shop:F1", fmt.Sprintf("CVE-2020-%d", 1000+i), finding.High)
	}
	for _, body := range []string{github.Renderer{}.Summary(0, many), github.Renderer{}.Comment(many)} {
		shown := strings.Count(body, "\n- ")
		said := regexp.MustCompile(`\n\n([0-9]+) more findings do not fit here\.`).FindStringSubmatch(body)
		if said == nil || len(body) > 65_000 || len(body) < 60_000 {
			t.Fatalf("%d bytes, %d shown, said %q", len(body), shown, said)
		}
		if left := 900 - shown; said[1] != strconv.Itoa(left) {
			t.Errorf("%d shown and %s left out of 900", shown, said[1])
		}
	}
}

func TestSuggestion(t *testing.T) {
	tests := map[string]struct {
		edit finding.Edit
		want string
		ok   bool
	}{
		"whole line":           {edit(3, 3, 0, 0, "new\n"), "new", true},
		"whole line, column 1": {edit(3, 3, 1, 0, "new"), "new", true},
		"up to the next line":  {edit(3, 4, 1, 1, "new\n"), "new", true},
		"deletion":             {edit(3, 3, 0, 0, ""), "", true},
		"part of a line":       {edit(3, 3, 2, 5, "new"), "", false},
		"to a column":          {edit(3, 3, 1, 5, "new"), "", false},
		"another line":         {edit(9, 9, 0, 0, "new"), "", false},
		"more lines":           {edit(3, 5, 0, 0, "new"), "", false},
		"unseen":               {edit(3, 3, 0, 0, "a\u202eb"), "", false},
		"control":              {edit(3, 3, 0, 0, "a\x1b[0m"), "", false},
		"long":                 {edit(3, 3, 0, 0, strings.Repeat("x\n", 30)), "", false},
		"fence":                {edit(3, 3, 0, 0, "```\n````"), "```\n````", true},
	}
	for name, test := range tests {
		f := finding.Finding{Place: &finding.Place{Path: "a", StartLine: 3}, Fix: &finding.Fix{Edits: []finding.Edit{test.edit}}}
		if have, ok := github.Suggestion(f); have != test.want || ok != test.ok {
			t.Errorf("%s: have %q %v", name, have, ok)
		}
		body := github.Renderer{}.Comment([]promoter.Exhibit{{Finding: f}})
		if strings.Contains(body, "`suggestion\n") != test.ok {
			t.Errorf("%s: comment says\n%s", name, body)
		}
		if folded := (github.Renderer{}).Withdrawn(promoter.Withdrawal{Original: body}); strings.Contains(folded, "`suggestion") {
			t.Errorf("%s: a withdrawn comment can still be applied:\n%s", name, folded)
		}
	}
}

func edit(first, last, from, to int, text string) finding.Edit {
	return finding.Edit{Text: text, Place: finding.Place{Path: "a", StartLine: first, EndLine: last, StartColumn: from, EndColumn: to}}
}

// Many reports say nothing but a rule and a CWE: the comment still says why it
// matters and what to do.
func TestAWeaknessExplainsItselfWhereTheReportDoesNot(t *testing.T) {
	e := injection()
	e.Finding.Rule.Description, e.Finding.Rule.HelpURL, e.Finding.Fix = e.Finding.Message+".", "", nil
	body := github.Renderer{}.Comment([]promoter.Exhibit{e})
	for _, want := range []string{"Whoever controls a part of the query controls the query.", "Use placeholders"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in\n%s", want, body)
		}
	}
}
