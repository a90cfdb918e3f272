package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

// program is one call of sluice: where it writes, and the flags that every
// command has.
type program struct {
	out, err *visible // data, and everything else
	terminal bool     // a person looks at err
	width    int      // of the terminal that out is; 0: no terminal
	getenv   func(string) string

	config, as, logLevel, output string

	running bool        // a run that is no dry one began
	log     *zap.Logger // nil until the program's parts are there
	seams   app.Options // what tests put in place of the world
}

func newProgram(out, err io.Writer, getenv func(string) string) *program {
	p := &program{out: &visible{to: out}, err: &visible{to: err}, terminal: app.IsTerminal(err), getenv: getenv}
	if f, ok := out.(*os.File); ok && app.IsTerminal(out) {
		p.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return p
}

// run carries one command line out and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.out)
	root.SetErr(p.err)
	ran, err := root.ExecuteContextC(ctx)
	for _, part := range untold(err) {
		fmt.Fprintf(p.err, "sluice: %v\n", part)
	}
	var flag *flagError
	if errors.As(err, &flag) {
		fmt.Fprintf(p.err, "`%s --help` says what it takes\n", ran.CommandPath())
	}
	code := exitCode(err)
	p.heartbeat(ctx, ran, code)
	return code
}

// root is the command tree. A new command is one more line.
func (p *program) root() *cobra.Command {
	root := p.group("sluice", "progressive delivery for security findings",
		p.initCommand(), p.doctorCommand(), p.inspectCommand(), p.runCommand(),
		p.statusCommand(), p.findingsCommand(), p.explainCommand(), p.queueCommand(),
		p.verdictCommand(), p.cohortCommand(), p.planCommand(), p.campaignCommand(), p.checkCommand(), p.pauseCommand(), p.resumeCommand(),
		p.ledgerCommand(), p.backupCommand(), p.recoverCommand(), p.policyCommand(), p.simulateCommand(), p.exportCommand(), p.versionCommand(),
	)
	root.Long = longText
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(badFlag)
	f := root.PersistentFlags()
	f.StringVar(&p.config, "config", "sluice.yaml", "the configuration")
	f.StringVar(&p.as, "as", "", "who this is booked under, such as github:alice (default: SLUICE_ACTOR, else the system's user)")
	f.StringVar(&p.logLevel, "log-level", "", "debug, info, warn or error (default info; warn on a terminal)")
	f.StringVarP(&p.output, "output", "o", "text", "text for people, json for machines")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if p.output != "text" && p.output != "json" {
			return usagef("--output %q: it is text or json", p.output)
		}
		return nil
	}
	return root
}

const longText = `Sluice lets scanner findings through to engineers only as fast as they prove
worth reading, and closes the gate again when they stop being so.

  sluice init      a configuration, keys and policies to edit
  sluice doctor    is everything in order?
  sluice run       read the reports, decide, show what is worth showing
  sluice status    where things stand`

// group is a command that only has commands below it.
func (p *program) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs}
	c.AddCommand(commands...)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		what := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
		var names []string
		for _, sub := range cmd.Commands() {
			names = append(names, sub.Name())
		}
		if near := app.Nearest(args[0], names); near != "" {
			return usagef("%s; did you mean %q?", what, near)
		}
		return usagef("%s; it has %s", what, strings.Join(names, ", "))
	}
	return c
}

// flagError is about a flag or an argument, so that the help is of help.
type flagError struct{ error }

// badFlag names the flag that was probably meant.
func badFlag(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	text := err.Error()
	if unknown, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := app.Nearest(unknown, names); near != "" {
			text += fmt.Sprintf("; did you mean --%s?", near)
		}
	}
	return &app.UsageError{Err: &flagError{errors.New(text)}}
}

// takes wants exactly these arguments.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return &app.UsageError{Err: &flagError{fmt.Errorf("%s is missing", strings.Join(names[len(args):], " and "))}}
		case len(args) > len(names):
			return &app.UsageError{Err: &flagError{fmt.Errorf("%q is one argument too many", args[len(names)])}}
		}
		return nil
	}
}

// app opens the program's parts; the caller closes it.
func (p *program) app() (*app.App, error) {
	log, err := app.NewLogger(p.err, p.logLevel, p.terminal)
	if err != nil {
		return nil, err
	}
	a, err := app.New(p.options(log))
	if err == nil {
		p.log = a.Log
	}
	return a, err
}

func (p *program) options(log *zap.Logger) app.Options {
	opt := p.seams
	opt.ConfigFile, opt.As, opt.Version, opt.Getenv, opt.Logger = p.config, p.as, version(), p.getenv, log
	return opt
}

// with makes a command's function of one that wants the app.
func (p *program) with(f func(context.Context, *app.App, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a, err := p.app()
		if err != nil {
			return err
		}
		err = f(cmd.Context(), a, args)
		return errors.Join(err, a.Close())
	}
}

// show writes a result: a document for machines, or what text writes.
func (p *program) show(document any, text func(io.Writer) error) error {
	if p.output == "json" {
		return writeJSON(p.out, document)
	}
	return text(p.out)
}

// built is the version that the linker was given: see Makefile and Dockerfile.
var built string

func version() string {
	if built != "" {
		return built
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
