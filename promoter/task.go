package promoter

import (
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Task is what a tracker keeps of a notice besides its text: an issue in Jira.
// Where it is created and with which fields is the route's to say.
type Task struct {
	Route    string           `json:"route"` // name of the settings' route
	Title    string           `json:"title"` // one line
	Severity finding.Severity `json:"severity"`
	Due      time.Time        `json:"due,omitzero"` // a day; zero: none
	Links    []TaskLink       `json:"links,omitempty"`
	Campaign string           `json:"campaign,omitempty"` // the plan that let backlog through, if any
}

// TaskLink points from a task to where its findings are shown, and back.
type TaskLink struct {
	URL   string `json:"url"`
	Title string `json:"title"` // acme/shop#12
}

// TaskRenderer writes what people read in a tracker, in the markup its
// deployment wants. Its methods are pure.
type TaskRenderer interface {
	// Task is an issue about findings that share a fix: its one-line summary
	// and its description.
	Task([]Exhibit) (title, body string)
	// HandBack is the comment that gives an issue back to the security team.
	HandBack(Withdrawal) string
}
