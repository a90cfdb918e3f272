package githubapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"go.uber.org/zap"
)

// call is one request as its caller means it.
type call struct {
	method  string
	url     string // absolute, or relative to the REST root
	body    any
	accept  string // "": JSON
	etag    string
	form    *Form // nil: the answer is handed out as it is, and stored without source code
	write   bool  // changes the world: serial, never sent twice blindly
	content bool  // creates something people see
}

func (k call) accepts() string {
	if k.form != nil {
		return k.form.Accept
	}
	return k.accept
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	stored bool // the one of an earlier request: GitHub says that nothing changed

	oldLinks bool // and says nothing of the pages around it
}

const (
	attempts   = 4        // of a read, and of anything refused for its rate
	maxAnswer  = 64 << 20 // bytes
	mediaType  = "application/vnd.github+json"
	maxHops    = 3
	firstPause = time.Second // before the first retry; doubles
)

// do sends a call through cache, limits, retries and redirects and turns every
// refusal into one of this package's errors.
func (c *Client) do(ctx context.Context, k call) (answer, error) {
	asked := c.shown(k.url)
	if to, err := c.rest.BaseURL.Parse(k.url); err != nil || to.Host != c.rest.BaseURL.Host || to.Scheme != c.rest.BaseURL.Scheme {
		return answer{}, fmt.Errorf("%s %s: the address is on another host: not asked, the token stays here", k.method, asked)
	}
	for range maxHops {
		a, err := c.conditional(ctx, k)
		if err != nil {
			return a, err
		}
		if a.status < 300 {
			return a, nil
		}
		if a.status < 400 {
			if k, err = c.redirected(k, a); err != nil {
				return a, err
			}
			continue
		}
		return a, c.refusal(k, asked, a)
	}
	return answer{}, fmt.Errorf("%s %s: more than %d redirects", k.method, asked, maxHops)
}

var byID = regexp.MustCompile(`/repositories/\d+(/|$)`)

// redirected is the call a redirect asks for: the same method and body, on the
// same host. A write is sent again only to an address by id, which is what
// GitHub gives for a repository that was renamed.
func (c *Client) redirected(k call, a answer) (call, error) {
	from, err := c.rest.BaseURL.Parse(k.url)
	if err != nil {
		return k, err
	}
	to, err := from.Parse(a.header.Get("Location"))
	switch {
	case err != nil || a.header.Get("Location") == "":
		return k, fmt.Errorf("%s %s: status %d without a usable address", k.method, from.Path, a.status)
	case to.Host != from.Host || to.Scheme != from.Scheme:
		return k, fmt.Errorf("%s %s: redirected to another host (%s): not followed, the token stays here", k.method, from.Path, to.Host)
	case k.write && !byID.MatchString(to.Path):
		return k, fmt.Errorf("%s %s: a write was redirected to %s, which is not an address by id: not sent", k.method, from.Path, to.Path)
	}
	k.url, k.etag = to.String(), ""
	return k, nil
}

// exchange sends a call under the limits until there is a definite answer.
func (c *Client) exchange(ctx context.Context, k call) (answer, error) {
	pause := firstPause
	for try := 1; ; try++ {
		leave, err := c.pace.admit(ctx, k)
		if err != nil {
			return answer{}, err
		}
		a, err := c.send(ctx, k)
		leave()
		if err == nil && a.status < 500 {
			after, why, refused := c.pace.refused(a)
			if !refused {
				return a, nil
			}
			if after > c.limits.MaxWait || try == attempts {
				return a, &RateLimitError{After: after, Why: why}
			}
			continue // admit waits
		}
		if err == nil {
			err = fmt.Errorf("status %d", a.status)
		}
		if err = c.failure(ctx, k, err); !retryable(err) || try == attempts {
			return a, err
		}
		c.log.Debug("github does not answer, trying again", zap.String("method", k.method), zap.String("path", c.shown(k.url)), zap.Error(err))
		if err := c.clock.Sleep(ctx, pause); err != nil {
			return a, err
		}
		pause *= 2
	}
}

// notSent marks failures before anything left this machine.
type notSent struct{ err error }

func (e *notSent) Error() string { return e.err.Error() }
func (e *notSent) Unwrap() error { return e.err }

// failure says what a failed attempt means.
func (c *Client) failure(ctx context.Context, k call, err error) error {
	var typed *RefusedError
	if errors.As(err, &typed) { // no token to be had
		return typed
	}
	var large *TooLargeError
	if errors.As(err, &large) && !k.write {
		return large
	}
	var early *notSent
	var dial *net.OpError
	sent := !errors.As(err, &early) && !(errors.As(err, &dial) && dial.Op == "dial")
	switch {
	case sent && k.write:
		return &UnknownOutcomeError{Method: k.method, Path: c.shown(k.url), Err: err}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &UnavailableError{Method: k.method, Path: c.shown(k.url), Err: err}
}

func retryable(err error) bool {
	var down *UnavailableError
	return errors.As(err, &down)
}

// send makes one attempt and reads the answer to its end. Its errors hold no
// credentials.
func (c *Client) send(ctx context.Context, k call) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Timeout)
	defer cancel()
	req, err := c.rest.NewRequest(k.method, k.url, k.body)
	if err != nil {
		return answer{}, &notSent{err}
	}
	req = req.WithContext(ctx)
	req.Header.Set("Accept", mediaType)
	if accept := k.accepts(); accept != "" {
		req.Header.Set("Accept", accept)
	}
	if k.etag != "" {
		req.Header.Set("If-None-Match", k.etag)
	}
	token, err := c.auth.token(ctx)
	if err != nil {
		return answer{}, &notSent{err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // its text repeats method and address
		}
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return answer{}, &TooLargeError{Method: k.method, Path: c.shown(k.url)}
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// refusal reads a 4xx.
func (c *Client) refusal(k call, asked string, a answer) error {
	e := &RefusedError{Status: a.status, Method: k.method, Path: asked, SSO: ssoURL(a.header)}
	var said *github.ErrorResponse
	err := github.CheckResponse(&http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body))})
	if errors.As(err, &said) {
		e.Message = said.Message
		for _, detail := range said.Errors {
			if detail.Message != "" {
				e.Message += ": " + detail.Message
			} else if detail.Field != "" {
				e.Message += ": " + detail.Field + " " + detail.Code
			}
		}
	}
	if e.Message == "" {
		e.Message = http.StatusText(a.status)
	}
	e.Message = c.auth.scrub(oneLine(e.Message))
	if a.status == http.StatusForbidden && e.SSO == "" {
		e.Permission = lacking(k, asked, a.header, e.Message)
	}
	return e
}

// shown is an address as it may appear in errors and logs: the path alone.
func (c *Client) shown(address string) string {
	u, err := c.rest.BaseURL.Parse(address)
	if err != nil {
		return "(unreadable address)"
	}
	return "/" + strings.TrimPrefix(strings.TrimPrefix(u.Path, c.rest.BaseURL.Path), "/")
}

// ssoURL reads "required; url=https://..." of X-GitHub-SSO.
func ssoURL(h http.Header) string {
	if _, address, ok := strings.Cut(h.Get("X-GitHub-SSO"), "url="); ok {
		return oneLine(address)
	}
	return ""
}
