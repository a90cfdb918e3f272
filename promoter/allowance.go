package promoter

// Allowance is what one run may still show and withdraw, over all
// repositories: the ceilings and weekly budgets less what was used. It is the
// one piece of planning that remembers, because ceilings span repositories.
type Allowance struct {
	Paused    bool
	Show      int            // new items this run may still show
	PerCohort int            // new items of one cohort a run may show
	Withdraw  int            // withdrawals this run may still make for other reasons than a stage or a fix
	Team      map[string]int // comments a team has had this week
	PerTeam   int            // comments a team may have in a week

	Campaigns []*CampaignQuota // those under way, oldest first

	// Items of plans that wait or were answered: of excess, and of withdrawals.
	Answered  map[ApprovalItem]Approval
	Withdrawn map[ApprovalItem]Approval

	cohort map[int64]int
}

// LetShow says why a claim that is on no surface of engineers may not be written
// anywhere now, and in which plan it waits; "" when it may.
func (a *Allowance) LetShow(c Claim) (why DeferReason, plan string) { return a.refuse(c) }

// refuse says why a claim that is not on display may not be shown now. A claim
// it lets through is counted.
func (a *Allowance) refuse(c Claim) (DeferReason, string) {
	if a.Paused {
		return DeferPaused, ""
	}
	item := ApprovalItem{RepoID: c.Exhibit.RepoID, Finding: c.Finding, PullRequest: c.Exhibit.PullRequest}
	if plan, ok := a.Answered[item]; ok {
		switch plan.State {
		case ApprovalApproved:
			return "", ""
		case ApprovalWaiting:
			return DeferWaiting, plan.ID
		case ApprovalRejected:
			return DeferRejected, plan.ID
		}
	}
	if a.Show <= 0 || a.cohort[c.Cohort.ID] >= a.PerCohort {
		return DeferCeiling, ""
	}
	if a.cohort == nil {
		a.cohort = map[int64]int{}
	}
	a.Show--
	a.cohort[c.Cohort.ID]++
	return "", ""
}

func (a *Allowance) takeTeam(team string) bool {
	if a.Team[team] >= a.PerTeam {
		return false
	}
	if a.Team == nil {
		a.Team = map[string]int{}
	}
	a.Team[team]++
	return true
}

// LetWithdraw says why a withdrawal may not go ahead, and in which plan it
// waits; "" when it may. Those that follow from a lowered stage or from a fix
// always may: quiet never waits.
func (a *Allowance) LetWithdraw(act Action, repoID int64) (why DeferReason, plan string) {
	if act.Notice.Cause == RemovedStage || act.Notice.Cause == RemovedFixed {
		return "", ""
	}
	for _, i := range act.Notice.Items {
		item := ApprovalItem{RepoID: repoID, Finding: i.Finding, PullRequest: act.Notice.Target.PullRequest}
		if plan, ok := a.Withdrawn[item]; ok {
			switch plan.State {
			case ApprovalApproved:
				return "", ""
			case ApprovalWaiting:
				return DeferWaiting, plan.ID
			case ApprovalRejected:
				return DeferRejected, plan.ID
			}
		}
	}
	if a.Withdraw <= 0 {
		return DeferCeiling, ""
	}
	a.Withdraw--
	return "", ""
}
