package github

import (
	"net/http"
	"strings"
)

// route is one operation. Its pattern is written as in GitHub's OpenAPI description.
type route struct {
	method, pattern string
	answer          func(*call) (any, error)
	needs           []need
	content         bool // creates content, which has a limit of its own
	free            bool // costs no quota
	open            bool // needs no token
}

var (
	readPulls    = []need{{"pull_requests", "read"}}
	writePulls   = []need{{"pull_requests", "write"}}
	readIssues   = []need{{"issues", "read"}, {"pull_requests", "read"}}
	writeIssues  = []need{{"issues", "write"}, {"pull_requests", "write"}}
	readContents = []need{{"contents", "read"}}
	readMetadata = []need{{"metadata", "read"}}
)

// table lists every operation; literal segments come before parameters where both fit.
func (s *Server) table() []route {
	const repo, pull = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/pulls/{pull_number}"
	const comment, review = repo + "/pulls/comments/{comment_id}", pull + "/reviews/{review_id}"
	return append(append(alertRoutes(), checkRoutes()...), []route{
		{method: "GET", pattern: "/", answer: getRoot, open: true},
		{method: "GET", pattern: "/meta", answer: getMeta, open: true},
		{method: "GET", pattern: "/rate_limit", answer: getRateLimit, free: true, open: true},
		{method: "GET", pattern: "/user", answer: getUser},
		{method: "GET", pattern: "/users/{username}", answer: getPerson, open: true},
		{method: "POST", pattern: "/graphql", answer: postGraphQL},
		{method: "GET", pattern: "/app", answer: getApp, open: true},
		{method: "GET", pattern: "/app/installations/{installation_id}", answer: getInstallation, open: true},
		{method: "POST", pattern: "/app/installations/{installation_id}/access_tokens", answer: createInstallationToken, open: true},
		{method: "GET", pattern: "/installation/repositories", answer: listInstallationRepositories},

		{method: "GET", pattern: repo, answer: getRepository, needs: readMetadata},
		{method: "GET", pattern: "/repositories/{repository_id}", answer: getRepository, needs: readMetadata},
		{method: "GET", pattern: repo + "/collaborators/{username}/permission", answer: getPermission, needs: readMetadata},
		{method: "GET", pattern: repo + "/branches", answer: listBranches, needs: readContents},
		{method: "GET", pattern: repo + "/branches/{branch}", answer: getBranch, needs: readContents},
		{method: "GET", pattern: repo + "/git/ref/{ref}", answer: getRef, needs: readContents},
		{method: "GET", pattern: repo + "/git/commits/{commit_sha}", answer: getGitCommit, needs: readContents},
		{method: "GET", pattern: repo + "/commits/{ref}", answer: getCommit, needs: readContents},
		{method: "GET", pattern: repo + "/compare/{basehead}", answer: compare, needs: readContents},
		{method: "GET", pattern: repo + "/contents/{path}", answer: getContents, needs: readContents},

		{method: "GET", pattern: repo + "/pulls", answer: listPulls, needs: readPulls},
		{method: "GET", pattern: repo + "/pulls/comments", answer: listRepositoryComments, needs: readPulls},
		{method: "GET", pattern: comment, answer: getComment, needs: readPulls},
		{method: "PATCH", pattern: comment, answer: editComment, needs: writePulls},
		{method: "DELETE", pattern: comment, answer: deleteComment, needs: writePulls},
		{method: "GET", pattern: comment + "/reactions", answer: listReactions, needs: readPulls},
		{method: "POST", pattern: comment + "/reactions", answer: createReaction, needs: writePulls},
		{method: "GET", pattern: pull, answer: getPull, needs: readPulls},
		{method: "GET", pattern: pull + "/files", answer: listFiles, needs: readPulls},
		{method: "GET", pattern: pull + "/comments", answer: listComments, needs: readPulls},
		{method: "POST", pattern: pull + "/comments", answer: createComment, needs: writePulls, content: true},
		{method: "POST", pattern: pull + "/comments/{comment_id}/replies", answer: createReply, needs: writePulls, content: true},
		{method: "GET", pattern: pull + "/reviews", answer: listReviews, needs: readPulls},
		{method: "POST", pattern: pull + "/reviews", answer: createReview, needs: writePulls, content: true},
		{method: "GET", pattern: review, answer: getReview, needs: readPulls},
		{method: "PUT", pattern: review, answer: editReview, needs: writePulls},
		{method: "DELETE", pattern: review, answer: deleteReview, needs: writePulls},
		{method: "GET", pattern: review + "/comments", answer: listReviewComments, needs: readPulls},
		{method: "POST", pattern: review + "/events", answer: submitReview, needs: writePulls, content: true},
		{method: "PUT", pattern: review + "/dismissals", answer: dismissReview, needs: writePulls},

		{method: "GET", pattern: repo + "/issues/comments/{comment_id}", answer: getIssueComment, needs: readIssues},
		{method: "PATCH", pattern: repo + "/issues/comments/{comment_id}", answer: editIssueComment, needs: writeIssues},
		{method: "DELETE", pattern: repo + "/issues/comments/{comment_id}", answer: deleteIssueComment, needs: writeIssues},
		{method: "GET", pattern: repo + "/issues/comments/{comment_id}/reactions", answer: listReactions, needs: readIssues},
		{method: "POST", pattern: repo + "/issues/comments/{comment_id}/reactions", answer: createReaction, needs: writeIssues},
		{method: "GET", pattern: repo + "/issues/{issue_number}/comments", answer: listIssueComments, needs: readIssues},
		{method: "POST", pattern: repo + "/issues/{issue_number}/comments", answer: createIssueComment, needs: writeIssues, content: true},
	}...)
}

