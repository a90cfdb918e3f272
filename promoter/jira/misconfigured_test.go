package jira_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestAMisconfiguredProjectIsOneError: the first task tells what is wrong and
// what to do, the others of the route hear the same without asking Jira, other
// routes go on, and some minutes later it is tried again.
func TestAMisconfiguredProjectIsOneError(t *testing.T) {
	for name, c := range map[string]struct {
		wrong func(b *bench, j *settings.JiraRoute)
		says  []string
	}{
		"a mandatory field": {func(_ *bench, j *settings.JiraRoute) { j.Fields = nil }, []string{"customfield_", "Team is required", `fields of route "payments"`}},
		"a priority":        {func(_ *bench, j *settings.JiraRoute) { j.Priority = "Urgent" }, []string{"priority", `change priority of route "payments"`}},
		"a component":       {func(_ *bench, j *settings.JiraRoute) { j.Components = []string{"api"} }, []string{"components"}},
		"a level":           {func(_ *bench, j *settings.JiraRoute) { j.SecurityLevel = "Top" }, []string{"change security_level"}},
		"an epic":           {func(_ *bench, j *settings.JiraRoute) { j.Epic = "PAY-99" }, []string{"change epic"}},
		"an option":         {func(_ *bench, j *settings.JiraRoute) { j.Fields = m{"Team": m{"value": "Nobody"}} }, []string{"change fields.customfield_"}},
		"a type":            {func(_ *bench, j *settings.JiraRoute) { j.IssueType = "Story" }, []string{"change issue_type"}},
		"a project":         {func(_ *bench, j *settings.JiraRoute) { j.Project = "NONE" }, []string{"change project", "project NONE"}},
		"a permission": {func(b *bench, _ *settings.JiraRoute) { b.must(b.Grant("PAY", "sluice", sandbox.Browse)) },
			[]string{"403", "give Sluice's account the permission in project PAY"}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, b *bench) {
				route := *b.routes[1].Jira
				b.routes[1].Jira = &route
				c.wrong(b, &route)
				s := b.surface()
				var first *promoter.RefusedError
				var asked int
				for n := range 100 {
					_, err := s.Do(context.Background(), b.effect(promoter.VerbTask, fmt.Sprintf("tok%d", n), b.planned("payments")))
					var refused *promoter.RefusedError
					if !errors.As(err, &refused) || refused.Mend == "" {
						t.Fatalf("task %d: %v", n, err)
					}
					if first == nil {
						first, asked = refused, b.wire.Sent
					} else if refused.Error() != first.Error() || b.wire.Sent != asked {
						t.Fatalf("task %d: %v after %d more requests", n, err, b.wire.Sent-asked)
					}
				}
				for _, want := range append(c.says, `route "payments"`) {
					if !strings.Contains(first.Error(), want) {
						t.Errorf("%q is not in: %v", want, first)
					}
				}
				if _, err := s.Do(context.Background(), b.effect(promoter.VerbTask, "other", b.planned("plain"))); err != nil {
					t.Errorf("another route: %v", err)
				}
				asked = b.wire.Sent
				b.must(b.clock.Sleep(context.Background(), 6*time.Minute))
				_, err := s.Do(context.Background(), b.effect(promoter.VerbTask, "later", b.planned("payments")))
				if err == nil || b.wire.Sent == asked {
					t.Errorf("six minutes later nobody asked: %v", err)
				}
				if n := len(b.issues()); n != 1 {
					t.Errorf("%d issues", n)
				}
			})
		})
	}
}

func TestARevokedTokenIsOneError(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		n := b.made("plain")
		b.RevokeToken("sluice-token")
		s, asked := b.surface(), b.wire.Sent
		for _, e := range []promoter.Effect{b.effect(promoter.VerbTask, "a", b.planned("plain")), b.effect(promoter.VerbTask, "b", b.planned("payments")), b.effect(promoter.VerbEditTask, "c", n)} {
			_, err := s.Do(context.Background(), e)
			var refused *promoter.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Mend, "jira.token_env") {
				t.Errorf("%s: %v", e.Verb, err)
			}
		}
		if b.wire.Sent != asked+1 {
			t.Errorf("%d requests", b.wire.Sent-asked)
		}
	})
}

