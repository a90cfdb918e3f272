package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// analysis is one upload to code scanning.
type analysis struct {
	ID       int64  `json:"id"`
	Results  int    `json:"results_count"`
	Ref      string `json:"ref"`
	Commit   string `json:"commit_sha"`
	Category string `json:"category,omitempty"`
	Error    string `json:"error,omitempty"`
	Tool     tool   `json:"tool"`
}

// pullRequest is one.
type pullRequest struct {
	Number int `json:"number"`
}

// codeScanning reads the alerts of the default branches, then what was analysed
// of each repository: that tells the commits, the scans that found nothing, and
// the pull requests, whose alerts are asked for one by one.
func (p *pull) codeScanning(ctx context.Context) error {
	err := readAll[codeAlert](ctx, p, codeForm())
	if err == nil || !p.spent(err) {
		err = errors.Join(err, p.each(ctx, p.analysable(), func(full string) error { return p.analysed(ctx, full) }))
	}
	p.details(ctx, err)
	return err
}

// listRepositories asks for all of an organisation, with what the run wants to
// know of each: nobody has to ask for them one by one.
func (p *pull) listRepositories(ctx context.Context) error {
	listed, paid, err := p.client.Inventory(ctx, p.opt.Organisation)
	p.listed, p.paid = listed, p.paid+paid
	for _, r := range listed {
		p.branches[strings.ToLower(r.Owner+"/"+r.Name)] = r.DefaultBranch
	}
	return wrap(p.opt.Organisation, err)
}

// analysable are the repositories to look at. GitHub analyses nothing in
// archived ones.
func (p *pull) analysable() []string {
	if p.opt.Organisation == "" || p.wanted.Repository != "" {
		return p.repositories()
	}
	var out []string
	for _, r := range p.listed {
		if !r.Archived {
			out = append(out, r.Owner+"/"+r.Name)
		}
	}
	return out
}

// analysed looks at the newest hundred analyses of a repository: what is older
// was taken in by an earlier pull, or is of a pull request nobody has touched
// since.
func (p *pull) analysed(ctx context.Context, full string) error {
	branch, err := p.defaultBranch(ctx, full)
	if err != nil {
		return err
	}
	list, _, err := readPage[analysis](ctx, p, newestAnalyses(full), analysisForm())
	if isOff(err) {
		return nil // whatever alerts there are, they have been read
	}
	if err == nil && list.Unread > 0 {
		err = fmt.Errorf("%d analyses are not what GitHub describes", list.Unread)
	}
	if err != nil {
		return err
	}
	newest := map[string]analysis{} // by location
	var changes []string            // refs of pull requests, newest first
	for _, a := range list.Elements {
		location := codeLocation(full, a.Ref, a.head())
		if _, older := newest[location]; older {
			continue
		}
		newest[location] = a
		switch {
		case a.Ref == "refs/heads/"+branch:
			if err := p.note(full, a); err != nil {
				return err
			}
		case strings.HasPrefix(a.Ref, "refs/pull/"):
			changes = append(changes, a.Ref)
		}
	}
	err = p.changes(ctx, full, changes, newest)
	p.uploaded(full, list.Elements)
	return err
}

func analysisForm() githubapi.Form { return githubapi.Kept[analysis]("analyses/2", nil) }

func newestAnalyses(full string) string {
	return "repos/" + escaped(full) + "/code-scanning/analyses?sort=created&direction=desc&per_page=100"
}

func (a analysis) head() head {
	return head{Tool: a.Tool.Name, Version: a.Tool.Version, Category: a.Category, Failed: a.Error}
}

// note makes an analysis the newest of its scan, whether or not it has alerts.
func (p *pull) note(full string, a analysis) error {
	owner, name, _ := strings.Cut(full, "/")
	c := connectors.Context{Owner: owner, Name: name, Commit: strings.ToLower(a.Commit)}
	if !onRef(&c, a.Ref) || a.Tool.Name == "" {
		return nil
	}
	s, err := p.scan(codeLocation(full, a.Ref, a.head()), c, a.head())
	if err != nil {
		return fmt.Errorf("an analysis: %w", err)
	}
	s.context, s.head = c, a.head()
	if c.PullRequest == 0 { // its alerts were read before, or were not
		s.lack(p.unread[""])
		s.lack(p.unread[strings.ToLower(full)])
	}
	return nil
}

// changes reads the alerts of the open pull requests among refs.
func (p *pull) changes(ctx context.Context, full string, refs []string, newest map[string]analysis) error {
	if len(refs) == 0 {
		return nil
	}
	open, err := p.open(ctx, full)
	if err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, ref := range refs {
		var c connectors.Context
		if asked[ref] || !onRef(&c, ref) || !open[c.PullRequest] || p.wanted.PullRequest != 0 && p.wanted.PullRequest != c.PullRequest {
			continue
		}
		asked[ref] = true
		for _, a := range newest {
			if a.Ref == ref {
				if err := p.note(full, a); err != nil {
					return err
				}
			}
		}
		address := p.address("repos/"+escaped(full), map[string][]string{"ref": {ref}})
		if err := readRepository[codeAlert](ctx, p, full, address, codeForm()); err != nil {
			for _, s := range p.in[strings.ToLower(full)] {
				if s.context.PullRequest == c.PullRequest {
					s.lack(err)
				}
			}
			if p.spent(err) {
				return err
			}
			p.problems = append(p.problems, Problem(full+"/"+ref, err))
		}
	}
	return nil
}

func (p *pull) open(ctx context.Context, full string) (map[int]bool, error) {
	open := map[int]bool{}
	err := readList(ctx, p, "repos/"+escaped(full)+"/pulls?state=open&sort=created&direction=asc&per_page=100",
		githubapi.Kept[pullRequest]("pulls/1", nil), func(n pullRequest) error {
			open[n.Number] = true
			return nil
		})
	return open, err
}

// defaultBranch asks for a repository that no inventory has listed.
func (p *pull) defaultBranch(ctx context.Context, full string) (branch string, err error) {
	if branch, ok := p.branches[strings.ToLower(full)]; ok {
		return branch, nil
	}
	owner, name, _ := strings.Cut(full, "/")
	if r, ok := p.client.Listed(owner, name); ok {
		return r.DefaultBranch, nil
	}
	err = p.spend(func() (bool, error) {
		r, err := p.client.Repository(ctx, owner, name)
		branch = r.DefaultBranch
		return false, err
	})
	return branch, err
}
