package connectors_test

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/connectors"
)

func TestRefAndRepository(t *testing.T) {
	for _, tt := range []struct {
		c               connectors.Context
		repository, ref string
	}{
		{connectors.Context{}, "", ""},
		{connectors.Context{Owner: "acme"}, "", ""},
		{connectors.Context{Owner: "acme", Name: "shop", Branch: "main"}, "acme/shop", "refs/heads/main"},
		{connectors.Context{Branch: "topic", PullRequest: 7}, "", "refs/pull/7/head"},
	} {
		if tt.c.Repository() != tt.repository || tt.c.Ref() != tt.ref {
			t.Errorf("%+v: %q %q", tt.c, tt.c.Repository(), tt.c.Ref())
		}
	}
}

func TestSourceFolder(t *testing.T) {
	base := t.TempDir()
	cfg := connectors.Config{Name: "ci", Base: base, SourceDir: "checkouts/{repository}.git"}
	got, err := cfg.SourceFolder(connectors.Context{Owner: "acme", Name: "shop"})
	if want := filepath.Join(base, "checkouts", "acme", "shop.git"); err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	if _, err := cfg.SourceFolder(connectors.Context{Owner: "acme"}); err == nil || !strings.Contains(err.Error(), "{name}") {
		t.Errorf("a missing value: %v", err)
	}
	if dir, err := cfg.SourceFolder(connectors.Context{Owner: "..", Name: "shop"}); err == nil {
		t.Errorf("climbed to %q", dir)
	}
	if dir, err := (connectors.Config{Base: base}).SourceFolder(connectors.Context{}); err != nil || dir != "" {
		t.Errorf("no source folder: %q, %v", dir, err)
	}
}

// Whatever folder names a hostile delivery uses, a document's context is valid
// and its source folder stays below the base.
func TestCapturesNeverLeadOutOfTheBase(t *testing.T) {
	name := rapid.StringMatching(`[a-zA-Z0-9.%_ ~\\:-]{1,12}`).Filter(func(s string) bool { return s != "." && s != ".." })
	rapid.Check(t, func(rt *rapid.T) {
		parts := []string{name.Draw(rt, "owner"), name.Draw(rt, "name"), name.Draw(rt, "branch")}
		if rapid.Bool().Draw(rt, "escape") {
			parts[2] = url.PathEscape("../" + parts[2])
		}
		base := drop(t, strings.Join(parts, "/")+"/x.sarif")
		cfg := connectors.Config{Base: base, Paths: []string{"{owner}/{name}/{branch}/*.sarif"}, SourceDir: "src/{owner}/{name}/{branch}"}
		docs, problems, err := connectors.Discover(t.Context(), cfg)
		if err != nil || len(docs)+len(problems) != 1 {
			rt.Fatalf("%d documents, %d problems, error %v", len(docs), len(problems), err)
		}
		for _, d := range docs {
			if err := d.Context.Validate(); err != nil {
				rt.Fatal(err)
			}
			dir, err := cfg.SourceFolder(d.Context)
			if err != nil {
				rt.Fatal(err)
			}
			if below, err := filepath.Rel(filepath.Join(base, "src"), dir); err != nil || strings.HasPrefix(below, "..") || below == "." {
				rt.Fatalf("source folder %q", dir)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add("{owner}/{name}/*.sarif")
	f.Add("a/**/**/?x{commit}")
	f.Add("/{")
	f.Add("x//{branch}-{branch}")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "..") {
			t.Skip("a template may start above the base; a fuzzer must not")
		}
		docs, _, err := connectors.Discover(t.Context(), connectors.Config{Base: t.TempDir(), Paths: []string{"x/" + text}})
		if len(docs) > 0 {
			t.Errorf("%q found %d files in an empty folder", text, len(docs))
		}
		if err == nil {
			t.Errorf("%q matched nothing, and nobody was told", text)
		}
		var none *connectors.NoFilesError
		if errors.As(err, &none) && strings.Contains(text, "{owner") && !strings.Contains(text, "{owner}") {
			t.Errorf("%q was taken for a template", text)
		}
	})
}
