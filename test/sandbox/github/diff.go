package github

import (
	"errors"
	"fmt"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
	"github.com/sluice-sec/sluice/test/sandbox/github/patch"
)

// webFlow is who merges on behalf of people.
var webFlow = gitrepo.Identity{Name: "GitHub", Mail: "noreply@sandbox.invalid"}

// maxPatchBytes is where GitHub stops showing a file's diff, besides the number of lines.
const maxPatchBytes = 500 << 10

// refresh brings an open pull request up to what the git repository says now: hashes, refs/pull/N/head and merge, and
// where each comment stands. A head branch that is gone leaves the pull request as it was.
func (s *Server) refresh(r *Repository, p *PullRequest) error {
	if p.State != "open" {
		return nil
	}
	git := s.repo(r)
	head, err := git.Ref("refs/heads/" + p.Head)
	if err != nil {
		return nil // the branch was deleted
	}
	base, err := git.Ref("refs/heads/" + p.Base)
	if err != nil {
		return nil // likewise
	}
	if head == p.HeadSHA && base == p.BaseSHA {
		return nil
	}
	if p.MergeBase, err = git.MergeBase(base, head); err != nil {
		return err
	}
	if p.HeadSHA != "" && head != p.HeadSHA {
		p.Updated = s.now()
	}
	p.HeadSHA, p.BaseSHA = head, base
	if err := git.SetRef(fmt.Sprintf("refs/pull/%d/head", p.Number), head); err != nil {
		return err
	}
	if err := s.tryMerge(git, p); err != nil {
		return err
	}
	for _, c := range p.ReviewComments {
		if err := s.place(r, p, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) tryMerge(git *gitrepo.Repository, p *PullRequest) error {
	hash, ok, err := git.Merge(p.BaseSHA, p.HeadSHA, "Merge "+p.HeadSHA+" into "+p.BaseSHA, webFlow)
	if err != nil || !ok {
		p.MergeCommit = ""
		return err
	}
	p.MergeCommit = hash
	return git.SetRef(fmt.Sprintf("refs/pull/%d/merge", p.Number), hash)
}

// files is the pull request's own diff: from the merge base to the head.
func (s *Server) files(r *Repository, p *PullRequest) ([]gitrepo.File, error) {
	return s.diff(r, p.MergeBase, p.HeadSHA)
}

// diff is a comparison as GitHub shows it: a patch that is too large is left out.
func (s *Server) diff(r *Repository, from, to string) ([]gitrepo.File, error) {
	files, err := s.repo(r).Diff(from, to, 3)
	if err != nil {
		return nil, err
	}
	for i := range files {
		if files[i].Added+files[i].Removed > s.opt.MaxPatchLines || len(files[i].Patch) > maxPatchBytes {
			files[i].Patch = ""
		}
	}
	return files, nil
}

// target is where a new comment would stand.
type target struct {
	path, side, startSide string
	line, startLine       int
}

// sentence is GitHub's reason why a comment cannot stand where it should.
type sentence string

func (s sentence) Error() string { return string(s) }

const (
	errPath  sentence = "Path could not be resolved"
	errLine  sentence = "Line could not be resolved"
	errStart sentence = "Start line must precede the end line."
	errHunk  sentence = "Start line must be part of the same hunk as the line."
)

// locateLine finds a target in a diff: its hunk as an excerpt and its position.
func locateLine(files []gitrepo.File, t target) (excerpt string, position int, err error) {
	var hunks []patch.Hunk
	found := false
	for _, f := range files {
		if f.Path == t.path || t.side == string(patch.Left) && f.OldPath == t.path {
			if hunks, err = patch.Parse(f.Patch); err != nil {
				return "", 0, err
			}
			found = true
			break
		}
	}
	if !found {
		return "", 0, errPath
	}
	h, i, ok := patch.Find(hunks, patch.Side(t.side), t.line)
	if !ok {
		return "", 0, errLine
	}
	if t.startLine != 0 {
		start, j, ok := patch.Find(hunks, patch.Side(t.startSide), t.startLine)
		if !ok || start.Header != h.Header || start.NewStart != h.NewStart {
			return "", 0, errHunk
		}
		if j >= i {
			return "", 0, errStart
		}
	}
	return patch.Excerpt(h, i), h.Lines[i].Position, nil
}

// place finds where a comment stands on the current head: its line if the diff still has it, else none (outdated). It
// always starts from where the comment was made, so that a branch pushed back brings it back.
func (s *Server) place(r *Repository, p *PullRequest, c *ReviewComment) error {
	t := target{path: c.Path, side: c.Side, startSide: c.StartSide, line: c.OriginalLine, startLine: c.OriginalStartLine}
	from, to := c.OriginalCommit, p.HeadSHA
	if t.side == string(patch.Left) {
		from, to = c.OriginalBase, p.MergeBase
	}
	c.Line, c.StartLine, c.Position = 0, 0, 0
	t, ok, err := s.follow(r, from, to, t)
	if err != nil || !ok {
		return err
	}
	files, err := s.files(r, p)
	if err != nil {
		return err
	}
	_, position, err := locateLine(files, t)
	if outside := sentence(""); errors.As(err, &outside) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Line, c.StartLine, c.Position, c.Commit = t.line, t.startLine, position, p.HeadSHA
	return nil
}

// follow moves a target from one commit to another; ok is false where the line was removed or rewritten.
func (s *Server) follow(r *Repository, from, to string, t target) (target, bool, error) {
	if from == to {
		return t, true, nil
	}
	files, err := s.repo(r).Diff(from, to, 0)
	if err != nil {
		return t, false, err
	}
	for _, f := range files {
		if f.OldPath != t.path || f.Status == "added" {
			continue
		}
		if f.Status == "removed" || f.Status == "changed" || f.Binary {
			return t, false, nil
		}
		hunks, err := patch.Parse(f.Patch)
		if err != nil {
			return t, false, err
		}
		var ok bool
		t.path = f.Path
		if t.line, ok = patch.Move(hunks, t.line); !ok {
			return t, false, nil
		}
		if t.startLine != 0 {
			t.startLine, ok = patch.Move(hunks, t.startLine)
		}
		return t, ok, nil
	}
	return t, true, nil
}
