package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

func (p *program) doctorCommand() *cobra.Command {
	var repository string
	c := &cobra.Command{
		Use: "doctor", Short: "is everything in order?", Args: takes(),
		Long: "Checks configuration, keys, store, ledger, settings, policies, sources and what GitHub permits, and says what to do.\nEnds with 1 if something keeps Sluice from working.",
	}
	c.Flags().StringVar(&repository, "repository", "", "owner/name to try GitHub with (default: one that a report speaks of)")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if repository != "" && strings.Count(repository, "/") != 1 {
			return usagef("--repository %q is written owner/name", repository)
		}
		a, err := p.app()
		if err != nil {
			// A configuration that cannot be read is what a doctor is asked about.
			return p.showChecks([]app.Check{{Name: "configuration", Verdict: app.Failed, Detail: err.Error()}})
		}
		err = p.showChecks(a.Doctor(cmd.Context(), repository))
		return errors.Join(err, a.Close())
	}
	return c
}

func (p *program) showChecks(checks []app.Check) error {
	failed := false
	for _, c := range checks {
		failed = failed || c.Verdict == app.Failed
	}
	err := p.show(checks, func(w io.Writer) error {
		for _, c := range checks {
			fmt.Fprintf(w, "%-4s  %s: %s\n", c.Verdict, c.Name, strings.ReplaceAll(c.Detail, "\n", "\n      "))
			if c.Mend != "" {
				fmt.Fprintf(w, "      -> %s\n", c.Mend)
			}
		}
		return nil
	})
	if err == nil && failed {
		return ended(codeFailed)
	}
	return err
}
