package sqlite

import "context"

// Check looks through the whole file for damage. It fails with an error that
// wraps ErrCorrupt.
func (db *DB) Check(ctx context.Context) error { return explain(check(ctx, db.path)) }
