package jira

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/statefile"
)

// ErrUnknown says that a project, issue, comment, transition or person does not exist.
var ErrUnknown = errors.New("unknown")

var keys = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,9}$`)

// AddPerson makes an account and returns it with what was given to it: an id, an e-mail address, a display name. An account
// of that name that exists is replaced.
func (s *Server) AddPerson(p Person) Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addPerson(p)
}

func (s *Server) addPerson(p Person) Person {
	if p.ID == "" && s.world.Deployment == Cloud {
		p.ID = fmt.Sprintf("712020:%08x", s.next())
	} else if p.ID == "" {
		p.ID = fmt.Sprintf("JIRAUSER%d", s.next())
	}
	if p.Email == "" {
		p.Email = p.Name + "@example.com"
	}
	if p.DisplayName == "" {
		p.DisplayName = p.Name
	}
	s.world.People = slices.DeleteFunc(s.world.People, func(o *Person) bool { return same(o.Name, p.Name) })
	s.world.People = append(s.world.People, &p)
	return p
}

// known makes sure that there is an account of this name.
func (s *Server) known(name string) *Person {
	if s.world.Person(name) == nil {
		s.addPerson(Person{Name: name})
	}
	return s.world.Person(name)
}

// AddToken makes a credential valid, and its person an account.
func (s *Server) AddToken(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known(t.Person)
	s.world.Tokens = append(s.world.Tokens, &t)
}

// RevokeToken makes a credential invalid.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.Tokens = slices.DeleteFunc(s.world.Tokens, func(t *Token) bool { return t.Value == value })
}

// AddResolution makes a resolution, unless there is one of that name.
func (s *Server) AddResolution(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.world.Resolutions, func(n *Named) bool { return same(n.Name, name) }) {
		s.world.Resolutions = append(s.world.Resolutions, &Named{ID: s.newID(), Name: name})
	}
}

// AddField makes a custom field and returns it with the ids it was given. Screens name it by its id.
func (s *Server) AddField(f Field) (Field, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Name == "" || schemas[f.Kind].kind == "" {
		return Field{}, fmt.Errorf("add field %q: a field has a name and a kind; %q is none", f.Name, f.Kind)
	}
	if f.ID == "" {
		f.ID = "customfield_" + s.newID()
	}
	if s.world.Field(f.ID) != nil || s.world.Field(f.Name) != nil {
		return Field{}, fmt.Errorf("add field %q: it exists", f.Name)
	}
	f.Options = s.named(f.Options)
	s.world.Fields = append(s.world.Fields, &f)
	return f, nil
}

// named copies names, and gives those an id that have none.
func (s *Server) named(list []*Named) []*Named {
	out := []*Named{}
	for _, n := range list {
		c := *n
		if c.ID == "" {
			c.ID = s.newID()
		}
		out = append(out, &c)
	}
	return out
}

// AddProject makes a project and returns it with the ids it was given. Without a workflow it has SimpleWorkflow, without
// types Task, Bug, Epic and Sub-task. Its members, its lead and those of its levels become accounts.
func (s *Server) AddProject(p Project) (Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !keys.MatchString(p.Key) || s.world.Project(p.Key) != nil {
		return Project{}, fmt.Errorf("add project %q: a key is two to ten capital letters, digits and underscores, and new", p.Key)
	}
	c, err := statefile.Copy(&p)
	if err != nil {
		return Project{}, fmt.Errorf("add project %s: %w", p.Key, err)
	}
	if c.Workflow.Statuses == nil {
		c.Workflow = SimpleWorkflow()
	}
	if c.Types == nil {
		c.Types = []*IssueType{{Name: "Task"}, {Name: "Bug"}, {Name: "Epic", Epic: true}, {Name: "Sub-task", Subtask: true}}
	}
	if c.Name == "" {
		c.Name = c.Key
	}
	if err := s.settle(c); err != nil {
		return Project{}, fmt.Errorf("add project %s: %w", p.Key, err)
	}
	s.world.Projects = append(s.world.Projects, c)
	out, err := statefile.Copy(c)
	if err != nil {
		return Project{}, fmt.Errorf("add project %s: %w", p.Key, err)
	}
	return *out, nil
}

// settle gives ids and checks what a project names.
func (s *Server) settle(p *Project) error {
	if p.ID == "" {
		p.ID = s.newID()
	}
	for _, t := range p.Types {
		if t.ID == "" {
			t.ID = s.newID()
		}
		for _, x := range t.Screen {
			if s.field(x.Field) == nil {
				return fmt.Errorf("screen of %s: field %q: %w", t.Name, x.Field, ErrUnknown)
			}
		}
	}
	p.Components = s.named(p.Components)
	for _, l := range p.Levels {
		if l.ID == "" {
			l.ID = s.newID()
		}
		for _, name := range l.Members {
			s.known(name)
		}
	}
	if p.Lead != "" {
		s.known(p.Lead)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Members)) {
		s.known(name)
	}
	return s.settleWorkflow(&p.Workflow)
}

// settleWorkflow refuses a workflow that names what it does not have, before it gives ids.
func (s *Server) settleWorkflow(w *Workflow) error {
	for _, st := range w.Statuses {
		if !slices.Contains([]Category{ToDo, InProgress, Done}, st.Category) {
			return fmt.Errorf("status %q: category %q: %w", st.Name, st.Category, ErrUnknown)
		}
		if old := s.world.Status(st.Name); old != nil && old.Category != st.Category {
			return fmt.Errorf("status %q is of category %s elsewhere", st.Name, old.Category)
		}
	}
	for _, t := range w.Transitions {
		for _, name := range append([]string{t.To}, t.From...) {
			if !slices.ContainsFunc(w.Statuses, func(st Status) bool { return st.Name == name }) {
				return fmt.Errorf("transition %q: status %q: %w", t.Name, name, ErrUnknown)
			}
		}
	}
	for n := range w.Statuses {
		st := &w.Statuses[n]
		if old := s.world.Status(st.Name); old != nil {
			*st = *old
			continue
		}
		st.ID = s.newID()
		added := *st
		s.world.Statuses = append(s.world.Statuses, &added)
	}
	for n := range w.Transitions {
		if w.Transitions[n].ID == "" {
			w.Transitions[n].ID = s.newID()
		}
	}
	return nil
}

// Grant sets what a person may do in a project, and makes them an account. In a project that was open to everybody the
// others lose everything.
func (s *Server) Grant(project, name string, what ...Permission) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.world.Project(project)
	if p == nil {
		return fmt.Errorf("grant %s: project %s: %w", name, project, ErrUnknown)
	}
	if p.Members == nil {
		p.Members = map[string][]Permission{}
	}
	p.Members[s.known(name).Name] = slices.Clone(what)
	return nil
}

// SetScreen replaces the fields on the screens of an issue type, as an administrator does.
func (s *Server) SetScreen(project, issueType string, screen []ScreenField) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.world.Project(project)
	if p == nil || p.Type(issueType) == nil {
		return fmt.Errorf("set screen of %s in %s: %w", issueType, project, ErrUnknown)
	}
	for _, x := range screen {
		if s.field(x.Field) == nil {
			return fmt.Errorf("set screen of %s in %s: field %q: %w", issueType, project, x.Field, ErrUnknown)
		}
	}
	p.Type(issueType).Screen = slices.Clone(screen)
	return nil
}

// Busy makes an issue answer 409 to who edits or moves it, until a time: another request is at it.
func (s *Server) Busy(key string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[key] = until
}
