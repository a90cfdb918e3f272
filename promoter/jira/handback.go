package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/promoter"
)

// handBack gives an issue back to the security team: it moves it as its route
// says, then comments and labels it in one request. The move comes first,
// since automation that hears of an edit may act on the status it knew.
func (t *task) handBack(ctx context.Context, write bool) (promoter.ObservedPost, error) {
	i, post, done, err := t.current(ctx)
	if err != nil || done {
		return post, err
	}
	label, status, resolution := labelWithdrawn, t.place.WithdrawnStatus, t.place.WithdrawnResolution
	if t.notice.Cause == promoter.RemovedFixed {
		label, status, resolution = labelFixed, t.place.FixedStatus, t.place.FixedResolution
	}
	working := i.Fields.Status.Category.Key == categoryWorking && i.Fields.Assignee != nil
	if working && t.notice.Cause != promoter.RemovedFixed {
		post.Kept = KeptWorking
	}
	said, err := t.said(ctx, i)
	if err != nil {
		return post, err
	}
	if said && i.has(label) {
		return post, nil // the comment comes last, so all else was done or could not be
	}
	if !write {
		return post, errNotThere
	}
	if status != "" && !working {
		if err := t.move(ctx, i, status, resolution); err != nil {
			return post, err
		}
	}
	return post, t.remark(ctx, i, said, nil, label)
}

// remark adds a label and, unless it was said before, a comment: one request
// for both. A nil document means the notice's own body.
func (t *task) remark(ctx context.Context, i issue, said bool, d document, label string) error {
	update := map[string]any{"labels": []map[string]any{{"add": label}}}
	if !said {
		body, err := t.comment(d)
		if err != nil {
			return err
		}
		update["comment"] = []map[string]any{{"add": map[string]any{"body": body}}}
	}
	return t.change(ctx, http.MethodPut, "issue/"+i.ID, map[string]any{"update": update}, nil)
}

// comment is a comment's body with the reference it is found by.
func (t *task) comment(d document) (any, error) {
	reference := document{textBlock(say("Reference "), quoted(t.label()))}
	if d != nil {
		d = append(d, reference...)
	}
	if t.config.Deployment == DataCenter {
		if d != nil {
			return wiki(d), nil
		}
		return t.notice.Body + "\n\n" + wiki(reference), nil
	}
	var doc, end node
	own := t.notice.Body
	if d != nil {
		own = adf(d)
	} else if err := json.Unmarshal([]byte(adf(reference)), &end); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(own), &doc); err != nil || doc.Type != "doc" {
		return nil, &promoter.RefusedError{Why: fmt.Sprintf("notice %d was not written for Jira Cloud", t.notice.No)}
	}
	doc.Content = append(doc.Content, end.Content...)
	return doc, nil
}

const maxComments = 5000 // of an issue on Cloud

// said tells whether a comment of our own has the effect's reference.
func (t *task) said(ctx context.Context, i issue) (bool, error) {
	me, err := t.self(ctx)
	if err != nil {
		return false, err
	}
	for from := 0; from < maxComments; {
		var page struct {
			Total    int `json:"total"`
			Comments []struct {
				Author *person         `json:"author"`
				Body   json.RawMessage `json:"body"`
			} `json:"comments"`
		}
		if err := t.read(ctx, fmt.Sprintf("issue/%s/comment?orderBy=-created&maxResults=100&startAt=%d", i.ID, from), &page); err != nil {
			return false, err
		}
		for _, c := range page.Comments {
			if c.Author.id() == me && t.mentions(c.Body) {
				return true, nil
			}
		}
		from += len(page.Comments)
		if len(page.Comments) == 0 || from >= page.Total {
			break
		}
	}
	return false, nil
}

// mentions tells whether a comment's body has the effect's reference.
func (t *task) mentions(body json.RawMessage) bool {
	if t.config.Deployment == Cloud {
		return strings.Contains(string(body), `"`+t.label()+`"`)
	}
	var text string
	return json.Unmarshal(body, &text) == nil && strings.Contains(text, wikiLine([]span{quoted(t.label())}))
}

// transition is a way out of an issue's status, with the fields of its screen.
type transition struct {
	ID     string `json:"id"`
	To     status `json:"to"`
	Fields map[string]struct {
		Required   bool `json:"required"`
		HasDefault bool `json:"hasDefaultValue"`
	} `json:"fields"`
}

// move brings an issue to a status, if one transition leads there and what its
// screen requires is known. Where not, the comment and the label have to do.
func (t *task) move(ctx context.Context, i issue, status, resolution string) error {
	if strings.EqualFold(i.Fields.Status.Name, status) {
		return nil
	}
	var ways struct {
		Transitions []transition `json:"transitions"`
	}
	if err := t.read(ctx, "issue/"+i.ID+"/transitions?expand=transitions.fields", &ways); err != nil {
		return err
	}
	why := fmt.Sprintf("no transition leads from %q to %q", i.Fields.Status.Name, status)
	for _, way := range ways.Transitions {
		if !strings.EqualFold(way.To.Name, status) && way.To.ID != status {
			continue
		}
		in := map[string]any{"transition": map[string]any{"id": way.ID}}
		given, err := t.given(ctx)
		if err != nil {
			return err
		}
		fields, missing := way.screen(given, resolution)
		if missing != "" {
			why = fmt.Sprintf("the screen on the way to %q requires %s", status, missing)
			continue
		}
		if len(fields) > 0 {
			in["fields"] = fields
		}
		err = t.change(ctx, http.MethodPost, "issue/"+i.ID+"/transitions", in, nil)
		var no *answerError
		if !errors.As(err, &no) || no.status == http.StatusUnauthorized {
			return err
		}
		why = no.Error()
	}
	t.config.Log.Warn("a task that is handed back stays in its status", zap.String("issue", i.Key), zap.String("route", t.route.Name), zap.String("why", why))
	return nil
}

// screen fills a transition's screen with what the route gave; missing is what
// it requires and nobody gave.
func (way transition) screen(all map[string]any, resolution string) (fields map[string]any, missing string) {
	fields = map[string]any{}
	for id, f := range way.Fields {
		given, ok := all[id]
		switch {
		case id == "resolution" && resolution != "":
			fields[id] = map[string]any{"name": resolution}
		case f.Required && ok:
			fields[id] = given
		case f.Required && !f.HasDefault:
			missing = id
		}
	}
	return fields, missing
}
