// Package described holds what a sandbox is asked and answers against the description that a platform publishes of its
// interface.
//
// The awkward truth: descriptions are wrong in places. What is forgiven stands with the tests of the sandbox it is for.
package described

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Operation is what a request asks for.
type Operation struct {
	Doc          *openapi3.T
	Pattern      string // as the description writes its path
	Params       map[string]string
	ReadOnly     bool                          // fields that only answers have may stand in requests
	Content      func(contentType string) bool // whose content the description speaks of
	Undocumented func(status int) bool         // what the platform answers without describing it
}

// Exchange is a request and its answer, with what is wrong with each.
type Exchange struct {
	Request, Answer error
	Body            []byte // of the request
	Given           *httptest.ResponseRecorder
}

// Serve lets a sandbox answer. ok is false where its description has no such operation: then nothing was held against it.
func (o Operation) Serve(sandbox http.Handler, w http.ResponseWriter, r *http.Request) (x Exchange, ok bool) {
	item := o.Doc.Paths.Find(o.Pattern)
	if item == nil || item.GetOperation(r.Method) == nil {
		sandbox.ServeHTTP(w, r)
		return x, false
	}
	x.Body, _ = io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(x.Body))
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: o.Params,
		Route:   &routers.Route{Spec: o.Doc, Path: o.Pattern, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeReadOnlyValidations: o.ReadOnly}}
	if len(x.Body) > 0 {
		x.Request = short(openapi3filter.ValidateRequest(context.Background(), in))
	}
	r.Body = io.NopCloser(bytes.NewReader(x.Body))
	x.Given = httptest.NewRecorder()
	sandbox.ServeHTTP(x.Given, r)
	x.Answer = short(o.check(in, x.Given))
	for k, v := range x.Given.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(x.Given.Code)
	_, _ = w.Write(x.Given.Body.Bytes()) // the client is gone; nobody to tell
	return x, true
}

func (o Operation) check(in *openapi3filter.RequestValidationInput, rec *httptest.ResponseRecorder) error {
	content := o.Content(rec.Header().Get("Content-Type"))
	switch known := in.Route.Operation.Responses.Status(rec.Code) != nil; {
	case rec.Code == http.StatusNotModified, !content && rec.Code >= 300, !known && o.Undocumented(rec.Code):
		return nil
	case !known:
		return errors.New("status is not described")
	case !content:
		return nil
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true}})
}

// short leaves out the schema that an error quotes.
func short(err error) error {
	if err == nil {
		return nil
	}
	text, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return fmt.Errorf("%.700s", text)
}
