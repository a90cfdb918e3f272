package simulation_test

import (
	"context"
	"fmt"
)

// Our comments in the hands of people. What they write is remembered: it must stay.

func (s *story) somePost(which func(post) bool) (post, bool) {
	w, err := s.sandbox.World()
	if err != nil {
		return post{}, false
	}
	var fit []post
	for _, p := range s.posts(&w) {
		if which(p) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return post{}, false
	}
	return fit[s.rng.IntN(len(fit))], true
}

func (s *story) rewrites() (string, bool, error) {
	p, ok := s.somePost(func(post) bool { return true })
	if !ok || s.injector.Late() > 0 { // an edit of ours may be on its way: the named gap
		return "", false, nil
	}
	unsettled, err := s.store.OpenEffects(context.Background())
	if err != nil {
		return "", false, err
	}
	s.texts++
	body := fmt.Sprintf("Ann was here: %d.", s.texts)
	if len(unsettled) > 0 || s.rng.IntN(2) == 0 { // without its marker a summary that nobody knows yet is not found again
		body = p.body + "\n\n" + body
	}
	s.edits[p.id] = edited{body, p.live}
	return fmt.Sprintf("ann edits comment %d about %v in #%d", p.id, p.about, p.pull.Number), true, s.sandbox.EditComment(p.id, body)
}

func (s *story) deletes() (string, bool, error) {
	p, ok := s.somePost(func(post) bool { return true })
	if !ok {
		return "", false, nil
	}
	unsettled, err := s.store.OpenEffects(context.Background())
	if err != nil {
		return "", false, err
	}
	if p.summary && len(unsettled) > 0 { // a summary that goes before anybody knows that it was posted is posted again: a named gap
		return "", false, nil
	}
	s.take(p)
	delete(s.edits, p.id)
	return fmt.Sprintf("ann deletes comment %d about %v in #%d", p.id, p.about, p.pull.Number), true, s.sandbox.DeleteComment(p.id)
}

func (s *story) replies() (string, bool, error) {
	p, ok := s.somePost(func(p post) bool { return !p.summary })
	if !ok {
		return "", false, nil
	}
	s.texts++
	body := fmt.Sprintf("Ann answers: %d.", s.texts)
	id, err := s.sandbox.Reply(p.id, "ann", body)
	s.said[id] = body
	return fmt.Sprintf("ann replies to %d about %v in #%d", p.id, p.about, p.pull.Number), true, err
}

func (s *story) resolves() (string, bool, error) {
	p, ok := s.somePost(func(p post) bool { return !p.summary })
	if !ok {
		return "", false, nil
	}
	to := s.rng.IntN(2) == 0
	s.threads[p.id] = true
	return fmt.Sprintf("ann resolves %d in #%d: %v", p.id, p.pull.Number, to), true, s.sandbox.ResolveThread(p.id, "ann", to)
}

func (s *story) commentsOnPull() (string, bool, error) {
	b := s.some()
	if b == nil {
		return "", false, nil
	}
	s.texts++
	body := fmt.Sprintf("Ann says: %d.", s.texts)
	if p, ok := s.somePost(func(post) bool { return true }); ok && s.rng.IntN(2) == 0 {
		body += "\n\n" + p.body // with our marker in it
	}
	id, err := s.sandbox.CommentOnPullRequest(s.full(), b.number, "ann", body)
	s.said[id] = body
	return fmt.Sprintf("ann comments on #%d", b.number), true, err
}

// take notes that people took a comment of ours away.
func (s *story) take(p post) {
	if s.taken[p.pull.Number] == nil {
		s.taken[p.pull.Number] = map[string]bool{}
	}
	for _, n := range p.about {
		s.taken[p.pull.Number][n] = true
	}
	if p.summary {
		s.taken[p.pull.Number][summary] = true
	}
}

// summary stands for the sticky comment among the problems.
const summary = "summary"
