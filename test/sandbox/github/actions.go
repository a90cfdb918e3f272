package github

import (
	"fmt"
	"slices"
)

// What people do on the pages of a pull request. Comments are named by their id, which is unique in the server.

// find runs f on the pull request that has a comment; exactly one of the two comments is given.
func (s *Server) find(comment int64, f func(*Repository, *PullRequest, *ReviewComment, *IssueComment) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.world.Repositories {
		for _, p := range r.PullRequests {
			if m := p.comment(comment); m != nil {
				return f(r, p, m, nil)
			}
			if i := slices.IndexFunc(p.Comments, func(m *IssueComment) bool { return m.ID == comment }); i >= 0 {
				return f(r, p, nil, p.Comments[i])
			}
		}
	}
	return fmt.Errorf("comment %d: %w", comment, ErrUnknown)
}

// Reply answers a review comment in its thread and returns the reply's id.
func (s *Server) Reply(comment int64, login, body string) (id int64, err error) {
	err = s.find(comment, func(r *Repository, p *PullRequest, m *ReviewComment, _ *IssueComment) error {
		if m == nil || p.pending(m) {
			return fmt.Errorf("reply to %d: no visible review comment", comment)
		}
		s.addPerson(login)
		reply, err := s.newReply(r, p, comment, login, body)
		if err != nil {
			return fmt.Errorf("reply to %d: %w", comment, err)
		}
		id = reply.ID
		return nil
	})
	return id, err
}

// CommentOnPullRequest comments on the pull request as a whole and returns the comment's id.
func (s *Server) CommentOnPullRequest(repository string, number int, login, body string) (id int64, err error) {
	err = s.changePull(repository, number, func(r *Repository, p *PullRequest) error {
		s.addPerson(login)
		m, err := s.newIssueComment(r, p, login, body)
		if err != nil {
			return fmt.Errorf("comment on %s#%d: %w", repository, number, err)
		}
		id = m.ID
		return nil
	})
	return id, err
}

// React adds a reaction (+1, -1, laugh, confused, heart, hooray, rocket or eyes) to a comment of either kind. No mail.
func (s *Server) React(comment int64, login, content string) error {
	return s.find(comment, func(_ *Repository, _ *PullRequest, m *ReviewComment, i *IssueComment) error {
		s.addPerson(login)
		list := reactionsOf(m, i)
		if _, _, err := s.newReaction(list, login, content); err != nil {
			return fmt.Errorf("react to %d: %w", comment, err)
		}
		return nil
	})
}

// Unreact takes a reaction back, if it is there.
func (s *Server) Unreact(comment int64, login, content string) error {
	return s.find(comment, func(_ *Repository, _ *PullRequest, m *ReviewComment, i *IssueComment) error {
		list := reactionsOf(m, i)
		*list = slices.DeleteFunc(*list, func(r Reaction) bool { return equalFold(r.Login, login) && r.Content == content })
		return nil
	})
}

func reactionsOf(m *ReviewComment, i *IssueComment) *[]Reaction {
	if m != nil {
		return &m.Reactions
	}
	return &i.Reactions
}

// EditComment replaces the text of a comment of either kind, as somebody with write access can. No mail.
func (s *Server) EditComment(comment int64, body string) error {
	return s.find(comment, func(_ *Repository, _ *PullRequest, m *ReviewComment, i *IssueComment) error {
		if m != nil {
			m.Body, m.Edits, m.Updated = body, m.Edits+1, s.now()
			return nil
		}
		i.Body, i.Edits, i.Updated = body, i.Edits+1, s.now()
		return nil
	})
}

// DeleteComment removes a comment of either kind.
func (s *Server) DeleteComment(comment int64) error {
	return s.find(comment, func(_ *Repository, p *PullRequest, m *ReviewComment, i *IssueComment) error {
		p.remove(func(o *ReviewComment) bool { return o == m })
		p.Comments = slices.DeleteFunc(p.Comments, func(o *IssueComment) bool { return o == i })
		return nil
	})
}

// ResolveThread resolves the thread of a comment, or opens it again.
func (s *Server) ResolveThread(comment int64, login string, resolved bool) error {
	return s.find(comment, func(_ *Repository, p *PullRequest, _ *ReviewComment, _ *IssueComment) error {
		t := p.Thread(comment)
		if t == nil {
			return fmt.Errorf("resolve %d: no review comment", comment)
		}
		t.resolve(login, resolved)
		return nil
	})
}

func (t *Thread) resolve(login string, resolved bool) {
	t.Resolved, t.ResolvedBy = resolved, login
	if !resolved {
		t.ResolvedBy = ""
	}
}
