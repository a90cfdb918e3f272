package connectors_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

const report = `{"version":"2.1.0","runs":[
	{"tool":{"driver":{"name":"gosec"}},"results":[{"ruleId":"G101","message":{"text":"m"},
		"locations":[{"physicalLocation":{"artifactLocation":{"uri":"/build/a.go"},"region":{"startLine":3}}}]}]},
	{"tool":{"driver":{"name":"gosec"}},"automationDetails":{"id":"own/1"},"results":[{"ruleId":"G102","message":{"text":"m"}}]}]}`

// parse delivers text as the category "web" and collects what comes out.
func parse(t *testing.T, cfg connectors.Config, text string) ([]finding.Finding, finding.Report, error) {
	t.Helper()
	cfg.Base, cfg.Paths = t.TempDir(), []string{"{category}.sarif"}
	cfg.Context = connectors.Context{Owner: "acme", Name: "shop"}
	if err := os.WriteFile(filepath.Join(cfg.Base, "web.sarif"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, problems, err := connectors.Discover(t.Context(), cfg)
	if err != nil || len(docs) != 1 {
		t.Fatal(docs, problems, err)
	}
	var fs []finding.Finding
	r, err := connectors.Parse(context.Background(), cfg, docs[0], connectors.ParseOptions{}, func(f finding.Finding) error {
		fs = append(fs, f)
		return nil
	})
	return fs, r, err
}

func TestParseGivesTheCategoryOnlyWhereTheReportHasNone(t *testing.T) {
	fs, r, err := parse(t, connectors.Config{Name: "ci", Type: "sarif", Root: "/build"}, report)
	if err != nil || len(fs) != 2 || len(r.Scans) != 2 {
		t.Fatalf("%d findings, %+v, %v", len(fs), r, err)
	}
	if fs[0].Category != "web" || fs[1].Category != "own" {
		t.Errorf("findings' categories %q, %q", fs[0].Category, fs[1].Category)
	}
	if r.Scans[0].Category != "web" || r.Scans[1].Category != "own" {
		t.Errorf("scans' categories %q, %q", r.Scans[0].Category, r.Scans[1].Category)
	}
	if fs[0].Place == nil || fs[0].Place.Path != "a.go" {
		t.Errorf("the root was not removed: %+v", fs[0].Place)
	}
}

func TestParseKeepsWhatCameBeforeAnError(t *testing.T) {
	fs, r, err := parse(t, connectors.Config{Name: "ci", Type: "sarif"}, report[:len(report)-30])
	if !errors.Is(err, sarif.ErrTruncated) || !strings.Contains(err.Error(), "web.sarif") {
		t.Errorf("error %v", err)
	}
	if len(fs) != 1 || r.Complete {
		t.Errorf("%d findings, complete %v", len(fs), r.Complete)
	}
}

func TestParseNamesTheTypesItKnows(t *testing.T) {
	_, _, err := parse(t, connectors.Config{Name: "ci", Type: "sarfi"}, report)
	if err == nil || !strings.Contains(err.Error(), `unknown type "sarfi"; the types are auto, `) || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("error %v", err)
	}
}
