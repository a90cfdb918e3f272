package touch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/sluice-sec/sluice/promoter/store"
)

// readers are the methods of a store that write nothing.
var readers = []string{
	"AdvisoryRisks", "Approvals", "Backlog", "Backup", "CachedResponse", "CampaignTasks", "Campaigns", "Candidates", "CheckpointBefore",
	"Close", "CohortCounts", "Cohorts", "Conversations", "Cut", "Deliveries", "Digests", "Displayed", "Dispositions", "Document", "EffectCounts",
	"Exposures", "Head", "Heard", "KnownTokens", "LastRun", "LedgerEntries", "Lineage", "Load", "Marks", "Moves", "NewestDocument", "NoticesAt",
	"OpenChanges", "OpenEffects", "Pause", "People", "Releases", "Repositories", "RunTrack", "ShownSince", "SourceStatuses",
	"SourceTracks", "Standings", "Stirred", "TaskNotices", "Unanswered", "Untidied", "Verdicts", "VerifyLedger", "WeighedUpTo",
}

// A write that is not told of is one that no crash test ever interrupts.
func TestEveryWriteIsToldOf(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				told = append(told, f.Name.Name)
			}
		}
	}
	all := reflect.TypeFor[store.Store]()
	for i := range all.NumMethod() {
		if name := all.Method(i).Name; slices.Contains(told, name) == slices.Contains(readers, name) {
			t.Errorf("%s: say here that it only reads, or tell of it in touch.Store", name)
		}
	}
}
