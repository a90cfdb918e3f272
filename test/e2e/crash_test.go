package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/touch"
)

// A clean run numbers every point at which it touches the store or the
// network, before and after. Then a child process
// is killed at each of them (SIGKILL: no deferred call runs), and whoever runs
// next must bring the world to where the clean run left it.
//
// SLUICE_CRASH=all goes through every point and, for a seeded third of them,
// kills the recovering run too; without it a seeded sample keeps the suite fast.

const (
	childEnv = "SLUICE_CRASH_CHILD" // folder of the place the child works on
	urlEnv   = "SLUICE_CRASH_URL"
	gitEnv   = "SLUICE_CRASH_GIT"  // the repository's bare git folder
	killEnv  = "SLUICE_CRASH_KILL" // the point to die at; 0: count only
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child is one run in a process of its own, which may not live to its end.
func child(dir string) int {
	kill, _ := strconv.Atoi(os.Getenv(killEnv))
	points := &touch.Points{Kill: kill}
	p := &place{
		t: process{}, drop: filepath.Join(dir, "drop"), database: filepath.Join(dir, "sluice.db"), url: os.Getenv(urlEnv),
		clock: &clock{now: time.Now()}, gitPath: map[string]string{shop: os.Getenv(gitEnv)},
		settings: crashSettings, tokens: int(time.Now().UnixNano() % 1e9),
	}
	p.wrap = func(next http.RoundTripper) http.RoundTripper { return touch.Transport(next, points.At) }
	cfg := p.config()
	cfg.Store = touch.Store(p.openStore(), points.At)
	report, err := run.Run(context.Background(), cfg, run.Selection{})
	p.must(err)
	if len(report.Errors) > 0 {
		p.t.Fatalf("errors: %+v", report.Errors)
	}
	fmt.Printf("POINTS %d\n%s\n", len(points.Names), strings.Join(points.Names, "\n"))
	return 0
}

// process stands in for a test in a child: what is fatal ends it.
type process struct{}

func (process) Helper()        {}
func (process) Cleanup(func()) {}
func (process) Fatal(args ...any) {
	fmt.Println(args...)
	os.Exit(1)
}
func (p process) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }

const crashSettings = "budgets: {pull_request: {comments: 2}}\nthresholds: {default: {advise: medium}}\n"

// crashScene is a place just before a run that has everything to do: reports
// to take in, a fix to mark, a comment to withdraw, one that was answered to
// keep, a review with two comments and a summary to post.
func crashScene(t *testing.T) *place {
	p := newPlace(t)
	p.settings = crashSettings
	p.repository(shop, map[string]string{"main.go": base})
	p.scan(shop, strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main")
	for i, body := range []string{"exec(fixed)", "md5(withdrawn)", "md5(answered)"} {
		branch := fmt.Sprintf("early-%d", i)
		head := p.commit(shop, branch, "main", map[string]string{"new.go": code("package main", body)})
		p.scanPull(shop, head, p.open(shop, branch))
	}
	p.run()
	p.move("/high", promoter.Advise)
	p.move("/medium", promoter.Advise)
	p.run()
	if n := len(p.mails()); n != 3 {
		t.Fatalf("%d mails before the crash, want 3", n)
	}
	_, err := p.sandbox.Reply(p.pull(shop, 3).ReviewComments[0].ID, "dev", "It is only a checksum.")
	p.must(err)
	p.move("/medium", promoter.Triage)
	fixed := p.commit(shop, "early-0", "", map[string]string{"new.go": code("package main")})
	p.scanPull(shop, fixed, 1)
	head := p.commit(shop, "late", "main", map[string]string{"late.go": code("exec(1)", "exec(2)", "exec(3)")})
	p.scanPull(shop, head, p.open(shop, "late"))
	p.must(p.sandbox.Save())
	p.must(p.store.Close())
	return p
}

// copyOf is the same place elsewhere, with a sandbox of its own.
func (p *place) copyOf(t *testing.T, root string) (*github.Server, string, string) {
	t.Helper()
	dir := t.TempDir()
	p.must(os.CopyFS(dir, os.DirFS(root)))
	sandbox, err := github.New(filepath.Join(dir, "github"), github.Options{})
	p.must(err)
	server := httptest.NewServer(sandbox)
	t.Cleanup(server.Close)
	return sandbox, server.URL + "/", dir
}

func runChild(t *testing.T, dir, url, git string, kill int) (output string, died bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+dir, urlEnv+"="+url, killEnv+"="+strconv.Itoa(kill), gitEnv+"="+git)
	out, err := cmd.CombinedOutput()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return string(out), true
	}
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	return string(out), false
}

