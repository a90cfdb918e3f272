package github

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/google/go-github/v60/github"
	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// Change reads a pull request with the lines that can carry comments. One that
// does not exist (any more) comes back as not open, provided that the
// repository itself can be seen.
func (s *Surface) Change(ctx context.Context, repo promoter.Repository, number int) (promoter.Change, error) {
	c, err := s.change(ctx, repo, number)
	return c, translate(fmt.Sprintf("read pull request %d", number), err)
}

func (s *Surface) change(ctx context.Context, repo promoter.Repository, number int) (promoter.Change, error) {
	now, err := s.repository(ctx, repo)
	if err != nil {
		return promoter.Change{}, err
	}
	root := repositoryPath(now)
	pr, gone, err := s.pullRequest(ctx, now, number)
	if err != nil || gone {
		return promoter.Change{Number: number}, err
	}
	c := promoter.Change{
		Number: number, Open: pr.GetState() == "open", Draft: pr.GetDraft(),
		Author: pr.GetUser().GetLogin(), Bot: isBot(pr.GetUser()),
		Fork: pr.GetHead().GetRepo().GetID() != pr.GetBase().GetRepo().GetID(), // also when the fork is gone
		Head: pr.GetHead().GetSHA(), Merge: pr.GetMergeCommitSHA(), Base: pr.GetBase().GetRef(),
	}
	if !c.Open {
		c.ClosedAt, c.Merged = pr.GetClosedAt().Time, pr.GetMerged()
		return c, nil
	}
	if s.opt.Checks {
		if c.MergeGroups, err = s.mergeGroups(ctx, root, c.Base, number); err != nil {
			return promoter.Change{}, err
		}
	}
	// The second page of a comparison has no files: all that is wanted is the merge base.
	var compared github.CommitsComparison
	between := fmt.Sprintf("%s/compare/%s...%s?per_page=1&page=2", root, pr.GetBase().GetSHA(), c.Head)
	if _, err := s.client.Get(ctx, between, &compared); err != nil {
		return promoter.Change{}, err
	}
	c.MergeBase = compared.GetMergeBaseCommit().GetSHA()
	files, err := s.files(ctx, root, number)
	if err != nil {
		return promoter.Change{}, err
	}
	c.FilesComplete = len(files) >= pr.GetChangedFiles()
	for _, f := range files {
		if f.GetStatus() == "removed" {
			c.Removed = append(c.Removed, f.GetFilename())
		} else {
			c.Files = append(c.Files, s.changed(f))
		}
	}
	return c, nil
}

// mergeGroups are the heads of the groups in which a pull request is queued to
// be merged: GitHub makes a branch for each, and waits for its checks.
// https://docs.github.com/en/rest/git/refs#list-matching-references
func (s *Surface) mergeGroups(ctx context.Context, root, base string, number int) ([]string, error) {
	var refs []struct {
		Object struct {
			SHA string `json:"sha"`
		} `json:"object"`
	}
	prefix := strings.ReplaceAll(url.PathEscape(fmt.Sprintf("gh-readonly-queue/%s/pr-%d-", base, number)), "%2F", "/")
	if _, err := s.client.Get(ctx, root+"/git/matching-refs/heads/"+prefix, &refs); err != nil && !githubapi.IsNotFound(err) {
		return nil, err
	}
	var heads []string
	for _, ref := range refs {
		heads = append(heads, ref.Object.SHA)
	}
	return heads, nil
}

// pullRequest reads one. It is gone when GitHub says so twice: a pull request
// is hardly ever deleted, and with it go the findings that were shown there.
func (s *Surface) pullRequest(ctx context.Context, in githubapi.Repository, number int) (pr github.PullRequest, gone bool, err error) {
	for range 2 {
		if gone {
			if err = s.opt.Clock.Sleep(ctx, s.opt.SettleDelay); err != nil {
				return pr, false, err
			}
		}
		_, err = s.client.Get(ctx, fmt.Sprintf("%s/pulls/%d", repositoryPath(in), number), &pr)
		if gone, err = s.isGone(ctx, in, err); !gone {
			return pr, false, err
		}
	}
	return pr, true, nil
}

// files lists what a pull request changes; GitHub ends the list at 3,000.
func (s *Surface) files(ctx context.Context, root string, number int) ([]github.CommitFile, error) {
	return githubapi.All[github.CommitFile](ctx, s.client, fmt.Sprintf("%s/pulls/%d/files?per_page=100", root, number))
}

