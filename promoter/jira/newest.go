package jira

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// Time is what Jira's clock shows (serverInfo).
func (s *Surface) Time(ctx context.Context) (time.Time, error) {
	var server struct {
		Time string `json:"serverTime"`
	}
	if err := s.read(ctx, "serverInfo", &server); err != nil {
		return time.Time{}, fmt.Errorf("server's time: %w", err)
	}
	t := instant(server.Time)
	if t.IsZero() {
		return t, fmt.Errorf("server's time: %q is none", server.Time)
	}
	return t, nil
}

// Newest returns the tokens of the tasks of our own account that were made
// last, some dozens of them: a store that does not know one of them is older
// than the tracker. One made within the search's lag is missing.
func (s *Surface) Newest(ctx context.Context) ([]string, error) {
	me, err := s.self(ctx)
	if err != nil {
		return nil, fmt.Errorf("list new tasks: %w", err)
	}
	query := url.Values{"jql": {fmt.Sprintf(`labels = "%s" order by created desc`, labelOurs)}, "fields": {"creator,labels"}, "maxResults": {"50"}}
	path := "search?"
	if s.config.Deployment == Cloud {
		path = "search/jql?"
	}
	var page struct{ Issues []issue }
	if err := s.read(ctx, path+query.Encode(), &page); err != nil {
		return nil, fmt.Errorf("list new tasks: %w", err)
	}
	var tokens []string
	for _, i := range page.Issues {
		if i.Fields.Creator.id() != me {
			continue
		}
		if token := i.token(); token != "" {
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// token is that of the effect that made an issue; "" if somebody took it away.
func (i issue) token() (token string) {
	for _, l := range i.Fields.Labels {
		if t, ok := strings.CutPrefix(l, labelPrefix); ok && l != labelWithdrawn && l != labelFixed {
			token = t
		}
	}
	return token
}

// StandingTasks is Standing as the loop asks for it.
func (s *Surface) StandingTasks(ctx context.Context) ([]promoter.StandingTask, error) {
	all, err := s.Standing(ctx)
	out := make([]promoter.StandingTask, len(all))
	for i, st := range all {
		out[i] = promoter.StandingTask{
			Token: st.Token, Remote: st.Remote, Repository: st.Repository, Group: st.Group, Route: st.Route, Title: st.Title, Due: st.Due,
			Posted: st.Posted, Created: st.Created, Cause: st.Cause, Closed: st.Closed,
		}
	}
	return out, err
}
