package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

const deskSettings = weeksSettings + `budgets: {team_week: {notices: 100}}
routes: [{name: pay, jira: {project: PAY, due: {medium: 30d}, withdrawn_status: Open}}]
verdicts: {words: {False Positive: false-positive}}
people: [{github: ada, jira: ADA}]
`

// desks is a place whose findings become issues in a project where who resolves one says how.
type desks struct {
	*weeks
	jira *jira.Server
	ids  map[string]string // of people, as Jira gives them to Sluice
}

func newDesks(t *testing.T, at jira.Deployment) *desks {
	w := newWeeks(t, &fate{})
	d := &desks{weeks: w, jira: w.office(at), ids: map[string]string{}}
	for _, name := range []string{"ada", "ben", "eve"} {
		person := d.jira.AddPerson(jira.Person{Name: name})
		d.ids[name] = person.ID
	}
	_, err := d.jira.AddProject(jira.Project{Key: "PAY", Name: "Payments", Lead: "eve", Workflow: jira.ClassicWorkflow()})
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.dir, "settings.yaml"), []byte(strings.ReplaceAll(deskSettings, "ADA", d.ids["ada"])), 0o600))
	w.callBeside()
	_, err = w.sandbox.CreateRepository("acme", "shop", true)
	w.must(err)
	w.must(w.sandbox.Grant("acme/shop", "sluice-bot", github.Write))
	w.must(w.sandbox.Grant("acme/shop", "dev", github.Write))
	return d
}

// grow gives the main branch so many lines with a finding each, and scans it.
func (d *desks) grow(n int) {
	d.t.Helper()
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("md5(f%d)", i))
	}
	d.scan("acme/shop", "branch-main", d.commit("acme/shop", "main", "", "main.go", lines...), "main.go", lines...)
}

// closes lets a person resolve an issue.
func (d *desks) closes(who, key, resolution string) {
	d.t.Helper()
	d.must(d.jira.Transition(who, key, "Resolve Issue", map[string]any{"resolution": map[string]any{"name": resolution}}))
}

func (d *desks) issue(key string) *jira.Issue {
	d.t.Helper()
	world, err := d.jira.World()
	d.must(err)
	return world.Issue(key)
}

// closed are the issues that people closed, as they left them.
func (d *desks) closed() (out []*jira.Issue) {
	for _, i := range d.issues(d.jira) {
		if i.Status == "Resolved" {
			out = append(out, i)
		}
	}
	return out
}

// answers are the verdicts that stand, in words.
func (d *desks) answers() []string {
	d.t.Helper()
	_, out := d.mortal(0, "", "verdict", "list", "--limit", "0", "--output", "json")
	var all []verdictView
	d.must(json.Unmarshal([]byte(out), &all))
	var texts []string
	for _, v := range all {
		who := v.Who
		for name, id := range d.ids {
			who = strings.ReplaceAll(who, id, name)
		}
		texts = append(texts, fmt.Sprintf("%s %s by %s from %s", v.Name, v.Kind, who, v.Source))
	}
	slices.Sort(texts)
	return texts
}

func (d *desks) wantAnswers(want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.answers()); diff != "" {
		d.t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// People close issues as they do, reopen, comment, rewrite and delete them: what they close is their answer, by the
// settings' words, and when enough of it is bad the rule falls, and its open issues go back to the security team.
// Nothing that a person wrote or closed is touched.
func TestAnswersInJira(t *testing.T) {
	for _, at := range []jira.Deployment{jira.Cloud, jira.DataCenter} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			d := newDesks(t, at)
			d.grow(1) // PAY-1 is about F2, because F1 is backlog
			d.change("acme/shop", "clean.go")
			d.do("run")
			d.do("cohort", "move", weeksCohort, "advise", "--reason", "they are good")
			d.at(1, 0)
			d.grow(16)
			d.do("run")
			if n := len(d.issues(d.jira)); n != 15 {
				t.Fatalf("%d issues, want 15", n)
			}
			d.at(2, 0)
			d.peopleAct()
			d.do("run")
			d.wantAnswers("acme/shop:F10 false-positive by jira:eve from task", "acme/shop:F7 wont-fix by github:ada from task",
				"acme/shop:F8 fixed by jira:ben from task", "acme/shop:F9 duplicate by jira:eve from task")
			d.must(d.jira.Transition("eve", "PAY-9", "Reopen Issue", nil))
			d.complain()
			closed := d.closed()
			d.fell()
			if diff := cmp.Diff(closed, d.closed()); diff != "" || len(closed) != 8 {
				t.Errorf("of %d issues that people closed some were touched:\n%s", len(closed), diff)
			}

			d.at(20, 0)
			d.do("cohort", "move", weeksPart, "advise", "--reason", "the rule is repaired")
			d.do("run")
			d.rose()
			if diff := cmp.Diff(closed, d.closed()); diff != "" {
				t.Errorf("shown again, issues that people closed were touched:\n%s", diff)
			}
			before := d.issues(d.jira)
			d.at(21, 0)
			d.do("run")
			if diff := cmp.Diff(before, d.issues(d.jira)); diff != "" {
				t.Errorf("it is not at rest:\n%s", diff)
			}
		})
	}
}

