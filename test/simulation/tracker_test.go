package simulation_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	tracker "github.com/sluice-sec/sluice/promoter/jira"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/jira"
	"github.com/sluice-sec/sluice/test/touch"
)

// The tracker beside the platform: what people and Sluice do with tasks, and what must hold of them.

const jiraToken = "jira-token"

// routes sends everything that may become a task to one project, and gives it back to where it began.
const routes = "routes: [{name: sec, jira: {project: SEC, issue_type: Task, withdrawn_status: \"To Do\", due: {high: 7d}}}]\n"

// openTracker puts a Jira beside the platform.
func (p *place) openTracker(at jira.Deployment, limits jira.Limits) (err error) {
	p.deployment = at
	if p.jira, err = jira.New(filepath.Join(p.dir, "jira"), jira.Options{Deployment: at, Clock: p.clock.Now, SearchLag: 40 * time.Second, Limits: limits}); err != nil {
		return err
	}
	for _, name := range []string{bot, "ann"} {
		p.jira.AddPerson(jira.Person{Name: name, DisplayName: name})
	}
	p.jira.AddToken(jira.Token{Value: jiraToken, Person: bot})
	_, err = p.jira.AddProject(jira.Project{Key: "SEC", Name: "Security", Lead: "ann"})
	p.jiraFire = faults.New(p.jira, faults.Options{Describe: faults.Jira(p.jira), Now: p.clock.Now, Advance: p.clock.advance})
	return err
}

// track gives a fresh process its tracker, if there is one.
func (p *place) track(cfg *run.Config, f *fuse) error {
	if p.jira == nil {
		return nil
	}
	c := tracker.Config{URL: "http://jira/", Deployment: tracker.Deployment(p.deployment), Token: jiraToken,
		Transport: touch.Transport(faults.Direct(p.jiraFire), f.touch), Routes: cfg.Settings.Routes, Clock: p.machine}
	if p.deployment == jira.Cloud {
		c.User = bot + "@example.com"
	}
	shown, err := tracker.New(c)
	cfg.Tracker, cfg.TaskRenderer = shown, tracker.NewRenderer(c.Deployment)
	return err
}

// jiraTrouble is everything that can happen to a request to the tracker.
func (p *place) jiraTrouble() []faults.Rule {
	any := []faults.Fault{
		faults.Status(500), faults.Status(502), faults.Status(503), faults.StatusAfter(502), faults.StatusAfter(500),
		faults.ResetBefore(), faults.ResetAfter(), faults.Delayed(31 * time.Second), faults.CutShort(), faults.Truncated(), faults.Malformed(), faults.HTML(),
		faults.JiraLimit("jira-burst-based", 5*time.Second), faults.JiraLimit("jira-quota-tenant-based", 20*time.Minute), faults.JiraLimit("", 0),
		faults.JiraUnauthorized(), faults.JiraForbidden(),
	}
	writes := []faults.Fault{
		faults.Late(time.Second), faults.Late(2 * time.Minute), faults.Late(5 * time.Minute), faults.JiraConflict(),
		faults.JiraField("summary", "You must specify a summary of the issue."),
	}
	var out []faults.Rule
	for _, f := range any {
		out = append(out, faults.Rule{Fault: f})
	}
	for _, f := range writes {
		out = append(out, faults.Rule{Fault: f, Writes: true})
	}
	return out
}

// trackerStory is what people did in the tracker, and what is known of its issues.
type trackerStory struct {
	taskSaid   map[int64]string   // what people wrote, by comment
	taskEdits  map[int64]string   // descriptions that people wrote, by issue
	taskAbout  map[int64][]string // problems of issues, as last seen
	taskTaken  map[string]bool    // problems whose issue people closed or deleted
	taskClosed map[int64]int      // issues that people closed, with the comments they had
	standing   map[string]bool    // problems that were there before Sluice looked
	jiraMet    int
}

func newTrackerStory() trackerStory {
	return trackerStory{taskSaid: map[int64]string{}, taskEdits: map[int64]string{}, taskAbout: map[int64][]string{},
		taskTaken: map[string]bool{}, taskClosed: map[int64]int{}, standing: map[string]bool{}}
}

