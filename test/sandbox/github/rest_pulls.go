package github

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// Where GitHub stops: a whole diff above these is refused, the list of files is cut.
const (
	maxDiffFiles = 300
	maxDiffLines = 20_000
	maxFiles     = 3000
)

// listPulls knows state, head, base and direction; newest first.
func listPulls(c *call) (any, error) {
	query := c.r.URL.Query()
	state := query.Get("state")
	if state == "" {
		state = "open"
	}
	var list []*PullRequest
	for _, p := range slices.Backward(c.repo.PullRequests) {
		if state != "all" && p.State != state || query.Get("base") != "" && query.Get("base") != p.Base ||
			query.Get("head") != "" && trimOwner(query.Get("head")) != p.Head {
			continue
		}
		if err := c.s.refresh(c.repo, p); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if query.Get("direction") == "asc" {
		slices.Reverse(list)
	}
	return render(page(c, list), c.simplePull), nil
}

func getPull(c *call) (any, error) {
	p := c.pull
	if accept := c.r.Header.Get("Accept"); strings.Contains(accept, ".diff") {
		return c.rawDiff()
	}
	files, err := c.s.files(c.repo, p)
	if err != nil {
		return nil, err
	}
	commits, err := c.s.repo(c.repo).Between(p.MergeBase, p.HeadSHA)
	if err != nil {
		return nil, err
	}
	o := c.simplePull(p)
	added, removed := 0, 0
	for _, f := range files {
		added, removed = added+f.Added, removed+f.Removed
	}
	visible := 0
	for _, m := range p.ReviewComments {
		if !p.pending(m) {
			visible++
		}
	}
	o["additions"], o["deletions"], o["changed_files"], o["commits"] = added, removed, len(files), len(commits)
	o["comments"], o["review_comments"], o["maintainer_can_modify"] = len(p.Comments), visible, false
	o["merged"], o["merged_by"], o["mergeable"], o["mergeable_state"], o["rebaseable"] = p.MergedBy != "", nil, nil, "unknown", nil
	if p.MergedBy != "" {
		o["merged_by"] = c.user(p.MergedBy)
	}
	if p.State == "open" {
		o["mergeable"], o["mergeable_state"] = p.MergeCommit != "", "clean"
		switch {
		case p.MergeCommit == "":
			o["mergeable_state"] = "dirty"
		case p.Draft:
			o["mergeable_state"] = "draft"
		}
	}
	return o, nil
}

// rawDiff is the whole diff as text, refused where it is too large.
func (c *call) rawDiff() (any, error) {
	files, err := c.s.files(c.repo, c.pull)
	if err != nil {
		return nil, err
	}
	lines := 0
	for _, f := range files {
		lines += f.Added + f.Removed
	}
	tooLarge := func(message string) error {
		return &refusal{status: http.StatusNotAcceptable, message: message, errors: []any{
			object{"resource": "PullRequest", "field": "diff", "code": "too_large"}}}
	}
	if len(files) > maxDiffFiles {
		return nil, tooLarge("Sorry, the diff exceeded the maximum number of files (300). Consider using 'List pull requests files' API or locally cloning the repository instead.")
	}
	if lines > maxDiffLines {
		return nil, tooLarge("Sorry, the diff exceeded the maximum number of lines (20000)")
	}
	text, err := c.s.repo(c.repo).RawDiff(c.pull.MergeBase, c.pull.HeadSHA, 3)
	return answer{status: http.StatusOK, body: text, as: "application/vnd.github.diff; charset=utf-8"}, err
}

func listFiles(c *call) (any, error) {
	files, err := c.s.files(c.repo, c.pull)
	if err != nil {
		return nil, err
	}
	files = files[:min(maxFiles, len(files))]
	return render(page(c, files), func(f gitrepo.File) object { return c.file(f, c.pull.HeadSHA) }), nil
}
