package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// explanation is all there is to say about one finding.
type explanation struct {
	findingView
	Contexts []contextView     `json:"contexts"`
	Moves    []promoter.Move   `json:"moves"` // of its cohort, newest first
	Notices  []noticeView      `json:"notices"`
	Answers  []verdictView     `json:"answers"` // that stand, newest first
	Pause    *promoter.Pause   `json:"pause"`
	inForce  map[string]string // revisions as files hold them now: policy, settings
}

// contextView is one decision with why it came out so.
type contextView struct {
	decisionView
	Bounds     []string          `json:"bounds"` // which of stage and threshold hold it back
	Exceptions []input.Exception `json:"exceptions"`
	Trace      []heldView        `json:"trace"` // the rules that hold for it now, by the policy in force
	Now        *nowView          `json:"now"`   // null: the policy in force still answers the same
}

// heldView is a rule that held.
type heldView struct {
	Rule  string `json:"rule"`
	Title string `json:"title"`
	File  string `json:"file"`
	Line  int    `json:"line"`
}

// nowView is what the policy in force would answer where that differs.
type nowView struct {
	Surfaces []string `json:"surfaces"`
	Reasons  []string `json:"reasons"`
	Error    string   `json:"error,omitempty"`
}

// noticeView is where it is shown or was.
type noticeView struct {
	PullRequest int    `json:"pull_request"`
	Surface     string `json:"surface"`
	State       string `json:"state"`
	Cause       string `json:"cause,omitempty"`
	Kept        string `json:"kept_because,omitempty"`
	URL         string `json:"url"`
}

func (p *program) explainCommand() *cobra.Command {
	var number int
	c := &cobra.Command{
		Use: "explain FINDING", Short: "why a finding is shown where it is, or is not", Args: takes("the FINDING (such as acme/shop:F12)"),
		Long:    "Says where a finding is, where it is shown or why it is not, which of stage and threshold\nkept it back, and what people answered. An answer counts from the next run on.",
		Example: "  sluice explain acme/shop:F12\n  sluice explain acme/shop:F12 --pull-request 7",
	}
	c.Flags().IntVar(&number, "pull-request", 0, "only as it is looked at in this pull request")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		repository, no, err := promoter.ParseFindingName(args[0])
		if err != nil {
			return usagef("%w", err)
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		snap, v, err := findFinding(ctx, s, repository, no)
		if err != nil {
			return err
		}
		e, err := p.explain(ctx, a, s, snap, v, number)
		if err != nil {
			return err
		}
		return p.show(e, e.write)
	})
	return c
}

// findFinding loads one finding with its repository.
func findFinding(ctx context.Context, s store.Store, repository string, no int64) (*store.Snapshot, findingView, error) {
	cohorts, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, findingView{}, err
	}
	var in *store.Snapshot
	err = eachRepository(ctx, s, repository, func(snap *store.Snapshot) (bool, error) { in = snap; return false, nil })
	if err != nil {
		return nil, findingView{}, err
	}
	if in == nil {
		return nil, findingView{}, unknownRepository(ctx, s, repository)
	}
	all := views(in, cohorts)
	i := slices.IndexFunc(all, func(v findingView) bool { return v.no == no })
	if i < 0 {
		return nil, findingView{}, usagef("%s has no finding F%d; its newest is F%d", repository, no, max(in.Next.Finding-1, 0))
	}
	return in, all[i], nil
}

