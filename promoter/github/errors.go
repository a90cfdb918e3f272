package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// translate turns the client's errors into those the loop knows.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	var unknown *githubapi.UnknownOutcomeError
	var rate *githubapi.RateLimitError
	var down *githubapi.UnavailableError
	var refused *githubapi.RefusedError
	var later *promoter.LaterError
	var no *promoter.RefusedError
	var misplaced *promoter.MisplacedError
	switch {
	case errors.Is(err, promoter.ErrUnknownOutcome):
		return fmt.Errorf("%s: %w", what, err)
	case errors.As(err, &unknown):
		return fmt.Errorf("%s: %w: %v", what, promoter.ErrUnknownOutcome, unknown)
	case errors.As(err, &later):
		return later
	case errors.As(err, &no):
		return no
	case errors.As(err, &misplaced):
		return misplaced
	case errors.As(err, &rate):
		return &promoter.LaterError{Why: what + ": " + rate.Error(), After: rate.After}
	case errors.As(err, &down):
		// What this one needs may be broken alone: whether others wait is the loop's to say.
		return &promoter.LaterError{Why: what + ": " + down.Error()}
	case errors.As(err, &refused):
		return &promoter.RefusedError{
			Why:  fmt.Sprintf("%s: %s %s: %d %s", what, refused.Method, refused.Path, refused.Status, refused.Message),
			Mend: refused.Mend(), Absent: refused.Status == http.StatusNotFound,
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// The client calls a write that was under way unknown, so this was none.
		return &promoter.LaterError{Why: what + ": interrupted"}
	}
	return fmt.Errorf("%s: %w", what, err)
}

func stale(format string, args ...any) error {
	return &promoter.RefusedError{Why: fmt.Sprintf(format, args...), Stale: true}
}

// says tells whether err is a refusal with this status whose message holds one
// of the words.
func says(err error, status int, words ...string) bool {
	var refused *githubapi.RefusedError
	if !errors.As(err, &refused) || refused.Status != status {
		return false
	}
	message := strings.ToLower(refused.Message)
	for _, w := range words {
		if strings.Contains(message, w) {
			return true
		}
	}
	return false
}
