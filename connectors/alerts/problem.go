package alerts

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// Problem says what is wrong with a source or a part of it, and what to do.
func Problem(path string, err error) connectors.Problem {
	out := connectors.Problem{Path: path, Reason: err.Error(), Advice: "what was known of it stays as it is; the next run asks again"}
	var refused *githubapi.RefusedError
	if errors.As(err, &refused) {
		out.Reason = fmt.Sprintf("GitHub refuses to tell: %d %s", refused.Status, refused.Message)
		if mend := refused.Mend(); mend != "" {
			out.Advice = mend
		}
	}
	return out
}

// isOff tells whether GitHub has no such alerts of a repository because nobody
// switched them on, which is no failure.
func isOff(err error) bool {
	var refused *githubapi.RefusedError
	if !errors.As(err, &refused) || refused.Status != 403 && refused.Status != 404 {
		return false
	}
	said := strings.ToLower(refused.Message)
	for _, words := range []string{"no analysis found", "disabled", "not enabled", "must be enabled", "not available for archived"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
