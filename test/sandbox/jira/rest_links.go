package jira

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// remoteLink is the body of a request about a remote link.
type remoteLink struct {
	GlobalID     string         `json:"globalId"`
	Relationship string         `json:"relationship"`
	Application  map[string]any `json:"application"`
	Object       map[string]any `json:"object"`
}

func (c *call) readRemoteLink() (in remoteLink, err error) {
	if err := c.decode(&in); err != nil {
		return in, err
	}
	wrong := map[string]string{}
	for _, name := range []string{"url", "title"} {
		if text, _ := in.Object[name].(string); text == "" {
			wrong[name] = "'" + name + "' is required."
		}
	}
	if u, err := url.Parse(ref(in.Object, "url")); wrong["url"] == "" && (err != nil || u.Scheme == "") {
		wrong["url"] = "'url' is not a valid URL."
	}
	if len(in.GlobalID) > 255 {
		wrong["globalId"] = "'globalId' must be no longer than 255 characters."
	}
	if len(wrong) > 0 {
		return in, invalid(wrong)
	}
	return in, nil
}

func (in remoteLink) fill(l *RemoteLink) {
	l.GlobalID, l.Relationship, l.Application, l.Object = in.GlobalID, in.Relationship, in.Application, in.Object
}

// remoteLinkIn finds the link a request names by its id or its global id.
func (c *call) remoteLinkIn(i *Issue) (*RemoteLink, error) {
	id, global := c.params["linkId"], c.r.URL.Query().Get("globalId")
	l := find(i.RemoteLinks, func(l *RemoteLink) bool {
		return id != "" && decimal(l.ID) == id || id == "" && global != "" && l.GlobalID == global
	})
	if l == nil {
		return nil, refuse(http.StatusNotFound, "The remote issue link does not exist.")
	}
	return l, nil
}

func getRemoteLinks(c *call) (any, error) {
	if c.r.URL.Query().Get("globalId") != "" {
		return getRemoteLink(c)
	}
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	return render(i.RemoteLinks, func(l *RemoteLink) object { return c.remoteLink(i, l) }), nil
}

func getRemoteLink(c *call) (any, error) {
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	l, err := c.remoteLinkIn(i)
	if err != nil {
		return nil, err
	}
	return c.remoteLink(i, l), nil
}

// putRemoteLink makes a link, or replaces the one with the same global id.
func putRemoteLink(c *call) (any, error) {
	i, _, err := c.write(LinkIssues, "link issues in this project")
	if err != nil {
		return nil, err
	}
	in, err := c.readRemoteLink()
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	l := find(i.RemoteLinks, func(l *RemoteLink) bool { return in.GlobalID != "" && l.GlobalID == in.GlobalID })
	if l == nil {
		if len(i.RemoteLinks) >= maxRemoteLinks {
			return nil, refuse(http.StatusRequestEntityTooLarge, "The issue has the most remote links it can have.")
		}
		status, l = http.StatusCreated, &RemoteLink{ID: c.s.next()}
		i.RemoteLinks = append(i.RemoteLinks, l)
	}
	in.fill(l)
	i.Updated = c.s.now()
	return answer{status: status, body: object{"id": l.ID, "self": c.self("/issue/" + i.Key + "/remotelink/" + decimal(l.ID))}}, c.s.index.note(i.ID, i, i.Updated)
}

func editRemoteLink(c *call) (any, error) {
	i, _, err := c.write(LinkIssues, "link issues in this project")
	if err != nil {
		return nil, err
	}
	l, err := c.remoteLinkIn(i)
	if err != nil {
		return nil, err
	}
	in, err := c.readRemoteLink()
	if err != nil {
		return nil, err
	}
	in.fill(l)
	i.Updated = c.s.now()
	return answer{status: http.StatusNoContent}, c.s.index.note(i.ID, i, i.Updated)
}

func deleteRemoteLinks(c *call) (any, error) {
	i, _, err := c.write(LinkIssues, "link issues in this project")
	if err != nil {
		return nil, err
	}
	l, err := c.remoteLinkIn(i)
	if err != nil {
		return nil, err
	}
	i.RemoteLinks = slices.DeleteFunc(i.RemoteLinks, func(o *RemoteLink) bool { return o == l })
	return answer{status: http.StatusNoContent}, nil
}

func getProperties(c *call) (any, error) {
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	keys := []object{}
	for _, key := range slices.Sorted(maps.Keys(i.Properties)) {
		keys = append(keys, object{"key": key, "self": c.self("/issue/" + i.Key + "/properties/" + url.PathEscape(key))})
	}
	return object{"keys": keys}, nil
}

func getProperty(c *call) (any, error) {
	i, _, err := c.issue()
	if err != nil {
		return nil, err
	}
	key := c.params["propertyKey"]
	v, ok := i.Properties[key]
	if !ok {
		return nil, refuse(http.StatusNotFound, "The property with key '"+key+"' does not exist.")
	}
	return object{"key": key, "value": v}, nil
}

