package risk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Feed says where one of the two is read from: a file, or an https address.
// The zero value is none.
type Feed struct {
	File string
	URL  string
}

// Configured tells whether there is something to read.
func (f Feed) Configured() bool { return f != Feed{} }

// Cache keeps what was fetched, so that it is fetched again only once it has
// changed, and is there when the address does not answer.
type Cache interface {
	CachedResponse(ctx context.Context, url, tokenID string) (etag string, body, header []byte, err error)
	CacheResponse(ctx context.Context, url, tokenID, etag string, body, header []byte) error
}

// Loader reads feeds.
type Loader struct {
	Transport http.RoundTripper // nil: http.DefaultTransport
	Cache     Cache             // nil: everything is fetched each time
	UserAgent string
}

const (
	maxDownload  = 64 << 20
	maxRedirects = 5
	cachedAs     = "risk" // where other answers have the hash of a token
	timeout      = 2 * time.Minute
)

// EPSS loads the scores. With a *KeptError there are scores as well, older
// than they should be.
func (l Loader) EPSS(ctx context.Context, f Feed) (*EPSS, error) { return load(ctx, l, f, ReadEPSS) }

// KEV loads the catalogue, likewise.
func (l Loader) KEV(ctx context.Context, f Feed) (*KEV, error) { return load(ctx, l, f, ReadKEV) }

// KeptError says why an address gave nothing new that can be read. What it
// gave before is still used.
type KeptError struct{ Err error }

func (e *KeptError) Error() string { return e.Err.Error() + "; what was fetched before is used" }

func (e *KeptError) Unwrap() error { return e.Err }

func load[T any](ctx context.Context, l Loader, f Feed, parse func(io.Reader) (*T, error)) (*T, error) {
	if f.URL == "" {
		file, err := os.Open(f.File)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return parse(file)
	}
	var etag string
	var before []byte
	if l.Cache != nil {
		var err error
		if etag, before, _, err = l.Cache.CachedResponse(ctx, f.URL, cachedAs); err != nil {
			return nil, fmt.Errorf("cache: %w", err)
		}
	}
	now, tag, err := l.fetch(ctx, f.URL, etag)
	if err == nil && now == nil {
		return parse(bytes.NewReader(before))
	}
	if err == nil {
		var fresh *T
		if fresh, err = parse(bytes.NewReader(now)); err == nil {
			return fresh, l.keep(ctx, f.URL, tag, before, now)
		}
	}
	if len(before) > 0 && ctx.Err() == nil {
		if old, bad := parse(bytes.NewReader(before)); bad == nil {
			return old, &KeptError{err}
		}
	}
	return nil, err
}

// keep stores what is new. Without an ETag the same may have come again.
func (l Loader) keep(ctx context.Context, address, etag string, before, now []byte) error {
	if l.Cache == nil || etag == "" && bytes.Equal(before, now) {
		return nil
	}
	if err := l.Cache.CacheResponse(ctx, address, cachedAs, etag, now, nil); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// fetch gets an address; body is nil where nothing has changed since etag.
func (l Loader) fetch(ctx context.Context, address, etag string) (body []byte, tag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err == nil {
		err = secure(request.URL)
	}
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("User-Agent", l.UserAgent)
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	client := http.Client{Transport: l.Transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return secure(r.URL)
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && etag != "":
		return nil, etag, nil
	case response.StatusCode != http.StatusOK:
		return nil, "", fmt.Errorf("GET %s: %s", request.URL.Redacted(), response.Status)
	}
	body, err = io.ReadAll(&bounded{response.Body, maxDownload})
	if err != nil {
		return nil, "", fmt.Errorf("GET %s: %w", request.URL.Redacted(), err)
	}
	return body, response.Header.Get("ETag"), nil
}

// secure refuses what could be changed on the way.
func secure(u *url.URL) error {
	if u.Scheme != "https" {
		return errors.New("only https addresses are fetched: what says how dangerous something is must not be changed on the way")
	}
	return nil
}