// Route tells which operation of GitHub's a request is, by the path in GitHub's OpenAPI description, and its path
// parameters; ok is false where the double has none.
func (s *Server) Route(r *http.Request) (pattern string, params map[string]string, ok bool) {
	rt, params := s.match(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/api/v3"))
	if rt == nil {
		return "", nil, false
	}
	return rt.pattern, params, true
}

// match finds the route of a path. Below /repositories/{id} everything is as below /repos/{owner}/{repo}.
func (s *Server) match(method, path string) (*route, map[string]string) {
	segments := split(path)
	if len(segments) > 2 && segments[0] == "repositories" {
		if r := s.repositoryByID(segments[1]); r != nil {
			segments = append([]string{"repos", r.Owner, r.Name}, segments[2:]...)
		}
	}
	for i := range s.routes {
		rt := &s.routes[i]
		if rt.method != method {
			continue
		}
		if params, ok := fit(split(rt.pattern), segments); ok {
			return rt, params
		}
	}
	return nil, nil
}

// greedy parameters take the rest of the path, slashes included.
func greedy(name string) bool {
	switch name {
	case "path", "ref", "branch", "basehead":
		return true
	}
	return false
}

func fit(pattern, segments []string) (map[string]string, bool) {
	params := map[string]string{}
	for i, p := range pattern {
		name, isParam := strings.CutPrefix(p, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case isParam && greedy(name) && len(segments) > i && i == len(pattern)-1:
			params[name] = strings.Join(segments[i:], "/")
			return params, params[name] != ""
		case isParam && name == "path": // the root folder
			params[name] = ""
			return params, true
		case len(segments) <= i:
			return nil, false
		case isParam:
			params[name] = segments[i]
		case p != segments[i]:
			return nil, false
		}
	}
	return params, len(pattern) == len(segments)
}

// Knows says whether a path of GitHub's OpenAPI description has an operation in the double.
func Knows(path string) bool {
	for _, rt := range (*Server)(nil).table() {
		if rt.pattern == path {
			return true
		}
	}
	return false
}
