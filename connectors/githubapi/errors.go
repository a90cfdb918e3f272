package githubapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// UnknownOutcomeError says that a write was sent and that nobody knows whether
// it was carried out. Only looking settles it.
type UnknownOutcomeError struct {
	Method, Path string
	Err          error
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("%s %s: outcome unknown: %v", e.Method, e.Path, e.Err)
}

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// RateLimitError says that nothing was done and that GitHub, or our own count
// of its limits, asks us to wait longer than a request may.
type RateLimitError struct {
	After time.Duration
	Why   string
}

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("github: %s: wait %s", e.Why, e.After.Round(time.Second))
}

// UnavailableError says that GitHub could not be reached or did not answer a
// question, also after retries. Nothing was done.
type UnavailableError struct {
	Method, Path string
	Err          error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s %s: github does not answer: %v", e.Method, e.Path, e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// TooLargeError says that an answer is larger than anything here is read:
// asked for again, it would be as large.
type TooLargeError struct{ Method, Path string }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s %s: the answer is larger than %d MiB", e.Method, e.Path, maxAnswer>>20)
}

// RefusedError is a definite no.
type RefusedError struct {
	Status       int // HTTP status
	Method, Path string
	Message      string // GitHub's own words, on one line
	Permission   string // what the token lacks, such as "pull requests: write"; "" when that is not the reason
	SSO          string // where a person authorises the token for the organisation; "" when that is not the reason
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, e.Message)
	if mend := e.Mend(); mend != "" {
		text += ": " + mend
	}
	return text
}

// Mend says what a person can do about it; "" when there is nothing to say.
func (e *RefusedError) Mend() string {
	switch {
	case e.SSO != "":
		return "authorise the token for the organisation at " + e.SSO
	case e.Permission != "":
		return "give the token the permission " + e.Permission
	case e.Status == http.StatusUnauthorized:
		return "check the token or the App's key: it is wrong, revoked or expired"
	}
	return ""
}

// GraphQLError holds what a GraphQL answer complains of.
type GraphQLError struct{ Problems []GraphQLProblem }

// GraphQLProblem is one entry of an answer's errors.
type GraphQLProblem struct {
	Type    string `json:"type"` // NOT_FOUND, FORBIDDEN, ...; "" when GitHub gives none
	Message string `json:"message"`
}

func (e *GraphQLError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = strings.TrimSpace(p.Type + " " + oneLine(p.Message))
	}
	return "graphql: " + strings.Join(texts, "; ")
}

func (e *GraphQLError) has(kind string) bool {
	for _, p := range e.Problems {
		if p.Type == kind {
			return true
		}
	}
	return false
}

// IsNotFound tells whether GitHub has no such thing, or hides it from this
// token: it answers both alike.
func IsNotFound(err error) bool {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Status == http.StatusNotFound || refused.Status == http.StatusGone
	}
	var graph *GraphQLError
	return errors.As(err, &graph) && graph.has("NOT_FOUND")
}

// oneLine makes a foreign message fit for a log or an error: printable, on one
// line, not endless.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return ' '
		}
		return r
	}, text)), " ")
	const most = 400
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return text
}
