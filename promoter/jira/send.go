package jira

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/wording"
)

// answerError is Jira's definite no.
type answerError struct {
	method, path string
	status       int
	messages     []string
	fields       map[string]string // by field id
}

func (e *answerError) Error() string {
	said := append([]string{}, e.messages...)
	for _, id := range sortedKeys(e.fields) {
		said = append(said, id+": "+e.fields[id])
	}
	if len(said) == 0 {
		said = append(said, strings.ToLower(http.StatusText(e.status)))
	}
	return fmt.Sprintf("%s %s: %d %s", e.method, e.path, e.status, wording.Line(strings.Join(said, "; "), 500))
}

// maxAnswer is more than anything read here has.
const maxAnswer = 32 << 20

// read asks for something; the address is below the interface's root.
func (s *Surface) read(ctx context.Context, path string, out any) error {
	return s.send(ctx, http.MethodGet, path, nil, out, false)
}

// change sends something that is not repeated: whatever happens after it was
// sent, but a definite no, leaves its outcome unknown. out may be nil.
func (s *Surface) change(ctx context.Context, method, path string, in, out any) error {
	return s.send(ctx, method, path, in, out, true)
}

// rateLimited is a refusal for the rate: nothing happened.
type rateLimited struct{ *promoter.LaterError }

func (e rateLimited) Unwrap() error { return e.LaterError }

// maxTries is how often something is sent that is refused for the rate.
const maxTries = 6

// send waits for a short while where Jira asks for it.
func (s *Surface) send(ctx context.Context, method, path string, in, out any, changes bool) error {
	for try := 1; ; try++ {
		err := s.once(ctx, method, path, in, out, changes)
		var limited rateLimited
		if !errors.As(err, &limited) || limited.After > s.config.MaxWait || try == maxTries {
			return err
		}
		if s.config.Clock.Sleep(ctx, limited.After) != nil {
			return &promoter.LaterError{Why: "interrupted"}
		}
	}
}

func (s *Surface) once(ctx context.Context, method, path string, in, out any, changes bool) error {
	if err := s.room(ctx); err != nil {
		return &promoter.LaterError{Why: "interrupted"}
	}
	within, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	req, err := s.client.NewRequestWithContext(within, method, s.root()+path, in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "sluice")
	req.Header.Set("X-Atlassian-Token", "no-check") // Data Center takes some writes for forged without it
	resp, err := s.client.Do(req, nil)
	if resp == nil {
		return lost(ctx, method, path, err, changes)
	}
	defer resp.Body.Close()
	s.drawn(resp.Header)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode >= 400 || resp.StatusCode >= 300 && resp.StatusCode != http.StatusNotModified {
		return s.no(method, path, resp.Response, body, changes)
	}
	if out == nil && len(body) > 0 {
		out = new(json.RawMessage) // the login page of a proxy says 200, too
	}
	if err == nil && out != nil {
		err = json.Unmarshal(body, out)
	}
	if err != nil {
		return lost(ctx, method, path, fmt.Errorf("read answer: %w", err), changes)
	}
	return nil
}

func (s *Surface) root() string {
	if s.config.Deployment == Cloud {
		return "rest/api/3/"
	}
	return "rest/api/2/"
}

// lost is an exchange without a readable answer.
func lost(ctx context.Context, method, path string, err error, changes bool) error {
	why := fmt.Sprintf("%s %s: %s", method, path, wording.Line(err.Error(), 300))
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return &promoter.RefusedError{Why: why, Mend: "Jira's certificate is not trusted here: add its authority to the machine's, or check jira.url"}
	case changes && (!errors.As(err, &dial) || dial.Op != "dial"):
		return fmt.Errorf("%w: %s", promoter.ErrUnknownOutcome, why)
	case ctx.Err() != nil:
		return &promoter.LaterError{Why: "interrupted"}
	}
	return &promoter.LaterError{Why: why}
}

// no is an answer other than 2xx.
func (s *Surface) no(method, path string, resp *http.Response, body []byte, changes bool) error {
	e := &answerError{method: method, path: path, status: resp.StatusCode}
	var said struct {
		ErrorMessages []string       `json:"errorMessages"`
		Errors        map[string]any `json:"errors"`
		Message       string         `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil {
		e.messages, e.fields = said.ErrorMessages, map[string]string{}
		for id, why := range said.Errors {
			e.fields[id] = fmt.Sprint(why)
		}
		if said.Message != "" {
			e.messages = append(e.messages, said.Message)
		}
	}
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		return rateLimited{&promoter.LaterError{Why: e.Error() + " " + resp.Header.Get("RateLimit-Reason"), After: s.wait(resp.Header)}}
	case status == http.StatusConflict:
		return &promoter.LaterError{Why: e.Error()}
	case status < 400:
		e.messages = append(e.messages, "sends on to "+resp.Header.Get("Location"))
		return e
	case status >= 500 || status == http.StatusRequestTimeout:
		if changes {
			return fmt.Errorf("%w: %s", promoter.ErrUnknownOutcome, e.Error())
		}
		return &promoter.LaterError{Why: e.Error(), After: s.retryAfter(resp.Header)}
	}
	return e
}

// wait is how long a refusal for the rate lasts: as long as Jira says, else by
// its reason (https://developer.atlassian.com/cloud/jira/platform/rate-limiting/).
func (s *Surface) wait(h http.Header) time.Duration {
	if d := s.retryAfter(h); d > 0 {
		return d
	}
	now := s.config.Clock.Now()
	switch reason := strings.ToLower(h.Get("RateLimit-Reason")); {
	case strings.Contains(reason, "quota"):
		return now.Truncate(time.Hour).Add(time.Hour).Sub(now)
	case strings.Contains(reason, "burst"):
		return 10 * time.Second
	case strings.Contains(reason, "per-issue"):
		return 30 * time.Second
	}
	return time.Minute
}

// retryAfter reads the header's seconds or date (RFC 9110); 0 for none.
func (s *Surface) retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, 24*time.Hour)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(s.config.Clock.Now()), 24*time.Hour))
	}
	return 0
}
