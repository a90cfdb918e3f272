package simulation_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// fuse ends a run at its n-th touch of the world: before or after a request, before or after a write of the store.
type fuse struct {
	touches int
	at      int  // 0: never
	writes  bool // only touches that belong to an effect count
	asks    bool // a signal asks the run to stop; else its process is no more
	stop    func()
}

// killed is what a run panics with when its process ends.
type killed struct{ at string }

func (f *fuse) touch(name string) {
	if f.writes && !ofEffect(name) {
		return
	}
	f.touches++
	switch {
	case f.at == 0 || f.touches < f.at:
		return
	case f.asks:
		f.stop()
		return
	}
	panic(killed{name}) // also when a deferred call touches the world afterwards
}

// ofEffect tells whether a touch is a step of an effect's protocol.
func ofEffect(name string) bool {
	_, what, _ := strings.Cut(name, " ")
	verb, _, _ := strings.Cut(what, " ")
	return slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE", "intend", "sent", "settle", "apply"}, verb)
}

func (f *fuse) around(name string, do func() error) error {
	f.touch("before " + name)
	err := do()
	f.touch("after " + name)
	return err
}

type fusedTransport struct {
	next http.RoundTripper
	*fuse
}

func (t fusedTransport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	err = t.around(r.Method+" "+r.URL.Path, func() error { resp, err = t.next.RoundTrip(r); return err })
	return resp, err
}

// fusedStore stands in front of every write.
type fusedStore struct {
	store.Store
	*fuse
}

func (s fusedStore) BeginRun(ctx context.Context, r store.Run) (id int64, err error) {
	err = s.around("begin run", func() error { id, err = s.Store.BeginRun(ctx, r); return err })
	return id, err
}

func (s fusedStore) EndRun(ctx context.Context, id int64, at time.Time, outcome string, report []byte) error {
	return s.around("end run", func() error { return s.Store.EndRun(ctx, id, at, outcome, report) })
}

func (s fusedStore) SaveSourceStatus(ctx context.Context, id int64, st store.SourceStatus) error {
	return s.around("source status", func() error { return s.Store.SaveSourceStatus(ctx, id, st) })
}

func (s fusedStore) EnsureRepository(ctx context.Context, r promoter.Repository, id int64) (out promoter.Repository, err error) {
	err = s.around("repository", func() error { out, err = s.Store.EnsureRepository(ctx, r, id); return err })
	return out, err
}

func (s fusedStore) Apply(ctx context.Context, c store.Changes) error {
	return s.around("apply", func() error { return s.Store.Apply(ctx, c) })
}

func (s fusedStore) EnsureCohorts(ctx context.Context, keys []string, at time.Time) (out []promoter.Cohort, err error) {
	err = s.around("cohorts", func() error { out, err = s.Store.EnsureCohorts(ctx, keys, at); return err })
	return out, err
}

func (s fusedStore) Recut(ctx context.Context, all []promoter.Recut) (out []promoter.Cohort, err error) {
	err = s.around("recut", func() error { out, err = s.Store.Recut(ctx, all); return err })
	return out, err
}

func (s fusedStore) SetCut(ctx context.Context, law store.Cut) error {
	return s.around("cut", func() error { return s.Store.SetCut(ctx, law) })
}

func (s fusedStore) Intend(ctx context.Context, e *promoter.Effect) error {
	return s.around("intend "+string(e.Verb), func() error { return s.Store.Intend(ctx, e) })
}

func (s fusedStore) Sent(ctx context.Context, id int64, at time.Time) error {
	return s.around("sent", func() error { return s.Store.Sent(ctx, id, at) })
}

func (s fusedStore) Settle(ctx context.Context, x store.Settlement) error {
	return s.around("settle", func() error { return s.Store.Settle(ctx, x) })
}

func (s fusedStore) SaveApproval(ctx context.Context, a promoter.Approval) error {
	return s.around("plan", func() error { return s.Store.SaveApproval(ctx, a) })
}

func (s fusedStore) Seal(ctx context.Context, at time.Time) (h store.Head, err error) {
	err = s.around("seal", func() error { h, err = s.Store.Seal(ctx, at); return err })
	return h, err
}
