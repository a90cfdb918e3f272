package githubapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/test/sandbox/clock"
)

const secret = "ghp_thetokenthatnobodymaysee"

// start is when each test begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// seen is a request as the server met it.
type seen struct {
	At           time.Duration // since the start
	Method, Path string
	Body         string
	IfNoneMatch  string
	Authorized   string
}

// server answers by hand and writes down what it was asked.
type server struct {
	*httptest.Server
	clock *clock.Clock
	start time.Time
	mu    sync.Mutex
	log   []seen
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{clock: clock.Standing(start)}
	s.start = s.clock.Now()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.log = append(s.log, seen{
			At: s.clock.Now().Sub(s.start), Method: r.Method, Path: r.URL.RequestURI(), Body: string(body),
			IfNoneMatch: r.Header.Get("If-None-Match"), Authorized: r.Header.Get("Authorization"),
		})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.log...)
}

func (s *server) client(t *testing.T, change ...func(*githubapi.Config)) *githubapi.Client {
	t.Helper()
	config := githubapi.Config{URL: s.URL + "/api/v3", Token: secret, Clock: s.clock}
	for _, c := range change {
		c(&config)
	}
	client, err := githubapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// memory is a cache.
type memory struct {
	mu   sync.Mutex
	kept map[[2]string][3]string
	fail error
}

func (m *memory) CachedResponse(_ context.Context, url, token string) (string, []byte, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.kept[[2]string{url, token}]
	return e[0], []byte(e[1]), []byte(e[2]), m.fail
}

func (m *memory) CacheResponse(_ context.Context, url, token, etag string, body, header []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[[2]string][3]string{}
	}
	m.kept[[2]string{url, token}] = [3]string{etag, string(body), string(header)}
	return m.fail
}

func say(w http.ResponseWriter, status int, body string, header ...string) {
	for i := 0; i+1 < len(header); i += 2 {
		w.Header().Set(header[i], header[i+1])
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
