package app

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
)

var (
	envName    = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	captures   = regexp.MustCompile(`\{([^{}]*)\}`)
)

// check looks at what a type cannot say, each thing at its place in the file.
func (d *configText) check(c *Config) {
	if c.Store != "" && (!strings.HasPrefix(c.Store, "sqlite:") || c.Store == "sqlite:") {
		d.fault("$.store", "a store is written sqlite:PATH, such as sqlite:sluice.db")
	}
	if c.GitHub != nil {
		d.checkGitHub(c.GitHub)
	}
	if j := c.Jira; j != nil {
		d.address("$.jira.url", j.URL, true)
		if j.Deployment != "cloud" && j.Deployment != "datacenter" {
			d.fault("$.jira.deployment", "say which one this is: cloud or datacenter")
		}
		if j.UserEnv != "" || j.Deployment == "cloud" {
			d.environment("$.jira.user_env", j.UserEnv) // Data Center knows whose its tokens are
		}
		d.environment("$.jira.token_env", j.TokenEnv)
	}
	if c.Slack != nil {
		d.environment("$.slack.webhook_env", c.Slack.WebhookEnv)
	}
	if c.Heartbeat != nil {
		d.environment("$.heartbeat.url_env", c.Heartbeat.URLEnv)
	}
	d.span("$.rhythm", c.Rhythm, false)
	d.span("$.retention.runs", c.Retention.Runs, true)
	d.span("$.retention.gone", c.Retention.Gone, true)
	d.span("$.retention.http_cache", c.Retention.HTTPCache, true)
	d.checkRisk(c.Risk)
	seen := map[string]bool{}
	for i, s := range c.Sources {
		d.checkSource(fmt.Sprintf("$.sources[%d]", i), s, seen)
		if c.GitHub == nil && slices.Contains(alerts.Kinds(), alerts.Kind(s.Type)) {
			d.fault(fmt.Sprintf("$.sources[%d].type", i), "alerts are asked of GitHub: say under `github` which one, and as whom")
		}
		seen[s.Name] = true
	}
}

func (d *configText) checkGitHub(g *GitHub) {
	if g.URL != "" {
		d.address("$.github.url", g.URL, true)
	}
	if g.GraphQLURL != "" {
		d.address("$.github.graphql_url", g.GraphQLURL, true)
	}
	switch {
	case g.TokenEnv == "" && g.App == nil:
		d.fault("$.github", "one of token_env and app is needed: Sluice must know whose comments are its own")
	case g.TokenEnv != "" && g.App != nil:
		d.fault("$.github.token_env", "keep one of token_env and app")
	case g.TokenEnv != "":
		d.environment("$.github.token_env", g.TokenEnv)
	case g.App.ID <= 0 || g.App.InstallationID <= 0 || g.App.PrivateKeyFile == "":
		d.fault("$.github.app", "an app needs id, installation_id and private_key_file")
	}
}

