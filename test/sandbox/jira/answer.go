package jira

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const mediaType = "application/json;charset=UTF-8"

// object is a JSON object of an answer.
type object map[string]any

// answer is what a handler returns when it does not refuse. No body means 204, unless a status is given.
type answer struct {
	status int
	body   any
}

// refusal is an answer of Jira's that says no.
type refusal struct {
	status   int
	messages []string
	errors   map[string]string // by field
	header   http.Header
	html     string // instead of JSON
	body     any    // instead of Jira's usual shape
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %q %q", r.status, r.messages, r.errors) }

func refuse(status int, message string) error {
	return &refusal{status: status, messages: []string{message}}
}

func badRequest(format string, args ...any) error {
	return refuse(http.StatusBadRequest, fmt.Sprintf(format, args...))
}

// invalid names the fields that are wrong.
func invalid(fields map[string]string) error {
	return &refusal{status: http.StatusBadRequest, errors: fields}
}

func forbidden(what string) error {
	return refuse(http.StatusForbidden, "You do not have permission to "+what+".")
}

// send writes a handler's result and returns the status.
func (c *call) send(result any, err error) int {
	a, ok := result.(answer)
	if !ok {
		a = answer{status: http.StatusOK, body: result}
	}
	h := c.w.Header()
	var r *refusal
	switch {
	case errors.As(err, &r):
		a = answer{status: r.status, body: r.shape()}
		for name, values := range r.header {
			h[name] = values
		}
	case err != nil:
		a = answer{status: http.StatusInternalServerError, body: object{"errorMessages": []string{"sandbox: " + err.Error()}, "errors": object{}}}
	}
	if a.body == nil {
		c.w.WriteHeader(a.status)
		return a.status
	}
	body := []byte(nil)
	if r != nil && r.html != "" {
		h.Set("Content-Type", "text/html;charset=utf-8")
		body = []byte(r.html)
	} else {
		h.Set("Content-Type", mediaType)
		body = encode(a.body)
	}
	c.w.WriteHeader(a.status)
	_, _ = c.w.Write(body) // the client is gone; nobody to tell
	return a.status
}

func (r *refusal) shape() any {
	if r.body != nil {
		return r.body
	}
	messages, fields := r.messages, r.errors
	if messages == nil {
		messages = []string{}
	}
	if fields == nil {
		fields = map[string]string{}
	}
	return object{"errorMessages": messages, "errors": fields}
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only maps, strings and numbers come here
	}
	return b.Bytes()
}

// page cuts a list to startAt and maxResults of the request.
func page[T any](c *call, all []T, size, most int) (out []T, startAt, maxResults int, err error) {
	if startAt, err = c.number("startAt", 0); err != nil {
		return nil, 0, 0, err
	}
	if maxResults, err = c.number("maxResults", size); err != nil {
		return nil, 0, 0, err
	}
	out, startAt, maxResults = cut(all, startAt, maxResults, most)
	return out, startAt, maxResults, nil
}

func cut[T any](all []T, startAt, maxResults, most int) ([]T, int, int) {
	startAt, maxResults = max(0, startAt), max(0, min(maxResults, most))
	from := min(startAt, len(all))
	return all[from:min(from+maxResults, len(all))], startAt, maxResults
}

// number reads a number of the query.
func (c *call) number(name string, otherwise int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, badRequest("The value %q of the parameter %s is not a number.", text, name)
	}
	return n, nil
}

// words reads a list of the query: repeated, or with commas.
func (c *call) words(name string) []string {
	var out []string
	for _, value := range c.r.URL.Query()[name] {
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
	}
	return out
}

// render turns a list into its JSON; never null.
func render[T any](list []T, shape func(T) object) []object {
	out := make([]object, 0, len(list))
	for _, x := range list {
		out = append(out, shape(x))
	}
	return out
}
