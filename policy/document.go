package policy

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// appender writes the part of a document that a policy can read to a cache key.
// Two documents have the same key exactly when these parts are the same.
type appender func(v reflect.Value, key []byte) []byte

// keyOf builds the appender for a type, once; nil when nothing of it is read.
// Every value is self-delimiting and absence has a mark of its own, so that no
// two documents share a key by accident. Floats keep all their bits.
func keyOf(t reflect.Type, read *field) appender {
	switch t.Kind() {
	case reflect.Struct:
		return structKey(t, read)
	case reflect.Pointer:
		elem := keyOf(t.Elem(), read)
		return func(v reflect.Value, key []byte) []byte {
			if v.IsNil() {
				return append(key, 0)
			}
			return elem(v.Elem(), append(key, 1))
		}
	case reflect.Slice:
		elem := keyOf(t.Elem(), &field{whole: true})
		return func(v reflect.Value, key []byte) []byte {
			key = binary.AppendUvarint(key, uint64(v.Len()))
			for i := range v.Len() {
				key = elem(v.Index(i), key)
			}
			return key
		}
	case reflect.Map:
		return mapKey(read)
	}
	return scalarKey(t)
}

// mapKey is keyOf for texts by name: all of them, or those that are read.
func mapKey(read *field) appender {
	texts := func(v reflect.Value) map[string]string { return v.Interface().(map[string]string) }
	if read.whole {
		return func(v reflect.Value, key []byte) []byte {
			all := texts(v)
			key = binary.AppendUvarint(key, uint64(len(all)))
			for _, name := range slices.Sorted(maps.Keys(all)) {
				key = appendText(appendText(key, name), all[name])
			}
			return key
		}
	}
	names := slices.Sorted(maps.Keys(read.below))
	return func(v reflect.Value, key []byte) []byte {
		for _, name := range names {
			if text, ok := texts(v)[name]; ok {
				key = appendText(append(key, 1), text)
			} else {
				key = append(key, 0)
			}
		}
		return key
	}
}

func appendText(key []byte, text string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

func structKey(t reflect.Type, read *field) appender {
	type part struct {
		index int
		write appender
	}
	var parts []part
	for i := range t.NumField() {
		f := t.Field(i)
		below := read
		if !read.whole {
			if below = read.below[f.Tag.Get("json")]; below == nil {
				continue
			}
		}
		parts = append(parts, part{i, keyOf(f.Type, below)})
	}
	return func(v reflect.Value, key []byte) []byte {
		for _, p := range parts {
			key = p.write(v.Field(p.index), key)
		}
		return key
	}
}

func scalarKey(t reflect.Type) appender {
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, key []byte) []byte { return appendText(key, v.String()) }
	case reflect.Bool:
		return func(v reflect.Value, key []byte) []byte {
			if v.Bool() {
				return append(key, 1)
			}
			return append(key, 0)
		}
	case reflect.Int:
		return func(v reflect.Value, key []byte) []byte { return binary.AppendVarint(key, v.Int()) }
	case reflect.Float64:
		return func(v reflect.Value, key []byte) []byte {
			return binary.BigEndian.AppendUint64(key, math.Float64bits(v.Float()))
		}
	}
	panic("policy: input documents cannot hold " + t.String())
}

// maker turns a document into the value Rego sees, without going through JSON.
// It gives what encoding/json would, except that a nil list or map is an empty one.
type maker func(v reflect.Value) *ast.Term

func valueOf(t reflect.Type) maker {
	switch t.Kind() {
	case reflect.Struct:
		return structValue(t)
	case reflect.Pointer:
		elem := valueOf(t.Elem())
		return func(v reflect.Value) *ast.Term {
			if v.IsNil() {
				return ast.NullTerm()
			}
			return elem(v.Elem())
		}
	case reflect.Slice:
		elem := valueOf(t.Elem())
		return func(v reflect.Value) *ast.Term {
			terms := make([]*ast.Term, v.Len())
			for i := range terms {
				terms[i] = elem(v.Index(i))
			}
			return ast.ArrayTerm(terms...)
		}
	case reflect.Map:
		return func(v reflect.Value) *ast.Term {
			all := v.Interface().(map[string]string)
			pairs := make([][2]*ast.Term, 0, len(all))
			for name, text := range all {
				pairs = append(pairs, [2]*ast.Term{ast.StringTerm(name), ast.StringTerm(text)})
			}
			return ast.ObjectTerm(pairs...)
		}
	case reflect.String:
		return func(v reflect.Value) *ast.Term { return ast.StringTerm(v.String()) }
	case reflect.Bool:
		return func(v reflect.Value) *ast.Term { return ast.BooleanTerm(v.Bool()) }
	case reflect.Int:
		return func(v reflect.Value) *ast.Term { return ast.IntNumberTerm(int(v.Int())) }
	case reflect.Float64:
		return func(v reflect.Value) *ast.Term {
			return ast.NumberTerm(json.Number(strconv.FormatFloat(v.Float(), 'f', -1, 64)))
		}
	}
	panic("policy: input documents cannot hold " + t.String())
}

func structValue(t reflect.Type) maker {
	names, fields := make([]*ast.Term, t.NumField()), make([]maker, t.NumField())
	for i := range names {
		names[i] = ast.StringTerm(t.Field(i).Tag.Get("json"))
		fields[i] = valueOf(t.Field(i).Type)
	}
	return func(v reflect.Value) *ast.Term {
		pairs := make([][2]*ast.Term, len(names))
		for i := range pairs {
			pairs[i] = [2]*ast.Term{names[i], fields[i](v.Field(i))}
		}
		return ast.ObjectTerm(pairs...)
	}
}

// finite reports whether every float of a document is a number: JSON, and so
// Rego, has no other.
func finite(scores ...float64) bool {
	return !slices.ContainsFunc(scores, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) })
}
