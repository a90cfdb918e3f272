package githubapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Repository is what a run needs to know of one.
type Repository struct {
	ExternalID    string // GitHub's id, in decimal: it survives renames
	Owner, Name   string // as they are now
	DefaultBranch string
	Visibility    string // public, private, internal; "" when GitHub did not say
	Archived      bool
	Language      string            // the one with most code, "" when GitHub knows none
	Topics        []string          // sorted
	Properties    map[string]string // custom properties; of one with several values, joined by commas
	RenamedTo     string            // owner/name, when it was asked for under another
}

// listed is a repository as GitHub writes it, alone or in a list. go-github
// knows no custom properties in either.
type listed struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
	DefaultBranch string         `json:"default_branch"`
	Visibility    string         `json:"visibility"`
	Private       bool           `json:"private"`
	Archived      bool           `json:"archived"`
	Language      string         `json:"language"`
	Topics        []string       `json:"topics"`
	Properties    map[string]any `json:"custom_properties"`
}

// sound tells whether it can be one: with an id that is none, two would be taken for one.
func (l listed) sound() bool {
	return l.ID > 0 && l.Owner.Login != "" && l.Name != "" && !strings.ContainsAny(l.Owner.Login+l.Name, "/?#%")
}

func (l listed) repository() Repository {
	out := Repository{
		ExternalID: strconv.FormatInt(l.ID, 10), Owner: l.Owner.Login, Name: l.Name, DefaultBranch: l.DefaultBranch,
		Visibility: l.Visibility, Archived: l.Archived, Language: l.Language, Topics: slices.Sorted(slices.Values(l.Topics)),
	}
	if out.Visibility == "" && l.Private {
		out.Visibility = "private" // old servers
	}
	for name, value := range l.Properties {
		text, ok := propertyText(value)
		if !ok {
			continue
		}
		if out.Properties == nil {
			out.Properties = map[string]string{}
		}
		out.Properties[name] = text
	}
	return out
}

// propertyText reads the value of a custom property: text, several texts, or
// null where none is set.
func propertyText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case []any:
		var texts []string
		for _, one := range v {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			}
		}
		return strings.Join(texts, ","), len(texts) > 0
	}
	return "", false
}

// Repository looks a repository up; an old name is followed to the new one.
func (c *Client) Repository(ctx context.Context, owner, name string) (Repository, error) {
	out, err := c.repository(ctx, repoPath(owner, name))
	if err != nil {
		return out, err
	}
	if full := out.Owner + "/" + out.Name; !strings.EqualFold(full, owner+"/"+name) {
		out.RenamedTo = full
	}
	return out, nil
}

// RepositoryByID looks a repository up by its number, whatever it is called by
// now. GitHub describes the address no more, but sends who asks for an old name
// there.
func (c *Client) RepositoryByID(ctx context.Context, externalID string) (Repository, error) {
	out, err := c.repository(ctx, "repositories/"+url.PathEscape(externalID))
	if err == nil && out.ExternalID != externalID {
		err = fmt.Errorf("look up repository %s: the answer is about %s", externalID, out.ExternalID)
	}
	return out, err
}

func (c *Client) repository(ctx context.Context, path string) (Repository, error) {
	var l listed
	if _, err := c.Get(ctx, path, &l); err != nil {
		return Repository{}, fmt.Errorf("look up repository: %w", err)
	}
	if !l.sound() {
		return Repository{}, fmt.Errorf("look up repository: the answer about %s names none: is this GitHub?", path)
	}
	return l.repository(), nil
}

// Contents reads one file at a commit, raw. A missing file is a refusal for
// which IsNotFound holds; a folder or submodule is an error.
func (c *Client) Contents(ctx context.Context, owner, name, commit, path string) ([]byte, error) {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s == "" || s == "." || s == ".." {
			return nil, fmt.Errorf("read %q: not a clean path within a repository", path)
		}
		segments[i] = url.PathEscape(s)
	}
	address := repoPath(owner, name) + "/contents/" + strings.Join(segments, "/") + "?ref=" + url.QueryEscape(commit)
	a, err := c.do(ctx, call{method: http.MethodGet, url: address, accept: "application/vnd.github.raw+json"})
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if kind := a.header.Get("Content-Type"); !strings.Contains(kind, "raw") && strings.Contains(kind, "json") {
		return nil, fmt.Errorf("read %q: not a file", path)
	}
	return a.body, nil
}

// repoPath is the address of a repository below the REST root.
func repoPath(owner, name string) string {
	return "repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name)
}

// Kind says what sort of account a token speaks for.
type Kind string

// The kinds of accounts.
const (
	KindUser Kind = "user"
	KindApp  Kind = "app" // an installation of a GitHub App
	KindBot  Kind = "bot" // a workflow's token, or a bot account
)

// Self asks who we are, as comments name their author ("sluice[bot]" for an
// App). Installations and workflow tokens may not read /user; GraphQL tells
// them.
func (c *Client) Self(ctx context.Context) (login string, kind Kind, err error) {
	if c.auth.app == nil {
		var u github.User
		_, err := c.Get(ctx, "user", &u)
		if err == nil && u.GetType() == "Bot" {
			return u.GetLogin(), KindBot, nil
		}
		var refused *RefusedError
		if err == nil || !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
			return u.GetLogin(), KindUser, wrap("ask who we are", err)
		}
	}
	var data struct{ Viewer struct{ Login string } }
	if err := c.Query(ctx, `query { viewer { login } }`, nil, &data); err != nil {
		return "", "", fmt.Errorf("ask who we are: %w", err)
	}
	kind = KindBot
	if c.auth.app != nil {
		kind = KindApp
	} else if !strings.HasSuffix(data.Viewer.Login, "[bot]") {
		kind = KindUser
	}
	return data.Viewer.Login, kind, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
