// Package settings reads settings.yaml: what the policies read besides the
// finding itself, and the limits the engine keeps. Every key has a default
// (rules/data.yaml); a document that is wrong anywhere is refused whole, with
// each error at its line and column.
//
// The awkward truth: repository names are compared without regard to case, as
// GitHub does, and are stored in lower case; rule ids and paths are compared
// exactly.
package settings

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sec/sluice/policy/problem"
	"github.com/sluice-sec/sluice/rules"
)

// Settings is one valid document with its defaults filled in. It never changes
// and is safe for concurrent use; treat its slices and maps as read-only.
type Settings struct {
	Thresholds Thresholds `json:"thresholds"`
	Cohorts    Cohorts    `json:"cohorts"`
	Bars       Bars       `json:"bars"`
	Promotion  Promotion  `json:"promotion"`
	Hold       Hold       `json:"hold"`
	Budgets    Budgets    `json:"budgets"`
	Ceilings   Ceilings   `json:"ceilings"`
	Routes     []Route    `json:"routes"`
	Verdicts   Verdicts   `json:"verdicts"`
	People     []Person   `json:"people"`
	Visibility Visibility `json:"visibility"`
	CodeOwners bool       `json:"codeowners"` // name a file's owners where its group names nobody to ask
	Risk       Risk       `json:"risk"`

	raw      rawLists
	document map[string]any
	revision string
	groups   []group
	classes  []class
	mutes    []mute
}

// Thresholds hold the lowest severity let through, by stage ("triage",
// "advise", "enforce"). A repository's word counts before its group's, a
// group's before the default.
type Thresholds struct {
	Default      map[string]string            `json:"default"`
	Groups       map[string]map[string]string `json:"groups"`
	Repositories map[string]map[string]string `json:"repositories"`
}

// Cohorts names the labels a cohort's key is made of, most general first.
type Cohorts struct {
	By []string `json:"by"`
}

// Bars are the statistics' limits: the share of noise tolerated by severity,
// the chance of a wrong promotion, and how many wrong rollbacks a month are.
type Bars struct {
	Noise                  map[string]float64 `json:"noise"`
	Alpha                  float64            `json:"alpha"`
	FalseRollbacksPerMonth float64            `json:"false_rollbacks_per_month"`
}

// Promotion says which rungs are climbed without a person ("automatic") or on
// approval ("propose"), after how long, and what a healthy backlog is.
type Promotion struct {
	Triage  string `json:"triage"`
	Advise  string `json:"advise"`
	Dwell   Span   `json:"dwell"`
	Backlog struct {
		Open       int     `json:"open"`
		NewPerWeek float64 `json:"new_per_week"`
	} `json:"backlog"`
}

// Hold asks for an audit when fewer than ActionRate of After clusters were
// acted on. Audit is the share of what is shown that the audit coin chooses.
type Hold struct {
	ActionRate float64 `json:"action_rate"`
	After      int     `json:"after"`
	Audit      float64 `json:"audit"`
}

// Budgets cap what people are asked to read.
type Budgets struct {
	PullRequest struct {
		Comments int `json:"comments"`
	} `json:"pull_request"`
	TeamWeek struct {
		Notices int `json:"notices"`
	} `json:"team_week"`
}

// Ceilings cap what one run may show or withdraw before a person approves it.
type Ceilings struct {
	Run struct {
		Show     int `json:"show"`
		Withdraw int `json:"withdraw"`
	} `json:"run"`
	Cohort struct {
		Show int `json:"show"`
	} `json:"cohort"`
}

// Route sends what it matches to a tracker. Name is "route-1", ... where the
// document gives none. An empty list in Match matches everything.
type Route struct {
	Name  string `json:"name"`
	Match struct {
		Groups     []string `json:"groups"`
		Scanners   []string `json:"scanners"`
		Kinds      []string `json:"kinds"`
		Severities []string `json:"severities"`
		Owners     []string `json:"owners"` // by CODEOWNERS: "@acme/pay", "@alice", an e-mail address
	} `json:"match"`
	Jira     *JiraRoute `json:"jira"`
	Assignee string     `json:"assignee"` // a login of GitHub that people joins to one of Jira, or Jira's own
}

