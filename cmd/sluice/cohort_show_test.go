package main

import (
	"testing"

	"github.com/sluice-sec/sluice/promoter"
)

// What was answered and what is known of the noise are counted over different
// stretches, so a text that has both says so.
func TestNoiseIsOfWhatIsSettled(t *testing.T) {
	fell := promoter.Move{
		From: promoter.Advise, To: promoter.Triage, Actor: "sluice", Reason: "too noisy",
		Grounds: &promoter.Grounds{Shown: 9, Answered: 4, Noise: "noise 0 %, 0 to 97 %, a tenth answered", Voices: []promoter.Voice{{Person: 1, Against: 2}, {Person: 2, Against: 2}}},
	}
	want := "advise -> triage, too noisy; of 9 shown 4 were answered by 2 people, 2 of whom complained; of what was settled by then: noise 0 %, 0 to 97 %, a tenth answered"
	if got := tellMove(fell); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	h := cohortHistory{cohortView: cohortView{Outcome: "unknown", Shown: 9, Answered: 4, Noise: &noiseView{High: .97, Answered: .1}}}
	if got, want := h.shownText(), "9 in this stay, 4 answered; of what is settled: noise 0 %, 0 to 97 %, a tenth answered"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
