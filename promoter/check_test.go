package promoter_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/promoter"
)

// A check fails for what was found and for nothing else, and where Sluice is
// the reason that nothing can be said it blocks nobody.
func TestACheckBlocksNobodyByItsOwnFault(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := promoter.Gate{
			Paused: rapid.Bool().Draw(t, "paused"), Scanned: rapid.Bool().Draw(t, "scanned"),
			Undecided: rapid.IntRange(0, 2).Draw(t, "undecided"), Waiting: rapid.IntRange(0, 2).Draw(t, "waiting"),
			Failing: make([]promoter.Exhibit, rapid.IntRange(0, 2).Draw(t, "failing")),
		}
		if rapid.Bool().Draw(t, "released") {
			g.Release = &promoter.Release{Actor: "os:alice", Reason: "an outage"}
		}
		conclusion, title := g.Decide()
		aside := g.Release != nil || g.Paused || !g.Scanned
		unsure := aside || g.Undecided > 0 || g.Waiting > 0
		switch {
		case title == "":
			t.Fatal("it says nothing")
		case (conclusion == promoter.CheckFailure) != (len(g.Failing) > 0 && !aside):
			t.Fatalf("%+v ends %s", g, conclusion)
		case conclusion == promoter.CheckSuccess && (unsure || len(g.Failing) > 0):
			t.Fatalf("%+v ends %s", g, conclusion)
		}
	})
}

// Engineers know a person by the login; the system that knows it stays in the list.
func TestACheckNamesWhoLetItThrough(t *testing.T) {
	for actor, want := range map[string]string{"github:carol": "Let through by carol: an outage", "carol": "Let through by carol: an outage"} {
		g := promoter.Gate{Release: &promoter.Release{Actor: actor, Reason: "an outage"}}
		if _, got := g.Decide(); got != want {
			t.Errorf("%s: %q", actor, got)
		}
	}
}

func TestACheckComesBackFromItsBody(t *testing.T) {
	want := promoter.Check{Conclusion: promoter.CheckFailure, Title: "t", Summary: "s", Annotations: []promoter.Annotation{{Path: "a", StartLine: 1, EndLine: 2, Title: "x", Message: "y"}}}
	if got, err := promoter.ParseCheck(want.Body()); err != nil || got.Body() != want.Body() {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := promoter.ParseCheck("not a check"); err == nil {
		t.Error("anything is a check")
	}
}
