package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// TaskStatus is what people made of a task, as Jira shows it now.
type TaskStatus struct {
	ID         int64  // Notice.Remote.ID
	Key        string // it changes when the issue is moved
	Gone       bool   // deleted, or hidden from us; all else is empty then
	Status     string // its name, as the project calls it
	Category   string // new, indeterminate or done
	Resolution string // its name; "" while unresolved
	Assigned   bool
	// By is who brought a task that is done to its status, by the id that
	// people are known by in the settings (account id on Cloud, key on Data
	// Center), and Name how Data Center calls them. "" where Jira does not tell.
	By, Name string
	Ours     bool      // it was Sluice
	At       time.Time // when; zero where Jira does not tell
}

// batch is how many issues one search asks for; Cloud looks at that many
// fresh, past its index.
const batch = 50

// Status reads tasks, in the order asked for. On Data Center it may be as old
// as the search index.
func (s *Surface) Status(ctx context.Context, tasks []promoter.Remote) ([]TaskStatus, error) {
	me, err := s.self(ctx)
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	var out []TaskStatus
	for part := range slices.Chunk(tasks, batch) {
		found, err := s.searchByID(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("read tasks: %w", err)
		}
		for _, remote := range part {
			i, ok := found[remote.ID]
			if !ok { // too new for the index, or gone
				if i, err = s.issue(ctx, remote); errors.Is(err, errGone) {
					out = append(out, TaskStatus{ID: remote.ID, Gone: true})
					continue
				} else if err != nil {
					return nil, fmt.Errorf("read task %s: %w", remote.Key, err)
				}
			}
			out = append(out, i.taskStatus(me))
		}
	}
	return out, nil
}

// searchByID reads what one search finds. A search that names an issue which is
// no more is refused whole; then it finds nothing.
func (s *Surface) searchByID(ctx context.Context, tasks []promoter.Remote) (map[int64]issue, error) {
	var names []string
	for _, remote := range tasks {
		names = append(names, strconv.FormatInt(remote.ID, 10))
	}
	query := url.Values{"jql": {"id in (" + strings.Join(names, ",") + ")"}, "fields": {"status,resolution,resolutiondate,assignee"},
		"expand": {"changelog"}, "maxResults": {strconv.Itoa(batch)}}
	path := "search?"
	if s.config.Deployment == Cloud {
		path, query["reconcileIssues"] = "search/jql?", names
	}
	var page struct{ Issues []issue }
	err := s.read(ctx, path+query.Encode(), &page)
	var no *answerError
	if errors.As(err, &no) && no.status == http.StatusBadRequest {
		return nil, nil
	}
	found := map[int64]issue{}
	for _, i := range page.Issues {
		found[i.number()] = i
	}
	return found, err
}

func (i issue) taskStatus(me string) TaskStatus {
	f := i.Fields
	st := TaskStatus{ID: i.number(), Key: i.Key, Status: f.Status.Name, Category: f.Status.Category.Key, Assigned: f.Assignee != nil}
	if f.Resolution != nil {
		st.Resolution = f.Resolution.Name
	}
	if st.Category != categoryDone {
		return st
	}
	st.At = instant(f.Resolved)
	if last := i.lastChange("status"); last != nil {
		st.By, st.At, st.Ours = last.Author.id(), instant(last.Created), last.Author.id() == me
		if last.Author != nil {
			st.Name = last.Author.Name
		}
	}
	return st
}

// instant reads a time as Jira writes it; zero if it is none.
func instant(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
