package jira_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// bench is a Jira with two projects. SEC has the simple workflow; PAY the
// classic one, whose ways to the end have a screen, bugs that need a team, a
// security level and an epic, PAY-1.
type bench struct {
	*sandbox.Server
	t       *testing.T
	at      sandbox.Deployment
	clock   *clock.Clock
	url     string
	wire    *faults.Wire
	token   string
	routes  []settings.Route
	renders jira.Renderer
}

type m = map[string]any

func newBench(t *testing.T, at sandbox.Deployment) *bench {
	t.Helper()
	b := &bench{t: t, at: at, clock: clock.Standing(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), wire: &faults.Wire{}, token: "sluice-token",
		renders: jira.NewRenderer(jira.Deployment(at))}
	var err error
	if b.Server, err = sandbox.New(t.TempDir(), sandbox.Options{Deployment: at, Clock: b.clock.Now}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sluice", "alice", "bob"} {
		b.AddPerson(sandbox.Person{Name: name})
		b.AddToken(sandbox.Token{Value: name + "-token", Person: name})
	}
	team, err := b.AddField(sandbox.Field{Name: "Team", Kind: sandbox.Select, Options: []*sandbox.Named{{Name: "Payments"}, {Name: "Web"}}})
	b.must(err)
	_, err = b.AddProject(sandbox.Project{Key: "SEC", Name: "Security", Lead: "alice", Components: []*sandbox.Named{{Name: "api"}}})
	b.must(err)
	screen := []sandbox.ScreenField{{Field: "description"}, {Field: "labels"}, {Field: "priority"}, {Field: "security"}, {Field: "duedate"}, {Field: "parent"},
		{Field: team.ID, Required: true}, {Field: "assignee"}}
	if at == sandbox.DataCenter {
		screen = append(screen, sandbox.ScreenField{Field: "customfield_10100"})
	}
	_, err = b.AddProject(sandbox.Project{Key: "PAY", Name: "Payments", Workflow: sandbox.ClassicWorkflow(),
		Levels: []*sandbox.Level{{Name: "Secret", Members: []string{"sluice", "alice"}}},
		Types:  []*sandbox.IssueType{{Name: "Bug", Screen: screen}, {Name: "Epic", Epic: true}}})
	b.must(err)
	_, err = b.CreateIssue("alice", "PAY", "Epic", m{"summary": "Security debt"})
	b.must(err)
	b.AddResolution("Fixed")
	b.routes = []settings.Route{
		{Name: "plain", Jira: &settings.JiraRoute{Project: "SEC", WithdrawnStatus: "To Do", FixedStatus: "Done"}},
		{Name: "payments", Assignee: "alice@github", Jira: &settings.JiraRoute{Project: "PAY", IssueType: "Bug", Labels: []string{"security"}, Priority: "High",
			SecurityLevel: "Secret", Epic: "PAY-1", Fields: m{"Team": m{"value": "Payments"}}, FixedStatus: "Resolved", FixedResolution: "Fixed", WithdrawnStatus: "Closed"}},
	}
	srv := httptest.NewServer(b.Server)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

// both runs a test on each deployment.
func both(t *testing.T, test func(t *testing.T, b *bench)) {
	for _, at := range []sandbox.Deployment{sandbox.Cloud, sandbox.DataCenter} {
		t.Run(string(at), func(t *testing.T) { test(t, newBench(t, at)) })
	}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) world() sandbox.World {
	b.t.Helper()
	w, err := b.World()
	b.must(err)
	return w
}

// issues are those of our own account.
func (b *bench) issues() []*sandbox.Issue {
	var out []*sandbox.Issue
	for _, i := range b.world().Issues {
		if i.Creator == "sluice" {
			out = append(out, i)
		}
	}
	return out
}

// only is the one issue there is to be.
func (b *bench) only() *sandbox.Issue {
	b.t.Helper()
	all := b.issues()
	if len(all) != 1 {
		b.t.Fatalf("%d issues, want 1", len(all))
	}
	return all[0]
}

// surface is a fresh process.
func (b *bench) surface() *jira.Surface { return b.surfaceAs("sluice") }

func (b *bench) surfaceAs(name string) *jira.Surface {
	b.t.Helper()
	w := b.world()
	c := jira.Config{URL: b.url, Deployment: jira.Deployment(b.at), Token: b.token, Transport: b.wire, Clock: b.clock, Routes: b.routes,
		People: []settings.Person{{GitHub: "alice@github", Jira: w.Person("alice").ID}}}
	if b.at == sandbox.Cloud {
		c.User = name + "@example.com"
	} else {
		c.People[0].Jira = "alice"
	}
	s, err := jira.New(c)
	b.must(err)
	return s
}

func (b *bench) effect(verb promoter.Verb, token string, n promoter.Notice) promoter.Effect {
	return promoter.Effect{ID: 1, Verb: verb, Repository: "acme/shop", Token: token, Notices: []promoter.Notice{n}, Target: promoter.Target{RepoID: 1}}
}

func exhibit(no int) promoter.Exhibit {
	place := finding.Place{Path: "store/orders.go", StartLine: 41, EndLine: 41}
	return promoter.Exhibit{
		Name: fmt.Sprintf("acme/shop:F%d", no), Stage: promoter.Advise, Threshold: finding.Medium, Cohort: "core/gosec/high", Ask: "#ask-appsec",
		Reasons: []string{"payment code is tier 1"},
		Finding: finding.Finding{
			Scanner: finding.Scanner{Name: "gosec", Version: "2.22.0"}, Kind: finding.SAST, Severity: finding.High,
			Rule: finding.Rule{ID: "G201", Name: "SQL string formatting", HelpURL: "https://securego.io/docs/rules/g201-g202.html", CWEs: []string{"CWE-89"},
				Description: "Whoever controls the string controls the query."},
			Message: "SQL string formatting with user input", Place: &place,
			Fix: &finding.Fix{Description: "Use a placeholder.", Edits: []finding.Edit{{Place: place, Text: "\trows, err := db.Query(\"select * from orders where id = $1\", id)\n"}}},
		},
	}
}

// planned is a new task of a route.
func (b *bench) planned(route string) promoter.Notice {
	title, body := b.renders.Task([]promoter.Exhibit{exhibit(1)})
	return promoter.Notice{No: 7, Surface: promoter.SurfaceTask, Group: "F1", State: promoter.NoticePlanned, Target: promoter.Target{RepoID: 1}, Body: body,
		Task: &promoter.Task{Route: route, Title: title, Severity: finding.High, Due: b.clock.Now().AddDate(0, 0, 7)}}
}

// do carries an effect out and returns its notice as it stands after it.
func (b *bench) do(e promoter.Effect) promoter.Notice {
	b.t.Helper()
	seen, err := b.surface().Do(context.Background(), e)
	b.must(err)
	return b.settled(e, seen)
}

func (b *bench) settled(e promoter.Effect, seen promoter.Observed) promoter.Notice {
	b.t.Helper()
	if !seen.Found || len(seen.Notices) != 1 {
		b.t.Fatalf("seen: %+v", seen)
	}
	return promoter.Settled(e.Verb, e.Notices[0], e.Notices[0], seen.Notices[0], b.clock.Now())
}

// made is a task that stands.
func (b *bench) made(route string) promoter.Notice {
	b.t.Helper()
	return b.do(b.effect(promoter.VerbTask, "before", b.planned(route)))
}

// rewritten is a notice with other words.
func (b *bench) rewritten(n promoter.Notice) promoter.Notice {
	task := *n.Task
	task.Title, n.Body = b.renders.Task([]promoter.Exhibit{exhibit(1), exhibit(2)})
	task.Title += " again"
	task.Due = task.Due.AddDate(0, 0, 1)
	n.Task = &task
	return n
}

// withdrawn is a notice as the planner wants it handed back.
func (b *bench) withdrawn(n promoter.Notice, cause promoter.RemovalCause) promoter.Notice {
	n.State, n.Cause, n.Body = promoter.NoticeWithdrawn, cause, b.renders.HandBack(promoter.Withdrawal{Cause: cause, Decision: "R12-F1"})
	return n
}

func linked(n promoter.Notice, numbers ...int) promoter.Notice {
	task := *n.Task
	for _, no := range numbers {
		task.Links = append(task.Links, promoter.TaskLink{URL: fmt.Sprintf("https://github.example/acme/shop/pull/%d#discussion_r1", no), Title: fmt.Sprintf("acme/shop#%d", no)})
	}
	n.Task = &task
	return n
}
