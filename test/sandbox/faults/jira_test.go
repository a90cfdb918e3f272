package faults_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// jiraScene is a Jira with one project behind an injector.
func jiraScene(t *testing.T, at jira.Deployment) (*jira.Server, *faults.Injector, func(method, path, body string) (int, http.Header, string)) {
	t.Helper()
	s, err := jira.New(t.TempDir(), jira.Options{Deployment: at, Clock: func() time.Time { return time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC) }})
	must(t, err)
	s.AddPerson(jira.Person{Name: "sluice", DisplayName: "Sluice"})
	s.AddToken(jira.Token{Value: "t", Person: "sluice"})
	_, err = s.AddProject(jira.Project{Key: "SEC", Name: "Security", Lead: "sluice"})
	must(t, err)
	i := faults.New(s, faults.Options{Describe: faults.Jira(s)})
	client := &http.Client{Transport: faults.Direct(i)}
	return s, i, func(method, path, body string) (int, http.Header, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://jira"+path, strings.NewReader(body))
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer t")
		resp, err := client.Do(r)
		if err != nil {
			return 0, nil, err.Error()
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, resp.Header, string(text)
	}
}

const newIssue = `{"fields":{"project":{"key":"SEC"},"summary":"one","issuetype":{"name":"Task"}}}`

func TestJiraOperationsHaveTheRoutesNames(t *testing.T) {
	for at, search := range map[jira.Deployment]string{jira.Cloud: "/rest/api/3/search/jql", jira.DataCenter: "/rest/api/2/search"} {
		_, i, ask := jiraScene(t, at)
		i.Inject(faults.Rule{Fault: faults.Meanwhile("seen", func() {})})
		ask("POST", "/rest/api/2/issue", newIssue)
		ask("GET", "/rest/api/2/issue/SEC-1/comment", "")
		ask("POST", search, `{"jql":"project = SEC"}`)
		ask("GET", "/somewhere", "")
		want := []faults.Operation{{Method: "POST", Route: "/rest/api/2/issue"}, {Method: "GET", Route: "/rest/api/2/issue/{issueIdOrKey}/comment"},
			{Method: "QUERY", Route: search}, {Method: "GET"}}
		for n, m := range i.Met() {
			if m.Operation != want[n] {
				t.Errorf("%s: request %d is %+v, want %+v", at, n+1, m.Operation, want[n])
			}
		}
		if got := i.Met()[2].Operation; got.Writes() {
			t.Errorf("%s: a search writes: %+v", at, got)
		}
	}
}

func TestJiraRefusesAndNothingHappens(t *testing.T) {
	for _, c := range []struct {
		fault  faults.Fault
		status int
		header string
		body   string
	}{
		{faults.JiraLimit("jira-burst-based", 7*time.Second), 429, "7", "Rate limit"},
		{faults.JiraLimit("", 0), 429, "", "Rate limit"},
		{faults.JiraUnauthorized(), 401, "", "authenticated"},
		{faults.JiraForbidden(), 403, "", "permission"},
		{faults.JiraNotFound(), 404, "", "does not exist"},
		{faults.JiraField("customfield_10010", "Team is required."), 400, "", `"customfield_10010":"Team is required."`},
		{faults.JiraConflict(), 409, "", "somebody else"},
	} {
		s, i, ask := jiraScene(t, jira.Cloud)
		i.Inject(faults.Rule{Writes: true, Fault: c.fault})
		status, header, body := ask("POST", "/rest/api/2/issue", newIssue)
		if status != c.status || header.Get("Retry-After") != c.header || !strings.Contains(body, c.body) {
			t.Errorf("%s: %d, Retry-After %q, %s", c.fault.Name, status, header.Get("Retry-After"), body)
		}
		w, err := s.World()
		must(t, err)
		if len(w.Issues) != 0 {
			t.Errorf("%s: %d issues were made", c.fault.Name, len(w.Issues))
		}
	}
}

func TestAJiraIssueIsMadeAndTheAnswerLost(t *testing.T) {
	s, i, ask := jiraScene(t, jira.DataCenter)
	i.Inject(faults.Rule{Writes: true, Times: 1, Fault: faults.ResetAfter()})
	if status, _, text := ask("POST", "/rest/api/2/issue", newIssue); status != 0 {
		t.Errorf("an answer came: %d %s", status, text)
	}
	w, err := s.World()
	must(t, err)
	if len(w.Issues) != 1 {
		t.Errorf("%d issues", len(w.Issues))
	}
}
