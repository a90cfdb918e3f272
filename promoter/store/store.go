// Package store says what Sluice remembers and what a database must promise.
// The implementations stand in folders below it; storetest is their one
// conformance suite. Times are kept to the microsecond and come back in UTC;
// empty lists may come back as nil.
//
// The awkward truth: numbers of findings, scans and notices are handed out in
// Go (Snapshot.Next), which is safe only because one run at a time holds the
// run lock. Commands that people give meanwhile touch cohorts, plans and the
// pause, never these numbers.
package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/promoter"
)

// Store is everything a database must do for Sluice. Callers declare the few
// methods they need; this is the list an implementation is held to.
type Store interface {
	Locker
	Runs
	Repositories
	Ladder
	Outbox
	Approvals
	Campaigns
	Answers
	Weighing
	Ledger
	Documents
	Upkeep
	Risks
	Releases

	// CachedResponse and CacheResponse keep conditional requests free of
	// quota. Keyed by URL and by a hash of the credentials that fetched it.
	CachedResponse(ctx context.Context, url, tokenID string) (etag string, body []byte, header []byte, err error)
	CacheResponse(ctx context.Context, url, tokenID, etag string, body, header []byte) error

	// Backup writes a consistent copy to path, which must not exist.
	Backup(ctx context.Context, path string) error
	Close() error
}

// Locker lets one run at a time work on a database.
type Locker interface {
	// Lock takes the run lock, waiting at most wait for it. It fails with
	// *HeldError. A lock whose process is gone (same host, pid not alive or
	// reused) is taken over, and one which has not been renewed for long where
	// its process cannot be looked at. holding is ctx, and ends as well when
	// another takes the lock over: whoever held it has to stop. release is safe
	// to call twice, and fails with ErrLockLost where that was so.
	Lock(ctx context.Context, who Holder, wait time.Duration) (holding context.Context, release func() error, err error)
}

// ErrLockLost says that the run lock was taken over from its holder.
var ErrLockLost = errors.New("the run lock was lost: another run took it over, as this one had not renewed it for minutes; this one stopped")

