package githubapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-github/v60/github"
	"go.uber.org/zap"
)

// Cache keeps answers between runs. An empty etag means that none is kept.
// header is opaque to the cache.
type Cache interface {
	CachedResponse(ctx context.Context, url, tokenID string) (etag string, body []byte, header []byte, err error)
	CacheResponse(ctx context.Context, url, tokenID, etag string, body, header []byte) error
}

// App authenticates as an installation of a GitHub App.
type App struct {
	ID             int64
	InstallationID int64
	PrivateKey     []byte // PEM
}

// Config says which GitHub and as whom. URL and one of Token and App are
// required.
type Config struct {
	URL        string // REST root as given: https://api.github.com/ or https://ghe.example/api/v3/
	GraphQLURL string // "": derived from URL
	Token      string
	App        *App
	Cache      Cache // nil: no conditional requests
	Clock      Clock // nil: SystemClock
	Logger     *zap.Logger
	Transport  http.RoundTripper // every request goes through it; nil: http.DefaultTransport
	UserAgent  string            // "": sluice
	Limits     Limits
}

// Client talks to one GitHub as one token or installation. It is safe for use
// by several goroutines, and there must be one per token: limits are counted
// in it.
type Client struct {
	rest    *github.Client // forms requests; never sends
	http    *http.Client
	graphql string
	auth    auth
	cache   Cache
	clock   Clock
	log     *zap.Logger
	limits  Limits
	pace    *pacer

	inventory inventory
}

// New checks the configuration; it sends nothing.
func New(c Config) (*Client, error) {
	root, err := url.Parse(strings.TrimSuffix(c.URL, "/") + "/")
	if err != nil || root.Host == "" || root.User != nil || root.RawQuery != "" || (root.Scheme != "https" && root.Scheme != "http") {
		return nil, errors.New("github: url must be the root of the REST interface, such as https://api.github.com/ or https://ghe.example/api/v3/, without credentials in it")
	}
	if c.Clock == nil {
		c.Clock = SystemClock{}
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.UserAgent == "" {
		c.UserAgent = "sluice"
	}
	if c.GraphQLURL == "" {
		c.GraphQLURL = graphqlURL(root)
	}
	if g, err := url.Parse(c.GraphQLURL); err != nil || g.Host != root.Host || g.Scheme != root.Scheme {
		return nil, fmt.Errorf("github: the GraphQL address must be on the host of %s: the token is sent there", root)
	}
	c.Limits = c.Limits.withDefaults()
	if err := c.Limits.validate(); err != nil {
		return nil, fmt.Errorf("github: %w", err)
	}
	who, err := newAuth(c, root)
	if err != nil {
		return nil, fmt.Errorf("github: %w", err)
	}
	rest := github.NewClient(nil)
	rest.BaseURL, rest.UserAgent = root, c.UserAgent
	return &Client{
		rest: rest, graphql: c.GraphQLURL, auth: who, cache: c.Cache, clock: c.Clock, log: c.Logger,
		limits: c.Limits, pace: newPacer(c.Clock, c.Limits),
		http: &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // followed by redirected, which minds the method and the host
		}},
	}, nil
}

// graphqlURL is where a GitHub with this REST root answers GraphQL:
// https://docs.github.com/en/enterprise-server/graphql/guides/forming-calls-with-graphql
func graphqlURL(root *url.URL) string {
	u := *root
	if before, ok := strings.CutSuffix(u.Path, "/api/v3/"); ok {
		u.Path = before + "/api/graphql"
	} else {
		u.Path += "graphql"
	}
	return u.String()
}

// Host is the name of the GitHub this client talks to: github.com for
// api.github.com, else the REST root's host and port.
func (c *Client) Host() string {
	if c.rest.BaseURL.Host == "api.github.com" {
		return "github.com"
	}
	return c.rest.BaseURL.Host
}

// Get reads path, relative to the REST root, into out. next is the page after
// it, for another Get; "" after the last.
func (c *Client) Get(ctx context.Context, path string, out any) (next string, err error) {
	next, _, err = c.get(ctx, path, out)
	return next, err
}

// get says how long the answer was as well.
func (c *Client) get(ctx context.Context, path string, out any) (next string, size int, err error) {
	a, err := c.do(ctx, call{method: http.MethodGet, url: path})
	if err != nil {
		return "", 0, err
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return "", 0, fmt.Errorf("GET %s: read answer: %w", c.shown(path), err)
	}
	return nextPage(a.header), len(a.body), nil
}

// maxPages and maxList are far above what anything read here can have; they end
// a server that pages in circles, or without end.
const (
	maxPages = 500
	maxList  = 256 << 20 // bytes of all pages
)

// All reads every page of a list.
func All[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var all []T
	read := 0
	for range maxPages {
		var page []T
		next, size, err := c.get(ctx, path, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" {
			return all, nil
		}
		if read += size; read > maxList {
			return nil, fmt.Errorf("GET %s: more than %d MiB", c.shown(path), maxList>>20)
		}
		path = next
	}
	return nil, fmt.Errorf("GET %s: more than %d pages", c.shown(path), maxPages)
}

// Create posts something people see (a review, a comment): it counts as
// content. out may be nil.
func (c *Client) Create(ctx context.Context, path string, in, out any) error {
	return c.write(ctx, call{method: http.MethodPost, url: path, body: in, content: true}, out)
}

// Mark posts something that nobody is notified of and that GitHub keeps once,
// such as a reaction: sent again, it changes nothing.
func (c *Client) Mark(ctx context.Context, path string, in any) error {
	return c.write(ctx, call{method: http.MethodPost, url: path, body: in}, nil)
}

// Edit patches something that exists. out may be nil.
func (c *Client) Edit(ctx context.Context, path string, in, out any) error {
	return c.write(ctx, call{method: http.MethodPatch, url: path, body: in}, out)
}

// Delete deletes.
func (c *Client) Delete(ctx context.Context, path string) error {
	return c.write(ctx, call{method: http.MethodDelete, url: path}, nil)
}

func (c *Client) write(ctx context.Context, k call, out any) error {
	k.write = true
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	if out == nil {
		if len(a.body) == 0 {
			return nil
		}
		out = new(json.RawMessage) // the login page of a proxy says 200, too
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		// It was carried out, but what came of it is lost: look.
		return &UnknownOutcomeError{Method: k.method, Path: k.url, Err: fmt.Errorf("read answer: %w", err)}
	}
	return nil
}

// nextPage reads rel="next" of a Link header (RFC 8288).
func nextPage(h http.Header) string {
	for _, link := range strings.Split(h.Get("Link"), ",") {
		target, params, ok := strings.Cut(strings.TrimSpace(link), ">")
		if ok && strings.HasPrefix(target, "<") && strings.Contains(params, `rel="next"`) {
			return target[1:]
		}
	}
	return ""
}
