package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/control"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

// serveControl is how scripts set the scene, below /_sandbox/.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request, command string) {
	s.mu.Unlock() // the commands are the exported methods, which lock
	defer s.mu.Lock()
	control.Sandbox{World: func() (any, error) { return s.World() }, Do: s.Do, Unknown: []error{ErrUnknown, gitrepo.ErrNotFound}}.Serve(w, r, command)
}

// Do runs a command as scripts give it below /_sandbox/: its name and a JSON object. The answer can be written as JSON.
func (s *Server) Do(command string, data []byte) (any, error) {
	run := controls[command]
	if run == nil {
		return nil, fmt.Errorf("command %q: %w; there are %s", command, ErrUnknown, strings.Join(slices.Sorted(maps.Keys(controls)), ", "))
	}
	var in order
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	return run(s, in)
}

// order is what a command can be told; each reads the fields it needs.
type order struct {
	NewPullRequest
	Repository  string            `json:"repository"` // owner/name
	Owner       string            `json:"owner"`
	Name        string            `json:"name"`
	Private     bool              `json:"private"`
	Login       string            `json:"login"`
	Level       Level             `json:"level"`
	Token       string            `json:"token"`
	App         bool              `json:"app"`
	Permissions map[string]string `json:"permissions"`
	Comment     int64             `json:"comment"`
	Content     string            `json:"content"`
	Resolved    bool              `json:"resolved"`
	Branch      string            `json:"branch"`
	From        string            `json:"from"`
	Message     string            `json:"message"`
	Write       map[string]string `json:"write"`
	Delete      []string          `json:"delete"`
	Rename      map[string]string `json:"rename"`
}

// controls are the commands by name.
var controls = map[string]func(*Server, order) (any, error){
	"repositories": func(s *Server, o order) (any, error) {
		git, err := s.CreateRepository(o.Owner, o.Name, o.Private)
		return object{"git": git}, err
	},
	"rename": func(s *Server, o order) (any, error) { return object{}, s.RenameRepository(o.Repository, o.Name) },
	"grant":  func(s *Server, o order) (any, error) { return object{}, s.Grant(o.Repository, o.Login, o.Level) },
	"tokens": func(s *Server, o order) (any, error) {
		if o.Token == "" || o.Login == "" {
			return nil, errors.New("token and login are needed")
		}
		s.AddToken(Token{Value: o.Token, Login: o.Login, App: o.App, Permissions: o.Permissions})
		return object{}, nil
	},
	"commits": func(s *Server, o order) (any, error) {
		hash, err := s.Commit(o.Repository, gitrepo.Change{Branch: o.Branch, From: o.From, Message: o.Message, Write: o.Write, Delete: o.Delete, Rename: o.Rename})
		return object{"sha": hash}, err
	},
	"pulls": func(s *Server, o order) (any, error) {
		number, err := s.OpenPullRequest(o.Repository, o.NewPullRequest)
		return object{"number": number}, err
	},
	"close":  func(s *Server, o order) (any, error) { return object{}, s.ClosePullRequest(o.Repository, o.Number) },
	"reopen": func(s *Server, o order) (any, error) { return object{}, s.ReopenPullRequest(o.Repository, o.Number) },
	"merge": func(s *Server, o order) (any, error) {
		return object{}, s.MergePullRequest(o.Repository, o.Number, o.Login)
	},
	"draft": func(s *Server, o order) (any, error) { return object{}, s.SetDraft(o.Repository, o.Number, o.Draft) },
	"reply": func(s *Server, o order) (any, error) {
		id, err := s.Reply(o.Comment, o.Login, o.Body)
		return object{"id": id}, err
	},
	"comment": func(s *Server, o order) (any, error) {
		id, err := s.CommentOnPullRequest(o.Repository, o.Number, o.Login, o.Body)
		return object{"id": id}, err
	},
	"react":   func(s *Server, o order) (any, error) { return object{}, s.React(o.Comment, o.Login, o.Content) },
	"unreact": func(s *Server, o order) (any, error) { return object{}, s.Unreact(o.Comment, o.Login, o.Content) },
	"edit":    func(s *Server, o order) (any, error) { return object{}, s.EditComment(o.Comment, o.Body) },
	"resolve": func(s *Server, o order) (any, error) {
		return object{}, s.ResolveThread(o.Comment, o.Login, o.Resolved)
	},
}
