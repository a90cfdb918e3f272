package github

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func getRoot(c *call) (any, error) {
	o := object{}
	for name, path := range rootLinks {
		o[name] = c.root + path
	}
	return o, nil
}

// rootLinks are the addresses GET / tells, as RFC 6570 templates.
var rootLinks = map[string]string{
	"current_user_url": "/user", "current_user_authorizations_html_url": "/settings/connections/applications{/client_id}",
	"authorizations_url": "/authorizations", "code_search_url": "/search/code{?query}", "commit_search_url": "/search/commits{?q}",
	"emails_url": "/user/emails", "emojis_url": "/emojis", "events_url": "/events", "feeds_url": "/feeds", "followers_url": "/user/followers",
	"following_url": "/user/following{/target}", "gists_url": "/gists{/gist_id}", "hub_url": "/hub", "issue_search_url": "/search/issues{?q}",
	"issues_url": "/issues", "keys_url": "/user/keys", "label_search_url": "/search/labels{?q}", "notifications_url": "/notifications",
	"organization_url": "/orgs/{org}", "organization_repositories_url": "/orgs/{org}/repos", "organization_teams_url": "/orgs/{org}/teams",
	"public_gists_url": "/gists/public", "rate_limit_url": "/rate_limit", "repository_url": "/repos/{owner}/{repo}",
	"repository_search_url": "/search/repositories{?q}", "current_user_repositories_url": "/user/repos", "starred_url": "/user/starred{/owner}{/repo}",
	"starred_gists_url": "/gists/starred", "user_url": "/users/{user}", "user_organizations_url": "/user/orgs",
	"user_repositories_url": "/users/{user}/repos", "user_search_url": "/search/users{?q}",
}

func getMeta(*call) (any, error) {
	return object{"verifiable_password_authentication": false}, nil
}

func getRateLimit(c *call) (any, error) {
	limit, used := c.s.hourly(), min(c.bucket.used, c.s.hourly())
	core := object{"limit": limit, "used": used, "remaining": limit - used, "reset": c.bucket.reset.Unix()}
	search := object{"limit": 30, "used": 0, "remaining": 30, "reset": c.bucket.reset.Unix()}
	return object{"resources": object{"core": core, "search": search, "graphql": core}, "rate": core}, nil
}

func getUser(c *call) (any, error) {
	if c.token.App {
		return nil, c.forbidden(nil)
	}
	return c.publicUser(c.login()), nil
}

func getPerson(c *call) (any, error) {
	if c.s.person(c.params["username"]) == nil {
		return nil, notFound()
	}
	return c.publicUser(c.params["username"]), nil
}

func getRepository(c *call) (any, error) { return c.fullRepository(c.repo), nil }

func listInstallationRepositories(c *call) (any, error) {
	if !c.token.App {
		return nil, &refusal{status: http.StatusForbidden, message: "You must authenticate with an installation access token in order to list repositories for an installation."}
	}
	var list []*Repository
	for _, r := range c.s.world.Repositories {
		if levelRank(c.s.level(r, c.token)) >= levelRank(Write) {
			list = append(list, r)
		}
	}
	return object{"total_count": len(list), "repositories": render(page(c, list), c.repository)}, nil
}

func getPermission(c *call) (any, error) {
	p := c.s.person(c.params["username"])
	if p == nil {
		return nil, notFound()
	}
	level := c.s.personLevel(c.repo, p.Login)
	user := c.user(p.Login)
	user["role_name"] = string(level)
	return object{"permission": string(level), "role_name": string(level), "user": user}, nil
}

func listBranches(c *call) (any, error) {
	names, err := c.s.repo(c.repo).Branches()
	if err != nil {
		return nil, err
	}
	return render(page(c, names), func(name string) object {
		hash, _ := c.s.repo(c.repo).Ref("refs/heads/" + name) // just listed
		return object{"name": name, "protected": false, "commit": object{"sha": hash, "url": c.repoURL(c.repo) + "/commits/" + hash}}
	}), nil
}

