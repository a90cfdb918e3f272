package input_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-sec/sluice/policy/input"
)

var update = flag.Bool("update", false, "write the schemas again")

// The schemas shipped with the library are those of the types. After a change
// of a type: go test ./policy/input -update
func TestSchemasFollowTheTypes(t *testing.T) {
	for name, schema := range input.Schemas() {
		file := filepath.Join("..", "..", "rules", "schemas", name, "schema.json")
		want, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s drifted from its type; run: go test ./policy/input -update\n%s", file, diff)
		}
	}
}

func TestDocumentsAreValidByTheirSchemas(t *testing.T) {
	finding := input.Finding{Severity: "high", CWEs: []string{"CWE-79"}, Tags: []string{}, Advisories: []string{}, Owners: []string{}, EPSS: "unknown"}
	repository := input.Repository{Name: "acme/shop", Topics: []string{"pci"}, Properties: map[string]string{"tier": "1"}}
	for name, doc := range map[string]any{
		"cohort.input": input.Cohort{Schema: input.Schema, Finding: finding, Repository: repository},
		"surface.input": input.Surface{
			Schema: input.Schema, Finding: finding, Repository: repository, Stage: "advise",
			Change:     &input.Change{Origin: input.Introduced},
			Exceptions: []input.Exception{{Kind: input.ExceptionAccepted}},
		},
		"stage.input": input.Stage{
			Schema: input.Schema, Holds: []string{}, Evidence: input.Evidence{Outcome: "unmeasured", Carve: []string{}},
			Cohort: input.CohortFacts{Key: []string{"core"}, Stage: "triage"}, Facts: input.StageFacts{Backlog: input.BacklogUnknown},
		},
		"surface.answer": input.SurfaceAnswer{Surfaces: []string{input.SurfaceReview}, Group: input.GroupFix, Reasons: []string{"introduced"}},
	} {
		if err := validate(t, input.Schemas()[name], doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong := input.SurfaceAnswer{Surfaces: []string{"email"}, Group: input.GroupFix, Reasons: []string{"introduced"}}
	if err := validate(t, input.Schemas()["surface.answer"], wrong); err == nil {
		t.Error("a surface nobody knows was accepted")
	}
}

func validate(t *testing.T, schema map[string]any, doc any) error {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("s.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("s.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(instance)
}
