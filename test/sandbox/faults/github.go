package faults

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// GitHub names requests by the sandbox's routes, which are those of GitHub's OpenAPI description; requests that it has
// no route for have none.
func GitHub(s *github.Server) func(*http.Request) Operation {
	return func(r *http.Request) Operation {
		route, _, _ := s.Route(r)
		op := Operation{Method: r.Method, Route: route, Page: r.URL.Query().Get("page")}
		if strings.HasSuffix(r.URL.Path, "/graphql") {
			op = Operation{Method: "QUERY", Route: "/graphql"}
			if body, err := io.ReadAll(r.Body); err == nil && bytes.Contains(body, []byte(`"query":"mutation`)) {
				op.Method = "MUTATION"
			}
		}
		return op
	}
}

const secondaryMessage = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

// Secondary is a refusal by the secondary limits, with status 403 or 429. after 0 leaves Retry-After out.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
func Secondary(status int, after time.Duration) Fault {
	header := map[string]string{}
	name := fmt.Sprintf("%d secondary limit", status)
	if after > 0 {
		header["Retry-After"] = strconv.Itoa(int(after / time.Second))
		name += " for " + after.String()
	}
	return Refusal(name, status, header, message(secondaryMessage))
}

// Primary is a refusal because the hour's quota is used up until reset.
func Primary(reset time.Time) Fault {
	return Refusal("403 quota used up", http.StatusForbidden, map[string]string{
		"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(reset.Unix(), 10)},
		message("API rate limit exceeded for user ID 1."))
}

// NoPermission is a refusal for want of a permission, such as "pull_requests=write".
func NoPermission(need string) Fault {
	return Refusal("403 without "+need, http.StatusForbidden, map[string]string{"X-Accepted-GitHub-Permissions": need},
		message("Resource not accessible by personal access token"))
}

// SSO is a refusal until a person authorises the token for the organisation.
// https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
func SSO(address string) Fault {
	return Refusal("403 SSO", http.StatusForbidden, map[string]string{"X-GitHub-SSO": "required; url=" + address},
		message("Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization."))
}

// BadCredentials is what a revoked token meets.
func BadCredentials() Fault {
	return Refusal("401", http.StatusUnauthorized, nil, message("Bad credentials"))
}

// NotFound is what GitHub says of a pull request that vanished, and of all that a token may not see.
func NotFound() Fault { return Refusal("404", http.StatusNotFound, nil, message("Not Found")) }

// Conflict is a 409.
func Conflict() Fault { return Refusal("409", http.StatusConflict, nil, message("Conflict")) }

// Unprocessable is a 422 with a reason of GitHub's.
func Unprocessable(reason string) Fault {
	return Refusal("422 "+reason, http.StatusUnprocessableEntity, nil,
		fmt.Sprintf(`{"message":"Unprocessable Entity","errors":[%q],"documentation_url":"https://docs.github.com/rest"}`, reason))
}

func message(text string) string {
	return fmt.Sprintf(`{"message":%q,"documentation_url":"https://docs.github.com/rest"}`, text)
}
