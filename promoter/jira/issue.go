package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
)

// issue is what is read of an issue.
type issue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary     string          `json:"summary"`
		Description json.RawMessage `json:"description"`
		Due         string          `json:"duedate"`
		Labels      []string        `json:"labels"`
		Status      status          `json:"status"`
		Resolution  *struct {
			Name string `json:"name"`
		} `json:"resolution"`
		Resolved string  `json:"resolutiondate"`
		Assignee *person `json:"assignee"`
		Creator  *person `json:"creator"`
		Created  string  `json:"created"`
	} `json:"fields"`
	Properties struct {
		Sluice about `json:"sluice"`
	} `json:"properties"`
	Changelog struct {
		Total     int     `json:"total"`
		Histories []event `json:"histories"`
	} `json:"changelog"`
}

type status struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

// The keys of the status categories that matter here.
const (
	categoryWorking = "indeterminate"
	categoryDone    = "done"
)

// person is an account; its id is what Jira never changes.
type person struct {
	AccountID string `json:"accountId"`
	Key       string `json:"key"`
	Name      string `json:"name"`
}

func (p *person) id() string {
	switch {
	case p == nil:
		return ""
	case p.AccountID != "":
		return p.AccountID
	case p.Key != "":
		return p.Key
	}
	return p.Name
}

// event is one entry of an issue's history.
type event struct {
	ID      string  `json:"id"`
	Author  *person `json:"author"`
	Created string  `json:"created"`
	Items   []struct {
		Field   string `json:"field"`
		FieldID string `json:"fieldId"`
	} `json:"items"`
}

const issueFields = "summary,description,duedate,labels,status,resolution,resolutiondate,assignee,creator,created"

// number is an issue's id, which stays when the issue is moved.
func (i issue) number() int64 {
	n, _ := strconv.ParseInt(i.ID, 10, 64)
	return n
}

func (i issue) has(label string) bool {
	for _, l := range i.Fields.Labels {
		if strings.EqualFold(l, label) {
			return true
		}
	}
	return false
}

// lastChange is the newest entry of the history about a field, nil if there is
// none.
func (i issue) lastChange(field string) *event {
	var last *event
	for n, e := range i.Changelog.Histories {
		for _, x := range e.Items {
			if !strings.EqualFold(x.FieldID, field) && !strings.EqualFold(strings.ReplaceAll(x.Field, " ", ""), field) {
				continue
			}
			if last == nil || e.number() > last.number() {
				last = &i.Changelog.Histories[n]
			}
		}
	}
	return last
}

func (e event) number() int64 {
	n, _ := strconv.ParseInt(e.ID, 10, 64)
	return n
}

// historyIsWhole: Cloud shows a part of a long one.
func (i issue) historyIsWhole() bool { return i.Changelog.Total <= len(i.Changelog.Histories) }

// wroteLast tells whether an account was the last to write a field of an issue
// that it made. A history that is cut may hide somebody.
func (i issue) wroteLast(field, account string) bool {
	last := i.lastChange(field)
	if last == nil {
		return i.historyIsWhole()
	}
	return last.Author.id() == account
}

// closedBy is who brought the issue to a status that is done, "" for nobody,
// and unknown where the history does not tell.
func (i issue) closedBy() string {
	if i.Fields.Status.Category.Key != categoryDone {
		return ""
	}
	last := i.lastChange("status")
	switch {
	case last != nil && last.Author.id() != "":
		return last.Author.id()
	case last == nil && i.historyIsWhole():
		return "" // it began there
	}
	return unknownPerson
}

const unknownPerson = "?"

// self asks once who we are.
func (s *Surface) self(ctx context.Context) (string, error) {
	s.mu.Lock()
	me := s.me
	s.mu.Unlock()
	if me != "" {
		return me, nil
	}
	var p person
	if err := s.read(ctx, "myself", &p); err != nil {
		return "", fmt.Errorf("ask who we are: %w", err)
	}
	if p.id() == "" {
		return "", errors.New("ask who we are: Jira named no account")
	}
	s.mu.Lock()
	s.me = p.id()
	s.mu.Unlock()
	return p.id(), nil
}

// errGone says that an issue is not there for us any more.
var errGone = errors.New("gone")

// issue reads an issue with its history. errGone only if Jira answers as ever
// and its project, too.
func (s *Surface) issue(ctx context.Context, remote promoter.Remote) (issue, error) {
	var i issue
	err := s.read(ctx, fmt.Sprintf("issue/%d?fields=%s&expand=changelog&properties=%s", remote.ID, issueFields, propertyKey), &i)
	var no *answerError
	if !errors.As(err, &no) || no.status != http.StatusNotFound {
		return i, err
	}
	if project, _, ok := strings.Cut(remote.Key, "-"); ok {
		var there struct{}
		if err := s.read(ctx, "project/"+project, &there); err != nil {
			return i, err
		}
	}
	return i, errGone
}

// current reads the effect's issue. done is true if there is nothing to do:
// it is gone, or a person has closed it.
func (t *task) current(ctx context.Context) (i issue, post promoter.ObservedPost, done bool, err error) {
	me, err := t.self(ctx)
	if err != nil {
		return i, post, true, err
	}
	i, err = t.issue(ctx, t.notice.Remote)
	if errors.Is(err, errGone) {
		return i, promoter.ObservedPost{No: t.notice.No, Remote: t.notice.Remote, Gone: true}, true, nil
	}
	if err != nil {
		return i, post, true, err
	}
	post = promoter.ObservedPost{No: t.notice.No, Remote: t.remote(i), Posted: t.notice.Posted}
	if who := i.closedBy(); who != "" && who != me {
		post.Closed = true
		return i, post, true, nil
	}
	return i, post, false, nil
}

// remote is how Jira knows an issue now.
func (s *Surface) remote(i issue) promoter.Remote {
	return promoter.Remote{ID: i.number(), Key: i.Key, URL: s.base + "browse/" + i.Key}
}
