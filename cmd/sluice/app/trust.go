package app

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/sluice-sec/sluice/connectors"
)

// trusted refuses a configuration that is part of a checkout in a job that a CI
// runs for a pull request: whoever opened that would say where credentials are
// sent, and what the gate lets through.
func trusted(configFile string, getenv func(string) string) error {
	c, ci, known := connectors.FromEnvironment(getenv, os.ReadFile)
	if !known || c.PullRequest == 0 {
		return nil
	}
	file, err := filepath.Abs(configFile)
	if err != nil {
		return &UsageError{Err: err}
	}
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return &UsageError{Err: fmt.Errorf("%s stands in the checkout %s, and %s runs this job for pull request %d: what its author can write is no configuration; "+
				"keep yours outside of any checkout and name it with --config", configFile, dir, ci, c.PullRequest)}
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (a *App) trusted() error {
	if !a.Config.Found {
		return nil
	}
	return trusted(a.Config.File, a.opt.Getenv)
}
