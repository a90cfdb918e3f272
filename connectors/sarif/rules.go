package sarif

import (
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// component is the tool's driver or one of its extensions (SARIF 3.19).
type component struct {
	name, version, semantic, guid string
	rules                         []*rule
	byID                          map[string]*rule
	messages                      map[string]string
}

// rule is what is kept of a reportingDescriptor (SARIF 3.49), with everything
// that can be told of a finding from its rule alone.
type rule struct {
	finding.Rule
	guid       string
	level      string // defaultConfiguration's, or an invocation's override
	props      properties
	aliases    []string // deprecatedIds: OSV puts a vulnerability's other names here
	messages   map[string]string
	relations  []reference
	pkg        *finding.Package
	kind       finding.Kind
	advisories []string
}

// reference points to a rule or to a class of a taxonomy (SARIF 3.52).
type reference struct {
	id, guid  string
	index     int // -1: none
	component struct {
		name, guid string
		index      int // -1: none
	}
}

func noReference() reference {
	r := reference{index: -1}
	r.component.index = -1
	return r
}

func (s *scanner) reference(r *reference) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "id":
			return s.Text(&r.id, maxName)
		case "guid":
			return s.Text(&r.guid, maxName)
		case "index":
			return s.Integer(&r.index)
		case "toolcomponent":
			return s.Fields(func(name []byte) error {
				switch string(name) {
				case "name":
					return s.Text(&r.component.name, maxName)
				case "guid":
					return s.Text(&r.component.guid, maxName)
				case "index":
					return s.Integer(&r.component.index)
				}
				return s.Skip()
			})
		}
		return s.Skip()
	})
}

func (d *document) readComponent(s *scanner, c *component) error {
	return s.Fields(func(name []byte) error {
		switch string(name) {
		case "name":
			return s.Text(&c.name, maxName)
		case "version":
			return s.Text(&c.version, maxName)
		case "semanticversion":
			return s.Text(&c.semantic, maxName)
		case "guid":
			return s.Text(&c.guid, maxName)
		case "globalmessagestrings":
			return s.templates(&c.messages)
		case "rules":
			return s.Items(func(int) error {
				r := &rule{}
				err := s.rule(r)
				if err == nil && d.keep(s.Offset(), r.size()) {
					c.rules = append(c.rules, r)
				}
				return err
			})
		}
		return s.Skip()
	})
}

func (s *scanner) rule(r *rule) error {
	var short, full, help string
	err := s.Fields(func(name []byte) error {
		switch string(name) {
		case "id":
			return s.Text(&r.ID, maxName)
		case "guid":
			return s.Text(&r.guid, maxName)
		case "name":
			return s.Text(&r.Name, maxName)
		case "helpuri":
			return s.Text(&r.HelpURL, maxName)
		case "shortdescription":
			return s.textOf(&short, maxName)
		case "fulldescription":
			return s.textOf(&full, maxName)
		case "help":
			return s.textOf(&help, maxName)
		case "messagestrings":
			return s.templates(&r.messages)
		case "defaultconfiguration":
			return s.level(&r.level)
		case "deprecatedids":
			return s.List(&r.aliases, maxName)
		case "relationships":
			return s.relations(&r.relations)
		case "properties":
			return s.properties(&r.props)
		}
		return s.Skip()
	})
	r.HelpURL = clean.URL(r.HelpURL)
	if r.Description = clean.Sentences(short); r.Description == "" {
		r.Description = clean.Sentences(full)
	}
	r.pkg = labelledPackage(help)
	return err
}

// size is about what a rule takes in memory.
func (r *rule) size() int {
	n := 700 + len(r.ID) + len(r.Name) + len(r.HelpURL) + len(r.Description) + r.props.size() + 200*len(r.relations)
	for id, text := range r.messages {
		n += 64 + len(id) + len(text)
	}
	for _, a := range r.aliases {
		n += 16 + len(a)
	}
	return n
}

// textOf reads a message's or multiformatMessageString's text.
func (s *scanner) textOf(into *string, keep int) error {
	return s.Fields(func(name []byte) error {
		if string(name) != "text" {
			return s.Skip()
		}
		return s.Text(into, keep)
	})
}

// templates reads messageStrings (SARIF 3.49.11).
func (s *scanner) templates(into *map[string]string) error {
	return s.Entries(func(name []byte) error {
		if len(*into) >= maxEntries {
			return s.Skip()
		}
		id, text := jsonwalk.Clean(name, maxName), ""
		err := s.textOf(&text, maxName)
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[id] = text
		return err
	})
}

