package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// story is a demo on its way.
type story struct {
	programs
	ctx     context.Context // ends every program that is called
	out     io.Writer
	start   time.Time
	dir     string
	sandbox *github.Server
	url     string
	git     string // the bare repository behind the sandbox's
	app     github.App

	last   report // of the newest run
	before map[int]sight
	wrong  int
}

// play goes through the story. An error is what kept it from going on; what was not as told is counted.
func (s *story) play() error {
	chapters := []struct {
		name string
		play func() error
	}{
		{"set-up", s.setUp}, {"observe", s.observe}, {"triage", s.triage}, {"advise", s.advise}, {"again", s.again},
		{"lines-move", s.forcePush}, {"fix", s.fix}, {"roll-back", s.rollBack}, {"ledger", s.ledger},
	}
	for _, c := range chapters {
		if err := c.play(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := s.savePages(c.name); err != nil {
			return err
		}
	}
	s.tell("           The pages after each step: %s; what Sluice said: %s", filepath.Join(s.dir, "pages"), filepath.Join(s.dir, "sluice.log"))
	s.tell("")
	return nil
}

func (s *story) verdict() error {
	if s.wrong > 0 {
		return fmt.Errorf("%d things were not as told; see %s", s.wrong, filepath.Join(s.dir, "sluice.log"))
	}
	return nil
}

func (s *story) tell(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// expect says so where the story and the world differ.
func (s *story) expect(ok bool, format string, args ...any) {
	if !ok {
		s.wrong++
		s.tell("   NOT AS TOLD: expected "+format, args...)
	}
}

// page is the address of a pull request, or of the list of them.
func (s *story) page(number int) string {
	address := s.url + "/ui/" + repository
	if number > 0 {
		address += fmt.Sprintf("/pull/%d", number)
	}
	return address
}

func (s *story) setUp() error {
	if err := s.plant(); err != nil {
		return fmt.Errorf("make the repository: %w", err)
	}
	if err := s.configure(); err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	world, err := s.sandbox.World()
	if err != nil {
		return err
	}
	standing, err := s.scan("branch-main", world.Repository(repository).PullRequest(1).BaseSHA)
	if err != nil {
		return fmt.Errorf("scan main: %w", err)
	}
	results := 0
	for _, p := range world.Repository(repository).PullRequests {
		n, err := s.scan(fmt.Sprintf("pr-%d", p.Number), p.HeadSHA)
		if err != nil {
			return fmt.Errorf("scan #%d: %w", p.Number, err)
		}
		results += n
	}
	s.tell("Act one, in which the gate is opened and closed by hand.")
	s.tell("")
	s.tell("%s is a small service with real problems and four open pull requests: %s", repository, s.page(0))
	s.tell("gosec and gitleaks scanned main (%d results) and the four heads (%d results).", standing, results)
	s.expect(standing == 3 && results == 17, "3 results on main and 17 on the heads")
	return nil
}

// untouched checks that nothing at all stands on these pull requests.
func (s *story) untouched(all map[int]sight, numbers ...int) {
	for _, n := range numbers {
		s.expect(reflect.DeepEqual(all[n], sight{}), "nothing on #%d", n)
	}
}

// run lets Sluice run and looks at what stands on the pull requests then.
func (s *story) run() (map[int]sight, error) {
	if _, err := s.runSluice(); err != nil {
		return nil, err
	}
	s.expect(s.last.Outcome == "ok", "a run without trouble, not %q", s.last.Outcome)
	return s.lookAll()
}

func (s *story) observe() error {
	all, err := s.run()
	if err != nil {
		return err
	}
	rows, err := s.rows("findings")
	if err != nil {
		return err
	}
	s.tell("")
	s.tell("observe    A new scanner starts here. `sluice run` recorded %d different findings; engineers see none.", len(rows))
	s.expect(len(rows) == 8, "8 findings")
	s.untouched(all, 1, 2, 3, 4)
	return nil
}

// The cohorts of the story: group, scanner, severity.
const (
	codeCohort    = "core/gosec/high"
	secretsCohort = "core/gitleaks/high"
)

func (s *story) triage() error {
	for _, cohort := range []string{codeCohort, secretsCohort} {
		if err := s.move(cohort, "triage", "a new scanner: the security team looks first"); err != nil {
			return err
		}
	}
	all, err := s.run()
	if err != nil {
		return err
	}
	rows, err := s.rows("queue")
	if err != nil {
		return err
	}
	s.tell("")
	s.tell("triage     The security team takes the pain first: `sluice queue` shows it %d findings, engineers still none.", len(rows))
	s.expect(len(rows) == 8, "8 findings in the queue")
	s.untouched(all, 1, 2, 3, 4)
	return nil
}

func (s *story) advise() error {
	if err := s.move(codeCohort, "advise", "three weeks in triage, nothing wrong so far"); err != nil {
		return err
	}
	all, err := s.run()
	if err != nil {
		return err
	}
	one := all[1]
	s.tell("")
	s.tell("advise     `sluice cohort move %s advise`: now engineers see what their own change brings.", codeCohort)
	s.tell("   #1 one review with three comments: G402 at %s, G204 at %s, G201 at %s", one.about("G402").Place, one.about("G204").Place, one.about("G201").Place)
	s.tell("      and one summary, for G304: #1 made that line dangerous without touching it. Two mails in all.")
	s.tell("      %s", s.page(1))
	s.tell("   #2 nothing: what gitleaks finds is still in triage")
	s.tell("   #3 nothing: it only moved an old problem; standing problems stay with the security team")
	s.tell("   #4 nothing: there is nothing to say")
	s.expect(one.Reviews == 1 && len(one.Comments) == 3 && len(one.Summary) == 1 && one.Mails == 2, "one review of three comments and one summary on #1")
	for rule, place := range map[string]string{"G402": "carrier.go:15", "G204": "print.go:11", "G201": "parcel.go:30"} {
		s.expect(one.about(rule).Place == place, "a comment about %s at %s", rule, place)
	}
	s.expect(len(one.Summary) == 1 && strings.Contains(one.Summary[0], "G304"), "the summary to list G304")
	s.untouched(all, 2, 3, 4)
	s.before = all
	return nil
}

func (s *story) again() error {
	all, err := s.run()
	if err != nil {
		return err
	}
	s.tell("")
	s.tell("again      The same run once more: no comment, no edit, no mail.")
	s.expect(reflect.DeepEqual(all, s.before) && len(s.last.Actions) == 0, "nothing to be done, not %d actions", len(s.last.Actions))
	return nil
}

// push puts a state on the branch of #1 and has it scanned.
func (s *story) push(from, state, message string) (commit string, err error) {
	p := proposals[0]
	if from != "" {
		if _, err := s.commit(p.branch(), from, p.state, p.author, p.title); err != nil {
			return "", err
		}
	}
	if commit, err = s.commit(p.branch(), "", state, p.author, message); err != nil {
		return "", err
	}
	_, err = s.scan("pr-1", commit)
	return commit, err
}

func (s *story) forcePush() error {
	if _, err := s.push("main", "search-rebased", "Search parcels, print labels"); err != nil {
		return err
	}
	all, err := s.run()
	if err != nil {
		return err
	}
	s.tell("")
	s.tell("lines move alice force-pushes #1: a header on each file, functions in another order. Nothing is repeated.")
	s.expect(reflect.DeepEqual(all, s.before), "the same comments as before the push, and no mail")
	s.expect(s.last.Findings.New == 0, "no finding to be taken for a new one, not %d", s.last.Findings.New)
	return nil
}

func (s *story) fix() error {
	commit, err := s.push("", "search-fixed", "Search with a placeholder")
	if err != nil {
		return err
	}
	all, err := s.run()
	if err != nil {
		return err
	}
	fixed := all[1].about("G201")
	s.tell("")
	s.tell("a fix      alice uses a placeholder: the comment on G201 now says \"Fixed in %s\", its thread is resolved.", commit[:7])
	s.expect(fixed.says("Fixed in "+commit[:7]) && fixed.Resolved, "the comment on G201 to be marked as fixed and resolved")
	s.expect(all[1].about("G204") == s.before[1].about("G204") && all[1].about("G402") == s.before[1].about("G402"), "the other comments as they were")
	s.expect(all[1].Mails == s.before[1].Mails, "no mail")
	s.untouched(all, 2, 3, 4)
	return nil
}

// rollBack: a person answers one comment, another scanner is let through, and the first one is withdrawn.
func (s *story) rollBack() error {
	v, err := s.look(1)
	if err != nil {
		return err
	}
	if _, err := s.sandbox.Reply(v.about("G204").ID, "alice", "Right. The printer's name will come from a list; I am on it."); err != nil {
		return err
	}
	if err := s.move(secretsCohort, "advise", "every one of them was real"); err != nil {
		return err
	}
	if err := s.move(codeCohort, "triage", "too noisy in two other repositories"); err != nil {
		return err
	}
	all, err := s.run()
	if err != nil {
		return err
	}
	one, two := all[1], all[2]
	s.tell("")
	s.tell("roll back  alice answers the comment on G204. `sluice cohort move %s triage` closes the gate again:", codeCohort)
	s.tell("   #1 the comment on G402 is withdrawn (one line, the original folded), its thread resolved;")
	s.tell("      the one on G204 stays and says so, because a person answered it   %s", s.page(1))
	s.expect(one.about("G402").says("Withdrawn") && one.about("G402").Resolved, "the comment on G402 to be withdrawn and resolved")
	s.expect(one.about("G204").says("*Kept, because somebody answered") && !one.about("G204").Resolved, "the comment on G204 to say that it is kept")
	said, _, _ := strings.Cut(s.before[1].about("G204").Body, "<!--") // its marker is made anew with each edit
	s.expect(strings.Contains(one.about("G204").Body, strings.TrimSpace(said)), "the comment on G204 to say below what it said before")
	s.expect(len(one.Summary) == 1 && !strings.Contains(one.Summary[0], "G304"), "the summary to list G304 no more")
	s.expect(one.Mails == s.before[1].Mails+1, "no mail but for alice's answer")
	s.tell("   #2 gitleaks is let through: the token in invoice.go has a comment, which does not repeat it   %s", s.page(2))
	s.expect(len(two.Comments) == 1 && two.Comments[0].Place == "invoice.go:12", "one comment on #2, at invoice.go:12")
	s.untouched(all, 3, 4)
	return s.secrecy(all)
}

// secrecy looks for the token everywhere but in the reports and the repository itself.
func (s *story) secrecy(all map[int]sight) error {
	s.expect(!says(all, fakeToken), "the token in no comment")
	for _, pattern := range []string{"sluice.db*", "sluice.log"} {
		paths, err := filepath.Glob(filepath.Join(s.dir, pattern))
		if err != nil {
			return err
		}
		s.expect(len(paths) > 0, "a file %s", pattern)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			s.expect(!bytes.Contains(text, []byte(fakeToken)), "the token not in %s", filepath.Base(path))
		}
	}
	return nil
}

func (s *story) ledger() error {
	if _, err := s.call("ledger", "verify", "--head", s.last.Ledger); err != nil {
		return err
	}
	s.tell("")
	s.tell("ledger     Every decision, move and comment is in a hash chain: `sluice ledger verify` found it whole.")
	return nil
}
