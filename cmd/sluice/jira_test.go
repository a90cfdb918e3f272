package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

const (
	jiraToken = "jira-token-that-nobody-may-see"
	desk      = "localhost:2" // how mortal processes call the Jira
)

// office adds a Jira to a place, with a project that has a field of its own.
func (p *place) office(at jira.Deployment) *jira.Server {
	p.t.Helper()
	office, err := jira.New(filepath.Join(p.dir, "jira"), jira.Options{Deployment: at, Clock: p.tick})
	p.must(err)
	server := httptest.NewServer(office)
	p.t.Cleanup(server.Close)
	p.beside = append(p.beside, desk+"="+server.Listener.Addr().String())
	office.AddPerson(jira.Person{Name: "sluice"})
	office.AddToken(jira.Token{Value: jiraToken, Person: "sluice"})
	team, err := office.AddField(jira.Field{Name: "Team", Kind: jira.Select, Options: []*jira.Named{{Name: "Payments"}}})
	p.must(err)
	_, err = office.AddProject(jira.Project{Key: "SEC", Name: "Security", Lead: "sluice", Types: []*jira.IssueType{{Name: "Task", Screen: []jira.ScreenField{
		{Field: "description"}, {Field: "labels"}, {Field: "duedate"}, {Field: team.ID, Required: true}}}}})
	p.must(err)
	user := ""
	if at == jira.Cloud {
		user = "user_env: SLUICE_TEST_USER, "
	}
	config, err := os.ReadFile(filepath.Join(p.dir, "sluice.yaml"))
	p.must(err)
	p.must(os.WriteFile(filepath.Join(p.dir, "sluice.yaml"),
		fmt.Appendf(config, "jira: {url: %q, deployment: %s, %stoken_env: SLUICE_TEST_JIRA}\n", server.URL, at, user), 0o600))
	return office
}

// route replaces the settings by a route with these fields.
func (p *place) route(fields string) {
	p.t.Helper()
	p.must(os.WriteFile(filepath.Join(p.dir, "settings.yaml"), []byte("routes: [{name: pay, jira: {project: SEC"+fields+"}}]\n"), 0o600))
}

func (p *place) issues(office *jira.Server) []*jira.Issue {
	p.t.Helper()
	w, err := office.World()
	p.must(err)
	return w.Issues
}

// scanMain drops a scan of the base branch with a problem on each of the lines.
func (p *place) scanMain(commit string, lines ...int) {
	p.t.Helper()
	results := []any{}
	for _, line := range lines {
		results = append(results, problemAt("a.go", line))
	}
	p.drop("branch-main", commit, results)
}

// Configuration, doctor, dry run, run, campaign, backup and recovery, as a
// person would go through them.
func TestTasksFromTheCommandLine(t *testing.T) {
	for _, at := range []jira.Deployment{jira.Cloud, jira.DataCenter} {
		t.Run(string(at), func(t *testing.T) {
			p := newPlace(t)
			p.shop()
			office := p.office(at)
			base := strings.Repeat("a", 40)
			p.must(os.RemoveAll(filepath.Join(p.dir, "reports/acme/shop/branch-main"))) // what is there from the start is backlog
			p.scanMain(base, 3)
			p.route("")
			if _, out := p.sluice("doctor"); !strings.Contains(out, "Team") {
				t.Errorf("doctor does not name the mandatory field:\n%s", out)
			}
			p.route(`, fields: {Team: {value: Payments}}, due: {high: 14d}`)
			if _, out := p.sluice("doctor"); !strings.Contains(out, "can be made") {
				t.Errorf("doctor is not content:\n%s", out)
			}
			p.ends(0, "run")
			p.ends(0, "cohort", "move", "rest/gosec/high", "advise", "--reason", "they are good")
			p.ends(0, "run")
			p.scanMain(strings.Repeat("b", 40), 3, 5)
			p.ends(0, "run", "--dry-run")
			if len(p.issues(office)) != 0 {
				t.Fatal("a dry run made an issue")
			}
			p.ends(0, "run")
			if all := p.issues(office); len(all) != 1 || all[0].Due == "" {
				t.Fatalf("issues: %+v", all)
			}
			p.ends(0, "backup", filepath.Join(p.dir, "backup.db"))

			out := p.ends(0, "campaign", "start", "--per-week", "5", "--reason", "clean up")
			_, plan, _ := strings.Cut(out, "sluice plan approve ")
			plan = strings.Trim(plan, "`\n")
			p.ends(0, "plan", "show", plan)
			p.ends(0, "plan", "approve", plan)
			p.ends(0, "run")
			if len(p.issues(office)) != 2 {
				t.Fatalf("%d issues, want the backlog's, too", len(p.issues(office)))
			}
			if out := p.ends(0, "campaign", "list"); !strings.Contains(out, "nothing of it is left") {
				t.Errorf("the campaign has not ended:\n%s", out)
			}

			p.must(os.Remove(filepath.Join(p.dir, "sluice.db-wal")))
			p.must(os.Rename(filepath.Join(p.dir, "backup.db"), filepath.Join(p.dir, "sluice.db")))
			if out := p.ends(0, "recover", "--dry-run"); !strings.Contains(out, "would adopt 1 ") {
				t.Errorf("a dry recovery:\n%s", out)
			}
			if out := p.ends(0, "recover"); !strings.Contains(out, "adopted 1 ") {
				t.Errorf("a recovery:\n%s", out)
			}
			p.ends(0, "run")
			if len(p.issues(office)) != 2 {
				t.Errorf("%d issues after the recovery", len(p.issues(office)))
			}
			if strings.Contains(p.said.String(), jiraToken) {
				t.Error("the token was printed")
			}
		})
	}
}
