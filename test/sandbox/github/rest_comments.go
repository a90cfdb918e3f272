package github

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

var noContent = answer{status: http.StatusNoContent}

// findComment finds a review comment the asker may see, with its pull request.
func (c *call) findComment() (*PullRequest, *ReviewComment, error) {
	for _, p := range c.repo.PullRequests {
		m := p.comment(c.id("comment_id"))
		if m == nil {
			continue
		}
		if v := p.Review(m.Review); v != nil && !c.visible(v) {
			break
		}
		return p, m, c.s.refresh(c.repo, p)
	}
	return nil, nil, notFound()
}

func (c *call) findIssueComment() (*PullRequest, *IssueComment, error) {
	for _, p := range c.repo.PullRequests {
		for _, m := range p.Comments {
			if m.ID == c.id("comment_id") {
				return p, m, nil
			}
		}
	}
	return nil, nil, notFound()
}

// placed is a review comment with its pull request.
type placed struct {
	p *PullRequest
	m *ReviewComment
}

func listComments(c *call) (any, error)           { return c.comments([]*PullRequest{c.pull}) }
func listRepositoryComments(c *call) (any, error) { return c.comments(c.repo.PullRequests) }

// comments lists what is submitted, sorted and cut as the query says.
func (c *call) comments(pulls []*PullRequest) (any, error) {
	query := c.r.URL.Query()
	since, _ := time.Parse(time.RFC3339, query.Get("since")) // unreadable: no bound, as at GitHub
	var list []placed
	for _, p := range pulls {
		if err := c.s.refresh(c.repo, p); err != nil {
			return nil, err
		}
		for _, m := range p.ReviewComments {
			if !p.pending(m) && !m.Updated.Before(since) {
				list = append(list, placed{p, m})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int {
		if query.Get("sort") == "updated" {
			return cmp.Or(a.m.Updated.Compare(b.m.Updated), cmp.Compare(a.m.ID, b.m.ID))
		}
		return cmp.Compare(a.m.ID, b.m.ID)
	})
	if query.Get("direction") == "desc" && query.Get("sort") != "" {
		slices.Reverse(list)
	}
	return render(page(c, list), func(x placed) object { return c.reviewComment(x.p, x.m) }), nil
}

// createComment makes a single comment: a review of its own, submitted at once. With in_reply_to it is a reply.
func createComment(c *call) (any, error) {
	var in struct {
		draft
		Commit  string `json:"commit_id"`
		ReplyTo int64  `json:"in_reply_to"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.ReplyTo != 0 {
		return c.reply(in.ReplyTo, in.Body)
	}
	if in.Commit == "" {
		return nil, invalid("PullRequestReviewComment", "commit_id", "commit_id is missing")
	}
	comments, err := c.s.newComments(c.repo, c.pull, c.login(), in.Commit, []draft{in.draft})
	if err != nil {
		if r, ok := err.(*refusal); ok && r.message == "Unprocessable Entity" {
			return nil, invalid("PullRequestReviewComment", "pull_request_review_thread.line", r.errors[0].(string))
		}
		return nil, err
	}
	v := &Review{ID: c.s.nextID(), Author: c.login(), State: Commented, Commit: in.Commit, Single: true}
	m := comments[0]
	m.ID = c.s.nextID()
	m.Review, m.Thread = v.ID, m.ID
	c.pull.Reviews = append(c.pull.Reviews, v)
	c.pull.ReviewComments = append(c.pull.ReviewComments, m)
	c.pull.Threads = append(c.pull.Threads, &Thread{First: m.ID, Node: nodeID("PRRT", m.ID)})
	c.s.publish(c.repo, c.pull, v)
	return answer{status: http.StatusCreated, body: c.reviewComment(c.pull, m)}, nil
}

func createReply(c *call) (any, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return c.reply(c.id("comment_id"), in.Body)
}

func (c *call) reply(to int64, body string) (any, error) {
	if m := c.pull.comment(to); m == nil || c.pull.pending(m) {
		return nil, notFound()
	}
	m, err := c.s.newReply(c.repo, c.pull, to, c.login(), body)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusCreated, body: c.reviewComment(c.pull, m)}, nil
}

func getComment(c *call) (any, error) {
	p, m, err := c.findComment()
	if err != nil {
		return nil, err
	}
	return c.reviewComment(p, m), nil
}

func editComment(c *call) (any, error) {
	p, m, err := c.findComment()
	if err != nil {
		return nil, err
	}
	body, err := c.newBody("PullRequestReviewComment", m.Author)
	if err != nil {
		return nil, err
	}
	m.Body, m.Updated, m.Edits = body, c.s.now(), m.Edits+1
	return c.reviewComment(p, m), nil
}

// newBody reads the body of an edit, if the asker may change what author wrote.
func (c *call) newBody(resource, author string) (string, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := c.decode(&in); err != nil {
		return "", err
	}
	if !c.canEdit(author) {
		return "", c.forbidden(nil)
	}
	if in.Body == "" {
		return "", invalid(resource, "body", "Body can't be blank")
	}
	return in.Body, bodyFits(resource, in.Body)
}

func deleteComment(c *call) (any, error) {
	p, m, err := c.findComment()
	if err != nil {
		return nil, err
	}
	if !c.canEdit(m.Author) {
		return nil, c.forbidden(nil)
	}
	p.remove(func(o *ReviewComment) bool { return o == m })
	return noContent, nil
}

func listIssueComments(c *call) (any, error) {
	since, _ := time.Parse(time.RFC3339, c.r.URL.Query().Get("since"))
	var list []*IssueComment
	for _, m := range c.pull.Comments {
		if !m.Updated.Before(since) {
			list = append(list, m)
		}
	}
	return render(page(c, list), func(m *IssueComment) object { return c.issueComment(c.pull, m) }), nil
}

func createIssueComment(c *call) (any, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m, err := c.s.newIssueComment(c.repo, c.pull, c.login(), in.Body)
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusCreated, body: c.issueComment(c.pull, m)}, nil
}

func getIssueComment(c *call) (any, error) {
	p, m, err := c.findIssueComment()
	if err != nil {
		return nil, err
	}
	return c.issueComment(p, m), nil
}

func editIssueComment(c *call) (any, error) {
	p, m, err := c.findIssueComment()
	if err != nil {
		return nil, err
	}
	body, err := c.newBody("IssueComment", m.Author)
	if err != nil {
		return nil, err
	}
	m.Body, m.Updated, m.Edits = body, c.s.now(), m.Edits+1
	return c.issueComment(p, m), nil
}

func deleteIssueComment(c *call) (any, error) {
	p, m, err := c.findIssueComment()
	if err != nil {
		return nil, err
	}
	if !c.canEdit(m.Author) {
		return nil, c.forbidden(nil)
	}
	p.Comments = slices.DeleteFunc(p.Comments, func(o *IssueComment) bool { return o == m })
	return noContent, nil
}

// reactions finds the list behind either kind of comment.
func (c *call) reactions() (*[]Reaction, error) {
	if _, m, err := c.findComment(); err == nil {
		return &m.Reactions, nil
	}
	_, m, err := c.findIssueComment()
	if err != nil {
		return nil, err
	}
	return &m.Reactions, nil
}

func listReactions(c *call) (any, error) {
	list, err := c.reactions()
	if err != nil {
		return nil, err
	}
	var chosen []Reaction
	for _, r := range *list {
		if want := c.r.URL.Query().Get("content"); want == "" || want == r.Content {
			chosen = append(chosen, r)
		}
	}
	return render(page(c, chosen), c.reaction), nil
}

func createReaction(c *call) (any, error) {
	list, err := c.reactions()
	if err != nil {
		return nil, err
	}
	var in struct {
		Content string `json:"content"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, added, err := c.s.newReaction(list, c.login(), in.Content)
	if err != nil {
		return nil, err
	}
	if !added {
		return c.reaction(r), nil
	}
	return answer{status: http.StatusCreated, body: c.reaction(r)}, nil
}
