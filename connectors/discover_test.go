package connectors_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors"
)

const (
	commitA = "1111111111111111111111111111111111111111"
	commitB = "2222222222222222222222222222222222222222"
)

// drop writes files into a new folder, each a minute younger than the one
// before, and returns the folder.
func drop(t *testing.T, files ...string) string {
	t.Helper()
	base := t.TempDir()
	when := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for i, name := range files {
		path := filepath.Join(base, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		at := when.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return base
}

// found is a document as the tests compare it.
type found struct {
	Location string
	Context  connectors.Context
}

func discover(t *testing.T, cfg connectors.Config) ([]found, []connectors.Problem, error) {
	t.Helper()
	docs, problems, err := connectors.Discover(context.Background(), cfg)
	var got []found
	for _, d := range docs {
		got = append(got, found{d.Location, d.Context})
	}
	return got, problems, err
}

func TestDiscoverReadsTheContextFromThePath(t *testing.T) {
	shop := connectors.Context{Owner: "acme", Name: "shop"}
	with := func(c connectors.Context, change func(*connectors.Context)) connectors.Context {
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name     string
		template string
		file     string
		fixed    connectors.Context
		want     connectors.Context
	}{
		{"a pull request's head", "reports/{owner}/{name}/pr-{pull_request}/{commit}/*.sarif",
			"reports/acme/shop/pr-7/" + commitA + "/gosec.sarif", connectors.Context{},
			with(shop, func(c *connectors.Context) { c.PullRequest, c.Commit = 7, commitA })},
		{"repository stands for owner and name", "reports/{repository}/{commit}.sarif",
			"reports/acme/shop/" + commitA + ".sarif", connectors.Context{},
			with(shop, func(c *connectors.Context) { c.Commit = commitA })},
		{"a branch's slash is escaped", "{repository}/{branch}/{category}.sarif",
			"acme/shop/release%2F1.x/web%2Fapi.sarif", connectors.Context{},
			with(shop, func(c *connectors.Context) { c.Branch, c.Category = "release/1.x", "web/api" })},
		{"a name may begin with a dot", "{owner}/{name}/*.sarif", "acme/.github/a.sarif", connectors.Context{},
			connectors.Context{Owner: "acme", Name: ".github"}},
		{"two captures in one name that cannot be confused", "pr-{pull_request}-{commit}.sarif",
			"pr-12-" + commitA + ".sarif", shop,
			with(shop, func(c *connectors.Context) { c.PullRequest, c.Commit = 12, commitA })},
		{"any depth", "reports/**/{commit}/*.sarif", "reports/a/b/c/" + commitA + "/x.sarif", shop,
			with(shop, func(c *connectors.Context) { c.Commit = commitA })},
		{"any depth is also none", "reports/**/**/x.sarif", "reports/x.sarif", shop, shop},
		{"a question mark is one character", "scan-?.sarif", "scan-3.sarif", shop, shop},
		{"no wildcard at all", "out/gosec.sarif", "out/gosec.sarif", shop, shop},
		{"commits compare in lower case", "{commit}.sarif", "ABCDEF1.sarif", shop,
			with(shop, func(c *connectors.Context) { c.Commit = "abcdef1" })},
		{"what the path leaves open comes from the flags", "{pull_request}.sarif", "7.sarif",
			with(shop, func(c *connectors.Context) { c.PullRequest, c.Commit, c.Category = 7, commitA, "go" }),
			with(shop, func(c *connectors.Context) { c.PullRequest, c.Commit, c.Category = 7, commitA, "go" })},
		{"another repository takes nothing of the job's own ref", "{repository}.sarif", "acme/pay.sarif",
			with(shop, func(c *connectors.Context) { c.PullRequest, c.Commit = 7, commitA }),
			connectors.Context{Owner: "acme", Name: "pay"}},
		{"the base branch's report takes nothing of the pull request", "base/{branch}.sarif", "base/main.sarif",
			with(shop, func(c *connectors.Context) { c.PullRequest, c.Commit = 7, commitA }),
			with(shop, func(c *connectors.Context) { c.Branch = "main" })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems, err := discover(t, connectors.Config{
				Base: drop(t, tt.file), Paths: []string{tt.template}, Context: tt.fixed})
			if err != nil || len(problems) > 0 {
				t.Fatalf("error %v, problems %v", err, problems)
			}
			if diff := cmp.Diff([]found{{tt.file, tt.want}}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDiscoverSkipsWhatTheTemplateDoesNotName(t *testing.T) {
	base := drop(t, "r/acme/shop/a.sarif", "r/acme/shop/.a.sarif", "r/acme/shop/a.json", "r/acme/b.sarif", "r/.tmp/x/c.sarif")
	got, problems, err := discover(t, connectors.Config{Base: base, Paths: []string{"r/{owner}/*/*.sarif"},
		Context: connectors.Context{Name: "shop"}})
	if err != nil || len(problems) != 1 || problems[0].Path != "r/.tmp/x/c.sarif" {
		t.Errorf("error %v, problems %v", err, problems)
	}
	if len(got) != 1 || got[0].Location != "r/acme/shop/a.sarif" {
		t.Errorf("found %v", got)
	}
}

func TestDiscoverOrdersByTimeAndDeliversOnce(t *testing.T) {
	base := drop(t, "r/z.sarif", "r/a.sarif", "r/m.sarif")
	got, _, err := discover(t, connectors.Config{Base: base, Paths: []string{"r/*.sarif", "r/?.sarif"},
		Context: connectors.Context{Owner: "acme", Name: "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, d := range got {
		order = append(order, d.Location)
	}
	if diff := cmp.Diff([]string{"r/z.sarif", "r/a.sarif", "r/m.sarif"}, order); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDiscoverNamesWhatItCannotUse(t *testing.T) {
	for _, tt := range []struct{ name, template, file, reason string }{
		{"commit", "{repository}/{commit}.sarif", "acme/shop/latest.sarif", "{commit} would be \"latest\""},
		{"pull request", "{repository}/{pull_request}.sarif", "acme/shop/0.sarif", "not a pull request"},
		{"huge pull request", "{repository}/{pull_request}.sarif", "acme/shop/99999999999.sarif", "not a pull request"},
		{"owner", "{repository}/x.sarif", "ac me/shop/x.sarif", "not an owner's name"},
		{"branch that climbs", "{repository}/{branch}.sarif", "acme/shop/..%2F..%2Fetc.sarif", "not a branch's name"},
		{"category that climbs", "{repository}/{category}.sarif", "acme/shop/..%2Fetc.sarif", "not a category"},
		{"bad escape", "{repository}/{branch}.sarif", "acme/shop/50%.sarif", "invalid URL escape"},
		{"two readings", "{owner}-{name}/x.sarif", "acme-pay-api/x.sarif", "more than one way"},
		{"wildcard beside a capture", "{repository}/{commit}*", "acme/shop/" + commitA, "more than one way"},
		{"no repository", "{commit}.sarif", commitA + ".sarif", "nothing says which repository"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems, err := discover(t, connectors.Config{Base: drop(t, tt.file), Paths: []string{tt.template}})
			if err != nil || len(got) != 0 {
				t.Fatalf("found %v, error %v", got, err)
			}
			if len(problems) != 1 || problems[0].Path != tt.file || !strings.Contains(problems[0].Reason, tt.reason) || problems[0].Advice == "" {
				t.Errorf("problems %q, want one that says %q", problems, tt.reason)
			}
		})
	}
}

func TestDiscoverRefusesTemplatesThatCannotBeMeant(t *testing.T) {
	for template, want := range map[string]string{
		"":                     "names no file",
		"reports/":             "names no file",
		"reports/.":            "names no file",
		"reports/**":           "ends with **",
		"reports/a**/x.sarif":  "must stand alone",
		"{onwer}/x.sarif":      "unknown capture {onwer}; the captures are owner, name",
		"{owner}/{owner}/x":    "occurs twice",
		"{repository}/{name}":  "occurs twice",
		"{owner/x.sarif":       "brace is left open",
		"{owner}/../etc/x":     ".. after a wildcard",
		"reports/{}/x.sarif":   "unknown capture {}",
		"reports/{owner}/../x": ".. after a wildcard",
	} {
		_, _, err := discover(t, connectors.Config{Base: t.TempDir(), Paths: []string{template}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("template %q: %v, want %q", template, err, want)
		}
	}
}

func TestAMissingDeliveryIsNotAnEmptyOne(t *testing.T) {
	base := drop(t, "reports/acme/shop/pr-7/readme.txt", "reports/acme/shop/main.sarif")
	shop := connectors.Context{Owner: "acme", Name: "shop"}
	for template, furthest := range map[string]string{
		"reports/{owner}/{name}/pr-{pull_request}/{commit}/*.sarif": "reports/acme/shop/pr-7",
		"reports/{owner}/{name}/x/*.sarif":                          "reports/acme/shop",
		"reports/old/*.sarif":                                       "reports",
		"nowhere/at/all/*.sarif":                                    ".",
	} {
		_, _, err := discover(t, connectors.Config{Base: base, Paths: []string{template}, Context: shop})
		var none *connectors.NoFilesError
		if !errors.As(err, &none) || !errors.Is(err, connectors.ErrNoFiles) {
			t.Fatalf("template %s: %v", template, err)
		}
		if none.Template != template || none.Furthest != furthest {
			t.Errorf("template %s: furthest %q, want %q", template, none.Furthest, furthest)
		}
	}

	// One template that matches nothing does not hide what another matches.
	got, _, err := discover(t, connectors.Config{Base: base, Context: shop,
		Paths: []string{"reports/*/*/pr-*/*.sarif", "reports/*/*/*.sarif"}})
	if !errors.Is(err, connectors.ErrNoFiles) || len(got) != 1 {
		t.Errorf("found %v, error %v", got, err)
	}
}

func TestLinksOutOfTheDropFolderAreRefused(t *testing.T) {
	base := drop(t, "reports/acme/shop/a.sarif", "reports/kept/b.sarif", "outside/secret.sarif", "outside/deep/c.sarif")
	for link, target := range map[string]string{
		"reports/acme/shop/link.sarif": "../../../outside/secret.sarif",
		"reports/acme/out":             "../../outside/deep",
		"reports/acme/in":              "../kept",
		"reports/acme/shop/gone.sarif": "nothing",
	} {
		if err := os.Symlink(target, filepath.Join(base, link)); err != nil {
			t.Skip("this file system has no symbolic links:", err)
		}
	}
	got, problems, err := discover(t, connectors.Config{Base: base, Paths: []string{"reports/{owner}/{name}/*.sarif"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]found{
		{"reports/acme/shop/a.sarif", connectors.Context{Owner: "acme", Name: "shop"}},
		{"reports/acme/in/b.sarif", connectors.Context{Owner: "acme", Name: "in"}},
	}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var refused []string
	for _, p := range problems {
		refused = append(refused, p.Path)
	}
	want := []string{"reports/acme/out", "reports/acme/shop/gone.sarif", "reports/acme/shop/link.sarif"}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Who may write for one repository must not have another's report read as theirs.
func TestLinksIntoAnotherRepositorysFolderAreRefused(t *testing.T) {
	type link struct{ name, target string }
	for _, tt := range []struct {
		name, template string
		files          []string
		links          []link
		found, refused []string
	}{
		{"a report", "r/{owner}/{name}/{commit}/*.sarif", []string{"r/acme/pay/" + commitA + "/x.sarif"},
			[]link{{"r/acme/shop/" + commitA + "/x.sarif", "../../pay/" + commitA + "/x.sarif"}},
			[]string{"r/acme/pay/" + commitA + "/x.sarif"}, []string{"r/acme/shop/" + commitA + "/x.sarif"}},
		{"a folder", "r/{repository}/{commit}/*.sarif", []string{"r/acme/pay/" + commitA + "/x.sarif"},
			[]link{{"r/acme/shop/" + commitB, "../pay/" + commitA}},
			[]string{"r/acme/pay/" + commitA + "/x.sarif"}, []string{"r/acme/shop/" + commitB + "/x.sarif"}},
		{"what another source reads", "r/{owner}/{name}/*.sarif", []string{"r/acme/pay/secrets.json"},
			[]link{{"r/acme/shop/x.sarif", "../pay/secrets.json"}}, nil, []string{"r/acme/shop/x.sarif"}},
		{"below any folders", "r/**/{name}/*.sarif", []string{"r/a/b/pay/x.sarif"},
			[]link{{"r/a/shop/x.sarif", "../b/pay/x.sarif"}}, []string{"r/a/b/pay/x.sarif"}, []string{"r/a/shop/x.sarif"}},
		{"in the file's name", "r/{name}.sarif", []string{"r/pay.sarif"},
			[]link{{"r/shop.sarif", "pay.sarif"}}, []string{"r/pay.sarif"}, []string{"r/shop.sarif"}},
		{"its own, elsewhere", "r/{owner}/{name}/{branch}/*.sarif", []string{"r/acme/shop/main/x.sarif"},
			[]link{{"r/acme/shop/latest", "main"}, {"r/acme/SHOP", "shop"}},
			[]string{"r/acme/SHOP/latest/x.sarif", "r/acme/SHOP/main/x.sarif", "r/acme/shop/latest/x.sarif", "r/acme/shop/main/x.sarif"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base := drop(t, tt.files...)
			for _, l := range tt.links {
				at := filepath.Join(base, l.name)
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(l.target, at); err != nil {
					t.Skip("this file system has no such links:", err)
				}
			}
			got, problems, err := discover(t, connectors.Config{Base: base, Paths: []string{tt.template}, Context: connectors.Context{Owner: "acme"}})
			if err != nil {
				t.Fatal(err)
			}
			var names, refused []string
			for _, f := range got {
				names = append(names, f.Location)
			}
			for _, p := range problems {
				refused = append(refused, p.Path)
			}
			slices.Sort(names)
			if diff := cmp.Diff(tt.found, names); diff != "" {
				t.Errorf("found (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.refused, refused); diff != "" {
				t.Errorf("refused (-want +got)\n%s", diff)
			}
		})
	}
}

func TestOpenRefusesWhatBecameALinkIntoAnotherRepositorysFolder(t *testing.T) {
	base := drop(t, "r/shop/a.sarif", "r/pay/a.sarif")
	docs, _, err := connectors.Discover(context.Background(), connectors.Config{Base: base, Paths: []string{"r/{name}/*.sarif"}, Context: connectors.Context{Owner: "acme"}})
	if err != nil || len(docs) != 2 || docs[0].Context.Name != "shop" {
		t.Fatal(docs, err)
	}
	path := filepath.Join(base, "r", "shop", "a.sarif")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../pay/a.sarif", path); err != nil {
		t.Skip("this file system has no symbolic links:", err)
	}
	if r, err := docs[0].Open(); err == nil {
		r.Close()
		t.Error("it was opened")
	}
}

func TestOpenRefusesAFileThatBecameALinkOut(t *testing.T) {
	base := drop(t, "reports/a.sarif", "outside.sarif")
	docs, _, err := connectors.Discover(context.Background(), connectors.Config{Base: base,
		Paths: []string{"reports/*.sarif"}, Context: connectors.Context{Owner: "acme", Name: "shop"}})
	if err != nil || len(docs) != 1 {
		t.Fatal(docs, err)
	}
	path := filepath.Join(base, "reports", "a.sarif")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../outside.sarif", path); err != nil {
		t.Skip("this file system has no symbolic links:", err)
	}
	if r, err := docs[0].Open(); err == nil {
		text, _ := io.ReadAll(r)
		t.Errorf("read %q", text)
	}
}

func TestDigestIsTheFilesSHA256(t *testing.T) {
	base := drop(t, "abc")
	docs, _, err := connectors.Discover(context.Background(), connectors.Config{Base: base,
		Paths: []string{"abc"}, Context: connectors.Context{Owner: "acme", Name: "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := connectors.Digest(docs[0])
	// FIPS 180-2, appendix B.1
	if want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; err != nil || got != want {
		t.Errorf("digest %s (%v)", got, err)
	}
	if docs[0].Size != 3 {
		t.Errorf("size %d", docs[0].Size)
	}
}

func TestDiscoverStopsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := connectors.Discover(ctx, connectors.Config{Base: drop(t, "a.sarif"), Paths: []string{"*.sarif"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
