package github

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// checkName is what the check is called in pull requests and in the rules of
// branches that require it.
const checkName = "Sluice"

// batch is how many annotations GitHub takes in one request:
// https://docs.github.com/en/rest/checks/runs#create-a-check-run
const batch = 50

// checkRun is a check run as GitHub tells it.
type checkRun struct {
	ID         int64  `json:"id"`
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	HTMLURL    string `json:"html_url"`
	Conclusion string `json:"conclusion"`
	Output     struct {
		Title            string `json:"title"`
		Summary          string `json:"summary"`
		AnnotationsCount int    `json:"annotations_count"`
	} `json:"output"`
}

// checkRequest creates a check run or changes one.
type checkRequest struct {
	Name       string      `json:"name,omitempty"`
	HeadSHA    string      `json:"head_sha,omitempty"`
	ExternalID string      `json:"external_id,omitempty"`
	Status     string      `json:"status"`
	Conclusion string      `json:"conclusion"`
	Output     checkOutput `json:"output"`
}

type checkOutput struct {
	Title       string       `json:"title"`
	Summary     string       `json:"summary"`
	Annotations []annotation `json:"annotations,omitempty"`
}

type annotation struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	EndLine   int    `json:"end_line"`
	Level     string `json:"annotation_level"`
	Title     string `json:"title"`
	Message   string `json:"message"`
}

func annotationsOf(c promoter.Check) []annotation {
	out := make([]annotation, len(c.Annotations))
	for i, a := range c.Annotations {
		out[i] = annotation{a.Path, a.StartLine, a.EndLine, "failure", a.Title, a.Message}
	}
	return out
}

func requestOf(c promoter.Check, some []annotation) checkRequest {
	return checkRequest{
		Status: "completed", Conclusion: string(c.Conclusion),
		Output: checkOutput{Title: c.Title, Summary: c.Summary, Annotations: some[:min(batch, len(some))]},
	}
}

// check creates a check run that is completed at once, so that none is ever
// left waiting, and adds the annotations that do not fit into one request. One
// that is there already, from an attempt nobody heard back from, is taken on.
func (t *target) check(ctx context.Context) (promoter.Observed, error) {
	n := t.effect.Notices[0]
	want, err := promoter.ParseCheck(n.Body)
	if err != nil {
		return promoter.Observed{}, &promoter.RefusedError{Why: err.Error()}
	}
	run, found, err := t.runByToken(ctx)
	if err != nil {
		return promoter.Observed{}, err
	}
	if found {
		return t.editRun(ctx, n, run, want)
	}
	all := annotationsOf(want)
	request := requestOf(want, all)
	request.Name, request.HeadSHA, request.ExternalID = checkName, t.effect.Commit, t.effect.Token
	if err := t.client.Create(ctx, t.path("/check-runs"), request, &run); err != nil {
		return promoter.Observed{}, onlyApps(err)
	}
	if err := t.annotate(ctx, run.ID, want, all[min(batch, len(all)):]); err != nil {
		return promoter.Observed{}, err
	}
	return observed(n, run), nil
}

// annotate adds annotations to a check run, by the batch. GitHub adds what a
// request brings and never takes one away.
func (t *target) annotate(ctx context.Context, id int64, want promoter.Check, rest []annotation) error {
	for len(rest) > 0 {
		if err := t.client.Edit(ctx, t.path("/check-runs/%d", id), requestOf(want, rest), nil); err != nil {
			// It is there, and says what it should: Find and the next attempt go on.
			return fmt.Errorf("%w: add annotations: %v", promoter.ErrUnknownOutcome, err)
		}
		rest = rest[min(batch, len(rest)):]
	}
	return nil
}

// editCheck changes what a check run says, by its id.
func (t *target) editCheck(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, error) {
	want, err := promoter.ParseCheck(n.Body)
	if err != nil || n.Remote.ID == 0 {
		return promoter.ObservedPost{}, &promoter.RefusedError{Why: fmt.Sprintf("notice %d has no check to change: %v", n.No, err)}
	}
	var run checkRun
	if _, err := t.client.Get(ctx, t.path("/check-runs/%d", n.Remote.ID), &run); err != nil {
		if isGone, err := t.isGone(ctx, t.repo, err); !isGone {
			return promoter.ObservedPost{}, err
		}
		return gone(n), nil
	}
	seen, err := t.editRun(ctx, n, run, want)
	if err != nil {
		return promoter.ObservedPost{}, err
	}
	return seen.Notices[0], nil
}

