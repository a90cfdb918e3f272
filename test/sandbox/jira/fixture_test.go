package jira_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	client "github.com/andygrunwald/go-jira"

	"github.com/sluice-sec/sluice/test/sandbox/clock"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// fixture is a server with two projects: SEC, open to all, with the simple workflow; PAY, with the classic one, a required
// team on Bugs, a security level, and members: sluice and alice may do everything, carol may only look.
type fixture struct {
	*jira.Server
	t      *testing.T
	at     jira.Deployment
	url    string
	clock  *clock.Clock
	sluice *client.Client
	carol  *client.Client
	team   string // id of the field
}

func newFixture(t *testing.T, opt jira.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, at: opt.Deployment, clock: clock.Standing(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	if f.at == "" {
		f.at = jira.Cloud
	}
	opt.Clock = f.clock.Now
	var err error
	f.Server, err = jira.New(t.TempDir(), opt)
	f.must(err)
	for _, name := range []string{"sluice", "alice", "bob", "carol"} {
		f.AddPerson(jira.Person{Name: name, DisplayName: strings.ToUpper(name[:1]) + name[1:]})
		f.AddToken(jira.Token{Value: name + "-token", Person: name})
	}
	team, err := f.AddField(jira.Field{Name: "Team", Kind: jira.Select, Options: []*jira.Named{{Name: "Payments"}, {Name: "Web"}}})
	f.must(err)
	f.team = team.ID
	_, err = f.AddProject(jira.Project{Key: "SEC", Name: "Security", Lead: "alice", Components: []*jira.Named{{Name: "api"}, {Name: "web"}}})
	f.must(err)
	_, err = f.AddProject(jira.Project{Key: "PAY", Name: "Payments", Workflow: jira.ClassicWorkflow(),
		Levels:  []*jira.Level{{Name: "Secret", Members: []string{"sluice", "alice"}}},
		Members: map[string][]jira.Permission{"sluice": jira.Everything(), "alice": jira.Everything(), "carol": {jira.Browse}},
		Types: []*jira.IssueType{{Name: "Bug", Screen: []jira.ScreenField{{Field: "description"}, {Field: "labels"}, {Field: "priority"},
			{Field: "security"}, {Field: f.team, Required: true}, {Field: "duedate"}}}, {Name: "Epic", Epic: true}}})
	f.must(err)
	srv := httptest.NewServer(contract(t, f.Server, f.at))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	f.sluice, f.carol = f.client("sluice"), f.client("carol")
	return f
}

// both runs a test on each deployment.
func both(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, d := range []jira.Deployment{jira.Cloud, jira.DataCenter} {
		t.Run(string(d), func(t *testing.T) { test(t, newFixture(t, jira.Options{Deployment: d})) })
	}
}

func (f *fixture) client(name string) *client.Client {
	var h *http.Client
	if f.at == jira.Cloud {
		h = (&client.BasicAuthTransport{Username: name + "@example.com", Password: name + "-token"}).Client()
	} else {
		h = (&client.BearerAuthTransport{Token: name + "-token"}).Client()
	}
	c, err := client.NewClient(h, f.url)
	f.must(err)
	return c
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// reply is the answer to a raw request.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// ask sends a raw request as a person; nobody for "". A body of string is sent as it is.
func (f *fixture) ask(who, method, path string, body any) reply {
	f.t.Helper()
	var data io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		data = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		f.must(err)
		data = bytes.NewReader(encoded)
	}
	r, err := http.NewRequest(method, f.url+path, data)
	f.must(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" && f.at == jira.Cloud {
		r.SetBasicAuth(who+"@example.com", who+"-token")
	} else if who != "" {
		r.Header.Set("Authorization", "Bearer "+who+"-token")
	}
	return f.roundTrip(r)
}

func (f *fixture) roundTrip(r *http.Request) reply {
	f.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(r)
	f.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	f.must(err)
	out := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &out.json) // lists and pages have no object
	return out
}

// wrong is the sentence about a field, or the first about all.
func (r reply) wrong(field string) string {
	if fields, _ := r.json["errors"].(map[string]any); fields[field] != nil {
		return fields[field].(string)
	}
	if list, _ := r.json["errorMessages"].([]any); len(list) > 0 {
		return list[0].(string)
	}
	return ""
}

// at digs a value out of an answer: at("fields", "status", "name").
func (r reply) at(path ...string) any {
	var v any = r.json
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func (f *fixture) world() jira.World {
	f.t.Helper()
	w, err := f.World()
	f.must(err)
	return w
}

func (f *fixture) issue(key string) *jira.Issue {
	f.t.Helper()
	w := f.world()
	i := w.Issue(key)
	if i == nil {
		f.t.Fatalf("there is no %s", key)
	}
	return i
}

type m = map[string]any

// make creates an issue in SEC as alice.
func (f *fixture) make(fields m) string {
	f.t.Helper()
	if fields["summary"] == nil {
		fields["summary"] = "Something"
	}
	key, err := f.CreateIssue("alice", "SEC", "Task", fields)
	f.must(err)
	return key
}

// doc is a document of one paragraph.
func doc(text string) m {
	return m{"type": "doc", "version": 1, "content": []any{m{"type": "paragraph", "content": []any{m{"type": "text", "text": text}}}}}
}

func id(n int64) string { return strconv.FormatInt(n, 10) }
