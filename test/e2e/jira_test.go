package e2e_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/jira"
	"github.com/sluice-sec/sluice/promoter/run"
	sandbox "github.com/sluice-sec/sluice/test/sandbox/jira"
)

// office is the Jira of an organisation.
type office struct {
	*sandbox.Server
	t    *testing.T
	wire *cutter
	at   sandbox.Deployment
	url  string
}

// cutter loses the answer to one request.
type cutter struct {
	sent, at int
	lose     func(*http.Request) (lost, after bool) // or those it says, before or after they arrive
}

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent++
	if c.lose != nil {
		if lost, after := c.lose(r); lost {
			if after {
				if resp, err := http.DefaultTransport.RoundTrip(r); err == nil {
					resp.Body.Close()
				}
			}
			return nil, errors.New("connection reset by peer")
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && c.sent == c.at {
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

const toOffice = `
routes: [{name: pay, jira: {project: SEC, due: {high: 14d}, withdrawn_status: "To Do", fixed_status: Done}}]
`

// inOffice is a place with a Jira, and a finding that was there before.
func inOffice(t *testing.T, at sandbox.Deployment) (*place, *office) {
	t.Helper()
	p, _ := tracked(t)
	o := &office{t: t, wire: &cutter{}, at: at}
	var err error
	o.Server, err = sandbox.New(t.TempDir(), sandbox.Options{Deployment: at, Clock: p.clock.Now})
	p.must(err)
	o.SetSearchLag(2 * time.Minute)
	for _, name := range []string{"sluice", "alice"} {
		o.AddPerson(sandbox.Person{Name: name})
		o.AddToken(sandbox.Token{Value: name + "-token", Person: name})
	}
	_, err = o.AddProject(sandbox.Project{Key: "SEC", Name: "Security", Lead: "alice"})
	p.must(err)
	server := httptest.NewServer(o.Server)
	t.Cleanup(server.Close)
	o.url = server.URL
	o.under(p, toOffice)
	p.tasks = jira.NewRenderer(jira.Deployment(at))
	return p, o
}

// under is a Sluice with these settings.
func (o *office) under(p *place, text string) {
	o.t.Helper()
	p.settings = text
	law, err := settings.Parse("settings.yaml", []byte(text))
	p.must(err)
	c := jira.Config{URL: o.url, Deployment: jira.Deployment(o.at), Token: "sluice-token", Transport: o.wire, Clock: p.clock, Routes: law.Routes}
	if o.at == sandbox.Cloud {
		c.User = "sluice@example.com"
	}
	p.tracker, err = jira.New(c)
	p.must(err)
}

func bothOffices(t *testing.T, test func(t *testing.T, p *place, o *office)) {
	for _, at := range []sandbox.Deployment{sandbox.Cloud, sandbox.DataCenter} {
		t.Run(string(at), func(t *testing.T) {
			p, o := inOffice(t, at)
			test(t, p, o)
		})
	}
}

func (o *office) issues() []*sandbox.Issue {
	o.t.Helper()
	w, err := o.World()
	if err != nil {
		o.t.Fatal(err)
	}
	return w.Issues
}

// only is the one issue there is to be.
func (o *office) only() *sandbox.Issue {
	o.t.Helper()
	all := o.issues()
	if len(all) != 1 {
		o.t.Fatalf("%d issues, want one", len(all))
	}
	return all[0]
}

// A route that was renamed while nobody knew whether its task was made: what was made is adopted, what was not is made
// under the new name, and either way there is one.
func TestATaskWithoutAnAnswerOutlivesItsRoute(t *testing.T) {
	for _, made := range []bool{true, false} {
		t.Run(map[bool]string{true: "made", false: "not made"}[made], func(t *testing.T) {
			p, o := inOffice(t, sandbox.Cloud)
			grow(p, "new.go", "exec(new)")
			o.wire.lose = func(r *http.Request) (lost, after bool) {
				return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/issue"), made
			}
			if r := p.run(); r.Effects.Unknown != 1 {
				t.Fatalf("effects %+v", r.Effects)
			}
			o.wire.lose = nil
			o.under(p, strings.ReplaceAll(toOffice, "name: pay", "name: safe"))
			for range 3 {
				p.clock.jump(time.Hour)
				p.run()
			}
			if o.only(); p.run().Effects != (run.EffectCounts{}) {
				t.Error("not at rest")
			}
		})
	}
}

func TestTheLifeOfATaskInJira(t *testing.T) {
	bothOffices(t, func(t *testing.T, p *place, o *office) {
		head := p.commit(shop, "feature", "main", map[string]string{"new.go": code("exec(new)")})
		number := p.open(shop, "feature")
		p.scanPull(shop, head, number)
		p.run()
		grow(p, "new.go", "exec(new)")
		for range 3 {
			wantOutcome(t, p.run(), run.OutcomeOK)
		}
		i := o.only()
		if i.Due != "2026-05-18" || len(i.RemoteLinks) != 1 || !strings.Contains(asJSON(i.Description), "F2") {
			t.Fatalf("made: %s", asJSON(i))
		}
		if body := live(p.pull(shop, number))[0]; !strings.Contains(body, "tracked as `SEC-1`") { // the sandbox speaks http only
			t.Errorf("the comment does not name the task:\n%s", body)
		}
		if r := p.run(); r.Decided != 0 || len(r.Actions) != 0 {
			t.Errorf("not at rest: %+v", r.Actions)
		}

		p.move("/high", promoter.Triage)
		wantOutcome(t, p.run(), run.OutcomeOK)
		if i = o.only(); !slices.Contains(i.Labels, "sluice-withdrawn") || len(i.Comments) != 1 || i.Status != "To Do" {
			t.Fatalf("handed back: %s", asJSON(i))
		}
		p.move("/high", promoter.Advise)
		wantOutcome(t, p.run(), run.OutcomeOK)
		if i = o.only(); slices.Contains(i.Labels, "sluice-withdrawn") || !strings.Contains(asJSON(i.Description), "F2") {
			t.Fatalf("taken up again: %s", asJSON(i))
		}

		grow(p, "new.go", "fixed()")
		wantOutcome(t, p.run(), run.OutcomeOK)
		if i = o.only(); !slices.Contains(i.Labels, "sluice-fixed") || i.Status != "Done" {
			t.Errorf("fixed: %s", asJSON(i))
		}
		if r := p.run(); r.Decided != 0 || len(r.Actions) != 0 {
			t.Errorf("not at rest: %+v", r.Actions)
		}
	})
}

func TestWhatAPersonClosedInJiraStaysClosed(t *testing.T) {
	bothOffices(t, func(t *testing.T, p *place, o *office) {
		grow(p, "new.go", "exec(new)")
		p.run()
		p.must(o.Transition("alice", "SEC-1", "Done", nil))
		closed := asJSON(o.only())
		for _, stage := range []promoter.Stage{promoter.Triage, promoter.Advise, promoter.Triage, promoter.Advise} {
			p.move("/high", stage)
			wantOutcome(t, p.run(), run.OutcomeOK)
		}
		if now := asJSON(o.only()); now != closed {
			t.Errorf("it was touched:\n%s\n%s", closed, now)
		}
	})
}

func TestARestoredBackupMakesNoIssueAgain(t *testing.T) {
	bothOffices(t, func(t *testing.T, p *place, o *office) {
		grow(p, "a.go", "exec(a)")
		p.run()
		restore := p.backup()
		grow(p, "b.go", "exec(b)", "exec(c)")
		p.run()
		p.must(o.Transition("alice", "SEC-3", "Done", nil))
		p.clock.jump(time.Hour)
		p.run()
		before := asJSON(o.issues())
		if len(o.issues()) != 3 {
			t.Fatalf("%d issues", len(o.issues()))
		}
		restore()
		for range 3 {
			p.run()
			p.clock.jump(time.Hour)
		}
		if diff := cmp.Diff(before, asJSON(o.issues())); diff != "" {
			t.Errorf("Jira changed:\n%s", diff)
		}
		if r := p.run(); r.Outcome != run.OutcomeOK || len(r.Actions) != 0 {
			t.Errorf("not at rest: %s %+v", r.Outcome, r.Actions)
		}
	})
}

// Whichever answer of Jira's is lost, there is one issue in the end, complete.
func TestNoLostAnswerMakesASecondIssue(t *testing.T) {
	bothOffices(t, func(t *testing.T, p *place, o *office) {
		grow(p, "a.go", "exec(a)")
		p.run()
		requests := o.wire.sent
		if requests < 2 || len(o.issues()) != 1 {
			t.Fatalf("%d requests made %d issues", requests, len(o.issues()))
		}
		for cut := 1; cut <= requests; cut++ {
			t.Run("", func(t *testing.T) {
				p, o := inOffice(t, o.at)
				grow(p, "a.go", "exec(a)")
				o.wire.at = cut
				p.run()
				o.wire.at = 0
				for range 3 {
					p.clock.jump(15 * time.Minute)
					p.run()
				}
				if i := o.only(); !slices.Contains(i.Labels, "sluice") || !strings.Contains(asJSON(i.Description), "F2") {
					t.Errorf("request %d: %s", cut, asJSON(i))
				}
				if r := p.run(); r.Outcome != run.OutcomeOK || len(r.Actions) != 0 {
					t.Errorf("request %d: not at rest: %s %+v", cut, r.Outcome, r.Actions)
				}
			})
		}
	})
}
