package githubapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Form says what is kept of the pages of a list. Nothing else of an answer is
// handed out or stored: of a page of alerts, that is a fifth of its size and no
// secret.
type Form struct {
	// Name tells answers of this form from those of others in the cache. It has
	// to change with whatever Cut makes of a page.
	Name string
	// Cut makes JSON of an answer's JSON.
	Cut func(body []byte) ([]byte, error)
	// Fresh asks for the page whether or not it has changed: that a page is as
	// it was does not say that there is none after it.
	Fresh bool
	// Accept is the media type to ask for; "": JSON.
	Accept string
	// Lasting, unless nil: what the address answers never changes, and is asked
	// for once. Of an answer that is too large or that Cut cannot read, this is
	// kept instead.
	Lasting []byte
}

func (f *Form) lasts() bool { return f != nil && f.Lasting != nil }

func (f *Form) fresh() bool { return f != nil && f.Fresh }

func (f *Form) mark() string {
	if f == nil {
		return ""
	}
	return "#" + f.Name
}

// Page is one page of a list.
type Page struct {
	Body   []byte // as its Form left it
	Next   string // the page after it, "" after the last
	Stored bool   // it is as it was, which cost no quota
	// Unsure: it is Stored, and whether there is a page after it by now GitHub
	// did not say.
	Unsure bool
}

// Page reads one page of a list. Cursors and numbers are GitHub's business: the
// page after it is the one its Link header names (RFC 8288).
func (c *Client) Page(ctx context.Context, path string, form Form) (Page, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, url: path, form: &form})
	if err != nil {
		return Page{}, err
	}
	return Page{Body: a.body, Next: nextPage(a.header), Stored: a.stored, Unsure: a.oldLinks}, nil
}

// Remembered is a page that was read before, if it was, without asking GitHub.
func (c *Client) Remembered(ctx context.Context, path string, form Form) (body []byte, ok bool) {
	_, a, err := c.remembered(ctx, call{method: http.MethodGet, url: path, form: &form})
	return a.body, err == nil && a.stored
}

// Kept is the Form that keeps of each element of a list what E has fields for.
// An element that cannot be read as one is left out and counted.
func Kept[E any](name string, change func(*E)) Form {
	return Form{Name: name, Cut: func(body []byte) ([]byte, error) {
		var raw []json.RawMessage
		if err := json.Unmarshal(body, &raw); err != nil {
			return nil, err
		}
		out := List[E]{Elements: make([]E, 0, len(raw))}
		for _, r := range raw {
			var e E
			if json.Unmarshal(r, &e) != nil {
				out.Unread++
				continue
			}
			if change != nil {
				change(&e)
			}
			out.Elements = append(out.Elements, e)
		}
		return json.Marshal(out)
	}}
}

// List is what Kept makes of a page.
type List[E any] struct {
	Elements []E `json:"elements"`
	Unread   int `json:"unread,omitempty"` // elements that are not what GitHub describes
}

// ReadPage reads one page of a list in the form Kept made for E.
func ReadPage[E any](ctx context.Context, c *Client, path string, form Form) (list List[E], page Page, err error) {
	if page, err = c.Page(ctx, path, form); err != nil {
		return list, page, err
	}
	if err := json.Unmarshal(page.Body, &list); err != nil {
		return list, page, fmt.Errorf("GET %s: read stored answer: %w", c.shown(path), err)
	}
	return list, page, nil
}
