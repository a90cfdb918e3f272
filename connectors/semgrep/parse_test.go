package semgrep_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/native/nativetest"
	"github.com/sluice-sec/sluice/connectors/semgrep"
)

func TestGolden(t *testing.T) {
	nativetest.Golden(t, semgrep.Parse, native.Options{Root: "/build/shop"})
}

func FuzzParse(f *testing.F) { nativetest.Fuzz(f, semgrep.Parse, false) }

// Reports of the platform's API have findings or vulns.
func TestRealReportsLoseNothing(t *testing.T) {
	nativetest.Shared(t, semgrep.Parse, func(data []byte) int {
		var doc struct{ Results []json.RawMessage }
		if json.Unmarshal(data, &doc) != nil || doc.Results == nil {
			return -1
		}
		return len(doc.Results)
	}, "semgrep", "semgrep_pro")
}

func TestAScanThatCouldNotReadAFileIsIncomplete(t *testing.T) {
	for fault, complete := range map[string]bool{
		`{"level":"warn","type":["PartialParsing",[]],"path":"a.py"}`: true,
		`{"level":"warn","type":"Syntax error","path":"a.py"}`:        false,
		`{"level":"warn","type":"Timeout","path":"a.py"}`:             false,
		`{"level":"warn","type":"Fixpoint timeout"}`:                  true,
		`{"level":"info","type":"Syntax error","path":"a.py"}`:        true,
		`{"level":"error","type":"Rule parse error","rule_id":"r"}`:   false,
		`{"level":"error"}`: false,
		`{}`:                true,
		`"odd"`:             true,
	} {
		_, report, err := nativetest.Read(semgrep.Parse, []byte(`{"errors":[`+fault+`],"results":[]}`), native.Options{})
		if err != nil || report.Complete != complete {
			t.Errorf("%s: complete %v, %v", fault, report.Complete, err)
		}
	}
}
