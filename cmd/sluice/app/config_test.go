package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

func load(t testing.TB, text string) (*app.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return app.LoadConfig(file)
}

// Every key that interfaces names is accepted.
func TestConfigTakesEveryKey(t *testing.T) {
	got, err := load(t, `
store: sqlite:data/sluice.db
policy: rules/
settings: settings.yaml
keys: {markers_file: m.key, secrets_file: s.key}
github:
  url: https://github.example/api/v3/
  graphql_url: https://github.example/api/graphql
  app: {id: 12, installation_id: 34, private_key_file: app.pem}
jira: {url: https://jira.example/, deployment: cloud, user_env: JIRA_USER, token_env: JIRA_TOKEN}
slack: {webhook_env: SLACK_WEBHOOK}
heartbeat: {url_env: HEARTBEAT}
rhythm: 1h
retention: {runs: 30d, gone: never, http_cache: 48h}
sources:
  - {name: ci, type: sarif, path: "reports/{owner}/{name}/pr-{pull_request}/{commit}/*.sarif", root: "", source_dir: "checkouts/{owner}/{name}.git"}
  - {name: two, type: sarif, path: [a/*.sarif, b/*.sarif], rhythm: 7d}
  - {name: three, type: code-scanning, organisation: acme}
  - {name: four, type: dependabot, repositories: [acme/shop, acme/pay]}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &app.Config{
		Store: "sqlite:data/sluice.db", Policy: "rules/", Settings: "settings.yaml", Keys: app.Keys{MarkersFile: "m.key", SecretsFile: "s.key"},
		GitHub: &app.GitHub{URL: "https://github.example/api/v3/", GraphQLURL: "https://github.example/api/graphql",
			App: &app.GitHubApp{ID: 12, InstallationID: 34, PrivateKeyFile: "app.pem"}},
		Jira:  &app.Jira{URL: "https://jira.example/", Deployment: "cloud", UserEnv: "JIRA_USER", TokenEnv: "JIRA_TOKEN"},
		Slack: &app.Slack{WebhookEnv: "SLACK_WEBHOOK"}, Heartbeat: &app.Heartbeat{URLEnv: "HEARTBEAT"}, Found: true,
		Rhythm: "1h", Retention: app.Retention{Runs: "30d", Gone: "never", HTTPCache: "48h"},
		Sources: []app.Source{
			{Name: "ci", Type: "sarif", Path: app.PathList{"reports/{owner}/{name}/pr-{pull_request}/{commit}/*.sarif"}, SourceDir: "checkouts/{owner}/{name}.git"},
			{Name: "two", Type: "sarif", Path: app.PathList{"a/*.sarif", "b/*.sarif"}, Rhythm: "7d"},
			{Name: "three", Type: "code-scanning", Organisation: "acme"},
			{Name: "four", Type: "dependabot", Repositories: app.PathList{"acme/shop", "acme/pay"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(app.Config{}, "File", "Base")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := filepath.Join(got.Base, "data/sluice.db"); got.StorePath() != want {
		t.Errorf("the store is %s, want %s", got.StorePath(), want)
	}
}

func TestSourcesThatAreAskedOfGitHub(t *testing.T) {
	const github = "github: {token_env: TOKEN}\nsources:\n  - {name: a, type: "
	for text, want := range map[string]string{
		github + "dependabot}": "one of organisation and repositories",
		github + "dependabot, organisation: acme, repositories: [acme/shop]}": "one of organisation and repositories",
		github + "secret-scanning, repositories: [shop]}":                     "owner/name",
		github + "code-scanning, organisation: a/../b}":                       "no organisation's name",
		github + "code-scanning, organisation: acme, path: x/*.sarif}":        "no path or root",
		github + "sarif, path: x/*.sarif, organisation: acme}":                "found by their path",
		"sources:\n  - {name: a, type: dependabot, organisation: acme}\n":     "say under `github` which one",
		github + "code-scannin, organisation: acme}":                          "there is no such type",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := load(t, github+"dependabot, organisation: acme, rhythm: 1d}"); err != nil {
		t.Error(err)
	}
}

func TestNoConfigIsAllDefaults(t *testing.T) {
	got, err := app.LoadConfig(filepath.Join(t.TempDir(), "sluice.yaml"))
	if err != nil || got.Found || got.Store != "sqlite:sluice.db" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzConfig: whatever the file holds, it is read or refused as wrong usage,
// and nothing that looks like a token is repeated.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"", "# nothing\n", "store: 1\n", "github: {token: ghp_secret}\n", "github:\n  token_env: ghp_secret\n", "sources: ghp_secret\n",
		"github: ghp_secret\n", "keys: [ghp_secret]\n", "a: &a [*a]\n", "\"ghp_secret", "? ghp_secret\n: x\n", "---\n---\n", "sources:\n- path: {a: ghp_secret}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := load(t, text)
		var usage *app.UsageError
		if err != nil && !errors.As(err, &usage) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(text, "token: ghp_secret") && strings.Contains(err.Error(), "ghp_secret") {
			t.Fatalf("a token is repeated: %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys/a.key")
	if err := app.WriteKey(file); err != nil {
		t.Fatal(err)
	}
	key, err := app.ReadKey(file)
	if err != nil || len(key) != app.KeySize {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := app.WriteKey(file); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key was replaced: %v", err)
	}
	again, err := app.ReadKey(file)
	if err != nil || !cmp.Equal(key, again) {
		t.Error("the key changed")
	}
	if err := os.WriteFile(file, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.ReadKey(file); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong key file: %v", err)
	}
}
