package touch

import (
	"context"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

func (s touched) EnsurePeople(ctx context.Context, aliases ...promoter.Alias) ([]int64, error) {
	return got(s.at, "people", func() ([]int64, error) { return s.Store.EnsurePeople(ctx, aliases...) })
}

func (s touched) JoinPeople(ctx context.Context, groups [][]promoter.Alias) (bool, error) {
	return got(s.at, "join people", func() (bool, error) { return s.Store.JoinPeople(ctx, groups) })
}

func (s touched) ErasePerson(ctx context.Context, id int64, actor string, at time.Time) error {
	return s.at.around("erase a person", func() error { return s.Store.ErasePerson(ctx, id, actor, at) })
}

func (s touched) Record(ctx context.Context, r store.Recording) error {
	return s.at.around("record", func() error { return s.Store.Record(ctx, r) })
}

func (s touched) EndDispositions(ctx context.Context, today, at time.Time) (int64, error) {
	return got(s.at, "end dispositions", func() (int64, error) { return s.Store.EndDispositions(ctx, today, at) })
}

func (s touched) Sample(ctx context.Context, drawn []promoter.Exposure) error {
	return s.at.around("sample", func() error { return s.Store.Sample(ctx, drawn) })
}

func (s touched) AddEpoch(ctx context.Context, cohort int64, at time.Time, why string) error {
	return s.at.around("epoch", func() error { return s.Store.AddEpoch(ctx, cohort, at, why) })
}

func (s touched) SaveWeighed(ctx context.Context, w store.Weighed) error {
	return s.at.around("weighed", func() error { return s.Store.SaveWeighed(ctx, w) })
}

func (s touched) SetWeighedUpTo(ctx context.Context, stirred int64) error {
	return s.at.around("weighed up to", func() error { return s.Store.SetWeighedUpTo(ctx, stirred) })
}

func (s touched) SetTidied(ctx context.Context, cohort int64, at time.Time) error {
	return s.at.around("tidied", func() error { return s.Store.SetTidied(ctx, cohort, at) })
}

func (s touched) Prune(ctx context.Context, h store.Horizon) (store.Pruned, error) {
	return got(s.at, "prune", func() (store.Pruned, error) { return s.Store.Prune(ctx, h) })
}

func (s touched) Release(ctx context.Context, r promoter.Release) error {
	return s.at.around("release", func() error { return s.Store.Release(ctx, r) })
}

func (s touched) Hold(ctx context.Context, repo int64, change int, actor, reason string, at time.Time) error {
	return s.at.around("hold", func() error { return s.Store.Hold(ctx, repo, change, actor, reason, at) })
}

func (s touched) SaveAdvisoryRisks(ctx context.Context, run int64, known map[string]store.AdvisoryRisk) error {
	return s.at.around("risks", func() error { return s.Store.SaveAdvisoryRisks(ctx, run, known) })
}

func (s touched) CacheResponse(ctx context.Context, url, token, etag string, body, header []byte) error {
	return s.at.around("cache", func() error { return s.Store.CacheResponse(ctx, url, token, etag, body, header) })
}
