package simulation_test

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// post is one comment of ours as the world shows it.
type post struct {
	pull    *github.PullRequest
	id      int64
	summary bool
	body    string
	about   []string // problems
	live    bool     // neither withdrawn nor marked as fixed
	edited  bool     // by a person
	kept    bool     // a person answered it
}

var (
	marker    = regexp.MustCompile(`<!-- sluice:1 [a-z]+ ([A-Za-z0-9_-]+) ([0-9]+) [0-9a-f]+ -->`)
	withdrawn = []string{"Fixed", "Withdrawn:", "This finding is shown elsewhere", "**Sluice:** nothing to list"}
)

// posts are all comments of ours that people can see.
func (s *story) posts(w *github.World) []post {
	var out []post
	for _, p := range w.Repositories[0].PullRequests {
		for _, c := range p.ReviewComments {
			if r := p.Review(c.Review); c.Author == bot && r != nil && r.State != github.Pending {
				answered := slices.ContainsFunc(p.ReviewComments, func(o *github.ReviewComment) bool { return o.ReplyTo == c.ID && o.Author != bot })
				out = append(out, s.post(post{pull: p, id: c.ID, body: c.Body, kept: answered}))
			}
		}
		for _, c := range p.Comments {
			if c.Author == bot {
				out = append(out, s.post(post{pull: p, id: c.ID, body: c.Body, summary: true}))
			}
		}
	}
	return out
}

func (s *story) post(p post) post {
	if e, ok := s.edits[p.id]; ok { // what it said before somebody rewrote it
		p.edited, p.about, p.live = true, s.about[p.id], e.live
		return p
	}
	p.about = slices.Compact(slices.Sorted(slices.Values(problem.FindAllString(p.body, -1))))
	p.live = !slices.ContainsFunc(withdrawn, func(prefix string) bool { return strings.HasPrefix(p.body, prefix) }) ||
		strings.Contains(p.body, "*Kept, because somebody ")
	if p.live || s.about[p.id] == nil {
		s.about[p.id] = p.about
	}
	return p
}
