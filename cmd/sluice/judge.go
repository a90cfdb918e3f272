package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// answerKeys are the single keys of a sitting.
var answerKeys = map[byte]promoter.VerdictKind{
	'f': promoter.VerdictFalsePositive, 'n': promoter.VerdictNotUseful, 'w': promoter.VerdictWontFix,
	'u': promoter.VerdictUseful, 'd': promoter.VerdictDuplicate, 'c': promoter.VerdictUnreproducible,
}

const keysText = "f false positive   n not useful   w won't fix   u useful   d duplicate   c cannot reproduce   s skip   b back   q quit"

func (p *program) judgeCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "judge", Short: "answer the queue, one finding after the other, with single keys", Args: takes(),
		Long: "Shows one finding at a time: what was drawn at random first, which is the evidence that lets a\nscanner climb, then by value. A key answers it at once, without asking why; the next one follows.\nUseful is what is right and worth the time; duplicate and cannot reproduce say nothing about noise.\nb takes the last answer of this sitting back and shows its finding again. On a terminal, more than\none key at once, as when text is pasted, records nothing. It is always text, whatever --output says.\n\n" + keysText,
	}
	c.Flags().IntVar(&limit, "limit", 20, "at most so many; 0: all")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if limit < 0 {
			return usagef("--limit %d: a limit is 0 or more", limit)
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		queue, err := queued(ctx, s)
		if err != nil {
			return err
		}
		queue = slices.DeleteFunc(queue, func(v findingView) bool { return v.Answered })
		if limit > 0 && len(queue) > limit {
			queue = queue[:limit]
		}
		return judge(p.out, keys(os.Stdin), queue, func(v findingView, kind promoter.VerdictKind) (undo func() error, err error) {
			return judged(ctx, a, s, v, kind)
		})
	})
	return c
}

// judged records an answer; undo takes it back.
func judged(ctx context.Context, a *app.App, s store.Store, v findingView, kind promoter.VerdictKind) (undo func() error, err error) {
	verdict, err := newVerdict(a, string(kind), "", "")
	if err != nil {
		return nil, err
	}
	verdict.RepoID, verdict.Finding = v.repoID, v.no
	verdict, err = record(ctx, a, s, verdict)
	return func() error { return takeBack(ctx, a, s, verdict) }, err
}

// takeBack retracts what record recorded.
func takeBack(ctx context.Context, a *app.App, s store.Store, recorded promoter.Verdict) error {
	standing, err := s.Verdicts(ctx, store.VerdictQuery{RepoID: recorded.RepoID, Finding: recorded.Finding, Person: recorded.Person, Source: recorded.Source, Standing: true})
	if err != nil {
		return err
	}
	back := store.Recording{Actor: a.Actor, At: a.Now().UTC()}
	for _, v := range standing {
		if v.ExternalID == recorded.ExternalID {
			back.Retract = append(back.Retract, v.ID)
		}
	}
	if len(back.Retract) == 0 {
		return nil // somebody else was faster
	}
	return s.Record(ctx, back)
}

// keys reads single keys from a terminal, else characters: a file or a pipe is
// what somebody wrote on purpose. The terminal is raw only while it waits, so
// that what is written to it looks as ever.
func keys(in *os.File) func() (byte, error) {
	fd := int(in.Fd())
	if !term.IsTerminal(fd) {
		return bufio.NewReader(in).ReadByte
	}
	return func() (byte, error) {
		old, err := term.MakeRaw(fd)
		if err != nil {
			return 0, err
		}
		defer func() { _ = term.Restore(fd, old) }()
		return oneKey(in)
	}
}

const escapeKey = 0x1b

// errBurst: no finger presses several keys at once. It is a text, pasted or
// typed while nothing was asked.
var errBurst = errors.New("that was more than one key: nothing recorded")

