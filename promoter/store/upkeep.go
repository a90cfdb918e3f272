package store

import (
	"context"
	"time"
)

// Upkeep is what an installation needs that nobody looks at.
type Upkeep interface {
	// RunTrack tells of the runs over a selection, as Run.Selection has it. A
	// run is good that came to an end and did not fail.
	RunTrack(ctx context.Context, selection string) (Track, error)
	// SourceTracks tells of each source, by name. A reading is good that was
	// complete.
	SourceTracks(ctx context.Context) (map[string]Track, error)
	// Prune forgets what is older than the horizon, in one transaction. Never:
	// the ledger, decisions about branches, findings, and of a
	// finding that was ever shown to people (or drawn for the queue), is decided or
	// has an answer that stands, anything. The newest run and the newest and the
	// newest complete status of each source stay, however old.
	Prune(ctx context.Context, h Horizon) (Pruned, error)
}

// Track is since when something has been tried, and when it last went well.
type Track struct {
	First time.Time // zero: never tried
	Good  time.Time // zero: never
}

// Horizon says what may be forgotten. A zero time: nothing of its kind.
type Horizon struct {
	Runs      time.Time // runs that began before, with their reports and source statuses
	Gone      time.Time // sightings that ended with a scan before
	Responses time.Time // cached responses stored before
	// Missing are deliveries whose file is no longer there; of these, those
	// read before Runs.
	Missing []Delivery
}

// Pruned counts what was forgotten.
type Pruned struct {
	Runs       int64 `json:"runs"`
	Sightings  int64 `json:"sightings"` // where findings were; the findings stay
	Decisions  int64 `json:"decisions"` // about pull requests that nothing is known of any more
	Deliveries int64 `json:"deliveries"`
	Responses  int64 `json:"responses"`
}
