package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// CheckRun is one check run on a commit: https://docs.github.com/en/rest/checks/runs
type CheckRun struct {
	ID          int64             `json:"id"`
	Name        string            `json:"name"`
	HeadSHA     string            `json:"head_sha"`
	ExternalID  string            `json:"external_id"`
	Status      string            `json:"status"`
	Conclusion  string            `json:"conclusion"`
	Title       string            `json:"title"`
	Summary     string            `json:"summary"`
	Annotations []CheckAnnotation `json:"annotations"`
	Author      string            `json:"author"` // the App's account
	Started     time.Time         `json:"started"`
	Completed   time.Time         `json:"completed"`
}

// CheckAnnotation is a remark on lines of the commit.
type CheckAnnotation struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	EndLine   int    `json:"end_line"`
	Level     string `json:"annotation_level"`
	Title     string `json:"title"`
	Message   string `json:"message"`
}

const (
	maxAnnotations = 50 // in one request
	maxSummary     = 65535
)

var (
	readChecks  = []need{{"checks", "read"}}
	writeChecks = []need{{"checks", "write"}}
)

func checkRoutes() []route {
	const repo = "/repos/{owner}/{repo}"
	const run = repo + "/check-runs/{check_run_id}"
	return []route{
		{method: "POST", pattern: repo + "/check-runs", answer: createCheckRun, needs: writeChecks, content: true},
		{method: "GET", pattern: run, answer: getCheckRun, needs: readChecks},
		{method: "PATCH", pattern: run, answer: updateCheckRun, needs: writeChecks},
		{method: "GET", pattern: run + "/annotations", answer: listAnnotations, needs: readChecks},
		{method: "GET", pattern: repo + "/commits/{ref}/check-runs", answer: listCheckRuns, needs: readChecks},
		{method: "GET", pattern: repo + "/git/matching-refs/{ref}", answer: matchingRefs, needs: readContents},
	}
}

// checkInput is what a request may say of a check run; nil: nothing.
type checkInput struct {
	Name       *string `json:"name"`
	HeadSHA    *string `json:"head_sha"`
	ExternalID *string `json:"external_id"`
	Status     *string `json:"status"`
	Conclusion *string `json:"conclusion"`
	Output     *struct {
		Title       *string           `json:"title"`
		Summary     *string           `json:"summary"`
		Annotations []CheckAnnotation `json:"annotations"`
	} `json:"output"`
}

func createCheckRun(c *call) (any, error) {
	if err := c.onlyApps(); err != nil {
		return nil, err
	}
	var in checkInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Name == nil || in.HeadSHA == nil {
		return nil, unprocessable("Invalid request.\n\n\"name\", \"head_sha\" weren't supplied.")
	}
	if _, err := c.s.repo(c.repo).Commit(*in.HeadSHA); err != nil {
		return nil, unprocessable("No commit found for SHA: " + *in.HeadSHA)
	}
	run := &CheckRun{ID: c.s.nextID(), Author: c.login(), Status: "queued", Started: c.s.now()}
	if err := run.take(in, c.s.now()); err != nil {
		return nil, err
	}
	c.repo.CheckRuns = append(c.repo.CheckRuns, run)
	return answer{status: http.StatusCreated, body: c.checkRun(run)}, nil
}

func updateCheckRun(c *call) (any, error) {
	if err := c.onlyApps(); err != nil {
		return nil, err
	}
	run, err := c.findCheckRun()
	if err != nil {
		return nil, err
	}
	var in checkInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !equalFold(run.Author, c.login()) {
		return nil, &refusal{status: http.StatusForbidden, message: "Invalid app_id - check run can only be modified by the GitHub App that created it."}
	}
	if err := run.take(in, c.s.now()); err != nil {
		return nil, err
	}
	return c.checkRun(run), nil
}

// onlyApps: no other kind of token may write checks.
func (c *call) onlyApps() error {
	if c.token == nil || !c.token.App {
		return &refusal{status: http.StatusForbidden, message: "You must authenticate via a GitHub App."}
	}
	return nil
}

