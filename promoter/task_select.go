package promoter

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// RepositoryTasks is what one repository has to say about tasks: what the
// policy lets through on its base branch, and what there is.
type RepositoryTasks struct {
	RepoID int64
	Claims []Claim
	Have   []Notice       // tasks, in the order of their numbers
	Held   map[int64]bool // numbers of those about which an effect's outcome is not known
}

// WantedTask is a task that should be open.
type WantedTask struct {
	Group    string
	Claims   []Claim // most valuable first
	Campaign string  // that a new one is made for
}

// TaskSelection says which tasks the repositories shall have.
type TaskSelection struct {
	Want     map[int64][]WantedTask
	Deferred []Deferred
	Backlog  int                      // claims that no running campaign is about
	Paced    map[string]map[int64]int // claims that wait for a later week, by campaign and repository
}

// CampaignQuota is what a running campaign may still turn into tasks.
type CampaignQuota struct {
	ID      string
	PerWeek int
	Used    map[string]int // tasks this week, by team
	Items   map[ApprovalItem]bool
}

func (q *CampaignQuota) take(team string) bool {
	if q.Used[team] >= q.PerWeek {
		return false
	}
	if q.Used == nil {
		q.Used = map[string]int{}
	}
	q.Used[team]++
	return true
}

// SelectTasks decides which claims become tasks, over all repositories at
// once, so that what is scarce goes to what is worth most. What is in an open
// task stays there; what a person closed stays closed until something new is
// known of it. Backlog needs a campaign and draws on its quota; the rest goes
// by the ceilings and the team's week. It changes only the allowance.
func SelectTasks(all []RepositoryTasks, a *Allowance) TaskSelection {
	s := taskSelector{
		TaskSelection: TaskSelection{Want: map[int64][]WantedTask{}, Paced: map[string]map[int64]int{}},
		allowance:     a, slot: map[taskKey]int{}, posted: map[taskKey]bool{},
	}
	var fresh []Claim
	have := map[int64]RepositoryTasks{}
	for _, r := range all {
		have[r.RepoID] = r
		fresh = append(fresh, s.keep(r)...)
	}
	slices.SortStableFunc(fresh, func(x, y Claim) int {
		return cmp.Or(cmp.Compare(y.Value, x.Value), cmp.Compare(x.Exhibit.RepoID, y.Exhibit.RepoID), cmp.Compare(x.Finding, y.Finding))
	})
	for _, c := range fresh {
		if c.Hold || DecidedByPerson(have[c.Exhibit.RepoID].Have, c) || have[c.Exhibit.RepoID].inHand(c) {
			continue
		}
		s.admit(c)
	}
	for _, tasks := range s.Want {
		for _, t := range tasks {
			slices.SortStableFunc(t.Claims, byValue)
		}
	}
	return s.TaskSelection
}

type taskKey struct {
	repo  int64
	group string
}

type taskSelector struct {
	TaskSelection
	allowance *Allowance
	slot      map[taskKey]int
	posted    map[taskKey]bool
}

// keep gives the claims that are in open tasks their places, and returns the
// others. What is one problem with a claim in an open task belongs to that task,
// even if it is called something else now.
func (s *taskSelector) keep(r RepositoryTasks) (fresh []Claim) {
	open := map[int64]string{}
	for _, n := range r.Have {
		if !n.OnDisplay() {
			continue
		}
		for _, i := range n.Items {
			if i.Live() {
				open[i.Finding] = BaseGroup(n.Group)
			}
		}
		s.posted[taskKey{r.RepoID, BaseGroup(n.Group)}] = true
	}
	stands := map[string]string{} // by what a group is called now, the open task that has one of it
	for _, c := range r.Claims {
		group, ok := open[c.Finding]
		if !ok {
			fresh = append(fresh, c)
			continue
		}
		if stands[c.Group] == "" {
			stands[c.Group] = group
		}
		c.Group = group // it stays where it is, whatever it would be grouped by now
		s.add(c, "")
	}
	for i, c := range fresh {
		if group := stands[c.Group]; group != "" && !s.posted[taskKey{r.RepoID, c.Group}] {
			fresh[i].Group = group
		}
	}
	return fresh
}

