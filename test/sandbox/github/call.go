package github

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// call is one request to the API while it is answered.
type call struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	host   string // http://host:port
	root   string // host and, on Enterprise paths, /api/v3
	params map[string]string
	token  *Token // nil for nobody
	bucket *bucket
	free   bool // costs no quota

	repo *Repository  // where the route names one
	pull *PullRequest // where the route names one
}

// serveAPI answers REST and GraphQL. Refusals come in GitHub's order: unknown credentials, quota, unknown things,
// missing permissions, bad input.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string, flights int64) {
	c := &call{s: s, w: w, r: r, host: host(r)}
	c.root = c.host
	if rest, ok := strings.CutPrefix(path, "/api/v3"); ok && (rest == "" || rest[0] == '/') {
		path, c.root = rest, c.host+"/api/v3"
	}
	if path == "/api/graphql" {
		path = "/graphql"
	}
	rt, params := s.match(r.Method, path)
	c.params = params
	result, err := c.handle(rt, flights)
	s.book(c, rt, path, c.send(result, err))
}

func (c *call) handle(rt *route, flights int64) (any, error) {
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	c.bucket, c.free = c.s.quota(c.login()), rt != nil && rt.free
	if !c.free {
		write := c.r.Method != http.MethodGet && c.r.Method != http.MethodHead
		if err := c.s.admit(c.bucket, write, rt != nil && rt.content, flights); err != nil {
			c.free = true
			return nil, err
		}
	}
	if rt == nil {
		return nil, notFound()
	}
	if err := c.locate(); err != nil {
		return nil, err
	}
	if err := c.permit(rt); err != nil {
		return nil, err
	}
	return rt.answer(c)
}

// book counts a request after it was answered.
func (s *Server) book(c *call, rt *route, path string, status int) {
	name := c.r.Method + " (unknown)"
	if rt != nil {
		name = rt.method + " " + rt.pattern
		if rt.content && status < 300 {
			s.world.Content++
		}
	}
	count := s.world.Requests[name]
	count.Requests++
	switch {
	case status == http.StatusNotModified:
		count.NotModified++
	case status >= 400:
		count.Refused++
	}
	s.world.Requests[name] = count
	s.world.Log = append(s.world.Log, LoggedRequest{At: s.now(), Route: name, Path: path, Login: c.login(), Status: status})
	if len(s.world.Log) > maxLog {
		s.world.Log = slices.Clone(s.world.Log[len(s.world.Log)-maxLog/2:])
	}
}

func host(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (c *call) login() string {
	if c.token == nil {
		return ""
	}
	return c.token.Login
}

// locate finds the repository and the pull request the route names. What the asker may not see does not exist.
func (c *call) locate() error {
	if name := c.params["repo"]; name != "" {
		c.repo = c.s.world.Repository(c.params["owner"] + "/" + name)
		if c.repo == nil {
			return c.moved(c.params["owner"] + "/" + name)
		}
	}
	if id := c.params["repository_id"]; id != "" {
		c.repo = c.s.repositoryByID(id)
		if c.repo == nil {
			return notFound()
		}
	}
	if c.repo == nil {
		return nil
	}
	if c.s.level(c.repo, c.token) == None {
		return notFound()
	}
	number := c.params["pull_number"] + c.params["issue_number"]
	if number == "" {
		return nil
	}
	n, _ := strconv.Atoi(number) // what is no number is no pull request either
	if c.pull = c.repo.PullRequest(n); c.pull == nil {
		return notFound()
	}
	return c.s.refresh(c.repo, c.pull)
}

// moved answers for a name a repository had before it was renamed: 301, or 307 for writes, with the address by id.
func (c *call) moved(name string) error {
	for _, r := range c.s.world.Repositories {
		if !slices.ContainsFunc(r.Former, func(f string) bool { return equalFold(f, name) }) || c.s.level(r, c.token) == None {
			continue
		}
		_, rest, _ := strings.Cut(strings.TrimPrefix(c.r.URL.EscapedPath(), "/api/v3"), "/repos/")
		parts := strings.SplitN(rest, "/", 3)
		to := c.root + "/repositories/" + strconv.FormatInt(r.ID, 10)
		if len(parts) == 3 {
			to += "/" + parts[2]
		}
		if c.r.URL.RawQuery != "" {
			to += "?" + c.r.URL.RawQuery
		}
		status, message := http.StatusMovedPermanently, "Moved Permanently"
		if c.r.Method != http.MethodGet {
			status, message = http.StatusTemporaryRedirect, "Temporary Redirect"
		}
		return &refusal{status: status, message: message, header: http.Header{"Location": {to}}}
	}
	return notFound()
}

// decode reads the request's JSON body. An empty body is an empty object.
func (c *call) decode(into any) error {
	data, err := io.ReadAll(io.LimitReader(c.r.Body, 10<<20))
	if err != nil {
		return &refusal{status: http.StatusBadRequest, message: "Problems reading the request"}
	}
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &refusal{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	return nil
}

func (c *call) id(name string) int64 {
	n, _ := strconv.ParseInt(c.params[name], 10, 64)
	return n
}

// split cuts an escaped path into its unescaped segments.
func split(path string) []string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return segments
}
