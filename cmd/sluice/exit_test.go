package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
)

func TestExitCodes(t *testing.T) {
	held := fmt.Errorf("take the lock: %w", &store.HeldError{})
	for _, test := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing went wrong", nil, codeOK},
		{"something went wrong", errors.New("disk on fire"), codeFailed},
		{"wrong usage", usagef("no such thing"), codeUsage},
		{"the lock is held", held, codeHeld},
		{"wrong usage counts before the lock", errors.Join(held, usagef("no such thing")), codeUsage},
		{"the lock counts before a partial result", errors.Join(ended(codePartial), held), codeHeld},
		{"stopped by a signal", fmt.Errorf("load: %w", context.Canceled), codePartial},
		{"an outcome that was told", ended(codePartial), codePartial},
		{"a failure counts before a partial result", errors.Join(errors.New("disk on fire"), ended(codePartial)), codeFailed},
		{"an interruption that ended in a partial result", errors.Join(context.Canceled, ended(codePartial)), codePartial},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestFailOn(t *testing.T) {
	all := []run.Outcome{run.OutcomeFailed, run.OutcomePartial, run.OutcomeDeferred}
	for _, test := range []struct {
		text     string
		outcomes []run.Outcome
		want     int
	}{
		{"failed,partial", nil, codeOK},
		{"failed,partial", all, codeFailed},
		{"failed,partial", all[1:], codePartial},
		{"failed,partial", all[2:], codeOK},
		{"deferred", all, codePartial},
		{"partial", all, codePartial},
		{"failed", all[1:], codeOK},
		{"never", all, codeOK},
	} {
		on, err := parseFailOn(test.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := on.code(test.outcomes); got != test.want {
			t.Errorf("--fail-on %s with %v: %d, want %d", test.text, test.outcomes, got, test.want)
		}
	}
}

func TestGravest(t *testing.T) {
	if got := gravest(3, 1, 4, 0); got != 4 {
		t.Errorf("gravest of 3, 1, 4, 0 is %d", got)
	}
	if got := gravest(0, 3, 1); got != 1 {
		t.Errorf("gravest of 0, 3, 1 is %d", got)
	}
}
