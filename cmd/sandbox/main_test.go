package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// start runs the command until the test stops it; stop returns the exit code.
func start(t *testing.T, args ...string) (addresses map[string]string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	out, in := io.Pipe()
	code := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		code <- run(ctx, args, in, &stderr)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no addresses: %v; exit code %d: %s", err, <-code, stderr.String())
	}
	if err := json.Unmarshal(line, &addresses); err != nil {
		t.Fatal(err)
	}
	return addresses, func() int { cancel(); return <-code }
}

func TestARestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	seed := filepath.Join(dir, "seed.json")
	if err := os.WriteFile(seed, []byte(`[{"do":"repositories","owner":"acme","name":"shop"},{"do":"commits","repository":"acme/shop","branch":"main","write":{"a":"1\n"}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	for round := range 2 {
		addresses, stop := start(t, "--dir", state, "--seed", seed)
		res, err := http.Get(addresses["url"] + "/repos/acme/shop/branches/main")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("round %d: status %d", round, res.StatusCode)
		}
		if code := stop(); code != 0 {
			t.Errorf("round %d: exit code %d", round, code)
		}
	}
}

func TestJiraBesideGitHub(t *testing.T) {
	dir := t.TempDir()
	seed := filepath.Join(dir, "seed.json")
	if err := os.WriteFile(seed, []byte(`[{"do":"repositories","owner":"acme","name":"shop"},{"do":"jira/tokens","value":"pat","person":"sluice"},
		{"do":"jira/projects","key":"SEC"},{"do":"jira/issues","as":"alice","project":"SEC","type":"Task","fields":{"summary":"Upgrade"}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	for round := range 2 {
		addresses, stop := start(t, "--dir", state, "--seed", seed, "--jira", "datacenter")
		r, err := http.NewRequest(http.MethodGet, addresses["jira"]+"/rest/api/2/issue/SEC-1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer pat")
		for what, ask := range map[string]func() (*http.Response, error){
			"issue":      func() (*http.Response, error) { return http.DefaultClient.Do(r) },
			"board":      func() (*http.Response, error) { return http.Get(addresses["jira_pages"] + "/SEC") },
			"world":      func() (*http.Response, error) { return http.Get(addresses["jira_control"] + "world") },
			"repository": func() (*http.Response, error) { return http.Get(addresses["url"] + "/repos/acme/shop") },
		} {
			res, err := ask()
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("round %d, %s: status %d", round, what, res.StatusCode)
			}
		}
		if code := stop(); code != 0 {
			t.Errorf("round %d: exit code %d", round, code)
		}
	}
}

func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no folder":           {nil, 2, "--dir"},
		"unknown flag":        {[]string{"--dance"}, 2, "dance"},
		"help":                {[]string{"--help"}, 0, "loopback"},
		"not loopback":        {[]string{"--dir", t.TempDir(), "--listen", "0.0.0.0:0"}, 1, "not a loopback address"},
		"no such Jira":        {[]string{"--dir", t.TempDir(), "--jira", "server"}, 1, "datacenter"},
		"a seed that is none": {[]string{"--dir", t.TempDir(), "--seed", os.DevNull}, 1, "seed"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), test.args, &stdout, &stderr); code != test.code || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%s: code %d, %s", name, code, stderr.String())
		}
	}
}
