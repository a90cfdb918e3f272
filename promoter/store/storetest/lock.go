package storetest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Me is this process as the holder of a run lock.
func Me(command string) store.Holder {
	host, _ := os.Hostname()
	return store.Holder{Actor: "os:alice", Host: host, PID: os.Getpid(), Command: command, Since: At(0)}
}

func lock(t *testing.T, s store.Store) {
	ctx := t.Context()
	release := must(taken(s, Me("sluice run")))(t)
	_, _, err := s.Lock(ctx, Me("sluice recover"), 0)
	held := (*store.HeldError)(nil)
	if !errors.As(err, &held) {
		t.Fatalf("a second lock: %v, want a HeldError", err)
	}
	same(t, "who holds it", held.Holder, Me("sluice run"))
	if _, _, err := s.Lock(ctx, Me("sluice recover"), time.Millisecond); !errors.As(err, &held) {
		t.Errorf("after waiting a little: %v, want a HeldError", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := s.Lock(cancelled, Me("sluice recover"), time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting was cancelled: %v", err)
	}

	next := make(chan func() error)
	go func() {
		_, second, err := s.Lock(ctx, Me("sluice recover"), time.Minute)
		if err != nil {
			t.Error(err)
		}
		next <- second
	}()
	ok(t, release())
	ok(t, release())
	second := <-next
	ok(t, release()) // must not take the second one's lock away
	if _, _, err := s.Lock(ctx, Me("sluice run"), 0); !errors.As(err, &held) {
		t.Errorf("a release that came too late freed another's lock: %v", err)
	}
	if second != nil {
		ok(t, second())
	}

	dead := Me("sluice run")
	dead.PID = 1 << 22 // beyond any pid the kernel gives
	lost := must(taken(s, dead))(t)
	third := must(taken(s, Me("sluice run")))(t)
	if err := lost(); !errors.Is(err, store.ErrLockLost) {
		t.Errorf("who lost the lock was told %v", err)
	}
	if _, _, err := s.Lock(ctx, Me("sluice run"), 0); !errors.As(err, &held) {
		t.Errorf("who lost the lock gave it away: %v", err)
	}
	ok(t, third())
}

// taken is the lock's release.
func taken(s store.Store, who store.Holder) (func() error, error) {
	_, release, err := s.Lock(context.Background(), who, 0)
	return release, err
}

// people lets commands of people meet a run that writes: nothing fails,
// nothing is lost, and of two who answer the same only one is heard.
func people(t *testing.T, s store.Store) {
	ctx := t.Context()
	repo, cohort := Repository(t, s, "shop"), Cohort(t, s)
	ok(t, s.SaveApproval(ctx, promoter.Approval{ID: "P0001", Kind: promoter.ApprovalExcess, State: promoter.ApprovalWaiting, Created: At(0)}))
	const steps = 40
	var answers, moves sync.Map
	var all sync.WaitGroup
	all.Go(func() {
		for i := range steps {
			c := First(repo.ID, cohort.ID, 20)
			c.Findings = c.Findings[:1+i%20]
			c.Sightings, c.Decisions = c.Sightings[:len(c.Findings)], c.Decisions[:len(c.Findings)]
			if err := s.Apply(ctx, c); err != nil {
				t.Error(err)
			}
			if i%10 == 9 {
				if _, err := s.Seal(ctx, At(i)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for _, who := range []string{"os:alice", "os:bob"} {
		all.Go(func() {
			for i := range steps {
				_, err := s.MoveCohort(ctx, promoter.Move{CohortID: cohort.ID, From: promoter.Stage(i % 2), To: promoter.Stage(1 - i%2),
					Kind: promoter.MoveOverride, Reason: "try", Actor: who, At: At(i)})
				moves.Store([2]any{who, i}, expected(t, err))
				answers.Store([2]any{who, i}, expected(t, s.DecideApproval(ctx, "P0001", promoter.ApprovalApproved, who, "", At(i))))
				if _, err := s.Load(ctx, repo.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	count := func(m *sync.Map) (n int) {
		m.Range(func(_, heard any) bool {
			if heard.(bool) {
				n++
			}
			return true
		})
		return n
	}
	same(t, "answers that were heard", count(&answers), 1)
	same(t, "moves that were heard and kept", len(must(s.Moves(ctx, cohort.ID))(t)), count(&moves))
	after := must(s.Cohorts(ctx))(t)[0]
	same(t, "generations", after.Generation-cohort.Generation, int64(count(&moves)))
	must(s.Seal(ctx, At(99)))(t)
	v := must(s.VerifyLedger(ctx, ""))(t)
	if want := int64(steps + 1 + count(&moves)); v.Break != "" || v.Entries != want {
		t.Errorf("ledger: %+v, want %d entries", v, want)
	}
}

// expected tells whether a person was heard; a conflict is the only other way.
func expected(t *testing.T, err error) bool {
	if c := (*store.ConflictError)(nil); err != nil && !errors.As(err, &c) {
		t.Error(err)
	}
	return err == nil
}