// JiraRoute says where tasks are made and what they are filled with. What is
// empty is left to Jira's own defaults.
type JiraRoute struct {
	Project       string   `json:"project"`
	IssueType     string   `json:"issue_type"` // "": Task
	Components    []string `json:"components"`
	Labels        []string `json:"labels"`
	Priority      string   `json:"priority"`
	SecurityLevel string   `json:"security_level"`
	Epic          string   `json:"epic"` // its key
	// Due is how long after a task is made it is due, by severity; a severity
	// that is missing has no due date.
	Due map[string]Span `json:"due"`
	// Fields are further fields by id or name, with their values as Jira's
	// interface takes them; also those that a transition's screen requires.
	Fields map[string]any `json:"fields"`
	// A task that is handed back goes to one of these statuses, if its
	// workflow leads there; "": it stays where it is.
	WithdrawnStatus     string `json:"withdrawn_status"`
	WithdrawnResolution string `json:"withdrawn_resolution"`
	FixedStatus         string `json:"fixed_status"`
	FixedResolution     string `json:"fixed_resolution"`
}

// Verdicts say what answers count for, from 0 (useful) to 1 (noise), at which
// severities an engineer's answer waits for the security team before it hides
// anything, at which the security team's own needs a second person, and what a
// tracker's words mean.
type Verdicts struct {
	Scores       map[string]float64 `json:"scores"`
	Approve      []string           `json:"approve"`
	SecondPerson []string           `json:"second_person"`
	Words        map[string]string  `json:"words"`
}

// Person joins one person's logins.
type Person struct {
	GitHub string `json:"github"`
	Jira   string `json:"jira"`
	Team   string `json:"team"`
}

// Visibility says what a repository of unknown visibility is treated as.
type Visibility struct {
	Unknown string `json:"unknown"` // "public" or "private"
}

// Risk says from which probability of exploitation on an advisory is in the
// class high or medium, and as how severe what is known to be exploited counts
// at least ("none": as severe as it is).
type Risk struct {
	EPSS struct {
		High   float64 `json:"high"`
		Medium float64 `json:"medium"`
	} `json:"epss"`
	Exploited string `json:"exploited"`
}

// Span is a length of time written as 12h or 14d.
type Span time.Duration

const century = 100 * 365 * 24 * time.Hour // nobody means more

// UnmarshalText reads hours or days.
func (s *Span) UnmarshalText(text []byte) error {
	number, unit := strings.TrimRight(string(text), "hd"), time.Hour
	if strings.HasSuffix(string(text), "d") {
		unit = 24 * time.Hour
	}
	n, err := strconv.Atoi(number)
	if err != nil || len(number)+1 != len(text) || n < 0 || n > int(century/unit) {
		return fmt.Errorf("%q is not a span such as 12h or 14d", text)
	}
	*s = Span(time.Duration(n) * unit)
	return nil
}

// rawLists are the parts of the document that are only reached by method.
type rawLists struct {
	Groups       map[string]rawGroup `json:"groups"`
	Paths        map[string][]string `json:"paths"`
	Suppressions []rawSuppression    `json:"suppressions"`
	Exceptions   []rawException      `json:"exceptions"`
}

// Parse reads a document and lays it over the defaults. name is used in
// messages. An empty document is all defaults. The error is of type problem.List.
func Parse(name string, text []byte) (*Settings, error) {
	schema, err := compileSchema()
	if err != nil {
		return nil, fmt.Errorf("load the settings' schema: %w", err)
	}
	d := read(name, text)
	if len(d.bad) == 0 {
		d.checkSchema(schema)
	}
	if len(d.bad) > 0 {
		return nil, d.problems()
	}
	base, err := defaults()
	if err != nil {
		return nil, fmt.Errorf("load the default settings: %w", err)
	}
	merged := overlay(base, d.root)
	var s Settings
	if err := s.decode(merged); err != nil {
		d.fault(err.Error())
		return nil, d.problems()
	}
	if d.check(&s); len(d.bad) > 0 {
		return nil, d.problems()
	}
	normalise(merged, d.groups)
	return build(merged)
}

