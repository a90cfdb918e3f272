package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// Promote, show, answer, roll back, withdraw, repair, promote again, over weeks, each command a process of its own that
// is killed somewhere: the world ends where it ends when nobody dies.
//
// SLUICE_CRASH=all plays it with many seeds, and kills each command after each request and write that may have changed something.
func TestKilledAnywhereTheLadderGoesOn(t *testing.T) {
	all, seeds := os.Getenv("SLUICE_CRASH") == "all", 1
	clean := newWeeks(t, &fate{})
	var scenes []scene
	if all {
		seeds = 20
		clean.before = func(e errand) { scenes = append(scenes, clean.scene(e)) }
	}
	want := clean.play()
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWeeks(t, &fate{lives: clean.lives, dice: rand.New(rand.NewPCG(1, uint64(seed)))})
			if diff := cmp.Diff(want, w.play()); diff != "" {
				t.Errorf("the world is not as it was left where nobody died (-clean +killed):\n%s", diff)
			}
			t.Log(w.fate)
			if w.dead < w.calls*3/4 {
				t.Error("hardly anybody died")
			}
		})
	}
	for i, s := range scenes {
		t.Run(fmt.Sprintf("command %d: %s", i+1, s.errand), func(t *testing.T) {
			t.Parallel()
			want, _ := s.after(t, 0)
			deaths, tried := 0, 0
			for place, name := range clean.lives[i] {
				if !changes(name) {
					continue
				}
				tried++
				got, killed := s.after(t, place+1)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("killed %s, place %d (-clean +killed):\n%s", name, place+1, diff)
				}
				if killed {
					deaths++
				}
			}
			t.Logf("%d deaths at %d places", deaths, tried)
			if deaths < tried*9/10 {
				t.Error("hardly anybody died")
			}
		})
	}
}

// changes tells whether something is other than it was at the place before: to die there is another death.
func changes(place string) bool {
	return strings.HasPrefix(place, "after ") && !strings.HasPrefix(place, "after GET ")
}

// scene is the story just before a command.
type scene struct {
	weeks         // at that time
	from   string // the folder it was played in
	folder string
	errand errand
}

func (w *weeks) scene(e errand) scene {
	w.t.Helper()
	w.must(w.sandbox.Save())
	folder := w.t.TempDir()
	w.must(os.CopyFS(folder, os.DirFS(w.dir)))
	s := scene{weeks: *w, from: w.dir, folder: folder, errand: e}
	s.place = &place{now: w.now}
	return s
}

// after is the world and all moves when the command was carried out, and killed at a place on its way if it came so far:
// a copy may be spared some requests.
func (s scene) after(t *testing.T, kill int) (end ending, killed bool) {
	t.Helper()
	w := s.weeks
	w.place = &place{t: t, dir: t.TempDir(), now: s.now}
	w.must(os.CopyFS(w.dir, os.DirFS(s.folder)))
	state := filepath.Join(w.dir, "github", "state.json") // it knows its repositories by their paths
	text, err := os.ReadFile(state)
	w.must(err)
	w.must(os.WriteFile(state, bytes.ReplaceAll(text, []byte(s.from), []byte(w.dir)), 0o600))
	w.sandbox, err = github.New(filepath.Join(w.dir, "github"), github.Options{Clock: w.tick})
	w.must(err)
	server := httptest.NewServer(w.sandbox)
	defer server.Close()
	w.beside = beside{hub + "=" + server.Listener.Addr().String()}
	if kill > 0 {
		killed = s.errand.at(w.place, kill) == died
	}
	s.errand.rescue(w.place)
	errand{args: []string{"run"}}.rescue(w.place)
	return ending{Top: w.world(), Moves: w.moves(), Mails: len(w.mails())}, killed
}

func newWeeks(t *testing.T, f *fate) *weeks {
	w := &weeks{place: newPlace(t), fate: f, words: map[int64]string{}}
	w.began = w.now
	return w
}

// ending is what a story leaves behind.
type ending struct {
	Bottom, Top []string // the world when the rule had fallen, and when it had climbed again
	Moves       map[string][]string
	Mails       int
}

