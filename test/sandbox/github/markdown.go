package github

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	rawhtml "github.com/yuin/goldmark/renderer/html"
)

// markdown turns comments into HTML: GitHub's flavour by goldmark, then everything that is not on a short list of
// elements is thrown out. Images are, too: a page must not fetch anything.
type markdown struct {
	reader goldmark.Markdown
	policy *bluemonday.Policy
}

func newMarkdown() *markdown {
	p := bluemonday.NewPolicy()
	p.AllowStandardURLs()
	p.AllowAttrs("href").OnElements("a")
	p.RequireNoFollowOnLinks(true)
	p.AllowLists()
	p.AllowTables()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "b", "i", "del", "sub", "sup",
		"details", "summary", "kbd", "ins", "q", "tt", "var", "samp")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^$|^open$`)).OnElements("details")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[\w+-]+$`)).OnElements("code")
	return &markdown{
		reader: goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(rawhtml.WithUnsafe(), rawhtml.WithHardWraps())),
		policy: p,
	}
}

// html renders a text. original is the code a suggestion would replace; empty where there is none.
func (m *markdown) html(text, original string) template.HTML {
	var b bytes.Buffer
	if err := m.reader.Convert([]byte(text), &b); err != nil {
		return template.HTML("<pre>" + html.EscapeString(text) + "</pre>") // escaped
	}
	safe := m.policy.Sanitize(b.String())
	return template.HTML(suggestions(safe, original)) // sanitised
}

const suggestionStart, suggestionEnd = `<pre><code class="language-suggestion">`, `</code></pre>`

// suggestions shows suggestion blocks as the change they are. It works on sanitised HTML and adds only escaped text.
func suggestions(safe, original string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(safe, suggestionStart)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		code, after, _ := strings.Cut(rest, suggestionEnd)
		b.WriteString(`<div class="suggestion"><div class="suggestion-title">Suggested change</div><pre class="diff">`)
		for line := range strings.Lines(original) {
			fmt.Fprintf(&b, `<span class="del">- %s</span>`, html.EscapeString(strings.TrimSuffix(line, "\n")))
		}
		for line := range strings.Lines(code) {
			fmt.Fprintf(&b, `<span class="add">+ %s</span>`, strings.TrimSuffix(line, "\n"))
		}
		b.WriteString(`</pre></div>`)
		safe = after
	}
}