// TestATextThatIsRefusedIsItsOwnProblem: the next task is tried.
func TestATextThatIsRefusedIsItsOwnProblem(t *testing.T) {
	unreadable := `{"errorMessages":["INVALID_INPUT"],"errors":{}}`
	for name, spoil := range map[string]func(b *bench, n promoter.Notice){
		"too long a title": func(_ *bench, n promoter.Notice) { n.Task.Title = strings.Repeat("x", 300) },
		"a document that Cloud cannot read": func(b *bench, _ promoter.Notice) {
			b.wire.Deny = func(r *http.Request) *http.Response {
				if r.Method != http.MethodPost {
					return nil
				}
				b.wire.Deny = nil
				return &http.Response{StatusCode: 400, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(unreadable))}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, b *bench) {
				bad := b.planned("plain")
				spoil(b, bad)
				s := b.surface()
				_, err := s.Do(context.Background(), b.effect(promoter.VerbTask, "a", bad))
				var refused *promoter.RefusedError
				if !errors.As(err, &refused) || refused.Mend != "" {
					t.Errorf("refused: %v", err)
				}
				if _, err := s.Do(context.Background(), b.effect(promoter.VerbTask, "b", b.planned("plain"))); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestLimitsAreObeyed(t *testing.T) {
	later := func(t *testing.T, b *bench) *promoter.LaterError {
		t.Helper()
		_, err := b.surface().Do(context.Background(), b.effect(promoter.VerbTask, "tok", b.planned("plain")))
		var later *promoter.LaterError
		if !errors.As(err, &later) {
			t.Fatalf("refused for the rate: %v", err)
		}
		return later
	}
	both(t, func(t *testing.T, b *bench) {
		b.must(b.clock.Sleep(context.Background(), 20*time.Minute)) // 12:20
		b.Throttle(sandbox.BurstReason, b.clock.Now().Add(90*time.Second), false)
		if got := later(t, b); got.After != 90*time.Second {
			t.Errorf("told to wait 90s: %v", got)
		}
		start := b.clock.Now()
		b.Throttle(sandbox.QuotaReason, start.Add(time.Hour), true)
		got := later(t, b)
		waited := b.clock.Now().Sub(start)
		if b.at == sandbox.Cloud && (got.After != 40*time.Minute || waited != 0) || b.at == sandbox.DataCenter && (got.After != time.Minute || waited != 5*time.Minute) {
			t.Errorf("without Retry-After: %v after %s", got, waited) // Data Center gives no reason
		}
		if len(b.issues()) != 0 {
			t.Error("a task was made")
		}
	})
}

// TestAShortWaitIsWaited: many tasks under a small bucket take their time and
// no more runs.
func TestAShortWaitIsWaited(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		limited, err := sandbox.New(t.TempDir(), sandbox.Options{Deployment: b.at, Clock: b.clock.Now,
			Limits: sandbox.Limits{Burst: map[string]int{"GET": 2, "POST": 1}, IssueShort: 1, IssueLong: 4, Bucket: 3}})
		b.must(err)
		limited.AddToken(sandbox.Token{Value: "sluice-token", Person: "sluice"})
		limited.AddPerson(sandbox.Person{Name: "alice"})
		_, err = limited.AddProject(sandbox.Project{Key: "SEC"})
		b.must(err)
		srv := httptest.NewServer(limited)
		t.Cleanup(srv.Close)
		b.Server, b.url = limited, srv.URL
		s, start := b.surface(), b.clock.Now()
		for n := range 20 {
			if _, err := s.Do(context.Background(), b.effect(promoter.VerbTask, fmt.Sprintf("tok%d", n), b.planned("plain"))); err != nil {
				t.Fatal(err)
			}
		}
		if took := b.clock.Now().Sub(start); len(b.issues()) != 20 || took < 10*time.Second || took > 2*time.Minute {
			t.Errorf("%d tasks in %s", len(b.issues()), took)
		}
	})
}

// TestEveryBrokenAnswerToAPostIsUnknown: and every broken answer to a question
// is only later.
func TestEveryBrokenAnswerToAPostIsUnknown(t *testing.T) {
	answer := func(status int, kind, body string) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
	}
	for name, c := range map[string]struct {
		answer  func() *http.Response
		unknown bool // to a POST
	}{
		"500":            {func() *http.Response { return answer(500, "application/json", "{}") }, true},
		"502":            {func() *http.Response { return answer(502, "text/html", "<html>") }, true},
		"503":            {func() *http.Response { return answer(503, "text/plain", "") }, true},
		"504":            {func() *http.Response { return answer(504, "text/plain", "") }, true},
		"408":            {func() *http.Response { return answer(408, "text/plain", "") }, true},
		"truncated":      {func() *http.Response { return answer(201, "application/json", `{"id":"10`) }, true},
		"a page":         {func() *http.Response { return answer(200, "text/html", "<html>Log in</html>") }, true},
		"another object": {func() *http.Response { return answer(201, "application/json", `{}`) }, true},
		"409":            {func() *http.Response { return answer(409, "application/json", `{}`) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, b *bench) {
				for _, method := range []string{http.MethodPost, http.MethodGet} {
					b.wire.Deny = func(r *http.Request) *http.Response {
						if r.Method != method {
							return nil
						}
						return c.answer()
					}
					_, err := b.surface().Do(context.Background(), b.effect(promoter.VerbTask, "tok", b.planned("plain")))
					var later *promoter.LaterError
					switch {
					case err == nil:
						t.Errorf("%s: taken for a success", method)
					case method == http.MethodPost && c.unknown != errors.Is(err, promoter.ErrUnknownOutcome):
						t.Errorf("%s: %v", method, err)
					case method == http.MethodGet && (errors.Is(err, promoter.ErrUnknownOutcome) || name != "another object" && !errors.As(err, &later)):
						t.Errorf("%s: %v", method, err)
					}
				}
			})
		})
	}
}

