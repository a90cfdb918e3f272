package github

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// need is one permission of a token, as GitHub names them.
type need struct{ name, level string }

// authenticate finds out whose token this is. The App's own routes check their JSON Web Token themselves.
func (c *call) authenticate() error {
	kind, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	value = strings.TrimSpace(value)
	if strings.EqualFold(kind, "basic") {
		_, value, _ = c.r.BasicAuth()
	}
	if value == "" || strings.Count(value, ".") == 2 && strings.EqualFold(kind, "bearer") {
		return nil
	}
	for _, t := range c.s.world.Tokens {
		if t.Value == value && (t.Expires.IsZero() || c.s.now().Before(t.Expires)) {
			c.token = t
			return nil
		}
	}
	return &refusal{status: http.StatusUnauthorized, message: "Bad credentials"}
}

// level is what a token's person may do in a repository: None if it does not exist for them.
func (s *Server) level(r *Repository, t *Token) Level {
	if t == nil {
		if r.Private {
			return None
		}
		return Read
	}
	if len(t.Repositories) > 0 && !slices.ContainsFunc(t.Repositories, func(n string) bool { return equalFold(n, r.FullName()) }) {
		if r.Private {
			return None
		}
		return Read
	}
	if t.App {
		return Write // what it may really do is in its permissions
	}
	return s.personLevel(r, t.Login)
}

func (s *Server) personLevel(r *Repository, login string) Level {
	for name, level := range r.Collaborators {
		if equalFold(name, login) && (level != None || r.Private) {
			return level
		}
	}
	switch {
	case equalFold(r.Owner, login):
		return Admin
	case r.Private:
		return None
	}
	return Read
}

// permit holds the route's needs against the token's permissions. Any one of the needs is enough.
func (c *call) permit(rt *route) error {
	write := c.r.Method != http.MethodGet && c.r.Method != http.MethodHead
	if c.token == nil {
		if rt.open || !write && c.repo != nil {
			return nil
		}
		return &refusal{status: http.StatusUnauthorized, message: "Requires authentication"}
	}
	if c.token.Permissions == nil || len(rt.needs) == 0 || c.allows(rt.needs) {
		return nil
	}
	if !write && c.repo != nil && !c.repo.Private {
		return nil // what is public can be read with any token
	}
	return c.forbidden(rt.needs)
}

func (c *call) allows(needs []need) bool {
	for _, n := range needs {
		have := c.token.Permissions[n.name]
		if n.name == "metadata" || have == n.level || have == "write" || have == "admin" {
			return true
		}
	}
	return false
}

// forbidden names the permissions that would do in the header GitHub uses for it.
func (c *call) forbidden(needs []need) error {
	var names []string
	for _, n := range needs {
		names = append(names, n.name+"="+n.level)
	}
	return &refusal{status: http.StatusForbidden, message: "Resource not accessible by " + c.tokenKind(),
		header: http.Header{"X-Accepted-Github-Permissions": {strings.Join(names, "; ")}}}
}

func (c *call) tokenKind() string {
	if c.token != nil && c.token.App {
		return "integration"
	}
	return "personal access token"
}

// canEdit says whether the asker may change what author wrote.
func (c *call) canEdit(author string) bool {
	return equalFold(author, c.login()) || levelRank(c.s.level(c.repo, c.token)) >= levelRank(Write)
}

func levelRank(l Level) int { return slices.Index([]Level{None, Read, Write, Admin}, l) }

// person finds an account, or returns nil.
func (s *Server) person(login string) *Person {
	for _, p := range s.world.People {
		if equalFold(p.Login, login) {
			return p
		}
	}
	return nil
}

func (s *Server) repositoryByID(id string) *Repository {
	for _, r := range s.world.Repositories {
		if strconv.FormatInt(r.ID, 10) == id {
			return r
		}
	}
	return nil
}

// association is the author's relation to the repository, in GitHub's words.
func (s *Server) association(r *Repository, login string) string {
	if equalFold(r.Owner, login) {
		return "OWNER"
	}
	for name, level := range r.Collaborators {
		if equalFold(name, login) && level != None {
			return "COLLABORATOR"
		}
	}
	return "NONE"
}
