package alerts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// readList reads the pages of one list and hands over its alerts.
func readList[A any](ctx context.Context, p *pull, path string, form githubapi.Form, take func(A) error) error {
	unread := 0
	for seen := map[string]bool{}; path != ""; {
		if seen[path] {
			return errors.New("the list goes in circles")
		}
		seen[path] = true
		list, next, err := readPage[A](ctx, p, path, form)
		if err != nil {
			return err
		}
		for _, a := range list.Elements {
			if err := take(a); err != nil {
				return err
			}
		}
		unread += list.Unread
		if path = next; path != "" {
			p.step(1, 1)
		}
	}
	if unread > 0 {
		return fmt.Errorf("%d entries are not what GitHub describes", unread)
	}
	return nil
}

// pageSize is how many alerts every list is asked for at a time.
const pageSize = 100

// readPage reads one page and books what it cost.
func readPage[E any](ctx context.Context, p *pull, path string, form githubapi.Form) (list githubapi.List[E], next string, err error) {
	var page githubapi.Page
	err = p.spend(func() (bool, error) {
		list, page, err = githubapi.ReadPage[E](ctx, p.client, path, form)
		if err == nil && page.Unsure && page.Next == "" && len(list.Elements)+list.Unread >= pageSize {
			form.Fresh = true // a page that is full may have got a successor and stayed as it was
			list, page, err = githubapi.ReadPage[E](ctx, p.client, path, form)
		}
		return page.Stored, err
	})
	return list, page.Next, err
}

// page reads an answer that is no list and books what it cost.
func (p *pull) page(ctx context.Context, path string, form githubapi.Form) (page githubapi.Page, err error) {
	err = p.spend(func() (bool, error) {
		page, err = p.client.Page(ctx, path, form)
		return page.Stored, err
	})
	return page, err
}

// spend asks GitHub, if the budget has a request left, while others work on.
func (p *pull) spend(ask func() (free bool, err error)) error {
	for p.paid+p.asking >= p.opt.Budget && p.asking > 0 {
		p.answered.Wait() // it may have cost nothing
	}
	if p.paid >= p.opt.Budget {
		return errBudget
	}
	p.asking++
	var free bool
	var err error
	p.away(func() { free, err = ask() })
	if p.asking--; err == nil && !free {
		p.paid++
	}
	p.answered.Broadcast()
	return err
}

// readAll reads the lists of an organisation, or of each repository.
func readAll[A alert](ctx context.Context, p *pull, form githubapi.Form) error {
	if p.opt.Organisation != "" && p.wanted.Repository == "" {
		listErr := p.listRepositories(ctx)
		if p.spent(listErr) {
			p.unread[""] = listErr
			return listErr
		}
		address := p.address("orgs/"+url.PathEscape(p.opt.Organisation), nil)
		p.step(0, 1)
		err := readRepository[A](ctx, p, "", address, form)
		p.step(1, 0)
		if err != nil {
			p.unread[""] = err
			for _, s := range p.scans {
				s.lack(err)
			}
		}
		return errors.Join(listErr, wrap(p.opt.Organisation, err))
	}
	return p.each(ctx, p.repositories(), func(full string) error {
		err := readRepository[A](ctx, p, full, p.address("repos/"+escaped(full), nil), form)
		if err != nil {
			p.unread[strings.ToLower(full)] = err
		}
		return err
	})
}

func (p *pull) address(below string, also url.Values) string {
	query := url.Values{"per_page": {"100"}, "sort": {"created"}, "direction": {"asc"}}
	if p.opt.Kind == SecretScanning {
		query.Set("after", "") // cursors, please: numbers are its default
	}
	for name, values := range also {
		query[name] = values
	}
	return below + "/" + string(p.opt.Kind) + "/alerts?" + query.Encode()
}

// readRepository reads one list into scans. full is the repository it is of, ""
// where each alert names its own.
func readRepository[A alert](ctx context.Context, p *pull, full, address string, form githubapi.Form) error {
	return readList(ctx, p, address, form, func(a A) error { return p.put(a, full) })
}