// deaf is a way to a server that takes no connection for a POST.
type deaf struct{ http.RoundTripper }

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return d.RoundTripper.RoundTrip(r)
}

func TestNothingWasSentWhereNobodyListens(t *testing.T) {
	b := newBench(t, sandbox.Cloud)
	s, err := jira.New(jira.Config{URL: b.url, Deployment: jira.Cloud, User: "sluice@example.com", Token: b.token, Transport: deaf{b.wire}, Clock: b.clock, Routes: b.routes})
	b.must(err)
	_, err = s.Do(context.Background(), b.effect(promoter.VerbTask, "tok", b.planned("plain")))
	var later *promoter.LaterError
	if !errors.As(err, &later) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestDoctor(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *bench, j *settings.JiraRoute)
		want   []string // verdict, detail, mend: a part of each
	}{
		"in order":          {func(*bench, *settings.JiraRoute) {}, nil},
		"no project":        {func(_ *bench, j *settings.JiraRoute) { j.Project = "NONE" }, []string{"failed", "project NONE", "check jira.project"}},
		"no type":           {func(_ *bench, j *settings.JiraRoute) { j.IssueType = "Story" }, []string{"failed", `no issue type "Story"`, "Bug, Epic"}},
		"a mandatory field": {func(_ *bench, j *settings.JiraRoute) { j.Fields = nil }, []string{"failed", `"Team" is mandatory`, "one of: Payments, Web"}},
		"an option":         {func(_ *bench, j *settings.JiraRoute) { j.Fields = m{"Team": m{"value": "x"}} }, []string{"failed", "x is not among", "Payments, Web"}},
		"a bare option":     {func(_ *bench, j *settings.JiraRoute) { j.Fields = m{"Team": "Web"} }, []string{"failed", "{value: Web}", "Payments, Web"}},
		"no such field":     {func(_ *bench, j *settings.JiraRoute) { j.Fields["Crew"] = "x" }, []string{"failed", `"Crew" cannot be set`, "take fields.Crew"}},
		"priority":          {func(_ *bench, j *settings.JiraRoute) { j.Priority = "Urgent" }, []string{"failed", "Urgent", "Highest, High, Medium"}},
		"component":         {func(_ *bench, j *settings.JiraRoute) { j.Components = []string{"api"} }, []string{"failed", `"components" cannot be set`, "take components"}},
		"level":             {func(_ *bench, j *settings.JiraRoute) { j.SecurityLevel = "Top" }, []string{"failed", "security_level: Top", "Secret"}},
		"status":            {func(_ *bench, j *settings.JiraRoute) { j.FixedStatus = "Fertig" }, []string{"failed", `fixed_status: project PAY knows no "Fertig"`, "Open, In Progress"}},
		"resolution":        {func(_ *bench, j *settings.JiraRoute) { j.FixedResolution = "Gone" }, []string{"failed", `no "Gone"`, "False Positive"}},
		"epic":              {func(_ *bench, j *settings.JiraRoute) { j.Epic = "PAY-77" }, []string{"failed", "no issue PAY-77", "set epic"}},
		"assignee":          {func(b *bench, _ *settings.JiraRoute) { b.routes[1].Assignee = "nobody" }, []string{"failed", `no active account "nobody"`, "people"}},
		"permissions": {func(b *bench, _ *settings.JiraRoute) {
			b.must(b.Grant("PAY", "sluice", sandbox.Browse, sandbox.Create, sandbox.Edit, sandbox.SetSecurity))
		}, []string{"failed", "ADD_COMMENTS, LINK_ISSUES, TRANSITION_ISSUES, ASSIGN_ISSUES", "in project PAY"}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, b *bench) {
				route := *b.routes[1].Jira
				route.Due = map[string]settings.Span{"high": settings.Span(7 * 24 * time.Hour)}
				route.Fields = m{"Team": m{"value": "Payments"}}
				b.routes[1].Jira = &route
				c.change(b, &route)
				before := b.world()
				var bad []jira.Check
				for _, check := range b.surface().Doctor(context.Background()) {
					if check.Verdict != jira.Passed {
						bad = append(bad, check)
					}
				}
				after := b.world()
				if diff := cmp.Diff(before.Issues, after.Issues); diff != "" {
					t.Errorf("it wrote: %s", diff)
				}
				if len(c.want) == 0 && len(bad) == 0 {
					return
				}
				if len(bad) != 1 || len(c.want) == 0 {
					t.Fatalf("checks: %+v", bad)
				}
				have := []string{string(bad[0].Verdict), bad[0].Detail, bad[0].Mend}
				for n, part := range c.want {
					if !strings.Contains(have[n], part) {
						t.Errorf("%q is not in %q", part, have[n])
					}
				}
			})
		})
	}
}

