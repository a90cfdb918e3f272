package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
	"github.com/sluice-sec/sluice/promoter/store"
)

// cohortHistory is a cohort with how it came to stand where it stands.
type cohortHistory struct {
	cohortView
	CarveOf string          `json:"carve_of,omitempty"`
	Lineage []kinView       `json:"lineage,omitempty"` // the cohorts that it came from, and that came from it
	Moves   []promoter.Move `json:"moves"`
	Weeks   []weekView      `json:"weeks"`   // of this stay
	Without string          `json:"without"` // which rules left out would let the rest climb; "" where that is no question
}

// kinView is a cohort that another came from, or that came from it.
type kinView struct {
	Cohort   string            `json:"cohort"`
	Kind     promoter.MoveKind `json:"kind"` // carve or recut
	Parent   bool              `json:"parent"`
	At       time.Time         `json:"at"`
	Findings int               `json:"findings,omitempty"` // that went, by a recut
}

func kinOf(ctx context.Context, s store.Store, id int64) ([]kinView, error) {
	names, err := cohortsByID(ctx, s)
	if err != nil {
		return nil, err
	}
	all, err := s.Lineage(ctx)
	var out []kinView
	for _, l := range all {
		switch id {
		case l.Child:
			out = append(out, kinView{names[l.Parent].Key, l.Kind, true, l.At, l.Findings})
		case l.Parent:
			out = append(out, kinView{names[l.Child].Key, l.Kind, false, l.At, l.Findings})
		}
	}
	return out, err
}

func (k kinView) String() string {
	switch {
	case k.Kind == promoter.MoveCarve && k.Parent:
		return "carved out of " + k.Cohort
	case k.Kind == promoter.MoveCarve:
		return k.Cohort + " was carved out of it"
	case k.Parent:
		return fmt.Sprintf("%s came from %s", nFindings(k.Findings), k.Cohort)
	}
	return fmt.Sprintf("%s went to %s", nFindings(k.Findings), k.Cohort)
}

// weekView is what was shown in one week, and what was said of it since.
type weekView struct {
	From       time.Time `json:"from"`
	Shown      int       `json:"shown"`
	Answered   int       `json:"answered"`
	Complaints int       `json:"complaints"`
}

func (p *program) cohortShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "show KEY", Short: "one cohort: its moves, its evidence week by week, and what would help", Args: takes("the cohort's KEY"),
		Example: "  sluice cohort show core/gosec/high",
	}
	c.RunE = p.with(func(ctx context.Context, a *app.App, args []string) error {
		s, err := a.ReadStore(ctx)
		if err != nil {
			return err
		}
		law, err := a.Law(ctx, s)
		if err != nil {
			return err
		}
		h, err := historyOf(ctx, s, law.Settings, args[0], a.Now().UTC())
		if err != nil {
			return err
		}
		return p.show(h, func(w io.Writer) error { return h.write(w, p.width) })
	})
	return c
}

func historyOf(ctx context.Context, s store.Store, set *settings.Settings, key string, now time.Time) (h cohortHistory, err error) {
	cohort, err := findCohort(ctx, s, key)
	if err != nil {
		return h, err
	}
	standings, err := s.Standings(ctx)
	if err != nil {
		return h, err
	}
	counts, err := s.CohortCounts(ctx)
	if err != nil {
		return h, err
	}
	var st store.Standing
	names := map[int64]string{}
	for _, o := range standings {
		names[o.ID] = o.Key
		if o.ID == cohort.ID {
			st = o
		}
	}
	plans, err := waitingClimbs(ctx, s)
	if err != nil {
		return h, err
	}
	h = cohortHistory{cohortView: viewOf(st, counts[st.ID]), CarveOf: names[st.CarveOf]}
	h.Plan, h.dwell = plans[st.ID], ladder.RulesOf(set).Dwell
	if h.Moves, err = s.Moves(ctx, cohort.ID); err != nil {
		return h, err
	}
	if h.Lineage, err = kinOf(ctx, s, cohort.ID); err != nil || st.ID == 0 {
		h.Cohort = cohort // it has ended
		return h, err
	}
	shown, err := s.Exposures(ctx, st.ID, st.Attempt, store.ClusterMark{})
	if err != nil {
		return h, err
	}
	bars := ladder.BarsOf(set, ladder.ReadName(key, set.Cohorts.By).Severity, 5000)
	h.Weeks = weeksOf(shown, bars, st.Since)
	if st.Weighed == nil || st.Weighed.Result.Outcome == evidence.Good || len(shown) == 0 {
		return h, nil
	}
	rest, err := evidence.Without(evidence.Cohort{
		Stage: evidence.Stage(st.Stage.String()), Attempt: int(st.Attempt), Climb: st.Climb, Entered: st.Since, Epochs: st.Epochs, Released: st.Released, Repositories: 1, Bars: bars,
	}, shown, now)
	if err == nil && len(rest.Without) > 0 {
		h.Without = rest.String()
	}
	return h, err
}

