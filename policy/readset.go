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

// readSet finds what of the input the rules can read. It is an upper bound by
// construction: after compilation every read of the input is a ref that starts
// with `input`, and what a ref's constant part names is read as a whole. So a
// dynamic index, object.get, walk or an object handed to a function widen it.
//
// `with` widens it to everything: it can put a rule or a function in the place
// of another, out of sight of this walk (measured: OPA's own dependency analysis
// misses `with upper as f`).
func readSet(rules []*ast.Rule) *field {
	set := &field{}
	for _, rule := range rules {
		ast.WalkWiths(rule, func(*ast.With) bool {
			set.add(nil)
			return true
		})
		ast.WalkTerms(rule, func(t *ast.Term) bool {
			if v, ok := t.Value.(ast.Var); ok && v.Equal(ast.InputRootDocument.Value) {
				set.add(nil)
			}
			if ref, ok := t.Value.(ast.Ref); ok {
				return set.addRef(ref)
			}
			return false
		})
		ast.WalkRefs(rule, func(ref ast.Ref) bool {
			set.addRef(ref)
			return false
		})
	}
	return set
}

// addRef adds what a ref rooted at input reads, and says whether its head needs
// no further look.
func (f *field) addRef(ref ast.Ref) bool {
	if !ref.HasPrefix(ast.InputRootRef) {
		return false
	}
	f.add(inputPath(ref))
	for _, t := range ref[1:] { // input.a[input.b]
		ast.WalkRefs(t, func(inner ast.Ref) bool {
			f.addRef(inner)
			return false
		})
	}
	return true
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
