package input

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Schemas returns a JSON Schema (2020-12) for each document, made from the
// types above: "cohort.input", "cohort.answer", "surface.input" and so on.
func Schemas() map[string]map[string]any {
	return map[string]map[string]any{
		"cohort.input":   SchemaOf(Cohort{}),
		"cohort.answer":  SchemaOf(CohortAnswer{}),
		"surface.input":  SchemaOf(Surface{}),
		"surface.answer": SchemaOf(SurfaceAnswer{}),
		"stage.input":    SchemaOf(Stage{}),
		"stage.answer":   SchemaOf(StageAnswer{}),
	}
}

// SchemaOf is the JSON Schema of one document. Every field is required and no
// other is allowed; a pointer may be null. An `enum` tag lists a field's words.
func SchemaOf(document any) map[string]any {
	out := map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema"}
	maps.Copy(out, schemaOf(reflect.TypeOf(document), ""))
	return out
}

func schemaOf(t reflect.Type, enum string) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{schemaOf(t.Elem(), ""), map[string]any{"type": "null"}}}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), enum)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), "")}
	case reflect.Struct:
		return objectSchema(t)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		s := map[string]any{"type": "string"}
		if enum != "" {
			s["enum"] = anys(strings.Split(enum, ","))
		}
		return s
	}
	panic("input: no JSON Schema for " + t.String())
}

func objectSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("json")
		properties[name] = schemaOf(f.Type, f.Tag.Get("enum"))
		required = append(required, name)
	}
	slices.Sort(required)
	return map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": properties, "required": anys(required),
	}
}

func anys(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}
