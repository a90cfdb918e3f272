package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

const secretPath = "/ping/5ec7e7"

// listener is who hears heartbeats, and a folder in which runs are made.
type listener struct {
	t         *testing.T
	dir, url  string
	heard     []string
	answer    int
	transport http.RoundTripper
	said      bytes.Buffer
}

func newListener(t *testing.T) *listener {
	l := &listener{t: t, dir: t.TempDir(), answer: http.StatusOK}
	if err := layShop(l.dir); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.heard = append(l.heard, r.Method+" "+r.URL.String())
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(l.answer)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL + secretPath + "?rid=1"
	l.configure("heartbeat: {url_env: HEARTBEAT}\n")
	return l
}

// configure adds to the configuration.
func (l *listener) configure(more string) {
	l.t.Helper()
	file := filepath.Join(l.dir, "sluice.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, more...), 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *listener) sluice(args ...string) int {
	env := map[string]string{"HEARTBEAT": l.url, "SLUICE_ACTOR": "github:alice"}
	p := newProgram(&l.said, &l.said, func(name string) string { return env[name] })
	p.seams = app.Options{Transport: l.transport}
	return p.run(l.t.Context(), append([]string{"--config", filepath.Join(l.dir, "sluice.yaml")}, args...))
}

func TestHeartbeat(t *testing.T) {
	beat, fail := []string{"GET " + secretPath + "?rid=1"}, []string{"GET " + secretPath + "/fail?rid=1"}
	for _, test := range []struct {
		name  string
		given string // added to the configuration
		args  []string
		code  int
		heard []string
	}{
		{"a run that went well", "", []string{"run"}, 0, beat},
		{"a configuration with an error in it", "store: nowhere\n", []string{"run"}, 2, fail},
		{"a flag that goes with another", "", []string{"run", "--policy", "nowhere"}, 2, fail},
		{"a flag that is not there", "", []string{"run", "--deadlin", "1m"}, 2, fail},
		{"an output that is not there", "", []string{"run", "--output", "xml"}, 2, fail},
		{"a dry run", "", []string{"run", "--dry-run"}, 0, nil},
		{"the help", "", []string{"run", "--help"}, 0, nil},
		{"another command", "", []string{"policy", "check"}, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newListener(t)
			l.configure(test.given)
			if code := l.sluice(test.args...); code != test.code {
				t.Errorf("ended with %d, want %d:\n%s", code, test.code, l.said.String())
			}
			if diff := cmp.Diff(test.heard, l.heard); diff != "" {
				t.Errorf("heard (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFailedRunsHeartbeatSaysSo(t *testing.T) {
	l := newListener(t)
	if err := os.RemoveAll(filepath.Join(l.dir, "reports")); err != nil {
		t.Fatal(err)
	}
	if code := l.sluice("run"); code != codeFailed {
		t.Errorf("ended with %d", code)
	}
	if diff := cmp.Diff([]string{"GET " + secretPath + "/fail?rid=1"}, l.heard); diff != "" {
		t.Error(diff)
	}
}

// broken is a network in which nothing is ever answered.
type broken struct{ bounded bool }

func (b *broken) RoundTrip(r *http.Request) (*http.Response, error) {
	deadline, ok := r.Context().Deadline()
	b.bounded = ok && time.Until(deadline) < 10*time.Second
	return nil, errors.New("dial " + r.URL.Host + ": no route for " + r.URL.Path)
}

// Whatever becomes of it, the run ends as it would have, and the address is
// nobody's business.
func TestAHeartbeatSinksNothingAndStaysSecret(t *testing.T) {
	network := &broken{}
	for _, test := range []struct {
		name string
		set  func(*listener)
		want string
	}{
		{"an error", func(l *listener) { l.answer = 500 }, "it was answered with 500"},
		{"a redirection", func(l *listener) { l.answer = 302 }, "it was answered with 302"},
		{"no network", func(l *listener) { l.transport = network }, "no route for ..."},
		{"no address", func(l *listener) { l.url = "" }, "HEARTBEAT is not set"},
		{"no address that can be read", func(l *listener) { l.url = "htps:" + secretPath }, "holds no address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newListener(t)
			test.set(l)
			if code := l.sluice("run"); code != codeOK {
				t.Errorf("ended with %d", code)
			}
			said := l.said.String()
			if !strings.Contains(said, test.want) || strings.Contains(said, "5ec7e7") {
				t.Errorf("said:\n%s", said)
			}
			if len(l.heard) > 1 {
				t.Errorf("heard %v", l.heard)
			}
		})
	}
	if !network.bounded {
		t.Error("the request has no end")
	}
}

// A run that was told to stop has its own context cancelled.
func TestAStoppedRunIsHeardOf(t *testing.T) {
	l := newListener(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	app.Beat(ctx, app.Options{ConfigFile: filepath.Join(l.dir, "sluice.yaml"), Getenv: func(string) string { return l.url }, Logger: zap.NewNop()}, true)
	if len(l.heard) != 1 {
		t.Errorf("heard %v", l.heard)
	}
}
