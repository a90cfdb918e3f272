// Package finding holds the nouns every other package speaks: a finding as one
// scanner reports it, where it is, how bad it says it is, and the scope a scan
// of it can speak for. It imports the standard library only.
//
// The awkward truth: scanners agree on very little. Half of all real results
// share rule, path and message with a neighbour, most carry no snippet, and
// severities come from five different scales. So a Finding records what was
// said and where each judgement came from, and leaves identity to the matcher.
package finding

import "time"

// Kind is the family of problem a scanner looks for.
type Kind string

// The kinds Sluice tells apart. Anything else a scanner does is Other.
const (
	SAST   Kind = "sast"   // a weakness in the project's own code
	SCA    Kind = "sca"    // a known vulnerability in a dependency
	Secret Kind = "secret" // a credential in the source
	IaC    Kind = "iac"    // a weakness in infrastructure described as code
	Other  Kind = "other"  // quality, licences, anything else
)

// State is what the report itself says of a finding.
type State string

// A finding is open unless its report says that somebody suppressed it or that
// it was in the baseline and is no longer there.
const (
	Open       State = "open"
	Suppressed State = "suppressed"
	Absent     State = "absent"
)

// Finding is one problem in one repository, as one scanner's rule reports it.
// Strings are as the scanner wrote them, hostile until escaped; secrets are
// already redacted by the parser.
type Finding struct {
	Scanner      Scanner      `json:"scanner"`
	Kind         Kind         `json:"kind"`
	Rule         Rule         `json:"rule"`
	Severity     Severity     `json:"severity"`
	SeverityFrom SeverityFrom `json:"severity_from"`
	Score        float64      `json:"score,omitempty"` // 0 to 10 when the report gives one; 0 means none given
	Message      string       `json:"message"`
	Place        *Place       `json:"place"`   // nil: the report names no place
	Package      *Package     `json:"package"` // nil: not about a dependency
	Advisories   []string     `json:"advisories"`
	// Vector is the CVSS vector of Score, where the report gives one.
	Vector string `json:"vector,omitempty"`
	// Reachability says whether the project uses the vulnerable code: Called,
	// Imported, Required, or "" where the scanner did not look.
	Reachability string `json:"reachability,omitempty"`
	// EPSS is what the report says of the chance of exploitation; nil: nothing.
	EPSS     *EPSS  `json:"epss,omitempty"`
	Fix      *Fix   `json:"fix"`
	State    State  `json:"state"`
	Category string `json:"category"`
	// Alert is the page of the platform's own alert about it, "" if it has none.
	Alert string `json:"alert,omitempty"`
	// Dismissal is who dismissed that alert, and why; nil: nobody did. It names
	// a person and is therefore no part of what is stored of a finding.
	Dismissal *Dismissal `json:"dismissal,omitempty"`
	Parts     Parts      `json:"parts"`
}

// Scanner names the tool that reported a finding.
type Scanner struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Rule is the scanner's rule: its stable id and what helps a reader.
type Rule struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	HelpURL     string   `json:"help_url"`
	CWEs        []string `json:"cwes"` // "CWE-79", upper case, in the report's order, no duplicates
	Tags        []string `json:"tags"`
	Description string   `json:"description,omitempty"` // one or two plain sentences for a comment
}

// Place is where in a repository a finding points. Lines and columns count
// from 1; columns count Unicode code points; 0 means not given.
type Place struct {
	Path        string `json:"path"` // relative to the repository's root, forward slashes, cleaned
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn int    `json:"start_column"`
	EndColumn   int    `json:"end_column"` // one past the last character
}

// Package is the dependency a finding is about.
type Package struct {
	PURL      string `json:"purl"` // https://github.com/package-url/purl-spec
	Name      string `json:"name"`
	Version   string `json:"version"`
	Ecosystem string `json:"ecosystem"`
	FixedIn   string `json:"fixed_in"`
	Manifest  string `json:"manifest"` // path of the file that brings it in
}

// EPSS is FIRST's estimate that a vulnerability will be exploited in the next 30
// days (https://www.first.org/epss/), both from 0 to 1.
type EPSS struct {
	Score      float64 `json:"score"`      // the probability
	Percentile float64 `json:"percentile"` // the share of vulnerabilities with this score or a lower one
}

// Dismissal is what a person, or a rule of the platform, decided about an alert.
type Dismissal struct {
	// Reason is the platform's word: "false positive", "won't fix", "used in
	// tests", "tolerable_risk", "no_bandwidth", "revoked", ...; AutoDismissed
	// where no person did it.
	Reason  string    `json:"reason"`
	Comment string    `json:"comment,omitempty"` // in the person's own words, hostile until escaped
	By      string    `json:"by,omitempty"`      // login on the platform; "": a rule, or an account that is gone
	At      time.Time `json:"at,omitzero"`
}

// The Reasons of what no person dismissed on the platform: a rule of its own
// did, or we did.
const (
	AutoDismissed = "auto_dismissed"
	OwnDismissal  = "own"
)

// Fix is a change the scanner proposes, complete enough to apply.
type Fix struct {
	Description string `json:"description"`
	Edits       []Edit `json:"edits"`
}

// Edit replaces the text at a place. An empty Text deletes it.
type Edit struct {
	Place Place  `json:"place"`
	Text  string `json:"text"`
}

// Parts are the raw materials of identity, filled in twice: by the parser with
// what the report says, then from the source text at the scanned commit. They
// are compared by the matcher; no digest of them is ever a finding's key.
type Parts struct {
	// Fingerprints are the scanner's own, by their name in the report.
	Fingerprints map[string]string `json:"fingerprints,omitempty"`
	// Snippet is the reported lines with white space folded, or a keyed hash
	// of them where they hold a secret.
	Snippet string `json:"snippet"`
	// LineHash is the rolling hash of the code from the reported line on, as
	// GitHub code scanning defines primaryLocationLineHash.
	LineHash string `json:"line_hash"`
	// Symbol is the function or type the finding stands in, if the report says.
	Symbol string `json:"symbol"`
	// Ordinal counts, from 0 and in the file's order, findings of one report
	// that share rule, path and snippet.
	Ordinal int `json:"ordinal"`
}

// AlertNumber is the fingerprint that is the number of GitHub's own alert about
// a finding: GitHub keeps it through moves, renames and refs, and writes it into
// the SARIF of an analysis, so it says more than anything else that two findings
// of a tool are one.
const AlertNumber = "github/alertNumber"

// Scope is what one scan can speak for: a finding is gone only from a complete
// scan of its scope. CodeQL for Java and CodeQL for JavaScript are two
// categories of one tool, and so two scopes.
type Scope struct {
	Source   string `json:"source"`
	Ref      string `json:"ref"` // "refs/heads/main" or "refs/pull/7/head"
	Tool     string `json:"tool"`
	Category string `json:"category"`
}

// Scan is one run of one tool over one commit, as its report describes it.
type Scan struct {
	Scanner  Scanner `json:"scanner"`
	Category string  `json:"category"`
	// RulesDigest changes when the tool's set of rules does: what vanishes
	// together with its rule was not fixed.
	RulesDigest string `json:"rules_digest"`
	// Rules are the ids of the rules the report declares or uses, sorted.
	Rules []string `json:"-"`
	// Complete: the scan ran to its end and its results were read to theirs.
	Complete bool `json:"complete"`
	// ToolRead: what the report says of its tool and rules was read. Results of
	// a broken report that came before have neither a scanner nor their
	// severity.
	ToolRead bool `json:"-"`
}
