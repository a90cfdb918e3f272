package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// KeepDocument stores a document that came into force.
func (db *DB) KeepDocument(ctx context.Context, kind, revision string, body []byte, at time.Time) error {
	return db.change(ctx, "keep "+kind, func(tx *sql.Tx) error {
		newest, err := newestRevision(ctx, tx, kind)
		if err != nil || newest == revision {
			return err
		}
		if body == nil {
			body = []byte{} // an empty document is one all the same
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO document (kind, revision, body) VALUES ($1, $2, $3)
			ON CONFLICT (kind, revision) DO NOTHING`, kind, revision, body); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO document_use (kind, revision, since) VALUES ($1, $2, $3)`, kind, revision, micro(at))
		return err
	})
}

// NewestDocument returns the document of a kind that came into force last.
func (db *DB) NewestDocument(ctx context.Context, kind string) (revision string, body []byte, err error) {
	err = db.view(ctx, "newest "+kind, func(tx *sql.Tx) error {
		if revision, err = newestRevision(ctx, tx, kind); err != nil || revision == "" {
			return err
		}
		body, err = documentBody(ctx, tx, kind, revision)
		return err
	})
	return revision, body, err
}

// Document returns a document that was in force at some time, or nil.
func (db *DB) Document(ctx context.Context, kind, revision string) (body []byte, err error) {
	err = db.view(ctx, fmt.Sprintf("%s %s", kind, revision), func(tx *sql.Tx) error {
		body, err = documentBody(ctx, tx, kind, revision)
		return err
	})
	return body, err
}

func newestRevision(ctx context.Context, tx *sql.Tx, kind string) (revision string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT revision FROM document_use WHERE kind = $1 ORDER BY use_id DESC LIMIT 1`, kind).Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return revision, err
}

func documentBody(ctx context.Context, tx *sql.Tx, kind, revision string) (body []byte, err error) {
	err = tx.QueryRowContext(ctx, `SELECT body FROM document WHERE kind = $1 AND revision = $2`, kind, revision).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return body, err
}
