package policy_test

import (
	"maps"
	"testing/fstest"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
)

// The smallest folder that answers all three questions. Tests replace a file.
var smallest = map[string]string{
	"cohort.rego":  "package sluice.cohort\n\nanswer := {\"key\": [input.finding.scanner]}\n",
	"stage.rego":   "package sluice.stage\n\nanswer := {\"stage\": input.cohort.stage, \"apply\": \"propose\", \"hold\": false, \"carve\": [], \"audit\": false, \"reasons\": [\"stays\"]}\n",
	"surface.rego": surfaceAnswering(`"always"`, ""),
}

// surfaceAnswering is a surface policy whose one reason is an expression.
func surfaceAnswering(reason, more string) string {
	return "package sluice.surface\n\nanswer := {\"surfaces\": [], \"threshold\": \"\", \"group\": \"finding\", \"route\": \"\", \"reasons\": [" + reason + "]}\n" + more
}

func folder(files map[string]string) policy.Source {
	all := maps.Clone(smallest)
	maps.Copy(all, files)
	out := fstest.MapFS{}
	for name, text := range all {
		if text != "" {
			out[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return policy.Source{FS: out, Name: "mine"}
}

// introduced is a finding that everything speaks for.
func introduced() input.Surface {
	return input.Surface{
		Schema: input.Schema, Stage: "advise", Exceptions: []input.Exception{},
		Finding: input.Finding{
			Scanner: "gosec", Kind: "sast", Rule: "G204", Severity: "high", SeverityFrom: "level",
			CWEs: []string{"CWE-78"}, Tags: []string{}, Path: "cmd/run.go", PathClass: "source", Advisories: []string{},
		},
		Repository: input.Repository{Name: "acme/shop", Visibility: "private", Group: "rest"},
		Change:     &input.Change{Origin: input.Introduced, OnDiff: true},
	}
}