// play tells the story.
func (w *weeks) play() (end ending) {
	w.t.Helper()
	w.begin()
	w.do("run")
	w.at(15, 0) // observe is left without evidence
	w.do("run")
	w.sitting()
	w.at(30, 0)
	w.do("run")
	w.approve()
	w.do("run")

	for i := range 9 {
		w.at(31, i/5)
		w.noisy()
		if i == 4 || i == 8 {
			w.do("run")
		}
	}
	w.answer()
	w.at(40, 0)
	w.do("run")
	w.fallen()
	end.Bottom = w.world()

	w.at(41, 0)
	w.do("run")
	w.sitting()
	w.at(42, 0)
	w.do("run")
	w.sitting()
	w.at(58, 0)
	w.do("run")
	w.approve()
	w.do("run")
	w.at(59, 0)
	w.noisy()
	w.do("run")
	w.at(60, 0)
	w.do("run")
	w.risen()
	end.Top = w.world()
	end.Moves, end.Mails = w.moves(), len(w.mails())
	w.rest()
	return end
}

// answer lets people say what they think: words, a thumb up, an edit and a merge, then complaints of two people until
// the rule falls.
func (w *weeks) answer() {
	w.t.Helper()
	for _, p := range w.pulls {
		w.comment(p)
	}
	reply, err := w.sandbox.Reply(w.comment(w.pulls[5]).ID, "dev", "It is only a checksum.")
	w.must(err)
	w.words[reply] = "It is only a checksum."
	w.must(w.sandbox.React(w.comment(w.pulls[6]).ID, "dev", "+1"))
	edited := w.comment(w.pulls[7]).ID
	w.words[edited] = "I say: this is a checksum."
	w.must(w.sandbox.EditComment(edited, w.words[edited]))
	w.must(w.sandbox.MergePullRequest(w.pulls[8].repository, w.pulls[8].number, "dev"))
	for i, p := range w.pulls[:5] {
		w.at(32+i, 0)
		w.must(w.sandbox.React(w.comment(p).ID, []string{"ada", "ben"}[i%2], "-1"))
		w.do("run")
	}
}

// fallen is what must hold when the rule has fallen: its comments are withdrawn but for those that people made theirs.
func (w *weeks) fallen() {
	w.t.Helper()
	w.stands(weeksPart, promoter.Triage)
	w.stands(weeksCohort, promoter.Advise)
	for i, p := range w.pulls {
		body := w.comment(p).Body
		withdrawn := strings.HasPrefix(body, "Withdrawn: people answered") && strings.Contains(body, "<details>")
		kept := strings.Contains(body, "*Kept, because")
		if withdrawn != (i < 5) || kept != (i == 5 || i == 6) || withdrawn != w.look(p).Threads[0].Resolved {
			w.t.Errorf("%s#%d: withdrawn %t, kept %t:\n%s", p.repository, p.number, withdrawn, kept, body)
		}
	}
}

// risen is what must hold when it is let through again: all is shown where it was, nothing twice, and what is new.
func (w *weeks) risen() {
	w.t.Helper()
	w.stands(weeksPart, promoter.Advise)
	for i, p := range w.pulls {
		pr := w.look(p)
		ours := 0
		for _, c := range pr.ReviewComments {
			if c.Author == "sluice-bot" {
				ours++
			}
		}
		if ours != 1 || strings.Contains(w.comment(p).Body, "<details>") && i != 7 || strings.HasPrefix(w.comment(p).Body, "Withdrawn") {
			w.t.Errorf("%s#%d: %d comments of ours, the first\n%s", p.repository, p.number, ours, w.comment(p).Body)
		}
	}
}