// editRun brings a check run in line with what it should say: with one request,
// unless it gets more than one batch of new annotations.
func (t *target) editRun(ctx context.Context, n promoter.Notice, run checkRun, want promoter.Check) (promoter.Observed, error) {
	missing := annotationsOf(want)
	if run.Output.AnnotationsCount > 0 && len(missing) > 0 {
		there, err := githubapi.All[annotation](ctx, t.client, t.path("/check-runs/%d/annotations?per_page=100", run.ID))
		if err != nil {
			return promoter.Observed{}, err
		}
		missing = slices.DeleteFunc(missing, func(a annotation) bool { return slices.Contains(there, a) })
	}
	if agrees(run, want) && len(missing) == 0 {
		return observed(n, run), nil
	}
	if err := t.client.Edit(ctx, t.path("/check-runs/%d", run.ID), requestOf(want, missing), nil); err != nil {
		return promoter.Observed{}, onlyApps(err)
	}
	if err := t.annotate(ctx, run.ID, want, missing[min(batch, len(missing)):]); err != nil {
		return promoter.Observed{}, err
	}
	return observed(n, run), nil
}

// findCheck looks for the effect's check run. One that lacks annotations, or
// says something else, is completed here: done again it would be a second one.
func (t *target) findCheck(ctx context.Context) (promoter.Observed, error) {
	n := t.effect.Notices[0]
	want, err := promoter.ParseCheck(n.Body)
	if err != nil {
		return promoter.Observed{}, err
	}
	return t.twice(ctx, func() (promoter.Observed, bool, error) {
		run, found, err := t.runByToken(ctx)
		if err != nil || !found {
			return promoter.Observed{}, err != nil, err
		}
		seen, err := t.editRun(ctx, n, run, want)
		return seen, true, err
	})
}

func (t *target) findEditCheck(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, bool, error) {
	want, err := promoter.ParseCheck(n.Body)
	if err != nil {
		return promoter.ObservedPost{}, false, err
	}
	var run checkRun
	if _, err := t.client.Get(ctx, t.path("/check-runs/%d", n.Remote.ID), &run); err != nil {
		if isGone, err := t.isGone(ctx, t.repo, err); !isGone {
			return promoter.ObservedPost{}, false, err
		}
		return gone(n), true, nil
	}
	return observed(n, run).Notices[0], agrees(run, want) && run.Output.AnnotationsCount >= len(want.Annotations), nil
}

// runByToken finds the check run of this effect on its commit.
func (t *target) runByToken(ctx context.Context) (checkRun, bool, error) {
	address := t.path("/commits/%s/check-runs?check_name=%s&filter=all&per_page=100", t.effect.Commit, checkName)
	for page := 1; ; page++ {
		var list struct {
			Total int        `json:"total_count"`
			Runs  []checkRun `json:"check_runs"`
		}
		if _, err := t.client.Get(ctx, fmt.Sprintf("%s&page=%d", address, page), &list); err != nil {
			return checkRun{}, false, err
		}
		for _, run := range list.Runs {
			if run.ExternalID == t.effect.Token {
				return run, true, nil
			}
		}
		if len(list.Runs) < 100 || page*100 >= list.Total {
			return checkRun{}, false, nil
		}
	}
}

// agrees tells whether a check run says what it should, but for annotations.
func agrees(run checkRun, want promoter.Check) bool {
	return run.Conclusion == string(want.Conclusion) && same(run.Output.Title, want.Title) && same(run.Output.Summary, want.Summary)
}

func observed(n promoter.Notice, run checkRun) promoter.Observed {
	remote := n.Remote
	remote.ID, remote.URL = run.ID, run.HTMLURL
	return promoter.Observed{Found: true, Notices: []promoter.ObservedPost{{No: n.No, Remote: remote, Posted: promoter.HashBody(n.Body)}}}
}

// onlyApps explains the refusal that every other kind of token meets.
func onlyApps(err error) error {
	if says(err, http.StatusForbidden, "") {
		return &promoter.RefusedError{
			Why:  fmt.Sprintf("GitHub does not let us write checks: %v", err),
			Mend: "only a GitHub App may: configure github.app, and give the App the permission checks: write",
		}
	}
	return err
}
