package promoter_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
)

var written = time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)

func day(text string) time.Time {
	t, _ := time.Parse(time.DateOnly, text)
	return t
}

func TestParseCommand(t *testing.T) {
	verdict := func(kind promoter.VerdictKind, reason string) promoter.Command {
		return promoter.Command{Topic: string(kind), Kind: kind, Reason: reason}
	}
	accepted := func(until, reason string) promoter.Command {
		c := verdict(promoter.VerdictAccepted, reason)
		c.Until = day(until)
		return c
	}
	unknown := func(problem string) promoter.Command {
		return promoter.Command{Topic: promoter.TopicUnknown, Problem: problem}
	}
	words := promoter.Command{Topic: promoter.TopicWords}
	const noEnd = "`accept` needs its last day first: YYYY-MM-DD, or a span such as 30d"
	for body, want := range map[string]promoter.Command{
		"/sluice false-positive the input is a constant": verdict(promoter.VerdictFalsePositive, "the input is a constant"),
		"/sluice false-positive":                         verdict(promoter.VerdictFalsePositive, ""),
		"/Sluice FALSE_POSITIVE: x":                      verdict(promoter.VerdictFalsePositive, "x"),
		"Hello!\r\n\r\n  /sluice not-useful\r\nbye":      verdict(promoter.VerdictNotUseful, ""),
		"/sluice wont-fix\tlegacy  code":                 verdict(promoter.VerdictWontFix, "legacy code"),
		"/sluice wontfix legacy":                         verdict(promoter.VerdictWontFix, "legacy"),
		"/sluice useful":                                 verdict(promoter.VerdictUseful, ""),
		"/sluice fixed in the next commit":               verdict(promoter.VerdictFixed, "in the next commit"),
		"/sluice accept 2026-12-31 until the rewrite":    accepted("2026-12-31", "until the rewrite"),
		"/sluice accept until 2026-03-01 today":          accepted("2026-03-01", "today"),
		"/sluice accept 30d soon gone":                   accepted("2026-03-31", "soon gone"),
		"/sluice accept 2026-02-28 too late":             unknown("the last day of `accept` is over already"),
		"/sluice accept soon":                            unknown(noEnd),
		"/sluice accept":                                 unknown(noEnd),
		"/sluice accept 2926-12-31 for ever":             unknown(noEnd),
		"/sluice accept 2026-12-31":                      unknown("`accept` needs a reason after its last day"),
		"/sluice why?":                                   {Topic: promoter.TopicWhy},
		"/sluice help me":                                {Topic: promoter.TopicHelp},
		"/sluice":                                        {Topic: promoter.TopicHelp},
		"/sluice dance":                                  unknown(`there is no command "dance"`),
		"/sluicegate open":                               words,
		"see /sluice why":                                words,
		"> /sluice false-positive":                       words,
		"    /sluice why":                                words,
		"```\n/sluice why\n```\nthanks":                  words,
		"Thanks.\n<!--\n/sluice false-positive\n-->":     words,
		"Thanks. <!-- x --> <!--\n/sluice why\n":         words,
		"<!-- x -->\n/sluice why":                        {Topic: promoter.TopicWhy},
		"<!--\n```\n-->\n/sluice why":                    {Topic: promoter.TopicWhy},
		"```\n<!--\n```\n/sluice why":                    {Topic: promoter.TopicWhy},
		"/ſluice why":                                    words,
		"／sluice why":                                    words,
		"\u200b/sluice why":                              words,
		"~~~\n/sluice why\n```\n/sluice why":             words,
		"````\n```\n/sluice why\n````\n/sluice useful":   verdict(promoter.VerdictUseful, ""),
		"/sluice useful\n/sluice false-positive":         verdict(promoter.VerdictUseful, ""),
		"I think this is wrong.":                         words,
		"":                                               words,
	} {
		if diff := cmp.Diff(want, promoter.ParseCommand(body, written)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", body, diff)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, seed := range []string{"/sluice accept 30d x", "```\n/sluice why", "/sluice \x00\xff useful", "/sluice false-positive " + strings.Repeat("é", 400)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c := promoter.ParseCommand(body, written)
		if c.Topic == "" || (c.Kind == "") != (c.Topic != string(c.Kind)) {
			t.Errorf("%q: %+v", body, c)
		}
		if len(c.Reason) > 500 || !utf8.ValidString(c.Reason) || strings.ContainsAny(c.Reason, "\n\r\x00") {
			t.Errorf("%q: reason %q", body, c.Reason)
		}
		if (c.Problem != "") != (c.Topic == promoter.TopicUnknown) || len(c.Problem) > 200 {
			t.Errorf("%q: problem %q", body, c.Problem)
		}
		if c.Kind == promoter.VerdictAccepted && (c.Reason == "" || c.Until.Before(day("2026-03-01"))) {
			t.Errorf("%q: accepted until %s because %q", body, c.Until, c.Reason)
		}
		if c.Topic != promoter.TopicWords && !strings.Contains(strings.ToLower(body), "/sluice") {
			t.Errorf("%q: %+v", body, c)
		}
	})
}

func TestParseReaction(t *testing.T) {
	for content, want := range map[string]promoter.VerdictKind{"+1": promoter.VerdictUseful, "-1": promoter.VerdictNotUseful, "heart": "", "": ""} {
		if got, ok := promoter.ParseReaction(content); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", content, got, ok)
		}
	}
}
