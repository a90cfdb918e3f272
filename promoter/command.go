package promoter

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Topics of a comment besides the kinds of verdicts.
const (
	TopicWhy      = "why"
	TopicHelp     = "help"
	TopicUnknown  = "unknown"  // a command that says nothing we understand
	TopicWords    = "words"    // no command: an answer in words, kept and not a verdict
	TopicOutsider = "outsider" // somebody without write access gave a verdict
	TopicNowhere  = "nowhere"  // a verdict that stands beside no notice of ours
)

// Command is what a comment says to us.
type Command struct {
	Topic   string      // a kind of verdict, or one of the topics
	Kind    VerdictKind // "" unless it is a verdict
	Reason  string      // as written, on one line
	Until   time.Time   // accept: the last day, 00:00 UTC
	Problem string      // unknown: what is wrong with it
}

// commandWord starts a command, at the beginning of a line.
const commandWord = "/sluice"

// maxReason is how much of a reason is kept, in bytes.
const maxReason = 500

// verbs are the words of commands, as people also write them.
var verbs = map[string]VerdictKind{
	"false-positive": VerdictFalsePositive, "falsepositive": VerdictFalsePositive, "fp": VerdictFalsePositive,
	"not-useful": VerdictNotUseful, "useless": VerdictNotUseful,
	"wont-fix": VerdictWontFix, "won't-fix": VerdictWontFix, "wontfix": VerdictWontFix,
	"accept": VerdictAccepted, "accepted": VerdictAccepted,
	"useful": VerdictUseful, "fixed": VerdictFixed,
}

// ParseCommand reads a comment in GitHub's Markdown: its first line outside of
// quotes and code that begins with /sluice. written is when, for ends such as
// 30d. A comment without one is an answer in words.
func ParseCommand(body string, written time.Time) Command {
	line, ok := commandLine(body)
	if !ok {
		return Command{Topic: TopicWords}
	}
	word, rest := cutWord(line)
	word = strings.ToLower(strings.ReplaceAll(strings.TrimRight(word, ".,:;!?"), "_", "-"))
	switch kind := verbs[word]; {
	case word == TopicWhy, word == TopicHelp:
		return Command{Topic: word}
	case word == "":
		return Command{Topic: TopicHelp}
	case kind == VerdictAccepted:
		return parseAccept(rest, written)
	case kind != "":
		return Command{Topic: string(kind), Kind: kind, Reason: reasonOf(rest)}
	}
	return Command{Topic: TopicUnknown, Problem: fmt.Sprintf("there is no command %q", clip(word, 40))}
}

func parseAccept(rest string, written time.Time) Command {
	word, reason := cutWord(rest)
	if strings.EqualFold(word, "until") {
		word, reason = cutWord(reason)
	}
	until, err := parseEnd(word, written)
	c := Command{Topic: string(VerdictAccepted), Kind: VerdictAccepted, Reason: reasonOf(reason), Until: until}
	switch {
	case err != nil:
		c = Command{Topic: TopicUnknown, Problem: "`accept` needs its last day first: YYYY-MM-DD, or a span such as 30d"}
	case !until.AddDate(0, 0, 1).After(written):
		c = Command{Topic: TopicUnknown, Problem: "the last day of `accept` is over already"}
	case c.Reason == "":
		c = Command{Topic: TopicUnknown, Problem: "`accept` needs a reason after its last day"}
	}
	return c
}

// maxSpan is the longest that anything can be accepted for: who means for ever
// says wont-fix.
const maxSpan = 5 * 366

// parseEnd reads a last day: a date, or a number of days.
func parseEnd(text string, from time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(strings.ToLower(text), "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > maxSpan {
			return time.Time{}, fmt.Errorf("%q is no number of days", text)
		}
		y, m, d := from.UTC().Date()
		return time.Date(y, m, d+n, 0, 0, 0, 0, time.UTC), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err == nil && day.After(from.AddDate(0, 0, maxSpan)) {
		err = fmt.Errorf("%s is too far away", text)
	}
	return day, err
}

// commandLine is what follows the command's word on its line. What is in an HTML
// comment nobody sees, perhaps not even who pasted it.
func commandLine(body string) (string, bool) {
	fence, hidden := "", false
	for line := range strings.Lines(body) {
		text := strings.TrimSpace(line)
		if fence == "" {
			was := hidden
			if opens, ends := strings.LastIndex(text, "<!--"), strings.LastIndex(text, "-->"); opens != ends {
				hidden = opens > ends
			}
			if was {
				continue
			}
		}
		switch {
		case fence != "":
			if strings.HasPrefix(text, fence) && strings.Trim(text, fence[:1]) == "" {
				fence = ""
			}
			continue
		case strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
			fence = text[:len(text)-len(strings.TrimLeft(text, text[:1]))]
			continue
		case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "\t"):
			continue // indented code
		}
		if len(text) < len(commandWord) || !strings.EqualFold(text[:len(commandWord)], commandWord) {
			continue
		}
		rest := text[len(commandWord):]
		if first, _ := utf8.DecodeRuneInString(rest); rest == "" || unicode.IsSpace(first) {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

func cutWord(line string) (word, rest string) {
	line = strings.TrimSpace(line)
	if i := strings.IndexFunc(line, unicode.IsSpace); i >= 0 {
		return line[:i], strings.TrimSpace(line[i:])
	}
	return line, ""
}

// reasonOf keeps what can be shown on one line.
func reasonOf(text string) string {
	return clip(strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "), maxReason)
}

// clip cuts text to a number of bytes, between runes.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// ParseReaction reads a reaction as GitHub names it; ok is false for those that
// say nothing about a finding.
func ParseReaction(content string) (VerdictKind, bool) {
	kind := map[string]VerdictKind{"+1": VerdictUseful, "-1": VerdictNotUseful}[content]
	return kind, kind != ""
}

// Utterance is one thing somebody said in a pull request.
type Utterance struct {
	ID       string // reaction/12, review/13 (a comment on a line), issue/14 (one on the whole)
	Notice   int64  // beside which it stands; 0: none of ours
	Login    string
	Bot      bool
	Reaction string // as the platform names it; "" for a comment
	Body     string // of a comment
	At       time.Time
	Edited   time.Time // zero: never
	Answered bool      // we have replied to it
}

// Said is what the utterance says.
func (u Utterance) Said() Command {
	if u.Reaction == "" {
		return ParseCommand(u.Body, u.Time())
	}
	if kind, ok := ParseReaction(u.Reaction); ok {
		return Command{Topic: string(kind), Kind: kind}
	}
	return Command{Topic: TopicWords}
}

// Time is when it was said as it stands now.
func (u Utterance) Time() time.Time { return cmp.Or(u.Edited, u.At) }

// Source is where it was said.
func (u Utterance) Source() VerdictSource {
	if u.Reaction != "" {
		return FromReaction
	}
	return FromReply
}

// Hearing is everything people say in one pull request beside our notices, or
// to us. What is not in a complete one was taken back.
type Hearing struct {
	Utterances []Utterance
	Complete   bool
}
