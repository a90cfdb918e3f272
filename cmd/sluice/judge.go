package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

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

const keysText = "f false positive   n not useful   w won't fix   u useful   d duplicate   c cannot reproduce   s skip   q quit"

func (p *program) judgeCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "judge", Short: "answer the queue, one finding after the other, with single keys", Args: takes(),
		Long: "Shows one finding at a time: what was drawn at random first, which is the evidence that lets a\nscanner climb, then by value. A key answers it at once, without asking why; the next one follows.\nUseful is what is right and worth the time; duplicate and cannot reproduce say nothing about noise.\n\n" + keysText,
	}
	c.Flags().IntVar(&limit, "limit", 20, "at most so many; 0: all")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
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
		return judge(p.out, keys(os.Stdin), queue, func(v findingView, kind promoter.VerdictKind) error {
			return judged(ctx, a, s, v, kind)
		})
	})
	return c
}

func judged(ctx context.Context, a *app.App, s store.Store, v findingView, kind promoter.VerdictKind) error {
	verdict, err := newVerdict(a, string(kind), "", "")
	if err != nil {
		return err
	}
	verdict.RepoID, verdict.Finding = v.repoID, v.no
	_, err = record(ctx, a, s, verdict)
	return err
}

// keys reads single keys from a terminal, else characters. The terminal is raw
// only while it waits, so that what is written to it looks as ever.
func keys(in *os.File) func() (byte, error) {
	reader, fd := bufio.NewReader(in), int(in.Fd())
	return func() (byte, error) {
		if term.IsTerminal(fd) {
			old, err := term.MakeRaw(fd)
			if err != nil {
				return 0, err
			}
			defer func() { _ = term.Restore(fd, old) }()
		}
		k, err := reader.ReadByte()
		if k == escapeKey { // what an arrow or a function key sends has letters in it
			_, _ = reader.Discard(reader.Buffered())
		}
		return k, err
	}
}

const escapeKey = 0x1b

// ends of a sitting: q, Ctrl-C, Ctrl-D.
const quitKeys = "q\x03\x04"

// judge goes through a queue.
func judge(out io.Writer, key func() (byte, error), queue []findingView, answer func(findingView, promoter.VerdictKind) error) error {
	say := func(format string, args ...any) { fmt.Fprintf(out, format, args...) }
	if len(queue) == 0 {
		say("the queue is empty\n")
		return nil
	}
	answered := 0
	for i, v := range queue {
		say("%s\n", card(v, i+1, len(queue)))
		for next := false; !next; {
			k, err := key()
			if err == io.EOF || err == nil && strings.IndexByte(quitKeys, k) >= 0 {
				say("%s", sat(answered))
				return nil
			}
			if err != nil {
				return err
			}
			kind, known := answerKeys[k]
			switch {
			case k == 's':
				say("skipped\n\n")
				next = true
			case known:
				if err := answer(v, kind); err != nil {
					return err
				}
				answered++
				say("%s\n\n", kind)
				next = true
			case k > ' ':
				say("%s\n", keysText)
			}
		}
	}
	say("that was all; %s", sat(answered))
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
