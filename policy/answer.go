package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/sluice-sec/sluice/policy/input"
)

// The checks here say what a schema cannot, in words a policy's author can act
// on. Lists that are sets come out sorted.

func checkSchema(got int) error {
	if got != input.Schema {
		return fmt.Errorf("input has schema %d, this engine speaks %d", got, input.Schema)
	}
	return nil
}

func checkCohortIn(in *input.Cohort) error {
	if !finite(in.Finding.Score) {
		return fmt.Errorf("finding.score is not a number")
	}
	return checkSchema(in.Schema)
}

func checkSurfaceIn(in *input.Surface) error {
	if !finite(in.Finding.Score) {
		return fmt.Errorf("finding.score is not a number")
	}
	return checkSchema(in.Schema)
}

func checkStageIn(in *input.Stage) error {
	e := &in.Evidence
	for _, n := range []float64{in.Facts.NewPerWeek, e.Noise, e.NoiseLow, e.NoiseHigh} {
		if !finite(n) {
			return fmt.Errorf("facts.new_per_week or a number of evidence is not a number")
		}
	}
	return checkSchema(in.Schema)
}

// oneOf checks a word against the `enum` tag of the field it is in.
func oneOf(document any, field, got string) error {
	f, ok := reflect.TypeOf(document).FieldByName(field)
	if !ok {
		panic("policy: no field " + field)
	}
	known := strings.Split(f.Tag.Get("enum"), ",")
	if slices.Contains(known, got) {
		return nil
	}
	known = slices.DeleteFunc(known, func(s string) bool { return s == "" })
	return fmt.Errorf("%s %q is not one of %s", f.Tag.Get("json"), got, strings.Join(known, ", "))
}

func checkCohort(a *input.CohortAnswer) error {
	if len(a.Key) == 0 {
		return fmt.Errorf("key is empty; a cohort needs at least one label")
	}
	for i, label := range a.Key {
		if label == "" {
			return fmt.Errorf("key[%d] is empty", i)
		}
		if strings.ContainsAny(label, "/+=") || strings.ContainsFunc(label, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			return fmt.Errorf("key[%d] %q holds one of / + = or white space, which separate the parts of a cohort's name", i, label)
		}
	}
	return nil
}

func checkSurface(a *input.SurfaceAnswer) error {
	for _, s := range a.Surfaces {
		if err := oneOf(*a, "Surfaces", s); err != nil {
			return err
		}
	}
	if err := oneOf(*a, "Threshold", a.Threshold); err != nil {
		return err
	}
	if err := oneOf(*a, "Group", a.Group); err != nil {
		return err
	}
	a.Surfaces = sorted(a.Surfaces)
	return checkReasons(&a.Reasons)
}

func checkStage(a *input.StageAnswer) error {
	if err := oneOf(*a, "Stage", a.Stage); err != nil {
		return err
	}
	if err := oneOf(*a, "Apply", a.Apply); err != nil {
		return err
	}
	for _, c := range a.Carve {
		what, value, ok := strings.Cut(c, "=")
		if !ok || value == "" || what != "rule" && what != "repository" {
			return fmt.Errorf("carve %q names neither a rule (rule=G204) nor a repository (repository=acme/shop)", c)
		}
	}
	a.Carve = sorted(a.Carve)
	return checkReasons(&a.Reasons)
}

func checkReasons(reasons *[]string) error {
	if len(*reasons) == 0 {
		return fmt.Errorf("reasons is empty; every answer says why")
	}
	for _, r := range *reasons {
		if r == "" || strings.ContainsFunc(r, func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }) {
			return fmt.Errorf("reason %q is not a code of small letters, digits and dashes", r)
		}
	}
	*reasons = sorted(*reasons)
	return nil
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func cloneCohort(a input.CohortAnswer) input.CohortAnswer {
	a.Key = slices.Clone(a.Key)
	return a
}

func cloneSurface(a input.SurfaceAnswer) input.SurfaceAnswer {
	a.Surfaces, a.Reasons = slices.Clone(a.Surfaces), slices.Clone(a.Reasons)
	return a
}

func cloneStage(a input.StageAnswer) input.StageAnswer {
	a.Carve, a.Reasons = slices.Clone(a.Carve), slices.Clone(a.Reasons)
	return a
}
