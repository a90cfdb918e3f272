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
	// holders whose process cannot be looked at: on other hosts, in other
	// containers, where the system does not tell when a process started.
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
// this host, never while that is alive, and after two minutes without renewal
// where it cannot be looked at. Who lost it so, being stopped for that long,
// learns it from the next renewal: until then both may be at work.
func (db *DB) Lock(ctx context.Context, who store.Holder, wait time.Duration) (context.Context, func() error, error) {
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
			held, release := db.keep(ctx, mine)
			return held, release, nil
		}
		if taken := (*store.HeldError)(nil); !errors.As(err, &taken) || wait <= 0 {
			return nil, nil, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-deadline.C:
			return nil, nil, err
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
		case p.started == "" || h.process.started == "":
			// not known to be the one that took it
		case p.started != h.process.started:
			return "its process is gone and its pid is another's"
		default:
			return "" // stopped, or the clock jumped: it goes on
		}
	}
	if age := now.Sub(h.renewed); age > staleAfter {
		return fmt.Sprintf("it was not renewed for %s", age.Round(time.Second))
	}
	return ""
}

// keep renews a lock until the returned function is called. The context ends
// when the lock is lost.
func (db *DB) keep(ctx context.Context, mine held) (holding context.Context, release func() error) {
	holding, end := context.WithCancelCause(ctx)
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
				if db.lost(mine) {
					end(store.ErrLockLost)
				}
			}
		}
	}()
	return holding, sync.OnceValue(func() error {
		close(stop)
		<-stopped
		end(context.Canceled)
		res, err := db.write.ExecContext(context.Background(), `DELETE FROM run_lock WHERE nonce = $1`, mine.nonce)
		if err != nil {
			return fmt.Errorf("release the run lock: %w", explain(err))
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return store.ErrLockLost
		}
		return nil
	})
}

// lost renews a lock and tells whether another run has taken it over.
func (db *DB) lost(mine held) bool {
	res, err := db.write.ExecContext(context.Background(),
		`UPDATE run_lock SET renewed = $1 WHERE nonce = $2`, micro(db.clock()), mine.nonce)
	if err != nil {
		db.log.Error("run lock not renewed", zap.Error(err))
		return false
	}
	n, err := res.RowsAffected()
	return err == nil && n == 0
}
