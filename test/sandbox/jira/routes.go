package jira

import (
	"net/http"
	"net/url"
	"strings"
)

// route is one operation. Its pattern is written as in Atlassian's description, with {issue} for {issueIdOrKey}.
type route struct {
	method, pattern string
	answer          func(*call) (any, error)
	open            bool       // answers nobody, too
	only            Deployment // empty: both
}

// table lists every operation; literal segments come before parameters where both fit.
func table() []route {
	const issue = "/issue/{issue}"
	return []route{
		{method: "GET", pattern: "/serverInfo", answer: getServerInfo, open: true},
		{method: "GET", pattern: "/myself", answer: getMyself},
		{method: "GET", pattern: "/mypermissions", answer: getMyPermissions},
		{method: "GET", pattern: "/user", answer: getUser},
		{method: "GET", pattern: "/user/search", answer: searchUsers},
		{method: "GET", pattern: "/field", answer: getFields},
		{method: "GET", pattern: "/priority", answer: getPriorities},
		{method: "GET", pattern: "/resolution", answer: getResolutions},
		{method: "GET", pattern: "/status", answer: getStatuses},
		{method: "GET", pattern: "/statuscategory", answer: getCategories},
		{method: "GET", pattern: "/label", answer: getLabels, only: Cloud},
		{method: "GET", pattern: "/issueLinkType", answer: getLinkTypes},
		{method: "GET", pattern: "/project", answer: getProjects},
		{method: "GET", pattern: "/project/{projectIdOrKey}", answer: getProject},
		{method: "GET", pattern: "/project/{projectIdOrKey}/components", answer: getComponents},
		{method: "GET", pattern: "/project/{projectIdOrKey}/statuses", answer: getProjectStatuses},

		{method: "GET", pattern: "/search/jql", answer: searchCloud, open: true, only: Cloud},
		{method: "POST", pattern: "/search/jql", answer: searchCloud, open: true, only: Cloud},
		{method: "POST", pattern: "/search/approximate-count", answer: countCloud, only: Cloud},
		{method: "GET", pattern: "/search", answer: searchOld, open: true},
		{method: "POST", pattern: "/search", answer: searchOld, open: true},

		{method: "GET", pattern: "/issue/createmeta", answer: getOldCreateMeta},
		{method: "GET", pattern: "/issue/createmeta/{projectIdOrKey}/issuetypes", answer: getCreateTypes},
		{method: "GET", pattern: "/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}", answer: getCreateFields},
		{method: "POST", pattern: "/issue", answer: createIssue},
		{method: "GET", pattern: issue, answer: getIssue, open: true},
		{method: "PUT", pattern: issue, answer: editIssue},
		{method: "DELETE", pattern: issue, answer: deleteIssue},
		{method: "PUT", pattern: issue + "/assignee", answer: assignIssue},
		{method: "GET", pattern: issue + "/editmeta", answer: getEditMeta},
		{method: "GET", pattern: issue + "/changelog", answer: getChangelog, only: Cloud},
		{method: "GET", pattern: issue + "/transitions", answer: getTransitions, open: true},
		{method: "POST", pattern: issue + "/transitions", answer: doTransition},
		{method: "GET", pattern: issue + "/comment", answer: getComments, open: true},
		{method: "POST", pattern: issue + "/comment", answer: addComment},
		{method: "GET", pattern: issue + "/comment/{id}", answer: getComment, open: true},
		{method: "PUT", pattern: issue + "/comment/{id}", answer: editComment},
		{method: "DELETE", pattern: issue + "/comment/{id}", answer: deleteComment},
		{method: "GET", pattern: issue + "/remotelink", answer: getRemoteLinks, open: true},
		{method: "POST", pattern: issue + "/remotelink", answer: putRemoteLink},
		{method: "DELETE", pattern: issue + "/remotelink", answer: deleteRemoteLinks},
		{method: "GET", pattern: issue + "/remotelink/{linkId}", answer: getRemoteLink, open: true},
		{method: "PUT", pattern: issue + "/remotelink/{linkId}", answer: editRemoteLink},
		{method: "DELETE", pattern: issue + "/remotelink/{linkId}", answer: deleteRemoteLinks},
		{method: "GET", pattern: issue + "/properties", answer: getProperties, open: true},
		{method: "GET", pattern: issue + "/properties/{propertyKey}", answer: getProperty, open: true},
		{method: "PUT", pattern: issue + "/properties/{propertyKey}", answer: putProperty},
		{method: "DELETE", pattern: issue + "/properties/{propertyKey}", answer: deleteProperty},

		{method: "POST", pattern: "/issueLink", answer: linkIssues},
		{method: "GET", pattern: "/issueLink/{linkId}", answer: getLink},
		{method: "DELETE", pattern: "/issueLink/{linkId}", answer: deleteLink},
	}
}

// match finds the route of a path, and the version of the interface it is in.
func (s *Server) match(method, path string) (rt *route, version string, params map[string]string) {
	rest, ok := strings.CutPrefix(path, "/rest/api/")
	if !ok {
		return nil, "", nil
	}
	version, rest, _ = strings.Cut(rest, "/")
	if version == "latest" && s.world.Deployment == DataCenter {
		version = "2"
	}
	if version != "2" && (version != "3" || s.world.Deployment != Cloud) {
		return nil, "", nil
	}
	for i := range s.routes {
		rt := &s.routes[i]
		if rt.method != method || rt.only != "" && rt.only != s.world.Deployment {
			continue
		}
		if params, ok := fit(rt.pattern, rest); ok {
			return rt, version, params
		}
	}
	return nil, version, nil
}

func fit(pattern, path string) (map[string]string, bool) {
	want, have := strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	if len(want) != len(have) {
		return nil, false
	}
	params := map[string]string{}
	for i, w := range want {
		if name, ok := strings.CutPrefix(w, "{"); ok {
			plain, err := url.PathUnescape(have[i])
			if err != nil {
				return nil, false
			}
			params[strings.TrimSuffix(name, "}")] = plain
		} else if w != have[i] {
			return nil, false
		}
	}
	return params, true
}

// Route tells which operation a request is, by the path in Atlassian's description, and its path parameters; ok is false
// where the double has none.
func (s *Server) Route(r *http.Request) (pattern string, params map[string]string, ok bool) {
	rt, version, params := s.match(r.Method, r.URL.EscapedPath())
	if rt == nil {
		return "", nil, false
	}
	if key, ok := params["issue"]; ok {
		params["issueIdOrKey"] = key
	}
	return described(rt.pattern, version), params, true
}

func described(pattern, version string) string {
	return "/rest/api/" + version + strings.Replace(pattern, "{issue}", "{issueIdOrKey}", 1)
}

// Knows says whether a path of Atlassian's description has an operation in the double.
func Knows(path string) bool {
	for _, rt := range table() {
		if described(rt.pattern, "2") == path || described(rt.pattern, "3") == path {
			return true
		}
	}
	return false
}
