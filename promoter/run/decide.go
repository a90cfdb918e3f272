package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// decideAndPlan goes through the repositories in which something changed,
// asks the policy, and plans what to show.
func (r *runner) decideAndPlan(ctx context.Context) error {
	digests, err := r.inputDigests(ctx)
	if err != nil {
		return err
	}
	settled, err := r.Store.Digests(ctx)
	if err != nil {
		return err
	}
	repos := r.repoOrder()
	r.report.Repositories = len(repos)
	r.step("deciding", len(repos))
	for _, repo := range repos {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d, ok := settled[repo.ID]; ok && d == digests[repo.ID] && !r.dirty[repo.ID] && !r.Recovering {
			r.report.Unchanged++
			r.done(1)
			continue
		}
		planned := len(r.actions)
		if err := r.decideRepository(ctx, repo); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.actions = r.actions[:planned] // what they rest on was not stored
			r.doubt(repo.ID)
			r.report.fail("repository", fmt.Errorf("decide %s: %w", repo.FullName(), err))
		}
		r.done(1)
	}
	if err := r.planTasks(ctx); err != nil {
		return err
	}
	return r.saveExcess(ctx)
}

// doubt notes that not everything in a repository could be looked at.
func (r *runner) doubt(repoID int64) { r.dirty[repoID], r.unsure[repoID] = true, true }

