package sarif_test

import (
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// SARIF 3.27.10, 3.50.3 and GitHub's security-severity.
func TestSeverity(t *testing.T) {
	for _, c := range []struct {
		name, rule, result, members string
		want                        finding.Severity
		from                        finding.SeverityFrom
		score                       float64
	}{
		{name: "score as string", rule: `"properties":{"security-severity":"9.0"}`, want: finding.Critical, from: finding.FromSecuritySeverity, score: 9},
		{name: "score as number", rule: `"properties":{"security-severity":8.9}`, want: finding.High, from: finding.FromSecuritySeverity, score: 8.9},
		{name: "score of the result first", rule: `"properties":{"security-severity":"9"}`, result: `"properties":{"security-severity":4}`, want: finding.Medium, from: finding.FromSecuritySeverity, score: 4},
		{name: "score before level", rule: `"properties":{"security-severity":"3.9"}`, result: `"level":"error"`, want: finding.Low, from: finding.FromSecuritySeverity, score: 3.9},
		{name: "score of zero", rule: `"properties":{"security-severity":"0.0"}`, want: finding.Info, from: finding.FromSecuritySeverity},
		{name: "score beyond the scale", rule: `"properties":{"security-severity":"70"}`, result: `"level":"note"`, want: finding.Low, from: finding.FromLevel},
		{name: "score that is no number", rule: `"properties":{"security-severity":"NaN"}`, result: `"level":"note"`, want: finding.Low, from: finding.FromLevel},
		{name: "score in words", rule: `"properties":{"security-severity":"HIGH"}`, result: `"level":"note"`, want: finding.High, from: finding.FromNative},
		{name: "level of the result", rule: `"defaultConfiguration":{"level":"note"}`, result: `"level":"error"`, want: finding.High, from: finding.FromLevel},
		{name: "level of the rule", rule: `"defaultConfiguration":{"level":"note"}`, want: finding.Low, from: finding.FromLevel},
		{name: "level none", result: `"level":"none"`, want: finding.Info, from: finding.FromLevel},
		{name: "level of an invocation", rule: `"defaultConfiguration":{"level":"note"}`, want: finding.High, from: finding.FromLevel,
			members: `"invocations":[{"executionSuccessful":true,"ruleConfigurationOverrides":[{"descriptor":{"id":"R"},"configuration":{"level":"error"}}]}],`},
		{name: "kind review has no level", rule: `"defaultConfiguration":{"level":"error"}`, result: `"kind":"review"`, want: finding.Info, from: finding.FromLevel},
		{name: "problem severity", rule: `"properties":{"problem.severity":"error"}`, want: finding.High, from: finding.FromNative},
		{name: "problem severity after level", rule: `"properties":{"problem.severity":"error"}`, result: `"level":"note"`, want: finding.Low, from: finding.FromLevel},
		{name: "the scanner's own word", result: `"properties":{"severity":"Critical"}`, want: finding.Critical, from: finding.FromNative},
		{name: "nothing", want: finding.Medium, from: finding.FromDefault},
		{name: "nothing, a secret", rule: `"properties":{"tags":["secret"]}`, want: finding.High, from: finding.FromDefault},
		{name: "an unknown level", result: `"level":"fatal"`, want: finding.Medium, from: finding.FromDefault},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.rule != "" {
				c.rule = "," + c.rule
			}
			if c.result != "" {
				c.result = "," + c.result
			}
			doc := fmt.Sprintf(`{"version":"2.1.0","runs":[{%s"tool":{"driver":{"name":"T","rules":[{"id":"R"%s}]}},"results":[{"ruleId":"R"%s}]}]}`, c.members, c.rule, c.result)
			f := one(t, doc, sarif.Options{})
			if f.Severity != c.want || f.SeverityFrom != c.from || f.Score != c.score {
				t.Errorf("want %v from %s, %v; got %v from %s, %v", c.want, c.from, c.score, f.Severity, f.SeverityFrom, f.Score)
			}
		})
	}
}
