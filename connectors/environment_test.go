package connectors_test

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors"
)

func TestFromEnvironment(t *testing.T) {
	shop := func(c connectors.Context) connectors.Context { c.Owner, c.Name = "acme", "shop"; return c }
	actions := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": commitA,
		"GITHUB_EVENT_PATH": "/event.json", "GITHUB_WORKSPACE": "/w"}
	event := map[string]string{"/event.json": `{"pull_request":{"number":7,"head":{"sha":"` + commitB + `"}}}`}
	for _, tt := range []struct {
		name  string
		env   map[string]string
		files map[string]string
		ci    string
		want  connectors.Context
	}{
		{"nothing", map[string]string{"CI": "true"}, nil, "", connectors.Context{}},
		{"GitHub push", with(actions, "GITHUB_REF", "refs/heads/release/1.x"), nil, "GitHub Actions",
			shop(connectors.Context{Branch: "release/1.x", Commit: commitA})},
		{"GitHub tag", with(actions, "GITHUB_REF", "refs/tags/v1"), nil, "GitHub Actions", shop(connectors.Context{Commit: commitA})},
		{"GitHub pull request, workspace unknown: the head", with(actions, "GITHUB_REF", "refs/pull/7/merge"), event,
			"GitHub Actions", shop(connectors.Context{PullRequest: 7, Commit: commitB})},
		{"GitHub pull request, the merge commit checked out", with(actions, "GITHUB_REF", "refs/pull/7/merge"),
			with(event, "/w/.git/HEAD", commitA+"\n"), "GitHub Actions", shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"GitHub pull_request_target", with(actions, "GITHUB_REF", "refs/heads/main"), event,
			"GitHub Actions", shop(connectors.Context{PullRequest: 7, Commit: commitB})},
		{"GitHub pull request without its event", with(actions, "GITHUB_REF", "refs/pull/7/merge"), nil,
			"GitHub Actions", shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"GitHub workflow_run speaks of another run", with(actions, "GITHUB_REF", "refs/heads/main", "GITHUB_EVENT_NAME", "workflow_run"),
			nil, "GitHub Actions", shop(connectors.Context{})},
		{"GitHub, broken event", with(actions, "GITHUB_REF", "refs/heads/main"), map[string]string{"/event.json": "{"},
			"GitHub Actions", shop(connectors.Context{Branch: "main", Commit: commitA})},
		{"GitLab branch", map[string]string{"GITLAB_CI": "true", "CI_PROJECT_NAMESPACE": "acme/web", "CI_PROJECT_NAME": "shop",
			"CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": commitA}, nil, "GitLab CI",
			connectors.Context{Owner: "acme/web", Name: "shop", Branch: "main", Commit: commitA}},
		{"GitLab merge request", map[string]string{"GITLAB_CI": "true", "CI_PROJECT_NAMESPACE": "acme", "CI_PROJECT_NAME": "shop",
			"CI_MERGE_REQUEST_IID": "12", "CI_COMMIT_SHA": commitA}, nil, "GitLab CI",
			shop(connectors.Context{PullRequest: 12, Commit: commitA})},
		{"GitLab for a GitHub pull request", map[string]string{"GITLAB_CI": "true", "CI_PROJECT_NAMESPACE": "mirror",
			"CI_PROJECT_NAME": "copy", "CI_EXTERNAL_PULL_REQUEST_IID": "7", "CI_COMMIT_SHA": commitA, "CI_COMMIT_BRANCH": "topic",
			"CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/shop"}, nil, "GitLab CI",
			shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"Jenkins branch", map[string]string{"JENKINS_URL": "https://ci/", "GIT_URL": "git@github.com:acme/shop.git",
			"BRANCH_NAME": "main", "GIT_COMMIT": commitA}, nil, "Jenkins", shop(connectors.Context{Branch: "main", Commit: commitA})},
		{"Jenkins change", map[string]string{"JENKINS_URL": "https://ci/", "GIT_URL": "https://user:token@github.com/acme/shop",
			"BRANCH_NAME": "PR-7", "CHANGE_ID": "7", "GIT_COMMIT": commitA}, nil, "Jenkins",
			shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"Azure branch", map[string]string{"TF_BUILD": "True", "BUILD_REPOSITORY_NAME": "acme/shop",
			"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_SOURCEVERSION": commitA}, nil, "Azure Pipelines",
			shop(connectors.Context{Branch: "main", Commit: commitA})},
		{"Azure pull request: GitHub's number, not Azure's", map[string]string{"TF_BUILD": "True", "BUILD_REPOSITORY_NAME": "acme/shop",
			"BUILD_SOURCEBRANCH": "refs/pull/7/merge", "BUILD_SOURCEVERSION": commitA,
			"SYSTEM_PULLREQUEST_PULLREQUESTID": "41290", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "7"}, nil, "Azure Pipelines",
			shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"CircleCI branch", map[string]string{"CIRCLECI": "true", "CIRCLE_PROJECT_USERNAME": "acme", "CIRCLE_PROJECT_REPONAME": "shop",
			"CIRCLE_BRANCH": "main", "CIRCLE_SHA1": commitA}, nil, "CircleCI", shop(connectors.Context{Branch: "main", Commit: commitA})},
		{"CircleCI pull request", map[string]string{"CIRCLECI": "true", "CIRCLE_PROJECT_USERNAME": "acme", "CIRCLE_PROJECT_REPONAME": "shop",
			"CIRCLE_BRANCH": "topic", "CIRCLE_SHA1": commitA, "CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/7"}, nil,
			"CircleCI", shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"CircleCI fork", map[string]string{"CIRCLECI": "true", "CIRCLE_PROJECT_USERNAME": "acme", "CIRCLE_PROJECT_REPONAME": "shop",
			"CIRCLE_BRANCH": "pull/7", "CIRCLE_SHA1": commitA}, nil, "CircleCI", shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"Buildkite branch", map[string]string{"BUILDKITE": "true", "BUILDKITE_REPO": "ssh://git@github.com/acme/shop.git",
			"BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD", "BUILDKITE_PULL_REQUEST": "false"}, nil, "Buildkite",
			shop(connectors.Context{Branch: "main"})},
		{"Buildkite pull request", map[string]string{"BUILDKITE": "true", "BUILDKITE_REPO": "https://github.com/acme/shop.git",
			"BUILDKITE_BRANCH": "topic", "BUILDKITE_COMMIT": commitA, "BUILDKITE_PULL_REQUEST": "7"}, nil, "Buildkite",
			shop(connectors.Context{PullRequest: 7, Commit: commitA})},
		{"hostile values are dropped", map[string]string{"JENKINS_URL": "x", "GIT_URL": "https://h/../..", "BRANCH_NAME": "a..b",
			"GIT_COMMIT": "$(id)", "CHANGE_ID": "-1"}, nil, "Jenkins", connectors.Context{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			readFile := func(name string) ([]byte, error) {
				if text, ok := tt.files[name]; ok {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			}
			got, ci, ok := connectors.FromEnvironment(func(name string) string { return tt.env[name] }, readFile)
			if ci != tt.ci || ok != (tt.ci != "") {
				t.Errorf("recognised %q (%v), want %q", ci, ok, tt.ci)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// with is a copy of m with more pairs in it.
func with(m map[string]string, pairs ...string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}
