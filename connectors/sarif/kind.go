package sarif

import (
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// tools says what well-known scanners look for, by a part of their name in lower
// case. The first match wins; a tool that is not here is SAST unless its rules
// say otherwise.
var tools = []struct {
	part string
	kind finding.Kind
}{
	{"gitleaks", finding.Secret}, {"trufflehog", finding.Secret}, {"detect-secrets", finding.Secret},
	{"detect_secrets", finding.Secret}, {"gitguardian", finding.Secret}, {"ggshield", finding.Secret},
	{"noseyparker", finding.Secret}, {"nosey parker", finding.Secret}, {"secretlint", finding.Secret},
	{"talisman", finding.Secret}, {"whispers", finding.Secret}, {"kingfisher", finding.Secret},
	{"betterleaks", finding.Secret}, {"secret scan", finding.Secret}, {"secret-scan", finding.Secret},

	{"checkov", finding.IaC}, {"kics", finding.IaC}, {"tfsec", finding.IaC}, {"terrascan", finding.IaC},
	{"hadolint", finding.IaC}, {"kube-linter", finding.IaC}, {"kubelinter", finding.IaC}, {"dockle", finding.IaC},
	{"snyk iac", finding.IaC}, {"kubescape", finding.IaC}, {"zizmor", finding.IaC}, {"tflint", finding.IaC},

	{"trivy", finding.SCA}, {"grype", finding.SCA}, {"osv-scanner", finding.SCA}, {"snyk open source", finding.SCA},
	{"snyk container", finding.SCA}, {"dependency-check", finding.SCA}, {"dependency check", finding.SCA},
	{"govulncheck", finding.SCA}, {"npm audit", finding.SCA}, {"npm-audit", finding.SCA}, {"composer", finding.SCA},
	{"cargo-audit", finding.SCA}, {"cargo audit", finding.SCA}, {"pip-audit", finding.SCA}, {"dependabot", finding.SCA},
	{"retire.js", finding.SCA}, {"docker scout", finding.SCA}, {"nancy", finding.SCA},
}

func toolKind(name string) finding.Kind {
	name = strings.ToLower(name)
	for _, t := range tools {
		if strings.Contains(name, t.part) {
			return t.kind
		}
	}
	return finding.SAST
}

var vulnerabilityID = regexp.MustCompile(`^(?i:CVE-\d{4}-|GHSA-|GO-\d{4}-|RUSTSEC-|PYSEC-|OSV-|MAL-\d|SNYK-|PKSA-)`)

// ruleKind lets a rule say more exactly what it looks for than its tool's name
// does: Trivy has four kinds of rules, and SAST tools look for passwords too.
// In doubt it is a secret, for secrets are what is redacted.
func ruleKind(tool finding.Kind, r *rule) finding.Kind {
	switch {
	case tool == finding.Secret, hasTag(r, "secret", "secrets"), clean.AboutCredentials(r.Rule):
		return finding.Secret
	case vulnerabilityID.MatchString(r.ID), hasTag(r, "vulnerability"):
		return finding.SCA
	case hasTag(r, "misconfiguration"):
		return finding.IaC
	case hasTag(r, "license"):
		return finding.Other
	}
	return tool
}

func hasTag(r *rule, names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(r.Name, name) { // where Trivy puts it
			return true
		}
		for _, tag := range r.Tags {
			if strings.EqualFold(tag, name) {
				return true
			}
		}
	}
	return false
}

// KindOf is what a finding of this rule is about, for others who read what
// tools upload as SARIF.
func KindOf(tool string, r finding.Rule) finding.Kind {
	return ruleKind(toolKind(tool), &rule{Rule: r})
}