func getBranch(c *call) (any, error) {
	name := c.params["branch"]
	hash, err := c.s.repo(c.repo).Ref("refs/heads/" + name)
	if err != nil {
		return nil, &refusal{status: http.StatusNotFound, message: "Branch not found"}
	}
	m, err := c.s.repo(c.repo).Commit(hash)
	if err != nil {
		return nil, err
	}
	u := c.repoURL(c.repo) + "/branches/" + escapePath(name)
	return object{"name": name, "commit": c.commit(m), "protected": false, "protection": object{"enabled": false},
		"protection_url": u + "/protection", "_links": object{"self": u, "html": c.htmlURL(c.repo) + "/tree/" + escapePath(name)}}, nil
}

func getRef(c *call) (any, error) {
	name := "refs/" + c.params["ref"]
	hash, err := c.s.repo(c.repo).Ref(name)
	if err != nil {
		return nil, err
	}
	return object{"ref": name, "node_id": "REF_" + hash, "url": c.repoURL(c.repo) + "/git/" + escapePath(name),
		"object": object{"type": "commit", "sha": hash, "url": c.repoURL(c.repo) + "/git/commits/" + hash}}, nil
}

func getGitCommit(c *call) (any, error) {
	if !gitrepo.IsHash(c.params["commit_sha"]) {
		return nil, notFound()
	}
	m, err := c.s.repo(c.repo).Commit(c.params["commit_sha"])
	if err != nil {
		return nil, err
	}
	full := c.commit(m)
	inner := full["commit"].(object)
	return object{"sha": m.Hash, "node_id": full["node_id"], "url": inner["url"], "html_url": full["html_url"], "author": inner["author"],
		"committer": inner["committer"], "tree": inner["tree"], "message": m.Message, "parents": c.parents(m, "/git/commits/"), "verification": unverified()}, nil
}

func getCommit(c *call) (any, error) {
	hash, err := c.resolve(c.params["ref"])
	if errors.Is(err, gitrepo.ErrNotFound) {
		return nil, &refusal{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.params["ref"]}
	}
	if err != nil {
		return nil, err
	}
	if strings.Contains(c.r.Header.Get("Accept"), "vnd.github.sha") || strings.Contains(c.r.Header.Get("Accept"), ".sha") {
		return answer{status: http.StatusOK, body: []byte(hash), as: "application/vnd.github.sha; charset=utf-8"}, nil
	}
	m, err := c.s.repo(c.repo).Commit(hash)
	if err != nil {
		return nil, err
	}
	return c.commit(m), nil
}

// resolve finds a commit by branch, tag, pull request ref or hash.
func (c *call) resolve(ref string) (string, error) {
	for _, p := range c.repo.PullRequests { // keep refs/pull/N/head in step before it is asked for
		if strings.HasPrefix(strings.TrimPrefix(ref, "refs/"), fmt.Sprintf("pull/%d/", p.Number)) {
			if err := c.s.refresh(c.repo, p); err != nil {
				return "", err
			}
			ref = "refs/" + strings.TrimPrefix(ref, "refs/")
		}
	}
	return c.s.repo(c.repo).Resolve(ref)
}

// compare answers base...head. Files are on the first page only, as at GitHub, at most 300.
func compare(c *call) (any, error) {
	from, to, ok := strings.Cut(c.params["basehead"], "...")
	if !ok {
		return nil, notFound()
	}
	git := c.s.repo(c.repo)
	base, err := c.resolve(trimOwner(from))
	if err != nil {
		return nil, err
	}
	head, err := c.resolve(trimOwner(to))
	if err != nil {
		return nil, err
	}
	fork, err := git.MergeBase(base, head)
	if err != nil {
		return nil, &refusal{status: http.StatusNotFound, message: "No common ancestor between " + from + " and " + to + "."}
	}
	ahead, err := git.Between(base, head)
	if err != nil {
		return nil, err
	}
	behind, err := git.Between(head, base)
	if err != nil {
		return nil, err
	}
	return c.comparison(base, fork, head, ahead, len(behind))
}

