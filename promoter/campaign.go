package promoter

import "time"

// Campaign lets backlog become tasks, so many a week for each team. What it is
// about is named, finding by finding, in the plan that has its id, and nothing
// happens before somebody approves that.
type Campaign struct {
	ID        string            `json:"id"`
	Selection CampaignSelection `json:"selection"`
	PerWeek   int               `json:"per_week"` // tasks for each team
	Reason    string            `json:"reason"`
	Actor     string            `json:"actor"`
	Created   time.Time         `json:"created"`
	Ended     time.Time         `json:"ended,omitzero"` // zero: it waits or is under way
	EndedBy   string            `json:"ended_by,omitempty"`
	EndReason string            `json:"end_reason,omitempty"`
}

// CampaignSelection is what a person asked for. A field that is empty asks for
// everything.
type CampaignSelection struct {
	Group      string `json:"group,omitempty"`
	Cohort     string `json:"cohort,omitempty"`   // its key
	Severity   string `json:"severity,omitempty"` // at least
	Repository string `json:"repository,omitempty"`
}
