package faults_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/faults"
)

// counter is a sandbox that counts what was done in it.
type counter struct{ done int }

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.done++
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"e"`)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(`{"said":` + string(body) + `,"padding":"............"}`))
}

func describe(r *http.Request) faults.Operation {
	return faults.Operation{Method: r.Method, Route: r.URL.Path, Page: r.URL.Query().Get("page")}
}

// bench is a counter behind an injector, and a clock.
type bench struct {
	world counter
	now   time.Time
	*faults.Injector
}

func newBench() *bench {
	b := &bench{now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	b.Injector = faults.New(&b.world, faults.Options{Describe: describe, Now: func() time.Time { return b.now },
		Advance: func(d time.Duration) { b.now = b.now.Add(d) }})
	return b
}

// seen is what a client sees of one request, and what was done.
type seen struct {
	Done   int
	Status int
	Error  string
	JSON   bool
	Header string // the one that the case is about
}

func send(t *testing.T, rt http.RoundTripper, address, header string) (s seen) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(`"hello"`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		s.Error = kind(err)
		return s
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	s.Status, s.JSON, s.Header = resp.StatusCode, json.Valid(body), resp.Header.Get(header)
	if err != nil {
		s.Error = kind(err)
	}
	return s
}

func kind(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	}
	return err.Error()
}

func TestEachFaultDoesWhatItSays(t *testing.T) {
	reset := time.Unix(1_800_000_000, 0)
	cases := []struct {
		fault  faults.Fault
		header string
		want   seen
	}{
		{faults.Status(500), "Content-Type", seen{0, 500, "", false, "text/html; charset=utf-8"}},
		{faults.Status(502), "", seen{0, 502, "", false, ""}},
		{faults.Status(503), "", seen{0, 503, "", false, ""}},
		{faults.StatusAfter(502), "", seen{1, 502, "", false, ""}},
		{faults.ResetBefore(), "", seen{0, 0, "reset", false, ""}},
		{faults.ResetAfter(), "", seen{1, 0, "reset", false, ""}},
		{faults.Delayed(time.Minute), "", seen{1, 0, "timeout", false, ""}},
		{faults.Late(time.Second), "", seen{0, 0, "timeout", false, ""}},
		{faults.CutShort(), "ETag", seen{1, 201, "unexpected EOF", false, `"e"`}},
		{faults.Truncated(), "Content-Type", seen{1, 201, "", false, "application/json"}},
		{faults.Malformed(), "Content-Type", seen{1, 201, "", false, "application/json"}},
		{faults.HTML(), "Content-Type", seen{1, 200, "", false, "text/html; charset=utf-8"}},
		{faults.Secondary(429, 30*time.Second), "Retry-After", seen{0, 429, "", true, "30"}},
		{faults.Secondary(403, 0), "Retry-After", seen{0, 403, "", true, ""}},
		{faults.Primary(reset), "X-RateLimit-Reset", seen{0, 403, "", true, "1800000000"}},
		{faults.NoPermission("issues=write"), "X-Accepted-GitHub-Permissions", seen{0, 403, "", true, "issues=write"}},
		{faults.SSO("https://example.com/sso"), "X-GitHub-SSO", seen{0, 403, "", true, "required; url=https://example.com/sso"}},
		{faults.BadCredentials(), "", seen{0, 401, "", true, ""}},
		{faults.NotFound(), "", seen{0, 404, "", true, ""}},
		{faults.Conflict(), "", seen{0, 409, "", true, ""}},
		{faults.Unprocessable("no"), "", seen{0, 422, "", true, ""}},
		{faults.Meanwhile("nothing", func() {}), "ETag", seen{1, 201, "", true, `"e"`}},
		{faults.During(faults.Status(504), func() {}), "", seen{0, 504, "", false, ""}},
	}
	for _, c := range cases {
		t.Run(c.fault.Name, func(t *testing.T) {
			b := newBench()
			b.Inject(faults.Rule{Fault: c.fault, Times: 1})
			got := send(t, faults.Direct(b), "http://sandbox/x", c.header)
			got.Done = b.world.done
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if again := send(t, faults.Direct(b), "http://sandbox/x", ""); again.Status != 201 || !again.JSON {
				t.Errorf("the request after it: %+v", again)
			}
		})
	}
}

// A real server drops real connections.
func TestAServersConnectionsAreReallyLost(t *testing.T) {
	for _, c := range []struct {
		fault faults.Fault
		done  int
	}{{faults.ResetBefore(), 0}, {faults.ResetAfter(), 1}, {faults.Delayed(time.Minute), 1}, {faults.CutShort(), 1}} {
		b := newBench()
		b.Inject(faults.Rule{Fault: c.fault, Times: 1})
		server := httptest.NewServer(b)
		if got := send(t, &http.Transport{DisableKeepAlives: true}, server.URL, ""); got.Error == "" || got.JSON || b.world.done != c.done {
			t.Errorf("%s: %+v, done %d", c.fault.Name, got, b.world.done)
		}
		server.Close()
	}
}

func TestALateRequestArrivesInItsTime(t *testing.T) {
	b := newBench()
	b.Inject(faults.Rule{Fault: faults.Late(5 * time.Second), Times: 1})
	rt := faults.Direct(b)
	send(t, rt, "http://sandbox/x", "")
	b.now = b.now.Add(4 * time.Second)
	send(t, rt, "http://sandbox/x", "")
	if b.world.done != 1 || b.Late() != 1 {
		t.Fatalf("done %d before its time", b.world.done)
	}
	b.now = b.now.Add(time.Second)
	b.Calm() // no fault: it was sent long ago
	send(t, rt, "http://sandbox/x", "")
	if b.world.done != 3 || b.Late() != 0 {
		t.Errorf("done %d, want the late one too", b.world.done)
	}
}

func TestADelayedAnswerTakesItsTime(t *testing.T) {
	b := newBench()
	start := b.now
	b.Inject(faults.Rule{Fault: faults.Delayed(time.Minute)})
	send(t, faults.Direct(b), "http://sandbox/x", "")
	if b.now.Sub(start) != time.Minute {
		t.Errorf("the clock moved by %s", b.now.Sub(start))
	}
}

func TestTheWorldMovesWhileARequestIsUnderWay(t *testing.T) {
	b := newBench()
	var at []int
	look := func() { at = append(at, b.world.done) }
	b.Inject(faults.Rule{Fault: faults.Meanwhile("look", look), Times: 1})
	b.Inject(faults.Rule{Fault: faults.During(faults.ResetAfter(), look), Times: 1})
	rt := faults.Direct(b)
	send(t, rt, "http://sandbox/x", "")
	send(t, rt, "http://sandbox/x", "")
	if diff := cmp.Diff([]int{0, 1}, at); diff != "" {
		t.Error(diff)
	}
}

func TestRulesPickTheirRequests(t *testing.T) {
	b := newBench()
	b.Inject(faults.Rule{Method: "POST", Route: "/a", Skip: 1, Times: 2, Fault: faults.Status(500)})
	b.Inject(faults.Rule{Reads: true, Fault: faults.Status(502)})
	b.Inject(faults.Rule{Page: "2", Fault: faults.Status(503)})
	rt := faults.Direct(b)
	var got []int
	for _, path := range []string{"a", "b", "a", "a", "a", "b?page=2"} {
		got = append(got, send(t, rt, "http://sandbox/"+path, "").Status)
	}
	if diff := cmp.Diff([]int{201, 201, 500, 500, 201, 503}, got); diff != "" {
		t.Error(diff)
	}
	want := []string{"request 3, POST /a: 500", "request 4, POST /a: 500", "request 6, POST /b page 2: 503"}
	var met []string
	for _, m := range b.Met() {
		met = append(met, m.String())
	}
	if diff := cmp.Diff(want, met); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameSeedMeetsTheSameFaults(t *testing.T) {
	play := func(seed uint64) []faults.Met {
		b := newBench()
		b.AtRate(0.3, rand.New(rand.NewPCG(seed, 0)), faults.Rule{Fault: faults.Status(500)}, faults.Rule{Fault: faults.ResetAfter()},
			faults.Rule{Reads: true, Fault: faults.NotFound()})
		for range 200 {
			send(t, faults.Direct(b), "http://sandbox/x", "")
		}
		return b.Met()
	}
	first := play(1)
	if diff := cmp.Diff(first, play(1)); diff != "" {
		t.Error(diff)
	}
	if n := len(first); n < 30 || n > 90 {
		t.Errorf("%d of 200 at a rate of 0.3", n)
	}
	if cmp.Equal(first, play(2)) {
		t.Error("another seed met the same")
	}
}
