package promoter

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// TaskPlanning is the input of PlanTasks, for one repository.
type TaskPlanning struct {
	Repository Repository
	Want       []WantedTask
	Claimed    map[int64]bool // every finding the policy has a task for, wanted now or not
	Have       []Notice       // tasks
	Held       map[int64]bool // numbers of those that are not to be touched now
	Comments   []Notice       // what pull requests show, to link to
	NextNo     int64
	Cause      func(finding int64) RemovalCause
	Noisy      func(finding int64) bool // its stage was lowered by what people answered
	Decision   func(finding int64) string
	Due        func(route string, severity finding.Severity) time.Time // of a task made now; zero: none
	Render     TaskRenderer
	Now        time.Time
}

// PlanTasks compares the tasks that should be open with those there are. It is
// pure; doing what it says and planning again yields no actions.
func PlanTasks(p TaskPlanning) []Action {
	var acts []Action
	wanted := map[int64]bool{}
	for _, w := range p.Want {
		n := newestTask(p.Have, w.Group)
		if n != nil && p.Held[n.No] {
			wanted[n.No] = true
			continue
		}
		if n == nil || n.TakenAway() || n.State == NoticeWithdrawn && n.Cause == RemovedFixed && n.Remote.ID != 0 {
			fresh := Notice{
				No: p.NextNo, Surface: SurfaceTask, Target: Target{RepoID: p.Repository.ID},
				Group: nextGroup(n, w.Group), State: NoticePlanned,
			}
			p.NextNo++
			acts = append(acts, p.show(fresh, w))
			continue
		}
		wanted[n.No] = true
		acts = append(acts, p.adjust(*n, w)...)
	}
	for _, n := range p.Have {
		if !wanted[n.No] && !p.Held[n.No] {
			acts = append(acts, p.remove(n)...)
		}
	}
	slices.SortStableFunc(acts, func(a, b Action) int { return order(a.Step) - order(b.Step) })
	return acts
}

func (p TaskPlanning) show(n Notice, w WantedTask) Action {
	n.State = NoticePlanned
	after := p.dressed(n, w)
	after.Task.Campaign = w.Campaign
	return Action{Step: StepShow, Verbs: linking([]Verb{VerbTask}, n, after), Notice: after, Reason: "new"}
}

// linking adds the verb that links what is not linked yet.
func linking(verbs []Verb, before, after Notice) []Verb {
	have := 0
	if before.Task != nil && before.Remote.ID != 0 {
		have = len(before.Task.Links)
	}
	if len(after.Task.Links) > have {
		verbs = append(verbs, VerbLinkTask)
	}
	return verbs
}

// dressed is the task as wanted.
func (p TaskPlanning) dressed(n Notice, w WantedTask) Notice {
	task := Task{}
	if n.Task != nil {
		task = *n.Task
	}
	n.Generation++
	n.Items = withVersions(Planning{Now: p.Now, Cause: p.Cause}.mergedItems(n.Items, itemsOf(w.Claims)), w.Claims)
	n.Cause = ""
	if keep := allHeld(w.Claims) && n.OnDisplay(); !keep {
		task.Title, n.Body = p.Render.Task(exhibitsOf(w.Claims))
		severity := worst(w.Claims)
		if n.Remote.ID == 0 {
			task.Route = w.Claims[0].Route
		}
		if n.Remote.ID == 0 || severity > task.Severity {
			task.Due = earlier(task.Due, p.Due(task.Route, severity))
		}
		task.Severity = severity
	}
	task.Links = p.links(task.Links, n.Items)
	n.Task = &task
	n.Desired = HashTask(n)
	return n
}

// withVersions notes which version of each finding's facts the text is about.
func withVersions(items []Item, claims []Claim) []Item {
	for i := range items {
		if j := slices.IndexFunc(claims, func(c Claim) bool { return c.Finding == items[i].Finding }); j >= 0 {
			items[i].Version = claims[j].Version
		}
	}
	return items
}

