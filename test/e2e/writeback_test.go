package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/test/sandbox/faults"
	"github.com/sluice-sec/sluice/test/sandbox/github"
)

// written is a place whose decisions are written back to the alerts, one of each kind.
func written(t *testing.T) *alerted {
	t.Helper()
	p := newAlerted(t, ofAcme()...)
	p.grant("write")
	p.must(p.sandbox.Analyse(shop, github.Upload{Ref: "refs/heads/main", Commit: p.mainCommit(shop), Tool: "toy", Version: "1.0", Category: "a",
		Results: []github.Result{{Rule: "TOY001", Path: "main.go", Line: 1, Message: "bad", Security: "high"}}}))
	_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: "left-pad", Manifest: "package.json", GHSA: "GHSA-2222-3333-4444", Summary: "Bad"})
	p.must(err)
	_, err = p.sandbox.AddSecretAlert(shop, github.SecretAlert{Type: "aws_key", Secret: "AKIAsecret", Path: "main.go", Line: 3})
	p.must(err)
	wantOutcome(t, p.run(), run.OutcomeOK)
	return p
}

// grant lets the token read or write alerts.
func (p *alerted) grant(level string) {
	p.sandbox.RevokeToken("secret-token")
	p.sandbox.AddToken(github.Token{Value: "secret-token", Login: "sluice-bot", Permissions: map[string]string{
		"contents": "read", "metadata": "read", "pull_requests": "write", "issues": "write",
		"security_events": level, "vulnerability_alerts": level, "secret_scanning_alerts": level}})
}

func (p *alerted) writeBack(on bool) {
	p.config()
	for i := range p.cfg.Sources {
		p.cfg.Sources[i].WriteBack = on
	}
}

// decide is the security team's word on a kind's finding, by command.
func (p *alerted) decide(kind alerts.Kind, what promoter.VerdictKind, until time.Time) {
	p.t.Helper()
	p.clock.jump(time.Minute)
	people, err := p.openStore().EnsurePeople(context.Background(), promoter.Alias{System: "github", Login: "sam"})
	p.must(err)
	repo, no := p.findingOf(kind)
	p.must(p.store.Record(context.Background(), store.Recording{Actor: "github:sam", At: p.clock.Now(), Verdicts: []promoter.Verdict{{
		RepoID: repo, Finding: no, Person: people[0], Kind: what, Source: promoter.FromCommand, ExternalID: fmt.Sprint("c", p.clock.Now().UnixNano()), Reason: "ask @sam", Until: until, At: p.clock.Now()}}}))
}

func (p *alerted) retract(kind alerts.Kind) {
	p.t.Helper()
	p.clock.jump(time.Minute)
	repo, no := p.findingOf(kind)
	all, err := p.store.Verdicts(context.Background(), store.VerdictQuery{RepoID: repo, Source: promoter.FromCommand, Standing: true})
	p.must(err)
	for _, v := range all {
		if v.Finding == no {
			p.must(p.store.Record(context.Background(), store.Recording{Actor: "github:sam", At: p.clock.Now(), Retract: []int64{v.ID}}))
		}
	}
}

func (p *alerted) findingOf(kind alerts.Kind) (repo, no int64) {
	p.t.Helper()
	repos, err := p.openStore().Repositories(context.Background())
	p.must(err)
	for _, f := range p.facts(shop) {
		if strings.Contains(f.Facts.Alert, "/security/"+string(kind)+"/") {
			return repos[0].ID, f.No
		}
	}
	p.t.Fatalf("no finding of %s", kind)
	return 0, 0
}

func (p *alerted) name(kind alerts.Kind) string {
	_, no := p.findingOf(kind)
	return promoter.FindingName(shop, no)
}

// dismissed is how the alerts stand on GitHub, without our markers.
func (p *alerted) dismissed() []string {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	r := w.Repository(shop)
	var out []string
	for _, d := range []github.Dismissal{r.Code[0].Dismissal, r.Dependabot[0].Dismissal, r.Secrets[0].Dismissal} {
		said, _, _ := strings.Cut(d.Comment, " [sluice ")
		out = append(out, strings.TrimSpace(d.DismissedBy+" "+d.Reason+": "+said))
	}
	return out
}

