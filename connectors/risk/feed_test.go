package risk_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/risk"
)

// publisher serves what stands in body, at /now by way of a redirect.
type publisher struct {
	*httptest.Server
	body   string
	status int
	sent   int // answers with a body
}

func publish(t *testing.T) *publisher {
	p := &publisher{body: string(data(t, "epss.csv")), status: http.StatusOK}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		etag := `"` + string(rune('a'+len(p.body)%26)) + `"`
		switch {
		case r.URL.Path == "/now":
			http.Redirect(w, r, "/dated", http.StatusFound)
		case r.URL.Path == "/insecure":
			http.Redirect(w, r, "http://127.0.0.1/", http.StatusFound)
		case r.URL.Path == "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case p.status != http.StatusOK:
			w.WriteHeader(p.status)
		case r.Header.Get("If-None-Match") == etag:
			w.WriteHeader(http.StatusNotModified)
		default:
			p.sent++
			w.Header().Set("ETag", etag)
			_, _ = w.Write([]byte(p.body))
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// cache is what the store does for a loader.
type cache map[string]struct {
	etag string
	body []byte
}

func (c cache) CachedResponse(_ context.Context, url, tokenID string) (string, []byte, []byte, error) {
	kept := c[url+" "+tokenID]
	return kept.etag, kept.body, nil, nil
}

func (c cache) CacheResponse(_ context.Context, url, tokenID, etag string, body, _ []byte) error {
	c[url+" "+tokenID] = struct {
		etag string
		body []byte
	}{etag, body}
	return nil
}

func TestAnAddressIsFetchedOnceAndAgainWhenItChanges(t *testing.T) {
	p := publish(t)
	loader := risk.Loader{Transport: p.Client().Transport, Cache: cache{}}
	feed := risk.Feed{URL: p.URL + "/now"}
	load := func(want int) {
		t.Helper()
		if e, err := loader.EPSS(t.Context(), feed); err != nil || e.Len() != want {
			t.Fatalf("%v, %v; want %d scores", e, err, want)
		}
	}
	load(6)
	load(6)
	if p.sent != 1 {
		t.Errorf("fetched %d times what had not changed", p.sent)
	}
	p.body += "CVE-2026-0001,0.5,0.9\n"
	load(7)
	if p.sent != 2 {
		t.Errorf("fetched %d times", p.sent)
	}
}

// What is no longer there, or is broken, takes nothing away.
func TestWhatWasFetchedStaysWhenTheAddressFails(t *testing.T) {
	p := publish(t)
	loader := risk.Loader{Transport: p.Client().Transport, Cache: cache{}}
	feed := risk.Feed{URL: p.URL + "/dated"}
	if _, err := loader.EPSS(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	good := p.body
	for name, fail := range map[string]func(){
		"status": func() { p.status = http.StatusBadGateway },
		"broken": func() { p.status, p.body = http.StatusOK, good+"CVE-2026-0001,2,0.9\n" },
		"cut":    func() { p.body = good[:len(good)-3] },
	} {
		fail()
		e, err := loader.EPSS(t.Context(), feed)
		var kept *risk.KeptError
		if !errors.As(err, &kept) || e == nil || e.Len() != 6 {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
	p.status, p.body = http.StatusOK, good
	if _, err := loader.EPSS(t.Context(), feed); err != nil {
		t.Errorf("mended: %v", err)
	}
}

func TestWhatCannotBeLoaded(t *testing.T) {
	p := publish(t)
	p.body = strings.Repeat(" ", 65<<20)
	for name, tt := range map[string]struct {
		feed risk.Feed
		want string
	}{
		"no file":                {risk.Feed{File: "testdata/none.csv"}, "no such file"},
		"another file":           {risk.Feed{File: "testdata/kev.json"}, "columns must be"},
		"not secure":             {risk.Feed{URL: "http://127.0.0.1/x"}, "only https"},
		"a redirect to insecure": {risk.Feed{URL: p.URL + "/insecure"}, "only https"},
		"redirects without end":  {risk.Feed{URL: p.URL + "/round"}, "more than 5 redirects"},
		"too large":              {risk.Feed{URL: p.URL + "/dated"}, "larger than it may be"},
		"nobody there":           {risk.Feed{URL: "https://127.0.0.1:1/"}, "refused"},
	} {
		e, err := risk.Loader{Transport: p.Client().Transport}.EPSS(t.Context(), tt.feed)
		if err == nil || e != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if k, err := (risk.Loader{}).KEV(t.Context(), risk.Feed{File: "testdata/kev.json"}); err != nil || k.Len() != 2 {
		t.Errorf("a file: %v, %v", k, err)
	}
}

func TestWhatIsKnown(t *testing.T) {
	files := risk.Config{
		EPSS: risk.Feed{File: "testdata/epss.csv"}, KEV: risk.Feed{File: "testdata/kev.json"},
		EPSSStale: 7 * 24 * time.Hour, KEVStale: 7 * 24 * time.Hour,
	}
	load := func(c risk.Config, now time.Time) risk.Known {
		t.Helper()
		k, err := risk.Loader{}.Load(t.Context(), c, now)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := load(files, day(2026, 11, 27))
	log4j := k.Of("CVE-2021-44228", finding.Risk{})
	want := finding.Risk{
		Scored: day(2026, 11, 20), Probability: 0.94358, Percentile: 0.99956, ExploitedSince: day(2021, 12, 10), Ransomware: true,
	}
	if diff := cmp.Diff(want, log4j); diff != "" {
		t.Error(diff)
	}
	if none := k.Of("CVE-2026-9999", log4j); none != (finding.Risk{}) {
		t.Errorf("of a CVE that is no longer listed: %v", none)
	}
	if k.Feeds[0].Stale || !k.Feeds[1].Stale || k.Feeds[0].Entries != 6 {
		t.Errorf("seven days and nine hours after KEV: %+v", k.Feeds)
	}

	gone := files
	gone.EPSS.File = "testdata/none.csv"
	k = load(gone, day(2026, 11, 20))
	if same := k.Of("CVE-2021-44228", log4j); same != log4j {
		t.Errorf("with EPSS gone: %v", same)
	}
	if k.Feeds[0].Problem == "" || k.Feeds[0].Stale || k.Feeds[1].Problem != "" {
		t.Errorf("with EPSS gone: %+v", k.Feeds)
	}
	scores := finding.Risk{Scored: log4j.Scored, Probability: log4j.Probability, Percentile: log4j.Percentile}
	if left := load(risk.Config{}, day(2026, 11, 20)).Of("CVE-2021-44228", log4j); left != scores {
		t.Errorf("with nothing configured: %v", left)
	}
}
