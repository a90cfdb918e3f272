package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/promoter/store"
)

const (
	// staleAfter is how long a lock that nobody renews is respected, for
	// holders whose process cannot be looked at: other hosts and containers.
	staleAfter = 2 * time.Minute
	lockPoll   = 100 * time.Millisecond
)

// held is the run lock as stored.
type held struct {
	store.Holder
	nonce   string
	process process
	renewed time.Time
}

// Lock takes the run lock; see store.Locker. It is renewed in the background
// until released. A lock is taken over at once when its process is gone from
// this host, and after two minutes without renewal from any other.
func (db *DB) Lock(ctx context.Context, who store.Holder, wait time.Duration) (func() error, error) {
	if who.Since.IsZero() {
		who.Since = db.clock()
	}
	mine := held{Holder: who, nonce: rand.Text(), process: lookAt(who.PID)}
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	poll := time.NewTicker(lockPoll)
	defer poll.Stop()
	for {
		err := db.tryLock(ctx, mine)
		if err == nil {
			return db.keep(mine), nil
		}
		if taken := (*store.HeldError)(nil); !errors.As(err, &taken) || wait <= 0 {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-deadline.C:
			return nil, err
		case <-poll.C:
		}
	}
}

func (db *DB) tryLock(ctx context.Context, mine held) error {
	return db.change(ctx, "take the run lock", func(tx *sql.Tx) error {
		now := db.clock()
		old, err := readLock(ctx, tx)
		if err != nil {
			return err
		}
		if old != nil {
			why := old.gone(mine, now)
			if why == "" {
				return &store.HeldError{Holder: old.Holder}
			}
			db.log.Warn("run lock taken over", zap.String("because", why), zap.String("from", old.Actor),
				zap.String("host", old.Host), zap.Int("pid", old.PID), zap.Time("since", old.Since))
		}
		_, err = tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO run_lock (one, nonce, actor, host, pid, space, started, command, since, renewed)
			VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			mine.nonce, mine.Actor, mine.Host, mine.PID, mine.process.space, mine.process.started,
			mine.Command, micro(mine.Since), micro(now))
		return err
	})
}

// readLock returns nil when nobody holds the lock.
func readLock(ctx context.Context, tx *sql.Tx) (*held, error) {
	var h held
	err := tx.QueryRowContext(ctx,
		`SELECT nonce, actor, host, pid, space, started, command, since, renewed FROM run_lock`).
		Scan(&h.nonce, &h.Actor, &h.Host, &h.PID, &h.process.space, &h.process.started,
			&h.Command, (*moment)(&h.Since), (*moment)(&h.renewed))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &h, err
}

// gone says why a holder can no longer be at work, or "".
func (h held) gone(seenBy held, now time.Time) string {
	if h.Host == seenBy.Host && h.process.space == seenBy.process.space {
		switch p := lookAt(h.PID); {
		case !p.alive:
			return "its process is gone"
		case p.started != h.process.started:
			return "its process is gone and its pid is another's"
		}
	}
	if age := now.Sub(h.renewed); age > staleAfter {
		return fmt.Sprintf("it was not renewed for %s", age.Round(time.Second))
	}
	return ""
}

// keep renews a lock until the returned function is called.
func (db *DB) keep(mine held) (release func() error) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(db.beat)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-db.life.Done():
				return
			case <-tick.C:
				db.renew(mine)
			}
		}
	}()
	return sync.OnceValue(func() error {
		close(stop)
		<-stopped
		_, err := db.write.ExecContext(context.Background(), `DELETE FROM run_lock WHERE nonce = $1`, mine.nonce)
		if err != nil {
			return fmt.Errorf("release the run lock: %w", explain(err))
		}
		return nil
	})
}

func (db *DB) renew(mine held) {
	res, err := db.write.ExecContext(context.Background(),
		`UPDATE run_lock SET renewed = $1 WHERE nonce = $2`, micro(db.clock()), mine.nonce)
	if err != nil {
		db.log.Error("run lock not renewed", zap.Error(err))
		return
	}
	if n, _ := res.RowsAffected(); n == 0 {
		db.log.Error("run lock lost: another run took it over and both may be at work",
			zap.String("actor", mine.Actor), zap.Int("pid", mine.PID))
	}
}
