package connectors

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
)

// FromEnvironment works out from the variables of a CI system which repository,
// ref and commit its job runs for, and names the system. It is false where no
// known system is recognised. What a system does not publish, or publishes in a
// form that cannot be right, stays empty; flags override what is there.
//
// The commit is the one that was scanned, as far as can be told. GitHub Actions
// checks out a pull request's merge commit unless told otherwise, so there the
// workspace's own .git/HEAD decides between that and the head; without it, the
// head is assumed.
//
// readFile reads GitHub's event and that HEAD; it may be nil.
func FromEnvironment(getenv func(string) string, readFile func(string) ([]byte, error)) (Context, string, bool) {
	for _, ci := range systems() {
		if value := getenv(ci.marker); value != "" && !strings.EqualFold(value, "false") {
			return ci.read(environment{getenv, readFile}).sound(), ci.name, true
		}
	}
	return Context{}, "", false
}

// system is one CI: the variable that tells it apart, and its reader.
type system struct {
	name, marker string
	read         func(environment) Context
}

// systems are tried in order. Where the variables are published:
//
//	https://docs.github.com/actions/reference/workflows-and-actions/variables
//	https://docs.gitlab.com/ci/variables/predefined_variables/
//	https://www.jenkins.io/doc/book/pipeline/multibranch/
//	https://learn.microsoft.com/azure/devops/pipelines/build/variables
//	https://circleci.com/docs/reference/variables/
//	https://buildkite.com/docs/pipelines/configure/environment-variables
func systems() []system {
	return []system{
		{"GitHub Actions", "GITHUB_ACTIONS", environment.github},
		{"GitLab CI", "GITLAB_CI", environment.gitlab},
		{"Azure Pipelines", "TF_BUILD", environment.azure},
		{"CircleCI", "CIRCLECI", environment.circle},
		{"Buildkite", "BUILDKITE", environment.buildkite},
		{"Jenkins", "JENKINS_URL", environment.jenkins},
	}
}

type environment struct {
	getenv   func(string) string
	readFile func(string) ([]byte, error)
}

func (e environment) github() Context {
	var c Context
	c.Owner, c.Name = splitRepository(e.getenv("GITHUB_REPOSITORY"))
	if e.getenv("GITHUB_EVENT_NAME") == "workflow_run" {
		return c // the variables speak of the default branch, not of the run that made the reports
	}
	c.Commit = e.getenv("GITHUB_SHA")
	c.fromRef(e.getenv("GITHUB_REF"))
	var event struct {
		PullRequest struct {
			Number int                  `json:"number"`
			Head   struct{ SHA string } `json:"head"`
		} `json:"pull_request"`
	}
	if json.Unmarshal(e.file(e.getenv("GITHUB_EVENT_PATH")), &event) != nil || event.PullRequest.Number <= 0 {
		return c
	}
	c.PullRequest, c.Branch = event.PullRequest.Number, ""
	if merge := c.Commit; merge == "" || e.checkedOut() != merge {
		c.Commit = cmp.Or(event.PullRequest.Head.SHA, merge)
	}
	return c
}

// checkedOut is the commit of the workspace, "" if it cannot be told.
func (e environment) checkedOut() string {
	workspace := e.getenv("GITHUB_WORKSPACE")
	if workspace == "" {
		return ""
	}
	return strings.TrimSpace(string(e.file(workspace + "/.git/HEAD")))
}

func (e environment) gitlab() Context {
	c := Context{Owner: e.getenv("CI_PROJECT_NAMESPACE"), Name: e.getenv("CI_PROJECT_NAME"),
		Branch: e.getenv("CI_COMMIT_BRANCH"), Commit: e.getenv("CI_COMMIT_SHA")}
	c.number(e.getenv("CI_MERGE_REQUEST_IID"))
	// A GitHub repository whose CI runs on GitLab has a GitHub pull request.
	if external := e.getenv("CI_EXTERNAL_PULL_REQUEST_IID"); external != "" {
		c.number(external)
		if target := e.getenv("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"); target != "" {
			c.Owner, c.Name = splitRepository(target)
		}
	}
	return c
}

