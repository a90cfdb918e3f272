package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/risk"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes, and the exit code each stands for (docs: exit codes).
const (
	OutcomeOK       Outcome = "ok"
	OutcomeFailed   Outcome = "failed"   // something failed for good
	OutcomePartial  Outcome = "partial"  // a source was incomplete, an effect is unknown, or the run was stopped
	OutcomeDeferred Outcome = "deferred" // a ceiling or a pause held something back
)

// Report is what a run ends with: where every finding and every effect ended
// up. It is the run's whole result where no platform is configured.
type Report struct {
	Run         int64     `json:"run"`
	Outcome     Outcome   `json:"outcome"`
	Interrupted bool      `json:"interrupted,omitempty"`
	DryRun      bool      `json:"dry_run,omitempty"`
	Selection   string    `json:"selection"`
	Actor       string    `json:"actor"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended"`
	Policy      string    `json:"policy"`   // revision
	Settings    string    `json:"settings"` // revision
	Warnings    []string  `json:"warnings"` // what was not right before the run began, or will be tried again

	Paused *promoter.Pause `json:"paused"` // null: it was not paused when this run looked

	Sources      []*SourceReport `json:"sources"`
	Repositories int             `json:"repositories"`
	Unchanged    int             `json:"unchanged"` // repositories with nothing to decide
	Decided      int             `json:"decided"`
	Findings     FindingCounts   `json:"findings"`
	Decisions    map[string]int  `json:"decisions"` // by reason; one decision may have several
	PolicyErrors int             `json:"policy_errors"`
	Recut        int             `json:"recut"` // findings that policy or settings place in another cohort, which waits for a person or was refused

	Risk        []risk.Status `json:"risk"`         // the feeds that were read
	RiskChanges int           `json:"risk_changes"` // advisories whose class of risk is another than before

	Cohorts int        `json:"cohorts"`
	Weighed int        `json:"weighed"` // cohorts about which anything new was known
	Moves   []MoveLine `json:"moves"`
	Tidied  []TidyLine `json:"tidied"` // moves down whose comments are being withdrawn, or just were

	Heard      HeardCounts    `json:"heard"`
	Recovered  int            `json:"recovered"` // effects of earlier runs that were settled
	Effects    EffectCounts   `json:"effects"`
	Actions    []ActionLine   `json:"actions"`
	Adopted    []Adopted      `json:"adopted"`               // what the world had and the store did not know
	Strange    []Strange      `json:"strange"`               // what is ours and about nothing that is known
	Beside     []BesideLine   `json:"beside,omitempty"`      // pull requests that other scanners' bots review too
	Deferred   map[string]int `json:"deferred"`              // claims not shown now, by reason
	Plans      []PlanLine     `json:"plans"`                 // waiting for a person
	Backlog    int            `json:"backlog"`               // findings that would be tasks, had a campaign asked for them
	Unseen     []UnseenLine   `json:"unseen,omitempty"`      // repositories that have not been found for long
	NoPlatform int            `json:"no_platform,omitempty"` // findings of pull requests nobody could be asked about
	Errors     []ErrorLine    `json:"errors"`
	Pruned     store.Pruned   `json:"pruned"` // what was old and thrown away
	Ledger     string         `json:"ledger"` // the head
}

// FindingCounts says what the new scans of a run held.
type FindingCounts struct {
	New             int `json:"new"`
	Known           int `json:"known"`
	Gone            int `json:"gone"`
	Ambiguous       int `json:"ambiguous"`        // could have been one of several known ones; taken as new
	WithoutText     int `json:"without_text"`     // identity rests on the report alone
	NotAttributable int `json:"not_attributable"` // in a pull request, and nothing shows that the change brings them
	Stale           int `json:"stale"`            // in a pull request whose head has moved on since the scan
}

// HeardCounts says what listening came to.
type HeardCounts struct {
	Answers   int `json:"answers"`    // verdicts that stand where people were listened to
	TakenBack int `json:"taken_back"` // or edited away
	Replies   int `json:"replies"`    // answers of ours
}

// EffectCounts says what became of the effects.
type EffectCounts struct {
	Done     int `json:"done"`
	Kept     int `json:"kept"` // left as a person wrote or answered it
	Deferred int `json:"deferred"`
	Failed   int `json:"failed"`
	Unknown  int `json:"unknown"`
}

// SourceReport is how reading a source went.
type SourceReport struct {
	store.SourceStatus
	Unchanged int            `json:"unchanged"` // files read before, with nothing new in them
	Outdated  int            `json:"outdated"`  // new files not read, as their pull request has another head by now, and scans of a commit that their branch's newest scan rests on
	Reasons   map[string]int `json:"reasons"`   // why results were skipped
	Problems  []string       `json:"problems"`
}

