package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// runFlags are a run's flags as given.
type runFlags struct {
	only, repository, branch, commit, category string
	pullRequest                                int
	ci, dry, newKeys                           bool
	wait, deadline                             time.Duration
	failOn, sarif                              string
	files                                      lawFlags
}

const runText = `Reads the sources, asks the policy about what changed, and shows and withdraws
accordingly. One run at a time works on a store; --wait waits for another one.
SIGINT and SIGTERM end it in good order.

Reports whose paths do not say what they are about are taken to be about what
--repository, --branch, --pull-request, --commit and --category say, and what is
not said, the variables of the CI system say that runs the job.

--dry-run works on a copy: nothing is shown, withdrawn or remembered. With
--policy or --settings it shows what these would change, by repository.`

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{Use: "run", Short: "read the reports, decide, show and withdraw", Long: runText, Args: takes()}
	f.add(c)
	c.PreRun = func(*cobra.Command, []string) { p.running = !f.dry }
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		req, fail, err := f.request()
		if err != nil {
			return err
		}
		if f.dry {
			return p.dryRun(ctx, a, f, req, fail)
		}
		report, err := p.realRun(ctx, a, req)
		if report == nil {
			return err
		}
		if s, storeErr := a.Store(ctx); storeErr == nil && f.sarif != "" {
			err = errors.Join(err, writeSARIFFile(context.WithoutCancel(ctx), f.sarif, s, req.Selection))
		}
		return errors.Join(p.showReport(report), err, endOf(fail.code(report.Applies())))
	})
	return c
}

func (f *runFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.only, "only", "", "owner/name or owner/name#7: leave everything else alone")
	flags.StringVar(&f.repository, "repository", "", "owner/name that the reports are about")
	flags.StringVar(&f.branch, "branch", "", "the scanned branch")
	flags.IntVar(&f.pullRequest, "pull-request", 0, "the scanned pull request")
	flags.StringVar(&f.commit, "commit", "", "the scanned commit")
	flags.StringVar(&f.category, "category", "", "tells scans of one tool apart")
	flags.BoolVar(&f.ci, "ci", false, "take the CI's word also where a path has captures")
	flags.BoolVar(&f.dry, "dry-run", false, "show the plan and change nothing")
	flags.DurationVar(&f.wait, "wait", 0, "how long to wait for another run, such as 10m")
	flags.DurationVar(&f.deadline, "deadline", 0, "end in good order after so long")
	flags.StringVar(&f.failOn, "fail-on", "failed,partial", "which outcomes end with their code: some of failed, partial, deferred; or never")
	flags.StringVar(&f.sarif, "sarif", "", "write what passed the gate to this file, as SARIF 2.1.0")
	flags.BoolVar(&f.newKeys, "new-keys", false, "go on with other keys than the database was written with")
	f.files.add(c)
}

func (f *runFlags) request() (app.Request, failOn, error) {
	req := app.Request{CI: f.ci, Wait: f.wait, Deadline: f.deadline, NewKeys: f.newKeys, Policy: f.files.policy, Settings: f.files.settings}
	fail, err := parseFailOn(f.failOn)
	if err != nil {
		return req, nil, err
	}
	if !f.dry && (f.files.policy != "" || f.files.settings != "") {
		return req, nil, usagef("--policy and --settings try files out and go with --dry-run; what a run goes by, the configuration names")
	}
	if f.wait < 0 || f.deadline < 0 {
		return req, nil, usagef("--wait and --deadline are lengths of time, such as 10m")
	}
	if req.Selection, err = parseSelection(f.only); err != nil {
		return req, nil, err
	}
	req.Context, err = f.context()
	return req, fail, err
}

func parseSelection(only string) (run.Selection, error) {
	if only == "" {
		return run.Selection{}, nil
	}
	repository, number, pull := strings.Cut(only, "#")
	sel := run.Selection{Repository: repository}
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || owner == "" || name == "" {
		return sel, usagef("--only %q is written owner/name or owner/name#7", only)
	}
	if pull {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return sel, usagef("--only %q is written owner/name or owner/name#7", only)
		}
		sel.PullRequest = n
	}
	return sel, nil
}

func (f *runFlags) context() (connectors.Context, error) {
	c := connectors.Context{Branch: f.branch, PullRequest: f.pullRequest, Commit: strings.ToLower(f.commit), Category: f.category}
	if f.repository != "" {
		i := strings.LastIndexByte(f.repository, '/')
		if i < 1 || i == len(f.repository)-1 {
			return c, usagef("--repository %q is written owner/name", f.repository)
		}
		c.Owner, c.Name = f.repository[:i], f.repository[i+1:]
	}
	if f.branch != "" && f.pullRequest != 0 {
		return c, usagef("--branch and --pull-request: keep one, a report is about one of them")
	}
	if err := c.Validate(); err != nil {
		return c, usagef("%w", err)
	}
	return c, nil
}

// endOf makes an exit code an error, so that it can be joined with others.
func endOf(code int) error {
	if code == codeOK {
		return nil
	}
	return ended(code)
}

func (p *program) realRun(ctx context.Context, a *app.App, req app.Request) (*run.Report, error) {
	hear, end := p.progress()
	defer end()
	req.Progress = hear
	return a.Run(ctx, req)
}

// dryRun shows the plan, or what another policy would change in it.
func (p *program) dryRun(ctx context.Context, a *app.App, f runFlags, req app.Request, fail failOn) error {
	var before *app.Dry
	if req.Policy != "" || req.Settings != "" {
		// The candidate first: what is wrong with it shall be said at once.
		if _, err := a.Candidate(ctx, req.Policy, req.Settings); err != nil {
			return err
		}
		asIs := req
		asIs.Policy, asIs.Settings = "", ""
		var err error
		if before, err = p.dry(ctx, a, asIs); err != nil {
			return err
		}
	}
	after, err := p.dry(ctx, a, req)
	if err != nil {
		return err
	}
	if f.sarif != "" {
		err = writeSARIFFile(ctx, f.sarif, after.Store, req.Selection)
	}
	if before == nil {
		return errors.Join(p.showReport(after.Report), err, endOf(fail.code(after.Report.Applies())))
	}
	c, compareErr := compare(ctx, before, after)
	if compareErr != nil {
		return compareErr
	}
	return errors.Join(p.show(c, func(w io.Writer) error { return p.writeComparison(w, c) }), err, endOf(fail.code(after.Report.Applies())))
}

func (p *program) dry(ctx context.Context, a *app.App, req app.Request) (*app.Dry, error) {
	hear, end := p.progress()
	defer end()
	req.Progress = hear
	return a.DryRun(ctx, req)
}

func (p *program) showReport(r *run.Report) error {
	return p.show(r, func(w io.Writer) error { return p.writeReport(w, r) })
}

// writeSARIFFile replaces the file only when all of it has been written.
func writeSARIFFile(ctx context.Context, file string, s store.Store, sel run.Selection) error {
	partial := file + ".partial"
	f, err := os.Create(partial)
	if err != nil {
		return fmt.Errorf("write SARIF: %w", err)
	}
	err = errors.Join(writeSARIF(ctx, f, s, sel), f.Close())
	if err == nil {
		err = os.Rename(partial, file)
	}
	if err != nil {
		return fmt.Errorf("write SARIF: %w", errors.Join(err, os.Remove(partial)))
	}
	return nil
}
