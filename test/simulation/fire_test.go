package simulation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
)

const (
	routeRepo   = "/repos/{owner}/{repo}"
	routePull   = routeRepo + "/pulls/{pull_number}"
	routeReview = routePull + "/reviews"
)

// trouble is everything that can happen to a request at this moment.
func (p *place) trouble() []faults.Rule {
	reset := p.clock.now.Add(20 * time.Minute)
	any := []faults.Fault{
		faults.Status(500), faults.Status(502), faults.Status(503), faults.StatusAfter(502), faults.StatusAfter(500),
		faults.ResetBefore(), faults.ResetAfter(), faults.Delayed(31 * time.Second),
		faults.CutShort(), faults.Truncated(), faults.Malformed(), faults.HTML(),
		faults.Secondary(403, 30*time.Second), faults.Secondary(403, 0), faults.Secondary(429, 5*time.Minute), faults.Secondary(429, 0),
		faults.Primary(reset), faults.SSO("https://example.com/orgs/acme/sso"), faults.BadCredentials(),
	}
	writes := []faults.Fault{
		faults.Late(time.Second), faults.Late(2 * time.Second), faults.Late(4 * time.Second), faults.NoPermission("pull_requests=write"),
		faults.Conflict(), faults.Unprocessable("Something is not right"),
	}
	var out []faults.Rule
	for _, f := range any {
		out = append(out, faults.Rule{Fault: f})
	}
	for _, f := range writes {
		out = append(out, faults.Rule{Fault: f, Writes: true})
	}
	return append(out,
		faults.Rule{Method: http.MethodGet, Route: routePull, Fault: faults.NotFound()},
		faults.Rule{Method: http.MethodGet, Route: routeRepo, Fault: faults.NotFound()})
}

// runUnderFire is one run with whatever this moment has in store for it; one that is killed may be started again at once.
func (s *story) runUnderFire() error {
	for range 3 {
		s.setFire()
		s.setJiraFire()
		f := &fuse{}
		if s.rng.IntN(3) == 0 {
			f.at, f.asks = 1+s.rng.IntN(90), s.rng.IntN(4) == 0
			if s.rng.IntN(2) == 0 {
				f.at, f.writes = 1+s.rng.IntN(24), true
			}
		}
		before := len(s.injector.Met())
		quiet, err := s.pausedAt()
		if err != nil {
			return err
		}
		report, died, err := s.run(f)
		s.injector.Calm()
		s.count(report)
		for _, m := range s.injector.Met()[before:] {
			s.tell("  %s", m)
		}
		s.tellTracker()
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		if err := s.quietWas(quiet); err != nil {
			return err
		}
		switch {
		case report == nil:
			s.tell("run: killed at touch %d, %s", f.touches, died)
			if s.rng.IntN(2) == 0 {
				continue
			}
		default:
			s.tell("run: %s %+v deferred %v recovered %d", report.Outcome, report.Effects, report.Deferred, report.Recovered)
			s.tellActions(report)
			for _, e := range report.Errors {
				s.tell("  error: %s", e.Text)
			}
		}
		break
	}
	return nil
}

func (s *story) tellActions(r *run.Report) {
	for _, a := range r.Actions {
		s.tell("  %s %s %v #%d: %s %s", a.Step, a.Verb, a.Findings, a.PullRequest, a.Outcome, a.Detail)
	}
}

// quiet is how many mails there were when a pause began to count; -1 without one.
type quiet struct{ mails, tasks int }

// pausedAt looks before a run whether nothing new may be shown in it. Requests that are still on their way were sent
// before the pause.
func (s *story) pausedAt() (quiet, error) {
	pause, err := s.store.Pause(context.Background())
	if err != nil || !pause.Active(s.machine.Now()) || s.late() {
		return quiet{-1, 0}, err
	}
	n, err := s.ourMails()
	if err != nil {
		return quiet{n, 0}, err
	}
	tasks, err := s.tasks()
	return quiet{n, len(tasks)}, err
}

// quietWas: a run during which a pause stood sent no mail.
func (s *story) quietWas(q quiet) error {
	pause, err := s.store.Pause(context.Background())
	if err != nil || q.mails < 0 || !pause.Active(s.machine.Now()) {
		return err
	}
	n, err := s.ourMails()
	if err == nil && n != q.mails {
		err = fmt.Errorf("%d mails were sent under a pause", n-q.mails)
	}
	if err != nil {
		return err
	}
	tasks, err := s.tasks()
	if err == nil && len(tasks) > q.tasks {
		err = fmt.Errorf("%d tasks were made under a pause", len(tasks)-q.tasks)
	}
	return err
}

func (s *story) ourMails() (int, error) {
	w, err := s.sandbox.World()
	n := 0
	for _, m := range w.Mails {
		if m.From == bot {
			n++
		}
	}
	return n, err
}

// setFire arms the injector for the next run.
func (s *story) setFire() {
	all := s.trouble()
	switch n := s.rng.IntN(10); {
	case n < 4:
	case n < 7:
		for range 1 + s.rng.IntN(2) {
			r := all[s.rng.IntN(len(all))]
			r.Skip, r.Times = s.rng.IntN(12), 1
			if r.Writes = r.Writes || r.Route == "" && s.rng.IntN(2) == 0; r.Writes {
				r.Skip = s.rng.IntN(4)
			}
			s.injector.Inject(r)
		}
	case n < 9:
		s.injector.AtRate(0.02+0.13*s.rng.Float64(), rand.New(rand.NewPCG(s.rng.Uint64(), 1)), all...)
	default:
		s.injector.AtRate(0.6, rand.New(rand.NewPCG(s.rng.Uint64(), 2)), all...)
	}
	if s.rng.IntN(3) == 0 {
		s.injector.Inject(s.meanwhile())
	}
}

// meanwhile is something that people do while a run is under way. It never falls between the reading of a comment and
// its edit: what happens there is the protocol's named gap.
func (s *story) meanwhile() faults.Rule {
	acts := []func(*story) (string, bool, error){
		(*story).pushes, (*story).pushes, (*story).pushesMain, (*story).replies, (*story).rewrites, (*story).deletes, (*story).opensClosesMerges,
		(*story).pauses, (*story).access, (*story).clockJumps, (*story).renames, (*story).resolves, (*story).worksOnTask,
		func(s *story) (string, bool, error) { return s.moves(promoter.Triage) }, (*story).movesUp,
	}
	act := acts[s.rng.IntN(len(acts))]
	routes := []string{routeRepo, routePull, routePull, routePull + "/files", routeReview}
	return faults.Rule{Method: http.MethodGet, Route: routes[s.rng.IntN(len(routes))], Skip: s.rng.IntN(6), Times: 1,
		Fault: faults.Meanwhile("meanwhile", func() {
			if what, ok, err := act(s); ok || err != nil {
				s.tell("  meanwhile %s %s", what, strings.TrimPrefix(fmt.Sprint(err), "<nil>"))
			}
		})}
}
