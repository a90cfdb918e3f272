package githubapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Query sends one GraphQL document and reads its data into out, which may be
// nil. A mutation is a write: serial, sent once. Complaints come back as
// *GraphQLError, or as *RefusedError or *RateLimitError where they mean that.
func (c *Client) Query(ctx context.Context, query string, vars map[string]any, out any) error {
	k := call{
		method: http.MethodPost, url: c.graphql, write: strings.HasPrefix(strings.TrimSpace(query), "mutation"),
		body: map[string]any{"query": query, "variables": vars},
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	var reply struct {
		Data   json.RawMessage  `json:"data"`
		Errors []GraphQLProblem `json:"errors"`
	}
	err = json.Unmarshal(a.body, &reply)
	if err == nil && len(reply.Errors) == 0 && out != nil {
		err = json.Unmarshal(reply.Data, out)
	}
	switch {
	case err != nil && k.write:
		return &UnknownOutcomeError{Method: "mutation", Path: c.shown(c.graphql), Err: err}
	case err != nil:
		return fmt.Errorf("graphql: read answer: %w", err)
	case len(reply.Errors) > 0:
		return c.complaint(k, a, &GraphQLError{Problems: reply.Errors})
	}
	return nil
}

// complaint says what the errors of an answer mean. GitHub answers them with
// status 200: https://docs.github.com/en/graphql/guides/troubleshooting-graphql
func (c *Client) complaint(k call, a answer, e *GraphQLError) error {
	for i := range e.Problems {
		e.Problems[i].Message = c.auth.scrub(oneLine(e.Problems[i].Message))
	}
	message := e.Problems[0].Message
	switch {
	case e.has("RATE_LIMITED"):
		return &RateLimitError{After: untilReset(a.header, c.clock.Now()), Why: "GraphQL rate limit used up"}
	case e.has("FORBIDDEN"), e.has("INSUFFICIENT_SCOPES"), strings.Contains(message, "Resource not accessible"):
		return &RefusedError{
			Status: http.StatusForbidden, Method: "GraphQL", Path: c.shown(c.graphql), Message: message,
			Permission: lacking(k, c.shown(c.graphql), a.header, message),
		}
	case k.write && strings.Contains(message, "Something went wrong"):
		// GitHub's words for its own timeout: the mutation may have been made.
		return &UnknownOutcomeError{Method: "mutation", Path: c.shown(c.graphql), Err: errors.New(message)}
	}
	return e
}
