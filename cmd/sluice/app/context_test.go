package app

import (
	"testing"

	"github.com/sluice-sec/sluice/connectors"
)

// What the CI says fills gaps, and never mixes two repositories or two refs.
func TestLaidOver(t *testing.T) {
	ci := connectors.Context{Owner: "acme", Name: "shop", PullRequest: 7, Commit: "abc1234"}
	for _, test := range []struct {
		name        string
		flags, want connectors.Context
	}{
		{"no flags", connectors.Context{}, ci},
		{"only a category", connectors.Context{Category: "go"}, connectors.Context{Owner: "acme", Name: "shop", PullRequest: 7, Commit: "abc1234", Category: "go"}},
		{"the same repository in other letters", connectors.Context{Owner: "Acme", Name: "Shop"}, connectors.Context{Owner: "Acme", Name: "Shop", PullRequest: 7, Commit: "abc1234"}},
		{"another repository", connectors.Context{Owner: "acme", Name: "api"}, connectors.Context{Owner: "acme", Name: "api"}},
		{"another ref", connectors.Context{Branch: "main"}, connectors.Context{Owner: "acme", Name: "shop", Branch: "main"}},
		{"the same pull request", connectors.Context{PullRequest: 7}, ci},
		{"another commit of it", connectors.Context{Commit: "fff1234"}, connectors.Context{Owner: "acme", Name: "shop", PullRequest: 7, Commit: "fff1234"}},
	} {
		if got := laidOver(test.flags, ci); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}
