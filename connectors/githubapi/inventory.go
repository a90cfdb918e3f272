package githubapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// listedFor is how long what a list said of a repository need not be asked for
// again: a run, also one over 10,000 repositories, but not the next one.
const listedFor = 30 * time.Minute

// inventory remembers the repositories that were listed last.
type inventory struct {
	mu    sync.Mutex
	known map[string]heard // by owner/name in lower case
}

type heard struct {
	Repository
	at time.Time
}

func (i *inventory) find(owner, name string, now time.Time) (Repository, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	h, ok := i.known[strings.ToLower(owner+"/"+name)]
	return h.Repository, ok && now.Sub(h.at) < listedFor && !now.Before(h.at)
}

func (i *inventory) add(r Repository, at time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known == nil {
		i.known = map[string]heard{}
	}
	i.known[strings.ToLower(r.Owner+"/"+r.Name)] = heard{r, at}
}

// Listed is what Inventory said of a repository in the last minutes.
func (c *Client) Listed(owner, name string) (Repository, bool) {
	return c.inventory.find(owner, name, c.clock.Now())
}

// Inventory lists the repositories of an organisation that the token may see,
// oldest first, so that a new one changes the last page only. paid is how many
// of the requests cost quota. What was read before an error comes with it.
func (c *Client) Inventory(ctx context.Context, organisation string) (all []Repository, paid int, err error) {
	form := Kept[listed]("repositories/1", nil)
	path := "orgs/" + url.PathEscape(organisation) + "/repos?type=all&sort=created&direction=asc&per_page=100"
	for range maxPages {
		list, page, err := ReadPage[listed](ctx, c, path, form)
		if err != nil {
			return all, paid, fmt.Errorf("list repositories: %w", err)
		}
		if list.Unread > 0 || slices.ContainsFunc(list.Elements, func(l listed) bool { return !l.sound() }) {
			return all, paid, errors.New("list repositories: some entries are not what GitHub describes")
		}
		if !page.Stored {
			paid++
		}
		for _, l := range list.Elements {
			r := l.repository()
			c.inventory.add(r, c.clock.Now())
			all = append(all, r)
		}
		if page.Next == "" {
			return all, paid, nil
		}
		path = page.Next
	}
	return all, paid, fmt.Errorf("list repositories: more than %d pages", maxPages)
}