const theirTitle, theirText = "Checksums, not signatures", "I looked: these are checksums."

func (d *desks) peopleAct() {
	d.t.Helper()
	d.closes("ada", "PAY-6", "Won't Do")
	d.closes("ben", "PAY-7", "Done")
	d.closes("eve", "PAY-8", "Duplicate")
	d.closes("eve", "PAY-9", "False Positive")
	_, err := d.jira.Comment("eve", "PAY-10", "Is this about passwords?")
	d.must(err)
	d.must(d.jira.Delete("eve", "PAY-11"))
	d.must(d.jira.Assign("ben", "PAY-12", "ben"))
	d.must(d.jira.Transition("ben", "PAY-12", "Start Progress", nil))
	d.must(d.jira.EditField("eve", "PAY-13", "summary", theirTitle))
	d.must(d.jira.EditField("eve", "PAY-13", "description", theirText))
	d.must(d.jira.Transition("eve", "PAY-14", "Start Progress", nil))
}

// complain lets two people close five issues as false positives, on five days.
func (d *desks) complain() {
	d.t.Helper()
	for i := range 5 {
		d.at(3+i, 0)
		d.closes([]string{"ada", "ben"}[i%2], fmt.Sprintf("PAY-%d", 1+i), "False Positive")
		d.do("run")
	}
}

// fell is what must hold when the rule has fallen.
func (d *desks) fell() {
	d.t.Helper()
	d.stands(weeksPart, promoter.Triage)
	d.wantAnswers("acme/shop:F2 false-positive by github:ada from task", "acme/shop:F3 false-positive by jira:ben from task",
		"acme/shop:F4 false-positive by github:ada from task", "acme/shop:F5 false-positive by jira:ben from task",
		"acme/shop:F6 false-positive by github:ada from task", "acme/shop:F7 wont-fix by github:ada from task",
		"acme/shop:F8 fixed by jira:ben from task", "acme/shop:F9 duplicate by jira:eve from task")
	_, queue := d.mortal(0, "", "queue", "--limit", "0")
	for _, n := range []int{9, 10, 12, 13, 14, 15} {
		i := d.issue(fmt.Sprintf("PAY-%d", n))
		ours := slices.DeleteFunc(slices.Clone(i.Comments), func(c *jira.Comment) bool { return c.Author != "sluice" })
		status := map[bool]string{true: "In Progress", false: "Open"}[n == 12] // somebody works on it
		if n == 9 {
			status = "Reopened"
		}
		if !slices.Contains(i.Labels, "sluice-withdrawn") || len(ours) != 1 || !strings.Contains(ours[0].Body.Wiki, "People answered") || i.Status != status {
			d.t.Errorf("%s was not handed back: %s, %v, comments %s", i.Key, i.Status, i.Labels, inJSON(i.Comments))
		}
		if !strings.Contains(queue, fmt.Sprintf("acme/shop:F%d ", n+1)) {
			d.t.Errorf("F%d is not in the queue:\n%s", n+1, queue)
		}
	}
	d.untouched()
}

// rose is what must hold when the rule is let through again.
func (d *desks) rose() {
	d.t.Helper()
	for _, n := range []int{9, 10, 12, 13, 14, 15} {
		if i := d.issue(fmt.Sprintf("PAY-%d", n)); slices.Contains(i.Labels, "sluice-withdrawn") {
			d.t.Errorf("%s was not taken up again: %v", i.Key, i.Labels)
		}
	}
	if n := len(d.issues(d.jira)); n != 14 {
		d.t.Errorf("%d issues, want the 14 there were", n)
	}
	d.untouched()
}

// untouched is what people wrote.
func (d *desks) untouched() {
	d.t.Helper()
	if i := d.issue("PAY-13"); i.Summary != theirTitle || !strings.Contains(i.Description.Wiki, theirText) || strings.Contains(i.Description.Wiki, "MD5") {
		d.t.Errorf("what a person wrote is gone: %q %q", i.Summary, i.Description.Wiki)
	}
	if i := d.issue("PAY-10"); i.Comments[0].Author != "eve" || i.Comments[0].Body.Wiki != "Is this about passwords?" {
		d.t.Errorf("what a person wrote is gone: %s", inJSON(i.Comments))
	}
	if i := d.issue("PAY-12"); i.Assignee != "ben" {
		d.t.Errorf("a person's issue was taken away: %q", i.Assignee)
	}
	if d.issue("PAY-11") != nil {
		d.t.Error("what a person deleted is there again")
	}
}

func inJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}
