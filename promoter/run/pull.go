package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// pull reads every source and takes in what is new, repository by repository.
func (r *runner) pull(ctx context.Context) error {
	var arrivals []arrival
	for _, reading := range r.ask(ctx) {
		if err := ctx.Err(); err != nil {
			return err
		}
		found, err := r.discover(ctx, reading)
		if err != nil {
			return err
		}
		arrivals = append(arrivals, found...)
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int {
		if c := cmpStrings(a.context.Repository(), b.context.Repository()); c != 0 {
			return c
		}
		return a.at.Compare(b.at)
	})
	r.step("reading reports", len(arrivals))
	for first := 0; first < len(arrivals); {
		last := first
		for last < len(arrivals) && arrivals[last].context.Repository() == arrivals[first].context.Repository() {
			last++
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.takeIn(ctx, arrivals[first:last]); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.report.trouble("repository", fmt.Errorf("take in: %w", err))
		}
		r.done(last - first)
		first = last
	}
	if r.sel.Repository != "" && len(r.repoOrder()) == 0 {
		r.report.warn("no report and no earlier run speaks of " + r.sel.Repository + ": is it the name that the platform knows it by?")
	}
	return r.saveSources(ctx)
}

// takeIn reads one repository's arrivals and matches them against what is
// known, one transaction for all of them.
func (r *runner) takeIn(ctx context.Context, arrivals []arrival) error {
	repo, err := r.repository(ctx, arrivals[0].context)
	if err != nil {
		return err
	}
	snap, err := r.Store.Load(ctx, repo.ID)
	if err != nil {
		return fmt.Errorf("load %s: %w", repo.FullName(), err)
	}
	b := newBook(snap, r.id, r.Now().UTC())
	for _, a := range arrivals {
		if r.outdated(ctx, b, a) {
			r.passOver(b, a)
			continue
		}
		if err := r.read(ctx, b, a); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.dismissals(b); err != nil {
		return err
	}
	if err := r.beginEpochs(b.edited); err != nil {
		return err
	}
	b.clearDigest()
	// Not kept at any price: who wants us to stop shall not wait for 100,000
	// findings, and the next run reads the report again.
	if err := r.Store.Apply(ctx, b.changes()); err != nil {
		return fmt.Errorf("store %s: %w", repo.FullName(), err)
	}
	return nil
}

// read parses an arrival's documents and absorbs each scan in them.
func (r *runner) read(ctx context.Context, b *book, a arrival) error {
	status := r.report.source(a.source.Name)
	scans := map[scanKey]*incoming{}
	var order []scanKey
	scan := func(key scanKey) *incoming {
		if scans[key] == nil {
			scans[key] = &incoming{}
			order = append(order, key)
		}
		return scans[key]
	}
	room := &room{of: a.context, scans: map[scanKey]bool{}}
	whole := !a.lacking
	said := finding.Statements{} // VEX that is delivered beside the reports
	for _, d := range a.docs {
		var all []finding.Finding
		report, err := connectors.Parse(ctx, a.source, d.Document, connectors.ParseOptions{Secrets: r.Secrets}, func(f finding.Finding) error {
			switch { // whose author may have written the report
			case a.context.PullRequest == 0:
				r.hearEPSS(f) // counts for every repository
			case a.source.Feed == nil:
				delete(f.Parts.Fingerprints, finding.AlertNumber) // says that two findings are one, whatever else does not
			}
			if room.forFinding(f) {
				all = append(all, f)
			}
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n := len(all); err != nil {
			if all = withScanner(all, &report); len(all) < n {
				status.note(fmt.Sprintf("%s: %d results wait for a whole report: this one breaks off before it says which scanner found them", d.Location, n-len(all)))
			}
		}
		found := map[scanKey][]finding.Finding{}
		for _, f := range all {
			key := scanKey{tool: f.Scanner.Name, category: f.Category}
			scan(key)
			found[key] = append(found[key], f)
		}
		for key, more := range found {
			scan(key).findings = joined(scan(key).findings, more)
		}
		delivery := deliveryOf(a, d, b.repo().ID, report, err, r.readAt())
		b.deliveries = append(b.deliveries, delivery)
		status.read(delivery, report)
		whole = whole && err == nil
		said.Add(report.Statements...)
		for _, s := range report.Scans {
			if key := (scanKey{tool: s.Scanner.Name, category: s.Category}); room.forScan(key) {
				scan(key).add(s, d.Location)
			}
		}
	}
	if room.full {
		whole = false
		status.partial(fmt.Sprintf("%s: its reports hold more than a pull request's may (%d findings, %d scans): the rest is left out", a.ref(), mostFindings, mostScans))
	}
	ref := r.refOf(a.context, b.repo())
	for _, key := range order {
		in := scans[key]
		if r.late(ctx, b, a, finding.Scope{Source: a.source.Name, Ref: ref, Tool: key.tool, Category: key.category}) {
			status.Outdated++
			continue
		}
		in.complete = in.complete && whole
		if err := r.recogniseOwn(ctx, b.repo(), in.findings); err != nil {
			return err
		}
		said.Apply(in.findings)
		r.enrich(ctx, a, b.repo(), in.findings)
		b.absorb(a, ref, key, in, &r.report.Findings, platformSays{
			outsider: func(number int) bool { return r.outsider(ctx, b.repo(), number) },
			touches: func(path string) bool {
				return r.touches(ctx, promoter.Target{RepoID: b.repo().ID, PullRequest: a.context.PullRequest}, path)
			},
			left: func(old, now string) bool { return r.left(ctx, a, b.repo(), old, now) },
		})
	}
	return nil
}

// withScanner leaves of a broken report what it names the scanner of. The rest
// would be findings of a scanner without a name, of some default severity,
// beside the same ones of the whole report.
func withScanner(all []finding.Finding, report *finding.Report) []finding.Finding {
	report.Scans = slices.DeleteFunc(report.Scans, func(s finding.Scan) bool { return !s.ToolRead })
	return slices.DeleteFunc(all, func(f finding.Finding) bool {
		return !slices.ContainsFunc(report.Scans, func(s finding.Scan) bool {
			return s.Scanner.Name == f.Scanner.Name && s.Category == f.Category
		})
	})
}

// enrich adds what identity needs from the source text. Without the text the
// report alone must do, which is counted, not fatal.
func (r *runner) enrich(ctx context.Context, a arrival, repo promoter.Repository, fs []finding.Finding) {
	reader := r.reader(a.source, repo)
	stats, err := sourcetext.Enrich(ctx, reader, a.context.Commit, fs, r.Secrets)
	if err != nil {
		r.report.source(a.source.Name).note(fmt.Sprintf("source text of %s at %s: %v", repo.FullName(), short(a.context.Commit), err))
	}
	r.report.Findings.WithoutText += stats.NoText
}

// left tells whether a commit has one file and not another, as far as the source
// text is at hand.
func (r *runner) left(ctx context.Context, a arrival, repo promoter.Repository, old, now string) bool {
	reader := r.reader(a.source, repo)
	if _, err := reader.Read(ctx, a.context.Commit, now); err != nil {
		return false // nothing can be said of a commit that cannot be read
	}
	_, err := reader.Read(ctx, a.context.Commit, old)
	return errors.Is(err, fs.ErrNotExist)
}

// readAt is now, but never before anything that was read already: which report
// of a pull request was read last must not depend on a clock that was set back.
func (r *runner) readAt() time.Time {
	r.lastRead = later(r.Now().UTC(), r.lastRead.Add(time.Microsecond))
	return r.lastRead
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func deliveryOf(a arrival, d document, repoID int64, report finding.Report, err error, at time.Time) store.Delivery {
	out := store.Delivery{
		Source: a.source.Name, Location: d.Location, Digest: d.digest, RepoID: repoID, At: at,
		State: "complete", Results: report.Results, Findings: report.Findings, Skipped: report.SkippedTotal(),
	}
	switch {
	case err != nil && report.Results == 0:
		out.State, out.Error = "failed", err.Error()
	case err != nil:
		out.State, out.Error = "partial", err.Error()
	case !report.Complete:
		out.State, out.Error = "partial", incomplete(report)
	}
	return out
}

// incomplete says why a report that could be read to its end is not taken for
// a whole scan: what it does not hold is not gone.
func incomplete(report finding.Report) string {
	if n := report.Skipped[finding.TooLarge]; n > 0 {
		return fmt.Sprintf("results over the size cap: %d; so nothing it does not show is taken for fixed", n)
	}
	return "the report does not say that its scan ran to its end"
}

// repository finds or adds the repository a report is about, asking the
// platform for its id and facts where there is one. A name that is new and
// cannot be asked for may be a new name of one that is known: its reports wait,
// or one repository would be two and say everything twice.
func (r *runner) repository(ctx context.Context, c connectors.Context) (promoter.Repository, error) {
	repo := promoter.Repository{Host: r.Host, Owner: c.Owner, Name: c.Name}
	if r.Platform != nil {
		var now promoter.Repository
		err := r.patience.ask(c.Repository(), func() (err error) {
			now, err = r.Platform.Repository(ctx, c.Owner, c.Name)
			return err
		})
		switch {
		case err == nil:
			now.Host = r.Host
			repo = now
		case ctx.Err() != nil:
			return repo, ctx.Err()
		default:
			// What the store knows of it must do until the platform answers.
			known, ok := r.named(c.Owner, c.Name)
			if !ok {
				return repo, fmt.Errorf("ask for %s/%s, whose reports wait for the answer: %w", c.Owner, c.Name, err)
			}
			if repo = known; !r.outOfSight(ctx, known.ID, err) {
				r.report.trouble("platform", fmt.Errorf("ask for %s/%s: %w", c.Owner, c.Name, err))
			}
		}
	}
	repo, err := r.Store.EnsureRepository(r.keep, repo, r.id)
	if err != nil {
		return repo, fmt.Errorf("repository %s/%s: %w", c.Owner, c.Name, err)
	}
	r.repos[repo.ID] = repo
	r.current[repo.ID] = true
	return repo, nil
}

// named is the known repository of a name; one whose id is known comes first.
func (r *runner) named(owner, name string) (promoter.Repository, bool) {
	var found promoter.Repository
	for _, known := range r.repos {
		if strings.EqualFold(known.Owner, owner) && strings.EqualFold(known.Name, name) && (found.ID == 0 || found.ExternalID == "") {
			found = known
		}
	}
	return found, found.ID != 0
}

// refresh asks the platform for a repository's facts before anything about its
// pull requests is decided: one that was private may have become public.
func (r *runner) refresh(ctx context.Context, repo promoter.Repository) error {
	if r.Platform == nil || r.current[repo.ID] {
		return nil
	}
	r.current[repo.ID] = true
	now, err := r.lookUp(ctx, repo)
	if err != nil || now.ExternalID != repo.ExternalID {
		return ctx.Err() // reading its pull requests will say what is wrong
	}
	now.Host = repo.Host
	if now, err = r.Store.EnsureRepository(r.keep, now, r.id); err != nil {
		return fmt.Errorf("repository %s: %w", repo.FullName(), err)
	}
	r.repos[repo.ID] = now
	return nil
}

// lookUp asks the platform for a repository that is known, by its number where
// its name was given to another.
func (r *runner) lookUp(ctx context.Context, known promoter.Repository) (now promoter.Repository, err error) {
	err = r.patience.ask(known.FullName(), func() (err error) {
		now, err = r.Platform.Repository(ctx, known.Owner, known.Name)
		if err == nil && known.ExternalID != "" && now.ExternalID != known.ExternalID {
			now, err = r.Platform.RepositoryByID(ctx, known.ExternalID)
		}
		return err
	})
	return now, err
}

// refOf is the ref a report speaks of; without one it is the default branch.
func (r *runner) refOf(c connectors.Context, repo promoter.Repository) string {
	if ref := c.Ref(); ref != "" {
		return ref
	}
	if repo.Facts.DefaultBranch != "" {
		return "refs/heads/" + repo.Facts.DefaultBranch
	}
	return "HEAD"
}

func (r *runner) saveSources(ctx context.Context) error {
	var errs []error
	for _, s := range r.report.Sources {
		errs = append(errs, r.Store.SaveSourceStatus(r.keep, r.id, s.SourceStatus))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("save source status: %w", err)
	}
	r.logSources()
	return r.missReadings(ctx)
}