func trimOwner(ref string) string {
	if _, name, ok := strings.Cut(ref, ":"); ok {
		return name
	}
	return ref
}

func (c *call) comparison(base, fork, head string, ahead []string, behind int) (any, error) {
	var failed error
	shape := func(hash string) object {
		m, err := c.s.repo(c.repo).Commit(hash)
		failed = errors.Join(failed, err)
		return c.commit(m)
	}
	u, html := c.repoURL(c.repo)+"/compare/"+base+"..."+head, c.htmlURL(c.repo)+"/compare/"+base+"..."+head
	status := "identical"
	switch {
	case len(ahead) > 0 && behind > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case behind > 0:
		status = "behind"
	}
	o := object{"url": u, "html_url": html, "permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"base_commit": shape(base), "merge_base_commit": shape(fork), "status": status, "ahead_by": len(ahead), "behind_by": behind,
		"total_commits": len(ahead), "commits": render(page(c, ahead), shape), "files": []object{}}
	if number := c.r.URL.Query().Get("page"); number == "" || number == "1" {
		files, err := c.s.diff(c.repo, fork, head)
		failed = errors.Join(failed, err)
		o["files"] = render(files[:min(300, len(files))], func(f gitrepo.File) object { return c.file(f, head) })
	}
	return o, failed
}

// getContents answers a file or a folder; the media types raw and object are known for files.
func getContents(c *call) (any, error) {
	ref := c.r.URL.Query().Get("ref")
	if ref == "" {
		ref = c.repo.DefaultBranch
	}
	hash, err := c.resolve(ref)
	if err != nil {
		return nil, &refusal{status: http.StatusNotFound, message: "No commit found for the ref " + ref}
	}
	git, path := c.s.repo(c.repo), strings.Trim(c.params["path"], "/")
	entry, err := git.Entry(hash, path)
	if err != nil {
		return nil, err
	}
	if entry.Type == "tree" {
		entries, err := git.List(hash, path)
		return render(entries, func(e gitrepo.Entry) object { return c.entry(e, ref) }), err
	}
	data, err := git.Blob(entry.Hash)
	if err != nil {
		return nil, err
	}
	if strings.Contains(c.r.Header.Get("Accept"), "raw") {
		return answer{status: http.StatusOK, body: data, as: "application/vnd.github.raw; charset=utf-8"}, nil
	}
	o := c.entry(entry, ref)
	o["encoding"], o["content"] = "base64", wrap(base64.StdEncoding.EncodeToString(data))
	if len(data) > 1<<20 { // GitHub gives the contents of larger files only as raw
		o["encoding"], o["content"] = "none", ""
	}
	return o, nil
}

// wrap breaks base64 after 60 characters, as GitHub does.
func wrap(s string) string {
	var b strings.Builder
	for len(s) > 60 {
		b.WriteString(s[:60] + "\n")
		s = s[60:]
	}
	b.WriteString(s + "\n")
	return b.String()
}

func (c *call) entry(e gitrepo.Entry, ref string) object {
	path := escapePath(e.Path)
	self := c.repoURL(c.repo) + "/contents/" + path + "?ref=" + ref
	html := c.htmlURL(c.repo) + "/blob/" + ref + "/" + path
	kind, git := "file", c.repoURL(c.repo)+"/git/blobs/"+e.Hash
	var download any = c.htmlURL(c.repo) + "/raw/" + ref + "/" + path
	if e.Type == "tree" {
		kind, git, download = "dir", c.repoURL(c.repo)+"/git/trees/"+e.Hash, nil
	}
	return object{"type": kind, "size": e.Size, "name": e.Name, "path": e.Path, "sha": e.Hash, "url": self, "git_url": git, "html_url": html,
		"download_url": download, "_links": object{"self": self, "git": git, "html": html}}
}
