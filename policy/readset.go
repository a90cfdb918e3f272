package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// field is a node of the tree of input fields a policy may read. A node that is
// whole stands for everything below it.
type field struct {
	whole bool
	below map[string]*field
}

func (f *field) add(path []string) {
	for _, name := range path {
		if f.whole {
			return
		}
		if f.below[name] == nil {
			if f.below == nil {
				f.below = map[string]*field{}
			}
			f.below[name] = &field{}
		}
		f = f.below[name]
	}
	f.whole, f.below = true, nil
}

// paths lists the tree as "finding.severity", sorted; "" is the whole input.
func (f *field) paths() []string {
	var out []string
	var walk func(f *field, at []string)
	walk = func(f *field, at []string) {
		if f.whole {
			out = append(out, strings.Join(at, "."))
		}
		for _, name := range slices.Sorted(maps.Keys(f.below)) {
			walk(f.below[name], append(at[:len(at):len(at)], name))
		}
	}
	walk(f, nil)
	return out
}

// readSet finds what of the input an entrypoint's rules can read. It is an upper
// bound by construction: after compilation every read of the input is a ref that
// starts with `input`, and what a ref's constant part names is read as a whole.
// So a dynamic index, object.get, walk or an object handed to a function widen it.
//
// `with` widens it to everything: it can put a rule or a function in the place
// of another, out of sight of this walk (measured: OPA's own dependency analysis
// misses `with upper as f`).
//
// dead says of a body that it can never hold; see (asker).dead.
func readSet(c *ast.Compiler, entry string, dead func(ast.Body) bool) *field {
	set := &field{}
	walk(c, entry, dead, func(x any) {
		ast.WalkWiths(x, func(*ast.With) bool {
			set.add(nil)
			return true
		})
		ast.WalkRefs(x, func(ref ast.Ref) bool {
			set.addRef(ref)
			return false
		})
	})
	return set
}

// walk shows see the head and the body of each rule an entrypoint may evaluate:
// all that any ref in it could mean, whatever a variable in the ref turns out to
// be. It returns the rules.
func walk(c *ast.Compiler, entry string, dead func(ast.Body) bool, see func(x any)) []*ast.Rule {
	seen := map[*ast.Rule]bool{}
	var order []*ast.Rule
	var visit func(ast.Ref) bool
	visit = func(ref ast.Ref) bool {
		for _, rule := range c.GetRulesDynamicWithOpts(ref, ast.RulesOptions{IncludeHiddenModules: true}) {
			if seen[rule] {
				continue
			}
			seen[rule] = true
			order = append(order, rule)
			for link := rule; link != nil; link = link.Else {
				if dead(link.Body) {
					continue
				}
				see(link.Head)
				see(link.Body)
				ast.WalkRefs(link.Head, visit)
				ast.WalkRefs(link.Body, visit)
			}
		}
		return false
	}
	visit(entrypointRef(entry))
	return order
}

// addRef adds what a ref reads. Refs inside it, as in input.a[input.b], are
// walked on their own.
func (f *field) addRef(ref ast.Ref) {
	if ref.HasPrefix(ast.InputRootRef) {
		f.add(inputPath(ref))
	}
}

// inputPath is the constant part of a ref below input; nil for other refs.
func inputPath(ref ast.Ref) []string {
	if !ref.HasPrefix(ast.InputRootRef) {
		return nil
	}
	var path []string
	for _, t := range ref[1:] {
		name, ok := t.Value.(ast.String)
		if !ok {
			break
		}
		path = append(path, string(name))
	}
	return path
}
