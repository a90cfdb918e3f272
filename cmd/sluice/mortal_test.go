package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/touch"
)

// mortal is the program as a process of its own, at a time of the test's choice, which dies by SIGKILL where the test
// says. One that lives says where it touched the world.
func mortal() int {
	now, err := time.Parse(time.RFC3339Nano, os.Getenv("NOW"))
	if err != nil {
		panic(err)
	}
	kill, _ := strconv.Atoi(os.Getenv("KILL"))
	points := &touch.Points{Kill: kill}
	p := newProgram(os.Stdout, os.Stderr, os.Getenv)
	p.seams = app.Options{
		Now:       func() time.Time { now = now.Add(time.Millisecond); return now },
		Sleep:     func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
		Transport: touch.Transport(beside(strings.Fields(os.Getenv("SERVERS"))), points.At),
		WrapStore: func(s store.Store) store.Store { return touch.Store(s, points.At) },
	}
	code := p.run(context.Background(), os.Args[1:])
	if err := os.WriteFile(os.Getenv("POINTS"), []byte(strings.Join(points.Names, "\n")), 0o600); err != nil {
		panic(err)
	}
	return code
}

// beside is a network in which servers have the same names in every place, and in copies of it: NAME=ADDRESS.
type beside []string

func (b beside) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.Clone(r.Context())
	for _, server := range b {
		if address, ok := strings.CutPrefix(server, r.URL.Host+"="); ok {
			there.URL.Host, there.Host = address, r.URL.Host // its links begin with the name
		}
	}
	return http.DefaultTransport.RoundTrip(there)
}

// callBeside lets the configuration call servers by these names.
func (p *place) callBeside() {
	p.t.Helper()
	file := filepath.Join(p.dir, "sluice.yaml")
	text, err := os.ReadFile(file)
	p.must(err)
	config := string(text)
	for _, server := range p.beside {
		name, address, _ := strings.Cut(server, "=")
		config = strings.ReplaceAll(config, address, name)
	}
	p.must(os.WriteFile(file, []byte(config), 0o600))
}

// died is the code of a process that was killed.
const died = -1

// mortal runs a command in the folder as a process that dies at a place, from 1; at 0 it lives.
func (p *place) mortal(kill int, stdin string, args ...string) (code int, stdout string) {
	p.t.Helper()
	self, err := os.Executable()
	p.must(err)
	var out, errs bytes.Buffer
	c := exec.Command(self, append(args, "--config", filepath.Join(p.dir, "sluice.yaml"))...)
	c.Args[0] = "sluice-mortal"
	c.Env = append(os.Environ(), "SLUICE_TEST_TOKEN="+token, "SLUICE_ACTOR=github:sam", "NOW="+p.now.Format(time.RFC3339Nano),
		"KILL="+strconv.Itoa(kill), "POINTS="+p.points(), "SERVERS="+strings.Join(p.beside, " "),
		"SLUICE_TEST_JIRA="+jiraToken, "SLUICE_TEST_USER=sluice@example.com")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	err = c.Run()
	p.said.Write(out.Bytes())
	p.said.Write(errs.Bytes())
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	status, _ := c.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() && status.Signal() == syscall.SIGKILL {
		return died, out.String()
	}
	return c.ProcessState.ExitCode(), out.String()
}

// points is the file in which a process that lived leaves its places.
func (p *place) points() string { return filepath.Join(p.dir, "points.txt") }

func (p *place) touched() []string {
	p.t.Helper()
	text, err := os.ReadFile(p.points())
	p.must(err)
	return strings.Split(string(text), "\n")
}

// fate decides where processes die. The first play of a story, in which nobody dies, tells it how long each would live.
type fate struct {
	lives  [][]string // the places each command of the story touches, in order
	dice   *rand.Rand // nil: everybody lives
	calls  int
	dead   int
	before func(errand) // hears of each while everybody lives
}

// errand is one command of a story.
type errand struct {
	args  []string
	typed func(*place) string // at the keyboard; nil: nothing
}

// carryOut gives a command to a process and, if that dies, to others until one has carried it out.
func (f *fate) carryOut(p *place, e errand) {
	p.t.Helper()
	call := f.calls
	f.calls++
	if f.dice == nil {
		if f.before != nil {
			f.before(e)
		}
		if code := e.at(p, 0); code != 0 {
			p.t.Fatalf("%s ended with %d:\n%s", e, code, p.said.String())
		}
		f.lives = append(f.lives, p.touched())
		return
	}
	f.strike(p, e, 1+f.dice.IntN(len(f.lives[call])))
	if f.dice.IntN(3) == 0 { // who comes to its rescue dies, too, somewhere early
		p.now = p.now.Add(time.Minute)
		f.strike(p, e, 1+f.dice.IntN(17))
	}
	e.rescue(p)
}

func (f *fate) strike(p *place, e errand, kill int) {
	p.t.Helper()
	if e.at(p, kill) == died {
		f.dead++
	}
}

func (f *fate) String() string {
	return fmt.Sprintf("%d processes were killed in %d commands", f.dead, f.calls)
}

// at carries it out by a process that dies at a place, from 1; at 0 it lives.
func (e errand) at(p *place, kill int) int {
	p.t.Helper()
	stdin := ""
	if e.typed != nil {
		stdin = e.typed(p)
	}
	code, _ := p.mortal(kill, stdin, e.args...)
	return code
}

// rescue carries it out after a process died of it. A person's command that had its effect before may be refused now.
func (e errand) rescue(p *place) {
	p.t.Helper()
	for range 4 {
		p.now = p.now.Add(15 * time.Minute) // what is unknown is looked for after a while
		if code := e.at(p, 0); code == 0 || code == codeUsage && e.args[0] == "plan" {
			return
		}
	}
	p.t.Fatalf("%s was never carried out:\n%s", e, p.said.String())
}

func (e errand) String() string { return "sluice " + strings.Join(e.args, " ") }