// TestDoctorReadsEveryPage: a screen of many fields comes in pages.
func TestDoctorReadsEveryPage(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		var screen []sandbox.ScreenField
		for n := range 60 {
			f, err := b.AddField(sandbox.Field{Name: fmt.Sprintf("Field %d", n), Kind: sandbox.TextField})
			b.must(err)
			screen = append(screen, sandbox.ScreenField{Field: f.ID})
		}
		screen = append(screen, sandbox.ScreenField{Field: "labels"}, sandbox.ScreenField{Field: "description"})
		_, err := b.AddProject(sandbox.Project{Key: "WIDE", Types: []*sandbox.IssueType{{Name: "Task", Screen: screen}}})
		b.must(err)
		b.routes = []settings.Route{{Name: "wide", Jira: &settings.JiraRoute{Project: "WIDE"}}}
		checks := b.surface().Doctor(context.Background())
		if last := checks[len(checks)-1]; last.Verdict != jira.Passed || last.Detail != "Task in WIDE can be made" {
			t.Errorf("checks: %+v", checks)
		}
	})
}

func TestDoctorBeforeRoutes(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		b.routes = nil
		checks := b.surface().Doctor(context.Background())
		if last := checks[len(checks)-1]; last.Verdict != jira.Warning || last.Name != "routes" || checks[0].Verdict != jira.Passed {
			t.Errorf("without routes: %+v", checks)
		}
		b.RevokeToken("sluice-token")
		checks = b.surface().Doctor(context.Background())
		if last := checks[len(checks)-1]; last.Verdict != jira.Failed || !strings.Contains(last.Mend, "jira.token_env") {
			t.Errorf("a revoked token: %+v", checks)
		}
		if b.at == sandbox.Cloud {
			b.at = sandbox.DataCenter
		} else {
			b.at = sandbox.Cloud
		}
		if checks = b.surface().Doctor(context.Background()); len(checks) != 1 || checks[0].Verdict != jira.Failed {
			t.Errorf("the other deployment: %+v", checks)
		}
	})
}
