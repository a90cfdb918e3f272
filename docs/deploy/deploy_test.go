// Package deploy holds no code, only the files with which Sluice is deployed; its tests run them as far as that is
// possible without GitHub and cron.
package deploy

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

func TestHandOver(t *testing.T) {
	report := write(t, t.TempDir(), "gosec.sarif", "{}", 0o600)
	tests := []struct {
		ref, want string
	}{
		{"pr-12", "acme/shop/pr-12/" + commit + "/gosec.sarif"},
		{"branch-main", "acme/shop/branch-main/" + commit + "/gosec.sarif"},
		{"branch-release/1%2", "acme/shop/branch-release%2F1%252/" + commit + "/gosec.sarif"},
	}
	for _, tt := range tests {
		drop := t.TempDir()
		if out, code := script(t, nil, "./hand-over", drop, "acme/shop", tt.ref, commit, report); code != 0 {
			t.Errorf("%s: ended with %d: %s", tt.ref, code, out)
		}
		if diff := cmp.Diff(map[string]string{tt.want: "{}"}, tree(t, drop)); diff != "" {
			t.Errorf("%s: %s", tt.ref, diff)
		}
	}
}

func TestHandOverRefuses(t *testing.T) {
	report := write(t, t.TempDir(), "gosec.sarif", "{}", 0o600)
	for _, args := range [][]string{
		{},
		{"acme/shop", "pr-1", commit},
		{"../shop/x", "pr-1", commit, report},
		{"../..", "pr-1", commit, report},
		{"../shop", "pr-1", commit, report},
		{"acme/..", "pr-1", commit, report},
		{"acme/.", "pr-1", commit, report},
		{"acme/shop", "pr-one", commit, report},
		{"acme/shop", "pr-1/../../other", commit, report},
		{"acme/shop", "pr-1", "main", report},
	} {
		drop := t.TempDir()
		if _, code := script(t, nil, "./hand-over", append([]string{drop}, args...)...); code != 2 {
			t.Errorf("%q ended with %d, want 2", args, code)
		}
		if got := tree(t, drop); len(got) > 0 {
			t.Errorf("%q left %v", args, got)
		}
	}
}

// answers is a GitHub with two artifacts: one of an open pull request from a fork that calls its branch main and its
// files as it likes, one of the default branch.
var answers = map[string]string{
	"repos/acme/shop": `{"default_branch": "main"}`,
	"repos/acme/shop/actions/artifacts?name=sluice-reports&per_page=100": `{"artifacts": [
		{"id": 7, "expired": false, "workflow_run": {"head_sha": "` + commit + `", "head_branch": "main", "repository_id": 1, "head_repository_id": 2}},
		{"id": 8, "expired": false, "workflow_run": {"head_sha": "` + mainCommit + `", "head_branch": "main", "repository_id": 1, "head_repository_id": 1}},
		{"id": 9, "expired": true, "workflow_run": {"head_sha": "` + commit + `", "head_branch": "main", "repository_id": 1, "head_repository_id": 1}}]}`,
	"repos/acme/shop/commits/" + commit + "/pulls":     `[{"number": 3, "state": "open", "head": {"sha": "` + commit + `"}}, {"number": 4, "state": "closed", "head": {"sha": "` + commit + `"}}]`,
	"repos/acme/shop/commits/" + mainCommit + "/pulls": `[{"number": 2, "state": "closed", "head": {"sha": "x"}}]`,
}

const mainCommit = "fedcba9876543210fedcba9876543210fedcba98"

// fakeGH answers `gh api` from files, as gh does.
const fakeGH = `#!/usr/bin/env bash
set -euo pipefail
shift
while (($#)); do
	case $1 in
	--paginate) shift ;;
	--jq) jq=$2; shift 2 ;;
	*) path=$1; shift ;;
	esac
done
file=$ANSWERS/${path//\//_}
[[ -e $file ]] || { echo "gh: not found: $path" >&2; exit 1; }
if [[ -n ${jq:-} ]]; then exec jq -r "$jq" "$file"; fi
exec cat "$file"
`

