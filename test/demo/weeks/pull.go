package weeks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// pull is a pull request of the story.
type pull struct {
	change
	number int
	week   int
	own    []source // what it adds
	open   bool
	fixed  bool
}

func (p *pull) name() string { return fmt.Sprintf("%s#%d", full(p.repo), p.number) }

func (p *pull) ref() string { return fmt.Sprintf("pr-%d", p.number) }

func (p *pull) branch() string { return p.author + "/" + p.kind + "-" + p.noun }

// open opens a pull request and has it scanned.
func (p *place) open(c change, week int) (*pull, error) {
	r := p.repos[c.repo]
	pr := &pull{change: c, week: week, open: true, own: []source{{repo: c.repo, kind: c.kind, noun: c.noun}}}
	if c.label {
		pr.own = append(pr.own, source{repo: c.repo, kind: label, noun: c.noun})
	}
	head, err := p.commit(r, pr.branch(), "main", c.author, c.title(), pr.own)
	if err != nil {
		return nil, err
	}
	pr.number, err = p.sandbox.OpenPullRequest(full(c.repo), github.NewPullRequest{Title: c.title(), Head: pr.branch(), Author: c.author})
	if err != nil {
		return nil, err
	}
	return pr, p.scan(r, pr.ref(), head, slices.Concat(r.main, pr.own))
}

// fix pushes the real problem's repair and has it scanned.
func (p *place) fix(pr *pull) error {
	r := p.repos[pr.repo]
	pr.own[0].fixed, pr.fixed = true, true
	head, err := p.commit(r, pr.branch(), "", pr.author, "As Sluice says", pr.own[:1])
	if err != nil {
		return err
	}
	return p.scan(r, pr.ref(), head, slices.Concat(r.main, pr.own))
}

// merge merges a pull request; main is scanned again.
func (p *place) merge(pr *pull) error {
	r := p.repos[pr.repo]
	if err := p.sandbox.MergePullRequest(full(pr.repo), pr.number, pr.author); err != nil {
		return err
	}
	pr.open, r.main = false, append(r.main, pr.own...)
	return p.scanMain(r)
}

// say gives an engineer's answer to a comment.
func (p *place) say(pr *pull, comment int64, a answer) (err error) {
	switch a {
	case nothing:
	case thumbsUp, thumbsDown:
		err = p.sandbox.React(comment, pr.author, string(a))
	default:
		_, err = p.sandbox.Reply(comment, pr.author, string(a))
	}
	return err
}

// sight is what stands on a pull request about one rule.
type sight struct {
	id       int64
	body     string
	resolved bool
	answers  int // replies
}

// look returns what stands on the pull requests, by the rule it is about.
func (p *place) look(pulls []*pull) (map[*pull]map[string]sight, error) {
	world, err := p.sandbox.World()
	if err != nil {
		return nil, err
	}
	all := map[*pull]map[string]sight{}
	for _, pr := range pulls {
		all[pr] = p.sights(world.Repository(full(pr.repo)).PullRequest(pr.number), pr)
	}
	return all, nil
}

func (p *place) sights(on *github.PullRequest, pr *pull) map[string]sight {
	out := map[string]sight{}
	for _, own := range pr.own {
		for _, c := range on.ReviewComments {
			if c.Path != own.path() {
				continue
			}
			rule := p.scanner.rules[own.kind]
			v := out[rule]
			if c.ReplyTo != 0 {
				v.answers++
			} else {
				v.id, v.body, v.resolved = c.ID, c.Body, on.Thread(c.ID).Resolved
			}
			out[rule] = v
		}
	}
	return out
}

// Ways a comment can stand: noise took it away, somebody's words kept it, it is fixed, none of these.
func (v sight) withdrawn() bool { return strings.HasPrefix(v.body, "Withdrawn: people answered") }
func (v sight) kept() bool      { return strings.HasPrefix(v.body, "*Kept, because somebody answered") }
func (v sight) marked() bool    { return strings.HasPrefix(v.body, "Fixed in ") }
func (v sight) stands() bool    { return v.id != 0 && !v.withdrawn() && !v.kept() && !v.marked() }