// under puts one of the laws in force.
func (s *story) under(law int) {
	s.rule = law
	if s.settings = laws[law].text; s.jira != nil {
		s.settings += routes
	}
}

// late tells whether any request is still on its way.
func (s *story) late() bool { return s.injector.Late() > 0 || s.jira != nil && s.jiraFire.Late() > 0 }

func (s *story) calmTracker() {
	if s.jira != nil {
		s.jiraFire.Calm()
		s.jiraFire.Arrive()
	}
	s.patience = time.Minute
}

// tellTracker tells what requests to the tracker met in a run, and ends it.
func (s *story) tellTracker() {
	if s.jira == nil {
		return
	}
	s.jiraFire.Calm()
	for _, m := range s.jiraFire.Met()[s.jiraMet:] {
		s.tell("  tracker: %s", m)
	}
	s.jiraMet = len(s.jiraFire.Met())
}

func (s *story) setJiraFire() {
	if s.jira == nil {
		return
	}
	all := s.jiraTrouble()
	switch n := s.rng.IntN(10); {
	case n < 5:
	case n < 8:
		r := all[s.rng.IntN(len(all))]
		r.Skip, r.Times = s.rng.IntN(4), 1
		r.Writes = r.Writes || s.rng.IntN(2) == 0
		s.jiraFire.Inject(r)
	default:
		s.jiraFire.AtRate(0.05+0.3*s.rng.Float64(), rand.New(rand.NewPCG(s.rng.Uint64(), 3)), all...)
	}
}

// task is one issue of ours as the world shows it.
type task struct {
	*jira.Issue
	about  []string // problems, as it last said itself
	live   bool     // not handed back
	closed bool
	edited bool // by a person
	worked bool // somebody has it in hand
}

var tokenLabel = regexp.MustCompile(`^sluice-(token[0-9]+)$`)

func (s *story) tasks() ([]task, error) {
	if s.jira == nil {
		return nil, nil
	}
	w, err := s.jira.World()
	if err != nil {
		return nil, err
	}
	done := map[string]bool{}
	for _, st := range w.Statuses {
		done[st.Name] = st.Category == jira.Done
	}
	var out []task
	for _, i := range w.Issues {
		if i.Creator != bot {
			continue
		}
		t := task{Issue: i, closed: done[i.Status], edited: s.taskEdits[i.ID] != "", worked: i.Assignee != "",
			live: !slices.Contains(i.Labels, "sluice-withdrawn") && !slices.Contains(i.Labels, "sluice-fixed")}
		if !t.edited {
			s.taskAbout[i.ID] = slices.Compact(slices.Sorted(slices.Values(problem.FindAllString(i.Description.Wiki, -1))))
		}
		t.about = s.taskAbout[i.ID]
		out = append(out, t)
	}
	return out, nil
}

func (s *story) someTask(which func(task) bool) (task, bool) {
	all, err := s.tasks()
	if err != nil {
		return task{}, false
	}
	var fit []task
	for _, t := range all {
		if which(t) {
			fit = append(fit, t)
		}
	}
	if len(fit) == 0 {
		return task{}, false
	}
	return fit[s.rng.IntN(len(fit))], true
}

