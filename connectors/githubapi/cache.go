package githubapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"
)

// conditional asks with the ETag of the stored answer, if there is one, and
// gives the stored answer when GitHub says 304, which costs no quota. A cache
// that fails costs requests, never a run.
func (c *Client) conditional(ctx context.Context, k call) (answer, error) {
	if c.cache == nil || k.method != http.MethodGet || k.accept != "" {
		return c.cut(ctx, k)
	}
	etag, stored, err := c.remembered(ctx, k)
	switch {
	case err != nil:
		c.log.Warn("stored answer cannot be read", zap.String("path", c.shown(k.url)), zap.Error(err))
	case stored.stored && k.form.lasts():
		return stored, nil
	case stored.stored && !k.form.fresh():
		k.etag = etag
	}
	a, err := c.cut(ctx, k)
	if err != nil {
		return a, err
	}
	if a.status == http.StatusNotModified && k.etag != "" {
		linked := a.header.Get("Link") != ""
		if link := stored.header.Get("Link"); link != "" && !linked {
			a.header.Set("Link", link)
		}
		return answer{status: http.StatusOK, header: a.header, body: stored.body, stored: true, oldLinks: !linked}, nil
	}
	if tag := a.header.Get("ETag"); a.status == http.StatusOK && (tag != "" || k.form.lasts()) {
		c.keep(ctx, k, cmp.Or(tag, "lasting"), a)
	}
	return a, nil
}

// remembered is what is stored of a call, with its ETag; not stored where
// there is nothing that can be used.
func (c *Client) remembered(ctx context.Context, k call) (etag string, a answer, err error) {
	key, err := c.key(k)
	if err != nil || c.cache == nil {
		return "", a, err
	}
	etag, body, kept, err := c.cache.CachedResponse(ctx, key, c.auth.id)
	header := http.Header{}
	if err != nil || etag == "" || !json.Valid(body) || json.Unmarshal(kept, &header) != nil {
		return "", a, err
	}
	return etag, answer{status: http.StatusOK, header: header, body: body, stored: true}, nil
}

// key is what a call's answer is stored under.
func (c *Client) key(k call) (string, error) {
	address, err := c.rest.BaseURL.Parse(k.url)
	if err != nil {
		return "", err
	}
	return address.String() + k.form.mark(), nil
}

// cut exchanges a call and leaves of its answer what its form keeps.
func (c *Client) cut(ctx context.Context, k call) (answer, error) {
	a, err := c.exchange(ctx, k)
	var large *TooLargeError
	if k.form.lasts() && errors.As(err, &large) {
		return answer{status: http.StatusOK, header: http.Header{}, body: k.form.Lasting}, nil
	}
	if err != nil || a.status != http.StatusOK || k.form == nil {
		return a, err
	}
	if a.body, err = k.form.Cut(a.body); err != nil && k.form.lasts() {
		a.body, err = k.form.Lasting, nil
	}
	if err != nil {
		return a, fmt.Errorf("%s %s: read answer: %w", k.method, c.shown(k.url), err)
	}
	return a, nil
}

func (c *Client) keep(ctx context.Context, k call, etag string, a answer) {
	key, err := c.key(k)
	body := a.body
	if k.form == nil && err == nil {
		body, err = withoutSource(a.body)
	}
	if err != nil {
		return // not JSON: nothing here asks for that without saying so
	}
	header, err := json.Marshal(http.Header{"Link": a.header.Values("Link")})
	if err == nil {
		err = c.cache.CacheResponse(ctx, key, c.auth.id, etag, body, header)
	}
	if err != nil {
		c.log.Warn("answer cannot be stored", zap.String("path", c.shown(key)), zap.Error(err))
	}
}

// withoutSource blanks the source code in an answer, which may hold secrets
// and is nobody's business in a database: a patch keeps its hunk headers and
// the kind of each line, which is all that is read of it; a diff hunk goes.
func withoutSource(body []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	blank(doc)
	return json.Marshal(doc)
}

func blank(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			blank(e)
		}
	case map[string]any:
		for key, e := range v {
			text, isText := e.(string)
			switch {
			case isText && key == "patch":
				v[key] = patchShape(text)
			case isText && key == "diff_hunk":
				v[key] = ""
			default:
				blank(e)
			}
		}
	}
}

// patchShape keeps of each line its first character, of a hunk header the
// numbers.
func patchShape(patch string) string {
	lines := strings.Split(patch, "\n")
	for i, line := range lines {
		if numbers, _, ok := strings.Cut(strings.TrimPrefix(line, "@@"), "@@"); ok && strings.HasPrefix(line, "@@") {
			lines[i] = "@@" + numbers + "@@"
		} else if line != "" && line[0] != '\\' {
			lines[i] = line[:1]
		}
	}
	return strings.Join(lines, "\n")
}
