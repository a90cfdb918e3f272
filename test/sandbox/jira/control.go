package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/control"
)

// serveControl is how scripts set the scene, below /_sandbox/jira/.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request, command string) {
	control.Sandbox{World: func() (any, error) { return s.World() }, Do: s.Do, Unknown: []error{ErrUnknown}}.Serve(w, r, command)
}

// Do runs a command as scripts give it below /_sandbox/jira/: its name and a JSON object. The answer can be written as JSON.
func (s *Server) Do(command string, data []byte) (any, error) {
	run := controls[command]
	if run == nil {
		return nil, fmt.Errorf("command %q: %w; there are %s", command, ErrUnknown, strings.Join(slices.Sorted(maps.Keys(controls)), ", "))
	}
	in := order{data: data}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	return run(s, in)
}

// order is what a command can be told; each reads the fields it needs.
type order struct {
	data        []byte
	As          string         `json:"as"` // who does it
	Issue       string         `json:"issue"`
	Project     string         `json:"project"`
	Type        string         `json:"type"`
	Fields      map[string]any `json:"fields"`
	Name        string         `json:"name"` // of a transition or status, a person
	Comment     int64          `json:"comment"`
	Body        string         `json:"body"`
	Field       string         `json:"field"`
	Value       any            `json:"value"`
	Label       string         `json:"label"`
	Permissions []Permission   `json:"permissions"`
	Seconds     float64        `json:"seconds"`
	Workflow    any            `json:"workflow"` // "simple", "classic" or a whole one
}

// read reads an order that is a thing to be made.
func read[T any](o order) (T, error) {
	var out T
	if err := json.Unmarshal(o.data, &out); err != nil {
		return out, fmt.Errorf("read the order: %w", err)
	}
	return out, nil
}

// controls are the commands by name.
var controls = map[string]func(*Server, order) (any, error){
	"people": func(s *Server, o order) (any, error) {
		p, err := read[Person](o)
		if err != nil || p.Name == "" {
			return nil, errors.Join(err, errors.New("people: a name is needed"))
		}
		return s.AddPerson(p), nil
	},
	"tokens": func(s *Server, o order) (any, error) {
		t, err := read[Token](o)
		if err != nil || t.Value == "" || t.Person == "" {
			return nil, errors.Join(err, errors.New("tokens: value and person are needed"))
		}
		s.AddToken(t)
		return object{}, nil
	},
	"projects": makeProject,
	"fields": func(s *Server, o order) (any, error) {
		f, err := read[Field](o)
		if err != nil {
			return nil, err
		}
		return s.AddField(f)
	},
	"grant": func(s *Server, o order) (any, error) {
		return object{}, s.Grant(o.Project, o.Name, o.Permissions...)
	},
	"issues": func(s *Server, o order) (any, error) {
		key, err := s.CreateIssue(o.As, o.Project, o.Type, o.Fields)
		return object{"key": key}, err
	},
	"transition": func(s *Server, o order) (any, error) { return object{}, s.Transition(o.As, o.Issue, o.Name, o.Fields) },
	"comment": func(s *Server, o order) (any, error) {
		id, err := s.Comment(o.As, o.Issue, o.Body)
		return object{"id": id}, err
	},
	"edit-comment": func(s *Server, o order) (any, error) {
		return object{}, s.EditComment(o.As, o.Issue, o.Comment, o.Body)
	},
	"delete-comment": func(s *Server, o order) (any, error) { return object{}, s.DeleteComment(o.As, o.Issue, o.Comment) },
	"edit":           func(s *Server, o order) (any, error) { return object{}, s.EditField(o.As, o.Issue, o.Field, o.Value) },
	"label":          func(s *Server, o order) (any, error) { return object{}, s.AddLabel(o.As, o.Issue, o.Label) },
	"unlabel":        func(s *Server, o order) (any, error) { return object{}, s.RemoveLabel(o.As, o.Issue, o.Label) },
	"assign":         func(s *Server, o order) (any, error) { return object{}, s.Assign(o.As, o.Issue, o.Name) },
	"delete":         func(s *Server, o order) (any, error) { return object{}, s.Delete(o.As, o.Issue) },
	"search-lag": func(s *Server, o order) (any, error) {
		s.SetSearchLag(time.Duration(o.Seconds * float64(time.Second)))
		return object{}, nil
	},
}

// makeProject takes a workflow by name, too.
func makeProject(s *Server, o order) (any, error) {
	var plain map[string]any
	if err := json.Unmarshal(o.data, &plain); err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	switch o.Workflow {
	case "simple":
		plain["workflow"] = SimpleWorkflow()
	case "classic":
		plain["workflow"] = ClassicWorkflow()
	}
	data, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	p, err := read[Project](order{data: data})
	if err != nil {
		return nil, err
	}
	return s.AddProject(p)
}
