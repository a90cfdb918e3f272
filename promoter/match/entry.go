package match

import (
	"cmp"
	"slices"
	"strings"
)

// entry is a finding, known or incoming, as the passes compare it.
type entry struct {
	rule string
	path string // of a dependency, the manifest
	// text is what the finding is about: the snippet, else the message; of a
	// dependency, the package and the advisory.
	text    string
	snippet bool // text comes from the source or the report's snippet
	// context tells equals apart: the line hash; of a dependency, the version.
	context    string
	dependency bool
	line       int
	column     int
	ordinal    int
	message    string
	prints     []mark
	anyFile    bool // of a known one: see Candidate
}

// mark is one of the scanner's own fingerprints.
type mark struct{ name, value string }

func newEntry(c Candidate) entry {
	e := entry{rule: c.Rule, ordinal: c.Parts.Ordinal, message: c.Message, prints: prints(c.Parts.Fingerprints), anyFile: c.AnyFile}
	if c.Place != nil {
		e.path, e.line, e.column = c.Place.Path, c.Place.StartLine, c.Place.StartColumn
	}
	switch {
	case c.Package != nil:
		e.dependency = true
		e.path = cmp.Or(c.Package.Manifest, e.path)
		e.text = "package\x00" + packageName(c) + "\x00" + advisory(c)
		e.context = c.Package.Version
	case c.Parts.Snippet != "" && c.Parts.Snippet != withoutLogin:
		e.snippet = true
		e.text = "snippet\x00" + c.Parts.Snippet
		e.context = withoutCount(c.Parts.LineHash)
	default:
		e.text = "message\x00" + c.Message
		e.context = withoutCount(c.Parts.LineHash)
	}
	return e
}

// withoutCount is a line hash without the number of its equals above: another
// block of the same code, inserted in front, would change it.
func withoutCount(hash string) string {
	if i := strings.LastIndexByte(hash, ':'); i >= 0 {
		return hash[:i]
	}
	return hash
}

// packageName is the package without its version.
func packageName(c Candidate) string {
	if c.Package.Name != "" {
		return c.Package.Name
	}
	purl, _, _ := strings.Cut(c.Package.PURL, "?")
	if at := strings.LastIndexByte(purl, '@'); at > strings.LastIndexByte(purl, '/') {
		purl = purl[:at]
	}
	return purl
}

// advisory tells findings of a rule such as "vulnerable-dependency" apart.
// Where the rule is an advisory itself, its aliases, which come and go, do not.
func advisory(c Candidate) string {
	if len(c.Advisories) == 0 || slices.Contains(c.Advisories, c.Rule) {
		return ""
	}
	return slices.Min(c.Advisories)
}

// notIdentity are names, in lower case, under which scanners put something else
// than an identity among their fingerprints: gitleaks the commit that brought a
// secret in, CodeQL the column.
func notIdentity(name string) bool {
	switch name {
	case "commitsha", "commitmessage", "author", "email", "date", "primarylocationstartcolumnfingerprint":
		return true
	}
	return false
}

// withoutLogin is what Semgrep writes for fingerprints and lines where nobody is
// logged in.
const withoutLogin = "requires login"

func prints(fingerprints map[string]string) []mark {
	var out []mark
	for name, value := range fingerprints {
		lower := strings.ToLower(name)
		if value != "" && value != withoutLogin && !notIdentity(lower) {
			out = append(out, mark{name, withoutOrdinal(lower, value)})
		}
	}
	slices.SortFunc(out, func(a, b mark) int { return cmp.Compare(a.name, b.name) })
	return out
}

// withoutOrdinal is a fingerprint without the number of its equals above, which
// changes with them: of Semgrep's abc_0 and abc_1, the second is abc_0 once the
// first is gone. Only where it is known that this number is one: elsewhere it may
// tell two findings apart.
func withoutOrdinal(name, value string) string {
	base, _, _ := strings.Cut(name, "/")
	switch base {
	case "matchbasedid":
		if i := strings.LastIndexByte(value, '_'); i > 0 {
			return value[:i]
		}
	case "primarylocationlinehash":
		return withoutCount(value)
	}
	return value
}

// side says whose key is asked for.
type side bool

const (
	knownSide    side = false
	incomingSide side = true
)

// key is what the members of a group share.
type key struct {
	rule, path, text, context string
	hashed                    bool
}

// sameFile groups equals: same rule and text in one file, or nowhere.
func sameFile(e *entry, _ side) (key, bool) {
	return key{rule: e.rule, path: e.path, text: e.text}, true
}

// sameMessage groups findings whose source could be read with those whose source
// could not, which have no text in common.
func sameMessage(e *entry, s side) (key, bool) {
	hashed := (e.context != "") == (s == knownSide)
	return key{rule: e.rule, path: e.path, text: e.message, hashed: hashed}, e.line > 0 && !e.dependency
}

// renamedUnchanged groups what stands in the same context, in any file. A
// message alone says too little about where a finding went.
func renamedUnchanged(e *entry, s side) (key, bool) {
	return key{rule: e.rule, text: e.text, context: e.context}, e.context != "" && canBeRenamed(e, s)
}

// renamed groups the same rule and text in any file.
func renamed(e *entry, s side) (key, bool) {
	return key{rule: e.rule, text: e.text}, canBeRenamed(e, s)
}

// canBeRenamed also holds without a path, which a corrected root can bring.
func canBeRenamed(e *entry, s side) bool {
	return (e.snippet || e.dependency) && (s == incomingSide || e.anyFile)
}

func samePath(a, b *entry) bool {
	return a.path == b.path && a.dependency == b.dependency && (!a.dependency || a.text == b.text)
}

// textAgrees: nothing says that two findings are about different text.
func textAgrees(a, b *entry) bool {
	return a.text == b.text || !a.dependency && !b.dependency && (!a.snippet || !b.snippet)
}

func textAgreesInFile(a, b *entry) bool { return a.path == b.path && textAgrees(a, b) }

func textAgreesAnywhere(known, b *entry) bool { return known.anyFile && textAgrees(known, b) }
