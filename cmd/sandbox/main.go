// Command sandbox serves a GitHub on localhost: the part of its interface that Sluice uses, over real git repositories,
// with pages to look at; with --jira a Jira at the same address. See packages test/sandbox/github and test/sandbox/jira for
// what they do and do not do.
//
// It prints one JSON line with its addresses when it is ready:
//
//	{"url":"http://127.0.0.1:4000","graphql":"http://127.0.0.1:4000/graphql","pages":"http://127.0.0.1:4000/ui/","control":"http://127.0.0.1:4000/_sandbox/","dir":"/tmp/x"}
//
// with --jira also jira, jira_pages and jira_control, and goes on until SIGINT or SIGTERM, when it saves its state to
// DIR/state.json and DIR/jira.json and ends with 0. Scripts set the scene below /_sandbox/ and /_sandbox/jira/; code is
// pushed with git into the path that creating a repository returns. Anybody who can reach the address can do anything, so
// it listens on loopback only. With --jira, GitHub's owners cannot be called jira, rest or browse.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 after a stop, 1 if it failed, 2 for wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:0", "loopback `address` to listen on; port 0 takes a free one")
	dir := flags.String("dir", "", "`folder` for repositories and state; goes on from what it holds (required)")
	seed := flags.String("seed", "", "JSON `file` of orders to run first, as [{\"do\": \"repositories\", \"owner\": ...}, {\"do\": \"jira/projects\", ...}, ...]; only in an empty folder")
	limits := flags.Bool("limits", false, "refuse requests above GitHub's and Jira's rate limits")
	tracker := flags.String("jira", "", "serve a Jira, too: `deployment` cloud or datacenter")
	lag := flags.Duration("search-lag", 0, "how long Jira's search takes to see a change")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *dir == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "sandbox: --dir is needed, and nothing but flags; see --help")
		return 2
	}
	host, board := github.Options{SaveEachWrite: true}, jira.Options{SaveEachWrite: true, Deployment: jira.Deployment(*tracker), SearchLag: *lag}
	if *limits {
		host.Limits, board.Limits = github.GitHubLimits(), jira.JiraLimits()
	}
	if err := serve(ctx, *listen, *dir, *seed, host, board, stdout); err != nil {
		fmt.Fprintln(stderr, "sandbox:", err)
		return 1
	}
	return 0
}

// addresses are what is printed once all is ready.
type addresses struct {
	URL         string `json:"url"`
	GraphQL     string `json:"graphql"`
	Pages       string `json:"pages"`
	Control     string `json:"control"`
	Jira        string `json:"jira,omitempty"`
	JiraPages   string `json:"jira_pages,omitempty"`
	JiraControl string `json:"jira_control,omitempty"`
	Dir         string `json:"dir"`
}

// doubles are what is served; tracker is nil without --jira.
type doubles struct {
	host    *github.Server
	tracker *jira.Server
}

func (d doubles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.tracker != nil && jira.Serves(r.URL.Path) {
		d.tracker.ServeHTTP(w, r)
		return
	}
	d.host.ServeHTTP(w, r)
}

func (d doubles) save() error {
	if d.tracker == nil {
		return d.host.Save()
	}
	return errors.Join(d.host.Save(), d.tracker.Save())
}

func serve(ctx context.Context, listen, dir, seed string, host github.Options, tracker jira.Options, stdout io.Writer) error {
	var d doubles
	var err error
	if d.host, err = github.New(dir, host); err != nil {
		return err
	}
	if tracker.Deployment != "" {
		if d.tracker, err = jira.New(dir, tracker); err != nil {
			return err
		}
	}
	if seed != "" {
		if err := d.plant(seed); err != nil {
			return err
		}
	}
	l, err := loopback(listen)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	ready := addresses{URL: url, GraphQL: url + "/graphql", Pages: url + "/ui/", Control: url + "/_sandbox/", Dir: dir}
	if d.tracker != nil {
		ready.Jira, ready.JiraPages, ready.JiraControl = url, url+"/ui/jira", url+"/_sandbox/jira/"
	}
	if err := json.NewEncoder(stdout).Encode(ready); err != nil {
		return errors.Join(fmt.Errorf("print addresses: %w", err), l.Close())
	}
	server := &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(grace), d.save())
}

// loopback listens, but never where other machines could connect.
func loopback(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("listen on %s: not a loopback address", address), l.Close())
	}
	return l, nil
}

// plant runs the orders of a seed file where there is no repository and no project yet.
func (d doubles) plant(file string) error {
	empty, err := d.empty()
	if err != nil || !empty {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read seed: %w", err)
	}
	var orders []json.RawMessage
	if err := json.Unmarshal(data, &orders); err != nil {
		return fmt.Errorf("read seed %s: %w", file, err)
	}
	for i, o := range orders {
		var named struct {
			Do string `json:"do"`
		}
		if err := json.Unmarshal(o, &named); err != nil {
			return fmt.Errorf("seed order %d: %w", i+1, err)
		}
		if err := d.do(named.Do, o); err != nil {
			return fmt.Errorf("seed order %d (%s): %w", i+1, named.Do, err)
		}
	}
	return nil
}

func (d doubles) empty() (bool, error) {
	world, err := d.host.World()
	if err != nil || len(world.Repositories) > 0 || d.tracker == nil {
		return len(world.Repositories) == 0, err
	}
	tasks, err := d.tracker.World()
	return len(tasks.Projects) == 0, err
}

// do runs one order: those for Jira begin with jira/.
func (d doubles) do(name string, order []byte) error {
	command, ours := strings.CutPrefix(name, "jira/")
	if !ours {
		_, err := d.host.Do(name, order)
		return err
	}
	if d.tracker == nil {
		return errors.New("there is no Jira; see --jira")
	}
	_, err := d.tracker.Do(command, order)
	return err
}
