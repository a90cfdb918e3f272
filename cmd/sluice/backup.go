package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

func (p *program) backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "backup FILE", Short: "write a consistent copy of the store, also while a run is at work", Args: takes("the FILE to write"),
		Long: "Writes a consistent, checked copy of the store to a new file. The keys are not in it: keep them elsewhere too.",
	}
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		if _, err := os.Lstat(args[0]); !errors.Is(err, fs.ErrNotExist) {
			return usagef("%s is there already: a backup goes to a new file", args[0])
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		if err := s.Backup(ctx, args[0]); err != nil {
			return err
		}
		info, err := os.Stat(args[0])
		if err != nil {
			return err
		}
		return p.show(map[string]any{"file": args[0], "bytes": info.Size()}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s: %d bytes; keep the two keys with it, but not in the same place\n", args[0], info.Size())
			return err
		})
	})
	return c
}
