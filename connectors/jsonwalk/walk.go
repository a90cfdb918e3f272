package jsonwalk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
)

// Walk says what to read of a report. A path is member names joined by dots; a
// name of * is every member of an object, and [*] after a name, or alone at the
// front, is every element of an array: "Results[*].Vulnerabilities[*]",
// "advisories.*", "[*]". The empty path is the document itself.
type Walk struct {
	Open func() (io.ReadCloser, error) // called twice if anything is to be kept
	// Elements are the paths of the values that are handed over, none below
	// another.
	Elements []string
	// Keep are the paths of what stands beside the way to the elements and helps
	// to understand them; see Element.Around. All of it may have 16 MiB.
	Keep []string
	// Stream: the file is documents one after another, as in JSON Lines.
	Stream     bool
	MaxElement int   // in bytes; 16 MiB if 0
	MaxBytes   int64 // where reading stops with ErrTooLarge; see Open
}

// Element is one value at one of the walk's paths.
type Element struct {
	Pattern int    // which of Walk.Elements
	Key     string // the member's name where the path ends in *
	Offset  int64  // where it begins, as in Error
	// Raw is good until the callback returns, and nil if TooLarge.
	Raw      []byte
	TooLarge bool
	// Around are the objects on the way to the element, the outermost first, each
	// with what is kept of it, whether that stands before the element or after.
	Around  []*Container
	decoder *decoder
}

// Container is what is kept of an object: an object with the members kept.
type Container struct {
	json    []byte
	value   any
	decoder *decoder
}

// Of decodes a container, once. It must be asked for one type only.
func Of[T any](c *Container) *T {
	if c.value == nil {
		into := new(T)
		if len(c.json) > 0 {
			_, _ = c.decoder.decode(append(c.json, '}'), 0, into) // it was checked when it was kept
		}
		c.value = into
	}
	return c.value.(*T)
}

// Result is what a walk knows of the whole file.
type Result struct {
	Root  *Container // the first document, empty if that is no object
	Found []bool     // by Walk.Elements: whether there was something that holds such elements
	met   map[string]bool
}

// Met tells whether there was a list or an object, empty or not, at a path on the way
// to elements: Met("results") where elements are at results[*].packages[*].
func (r Result) Met(path string) bool { return r.met[path] }

// Each reads the report and calls yield with each element in the file's order.
// The Result is good with an error, too. The error is yield's, the context's,
// Open's, or an *Error; what came before it has been handed over.
func (w Walk) Each(ctx context.Context, yield func(Element) error) (Result, error) {
	if w.MaxElement <= 0 {
		w.MaxElement = 16 << 20
	}
	root, keeps := plant(w.Elements, w.Keep)
	p := &pass{walk: w, decoder: newDecoder()}
	p.result = Result{Found: make([]bool, len(w.Elements)), met: map[string]bool{}, Root: &Container{decoder: p.decoder}}
	var first error
	if keeps {
		p.learning = true
		if first = p.run(ctx, root); first != nil && !broken(first) {
			return p.result, first
		}
		if len(p.kept) > 0 && p.kept[0] != nil {
			p.result.Root = p.kept[0]
		}
	}
	p.learning, p.yield, p.around = false, yield, nil
	if err := p.run(ctx, root); err != nil {
		return p.result, err
	}
	return p.result, first
}

// broken tells what is wrong with the file from what kept it from being read.
func broken(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// pass goes through the file once: the first time learning what to keep, the
// second time handing over elements. Both meet the same containers in the same
// order.
type pass struct {
	walk     Walk
	s        *Scanner
	learning bool
	yield    func(Element) error
	result   Result
	decoder  *decoder
	kept     []*Container // in the order they are met
	next     int
	room     int
	around   []*Container
	buf      []byte
}

func (p *pass) run(ctx context.Context, root *node) error {
	in, err := Open(ctx, p.walk.Open, p.walk.MaxBytes)
	if err != nil {
		return err
	}
	defer in.Close() // nothing was written
	p.s, p.room, p.next = NewScanner(in), maxKept, 0
	for i := 0; ; i++ {
		err := p.value(root, "", nil)
		if !p.walk.Stream {
			if err == nil {
				err = p.s.Finish()
			}
			return err
		}
		if err != nil {
			return Within(err, Index(i))
		}
		if more, err := p.s.More(); !more || err != nil {
			return err
		}
	}
}

// value reads the value at a node. What is kept below it goes into the container.
func (p *pass) value(n *node, key string, into *Container) error {
	c, err := p.s.Peek()
	if err != nil {
		return err
	}
	switch {
	case n == nil && p.learning:
		return p.s.Pass()
	case n == nil:
		return p.s.Skip()
	case !n.leads:
		return p.keep(n, into)
	case n.element > 0 && p.learning:
		return p.s.Pass()
	case n.element > 0:
		return p.element(n.element-1, key)
	case c == '{' && (n.members != nil || n.any != nil):
		p.result.met[n.path] = true
		return p.object(n)
	case c == '[' && n.items != nil:
		p.result.met[n.path] = true
		p.found(n.items)
		return p.s.Array(func(int) error { return p.value(n.items, "", into) })
	}
	return p.value(nil, "", nil)
}

func (p *pass) found(n *node) {
	if n != nil && n.element > 0 {
		p.result.Found[n.element-1] = true
	}
}

// object reads an object that elements may be in.
func (p *pass) object(n *node) error {
	p.found(n.any)
	c, leave, err := p.container()
	if err != nil {
		return err
	}
	p.around = append(p.around, c)
	defer func() {
		p.around = p.around[:len(p.around)-1]
		leave()
	}()
	return p.s.Object(func(name []byte) error {
		child := n.child(name)
		if child == nil {
			return p.value(nil, "", nil)
		}
		p.found(child)
		key := Clean(name, MaxName)
		if p.learning && !child.leads {
			if err := p.begin(c, key); err != nil {
				return err
			}
		}
		return p.value(child, key, c)
	})
}

func (p *pass) element(pattern int, key string) error {
	e := Element{Pattern: pattern, Key: key, Offset: p.s.Offset(), Around: p.around, decoder: p.decoder}
	var err error
	p.buf, e.TooLarge, err = p.s.Capture(p.buf[:0], p.walk.MaxElement)
	if err != nil {
		return err
	}
	if !e.TooLarge {
		e.Raw = p.buf
	}
	p.decoder.used = false
	if err := p.yield(e); err != nil || e.TooLarge || p.decoder.used {
		return err
	}
	_, err = p.decoder.decode(e.Raw, e.Offset, new(json.RawMessage)) // or nobody would notice that it is broken
	return err
}

// Decode decodes the element into a struct, slice, map or scalar, or pointers to
// such; see decoder for how. It returns how many members had another type than
// wanted and were passed over. An error is an *Error: the file is broken here.
func (e Element) Decode(into any) (mistyped int, err error) {
	e.decoder.used = true
	return e.decoder.decode(e.Raw, e.Offset, into)
}

// Cut tells whether the last Decode left out entries of lists because the element has
// too many.
func (e Element) Cut() bool { return e.decoder.room < 0 }
