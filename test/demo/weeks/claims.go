package weeks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// tellWeek says what the week came to: what was shown, what people made of it, what is known of the noise.
func (s *story) tellWeek() error {
	all, err := s.ladder(s.ctx)
	if err != nil {
		return err
	}
	c, err := find(all, cohort)
	if err != nil {
		return err
	}
	on, err := s.look(s.pulls)
	if err != nil {
		return err
	}
	comments, fixed := 0, 0
	said := map[answer]int{}
	for _, pr := range s.pulls {
		if pr.week != s.week {
			continue
		}
		for rule, v := range on[pr] {
			comments++
			if v.marked() {
				fixed++
			}
			if rule == noisy {
				said[pr.ofLabel]++
			} else {
				said[pr.says]++
			}
		}
	}
	head := fmt.Sprintf("%-10s %-8s", fmt.Sprintf("week %d", s.week), c.Stage)
	switch {
	case c.Stage == promoter.Observe && s.week == 1:
		s.tell("%s %d findings on main and in %d pull requests, recorded. Nobody sees any.", head, s.standing(), len(s.pulls))
	case c.Stage == promoter.Triage:
		s.tell("%s Sam has judged %d: %s; to advise %s", head, s.judged, noise(c), up(c))
	case c.Stage == promoter.Advise && comments > 0:
		s.tell("%s %d comments in %d pull requests: %s", head, comments, s.opened(), tally(fixed, said))
		s.tell("%20s%s; to enforce %s", "", noise(c), up(c))
	}
	if s.advise == 0 || s.week == s.advise {
		s.expect(comments == 0, "no comment before advise, not %d", comments)
	} else {
		s.expect(comments > 0, "comments in week %d", s.week)
	}
	return nil
}

// noise is what is known of it in this stay, up how far it is to the rung above.
func noise(c store.Standing) string { return c.Weighed.Result.Interval.String() }

func up(c store.Standing) string {
	up, _, _ := strings.Cut(c.Weighed.Ahead, "; ")
	return up
}

// opened counts the pull requests of the week.
func (s *story) opened() (n int) {
	for _, pr := range s.pulls {
		if pr.week == s.week {
			n++
		}
	}
	return n
}

// standing counts what gosec finds on the main branches.
func (s *story) standing() (n int) {
	for _, r := range s.repos {
		for _, file := range r.main {
			n += len(s.scanner.says[file.template()])
		}
	}
	return n
}

func tally(fixed int, said map[answer]int) string {
	out := fmt.Sprintf("%d fixed; %d thumbs up", fixed, said[thumbsUp])
	for _, more := range []struct {
		n    int
		what string
	}{{said[thumbsDown], "down"}, {said[falsePositive], "false positive"}, {said[words], "answered in words"}} {
		if more.n > 0 {
			out += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	return out
}

// tellCarve tells what became of each comment on a label, and checks it.
func (s *story) tellCarve() {
	s.turning(fmt.Sprintf("advise -> triage for %s alone, which is too noisy: it is carved out of %s.", noisy, cohort))
	for _, pr := range s.pulls {
		was, is := s.carve.before[pr][noisy], s.carve.after[pr][noisy]
		if was.id == 0 {
			continue
		}
		what := "withdrawn"
		switch {
		case !pr.open:
			what = "left as it is: the pull request is merged"
			s.expect(is == was, "the comment on a label in %s to be left alone: it is merged", pr.name())
		case pr.ofLabel == words:
			what = "kept, and it says so: somebody answered in words"
			s.expect(is.kept() && !is.resolved && strings.Contains(is.body, noisy), "the comment on a label in %s to be kept, because it was answered", pr.name())
		default:
			s.expect(is.withdrawn() && is.resolved && strings.Contains(is.body, "<details>"), "the comment on a label in %s to be withdrawn, because of what people answered, the original folded", pr.name())
		}
		real := s.scanner.rules[pr.kind]
		s.tell("   %-15s the comment on %s: %s; the one on %s stays", pr.name(), noisy, what, real)
		s.expect(s.carve.after[pr][real] == s.carve.before[pr][real], "the comment on %s in %s to stay as it was", real, pr.name())
	}
}

// end shows where the ladder stands, and holds what was told against the world.
func (s *story) end() error {
	s.turning(fmt.Sprintf("the rest qualifies for enforce. That only a person decides: plan %s waits", s.plan))
	for _, args := range [][]string{{"plan", "list"}, {"cohort", "list"}, {"ledger", "verify"}} {
		if err := s.show(args...); err != nil {
			return err
		}
	}
	if err := s.claims(); err != nil {
		return err
	}
	s.tell("           The pages of the pull requests with labels, after the gate closed and at the end: %s", filepath.Join(s.dir, "pages"))
	s.tell("           To look around: cd %s, then sluice cohort show %s", s.dir, cohort)
	return s.savePages("end")
}

// claims holds what was told against the world as it is at the end.
func (s *story) claims() error {
	all, err := s.ladder(s.ctx)
	if err != nil {
		return err
	}
	on, err := s.look(s.pulls)
	if err != nil {
		return err
	}
	for key, want := range map[string]promoter.Stage{cohort: promoter.Advise, carved: promoter.Triage} {
		c, err := find(all, key)
		if err != nil {
			return err
		}
		s.expect(c.Stage == want, "%s at %s, not %s", key, want, c.Stage)
	}
	s.expect(s.plan != "", "a plan for enforce to wait")
	if s.carve == nil {
		s.expect(false, "%s to be carved out", noisy)
		return nil
	}
	labels, shown := 0, 0
	for _, pr := range s.pulls {
		is, real := on[pr][noisy], on[pr][s.scanner.rules[pr.kind]]
		switch was := s.carve.after[pr][noisy]; {
		case pr.week <= s.carve.week:
			s.expect(is == was, "the comment on a label in %s as it was when the gate closed", pr.name())
			s.expect(is.answers == 0 || pr.ofLabel == words || pr.ofLabel == falsePositive, "no words in %s but its author's", pr.name())
		case real.stands() || real.marked():
			shown++
		}
		if pr.label && pr.week > s.carve.week {
			labels++
			s.expect(is.id == 0, "no comment on the label in %s", pr.name())
		}
	}
	s.expect(labels > 0 && shown >= 9, "more to be shown after the gate closed, and a label that is not: %d, %d", shown, labels)
	return nil
}

// fetch gets a page.
func fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(response.Body)
}