// worksOnTask is whatever people do with an issue.
func (s *story) worksOnTask() (string, bool, error) {
	if s.jira == nil || s.jiraFire.Late() > 0 { // an edit of ours may be on its way: the named gap
		return "", false, nil
	}
	t, ok := s.someTask(func(task) bool { return true })
	if !ok {
		return "", false, nil
	}
	name := fmt.Sprintf("%s about %v", t.Key, t.about)
	switch s.rng.IntN(8) {
	case 0, 1:
		s.texts++
		body := fmt.Sprintf("Ann remarks: %d.", s.texts)
		id, err := s.jira.Comment("ann", t.Key, body)
		s.taskSaid[id] = body
		return "ann comments " + name, true, err
	case 2:
		s.texts++
		s.taskEdits[t.ID] = fmt.Sprintf("Ann rewrote this: %d.", s.texts)
		return "ann rewrites " + name, true, s.jira.EditField("ann", t.Key, "description", s.taskEdits[t.ID])
	case 3:
		return "ann takes " + name, true, s.jira.Assign("ann", t.Key, "ann")
	case 4:
		for _, n := range t.about {
			s.taskTaken[n] = true
		}
		delete(s.taskEdits, t.ID)
		for _, c := range t.Comments {
			delete(s.taskSaid, c.ID)
		}
		return "ann deletes " + name, true, s.jira.Delete("ann", t.Key)
	case 5:
		return "ann labels " + name, true, s.jira.AddLabel("ann", t.Key, fmt.Sprintf("team-%d", s.rng.IntN(3)))
	}
	if t.closed {
		return "", false, nil
	}
	for _, n := range t.about {
		s.taskTaken[n] = true
	}
	s.taskClosed[t.ID] = len(t.Comments)
	return "ann closes " + name, true, s.jira.Transition("ann", t.Key, "Done", nil)
}

// tasksHold is what must hold of the tracker after every run.
func (s *story) tasksHold() error {
	all, err := s.tasks()
	if err != nil {
		return err
	}
	tokens, about := map[string]string{}, map[string]string{}
	said := map[int64]string{}
	for _, t := range all {
		for _, c := range t.Comments {
			said[c.ID] = strings.TrimSpace(c.Body.Wiki)
		}
		if want := s.taskEdits[t.ID]; want != "" && t.Description.Wiki != want {
			return fmt.Errorf("%s, rewritten by a person: %q, was %q", t.Key, t.Description.Wiki, want)
		}
		if n, ok := s.taskClosed[t.ID]; ok {
			if !t.closed {
				return fmt.Errorf("%s was closed by a person and is %s", t.Key, t.Status)
			}
			if by := slices.IndexFunc(t.Comments[min(n, len(t.Comments)):], func(c *jira.Comment) bool { return c.Author == bot }); by >= 0 {
				return fmt.Errorf("%s was closed by a person and commented afterwards", t.Key)
			}
		}
		for _, l := range t.Labels {
			if m := tokenLabel.FindStringSubmatch(l); m != nil && t.live {
				if other := tokens[m[1]]; other != "" {
					return fmt.Errorf("token %s has two issues: %s and %s", m[1], other, t.Key)
				}
				tokens[m[1]] = t.Key
			}
		}
		for _, n := range t.about {
			if s.standing[n] {
				return fmt.Errorf("%s is about %s, which was there before", t.Key, n)
			}
			if t.live && !t.closed && !t.edited {
				if other := about[n]; other != "" {
					return fmt.Errorf("%s is in two open issues: %s and %s", n, other, t.Key)
				}
				about[n] = t.Key
			}
		}
	}
	for id, want := range s.taskSaid {
		if said[id] != want {
			return fmt.Errorf("comment %d of a person on an issue: %q, was %q", id, said[id], want)
		}
	}
	return nil
}

// tasksAsWanted compares the open issues with those there should be when nothing is left to do.
func (s *story) tasksAsWanted() error {
	if s.jira == nil {
		return nil
	}
	all, err := s.tasks()
	if err != nil {
		return err
	}
	tip, err := s.problems(s.mains[len(s.mains)-1])
	if err != nil {
		return err
	}
	refused, err := s.refused(0)
	if err != nil {
		return err
	}
	open := map[string]int{}
	excused := map[string]bool{}
	for _, t := range all {
		for _, n := range t.about {
			f, there := tip[n]
			want := there && s.letThrough(f)
			switch {
			case t.edited || t.closed || t.worked:
				excused[n] = true
			case t.live && !want && !refused[n]:
				return fmt.Errorf("%s is in the open issue %s and should not be", n, t.Key)
			case t.live:
				open[n]++
			}
		}
	}
	for n, f := range tip {
		want := s.letThrough(f) && !s.standing[n]
		if want && open[n] != 1 && !excused[n] && !s.taskTaken[n] && !refused[n] {
			return fmt.Errorf("%s should be in one open issue and is in %d", n, open[n])
		}
	}
	return nil
}
