package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/risk"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

// mill is a place where three scanners report in their own formats: Trivy and Grype
// see the same vulnerable dependencies, gitleaks one key on five lines.
type mill struct {
	*place
	*office
	t *testing.T
}

const (
	millSettings = toOffice + "thresholds: {default: {advise: low}}\n"
	lodashFile   = "web/package.json"
)

// lodash has nine vulnerabilities that one upgrade fixes.
var lodash = []struct{ cve, ghsa, severity, fixed string }{
	{"CVE-2021-23337", "GHSA-35jh-r3h4-6jhm", "HIGH", "4.17.21"}, {"CVE-2020-8203", "GHSA-p6mc-m468-83gw", "HIGH", "4.17.19"},
	{"CVE-2019-10744", "GHSA-jf85-cpcp-j695", "CRITICAL", "4.17.12"}, {"CVE-2018-16487", "GHSA-4xc9-xhrj-v574", "HIGH", "4.17.11"},
	{"CVE-2020-28500", "GHSA-29mw-wpgm-hmr9", "MEDIUM", "4.17.21"}, {"CVE-2018-3721", "GHSA-fvqr-27wr-82fm", "MEDIUM", "4.17.5"},
	{"CVE-2019-1010266", "GHSA-x5rq-j2xg-h7qm", "MEDIUM", "4.17.11"}, {"CVE-2025-13465", "GHSA-xxjr-mmjv-4gpg", "MEDIUM", "4.17.21"},
	{"CVE-2021-41720", "GHSA-8p5q-j9m2-g8wr", "LOW", "4.17.21"},
}

func newMill(t *testing.T, p *place, o *office) *mill {
	p.settings = millSettings
	return &mill{place: p, office: o, t: t}
}

func (m *mill) run() *run.Report {
	m.t.Helper()
	cfg := m.place.config()
	cfg.Sources = append(cfg.Sources, connectors.Config{Name: "scanners", Type: connectors.Auto, Base: m.drop,
		Paths: []string{"{owner}/{name}/branch-{branch}/{commit}/*.json", "{owner}/{name}/pr-{pull_request}/{commit}/*.json"}})
	cfg.Risks = func(ctx context.Context) (risk.Known, error) {
		file := func(name string) risk.Feed { return risk.Feed{File: filepath.Join("testdata", name)} }
		return risk.Loader{}.Load(ctx, risk.Config{EPSS: file("epss.csv"), KEV: file("kev.json"), EPSSStale: 7 * 24 * time.Hour}, m.clock.Now())
	}
	r, err := run.Run(context.Background(), cfg, run.Selection{})
	m.place.must(err)
	wantOutcome(m.t, r, run.OutcomeOK)
	return r
}

// begin has the scanners find nothing on the base branch and in the pull request that
// is open already.
func (m *mill) begin() {
	m.t.Helper()
	m.reports(strings.TrimSpace(m.git(shop, "rev-parse", "main")), "branch-main", false)
	m.reports(strings.TrimSpace(m.git(shop, "rev-parse", "readme")), pullRef(1), false)
	m.run()
}

