package policy

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/rules"
)

// With a read set that leaves out the stage, the sample finds out, and the fresh
// answer counts from then on.
func TestASampleFindsAWrongReadSet(t *testing.T) {
	e, err := Load(t.Context(), Source{FS: rules.FS, Name: "rules"}, settings.Default(), Options{SampleEvery: 3, Timeout: 1e10})
	if err != nil {
		t.Fatal(err)
	}
	e.surface.key = keyOf(reflect.TypeFor[input.Surface](), &field{below: map[string]*field{"finding": {whole: true}}})
	ask := func(stage string) string {
		r := e.Surface(t.Context(), input.Surface{Schema: input.Schema, Stage: stage, Finding: input.Finding{Severity: "high"}})
		return r.Answer.Reasons[0]
	}
	ask("observe")
	wrong := 0
	for e.Stats().Differences == 0 {
		if ask("triage") == "stage-observe" {
			wrong++
		}
		if wrong > 6 {
			t.Fatal("never noticed")
		}
	}
	for range 10 {
		if got := ask("triage"); got == "stage-observe" {
			t.Errorf("still remembered: %s", got)
		}
	}
}

// What Rego sees is what encoding/json would show it.
func TestDocumentsReadAsTheirJSON(t *testing.T) {
	build := valueOf(reflect.TypeFor[input.Surface]())
	rapid.Check(t, func(t *rapid.T) {
		in := input.Surface{
			Schema: rapid.Int().Draw(t, "schema"), Stage: rapid.String().Draw(t, "stage"), Exceptions: []input.Exception{},
			Finding: input.Finding{
				Score: rapid.Float64().Draw(t, "score"), Rule: rapid.String().Draw(t, "rule"),
				CWEs: rapid.SliceOf(rapid.String()).Draw(t, "cwes"), Tags: []string{}, Advisories: []string{},
				Owners: []string{},
			},
			Repository: input.Repository{Topics: []string{}, Properties: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "properties")},
		}
		if rapid.Bool().Draw(t, "change") {
			in.Change = &input.Change{Origin: rapid.String().Draw(t, "origin"), Bot: true}
		}
		raw, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ast.ValueFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := build(reflect.ValueOf(in)).Value; got.Compare(want) != 0 {
			t.Fatalf("%v\nis not\n%v", got, want)
		}
	})
}
