package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// known is a person as far as names are known.
type known promoter.Person

func (k known) is(alias string) bool {
	return slices.ContainsFunc(k.Aliases, func(a promoter.Alias) bool { return strings.EqualFold(a.String(), alias) })
}

// name is the person's first name, or a number after an erasure.
func (k known) name(id int64) string {
	switch {
	case id == 0:
		return "the code"
	case len(k.Aliases) == 0:
		return fmt.Sprintf("person %d", id)
	}
	return k.Aliases[0].String()
}

func peopleByID(ctx context.Context, s store.Answers) (map[int64]known, error) {
	people, err := s.People(ctx)
	out := make(map[int64]known, len(people))
	for _, one := range people {
		out[one.ID] = known(one)
	}
	return out, err
}

// personView is one person's answers, and how they agree with the audit.
type personView struct {
	promoter.Record
	Who     string           `json:"who"`
	Aliases []promoter.Alias `json:"aliases"`
}

func (p *program) verdictPeopleCommand() *cobra.Command {
	var erase string
	c := &cobra.Command{
		Use: "people", Short: "who answers, and how that agrees with the audit", Args: takes(),
		Long: "Lists everybody who answered. AUDITED counts their answers to findings that a random audit\njudged as well, DISAGREED those where one calls noise what the other does not.\n" +
			"A few disagreements mean nothing; many are a reason to talk to somebody.",
	}
	c.Flags().StringVar(&erase, "erase", "", "forget the names of this person, such as github:alice; their answers stay, under a number")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if erase != "" {
			return p.erasePerson(ctx, a, erase)
		}
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		people, err := peopleByID(ctx, s)
		if err != nil {
			return err
		}
		verdicts, err := s.Verdicts(ctx, store.VerdictQuery{Standing: true})
		if err != nil {
			return err
		}
		list := []personView{}
		for _, r := range promoter.Records(verdicts) {
			list = append(list, personView{Record: r, Who: people[r.Person].name(r.Person), Aliases: people[r.Person].Aliases})
		}
		return p.show(list, func(w io.Writer) error {
			t := table{head: []string{"WHO", "ANSWERS", "COMPLAINTS", "IN BURSTS", "NOT COUNTED", "AUDITED", "DISAGREED"}}
			for _, v := range list {
				t.add(v.Who, strconv.Itoa(v.Answers), strconv.Itoa(v.Complaints), strconv.Itoa(v.Bursts), strconv.Itoa(v.Uncounted), strconv.Itoa(v.Audited), strconv.Itoa(v.Disagreed))
			}
			return t.write(w, p.width)
		})
	})
	return c
}

func (p *program) erasePerson(ctx context.Context, a *app.App, who string) error {
	s, err := a.ExistingStore(ctx)
	if err != nil {
		return err
	}
	people, err := peopleByID(ctx, s)
	if err != nil {
		return err
	}
	for id, k := range people {
		if !k.is(who) {
			continue
		}
		if err := s.ErasePerson(ctx, id, a.Actor, a.Now().UTC()); err != nil {
			return err
		}
		return p.show(map[string]any{"person": id}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "their names are forgotten; their answers stay under number %d\n", id)
			return err
		})
	}
	return usagef("nobody is known as %q; `sluice verdict people` lists who is", who)
}
