package simulation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// ordeal is a run in which one request at a time meets one fault.
type ordeal struct {
	place    func() *story // just before the run, the same each time
	injector func(*story) *faults.Injector
	trouble  func(*story) []faults.Rule
	shown    func(*story) string
	runs     []time.Duration // undisturbed ones after it, so long after the one before
}

// TestEveryFaultAtEveryRequest lets one request of a run that has everything to do meet one fault: each request in turn,
// each fault that can meet it; -every thins that out. Whatever it was, two undisturbed runs later the world is that of a run without it.
func TestEveryFaultAtEveryRequest(t *testing.T) {
	t.Parallel()
	l := &law{}
	o := ordeal{
		place: func() *story { return everything(t, l) }, injector: func(s *story) *faults.Injector { return s.injector },
		trouble: func(s *story) []faults.Rule { return s.trouble() }, shown: func(s *story) string { return s.shown(t) }, runs: []time.Duration{time.Hour, time.Hour},
	}
	want, requests := o.undisturbed(t)
	if strings.Count(want, "summary") < 4 || len(requests) < 20 {
		t.Fatalf("%d requests: not everything happens here:\n%s", len(requests), want)
	}
	t.Log(o.each(t, want, requests))
}

// undisturbed is what people see after the run without a fault, and the requests it makes.
func (o ordeal) undisturbed(t *testing.T) (want string, requests []faults.Met) {
	t.Helper()
	s := o.place()
	o.injector(s).Inject(faults.Rule{Fault: faults.Meanwhile("counted", func() {})})
	s.mustRun(t)
	o.injector(s).Calm()
	requests = o.injector(s).Met()
	s.clock.advance(time.Hour)
	s.mustRun(t)
	return o.shown(s), requests
}

// each plays the run with each fault at each request, and says what the runs said.
func (o ordeal) each(t *testing.T, want string, requests []faults.Met) string {
	t.Helper()
	cases := 0
	table := map[string]map[run.Outcome]int{}
	for _, rule := range o.trouble(o.place()) {
		said := map[run.Outcome]int{}
		table[rule.Fault.Name] = said
		for n, m := range requests {
			one := rule
			if one.Times = 1; !fits(one, m.Operation) {
				continue
			}
			if cases++; cases%*every != 0 {
				continue
			}
			s := o.place()
			one.Method, one.Route, one.Page, one.Skip = m.Operation.Method, m.Operation.Route, m.Operation.Page, same(requests[:n], m.Operation)
			o.injector(s).Inject(one)
			report := s.mustRun(t)
			o.injector(s).Calm()
			said[report.Outcome]++
			for _, later := range o.runs {
				s.clock.advance(later)
				o.injector(s).Arrive()
				s.mustRun(t)
			}
			if got := o.shown(s); got != want {
				t.Errorf("%s at request %d, %s:\n%s\nwant:\n%s", rule.Fault.Name, n+1, m.Operation, got, want)
			}
			must(t, s.close())
		}
	}
	return lines(table, len(o.runs))
}

func fits(r faults.Rule, o faults.Operation) bool {
	return (r.Method == "" || r.Method == o.Method) && (r.Route == "" || r.Route == o.Route) && (!r.Writes || o.Writes())
}

// same counts the earlier requests of an operation.
func same(before []faults.Met, o faults.Operation) int {
	n := 0
	for _, m := range before {
		if m.Operation == o {
			n++
		}
	}
	return n
}

func lines(table map[string]map[run.Outcome]int, runs int) string {
	var out []string
	for fault, said := range table {
		out = append(out, fmt.Sprintf("%-40s the run said ok %3d, partial %3d, deferred %3d, failed %3d times", fault,
			said[run.OutcomeOK], said[run.OutcomePartial], said[run.OutcomeDeferred], said[run.OutcomeFailed]))
	}
	slices.Sort(out)
	return fmt.Sprintf("fault at each request of a run; in every case the world was right %d runs later:\n%s", runs, strings.Join(out, "\n"))
}

// everything is a place just before a run with something to withdraw, to edit, to mark as fixed and to show, in comments
// and in a summary.
func everything(t *testing.T, l *law) *story {
	t.Helper()
	s := emptyStory(t, l, github.Limits{})
	s.settings = "budgets: {pull_request: {comments: 2}}\nthresholds: {default: {advise: medium}}\n"
	tip := s.mains[0]
	s.change(t, tip, "old", "exec(n9001)", "md5(n9002)", "exec(n9003)")
	_, err := s.store.EnsureCohorts(t.Context(), []string{"rest/toy/high", "rest/toy/medium"}, s.machine.Now())
	must(t, err)
	for _, c := range s.cohorts() {
		must(t, s.move(c, promoter.Advise))
	}
	s.mustRun(t)
	s.lower(t, "/medium")
	s.next(t, tip, 1, "old", "exec(n9001)", "md5(n9002)")
	s.change(t, tip, "new", "exec(n9004)", "exec(n9005)", "exec(n9006)")
	return s
}

// shown is what people see, without ids and times, and the mails.
func (s *story) shown(t *testing.T) string {
	t.Helper()
	w := s.world(t)
	var out []string
	for _, p := range s.posts(w) {
		body := marker.ReplaceAllString(p.body, "")
		resolved := p.pull.Thread(p.id) != nil && p.pull.Thread(p.id).Resolved
		out = append(out, fmt.Sprintf("#%d summary %v live %v resolved %v %v: %.60q", p.pull.Number, p.summary, p.live, resolved, p.about, body))
	}
	slices.Sort(out)
	return fmt.Sprintf("%s\n%d mails", strings.Join(out, "\n"), len(w.Mails))
}
