package settings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// rest is the group of everything no group names.
const rest = "rest"

// check reports what a schema cannot say: names that point nowhere, globs and
// dates that are none, limits that contradict each other. s is the document
// over its defaults, as written.
func (d *document) check(s *Settings) {
	d.checkGroups(s)
	d.checkThresholds(s)
	for _, name := range slices.Sorted(maps.Keys(s.raw.Paths)) {
		d.globs(s.raw.Paths[name], "paths", name)
	}
	for i, e := range s.raw.Suppressions {
		at := []string{"suppressions", strconv.Itoa(i)}
		if e.Scanner == "" && e.Rule == "" && len(e.Paths) == 0 && len(e.Repositories) == 0 {
			d.fault("hides everything: give at least one of scanner, rule, paths, repositories", at...)
		}
		d.globs(e.Paths, child(at, "paths")...)
		d.repositories(e.Repositories, child(at, "repositories")...)
		d.date(e.Expires, child(at, "expires")...)
	}
	for i, e := range s.raw.Exceptions {
		at := []string{"exceptions", strconv.Itoa(i)}
		if (e.Finding == "") == (e.Advisory == "") {
			d.fault("give exactly one of `finding` (acme/shop:F12) and `advisory` (CVE-2024-1234)", at...)
		}
		d.repositories(e.Repositories, child(at, "repositories")...)
		d.date(e.Expires, child(at, "expires")...)
	}
	d.checkCeilings(s)
	d.checkRoutes(s)
	if e := s.Risk.EPSS; e.Medium > e.High {
		d.fault(fmt.Sprintf("medium begins at %v, above high at %v", e.Medium, e.High), "risk", "epss")
	}
	for i, p := range s.People {
		if p.GitHub == "" && p.Jira == "" {
			d.fault("give at least one login: github or jira", "people", strconv.Itoa(i))
		}
	}
}

func (d *document) checkGroups(s *Settings) {
	for _, name := range slices.Sorted(maps.Keys(s.raw.Groups)) {
		g := s.raw.Groups[name]
		if strings.EqualFold(name, rest) {
			d.faultKey("\"rest\" is the name of everything no group matches; choose another", "groups", name)
		}
		if len(g.Repositories)+len(g.Topics)+len(g.Properties) == 0 {
			d.fault("`repositories` is missing: list at least one, such as [acme/shop, \"acme/pay-*\"], or say them by topics or properties", "groups", name)
		}
		d.repositories(g.Repositories, "groups", name, "repositories")
		for i, p := range g.Paths {
			if bad := badPrefix(p); bad != "" {
				d.fault(fmt.Sprintf("%q %s; write a folder inside the repository, such as web/", p, bad), "groups", name, "paths", strconv.Itoa(i))
			}
		}
	}
}

func badPrefix(p string) string {
	switch {
	case strings.HasPrefix(p, "/"):
		return "starts with /"
	case strings.ContainsAny(p, "*?[{\\"):
		return "is a pattern, not a path prefix"
	case slices.Contains(strings.Split(p, "/"), ".."):
		return "leads out of the repository"
	}
	return ""
}

func (d *document) checkThresholds(s *Settings) {
	known := append(slices.Sorted(maps.Keys(s.raw.Groups)), rest)
	for _, name := range slices.Sorted(maps.Keys(s.Thresholds.Groups)) {
		if !slices.Contains(known, name) {
			d.faultKey(fmt.Sprintf("no group is called %q%s", name, suggest(name, known)), "thresholds", "groups", name)
		}
	}
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.Thresholds.Repositories)) {
		at := []string{"thresholds", "repositories", name}
		if strings.Count(name, "/") != 1 || strings.ContainsAny(name, "*?[{ ") {
			d.faultKey(fmt.Sprintf("%q is not one repository's owner/name; for several, make a group", name), at...)
		}
		if other, twice := seen[strings.ToLower(name)]; twice {
			d.faultKey(fmt.Sprintf("the same repository as %q; keep one", other), at...)
		}
		seen[strings.ToLower(name)] = name
	}
}

