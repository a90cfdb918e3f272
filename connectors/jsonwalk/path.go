package jsonwalk

import (
	"encoding/json"
	"strings"
)

// node is one step of the paths of a walk.
type node struct {
	path    string
	members map[string]*node
	any     *node // *
	items   *node // [*]
	element int   // 1 + which element
	keep    bool
	leads   bool // to elements
}

// plant makes a tree of paths.
func plant(elements, keep []string) (root *node, keeps bool) {
	root = &node{}
	for i, path := range elements {
		root.grow(path, true).element = i + 1
	}
	for _, path := range keep {
		root.grow(path, false).keep = true
	}
	return root, len(keep) > 0
}

// grow adds a path and returns its last node.
func (n *node) grow(path string, leads bool) *node {
	n.leads = n.leads || leads
	if path == "" {
		return n
	}
	if rest, ok := strings.CutPrefix(path, "[*]"); ok {
		if n.items == nil {
			n.items = &node{path: n.path + "[*]"}
		}
		return n.items.grow(strings.TrimPrefix(rest, "."), leads)
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	name, rest := path[:end], strings.TrimPrefix(path[end:], ".")
	if name == "*" {
		if n.any == nil {
			n.any = &node{path: n.step("*")}
		}
		return n.any.grow(rest, leads)
	}
	if n.members == nil {
		n.members = map[string]*node{}
	}
	if n.members[name] == nil {
		n.members[name] = &node{path: n.step(name)}
	}
	return n.members[name].grow(rest, leads)
}

func (n *node) step(name string) string {
	if n.path == "" {
		return name
	}
	return n.path + "." + name
}

func (n *node) child(name []byte) *node {
	if child := n.members[string(name)]; child != nil {
		return child
	}
	return n.any
}

func appendQuoted(b []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // a string always can be
	return append(b, quoted...)
}
