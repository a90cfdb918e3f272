package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/alerts"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter/store"
	"github.com/sluice-sec/sluice/promoter/store/sqlite"
)

// Verdict is what came of a check.
type Verdict string

// Only a failed check keeps something from working.
const (
	Passed Verdict = "ok"
	Warned Verdict = "warn"
	Failed Verdict = "fail"
)

// Check is one thing that was looked at.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Mend    string  `json:"mend,omitempty"` // what to do
}

// checkup gathers checks.
type checkup struct {
	*App
	checks     []Check
	repository connectors.Context // one to try GitHub with
}

func (c *checkup) ok(name, detail string)         { c.add(name, Passed, detail, "") }
func (c *checkup) warn(name, detail, mend string) { c.add(name, Warned, detail, mend) }
func (c *checkup) fail(name, detail, mend string) { c.add(name, Failed, detail, mend) }
func (c *checkup) add(name string, v Verdict, detail, mend string) {
	c.checks = append(c.checks, Check{name, v, detail, mend})
}

// Doctor looks at everything a run needs and changes nothing but GitHub's
// count of requests. GitHub is tried with a repository: the one given
// (owner/name), else one that a report speaks of.
func (a *App) Doctor(ctx context.Context, repository string) []Check {
	c := &checkup{App: a}
	c.repository.Owner, c.repository.Name, _ = strings.Cut(repository, "/")
	c.configuration()
	c.keyFile("keys.markers_file", a.Config.Keys.MarkersFile, a.Config.GitHub != nil, "nothing can be shown on GitHub")
	c.keyFile("keys.secrets_file", a.Config.Keys.SecretsFile, true, "no run is possible")
	c.database(ctx)
	c.law(ctx)
	for i, source := range a.sources(connectors.Context{}, false) {
		if slices.Contains(alerts.Kinds(), alerts.Kind(source.Type)) {
			c.alerts(ctx, "source "+source.Name, a.Config.Sources[i])
		} else {
			c.source(ctx, source)
		}
	}
	c.risk(ctx)
	c.platform(ctx)
	c.tracker(ctx)
	return c.checks
}

func (c *checkup) configuration() {
	if !c.Config.Found {
		c.fail("configuration", "there is no "+c.Config.File, "`sluice init` makes one, --config names another")
		return
	}
	c.ok("configuration", c.Config.File)
	if len(c.Config.Sources) == 0 {
		c.warn("sources", "none is configured", "name your reports under `sources`")
	}
	if s := c.Config.Slack; s != nil {
		c.address("slack", s.WebhookEnv, "a run that moves cohorts will write to the address in ")
	}
	if h := c.Config.Heartbeat; h != nil {
		c.address("heartbeat", h.URLEnv, "each run will request the address in ")
	}
}

// address requests nothing: who listens would take it for a run's.
func (c *checkup) address(name, env, use string) {
	if _, err := parseAddress(env, c.opt.Getenv); err != nil {
		c.fail(name, err.Error(), "set it where the runs are started, or leave `"+name+"` out")
		return
	}
	c.ok(name, use+env)
}

func (c *checkup) keyFile(name, path string, needed bool, without string) {
	if path == "" {
		if needed {
			c.fail(name, "not configured: "+without, "`sluice init` makes keys")
		}
		return
	}
	_, err := ReadKey(c.Config.Absolute(path))
	if errors.Is(err, fs.ErrNotExist) {
		c.fail(name, "there is no file "+path, "restore it from where you keep it; a new one (`sluice init`) orphans what the old one signed or hashed")
		return
	}
	if err != nil {
		c.fail(name, err.Error(), "")
		return
	}
	info, err := os.Stat(c.Config.Absolute(path))
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		c.warn(name, fmt.Sprintf("%s can be read by others (mode %o)", path, info.Mode().Perm()), "chmod 600 "+path)
		return
	}
	c.ok(name, path)
}

