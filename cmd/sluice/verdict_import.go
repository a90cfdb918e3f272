package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// imported is what came of a file.
type imported struct {
	Recorded int      `json:"recorded"` // those known already among them
	Known    int      `json:"known"`    // of those recorded, what an earlier import had said
	Repeated int      `json:"repeated"` // lines that say what another line says
	Problems []string `json:"problems"`
}

func (p *program) verdictImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import FILE", Short: "record verdicts from a CSV or JSON file", Args: takes("the FILE"),
		Long: "Records the verdicts of a file, as asserted by whoever imports it. A CSV file begins with a line\nthat names its columns, in any order: finding, kind, and person, at, until, reason if it has them.\n" +
			"A JSON file is a list of objects with the same keys. The same line imported again is one verdict.\nA line that cannot be used is named and skipped; the exit code is then 3.",
		Example: "  finding,kind,person,at,reason\n  acme/shop:F12,false-positive,github:alice,2026-03-01,the input is a constant",
	}
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		lines, err := readVerdicts(args[0])
		if err != nil {
			return usagef("%w", err)
		}
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		done, err := importVerdicts(ctx, a, s, lines)
		if err != nil {
			return err
		}
		err = p.show(done, func(w io.Writer) error {
			for i, problem := range done.Problems {
				if i == manyProblems {
					fmt.Fprintf(p.err, "%s: and %d more; --output json names them all\n", args[0], len(done.Problems)-i)
					break
				}
				fmt.Fprintf(p.err, "%s: %s\n", args[0], problem)
			}
			text := fmt.Sprintf("%s recorded%s, %s skipped", counted(done.Recorded, "verdict"), some(count(done.Known, "known before")), counted(len(done.Problems), "line"))
			if done.Repeated > 0 {
				text += fmt.Sprintf(", %s said what another says", counted(done.Repeated, "line"))
			}
			_, err := fmt.Fprintln(w, text)
			return err
		})
		if err == nil && len(done.Problems) > 0 {
			return ended(codePartial)
		}
		return err
	})
	return c
}

// manyProblems is how many lines that cannot be used are named to a person.
const manyProblems = 20

func importVerdicts(ctx context.Context, a *app.App, s store.Store, lines []importLine) (imported, error) {
	done := imported{Problems: []string{}}
	known, err := findingsByName(ctx, s)
	if err != nil {
		return done, err
	}
	now := a.Now().UTC()
	rec := store.Recording{Actor: a.Actor, At: now}
	var people []promoter.Alias
	said := map[string]bool{}
	for _, l := range lines {
		v, who, err := l.verdict(known, a.Actor, now)
		switch {
		case err != nil:
			done.Problems = append(done.Problems, fmt.Sprintf("%s: %v", l.where, err))
		case said[v.ExternalID]:
			done.Repeated++
		default:
			said[v.ExternalID] = true
			people, rec.Verdicts = append(people, who), append(rec.Verdicts, v)
		}
	}
	if len(people) == 0 {
		return done, nil
	}
	ids, err := s.EnsurePeople(ctx, people...)
	if err != nil {
		return done, err
	}
	for i := range rec.Verdicts {
		rec.Verdicts[i].Person = ids[i]
	}
	done.Recorded = len(rec.Verdicts)
	if done.Known, err = alreadyImported(ctx, s, said); err != nil {
		return done, err
	}
	return done, s.Record(ctx, rec)
}

// alreadyImported counts what stands from earlier imports.
func alreadyImported(ctx context.Context, s store.Answers, said map[string]bool) (n int, err error) {
	standing, err := s.Verdicts(ctx, store.VerdictQuery{Standing: true})
	for _, v := range standing {
		if v.Source == promoter.FromImport && said[v.ExternalID] {
			n++
		}
	}
	return n, err
}

type findingKey struct{ repo, no int64 }

// findingsByName indexes all findings by acme/shop:F12 in lower case.
func findingsByName(ctx context.Context, s store.Store) (map[string]findingKey, error) {
	out := map[string]findingKey{}
	err := eachRepository(ctx, s, "", func(snap *store.Snapshot) (bool, error) {
		for _, f := range snap.Findings {
			out[strings.ToLower(promoter.FindingName(snap.Repository.FullName(), f.No))] = findingKey{snap.Repository.ID, f.No}
		}
		return true, nil
	})
	return out, err
}

func (l importLine) verdict(known map[string]findingKey, actor string, now time.Time) (v promoter.Verdict, who promoter.Alias, err error) {
	if l.wrong != nil {
		return v, who, l.wrong
	}
	if l.Finding == "" {
		return v, who, errors.New("it names no finding")
	}
	key, ok := known[strings.ToLower(l.Finding)]
	if !ok {
		return v, who, fmt.Errorf("there is no finding %q", l.Finding)
	}
	v = promoter.Verdict{RepoID: key.repo, Finding: key.no, Source: promoter.FromImport, Reason: line(l.Reason), At: now}
	if v.Kind, err = promoter.ParseVerdictKind(l.Kind); err != nil {
		return v, who, err
	}
	if l.At != "" {
		if v.At, err = parseMoment(l.At); err != nil || v.At.After(now) {
			return v, who, fmt.Errorf("at: %q is no day or time of the past", l.At)
		}
	}
	if l.Until != "" {
		if v.Until, err = time.Parse(time.DateOnly, l.Until); err != nil {
			return v, who, fmt.Errorf("until: %q is no date such as 2026-12-31", l.Until)
		}
	}
	if (v.Kind == promoter.VerdictAccepted) != (l.Until != "") {
		return v, who, errors.New("until goes with accepted, and accepted needs it")
	}
	if l.Person == "" {
		l.Person = actor
	}
	if who, err = promoter.ParseAlias(l.Person); err != nil {
		return v, who, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s %s %s", key.repo, key.no, v.Kind, strings.ToLower(l.Person), l.At, l.Until))
	v.ExternalID = "i" + hex.EncodeToString(sum[:8])
	return v, who, nil
}

func parseMoment(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	return time.Parse(time.RFC3339, text)
}