func worst(claims []Claim) finding.Severity {
	severity := finding.Unknown
	for _, c := range claims {
		severity = max(severity, c.Exhibit.Finding.Severity)
	}
	return severity
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// HashTask is the hash by which what a task should say is compared.
func HashTask(n Notice) string {
	raw, _ := json.Marshal([]any{n.Task.Title, n.Body, n.Task.Due}) // texts and a time always marshal
	return HashBody(string(raw))
}

// maxLinks is how many pull requests a task points to.
const maxLinks = 20

// links are those there are and the pull requests that show a task's findings.
// A link stays: what was once shown there is part of the story.
func (p TaskPlanning) links(have []TaskLink, items []Item) []TaskLink {
	out := slices.Clone(have)
	for _, n := range p.Comments {
		if !n.OnDisplay() || n.Remote.URL == "" || len(out) >= maxLinks ||
			slices.ContainsFunc(out, func(l TaskLink) bool { return l.URL == n.Remote.URL }) {
			continue
		}
		if slices.ContainsFunc(n.Items, func(i Item) bool { return i.Live() && live(items, i.Finding) }) {
			out = append(out, TaskLink{URL: n.Remote.URL, Title: ChangeName(p.Repository.FullName(), n.Target.PullRequest)})
		}
	}
	return out
}

func live(items []Item, no int64) bool {
	return slices.ContainsFunc(items, func(i Item) bool { return i.Finding == no && i.Live() })
}

// adjust brings a task that exists in line with what is wanted of it.
func (p TaskPlanning) adjust(n Notice, w WantedTask) []Action {
	if n.State == NoticePlanned || n.Remote.ID == 0 {
		return []Action{p.show(n, w)}
	}
	after := p.dressed(n, w)
	after.State = NoticePosted
	if n.State == NoticeWithdrawn {
		return []Action{{Step: StepShow, Verbs: linking([]Verb{VerbEditTask}, n, after), Before: n, Notice: after, Reason: "shown again"}}
	}
	if after.Desired != n.Shown {
		return []Action{{Step: StepEdit, Verbs: linking([]Verb{VerbEditTask}, n, after), Before: n, Notice: after, Reason: "text changed"}}
	}
	if verbs := linking(nil, n, after); verbs != nil {
		return []Action{{Step: StepEdit, Verbs: verbs, Before: n, Notice: after, Reason: "shown in a pull request"}}
	}
	if !slices.Equal(after.Items, n.Items) {
		after.Generation = n.Generation
		return []Action{{Step: StepBook, Before: n, Notice: after, Reason: "items changed"}}
	}
	return nil
}

// remove hands a task back that nothing asks for any more. It is never closed:
// that is for people.
func (p TaskPlanning) remove(n Notice) []Action {
	switch {
	case n.State == NoticePlanned:
		n.State = NoticeWithdrawn
		n.Items = p.without(n.Items)
		return []Action{{Step: StepDrop, Notice: n, Reason: "no longer wanted"}}
	case n.State == NoticeClosedByPerson:
		return p.remember(n)
	case n.State == NoticePosted && slices.ContainsFunc(n.Items, p.toHandBack):
		after := n
		after.Generation++
		after.State = NoticeWithdrawn
		after.Items = p.without(n.Items)
		after.Cause = leadingCause(after.Items, p.Now)
		after.Body = p.Render.HandBack(Withdrawal{Cause: after.Cause, Noisy: noisy(after, p.Noisy), Decision: p.Decision(n.Items[0].Finding), Original: n.Body})
		after.Desired = HashTask(after)
		return []Action{{Step: StepWithdraw, Verbs: []Verb{VerbHandBack}, Before: n, Notice: after, Reason: string(after.Cause)}}
	}
	return nil
}

// toHandBack tells whether a task has to be handed back for an item. What was
// kept because somebody works on it is still to hear that it is fixed.
func (p TaskPlanning) toHandBack(i Item) bool {
	return i.Live() && (i.Kept == "" || p.Cause(i.Finding) == RemovedFixed)
}

func (p TaskPlanning) without(items []Item) []Item {
	return Planning{Now: p.Now, Cause: p.Cause}.mergedItems(items, nil)
}

// remember notes on a task that a person closed what was fixed or settled
// since: should it come back, that is something new.
func (p TaskPlanning) remember(n Notice) []Action {
	after := n
	after.Items = slices.Clone(n.Items)
	for i, item := range after.Items {
		if !item.Live() || p.Claimed[item.Finding] {
			continue
		}
		if cause := p.Cause(item.Finding); cause == RemovedFixed || cause == RemovedAnswered {
			after.Items[i].Removed, after.Items[i].Cause = p.Now, cause
		}
	}
	if slices.Equal(after.Items, n.Items) {
		return nil
	}
	return []Action{{Step: StepBook, Before: n, Notice: after, Reason: "settled since it was closed"}}
}