func (p *alerted) wantDismissed(what string, want ...string) {
	p.t.Helper()
	if got := p.dismissed(); !slices.Equal(got, want) {
		p.t.Fatalf("%s: alerts stand\n%q, want\n%q", what, got, want)
	}
}

const stands = ":" // an alert that nobody dismissed

func TestDecisionsAreWrittenBack(t *testing.T) {
	p := written(t)
	until := p.clock.Now().AddDate(0, 0, 10).Truncate(24 * time.Hour)
	p.decide(alerts.CodeScanning, promoter.VerdictFalsePositive, time.Time{})
	p.decide(alerts.Dependabot, promoter.VerdictAccepted, until)
	p.decide(alerts.SecretScanning, promoter.VerdictWontFix, time.Time{})
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantDismissed("nobody asked for it", stands, stands, stands)

	p.writeBack(true)
	wantOutcome(t, p.run(), run.OutcomeOK)
	code := "sluice-bot false positive: false-positive in Sluice, " + p.name(alerts.CodeScanning) + ": ask (at)sam"
	accepted := fmt.Sprintf("sluice-bot tolerable_risk: accepted in Sluice, %s, until %s: ask (at)sam", p.name(alerts.Dependabot), until.Format(time.DateOnly))
	secret := "sluice-bot wont_fix: wont-fix in Sluice, " + p.name(alerts.SecretScanning) + ": ask (at)sam"
	p.wantDismissed("decided", code, accepted, secret)
	present := map[string]int{"code-scanning refs/heads/main present": 1, "dependabot refs/heads/main present": 1, "secret-scanning refs/heads/main present": 1}
	for range 2 {
		if r := p.run(); r.Outcome != run.OutcomeOK || r.Effects != (run.EffectCounts{}) {
			t.Fatalf("run ended %s with effects %+v: want it to know its own dismissals", r.Outcome, r.Effects)
		}
		p.wantStates(present)
	}
	if got := p.verdicts(); len(got) > 0 {
		t.Errorf("our own dismissals are answers: %q", got)
	}

	p.retract(alerts.CodeScanning)
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantDismissed("taken back", stands, accepted, secret)
	p.clock.jump(11 * 24 * time.Hour)
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantDismissed("expired", stands, stands, secret)
	p.decide(alerts.CodeScanning, promoter.VerdictWontFix, time.Time{})
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.wantDismissed("decided again", "sluice-bot won't fix: wont-fix in Sluice, "+p.name(alerts.CodeScanning)+": ask (at)sam", stands, secret)
	if got := p.run(); got.Effects != (run.EffectCounts{}) {
		t.Errorf("an unchanged run had effects: %+v", got.Effects)
	}
}

// What was dismissed after the backup, by a decision that is lost, is named.
func TestADismissalThatALostDecisionMadeIsNamed(t *testing.T) {
	p := written(t)
	p.writeBack(true)
	p.decide(alerts.CodeScanning, promoter.VerdictFalsePositive, time.Time{})
	wantOutcome(t, p.run(), run.OutcomeOK)
	restore := p.backup()
	p.decide(alerts.Dependabot, promoter.VerdictFalsePositive, time.Time{})
	wantOutcome(t, p.run(), run.OutcomeOK)
	before := p.dismissed()
	restore()
	p.cfg = nil
	p.writeBack(true)
	p.cfg.Recovering = true
	r := p.run()
	if len(r.Strange) != 1 || !strings.HasSuffix(r.Strange[0].URL, "/security/dependabot/1") || r.Strange[0].Repository != shop {
		t.Errorf("named: %+v", r.Strange)
	}
	p.wantDismissed("recovered", before...)
	p.cfg.Recovering = false
	p.decide(alerts.Dependabot, promoter.VerdictFalsePositive, time.Time{}) // said again, it is ours to keep
	p.run()
	if r := p.run(); r.Outcome != run.OutcomeOK || len(r.Strange) > 0 {
		t.Errorf("%s, named: %+v", r.Outcome, r.Strange)
	}
	p.retract(alerts.Dependabot)
	p.run()
	p.wantDismissed("taken back", before[0], stands, before[2])
}

