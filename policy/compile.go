package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/problem"
)

// entrypoints are the three questions, by the package that answers each with
// its rule `answer`.
var entrypoints = [...]string{"cohort", "surface", "stage"}

func entrypointRef(name string) ast.Ref {
	return ast.MustParseRef("data.sluice." + name + ".answer")
}

// pure is every built-in whose result depends on its arguments alone. The
// network, the clock, randomness and the environment are not among them, so a
// decision can be replayed bit for bit.
func pure() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return b.IsNondeterministic() || slices.Contains(impure, b.Name) ||
			strings.HasPrefix(b.Name, "http.") || strings.HasPrefix(b.Name, "net.lookup") ||
			strings.HasPrefix(b.Name, "rand.") || strings.HasPrefix(b.Name, "uuid.")
	})
	return c
}

// impure are those OPA does not mark although they look at the clock, and those
// it marks that must never come back should a later version not.
var impure = []string{
	"crypto.x509.parse_and_verify_certificates", "crypto.x509.parse_and_verify_certificates_with_options", "io.jwt.decode_verify",
	"io.jwt.encode_sign", "io.jwt.encode_sign_raw", "opa.runtime", "time.now_ns", "trace",
}

func newCompiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(pure()).WithStrict(true).WithDefaultRegoVersion(ast.RegoV1).SetErrorLimit(0)
}

// compile compiles the rules without their tests, and checks that each
// entrypoint is there, reads only what its input has, and answers only what its
// answer has.
func compile(lib *library, name string) (*ast.Compiler, error) {
	c := newCompiler()
	if c.Compile(lib.rules); c.Failed() {
		return nil, lib.problems(c.Errors)
	}
	var bad problem.List
	for _, entry := range entrypoints {
		rules := c.GetRulesExact(entrypointRef(entry))
		if len(rules) == 0 {
			bad = append(bad, problem.Problem{File: name, Line: 1, Column: 1, What: fmt.Sprintf("nothing answers data.sluice.%s.answer; add a file with `package sluice.%s` and a rule `answer`", entry, entry)})
			continue
		}
		bad = append(bad, checkTypes(lib, entry, walk(c, entry, func(ast.Body) bool { return false }, func(any) {}))...)
	}
	if len(bad) > 0 {
		return nil, bad
	}
	return c, nil
}

// checkTypes compiles an entrypoint's rules once more, against its input's
// schema: a helper shared by two entrypoints is checked for each of them.
func checkTypes(lib *library, entry string, rules []*ast.Rule) problem.List {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, input.Schemas()[entry+".input"])
	c := ast.NewCompiler().WithCapabilities(pure()).WithDefaultRegoVersion(ast.RegoV1).SetErrorLimit(0).WithSchemas(schemas)
	if c.Compile(only(lib.rules, rules)); c.Failed() {
		return lib.problems(c.Errors)
	}
	bad := checkNullable(lib, entry, rules)
	for _, rule := range c.GetRulesExact(entrypointRef(entry)) {
		bad = append(bad, checkAnswer(lib, entry, rule, c.TypeEnv)...)
	}
	return bad
}

// checkNullable finds fields that do not exist below a part of the input that
// may be null, such as input.change.drft. OPA takes such a part for anything.
func checkNullable(lib *library, entry string, rules []*ast.Rule) problem.List {
	var bad problem.List
	for _, rule := range rules {
		ast.WalkRefs(rule, func(ref ast.Ref) bool {
			at := any(input.Schemas()[entry+".input"])
			nullable := false
			for _, t := range inputPath(ref) {
				object, _ := at.(map[string]any)
				if either, ok := object["anyOf"].([]any); ok {
					object, nullable = either[0].(map[string]any), true
				}
				fields, ok := object["properties"].(map[string]any)
				if !ok {
					break
				}
				if at, ok = fields[t]; !ok && nullable {
					bad = append(bad, lib.problem(ref[0].Location, fmt.Sprintf("undefined ref: %s; known here: %s", ref, strings.Join(sortedKeys(fields), ", "))))
				}
			}
			return false
		})
	}
	return bad
}

// only copies modules with no other rules than those given.
func only(modules map[string]*ast.Module, keep []*ast.Rule) map[string]*ast.Module {
	type place struct {
		file     string
		row, col int
	}
	at := func(r *ast.Rule) place { return place{r.Location.File, r.Location.Row, r.Location.Col} }
	wanted := map[place]bool{}
	for _, r := range keep {
		wanted[at(r)] = true
	}
	out := map[string]*ast.Module{}
	for file, m := range modules {
		m = m.Copy()
		m.Rules = slices.DeleteFunc(m.Rules, func(r *ast.Rule) bool { return !wanted[at(r)] })
		if len(m.Rules) > 0 {
			out[file] = m
		}
	}
	return out
}

// checkAnswer compares the fields of an answer, as far as its type is known,
// with those of the answer's schema.
func checkAnswer(lib *library, entry string, rule *ast.Rule, env *ast.TypeEnv) problem.List {
	known := input.Schemas()[entry+".answer"]["properties"].(map[string]any)
	object, ok := env.GetByValue(entrypointRef(entry)).(*types.Object)
	if !ok {
		return nil // known only when it is evaluated; then the answer is checked
	}
	at := lib.problem(rule.Location, "")
	var bad problem.List
	for _, key := range object.Keys() {
		name, _ := key.(string)
		if _, ok := known[name]; !ok {
			at.What = fmt.Sprintf("the answer has a field %q that sluice/%s does not know; see schemas/%s.answer", name, entry, entry)
			bad = append(bad, at)
		}
		delete(known, name)
	}
	if object.DynamicProperties() != nil {
		return bad
	}
	for _, name := range sortedKeys(known) {
		at.What = fmt.Sprintf("the answer lacks the field %q; see schemas/%s.answer", name, entry)
		bad = append(bad, at)
	}
	return bad
}