func TestKilledAnywhereNothingIsLostOrDoubled(t *testing.T) {
	all := os.Getenv("SLUICE_CRASH") == "all"
	scene := crashScene(t)
	root := filepath.Dir(scene.database)

	sandbox, url, dir := scene.copyOf(t, root)
	out, _ := runChild(t, dir, url, gitOf(t, sandbox), 0)
	total := countPoints(t, out)
	want := outcome(t, sandbox)
	if !strings.Contains(want, "Fixed in") || !strings.Contains(want, "*Kept, because") || strings.Count(want, "review with") != 4 {
		t.Fatalf("the clean run did not do everything:\n%s", want)
	}
	t.Logf("%d points", total)

	rng := rand.New(rand.NewPCG(1, 2))
	kills := sample(rng, total, all)
	for _, at := range kills {
		t.Run(fmt.Sprintf("point %d", at), func(t *testing.T) {
			t.Parallel()
			sandbox, url, dir := scene.copyOf(t, root)
			git := gitOf(t, sandbox)
			if out, died := runChild(t, dir, url, git, at); !died {
				t.Fatalf("the child outlived point %d:\n%s", at, out)
			}
			if at%3 == 0 { // the recovering run dies too, somewhere early
				runChild(t, dir, url, git, 1+at%17)
			}
			runChild(t, dir, url, git, 0)
			runChild(t, dir, url, git, 0) // what one run left unknown, the next has settled
			if got := outcome(t, sandbox); got != want {
				t.Errorf("the world differs from the clean run's.\ngot:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func sample(rng *rand.Rand, total int, all bool) []int {
	kills := make([]int, total)
	for i := range kills {
		kills[i] = i + 1
	}
	if !all {
		rng.Shuffle(total, func(i, j int) { kills[i], kills[j] = kills[j], kills[i] })
		kills = kills[:min(total, 24)]
		slices.Sort(kills)
	}
	return kills
}

func countPoints(t *testing.T, out string) int {
	t.Helper()
	_, rest, ok := strings.Cut(out, "POINTS ")
	n, err := strconv.Atoi(strings.SplitN(rest, "\n", 2)[0])
	if !ok || err != nil || n < 40 {
		t.Fatalf("the clean run counted %d points:\n%s", n, out)
	}
	return n
}

func gitOf(t *testing.T, s *github.Server) string {
	t.Helper()
	w, err := s.World()
	if err != nil {
		t.Fatal(err)
	}
	return w.Repositories[0].Git
}

var marker = regexp.MustCompile(`<!-- sluice:[^>]*-->`)

// outcome is the world as people see it: markers and ids aside, every review,
// comment, thread and mail.
func outcome(t *testing.T, s *github.Server) string {
	t.Helper()
	w, err := s.World()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, pr := range w.Repositories[0].PullRequests {
		fmt.Fprintf(&b, "pull request %d\n", pr.Number)
		for _, r := range pr.Reviews {
			fmt.Fprintf(&b, "review %s\n", r.State)
		}
		var lines []string
		for _, c := range pr.ReviewComments {
			lines = append(lines, fmt.Sprintf("comment %s:%d %s", c.Path, c.Line, marker.ReplaceAllString(c.Body, "")))
		}
		for _, th := range pr.Threads {
			lines = append(lines, fmt.Sprintf("thread resolved=%v", th.Resolved))
		}
		for _, c := range pr.Comments {
			lines = append(lines, "summary "+marker.ReplaceAllString(c.Body, ""))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, "\n") + "\n")
	}
	var mails []string
	for _, m := range w.Mails {
		mails = append(mails, fmt.Sprintf("mail %d %s with %d", m.Number, m.Kind, m.Comments))
	}
	slices.Sort(mails)
	return b.String() + strings.Join(mails, "\n")
}
