package promoter_test

import (
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

func TestLaterSaysWhen(t *testing.T) {
	for after, want := range map[time.Duration]string{
		0:           "it is away: the next run tries again",
		time.Minute: "it is away: try again in 1m0s",
	} {
		if got := (&promoter.LaterError{Why: "it is away", After: after}).Error(); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
}
