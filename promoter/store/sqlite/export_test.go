package sqlite

import (
	"database/sql"
	"time"
)

// Writer lets tests set limits on the one connection that writes.
func (db *DB) Writer() *sql.DB { return db.write }

// BeatEvery lets locks taken from now on be renewed more often.
func BeatEvery(db *DB, d time.Duration) { db.beat = d }

// StartOf is the start time of a process; "" where the system does not tell.
func StartOf(pid int) string { return lookAt(pid).started }
