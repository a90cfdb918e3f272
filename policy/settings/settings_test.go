package settings_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/problem"
	"github.com/sluice-sec/sluice/policy/settings"
)

func parse(t testing.TB, text string) *settings.Settings {
	t.Helper()
	s, err := settings.Parse("settings.yaml", []byte(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return s
}

func on(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.Add(15 * time.Hour)
}

// Everything interfaces.md names in one document.
const full = `
groups:
  core: {repositories: [Acme/Shop, "acme/pay-*"], tier: 1, wave: 1, owner: team-pay, ask: "#ask-appsec"}
  web:  {repositories: [acme/mono], paths: [web/], wave: 2}
thresholds: {default: {triage: low, advise: high, enforce: critical}, groups: {core: {advise: medium}}, repositories: {Acme/Legacy: {advise: critical}}}
cohorts: {by: [group, scanner, severity]}
bars: {noise: {critical: 0.20, high: 0.10, medium: 0.10, low: 0.05, info: 0.05}, alpha: 0.05, false_rollbacks_per_month: 0.5}
promotion: {triage: automatic, advise: propose, dwell: 14d, backlog: {open: 20, new_per_week: 5}}
hold: {action_rate: 0.05, after: 40}
budgets: {pull_request: {comments: 7}, team_week: {notices: 30}}
ceilings: {run: {show: 200, withdraw: 1000}, cohort: {show: 50}}
paths: {tests: ["**/spec/**"], generated: ["gen/**"], vendored: [], examples: []}
suppressions:
  - {scanner: gosec, rule: G204, paths: ["tools/**"], repositories: ["acme/*"], reason: build tools, owner: team-pay, expires: 2026-12-31}
exceptions:
  - {finding: "acme/shop:F12", reason: replaced next quarter, owner: team-pay, expires: 2026-06-30}
  - {advisory: CVE-2024-1234, repositories: [acme/shop], reason: not reachable, owner: team-pay, expires: 2026-09-30}
routes:
  - {match: {groups: [core], kinds: [sca], severities: [high, critical]}, jira: {project: PAY, issue_type: Bug, components: [api], labels: [security], priority: High, security_level: Secret, epic: PAY-1, due: {critical: 7d, high: 36h}, fields: {customfield_1: {value: x}}, withdrawn_status: Done, fixed_status: Resolved, fixed_resolution: Fixed}, assignee: alice}
verdicts: {scores: {not-useful: 0.8}, second_person: [critical, high], words: {"Won't Do": wont-fix}}
people: [{github: alice, jira: "5b10a", team: team-pay}]
visibility: {unknown: public}
`

func TestAFullDocumentIsUnderstood(t *testing.T) {
	s := parse(t, full)
	if s.Budgets.PullRequest.Comments != 7 || s.Ceilings.Run.Withdraw != 1000 || s.Promotion.Dwell != settings.Span(14*24*time.Hour) {
		t.Errorf("limits: %+v %+v %+v", s.Budgets, s.Ceilings, s.Promotion)
	}
	if got := s.Routes[0]; got.Name != "route-1" || got.Jira.WithdrawnStatus != "Done" || got.Assignee != "alice" ||
		got.Jira.Due["critical"] != settings.Span(7*24*time.Hour) || got.Jira.FixedResolution != "Fixed" {
		t.Errorf("route: %+v", got)
	}
	if got := s.Verdicts.Scores; got["not-useful"] != 0.8 || got["false-positive"] != 1 {
		t.Errorf("one score replaced, the others default: %v", got)
	}
	if _, ok := s.Thresholds.Repositories["acme/legacy"]; !ok {
		t.Errorf("repositories are lower case: %v", s.Thresholds.Repositories)
	}
	if s.People[0].Jira != "5b10a" || s.Visibility.Unknown != "public" {
		t.Errorf("people, visibility: %+v %+v", s.People, s.Visibility)
	}
}

func TestAnEmptyDocumentIsAllDefaults(t *testing.T) {
	want := settings.Default().Revision()
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "{}", "groups:\nbudgets:\n  team_week:\n", "null"} {
		if got := parse(t, text); got.Revision() != want {
			t.Errorf("Parse(%q) differs from the defaults: %v", text, cmp.Diff(settings.Default().Document(), got.Document()))
		}
	}
	s := settings.Default()
	if s.Budgets.PullRequest.Comments != 10 || s.Budgets.TeamWeek.Notices != 30 || s.Ceilings.Cohort.Show != 50 || s.Ceilings.Run.Show != 200 {
		t.Errorf("defaults: %+v %+v", s.Budgets, s.Ceilings)
	}
}

func TestRevisionFollowsMeaningNotLayout(t *testing.T) {
	base := parse(t, "budgets: {pull_request: {comments: 7}}\nthresholds: {default: {advise: low}}\n").Revision()
	same := parse(t, "# tuned in May\nthresholds:\n  default:\n    advise: \"low\"   # was high\nbudgets:\n  pull_request:\n    comments: 7\n").Revision()
	if base != same || len(base) != 64 {
		t.Errorf("layout changed the revision: %s %s", base, same)
	}
	if other := parse(t, "budgets: {pull_request: {comments: 8}}\nthresholds: {default: {advise: low}}\n").Revision(); other == base {
		t.Error("another budget has the same revision")
	}
	a := parse(t, "groups: {a: {repositories: [x/y]}, b: {repositories: [x/y]}}")
	b := parse(t, "groups: {b: {repositories: [x/y]}, a: {repositories: [x/y]}}")
	if a.Revision() == b.Revision() || a.Group(settings.Repository{Name: "x/y"}, "").Name != "a" || b.Group(settings.Repository{Name: "x/y"}, "").Name != "b" {
		t.Error("the order of groups is meaning")
	}
}

func TestDocumentCannotBeChangedFromOutside(t *testing.T) {
	s := parse(t, full)
	doc := s.Document()
	doc["budgets"].(map[string]any)["pull_request"] = nil
	if diff := cmp.Diff(parse(t, full).Document(), s.Document()); diff != "" {
		t.Errorf("a caller changed the settings:\n%s", diff)
	}
}

func TestACohortsCeilingStaysWithinItsRuns(t *testing.T) {
	if got := parse(t, "ceilings: {run: {show: 20}}").Ceilings.Cohort.Show; got != 20 {
		t.Errorf("cohort.show = %d, want 20", got)
	}
}

func TestGroupFirstMatchWins(t *testing.T) {
	s := parse(t, `
groups:
  web: {repositories: [acme/mono], paths: [web/, apps/site], wave: 2}
  core: {repositories: [acme/shop, "acme/pay-*"], tier: 1, wave: 1, owner: team-pay, ask: "#ask"}
  all-acme: {repositories: ["acme/*"]}
`)
	for _, c := range []struct{ repository, path, want string }{
		{"acme/mono", "web/main.ts", "web"},
		{"acme/mono", "apps/site", "web"},
		{"acme/mono", "apps/sitemap/a.go", "all-acme"},
		{"acme/mono", "website/main.ts", "all-acme"},
		{"acme/mono", "", "all-acme"},
		{"acme/pay-api", "web/x", "core"},
		{"ACME/Shop", "", "core"},
		{"acme/other", "a", "all-acme"},
		{"other/shop", "a", "rest"},
		{"", "", "rest"},
	} {
		if got := s.Group(settings.Repository{Name: c.repository}, c.path); got.Name != c.want {
			t.Errorf("Group(%q, %q) = %q, want %q", c.repository, c.path, got.Name, c.want)
		}
	}
	want := settings.Group{Name: "core", Tier: 1, Wave: 1, Owner: "team-pay", Ask: "#ask"}
	if diff := cmp.Diff(want, s.Group(settings.Repository{Name: "acme/shop"}, "a")); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
}

func TestGroupsByTopicAndProperty(t *testing.T) {
	s := parse(t, `
groups:
  cards: {topics: [PCI], properties: {data: [cardholder, health], tier: ["0"]}, repositories: ["acme/pay-*"]}
  web: {topics: [frontend], paths: [web/]}
`)
	for _, c := range []struct {
		r    settings.Repository
		path string
		want string
	}{
		{settings.Repository{Name: "acme/pay-api"}, "", "cards"},
		{settings.Repository{Name: "acme/x", Topics: []string{"a", "pci"}}, "", "cards"},
		{settings.Repository{Name: "acme/x", Properties: map[string]string{"data": "public,health"}}, "", "cards"},
		{settings.Repository{Name: "acme/x", Properties: map[string]string{"tier": "1", "data": "public"}}, "", "rest"},
		{settings.Repository{Name: "acme/x", Topics: []string{"frontend"}}, "web/a.ts", "web"},
		{settings.Repository{Name: "acme/x", Topics: []string{"frontend"}}, "api/a.go", "rest"},
	} {
		if got := s.Group(c.r, c.path); got.Name != c.want {
			t.Errorf("Group(%+v, %q) = %q, want %q", c.r, c.path, got.Name, c.want)
		}
	}
}

func TestDefaultPathClasses(t *testing.T) {
	s := settings.Default()
	for path, want := range map[string]string{
		"": "", "main.go": "source", "cmd/app/main.go": "source", "contest/a.go": "source", "go.mod": "source",
		"main_test.go": "tests", "a/b/main_test.go": "tests", "test/a.go": "tests", "a/testdata/x.json": "tests", "src/a.spec.tsx": "tests",
		"vendor/x/y_test.go": "vendored", "web/node_modules/x/index.js": "vendored",
		"api/v1/api.pb.go": "generated", "dist/app.min.js": "generated",
		"examples/demo/main.go": "examples", "docs/guide.md": "examples",
	} {
		if got := s.PathClass(path); got != want {
			t.Errorf("PathClass(%q) = %q, want %q", path, got, want)
		}
	}
}

// The cheap shapes must say exactly what the glob says.
func TestPathClassAgreesWithTheGlobs(t *testing.T) {
	patterns := []string{"**/test/**", "**/*_test.go", "**/*Test.java", "docs/**", "**/*.{js,ts}", "a/*/b", "**/.x/**", "**/zz.*.go", "**"}
	segment := rapid.SampledFrom([]string{"test", "tests", "docs", "a", "b", ".x", "x_test.go", "_test.go", "fooTest.java", "m.ts", "zz.1.go", "t*"})
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SampledFrom(patterns).Draw(t, "pattern")
		path := strings.Join(rapid.SliceOfN(segment, 1, 5).Draw(t, "path"), "/")
		doc := "paths: {vendored: [], generated: [], examples: [], tests: [\"" + pattern + "\"]}"
		s, err := settings.Parse("s", []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		want := "source"
		if doublestar.MatchUnvalidated(pattern, path) {
			want = "tests"
		}
		if got := s.PathClass(path); got != want {
			t.Fatalf("PathClass(%q) with %q = %q, want %q", path, pattern, got, want)
		}
	})
}

