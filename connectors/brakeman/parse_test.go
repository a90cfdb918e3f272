package brakeman_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/brakeman"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, brakeman.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, brakeman.Parse, false) }

func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, brakeman.Parse, func(data []byte) int {
		var doc struct {
			Warnings []json.RawMessage
			Ignored  []json.RawMessage `json:"ignored_warnings"`
		}
		if json.Unmarshal(data, &doc) != nil {
			return -1
		}
		return len(doc.Warnings) + len(doc.Ignored)
	}, "brakeman")
}

// The application need not lie at the root of the repository.
func TestPathsAreThoseOfTheRepository(t *testing.T) {
	for _, c := range []struct{ root, app, file, want string }{
		{"", "/build/shop", "app/a.rb", "app/a.rb"},
		{"/build/shop", "/build/shop", "app/a.rb", "app/a.rb"},
		{"/build/shop", "/build/shop/backend", "app/a.rb", "backend/app/a.rb"},
		{"/build/shop", "/build/shop/backend/", "app/a.rb", "backend/app/a.rb"},
		{"/build/shop", "/build/shop/backend", "/build/shop/backend/app/a.rb", "backend/app/a.rb"},
		{"", "/build/shop", "/build/shop/app/a.rb", "app/a.rb"},
		{"", ".", "app/a.rb", "app/a.rb"},
		{"", "backend", "app/a.rb", "backend/app/a.rb"},
		{"", "", "app/a.rb", "app/a.rb"},
		{"/build/shop", "/other", "app/a.rb", "app/a.rb"},
		{"", "/build/shop", "../../etc/passwd", ""},
		{"/build/shop", "/build/shop", "../../etc/passwd", ""},
		{"", "/build/shop", "/etc/passwd", ""},
	} {
		doc, err := json.Marshal(map[string]any{
			"scan_info": map[string]any{"app_path": c.app}, "warnings": []any{map[string]any{"warning_code": 1, "file": c.file, "line": 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
		all, _, err := nativetest.Read(brakeman.Parse, doc, native.Options{Root: c.root})
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		got := ""
		if all[0].Place != nil {
			got = all[0].Place.Path
		}
		if got != c.want {
			t.Errorf("root %q, application %q, file %q: %q, want %q", c.root, c.app, c.file, got, c.want)
		}
	}
}