func (c *checkup) database(ctx context.Context) {
	if _, err := os.Stat(c.Config.StorePath()); errors.Is(err, fs.ErrNotExist) {
		c.ok("store", c.Config.Store+" is not there yet: the first run makes it")
		return
	}
	db, err := sqlite.Open(ctx, c.Config.StorePath(), sqlite.Options{Clock: c.opt.Now, Logger: c.Log, ReadOnly: true})
	if err != nil {
		c.fail("store", err.Error(), "")
		return
	}
	defer db.Close()
	if err := db.Check(ctx); err != nil {
		c.fail("store", err.Error(), "")
		return
	}
	for _, u := range c.keyUses() {
		if _, isNew, err := c.newKey(ctx, db, u); err == nil && isNew {
			c.fail("keys."+u.need, u.path+" is not the key this database was written with", "restore that one; if it is lost for good, `sluice run --new-keys`: "+u.otherwise)
		}
	}
	c.ok("store", c.Config.Store+": its schema is this program's and it is not damaged")
	c.ledger(ctx, db)
	c.overdue(ctx, db)
}

func (c *checkup) overdue(ctx context.Context, s store.Upkeep) {
	all, err := c.Overdue(ctx, s)
	if err != nil {
		c.fail("rhythm", err.Error(), "")
	}
	for _, o := range all {
		c.fail(o.What, o.Text, "")
	}
}

func (c *checkup) ledger(ctx context.Context, s store.Ledger) {
	v, err := s.VerifyLedger(ctx, "")
	switch {
	case err != nil:
		c.fail("ledger", err.Error(), "")
	case v.Break != "":
		c.fail("ledger", v.Break, "somebody or something changed the store: compare with a backup")
	case v.Seals == 0:
		c.ok("ledger", "nothing is sealed yet")
	default:
		c.ok("ledger", fmt.Sprintf("%d entries hold, head %s", v.Entries, v.Head))
	}
}

func (c *checkup) law(ctx context.Context) {
	document := readDocument(c.Config.Near(c.Config.Settings))
	_, err := settings.Parse(document.name, document.body)
	if err = errors.Join(document.err, err); err != nil {
		c.fail("settings", err.Error(), "")
		document = readDocument("") // so that the policy is looked at all the same
	} else {
		c.ok("settings", document.name)
	}
	library := readLibrary(c.Config.Near(c.Config.Policy))
	if _, err := c.build(ctx, library, document); err != nil {
		c.fail("policy", err.Error(), "until it is mended the last good policy stays in force")
		return
	}
	c.ok("policy", library.name+" compiles and its tests pass")
}

func (c *checkup) source(ctx context.Context, source connectors.Config) {
	name := "source " + source.Name
	docs, problems, err := connectors.Discover(ctx, source)
	for _, d := range docs {
		if c.repository.Repository() == "" {
			c.repository = d.Context
		}
	}
	switch {
	case err != nil:
		c.fail(name, err.Error(), "")
	case len(problems) > 0:
		c.warn(name, fmt.Sprintf("%d files; %d cannot be used, the first: %s", len(docs), len(problems), problems[0].Reason), problems[0].Path+": "+problems[0].Advice)
	default:
		c.ok(name, fmt.Sprintf("%d files", len(docs)))
	}
	if source.SourceDir != "" && len(docs) > 0 {
		c.sourceText(name, source, docs[0].Context)
	}
}

// sourceText tries one repository: identity needs the text of what was scanned.
func (c *checkup) sourceText(name string, source connectors.Config, about connectors.Context) {
	if _, err := exec.LookPath("git"); err != nil {
		c.fail(name+" text", "git is not installed", "install git, or leave source_dir out: GitHub is asked for the text then")
		return
	}
	dir, err := source.SourceFolder(about)
	if err == nil {
		_, err = os.Stat(dir)
	}
	if err != nil {
		c.warn(name+" text", err.Error(), "findings are recognised less well without the text of what was scanned")
		return
	}
	c.ok(name+" text", "the source of "+about.Repository()+" is there")
}

func (c *checkup) platform(ctx context.Context) {
	if c.Config.GitHub == nil {
		c.ok("github", "not configured: findings end up in the report and in `sluice findings`")
		return
	}
	client, err := c.GitHub(nil)
	switch {
	case err != nil:
		c.fail("github", err.Error(), "")
		return
	case c.repository.Repository() == "":
		c.warn("github", "no report says which repository to try", "sluice doctor --repository owner/name")
		return
	}
	verdicts := map[githubapi.Verdict]Verdict{githubapi.Passed: Passed, githubapi.Warning: Warned}
	for _, got := range client.Doctor(ctx, c.repository.Owner, c.repository.Name) {
		c.add("github: "+got.Name, cmp.Or(verdicts[got.Verdict], Failed), got.Detail, got.Mend)
	}
}
