package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

func (p *program) policyCommand() *cobra.Command {
	return p.group("policy", "check and test the policies", p.policyCheckCommand(), p.policyTestCommand())
}

// lawFlags choose other files than the configuration names.
type lawFlags struct{ policy, settings string }

func (l *lawFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&l.policy, "policy", "", "a folder of policies instead of the configured one")
	c.Flags().StringVar(&l.settings, "settings", "", "a settings file instead of the configured one")
}

func (p *program) policyCheckCommand() *cobra.Command {
	var files lawFlags
	c := &cobra.Command{
		Use: "check", Short: "compile the policies with the settings and run their tests", Args: takes(),
		Long: "Compiles the policies strictly, holds what they read and answer against the schemas, checks the settings\nand runs the policies' own tests. Without a configuration it checks the built-in library.",
	}
	files.add(c)
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		law, err := a.Candidate(ctx, files.policy, files.settings)
		if err != nil {
			return err
		}
		result := map[string]any{
			"policy": law.Engine.Revision(), "settings": law.Settings.Revision(), "reads": law.Engine.Reads(),
		}
		return p.show(result, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "policy %s and settings %s are good\n", short(law.Engine.Revision()), short(law.Settings.Revision()))
			return err
		})
	})
	return c
}

// testView is how a library's own tests went.
type testView struct {
	Passed   int           `json:"passed"`
	Skipped  int           `json:"skipped"`
	Failures []failureView `json:"failures"`
}

type failureView struct {
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

func (p *program) policyTestCommand() *cobra.Command {
	var files lawFlags
	c := &cobra.Command{Use: "test", Short: "run the policies' own tests", Args: takes()}
	files.add(c)
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		report, err := a.TestPolicy(ctx, files.policy, files.settings)
		if err != nil {
			return err
		}
		v := testView{Passed: report.Passed, Skipped: report.Skipped, Failures: []failureView{}}
		for _, f := range report.Failures {
			v.Failures = append(v.Failures, failureView{f.Name, f.File, f.Line, f.Why})
		}
		if err := p.show(v, v.write); err != nil {
			return err
		}
		if len(v.Failures) > 0 {
			return ended(codeUsage)
		}
		return nil
	})
	return c
}

func (v testView) write(w io.Writer) error {
	for _, f := range v.Failures {
		fmt.Fprintf(w, "FAILED %s\n  %s:%d: %s\n", f.Name, f.File, f.Line, f.Why)
	}
	_, err := fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", v.Passed, len(v.Failures), v.Skipped)
	return err
}

// short abbreviates a revision for people.
func short(revision string) string { return revision[:min(len(revision), 12)] }
