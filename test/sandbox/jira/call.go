package jira

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// call is one request to the API while it is answered.
type call struct {
	s       *Server
	w       http.ResponseWriter
	r       *http.Request
	host    string // http://host:port
	version string // 2 or 3
	params  map[string]string
	person  *Person // nil for nobody
}

// serveAPI answers REST. Refusals come in Jira's order: bad credentials, limits, unknown things, permissions, bad input.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	c := &call{s: s, w: w, r: r, host: host(r)}
	rt, version, params := s.match(r.Method, path)
	c.version, c.params = version, params
	name := r.Method + " (unknown)"
	if rt != nil {
		name = rt.method + " /rest/api/" + version + rt.pattern
	}
	status := c.send(c.handle(rt))
	count := s.world.Requests[name]
	count.Requests++
	if status >= 400 {
		count.Refused++
	}
	s.world.Requests[name] = count
	logged := LoggedRequest{At: s.now(), Route: name, Path: path, Status: status}
	if c.person != nil {
		logged.Person = c.person.Name
	}
	s.world.Log = append(s.world.Log, logged)
	if len(s.world.Log) > maxLog {
		s.world.Log = slices.Clone(s.world.Log[len(s.world.Log)-maxLog/2:])
	}
}

func (c *call) handle(rt *route) (any, error) {
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	if rt == nil {
		return nil, &refusal{status: http.StatusNotFound, html: "<html><head><title>Oops, you've found a dead link.</title></head><body></body></html>"}
	}
	name := ""
	if c.person != nil {
		name = c.person.Name
	}
	err := c.s.admit(rt.method, rt.pattern, name, c.params["issue"])
	c.s.bucketHeaders(c.w.Header(), name)
	if err != nil {
		return nil, err
	}
	if c.person == nil && !rt.open {
		return nil, refuse(http.StatusUnauthorized, "You are not authenticated. Authentication required to perform this operation.")
	}
	return rt.answer(c)
}

// authenticate finds out whose credentials these are: Basic with e-mail address and API token on Cloud, Bearer with a
// personal access token on Data Center. No header at all means nobody.
func (c *call) authenticate() error {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return nil
	}
	kind, value, _ := strings.Cut(header, " ")
	cloud := c.s.world.Deployment == Cloud
	email, secret, basic := c.r.BasicAuth()
	switch {
	case cloud && same(kind, "Bearer"):
		return &refusal{status: http.StatusForbidden, body: object{"error": "Failed to parse Connect Session Auth Token"}}
	case !cloud && same(kind, "Bearer"):
		secret = strings.TrimSpace(value)
	case !cloud, !basic:
		secret = ""
	}
	t := find(c.s.world.Tokens, func(t *Token) bool { return t.Value == secret && secret != "" })
	if t != nil && (t.Expires.IsZero() || c.s.now().Before(t.Expires)) {
		if p := c.s.world.Person(t.Person); p != nil && !p.Inactive && (!cloud || same(p.Email, email)) {
			c.person = p
			return nil
		}
	}
	r := &refusal{status: http.StatusUnauthorized, html: "Client must be authenticated to access this resource.", header: http.Header{"X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}}}
	if !cloud {
		r.html = "<html><head><title>Unauthorized (401)</title></head><body><h1>Unauthorized (401)</h1></body></html>"
	}
	return r
}

func host(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (c *call) self(path string) string { return c.host + "/rest/api/" + c.version + path }

// decode reads the request's JSON body, which must be there.
func (c *call) decode(into any) error {
	data, err := io.ReadAll(io.LimitReader(c.r.Body, 10<<20))
	if err != nil {
		return badRequest("The request could not be read.")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return badRequest("There was an error parsing JSON. Check that your request body is valid.")
	}
	return nil
}

// issue finds the issue the route names. What the asker may not see does not exist.
func (c *call) issue() (*Issue, *Project, error) {
	i, p := c.visible(c.params["issue"])
	if i == nil {
		return nil, nil, noIssue()
	}
	return i, p, nil
}

func noIssue() error {
	return refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

func (c *call) visible(keyOrID string) (*Issue, *Project) {
	i := c.s.world.Issue(keyOrID)
	if i == nil {
		return nil, nil
	}
	p := c.s.world.Project(i.Project)
	if !p.sees(c.person, i) {
		return nil, nil
	}
	return i, p
}

// write finds the issue the route names, for somebody who may do this to it, unless it is busy.
func (c *call) write(need Permission, what string) (*Issue, *Project, error) {
	i, p, err := c.issue()
	if err != nil {
		return nil, nil, err
	}
	if !p.may(c.person, need) {
		return nil, nil, forbidden(what)
	}
	if until, ok := c.s.busy[i.Key]; ok && c.s.now().Before(until) {
		return nil, nil, refuse(http.StatusConflict, "The issue is being changed by another request. Try again.")
	}
	return i, p, nil
}

func (c *call) project(name string) (*Project, error) {
	p := c.s.world.Project(c.params[name])
	if p == nil || !p.may(c.person, Browse) {
		return nil, refuse(http.StatusNotFound, "No project could be found with key '"+c.params[name]+"'.")
	}
	return p, nil
}
