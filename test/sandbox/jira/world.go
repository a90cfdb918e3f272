package jira

import (
	"time"
)

// Deployment is which Jira this is.
type Deployment string

// The deployments.
const (
	Cloud      Deployment = "cloud"
	DataCenter Deployment = "datacenter"
)

// World is everything the server knows. Times are UTC, to the millisecond, as Jira keeps them. What belongs to a person,
// a status, a priority and so on is named by its name, not by its id.
type World struct {
	Deployment  Deployment            `json:"deployment"`
	LastID      int64                 `json:"last_id"` // ids of everything come from one counter
	People      []*Person             `json:"people"`
	Tokens      []*Token              `json:"tokens"`
	Fields      []*Field              `json:"fields"` // custom fields
	Priorities  []*Named              `json:"priorities"`
	Resolutions []*Named              `json:"resolutions"`
	Statuses    []*Status             `json:"statuses"` // of all workflows
	LinkTypes   []*LinkType           `json:"link_types"`
	Projects    []*Project            `json:"projects"`
	Issues      []*Issue              `json:"issues"`
	Links       []*Link               `json:"links"`
	Requests    map[string]RouteCount `json:"requests"` // by "METHOD route"
	Log         []LoggedRequest       `json:"log"`      // the last requests, oldest first, at most maxLog
}

const maxLog = 1000

// Person is an account.
type Person struct {
	ID          string `json:"id"`   // account id on Cloud, key on Data Center; given if empty
	Name        string `json:"name"` // unique; the user name on Data Center, never shown on Cloud
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
	Inactive    bool   `json:"inactive"` // cannot be assigned issues, and its tokens are refused
}

// Token is a credential: an API token on Cloud (Basic with the person's e-mail address), a personal access token on Data
// Center (Bearer).
type Token struct {
	Value   string    `json:"value"`
	Person  string    `json:"person"`
	Expires time.Time `json:"expires"` // zero means never
}

// Named is something with an id and a name: a priority (the first is the highest) or a resolution.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Category is a status's category, by its key.
type Category string

// The categories Jira has.
const (
	ToDo       Category = "new"
	InProgress Category = "indeterminate"
	Done       Category = "done"
)

// Status is one status. Statuses of the same name in several workflows are the same.
type Status struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Category Category `json:"category"`
}

// LinkType is a kind of link between issues.
type LinkType struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Inward  string `json:"inward"`
	Outward string `json:"outward"`
}

// Link is a link between two issues, by their keys.
type Link struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Inward  string `json:"inward"`
	Outward string `json:"outward"`
}

// Issue is one issue.
type Issue struct {
	ID           int64          `json:"id"`
	Key          string         `json:"key"`
	Project      string         `json:"project"` // key
	Type         string         `json:"type"`
	Status       string         `json:"status"`
	Resolution   string         `json:"resolution"` // empty while unresolved
	Resolved     time.Time      `json:"resolved"`
	Summary      string         `json:"summary"`
	Description  Text           `json:"description"`
	Labels       []string       `json:"labels"` // sorted
	Priority     string         `json:"priority"`
	Components   []string       `json:"components"`
	Assignee     string         `json:"assignee"` // empty for nobody
	Reporter     string         `json:"reporter"`
	Creator      string         `json:"creator"`
	Due          string         `json:"due"`      // yyyy-MM-dd or empty
	Parent       string         `json:"parent"`   // key
	Security     string         `json:"security"` // level; empty: whoever may browse the project sees it
	Custom       map[string]any `json:"custom"`   // by field id; Kind says what is in it
	Comments     []*Comment     `json:"comments"`
	RemoteLinks  []*RemoteLink  `json:"remote_links"`
	Properties   map[string]any `json:"properties"`
	History      []*Change      `json:"history"` // oldest first
	Created      time.Time      `json:"created"`
	Updated      time.Time      `json:"updated"`
	StatusChange time.Time      `json:"status_change"`
}

// Text is rich text: what was written, and as what.
type Text struct {
	Wiki     string         `json:"wiki"`     // as written on version 2, or made from the document
	Document map[string]any `json:"document"` // as written on version 3; nil if it was written as wiki text
}

// Comment is one comment.
type Comment struct {
	ID      int64     `json:"id"`
	Author  string    `json:"author"`
	Body    Text      `json:"body"`
	Editor  string    `json:"editor"` // who wrote it last
	Edits   int       `json:"edits"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// RemoteLink is a link from an issue to something elsewhere. GlobalID is unique in the issue, or empty.
type RemoteLink struct {
	ID           int64          `json:"id"`
	GlobalID     string         `json:"global_id"`
	Relationship string         `json:"relationship"`
	Application  map[string]any `json:"application"`
	Object       map[string]any `json:"object"` // url, title and what else was given
}

// Change is one entry of an issue's history.
type Change struct {
	ID     int64        `json:"id"`
	Author string       `json:"author"`
	At     time.Time    `json:"at"`
	Items  []ChangeItem `json:"items"`
}

// ChangeItem is what happened to one field, in words.
type ChangeItem struct {
	Field string `json:"field"` // id
	Name  string `json:"name"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// RouteCount counts the requests of one route.
type RouteCount struct {
	Requests int `json:"requests"`
	Refused  int `json:"refused"` // answered 4xx or 5xx
}

// LoggedRequest is one request as it was answered.
type LoggedRequest struct {
	At     time.Time `json:"at"`
	Route  string    `json:"route"` // "METHOD route"
	Path   string    `json:"path"`
	Person string    `json:"person"`
	Status int       `json:"status"`
}

// find returns the first element of which is holds, or nil.
func find[T any](list []*T, is func(*T) bool) *T {
	for _, x := range list {
		if is(x) {
			return x
		}
	}
	return nil
}

// Project finds a project by key or id, or returns nil.
func (w *World) Project(keyOrID string) *Project {
	return find(w.Projects, func(p *Project) bool { return same(p.Key, keyOrID) || p.ID == keyOrID })
}

// Issue finds an issue by key or id, or returns nil.
func (w *World) Issue(keyOrID string) *Issue {
	return find(w.Issues, func(i *Issue) bool { return same(i.Key, keyOrID) || decimal(i.ID) == keyOrID })
}

// Person finds an account by name, or returns nil.
func (w *World) Person(name string) *Person {
	return find(w.People, func(p *Person) bool { return same(p.Name, name) })
}

// Status finds a status by name or id, or returns nil.
func (w *World) Status(nameOrID string) *Status {
	return find(w.Statuses, func(s *Status) bool { return same(s.Name, nameOrID) || s.ID == nameOrID })
}

// Field finds a custom field by id or name, or returns nil.
func (w *World) Field(idOrName string) *Field {
	return find(w.Fields, func(f *Field) bool { return same(f.ID, idOrName) || same(f.Name, idOrName) })
}

// Category is the category of the status an issue is in.
func (w *World) Category(i *Issue) Category {
	if s := w.Status(i.Status); s != nil {
		return s.Category
	}
	return ToDo
}
