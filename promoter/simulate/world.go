package simulate

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/evidence"
	"github.com/sluice-sec/sluice/promoter/ladder"
)

// Rates is how many of the annoyed and of the content answer.
type Rates struct{ Annoyed, Content float64 }

// AnswerRates are those of evidence.md section 7.
func AnswerRates() []Rates { return []Rates{{1, 1}, {.5, .1}, {.2, .2}, {.2, .03}} }

func (r Rates) String() string { return fmt.Sprintf("%.0f/%.0f %%", 100*r.Annoyed, 100*r.Content) }

// world is one cohort, weighed by the whole rule: its pull requests come twenty
// a month, five rules over three repositories, six people who answer two hours
// later or never, and two of the security team who judge what the coin chose
// from the day the cohort is put on hold.
type world struct {
	*play
	rng    *rand.Rand
	cohort evidence.Cohort
	p      float64
	rates  Rates
	size   int // findings in a pull request, all noise or none
	all    []evidence.Exposure
	noise  []bool
	stored []evidence.Checkpoint
	clock  time.Time
	onHold bool // since when everything the coin chose is judged
	judged int
	step   ladder.Step // the ladder's answer to the last evidence that was news
	known  string      // what the evidence said then
}

var (
	monday       = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	people       = [...]string{"ada", "ben", "cyd", "dan", "eve", "fay"}
	judges       = [...]string{"sam", "sue"}
	repositories = [...]string{"acme/shop", "acme/pay", "acme/mail"}
	rules        = [...]string{"R1", "R2", "R3", "R4", "R5"}
)

const (
	pace   = 36 * time.Hour // twenty pull requests a month
	reply  = 2 * time.Hour
	review = 3 * day // from being shown to being judged, once on hold
)

func (p *play) newWorld(rng *rand.Rand, noise float64, r Rates, stage evidence.Stage) *world {
	c := evidence.Cohort{
		Stage: stage, Attempt: 1, Climb: 1, Entered: monday.Add(-100 * day), Repositories: len(repositories), Teams: 1, Bars: evidence.DefaultBars(.10),
	}
	return &world{play: p, rng: rng, cohort: c, p: noise, rates: r, size: 1, clock: monday}
}

// show shows one pull request and says whether somebody complained about it.
func (w *world) show() (complaint bool) {
	w.clock = w.clock.Add(pace)
	noisy := w.rng.Float64() < w.p
	rate := w.rates.Content
	if noisy {
		rate = w.rates.Annoyed
	}
	answered := w.rng.Float64() < rate
	person, repository, cluster := people[w.rng.IntN(len(people))], repositories[w.rng.IntN(len(repositories))], strconv.Itoa(len(w.all))
	for range w.size {
		e := evidence.Exposure{
			Seq: int64(len(w.all)), Cluster: cluster, Attempt: w.cohort.Attempt, ShownAt: w.clock,
			ClosedAt: w.clock.Add(day), Coin: w.rng.Float64() < w.cohort.Bars.AuditShare,
			Rule: rules[w.rng.IntN(len(rules))], Repository: repository,
		}
		if answered {
			e.Verdicts = []evidence.Verdict{{Person: person, Kind: said(noisy), At: w.clock.Add(reply)}}
		}
		w.all, w.noise = append(w.all, e), append(w.noise, noisy)
		if w.onHold {
			w.judge(len(w.all)-1, w.clock.Add(review))
		}
	}
	return noisy && answered
}

func said(noisy bool) evidence.Kind {
	if noisy {
		return evidence.FalsePositive
	}
	return evidence.Useful
}

// judge has the security team answer what the coin chose and nobody answered.
func (w *world) judge(i int, at time.Time) {
	if e := &w.all[i]; e.Coin && len(e.Verdicts) == 0 {
		w.judged++
		e.Verdicts = []evidence.Verdict{{Person: judges[w.judged%2], Kind: said(w.noise[i]), At: at, Audit: true}}
	}
}

// look weighs what there is, from the last checkpoint before anything that may
// have changed, and sets an audit going when the cohort is held.
func (w *world) look() evidence.Result {
	now := w.clock.Add(reply + time.Hour)
	changed := w.clock.Add(-review - day)
	from := evidence.Before(w.stored, changed, "")
	r, passed, err := evidence.Weigh(w.cohort, from, w.all[from.Seq*w.size:], now)
	if err != nil {
		panic("simulate: " + err.Error()) // its bars and checkpoints are its own
	}
	w.stored = evidence.Keep(w.stored, from, passed)
	if r.Move == evidence.Hold && !w.onHold {
		w.onHold, w.stored = true, nil
		for i := range w.all {
			w.judge(i, now)
		}
	}
	if says := fmt.Sprint(r.Outcome, r.Move, r.Carve); says != w.known {
		w.known, w.step = says, w.decide(r, now)
	}
	return r
}

// decide asks the ladder, and it the policy, what becomes of the cohort.
func (w *world) decide(r evidence.Result, now time.Time) ladder.Step {
	stage, err := promoter.ParseStage(string(w.cohort.Stage))
	if err != nil {
		panic("simulate: " + err.Error())
	}
	s := ladder.Standing{
		Cohort: promoter.Cohort{ID: 1, Key: "core/scanner/high", Stage: stage, Since: w.cohort.Entered},
		Name:   ladder.ReadName("core/scanner/high", []string{"group", "scanner", "severity"}), Evidence: &r,
	}
	return ladder.Decide([]ladder.Standing{s}, w.policy(), ladder.Rules{Dwell: w.cohort.Bars.Dwell, CoolDown: w.cohort.Bars.CoolDown}, now)[0]
}

// fell tells whether the last look lowered the cohort or a part of it.
func (w *world) fell() bool { return w.step.To < w.step.Cohort.Stage || w.carved() }

func (w *world) carved() bool { return w.step.Kind == promoter.MoveCarve }
