package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) ledgerCommand() *cobra.Command {
	return p.group("ledger", "the chained record of what was decided and done", p.ledgerListCommand(), p.ledgerVerifyCommand())
}

// entryView is an entry whose body is shown as the JSON it is.
type entryView struct {
	ID   int64           `json:"id"`
	Run  int64           `json:"run"`
	Kind string          `json:"kind"`
	At   time.Time       `json:"at"`
	Seal int64           `json:"seal"`
	Body json.RawMessage `json:"body"`
}

func (p *program) ledgerListCommand() *cobra.Command {
	var after int64
	var limit int
	c := &cobra.Command{Use: "list", Short: "list entries, oldest first", Args: takes()}
	c.Flags().Int64Var(&after, "after", 0, "those after the entry with this number")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if limit < 1 || after < 0 {
			return usagef("--limit is 1 or more, and --after 0 or more")
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		entries, err := s.LedgerEntries(ctx, after, limit)
		if err != nil {
			return err
		}
		views := make([]entryView, 0, len(entries))
		for _, e := range entries {
			views = append(views, entryView{e.ID, e.RunID, e.Kind, e.At, e.Seal, bodyOf(e)})
		}
		if len(views) == limit {
			fmt.Fprintf(p.err, "there may be more: --after %d goes on\n", views[limit-1].ID)
		}
		return p.show(views, func(w io.Writer) error {
			t := table{head: []string{"ENTRY", "RUN", "SEAL", "AT", "KIND", "BODY"}}
			for _, v := range views {
				t.add(strconv.FormatInt(v.ID, 10), strconv.FormatInt(v.Run, 10), strconv.FormatInt(v.Seal, 10), v.At.UTC().Format(time.RFC3339), v.Kind, string(v.Body))
			}
			return t.write(w, p.width)
		})
	})
	return c
}

// bodyOf shows a body that somebody made no JSON of as text.
func bodyOf(e store.LedgerEntry) json.RawMessage {
	if json.Valid(e.Body) {
		return e.Body
	}
	text, err := json.Marshal(string(e.Body))
	if err != nil {
		return json.RawMessage(`null`)
	}
	return text
}

func (p *program) ledgerVerifyCommand() *cobra.Command {
	var head string
	c := &cobra.Command{
		Use: "verify", Short: "recompute the chain", Args: takes(),
		Long: "Recomputes the whole chain over the stored bytes. A cut tail and a full rewrite are found only with --head,\nthe head that some earlier report printed.",
	}
	c.Flags().StringVar(&head, "head", "", "N:HASH, as a run's report printed it")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		if err := checkHead(head); err != nil {
			return err
		}
		v, err := s.VerifyLedger(ctx, head)
		if err != nil {
			return err
		}
		if err := p.show(v, func(w io.Writer) error { return writeVerification(w, v, head != "") }); err != nil {
			return err
		}
		if v.Break != "" {
			return ended(codeFailed)
		}
		return nil
	})
	return c
}

func checkHead(head string) error {
	if head == "" {
		return nil
	}
	var n int64
	var hash string
	if _, err := fmt.Sscanf(head, "%d:%s", &n, &hash); err != nil || n < 0 || len(hash) != 64 {
		return usagef("--head %q is not written N:HASH, as a run's report prints it", head)
	}
	return nil
}

func writeVerification(w io.Writer, v store.Verification, against bool) error {
	if v.Break != "" {
		_, err := fmt.Fprintf(w, "BROKEN: %s\n%d seals over %d entries before it hold\n", v.Break, v.Seals, v.Entries)
		return err
	}
	fmt.Fprintf(w, "the ledger holds: %d seals over %d entries, %d not yet sealed\nhead %s\n", v.Seals, v.Entries, v.Unsealed, v.Head)
	if !against {
		fmt.Fprintln(w, "a cut tail or a full rewrite is found only against a head kept elsewhere: --head N:HASH")
	}
	return nil
}
