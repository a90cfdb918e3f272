package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	gojson "github.com/goccy/go-json"
)

// micro is how a time is stored: microseconds since 1970, UTC.
func micro(t time.Time) int64 { return t.UnixMicro() }

// moment reads a stored time, and writes one that may be missing: the zero
// time is NULL.
type moment time.Time

func (m moment) Value() (driver.Value, error) {
	if time.Time(m).IsZero() {
		return nil, nil
	}
	return micro(time.Time(m)), nil
}

func (m *moment) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*m = moment{}
	case int64:
		*m = moment(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T", v)
	}
	return nil
}

// number writes 0 as NULL, for references to nothing, and reads it back.
type number int64

func (n number) Value() (driver.Value, error) {
	if n == 0 {
		return nil, nil
	}
	return int64(n), nil
}

func (n *number) Scan(v any) error {
	i, _ := v.(int64)
	*n = number(i)
	return nil
}

// document is stored as JSON text. To read, it holds a pointer. It is read by
// go-json, in a quarter of the time, and written by encoding/json, so that what
// is stored depends on the standard library only.
type document struct{ of any }

func (d document) Value() (driver.Value, error) {
	raw, err := json.Marshal(d.of)
	return string(raw), err
}

func (d document) Scan(v any) error {
	switch v := v.(type) {
	case string:
		return gojson.Unmarshal([]byte(v), d.of)
	case []byte:
		return gojson.Unmarshal(v, d.of)
	}
	return fmt.Errorf("a document is stored as %T", v)
}

// upsert writes the statement that adds a row, or replaces the one with its
// key if anything in it differs. Rows affected: 1 if it wrote. The arguments
// are the key's columns, then the others.
func upsert(table string, key []string, rest ...string) string {
	cols := append(append([]string{}, key...), rest...)
	params, set, old, excluded := make([]string, len(cols)), make([]string, len(rest)), make([]string, len(rest)), make([]string, len(rest))
	for i := range cols {
		params[i] = fmt.Sprintf("$%d", i+1)
	}
	for i, c := range rest {
		set[i], old[i], excluded[i] = c+" = excluded."+c, table+"."+c, "excluded."+c
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s WHERE (%s) IS DISTINCT FROM (%s)",
		table, strings.Join(cols, ", "), strings.Join(params, ", "), strings.Join(key, ", "),
		strings.Join(set, ", "), strings.Join(old, ", "), strings.Join(excluded, ", "))
}

// writeAll runs one statement for each row and returns how many rows it wrote.
func writeAll[T any](ctx context.Context, tx *sql.Tx, what, query string, rows []T, args func(T) []any) (written int64, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	defer stmt.Close()
	for i, row := range rows {
		res, err := stmt.ExecContext(ctx, args(row)...)
		if err != nil {
			return 0, fmt.Errorf("%s %d of %d: %w", what, i+1, len(rows), err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", what, err)
		}
		written += n
	}
	return written, nil
}

// queryer is a pool or a transaction.
type queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// collect reads all rows of a query. It returns nil for none.
func collect[T any](ctx context.Context, q queryer, what string, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, explain(err))
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := scan(rows, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, explain(err))
	}
	return all, nil
}
