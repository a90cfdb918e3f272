package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/sluice-sec/sluice/promoter"
)

// edit brings title, description and due date to what is wanted, each unless a
// person changed it, and takes back a hand-back. With write false it only tells
// whether that is done.
func (t *task) edit(ctx context.Context, write bool) (promoter.ObservedPost, error) {
	i, post, done, err := t.current(ctx)
	if err != nil || done {
		return post, err
	}
	before, have, want := readPosted(t.notice.Posted), t.shown(i).posted(), t.wanted().posted()
	known := before
	fields, theirs := map[string]any{}, false
	for n, id := range contentFields {
		switch have[n] {
		case want[n]:
			known[n] = want[n]
		case known[n]:
			if fields[id], err = t.value(id); err != nil {
				return post, err
			}
		default:
			theirs = true
		}
	}
	again, err := t.again(i)
	if err != nil {
		return post, err
	}
	post.Posted = known.String()
	switch {
	case len(fields) == 0 && again == nil && theirs && known == before:
		post.Kept = KeptEdited
		return post, nil
	case len(fields) == 0 && again == nil:
		return post, nil
	case !write:
		return post, errNotThere
	}
	in := map[string]any{"fields": fields, "properties": t.properties()}
	if again != nil {
		in["update"] = again
	}
	if err := t.change(ctx, http.MethodPut, "issue/"+i.ID, in, nil); err != nil {
		return post, err
	}
	back := want
	if now, err := t.issue(ctx, post.Remote); err == nil {
		if me, err := t.self(ctx); err == nil {
			back = t.ours(now, me)
		}
	}
	for n, id := range contentFields {
		if _, wrote := fields[id]; wrote {
			known[n] = back[n]
		}
	}
	post.Posted = known.String()
	return post, nil
}

// again takes our labels from an issue that was handed back and is wanted
// again, and says so; nil if it has none. It stays in its status.
func (t *task) again(i issue) (map[string]any, error) {
	var labels []map[string]any
	for _, l := range []string{labelWithdrawn, labelFixed} {
		if i.has(l) {
			labels = append(labels, map[string]any{"remove": l})
		}
	}
	if labels == nil {
		return nil, nil
	}
	body, err := t.comment(document{textBlock(say("This is asked for again: what it is about is still there, or is back."))})
	if err != nil {
		return nil, err
	}
	return map[string]any{"labels": labels, "comment": []map[string]any{{"add": map[string]any{"body": body}}}}, nil
}

// value is a content field's as the interface takes it.
func (t *task) value(id string) (any, error) {
	switch id {
	case "summary":
		return t.notice.Task.Title, nil
	case "description":
		return t.body()
	}
	if due := day(t.notice.Task.Due); due != "" {
		return due, nil
	}
	return nil, nil
}

// link makes the issue's links to where its findings are shown. Each has a
// name of its own, so that sending it again replaces it by itself.
func (t *task) link(ctx context.Context, write bool) (promoter.ObservedPost, error) {
	i, post, done, err := t.current(ctx)
	if err != nil || done {
		return post, err
	}
	var have []struct {
		GlobalID string `json:"globalId"`
		Object   struct{ URL, Title string }
	}
	if err := t.read(ctx, "issue/"+i.ID+"/remotelink", &have); err != nil {
		return post, err
	}
	for _, l := range t.notice.Task.Links {
		if u, err := url.Parse(l.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return post, &promoter.RefusedError{Why: fmt.Sprintf("notice %d: %q is no address to link", t.notice.No, l.URL)}
		}
		there := false
		for _, h := range have {
			there = there || h.GlobalID == linkID(l.URL) && h.Object.Title == l.Title
		}
		if there {
			continue
		}
		if !write {
			return post, errNotThere
		}
		in := map[string]any{"globalId": linkID(l.URL), "relationship": "shown in", "object": map[string]any{"url": l.URL, "title": l.Title}}
		if err := t.change(ctx, http.MethodPost, "issue/"+i.ID+"/remotelink", in, nil); err != nil {
			return post, err
		}
	}
	return post, nil
}
