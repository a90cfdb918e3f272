package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/promoter"
)

// create sends the one POST. What follows it only reads, and its failure is
// none of the creation's.
func (t *task) create(ctx context.Context) (promoter.ObservedPost, error) {
	me, err := t.self(ctx)
	if err != nil {
		return promoter.ObservedPost{}, err
	}
	fields, err := t.newFields(ctx)
	if err != nil {
		return promoter.ObservedPost{}, err
	}
	in := map[string]any{"fields": fields, "properties": t.properties()}
	var made issue
	if err := t.change(ctx, http.MethodPost, "issue", in, &made); err != nil {
		return promoter.ObservedPost{}, err
	}
	if made.number() == 0 || made.Key == "" {
		return promoter.ObservedPost{}, fmt.Errorf("%w: POST issue: the answer names no issue", promoter.ErrUnknownOutcome)
	}
	post := promoter.ObservedPost{No: t.notice.No, Remote: t.remote(made), Posted: t.wanted().posted().String()}
	if i, err := t.issue(ctx, post.Remote); err == nil {
		post.Posted, post.At = t.ours(i, me).String(), instant(i.Fields.Created)
	}
	return post, nil
}

// newFields are all of a new issue's: nothing is left for later, so that no
// issue is ever seen without its security level or taken for finished without
// its mandatory fields.
func (t *task) newFields(ctx context.Context) (map[string]any, error) {
	body, err := t.body()
	if err != nil {
		return nil, err
	}
	p := t.place
	f := map[string]any{
		"project": map[string]any{"key": p.Project}, "issuetype": map[string]any{"name": cmp.Or(p.IssueType, defaultType)},
		"summary": t.notice.Task.Title, "description": body, "labels": t.newLabels(),
	}
	if len(p.Components) > 0 {
		f["components"] = named(p.Components)
	}
	if p.Priority != "" {
		f["priority"] = map[string]any{"name": p.Priority}
	}
	if p.SecurityLevel != "" {
		f["security"] = map[string]any{"name": p.SecurityLevel}
	}
	if due := day(t.notice.Task.Due); due != "" {
		f["duedate"] = due
	}
	if who := t.assignee(t.route.Assignee); who != nil {
		f["assignee"] = who
	}
	if err := t.addEpic(ctx, f); err != nil {
		return nil, err
	}
	given, err := t.given(ctx)
	if err != nil {
		return nil, err
	}
	maps.Copy(f, given)
	return f, nil
}

// defaultType is made where a route names none.
const defaultType = "Task"

func named(names []string) []map[string]any {
	var out []map[string]any
	for _, n := range names {
		out = append(out, map[string]any{"name": n})
	}
	return out
}

func (t *task) newLabels() []string {
	labels := append([]string{labelOurs, t.label()}, t.place.Labels...)
	slices.Sort(labels)
	return slices.Compact(labels)
}

// body is the notice's as the interface takes it.
func (t *task) body() (any, error) {
	if t.config.Deployment == DataCenter {
		return t.notice.Body, nil
	}
	if !json.Valid([]byte(t.notice.Body)) {
		return nil, &promoter.RefusedError{Why: fmt.Sprintf("notice %d was not written for Jira Cloud", t.notice.No)}
	}
	return json.RawMessage(t.notice.Body), nil
}

// assignee is an account as the interface takes it, nil for none: a login of
// GitHub that the settings' people know, or else Jira's own name for somebody.
func (t *task) assignee(login string) map[string]any {
	for _, p := range t.config.People {
		if login != "" && p.GitHub == login && p.Jira != "" {
			login = p.Jira
			break
		}
	}
	switch {
	case login == "":
		return nil
	case t.config.Deployment == Cloud:
		return map[string]any{"accountId": login}
	}
	return map[string]any{"name": login}
}

// addEpic: on Cloud an epic is a parent, on Data Center it stands in a custom
// field.
func (t *task) addEpic(ctx context.Context, f map[string]any) error {
	switch {
	case t.place.Epic == "":
	case t.config.Deployment == Cloud:
		f["parent"] = map[string]any{"key": t.place.Epic}
	default:
		if err := t.learnFields(ctx); err != nil {
			return err
		}
		id := t.epicField()
		if id == "" {
			return t.remember(t.key(), &promoter.RefusedError{
				Why:  fmt.Sprintf("route %q has an epic, and this Jira has no field for one", t.route.Name),
				Mend: fmt.Sprintf("take epic from route %q in settings.yaml", t.route.Name),
			})
		}
		f[id] = t.place.Epic
	}
	return nil
}

// given are the route's further fields by their ids; a route may name them as
// people see them. What is neither Jira complains of.
func (t *task) given(ctx context.Context) (map[string]any, error) {
	if len(t.place.Fields) == 0 {
		return nil, nil
	}
	if err := t.learnFields(ctx); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]any{}
	for name, value := range t.place.Fields {
		out[cmp.Or(t.fields[name], name)] = value
	}
	return out, nil
}

func (s *Surface) epicField() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epic
}

const epicLink = "com.pyxis.greenhopper.jira:gh-epic-link"

