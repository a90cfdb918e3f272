package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
	"github.com/sluice-sec/sluice/promoter/store/storetest"
)

// at opens a database whose clock stands still.
func at(t *testing.T, path string, minutes int) *sqlite.DB {
	return openAt(t, path, sqlite.Options{Clock: func() time.Time { return storetest.At(minutes) }})
}

func TestALockOfAnotherHostIsRespectedUntilNobodyRenewsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	elsewhere := storetest.Me("sluice run")
	elsewhere.Host = "elsewhere"
	_, release, err := at(t, path, 0).Lock(t.Context(), elsewhere, 0)
	if err != nil {
		t.Fatal(err)
	}
	held := (*store.HeldError)(nil)
	if _, _, err := at(t, path, 2).Lock(t.Context(), storetest.Me("sluice run"), 0); !errors.As(err, &held) || held.Holder != elsewhere {
		t.Errorf("after two minutes: %v", err)
	}
	_, mine, err := at(t, path, 3).Lock(t.Context(), storetest.Me("sluice run"), 0)
	if err != nil {
		t.Fatalf("after three minutes: %v", err)
	}
	if err := release(); !errors.Is(err, store.ErrLockLost) {
		t.Errorf("the late release: %v", err)
	}
	if _, _, err := at(t, path, 4).Lock(t.Context(), storetest.Me("sluice run"), 0); !errors.As(err, &held) {
		t.Errorf("the late release freed the new holder's lock: %v", err)
	}
	if err := mine(); err != nil {
		t.Error(err)
	}
}

// A process that was stopped, or whose clock jumped, is still at work.
func TestALivingProcessKeepsItsLockThoughItDoesNotRenewIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	if _, _, err := at(t, path, 0).Lock(t.Context(), storetest.Me("sluice run"), 0); err != nil {
		t.Fatal(err)
	}
	if sqlite.StartOf(os.Getpid()) == "" {
		t.Skip("this system does not tell when a process started")
	}
	held := (*store.HeldError)(nil)
	if _, _, err := at(t, path, 3).Lock(t.Context(), storetest.Me("sluice run"), 0); !errors.As(err, &held) {
		t.Errorf("after three minutes: %v", err)
	}
}

// Whoever lost the lock all the same has to stop.
func TestALostLockEndsItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	first := at(t, path, 0)
	sqlite.BeatEvery(first, time.Millisecond)
	elsewhere := storetest.Me("sluice run")
	elsewhere.Host = "elsewhere"
	holding, release, err := first.Lock(t.Context(), elsewhere, 0)
	if err != nil || holding.Err() != nil {
		t.Fatal(err, holding.Err())
	}
	sqlExec(t, raw(t, path), `UPDATE run_lock SET nonce = 'another'`)
	<-holding.Done()
	if cause := context.Cause(holding); !errors.Is(cause, store.ErrLockLost) {
		t.Errorf("it ended because of %v", cause)
	}
	if err := release(); !errors.Is(err, store.ErrLockLost) {
		t.Errorf("release: %v", err)
	}
}

func TestALivingProcessKeepsItsLockForAsLongAsItRenewsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	first := at(t, path, 0)
	sqlite.BeatEvery(first, time.Millisecond)
	_, release, err := first.Lock(t.Context(), storetest.Me("sluice run"), 0)
	if err != nil {
		t.Fatal(err)
	}
	sqlExec(t, first.Writer(), `UPDATE run_lock SET renewed = 0`)
	for renewed := int64(0); renewed == 0; { // until the heartbeat was here
		if err := first.Writer().QueryRow(`SELECT renewed FROM run_lock`).Scan(&renewed); err != nil {
			t.Fatal(err)
		}
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}

// A pid that was given to another process is told by its start time.
func TestALockOfAReusedPidIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	db := at(t, path, 0)
	if _, _, err := db.Lock(t.Context(), storetest.Me("sluice run"), 0); err != nil {
		t.Fatal(err)
	}
	var started string
	if err := raw(t, path).QueryRow(`SELECT started FROM run_lock`).Scan(&started); err != nil {
		t.Fatal(err)
	}
	if started == "" {
		t.Skip("this system does not tell when a process started")
	}
	sqlExec(t, raw(t, path), `UPDATE run_lock SET started = started || '1'`)
	if _, _, err := db.Lock(t.Context(), storetest.Me("sluice run"), 0); err != nil {
		t.Errorf("a reused pid holds the lock: %v", err)
	}
}