func (p *program) explain(ctx context.Context, a *app.App, s store.Store, snap *store.Snapshot, v findingView, number int) (*explanation, error) {
	e := &explanation{findingView: v, Contexts: []contextView{}, Notices: []noticeView{}, Moves: []promoter.Move{}}
	law, err := a.Law(ctx, s)
	if err != nil {
		fmt.Fprintf(p.err, "the policy cannot be asked now, so its trace is missing: %v\n", err)
	} else {
		e.inForce = map[string]string{"policy": law.Engine.Revision(), "settings": law.Settings.Revision()}
	}
	for _, d := range v.Decisions {
		if number != 0 && d.PullRequest != number {
			continue
		}
		c := contextOf(d, v.Severity)
		if law != nil {
			if err := c.ask(ctx, law.Engine); err != nil {
				return nil, err
			}
		}
		e.Contexts = append(e.Contexts, c)
	}
	if len(e.Contexts) == 0 && number != 0 {
		return nil, usagef("nothing was decided about %s in pull request #%d", v.Name, number)
	}
	e.notices(snap, number)
	if e.Answers, err = listVerdicts(ctx, s, v.Name, "", false); err != nil {
		return nil, err
	}
	return e, e.ladder(ctx, s, a)
}

// contextOf reads a stored decision.
func contextOf(d decisionView, severity finding.Severity) contextView {
	c := contextView{decisionView: d, Bounds: bounds(d, severity), Exceptions: []input.Exception{}, Trace: []heldView{}}
	var doc input.Surface
	if json.Unmarshal(d.input, &doc) == nil && doc.Exceptions != nil {
		c.Exceptions = doc.Exceptions
	}
	return c
}

// bounds names which of stage and threshold keep a finding from engineers.
func bounds(d decisionView, severity finding.Severity) []string {
	out := []string{}
	if d.Stage < promoter.Advise {
		out = append(out, "stage")
	}
	if threshold, err := finding.ParseSeverity(d.Threshold); err == nil && severity < threshold {
		out = append(out, "threshold")
	}
	return out
}

// ask puts the stored question to the policy in force.
func (c *contextView) ask(ctx context.Context, engine *policy.Engine) error {
	var doc input.Surface
	if err := json.Unmarshal(c.input, &doc); err != nil {
		c.Now = &nowView{Surfaces: []string{}, Reasons: []string{}, Error: "the question that was stored cannot be read"}
		return nil
	}
	trace, err := engine.Explain(ctx, doc)
	if err != nil {
		return err
	}
	for _, h := range trace.Held {
		c.Trace = append(c.Trace, heldView(h))
	}
	got := trace.Result
	switch {
	case got.Outcome != policy.Decided:
		c.Now = &nowView{Surfaces: []string{}, Reasons: []string{}, Error: errors.Join(errors.New("the policy gives no answer"), got.Err).Error()}
	case !slices.Equal(got.Answer.Surfaces, c.Surfaces) || !slices.Equal(got.Answer.Reasons, c.Reasons):
		c.Now = &nowView{Surfaces: orEmpty(got.Answer.Surfaces), Reasons: orEmpty(got.Answer.Reasons)}
	}
	return nil
}

func (e *explanation) notices(snap *store.Snapshot, number int) {
	for _, n := range snap.Notices {
		if number != 0 && n.Target.PullRequest != number {
			continue
		}
		for _, i := range n.Items {
			if i.Finding != e.no {
				continue
			}
			v := noticeView{PullRequest: n.Target.PullRequest, Surface: string(n.Surface), State: string(n.State), Kept: i.Kept, URL: n.Remote.URL}
			if !i.Live() {
				v.State, v.Cause = "removed", string(i.Cause)
			}
			e.Notices = append(e.Notices, v)
		}
	}
}

// ladder adds how its cohort came to stand where it stands.
func (e *explanation) ladder(ctx context.Context, s store.Ladder, a *app.App) error {
	pause, err := s.Pause(ctx)
	if err != nil {
		return err
	}
	if pause.Active(a.Now()) {
		e.Pause = pause
	}
	cohorts, err := s.Cohorts(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cohorts, func(c promoter.Cohort) bool { return c.Key == e.Cohort })
	if i < 0 {
		return nil
	}
	moves, err := s.Moves(ctx, cohorts[i].ID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(moves, func(x, y promoter.Move) int { return y.At.Compare(x.At) })
	e.Moves = append(e.Moves, moves...)
	return nil
}
