package jira

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/promoter/wording"
)

// metaField is a field on the screen that creates issues of a type.
type metaField struct {
	ID         string           `json:"fieldId"`
	Name       string           `json:"name"`
	Required   bool             `json:"required"`
	HasDefault bool             `json:"hasDefaultValue"`
	Allowed    []map[string]any `json:"allowedValues"`
}

// issueTypes are the names and ids of the types a project has.
func (s *Surface) issueTypes(ctx context.Context, project string) ([]issueType, error) {
	return metaPages[issueType](ctx, s, "issue/createmeta/"+url.PathEscape(project)+"/issuetypes")
}

type issueType struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Subtask bool   `json:"subtask"`
}

// createFields are the fields of one type's screen.
func (s *Surface) createFields(ctx context.Context, project, typeID string) ([]metaField, error) {
	return metaPages[metaField](ctx, s, "issue/createmeta/"+url.PathEscape(project)+"/issuetypes/"+url.PathEscape(typeID))
}

const maxPages = 50

// metaPages reads a list of the create metadata, which Cloud and Data Center
// name differently:
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-get
func metaPages[T any](ctx context.Context, s *Surface, path string) ([]T, error) {
	var all []T
	for range maxPages {
		var page struct {
			Total  int `json:"total"`
			Types  []T `json:"issueTypes"`
			Fields []T `json:"fields"`
			Values []T `json:"values"`
		}
		if err := s.read(ctx, fmt.Sprintf("%s?startAt=%d&maxResults=50", path, len(all)), &page); err != nil {
			return nil, err
		}
		got := slices.Concat(page.Types, page.Fields, page.Values)
		all = append(all, got...)
		if len(got) == 0 || len(all) >= page.Total {
			break
		}
	}
	return all, nil
}

// names are the values a field takes, as people see them; nil for any.
func (f metaField) names() []string {
	var out []string
	for _, v := range f.Allowed {
		out = append(out, nameOf(v))
	}
	return out
}

// nameOf is what people call a value of a request or an answer.
func nameOf(v map[string]any) string {
	for _, key := range []string{"name", "value", "key", "id"} {
		if s, ok := v[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// wrong is the first of some values that the field does not take, "" if it
// takes all of them. A value is compared by every name it is given.
func (f metaField) wrong(value any) string {
	if f.Allowed == nil {
		return ""
	}
	var values []any
	switch v := value.(type) {
	case []any:
		values = v
	case []map[string]any:
		for _, x := range v {
			values = append(values, x)
		}
	default:
		values = []any{v}
	}
	for _, v := range values {
		given, ok := v.(map[string]any)
		if !ok {
			return fmt.Sprintf("%v (written as {value: %v}, {name: ...} or {id: ...})", v, v)
		}
		known := slices.ContainsFunc(f.Allowed, func(a map[string]any) bool {
			for _, key := range []string{"id", "name", "value", "key"} {
				if g, ok := given[key]; ok {
					return strings.EqualFold(fmt.Sprint(g), fmt.Sprint(a[key]))
				}
			}
			return false
		})
		if !known {
			return cmp.Or(nameOf(given), fmt.Sprint(given))
		}
	}
	return ""
}

// choice lists values for a message.
func choice(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	const most = 12
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return wording.Line(strings.Join(names, ", "), 600) + more
}
