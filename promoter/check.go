package promoter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Conclusion is how a check ends.
type Conclusion string

// The conclusions. Neutral does not block a merge: it is what stands wherever
// Sluice itself is the reason that nothing can be said.
const (
	CheckSuccess Conclusion = "success"
	CheckFailure Conclusion = "failure"
	CheckNeutral Conclusion = "neutral"
)

// Check is what a check run says. It stands as JSON in its notice's Body.
type Check struct {
	Conclusion  Conclusion   `json:"conclusion"`
	Title       string       `json:"title"`
	Summary     string       `json:"summary"`
	Annotations []Annotation `json:"annotations,omitempty"`
}

// Annotation marks the lines of a finding in the change's files. Lines are
// those of the head that the check is about, so they never move.
type Annotation struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	EndLine   int    `json:"end_line"`
	Title     string `json:"title"`
	Message   string `json:"message"`
}

// Body is the check as its notice keeps it.
func (c Check) Body() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("promoter: a check of plain text does not marshal: " + err.Error())
	}
	return string(raw)
}

// ParseCheck reads a notice's Body.
func ParseCheck(body string) (c Check, err error) {
	if err = json.Unmarshal([]byte(body), &c); err != nil {
		err = fmt.Errorf("read check: %w", err)
	}
	return c, err
}

// withdrawnCheck is what a check says when nothing is enforced there any more.
var withdrawnCheck = Check{
	Conclusion: CheckNeutral, Title: "Withdrawn: Sluice enforces nothing here any more",
	Summary: "What stood here no longer fails a check. There is nothing to do.",
}

// GroupOfCheck is the group of the check of a commit.
func GroupOfCheck(commit string) string { return "check:" + commit }

// CommitOfCheck is the commit that a check's group names.
func CommitOfCheck(group string) string { return strings.TrimPrefix(group, "check:") }

// ComposeCheck writes the check of a commit. Its items are what fails it.
func ComposeCheck(commit string, g Gate, failing []Claim, r CheckRenderer) Wanted {
	failing = slices.SortedStableFunc(slices.Values(failing), byValue)
	g.Failing = exhibitsOf(failing)
	check := r.Check(g)
	w := Wanted{Surface: SurfaceCheck, Group: GroupOfCheck(commit), Body: check.Body()}
	if check.Conclusion == CheckFailure {
		w.Items = itemsOf(failing)
	}
	return w
}

// Gate is what is known of a head when its check is decided.
type Gate struct {
	Release   *Release // a person let it through
	Paused    bool
	Scanned   bool // there is a complete scan of the head in each scope that the pull request was ever scanned in
	Undecided int  // findings about which the policy gave no answer
	Waiting   int  // findings that would fail it and wait for a person's approval
	Failing   []Exhibit
}

// Decide says how a check ends, and why in one line. A finding fails it
// whatever else is the matter; where Sluice cannot tell, it stands aside.
func (g Gate) Decide() (Conclusion, string) {
	switch {
	case g.Release != nil:
		return CheckNeutral, fmt.Sprintf("Let through by %s: %s", g.Release.login(), g.Release.Reason)
	case g.Paused:
		return CheckNeutral, "Sluice is paused"
	case !g.Scanned:
		return CheckNeutral, "This commit is not scanned completely yet"
	case g.problems() == 1:
		return CheckFailure, "One finding must be dealt with"
	case g.problems() > 0:
		return CheckFailure, fmt.Sprintf("%d findings must be dealt with", g.problems())
	case g.Undecided > 0:
		return CheckNeutral, "The policy gave no answer about some findings"
	case g.Waiting > 0:
		return CheckNeutral, "Some findings wait for the security team's approval"
	}
	return CheckSuccess, "Nothing found that must be dealt with"
}

// problems counts what fails it as a reader does: what shares a notice once.
func (g Gate) problems() int {
	groups := map[string]bool{}
	for i, e := range g.Failing {
		groups[cmp.Or(e.Group, fmt.Sprint(i))] = true
	}
	return len(groups)
}

// CheckRenderer writes what people read in a check. Its methods are pure.
type CheckRenderer interface {
	// Check is a gate's check, with an annotation for each failing finding that
	// has lines.
	Check(Gate) Check
}

// Release lets a pull request through the check, whatever is found in it.
type Release struct {
	RepoID      int64     `json:"repo_id"`
	PullRequest int       `json:"pull_request"`
	Actor       string    `json:"actor"`
	Reason      string    `json:"reason"`
	At          time.Time `json:"at"`
}

// login is who let it through, without the system that knows them.
func (r *Release) login() string {
	if _, login, ok := strings.Cut(r.Actor, ":"); ok {
		return login
	}
	return r.Actor
}

// PlanCheck compares the checks a pull request should have with those it has.
// A check of a commit that is no longer the head belongs to that commit and is
// left; want is empty where nothing is enforced (any more), and then the newest
// check that is still there is withdrawn with one edit.
func PlanCheck(p Planning, heads []string) []Action {
	current := slices.DeleteFunc(slices.Clone(p.Have), func(n Notice) bool {
		return !slices.ContainsFunc(heads, func(h string) bool { return n.Group == GroupOfCheck(h) })
	})
	acts := Plan(Planning{
		Target: p.Target, Want: p.Want, Have: current, NextNo: p.NextNo, Cause: p.Cause, Decision: p.Decision, Commit: p.Commit, Render: p.Render, Now: p.Now,
	})
	for _, n := range p.Have {
		if n.State == NoticePosted && !slices.ContainsFunc(current, func(c Notice) bool { return c.No == n.No }) {
			n.State = NoticeLeft
			acts = append(acts, Action{Step: StepBook, Notice: n, Reason: "another commit is the head"})
		}
	}
	return acts
}