// problems are the document's, in its order.
func (d *document) problems() problem.List {
	slices.SortStableFunc(d.bad, func(a, b problem.Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return d.bad
}

// Default is the settings of an empty document.
func Default() *Settings {
	s, err := Parse("defaults", nil)
	if err != nil {
		panic("settings: the embedded defaults are broken: " + err.Error())
	}
	return s
}

// defaults reads the embedded defaults, afresh so that nobody shares them.
func defaults() (map[string]any, error) {
	raw, err := fs.ReadFile(rules.FS, "data.yaml")
	if err != nil {
		return nil, err
	}
	d := read("rules/data.yaml", raw)
	if len(d.bad) > 0 {
		return nil, d.problems()
	}
	base, ok := d.root["settings"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("rules/data.yaml has no settings")
	}
	return base, nil
}

// build makes Settings of a normalised document.
func build(doc map[string]any) (*Settings, error) {
	s := &Settings{document: doc}
	if err := s.decode(doc); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(doc) // map keys come out sorted
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	s.revision = hex.EncodeToString(sum[:])
	s.groups = compileGroups(s.raw.Groups)
	s.classes = compileClasses(s.raw.Paths)
	s.mutes = compileMutes(s.raw.Suppressions, s.raw.Exceptions)
	return s, nil
}

func (s *Settings) decode(doc map[string]any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, s); err != nil {
		return err
	}
	return json.Unmarshal(raw, &s.raw)
}

// Revision is the SHA-256, in hex, of the document with its defaults. Comments,
// layout and the order of keys leave it alone, except that the order of groups
// counts: the first match wins.
func (s *Settings) Revision() string { return s.revision }

// Document is what rules see as data.settings: a copy of the document with its
// defaults. Each group has its place in the order of matching as `order`.
func (s *Settings) Document() map[string]any {
	raw, err := json.Marshal(s.document)
	if err != nil {
		panic("settings: a document that was marshalled once no longer is: " + err.Error())
	}
	var out map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&out); err != nil {
		panic("settings: " + err.Error())
	}
	return out
}

// overlay lays b over a: mappings key by key, everything else whole. Both are
// used up by it.
func overlay(a, b map[string]any) map[string]any {
	for name, v := range b {
		below, isMap := a[name].(map[string]any)
		above, alsoMap := v.(map[string]any)
		if isMap && alsoMap {
			a[name] = overlay(below, above)
		} else {
			a[name] = v
		}
	}
	return a
}

// normalise writes down what the document leaves implicit, in place: the order
// of groups, names of routes, lower-case repositories, a cohort's ceiling
// within its run's.
func normalise(doc map[string]any, order []string) {
	groups := doc["groups"].(map[string]any)
	for i, name := range order {
		if g, ok := groups[name].(map[string]any); ok {
			g["order"] = float64(i)
			lowerAll(g, "repositories")
		}
	}
	thresholds := doc["thresholds"].(map[string]any)
	byName := thresholds["repositories"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		rungs := byName[name]
		delete(byName, name)
		byName[strings.ToLower(name)] = rungs
	}
	for _, list := range []string{"suppressions", "exceptions"} {
		for _, item := range doc[list].([]any) {
			lowerAll(item.(map[string]any), "repositories")
		}
	}
	for i, item := range doc["routes"].([]any) {
		if route := item.(map[string]any); route["name"] == nil {
			route["name"] = fmt.Sprintf("route-%d", i+1)
		}
	}
	ceilings := doc["ceilings"].(map[string]any)
	run, cohort := ceilings["run"].(map[string]any), ceilings["cohort"].(map[string]any)
	cohort["show"] = min(cohort["show"].(float64), run["show"].(float64))
}

func lowerAll(in map[string]any, key string) {
	list, _ := in[key].([]any)
	for i, v := range list {
		list[i] = strings.ToLower(v.(string))
	}
}