// oneKey reads from a raw terminal what is there, which must be one key. What
// an arrow or a function key sends has letters in it, and is none that counts.
func oneKey(in io.Reader) (byte, error) {
	buf := make([]byte, 8192) // more than a terminal keeps
	n, err := in.Read(buf)
	if n == 0 {
		return 0, cmp.Or(err, io.ErrNoProgress)
	}
	got := buf[:n]
	if i := bytes.IndexAny(got, leaveKeys); i >= 0 {
		return got[i], nil
	}
	if _, width := utf8.DecodeRune(got); width < n && got[0] != escapeKey {
		return 0, errBurst
	}
	return got[0], nil
}

// ends of a sitting: Ctrl-C and Ctrl-D, which nobody pastes, and q.
const (
	leaveKeys = "\x03\x04"
	quitKeys  = "q" + leaveKeys
)

// answerFunc records an answer; undo takes it back.
type answerFunc func(findingView, promoter.VerdictKind) (undo func() error, err error)

// judge goes through a queue.
func judge(out io.Writer, key func() (byte, error), queue []findingView, answer answerFunc) error {
	if len(queue) == 0 {
		fmt.Fprintln(out, "the queue is empty")
		return nil
	}
	t := sitting{out: out, key: key, queue: queue, answer: answer}
	for t.at < len(queue) {
		fmt.Fprintf(out, "%s\n", card(queue[t.at], t.at+1, len(queue)))
		if left, err := t.one(); err != nil || left {
			if err == nil {
				fmt.Fprint(out, sat(len(t.answers)))
			}
			return err
		}
	}
	fmt.Fprintf(out, "that was all; %s", sat(len(t.answers)))
	return nil
}

// sitting is how far somebody has come with a queue.
type sitting struct {
	out     io.Writer
	key     func() (byte, error)
	queue   []findingView
	answer  answerFunc
	at      int // in queue
	answers []given
}

// given is an answer that b takes back.
type given struct {
	at   int // in queue
	undo func() error
}

// one waits until another finding is to be shown, or the sitting is left.
func (t *sitting) one() (left bool, err error) {
	for {
		k, err := t.key()
		switch {
		case errors.Is(err, errBurst):
			fmt.Fprintln(t.out, err)
			continue
		case err == io.EOF || err == nil && strings.IndexByte(quitKeys, k) >= 0:
			return true, nil
		case err != nil:
			return false, err
		}
		kind, known := answerKeys[k]
		switch {
		case known:
			return false, t.record(kind)
		case k == 's':
			fmt.Fprint(t.out, "skipped\n\n")
			t.at++
			return false, nil
		case k == 'b' && len(t.answers) > 0:
			return false, t.back()
		case k == 'b':
			fmt.Fprintln(t.out, "nothing was recorded in this sitting")
		case k > ' ':
			fmt.Fprintln(t.out, keysText)
		}
	}
}

func (t *sitting) record(kind promoter.VerdictKind) error {
	undo, err := t.answer(t.queue[t.at], kind)
	if err != nil {
		return err
	}
	t.answers = append(t.answers, given{at: t.at, undo: undo})
	fmt.Fprintf(t.out, "%s\n\n", kind)
	t.at++
	return nil
}

// back returns to the finding that was answered last, before any skipped since.
func (t *sitting) back() error {
	last := t.answers[len(t.answers)-1]
	if err := last.undo(); err != nil {
		return err
	}
	t.answers, t.at = t.answers[:len(t.answers)-1], last.at
	fmt.Fprint(t.out, "taken back\n\n")
	return nil
}

// sat is what is said at the end of a sitting.
func sat(answered int) string {
	if answered == 0 {
		return "0 answered\n"
	}
	return fmt.Sprintf("%d answered; `sluice verdict list` shows them, `sluice verdict retract NUMBER` takes one back\n", answered)
}

// card is one finding as it is judged.
func card(v findingView, n, of int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%d/%d] %s  %s  %s %s", n, of, v.Name, v.Severity, v.Scanner, v.Rule)
	if v.Sampled {
		b.WriteString("  (drawn at random)")
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", where(v.Place), line(v.Message))
	for _, text := range strings.Split(strings.TrimRight(v.Snippet, "\n"), "\n") {
		if text != "" {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(text, "\t", "  "))
		}
	}
	b.WriteString(keysText)
	return b.String()
}
