package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// sight is what people see of one pull request: no hashes, no positions, nothing that a push moves by itself.
type sight struct {
	Reviews  int
	Mails    int
	Comments []comment // on lines, in the order in which they were made
	Summary  []string  // comments on the pull request as a whole
}

type comment struct {
	ID       int64
	Author   string
	Body     string
	Place    string // path:line, as of the commit it was made on
	Reply    bool
	Resolved bool
}

// look asks the sandbox, not Sluice, what stands on a pull request.
func (s *story) look(number int) (sight, error) {
	world, err := s.sandbox.World()
	if err != nil {
		return sight{}, err
	}
	p := world.Repository(repository).PullRequest(number)
	var v sight
	for _, r := range p.Reviews {
		if !r.Single {
			v.Reviews++
		}
	}
	for _, c := range p.ReviewComments {
		if r := p.Review(c.Review); r != nil && r.State == github.Pending {
			continue
		}
		t := p.Thread(c.ID)
		v.Comments = append(v.Comments, comment{ID: c.ID, Author: c.Author, Body: c.Body, Reply: c.ReplyTo != 0,
			Place: fmt.Sprintf("%s:%d", c.Path, c.OriginalLine), Resolved: t != nil && t.Resolved})
	}
	for _, c := range p.Comments {
		v.Summary = append(v.Summary, c.Body)
	}
	for _, m := range world.Mails {
		if m.Repository == repository && m.Number == number {
			v.Mails++
		}
	}
	return v, nil
}

// savePages keeps what a browser shows of each pull request, for when the demo is over.
func (s *story) savePages(chapter string) error {
	dir := filepath.Join(s.dir, "pages", chapter)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range proposals {
		page, err := s.fetch(s.page(p.number))
		if err != nil {
			return fmt.Errorf("save the page of #%d: %w", p.number, err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("pull-%d.html", p.number)), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) fetch(address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(response.Body)
}

// lookAll sees every pull request of the story.
func (s *story) lookAll() (map[int]sight, error) {
	all := map[int]sight{}
	for _, p := range proposals {
		v, err := s.look(p.number)
		if err != nil {
			return nil, err
		}
		all[p.number] = v
	}
	return all, nil
}

// about returns the comment that names a rule, or a zero one.
func (v sight) about(rule string) comment {
	for _, c := range v.Comments {
		if !c.Reply && strings.Contains(c.Body, rule) {
			return c
		}
	}
	return comment{}
}

// says tells how a comment starts.
func (c comment) says(start string) bool { return strings.HasPrefix(c.Body, start) }

// says tells whether any text on any pull request has this in it.
func says(all map[int]sight, text string) bool {
	for _, v := range all {
		for _, c := range v.Comments {
			if strings.Contains(c.Body, text) {
				return true
			}
		}
		for _, body := range v.Summary {
			if strings.Contains(body, text) {
				return true
			}
		}
	}
	return false
}
