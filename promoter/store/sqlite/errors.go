package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// What can be wrong with a database file, for callers that tell these apart.
var (
	ErrNotDatabase = errors.New("this file is not a SQLite database: give another path, or move the file away")
	ErrCorrupt     = errors.New("the database is damaged: restore a backup")
	ErrReadOnly    = errors.New("the database cannot be written: check the owner and mode of the file and its folder")
	ErrFull        = errors.New("the disk is full: nothing of this step was kept; free some space and run again")
	ErrIO          = errors.New("the disk refused to read or write: look at its space, the user's quota and its health; nothing of this step was kept")
	ErrLocked      = errors.New("another process keeps the database locked: try again when it is done")
)

// NewerError says that a newer Sluice has migrated the database.
type NewerError struct {
	Have, Know int64  // schema versions
	App        string // the version of the program that migrated it, "" if unknown
}

func (e *NewerError) Error() string {
	by := ""
	if e.App != "" {
		by = " (migrated by sluice " + e.App + ")"
	}
	return fmt.Sprintf("database schema %d%s is newer than this program knows (%d): use a newer sluice", e.Have, by, e.Know)
}

// explain puts a sentence a person can act on before SQLite's own words.
// https://www.sqlite.org/rescode.html
func explain(err error) error {
	var native *sqlite.Error
	if !errors.As(err, &native) {
		return err
	}
	var known error
	switch native.Code() & 0xff {
	case lib.SQLITE_NOTADB:
		known = ErrNotDatabase
	case lib.SQLITE_CORRUPT:
		known = ErrCorrupt
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_CANTOPEN:
		known = ErrReadOnly
	case lib.SQLITE_FULL:
		known = ErrFull
	case lib.SQLITE_IOERR:
		known = ErrIO
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		known = ErrLocked
	default:
		return err
	}
	if errors.Is(err, known) {
		return err
	}
	return fmt.Errorf("%w (%w)", known, err)
}

// isUnique tells whether a write was refused because a key exists already.
func isUnique(err error) bool {
	var native *sqlite.Error
	return errors.As(err, &native) &&
		(native.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || native.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
