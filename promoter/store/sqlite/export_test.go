package sqlite

import (
	"database/sql"
	"time"
)

// Writer lets tests set limits on the one connection that writes.
func (db *DB) Writer() *sql.DB { return db.write }

// BeatEvery lets locks taken from now on be renewed more often.
func BeatEvery(db *DB, d time.Duration) { db.beat = d }
