package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// importLine is one verdict of a file.
type importLine struct {
	Finding string `json:"finding"`
	Kind    string `json:"kind"`
	Person  string `json:"person"` // github:alice; "" is who imports
	At      string `json:"at"`     // a date or RFC 3339; "" is now
	Until   string `json:"until"`  // accepted: its last day
	Reason  string `json:"reason"`

	where string
}

// imported is what came of a file.
type imported struct {
	Recorded int      `json:"recorded"` // those known already among them
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
		raw, err := os.ReadFile(args[0])
		if err != nil {
			return usagef("%w", err)
		}
		lines, err := readImport(args[0], raw)
		if err != nil {
			return usagef("%s: %w", args[0], err)
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
			for _, problem := range done.Problems {
				fmt.Fprintf(p.err, "%s: %s\n", args[0], problem)
			}
			_, err := fmt.Fprintf(w, "%d verdicts recorded, %d lines skipped\n", done.Recorded, len(done.Problems))
			return err
		})
		if err == nil && len(done.Problems) > 0 {
			return ended(codePartial)
		}
		return err
	})
	return c
}

// readImport reads a file by its first character.
func readImport(name string, raw []byte) ([]importLine, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		var lines []importLine
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&lines); err != nil {
			return nil, err
		}
		for i := range lines {
			lines[i].where = fmt.Sprintf("entry %d", i+1)
		}
		return lines, nil
	}
	return readImportCSV(raw)
}

func readImportCSV(raw []byte) ([]importLine, error) {
	r := csv.NewReader(bytes.NewReader(raw))
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, errors.New("it is neither a JSON list nor a CSV file whose first line names its columns")
	}
	var lines []importLine
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		at, _ := r.FieldPos(0)
		one := importLine{where: fmt.Sprintf("line %d", at)}
		for i, column := range head {
			field := map[string]*string{"finding": &one.Finding, "kind": &one.Kind, "person": &one.Person, "at": &one.At, "until": &one.Until, "reason": &one.Reason}[strings.ToLower(strings.TrimSpace(column))]
			if field == nil {
				return nil, fmt.Errorf("column %q is none of finding, kind, person, at, until, reason", column)
			}
			*field = row[i]
		}
		lines = append(lines, one)
	}
}

func importVerdicts(ctx context.Context, a *app.App, s store.Store, lines []importLine) (imported, error) {
	done := imported{Problems: []string{}}
	known, err := findingsByName(ctx, s)
	if err != nil {
		return done, err
	}
	now := a.Now().UTC()
	rec := store.Recording{Actor: a.Actor, At: now}
	for _, l := range lines {
		v, who, err := l.verdict(known, a.Actor, now)
		if err != nil {
			done.Problems = append(done.Problems, fmt.Sprintf("%s: %v", l.where, err))
			continue
		}
		ids, err := s.EnsurePeople(ctx, who)
		if err != nil {
			return done, err
		}
		v.Person = ids[0]
		rec.Verdicts = append(rec.Verdicts, v)
	}
	done.Recorded = len(rec.Verdicts)
	return done, s.Record(ctx, rec)
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
	key, ok := known[strings.ToLower(strings.TrimSpace(l.Finding))]
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
