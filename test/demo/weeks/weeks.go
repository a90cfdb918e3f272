// Package weeks is the demo's second act: fifteen weeks or so in which nobody moves a cohort by hand. gosec is new at
// acme. Its findings are judged, it climbs to advise, engineers fix what it says; then one of its rules turns noisy, is
// carved out and its comments are withdrawn, while the rest stays and goes on to the door of enforce. Each claim is
// checked against what stands on the pull requests.
//
// It runs the whole program, in this process and by a clock of the story's own, which no sluice command can be given:
// what it tells of as `sluice run`, `queue judge` and `plan approve` are the functions behind these commands.
//
// The awkward truth: gosec looks at one file of each kind that the engineers write, and the pull requests hold copies
// under other names, whose reports are its results under these names: sixty scans would take two minutes. And engineers
// who answer as by a timetable are easier to hear than yours.
package weeks

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// Options are what an act is told with.
type Options struct {
	Dir    string    // an empty folder to work in
	Out    io.Writer // where it is told
	Gosec  string    // the command; "": what it wrote when the story was written
	Sluice string    // the command whose view of the ladder is shown; "": it is not shown
	Now    time.Time // the story has ended by then
}

// Act is the second act, not yet played.
type Act struct {
	opt   Options
	place *place
	story *story
}

// longest is how many weeks the story may take.
const longest = 20

// New makes the world of the story.
func New(opt Options) (*Act, error) {
	if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(opt.Dir, "sluice.log"))
	if err != nil {
		return nil, err
	}
	logger, err := app.NewLogger(log, "info", false)
	if err != nil {
		return nil, err
	}
	start := firstMonday(opt.Now, longest)
	p := &place{dir: opt.Dir, clock: clock.Ticking(start), log: logger, repos: map[string]*repo{}}
	if p.sandbox, err = github.New(filepath.Join(opt.Dir, "github"), github.Options{Clock: p.clock.Now}); err != nil {
		return nil, err
	}
	a := &Act{opt: opt, place: p}
	a.story = &story{place: p, start: start, out: opt.Out, show: a.show}
	return a, nil
}

// Sandbox is the GitHub of the story.
func (a *Act) Sandbox() *github.Server { return a.place.sandbox }

// Play tells the story; the sandbox is served at url. An error is what kept it from going on, or that something was not
// as told.
func (a *Act) Play(ctx context.Context, url string) error {
	report, err := a.report(ctx)
	if err != nil {
		return err
	}
	if a.place.scanner, err = newScanner(report); err != nil {
		return err
	}
	if err := a.place.configure(url); err != nil {
		return err
	}
	if err := a.place.plant(); err != nil {
		return err
	}
	a.story.ctx, a.story.url = ctx, url
	return a.story.play()
}

// report is gosec's, fresh if there is a gosec; then it must say what it said when the story was written.
func (a *Act) report(ctx context.Context) ([]byte, error) {
	if a.opt.Gosec == "" {
		return recorded, nil
	}
	fresh, err := scan(ctx, a.opt.Gosec, filepath.Join(a.opt.Dir, "scan"))
	if err != nil {
		return nil, err
	}
	now, err := newScanner(fresh)
	if err != nil {
		return nil, err
	}
	then, err := newScanner(recorded)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(now.says, then.says) {
		return nil, fmt.Errorf("gosec says other things of the same code than in test/demo/weeks/testdata/gosec.sarif: compare it with %s", filepath.Join(a.opt.Dir, "scan", "gosec.sarif"))
	}
	return fresh, nil
}

// show runs a sluice command that only looks, and tells what it prints.
func (a *Act) show(args ...string) error {
	if a.opt.Sluice == "" {
		return nil
	}
	cmd := exec.CommandContext(a.story.ctx, a.opt.Sluice, args...)
	cmd.Dir = a.opt.Dir
	cmd.Env = append(os.Environ(), "SLUICE_TOKEN="+token)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("sluice %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	a.story.tell("   $ sluice %s", strings.Join(args, " "))
	for line := range strings.Lines(string(out)) {
		a.story.tell("   %s", strings.TrimRight(line, "\n"))
	}
	return nil
}