// Holder says who holds the run lock. A zero Since is set by Lock.
type Holder struct {
	Actor   string    `json:"actor"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// HeldError says that another run holds the lock.
type HeldError struct{ Holder Holder }

func (e *HeldError) Error() string {
	return fmt.Sprintf("another run holds the lock: %s (%s, pid %d on %s) since %s",
		e.Holder.Command, e.Holder.Actor, e.Holder.PID, e.Holder.Host, e.Holder.Since.UTC().Format(time.RFC3339))
}

// Runs records runs, their sources and the files they read.
type Runs interface {
	BeginRun(ctx context.Context, r Run) (id int64, err error)
	EndRun(ctx context.Context, id int64, ended time.Time, outcome string, report []byte) error
	// LastRun returns nil when there was none. Report is included.
	LastRun(ctx context.Context) (*Run, error)

	SaveSourceStatus(ctx context.Context, runID int64, s SourceStatus) error
	// SourceStatuses returns the newest status of each source.
	SourceStatuses(ctx context.Context) ([]SourceStatus, error)
	// Deliveries returns what was read from a source, by location.
	Deliveries(ctx context.Context, source string) (map[string]Delivery, error)
	// SaveDelivery records a file none of whose scans could be used.
	SaveDelivery(ctx context.Context, d Delivery) error
}

// Run is one run of the loop.
type Run struct {
	ID          int64
	Selection   string
	Actor       string
	PolicyRev   string
	SettingsRev string
	Started     time.Time
	Ended       time.Time
	Outcome     string // "" while it runs; ok, partial, failed, deferred, interrupted
	Report      []byte // JSON, as the run ended with it
}

// SourceStatus is how reading one source went.
type SourceStatus struct {
	Source   string    `json:"source"`
	State    string    `json:"state"` // complete, partial, failed
	Detail   string    `json:"detail,omitempty"`
	Files    int       `json:"files"`
	Results  int       `json:"results"`
	Findings int       `json:"findings"`
	Skipped  int       `json:"skipped"`
	At       time.Time `json:"at"`
}

// Delivery is one file (or one answer of an API) that was read. While its
// Digest stays the same there is nothing new in it.
type Delivery struct {
	Source   string    `json:"source"`
	Location string    `json:"location"`
	Digest   string    `json:"digest"`
	RepoID   int64     `json:"repo_id"`
	State    string    `json:"state"` // complete, partial, failed
	Error    string    `json:"error,omitempty"`
	Results  int       `json:"results"`
	Findings int       `json:"findings"`
	Skipped  int       `json:"skipped"`
	At       time.Time `json:"at"`
}

// Repositories keeps findings and what became of them, repository by
// repository.
type Repositories interface {
	// EnsureRepository finds a repository by host and external id, else by
	// host, owner and name, else adds it. A repository found by its external id
	// under another name is renamed; one without an external id is given it.
	// Facts are versioned: a new version is written only when they differ, and
	// facts that are all empty are not known and change nothing.
	EnsureRepository(ctx context.Context, r promoter.Repository, runID int64) (promoter.Repository, error)
	Repositories(ctx context.Context) ([]promoter.Repository, error)
	// Digests returns the input digest of every repository whose last run left
	// nothing to do. Missing: something is to be done.
	Digests(ctx context.Context) (map[int64]string, error)
	// Marks returns, per repository, a few numbers that change whenever its
	// stored facts do (newest scan, newest finding version, newest decision,
	// membership, open notices and effects), without loading them.
	Marks(ctx context.Context) (map[int64]string, error)
	// OpenChanges lists the pull requests, per repository, that have a sighting
	// that is not gone, or a notice that is planned or posted.
	OpenChanges(ctx context.Context) (map[int64][]int, error)
	Load(ctx context.Context, repoID int64) (*Snapshot, error)
	// Apply writes one repository's changes in one transaction, with their
	// ledger entries. All or nothing.
	Apply(ctx context.Context, c Changes) error
}

// Ladder keeps cohorts and their moves.
type Ladder interface {
	Cohorts(ctx context.Context) ([]promoter.Cohort, error)
	// CohortCounts returns how many findings are members, per cohort.
	CohortCounts(ctx context.Context) (map[int64]int, error)
	// EnsureCohorts returns the cohorts of these keys, adding those that are
	// missing or have ended in stage observe.
	EnsureCohorts(ctx context.Context, keys []string, at time.Time) ([]promoter.Cohort, error)
	// MoveCohort applies a move, starting a new generation and attempt, and
	// records it with its ledger entry in one transaction. Whatever else a
	// person ordered for a while ends with it. A hold and a release change no
	// generation and no attempt; made in a run they are the evidence's own, and
	// a person's release ends both kinds. It fails with *ConflictError when the
	// cohort no longer stands at m.From, is held already, or is not held.
	MoveCohort(ctx context.Context, m promoter.Move) (promoter.Cohort, error)
	Moves(ctx context.Context, cohortID int64) ([]promoter.Move, error)

	// Pause returns the pause that nobody has resumed, or nil. Whether its
	// time is over is for Active to say. SetPause replaces the one that stands.
	Pause(ctx context.Context) (*promoter.Pause, error)
	SetPause(ctx context.Context, p promoter.Pause) error
	Resume(ctx context.Context, actor string, at time.Time) error
}

// ConflictError says that a row is not as the caller believed.
type ConflictError struct{ What string }

func (e *ConflictError) Error() string { return e.What }

// Outbox is the protocol of effects: intended before anything, sent before
// the call, settled after it. Each step is one transaction.
type Outbox interface {
	// Intend stores the effect as intended, with e.Notices verbatim (they say
	// what is to be shown, and OpenEffects gives them back), and sets its ID
	// and State. It fails with *ConflictError when the token is known or an
	// open effect stands for the same notice and generation.
	// It writes no notice rows: new notices were written as planned by Apply
	// before, and Settle writes what became of them.
	Intend(ctx context.Context, e *promoter.Effect) error
	// Sent marks it as about to be sent at this time, and counts the attempt.
	// It fails with *ConflictError when the effect is not open (any more).
	Sent(ctx context.Context, effectID int64, at time.Time) error
	// Settle stores the outcome with the notices as they stand after it and
	// ledger entries. Unknown keeps the effect open. Done and unknown need that
	// it was sent; a final state is never left, and nothing is intended again:
	// else it fails with *ConflictError.
	Settle(ctx context.Context, s Settlement) error
	// KnownTokens says which of these tokens belong to an effect.
	KnownTokens(ctx context.Context, tokens []string) (map[string]bool, error)
	// OpenEffects returns those intended, sent or unknown, oldest first.
	OpenEffects(ctx context.Context) ([]promoter.Effect, error)
	// EffectCounts counts effects by verb and state.
	EffectCounts(ctx context.Context) (map[promoter.Verb]map[promoter.EffectState]int, error)
	// ShownSince counts review notices and tasks first shown since t, but for
	// the tasks of campaigns, by the cohorts of their items; under 0 stands the number of all, which is less than the
	// sum where notices have items of several cohorts.
	ShownSince(ctx context.Context, t time.Time) (byCohort map[int64]int, err error)
}

// Settlement is the outcome of one effect.
type Settlement struct {
	EffectID  int64
	State     promoter.EffectState
	Error     string
	NotBefore time.Time
	Notices   []promoter.Notice   // whole rows, replacing those there
	Shown     []promoter.Exposure // what is booked already is left as it is
	Entries   []Entry
	At        time.Time
}

// Approvals keeps plans that wait for a person.
type Approvals interface {
	// SaveApproval adds a plan or replaces one that waits. It fails with
	// *ConflictError when a person has answered meanwhile.
	SaveApproval(ctx context.Context, a promoter.Approval) error
	// Approvals returns those in the given states, or all, newest first.
	Approvals(ctx context.Context, states ...promoter.ApprovalState) ([]promoter.Approval, error)
	// DecideApproval answers a waiting plan, with its ledger entry. It fails
	// with *ConflictError when it does not wait (any more) or is not known.
	DecideApproval(ctx context.Context, id string, state promoter.ApprovalState, actor, reason string, at time.Time) error
}

// Campaigns keeps what lets backlog into tasks.
type Campaigns interface {
	// StartCampaign stores a campaign with the plan it waits in, which has its
	// id, and their ledger entry. It fails with *ConflictError when the id is known.
	StartCampaign(ctx context.Context, c promoter.Campaign, plan promoter.Approval) error
	// Campaigns returns all, newest first.
	Campaigns(ctx context.Context) ([]promoter.Campaign, error)
	// EndCampaign ends one, with its ledger entry; a plan that still waits expires
	// with it. It fails with *ConflictError
	// when it has ended or is not known.
	EndCampaign(ctx context.Context, id, actor, reason string, at time.Time) error
	// CampaignTasks lists the tasks that campaigns made, in a stable order.
	CampaignTasks(ctx context.Context) ([]CampaignTask, error)
}

// CampaignTask is a task as a campaign counts it.
type CampaignTask struct {
	Campaign string
	RepoID   int64
	Notice   int64
	State    promoter.NoticeState
	CohortID int64     // of its first item
	ShownAt  time.Time // first; zero: not yet
}

// Documents keeps the policies and settings that were in force, by revision, and
// by which keys the store was written.
type Documents interface {
	// KeepDocument says that a document of a kind (DocumentPolicy, ...) is in
	// force from now on. A body is stored once for each
	// revision; keeping the newest one again writes nothing.
	KeepDocument(ctx context.Context, kind, revision string, body []byte, at time.Time) error
	// NewestDocument returns the one that came into force last; its revision
	// is "" when there is none.
	NewestDocument(ctx context.Context, kind string) (revision string, body []byte, err error)
	// Document returns nil for a revision that was never kept.
	Document(ctx context.Context, kind, revision string) ([]byte, error)
}

// The kinds of documents: a ZIP archive of the policy's files, and the text of
// settings.yaml. Of keys there is the fingerprint, as the revision, and nothing
// else.
const (
	DocumentPolicy     = "policy"
	DocumentSettings   = "settings"
	DocumentMarkersKey = "markers-key"
	DocumentSecretsKey = "secrets-key"
)

// Entry is a line for the ledger, before it has a number.
type Entry struct {
	Kind string // decisions, effect, move, plan, pause, resume, override
	Body any    // marshalled to JSON; ids and digests only, no secrets, no names of people outside of actors
}

// Ledger is append-only and chained: seals cover runs of entries, each seal
// the one before it.
type Ledger interface {
	Append(ctx context.Context, runID int64, at time.Time, entries ...Entry) error
	// Seal chains every entry not yet sealed and returns the head. With
	// nothing to seal the head stays as it is.
	Seal(ctx context.Context, at time.Time) (Head, error)
	Head(ctx context.Context) (Head, error)
	// LedgerEntries returns up to limit entries after an id, oldest first.
	LedgerEntries(ctx context.Context, after int64, limit int) ([]LedgerEntry, error)
	// VerifyLedger recomputes the whole chain over the stored bytes. With a
	// head given, that head must be among its seals, so that a cut tail or a
	// full rewrite is found too.
	VerifyLedger(ctx context.Context, head string) (Verification, error)
}

// Head is the newest seal. Printed as "n:hash".
type Head struct {
	N    int64
	Hash string // hex SHA-256; "" when nothing was sealed yet
}

func (h Head) String() string { return fmt.Sprintf("%d:%s", h.N, h.Hash) }

// MarshalText writes it as it is printed everywhere, and as --head takes it.
func (h Head) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// LedgerEntry is a stored entry.
type LedgerEntry struct {
	ID    int64     `json:"id"`
	RunID int64     `json:"run_id"`
	Kind  string    `json:"kind"`
	At    time.Time `json:"at"`
	Body  []byte    `json:"body"`
	Seal  int64     `json:"seal"` // 0: not yet sealed
}

// Verification is what a check of the ledger found, up to the first break.
// Entries that are not yet sealed can be changed or cut unseen.
type Verification struct {
	Seals    int64  `json:"seals"`
	Entries  int64  `json:"entries"` // under seals that hold
	Unsealed int64  `json:"unsealed"`
	Head     Head   `json:"head"`
	Break    string `json:"break"` // "" when it holds; else where and what
}

// ChangeOf returns the pull request whose ref this is, or 0.
func ChangeOf(ref string) int {
	rest, ok := strings.CutPrefix(ref, "refs/pull/")
	number, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n
}
