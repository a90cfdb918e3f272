// Command demo shows what Sluice does, in two acts. The first goes from the first report to a comment that is withdrawn: a
// GitHub on this machine (test/sandbox), a small service with real problems (testdata/service) and four pull requests, the
// real gosec and gitleaks, and the real sluice command. In the second (package weeks) months go by and cohorts move by
// themselves. It tells the story and checks it against what stands on the pull requests; it ends with 1 if anything was
// not as told. `make demo` builds what it needs.
//
// The awkward truth: the GitHub is a double, held against GitHub's published description by its own tests, without
// GitHub's delays and outages; and the story is one path through the program, not a test of the others.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sluice-sec/sluice/test/demo/weeks"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var p programs
	flag.StringVar(&p.sluice, "sluice", "bin/sluice", "the sluice `command`")
	flag.StringVar(&p.gosec, "gosec", "gosec", "the gosec `command`")
	flag.StringVar(&p.gitleaks, "gitleaks", "gitleaks", "the gitleaks `command`")
	dir := flag.String("dir", ".demo", "`folder` to work in; what an earlier demo left there is removed")
	listen := flag.String("listen", "127.0.0.1:0", "loopback `address` of the pages")
	keep := flag.Bool("keep", false, "leave the pages open until Ctrl-C")
	flag.Parse()
	if err := run(ctx, os.Stdout, p, *dir, *listen, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// programs are the commands the demo runs, as paths or names.
type programs struct{ sluice, gosec, gitleaks string }

func run(ctx context.Context, out io.Writer, p programs, dir, listen string, keep bool) error {
	dir, err := freshFolder(dir)
	if err != nil {
		return err
	}
	if err := p.find(); err != nil {
		return err
	}
	sandbox, err := github.New(filepath.Join(dir, "github"), github.Options{Limits: github.GitHubLimits()})
	if err != nil {
		return err
	}
	url, shut, err := serve(sandbox, listen)
	if err != nil {
		return err
	}
	defer shut()
	s := &story{ctx: ctx, out: out, start: time.Now(), programs: p, dir: dir, sandbox: sandbox, url: url}
	if err := errors.Join(s.play(), s.verdict()); err != nil {
		return err
	}
	later, shutLater, err := secondAct(ctx, out, p, filepath.Join(dir, "weeks"))
	if err != nil {
		return err
	}
	defer shutLater()
	s.tell("")
	s.tell("All of this was checked on the pull requests themselves, in %.0f seconds.", time.Since(s.start).Seconds())
	if keep {
		s.tell("The pages stay open: %s and %s/ui/  (Ctrl-C ends)", s.page(0), later)
		<-ctx.Done()
	}
	return nil
}

// secondAct plays the weeks, on a GitHub of their own.
func secondAct(ctx context.Context, out io.Writer, p programs, dir string) (url string, shut func(), err error) {
	act, err := weeks.New(weeks.Options{Dir: dir, Out: out, Gosec: p.gosec, Sluice: p.sluice, Now: time.Now()})
	if err != nil {
		return "", nil, err
	}
	if url, shut, err = serve(act.Sandbox(), "127.0.0.1:0"); err != nil {
		return "", nil, err
	}
	if err := act.Play(ctx, url); err != nil {
		shut()
		return "", nil, fmt.Errorf("the second act: %w", err)
	}
	return url, shut, nil
}

// find makes the commands absolute, since they are called from other folders.
func (p *programs) find() error {
	for _, name := range []*string{&p.sluice, &p.gosec, &p.gitleaks} {
		path, err := lookPath(*name)
		if err != nil {
			return fmt.Errorf("%w (`make demo` builds and installs what the demo needs)", err)
		}
		*name = path
	}
	return nil
}

// stamp marks a folder as the demo's, so that no other is ever removed.
const stamp = "made-by-sluice-demo"

func freshFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, stamp)); err != nil && len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty and not the demo's: name another folder", dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, stamp), nil, 0o644)
}

func serve(sandbox *github.Server, listen string) (url string, shut func(), err error) {
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return "", nil, fmt.Errorf("listen on %q: it must be a loopback address such as 127.0.0.1:8080", listen)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: sandbox, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = server.Close() }, nil
}
