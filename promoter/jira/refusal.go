package jira

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// misconfigured is for how long a refusal that every task of a project would
// meet is remembered: one clear error instead of hundreds.
const misconfigured = 5 * time.Minute

// refusal is one that is remembered.
type refusal struct {
	err   *promoter.RefusedError
	until time.Time
}

// key is what a refusal holds for: a verb in a project.
func (t *task) key() string {
	if t.effect.Verb == promoter.VerbTask {
		return string(t.effect.Verb) + " " + t.route.Name
	}
	project, _, _ := strings.Cut(t.notice.Remote.Key, "-")
	return string(t.effect.Verb) + " " + project
}

const mendCredentials = "Jira does not accept the credentials: check jira.user_env and jira.token_env, and that the token has not run out"

// everything is the key of a refusal that every request would meet.
const everything = ""

func (s *Surface) remembered(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range []string{everything, key} {
		if r, ok := s.refused[k]; ok && s.config.Clock.Now().Before(r.until) {
			return r.err
		}
	}
	return nil
}

func (s *Surface) remember(key string, err *promoter.RefusedError) *promoter.RefusedError {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[key] = refusal{err, s.config.Clock.Now().Add(misconfigured)}
	return err
}

// judge puts an error into the loop's words.
func (t *task) judge(what string, err error) error {
	if err == nil {
		return nil
	}
	what = fmt.Sprintf("%s %s", what, t.effect.Verb)
	var no *answerError
	var later *promoter.LaterError
	var refused *promoter.RefusedError
	switch {
	case errors.As(err, &no):
		return t.refusal(what, no)
	case errors.Is(err, promoter.ErrUnknownOutcome):
		return fmt.Errorf("%s: %w", what, err)
	case errors.As(err, &later):
		return &promoter.LaterError{Why: what + ": " + later.Why, After: later.After}
	case errors.As(err, &refused):
		return refused
	}
	return fmt.Errorf("%s: %w", what, err)
}

// refusal says what a definite no means and what a person can do about it.
func (t *task) refusal(what string, no *answerError) error {
	err := &promoter.RefusedError{Why: fmt.Sprintf("%s: route %q, project %s: %s", what, t.route.Name, t.project(), no.Error())}
	switch no.status {
	case http.StatusUnauthorized:
		err.Mend = mendCredentials
		return t.remember(everything, err)
	case http.StatusForbidden:
		err.Mend = fmt.Sprintf("give Sluice's account the permission in project %s, and see that it may use Jira at all", t.project())
	case http.StatusNotFound, http.StatusGone, http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		err.Mend = fmt.Sprintf("check jira.url and jira.deployment, and that project %s exists and Sluice's account may see it", t.project())
	case http.StatusBadRequest:
		if err.Mend = t.mend(no); err.Mend == "" {
			return err // about this one task
		}
	default:
		return err
	}
	return t.remember(t.key(), err)
}

func (t *task) project() string {
	if t.effect.Verb != promoter.VerbTask || t.place.Project == "" {
		project, _, _ := strings.Cut(t.notice.Remote.Key, "-")
		return project
	}
	return t.place.Project
}

// settingOf is the key of a route's jira part that fills a field.
var settingOf = map[string]string{
	"project": "project", "issuetype": "issue_type", "components": "components", "labels": "labels", "priority": "priority",
	"security": "security_level", "duedate": "due", "parent": "epic", "assignee": "assignee (of the route)",
}

// mend says what to do about refused fields; "" when they are the text's own,
// so that another task may do better.
func (t *task) mend(no *answerError) string {
	var todo []string
	for _, id := range sortedKeys(no.fields) {
		name := wording.Line(id, 60)
		setting, known := settingOf[id]
		switch {
		case id == "summary" || id == "description" || id == "comment":
		case known:
			todo = append(todo, fmt.Sprintf("change %s of route %q in settings.yaml, or let project %s take it", setting, t.route.Name, t.project()))
		case id == t.epicField():
			todo = append(todo, fmt.Sprintf("change epic of route %q in settings.yaml", t.route.Name))
		case t.gives(id):
			todo = append(todo, fmt.Sprintf("change fields.%s of route %q in settings.yaml", name, t.route.Name))
		default:
			todo = append(todo, fmt.Sprintf("give field %s a value under fields of route %q in settings.yaml", name, t.route.Name))
		}
	}
	if len(no.fields) == 0 && !slices.Contains(no.messages, badDocument) {
		todo = append(todo, fmt.Sprintf("`sluice doctor` compares route %q with what project %s wants", t.route.Name, t.project()))
	}
	return strings.Join(todo, "; ")
}

// badDocument is all that Cloud says of a description or comment it cannot read.
const badDocument = "INVALID_INPUT"

// gives tells whether the route fills a field, by id or by name.
func (t *task) gives(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.place.Fields {
		if cmp.Or(t.fields[name], name) == id {
			return true
		}
	}
	return false
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
