package run

import (
	"testing"

	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// In how many repositories people have to complain depends on how many a cohort
// is about.
func TestHowManyRepositoriesACohortIsAbout(t *testing.T) {
	for _, c := range []struct {
		by, key string
		want    int
	}{
		{"[group, scanner, severity]", "core/gosec/high", 2},
		{"[group, scanner, severity]", "rest/gosec/high", 1},
		{"[group, scanner, severity]", "core/gosec/high+repository=acme/shop", 1},
		{"[group, scanner, severity]", "core/gosec/high+rule=G204", 2},
		{"[scanner, severity]", "gosec/high", 3},
		{"[scanner, severity]", "gosec/high+repository=acme/shop", 1},
		{"[repository, scanner]", "acme:shop/gosec", 1},
	} {
		set, err := settings.Parse("settings.yaml", []byte("groups: {core: {repositories: [acme/shop, acme/pay]}}\ncohorts: {by: "+c.by+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		r := &runner{Config: Config{Settings: set}}
		r.repos = map[int64]promoter.Repository{}
		w := &weigher{runner: r, members: map[string]int{}}
		for i, name := range []string{"shop", "pay", "mail"} {
			repo := promoter.Repository{ID: int64(i), Owner: "acme", Name: name}
			r.repos[repo.ID] = repo
			w.members[groupIn(set, repo, "").Name]++
		}
		if got := w.cohort(store.Standing{Cohort: promoter.Cohort{Key: c.key}}).Repositories; got != c.want {
			t.Errorf("%s of %s is about %d repositories, want %d", c.key, c.by, got, c.want)
		}
	}
}
