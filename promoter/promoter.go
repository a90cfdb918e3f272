// Package promoter holds the nouns of the ladder (stages, cohorts, notices,
// effects, plans) and the pure functions that decide with them. It touches
// neither network nor database: the loop in promoter/run does, through small
// interfaces.
//
// The awkward truth: a comment is shown to a person the moment it is posted
// and no transaction can take it back. Everything here is shaped by that.
// What the world shows (Notice) and what we attempt (Effect) are two things,
// and an attempt whose outcome is not known stays unknown until it is looked at.
package promoter

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Stage is how far a cohort is let through.
type Stage int

// The four rungs of the ladder, lowest first.
const (
	Observe Stage = iota // recorded only
	Triage               // the security team sees it
	Advise               // engineers see comments and tasks
	Enforce              // a failing check as well
)

var stageNames = [...]string{"observe", "triage", "advise", "enforce"}

// Stages lists the rungs, lowest first.
func Stages() []Stage { return []Stage{Observe, Triage, Advise, Enforce} }

func (s Stage) String() string {
	if s < Observe || s > Enforce {
		return fmt.Sprintf("stage(%d)", int(s))
	}
	return stageNames[s]
}

// ParseStage reads one of the four names.
func ParseStage(name string) (Stage, error) {
	for i, n := range stageNames {
		if n == name {
			return Stage(i), nil
		}
	}
	return Observe, fmt.Errorf("stage %q is none of %s", name, strings.Join(stageNames[:], ", "))
}

// MarshalText writes the name.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Stage) UnmarshalText(text []byte) (err error) {
	*s, err = ParseStage(string(text))
	return err
}

// Repository is one repository of one host. It is known by the host's own id,
// so that a rename is no new repository.
type Repository struct {
	ID         int64  `json:"id"` // the store's number
	Host       string `json:"host"`
	ExternalID string `json:"external_id"` // the host's id; "" until the host was asked
	Owner      string `json:"owner"`
	Name       string `json:"name"`
	Facts      RepositoryFacts
}

// FullName is owner/name.
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// RepositoryFacts are versioned: what a policy may be told about a repository.
type RepositoryFacts struct {
	DefaultBranch string `json:"default_branch"`
	Visibility    string `json:"visibility"` // public, private, internal or "" when unknown
	Archived      bool   `json:"archived"`

	Language   string            `json:"language,omitempty"`   // the one with most code
	Topics     []string          `json:"topics,omitempty"`     // sorted
	Properties map[string]string `json:"properties,omitempty"` // custom properties; several values are joined by commas
	// UnseenSince is when the platform first did not find it; zero: it does.
	UnseenSince time.Time `json:"unseen_since,omitzero"`
}

// Equal tells whether two say the same.
func (f RepositoryFacts) Equal(o RepositoryFacts) bool {
	return f.DefaultBranch == o.DefaultBranch && f.Visibility == o.Visibility && f.Archived == o.Archived &&
		f.Language == o.Language && slices.Equal(f.Topics, o.Topics) && maps.Equal(f.Properties, o.Properties) && f.UnseenSince.Equal(o.UnseenSince)
}

// Equal tells whether two are the same and are known by the same facts.
func (r Repository) Equal(o Repository) bool {
	return r.ID == o.ID && r.Host == o.Host && r.ExternalID == o.ExternalID && r.Owner == o.Owner && r.Name == o.Name && r.Facts.Equal(o.Facts)
}

// FindingName is how people and scripts write a finding: acme/shop:F12.
func FindingName(repository string, no int64) string {
	return repository + ":F" + strconv.FormatInt(no, 10)
}

// ChangeName is how people write a pull request: acme/shop#12.
func ChangeName(repository string, number int) string {
	return repository + "#" + strconv.Itoa(number)
}

// ParseFindingName splits acme/shop:F12.
func ParseFindingName(name string) (repository string, no int64, err error) {
	repository, number, ok := strings.Cut(name, ":F")
	if ok && strings.Count(repository, "/") == 1 {
		if no, err = strconv.ParseInt(number, 10, 64); err == nil && no > 0 {
			return repository, no, nil
		}
	}
	return "", 0, fmt.Errorf("finding %q is not written like acme/shop:F12", name)
}

// Cohort is a set of findings that moves between stages together.
type Cohort struct {
	ID         int64     `json:"id"`
	Key        string    `json:"key"` // core/gosec/high, core/gosec/high+rule=G204
	Stage      Stage     `json:"stage"`
	Generation int64     `json:"generation"` // grows with every move; an effect planned under an older one is not sent
	Attempt    int64     `json:"attempt"`    // one stay in a stage
	Since      time.Time `json:"since"`
	Ended      time.Time `json:"ended_at,omitzero"` // when a recut took its last finding; zero: it stands
}

// MoveKind says what sort of change of stage a move is.
type MoveKind string

// The kinds of moves. Holding and releasing leave the stage as it is, and so
// does a carve for the cohort that something is carved out of.
const (
	MovePromote  MoveKind = "promote"
	MoveRollback MoveKind = "rollback"
	MoveHold     MoveKind = "hold"     // no way up until it is released
	MoveRelease  MoveKind = "release"  // of a hold
	MoveCarve    MoveKind = "carve"    // a rule or a repository goes down alone
	MoveRecut    MoveKind = "recut"    // the policy cuts cohorts otherwise
	MoveOverride MoveKind = "override" // by hand
)

// StartsStay tells whether a move begins a new stay in a stage: its evidence
// starts afresh.
func (k MoveKind) StartsStay() bool { return k != MoveHold && k != MoveRelease }

// Move is a change of a cohort's stage, with its reason and who decided.
type Move struct {
	CohortID int64     `json:"cohort_id"`
	From     Stage     `json:"from"`
	To       Stage     `json:"to"`
	Kind     MoveKind  `json:"kind"`
	Reason   string    `json:"reason"`
	Actor    string    `json:"actor"`
	RunID    int64     `json:"run_id,omitempty"` // 0: outside a run
	At       time.Time `json:"at"`
	Until    time.Time `json:"until,omitzero"` // an override's end; it then goes back to From
	Grounds  *Grounds  `json:"evidence,omitempty"`
}

// Grounds are the evidence that a move was made on, as it stood.
type Grounds struct {
	Outcome    string  `json:"outcome"`
	Attempt    int64   `json:"attempt"`
	Shown      int     `json:"shown"`
	Answered   int     `json:"answered"`
	Complaints int     `json:"complaints"`
	Noise      string  `json:"noise"` // with its interval and the answered share
	LnS        float64 `json:"ln_s"`
	LnT        float64 `json:"ln_t"`
	Peak       float64 `json:"peak"`
	Bar        float64 `json:"bar"`
	Alarm      bool    `json:"alarm,omitempty"`   // it is why the cohort, or what was carved out of it, fell
	Audited    bool    `json:"audited,omitempty"` // the audit found it, not engineers
	Voices     []Voice `json:"voices,omitempty"`
}

// Voice is what one person's answers came to. A person is a number: see Person.
type Voice struct {
	Person  int64 `json:"person"`
	Against int   `json:"against"` // clusters in which they called it noise
	For     int   `json:"for"`     // the others in which they answered
}

// Hold keeps a cohort from climbing until it is released.
type Hold struct {
	Since  time.Time `json:"since"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
}

// Override is a stage that a person gave a cohort for a while.
type Override struct {
	Until  time.Time `json:"until"`
	Back   Stage     `json:"back"` // where it goes then
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
}
