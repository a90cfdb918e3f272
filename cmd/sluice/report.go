package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

// How many lines of one sort a report for people has; --output json has all.
const (
	maxProblems = 3
	maxActions  = 8
	maxErrors   = 5
)

// writeReport tells a person what a run did, in about thirty lines.
func (p *program) writeReport(w io.Writer, r *run.Report) error {
	fmt.Fprintf(w, "run %d over %s by %s: %s, in %s\n", r.Run, r.Selection, r.Actor, r.Outcome, r.Ended.Sub(r.Started).Round(10*time.Millisecond))
	if r.DryRun {
		fmt.Fprintln(w, "a dry run: nothing was shown, withdrawn or remembered")
	}
	if r.Paused != nil {
		fmt.Fprintf(w, "nothing new is shown: %s\n", pauseText(r.Paused, r.Started))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "WARNING: %s\n", warning)
	}
	if r.Interrupted {
		fmt.Fprintln(w, "it was stopped before its end; the next run goes on from here")
	}
	if err := p.writeSources(w, r.Sources, !r.Interrupted && len(r.Errors) == 0); err != nil {
		return err
	}
	for _, s := range r.Risk {
		if s.Entries > 0 {
			fmt.Fprintf(w, "%-13s %s, of %s (%s)\n", s.Name, countedOf(s.Entries, "vulnerability", "vulnerabilities"), s.Date.Format(time.DateOnly), app.RiskAge(s, r.Started))
		}
	}
	f := r.Findings
	fmt.Fprintf(w, "repositories  %d, of which %d unchanged\n", r.Repositories, r.Unchanged)
	fmt.Fprintf(w, "findings      %d new, %d known, %d gone%s\n", f.New, f.Known, f.Gone, some(
		count(f.NotAttributable, "not attributable to their pull request"), count(f.Stale, "from scans of an older head"),
		count(f.Ambiguous, "ambiguous and taken as new"), count(f.WithoutText, "without source text")))
	if f.WithoutText > 0 {
		fmt.Fprintln(w, "              without it they are recognised less well: name a `source_dir` that has the scanned commit, or configure `github`")
	}
	fmt.Fprintf(w, "decisions     %s\n", orNone(tally(r.Decisions)))
	if r.PolicyErrors > 0 {
		fmt.Fprintf(w, "              %d without an answer from the policy: these stay as they were\n", r.PolicyErrors)
	}
	if r.RiskChanges > 0 {
		fmt.Fprintf(w, "risk          %s in another class than before\n", countedOf(r.RiskChanges, "advisory is", "advisories are"))
	}
	writeMoves(w, r)
	writeHeard(w, r.Heard)
	writeEffects(w, r)
	for _, plan := range r.Plans {
		fmt.Fprintf(w, "plan %s waits: %s; `sluice plan show %s`, then `sluice plan approve %s`\n", plan.ID, line(plan.Reason), plan.ID, plan.ID)
	}
	for _, u := range r.Unseen {
		fmt.Fprintf(w, "%s has not been found since %s: deleted, or hidden from the token; what is shown there stays as it is\n", u.Repository, u.Since.Format(time.DateOnly))
	}
	writeErrors(w, r.Errors)
	writePruned(w, r)
	_, err := fmt.Fprintf(w, "ledger        %s\n", headText(r.Ledger))
	return err
}

// writeSources says how each source went; a run that was not whole may not have
// come to them.
func (p *program) writeSources(w io.Writer, sources []*run.SourceReport, whole bool) error {
	if len(sources) == 0 && whole {
		fmt.Fprintln(w, "no source is configured: name your reports under `sources` in sluice.yaml")
		return nil
	}
	for _, s := range sources {
		fmt.Fprintf(w, "source %s: %s, %d files (%d unchanged), %d results, %d findings, %d skipped%s\n",
			s.Source, s.State, s.Files, s.Unchanged, s.Results, s.Findings, s.Skipped, some(tally(s.Reasons)))
		for i, problem := range s.Problems {
			if i == maxProblems {
				fmt.Fprintf(w, "  and %d more\n", len(s.Problems)-i)
				break
			}
			fmt.Fprintf(w, "  %s\n", line(problem))
		}
	}
	return nil
}