func TestCollectArtifacts(t *testing.T) {
	for _, program := range []string{"jq", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here, which collect-artifacts (or the gh it is tested with) needs", program)
		}
	}
	bin, drop, store := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, bin, "gh", fakeGH, 0o755)
	for path, text := range answers {
		write(t, store, strings.ReplaceAll(path, "/", "_"), text, 0o600)
	}
	write(t, store, "repos_acme_shop_actions_artifacts_7_zip", archive(t, map[string]string{
		"reports/acme/other/pr-1/gosec.sarif": "hostile", "../../escape.sarif": "up", "run.sh": "no report"}), 0o600)
	write(t, store, "repos_acme_shop_actions_artifacts_8_zip", archive(t, map[string]string{"gosec.sarif": "main"}), 0o600)
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "ANSWERS=" + store}
	want := map[string]string{
		"acme/shop/pr-3/" + commit + "/gosec.sarif":            "hostile",
		"acme/shop/pr-3/" + commit + "/escape.sarif":           "up",
		"acme/shop/branch-main/" + mainCommit + "/gosec.sarif": "main",
		".collected/7": "", ".collected/8": "",
	}
	for _, round := range []string{"first", "second"} {
		if out, code := script(t, env, "./collect-artifacts", drop, "acme/shop"); code != 0 {
			t.Fatalf("%s: ended with %d: %s", round, code, out)
		}
		if diff := cmp.Diff(want, tree(t, drop)); diff != "" {
			t.Errorf("%s: %s", round, diff)
		}
		// What was collected is not fetched again.
		if err := os.RemoveAll(filepath.Join(store, "repos_acme_shop_actions_artifacts_7_zip")); err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever can open a pull request can upload any artifact. None of theirs keeps others' from being collected, and
// nothing of this machine gets into a report.
func TestCollectArtifactsFromAHostileArchive(t *testing.T) {
	for _, program := range []string{"jq", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here, which collect-artifacts (or the gh it is tested with) needs", program)
		}
	}
	secret := write(t, t.TempDir(), "key", "the marker key", 0o600)
	for name, hostile := range map[string]string{
		"no archive":        "this is no archive",
		"no report":         archive(t, map[string]string{"readme.txt": "nothing"}),
		"a link to a file":  linked(t, "run.sarif", secret),
		"a link to no end":  linked(t, "run.sarif", "/dev/zero"),
		"a folder's name":   archive(t, map[string]string{"gosec.sarif/": ""}),
		"larger than large": archive(t, map[string]string{"run.sarif": strings.Repeat("x", 3<<20)}),
	} {
		t.Run(name, func(t *testing.T) {
			bin, drop, store := t.TempDir(), t.TempDir(), t.TempDir()
			write(t, bin, "gh", fakeGH, 0o755)
			for path, text := range answers {
				write(t, store, strings.ReplaceAll(path, "/", "_"), text, 0o600)
			}
			write(t, store, "repos_acme_shop_actions_artifacts_7_zip", hostile, 0o600)
			write(t, store, "repos_acme_shop_actions_artifacts_8_zip", archive(t, map[string]string{"gosec.sarif": "main"}), 0o600)
			env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "ANSWERS=" + store, "LARGEST_MB=1"}
			out, code := script(t, env, "./collect-artifacts", drop, "acme/shop")
			if code != 0 {
				t.Errorf("ended with %d: %s", code, out)
			}
			want := map[string]string{"acme/shop/branch-main/" + mainCommit + "/gosec.sarif": "main", ".collected/7": "", ".collected/8": ""}
			if diff := cmp.Diff(want, tree(t, drop)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A repository that GitHub has no answer about keeps no other from being collected, and is told of.
func TestCollectArtifactsOfSeveralRepositories(t *testing.T) {
	for _, program := range []string{"jq", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here, which collect-artifacts (or the gh it is tested with) needs", program)
		}
	}
	bin, drop, store := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, bin, "gh", fakeGH, 0o755)
	for path, text := range answers {
		write(t, store, strings.ReplaceAll(path, "/", "_"), text, 0o600)
	}
	write(t, store, "repos_acme_shop_actions_artifacts_8_zip", archive(t, map[string]string{"gosec.sarif": "main"}), 0o600)
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "ANSWERS=" + store}
	out, code := script(t, env, "./collect-artifacts", drop, "acme/gone", "acme/shop")
	if code != 1 || !strings.Contains(out, "acme/gone") || !strings.Contains(out, "artifact 7") {
		t.Errorf("ended with %d: %s", code, out)
	}
	want := map[string]string{"acme/shop/branch-main/" + mainCommit + "/gosec.sarif": "main", ".collected/8": ""}
	if diff := cmp.Diff(want, tree(t, drop)); diff != "" {
		t.Error(diff)
	}
}

// linked is an archive with one symbolic link.
func linked(t *testing.T, name, target string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	header := &zip.FileHeader{Name: name}
	header.SetMode(fs.ModeSymlink | 0o777)
	f, err := w.CreateHeader(header)
	if err == nil {
		_, err = f.Write([]byte(target))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The line is silent when all is well or another run is at work, and shows the end of the log otherwise.
func TestCronLine(t *testing.T) {
	for code, loud := range map[int]bool{0: false, 4: false, 1: true, 2: true, 3: true} {
		dir, bin := t.TempDir(), t.TempDir()
		write(t, dir, "environment", "GITHUB_TOKEN=from-the-file\n", 0o600)
		write(t, bin, "sluice", fmt.Sprintf("#!/bin/sh\necho \"$GITHUB_TOKEN $*\"\nexit %d\n", code), 0o755)
		text, err := os.ReadFile("crontab")
		if err != nil {
			t.Fatal(err)
		}
		_, line, ok := strings.Cut(string(text), "*/15 * * * * ")
		if !ok || strings.Contains(line, "%") {
			t.Fatalf("no line, or one with a percent sign, which cron takes for a new line: %q", line)
		}
		line = strings.ReplaceAll(line, "/var/lib/sluice", dir)
		out, _ := script(t, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}, "bash", "-c", line)
		if said := strings.Contains(out, fmt.Sprintf("ended with %d", code)); said != loud || loud == (out == "") {
			t.Errorf("code %d: mailed %q", code, out)
		}
		if log := tree(t, dir)["run.log"]; log != "from-the-file run --deadline 14m\n" {
			t.Errorf("code %d: log %q", code, log)
		}
	}
}

// Workflows must at least be YAML whose scripts bash can parse, and use the scanner the demo is pinned to.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no workflows", err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct{ Run, Uses string }
			}
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(text, &workflow)
		}
		if err != nil || len(workflow.Jobs) == 0 {
			t.Fatalf("%s: no jobs (%v)", file, err)
		}
		for name, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if out, code := script(t, nil, "bash", "-n", "-c", step.Run); code != 0 || (step.Run == "") == (step.Uses == "") {
					t.Errorf("%s, job %s: %q: %s", file, name, step.Run, out)
				}
				if _, version, ok := strings.Cut(step.Run, "gosec@v"); ok {
					version, _, _ = strings.Cut(version, "\n")
					if !bytes.Contains(makefile, []byte("GOSEC_VERSION       := "+version+"\n")) {
						t.Errorf("%s installs gosec %s, the Makefile another", file, version)
					}
				}
			}
		}
	}
}

// script runs a program and returns what it wrote and its exit code.
func script(t *testing.T, env []string, name string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func write(t *testing.T, dir, name, text string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func archive(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tree is every file below dir, by its path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
