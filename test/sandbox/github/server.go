package github

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
	"github.com/sluice-sec/sluice/test/sandbox/statefile"
)

// Options are what a server can be told. The zero value is a server without limits on the system's clock.
type Options struct {
	Clock         func() time.Time
	Limits        Limits // zero: nothing is ever refused for its rate; GitHubLimits() for the real ones
	MaxPatchLines int    // a file's patch is left out above this many lines; 0 means GitHub's 20,000
	SaveEachWrite bool   // store the state after each request that may have changed it
}

// Server is the double. Its methods can be called by several goroutines.
type Server struct {
	dir     string
	opt     Options
	routes  []route
	pages   *pages
	flights atomic.Int64

	mu      sync.Mutex
	world   World
	git     map[int64]*gitrepo.Repository // by repository id
	buckets map[string]*bucket            // by login
}

// New starts a server whose repositories and state live in dir, going on from the state saved there, if any.
func New(dir string, opt Options) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.MaxPatchLines == 0 {
		opt.MaxPatchLines = 20_000
	}
	s := &Server{dir: dir, opt: opt, git: map[int64]*gitrepo.Repository{}, buckets: map[string]*bucket{}}
	s.routes = s.table()
	if s.pages, err = newPages(); err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	return s, nil
}

func (s *Server) stateFile() string { return filepath.Join(s.dir, "state.json") }

func (s *Server) load() error {
	s.world.Requests = map[string]RouteCount{}
	_, err := statefile.Load(s.stateFile(), &s.world)
	return err
}

// Save writes the state to state.json in the server's directory, whole or not at all. The limits' counters are not part
// of it: they start afresh.
func (s *Server) Save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.save()
}

func (s *Server) save() error { return statefile.Save(s.stateFile(), &s.world) }

// World is a snapshot of everything, after a look at the git repositories. It shares nothing with the server.
func (s *Server) World() (World, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.world.Repositories {
		for _, p := range r.PullRequests {
			if err := s.refresh(r, p); err != nil {
				return World{}, fmt.Errorf("look at %s#%d: %w", r.FullName(), p.Number, err)
			}
		}
	}
	out, err := statefile.Copy(&s.world)
	if err != nil {
		return World{}, err
	}
	return *out, nil
}

// ServeHTTP answers REST, GraphQL, pages and controls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.flights.Add(-1)
	flights := s.flights.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	path := r.URL.EscapedPath()
	switch {
	case path == "/ui" || strings.HasPrefix(path, "/ui/"):
		s.servePage(w, r, strings.Trim(strings.TrimPrefix(path, "/ui"), "/"))
	case strings.HasPrefix(path, "/_sandbox/"):
		s.serveControl(w, r, strings.TrimPrefix(path, "/_sandbox/"))
	default:
		s.serveAPI(w, r, path, flights)
	}
	if s.opt.SaveEachWrite && r.Method != http.MethodGet {
		if err := s.save(); err != nil {
			panic(err) // a disk that fails: net/http logs it and drops the connection
		}
	}
}

func (s *Server) now() time.Time { return s.opt.Clock().UTC().Truncate(time.Second) }

func (s *Server) nextID() int64 {
	s.world.LastID++
	return 1000 + s.world.LastID
}

// repo is the git repository behind r.
func (s *Server) repo(r *Repository) *gitrepo.Repository {
	if s.git[r.ID] == nil {
		s.git[r.ID] = gitrepo.Open(r.Git)
	}
	return s.git[r.ID]
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
