package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// tracker is the plainest tracker there can be: issues with a body and labels,
// and wires that break where a test wants them to.
type tracker struct {
	issues []*issue
	now    func() time.Time
	// broken says, for a verb, where the wire breaks: "before" the effect
	// happened, "after" it, or "refused".
	broken map[promoter.Verb]string
	sent   map[promoter.Verb]int
	blind  bool // its search fails
	read   int  // how often all of its tasks were
}

type issue struct {
	Key, Title, Body string
	Token            string
	Route, Group     string
	Due              time.Time
	Comments, Links  []string
	Labels           []string
	Closed           bool // by a person
	at               time.Time
}

var errBroken = fmt.Errorf("%w: the wire broke", promoter.ErrUnknownOutcome)

func (w *tracker) Do(_ context.Context, e promoter.Effect) (promoter.Observed, error) {
	n := e.Notices[0]
	w.sent[e.Verb]++
	switch w.broken[e.Verb] {
	case "before":
		return promoter.Observed{}, errBroken
	case "refused":
		return promoter.Observed{}, &promoter.RefusedError{Why: "route " + n.Task.Route + ": the field Team is mandatory", Mend: "give it under fields"}
	}
	post, err := w.change(e, n)
	if w.broken[e.Verb] == "after" {
		return promoter.Observed{}, errBroken
	}
	return promoter.Observed{Found: true, Notices: []promoter.ObservedPost{post}}, err
}

func (w *tracker) change(e promoter.Effect, n promoter.Notice) (promoter.ObservedPost, error) {
	if e.Verb == promoter.VerbTask {
		made := &issue{Key: fmt.Sprintf("PAY-%d", len(w.issues)+1), Token: e.Token, Route: n.Task.Route, Group: n.Group, Title: n.Task.Title, Body: n.Body, Due: n.Task.Due, at: w.now()}
		w.issues = append(w.issues, made)
		return w.post(n, made), nil
	}
	i := w.find(n.Remote.Key)
	if i == nil {
		return promoter.ObservedPost{No: n.No, Gone: true}, nil
	}
	post := w.post(n, i)
	if i.Closed {
		post.Closed = true
		return post, nil
	}
	switch e.Verb {
	case promoter.VerbEditTask:
		i.Title, i.Body, i.Due = n.Task.Title, n.Body, n.Task.Due
		i.Labels = slices.DeleteFunc(i.Labels, func(l string) bool { return l == "sluice-withdrawn" })
	case promoter.VerbLinkTask:
		for _, l := range n.Task.Links {
			if !slices.Contains(i.Links, l.URL) {
				i.Links = append(i.Links, l.URL)
			}
		}
	case promoter.VerbHandBack:
		i.Comments = append(i.Comments, n.Body)
		i.Labels = append(i.Labels, "sluice-"+map[bool]string{true: "fixed", false: "withdrawn"}[n.Cause == promoter.RemovedFixed])
	default:
		return post, errors.New("unknown verb " + string(e.Verb))
	}
	return post, nil
}

func (w *tracker) Find(_ context.Context, e promoter.Effect) (promoter.Observed, error) {
	for k, i := range w.issues {
		n := e.Notices[0]
		if e.Verb == promoter.VerbTask && i.Token == e.Token || e.Verb == promoter.VerbEditTask && i.Key == n.Remote.Key && i.Body == n.Body ||
			e.Verb == promoter.VerbHandBack && i.Key == n.Remote.Key && slices.Contains(i.Comments, n.Body) {
			return promoter.Observed{Found: true, Notices: []promoter.ObservedPost{w.post(n, w.issues[k])}}, nil
		}
	}
	return promoter.Observed{}, nil
}

func (w *tracker) Time(context.Context) (time.Time, error) { return w.now(), nil }

func (w *tracker) Newest(context.Context) (tokens []string, err error) {
	if w.blind {
		return nil, errors.New("the search is down")
	}
	for _, i := range w.issues {
		tokens = append(tokens, i.Token)
	}
	return tokens, nil
}

func (w *tracker) StandingTasks(context.Context) (out []promoter.StandingTask, err error) {
	w.read++
	for _, i := range w.issues {
		st := promoter.StandingTask{
			Token: i.Token, Remote: w.post(promoter.Notice{}, i).Remote, Repository: shop, Group: i.Group, Route: i.Route, Title: i.Title,
			Due: i.Due, Posted: "hash", Created: i.at, Closed: i.Closed,
		}
		for _, l := range i.Labels {
			st.Cause = map[string]promoter.RemovalCause{"sluice-fixed": promoter.RemovedFixed, "sluice-withdrawn": promoter.RemovedPolicy}[l]
		}
		out = append(out, st)
	}
	return out, nil
}

func (w *tracker) post(n promoter.Notice, i *issue) promoter.ObservedPost {
	var id int64
	_, _ = fmt.Sscanf(i.Key, "PAY-%d", &id)
	return promoter.ObservedPost{No: n.No, Remote: promoter.Remote{ID: id, Key: i.Key, URL: "https://jira.example/browse/" + i.Key}, Posted: "hash"}
}

func (w *tracker) find(key string) *issue {
	for _, i := range w.issues {
		if i.Key == key {
			return i
		}
	}
	return nil
}

// taskText is the plainest of renderers.
type taskText struct{}

func (taskText) Task(es []promoter.Exhibit) (title, body string) {
	var lines []string
	for _, e := range es {
		lines = append(lines, fmt.Sprintf("%s %s in %s", e.Name, e.Finding.Message, e.Finding.Place.Path))
	}
	return fmt.Sprintf("%d findings in %s", len(es), es[0].Finding.Place.Path), strings.Join(lines, "\n")
}

func (taskText) HandBack(w promoter.Withdrawal) string { return "handed back: " + string(w.Cause) }