func weeksOf(shown []evidence.Exposure, b evidence.Bars, since time.Time) (weeks []weekView) {
	const week = 7 * 24 * time.Hour
	for _, e := range shown {
		n := max(0, int(e.ShownAt.Sub(since)/week))
		for len(weeks) <= n {
			weeks = append(weeks, weekView{From: since.Add(time.Duration(len(weeks)) * week)})
		}
		w := &weeks[n]
		w.Shown++
		answered, noisy := false, false
		for _, v := range e.Verdicts {
			score, known := b.Scores[v.Kind]
			if known && !score.Drop && v.RetractedAt.IsZero() {
				answered, noisy = true, noisy || score.Rollback > b.Noise
			}
		}
		if answered {
			w.Answered++
		}
		if noisy {
			w.Complaints++
		}
	}
	return weeks
}

// write tells it in lines of at most that width, 0 for any.
func (h cohortHistory) write(w io.Writer, width int) error {
	if !h.Ended.IsZero() {
		fmt.Fprintf(w, "%s ended on %s: policy or settings cut cohorts otherwise\n", h.Key, day(h.Ended))
		h.writePast(w, width)
		return nil
	}
	fmt.Fprintf(w, "%s stands at %s since %s, %d findings\n", h.Key, h.Stage, day(h.Since), h.Findings)
	field := func(name, text string) {
		for _, l := range wrapped(fmt.Sprintf("%-14s%s", name, text), width, 0, 14) {
			fmt.Fprintln(w, l)
		}
	}
	field("shown", h.shownText())
	field("next", h.next())
	if h.Without != "" {
		field("hint", h.Without)
	}
	h.writeWeeks(w)
	h.writePast(w, width)
	return nil
}

// shownText is what was shown in this stay and what is known of it.
func (h cohortHistory) shownText() string {
	switch {
	case h.Outcome == "":
		return "not weighed yet in this stay; the next run does it"
	case h.Shown == 0:
		return "nothing in this stay"
	case h.Noise == nil:
		return fmt.Sprintf("%d in this stay; nobody answered, so nothing is known of the noise", h.Shown)
	}
	return fmt.Sprintf("%d in this stay, %d answered; of what is settled: noise %s", h.Shown, h.Answered, h.noise())
}

// writePast tells how a cohort came to stand where it stands, oldest first.
func (h cohortHistory) writePast(w io.Writer, width int) {
	fmt.Fprintln(w, "\nhow it came here")
	if len(h.Moves)+len(h.Lineage) == 0 {
		fmt.Fprintln(w, "  it never moved")
	}
	say := func(at time.Time, kind, text string) {
		for _, l := range wrapped(fmt.Sprintf("%s  %-8s  %s", day(at), kind, text), width, 2, 24) {
			fmt.Fprintln(w, l)
		}
	}
	kin := h.Lineage
	for _, m := range h.Moves {
		for ; len(kin) > 0 && !kin[0].At.After(m.At); kin = kin[1:] {
			say(kin[0].At, string(kin[0].Kind), kin[0].String())
		}
		say(m.At, string(m.Kind), tellMove(m))
	}
	for _, k := range kin {
		say(k.At, string(k.Kind), k.String())
	}
}

// tellMove is a move with what it rests on.
func tellMove(m promoter.Move) string {
	text := fmt.Sprintf("%s -> %s, ", m.From, m.To)
	if m.From == m.To {
		text = "" // a hold, or its end
	}
	text += line(m.Reason)
	if m.Actor != "sluice" {
		text += fmt.Sprintf(" (%s)", m.Actor)
	}
	if g := m.Grounds; g != nil && g.Shown > 0 {
		whole := ""
		if m.Kind == promoter.MoveCarve {
			whole = "the whole cohort: "
		}
		text += fmt.Sprintf("; %sof %d shown %d were answered%s", whole, g.Shown, g.Answered, voices(g.Voices))
		if !strings.Contains(text, g.Noise) {
			text += "; of what was settled by then: " + g.Noise
		}
	}
	return text
}

func voices(all []promoter.Voice) string {
	against := 0
	for _, v := range all {
		if v.Against > 0 {
			against++
		}
	}
	switch {
	case len(all) == 0:
		return ""
	case len(all) == 1:
		return " by one person"
	case against == 0:
		return fmt.Sprintf(" by %d people, none of whom complained", len(all))
	}
	return fmt.Sprintf(" by %d people, %d of whom complained", len(all), against)
}

// writeWeeks draws a bar for each week: complaints, other answers, silence.
func (h cohortHistory) writeWeeks(w io.Writer) {
	if len(h.Weeks) == 0 {
		return
	}
	most := 0
	for _, k := range h.Weeks {
		most = max(most, k.Shown)
	}
	fmt.Fprintln(w, "\nshown by week (█ complained about, ▒ answered otherwise, · not answered)")
	for _, k := range h.Weeks {
		part := func(n int) int {
			if most <= bar {
				return n
			}
			return (n*bar + most/2) / most
		}
		fmt.Fprintf(w, "  %s  %s%s%s  %d\n", day(k.From), strings.Repeat("█", part(k.Complaints)), strings.Repeat("▒", part(k.Answered-k.Complaints)),
			strings.Repeat("·", part(k.Shown-k.Answered)), k.Shown)
	}
}
