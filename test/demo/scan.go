package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// scan does what a job in a pull request would: check a commit out, run both scanners over it, and leave their reports
// where Sluice looks. ref is branch-NAME or pr-NUMBER. It returns how many results the reports hold.
func (s *story) scan(ref, commit string) (results int, err error) {
	tree := filepath.Join(s.dir, "scans", commit)
	if err := s.checkout(commit, tree); err != nil {
		return 0, err
	}
	defer os.RemoveAll(tree)
	reports := filepath.Join(s.dir, "reports", owner, name, ref, commit)
	if err := os.MkdirAll(reports, 0o755); err != nil {
		return 0, err
	}
	gosec, gitleaks := filepath.Join(reports, "gosec.sarif"), filepath.Join(reports, "gitleaks.sarif")
	// Secrets are gitleaks' part: without -exclude, gosec's G101 says the same again.
	if err := s.scanner(tree, s.gosec, "-quiet", "-no-fail", "-exclude=G101", "-fmt=sarif", "-out="+gosec, "./..."); err != nil {
		return 0, err
	}
	if err := s.scanner(tree, s.gitleaks, "dir", "--no-banner", "--log-level=error", "--exit-code=0", "--report-format=sarif", "--report-path="+gitleaks, "."); err != nil {
		return 0, err
	}
	for _, report := range []string{gosec, gitleaks} {
		n, err := countResults(report)
		if err != nil {
			return 0, err
		}
		results += n
	}
	return results, nil
}

func (s *story) scanner(dir, program string, args ...string) error {
	cmd := exec.CommandContext(s.ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return nil
}

// countResults is this program's own look into a report, independent of Sluice's.
func countResults(report string) (int, error) {
	text, err := os.ReadFile(report)
	if err != nil {
		return 0, err
	}
	var doc struct {
		Runs []struct {
			Results []json.RawMessage `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return 0, fmt.Errorf("read %s: %w", report, err)
	}
	n := 0
	for _, r := range doc.Runs {
		n += len(r.Results)
	}
	return n, nil
}

// checkout writes the files of a commit to dir, through a mirror such as a scheduled runner keeps. Sluice reads the
// source from the same mirror.
func (s *story) checkout(commit, dir string) error {
	mirror := filepath.Join(s.dir, "checkouts", owner, name+".git")
	if _, err := os.Stat(mirror); err != nil {
		if _, err := s.runGit("", "clone", "--quiet", "--mirror", s.git, mirror); err != nil {
			return err
		}
	}
	if _, err := s.runGit(mirror, "fetch", "--quiet", "--prune"); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_, err := s.runGit(mirror, "--git-dir=.", "--work-tree="+dir, "checkout", "--quiet", "--force", commit, "--", ".")
	return err
}

func (s *story) runGit(dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(s.ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(exit.Stderr))
	}
	return out, err
}