// An alert that a person touched after us is theirs, and what they say counts.
func TestWhatAPersonDidToOurDismissalStands(t *testing.T) {
	p := written(t)
	p.writeBack(true)
	for _, kind := range alerts.Kinds() {
		p.decide(kind, promoter.VerdictFalsePositive, time.Time{})
	}
	wantOutcome(t, p.run(), run.OutcomeOK)
	p.must(p.sandbox.DismissAlert(shop, "code-scanning", 1, "alice", "", ""))
	p.must(p.sandbox.DismissAlert(shop, "dependabot", 1, "alice", "tolerable_risk", "known"))
	w, err := p.sandbox.World()
	p.must(err)
	p.must(p.sandbox.DismissAlert(shop, "secret-scanning", 1, "mallory", "wont_fix", w.Repository(shop).Secrets[0].Comment)) // with our marker
	want := []string{stands, "alice tolerable_risk: known", "mallory wont_fix: false-positive in Sluice, " + p.name(alerts.SecretScanning) + ": ask (at)sam"}
	for range 2 {
		p.run() // alice's word on a high one waits for approval
		p.wantDismissed("touched", want...)
	}
	if got := p.verdicts(); len(got) != 2 {
		t.Errorf("answers %q, want those of alice and mallory", got)
	}
	for _, kind := range alerts.Kinds() {
		p.retract(kind)
	}
	p.run()
	p.wantDismissed("taken back, and not ours any more", want...)
}

// Whatever becomes of a request, in the end an alert stands as was decided, and
// was changed once.
func TestWriteBackUnderFaults(t *testing.T) {
	p := written(t)
	injector := faults.New(p.sandbox, faults.Options{Describe: faults.GitHub(p.sandbox), Now: p.clock.Now, Advance: p.clock.jump})
	p.wrap = func(http.RoundTripper) http.RoundTripper { return faults.Direct(injector) }
	p.cfg = nil
	p.writeBack(true)
	for _, route := range []string{"", "/repos/{owner}/{repo}/code-scanning/alerts/{alert_number}"} {
		for _, fault := range []faults.Fault{faults.ResetBefore(), faults.ResetAfter(), faults.Status(502), faults.StatusAfter(502), faults.Truncated(),
			faults.HTML(), faults.Secondary(403, time.Minute), faults.Late(time.Minute)} {
			for _, decided := range []bool{true, false} {
				want := stands
				if p.retract(alerts.CodeScanning); decided {
					p.decide(alerts.CodeScanning, promoter.VerdictFalsePositive, time.Time{})
					want = "sluice-bot false positive: false-positive in Sluice, " + p.name(alerts.CodeScanning) + ": ask (at)sam"
				}
				name := fmt.Sprintf("%s at %q, decided %v", fault.Name, route, decided)
				before := p.changed()
				injector.Inject(faults.Rule{Route: route, Writes: route == "", Method: map[bool]string{true: "PATCH"}[route == ""], Times: 1, Fault: fault})
				met := len(injector.Met())
				p.run()
				if len(injector.Met()) == met {
					t.Fatalf("%s: met no request", name)
				}
				injector.Calm()
				injector.Arrive()
				p.run()
				p.run()
				p.wantDismissed(name, want, stands, stands)
				if got := p.run(); got.Effects != (run.EffectCounts{}) || got.Outcome != run.OutcomeOK {
					t.Errorf("%s: the last run ended %s with effects %+v", name, got.Outcome, got.Effects)
				}
				if n := p.changed() - before; n < 1 || n > 2 { // one that came late, and the one that took its place
					t.Errorf("%s: the alert was changed %d times", name, n)
				}
			}
		}
	}
	if got := p.verdicts(); len(got) > 0 {
		t.Errorf("our own dismissals are answers: %q", got)
	}
}

// changed counts the changes of alerts that GitHub carried out.
func (p *alerted) changed() int {
	p.t.Helper()
	w, err := p.sandbox.World()
	p.must(err)
	c := w.Requests["PATCH /repos/{owner}/{repo}/code-scanning/alerts/{alert_number}"]
	return c.Requests - c.Refused
}

// A token that may not write to alerts still writes comments; one clear error says why.
func TestWriteBackWithoutPermission(t *testing.T) {
	p := written(t)
	p.grant("read")
	p.writeBack(true)
	for _, kind := range alerts.Kinds() {
		p.decide(kind, promoter.VerdictFalsePositive, time.Time{})
	}
	r := p.run()
	p.wantDismissed("no permission", stands, stands, stands)
	if r.Outcome == run.OutcomeOK || !strings.Contains(fmt.Sprint(r.Errors), "write") {
		t.Errorf("run ended %s with %v: want the permission named", r.Outcome, r.Errors)
	}
	p.grant("write")
	wantOutcome(t, p.run(), run.OutcomeOK)
	if got := p.dismissed(); slices.Contains(got, stands) {
		t.Errorf("with the permission: %q", got)
	}
}

