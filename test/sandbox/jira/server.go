package jira

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/statefile"
)

// Options are what a server can be told. The zero value is a Cloud without limits or lag on the system's clock.
type Options struct {
	Deployment    Deployment // empty means Cloud
	Clock         func() time.Time
	Limits        Limits        // zero: nothing is ever refused for its rate
	SearchLag     time.Duration // how long after a change searches show it; SetSearchLag changes it later
	OldCreateMeta bool          // Data Center before 9.0: GET issue/createmeta is there; Cloud always has it
	SaveEachWrite bool          // store the state after each request that may have changed it
}

// Server is the double. Its methods can be called by several goroutines.
type Server struct {
	dir    string
	opt    Options
	routes []route
	pages  *pages

	mu      sync.Mutex
	world   World
	index   index
	meter   meter
	busy    map[string]time.Time // by issue key
	systems map[string]*field
}

// New starts a server whose state lives in dir, going on from the state saved there, if any: then its deployment stays
// what it was.
func New(dir string, opt Options) (*Server, error) {
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Deployment == "" {
		opt.Deployment = Cloud
	}
	if opt.Deployment != Cloud && opt.Deployment != DataCenter {
		return nil, fmt.Errorf("start jira sandbox: unknown deployment %q; there are %s and %s", opt.Deployment, Cloud, DataCenter)
	}
	s := &Server{dir: dir, opt: opt, routes: table(), busy: map[string]time.Time{}, systems: systemFields()}
	var err error
	if s.pages, err = newPages(); err != nil {
		return nil, fmt.Errorf("start jira sandbox: %w", err)
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("start jira sandbox: %w", err)
	}
	if s.index, err = newIndex(s.world.Issues, opt.SearchLag); err != nil {
		return nil, fmt.Errorf("start jira sandbox: %w", err)
	}
	return s, nil
}

func (s *Server) stateFile() string { return filepath.Join(s.dir, "jira.json") }

func (s *Server) load() error {
	found, err := statefile.Load(s.stateFile(), &s.world)
	if err == nil && !found {
		s.furnish()
	}
	return err
}

// furnish gives a new Jira what every Jira has.
func (s *Server) furnish() {
	s.world = World{Deployment: s.opt.Deployment, LastID: 10_000, Requests: map[string]RouteCount{}}
	for n, name := range []string{"Highest", "High", "Medium", "Low", "Lowest"} {
		s.world.Priorities = append(s.world.Priorities, &Named{ID: strconv.Itoa(n + 1), Name: name})
	}
	for _, name := range []string{"Done", "Won't Do", "Duplicate", "Cannot Reproduce", "False Positive"} {
		s.world.Resolutions = append(s.world.Resolutions, &Named{ID: s.newID(), Name: name})
	}
	for _, t := range []LinkType{{Name: "Blocks", Inward: "is blocked by", Outward: "blocks"}, {Name: "Duplicate", Inward: "is duplicated by", Outward: "duplicates"},
		{Name: "Relates", Inward: "relates to", Outward: "relates to"}} {
		t.ID = s.newID()
		s.world.LinkTypes = append(s.world.LinkTypes, &t)
	}
	if s.world.Deployment == DataCenter {
		s.world.Fields = append(s.world.Fields, &Field{ID: "customfield_10100", Name: "Epic Link", Kind: EpicLink})
	}
}

// Save writes the state to jira.json in the server's directory, whole or not at all. The limits' counters, the search's lag
// and busy issues are not part of it.
func (s *Server) Save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.save()
}

func (s *Server) save() error { return statefile.Save(s.stateFile(), &s.world) }

// World is a snapshot of everything. It shares nothing with the server.
func (s *Server) World() (World, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := statefile.Copy(&s.world)
	if err != nil {
		return World{}, err
	}
	return *out, nil
}

// Serves says whether a path is the double's: REST, pages, controls.
func Serves(path string) bool {
	for _, root := range []string{"/rest", "/browse", "/ui/jira", "/_sandbox/jira"} {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return false
}

// ServeHTTP answers REST, pages and controls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if command, ok := strings.CutPrefix(path, "/_sandbox/jira/"); ok {
		s.serveControl(w, r, command) // the commands are the exported methods, which lock
	} else {
		s.serveLocked(w, r, path)
	}
	if s.opt.SaveEachWrite && r.Method != http.MethodGet {
		if err := s.Save(); err != nil {
			panic(err) // a disk that fails: net/http logs it and drops the connection
		}
	}
}

func (s *Server) serveLocked(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key, ok := strings.CutPrefix(path, "/browse/"); ok {
		http.Redirect(w, r, "/ui/jira/browse/"+key, http.StatusFound)
		return
	}
	if path == "/ui/jira" || strings.HasPrefix(path, "/ui/jira/") {
		s.servePage(w, r, strings.Trim(strings.TrimPrefix(path, "/ui/jira"), "/"))
		return
	}
	s.serveAPI(w, r, path)
}

func (s *Server) now() time.Time { return s.opt.Clock().UTC().Truncate(time.Millisecond) }

func (s *Server) next() int64 {
	s.world.LastID++
	return s.world.LastID
}

func (s *Server) newID() string { return decimal(s.next()) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func same(a, b string) bool { return strings.EqualFold(a, b) }
