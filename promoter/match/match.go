// Package match recognises the findings of a new report among those already
// known, though lines moved, files were renamed or the report was sorted
// differently. It is pure.
//
// The awkward truth: half of all real results share rule, path and message with
// a neighbour, and equals are told apart only by the code around them and by
// their order. Where as many equals are reported as are known, they are taken to
// be the same ones in the same order; if one was fixed and another one written
// between two scans, the new one takes over the old one's identity. Where the
// numbers differ and neither context nor position tells which is which, nothing
// is matched: a known problem shown again is an annoyance, somebody's dismissal
// put on another problem is a wrong.
//
// For the same reason only what just left its file is looked for in others, and
// the caller has to say of what that is known (Candidate.AnyFile). Where one
// line was fixed and the same one written in another file between two scans,
// that still is taken for a move.
package match

import (
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// Candidate is a known finding as it was last seen somewhere.
type Candidate struct {
	No         int64
	Rule       string
	Place      *finding.Place
	Parts      finding.Parts
	Package    *finding.Package
	Advisories []string
	Message    string
	// AnyFile: it may have gone to another file. Without it, only the number of an
	// alert finds it outside its own.
	AnyFile bool
}

// Pass says on what evidence an incoming finding was recognised.
type Pass string

// The passes, in the order in which a tier tries them.
const (
	Fingerprint Pass = "fingerprint" // the scanner's own, one to one
	Place       Pass = "place"       // same rule, path, text and line; of a dependency, same manifest
	Moved       Pass = "moved"       // same rule, path and text on another line
	Renamed     Pass = "renamed"     // same rule and text in another file, one on each side
	New         Pass = "new"         // not recognised
)

// Result is what became of each incoming finding, in their order.
type Result struct {
	No        []int64 // 0: new
	How       []Pass
	Ambiguous int // of the new ones, how many would have had several candidates, or one with several claimants
}

// Match recognises incoming findings, all of one tool's scan of one scope, among
// candidates of that tool. The tiers are tried in order: the same ref's previous
// sightings, the base branch's, the rest of the repository. A number is given
// at most once; within a tier, of several candidates with one number the first
// counts, in any file if one of them does. Findings of different rules never match.
//
// What was ambiguous in one tier can be recognised in the next by a stronger
// pass only.
//
// Parts must be filled in on both sides; see sourcetext.Enrich. It takes
// O(n log n) time.
func Match(tiers [][]Candidate, incoming []finding.Finding) Result {
	m := &matcher{
		incoming: make([]entry, len(incoming)),
		result:   Result{No: make([]int64, len(incoming)), How: make([]Pass, len(incoming))},
		doubtful: make([]Pass, len(incoming)),
		used:     map[int64]bool{},
	}
	for i := range incoming {
		f := &incoming[i]
		m.incoming[i] = newEntry(Candidate{Rule: f.Rule.ID, Place: f.Place, Parts: f.Parts,
			Package: f.Package, Advisories: f.Advisories, Message: f.Message})
		m.result.How[i] = New
	}
	for _, candidates := range tiers {
		m.tier(candidates)
	}
	for i, no := range m.result.No {
		if no == 0 && m.doubtful[i] != "" {
			m.result.Ambiguous++
		}
	}
	return m.result
}

// matcher holds what is decided across tiers.
type matcher struct {
	incoming []entry
	result   Result
	doubtful []Pass // the first pass, Moved or Renamed, that found no way to tell; else ""
	used     map[int64]bool
}

// tier is one set of candidates. Known and incoming findings go by their index
// in known and matcher.incoming.
type tier struct {
	*matcher
	known   []entry
	numbers []int64
	barred  []Pass // doubtful in an earlier tier
}

func (m *matcher) tier(candidates []Candidate) {
	t := &tier{matcher: m, barred: slices.Clone(m.doubtful)}
	seen := make(map[int64]int, len(candidates))
	for _, c := range candidates {
		if i, ok := seen[c.No]; ok {
			t.known[i].anyFile = t.known[i].anyFile || c.AnyFile
			continue
		}
		seen[c.No] = len(t.known)
		t.known = append(t.known, newEntry(c))
		t.numbers = append(t.numbers, c.No)
	}
	proposals := t.proposals()
	t.accept(proposals, textAgreesInFile)
	t.together(sameFile, t.equals)
	t.together(sameMessage, t.equals)
	// A fingerprint whose text changed comes after all that speaks for the
	// text: some scanners hash a line number into it.
	t.accept(proposals, samePath)
	// Only what is not where it was can be in another file.
	t.accept(proposals, textAgreesAnywhere)
	t.together(renamedUnchanged, t.onlyOne)
	t.together(renamed, t.onlyOneOrDoubt)
}

// pair gives a known finding's number to an incoming one.
func (t *tier) pair(known, incoming int, how Pass) {
	if barred := t.barred[incoming]; barred == how || barred == Moved && how == Renamed {
		return
	}
	t.result.No[incoming], t.result.How[incoming] = t.numbers[known], how
	t.used[t.numbers[known]] = true
}

func (t *tier) freeKnown(known int) bool { return !t.used[t.numbers[known]] }

func (t *tier) freeIncoming(incoming int) bool { return t.result.No[incoming] == 0 }

// doubt notes that a pass could not tell.
func (t *tier) doubt(incoming int, pass Pass) {
	if t.freeIncoming(incoming) && t.doubtful[incoming] != Moved {
		t.doubtful[incoming] = pass
	}
}

// together calls settle for every group of free findings of one key that has
// members on both sides, in the order of the incoming ones.
func (t *tier) together(keyOf func(*entry, side) (key, bool), settle func(known, incoming []int)) {
	type group struct{ known, incoming []int }
	groups := map[key]*group{}
	for i := range t.known {
		if k, ok := keyOf(&t.known[i], knownSide); ok && t.freeKnown(i) {
			if groups[k] == nil {
				groups[k] = &group{}
			}
			groups[k].known = append(groups[k].known, i)
		}
	}
	var order []*group
	for i := range t.incoming {
		if !t.freeIncoming(i) {
			continue
		}
		k, ok := keyOf(&t.incoming[i], incomingSide)
		g := groups[k]
		if !ok || g == nil {
			continue
		}
		if g.incoming == nil {
			order = append(order, g)
		}
		g.incoming = append(g.incoming, i)
	}
	for _, g := range order {
		settle(g.known, g.incoming)
	}
}
