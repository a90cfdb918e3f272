package jira

import (
	"net/http"
	"slices"
)

// maxComments and maxRemoteLinks are how many an issue can have on Cloud.
const maxComments, maxRemoteLinks = 5000, 2000

func getComments(c *call) (any, error) {
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	all := slices.Clone(i.Comments)
	if c.r.URL.Query().Get("orderBy") == "-created" {
		slices.Reverse(all)
	}
	size := 100
	if c.s.world.Deployment == DataCenter {
		size = 1_048_576
	}
	comments, startAt, size, err := page(c, all, size, size)
	if err != nil {
		return nil, err
	}
	return object{"startAt": startAt, "maxResults": size, "total": len(all), "comments": render(comments, func(m *Comment) object { return c.comment(i, m) })}, nil
}

func addComment(c *call) (any, error) {
	i, p, err := c.issue()
	if err != nil {
		return nil, err
	}
	if !p.may(c.person, AddComment) {
		return nil, badRequest("%s, you do not have the permission to comment on this issue.", c.person.DisplayName)
	}
	t, err := c.commentBody()
	if err != nil {
		return nil, err
	}
	if len(i.Comments) >= maxComments {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The issue has the most comments it can have.")
	}
	m := c.newComment(t)
	i.Comments, i.Updated = append(i.Comments, m), m.Created
	return answer{status: http.StatusCreated, body: c.comment(i, m)}, c.s.index.note(i.ID, i, m.Created)
}

func (c *call) commentBody() (Text, error) {
	var in struct {
		Body any `json:"body"`
	}
	if err := c.decode(&in); err != nil {
		return Text{}, err
	}
	t, err := c.readText(in.Body)
	if err != nil {
		return Text{}, invalid(map[string]string{"comment": err.Error()})
	}
	if t.Wiki == "" {
		return Text{}, invalid(map[string]string{"comment": "Comment body can not be empty!"})
	}
	return t, nil
}

// remark finds the comment the route names.
func (c *call) remark() (*Issue, *Project, *Comment, error) {
	i, p, err := c.issue()
	if err != nil {
		return nil, nil, nil, err
	}
	m := find(i.Comments, func(m *Comment) bool { return decimal(m.ID) == c.params["id"] })
	if m == nil {
		return nil, nil, nil, refuse(http.StatusNotFound, "Can not find a comment for the id: "+c.params["id"]+".")
	}
	return i, p, m, nil
}

func getComment(c *call) (any, error) {
	i, _, m, err := c.remark()
	if err != nil {
		return nil, err
	}
	return c.comment(i, m), nil
}

// mayChange says whether the asker may change a comment.
func (c *call) mayChange(p *Project, m *Comment) error {
	if p.may(c.person, EditComment) || m.Author == c.person.Name && p.may(c.person, AddComment) {
		return nil
	}
	return badRequest("You do not have permission to edit comment with id: %d.", m.ID)
}

func editComment(c *call) (any, error) {
	i, p, m, err := c.remark()
	if err != nil {
		return nil, err
	}
	if err := c.mayChange(p, m); err != nil {
		return nil, err
	}
	t, err := c.commentBody()
	if err != nil {
		return nil, err
	}
	if err := c.rewrite(i, m, t); err != nil {
		return nil, err
	}
	return c.comment(i, m), nil
}

// rewrite replaces a comment's text.
func (c *call) rewrite(i *Issue, m *Comment, t Text) error {
	now := c.s.now()
	m.Body, m.Editor, m.Edits, m.Updated, i.Updated = t, c.person.Name, m.Edits+1, now, now
	return c.s.index.note(i.ID, i, now)
}

func deleteComment(c *call) (any, error) {
	i, p, m, err := c.remark()
	if err != nil {
		return nil, err
	}
	if err := c.mayChange(p, m); err != nil {
		return nil, err
	}
	return answer{status: http.StatusNoContent}, c.s.removeComment(i, m)
}

func (s *Server) removeComment(i *Issue, m *Comment) error {
	i.Comments = slices.DeleteFunc(i.Comments, func(o *Comment) bool { return o == m })
	i.Updated = s.now()
	return s.index.note(i.ID, i, i.Updated)
}
