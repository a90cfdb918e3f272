package settings

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Group is a named set of repositories, or of folders in them.
type Group struct {
	Name       string
	Tier, Wave int // 0 where none is given; wave 0 is let in last
	Owner, Ask string
}

// Repository is what groups are told by.
type Repository struct {
	Name       string            // owner/name, in any case
	Topics     []string          // as the platform has them
	Properties map[string]string // custom properties; several values are joined by commas
}

type rawGroup struct {
	Repositories []string            `json:"repositories"`
	Topics       []string            `json:"topics"`
	Properties   map[string][]string `json:"properties"`
	Paths        []string            `json:"paths"`
	Tier         int                 `json:"tier"`
	Wave         int                 `json:"wave"`
	Owner        string              `json:"owner"`
	Ask          string              `json:"ask"`
	Order        int                 `json:"order"`
}

type group struct {
	Group
	repositories globs
	topics       []string
	properties   map[string][]string // any of the values will do
	prefixes     []string            // each without its final slash
}

// globs match repositories; the patterns are in lower case.
type globs []string

func (g globs) match(lower string) bool {
	for _, pattern := range g {
		if pattern == lower || doublestar.MatchUnvalidated(pattern, lower) {
			return true
		}
	}
	return false
}

func compileGroups(raw map[string]rawGroup) []group {
	names := slices.Collect(maps.Keys(raw))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(raw[a].Order-raw[b].Order, cmp.Compare(a, b))
	})
	out := make([]group, 0, len(raw))
	for _, name := range names {
		r := raw[name]
		g := group{Group: Group{Name: name, Tier: r.Tier, Wave: r.Wave, Owner: r.Owner, Ask: r.Ask}, repositories: r.Repositories, topics: r.Topics, properties: r.Properties}
		for _, p := range r.Paths {
			g.prefixes = append(g.prefixes, strings.TrimSuffix(strings.TrimPrefix(p, "./"), "/"))
		}
		out = append(out, g)
	}
	return out
}

// Group is the first group that holds a repository, by its name, one of its
// topics or one of its custom properties, and, where the group names folders, the path in it. What no group holds is in
// the group "rest". A finding without a path is in no group that names folders.
func (s *Settings) Group(repository Repository, path string) Group {
	lower := strings.ToLower(repository.Name)
	for i := range s.groups {
		g := &s.groups[i]
		if (g.repositories.match(lower) || g.labels(repository)) && g.holds(path) {
			return g.Group
		}
	}
	return Group{Name: rest}
}

// GroupNamed is the group of that name, and whether the settings have one.
func (s *Settings) GroupNamed(name string) (Group, bool) {
	for i := range s.groups {
		if s.groups[i].Name == name {
			return s.groups[i].Group, true
		}
	}
	return Group{Name: rest}, name == rest
}

// labels tells whether a repository has one of the group's topics or properties.
// Topics are lower case on the platform; values of properties are compared as
// they are.
func (g *group) labels(r Repository) bool {
	for _, topic := range g.topics {
		if slices.ContainsFunc(r.Topics, func(t string) bool { return strings.EqualFold(t, topic) }) {
			return true
		}
	}
	for name, values := range g.properties {
		has, ok := r.Properties[name]
		if ok && slices.ContainsFunc(strings.Split(has, ","), func(v string) bool { return slices.Contains(values, v) }) {
			return true
		}
	}
	return false
}

func (g *group) holds(path string) bool {
	if len(g.prefixes) == 0 {
		return true
	}
	for _, p := range g.prefixes {
		if after, ok := strings.CutPrefix(path, p); ok && (p == "" || after == "" || after[0] == '/') && path != "" {
			return true
		}
	}
	return false
}

// classOrder is the order path classes are tried in: whose code it is says more
// than what it is for.
var classOrder = [...]string{"vendored", "generated", "tests", "examples"}

type class struct {
	name     string
	segments map[string]bool // from **/name/**
	suffixes []string        // from **/*suffix
	others   []string
}

func compileClasses(raw map[string][]string) []class {
	var out []class
	for _, name := range classOrder {
		c := class{name: name, segments: map[string]bool{}}
		for _, pattern := range raw[name] {
			c.add(pattern)
		}
		out = append(out, c)
	}
	return out
}

// add sorts a pattern into the two cheap shapes most patterns have, or leaves
// it to the glob matcher: a hundred thousand paths meet some forty patterns.
func (c *class) add(pattern string) {
	const meta = "*?[{\\/"
	inner, anywhere := strings.CutPrefix(pattern, "**/")
	if folder, ok := strings.CutSuffix(inner, "/**"); anywhere && ok && folder != "" && !strings.ContainsAny(folder, meta) {
		c.segments[folder] = true
		return
	}
	if suffix, ok := strings.CutPrefix(inner, "*"); anywhere && ok && suffix != "" && !strings.ContainsAny(suffix, meta) {
		c.suffixes = append(c.suffixes, suffix)
		return
	}
	c.others = append(c.others, pattern)
}

func (c *class) match(path string) bool {
	for _, suffix := range c.suffixes {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if c.segments[segment] {
			return true
		}
	}
	for _, pattern := range c.others {
		if doublestar.MatchUnvalidated(pattern, path) {
			return true
		}
	}
	return false
}

// PathClass is "vendored", "generated", "tests" or "examples", the first whose
// globs match the path (relative, forward slashes), else "source"; "" for "".
func (s *Settings) PathClass(path string) string {
	if path == "" {
		return ""
	}
	for i := range s.classes {
		if s.classes[i].match(path) {
			return s.classes[i].name
		}
	}
	return "source"
}
