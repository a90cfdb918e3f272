package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

// The exit codes.
const (
	codeOK      = 0
	codeFailed  = 1 // something failed for good
	codeUsage   = 2 // wrong usage, configuration, settings or policy; nothing was done
	codePartial = 3 // partial or deferred
	codeHeld    = 4 // another run holds the lock
)

// gravest is the code that counts where several apply: 2, then 4, 1, 3.
func gravest(codes ...int) int {
	for _, code := range []int{codeUsage, codeHeld, codeFailed, codePartial} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return codeOK
}

// ended is an outcome about which everything has been said already.
type ended int

func (e ended) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// untold are the errors that are still to be printed: of several that were joined
// all but an outcome, and but the interruption that led to it.
func untold(err error) []error {
	var end ended
	told := errors.As(err, &end)
	return slices.DeleteFunc(parts(err), func(part error) bool {
		return errors.As(part, &end) || told && interrupted(part)
	})
}

// parts are the errors that were joined, each for itself. An error that wraps
// several in one sentence stays whole.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var out []error
	for _, part := range joined.Unwrap() {
		out = append(out, parts(part)...)
	}
	return out
}

func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// exitCode is the one place where an error becomes a code: of several the gravest.
func exitCode(err error) int {
	var codes []int
	for _, part := range parts(err) {
		codes = append(codes, codeOf(part))
	}
	return gravest(codes...)
}

func codeOf(err error) int {
	var usage *app.UsageError
	var held *store.HeldError
	var end ended
	switch {
	case errors.As(err, &usage):
		return codeUsage
	case errors.As(err, &held):
		return codeHeld
	case errors.As(err, &end):
		return int(end)
	case interrupted(err):
		return codePartial
	}
	return codeFailed
}

func usagef(format string, args ...any) error {
	return &app.UsageError{Err: fmt.Errorf(format, args...)}
}

// failOn says which outcomes of a run end with their code.
type failOn []run.Outcome

func parseFailOn(text string) (failOn, error) {
	if text == "never" {
		return nil, nil
	}
	var out failOn
	for _, word := range strings.Split(text, ",") {
		outcome := run.Outcome(strings.TrimSpace(word))
		if !slices.Contains([]run.Outcome{run.OutcomeFailed, run.OutcomePartial, run.OutcomeDeferred}, outcome) {
			return nil, usagef("--fail-on %q: it is never, or some of failed, partial, deferred, joined by commas", text)
		}
		out = append(out, outcome)
	}
	return out, nil
}

// code is the exit code of a run that had these outcomes.
func (f failOn) code(outcomes []run.Outcome) int {
	var codes []int
	for _, o := range outcomes {
		switch {
		case !slices.Contains(f, o):
		case o == run.OutcomeFailed:
			codes = append(codes, codeFailed)
		default:
			codes = append(codes, codePartial)
		}
	}
	return gravest(codes...)
}
