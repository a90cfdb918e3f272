package touch

import (
	"context"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Store tells of every write.
func Store(next store.Store, at Func) store.Store { return touched{next, at} }

type touched struct {
	store.Store
	at Func
}

// got is a write that also returns something.
func got[T any](at Func, name string, do func() (T, error)) (out T, err error) {
	err = at.around(name, func() error { out, err = do(); return err })
	return out, err
}

func (s touched) Lock(ctx context.Context, who store.Holder, wait time.Duration) (context.Context, func() error, error) {
	var holding context.Context
	release, err := got(s.at, "lock", func() (release func() error, err error) {
		holding, release, err = s.Store.Lock(ctx, who, wait)
		return release, err
	})
	if err != nil {
		return nil, nil, err
	}
	return holding, func() error { return s.at.around("unlock", release) }, nil
}

func (s touched) BeginRun(ctx context.Context, r store.Run) (int64, error) {
	return got(s.at, "begin run", func() (int64, error) { return s.Store.BeginRun(ctx, r) })
}

func (s touched) EndRun(ctx context.Context, id int64, at time.Time, outcome string, report []byte) error {
	return s.at.around("end run", func() error { return s.Store.EndRun(ctx, id, at, outcome, report) })
}

func (s touched) SaveSourceStatus(ctx context.Context, id int64, st store.SourceStatus) error {
	return s.at.around("source status", func() error { return s.Store.SaveSourceStatus(ctx, id, st) })
}

func (s touched) SaveDelivery(ctx context.Context, d store.Delivery) error {
	return s.at.around("delivery", func() error { return s.Store.SaveDelivery(ctx, d) })
}

func (s touched) EnsureRepository(ctx context.Context, r promoter.Repository, id int64) (promoter.Repository, error) {
	return got(s.at, "repository", func() (promoter.Repository, error) { return s.Store.EnsureRepository(ctx, r, id) })
}

func (s touched) Apply(ctx context.Context, c store.Changes) error {
	return s.at.around("apply", func() error { return s.Store.Apply(ctx, c) })
}

func (s touched) EnsureCohorts(ctx context.Context, keys []string, at time.Time) ([]promoter.Cohort, error) {
	return got(s.at, "cohorts", func() ([]promoter.Cohort, error) { return s.Store.EnsureCohorts(ctx, keys, at) })
}

func (s touched) MoveCohort(ctx context.Context, m promoter.Move) (promoter.Cohort, error) {
	return got(s.at, "move "+string(m.Kind), func() (promoter.Cohort, error) { return s.Store.MoveCohort(ctx, m) })
}

func (s touched) Recut(ctx context.Context, all []promoter.Recut) ([]promoter.Cohort, error) {
	return got(s.at, "recut", func() ([]promoter.Cohort, error) { return s.Store.Recut(ctx, all) })
}

func (s touched) SetCut(ctx context.Context, law store.Cut) error {
	return s.at.around("set cut", func() error { return s.Store.SetCut(ctx, law) })
}

func (s touched) CarveCohort(ctx context.Context, m promoter.Move, key string) (parent, part promoter.Cohort, err error) {
	err = s.at.around("carve", func() error { parent, part, err = s.Store.CarveCohort(ctx, m, key); return err })
	return parent, part, err
}

func (s touched) SetPause(ctx context.Context, p promoter.Pause) error {
	return s.at.around("pause", func() error { return s.Store.SetPause(ctx, p) })
}

func (s touched) Resume(ctx context.Context, actor string, at time.Time) error {
	return s.at.around("resume", func() error { return s.Store.Resume(ctx, actor, at) })
}

func (s touched) Intend(ctx context.Context, e *promoter.Effect) error {
	return s.at.around("intend "+string(e.Verb), func() error { return s.Store.Intend(ctx, e) })
}

func (s touched) Sent(ctx context.Context, id int64, at time.Time) error {
	return s.at.around("sent", func() error { return s.Store.Sent(ctx, id, at) })
}

func (s touched) Settle(ctx context.Context, x store.Settlement) error {
	return s.at.around("settle", func() error { return s.Store.Settle(ctx, x) })
}

func (s touched) SaveApproval(ctx context.Context, a promoter.Approval) error {
	return s.at.around("plan", func() error { return s.Store.SaveApproval(ctx, a) })
}

func (s touched) DecideApproval(ctx context.Context, id string, state promoter.ApprovalState, actor, reason string, at time.Time) error {
	return s.at.around("answer a plan", func() error { return s.Store.DecideApproval(ctx, id, state, actor, reason, at) })
}

func (s touched) StartCampaign(ctx context.Context, c promoter.Campaign, plan promoter.Approval) error {
	return s.at.around("start a campaign", func() error { return s.Store.StartCampaign(ctx, c, plan) })
}

func (s touched) EndCampaign(ctx context.Context, id, actor, reason string, at time.Time) error {
	return s.at.around("end a campaign", func() error { return s.Store.EndCampaign(ctx, id, actor, reason, at) })
}

func (s touched) KeepDocument(ctx context.Context, kind, revision string, body []byte, at time.Time) error {
	return s.at.around("keep "+kind, func() error { return s.Store.KeepDocument(ctx, kind, revision, body, at) })
}

func (s touched) Append(ctx context.Context, run int64, at time.Time, entries ...store.Entry) error {
	return s.at.around("append", func() error { return s.Store.Append(ctx, run, at, entries...) })
}

func (s touched) Seal(ctx context.Context, at time.Time) (store.Head, error) {
	return got(s.at, "seal", func() (store.Head, error) { return s.Store.Seal(ctx, at) })
}
