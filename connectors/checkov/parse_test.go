package checkov_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/checkov"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, checkov.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, checkov.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, checkov.Parse, count, "checkov")
}

func count(data []byte) (n int) {
	type report struct{ Results map[string][]json.RawMessage }
	var list []report
	if json.Unmarshal(data, &list) != nil {
		list = make([]report, 1)
		if json.Unmarshal(data, &list[0]) != nil {
			return -1
		}
	}
	for _, r := range list {
		n += len(r.Results["failed_checks"]) + len(r.Results["skipped_checks"]) + len(r.Results["passed_checks"])
	}
	return n
}

func TestPathsAreThoseOfTheRepository(t *testing.T) {
	for _, c := range []struct{ root, abs, repo, file, want string }{
		{"", "/build/shop/infra/db.tf", "/infra/db.tf", "/db.tf", "infra/db.tf"},
		{"/build/shop", "/build/shop/infra/db.tf", "/shop/infra/db.tf", "/db.tf", "infra/db.tf"},
		{"/build/shop", "/tmp/plan.json", "/plan.json", "/plan.json", "plan.json"},
		{"", "/tf/db.tf", "/tf/db.tf", "/db.tf", "db.tf"}, // started in / of a container
		{"", "", "", "db.tf", "db.tf"},
		{"", "", "", "/../../etc/passwd", ""},
		{"", "", "", "", ""},
	} {
		doc, err := json.Marshal(map[string]any{"results": map[string]any{"failed_checks": []any{
			map[string]any{"check_id": "C", "file_abs_path": c.abs, "repo_file_path": c.repo, "file_path": c.file, "file_line_range": []int{3, 1}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		all, _, err := nativetest.Read(checkov.Parse, doc, native.Options{Root: c.root})
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		var got finding.Place
		if all[0].Place != nil {
			got = *all[0].Place
		}
		want := finding.Place{}
		if c.want != "" {
			want = finding.Place{Path: c.want, StartLine: 3, EndLine: 3}
		}
		if got != want {
			t.Errorf("%+v: %+v, want %+v", c, got, want)
		}
	}
}
