package github

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

const mediaType = "application/json; charset=utf-8"

// object is a JSON object of an answer.
type object map[string]any

// answer is what a handler returns when it does not refuse. A body of bytes is sent as it is.
type answer struct {
	status int
	body   any
	header http.Header
	as     string // content type of a body of bytes
}

// refusal is an answer of GitHub's that says no.
type refusal struct {
	status  int
	message string
	errors  []any
	doc     string
	header  http.Header
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s %v", r.status, r.message, r.errors) }

func notFound() error { return &refusal{status: http.StatusNotFound, message: "Not Found"} }

// unprocessable has plain sentences as errors, as the review endpoints do.
func unprocessable(sentences ...string) error {
	r := &refusal{status: http.StatusUnprocessableEntity, message: "Unprocessable Entity"}
	for _, s := range sentences {
		r.errors = append(r.errors, s)
	}
	return r
}

// invalid names a resource and a field, as the other endpoints do.
func invalid(resource, field, message string) error {
	return &refusal{status: http.StatusUnprocessableEntity, message: "Validation Failed",
		errors: []any{object{"resource": resource, "code": "custom", "field": field, "message": message}}}
}

func (r *refusal) body() object {
	doc := r.doc
	if doc == "" {
		doc = "https://docs.github.com/rest"
	}
	o := object{"message": r.message, "documentation_url": doc, "status": strconv.Itoa(r.status)}
	if r.errors != nil {
		o["errors"] = r.errors
	}
	return o
}

// send writes a handler's result and returns the status.
func (c *call) send(result any, err error) int {
	h := c.w.Header()
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-GitHub-Api-Version-Selected", "2022-11-28")
	a, ok := result.(answer)
	if !ok {
		a = answer{status: http.StatusOK, body: result}
	}
	if err != nil {
		a = refused(err)
	}
	for name, values := range a.header {
		h[name] = values
	}
	body, as := a.encode()
	tag := c.etag(body)
	cacheable := a.status == http.StatusOK && c.r.Method == http.MethodGet
	if cacheable {
		h.Set("ETag", tag)
		h.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	}
	fresh := cacheable && matches(c.r.Header.Get("If-None-Match"), tag)
	if c.bucket != nil {
		if !fresh && !c.free {
			c.bucket.used++
		}
		c.s.quotaHeaders(h, c.bucket)
	}
	if fresh {
		c.w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Type", as)
	}
	c.w.WriteHeader(a.status)
	_, _ = c.w.Write(body) // the client is gone; nobody to tell
	return a.status
}

func (a answer) encode() (body []byte, as string) {
	if raw, ok := a.body.([]byte); ok {
		return raw, a.as
	}
	if a.status == http.StatusNoContent {
		return nil, ""
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a.body); err != nil {
		panic(err) // only maps, strings and numbers come here
	}
	return b.Bytes(), mediaType
}

func refused(err error) answer {
	var r *refusal
	switch {
	case errors.As(err, &r):
	case errors.Is(err, gitrepo.ErrNotFound):
		r = &refusal{status: http.StatusNotFound, message: "Not Found"}
	default:
		r = &refusal{status: http.StatusInternalServerError, message: "sandbox: " + err.Error()}
	}
	return answer{status: r.status, body: r.body(), header: r.header}
}

// etag covers who asks and the page links, so that nobody is told "unchanged" about another's answer.
func (c *call) etag(body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", c.login(), c.w.Header().Get("Link"))
	h.Write(body)
	return `W/"` + hex.EncodeToString(h.Sum(nil)) + `"`
}

// matches compares weakly (RFC 9110, section 13.1.2).
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// page cuts a list to the page that was asked for and sets the Link header (RFC 8288).
func page[T any](c *call, all []T) []T {
	query := c.r.URL.Query()
	size, number := 30, 1
	if n, err := strconv.Atoi(query.Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n > 0 {
		number = n
	}
	last := max(1, (len(all)+size-1)/size)
	var links []string
	link := func(n int, rel string) {
		query.Set("page", strconv.Itoa(n))
		u := url.URL{Path: c.r.URL.Path, RawPath: c.r.URL.RawPath, RawQuery: query.Encode()}
		links = append(links, fmt.Sprintf(`<%s%s>; rel="%s"`, c.host, u.RequestURI(), rel))
	}
	if number > 1 {
		link(1, "first")
		link(min(number-1, last), "prev")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if links != nil {
		c.w.Header().Set("Link", strings.Join(links, ", "))
	}
	if number > last {
		return nil
	}
	start := (number - 1) * size
	return all[start:min(start+size, len(all))]
}

// render turns a list into its JSON; never null.
func render[T any](list []T, shape func(T) object) []object {
	out := make([]object, 0, len(list))
	for _, x := range list {
		out = append(out, shape(x))
	}
	return out
}
