package jsonwalk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"strings"
)

// Bounds of a sketch.
const (
	sketchBytes = 1 << 20
	sketchDepth = 7
	sketchItems = 3  // of every array
	sketchNames = 64 // of every object but the document: more are data
	sketchPaths = 4000
)

// Sketch is what a report looks like from its first MiB: which members there are,
// and short texts in them. It is enough to tell formats apart.
type Sketch struct {
	Documents int    // in the part seen; more than one is JSON Lines
	Root      string // of what is XML and no JSON: the root's namespace, a space, and its name
	values    map[string]string
	paths     []string
}

// Look sketches a report. It fails if the file cannot be opened, is empty or begins
// neither as JSON nor as XML; what is wrong further on is for its parser to say.
func Look(ctx context.Context, open func() (io.ReadCloser, error)) (*Sketch, error) {
	in, err := Open(ctx, open, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close() // nothing was written
	head := bufio.NewReaderSize(io.LimitReader(in, sketchBytes), 4<<10)
	if first, _ := head.Peek(64); bytes.HasPrefix(bytes.TrimLeft(first, " \t\r\n"), []byte("<")) {
		if root := root(head); root != "" {
			return &Sketch{Root: root}, nil
		}
	}
	s := NewScanner(head)
	k := &Sketch{values: map[string]string{}}
	for {
		if err = k.value(s, "", 0); err == nil {
			k.Documents++
		}
		if more, _ := s.More(); err != nil || !more {
			break
		}
	}
	if len(k.paths) > 0 && (err == nil || broken(err)) {
		return k, nil
	}
	return nil, err
}

// root names the root of an XML document.
func root(in io.Reader) string {
	d := xml.NewDecoder(in)
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names are ASCII
	for {
		t, err := d.Token()
		if start, is := t.(xml.StartElement); is {
			return start.Name.Space + " " + start.Name.Local
		}
		if err != nil {
			return ""
		}
	}
}

// Has tells whether there is a value at a path, written as in Walk.
func (k *Sketch) Has(path string) bool { return k.find(path, func(string) bool { return true }) }

// HasAll tells whether there are values at all of the paths.
func (k *Sketch) HasAll(paths ...string) bool {
	for _, p := range paths {
		if !k.Has(p) {
			return false
		}
	}
	return true
}

// Is tells whether one of the values at a path is this text, or a number written
// so.
func (k *Sketch) Is(path, text string) bool {
	return k.find(path, func(have string) bool { return have == text })
}

// Begins tells whether one of the values at a path is a text or a number that
// begins so. Objects begin with {, arrays with [.
func (k *Sketch) Begins(path, prefix string) bool {
	return k.find(path, func(have string) bool { return strings.HasPrefix(have, prefix) })
}

func (k *Sketch) find(path string, test func(string) bool) bool {
	if !strings.Contains(path, "*.") && !strings.HasSuffix(path, ".*") || !strings.Contains(strings.ReplaceAll(path, "[*]", ""), "*") {
		have, ok := k.values[path]
		return ok && test(have)
	}
	for _, p := range k.paths {
		if matches(strings.Split(path, "."), strings.Split(p, ".")) && test(k.values[p]) {
			return true
		}
	}
	return false
}

func matches(pattern, path []string) bool {
	if len(pattern) != len(path) {
		return false
	}
	for i, step := range pattern {
		if step != "*" && step != path[i] {
			return false
		}
	}
	return true
}

func (k *Sketch) value(s *Scanner, path string, depth int) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if depth >= sketchDepth || len(k.paths) >= sketchPaths {
		return s.Pass()
	}
	switch c {
	case '{':
		k.note(path, "{")
		members := 0
		return s.Object(func(name []byte) error {
			if members++; members > sketchNames && depth > 0 {
				return s.Pass()
			}
			step := strings.ReplaceAll(Clean(name, MaxName), ".", "_") // a dot would look like a step
			if path != "" {
				step = path + "." + step
			}
			return k.value(s, step, depth+1)
		})
	case '[':
		k.note(path, "[")
		return s.Array(func(i int) error {
			if i >= sketchItems {
				return s.Pass()
			}
			return k.value(s, path+"[*]", depth+1)
		})
	}
	text, _, err := s.Capture(nil, 256)
	if err == nil {
		var value string
		if c == '"' {
			_, _ = Decode(text, &value)
		} else {
			value = string(text)
		}
		k.note(path, value)
	}
	return err
}

// note keeps the first value at each path.
func (k *Sketch) note(path, value string) {
	if _, seen := k.values[path]; !seen {
		k.values[path] = value
		k.paths = append(k.paths, path)
	}
}