// ActionLine is one thing done or to be done, for people.
type ActionLine struct {
	Repository  string        `json:"repository"`
	PullRequest int           `json:"pull_request"`
	Step        promoter.Step `json:"step"`
	Verb        promoter.Verb `json:"verb"`
	Surface     string        `json:"surface"`
	Findings    []string      `json:"findings"`
	Reason      string        `json:"reason"`
	Outcome     effectOutcome `json:"outcome"`
	Detail      string        `json:"detail,omitempty"`
}

// BesideLine is a pull request that is reviewed by a bot of another scanner as
// well as by us: people may read of one problem twice.
type BesideLine struct {
	Repository  string `json:"repository"`
	PullRequest int    `json:"pull_request"`
	Bot         string `json:"bot"`
}

// PlanLine is a plan that waits for a person.
type PlanLine struct {
	ID     string                `json:"id"`
	Kind   promoter.ApprovalKind `json:"kind"`
	Cohort string                `json:"cohort"`
	Items  int                   `json:"items"`
	Reason string                `json:"reason"`
}

// ErrorLine is one cause of trouble and how often it was met.
type ErrorLine struct {
	Area  string `json:"area"`
	Text  string `json:"text"`
	Count int    `json:"count"`
}

type effectOutcome string

const (
	outcomeDone     effectOutcome = "done"
	outcomeKept     effectOutcome = "kept"
	outcomeDeferred effectOutcome = "deferred"
	outcomeFailed   effectOutcome = "failed"
	outcomeUnknown  effectOutcome = "unknown"
)

func newReport(cfg Config, sel Selection) *Report {
	return &Report{
		DryRun: cfg.DryRun, Selection: sel.String(), Actor: cfg.Actor, Policy: cfg.Decider.Revision(), Settings: cfg.Settings.Revision(),
		Warnings: append([]string{}, cfg.Warnings...), Decisions: map[string]int{}, Deferred: map[string]int{},
		Sources: []*SourceReport{}, Risk: []risk.Status{}, Moves: []MoveLine{}, Tidied: []TidyLine{}, Actions: []ActionLine{},
		Adopted: []Adopted{}, Strange: []Strange{}, Plans: []PlanLine{}, Errors: []ErrorLine{},
	}
}

// source returns a source's part of the report.
func (r *Report) source(name string) *SourceReport {
	for _, s := range r.Sources {
		if s.Source == name {
			return s
		}
	}
	s := &SourceReport{SourceStatus: store.SourceStatus{Source: name, State: "complete", At: r.Started}, Reasons: map[string]int{}, Problems: []string{}}
	r.Sources = append(r.Sources, s)
	return s
}

func (s *SourceReport) failed(why string) {
	s.State = "failed"
	s.note(why)
}

func (s *SourceReport) partial(why string) {
	if s.State == "complete" {
		s.State = "partial"
	}
	s.note(why)
}

func (s *SourceReport) note(why string) {
	if !slices.Contains(s.Problems, why) {
		s.Problems = append(s.Problems, why)
	}
	s.Detail = s.Problems[0]
}

// unchanged counts a file that was read by an earlier run, with what came of it.
func (s *SourceReport) unchanged(d store.Delivery) {
	s.Unchanged++
	s.add(d, 1)
}

// forget takes the counts of files back that are read again after all.
func (s *SourceReport) forget(docs []document, known map[string]store.Delivery) {
	for _, doc := range docs {
		if d, ok := known[doc.Location]; ok && d.Digest == doc.digest {
			s.Unchanged--
			s.add(d, -1)
		}
	}
}

func (s *SourceReport) read(d store.Delivery, report finding.Report) {
	s.add(d, 1)
	for reason, n := range report.Skipped {
		s.Reasons[string(reason)] += n
	}
}

func (s *SourceReport) add(d store.Delivery, sign int) {
	s.Results += sign * d.Results
	s.Findings += sign * d.Findings
	s.Skipped += sign * d.Skipped
	if sign > 0 && d.State != "complete" {
		s.partial(d.Location + ": " + d.Error)
	}
}

func (r *Report) count(a input.SurfaceAnswer) {
	for _, reason := range a.Reasons {
		r.Decisions[reason]++
	}
}

func (r *Report) putOff(d promoter.Deferred) { r.Deferred[string(d.Why)]++ }

