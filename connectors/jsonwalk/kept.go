package jsonwalk

import "fmt"

// maxKept bounds what a walk keeps of a file beside its elements.
const maxKept = 16 << 20

// container is the next object on the way to elements; leave is to be called behind
// it. An object of which nothing is kept costs next to nothing.
func (p *pass) container() (c *Container, leave func(), err error) {
	at := p.next
	p.next++
	if p.learning {
		c = &Container{decoder: p.decoder}
		p.kept = append(p.kept, nil)
		leave = func() {
			if len(c.json) > 0 {
				p.kept[at] = c
			}
		}
		return c, leave, p.book(8)
	}
	if at < len(p.kept) && p.kept[at] != nil {
		c = p.kept[at]
		if at > 0 { // the document's is still wanted
			leave = func() { p.kept[at], c.json, c.value = nil, nil, nil }
		}
	} else {
		c = &Container{decoder: p.decoder}
	}
	if leave == nil {
		leave = func() {}
	}
	return c, leave, nil
}

// keep copies what is to be kept of the value at a node that does not lead to
// elements: all of it, or the members and elements below that are.
func (p *pass) keep(n *node, into *Container) error {
	c, err := p.s.Peek()
	if err != nil {
		return err
	}
	switch {
	case !p.learning:
		return p.s.Skip()
	case n.keep:
		return p.copy(into)
	case c == '{' && (n.members != nil || n.any != nil):
		return p.members(n, into)
	case c == '[' && n.items != nil:
		into.json = append(into.json, '[')
		err := p.s.Array(func(i int) error {
			if i > 0 {
				into.json = append(into.json, ',')
			}
			return p.keep(n.items, into)
		})
		into.json = append(into.json, ']')
		return err
	}
	into.json = append(into.json, "null"...)
	return p.s.Pass()
}

func (p *pass) members(n *node, into *Container) error {
	inner := &Container{}
	err := p.s.Object(func(name []byte) error {
		child := n.child(name)
		if child == nil {
			return p.s.Pass()
		}
		if err := p.begin(inner, Clean(name, MaxName)); err != nil {
			return err
		}
		return p.keep(child, inner)
	})
	if len(inner.json) == 0 {
		inner.json = []byte{'{'}
	}
	into.json = append(append(into.json, inner.json...), '}')
	return err
}

// begin writes a kept member's name.
func (p *pass) begin(c *Container, name string) error {
	open, size := byte(','), len(name)+4
	if len(c.json) == 0 {
		open, size = '{', size+128 // for the container itself
	}
	c.json = append(c.json, open)
	c.json = appendQuoted(c.json, name)
	c.json = append(c.json, ':')
	return p.book(size)
}

// copy keeps a whole value.
func (p *pass) copy(c *Container) error {
	before := len(c.json)
	raw, over, err := p.s.Capture(c.json, p.room)
	if over || err != nil {
		raw = append(raw[:before], "null"...)
	}
	c.json = raw
	if over {
		return p.book(p.room + 1)
	}
	if err != nil {
		return err
	}
	return p.book(len(raw) - before + 8)
}

// book takes n bytes of the room there is for what is kept.
func (p *pass) book(n int) error {
	if p.room -= n; p.room < 0 {
		return &Error{Offset: p.s.Offset(), Err: ErrTooLarge, Detail: fmt.Sprintf("more than %d MiB beside the findings", maxKept>>20)}
	}
	return nil
}