// checkCeilings refuses a cohort's ceiling that the run's could never let it
// use. A default that is too high is lowered instead (normalise).
func (d *document) checkCeilings(s *Settings) {
	_, given := d.values[pointer([]string{"ceilings", "cohort", "show"})]
	if run, cohort := s.Ceilings.Run.Show, s.Ceilings.Cohort.Show; given && cohort > run {
		d.fault(fmt.Sprintf("one cohort may show %d while the whole run may show %d; lower this or raise ceilings.run.show", cohort, run), "ceilings", "cohort", "show")
	}
}

func (d *document) checkRoutes(s *Settings) {
	known := append(slices.Sorted(maps.Keys(s.raw.Groups)), rest)
	seen := map[string]bool{}
	for i, r := range s.Routes {
		at := []string{"routes", strconv.Itoa(i)}
		for j, name := range r.Match.Groups {
			if !slices.Contains(known, name) {
				d.fault(fmt.Sprintf("no group is called %q%s", name, suggest(name, known)), append(at, "match", "groups", strconv.Itoa(j))...)
			}
		}
		if len(r.Match.Owners) > 0 && !s.CodeOwners {
			d.fault("nobody reads who owns a file: set `codeowners: true`, or this route never matches", append(at, "match", "owners")...)
		}
		if r.Name != "" && seen[r.Name] {
			d.fault(fmt.Sprintf("a second route called %q; names must differ", r.Name), child(at, "name")...)
		}
		seen[r.Name] = true
		d.checkJira(r.Jira, at)
	}
}

// ownFields are what a task is written with; a route cannot set them as well.
var ownFields = map[string]string{
	"summary": "Sluice writes it", "description": "Sluice writes it", "project": "use `project`", "issuetype": "use `issue_type`",
	"labels": "use `labels`", "components": "use `components`", "priority": "use `priority`", "security": "use `security_level`",
	"duedate": "use `due`", "assignee": "use the route's `assignee`", "parent": "use `epic`",
}

func (d *document) checkJira(j *JiraRoute, at []string) {
	if j == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(j.Fields)) {
		if why := ownFields[strings.ToLower(name)]; why != "" {
			d.faultKey(fmt.Sprintf("%q cannot be set here: %s", name, why), append(slices.Clone(at), "jira", "fields", name)...)
		}
	}
	for _, s := range []struct{ resolution, status, key string }{
		{j.WithdrawnResolution, j.WithdrawnStatus, "withdrawn"}, {j.FixedResolution, j.FixedStatus, "fixed"},
	} {
		if s.resolution != "" && s.status == "" {
			d.fault(fmt.Sprintf("a resolution is set on the way to a status: give %s_status, too", s.key), append(slices.Clone(at), "jira", s.key+"_resolution")...)
		}
	}
}

func (d *document) globs(list []string, path ...string) {
	for i, g := range list {
		if !doublestar.ValidatePattern(g) {
			d.fault(fmt.Sprintf("%q is not a valid glob; close every [ and {, and do not end in a backslash", g), child(path, strconv.Itoa(i))...)
		}
		if strings.HasPrefix(g, "/") {
			d.fault(fmt.Sprintf("%q can never match: paths start at the repository's root without a /", g), child(path, strconv.Itoa(i))...)
		}
	}
}

func (d *document) repositories(list []string, path ...string) {
	for i, g := range list {
		switch at := child(path, strconv.Itoa(i)); {
		case !doublestar.ValidatePattern(g):
			d.fault(fmt.Sprintf("%q is not a valid glob; close every [ and {", g), at...)
		case !strings.Contains(g, "/") && g != "**":
			d.fault(fmt.Sprintf("%q can never match: repositories are owner/name, such as acme/pay-*", g), at...)
		}
	}
}

func (d *document) date(text string, path ...string) {
	if text == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		d.fault(fmt.Sprintf("%q is no day in the calendar; write one such as 2026-12-31", text), path...)
	}
}