func (r *runner) decideRepository(ctx context.Context, repo promoter.Repository) error {
	snap, err := r.Store.Load(ctx, repo.ID)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	b := newBook(snap, r.id, r.Now().UTC())
	if err := r.assignCohorts(ctx, b); err != nil {
		return err
	}
	if err := r.epochs(snap); err != nil {
		return err
	}
	if err := r.askFacts(ctx, b); err != nil {
		return err
	}
	if err := r.dispose(ctx, b); err != nil {
		return err
	}
	d := newDecider(r, b)
	if r.sel.PullRequest == 0 {
		d.standing(ctx)
	}
	for _, number := range changesOf(b, r.enforcing()) {
		if !r.sel.hasChange(number) {
			continue
		}
		if err := d.change(ctx, number); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.sel.PullRequest == 0 {
		d.writeBack()
	}
	if err := r.beginEpochs(d.reshown); err != nil {
		return err
	}
	d.record()
	if c := b.changes(); !c.Empty() {
		if err := r.Store.Apply(ctx, c); err != nil { // cut short, the next run decides again
			return fmt.Errorf("store decisions: %w", err)
		}
	}
	if r.sel.PullRequest == 0 {
		d.collectTasks()
	}
	r.report.Decided++
	return nil
}

// changesOf lists the pull requests that something is known of or shown on, and
// if all is set those that were just scanned with nothing in them.
func changesOf(b *book, all bool) []int {
	var out []int
	for number := range b.openIn() {
		if number != 0 {
			out = append(out, number)
		}
	}
	for _, n := range b.snap.Notices {
		if n.Target.PullRequest == 0 {
			continue // a task
		}
		if unsettled(n) || n.State == promoter.NoticeLeft && b.justScanned(n.Target.PullRequest) {
			out = append(out, n.Target.PullRequest)
		}
	}
	if all {
		out = append(out, b.scannedNow()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unsettled tells whether a notice may still need something done.
func unsettled(n promoter.Notice) bool {
	switch n.State {
	case promoter.NoticePlanned, promoter.NoticePosted:
		return true
	case promoter.NoticeWithdrawn:
		return n.Surface == promoter.SurfaceReview && n.Remote.ID != 0 && !n.Resolved
	}
	return false
}

func pathOf(p *finding.Place) string {
	if p == nil {
		return ""
	}
	return p.Path
}

func (r *runner) findingInput(f finding.Finding, place *finding.Place) input.Finding {
	in := factsInput(f)
	in.Path, in.PathClass = pathOf(place), r.Settings.PathClass(pathOf(place))
	known := r.riskOf(f)
	in.KEV, in.EPSS = !known.ExploitedSince.IsZero(), r.Settings.EPSSClass(known)
	return in
}

// factsInput is what policies are told of a finding itself: not where it lies,
// whose that is, and what the world and the settings have to say of it.
func factsInput(f finding.Finding) input.Finding {
	in := input.Finding{
		Scanner: f.Scanner.Name, Kind: string(f.Kind), Rule: f.Rule.ID, Severity: f.Severity.String(), SeverityFrom: string(f.SeverityFrom),
		Score: f.Score, CWEs: orEmpty(f.Rule.CWEs), Tags: orEmpty(f.Rule.Tags), Advisories: orEmpty(f.Advisories), Owners: []string{},
		FixAvailable: f.Fix != nil || (f.Package != nil && f.Package.FixedIn != ""), Reachability: f.Reachability,
	}
	if f.Package != nil {
		in.Package, in.Ecosystem = f.Package.Name, f.Package.Ecosystem
	}
	return in
}

// saw tells whether a decision rests on a finding's facts as they are now, as
// far as policies are told them.
func saw(d store.Decision, f *store.Finding) bool {
	if d.FactVersion == f.Version {
		return true
	}
	var doc input.Surface
	if json.Unmarshal(d.Input, &doc) != nil {
		return false
	}
	was := doc.Finding
	was.Path, was.PathClass, was.KEV, was.EPSS, was.Owners = "", "", false, "", []string{}
	return same(was, factsInput(f.Facts))
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func orNone(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// groupIn is the group of a path in a repository.
func groupIn(law *settings.Settings, repo promoter.Repository, path string) settings.Group {
	return law.Group(settings.Repository{Name: repo.FullName(), Topics: repo.Facts.Topics, Properties: repo.Facts.Properties}, path)
}

func (r *runner) repositoryInput(repo promoter.Repository, path string) input.Repository {
	group := groupIn(r.Settings, repo, path)
	visibility := repo.Facts.Visibility
	if visibility == "" {
		visibility = r.Settings.Visibility.Unknown
	}
	return input.Repository{
		Name: repo.FullName(), Visibility: visibility, Group: group.Name, Tier: group.Tier, Wave: group.Wave, Archived: repo.Facts.Archived,
		DefaultBranch: repo.Facts.DefaultBranch, Language: repo.Facts.Language, Topics: orEmpty(repo.Facts.Topics), Properties: orNone(repo.Facts.Properties),
	}
}

type decisionKey struct {
	finding int64
	change  int
}

// decider asks the surface question for one repository's findings.
type decider struct {
	*runner
	book *book

	undecided int // of the pull request in hand: findings that are enforced, and the policy gave no answer

	newest map[decisionKey]store.Decision
	called map[decisionKey]string // the cohorts that people read of on what is on display, where these have ended
	said   map[int64]verdict      // of findings as they stand

	reshown map[int64]string // cohorts of which an edit of policy or settings shows more or less

	baseScans map[scanOfKey]*store.Scan
	readers   map[string]sourcetext.Reader // by source
	mapped    map[linesKey]func(int) (int, bool)
	owned     map[string]owned // by commit
}

func newDecider(r *runner, b *book) *decider {
	d := &decider{
		runner: r, book: b, newest: map[decisionKey]store.Decision{}, called: map[decisionKey]string{}, reshown: map[int64]string{}, said: map[int64]verdict{}, baseScans: map[scanOfKey]*store.Scan{},
		readers: map[string]sourcetext.Reader{}, mapped: map[linesKey]func(int) (int, bool){}, owned: map[string]owned{},
	}
	for _, dec := range b.snap.Decisions {
		d.newest[decisionKey{dec.Finding, dec.Change}] = dec
	}
	for _, n := range b.snap.Notices {
		for _, i := range n.Items {
			if c := r.cohorts[i.CohortID]; n.OnDisplay() && i.Live() && !c.Ended.IsZero() {
				d.called[decisionKey{i.Finding, n.Target.PullRequest}] = c.Key // cohorts that are named otherwise are no reason to rewrite it
			}
		}
	}
	return d
}

// standing decides about findings as they stand on branches, the base branch
// first: where a finding stands on several, what is said of it is said of that.
func (d *decider) standing(ctx context.Context) {
	for _, base := range []bool{true, false} {
		for _, s := range d.book.openIn()[0] {
			_, done := d.said[s.Finding]
			if s.State == store.SightingPresent && !done && d.book.onBase(d.book.scopes[s.Scope].Ref) == base {
				d.said[s.Finding] = d.ask(ctx, s, d.scannedAt(s), 0, nil)
			}
		}
	}
}

// verdict is the policy's answer about one finding, or what was last decided
// where it gave none.
type verdict struct {
	answer  input.SurfaceAnswer
	decided bool
}

// scannedAt is the commit that a sighting's scope was scanned at last.
func (d *decider) scannedAt(s *store.Sighting) string {
	if scan := d.book.newestScan(s.Scope); scan != nil {
		return scan.Commit
	}
	return ""
}

// ask puts the surface question, counts the answer and books it if it is new.
// An error or an undefined answer is booked nowhere: the finding stays as it was.
// base is the commit whose CODEOWNERS counts, "" for none.
func (d *decider) ask(ctx context.Context, s *store.Sighting, base string, number int, change *input.Change) verdict {
	no, place := s.Finding, s.Place
	f := d.book.findings[no]
	cohort := d.cohorts[f.CohortID]
	name := promoter.FindingName(d.book.repo().FullName(), no)
	doc := input.Surface{
		Schema: input.Schema, Finding: d.findingInput(f.Facts, place), Repository: d.repositoryInput(d.book.repo(), pathOf(place)),
		Stage: cohort.Stage.String(), Change: change,
		Exceptions: d.Settings.Exceptions(settings.ExceptionQuery{
			Scanner: f.Facts.Scanner.Name, Rule: f.Facts.Rule.ID, Path: pathOf(place), Repository: d.book.repo().FullName(),
			FindingName: name, Advisories: f.Facts.Advisories,
		}, d.report.Started),
	}
	doc.Exceptions = append(doc.Exceptions, d.book.disposed(no, number, d.report.Started)...)
	if doc.Exceptions == nil {
		doc.Exceptions = []input.Exception{}
	}
	if f.CohortID == 0 {
		return verdict{} // the policy could not place it, which was reported
	}
	own, ok := d.ownersOf(ctx, d.book.scopes[s.Scope].Source, base, place)
	if !ok {
		return verdict{}
	}
	for _, o := range own {
		doc.Finding.Owners = append(doc.Finding.Owners, strings.ToLower(o))
	}
	got := d.Decider.Surface(ctx, doc)
	if got.Outcome != policy.Decided {
		d.policyFailed(d.book.repo(), no, got.Outcome, got.Err)
		return verdict{}
	}
	d.report.count(got.Answer)
	d.bookDecision(f, cohort, number, doc, got.Answer)
	return verdict{answer: got.Answer, decided: true}
}

func (d *decider) bookDecision(f *store.Finding, cohort promoter.Cohort, number int, doc input.Surface, answer input.SurfaceAnswer) {
	raw, err := json.Marshal(answer)
	if err != nil {
		d.report.fail("decide", err)
		return
	}
	key := decisionKey{f.No, number}
	old, known := d.newest[key]
	if known && bytes.Equal(old.Answer, raw) && saw(old, f) {
		return
	}
	if known && d.byLaw(old, f, cohort, doc, answer) {
		d.reshown[cohort.ID] = fmt.Sprintf("policy %s, settings %s", d.Decider.Revision(), d.Settings.Revision())
	}
	in, err := json.Marshal(doc)
	if err != nil {
		d.report.fail("decide", err)
		return
	}
	dec := store.Decision{
		Finding: f.No, Change: number, RunID: d.id, PolicyRev: d.Decider.Revision(), SettingsRev: d.Settings.Revision(),
		FactVersion: f.Version, Stage: cohort.Stage, Input: in, Answer: raw, Outcome: string(policy.Decided),
	}
	d.newest[key] = dec
	d.book.decisions = append(d.book.decisions, dec)
}

// record writes one line of the ledger for all decisions of a repository: how
// many, and a digest over them in order.
func (d *decider) record() {
	if len(d.book.decisions) == 0 {
		return
	}
	slices.SortStableFunc(d.book.decisions, func(a, b store.Decision) int {
		if a.Finding != b.Finding {
			return int(a.Finding - b.Finding)
		}
		return a.Change - b.Change
	})
	sum := sha256.New()
	for _, dec := range d.book.decisions {
		fmt.Fprintf(sum, "%d %d %d %s %s\n", dec.Finding, dec.Change, dec.FactVersion, dec.Stage, dec.Answer)
	}
	d.book.entries = append(d.book.entries, store.Entry{Kind: "decisions", Body: decisionsEntry{
		Repository: d.book.repo().ID, Count: len(d.book.decisions), Digest: hex.EncodeToString(sum.Sum(nil)),
		Policy: d.Decider.Revision(), Settings: d.Settings.Revision(),
	}})
}

// decisionsEntry is a line of the ledger.
type decisionsEntry struct {
	Repository int64  `json:"repository_id"`
	Count      int    `json:"count"`
	Digest     string `json:"digest"` // SHA-256 over "finding change fact-version stage answer" lines
	Policy     string `json:"policy"`
	Settings   string `json:"settings"`
}

func (r *runner) policyFailed(repo promoter.Repository, no int64, outcome policy.Outcome, err error) {
	r.report.PolicyErrors++
	r.doubt(repo.ID)
	if err == nil {
		err = fmt.Errorf("the policy gave no answer (%s)", outcome)
	}
	r.report.fail("policy", fmt.Errorf("%s: %w", promoter.FindingName(repo.FullName(), no), err))
}