// reports drops what the three scanners say of a commit; nothing, if it has no
// problems.
func (m *mill) reports(commit, ref string, problems bool) {
	m.t.Helper()
	trivy := map[string]any{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": []any{}}
	grype := map[string]any{"matches": []any{}, "source": map[string]any{"type": "directory", "target": "."}, "descriptor": map[string]any{"name": "grype", "version": "0.99.0"}}
	leaks := []any{map[string]any{"RuleID": "generic-api-key", "Description": "An example.", "Secret": "unrelated-0001", "File": "other.env", "StartLine": 1}}
	if problems {
		var found, matched []any
		for _, v := range lodash {
			found = append(found, inTrivy(v.cve, "lodash", "4.17.15", "pkg:npm/lodash@4.17.15", v.severity, v.fixed, "Prototype pollution in lodash"))
		}
		for _, v := range lodash[:3] { // under its other name
			matched = append(matched, inGrype(v.ghsa, v.cve, "lodash", "4.17.15", "pkg:npm/lodash@4.17.15", v.severity, v.fixed, lodashFile))
		}
		log4j := inTrivy("CVE-2021-44228", "org.apache.logging.log4j:log4j-core", "2.14.0", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0", "CRITICAL", "2.15.0",
			"Log4j looks up names in what it logs, and runs what it is told to fetch")
		log4j["CweIDs"] = []string{"CWE-502"}
		matched = append(matched, inGrype("GHSA-jfh8-c2jp-5v3q", "CVE-2021-44228", "log4j-core", "2.14.0", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0", "High", "2.15.0", "pom.xml"))
		trivy["Results"] = []any{
			map[string]any{"Target": lodashFile, "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": found},
			map[string]any{"Target": "pom.xml", "Class": "lang-pkgs", "Type": "pom", "Vulnerabilities": []any{log4j}},
		}
		grype["matches"] = matched
		for i, file := range []string{"prod.env", "prod.env", "deploy.yaml", "deploy.yaml", "deploy.yaml"} {
			leaks = append(leaks, map[string]any{"RuleID": "aws-access-token", "Description": "Identified a pattern that may indicate AWS credentials.",
				"Secret": "AKIA" + strings.Repeat("X7", 8), "Match": "AKIA" + strings.Repeat("X7", 8), "File": file, "StartLine": 1 + i%3, "EndLine": 1 + i%3})
		}
	}
	dir := filepath.Join(m.drop, shop, ref, commit)
	m.place.must(os.MkdirAll(dir, 0o755))
	for name, doc := range map[string]any{"trivy.json": trivy, "grype.json": grype, "gitleaks.json": leaks} {
		raw, err := json.Marshal(doc)
		m.place.must(err)
		m.place.must(os.WriteFile(filepath.Join(dir, name), raw, 0o644))
		m.clock.jump(time.Minute)
		m.place.must(os.Chtimes(filepath.Join(dir, name), m.clock.now, m.clock.now))
	}
	m.scan(shop, commit, ref)
}

func inTrivy(id, name, version, purl, severity, fixed, title string) map[string]any {
	return map[string]any{"VulnerabilityID": id, "PkgName": name, "InstalledVersion": version, "FixedVersion": fixed, "Severity": severity, "Title": title,
		"PkgIdentifier": map[string]any{"PURL": purl}, "CweIDs": []string{"CWE-1321"},
		"CVSS": map[string]any{"nvd": map[string]any{"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "V3Score": 9.8}}}
}

func inGrype(id, alias, name, version, purl, severity, fixed, file string) map[string]any {
	return map[string]any{
		"vulnerability":          map[string]any{"id": id, "severity": severity, "fix": map[string]any{"versions": []string{fixed}, "state": "fixed"}},
		"relatedVulnerabilities": []any{map[string]any{"id": alias}},
		"artifact":               map[string]any{"name": name, "version": version, "purl": purl, "locations": []any{map[string]any{"path": "/" + file}}},
	}
}

// problems are the files that the three scanners have something to say about.
func problems() map[string]string {
	secret := code("KEY=AKIA"+strings.Repeat("X7", 8), "KEY2=AKIA"+strings.Repeat("X7", 8), "KEY3=AKIA"+strings.Repeat("X7", 8))
	return map[string]string{
		lodashFile: code("{", `  "dependencies": {`, `    "express": "4.19.2",`, `    "lodash": "4.17.15"`, "  }", "}"),
		"pom.xml": code("<project>", "  <dependencies>", "    <dependency>", "      <groupId>org.apache.logging.log4j</groupId>",
			"      <artifactId>log4j-core</artifactId>", "      <version>2.14.0</version>", "    </dependency>", "  </dependencies>", "</project>"),
		"prod.env": secret, "deploy.yaml": secret,
	}
}

// One advisory that two scanners know under two names, nine advisories that one
// upgrade answers, and one key on five lines are a notice each: as comments in a pull
// request, in its summary, and as tasks.
func TestOneProblemIsOneNotice(t *testing.T) {
	bothOffices(t, func(t *testing.T, p *place, o *office) {
		m := newMill(t, p, o)
		m.begin()
		head := p.commit(shop, "feature", "main", problems())
		number := p.open(shop, "feature")
		m.reports(head, pullRef(number), true)
		m.run()
		p.move("", promoter.Advise)
		m.run()
		m.savePage(p.url+"ui/acme/shop/pull/"+fmt.Sprint(number), "comments.html")
		wantNotices(t, "comments", live(p.pull(shop, number)))

		p.commit(shop, "main", "", problems())
		m.reports(strings.TrimSpace(p.git(shop, "rev-parse", "main")), "branch-main", true)
		m.run()
		var tasks []string
		for _, i := range o.issues() {
			tasks = append(tasks, i.Summary+"\n"+i.Description.Wiki)
		}
		server := httptest.NewServer(o.Server)
		defer server.Close()
		m.savePage(server.URL+"/ui/jira/SEC", "board.html")
		for _, i := range o.issues() {
			m.savePage(server.URL+"/ui/jira/browse/"+i.Key, "task-"+i.Key+".html")
		}
		wantNotices(t, "tasks", tasks)
		m.run() // the comments name the tasks
		if r := m.run(); len(r.Actions) != 0 || len(o.issues()) != 3 || len(live(p.pull(shop, number))) != 3 {
			t.Errorf("said again: %+v", r.Actions)
		}
	})
}

// Where no line can carry a comment, the summary has an entry for each problem.
func TestOneProblemIsOneEntryOfTheSummary(t *testing.T) {
	p, _ := standing(t, problems())
	p.tracker, p.tasks = nil, nil
	m := &mill{place: p, t: t}
	p.settings = "thresholds: {default: {advise: low}}\n"
	m.begin()
	head := p.commit(shop, "feature", "main", map[string]string{"README": "the scanners know more today\n"})
	number := p.open(shop, "feature")
	m.reports(head, pullRef(number), true)
	m.run()
	p.move("", promoter.Advise)
	m.run()
	pr := p.pull(shop, number)
	if len(pr.ReviewComments) != 0 || len(pr.Comments) != 1 {
		t.Fatalf("%d comments, %d summaries", len(pr.ReviewComments), len(pr.Comments))
	}
	m.savePage(p.url+"ui/acme/shop/pull/"+fmt.Sprint(number), "summary.html")
	_, list, _ := strings.Cut(pr.Comments[0].Body, "\n- ")
	wantNotices(t, "entries", strings.Split(list, "\n- "))
}

func wantNotices(t *testing.T, what string, bodies []string) {
	t.Helper()
	for i, body := range bodies {
		bodies[i] = strings.NewReplacer(`\-`, "-", `\(`, "(", `\)`, ")", "{{", "`", "}}", "`", `\%`, "%", "&#58;", ":").Replace(body)
	}
	wants := map[string][]string{
		"two scanners, one advisory": {"`Trivy` `CVE-2021-44228`", "`grype` `GHSA-jfh8-c2jp-5v3q`", "2.15.0", "Likely to be exploited within 30 days: 94 in 100"},
		"one upgrade":                {"9 vulnerabilities in `lodash`", "to `4.17.21`", "`Trivy`", "`grype`"},
		"one secret":                 {"aws-access-token", "`prod.env` (2 times) and `deploy.yaml` (3 times)"},
	}
	if len(bodies) != len(wants) {
		t.Errorf("%d %s, want %d: %s", len(bodies), what, len(wants), strings.Join(bodies, "\n----\n"))
	}
	for name, words := range wants {
		if !slices.ContainsFunc(bodies, func(b string) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(b, w) })
		}) {
			t.Errorf("%s: none of %d %s has %q: %s", name, len(bodies), what, words, strings.Join(bodies, "\n----\n"))
		}
	}
}

// savePage keeps what a browser shows in the folder SLUICE_PAGES, to be looked at.
func (m *mill) savePage(address, name string) {
	m.t.Helper()
	dir := os.Getenv("SLUICE_PAGES")
	if dir == "" {
		return
	}
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, address, nil)
	m.place.must(err)
	resp, err := http.DefaultClient.Do(r)
	m.place.must(err)
	defer resp.Body.Close()
	f, err := os.Create(filepath.Join(dir, filepath.Base(m.t.Name())+"-"+name))
	m.place.must(err)
	_, err = f.ReadFrom(resp.Body)
	m.place.must(err)
	m.place.must(f.Close())
}
