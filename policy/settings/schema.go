package settings

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/sluice-sec/sluice/rules"
)

const schemaFile = "schemas/settings/schema.json"

// compileSchema compiles the embedded schema, once: it never changes.
var compileSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	raw, err := fs.ReadFile(rules.FS, schemaFile)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaFile, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaFile)
})

// checkSchema reports every way in which the document is not shaped as the
// schema says, each at the text that is wrong.
func (d *document) checkSchema(schema *jsonschema.Schema) {
	err := schema.Validate(any(d.root))
	if err == nil {
		return
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		d.fault(err.Error())
		return
	}
	d.schemaError(schema, invalid)
}

func (d *document) schemaError(schema *jsonschema.Schema, e *jsonschema.ValidationError) {
	path := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		known := knownKeys(schema, path)
		for _, name := range k.Properties {
			d.faultKey("unknown key"+suggest(name, known), child(path, name)...)
		}
	case *kind.PropertyNames:
		d.faultKey("a name starts with a letter or digit and holds only letters, digits, dot, dash and underscore, at most 64", child(path, k.Property)...)
	case *kind.Required:
		for _, name := range k.Missing {
			d.fault(fmt.Sprintf("`%s` is missing: %s", name, requiredHints[name]), path...)
		}
	default:
		if len(e.Causes) == 0 {
			d.fault(plain(k), path...)
		}
	}
	if _, names := e.ErrorKind.(*kind.PropertyNames); names {
		return // its cause is the pattern the name failed, already said in words
	}
	for _, cause := range e.Causes {
		d.schemaError(schema, cause)
	}
}

var requiredHints = map[string]string{
	"reason":       "say why, for whoever reads this next year",
	"owner":        "name the person or team who answers for it",
	"expires":      "give a date such as 2026-12-31; an exception without an end is a suppression",
	"project":      "give the Jira project's key, such as PAY",
	"repositories": "list at least one, such as [acme/shop, \"acme/pay-*\"]",
}

// plain says a schema error in words.
func plain(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Enum:
		words := make([]string, len(k.Want))
		for i, w := range k.Want {
			words[i] = fmt.Sprint(w)
		}
		got := fmt.Sprint(k.Got)
		return fmt.Sprintf("%q is not one of %s%s", got, strings.Join(words, ", "), meant(got, words))
	case *kind.Type:
		return fmt.Sprintf("is %s, must be %s", kindOf(k.Got), kindOf(strings.Join(k.Want, " or ")))
	case *kind.Pattern:
		return fmt.Sprintf("%q is not %s", k.Got, patternWords(k.Want))
	case *kind.Minimum:
		return fmt.Sprintf("must be at least %s", k.Want.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("must be at most %s", k.Want.RatString())
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("must be greater than %s", k.Want.RatString())
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("must be less than %s", k.Want.RatString())
	case *kind.MinLength:
		return "must not be empty"
	case *kind.MaxLength:
		return fmt.Sprintf("is longer than %d characters", k.Want)
	case *kind.MinItems:
		return "must list at least one entry; leave the key out if there is none"
	case *kind.UniqueItems:
		return fmt.Sprintf("entries %d and %d are the same", k.Duplicates[0]+1, k.Duplicates[1]+1)
	}
	return fmt.Sprintf("does not fit the schema (%s)", strings.Join(k.KeywordPath(), "/"))
}

func kindOf(jsonType string) string {
	return strings.NewReplacer("object", "a mapping", "array", "a list", "string", "text", "integer", "a whole number", "number", "a number", "boolean", "true/false").Replace(jsonType)
}

func patternWords(pattern string) string {
	switch {
	case strings.Contains(pattern, ":F"):
		return "a finding's name such as acme/shop:F12"
	case strings.Contains(pattern, "{4}-"):
		return "a date such as 2026-12-31"
	case strings.HasSuffix(pattern, "(h|d)$"):
		return "a span such as 12h or 14d"
	case strings.HasPrefix(pattern, "^[^ "):
		return "one word without blanks"
	case strings.HasSuffix(pattern, "+-[0-9]+$"):
		return "an issue's key such as PAY-7"
	}
	return "a name of letters, digits, dot, dash and underscore"
}

// knownKeys lists the keys the schema knows at a place in the document.
func knownKeys(s *jsonschema.Schema, path []string) []string {
	for _, p := range path {
		s = deref(s)
		if next, ok := s.Properties[p]; ok {
			s = next
		} else if next, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
			s = next
		} else if next, ok := s.Items2020, s.Items2020 != nil; ok {
			s = next
		} else {
			return nil
		}
	}
	var names []string
	for name := range deref(s).Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func deref(s *jsonschema.Schema) *jsonschema.Schema {
	for s.Ref != nil {
		s = s.Ref
	}
	return s
}

// suggest names the closest known word, or all of them when none is close.
func suggest(got string, known []string) string {
	if text := meant(got, known); text != "" || len(known) == 0 {
		return text
	}
	return "; known here: " + strings.Join(known, ", ")
}

// meant names the closest known word, if one is close.
func meant(got string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if n := edits(strings.ToLower(got), k); n < distance {
			best, distance = k, n
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// edits is the number of single characters to insert, delete or replace.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost = 1 + min(previous, row[j], row[j+1])
			}
			previous, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