func (r *Report) effect(first planned, batch []planned, verb promoter.Verb, out effectOutcome, detail string) {
	switch out {
	case outcomeDone:
		r.Effects.Done++
	case outcomeKept:
		r.Effects.Kept++
	case outcomeDeferred:
		r.Effects.Deferred++
	case outcomeFailed:
		r.Effects.Failed++
		r.fail(whereOf(verb), fmt.Errorf("%s: %s", targetName(first.repo.FullName(), first.Notice.Target.PullRequest), detail))
	case outcomeUnknown:
		r.Effects.Unknown++
	}
	for _, p := range batch {
		line := ActionLine{
			Repository: p.repo.FullName(), PullRequest: p.Notice.Target.PullRequest, Step: p.Step, Verb: verb,
			Surface: string(p.Notice.Surface), Reason: p.Reason, Outcome: out, Detail: detail, Findings: []string{},
		}
		for _, i := range p.Notice.Items {
			line.Findings = append(line.Findings, promoter.FindingName(p.repo.FullName(), i.Finding))
		}
		r.Actions = append(r.Actions, line)
	}
}

// whereOf is the area an effect's errors are reported in.
func whereOf(v promoter.Verb) string {
	if v.OnTracker() {
		return "tracker"
	}
	return "platform"
}

// targetName is a pull request, or the repository a task is about.
func targetName(repository string, number int) string {
	if number == 0 {
		return repository
	}
	return promoter.ChangeName(repository, number)
}

func (r *Report) beside(p planned, bots []string) {
	for _, bot := range bots {
		line := BesideLine{p.repo.FullName(), p.Notice.Target.PullRequest, bot}
		if !slices.Contains(r.Beside, line) {
			r.Beside = append(r.Beside, line)
		}
	}
}

func (r *Report) unknown(e promoter.Effect, why string) {
	r.Effects.Unknown++
	r.Actions = append(r.Actions, ActionLine{
		Repository: e.Repository, PullRequest: e.Target.PullRequest, Verb: e.Verb, Reason: e.Reason, Outcome: outcomeUnknown, Detail: why, Findings: []string{},
	})
}

// fail records what failed for good: one line, however often it is met.
func (r *Report) fail(area string, err error) {
	for i := range r.Errors {
		if r.Errors[i].Area == area && r.Errors[i].Text == err.Error() {
			r.Errors[i].Count++
			return
		}
	}
	r.Errors = append(r.Errors, ErrorLine{Area: area, Text: err.Error(), Count: 1})
}

// trouble records what failed: for good, or, where the platform asked for
// patience or did not answer, until the next run.
func (r *Report) trouble(area string, err error) {
	var later *promoter.LaterError
	if !errors.As(err, &later) {
		r.fail(area, err)
		return
	}
	r.warn(area + ": " + err.Error())
}

func (r *Report) warn(text string) {
	if !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

// close settles the outcome. The gravest thing that happened names it.
func (r *Report) close(at time.Time) {
	r.Ended = at
	r.Outcome = OutcomeOK
	if applies := r.Applies(); len(applies) > 0 {
		r.Outcome = applies[0]
	}
}

// Applies lists every outcome but OK that the run had, gravest first. A dry run
// defers everything, so that says nothing of it.
func (r *Report) Applies() []Outcome {
	failed, partial := 0, 0
	for _, s := range r.Sources {
		switch s.State {
		case "failed":
			failed++
		case "partial":
			partial++
		}
	}
	var out []Outcome
	if len(r.Errors) > 0 || r.Effects.Failed > 0 || (failed > 0 && failed == len(r.Sources)) {
		out = append(out, OutcomeFailed)
	}
	if failed+partial > 0 || r.Effects.Unknown > 0 || r.Interrupted || len(r.Warnings) > 0 {
		out = append(out, OutcomePartial)
	}
	if !r.DryRun && (r.Effects.Deferred > 0 || r.waiting() || r.heldBack()) {
		out = append(out, OutcomeDeferred)
	}
	return out
}

// waiting: a plan holds back what would be done otherwise. A proposal does not:
// a cohort that stays where it is lacks nothing.
func (r *Report) waiting() bool {
	return slices.ContainsFunc(r.Plans, func(p PlanLine) bool { return p.Kind != promoter.ApprovalProposal })
}

// heldBack: something waits that is not merely rejected.
func (r *Report) heldBack() bool {
	for why, n := range r.Deferred {
		if n > 0 && why != string(promoter.DeferRejected) {
			return true
		}
	}
	return false
}

func (r *Report) json() []byte {
	raw, err := json.Marshal(r)
	if err != nil {
		return []byte(`{"error":"the report could not be written"}`)
	}
	return raw
}