func (e environment) azure() Context {
	var c Context
	c.Owner, c.Name = splitRepository(e.getenv("BUILD_REPOSITORY_NAME"))
	c.Commit = e.getenv("BUILD_SOURCEVERSION")
	c.fromRef(e.getenv("BUILD_SOURCEBRANCH"))
	c.number(cmp.Or(e.getenv("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER"), e.getenv("SYSTEM_PULLREQUEST_PULLREQUESTID")))
	return c
}

func (e environment) circle() Context {
	c := Context{Owner: e.getenv("CIRCLE_PROJECT_USERNAME"), Name: e.getenv("CIRCLE_PROJECT_REPONAME"),
		Commit: e.getenv("CIRCLE_SHA1")}
	branch := e.getenv("CIRCLE_BRANCH")
	c.number(cmp.Or(e.getenv("CIRCLE_PR_NUMBER"), lastPart(e.getenv("CIRCLE_PULL_REQUEST"))))
	if number, fork := strings.CutPrefix(branch, "pull/"); fork {
		c.number(strings.TrimSuffix(number, "/head"))
	} else if c.PullRequest == 0 {
		c.Branch = branch
	}
	return c
}

func (e environment) buildkite() Context {
	c := Context{Branch: e.getenv("BUILDKITE_BRANCH"), Commit: e.getenv("BUILDKITE_COMMIT")}
	c.Owner, c.Name = fromRemote(e.getenv("BUILDKITE_REPO"))
	c.number(e.getenv("BUILDKITE_PULL_REQUEST")) // "false" where there is none
	return c
}

func (e environment) jenkins() Context {
	c := Context{Branch: e.getenv("BRANCH_NAME"), Commit: e.getenv("GIT_COMMIT")}
	c.Owner, c.Name = fromRemote(cmp.Or(e.getenv("GIT_URL"), e.getenv("GIT_URL_1")))
	c.number(e.getenv("CHANGE_ID"))
	return c
}

// file is empty where there is none.
func (e environment) file(name string) []byte {
	if e.readFile == nil || name == "" {
		return nil
	}
	data, err := e.readFile(name)
	if err != nil {
		return nil
	}
	return data
}

// fromRef reads refs/heads/x, refs/pull/7/merge and refs/pull/7/head. A tag is
// neither a branch nor a pull request.
func (c *Context) fromRef(ref string) {
	if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		c.Branch = branch
	} else if rest, ok := strings.CutPrefix(ref, "refs/pull/"); ok {
		number, _, _ := strings.Cut(rest, "/")
		c.number(number)
	}
}

// number sets the pull request. The branch is then the merge's or a fork's,
// and would mislead.
func (c *Context) number(text string) {
	if n, err := pullRequestNumber(text); err == nil {
		c.PullRequest, c.Branch = n, ""
	}
}

// sound drops what cannot be right; one odd variable costs only itself.
func (c Context) sound() Context {
	c.Commit = strings.ToLower(c.Commit)
	if validOwner(c.Owner) != nil || validName(c.Name) != nil {
		c.Owner, c.Name = "", ""
	}
	if validBranch(c.Branch) != nil {
		c.Branch = ""
	}
	if validCommit(c.Commit) != nil {
		c.Commit = ""
	}
	return c
}

// splitRepository cuts at the last slash: groups may nest.
func splitRepository(full string) (owner, name string) {
	i := strings.LastIndexByte(full, '/')
	if i < 0 {
		return "", ""
	}
	return full[:i], full[i+1:]
}

// fromRemote reads a git remote: a URL, or host:owner/name as ssh writes it.
func fromRemote(remote string) (owner, name string) {
	full := remote
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		full = u.Path
	} else if _, after, ok := strings.Cut(remote, ":"); ok {
		full = after
	}
	return splitRepository(strings.TrimSuffix(strings.Trim(full, "/"), ".git"))
}

func lastPart(address string) string {
	return address[strings.LastIndexByte(address, '/')+1:]
}
