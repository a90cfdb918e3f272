package sqlite

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/sluice-sec/sluice/promoter"
)

// The fourth migration copies tables that others refer to: nothing may be lost
// of them, and no reference may dangle.
func TestNoticesAndEffectsOutliveTheMigrationToTasks(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "sluice.db")
	old := fstest.MapFS{}
	for _, name := range []string{"00001_first.sql", "00002_documents.sql", "00003_upkeep.sql"} {
		data, err := fs.ReadFile(embedded(), name)
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: data}
	}
	db, err := openSchema(t, path, Options{}, old)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO repository VALUES (1, 'h', '', 'acme', 'shop', 1)`,
		`INSERT INTO repository_version VALUES (1, 1, '{}', 1)`,
		`INSERT INTO repository_state VALUES (1, NULL, 1)`,
		`INSERT INTO finding VALUES (1, 1, 1, 1, NULL)`,
		`INSERT INTO finding_version VALUES (1, 1, 1, '{}', 1)`,
		`INSERT INTO notice VALUES (1, 1, 'review', 7, 'F1', 2, 'posted', '', 'null', 'body', 'd', 's', 'p', 0, '{"id":5}')`,
		`INSERT INTO item VALUES (1, 1, 0, 1, NULL, 1, 5, NULL, '', '')`,
		`INSERT INTO effect VALUES (3, 'review', 1, 7, 'acme/shop', 'tok', 'c', '[]', '[]', 1, NULL, 'unknown', 'e', 'r', 1, NULL)`,
		`INSERT INTO effect_notice VALUES (3, 1, 1, 2, 1)`,
		`INSERT INTO approval VALUES ('P1', 'excess', 'k', 'r', 'waiting', '', 1, 5, NULL, '', '[]')`,
	} {
		if _, err := db.write.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now, err := Open(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	snap, err := now.Load(ctx, 1)
	if err != nil || len(snap.Notices) != 1 || snap.Notices[0].Remote.ID != 5 || len(snap.Notices[0].Items) != 1 || snap.Notices[0].Items[0].Finding != 1 {
		t.Errorf("loaded %+v, %v", snap, err)
	}
	effects, err := now.OpenEffects(ctx)
	if err != nil || len(effects) != 1 || effects[0].ID != 3 || effects[0].State != promoter.EffectUnknown {
		t.Errorf("open effects %+v, %v", effects, err)
	}
	plans, err := now.Approvals(ctx)
	if err != nil || len(plans) != 1 || plans[0].ID != "P1" {
		t.Errorf("plans %+v, %v", plans, err)
	}
	var open, broken int
	if err := now.write.QueryRowContext(ctx, `SELECT count(*), (SELECT count(*) FROM pragma_foreign_key_check) FROM effect_notice WHERE open = 1`).Scan(&open, &broken); err != nil || open != 1 || broken != 0 {
		t.Errorf("%d open effects' notices, %d dangling references, %v", open, broken, err)
	}
	for _, statement := range []string{
		`INSERT INTO item VALUES (1, 9, 0, 1, 0, NULL, 1, 5, NULL, '', '')`,
		`INSERT INTO effect_notice VALUES (9, 1, 1, 2, 0)`,
		`INSERT INTO notice (repo_id, notice_no, surface) VALUES (1, 2, 'poster')`,
	} {
		if _, err := now.write.ExecContext(ctx, statement); err == nil {
			t.Errorf("accepted: %s", statement)
		}
	}
}