// writeMoves tells what moved on the ladder, and how far the cleaning is.
func writeMoves(w io.Writer, r *run.Report) {
	for i, m := range r.Moves {
		if i == maxActions {
			fmt.Fprintf(w, "  and %d more moves\n", len(r.Moves)-i)
			break
		}
		fmt.Fprintf(w, "%-13s %s: %s -> %s: %s\n", m.Kind, m.Cohort, m.From, m.To, line(m.Reason))
	}
	for _, t := range r.Tidied {
		if t.Clean.IsZero() {
			fmt.Fprintf(w, "withdrawing   %s is quiet since %s; %d still on display\n", t.Cohort, t.Quiet.UTC().Format(time.RFC3339), t.Left)
			continue
		}
		fmt.Fprintf(w, "withdrawn     %s was quiet at %s and clean at %s\n", t.Cohort, t.Quiet.UTC().Format(time.RFC3339), t.Clean.UTC().Format(time.RFC3339))
	}
}

// writeHeard is silent where nobody said anything.
func writeHeard(w io.Writer, h run.HeardCounts) {
	if h == (run.HeardCounts{}) {
		return
	}
	fmt.Fprintf(w, "answers       %d stand%s\n", h.Answers, some(count(h.TakenBack, "taken back"), count(h.Replies, "replied to now")))
}

func writeEffects(w io.Writer, r *run.Report) {
	e := r.Effects
	fmt.Fprintf(w, "effects       %d done, %d kept as people left them, %d deferred, %d failed, %d unknown%s\n",
		e.Done, e.Kept, e.Deferred, e.Failed, e.Unknown, some(count(r.Recovered, "settled from earlier runs")))
	for i, a := range r.Actions {
		if i == maxActions {
			fmt.Fprintf(w, "  and %d more\n", len(r.Actions)-i)
			break
		}
		fmt.Fprintf(w, "  %s %s on %s: %s%s\n", a.Outcome, a.Verb, targetText(a.Repository, a.PullRequest), findingsText(a.Findings), some(line(cmp.Or(a.Detail, a.Reason))))
	}
	for i, b := range r.Beside {
		if i == maxProblems {
			fmt.Fprintf(w, "  and %d more\n", len(r.Beside)-i)
			break
		}
		fmt.Fprintf(w, "beside us     %s reviews %s too: switch its comments off where Sluice has its findings\n", line(b.Bot), targetText(b.Repository, b.PullRequest))
	}
	if text := tally(r.Deferred); text != "" {
		fmt.Fprintf(w, "not shown now %s\n", text)
	}
	if r.Backlog > 0 {
		fmt.Fprintf(w, "backlog       %d findings would be tasks, had a campaign asked for them: `sluice campaign start`\n", r.Backlog)
	}
	if r.NoPlatform > 0 {
		fmt.Fprintf(w, "no GitHub is configured: %d findings in pull requests are in `sluice findings` and, from triage on, in `sluice queue`\n", r.NoPlatform)
	}
}

// targetText is a pull request, or the repository a task is about.
func targetText(repository string, number int) string {
	if number == 0 {
		return repository
	}
	return promoter.ChangeName(repository, number)
}

func writePruned(w io.Writer, r *run.Report) {
	n := r.Pruned
	text := tally(map[string]int{"runs": int(n.Runs), "gone sightings": int(n.Sightings), "decisions": int(n.Decisions), "missing files": int(n.Deliveries), "cached answers": int(n.Responses)})
	if text == "" {
		return
	}
	did := "thrown away"
	if r.DryRun {
		did = "would throw away"
	}
	fmt.Fprintf(w, "%s as old: %s\n", did, text)
}

func findingsText(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func writeErrors(w io.Writer, errs []run.ErrorLine) {
	for i, e := range errs {
		if i == maxErrors {
			fmt.Fprintf(w, "and %d more errors\n", len(errs)-i)
			return
		}
		times := ""
		if e.Count > 1 {
			times = fmt.Sprintf(" (%d times)", e.Count)
		}
		fmt.Fprintf(w, "error in %s%s: %s\n", e.Area, times, line(e.Text))
	}
}

// tally writes counts, the largest first.
func tally(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, name := range names {
		if counts[name] > 0 {
			out = append(out, fmt.Sprintf("%s %d", name, counts[name]))
		}
	}
	return strings.Join(out, ", ")
}

// count is "" for none.
func count(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, what)
}

// some joins what is not empty, in brackets.
func some(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// headText is a ledger's head for people.
func headText(head string) string {
	if head == "0:" {
		return "empty"
	}
	return head
}
