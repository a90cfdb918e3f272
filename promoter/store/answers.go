package store

import (
	"context"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
)

// Answers keeps what was shown to people and what they said of it. What was
// shown is written with the notices (Settlement.Shown, Changes.Shown), the
// rest here. People's names stay in their own tables, where they can be erased.
type Answers interface {
	// EnsurePeople returns the person of each alias, adding those that are new.
	EnsurePeople(ctx context.Context, aliases ...promoter.Alias) ([]int64, error)
	// JoinPeople lets each group of aliases stand for one person, with all that
	// their owners said so far. A person's oldest number stays. It returns
	// whether anybody was joined.
	JoinPeople(ctx context.Context, groups [][]promoter.Alias) (bool, error)
	// People returns everybody with their aliases, by number.
	People(ctx context.Context) ([]promoter.Person, error)
	// ErasePerson forgets a person's names. What they said stays, under a
	// number that stands for nobody any more.
	ErasePerson(ctx context.Context, id int64, actor string, at time.Time) error

	// Record writes what was learnt of people's answers, with its ledger
	// entries, in one transaction. What stands already is left as it is, so
	// that recording the same again writes nothing.
	Record(ctx context.Context, r Recording) error
	// Verdicts returns those that the query selects, oldest first.
	Verdicts(ctx context.Context, q VerdictQuery) ([]promoter.Verdict, error)
	// Dispositions returns those that have not ended, by number.
	Dispositions(ctx context.Context) ([]promoter.Disposition, error)
	// EndDispositions ends those whose last day is before today and returns how
	// many. Their repositories' marks change.
	EndDispositions(ctx context.Context, today, at time.Time) (int64, error)
	// Heard returns what was read in one pull request, by comment.
	Heard(ctx context.Context, repoID int64, pullRequest int) ([]promoter.Heard, error)

	// Conversations lists the pull requests in which something was shown since a
	// moment and that were not closed before another, by repository and number.
	Conversations(ctx context.Context, shown, closed time.Time) ([]promoter.Target, error)
	// NoticesAt returns the notices of one target, by number.
	NoticesAt(ctx context.Context, at promoter.Target) ([]promoter.Notice, error)

	// TaskNotices returns the tasks that showed something since a moment, by
	// repository and number.
	TaskNotices(ctx context.Context, shown time.Time) (map[int64][]promoter.Notice, error)

	// Sample records what was drawn at random for the security team's queue.
	// What is drawn already in that cohort's stay is left as it is.
	Sample(ctx context.Context, drawn []promoter.Exposure) error
	// Candidates are the members of a cohort that stand on a branch and were
	// not drawn in its present stay, with the newest decision about each as it
	// stands on a branch, by repository and number.
	Candidates(ctx context.Context, cohortID, attempt int64) ([]Candidate, error)
	// Unanswered lists what a cohort showed by the audit coin, or drew, in one
	// stay and no person answered, in the order of showing.
	Unanswered(ctx context.Context, cohortID, attempt int64, coin bool) ([]Shown, error)

	// Exposures returns what a cohort showed in one stay with the verdicts on
	// it that count, retracted ones too, in the order of evidence: by the first
	// showing of the cluster, its name, Seq. Bursts are marked. A mark to go on
	// from leaves out the clusters up to it.
	Exposures(ctx context.Context, cohortID, attempt int64, after ClusterMark) ([]evidence.Exposure, error)
	// Stirred tells, for each stay about whose exposures anything became known
	// after a moment of the store's own counting, the first cluster it is
	// about, and the count up to which this is true. Since 0: everything.
	Stirred(ctx context.Context, since int64) (stirred []Stir, upTo int64, err error)
}

// ClusterMark is a place in the order of one stay's clusters. The zero value is
// before the first.
type ClusterMark struct {
	At      time.Time // when it was first shown
	Cluster string
}

// Stir says that something became known about a stay of a cohort.
type Stir struct {
	CohortID int64
	Attempt  int64
	First    ClusterMark // of the clusters it is about
}

// Candidate is a finding that may be drawn for the queue.
type Candidate struct {
	RepoID  int64
	Finding int64
	Answer  []byte // of the newest decision on a branch, JSON
}

// Shown is an exposure with its number.
type Shown struct {
	Seq int64
	promoter.Exposure
}

// VerdictQuery selects verdicts. Zero fields select everything.
type VerdictQuery struct {
	RepoID      int64
	Finding     int64
	PullRequest int   // of the exposure
	CohortID    int64 // of the exposure
	Attempt     int64 // likewise
	Person      int64
	Source      promoter.VerdictSource
	Standing    bool // none that was retracted
}

// Recording is what was learnt of people's answers in one place.
type Recording struct {
	RunID int64 // 0: outside a run
	Actor string
	At    time.Time
	// Verdicts replace the one that stands of the same source, external id and
	// finding, if it says something else. One without an external id is always
	// new. Exposure 0 is filled in: the newest of the notice, or without one of
	// the finding, that was shown before the verdict was given.
	Verdicts     []promoter.Verdict
	Retract      []int64                // verdicts; dispositions that rest on them end
	End          []int64                // dispositions
	Dispositions []promoter.Disposition // replace the one in force of the same finding, place and origin
	Heard        []promoter.Heard       // whole rows
	Closed       []ClosedChange
}

// ClosedChange says when a pull request was merged or closed; the zero time:
// it is open (again).
type ClosedChange struct {
	RepoID int64
	Number int
	At     time.Time
}

func (r Recording) empty() bool {
	return len(r.Verdicts)+len(r.Retract)+len(r.End)+len(r.Dispositions)+len(r.Heard)+len(r.Closed) == 0
}
