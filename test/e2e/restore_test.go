package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

// backup copies the store, and restore puts the copy in its place.
func (p *place) backup() (restore func()) {
	p.t.Helper()
	copied := filepath.Join(filepath.Dir(p.database), "backup.db")
	p.must(p.openStore().Backup(context.Background(), copied))
	return func() {
		p.t.Helper()
		p.must(p.store.Close())
		p.store = nil
		for _, tail := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(p.database + tail)
		}
		p.must(os.Rename(copied, p.database))
	}
}

func (p *place) recover() *run.Report {
	p.t.Helper()
	cfg := p.config()
	cfg.Recovering = true
	r, err := run.Run(context.Background(), cfg, run.Selection{})
	p.must(err)
	return r
}

// world is everything that people can see.
func (p *place) world(w *tracker, numbers ...int) string {
	out := fmt.Sprint(len(p.mails()), " mails\n")
	for _, n := range numbers {
		out += asJSON(p.pull(shop, n)) + "\n"
	}
	return out + asJSON(w.issues)
}

// later is what happens after the backup: a pull request with a comment on a
// line and one in the summary, a push that moves its lines, a task for what is
// new on main, and the fix of what was shown before the backup.
func later(p *place, first int) (second int) {
	head := p.commit(shop, "second", "main", map[string]string{"second.go": code("exec(one)", "", "exec(two)")})
	second = p.open(shop, "second")
	p.scanPull(shop, head, second)
	p.run()
	head = p.commit(shop, "second", "", map[string]string{"second.go": code("// moved", "exec(one)", "", "exec(two)", "", "exec(three)")})
	p.scanPull(shop, head, second)
	grow(p, "task.go", "exec(task)", "exec(other)")
	p.run()
	head = p.commit(shop, "first", "", map[string]string{"first.go": code("fixed()")})
	p.scanPull(shop, head, first)
	p.run()
	p.run()
	return second
}

func withBackup(t *testing.T) (p *place, w *tracker, restore func(), numbers []int) {
	t.Helper()
	p, w = tracked(t)
	p.settings = toJira + "budgets: {pull_request: {comments: 2}}\n"
	head := p.commit(shop, "first", "main", map[string]string{"first.go": code("exec(first)")})
	first := p.open(shop, "first")
	p.scanPull(shop, head, first)
	p.run()
	restore = p.backup()
	return p, w, restore, []int{first, later(p, first)}
}

func TestARestoredBackupPostsNothingAgain(t *testing.T) {
	for name, restored := range map[string]func(*place) *run.Report{
		"recovered first": (*place).recover,
		"run at once":     (*place).run,
	} {
		t.Run(name, func(t *testing.T) {
			p, w, restore, numbers := withBackup(t)
			before := p.world(w, numbers...)
			if second := p.pull(shop, numbers[1]); len(second.ReviewComments) != 2 || len(second.Comments) != 1 || len(w.issues) != 2 {
				t.Fatalf("want two comments, a summary and two tasks; have %d, %d, %d", len(second.ReviewComments), len(second.Comments), len(w.issues))
			}
			restore()
			r := restored(p)
			if len(r.Errors) > 0 || len(r.Adopted) < 5 || len(r.Strange) > 0 {
				t.Errorf("adopted %+v, strange %+v, errors %v", r.Adopted, r.Strange, r.Errors)
			}
			for range 3 {
				p.clock.jump(time.Hour)
				p.run()
			}
			if diff := cmp.Diff(nameless(before), nameless(p.world(w, numbers...))); diff != "" {
				t.Errorf("the world changed:\n%s", diff)
			}
			if r := p.run(); r.Outcome != run.OutcomeOK || len(r.Actions) != 0 {
				t.Errorf("not at rest: %s %v %+v", r.Outcome, r.Warnings, r.Actions)
			}
		})
	}
}

var changing = regexp.MustCompile(`:F\d+|<!-- sluice:1 [^>]*>|\\u003c!-- sluice:1 .*?--\\u003e`)

// nameless leaves out what an edit that nobody is told of may change: the
// numbers of findings, the markers, and when it was made.
func nameless(world string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(world, func(r rune) bool { return r == ',' || r == '\n' }) {
		if !strings.Contains(part, "updated") && !strings.Contains(part, "edit") {
			out = append(out, changing.ReplaceAllString(part, ""))
		}
	}
	slices.Sort(out)
	return out
}