// address checks a root without quoting it: people put credentials into URLs.
func (d *configText) address(path, text string, required bool) {
	u, err := url.Parse(text)
	switch {
	case text == "" && !required:
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		d.fault(path, "an address is written https://HOST/")
	case u.User != nil:
		d.fault(path, "no user or password in an address; they are given by environment variables")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		d.fault(path, "http is allowed for this machine only: the token would travel in the open; use https")
	}
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

func (d *configText) environment(path, name string) {
	if !envName.MatchString(name) {
		d.fault(path, "this names an environment variable (capital letters, digits and _); the secret itself never stands here")
	}
}

// span checks a length of time; orNever allows to keep things for good.
func (d *configText) span(path string, s Span, orNever bool) {
	if _, err := s.parse(); err == nil && (s != never || orNever) {
		return
	}
	written := "12h or 30d"
	if orNever {
		written = "12h, 30d or never"
	}
	d.fault(path, "a span is written "+written)
}

func (d *configText) checkSource(path string, s Source, seen map[string]bool) {
	if !sourceName.MatchString(s.Name) {
		d.fault(path+".name", "a source needs a name of letters, digits, . _ and -")
	} else if seen[s.Name] {
		d.fault(path+".name", "another source has this name; scans are booked by it, so it must be unique")
	}
	switch {
	case slices.Contains(alerts.Kinds(), alerts.Kind(s.Type)):
		d.checkAlerts(path, s)
		return
	case slices.Contains(connectors.Types(), s.Type):
	default:
		d.fault(path+".type", "there is no such type; sluice inspect --help lists those there are")
	}
	if s.Organisation != "" || len(s.Repositories) > 0 {
		d.fault(path+".organisation", "only code-scanning, dependabot and secret-scanning are asked for organisations and repositories; reports are found by their path, whose captures say what they are about")
	}
	if s.WriteBack {
		d.fault(path+".write_back", "only alerts of GitHub (code-scanning, dependabot, secret-scanning) can be written to")
	}
	if len(s.Path) == 0 || slices.Contains(s.Path, "") {
		d.fault(path+".path", "a source needs the path of its reports, one or a list")
	}
	for _, template := range s.Path {
		if template == "" {
			continue
		}
		if err := connectors.CheckTemplate(template); err != nil {
			d.fault(path+".path", err.Error())
		}
	}
	d.checkText(path, s)
}

// checkAlerts checks a source that is asked of GitHub.
func (d *configText) checkAlerts(path string, s Source) {
	switch {
	case len(s.Path) > 0 || s.Root != "":
		d.fault(path+".path", "alerts are asked of GitHub: name an organisation or repositories, and no path or root")
	case (s.Organisation == "") == (len(s.Repositories) == 0):
		d.fault(path+".organisation", "alerts need one of organisation and repositories (a list of owner/name)")
	case s.Organisation != "" && (connectors.Context{Owner: s.Organisation}).Validate() != nil:
		d.fault(path+".organisation", "this is no organisation's name")
	}
	for _, full := range s.Repositories {
		owner, name, _ := strings.Cut(full, "/")
		c := connectors.Context{Owner: owner, Name: name}
		if c.Repository() == "" || c.Validate() != nil {
			d.fault(path+".repositories", "a repository is written owner/name")
		}
	}
	d.checkText(path, s)
}

// checkText checks what sources of all types may say.
func (d *configText) checkText(path string, s Source) {
	d.span(path+".rhythm", s.Rhythm, false)
	for _, m := range captures.FindAllStringSubmatch(s.SourceDir, -1) {
		if !slices.Contains([]string{"owner", "name", "repository"}, m[1]) {
			d.fault(path+".source_dir", "the folder of a repository may use {owner}, {name} and {repository} only: commits are looked up in it")
		}
	}
}

// fault records a problem at a path of the document, or at the nearest thing
// around it that the file holds.
func (d *configText) fault(path, what string) {
	harmless := path == "$.store" || path == "$.rhythm" || strings.HasPrefix(path, "$.sources") || strings.HasPrefix(path, "$.retention")
	d.add(d.tokenAt(path), strings.TrimPrefix(path, "$.")+": "+what, harmless)
}

func (d *configText) tokenAt(path string) *token.Token {
	for path != "" && path != "$" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(d.root); err == nil && node != nil {
				return firstToken(node)
			}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return nil
}

// firstToken is where a node begins to a reader: a mapping at its first key.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// configKeys are all keys of the file, for "did you mean".
func configKeys() []string {
	return []string{
		"store", "policy", "settings", "keys", "markers_file", "secrets_file", "github", "url", "graphql_url", "token_env",
		"app", "id", "installation_id", "private_key_file", "jira", "deployment", "user_env", "slack", "webhook_env",
		"write_back", "heartbeat", "url_env", "risk", "epss", "kev", "file", "stale_after", "rhythm", "retention", "runs", "gone", "http_cache", "sources", "name", "type", "path", "root", "source_dir", "organisation", "repositories",
	}
}
