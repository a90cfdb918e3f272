package sarif

import (
	"maps"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// maxFolded is how much of a snippet is kept once its white space is folded.
const maxFolded = 1 << 10

// converter makes findings of one run's results. It is used by one goroutine.
type converter struct {
	run    *run
	root   string
	hash   func(string) string
	unseen map[string]*rule // rules that the report uses and does not declare
	blind  bool             // not all of the run's metadata is known
}

// convert makes a finding of a result, or says why it cannot be one.
func (c *converter) convert(f *finding.Finding, res *result, mistyped bool) finding.Reason {
	switch strings.ToLower(res.kind) {
	case "pass", "notapplicable", "informational":
		return finding.NotAProblem
	}
	one, where := c.rule(res)
	if one == nil {
		if mistyped {
			return finding.Malformed
		}
		return finding.NoRule
	}
	f.Scanner = c.run.scanner()
	f.Category = c.run.scope()
	f.Rule, f.Kind = one.Rule, one.kind
	c.addResultsOwn(f, res)
	f.Severity, f.SeverityFrom, f.Score = severity(res, one, f.Kind)
	f.Message = c.run.words(res.message, where, one)
	f.State = state(res)
	f.Place = c.place(res)
	f.Parts = c.parts(res)
	f.Fix = c.fix(&res.fix)
	f.Advisories = one.advisories
	switch f.Kind {
	case finding.SCA:
		c.dependency(f, res, one)
	case finding.Secret:
		c.redact(f, res.place)
		return ""
	}
	if c.blind && (c.run.driver.name == "" || c.unseen[one.ID] != nil || clean.SpeaksOfCredentials(one.Rule)) {
		// What was not read may say that this is about a secret.
		c.redact(f, res.place)
	}
	return ""
}

// rule finds the result's rule, or makes one of its id; nil without an id.
func (c *converter) rule(res *result) (*rule, *component) {
	ref := res.rule
	if res.ruleID != "" {
		ref.id = res.ruleID
	}
	if ref.index < 0 {
		ref.index = res.ruleIndex
	}
	where := c.run.component(ref)
	one := c.run.find(ref)
	switch {
	case one == nil && ref.id == "":
		return nil, nil
	case one == nil:
		return c.undeclared(ref.id), where
	case ref.id != "" && ref.id != one.ID: // below it in a hierarchy
		child := *one
		child.ID = ref.id
		return &child, where
	case one.ID == "":
		return nil, nil
	}
	return one, where
}

func (c *converter) undeclared(id string) *rule {
	one := c.unseen[id]
	if one == nil {
		one = &rule{Rule: finding.Rule{ID: id}}
		c.run.classify(one)
		if len(c.unseen) >= 1000 {
			clear(c.unseen)
		}
		c.unseen[id] = one
	}
	return one
}

// addResultsOwn adds what the result says beyond its rule, and corrects the kind
// where that tells: only the copy changes, rules are shared.
func (c *converter) addResultsOwn(f *finding.Finding, res *result) {
	for _, tag := range res.props.tags {
		f.Rule.Tags = clean.AppendNew(f.Rule.Tags, tag)
		f.Rule.CWEs = clean.AddCWEs(f.Rule.CWEs, tag)
	}
	for _, cwe := range res.props.cwes {
		f.Rule.CWEs = clean.AppendNew(f.Rule.CWEs, cwe)
	}
	if len(res.taxa) > 0 {
		f.Rule.CWEs = c.run.classes(f.Rule.CWEs, res.taxa)
	}
	if len(res.props.tags)+len(res.props.cwes)+len(res.taxa) > 0 {
		f.Kind = ruleKind(f.Kind, &rule{Rule: f.Rule})
	}
}

func state(res *result) finding.State {
	switch {
	case strings.EqualFold(res.baseline, "absent"):
		return finding.Absent
	case res.suppressed && !res.disputed:
		return finding.Suppressed
	}
	return finding.Open
}

func (c *converter) place(res *result) *finding.Place {
	file := ""
	if res.place.given {
		file = c.run.resolve(res.place.artifact, c.root)
	}
	if file == "" {
		return nil
	}
	p := res.place.region.place(file)
	if c.run.utf16 {
		codePoints(&p, res.place.context)
	}
	return &p
}

func (c *converter) redact(f *finding.Finding, p physical) {
	text := shown(p)
	clean.Redact(f, matched(text, p.region), text, c.hash)
}

// shown is the reported lines as the report shows them: the region's snippet, or
// the region's lines of its context's.
func shown(p physical) string {
	if p.region.snippet != "" || p.context.snippet == "" {
		return p.region.snippet
	}
	first, from := p.region.startLine, p.context.startLine
	if first <= 0 || from <= 0 || first < from {
		return p.context.snippet
	}
	lines := strings.SplitAfter(p.context.snippet, "\n")
	last := max(p.region.endLine, first)
	first, last = min(first-from, len(lines)), min(last-from+1, len(lines))
	return strings.Join(lines[first:last], "")
}

// isLineHash tells the shape of GitHub's primaryLocationLineHash, 39fa2ee980eb94b0:1.
func isLineHash(s string) bool {
	hash, n, _ := strings.Cut(s, ":")
	return isNumber(n) && hash != "" && len(hash) <= 16 && consistsOf(hash, isHex)
}

func (c *converter) parts(res *result) finding.Parts {
	p := finding.Parts{Snippet: clean.Fold(shown(res.place), maxFolded), Symbol: res.symbol}
	if p.Symbol == "" && res.symbolIndex >= 0 && res.symbolIndex < len(c.run.logical) {
		p.Symbol = c.run.logical[res.symbolIndex]
	}
	p.Fingerprints = res.partial
	if len(res.fingerprints) > 0 {
		if p.Fingerprints == nil {
			p.Fingerprints = res.fingerprints
		} else {
			maps.Copy(p.Fingerprints, res.fingerprints)
		}
	}
	if n := res.props.alert; isNumber(n) {
		if p.Fingerprints == nil {
			p.Fingerprints = map[string]string{}
		}
		p.Fingerprints[finding.AlertNumber] = n
	}
	if hash := p.Fingerprints["primaryLocationLineHash"]; isLineHash(hash) {
		p.LineHash = hash
	}
	return p
}

// fix keeps a fix only if all of it can be applied: every edit has a file and a
// line.
func (c *converter) fix(have *fix) *finding.Fix {
	if len(have.edits) == 0 || have.tooMuch {
		return nil
	}
	out := &finding.Fix{Description: have.description}
	for _, e := range have.edits {
		file := c.run.resolve(e.artifact, c.root)
		if file == "" || e.deleted.startLine <= 0 {
			return nil
		}
		out.Edits = append(out.Edits, finding.Edit{Place: e.deleted.place(file), Text: e.text})
	}
	return out
}

// dependency fills in what is particular to a vulnerable package. The logical
// location of such a finding is the package, no symbol.
func (c *converter) dependency(f *finding.Finding, res *result, one *rule) {
	manifest := ""
	if f.Place != nil {
		manifest = f.Place.Path
	}
	f.Package = packageOf(res, one, f.Message, f.Parts.Symbol, manifest)
	f.Parts.Symbol = ""
	if len(f.Advisories) == 0 {
		f.Advisories = clean.FindAdvisories(f.Advisories, one.Description, f.Message)
	}
}

// scanner names the tool; semanticVersion compares best (SARIF 3.19.12).
func (r *run) scanner() finding.Scanner {
	s := finding.Scanner{Name: r.driver.name, Version: r.driver.semantic}
	if s.Version == "" {
		s.Version = r.driver.version
	}
	return s
}

// scope is the run's category: what stands before the last slash of
// automationDetails.id, for what follows names this one run (SARIF 3.17.3).
func (r *run) scope() string {
	return r.category[:max(strings.LastIndexByte(r.category, '/'), 0)]
}
