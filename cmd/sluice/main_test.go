package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/rules"
)

// TestMain lets scripts call the program, and two that hold its lock.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sluice":         func() { os.Exit(underTest().run(context.Background(), os.Args[1:])) },
		"holding":        func() { os.Exit(holding()) },
		"locking":        func() { os.Exit(locking()) },
		"abandon":        func() { os.Exit(abandon()) },
		"sluice-process": func() { os.Exit(command()) },
		"sluice-mortal":  func() { os.Exit(mortal()) },
	})
}

// underTest is the program at a time of the script's choice.
func underTest() *program {
	p := newProgram(os.Stdout, os.Stderr, os.Getenv)
	now, err := time.Parse(time.RFC3339, os.Getenv("NOW"))
	if err != nil {
		panic(err)
	}
	p.seams.Now = func() time.Time { return now }
	return p
}

// holding runs a command while this process, another one, holds the run lock.
func holding() int {
	code := 0
	err := whileHeld(func() {
		c := exec.Command(os.Args[1], os.Args[2:]...)
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		_ = c.Run()
		code = c.ProcessState.ExitCode()
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	return code
}

// abandon dies with the lock in its hand.
func abandon() int {
	err := whileHeld(func() { os.Exit(0) })
	fmt.Fprintln(os.Stderr, err)
	return 99
}

func whileHeld(do func()) error {
	p := underTest()
	p.config = "sluice.yaml"
	a, err := p.app()
	if err != nil {
		return err
	}
	defer a.Close()
	s, err := a.Store(context.Background())
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	_, release, err := s.Lock(context.Background(), store.Holder{Actor: "github:bob", Host: host, PID: os.Getpid(), Command: "run"}, 0)
	if err != nil {
		return err
	}
	do()
	return release()
}

// masks hide what differs between machines or with every edit of the rules.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "HASH"},
	{regexp.MustCompile(`(policy|settings) [0-9a-f]{12}\b`), "$1 REVISION"},
	{regexp.MustCompile(`\.rego:\d+`), ".rego:LINE"},
	{regexp.MustCompile(`pid \d+ on [^\s)]+`), "pid N on HOST"},
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("NOW", "2026-03-02T08:00:00Z")
			e.Setenv("SLUICE_ACTOR", "github:alice")
			return layShop(e.WorkDir + "/shop")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ends":   ends,
			"masked": masked,
			"damage": damage,
			"newer":  newer,
		},
		Condition: func(name string) (bool, error) {
			if name != "userns" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
		},
	})
}

// layShop makes a folder in which Sluice can run: the fixture, a copy of the
// library, and keys that are the same in every test.
func layShop(dir string) error {
	err := os.CopyFS(dir, os.DirFS("testdata/shop"))
	if err == nil {
		err = os.CopyFS(dir+"/rules", rules.FS)
	}
	if err == nil {
		err = os.Mkdir(dir+"/keys", 0o700)
	}
	for i, name := range []string{"markers.key", "secrets.key"} {
		if err == nil {
			err = os.WriteFile(dir+"/keys/"+name, []byte(strings.Repeat(fmt.Sprintf("%02x", i+1), app.KeySize)+"\n"), 0o600)
		}
	}
	return err
}

// ends runs a command and wants its exit code: ends 3 sluice run.
func ends(ts *testscript.TestScript, not bool, args []string) {
	if not || len(args) < 2 {
		ts.Fatalf("usage: ends CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := err.(*exec.ExitError); ok {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// masked writes stdout or stderr to a file, without what differs: masked stdout FILE.
func masked(ts *testscript.TestScript, not bool, args []string) {
	if not || len(args) != 2 {
		ts.Fatalf("usage: masked stdout|stderr FILE")
	}
	text := ts.ReadFile(args[0])
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}
