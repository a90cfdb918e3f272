package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/store"
)

func TestNewMajorVersionsAreMetOnce(t *testing.T) {
	snap := &store.Snapshot{Scopes: []store.Scope{{No: 1}, {No: 2}, {No: 4, Scope: finding.Scope{Ref: "refs/pull/7/head"}}}, Scans: []store.Scan{
		{No: 8, Scope: 4, Tool: "gosec", ToolVersion: "2.0", RunID: 1},
		{No: 9, Scope: 4, Tool: "gosec", ToolVersion: "9.0", RunID: 3},
		{No: 1, Scope: 1, Tool: "gosec", ToolVersion: "2.22.1", RunID: 1},
		{No: 2, Scope: 2, Tool: "trivy", ToolVersion: "0.57.0", RunID: 1},
		{No: 3, Scope: 3, Tool: "new", ToolVersion: "1.0", RunID: 2},
		{No: 4, Scope: 1, Tool: "gosec", ToolVersion: "", RunID: 2},
		{No: 5, Scope: 1, Tool: "gosec", ToolVersion: "v3.0.0", RunID: 2},
		{No: 6, Scope: 2, Tool: "trivy", ToolVersion: "0.57.9", RunID: 2},
	}}
	if diff := cmp.Diff(map[string]string{"gosec": "3"}, newMajors(snap, 2)); diff != "" {
		t.Error(diff)
	}
	if got := newMajors(snap, 3); len(got) != 0 {
		t.Errorf("met again by a run that read nothing: %v", got)
	}
	if a, b := major("0.57.9"), major("0.58.0"); a != "0.57" || b != "0.58" {
		t.Error(a, b)
	}
}
