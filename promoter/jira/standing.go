package jira

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// about is the property of an issue that tells what it is about. It follows
// the notice with each edit. People who can edit the issue can change it.
type about struct {
	Repository string  `json:"repository"`
	RepoID     int64   `json:"repo_id"`
	Notice     int64   `json:"notice"`
	Group      string  `json:"group"`
	Route      string  `json:"route"`
	Findings   []int64 `json:"findings"`
}

const propertyKey = "sluice"

// properties say what the effect's notice is about, as requests take it.
func (t *task) properties() []map[string]any {
	a := about{Repository: t.effect.Repository, RepoID: t.effect.Target.RepoID, Notice: t.notice.No, Group: t.notice.Group, Route: t.notice.Task.Route}
	for _, i := range t.notice.Items {
		if i.Live() {
			a.Findings = append(a.Findings, i.Finding)
		}
	}
	return []map[string]any{{"key": propertyKey, "value": a}}
}

// Standing is a task as Jira has it, whether or not the store knows it.
type Standing struct {
	Remote promoter.Remote
	Token  string // of the effect that made it; "" if somebody took the label away
	// What it is about, as the issue's property says. It was ours to write and
	// is everybody's to change.
	Repository string
	RepoID     int64
	Notice     int64
	Group      string
	Route      string
	Findings   []int64

	Title    string
	Due      time.Time // a day, or zero
	Posted   string    // for Notice.Posted: fields that a person wrote last match nothing
	Created  time.Time
	Cause    promoter.RemovalCause // it was handed back: fixed, or for another cause (policy); "" if not
	Closed   bool                  // by a person
	Property bool                  // false: the property is missing or unreadable
}

// Standing lists every task of our own account that carries our label, oldest
// first, each as it is now: what a store that lost its memory adopts. A task
// that was made within the search's lag is missing.
func (s *Surface) Standing(ctx context.Context) ([]Standing, error) {
	me, err := s.self(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	hits, err := s.searchAll(ctx, fmt.Sprintf(`labels = "%s" order by created asc`, labelOurs))
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	var out []Standing
	for _, hit := range hits {
		if hit.Fields.Creator.id() != me {
			continue
		}
		i, err := s.issue(ctx, s.remote(hit))
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list tasks: read %s: %w", hit.Key, err)
		}
		out = append(out, s.standing(i, me))
	}
	return out, nil
}

func (s *Surface) standing(i issue, me string) Standing {
	a := i.Properties.Sluice
	st := Standing{
		Remote: s.remote(i), Repository: a.Repository, RepoID: a.RepoID, Notice: a.Notice, Group: a.Group, Route: a.Route, Findings: a.Findings,
		Title: i.Fields.Summary, Created: instant(i.Fields.Created), Property: a.Group != "",
	}
	st.Due, _ = time.Parse(time.DateOnly, i.Fields.Due)
	back := s.shown(i).posted()
	for n, field := range contentFields {
		if !i.wroteLast(field, me) {
			back[n] = ""
		}
	}
	st.Posted = back.String()
	st.Token = i.token()
	switch {
	case i.has(labelFixed):
		st.Cause = promoter.RemovedFixed
	case i.has(labelWithdrawn):
		st.Cause = promoter.RemovedPolicy
	}
	who := i.closedBy()
	st.Closed = who != "" && who != me
	return st
}

// searchAll reads every page of a search: which issues, oldest first, and who
// made them.
func (s *Surface) searchAll(ctx context.Context, jql string) ([]issue, error) {
	query := url.Values{"jql": {jql}, "fields": {"creator"}, "maxResults": {"100"}}
	path := "search?"
	if s.config.Deployment == Cloud {
		path = "search/jql?"
	}
	var all []issue
	for range 1000 {
		var page struct {
			Issues []issue
			Total  int
			Next   string `json:"nextPageToken"`
		}
		if err := s.read(ctx, path+query.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Issues...)
		last := len(all) >= page.Total
		if s.config.Deployment == Cloud {
			last = page.Next == ""
			query.Set("nextPageToken", page.Next)
		} else {
			query.Set("startAt", strconv.Itoa(len(all)))
		}
		if last || len(page.Issues) == 0 {
			slices.SortFunc(all, func(a, b issue) int { return cmp.Compare(a.number(), b.number()) })
			return all, nil
		}
	}
	return nil, fmt.Errorf("search %q: too many pages", jql)
}
