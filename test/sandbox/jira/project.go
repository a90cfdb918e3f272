package jira

import "slices"

// Project is one project.
type Project struct {
	ID         string                  `json:"id"` // given if empty
	Key        string                  `json:"key"`
	Name       string                  `json:"name"`
	Lead       string                  `json:"lead"`
	Types      []*IssueType            `json:"types"` // nil: Task, Bug, Epic and Sub-task
	Workflow   Workflow                `json:"workflow"`
	Components []*Named                `json:"components"`
	Levels     []*Level                `json:"levels"`
	Members    map[string][]Permission `json:"members"` // by person; nil: everybody with an account may do everything
	LastNumber int                     `json:"last_number"`
}

// Permission is what a person may do in a project, by Jira's key.
type Permission string

// The permissions the double knows. Who lacks Browse does not see that the project exists.
const (
	Browse      Permission = "BROWSE_PROJECTS"
	Create      Permission = "CREATE_ISSUES"
	Edit        Permission = "EDIT_ISSUES"
	AddComment  Permission = "ADD_COMMENTS"
	EditComment Permission = "EDIT_ALL_COMMENTS" // one's own need only AddComment
	Assign      Permission = "ASSIGN_ISSUES"
	Assignable  Permission = "ASSIGNABLE_USER"
	Move        Permission = "TRANSITION_ISSUES"
	LinkIssues  Permission = "LINK_ISSUES"
	Delete      Permission = "DELETE_ISSUES"
	SetSecurity Permission = "SET_ISSUE_SECURITY"
)

// Everything is every permission.
func Everything() []Permission {
	return []Permission{Browse, Create, Edit, AddComment, EditComment, Assign, Assignable, Move, LinkIssues, Delete, SetSecurity}
}

// IssueType is a type of issue in a project, with the fields on its screens beside project, issuetype and summary.
type IssueType struct {
	ID      string        `json:"id"` // given if empty
	Name    string        `json:"name"`
	Epic    bool          `json:"epic"`
	Subtask bool          `json:"subtask"` // needs a parent
	Screen  []ScreenField `json:"screen"`  // nil: every system field, none of them required
}

// ScreenField is one field on a screen.
type ScreenField struct {
	Field    string `json:"field"` // id, as labels or customfield_10010
	Required bool   `json:"required"`
	Default  any    `json:"default"` // as a request would set it; nil: none
}

// Level is a security level: only its members see the issues in it.
type Level struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// Workflow is the statuses of a project's issues and the ways between them. New issues are in the first status.
type Workflow struct {
	Statuses    []Status     `json:"statuses"` // ids are given
	Transitions []Transition `json:"transitions"`
}

// Transition is one way between statuses.
type Transition struct {
	ID      string        `json:"id"` // given if empty
	Name    string        `json:"name"`
	From    []string      `json:"from"` // empty: from everywhere but To
	To      string        `json:"to"`
	Screen  []ScreenField `json:"screen"`
	Resolve string        `json:"resolve"` // the resolution it sets, if the screen did not
	Reopen  bool          `json:"reopen"`  // it takes the resolution away
}

// SimpleWorkflow is what new projects on Cloud have: three statuses, from each to each, and a resolution that follows.
func SimpleWorkflow() Workflow {
	return Workflow{
		Statuses: []Status{{Name: "To Do", Category: ToDo}, {Name: "In Progress", Category: InProgress}, {Name: "Done", Category: Done}},
		Transitions: []Transition{{ID: "11", Name: "To Do", To: "To Do", Reopen: true}, {ID: "21", Name: "In Progress", To: "In Progress", Reopen: true},
			{ID: "31", Name: "Done", To: "Done", Resolve: "Done"}},
	}
}

// ClassicWorkflow is the one Jira had first: who resolves or closes an issue says on a screen how.
func ClassicWorkflow() Workflow {
	how := []ScreenField{{Field: "resolution", Required: true}, {Field: "assignee"}}
	return Workflow{
		Statuses: []Status{{Name: "Open", Category: ToDo}, {Name: "In Progress", Category: InProgress}, {Name: "Reopened", Category: ToDo},
			{Name: "Resolved", Category: Done}, {Name: "Closed", Category: Done}},
		Transitions: []Transition{
			{ID: "4", Name: "Start Progress", From: []string{"Open", "Reopened"}, To: "In Progress"},
			{ID: "301", Name: "Stop Progress", From: []string{"In Progress"}, To: "Open"},
			{ID: "5", Name: "Resolve Issue", From: []string{"Open", "In Progress", "Reopened"}, To: "Resolved", Screen: how},
			{ID: "2", Name: "Close Issue", From: []string{"Open", "In Progress", "Reopened"}, To: "Closed", Screen: how},
			{ID: "701", Name: "Close Issue", From: []string{"Resolved"}, To: "Closed"},
			{ID: "3", Name: "Reopen Issue", From: []string{"Resolved", "Closed"}, To: "Reopened", Reopen: true},
		},
	}
}

// from lists the transitions out of a status.
func (w *Workflow) from(status string) []*Transition {
	var out []*Transition
	for i := range w.Transitions {
		t := &w.Transitions[i]
		if len(t.From) == 0 && t.To != status || slices.Contains(t.From, status) {
			out = append(out, t)
		}
	}
	return out
}

// Type finds an issue type by name or id, or returns nil.
func (p *Project) Type(nameOrID string) *IssueType {
	return find(p.Types, func(t *IssueType) bool { return same(t.Name, nameOrID) || t.ID == nameOrID })
}

func (p *Project) level(name string) *Level {
	return find(p.Levels, func(l *Level) bool { return l.Name == name })
}

// may says whether a person has a permission.
func (p *Project) may(person *Person, need Permission) bool {
	if person == nil {
		return false
	}
	return p.Members == nil || slices.Contains(p.Members[person.Name], need)
}

// sees says whether a person sees an issue.
func (p *Project) sees(person *Person, i *Issue) bool {
	if !p.may(person, Browse) {
		return false
	}
	l := p.level(i.Security)
	return l == nil || slices.Contains(l.Members, person.Name)
}

// screen is the fields on the create and edit screens of an issue type.
func (p *Project) screen(t *IssueType) []ScreenField {
	all := []ScreenField{{Field: "project", Required: true}, {Field: "issuetype", Required: true}, {Field: "summary", Required: true}}
	if t.Screen != nil {
		return append(all, t.Screen...)
	}
	for _, id := range []string{"description", "labels", "priority", "components", "duedate", "assignee", "reporter", "parent", "security"} {
		all = append(all, ScreenField{Field: id})
	}
	return all
}

// onScreen finds a field on a screen, or returns nil.
func onScreen(screen []ScreenField, id string) *ScreenField {
	for i := range screen {
		if screen[i].Field == id {
			return &screen[i]
		}
	}
	return nil
}
