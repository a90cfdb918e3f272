package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// gate is a GitHub that stops answering at one request, before or after it had
// its effect.
type gate struct {
	next    http.Handler
	closes  func(*http.Request) bool
	after   bool
	once    sync.Once
	reached chan struct{}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	shut := false
	if g.closes(r) {
		g.once.Do(func() { shut = true })
	}
	if !shut {
		g.next.ServeHTTP(w, r)
		return
	}
	if g.after {
		g.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	_, _ = io.Copy(io.Discard, r.Body) // before that nobody notices that the client is gone
	close(g.reached)
	<-r.Context().Done()
}

// through lets the place's commands talk to GitHub through a gate.
func (p *place) through(g *gate) {
	p.t.Helper()
	g.next, g.reached = p.sandbox, make(chan struct{})
	server := httptest.NewServer(g)
	p.t.Cleanup(server.Close)
	file := filepath.Join(p.dir, "sluice.yaml")
	config, err := os.ReadFile(file)
	p.must(err)
	p.must(os.WriteFile(file, regexp.MustCompile(`http://[^/]+`).ReplaceAll(config, []byte(server.URL)), 0o600))
}

// process starts the program as the process it is, signals and clock and all.
func (p *place) process(args ...string) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	p.must(err)
	c := exec.Command(self, append(args, "--config", filepath.Join(p.dir, "sluice.yaml"))...)
	c.Args[0] = "sluice-process"
	c.Env = append(os.Environ(), "SLUICE_TEST_TOKEN="+token, "SLUICE_ACTOR=github:alice")
	c.Stdout, c.Stderr = &p.said, &p.said
	p.must(c.Start())
	return c
}

// seconds is how long a run that was told to stop may take.
const seconds = 5 * time.Second

// ended waits for a process and returns its exit code.
func (p *place) ended(c *exec.Cmd) int {
	p.t.Helper()
	late := time.AfterFunc(seconds, func() { _ = c.Process.Kill() })
	err := c.Wait()
	if !late.Stop() {
		p.t.Fatalf("it was at work %s after it was told to stop:\n%s", seconds, p.said.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return c.ProcessState.ExitCode()
}

func writes(path string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, path) }
}

// Wherever SIGTERM or the deadline meets a run, it ends within seconds and with
// 3, what it knows is stored, and the next run goes on from there: one review,
// one mail.
func TestAStoppedProcessKeepsEverything(t *testing.T) {
	reads := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/pulls/1") }
	for _, test := range []struct {
		name   string
		closes func(*http.Request) bool
		after  bool
	}{
		{"while it reads a pull request", reads, false},
		{"before its review is made", writes("/reviews"), false},
		{"after its review was made", writes("/reviews"), true},
		{"before its review is submitted", writes("/events"), false},
		{"after its review was submitted", writes("/events"), true},
	} {
		for _, by := range []string{"SIGTERM", "deadline"} {
			t.Run(by+" "+test.name, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				p.shop()
				p.now = time.Now()
				p.ends(0, "run")
				p.ends(0, "cohort", "move", "core/gosec/high", "advise", "--reason", "they are good")
				g := &gate{closes: test.closes, after: test.after}
				p.through(g)
				args := []string{"run", "--output", "json"}
				if by == "deadline" {
					args = append(args, "--deadline", "3s") // starting takes a while on a busy machine
				}
				c := p.process(args...)
				select {
				case <-g.reached:
				case <-time.After(time.Minute):
					_ = c.Process.Kill()
					t.Fatalf("it never came to the request:\n%s", p.said.String())
				}
				if by == "SIGTERM" {
					p.must(c.Process.Signal(syscall.SIGTERM))
				}
				if code := p.ended(c); code != codePartial {
					t.Fatalf("ended with %d:\n%s", code, p.said.String())
				}
				if !strings.Contains(p.said.String(), `"interrupted": true`) {
					t.Errorf("the report does not say so:\n%s", p.said.String())
				}

				p.now = time.Now().Add(time.Hour)
				p.ends(0, "run")
				p.ends(0, "ledger", "verify")
				p.wantOneReview()
			})
		}
	}
}

func (p *place) wantOneReview() {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	pr := w.Repositories[0].PullRequests[0]
	submitted := 0
	for _, r := range pr.Reviews {
		if r.State == github.Commented {
			submitted++
		}
	}
	if submitted != 1 || len(pr.Reviews) != 1 || len(pr.ReviewComments) != 1 || len(pr.Comments) != 0 || len(w.Mails) != 1 {
		p.t.Errorf("%d reviews (%d submitted) with %d comments, %d summaries, %d mails",
			len(pr.Reviews), submitted, len(pr.ReviewComments), len(pr.Comments), len(w.Mails))
	}
}

// large is a store in which one repository takes for ever to be written.
type large struct {
	store.Store
	stop   context.CancelFunc
	waited bool // nobody could stop it
}

func (l *large) Apply(ctx context.Context, _ store.Changes) error {
	l.stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(seconds):
		l.waited = true
		return errors.New("written to its end")
	}
}

// A repository of 150,000 findings takes half a minute to be written: a run
// that is told to stop meanwhile leaves it to the next one.
func TestALargeRepositoryKeepsNobodyWaiting(t *testing.T) {
	p := newPlace(t)
	p.shop()
	ctx, cancel := context.WithCancel(t.Context())
	l := &large{stop: cancel}
	p.wrap = func(s store.Store) store.Store { l.Store = s; return l }
	if code, _ := p.within(ctx, "run"); code != codePartial || l.waited {
		t.Errorf("ended with %d; waited: %t", code, l.waited)
	}
	p.wrap = nil
	p.ends(0, "run")
	if out := p.ends(0, "findings"); !strings.Contains(out, "acme/shop:F1") {
		t.Errorf("the next run has not taken it in:\n%s", out)
	}
}
