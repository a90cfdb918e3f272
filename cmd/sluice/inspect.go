package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
)

// inspectFlags say how to read files that no source delivers.
type inspectFlags struct{ format, sourceDir, commit, root string }

func (p *program) inspectCommand() *cobra.Command {
	var f inspectFlags
	c := &cobra.Command{
		Use: "inspect FILE...", Short: "show what Sluice reads out of reports",
		Long: `Writes one JSON object for each finding to stdout, one a line, and last for
each file one about the file to stderr: results = findings + skipped. It is
always JSON, whatever --output says.
Needs no configuration and changes nothing. Ends with 3 if a file is cut short
or damaged in the middle, with 2 if it cannot be read at all.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &app.UsageError{Err: &flagError{errors.New("the FILE is missing")}}
			}
			return nil
		},
	}
	c.Flags().StringVar(&f.format, "format", connectors.Auto, strings.Join(connectors.Types(), ", "))
	c.Flags().StringVar(&f.sourceDir, "source-dir", "", "a checkout or bare repository of the scanned source; needs --commit")
	c.Flags().StringVar(&f.commit, "commit", "", "the scanned commit; needs --source-dir")
	c.Flags().StringVar(&f.root, "root", "", "the folder the scanner ran in, as the report writes it")
	c.RunE = p.with(func(ctx context.Context, a *app.App, files []string) error {
		if err := f.check(); err != nil {
			return err
		}
		out := bufio.NewWriterSize(p.out, 64<<10)
		var codes []int
		for _, file := range files {
			code, err := p.inspect(ctx, a, f, file, out)
			if err != nil {
				return errors.Join(err, out.Flush())
			}
			codes = append(codes, code)
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if code := gravest(codes...); code != codeOK {
			return ended(code)
		}
		return nil
	})
	return c
}

func (f inspectFlags) check() error {
	switch {
	case !slices.Contains(connectors.Types(), f.format):
		return usagef("--format %q: the formats are %s", f.format, strings.Join(connectors.Types(), ", "))
	case (f.sourceDir == "") != (f.commit == ""):
		return usagef("--source-dir and --commit belong together: the source is read as it was scanned")
	}
	return nil
}

// fileSummary is the last word on a file.
type fileSummary struct {
	File     string                 `json:"file"`
	Format   string                 `json:"format"`
	Results  int                    `json:"results"`
	Findings int                    `json:"findings"`
	Skipped  map[finding.Reason]int `json:"skipped"`
	// Statements are about findings of other reports (VEX).
	Statements int    `json:"statements,omitempty"`
	Complete   bool   `json:"complete"`
	Error      string `json:"error,omitempty"`
}

// inspect reads one file. The code says how far it got; the error is about
// something else than the file.
func (p *program) inspect(ctx context.Context, a *app.App, f inspectFlags, file string, out *bufio.Writer) (int, error) {
	secrets, err := a.SecretHash()
	if err != nil {
		return 0, err
	}
	write := json.NewEncoder(out)
	write.SetEscapeHTML(false)
	emit := func(one finding.Finding) error { return write.Encode(findingLine(one)) }
	var all []finding.Finding
	if f.sourceDir != "" {
		emit = func(one finding.Finding) error { all = append(all, one); return nil }
	}
	doc := connectors.Document{Location: file, Open: func() (io.ReadCloser, error) { return os.Open(file) }}
	report, parseErr := connectors.Parse(ctx, connectors.Config{Name: "inspect", Type: f.format, Root: f.root}, doc, connectors.ParseOptions{Secrets: secrets}, emit)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if f.sourceDir != "" {
		if err := p.enrich(ctx, f, all, secrets); err != nil {
			return 0, err
		}
		for _, one := range all {
			if err := write.Encode(findingLine(one)); err != nil {
				return 0, err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	return p.summarise(file, report, parseErr)
}

func (p *program) enrich(ctx context.Context, f inspectFlags, all []finding.Finding, secrets func(string) string) error {
	git := sourcetext.Git(f.sourceDir)
	stats, err := sourcetext.Enrich(ctx, git, f.commit, all, secrets)
	if stats.Err != nil {
		fmt.Fprintf(p.err, "source text: %v\n", stats.Err)
	}
	if stats.Missing > 0 {
		fmt.Fprintf(p.err, "source text: %d of %d files are not in %s at %s\n", stats.Missing, stats.Files, f.sourceDir, f.commit)
	}
	return errors.Join(err, git.Close())
}

func (p *program) summarise(file string, report finding.Report, err error) (int, error) {
	s := fileSummary{
		File: file, Format: report.Format, Results: report.Results, Findings: report.Findings, Skipped: report.Skipped, Statements: len(report.Statements), Complete: report.Complete,
	}
	if s.Skipped == nil {
		s.Skipped = map[finding.Reason]int{}
	}
	code := codeOK
	if err != nil {
		s.Error = err.Error()
		code = codeUsage
		var damaged *jsonwalk.Error
		if errors.As(err, &damaged) && (report.Results > 0 || errors.Is(err, jsonwalk.ErrTruncated)) {
			code = codePartial
		}
	}
	e := json.NewEncoder(p.err)
	e.SetEscapeHTML(false)
	return code, e.Encode(s)
}

// inspected is a finding as `inspect` writes it: the names are a promise.
type inspected struct {
	Scanner      finding.Scanner      `json:"scanner"`
	Kind         finding.Kind         `json:"kind"`
	Rule         finding.Rule         `json:"rule"`
	Severity     finding.Severity     `json:"severity"`
	SeverityFrom finding.SeverityFrom `json:"severity_from"`
	Score        float64              `json:"score"`
	Message      string               `json:"message"`
	Place        *finding.Place       `json:"place"`
	Package      *finding.Package     `json:"package"`
	Advisories   []string             `json:"advisories"`
	Vector       string               `json:"vector,omitempty"`
	Reachability string               `json:"reachability,omitempty"`
	EPSS         *finding.EPSS        `json:"epss,omitempty"`
	Fix          *finding.Fix         `json:"fix"`
	State        finding.State        `json:"state"`
	Category     string               `json:"category"`
	Parts        finding.Parts        `json:"parts"`
}

func findingLine(f finding.Finding) inspected {
	f.Rule.CWEs, f.Rule.Tags = orEmpty(f.Rule.CWEs), orEmpty(f.Rule.Tags)
	return inspected{
		f.Scanner, f.Kind, f.Rule, f.Severity, f.SeverityFrom, f.Score, f.Message, f.Place, f.Package,
		orEmpty(f.Advisories), f.Vector, f.Reachability, f.EPSS, f.Fix, f.State, f.Category, f.Parts,
	}
}