// inHand tells whether a claim's task is being made, as far as is known.
func (r RepositoryTasks) inHand(c Claim) bool {
	n := newestTask(r.Have, c.Group)
	return n != nil && n.State == NoticePlanned && r.Held[n.No]
}

func (s *taskSelector) add(c Claim, campaign string) {
	key := taskKey{c.Exhibit.RepoID, c.Group}
	i, ok := s.slot[key]
	if !ok {
		i = len(s.Want[key.repo])
		s.slot[key] = i
		s.Want[key.repo] = append(s.Want[key.repo], WantedTask{Group: c.Group, Campaign: campaign})
	}
	s.Want[key.repo][i].Claims = append(s.Want[key.repo][i].Claims, c)
}

// admit lets a claim become a task, or join one, if it may.
func (s *taskSelector) admit(c Claim) {
	key := taskKey{c.Exhibit.RepoID, c.Group}
	_, joins := s.slot[key]
	joins = joins || s.posted[key]
	if c.Backlog {
		s.admitBacklog(c, joins)
		return
	}
	if !joins && s.allowance.Team[c.Team] >= s.allowance.PerTeam && !s.allowance.Paused {
		s.Deferred = append(s.Deferred, Deferred{Claim: c, Why: DeferBudget})
		return
	}
	if why, plan := s.allowance.refuse(c); why != "" {
		s.Deferred = append(s.Deferred, Deferred{Claim: c, Why: why, Plan: plan})
		return
	}
	if !joins {
		s.allowance.takeTeam(c.Team)
	}
	s.add(c, "")
}

func (s *taskSelector) admitBacklog(c Claim, joins bool) {
	q := s.campaignFor(c)
	switch {
	case q == nil:
		s.Backlog++
	case s.allowance.Paused:
		s.Deferred = append(s.Deferred, Deferred{Claim: c, Why: DeferPaused})
	case joins:
		s.add(c, "")
	case q.take(c.Team):
		s.add(c, q.ID)
	default:
		if s.Paced[q.ID] == nil {
			s.Paced[q.ID] = map[int64]int{}
		}
		s.Paced[q.ID][c.Exhibit.RepoID]++
	}
}

// campaignFor is the first running campaign that is about a claim.
func (s *taskSelector) campaignFor(c Claim) *CampaignQuota {
	item := ApprovalItem{RepoID: c.Exhibit.RepoID, Finding: c.Finding}
	for _, q := range s.allowance.Campaigns {
		if q.Items[item] {
			return q
		}
	}
	return nil
}

// DecidedByPerson tells whether somebody closed a task that a claim was in, or
// deleted it, and nothing new is known of it since: its facts are the same, it
// was not gone and came back, and no exception for it has expired.
func DecidedByPerson(have []Notice, c Claim) bool {
	return slices.ContainsFunc(have, func(n Notice) bool {
		return n.Surface == SurfaceTask && n.TakenAway() && slices.ContainsFunc(n.Items, func(i Item) bool {
			return i.Finding == c.Finding && i.Version >= c.Version && !reopened(n, i)
		})
	})
}

// reopened tells whether what became of an item of a closed task makes its
// finding a new one, should it be wanted again.
func reopened(n Notice, i Item) bool {
	return i.Cause == RemovedFixed || i.Cause == RemovedAnswered && n.State == NoticeClosedByPerson
}

// What a task is grouped by outlives the task: the second one for the same
// group, made after a person closed the first, is "2/" and the group.

// BaseGroup is what a task is about, whichever of several it is.
func BaseGroup(group string) string {
	number, base, ok := strings.Cut(group, "/")
	if _, err := strconv.Atoi(number); ok && err == nil {
		return base
	}
	return group
}

func nextGroup(last *Notice, group string) string {
	if last == nil {
		return group
	}
	number, _, _ := strings.Cut(last.Group, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		n = 1
	}
	return strconv.Itoa(n+1) + "/" + group
}

// newestTask is the last task made for a group, or nil.
func newestTask(have []Notice, group string) *Notice {
	var newest *Notice
	for i := range have {
		if n := &have[i]; n.Surface == SurfaceTask && BaseGroup(n.Group) == group && (newest == nil || n.No > newest.No) {
			newest = n
		}
	}
	return newest
}
