package jira

import (
	"fmt"
)

// What people do on the pages of an issue. They are accounts then, and held to their permissions, screens and workflows as
// the interface holds them. Texts are wiki text; values are as version 2 of the interface takes them.

// act runs f as a person on an issue.
func (s *Server) act(who, key, what string, f func(*call, *Issue, *Project) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, version: "2", person: s.known(who)}
	i, p := c.visible(key)
	if i == nil {
		return fmt.Errorf("%s %s as %s: issue: %w", what, key, who, ErrUnknown)
	}
	if err := f(c, i, p); err != nil {
		return fmt.Errorf("%s %s as %s: %w", what, key, who, err)
	}
	return nil
}

func (c *call) permitted(p *Project, need Permission) error {
	if !p.may(c.person, need) {
		return fmt.Errorf("permission %s is missing", need)
	}
	return nil
}

// CreateIssue makes an issue with fields as version 2 takes them (project and issuetype besides), and returns its key.
func (s *Server) CreateIssue(who, project, issueType string, fields map[string]any) (key string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, version: "2", person: s.known(who)}
	all := map[string]any{"project": map[string]any{"key": project}, "issuetype": map[string]any{"name": issueType}}
	for id, v := range fields {
		all[id] = v
	}
	i, err := c.create(update{Fields: all})
	if err != nil {
		return "", fmt.Errorf("create issue in %s as %s: %w", project, who, err)
	}
	return i.Key, nil
}

// Transition moves an issue by the name of a transition or of the status it leads to; fields are what its screen takes.
func (s *Server) Transition(who, key, name string, fields map[string]any) error {
	return s.act(who, key, "transition", func(c *call, i *Issue, p *Project) error {
		if err := c.permitted(p, Move); err != nil {
			return err
		}
		in := update{Fields: fields}
		for _, t := range p.Workflow.from(i.Status) {
			if same(t.Name, name) || same(t.To, name) {
				in.Transition = &struct {
					ID string `json:"id"`
				}{t.ID}
				return c.move(i, p, in)
			}
		}
		return fmt.Errorf("%q from %q: %w", name, i.Status, ErrUnknown)
	})
}

// Comment comments on an issue and returns the comment's id.
func (s *Server) Comment(who, key, body string) (id int64, err error) {
	err = s.act(who, key, "comment on", func(c *call, i *Issue, p *Project) error {
		if err := c.permitted(p, AddComment); err != nil {
			return err
		}
		t, err := c.readText(body)
		if err != nil {
			return err
		}
		m := c.newComment(t)
		i.Comments, i.Updated, id = append(i.Comments, m), m.Created, m.ID
		return s.index.note(i.ID, i, m.Created)
	})
	return id, err
}

// EditComment replaces the text of a comment.
func (s *Server) EditComment(who, key string, id int64, body string) error {
	return s.remark(who, key, id, "edit a comment of", func(c *call, i *Issue, m *Comment) error {
		t, err := c.readText(body)
		if err != nil {
			return err
		}
		return c.rewrite(i, m, t)
	})
}

// DeleteComment removes a comment.
func (s *Server) DeleteComment(who, key string, id int64) error {
	return s.remark(who, key, id, "delete a comment of", func(_ *call, i *Issue, m *Comment) error { return s.removeComment(i, m) })
}

func (s *Server) remark(who, key string, id int64, what string, f func(*call, *Issue, *Comment) error) error {
	return s.act(who, key, what, func(c *call, i *Issue, p *Project) error {
		m := find(i.Comments, func(m *Comment) bool { return m.ID == id })
		if m == nil {
			return fmt.Errorf("comment %d: %w", id, ErrUnknown)
		}
		if err := c.mayChange(p, m); err != nil {
			return err
		}
		return f(c, i, m)
	})
}

// EditField sets one field; null empties it.
func (s *Server) EditField(who, key, field string, value any) error {
	return s.change(who, key, update{Fields: map[string]any{field: value}})
}

// AddLabel adds a label to an issue.
func (s *Server) AddLabel(who, key, label string) error {
	return s.change(who, key, update{Update: map[string][]map[string]any{"labels": {{"add": label}}}})
}

// RemoveLabel takes a label away, if it is there.
func (s *Server) RemoveLabel(who, key, label string) error {
	return s.change(who, key, update{Update: map[string][]map[string]any{"labels": {{"remove": label}}}})
}

func (s *Server) change(who, key string, in update) error {
	return s.act(who, key, "edit", func(c *call, i *Issue, p *Project) error {
		if err := c.permitted(p, Edit); err != nil {
			return err
		}
		return c.edit(i, p, in)
	})
}

// Assign gives an issue to a person, or to nobody if the name is empty.
func (s *Server) Assign(who, key, name string) error {
	return s.act(who, key, "assign", func(c *call, i *Issue, p *Project) error {
		if err := c.permitted(p, Assign); err != nil {
			return err
		}
		d, err := c.draft(i, p)
		if err != nil {
			return err
		}
		if d.Assignee = name; name != "" {
			d.Assignee = s.known(name).Name
		}
		return c.keep(i, d)
	})
}

// Delete removes an issue with its subtasks and links.
func (s *Server) Delete(who, key string) error {
	return s.act(who, key, "delete", func(c *call, i *Issue, p *Project) error {
		if err := c.permitted(p, Delete); err != nil {
			return err
		}
		return s.remove(i)
	})
}
