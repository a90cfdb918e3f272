package github

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-sec/sluice/test/sandbox/github/patch"
)

// maxBody is GitHub's limit for a body, in characters.
const maxBody = 65_536

// draft is a comment of a review that is to be made.
type draft struct {
	Path      string `json:"path"`
	Body      string `json:"body"`
	Side      string `json:"side"`
	StartSide string `json:"start_side"`
	Line      int    `json:"line"`
	StartLine int    `json:"start_line"`
	Position  int    `json:"position"`
}

// newReview adds a review with its comments, all or nothing. An empty event leaves it pending.
func (s *Server) newReview(r *Repository, p *PullRequest, login, commit, body, event string, drafts []draft) (*Review, error) {
	if err := bodyFits("PullRequestReview", body); err != nil {
		return nil, err
	}
	state, err := Pending, error(nil)
	if event != "" {
		if state, err = stateOf(event, body, p, login); err != nil {
			return nil, err
		}
	} else if slices.ContainsFunc(p.Reviews, func(o *Review) bool { return o.State == Pending && equalFold(o.Author, login) }) {
		return nil, unprocessable("User can only have one pending review per pull request")
	}
	if commit == "" {
		commit = p.HeadSHA
	}
	comments, err := s.newComments(r, p, login, commit, drafts)
	if err != nil {
		return nil, err
	}
	review := &Review{ID: s.nextID(), Author: login, State: state, Body: body, Commit: commit}
	p.Reviews = append(p.Reviews, review)
	for _, c := range comments {
		c.ID = s.nextID()
		c.Review, c.Thread = review.ID, c.ID
		p.ReviewComments = append(p.ReviewComments, c)
		p.Threads = append(p.Threads, &Thread{First: c.ID, Node: nodeID("PRRT", c.ID)})
	}
	if event != "" {
		s.publish(r, p, review)
	}
	return review, nil
}

// stateOf is the state an event leads to.
func stateOf(event, body string, p *PullRequest, login string) (string, error) {
	switch event {
	case "":
		return "", unprocessable("Event is missing: APPROVE, REQUEST_CHANGES or COMMENT")
	case "COMMENT":
		if body == "" {
			return "", unprocessable("Body can't be blank")
		}
		return Commented, nil
	case "REQUEST_CHANGES":
		if body == "" {
			return "", unprocessable("Body can't be blank")
		}
		if equalFold(p.Author, login) {
			return "", unprocessable("Can not request changes on your own pull request")
		}
		return ChangesRequested, nil
	case "APPROVE":
		if equalFold(p.Author, login) {
			return "", unprocessable("Can not approve your own pull request")
		}
		return Approved, nil
	}
	return "", unprocessable(fmt.Sprintf("Variable $event of type PullRequestReviewEvent was provided invalid value %q", event))
}

// publish makes a review visible and sends its one mail.
func (s *Server) publish(r *Repository, p *PullRequest, review *Review) {
	review.Submitted = s.now()
	n := 0
	for _, c := range p.ReviewComments {
		if c.Review == review.ID {
			n++
			c.Created, c.Updated = review.Submitted, review.Submitted
		}
	}
	p.Updated = s.now()
	s.mail(r, p, Mail{Kind: "review", From: review.Author, ID: review.ID, Comments: n})
}

func (s *Server) mail(r *Repository, p *PullRequest, m Mail) {
	m.At, m.Repository, m.Number = s.now(), r.FullName(), p.Number
	s.world.Mails = append(s.world.Mails, m)
}

// newComments checks every draft against the diff of the commit before any is kept.
func (s *Server) newComments(r *Repository, p *PullRequest, login, commit string, drafts []draft) ([]*ReviewComment, error) {
	if len(drafts) == 0 {
		return nil, s.knowsCommit(r, commit)
	}
	if err := s.knowsCommit(r, commit); err != nil {
		return nil, err
	}
	base, err := s.repo(r).MergeBase(p.BaseSHA, commit)
	if err != nil {
		return nil, unprocessable("Commit is not part of the pull request")
	}
	files, err := s.diff(r, base, commit)
	if err != nil {
		return nil, err
	}
	var comments []*ReviewComment
	var problems []string
	for _, d := range drafts {
		if strings.TrimSpace(d.Body) == "" {
			problems = append(problems, "Body can't be blank")
			continue
		}
		if err := bodyFits("PullRequestReview", d.Body); err != nil {
			return nil, err
		}
		t, err := d.target()
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		excerpt, position, err := locateLine(files, t)
		if slices.Contains(p.Barred, barred(commit, d.Path, t.line)) {
			err = errLine
		}
		if outside := sentence(""); errors.As(err, &outside) {
			problems = append(problems, string(outside))
			continue
		}
		if err != nil {
			return nil, err
		}
		c := &ReviewComment{Author: login, Body: d.Body, Path: d.Path, Side: t.side, StartSide: t.startSide,
			OriginalLine: t.line, OriginalStartLine: t.startLine, OriginalPosition: position, DiffHunk: excerpt,
			Commit: commit, OriginalCommit: commit, OriginalBase: base, Created: s.now(), Updated: s.now()}
		if err := s.place(r, p, c); err != nil {
			return nil, err
		}
		comments = append(comments, c)
	}
	if problems != nil {
		slices.Sort(problems)
		return nil, unprocessable(slices.Compact(problems)...)
	}
	return comments, nil
}