// learnFields asks once which fields there are.
func (s *Surface) learnFields(ctx context.Context) error {
	s.mu.Lock()
	known := s.fields != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	var all []struct {
		ID, Name string
		Schema   struct{ Custom string }
	}
	if err := s.read(ctx, "field", &all); err != nil {
		return fmt.Errorf("ask for the fields: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fields = map[string]string{}
	for _, f := range all {
		if _, twice := s.fields[f.Name]; twice {
			s.fields[f.Name] = f.Name // two fields of one name: neither is meant
		} else {
			s.fields[f.Name] = f.ID
		}
		if f.Schema.Custom == epicLink {
			s.epic = f.ID
		}
	}
	for _, f := range all {
		s.fields[f.ID] = f.ID
	}
	return nil
}

// find looks for the effect's issue, twice if need be.
func (t *task) find(ctx context.Context) (promoter.ObservedPost, error) {
	me, err := t.self(ctx)
	if err != nil {
		return promoter.ObservedPost{}, err
	}
	for look := 1; ; look++ {
		found, gone, err := t.search(ctx, me)
		if err != nil {
			return promoter.ObservedPost{}, err
		}
		switch {
		case len(found) > 0:
			if err := t.handOver(ctx, found[0], found[1:]); err != nil {
				return promoter.ObservedPost{}, err
			}
			return promoter.ObservedPost{No: t.notice.No, Remote: t.remote(found[0]), Posted: t.ours(found[0], me).String(), At: instant(found[0].Fields.Created)}, nil
		case gone.ID != 0:
			return promoter.ObservedPost{No: t.notice.No, Remote: gone, Gone: true}, nil
		case look == 2:
			return promoter.ObservedPost{}, errNotThere
		}
		if err := t.config.Clock.Sleep(ctx, t.config.SecondLook); err != nil {
			return promoter.ObservedPost{}, &promoter.LaterError{Why: "interrupted between two searches"}
		}
	}
}

// search lists the issues of our own that have the effect's label, oldest
// first, as they are now: the index only says where to look. gone is one that
// was there and is no more. Copies that people make have the label, too, and
// another creator, but not our property: what has that may have been made before
// Sluice was given another account, and is no reason to make it again.
func (t *task) search(ctx context.Context, me string) (found []issue, gone promoter.Remote, err error) {
	hits, err := t.searchAll(ctx, fmt.Sprintf(`labels = "%s" order by created asc`, t.label()))
	if err != nil {
		return nil, gone, err
	}
	foreign := ""
	for _, hit := range hits {
		own := hit.Fields.Creator.id() == me
		i, err := t.issue(ctx, t.remote(hit))
		switch a := i.Properties.Sluice; {
		case errors.Is(err, errGone) && own:
			gone = t.remote(hit)
		case errors.Is(err, errGone):
		case err != nil:
			return nil, gone, err
		case own:
			found = append(found, i)
		case a.RepoID == t.effect.Target.RepoID && a.Notice == t.notice.No:
			foreign = i.Key
		}
	}
	if foreign != "" && len(found) == 0 && gone.ID == 0 {
		return nil, gone, fmt.Errorf("%w: %s is this task and was made by another account: was Sluice given another one? "+
			"Go back to it, or take the label %s from the issue: then another is made", promoter.ErrUnknownOutcome, foreign, t.label())
	}
	return found, gone, nil
}

// handOver links issues that were made twice to the one that stays and gives
// them back. Doing it again changes nothing; what Jira refuses is left.
func (t *task) handOver(ctx context.Context, stays issue, others []issue) error {
	for _, other := range others {
		if other.has(labelWithdrawn) {
			continue
		}
		err := t.handOne(ctx, other, stays)
		var no *answerError
		if errors.As(err, &no) {
			t.config.Log.Warn("an issue made twice could not be handed over", zap.String("issue", other.Key), zap.String("instead", stays.Key), zap.Error(no))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *task) handOne(ctx context.Context, other, stays issue) error {
	if err := t.joinTo(ctx, other, stays); err != nil {
		return err
	}
	said, err := t.said(ctx, other)
	if err != nil {
		return err
	}
	words := "Sluice made this issue twice, because an answer of Jira's was lost. It goes on with " + stays.Key + "; this one can be closed."
	return t.remark(ctx, other, said, document{textBlock(say(words))}, labelWithdrawn)
}

// joinTo links an issue to the one it duplicates. Jira keeps one link of a kind
// between two issues.
func (t *task) joinTo(ctx context.Context, other, stays issue) error {
	var kinds struct {
		Types []struct{ Name string } `json:"issueLinkTypes"`
	}
	if err := t.read(ctx, "issueLinkType", &kinds); err != nil {
		return err
	}
	var kind string
	for _, k := range kinds.Types {
		if k.Name == "Duplicate" || k.Name == "Relates" && kind == "" {
			kind = k.Name
		}
	}
	if kind == "" {
		return nil
	}
	return t.change(ctx, http.MethodPost, "issueLink", map[string]any{
		"type": map[string]any{"name": kind}, "inwardIssue": map[string]any{"key": other.Key}, "outwardIssue": map[string]any{"key": stays.Key},
	}, nil)
}

// linkID is what makes a link to an address one and the same.
func linkID(address string) string {
	if len(address) > 200 {
		address = promoter.HashBody(address)
	}
	return "sluice:" + address
}
