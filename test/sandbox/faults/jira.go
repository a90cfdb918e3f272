package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// Jira names requests by the sandbox's routes, which are those of Atlassian's OpenAPI description; requests that it has
// no route for have none. A search is a QUERY however it is sent.
func Jira(s *jira.Server) func(*http.Request) Operation {
	return func(r *http.Request) Operation {
		route, _, _ := s.Route(r)
		op := Operation{Method: r.Method, Route: route, Page: r.URL.Query().Get("nextPageToken")}
		if strings.Contains(route, "/search") {
			op.Method = "QUERY"
		}
		return op
	}
}

// JiraLimit is a 429. The reason (jira-burst-based, jira-per-issue-on-write, jira-quota-...) is Cloud's; "" leaves it
// out. after 0 leaves Retry-After out. https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
func JiraLimit(reason string, after time.Duration) Fault {
	header, name := map[string]string{}, "429"
	if reason != "" {
		header["RateLimit-Reason"] = reason
		name += " " + reason
	}
	if after > 0 {
		header["Retry-After"] = strconv.Itoa(int(after / time.Second))
		name += " for " + after.String()
	}
	return Refusal(name, http.StatusTooManyRequests, header, complaints("Rate limit exceeded.", nil))
}

// JiraUnauthorized is what a wrong or expired token meets.
func JiraUnauthorized() Fault {
	return Refusal("401", http.StatusUnauthorized, nil, complaints("Client must be authenticated to access this resource.", nil))
}

// JiraForbidden is a refusal for want of a permission in a project.
func JiraForbidden() Fault {
	return Refusal("403", http.StatusForbidden, nil, complaints("You do not have permission to do this.", nil))
}

// JiraNotFound is what Jira says of issues and projects that are gone or may not be seen.
func JiraNotFound() Fault {
	return Refusal("404", http.StatusNotFound, nil, complaints("Issue does not exist or you do not have permission to see it.", nil))
}

// JiraField is a 400 that names a field.
func JiraField(field, text string) Fault {
	return Refusal("400 "+field, http.StatusBadRequest, nil, complaints("", map[string]string{field: text}))
}

// JiraConflict is the 409 of two changes of one issue at once.
func JiraConflict() Fault {
	return Refusal("409", http.StatusConflict, nil, complaints("The issue is being changed by somebody else.", nil))
}

// complaints is the body of Jira's refusals.
func complaints(message string, fields map[string]string) string {
	body := map[string]any{"errorMessages": []string{}, "errors": map[string]string{}}
	if message != "" {
		body["errorMessages"] = []string{message}
	}
	if fields != nil {
		body["errors"] = fields
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("faults: %v", err)) // strings always marshal
	}
	return string(raw)
}
