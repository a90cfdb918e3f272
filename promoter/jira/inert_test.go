package jira_test

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
)

// fragments are what a text from outside may be made of.
var fragments = []string{
	"@alice", "[~alice]", "[~accountid:5b10]", "SEC-1", "{code}", "{noformat}", "{{", "}}", "{html}<b>", "{color:red}", "!http://evil.example/p.png!",
	"[y|https://evil.example]", "[https://evil.example]", "https://evil.example", "http:/", "www.evil.example", "WWW.", "ftp.x", "mailto:", "file://x", "\\", "\\\\",
	"*", "_", "-", "+", "^", "~", "?", "??", "|", "||", "#", "%", "(", ")", ":)", ":D", ";)", "(!)", "(x)", "h1.", "bq.", "h3. x", "----", "&lt;", "&#91;", "&", "<", ">", ";", ":",
	"\n", "\r\n", "\t", " ", "a", "Z9", "\u202e", "\u200b", "\x1b", "\x00", "\xff", "}", "{", "[", "]", "!", "{panel}", "{quote}",
}

func foreign() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(fragments), rapid.StringN(0, 3, 6)), 0, 12).Draw(t, "parts"), "")
	})
}

// exhibits puts foreign text wherever an exhibit takes text.
func exhibits() *rapid.Generator[[]promoter.Exhibit] {
	return rapid.Custom(func(t *rapid.T) []promoter.Exhibit {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) promoter.Exhibit {
			e := filled(foreign().Draw(t, "all"))
			e.Finding.Message, e.Finding.Fix.Edits[0].Text = foreign().Draw(t, "message"), foreign().Draw(t, "code")
			e.Finding.Rule.CWEs = []string{"CWE-79", foreign().Draw(t, "cwe")}
			e.Finding.Rule.HelpURL = rapid.SampledFrom([]string{"https://help.example/rule", "javascript:alert(1)", "https://a@help.example/", "https://help.example/x|y]z"}).Draw(t, "help")
			return e
		}), 1, 4).Draw(t, "exhibits")
	})
}

var ownLink = regexp.MustCompile(`^https://(cwe\.mitre\.org/data/definitions/[0-9]+\.html|help\.example/[!-~]*)$`)

// texts are all that a renderer writes about some exhibits.
func texts(r jira.Renderer, all []promoter.Exhibit) []string {
	_, body := r.Task(all)
	return []string{body, r.HandBack(promoter.Withdrawal{Cause: promoter.RemovedFixed, Commit: all[0].Name, Decision: all[0].Name})}
}

func TestTitlesAreOneShortLine(t *testing.T) {
	wide := exhibit(1)
	wide.Finding.Rule.Name, wide.Name, wide.Finding.Place.Path = strings.Repeat("🚧", 300), strings.Repeat("🚧", 300)+"/x:F1", strings.Repeat("🚧", 300)
	if title, _ := jira.NewRenderer(jira.Cloud).Task([]promoter.Exhibit{wide}); len(utf16.Encode([]rune(title))) > 255 {
		t.Errorf("title %q", title)
	}
	rapid.Check(t, func(t *rapid.T) {
		title, _ := jira.NewRenderer(jira.Cloud).Task(exhibits().Draw(t, "exhibits"))
		if title == "" || len(utf16.Encode([]rune(title))) > 255 || strings.ContainsFunc(title, unicode.IsControl) {
			t.Errorf("title %q", title)
		}
	})
}

// TestDocumentsAreInert: in the nodes we write and no others, with the links
// we checked and no others.
func TestDocumentsAreInert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, body := range texts(jira.NewRenderer(jira.Cloud), exhibits().Draw(t, "exhibits")) {
			var doc m
			if err := json.Unmarshal([]byte(body), &doc); err != nil {
				t.Fatal(err)
			}
			walk(t, doc, "")
		}
	})
}

func walk(t *rapid.T, n m, within string) {
	kind := n["type"].(string)
	if !slices.Contains(strings.Fields("doc paragraph bulletList listItem codeBlock text hardBreak"), kind) {
		t.Fatalf("a %s in a %s", kind, within)
	}
	text, _ := n["text"].(string)
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && (within != "codeBlock" || r != '\n' && r != '\t') || r == '\u202e' || r == '\u200b'
	}) {
		t.Fatalf("text %q", text)
	}
	marks, _ := n["marks"].([]any)
	for _, x := range marks {
		switch mark := x.(m); mark["type"] {
		case "strong", "code":
		case "link":
			if href := mark["attrs"].(m)["href"].(string); !ownLink.MatchString(href) {
				t.Fatalf("a link to %q", href)
			}
		default:
			t.Fatalf("mark %v", mark)
		}
	}
	content, _ := n["content"].([]any)
	for _, x := range content {
		walk(t, x.(m), kind)
	}
}

var (
	wikiOrdinary = regexp.MustCompile(`\\[-#*_+?^~|%{}\[\]()!@]|&#[0-9]+;`) // what Jira's renderer takes for text
	wikiFence    = regexp.MustCompile(`(?s)(^|\n)\{noformat\}\n(.*?)\n\{noformat\}(\n|$)`)
	wikiLink     = regexp.MustCompile(`\[([^\[\]|]*)\|([^\[\]|]*)\]`)
	wikiCode     = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	wikiStrong   = regexp.MustCompile(`\*[^*\n]+\*`)
)