// take changes what a request says. Annotations are added to those there.
func (run *CheckRun) take(in checkInput, now time.Time) error {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	if in.Output != nil {
		switch {
		case len(in.Output.Annotations) > maxAnnotations:
			return unprocessable(fmt.Sprintf("Invalid request.\n\nNo more than %d items are allowed; %d were supplied.", maxAnnotations, len(in.Output.Annotations)))
		case in.Output.Summary == nil:
			return unprocessable("Invalid request.\n\n\"summary\" wasn't supplied.")
		case len(*in.Output.Summary) > maxSummary:
			return unprocessable("Invalid request.\n\nOnly 65535 characters are allowed.")
		}
		for _, a := range in.Output.Annotations {
			if a.Path == "" || a.StartLine < 1 || a.EndLine < a.StartLine || a.Message == "" || !slices.Contains([]string{"notice", "warning", "failure"}, a.Level) {
				return unprocessable("Invalid request.\n\nAn annotation is not valid.")
			}
		}
		set(&run.Title, in.Output.Title)
		set(&run.Summary, in.Output.Summary)
		run.Annotations = append(run.Annotations, in.Output.Annotations...)
	}
	if in.Status != nil && *in.Status == "completed" && in.Conclusion == nil {
		return unprocessable("Invalid request.\n\n\"conclusion\" wasn't supplied.")
	}
	set(&run.Name, in.Name)
	set(&run.HeadSHA, in.HeadSHA)
	set(&run.ExternalID, in.ExternalID)
	set(&run.Status, in.Status)
	set(&run.Conclusion, in.Conclusion)
	if run.Conclusion != "" {
		run.Status, run.Completed = "completed", now
	}
	return nil
}

func (c *call) findCheckRun() (*CheckRun, error) {
	for _, run := range c.repo.CheckRuns {
		if run.ID == c.id("check_run_id") {
			return run, nil
		}
	}
	return nil, notFound()
}

func getCheckRun(c *call) (any, error) {
	run, err := c.findCheckRun()
	if err != nil {
		return nil, err
	}
	return c.checkRun(run), nil
}

func listCheckRuns(c *call) (any, error) {
	hash, err := c.resolve(c.params["ref"])
	if err != nil {
		return nil, err
	}
	query := c.r.URL.Query()
	var found []*CheckRun
	for _, run := range slices.Backward(c.repo.CheckRuns) {
		if run.HeadSHA != hash || query.Get("check_name") != "" && query.Get("check_name") != run.Name {
			continue
		}
		if query.Get("filter") != "all" && slices.ContainsFunc(found, func(o *CheckRun) bool { return o.Name == run.Name && o.Author == run.Author }) {
			continue // the latest of each
		}
		found = append(found, run)
	}
	return object{"total_count": len(found), "check_runs": render(page(c, found), c.checkRun)}, nil
}

func listAnnotations(c *call) (any, error) {
	run, err := c.findCheckRun()
	if err != nil {
		return nil, err
	}
	return render(page(c, run.Annotations), func(a CheckAnnotation) object {
		return object{
			"path": a.Path, "start_line": a.StartLine, "end_line": a.EndLine, "start_column": nil, "end_column": nil, "annotation_level": a.Level,
			"title": orNil(a.Title), "message": a.Message, "raw_details": nil, "blob_href": c.repoURL(c.repo) + "/git/blobs/" + run.HeadSHA,
		}
	}), nil
}

func (c *call) checkRun(run *CheckRun) object {
	u := fmt.Sprintf("%s/check-runs/%d", c.repoURL(c.repo), run.ID)
	return object{
		"id": run.ID, "node_id": nodeID("CR", run.ID), "name": run.Name, "head_sha": run.HeadSHA, "external_id": run.ExternalID, "url": u,
		"html_url": fmt.Sprintf("%s/runs/%d", c.htmlURL(c.repo), run.ID), "details_url": nil, "status": run.Status, "conclusion": orNil(run.Conclusion),
		"started_at": stamp(run.Started), "completed_at": stamp(run.Completed), "check_suite": nil, "app": nil, "pull_requests": []any{},
		"output": object{"title": orNil(run.Title), "summary": orNil(run.Summary), "text": nil, "annotations_count": len(run.Annotations), "annotations_url": u + "/annotations"},
	}
}

// matchingRefs lists the references that begin so; none is an empty list.
func matchingRefs(c *call) (any, error) {
	branches, err := c.s.repo(c.repo).Branches()
	if err != nil {
		return nil, err
	}
	found := []object{}
	for _, branch := range branches {
		name := "refs/heads/" + branch
		if !strings.HasPrefix(name, "refs/"+c.params["ref"]) {
			continue
		}
		hash, err := c.s.repo(c.repo).Ref(name)
		if err != nil {
			return nil, err
		}
		found = append(found, object{"ref": name, "node_id": "REF_" + hash, "url": c.repoURL(c.repo) + "/git/" + escapePath(name),
			"object": object{"type": "commit", "sha": hash, "url": c.repoURL(c.repo) + "/git/commits/" + hash}})
	}
	return found, nil
}
