package alerts_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/githubapi"
)

// far is a GitHub whose answers take a while, on the clock of a bubble.
type far struct {
	http.Handler
	latency time.Duration
	deaf    func(path string) bool // never answers
	asked   atomic.Int32
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked.Add(1)
	wait := f.latency
	if f.deaf(r.URL.Path) {
		wait = time.Hour
	}
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result(), nil
}

func (f *far) pull(t *testing.T, repositories int) (docs []connectors.Document, problems []connectors.Problem, took time.Duration, err error) {
	t.Helper()
	client, err := githubapi.New(githubapi.Config{URL: "http://far.test/", Token: "token", Cache: new(memory), Transport: f})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range repositories {
		all = append(all, fmt.Sprintf("acme/r%d", i))
	}
	feed, err := alerts.New(client, alerts.Options{Kind: alerts.Dependabot, Repositories: all})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	docs, problems, err = feed.Documents(context.Background(), connectors.Wanted{})
	return docs, problems, time.Since(began), err
}

func oneAlertEach() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"number":1,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"x"}},"security_advisory":{"ghsa_id":"GHSA-2222-3333-4444"}}]`)
	})
}

// A repository that GitHub never answers about takes as long as it takes, and
// meanwhile all others are read.
func TestASlowRepositoryKeepsNoOtherWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 400
		f := &far{Handler: oneAlertEach(), latency: 200 * time.Millisecond, deaf: func(path string) bool { return strings.Contains(path, "/r7/") }}
		docs, problems, took, err := f.pull(t, n)
		if err != nil || len(docs) != n-1 || len(problems) != 1 || problems[0].Path != "acme/r7" {
			t.Fatalf("%d documents, problems %v, %v: want all but the slow one, and that one named", len(docs), problems, err)
		}
		for _, d := range docs {
			if d.Lacking != "" {
				t.Errorf("%s: %s", d.Location, d.Lacking)
			}
		}
		// Four attempts of thirty seconds; the others fit into that.
		if took > 140*time.Second {
			t.Errorf("it took %s", took)
		}
		t.Logf("%d repositories, one of them deaf: %s, %d requests", n, took, f.asked.Load())
	})
}

// A GitHub that is down is not asked about every repository in turn.
func TestAGitHubThatIsDownIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{Handler: oneAlertEach(), deaf: func(string) bool { return true }}
		docs, _, took, err := f.pull(t, 400)
		if err == nil || len(docs) != 0 || took > 5*time.Minute || f.asked.Load() > 4*16 {
			t.Errorf("%d documents, %v, %s, %d requests", len(docs), err, took, f.asked.Load())
		}
	})
}
