// Command sandbox serves a GitHub on localhost: the part of its interface that Sluice uses, over real git repositories,
// with pages to look at. See package test/sandbox/github for what it does and does not do.
//
// It prints one JSON line with its addresses when it is ready:
//
//	{"url":"http://127.0.0.1:4000","graphql":"http://127.0.0.1:4000/graphql","pages":"http://127.0.0.1:4000/ui/","control":"http://127.0.0.1:4000/_sandbox/","dir":"/tmp/x"}
//
// and goes on until SIGINT or SIGTERM, when it saves its state to DIR/state.json and ends with 0. Scripts set the scene
// below /_sandbox/; code is pushed with git into the path that creating a repository returns. Anybody who can reach the
// address can do anything, so it listens on loopback only.
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
	"syscall"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github"
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
	seed := flags.String("seed", "", "JSON `file` of orders to run first, as [{\"do\": \"repositories\", \"owner\": ...}, ...]; only in an empty folder")
	limits := flags.Bool("limits", false, "refuse requests above GitHub's primary and secondary rate limits")
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
	opt := github.Options{SaveEachWrite: true}
	if *limits {
		opt.Limits = github.GitHubLimits()
	}
	if err := serve(ctx, *listen, *dir, *seed, opt, stdout); err != nil {
		fmt.Fprintln(stderr, "sandbox:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, listen, dir, seed string, opt github.Options, stdout io.Writer) error {
	s, err := github.New(dir, opt)
	if err != nil {
		return err
	}
	if seed != "" {
		if err := plant(s, seed); err != nil {
			return err
		}
	}
	l, err := loopback(listen)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	if err := json.NewEncoder(stdout).Encode(struct {
		URL     string `json:"url"`
		GraphQL string `json:"graphql"`
		Pages   string `json:"pages"`
		Control string `json:"control"`
		Dir     string `json:"dir"`
	}{url, url + "/graphql", url + "/ui/", url + "/_sandbox/", dir}); err != nil {
		return errors.Join(fmt.Errorf("print addresses: %w", err), l.Close())
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(grace), s.Save())
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

// plant runs the orders of a seed file on a server that has no repository yet.
func plant(s *github.Server, file string) error {
	world, err := s.World()
	if err != nil || len(world.Repositories) > 0 {
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
		if _, err := s.Do(named.Do, o); err != nil {
			return fmt.Errorf("seed order %d (%s): %w", i+1, named.Do, err)
		}
	}
	return nil
}
