package githubapi

import (
	"net/http"
	"regexp"
	"strings"
)

// endpoints names the permission an App or a fine-grained token needs, for
// answers that do not say it themselves. First match wins.
// https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
var endpoints = []struct {
	path       *regexp.Regexp
	permission string
}{
	{regexp.MustCompile(`/graphql$`), "pull requests"},
	{regexp.MustCompile(`/code-scanning/`), "code scanning alerts"},
	{regexp.MustCompile(`/dependabot/alerts$`), "Dependabot alerts"},
	{regexp.MustCompile(`/secret-scanning/`), "secret scanning alerts"},
	{regexp.MustCompile(`/pulls(/|$)`), "pull requests"},
	{regexp.MustCompile(`/issues/`), "pull requests"}, // comments on pull requests
	{regexp.MustCompile(`/collaborators/`), "metadata"},
	{regexp.MustCompile(`/(contents|compare|commits|branches|git)(/|$)`), "contents"},
	{regexp.MustCompile(`^/(repos/[^/]+/[^/]+|repositories/\d+)$`), "metadata"},
}

// lacking names the permission behind a 403, "" when that is not its reason.
func lacking(k call, path string, h http.Header, message string) string {
	if accepted := acceptedPermissions(h.Get("X-Accepted-GitHub-Permissions")); accepted != "" {
		return accepted
	}
	lower := strings.ToLower(message)
	if !strings.Contains(lower, "not accessible by") && !strings.Contains(lower, "scope") && !strings.Contains(lower, "must have") {
		return ""
	}
	level := "read"
	if k.write {
		level = "write"
	}
	for _, e := range endpoints {
		if e.path.MatchString(path) {
			return e.permission + ": " + level
		}
	}
	return ""
}

// acceptedPermissions writes "issues=write,metadata=read; pull_requests=write"
// (a comma: both; a semicolon: either) for people.
func acceptedPermissions(header string) string {
	var ways []string
	for _, way := range strings.Split(header, ";") {
		var needs []string
		for _, need := range strings.Split(way, ",") {
			if name, level, ok := strings.Cut(strings.TrimSpace(need), "="); ok {
				needs = append(needs, strings.ReplaceAll(oneLine(name), "_", " ")+": "+oneLine(level))
			}
		}
		if len(needs) > 0 {
			ways = append(ways, strings.Join(needs, " and "))
		}
	}
	return strings.Join(ways, ", or ")
}