func (s *Server) knowsCommit(r *Repository, commit string) error {
	if _, err := s.repo(r).Commit(commit); err != nil || len(commit) != 40 {
		return unprocessable("The commit_id is not part of the pull request")
	}
	return nil
}

// target fills what the draft leaves out, as GitHub does.
func (d draft) target() (target, error) {
	t := target{path: d.Path, side: d.Side, startSide: d.StartSide, line: d.Line, startLine: d.StartLine}
	if t.side == "" {
		t.side = string(patch.Right)
	}
	if t.startLine != 0 && t.startSide == "" {
		t.startSide = t.side
	}
	if t.startLine == 0 {
		t.startSide = ""
	}
	for _, side := range []string{t.side, t.startSide} {
		if side != "" && side != string(patch.Left) && side != string(patch.Right) {
			return t, sentence(fmt.Sprintf("Side %q is neither LEFT nor RIGHT", side))
		}
	}
	if d.Position != 0 {
		return t, sentence("The sandbox takes line, not position, which is closing down")
	}
	return t, nil
}

// bodyFits refuses what is longer than GitHub takes.
func bodyFits(resource, body string) error {
	if utf8.RuneCountInString(body) <= maxBody {
		return nil
	}
	const message = "Body is too long (maximum is 65536 characters)"
	if resource == "PullRequestReview" {
		return unprocessable(message)
	}
	return &refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed", errors: []any{object{
		"resource": resource, "code": "unprocessable", "field": "data", "message": message}}}
}

// newReply adds a comment to a thread, with a review of its own, and sends a mail.
func (s *Server) newReply(r *Repository, p *PullRequest, to int64, login, body string) (*ReviewComment, error) {
	thread := p.Thread(to)
	if thread == nil {
		return nil, notFound()
	}
	if strings.TrimSpace(body) == "" {
		return nil, invalid("PullRequestReviewComment", "body", "Body can't be blank")
	}
	if err := bodyFits("PullRequestReviewComment", body); err != nil {
		return nil, err
	}
	first := p.comment(to) // any comment of the thread knows where it stands
	review := &Review{ID: s.nextID(), Author: login, State: Commented, Commit: p.HeadSHA, Single: true, Submitted: s.now()}
	c := *first
	c.ID, c.Review, c.ReplyTo, c.Author, c.Body = s.nextID(), review.ID, thread.First, login, body
	c.Reactions, c.Minimized, c.Edits, c.Created, c.Updated = nil, "", 0, s.now(), s.now()
	p.Reviews = append(p.Reviews, review)
	p.ReviewComments = append(p.ReviewComments, &c)
	p.Updated = s.now()
	s.mail(r, p, Mail{Kind: "reply", From: login, ID: c.ID, Comments: 1})
	return &c, nil
}

// newIssueComment adds a comment on the pull request as a whole and sends a mail.
func (s *Server) newIssueComment(r *Repository, p *PullRequest, login, body string) (*IssueComment, error) {
	if strings.TrimSpace(body) == "" {
		return nil, invalid("IssueComment", "body", "Body can't be blank")
	}
	if err := bodyFits("IssueComment", body); err != nil {
		return nil, err
	}
	c := &IssueComment{ID: s.nextID(), Author: login, Body: body, Created: s.now(), Updated: s.now()}
	p.Comments = append(p.Comments, c)
	p.Updated = s.now()
	s.mail(r, p, Mail{Kind: "comment", From: login, ID: c.ID, Comments: 1})
	return c, nil
}

// newReaction adds a reaction; the same one of the same person is kept as it is.
func (s *Server) newReaction(list *[]Reaction, login, content string) (reaction Reaction, added bool, err error) {
	if !slices.Contains(reactionNames, content) {
		return Reaction{}, false, invalid("Reaction", "content", fmt.Sprintf("%q is no reaction", content))
	}
	for _, r := range *list {
		if equalFold(r.Login, login) && r.Content == content {
			return r, false, nil
		}
	}
	reaction = Reaction{ID: s.nextID(), Login: login, Content: content, Created: s.now()}
	*list = append(*list, reaction)
	return reaction, true, nil
}

var reactionNames = []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}

// comment finds a comment by id, or returns nil.
func (p *PullRequest) comment(id int64) *ReviewComment {
	for _, c := range p.ReviewComments {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// remove takes comments out. A thread stays while it has a comment; its first comment's id stays its name.
func (p *PullRequest) remove(gone func(*ReviewComment) bool) {
	p.ReviewComments = slices.DeleteFunc(p.ReviewComments, gone)
	p.Threads = slices.DeleteFunc(p.Threads, func(t *Thread) bool {
		return !slices.ContainsFunc(p.ReviewComments, func(c *ReviewComment) bool { return c.Thread == t.First })
	})
}