// level reads the level of a reportingConfiguration (SARIF 3.50).
func (s *scanner) level(into *string) error {
	return s.Fields(func(name []byte) error {
		if string(name) != "level" {
			return s.Skip()
		}
		return s.Text(into, maxName)
	})
}

func (s *scanner) relations(into *[]reference) error {
	return s.Items(func(int) error {
		return s.Fields(func(name []byte) error {
			if string(name) != "target" || len(*into) >= maxEntries {
				return s.Skip()
			}
			ref := noReference()
			err := s.reference(&ref)
			*into = append(*into, ref)
			return err
		})
	})
}

// identifier reads the id of an object.
func (s *scanner) identifier(into *string) error {
	return s.Fields(func(name []byte) error {
		if string(name) != "id" {
			return s.Skip()
		}
		return s.Text(into, maxName)
	})
}

// settle works out what does not change from result to result, once all of the
// run's metadata has been read.
func (r *run) settle(root string) {
	r.kind = toolKind(r.driver.name)
	r.roots = r.findRoots(root)
	r.components = append([]*component{&r.driver}, r.extensions...)
	for _, c := range r.components {
		c.byID = make(map[string]*rule, len(c.rules))
		for _, one := range c.rules {
			r.classify(one)
			if _, taken := c.byID[one.ID]; !taken && one.ID != "" {
				c.byID[one.ID] = one
			}
		}
	}
	for _, o := range r.overrides {
		if one := r.find(o.rule); one != nil {
			one.level = o.level
		}
	}
}

// classify fills in what follows from a rule's own words.
func (r *run) classify(one *rule) {
	one.Tags, one.CWEs, one.advisories = []string{}, []string{}, []string{} // "none" in JSON is [], not null
	one.Tags = append(one.Tags, one.props.tags...)
	for _, tag := range one.Tags {
		one.CWEs = clean.AddCWEs(one.CWEs, tag)
	}
	for _, cwe := range one.props.cwes {
		one.CWEs = clean.AppendNew(one.CWEs, cwe)
	}
	one.CWEs = r.classes(one.CWEs, one.relations)
	one.advisories = clean.FindAdvisories(one.advisories, append([]string{one.ID, one.Name}, append(one.aliases, one.Tags...)...)...)
	one.kind = ruleKind(r.kind, one)
}

// classes adds the CWEs among references to taxonomies.
func (r *run) classes(cwes []string, refs []reference) []string {
	for _, ref := range refs {
		name, id := ref.component.name, ref.id
		for _, t := range r.taxonomies {
			if ref.component.guid == "" || !strings.EqualFold(t.guid, ref.component.guid) {
				if name == "" || t.name != name {
					continue
				}
			}
			name = t.name
			if id == "" && ref.index >= 0 && ref.index < len(t.ids) {
				id = t.ids[ref.index]
			}
		}
		if strings.Contains(strings.ToUpper(name), "CWE") && isNumber(id) {
			id = "CWE-" + id
		}
		cwes = clean.AddCWEs(cwes, id)
	}
	return cwes
}

// find looks a reference up: by component and index, by guid, by id, and by the
// parents of a hierarchical id such as CA1000/1 (SARIF 3.52.4). An index whose
// rule has another id is wrong, and the id right. Nil: not declared.
func (r *run) find(ref reference) *rule {
	where := r.component(ref)
	if ref.index >= 0 && ref.index < len(where.rules) {
		one := where.rules[ref.index]
		if ref.id == "" || one.ID == ref.id || strings.HasPrefix(ref.id, one.ID+"/") {
			return one
		}
	}
	if ref.guid != "" {
		for _, c := range r.components {
			for _, one := range c.rules {
				if strings.EqualFold(one.guid, ref.guid) {
					return one
				}
			}
		}
	}
	for id := ref.id; id != ""; {
		if one := where.byID[id]; one != nil {
			return one
		}
		for _, c := range r.components {
			if one := c.byID[id]; one != nil {
				return one
			}
		}
		id = id[:max(strings.LastIndexByte(id, '/'), 0)]
	}
	return nil
}

func (r *run) component(ref reference) *component {
	if i := ref.component.index; i >= 0 && i < len(r.extensions) {
		return r.extensions[i]
	}
	for _, c := range r.components {
		if ref.component.guid != "" && strings.EqualFold(c.guid, ref.component.guid) ||
			ref.component.guid == "" && ref.component.name != "" && c.name == ref.component.name {
			return c
		}
	}
	return &r.driver
}