// rest is what must hold at the end whatever happened: no word of a person is lost, nothing is an orphan, nothing is
// left to do, and the ledger holds.
func (w *weeks) rest() {
	w.t.Helper()
	w.at(61, 0)
	before := w.world()
	w.do("run")
	if diff := cmp.Diff(before, w.world()); diff != "" {
		w.t.Errorf("it is not at rest:\n%s", diff)
	}
	w.do("ledger", "verify")
	shown := map[int64]bool{} // by the number on the platform
	w.inStore(func(ctx context.Context, s store.Store) error {
		effects, err := s.OpenEffects(ctx)
		if len(effects) > 0 {
			w.t.Errorf("%d effects are open, the first %s %s", len(effects), effects[0].Verb, effects[0].State)
		}
		repositories, wrong := s.Repositories(ctx)
		err = errors.Join(err, wrong)
		for _, r := range repositories {
			snap, err := s.Load(ctx, r.ID)
			if err != nil {
				return err
			}
			for _, n := range snap.Notices {
				shown[n.Remote.ID] = true
			}
		}
		return err
	})
	is := map[int64]string{}
	w.eachComment(func(c *github.ReviewComment) {
		is[c.ID] = c.Body
		if c.Author == "sluice-bot" && !shown[c.ID] {
			w.t.Errorf("comment %d is an orphan: %s", c.ID, c.Body)
		}
	})
	for id, text := range w.words {
		if is[id] != text {
			w.t.Errorf("a person wrote %q, and there stands %q", text, is[id])
		}
	}
}

func (w *weeks) eachComment(f func(*github.ReviewComment)) {
	for _, p := range w.pulls {
		for _, c := range w.look(p).ReviewComments {
			f(c)
		}
	}
}

// inStore looks into the place's store, and closes it again: no process may copy a database that it has open.
func (w *weeks) inStore(look func(context.Context, store.Store) error) {
	w.t.Helper()
	p := newProgram(&w.said, &w.said, func(string) string { return "" })
	p.config, p.as = filepath.Join(w.dir, "sluice.yaml"), "os:test"
	a, err := p.app()
	w.must(err)
	s, err := a.ReadStore(context.Background())
	if err == nil {
		err = look(context.Background(), s)
	}
	w.must(errors.Join(err, a.Close()))
}

func (w *weeks) stands(key string, want promoter.Stage) {
	w.t.Helper()
	w.inStore(func(ctx context.Context, s store.Store) error {
		cohorts, err := s.Cohorts(ctx)
		i := slices.IndexFunc(cohorts, func(c promoter.Cohort) bool { return c.Key == key })
		if err == nil && (i < 0 || cohorts[i].Stage != want) {
			err = fmt.Errorf("%s does not stand at %v: %+v\n%s", key, want, cohorts, w.said.String())
		}
		return err
	})
}

// moves are what each cohort went through.
func (w *weeks) moves() map[string][]string {
	out := map[string][]string{}
	w.inStore(func(ctx context.Context, s store.Store) error {
		cohorts, err := s.Cohorts(ctx)
		for _, c := range cohorts {
			moves, wrong := s.Moves(ctx, c.ID)
			err = errors.Join(err, wrong)
			for _, m := range moves {
				out[c.Key] = append(out[c.Key], fmt.Sprintf("%s %s %s", m.Kind, m.From, m.To))
			}
		}
		return err
	})
	return out
}

func (w *weeks) mails() []github.Mail {
	world, err := w.sandbox.World()
	w.must(err)
	return world.Mails
}

var ourMarker = regexp.MustCompile(`<!-- sluice:[^>]*-->`)

// world is what people see: every review, comment, reaction and thread.
func (w *weeks) world() (out []string) {
	w.t.Helper()
	for _, p := range w.pulls {
		pr := w.look(p)
		at := fmt.Sprintf("%s#%d", p.repository, p.number)
		for _, r := range pr.Reviews {
			out = append(out, fmt.Sprintf("%s review by %s %s", at, r.Author, r.State))
		}
		for _, c := range pr.ReviewComments {
			reactions := map[string]string{}
			for _, r := range c.Reactions {
				reactions[r.Login] = r.Content
			}
			resolved := pr.Thread(c.ID) != nil && pr.Thread(c.ID).Resolved
			out = append(out, fmt.Sprintf("%s %s:%d by %s, resolved %t, reactions %v\n%s", at, c.Path, c.Line, c.Author, resolved,
				slices.Sorted(maps.Keys(reactions)), ourMarker.ReplaceAllString(c.Body, "")))
		}
		for _, c := range pr.Comments {
			out = append(out, at+" comment by "+c.Author+"\n"+ourMarker.ReplaceAllString(c.Body, ""))
		}
	}
	return out
}
