package github

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// nodeID is an id as GraphQL knows it: a prefix for the type, then the number, opaque to clients.
func nodeID(prefix string, id int64) string {
	return prefix + "_" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "sandbox:%d", id))
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func orNil[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// user is GitHub's simple-user. Whoever left or was never added is shown as an account all the same.
func (c *call) user(login string) object {
	p := c.s.person(login)
	if p == nil {
		p = &Person{ID: 1, Login: login, Type: "User"}
	}
	u := c.root + "/users/" + url.PathEscape(p.Login)
	return object{
		"login": p.Login, "id": p.ID, "node_id": nodeID("U", p.ID), "type": p.Type, "site_admin": false,
		"avatar_url": c.host + "/ui/avatar/" + url.PathEscape(p.Login), "gravatar_id": "", "url": u, "html_url": c.host + "/ui/" + url.PathEscape(p.Login),
		"followers_url": u + "/followers", "following_url": u + "/following{/other_user}", "gists_url": u + "/gists{/gist_id}",
		"starred_url": u + "/starred{/owner}{/repo}", "subscriptions_url": u + "/subscriptions", "organizations_url": u + "/orgs",
		"repos_url": u + "/repos", "events_url": u + "/events{/privacy}", "received_events_url": u + "/received_events",
	}
}

// publicUser is GitHub's public-user: /user and /users/{username}.
func (c *call) publicUser(login string) object {
	o := c.user(login)
	for _, name := range []string{"bio", "blog", "company", "email", "hireable", "location", "name"} {
		o[name] = nil
	}
	for _, name := range []string{"followers", "following", "public_gists", "public_repos"} {
		o[name] = 0
	}
	o["user_view_type"] = "public"
	o["created_at"], o["updated_at"] = "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
	return o
}

func (c *call) repoURL(r *Repository) string { return c.root + "/repos/" + r.FullName() }
func (c *call) htmlURL(r *Repository) string { return c.host + "/ui/" + r.FullName() }

// repository is GitHub's repository; full-repository adds what fullRepository adds.
func (c *call) repository(r *Repository) object {
	u := c.repoURL(r)
	o := object{
		"id": r.ID, "node_id": nodeID("R", r.ID), "name": r.Name, "full_name": r.FullName(), "private": r.Private, "owner": c.user(r.Owner),
		"html_url": c.htmlURL(r), "description": nil, "fork": false, "url": u,
		"clone_url": r.Git, "ssh_url": r.Git, "git_url": r.Git, "svn_url": c.htmlURL(r), "mirror_url": nil, "homepage": nil,
		"language": orNil(r.Language), "license": nil, "default_branch": r.DefaultBranch, "archived": r.Archived, "disabled": false,
		"has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": false, "has_discussions": false,
		"forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0, "size": 0,
		"created_at": stamp(r.Created), "updated_at": stamp(r.Created), "pushed_at": stamp(r.Created), "is_template": false, "topics": append([]string{}, r.Topics...),
	}
	if r.Properties != nil {
		o["custom_properties"] = r.Properties
	}
	open := 0
	for _, p := range r.PullRequests {
		if p.State == "open" {
			open++
		}
	}
	o["open_issues"], o["open_issues_count"] = open, open
	o["visibility"] = visibility(r)
	for field, path := range repositoryLinks {
		o[field] = u + path
	}
	return o
}

func visibility(r *Repository) string {
	if r.Private {
		return "private"
	}
	return "public"
}

// repositoryLinks are the addresses every repository carries, as RFC 6570 templates.
var repositoryLinks = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
	"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}",
	"commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}",
	"contributors_url": "/contributors", "deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events",
	"forks_url": "/forks", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
	"hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
	"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages",
	"merges_url": "/merges", "milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}",
	"pulls_url": "/pulls{/number}", "releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
	"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}

func (c *call) fullRepository(r *Repository) object {
	o := c.repository(r)
	o["network_count"], o["subscribers_count"] = 0, 0
	level := levelRank(c.s.level(r, c.token))
	o["permissions"] = object{"pull": level >= levelRank(Read), "triage": level >= levelRank(Write), "push": level >= levelRank(Write),
		"maintain": level >= levelRank(Admin), "admin": level >= levelRank(Admin)}
	return o
}

func (c *call) pullURL(r *Repository, p *PullRequest) string {
	return fmt.Sprintf("%s/pulls/%d", c.repoURL(r), p.Number)
}

func (c *call) pullHTML(r *Repository, p *PullRequest) string {
	return fmt.Sprintf("%s/pull/%d", c.htmlURL(r), p.Number)
}

// simplePull is GitHub's pull-request-simple.
func (c *call) simplePull(p *PullRequest) object {
	r := c.repo
	u, html := c.pullURL(r, p), c.pullHTML(r, p)
	issue := fmt.Sprintf("%s/issues/%d", c.repoURL(r), p.Number)
	statuses := c.repoURL(r) + "/statuses/" + p.HeadSHA
	link := func(href string) object { return object{"href": href} }
	side := func(branch, sha string) object {
		return object{"label": r.Owner + ":" + branch, "ref": branch, "sha": sha, "user": c.user(r.Owner), "repo": c.repository(r)}
	}
	return object{
		"id": p.ID, "node_id": nodeID("PR", p.ID), "number": p.Number, "state": p.State, "locked": false, "title": p.Title, "body": orNil(p.Body),
		"user": c.user(p.Author), "author_association": c.s.association(r, p.Author), "draft": p.Draft,
		"url": u, "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "issue_url": issue,
		"commits_url": u + "/commits", "review_comments_url": u + "/comments", "review_comment_url": c.repoURL(r) + "/pulls/comments{/number}",
		"comments_url": issue + "/comments", "statuses_url": statuses,
		"created_at": stamp(p.Created), "updated_at": stamp(p.Updated), "closed_at": stamp(p.ClosedAt), "merged_at": stamp(p.MergedAt),
		"merge_commit_sha": orNil(p.MergeCommit), "assignee": nil, "assignees": []object{}, "requested_reviewers": []object{}, "requested_teams": []object{},
		"labels": []object{}, "milestone": nil, "auto_merge": nil, "head": side(p.Head, p.HeadSHA), "base": side(p.Base, p.BaseSHA),
		"_links": object{"self": link(u), "html": link(html), "issue": link(issue), "comments": link(issue + "/comments"), "commits": link(u + "/commits"),
			"review_comments": link(u + "/comments"), "review_comment": link(c.repoURL(r) + "/pulls/comments{/number}"), "statuses": link(statuses)},
	}
}

// review is GitHub's pull-request-review.
func (c *call) review(v *Review) object {
	html := fmt.Sprintf("%s#pullrequestreview-%d", c.pullHTML(c.repo, c.pull), v.ID)
	o := object{
		"id": v.ID, "node_id": nodeID("PRR", v.ID), "user": c.user(v.Author), "body": v.Body, "state": v.State, "commit_id": v.Commit,
		"html_url": html, "pull_request_url": c.pullURL(c.repo, c.pull), "author_association": c.s.association(c.repo, v.Author),
		"_links": object{"html": object{"href": html}, "pull_request": object{"href": c.pullURL(c.repo, c.pull)}},
	}
	if !v.Submitted.IsZero() {
		o["submitted_at"] = stamp(v.Submitted)
	}
	return o
}

// reviewComment is GitHub's pull-request-review-comment.
func (c *call) reviewComment(p *PullRequest, m *ReviewComment) object {
	u := fmt.Sprintf("%s/pulls/comments/%d", c.repoURL(c.repo), m.ID)
	html := fmt.Sprintf("%s#discussion_r%d", c.pullHTML(c.repo, p), m.ID)
	o := object{
		"id": m.ID, "node_id": nodeID("PRRC", m.ID), "url": u, "html_url": html, "pull_request_url": c.pullURL(c.repo, p),
		"pull_request_review_id": m.Review, "user": c.user(m.Author), "author_association": c.s.association(c.repo, m.Author),
		"body": m.Body, "path": m.Path, "diff_hunk": m.DiffHunk, "commit_id": m.Commit, "original_commit_id": m.OriginalCommit,
		"side": m.Side, "line": orNil(m.Line), "original_line": m.OriginalLine, "position": orNil(m.Position), "original_position": m.OriginalPosition,
		"start_side": orNil(m.StartSide), "start_line": orNil(m.StartLine), "original_start_line": orNil(m.OriginalStartLine), "subject_type": "line",
		"created_at": stamp(m.Created), "updated_at": stamp(m.Updated), "reactions": rollup(u, m.Reactions),
		"_links": object{"self": object{"href": u}, "html": object{"href": html}, "pull_request": object{"href": c.pullURL(c.repo, p)}},
	}
	if m.ReplyTo != 0 {
		o["in_reply_to_id"] = m.ReplyTo
	}
	return o
}

// issueComment is GitHub's issue-comment.
func (c *call) issueComment(p *PullRequest, m *IssueComment) object {
	u := fmt.Sprintf("%s/issues/comments/%d", c.repoURL(c.repo), m.ID)
	return object{
		"id": m.ID, "node_id": nodeID("IC", m.ID), "url": u, "html_url": fmt.Sprintf("%s#issuecomment-%d", c.pullHTML(c.repo, p), m.ID),
		"issue_url": fmt.Sprintf("%s/issues/%d", c.repoURL(c.repo), p.Number), "user": c.user(m.Author), "body": m.Body,
		"author_association": c.s.association(c.repo, m.Author), "performed_via_github_app": nil,
		"created_at": stamp(m.Created), "updated_at": stamp(m.Updated), "reactions": rollup(u, m.Reactions),
	}
}

func rollup(u string, reactions []Reaction) object {
	o := object{"url": u + "/reactions", "total_count": len(reactions)}
	for _, name := range reactionNames {
		o[name] = 0
	}
	for _, r := range reactions {
		o[r.Content] = o[r.Content].(int) + 1
	}
	return o
}

func (c *call) reaction(r Reaction) object {
	return object{"id": r.ID, "node_id": nodeID("REA", r.ID), "user": c.user(r.Login), "content": r.Content, "created_at": stamp(r.Created)}
}

// file is GitHub's diff-entry.
func (c *call) file(f gitrepo.File, commit string) object {
	path := escapePath(f.Path)
	o := object{
		"sha": f.Blob, "filename": f.Path, "status": f.Status, "additions": f.Added, "deletions": f.Removed, "changes": f.Added + f.Removed,
		"blob_url": c.htmlURL(c.repo) + "/blob/" + commit + "/" + path, "raw_url": c.htmlURL(c.repo) + "/raw/" + commit + "/" + path,
		"contents_url": c.repoURL(c.repo) + "/contents/" + path + "?ref=" + commit,
	}
	if f.Patch != "" {
		o["patch"] = f.Patch
	}
	if f.OldPath != f.Path {
		o["previous_filename"] = f.OldPath
	}
	return o
}

func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// commit is GitHub's commit; files are left out.
func (c *call) commit(m gitrepo.Commit) object {
	u := c.repoURL(c.repo) + "/commits/" + m.Hash
	who := func(i gitrepo.Identity, t time.Time) object {
		return object{"name": i.Name, "email": i.Mail, "date": stamp(t)}
	}
	return object{
		"sha": m.Hash, "node_id": "C_" + m.Hash, "url": u, "html_url": c.htmlURL(c.repo) + "/commit/" + m.Hash, "comments_url": u + "/comments",
		"commit": object{"author": who(m.Author, m.Authored), "committer": who(m.Committer, m.Written), "message": m.Message,
			"tree":          object{"sha": m.Tree, "url": c.repoURL(c.repo) + "/git/trees/" + m.Tree},
			"url":           c.repoURL(c.repo) + "/git/commits/" + m.Hash,
			"comment_count": 0, "verification": unverified()},
		"author": nil, "committer": nil, "parents": c.parents(m, "/commits/"),
	}
}

func (c *call) parents(m gitrepo.Commit, below string) []object {
	return render(slices.Clone(m.Parents), func(hash string) object {
		return object{"sha": hash, "url": c.repoURL(c.repo) + below + hash, "html_url": c.htmlURL(c.repo) + "/commit/" + hash}
	})
}

func unverified() object {
	return object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
}