func TestWhatWasShownAfterTheBackupIsWithdrawnWhenItIsFixed(t *testing.T) {
	p, w, restore, numbers := withBackup(t)
	restore()
	p.recover()
	head := p.commit(shop, "second", "", map[string]string{"second.go": code("fixed()")})
	p.scanPull(shop, head, numbers[1])
	grow(p, "task.go", "fixed()")
	p.run()
	if open := live(p.pull(shop, numbers[1])); len(open) != 0 {
		t.Errorf("still shown: %v", open)
	}
	for _, i := range w.issues {
		if !slices.Equal(i.Labels, []string{"sluice-fixed"}) {
			t.Errorf("not handed back: %+v", *i)
		}
	}
}

func TestAPersonsEditAfterTheBackupIsKept(t *testing.T) {
	p, _, restore, numbers := withBackup(t)
	c := p.pull(shop, numbers[1]).ReviewComments[0]
	p.must(p.sandbox.EditComment(c.ID, strings.Replace(c.Body, "**High severity**", "**Mine now**", 1)))
	restore()
	p.recover()
	head := p.commit(shop, "second", "", map[string]string{"second.go": code("fixed()")})
	p.scanPull(shop, head, numbers[1])
	p.run()
	p.run()
	if now := p.pull(shop, numbers[1]).ReviewComments[0]; !strings.HasPrefix(now.Body, "**Mine now**") {
		t.Errorf("a person's words are gone:\n%s", now.Body)
	}
}

// What was adopted is known from then on, though something beside it is not on
// display and never will be: here what a person took away.
func TestWhatWasAdoptedIsNotAdoptedAgain(t *testing.T) {
	p, w := tracked(t)
	p.run()
	restore := p.backup()
	head := p.commit(shop, "second", "main", map[string]string{"second.go": code("exec(one)", "", "exec(two)")})
	second := p.open(shop, "second")
	p.scanPull(shop, head, second)
	grow(p, "task.go", "exec(task)")
	p.run()
	w.issues[0].Closed = true
	restore()
	if r := p.recover(); len(r.Adopted) != 3 {
		t.Fatalf("adopted %+v", r.Adopted)
	}
	p.must(p.sandbox.DeleteComment(p.pull(shop, second).ReviewComments[0].ID))
	for _, lines := range [][]string{{"exec(two)"}, {"exec(one)", "", "exec(two)"}} { // gone, and back
		p.scanPull(shop, p.commit(shop, "second", "", map[string]string{"second.go": code(lines...)}), second)
		if r := p.run(); r.Outcome != run.OutcomeOK || len(r.Adopted) != 0 {
			t.Errorf("%s %v, adopted %+v", r.Outcome, r.Warnings, r.Adopted)
		}
	}
	read := w.read
	grow(p, "safe.go", "fine()") // so that it is decided again
	if r := p.run(); r.Outcome != run.OutcomeOK || len(r.Adopted) != 0 || r.Decided != 1 {
		t.Errorf("%s %v, %d decided, adopted %+v", r.Outcome, r.Warnings, r.Decided, r.Adopted)
	}
	if r := p.run(); r.Decided != 0 {
		t.Error("not at rest: what is as it was is decided again")
	}
	if w.read != read {
		t.Errorf("all tasks were read %d times more", w.read-read)
	}
}

func TestWhatCannotBeAdoptedIsNamed(t *testing.T) {
	p, w, restore, numbers := withBackup(t)
	restore()
	p.move("/high", promoter.Triage) // what was shown since is not wanted now
	before := p.world(w, numbers[1])
	r := p.recover()
	if len(r.Strange) < 3 || len(r.Actions) != 0 {
		t.Errorf("named %+v, did %+v", r.Strange, r.Actions)
	}
	if p.world(w, numbers[1]) != before {
		t.Error("recovering changed the world")
	}
}

// Where nobody can look at what is there, nothing new is shown, and what is to
// go goes all the same.
func TestWithoutALookNothingIsShownAndARollbackIsNotHeldUp(t *testing.T) {
	p, w := tracked(t)
	grow(p, "old.go", "exec(old)")
	head := p.commit(shop, "feature", "main", map[string]string{"new.go": code("exec(new)")})
	number := p.open(shop, "feature")
	p.scanPull(shop, head, number)
	p.settings += "thresholds: {default: {advise: low}}\n"
	grow(p, "low.go", "print(low)")
	p.run()
	p.move("/high", promoter.Triage)
	p.move("/low", promoter.Advise)
	w.blind = true
	p.run()
	if i := w.issues[0]; len(w.issues) != 1 || !slices.Equal(i.Labels, []string{"sluice-withdrawn"}) {
		t.Errorf("issues: %+v", *i)
	}
	w.blind = false
	p.run()
	if len(w.issues) != 2 {
		t.Errorf("%d issues once somebody can look", len(w.issues))
	}
}
