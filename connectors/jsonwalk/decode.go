package jsonwalk

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// maxDecoded bounds the entries of all lists and maps of one element: a short
// text can ask for many large values. What is over is passed over.
const maxDecoded = 20_000

// decoder fills Go values as encoding/json does, with these differences:
//
//   - A member of another type than wanted is passed over and counted, null is
//     the zero value. A string takes a number or a truth value as its text, a
//     number takes one in quotes.
//   - Strings are cut at MaxMessage bytes; invalid UTF-8 becomes U+FFFD.
//   - Names are compared without regard to the case of ASCII letters.
//   - Kinds are bool, int, float64, string, struct, slice, map[string]T, pointer
//     and json.RawMessage. Anything else panics: it is the program's mistake.
type decoder struct {
	s     Scanner
	plans map[reflect.Type]map[string]int // fields by name in lower case
	room  int
	used  bool     // for the element at hand
	name  [64]byte // a member's name in lower case
}

func newDecoder() *decoder { return &decoder{plans: map[reflect.Type]map[string]int{}} }

// decode reads text, which begins at an offset of the file, into what a pointer
// points to.
func (d *decoder) decode(text []byte, at int64, into any) (int, error) {
	d.s.Reset(text, at)
	d.room = maxDecoded
	if err := d.value(reflect.ValueOf(into).Elem()); err != nil {
		return d.s.Mistyped, err
	}
	return d.s.Mistyped, d.s.Finish()
}

// Decode decodes text that an element holds as a json.RawMessage, as
// Element.Decode does.
func Decode(text []byte, into any) (mistyped int, err error) {
	if len(text) == 0 {
		return 0, nil
	}
	return newDecoder().decode(text, 0, into)
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

func (d *decoder) value(v reflect.Value) error {
	if v.Type() == rawMessage {
		if _, err := d.s.Peek(); err != nil {
			return err
		}
		from := d.s.pos // all is in memory, and stays where it is
		err := d.s.Skip()
		v.SetBytes(bytes.Clone(d.s.buf[from:d.s.pos]))
		return err
	}
	switch v.Kind() {
	case reflect.String:
		return d.text(v)
	case reflect.Bool:
		b := v.Bool()
		err := d.s.Truth(&b)
		v.SetBool(b)
		return err
	case reflect.Int, reflect.Float64:
		return d.number(v)
	case reflect.Struct:
		return d.structure(v)
	case reflect.Slice:
		return d.slice(v)
	case reflect.Map:
		return d.dictionary(v)
	case reflect.Pointer:
		c, err := d.s.Peek()
		if err != nil {
			return err
		}
		if c == 'n' {
			v.SetZero()
			return d.s.Skip()
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return d.value(v.Elem())
	}
	panic("jsonwalk: cannot decode into " + v.Type().String())
}

func (d *decoder) text(v reflect.Value) error {
	c, err := d.s.Peek()
	if err != nil {
		return err
	}
	if c == 't' || c == 'f' {
		first, err := d.s.literal()
		v.SetString(literals[first])
		return err
	}
	var text string
	err = d.s.Scalar(&text, MaxMessage)
	v.SetString(text)
	return err
}

// number reads a number, in quotes or not. Whole numbers may be written with a
// fraction of zeros.
func (d *decoder) number(v reflect.Value) error {
	var text string
	before := d.s.Mistyped
	if err := d.s.Scalar(&text, 64); err != nil || text == "" || d.s.Mistyped > before {
		return err
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case err != nil || f != f:
		d.s.Mistyped++
	case v.Kind() == reflect.Float64:
		v.SetFloat(f)
	case f != float64(int32(f)): // no line or count is larger
		d.s.Mistyped++
	default:
		v.SetInt(int64(f))
	}
	return nil
}

func (d *decoder) structure(v reflect.Value) error {
	plan := d.plan(v.Type())
	return d.s.Entries(func(name []byte) error {
		i, ok := plan[string(lower(name, &d.name))]
		if !ok {
			return d.s.Skip()
		}
		return d.value(v.Field(i))
	})
}

// lower is a name with its ASCII letters in lower case. It is cut at the buffer's
// size, which no field's name has.
func lower(name []byte, into *[64]byte) []byte {
	n := copy(into[:], name)
	for i, c := range into[:n] {
		if c >= 'A' && c <= 'Z' {
			into[i] = c + 'a' - 'A'
		}
	}
	return into[:n]
}

func (d *decoder) plan(t reflect.Type) map[string]int {
	if plan, ok := d.plans[t]; ok {
		return plan
	}
	plan := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		if name != "-" && t.Field(i).IsExported() {
			plan[strings.ToLower(name)] = i
		}
	}
	d.plans[t] = plan
	return plan
}

func (d *decoder) slice(v reflect.Value) error {
	return d.s.Items(func(int) error {
		if d.room--; d.room < 0 {
			return d.s.Skip()
		}
		v.Grow(1)
		v.SetLen(v.Len() + 1)
		last := v.Index(v.Len() - 1)
		last.SetZero()
		return d.value(last)
	})
}

func (d *decoder) dictionary(v reflect.Value) error {
	return d.s.Entries(func(name []byte) error {
		if d.room--; d.room < 0 {
			return d.s.Skip()
		}
		key := reflect.ValueOf(Clean(name, MaxName)).Convert(v.Type().Key())
		one := reflect.New(v.Type().Elem()).Elem()
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		err := d.value(one)
		v.SetMapIndex(key, one)
		return err
	})
}