func (s *Surface) changed(f github.CommitFile) promoter.ChangedFile {
	out := promoter.ChangedFile{Path: f.GetFilename()}
	if f.GetStatus() == "renamed" {
		out.Previous = f.GetPreviousFilename()
	}
	if f.GetPatch() == "" {
		// Binary and too large look alike; only a pure rename is known to add nothing.
		out.Unknown = f.GetStatus() != "renamed" || f.GetChanges() > 0
		return out
	}
	var err error
	if out.Added, out.Context, err = lines(f.GetPatch()); err != nil {
		s.opt.Logger.Warn("patch cannot be read, its lines count as unknown", zap.String("path", f.GetFilename()), zap.Error(err))
		out.Unknown = true
	}
	return out
}

// lines reads which lines of the new file a patch adds and which it shows
// beside them. GitHub gives a patch without the header that git writes, and a
// constant one keeps file names out of the parser.
func lines(patch string) (added, context []promoter.LineRange, err error) {
	const header = "diff --git a/file b/file\n--- a/file\n+++ b/file\n"
	files, _, err := gitdiff.Parse(strings.NewReader(header + strings.TrimSuffix(patch, "\n") + "\n"))
	if err != nil || len(files) != 1 {
		return nil, nil, fmt.Errorf("read patch: %d files: %v", len(files), err)
	}
	for _, hunk := range files[0].TextFragments {
		line := int(hunk.NewPosition)
		for _, l := range hunk.Lines {
			switch l.Op {
			case gitdiff.OpAdd:
				added = grow(added, line)
				line++
			case gitdiff.OpContext:
				context = grow(context, line)
				line++
			}
		}
	}
	return added, context, nil
}

func grow(ranges []promoter.LineRange, line int) []promoter.LineRange {
	if last := len(ranges) - 1; last >= 0 && ranges[last].Last == line-1 {
		ranges[last].Last = line
		return ranges
	}
	return append(ranges, promoter.LineRange{First: line, Last: line})
}

// fresh refuses, as stale, an effect whose pull request is closed or has
// another head by now.
func (t *target) fresh(ctx context.Context) error {
	var pr github.PullRequest
	if _, err := t.client.Get(ctx, t.pull(""), &pr); err != nil {
		if gone, err := t.isGone(ctx, t.repo, err); !gone {
			return err
		}
		return stale("pull request %d is gone", t.effect.Target.PullRequest)
	}
	if pr.GetState() != "open" {
		return stale("pull request %d is %s", t.effect.Target.PullRequest, pr.GetState())
	}
	if t.effect.Commit != "" && pr.GetHead().GetSHA() != t.effect.Commit {
		return stale("the head of pull request %d has moved from %.7s to %.7s", t.effect.Target.PullRequest, t.effect.Commit, pr.GetHead().GetSHA())
	}
	return nil
}

// placed refuses, as stale, a review with a line outside the diff: GitHub
// would refuse it whole.
func (t *target) placed(ctx context.Context) error {
	files, err := t.files(ctx, repositoryPath(t.repo), t.effect.Target.PullRequest)
	if err != nil {
		return err
	}
	byPath := map[string]promoter.ChangedFile{}
	for _, f := range files {
		byPath[f.GetFilename()] = t.changed(f)
	}
	for _, n := range t.effect.Notices {
		if n.Anchor == nil {
			return &promoter.RefusedError{Why: fmt.Sprintf("notice %d has no line to stand on", n.No)}
		}
		for line := first(*n.Anchor); line <= n.Anchor.Line; line++ {
			if !carries(byPath[n.Anchor.Path], line) {
				return stale("%s:%d is not in the diff of pull request %d", n.Anchor.Path, line, t.effect.Target.PullRequest)
			}
		}
	}
	return nil
}

func first(a promoter.Anchor) int {
	if a.StartLine > 0 && a.StartLine < a.Line {
		return a.StartLine
	}
	return a.Line
}

func carries(f promoter.ChangedFile, line int) bool {
	for _, ranges := range [][]promoter.LineRange{f.Added, f.Context} {
		for _, r := range ranges {
			if r.Has(line) {
				return true
			}
		}
	}
	return false
}
