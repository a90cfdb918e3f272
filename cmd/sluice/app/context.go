package app

import (
	"os"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
)

// sources are the configured sources with what flags and CI say about reports
// whose paths do not. ci asks for the CI's word also where paths have captures.
func (a *App) sources(flags connectors.Context, ci bool) []connectors.Config {
	environment, _, known := connectors.FromEnvironment(a.opt.Getenv, os.ReadFile)
	var out []connectors.Config
	for _, s := range a.Config.Sources {
		c := connectors.Config{
			Name: s.Name, Type: s.Type, Paths: s.Path, Base: a.Config.Base, Root: s.Root, SourceDir: s.SourceDir, Context: flags,
		}
		if known && (ci || !hasCaptures(s.Path)) {
			c.Context = laidOver(flags, environment)
		}
		out = append(out, c)
	}
	return out
}

func hasCaptures(paths []string) bool {
	for _, p := range paths {
		if strings.Contains(p, "{") {
			return true
		}
	}
	return false
}

// laidOver fills what flags leave open from the CI's word. Where they name
// another repository or another ref, the CI's word is about something else.
func laidOver(flags, ci connectors.Context) connectors.Context {
	out := flags
	if flags.Repository() == "" {
		out.Owner, out.Name = ci.Owner, ci.Name
	} else if !strings.EqualFold(flags.Repository(), ci.Repository()) {
		return out
	}
	if ref := flags.Ref(); ref == "" {
		out.Branch, out.PullRequest = ci.Branch, ci.PullRequest
	} else if ref != ci.Ref() {
		return out
	}
	if out.Commit == "" {
		out.Commit = ci.Commit
	}
	if out.Category == "" {
		out.Category = ci.Category
	}
	return out
}
