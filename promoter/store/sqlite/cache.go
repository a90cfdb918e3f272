package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// CachedResponse returns what CacheResponse stored, or nothing.
func (db *DB) CachedResponse(ctx context.Context, url, tokenID string) (etag string, body, header []byte, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT etag, body, header FROM http_cache WHERE url = $1 AND token_id = $2`, url, tokenID).
		Scan(&etag, &body, &header)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, nil, nil
	}
	if err != nil {
		return "", nil, nil, fmt.Errorf("cached response: %w", explain(err))
	}
	return etag, body, header, nil
}

// CacheResponse stores a response, in place of an older one.
func (db *DB) CacheResponse(ctx context.Context, url, tokenID, etag string, body, header []byte) error {
	return db.change(ctx, "cache response", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsert("http_cache", []string{"url", "token_id"}, "etag", "body", "header", "stored"),
			url, tokenID, etag, body, header, micro(db.clock()))
		return err
	})
}
