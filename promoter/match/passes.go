package match

import (
	"cmp"
	"slices"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// proposal is a known and an incoming finding that a fingerprint brings together.
type proposal struct {
	known, incoming int
	sure            bool // the platform's own word: nothing else has to agree
}

// printed is a fingerprint of a rule, and owners who has it: a known
// finding, and how many there are on each side.
type (
	printed struct {
		rule string
		mark
	}
	owners struct{ known, nKnown, nIncoming int }
)

// proposals are the pairs that share a fingerprint which no other finding on
// either side has, and none that leads elsewhere; the number of a platform's
// alert outweighs all others.
func (t *tier) proposals() []proposal {
	prints := t.owners()
	claims := map[int]int{} // by known
	var out []proposal
	for i := range t.incoming {
		if !t.freeIncoming(i) {
			continue
		}
		known := map[int]bool{} // whom the fingerprints lead to
		sure := false
		for _, p := range t.incoming[i].prints {
			o := prints[printed{t.incoming[i].rule, p}]
			if o == nil || o.nKnown != 1 || o.nIncoming != 1 {
				continue
			}
			if sure = p.name == finding.AlertNumber; sure {
				known = map[int]bool{o.known: true}
				break
			}
			known[o.known] = true
		}
		for k := range known {
			claims[k]++
			if len(known) == 1 {
				out = append(out, proposal{k, i, sure})
			}
		}
	}
	return slices.DeleteFunc(out, func(p proposal) bool { return claims[p.known] > 1 && !p.sure })
}

// owners lists the known findings' fingerprints. Findings that were paired in
// an earlier tier count as owners too: what they share is shared.
func (t *tier) owners() map[printed]*owners {
	all := map[printed]*owners{}
	for i := range t.known {
		for _, p := range t.known[i].prints {
			k := printed{t.known[i].rule, p}
			if all[k] == nil {
				all[k] = &owners{}
			}
			all[k].known = i
			all[k].nKnown++
		}
	}
	for i := range t.incoming {
		for _, p := range t.incoming[i].prints {
			if o := all[printed{t.incoming[i].rule, p}]; o != nil {
				o.nIncoming++
			}
		}
	}
	return all
}

// accept takes the proposals that are still open and that agree.
func (t *tier) accept(proposals []proposal, agree func(known, incoming *entry) bool) {
	for _, p := range proposals {
		if t.freeKnown(p.known) && t.freeIncoming(p.incoming) && (p.sure || agree(&t.known[p.known], &t.incoming[p.incoming])) {
			t.pair(p.known, p.incoming, Fingerprint)
		}
	}
}

// equals settles a group of the same rule, path and text or message. What stands in the
// same context goes together; of the rest, equal numbers go together in order;
// else those whose position has not changed. What is left is ambiguous.
func (t *tier) equals(known, incoming []int) {
	known, incoming = inOrder(t.known, known), inOrder(t.incoming, incoming)
	known, incoming = t.sameContext(known, incoming)
	if len(known) == len(incoming) {
		t.pairInOrder(known, incoming)
		return
	}
	if len(incoming) > 0 && !t.incoming[incoming[0]].dependency {
		known, incoming = t.samePosition(known, incoming)
	}
	if len(known) == 0 {
		return
	}
	for _, i := range incoming {
		t.doubt(i, Moved)
	}
}

// sameContext pairs the members of each context that has as many known as
// incoming ones, and returns the others.
func (t *tier) sameContext(known, incoming []int) (restKnown, restIncoming []int) {
	type members struct{ known, incoming []int }
	contexts := map[string]*members{}
	of := func(context string) *members {
		if contexts[context] == nil {
			contexts[context] = &members{}
		}
		return contexts[context]
	}
	for _, i := range known {
		m := of(t.known[i].context)
		m.known = append(m.known, i)
	}
	for _, i := range incoming {
		m := of(t.incoming[i].context)
		m.incoming = append(m.incoming, i)
	}
	settled := func(context string) bool {
		m := contexts[context]
		return context != "" && len(m.known) == len(m.incoming)
	}
	for context, m := range contexts {
		if settled(context) {
			t.pairInOrder(m.known, m.incoming)
		}
	}
	for _, i := range known {
		if !settled(t.known[i].context) {
			restKnown = append(restKnown, i)
		}
	}
	for _, i := range incoming {
		if !settled(t.incoming[i].context) {
			restIncoming = append(restIncoming, i)
		}
	}
	return restKnown, restIncoming
}

// samePosition pairs what has not moved: from the first on as long as positions
// are the same; and behind that only if every position of the smaller side is
// one of the larger's, or a shift by the distance between two equals would look
// like standing still.
func (t *tier) samePosition(known, incoming []int) (restKnown, restIncoming []int) {
	for len(known) > 0 && len(incoming) > 0 && comparePositions(&t.known[known[0]], &t.incoming[incoming[0]]) == 0 {
		t.pairInOrder(known[:1], incoming[:1])
		known, incoming = known[1:], incoming[1:]
	}
	var pairs []proposal
	for k, i := 0, 0; k < len(known) && i < len(incoming); {
		switch c := comparePositions(&t.known[known[k]], &t.incoming[incoming[i]]); {
		case c < 0:
			k++
		case c > 0:
			i++
		default:
			pairs = append(pairs, proposal{known: known[k], incoming: incoming[i]})
			k++
			i++
		}
	}
	if len(pairs) < min(len(known), len(incoming)) {
		return known, incoming
	}
	for _, p := range pairs {
		t.pairInOrder([]int{p.known}, []int{p.incoming})
	}
	return slices.DeleteFunc(known, func(k int) bool { return !t.freeKnown(k) }),
		slices.DeleteFunc(incoming, func(i int) bool { return !t.freeIncoming(i) })
}

// pairInOrder pairs two lists of the same length.
func (t *tier) pairInOrder(known, incoming []int) {
	for n, i := range incoming {
		how := Moved
		if e := &t.incoming[i]; e.dependency || e.line == t.known[known[n]].line {
			how = Place
		}
		t.pair(known[n], i, how)
	}
}

// onlyOne settles a group across files.
func (t *tier) onlyOne(known, incoming []int) {
	if len(known) == 1 && len(incoming) == 1 && t.known[known[0]].path != t.incoming[incoming[0]].path {
		t.pair(known[0], incoming[0], Renamed)
	}
}

func (t *tier) onlyOneOrDoubt(known, incoming []int) {
	t.onlyOne(known, incoming)
	for _, i := range incoming {
		t.doubt(i, Renamed)
	}
}

// inOrder sorts by position in the file. Twins at one position stay as they
// came, after their ordinals and messages.
func inOrder(entries []entry, members []int) []int {
	slices.SortStableFunc(members, func(a, b int) int {
		x, y := &entries[a], &entries[b]
		return cmp.Or(comparePositions(x, y), cmp.Compare(x.ordinal, y.ordinal), cmp.Compare(x.message, y.message))
	})
	return members
}

func comparePositions(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
}
