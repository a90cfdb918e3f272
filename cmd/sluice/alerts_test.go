package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// A token that may not read alerts is named by doctor and by the run; one that
// may brings them.
func TestAlertsAsSources(t *testing.T) {
	p := newPlace(t)
	p.shop()
	_, err := p.sandbox.AddDependabotAlert("acme/shop", github.DependabotAlert{Package: "left-pad", Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", Summary: "It pads on the wrong side", Severity: "high", Patched: "2.0.0"})
	p.must(err)
	file := filepath.Join(p.dir, "sluice.yaml")
	config, err := os.ReadFile(file)
	p.must(err)
	text := regexp.MustCompile(`(?m)^sources:\n`).ReplaceAllString(string(config), "sources:\n  - {name: deps, type: dependabot, organisation: acme}\n")
	p.must(os.WriteFile(file, []byte(text), 0o600))

	if out := p.ends(1, "doctor"); !strings.Contains(out, "vulnerability alerts: read") {
		t.Errorf("doctor does not say what the token lacks:\n%s", out)
	}
	if out := p.ends(3, "run"); !strings.Contains(out, "source deps: failed") || !strings.Contains(out, "vulnerability alerts: read") {
		t.Errorf("the run does not say what the token lacks:\n%s", out)
	}
	p.sandbox.RevokeToken(token)
	p.sandbox.AddToken(github.Token{Value: token, Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "write", "issues": "write", "vulnerability_alerts": "read"}})
	if out := p.ends(0, "doctor"); !strings.Contains(out, "dependabot of organisation acme: GitHub tells") {
		t.Errorf("doctor says nothing of the alerts:\n%s", out)
	}
	p.ends(0, "run")
	if out := p.ends(0, "findings"); !strings.Contains(out, "GHSA-2222-3333-4444") {
		t.Errorf("the alert is no finding:\n%s", out)
	}
}
