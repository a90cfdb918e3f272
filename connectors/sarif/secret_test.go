package sarif_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/sarif"
)

// Made up, of course.
const (
	key   = "AKIAZ7QW3NOTREAL42XY"
	short = "hunter2!"
)

func TestSecretsLeaveNoTrace(t *testing.T) {
	tool := `"tool":{"driver":{"name":"gitleaks"}}`
	for _, c := range []struct{ name, members, result, secret, snippet string }{
		{"the match as snippet", tool,
			`{"ruleId":"k","message":{"text":"found ` + key + ` here"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"startColumn":7,"endColumn":27,"snippet":{"text":"` + key + `"}}}}]}`,
			key, "[redacted:" + key[:2] + "]"},
		{"the line as snippet", tool,
			`{"ruleId":"k","message":{"text":"password ` + short + ` found"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"startColumn":7,"endColumn":15,"snippet":{"text":"pass: ` + short + ` # x"}}}}]}`,
			short, "[redacted:hu]"},
		{"the line, without columns", tool,
			`{"ruleId":"k","message":{"text":"leaks '` + short + `'"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"snippet":{"text":"  pw = \"` + short[:1] + `unter2!\"  "}}}}]}`,
			short, "[redacted:pw]"},
		{"in the context only", tool,
			`{"ruleId":"k","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3},"contextRegion":{"startLine":2,"snippet":{"text":"a\n` + key + `\nb"}}}}]}`,
			key, "[redacted:AK]"},
		{"in message arguments, fingerprints, fix and symbol", tool,
			`{"ruleId":"k","message":{"text":"{0} leaks","arguments":["` + key + `"]},"fingerprints":{"raw":"x-` + key + `","fine":"1:2"},"fixes":[{"description":{"text":"` + key + `"},"artifactChanges":[{"artifactLocation":{"uri":"a"},"replacements":[{"deletedRegion":{"startLine":3},"insertedContent":{"text":"` + key + `"}}]}]}],"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"snippet":{"text":"` + key + `"}}},"logicalLocations":[{"name":"` + key + `"}]}]}`,
			key, "[redacted:AK]"},
		{"without any snippet", tool, `{"ruleId":"k","message":{"text":"found ` + key + ` here"}}`, key, ""},
		{"redacted by the scanner", tool, `{"ruleId":"k","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"snippet":{"text":"REDACTED"}}}}]}`, key, ""},
		{"a SAST tool's rule for credentials", `"tool":{"driver":{"name":"gosec","rules":[{"id":"G101","shortDescription":{"text":"Potential hardcoded credentials"},"relationships":[{"target":{"id":"798","toolComponent":{"name":"CWE"}}}]}]}}`,
			`{"ruleId":"G101","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"snippet":{"text":"pw := \"` + short + `\""}}}}]}`, short, "[redacted:pw]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, hash := range []func(string) string{nil, func(s string) string { return s[:2] }} {
				f := one(t, result(c.members, c.result), sarif.Options{Secrets: hash})
				raw, err := json.Marshal(f)
				if err != nil || strings.Contains(string(raw), c.secret) || strings.Contains(fmt.Sprintf("%+v", f), c.secret) {
					t.Errorf("the secret is still there: %s (%v)", raw, err)
				}
				want := c.snippet
				if hash == nil && want != "" {
					want = "[redacted]"
				}
				if f.Kind != "secret" || f.Parts.Snippet != want || f.Fix != nil {
					t.Errorf("kind %s, snippet %q, want %q, fix %v", f.Kind, f.Parts.Snippet, want, f.Fix)
				}
			}
		})
	}
}

func TestRedactionLeavesTheRestAlone(t *testing.T) {
	f := one(t, result(`"tool":{"driver":{"name":"gitleaks"}}`,
		`{"ruleId":"20f14e1a-a899-4e79-9f09-b6a84cd4649b","message":{"text":"20f14e1a-a899-4e79-9f09-b6a84cd4649b has detected secret for file conf/app.env."},"fingerprints":{"fine":"1:2"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"conf/app.env"},"region":{"startLine":3,"snippet":{"text":"`+key+`"}}}}]}`), sarif.Options{})
	if f.Message != "20f14e1a-a899-4e79-9f09-b6a84cd4649b has detected secret for file conf/app.env." || f.Parts.Fingerprints["fine"] != "1:2" {
		t.Errorf("message %q, fingerprints %v", f.Message, f.Parts.Fingerprints)
	}
}

// In a file that is cut, what would tell that a finding is a secret may be
// missing.
func TestSecretsAreRedactedInCutFiles(t *testing.T) {
	res := `{"ruleId":"k","message":{"text":"found ` + key + `"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"snippet":{"text":"x = ` + key + `"}}}}]}`
	for _, doc := range []string{
		`{"version":"2.1.0","runs":[{"results":[` + res + `],"to`,
		`{"version":"2.1.0","runs":[{"results":[` + res + `],"tool":{"driver":{"name":"gosec","rules":[{"id":"other"},{"id":"k","prop`,
	} {
		found, _, err := read([]byte(doc), sarif.Options{})
		if err == nil || len(found) != 1 || strings.Contains(fmt.Sprintf("%+v", found[0]), key) {
			t.Errorf("error %v, %+v", err, found)
		}
	}
}