func TestExceptionsInForce(t *testing.T) {
	s := parse(t, full)
	muted := settings.ExceptionQuery{Scanner: "Gosec", Rule: "G204", Path: "tools/gen/main.go", Repository: "Acme/Shop"}
	with := func(change func(*settings.ExceptionQuery)) settings.ExceptionQuery {
		q := muted
		change(&q)
		return q
	}
	for name, c := range map[string]struct {
		query settings.ExceptionQuery
		day   string
		want  []string
	}{
		"suppressed":              {muted, "2026-05-01", []string{"suppression"}},
		"through its last day":    {muted, "2026-12-31", []string{"suppression"}},
		"not the day after":       {muted, "2027-01-01", nil},
		"another rule":            {with(func(q *settings.ExceptionQuery) { q.Rule = "G101" }), "2026-05-01", nil},
		"another folder":          {with(func(q *settings.ExceptionQuery) { q.Path = "cmd/main.go" }), "2026-05-01", nil},
		"no path at all":          {with(func(q *settings.ExceptionQuery) { q.Path = "" }), "2026-05-01", nil},
		"another owner":           {with(func(q *settings.ExceptionQuery) { q.Repository = "other/shop" }), "2026-05-01", nil},
		"by finding":              {settings.ExceptionQuery{FindingName: "acme/shop:F12"}, "2026-06-30", []string{"exception"}},
		"by finding, over":        {settings.ExceptionQuery{FindingName: "acme/shop:F12"}, "2026-07-01", nil},
		"by advisory":             {settings.ExceptionQuery{Repository: "acme/shop", Advisories: []string{"cve-2024-1234"}}, "2026-07-01", []string{"exception"}},
		"by alias":                {settings.ExceptionQuery{Repository: "acme/shop", Aliases: []string{"CVE-2024-1234"}}, "2026-07-01", []string{"exception"}},
		"advisory, another place": {settings.ExceptionQuery{Repository: "acme/pay", Advisories: []string{"CVE-2024-1234"}}, "2026-07-01", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Exceptions(c.query, on(c.day))
			kinds := []string(nil)
			for _, e := range got {
				kinds = append(kinds, e.Kind)
			}
			if diff := cmp.Diff(c.want, kinds); diff != "" || got == nil {
				t.Errorf("(-want +got):\n%s (nil: %v)", diff, got == nil)
			}
		})
	}
	want := []input.Exception{{Kind: "suppression", Reason: "build tools", Owner: "team-pay"}}
	if diff := cmp.Diff(want, s.Exceptions(muted, on("2026-05-01"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInForceChangesOnlyWithWhatIsInForce(t *testing.T) {
	s := parse(t, full)
	if a, b := s.InForce(on("2026-01-01")), s.InForce(on("2026-06-30")); len(a) != 3 || !cmp.Equal(a, b) {
		t.Errorf("nothing expired between: %v %v", a, b)
	}
	if got := s.InForce(on("2026-07-01")); len(got) != 2 {
		t.Errorf("one expired: %v", got)
	}
	edited := parse(t, strings.Replace(full, "not reachable", "reachable only by admins", 1))
	if cmp.Equal(edited.InForce(on("2026-01-01")), s.InForce(on("2026-01-01"))) {
		t.Error("an edited exception kept its id")
	}
}

func TestExpiringSoonestFirst(t *testing.T) {
	got := parse(t, full).Expiring(on("2026-06-15"), 120*24*time.Hour)
	var what []string
	for _, e := range got {
		what = append(what, e.Expires.Format(time.DateOnly)+" "+e.What)
	}
	want := []string{"2026-06-30 acme/shop:F12", "2026-09-30 CVE-2024-1234"}
	if diff := cmp.Diff(want, what); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var update = flag.Bool("update", false, "write the golden files again")

// Each testdata/bad/NAME.yaml has NAME.txt: what a person is told.
func TestBadDocumentsSayWhatWhereAndWhatToDo(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("golden files: %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = settings.Parse(filepath.Base(file), text)
			if err == nil {
				t.Fatal("accepted")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, _ := os.ReadFile(golden)
			if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("groups: &a {x: *a}"))
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := settings.Parse("fuzz.yaml", text)
		if err != nil {
			if problems, ok := err.(problem.List); !ok || len(problems) == 0 {
				t.Fatalf("not a list of problems: %T", err)
			}
			return
		}
		doc, err := json.Marshal(s.Document())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := settings.Parse("again.yaml", text); err != nil || again.Revision() != s.Revision() {
			t.Fatalf("not stable: %v", err)
		}
		if len(doc) == 0 || s.Group(settings.Repository{Name: "a/b"}, "c").Name == "" || s.PathClass("a/b") == "" {
			t.Fatal("an accepted document does not answer")
		}
	})
}

func BenchmarkPathClass(b *testing.B) {
	s := settings.Default()
	paths := []string{"internal/server/handler.go", "web/src/components/cart/Cart.test.tsx", "vendor/github.com/x/y/z.go", "a/b/c/d/e/f/g/h.java"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.PathClass(paths[i%len(paths)])
	}
}

// A route by owners that nobody reads would never match, and nothing would say so.
func TestARouteByOwnersNeedsCodeowners(t *testing.T) {
	const route = "routes: [{name: pay, match: {owners: ['@acme/pay', security@acme.example]}, jira: {project: PAY}}]\n"
	if _, err := settings.Parse("s.yaml", []byte(route)); err == nil || !strings.Contains(err.Error(), "codeowners: true") {
		t.Errorf("%v: want it refused with what to set", err)
	}
	if s, err := settings.Parse("s.yaml", []byte("codeowners: true\n"+route)); err != nil || len(s.Routes[0].Match.Owners) != 2 {
		t.Error(err)
	}
	if _, err := settings.Parse("s.yaml", []byte("codeowners: true\nroutes: [{name: pay, match: {owners: [acme pay]}}]\n")); err == nil {
		t.Error("an owner that is none was accepted")
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"12h": 12 * time.Hour, "14d": 14 * 24 * time.Hour, "0d": 0, "36500d": 36500 * 24 * time.Hour,
		"": -1, "d": -1, "12": -1, "12hd": -1, "-1d": -1, "90m": -1, "36501d": -1, "9223372036854775807d": -1,
	} {
		got := settings.Span(-1)
		if err := got.UnmarshalText([]byte(text)); got != settings.Span(want) || (err != nil) != (want < 0) {
			t.Errorf("%q: %v, %v", text, time.Duration(got), err)
		}
	}
}