// putProperty sets a property, which changes neither the issue's history nor when it was updated.
func putProperty(c *call) (any, error) {
	i, _, err := c.write(Edit, "edit issues in this project")
	if err != nil {
		return nil, err
	}
	key := c.params["propertyKey"]
	data, err := io.ReadAll(io.LimitReader(c.r.Body, 32_769))
	var v any
	switch {
	case err != nil || json.Unmarshal(data, &v) != nil:
		return nil, badRequest("The property value must be a valid, non-empty JSON.")
	case len(data) > 32_768:
		return nil, badRequest("The property value cannot be longer than 32768 characters.")
	case len(key) > 255:
		return nil, badRequest("The property key cannot be longer than 255 characters.")
	}
	_, had := i.Properties[key]
	if i.Properties == nil {
		i.Properties = map[string]any{}
	}
	i.Properties[key] = v
	status := http.StatusCreated
	if had {
		status = http.StatusOK
	}
	return answer{status: status, body: object{}}, c.s.index.note(i.ID, i, c.s.now())
}

func deleteProperty(c *call) (any, error) {
	i, _, err := c.write(Edit, "edit issues in this project")
	if err != nil {
		return nil, err
	}
	if _, err := getProperty(c); err != nil {
		return nil, err
	}
	delete(i.Properties, c.params["propertyKey"])
	return answer{status: http.StatusNoContent}, c.s.index.note(i.ID, i, c.s.now())
}

// linkIssues makes a link between two issues; one that is there is not made again.
func linkIssues(c *call) (any, error) {
	var in struct {
		Type         map[string]any `json:"type"`
		InwardIssue  map[string]any `json:"inwardIssue"`
		OutwardIssue map[string]any `json:"outwardIssue"`
		Comment      *struct {
			Body any `json:"body"`
		} `json:"comment"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t := c.linkTypeIn(in.Type)
	if t == nil {
		return nil, refuse(http.StatusNotFound, "No issue link type with name '"+ref(in.Type, "name", "id")+"' found.")
	}
	from, p := c.visible(ref(in.InwardIssue, "key", "id"))
	to, _ := c.visible(ref(in.OutwardIssue, "key", "id"))
	if from == nil || to == nil {
		return nil, noIssue()
	}
	if !p.may(c.person, LinkIssues) {
		return nil, refuse(http.StatusUnauthorized, "No Link Issue Permission for issue '"+from.Key+"'")
	}
	if in.Comment != nil {
		text, err := c.readText(in.Comment.Body)
		if err != nil {
			return nil, invalid(map[string]string{"comment": err.Error()})
		}
		from.Comments = append(from.Comments, c.newComment(text))
	}
	for _, l := range c.s.world.Links {
		if l.Type == t.Name && l.Inward == from.Key && l.Outward == to.Key {
			return answer{status: http.StatusCreated}, nil
		}
	}
	c.s.world.Links = append(c.s.world.Links, &Link{ID: c.s.newID(), Type: t.Name, Inward: from.Key, Outward: to.Key})
	from.Updated, to.Updated = c.s.now(), c.s.now()
	if err := c.s.index.note(from.ID, from, from.Updated); err != nil {
		return nil, err
	}
	return answer{status: http.StatusCreated}, c.s.index.note(to.ID, to, to.Updated)
}

// linkIn finds the link the route names, if the asker sees both of its issues.
func (c *call) linkIn() (*Link, *Project, error) {
	l := find(c.s.world.Links, func(l *Link) bool { return l.ID == c.params["linkId"] })
	if l != nil {
		from, p := c.visible(l.Inward)
		to, _ := c.visible(l.Outward)
		if from != nil && to != nil {
			return l, p, nil
		}
	}
	return nil, nil, refuse(http.StatusNotFound, "No issue link with id '"+c.params["linkId"]+"' exists.")
}

func getLink(c *call) (any, error) {
	l, _, err := c.linkIn()
	if err != nil {
		return nil, err
	}
	return object{"id": l.ID, "self": c.self("/issueLink/" + l.ID), "type": c.linkType(c.linkTypeNamed(l.Type)), "inwardIssue": c.issueRef(l.Inward), "outwardIssue": c.issueRef(l.Outward)}, nil
}

func deleteLink(c *call) (any, error) {
	l, p, err := c.linkIn()
	if err != nil {
		return nil, err
	}
	if !p.may(c.person, LinkIssues) {
		return nil, forbidden("link issues in this project")
	}
	c.s.world.Links = slices.DeleteFunc(c.s.world.Links, func(o *Link) bool { return o == l })
	return answer{status: http.StatusNoContent}, nil
}
