package ladder_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

// What one person says in one place is one voice, as it is one in the weighing.
func TestVoicesCountClusters(t *testing.T) {
	const noise, fine = "false-positive", "useful"
	bars := evidence.Bars{Noise: 0.2, Scores: evidence.Scores{noise: {Promotion: 1, Rollback: 1}, fine: {}}}
	said := func(cluster string, verdicts ...evidence.Verdict) evidence.Exposure {
		return evidence.Exposure{Cluster: cluster, Verdicts: verdicts}
	}
	of := func(person string, kind evidence.Kind) evidence.Verdict {
		return evidence.Verdict{Person: person, Kind: kind}
	}
	burst, taken := of("2", noise), of("2", noise)
	burst.Burst, taken.RetractedAt = true, time.Unix(1, 0)
	got := ladder.Voices([]evidence.Exposure{
		said("1#7", of("1", noise), of("1", noise), of("2", fine)), // a thumb and a reply
		said("1#7", of("1", fine), of("", noise)),                  // the code's own
		said("1#8", of("1", fine), burst, taken),
	}, bars)
	want := []promoter.Voice{{Person: 1, Against: 1, For: 1}, {Person: 2, For: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("voices (-want +got):\n%s", diff)
	}
}