// A dismissal counts in the ceilings: what is beyond waits for a person.
func TestWriteBackUnderTheCeiling(t *testing.T) {
	p := newAlerted(t, ofAcme()[1])
	p.grant("write")
	p.settings = "ceilings: {run: {show: 2}}\n"
	for i := range 4 {
		_, err := p.sandbox.AddDependabotAlert(shop, github.DependabotAlert{Package: fmt.Sprint("p", i), Manifest: "package.json", GHSA: fmt.Sprintf("GHSA-2222-3333-444%d", i+4), Summary: "Bad"})
		p.must(err)
	}
	p.run()
	p.writeBack(true)
	people, err := p.openStore().EnsurePeople(context.Background(), promoter.Alias{System: "github", Login: "sam"})
	p.must(err)
	repos, err := p.store.Repositories(context.Background())
	p.must(err)
	rec := store.Recording{Actor: "github:sam", At: p.clock.Now()}
	for _, f := range p.facts(shop) {
		rec.Verdicts = append(rec.Verdicts, promoter.Verdict{RepoID: repos[0].ID, Finding: f.No, Person: people[0], Kind: promoter.VerdictFalsePositive, Source: promoter.FromCommand, At: rec.At})
	}
	p.must(p.store.Record(context.Background(), rec))
	count := func() (n int) {
		w, err := p.sandbox.World()
		p.must(err)
		for _, a := range w.Repository(shop).Dependabot {
			if a.State == "dismissed" {
				n++
			}
		}
		return n
	}
	r := p.run()
	if n := count(); n != 2 || len(r.Plans) != 1 {
		t.Fatalf("%d dismissed with plans %v, want 2 and a plan for the rest", n, r.Plans)
	}
	p.must(p.store.DecideApproval(context.Background(), r.Plans[0].ID, promoter.ApprovalApproved, "os:test", "", p.clock.Now()))
	p.run()
	if n := count(); n != 4 {
		t.Errorf("%d dismissed after the plan was approved, want 4", n)
	}
}

// dying is a store that fails once, as if the process had ended there: what it
// was asked at that point is carried out or not, and nothing after it counts.
type dying struct {
	store.Store
	at   string
	dead bool
}

var errDead = errors.New("the process is gone")

func (d *dying) die(at string) error {
	if d.dead = d.dead || d.at == at; d.dead {
		return errDead
	}
	return nil
}

func (d *dying) Sent(ctx context.Context, id int64, at time.Time) error {
	if err := d.die("before sent"); err != nil {
		return err
	}
	return errors.Join(d.Store.Sent(ctx, id, at), d.die("after sent"))
}

func (d *dying) Settle(ctx context.Context, s store.Settlement) error {
	if err := d.die("before settle"); err != nil {
		return err
	}
	return errors.Join(d.Store.Settle(ctx, s), d.die("after settle"))
}

func TestWriteBackIsTakenUpWhereItEnded(t *testing.T) {
	p := written(t)
	p.writeBack(true)
	for _, at := range []string{"before sent", "after sent", "before settle", "after settle"} {
		for _, decided := range []bool{true, false} {
			want := stands
			if p.retract(alerts.CodeScanning); decided {
				p.decide(alerts.CodeScanning, promoter.VerdictFalsePositive, time.Time{})
				want = "sluice-bot false positive: false-positive in Sluice, " + p.name(alerts.CodeScanning) + ": ask (at)sam"
			}
			before := p.changed()
			ends := &dying{Store: p.store, at: at}
			cfg := p.config()
			cfg.Store = ends
			_, _ = run.Run(context.Background(), cfg, run.Selection{})
			if !ends.dead {
				t.Fatalf("%s: it did not end there", at)
			}
			p.run()
			p.run()
			p.wantDismissed(at, want, stands, stands)
			if n := p.changed() - before; n != 1 {
				t.Errorf("ended %s, decided %v: the alert was changed %d times", at, decided, n)
			}
		}
	}
}
