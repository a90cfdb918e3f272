package simulation_test

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
)

// What is not found, or not seen: a pull request, a repository.

// A token that loses sight of a repository half way meets 404 everywhere. That is not somebody deleting our comments, or
// the rollback would stop there for good.
func TestLosingSightOfARepositoryIsNoDeletion(t *testing.T) {
	for _, route := range []string{routeRepo + "/pulls/comments/{comment_id}", "/graphql", routePull, routePull + "/comments"} {
		t.Run(route, func(t *testing.T) {
			s, _ := calmStory(t)
			s.mustRun(t)
			if len(s.posts(s.world(t))) == 0 {
				t.Fatal("nothing is shown")
			}
			for _, c := range s.cohorts() {
				must(t, s.move(c, promoter.Observe))
			}
			s.injector.Inject(faults.Rule{Route: route, Times: 1, Fault: faults.Meanwhile("blind", s.blind)})
			s.mustRun(t)
			s.permit("write")
			for range 2 {
				s.mustRun(t)
			}
			for _, p := range s.posts(s.world(t)) {
				if p.live || !p.pull.Thread(p.id).Resolved {
					t.Errorf("%d is still on display: %.40q", p.id, p.body)
				}
			}
		})
	}
}

// A repository that is renamed while its threads are looked up has not lost them. (Seed 2688: a thread stayed open.)
func TestARenameHalfWayIsNoDeletion(t *testing.T) {
	s, _ := calmStory(t)
	s.mustRun(t)
	for _, c := range s.cohorts() {
		must(t, s.move(c, promoter.Observe))
	}
	s.injector.Inject(faults.Rule{Route: "/graphql", Times: 1, Fault: faults.Meanwhile("renamed", func() {
		must(t, s.sandbox.RenameRepository(s.full(), "store"))
		s.name = "store"
	})})
	for range 3 {
		s.mustRun(t)
	}
	for _, p := range s.posts(s.world(t)) {
		if p.live || !p.pull.Thread(p.id).Resolved {
			t.Errorf("%d is still on display, or its thread is: %.40q", p.id, p.body)
		}
	}
}

// A pull request that GitHub does not find once is not gone with all its findings.
func TestAPullRequestIsGoneWhenItIsNotFoundTwice(t *testing.T) {
	s := oneComment(t)
	must(t, s.move(s.cohorts()[0], promoter.Observe))
	s.injector.Inject(faults.Rule{Route: routePull, Times: 1, Fault: faults.NotFound()})
	s.mustRun(t)
	s.mustRun(t)
	for _, p := range s.posts(s.world(t)) {
		if p.live {
			t.Errorf("%d is still on display", p.id)
		}
	}
}

// A repository that was deleted, or that the token may not see any more, fails runs for a week and is known after that.
// Nothing of it is closed, and where it is seen again all goes on.
func TestARepositoryOutOfSightFailsRunsForAWeek(t *testing.T) {
	s := oneComment(t)
	must(t, s.move(s.cohorts()[0], promoter.Observe))
	s.injector.Inject(faults.Rule{Method: "PATCH", Times: 1, Fault: faults.During(faults.ResetBefore(), s.blind)}) // an effect stays open
	s.mustRun(t)
	first := s.clock.now
	for _, day := range []struct {
		after int
		want  run.Outcome
	}{{0, run.OutcomeFailed}, {6, run.OutcomeFailed}, {8, run.OutcomeOK}, {40, run.OutcomeOK}} {
		s.clock.now = first.AddDate(0, 0, day.after).Add(time.Hour)
		r := s.mustRun(t)
		if r.Outcome != day.want || len(r.Errors) > 1 || (len(r.Unseen) == 1) != (day.want == run.OutcomeOK) {
			t.Errorf("day %d: outcome %s, errors %+v, warnings %v, unseen %+v, effects %+v", day.after, r.Outcome, r.Errors, r.Warnings, r.Unseen, r.Effects)
		}
	}
	snap, err := s.store.Load(t.Context(), 1)
	must(t, err)
	for _, i := range snap.Sightings {
		if i.Until != 0 {
			t.Errorf("finding %d is taken for gone", i.Finding)
		}
	}
	if p := s.posts(s.world(t))[0]; !p.live {
		t.Error("nobody could touch the comment, and it is withdrawn")
	}
	s.permit("write")
	s.mustRun(t)
	s.mustRun(t)
	if p := s.posts(s.world(t))[0]; p.live {
		t.Error("it is seen again, and the comment still stands")
	}
	must(t, s.anotherRunDoesNothing())
	s.blind() // again, and the week begins anew
	s.next(t, s.mains[0], 1, "change", "exec(n9001)", "exec(n9002)")
	if r := s.mustRun(t); r.Outcome != run.OutcomeFailed {
		t.Errorf("out of sight again: outcome %s", r.Outcome)
	}
}
