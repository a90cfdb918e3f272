package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// configure leaves a folder in which sluice can be called without any flags.
func (s *story) configure() error {
	if _, err := s.call("init"); err != nil {
		return err
	}
	config := fmt.Sprintf(`store: sqlite:sluice.db
settings: settings.yaml
keys: {markers_file: %s, secrets_file: %s}
github:
  url: %s/
  graphql_url: %s/graphql
  app: {id: %d, installation_id: %d, private_key_file: app.pem}
sources:
  - name: scanners
    type: sarif
    path:
      - "reports/{owner}/{name}/branch-{branch}/{commit}/*.sarif"
      - "reports/{owner}/{name}/pr-{pull_request}/{commit}/*.sarif"
    source_dir: "checkouts/{owner}/{name}.git"
`, "keys/markers.key", "keys/secrets.key", s.url, s.url, s.app.ID, s.app.Installation)
	settings := `groups:
  core: {repositories: ["acme/*"], tier: 1, wave: 1, owner: team-parcels, ask: "#ask-appsec"}
`
	return errors.Join(
		os.WriteFile(filepath.Join(s.dir, "sluice.yaml"), []byte(config), 0o644),
		os.WriteFile(filepath.Join(s.dir, "settings.yaml"), []byte(settings), 0o644))
}

// call runs sluice in the demo's folder and returns what it wrote on stdout. Everything it says is kept in sluice.log.
func (s *story) call(args ...string) ([]byte, error) {
	cmd := exec.CommandContext(s.ctx, s.sluice, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "SLUICE_ACTOR=os:demo")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	s.log(fmt.Sprintf("$ sluice %s\n%s%s\n", strings.Join(args, " "), stdout.String(), stderr.String()))
	if err != nil {
		return nil, fmt.Errorf("sluice %s: %w\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.Bytes(), nil
}

func (s *story) log(text string) {
	f, err := os.OpenFile(filepath.Join(s.dir, "sluice.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return // the story is told without it
	}
	defer f.Close()
	_, _ = f.WriteString(text)
}

// report is the part of a run's report that the story looks at.
type report struct {
	Outcome  string `json:"outcome"`
	Findings struct {
		New   int `json:"new"`
		Known int `json:"known"`
		Gone  int `json:"gone"`
	} `json:"findings"`
	Effects struct {
		Done int `json:"done"`
		Kept int `json:"kept"`
	} `json:"effects"`
	Actions []json.RawMessage `json:"actions"`
	Ledger  string            `json:"ledger"`
}

func (s *story) runSluice() (r report, err error) {
	out, err := s.call("run", "--output", "json")
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("read the run's report: %w", err)
	}
	s.last = r
	return r, nil
}

// rows reads the JSON list of a command such as `findings` or `queue`.
func (s *story) rows(args ...string) (rows []map[string]any, err error) {
	out, err := s.call(append(args, "--output", "json")...)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		return nil, fmt.Errorf("read the answer of sluice %s: %w", args[0], err)
	}
	return rows, nil
}

func (s *story) move(cohort, stage, reason string) error {
	_, err := s.call("cohort", "move", cohort, stage, "--reason", reason)
	return err
}

func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