// TestWikiTextIsInert takes away what we write and what is escaped, and looks
// for signs that still mean something.
func TestWikiTextIsInert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, body := range texts(jira.NewRenderer(jira.DataCenter), exhibits().Draw(t, "exhibits")) {
			rest := body
			for _, m := range wikiFence.FindAllStringSubmatch(rest, -1) {
				if strings.Contains(m[2], "{noformat") {
					t.Fatalf("code ends early in\n%s", body)
				}
			}
			rest = wikiFence.ReplaceAllString(rest, "\n")
			rest = wikiOrdinary.ReplaceAllString(rest, "x")
			for _, m := range wikiLink.FindAllStringSubmatch(rest, -1) {
				if !ownLink.MatchString(m[2]) {
					t.Fatalf("a link to %q in\n%s", m[2], body)
				}
			}
			rest = wikiCode.ReplaceAllString(wikiLink.ReplaceAllString(rest, "x"), "x")
			for _, line := range strings.Split(rest, "\n") {
				line = wikiStrong.ReplaceAllString(strings.TrimPrefix(line, "* "), "x")
				if i := strings.IndexAny(line, `\{}[]*_^~|!?@#+-<>&%()`); i >= 0 {
					// Ours are the brackets around the name of a finding in a list.
					if bare := strings.NewReplacer(" (", " ", ")", "").Replace(line); strings.ContainsAny(bare, `\{}[]*_^~|!?@#+-<>&%(`) {
						t.Fatalf("%q in the line %q of\n%s", line[i], line, body)
					}
				}
				if regexp.MustCompile(`(?i)[:;][^ ]|\bwww\.|\bftp\.|^(h[1-6]|bq)\.`).MatchString(line) {
					t.Fatalf("line %q of\n%s", line, body)
				}
			}
		}
	})
}

func TestALineOfTextStaysOne(t *testing.T) {
	for message, want := range map[string]string{"h1. big": "&#104;1. big", "bq. said": "&#98;q. said", "h7. no": "h7. no", "www.evil.example": "www&#46;evil.example", "# one": `\# one`} {
		e := exhibit(1)
		e.Finding.Message = message
		_, body := jira.NewRenderer(jira.DataCenter).Task([]promoter.Exhibit{e})
		if !strings.Contains(body, "\n\n"+want+"\n\n") {
			t.Errorf("%q is not %q in\n%s", message, want, body)
		}
	}
}

// TestShownAsTextOnTheBoard reads a hostile task as a page shows it: the
// words are there, and nothing but our own tags and links.
func TestShownAsTextOnTheBoard(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.planned("plain")
		n.Task.Title, n.Body = b.renders.Task([]promoter.Exhibit{filled(hostile)})
		n = b.do(b.effect(promoter.VerbTask, "tok", n))
		b.do(b.effect(promoter.VerbHandBack, "tok2", b.withdrawn(n, promoter.RemovedStage)))
		page := b.page("/ui/jira/browse/" + n.Remote.Key)
		body := regexp.MustCompile(`(?s)<div class="rich">.*?</div>`).FindString(page)
		for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(body, -1) {
			if !regexp.MustCompile(`^(</?(p|strong|code|pre|div)>|<br>|<div class="rich">)$`).MatchString(tag) {
				t.Errorf("tag %s", tag)
			}
		}
		words := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, ""))
		for _, want := range []string{"ping @alice [~alice] [~accountid:5b10] closes SEC-1", `!https://evil.example/p.png! [y|https://evil.example]`, `\\host\share *a* _b_ -c- +d+`,
			"{{h}} |i| ||j|| :) ;) (!) (x)", "&lt;b&gt; &#91;x|https://evil.example&#93;", "(U+202E)evil(U+202C)"} {
			if !strings.Contains(words, want) {
				t.Errorf("%q is not shown in\n%s", want, words)
			}
		}
	})
}

// page is a page of the sandbox, as a browser gets it.
func (b *bench) page(path string) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, b.url+path, nil)
	b.must(err)
	resp, err := http.DefaultClient.Do(r)
	b.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	b.must(err)
	return string(text)
}

// TestATaskNeverOutgrowsJira: it is cut by whole findings, and says how many.
func TestATaskNeverOutgrowsJira(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		var all []promoter.Exhibit
		for n := range 400 {
			e := exhibit(n)
			e.Finding.Message = strings.Repeat("wörter {und} \"zeichen\" 🚧 ", 20)
			all = append(all, e)
		}
		n := b.planned("plain")
		n.Task.Title, n.Body = b.renders.Task(all)
		b.do(b.effect(promoter.VerbTask, "tok", n))
		i := b.only()
		listed := strings.Count(i.Description.Wiki, "{{acme/shop")
		left := regexp.MustCompile(`([0-9]+) more findings do not fit here`).FindStringSubmatch(i.Description.Wiki)
		if length := len(utf16.Encode([]rune(n.Body))); length > 32_767 || length < 30_000 || left == nil || listed < 20 {
			t.Fatalf("%d characters, %d listed, %v left", length, listed, left)
		}
		if got := len(all) - listed; left[1] != strconv.Itoa(got) {
			t.Errorf("%d listed of %d, and %s said to be left", listed, len(all), left[1])
		}
		n.Task.Title, n.Body = b.renders.Task([]promoter.Exhibit{filled(strings.Repeat(`"\{`, 20_000))})
		if length := len(utf16.Encode([]rune(n.Body))); length > 32_767 {
			t.Errorf("one finding: %d characters", length)
		}
	})
}
