package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (p *program) checkCommand() *cobra.Command {
	return p.group("check", "the check that keeps pull requests from being merged", p.checkReleaseCommand(), p.checkHoldCommand(), p.checkListCommand())
}

func (p *program) checkReleaseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "release OWNER/NAME#NUMBER", Short: "let a pull request through the check", Args: takes("OWNER/NAME#NUMBER"),
		Long: "Lets one pull request through, whatever is found in it, until `sluice check hold` takes it back: the next run\n" +
			"makes its check neutral and says in it who let it through, and why. The ledger keeps both. Comments stay.",
		Example: "  sluice check release acme/shop#12 --reason 'production is down, PAY-77 follows up'\n  sluice run --only acme/shop#12",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; it stands in the check and in the ledger (required)")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		if line(reason) == "" {
			return usagef("--reason is missing: it stands in the check and in the ledger")
		}
		s, r, name, err := released(ctx, a, args[0])
		if err != nil {
			return err
		}
		r.Actor, r.Reason, r.At = a.Actor, line(reason), a.Now().UTC()
		if err := s.Release(ctx, r); err != nil {
			return err
		}
		return p.show(releaseView{name, r}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is let through: `sluice run --only '%s'` tells GitHub at once, any other run when it comes there\n", name, name)
			return err
		})
	})
	return c
}

func (p *program) checkHoldCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "hold OWNER/NAME#NUMBER", Short: "take a release back", Args: takes("OWNER/NAME#NUMBER"),
		Example: "  sluice check hold acme/shop#12 --reason 'production is up again'",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; the ledger keeps it")
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		s, r, name, err := released(ctx, a, args[0])
		if err != nil {
			return err
		}
		if err := s.Hold(ctx, r.RepoID, r.PullRequest, a.Actor, line(reason), a.Now().UTC()); err != nil {
			return err
		}
		return p.show(map[string]string{"held": name}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s has to pass the check again, from the next run on\n", name)
			return err
		})
	})
	return c
}

// releaseView is a release with its pull request's name.
type releaseView struct {
	PullRequest string `json:"pull_request"` // acme/shop#12
	promoter.Release
}

func (p *program) checkListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "pull requests that were let through", Args: takes()}
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		names, err := repositoryNames(ctx, s)
		if err != nil {
			return err
		}
		all, err := s.Releases(ctx)
		if err != nil {
			return err
		}
		views := make([]releaseView, len(all))
		for i, r := range all {
			views[i] = releaseView{fmt.Sprintf("%s#%d", names[r.RepoID], r.PullRequest), r}
		}
		return p.show(views, func(w io.Writer) error {
			if len(views) == 0 {
				_, err := fmt.Fprintln(w, "nothing is let through")
				return err
			}
			for _, v := range views {
				if _, err := fmt.Fprintf(w, "%s by %s since %s: %s\n", v.PullRequest, v.Actor, v.At.Format(time.RFC3339), line(v.Reason)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return c
}

// released reads acme/shop#12 and finds its repository.
func released(ctx context.Context, a *app.App, name string) (store.Store, promoter.Release, string, error) {
	var r promoter.Release
	sel, err := parseSelection(name)
	if err != nil || sel.PullRequest == 0 {
		return nil, r, "", usagef("%q is not written owner/name#12", name)
	}
	s, err := a.ExistingStore(ctx)
	if err != nil {
		return nil, r, "", err
	}
	repos, err := s.Repositories(ctx)
	if err != nil {
		return nil, r, "", err
	}
	for _, repo := range repos {
		if strings.EqualFold(repo.FullName(), sel.Repository) {
			r.RepoID, r.PullRequest = repo.ID, sel.PullRequest
			return s, r, fmt.Sprintf("%s#%d", repo.FullName(), sel.PullRequest), nil
		}
	}
	return nil, r, "", unknownRepository(ctx, s, sel.Repository)
}
