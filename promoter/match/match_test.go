package match_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/promoter/match"
)

// f is a finding of rule R on a line of a file. Its text is the snippet, or, if
// there is none, the message.
func f(path string, line int, snippet, context string) finding.Finding {
	x := finding.Finding{Rule: finding.Rule{ID: "R"}, Message: "bad",
		Parts: finding.Parts{Snippet: snippet, LineHash: context}}
	if path != "" {
		x.Place = &finding.Place{Path: path, StartLine: line}
	}
	return x
}

func change(x finding.Finding, how func(*finding.Finding)) finding.Finding {
	how(&x)
	return x
}

func printed(x finding.Finding, pairs ...string) finding.Finding {
	x.Parts.Fingerprints = map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		x.Parts.Fingerprints[pairs[i]] = pairs[i+1]
	}
	return x
}

func said(message string, x finding.Finding) finding.Finding {
	x.Message = message
	return x
}

func dependency(rule, name, version, manifest string, advisories ...string) finding.Finding {
	return finding.Finding{Rule: finding.Rule{ID: rule}, Advisories: advisories, Message: name + " " + version + " is vulnerable",
		Place:   &finding.Place{Path: manifest, StartLine: 1},
		Package: &finding.Package{Name: name, Version: version, Manifest: manifest}}
}

// known numbers findings from 1, as candidates that may have gone to any file.
func known(fs ...finding.Finding) []match.Candidate { return knownFrom(1, fs...) }

func knownFrom(no int64, fs ...finding.Finding) []match.Candidate {
	var out []match.Candidate
	for i, x := range fs {
		out = append(out, match.Candidate{No: no + int64(i), Rule: x.Rule.ID, Place: x.Place, Parts: x.Parts,
			Package: x.Package, Advisories: x.Advisories, Message: x.Message, AnyFile: true})
	}
	return out
}

// bound takes from candidates that they may have gone to another file.
func bound(candidates []match.Candidate) []match.Candidate {
	for i := range candidates {
		candidates[i].AnyFile = false
	}
	return candidates
}

// say writes a result as "1 place, new".
func say(r match.Result) []string {
	var out []string
	for i, no := range r.No {
		if no == 0 {
			out = append(out, string(r.How[i]))
			continue
		}
		out = append(out, fmt.Sprintf("%d %s", no, r.How[i]))
	}
	return out
}

type list = []finding.Finding

func TestMatchWithinOneTier(t *testing.T) {
	for _, tt := range []struct {
		name      string
		known     list
		incoming  list
		want      []string
		ambiguous int
	}{
		{"nothing known", nil, list{f("a", 1, "x", "")}, []string{"new"}, 0},
		{"nothing came", list{f("a", 1, "x", "")}, nil, nil, 0},
		{"the same place", list{f("a", 1, "x", "")}, list{f("a", 1, "x", "")}, []string{"1 place"}, 0},
		{"another line", list{f("a", 1, "x", "")}, list{f("a", 9, "x", "")}, []string{"1 moved"}, 0},
		{"another rule, all else the same", list{f("a", 1, "x", "h")},
			list{change(printed(f("a", 1, "x", "h"), "p", "1"), func(x *finding.Finding) { x.Rule.ID = "S" })}, []string{"new"}, 0},
		{"the text changed", list{f("a", 1, "x", "h:1")}, list{f("a", 1, "y", "i:1")}, []string{"new"}, 0},
		{"no text: message and line", list{f("a", 1, "", ""), f("a", 5, "", "")}, list{f("a", 5, "", ""), f("a", 1, "", "")},
			[]string{"2 place", "1 place"}, 0},
		{"no place", list{f("", 0, "", "")}, list{f("", 0, "", "")}, []string{"1 place"}, 0},
		{"source read only the first time", list{f("a", 5, "x := 1", "h:1")}, list{f("a", 5, "x", "")}, []string{"1 place"}, 0},
		{"source read only the first time, and lines inserted above", list{f("a", 5, "x := 1", "h:1"), f("a", 9, "y := 1", "i:1")},
			list{f("a", 7, "", ""), f("a", 11, "", "")}, []string{"1 moved", "2 moved"}, 0},
		{"source read only the second time, and lines inserted above", list{f("a", 5, "", "")}, list{f("a", 7, "x", "h:1")}, []string{"1 moved"}, 0},
		{"source read only the first time, and one removed", list{f("a", 5, "x := 1", "h:1"), f("a", 9, "y := 1", "i:1")},
			list{f("a", 9, "", "")}, []string{"2 place"}, 0},
		{"source read only the first time, one removed and lines inserted above: nobody can tell", list{f("a", 5, "x := 1", "h:1"), f("a", 9, "y := 1", "i:1")},
			list{f("a", 12, "", "")}, []string{"new"}, 1},
		{"source read only the second time", list{f("a", 5, "", "")}, list{f("a", 5, "x", "h:1")}, []string{"1 place"}, 0},

		{"equals shifted by their distance keep their order", list{f("a", 10, "x", ""), f("a", 20, "x", "")},
			list{f("a", 20, "x", ""), f("a", 30, "x", "")}, []string{"1 moved", "2 moved"}, 0},
		{"an equal inserted above: context tells", list{f("a", 10, "x", "h:1")},
			list{f("a", 10, "x", "new:1"), f("a", 20, "x", "h:1")}, []string{"new", "1 moved"}, 0},
		{"an equal removed above: context tells", list{f("a", 10, "x", "g:1"), f("a", 20, "x", "h:1")},
			list{f("a", 10, "x", "h:1")}, []string{"2 moved"}, 0},
		{"the count behind a hash is not context", list{f("a", 10, "x", "h:1")},
			list{f("a", 10, "x", "g:1"), f("a", 20, "x", "h:2")}, []string{"new", "1 moved"}, 0},
		{"two on one line, told apart by their messages", list{said("A", f("a", 1, "x", "")), said("B", f("a", 1, "x", ""))},
			list{said("B", f("a", 1, "x", "")), said("A", f("a", 1, "x", ""))}, []string{"2 place", "1 place"}, 0},
		{"an equal added below, nothing moved", list{f("a", 10, "x", ""), f("a", 20, "x", "")},
			list{f("a", 10, "x", ""), f("a", 20, "x", ""), f("a", 30, "x", "")}, []string{"1 place", "2 place", "new"}, 0},
		{"an equal removed, nothing moved", list{f("a", 10, "x", ""), f("a", 20, "x", ""), f("a", 30, "x", "")},
			list{f("a", 20, "x", ""), f("a", 30, "x", "")}, []string{"2 place", "3 place"}, 0},
		{"an equal added and all shifted by their distance: nobody can tell", list{f("a", 10, "x", ""), f("a", 20, "x", "")},
			list{f("a", 20, "x", ""), f("a", 30, "x", ""), f("a", 40, "x", "")}, []string{"new", "new", "new"}, 3},
		{"those above a removed equal did not move", list{f("a", 10, "x", ""), f("a", 20, "x", ""), f("a", 30, "x", "")},
			list{f("a", 10, "x", ""), f("a", 25, "x", "")}, []string{"1 place", "new"}, 1},
		{"two on one line", list{f("a", 10, "x", ""), f("a", 10, "x", "")}, list{f("a", 10, "x", ""), f("a", 10, "x", ""), f("a", 10, "x", "")},
			[]string{"1 place", "2 place", "new"}, 0},

		{"a renamed file", list{f("old/a", 1, "x", "")}, list{f("new/a", 1, "x", "")}, []string{"1 renamed"}, 0},
		{"a renamed file, two candidates", list{f("old/a", 1, "x", ""), f("old/b", 1, "x", "")}, list{f("new/a", 1, "x", "")}, []string{"new"}, 1},
		{"a renamed file, two claimants", list{f("old/a", 1, "x", "")}, list{f("new/a", 1, "x", ""), f("new/b", 1, "x", "")}, []string{"new", "new"}, 2},
		{"two renamed files, told apart by context", list{f("old/a", 1, "x", "g:1"), f("old/b", 1, "x", "h:1")},
			list{f("new/b", 1, "x", "h:1"), f("new/a", 1, "x", "g:1")}, []string{"2 renamed", "1 renamed"}, 0},
		{"a copy is not a rename", list{f("a", 1, "x", "h:1")}, list{f("b", 1, "x", "h:1"), f("a", 1, "x", "h:1")}, []string{"new", "1 place"}, 0},
		{"a message alone does not rename", list{f("old/a", 1, "", "")}, list{f("new/a", 1, "", "")}, []string{"new"}, 0},

		{"a fingerprint in another file does not beat the text where it was", list{printed(f("a", 1, "x", ""), "p", "1")},
			list{printed(f("b", 1, "x", ""), "p", "1"), printed(f("a", 1, "x", ""), "p", "2")}, []string{"new", "1 place"}, 0},
		{"a fingerprint across files and text", list{printed(f("a", 1, "x", ""), "p", "1")}, list{printed(f("b", 7, "x", ""), "p", "1")},
			[]string{"1 fingerprint"}, 0},
		{"a fingerprint and another text in the same file", list{printed(f("a", 1, "x", ""), "p", "1")},
			list{printed(f("a", 1, "y", ""), "p", "1")}, []string{"1 fingerprint"}, 0},
		{"a fingerprint and another text in another file", list{printed(f("a", 1, "x", ""), "p", "1")},
			list{printed(f("b", 1, "y", ""), "p", "1")}, []string{"new"}, 0},
		{"a fingerprint of another name", list{printed(f("a", 1, "x", ""), "p", "1")}, list{printed(f("a", 1, "y", ""), "q", "1")}, []string{"new"}, 0},
		{"a shared fingerprint is settled by place", list{printed(f("a", 1, "x", ""), "p", "1"), printed(f("a", 2, "y", ""), "p", "1")},
			list{printed(f("a", 2, "y", ""), "p", "1"), printed(f("a", 1, "x", ""), "p", "1")}, []string{"2 place", "1 place"}, 0},
		{"a shared fingerprint alone matches nothing", list{printed(f("a", 1, "x", ""), "p", "1"), printed(f("a", 2, "y", ""), "p", "1")},
			list{printed(f("a", 1, "z", ""), "p", "1")}, []string{"new"}, 0},
		{"the number of an alert outweighs text, place and other fingerprints",
			list{printed(f("a", 1, "x", ""), "github/alertNumber", "7", "p", "1"), printed(f("a", 2, "y", ""), "github/alertNumber", "8", "p", "2")},
			list{printed(f("b", 5, "y", ""), "github/alertNumber", "7", "p", "2")}, []string{"1 fingerprint"}, 0},
		{"the number of an alert, first without its package", list{printed(f("go.mod", 1, "", ""), "github/alertNumber", "7")},
			list{change(printed(f("go.mod", 1, "", ""), "github/alertNumber", "7"), func(x *finding.Finding) { x.Package = &finding.Package{Name: "x", Manifest: "go.mod"} })},
			[]string{"1 fingerprint"}, 0},
		{"fingerprints that disagree", list{printed(f("a", 1, "x", ""), "p", "1"), printed(f("a", 2, "y", ""), "q", "2")},
			list{printed(f("a", 3, "z", ""), "p", "1", "q", "2")}, []string{"new"}, 0},
		{"two that different fingerprints lead to one", list{printed(f("a", 1, "x", ""), "p", "1", "q", "2")},
			list{printed(f("a", 3, "y", ""), "p", "1"), printed(f("a", 4, "z", ""), "q", "2")}, []string{"new", "new"}, 0},
		{"a line number hashed into the fingerprint does not beat the text", list{printed(f("a", 10, "x", ""), "p", "10"), printed(f("a", 20, "y", ""), "p", "20")},
			list{printed(f("a", 20, "x", ""), "p", "20"), printed(f("a", 30, "y", ""), "p", "30")}, []string{"1 moved", "2 moved"}, 0},
		{"the commit that brought a secret in is no identity", list{printed(f("a", 1, "x", ""), "commitSha", "c", "author", "al")},
			list{printed(f("a", 9, "y", ""), "commitSha", "c", "author", "al")}, []string{"new"}, 0},

		{"the column it begins in is no identity", list{printed(f("a", 1, "x", "h:1"), "primaryLocationLineHash", "h:1", "primaryLocationStartColumnFingerprint", "4")},
			list{printed(f("a", 9, "y", "i:1"), "primaryLocationLineHash", "i:1", "primaryLocationStartColumnFingerprint", "4")}, []string{"new"}, 0},
		{"Semgrep's words for who is not logged in are no fingerprint", list{printed(f("a", 1, "x", "h:1"), "matchBasedId/v1", "requires login")},
			list{printed(f("a", 1, "y", "i:1"), "matchBasedId/v1", "requires login")}, []string{"new"}, 0},
		{"nor a text", list{f("a", 1, "requires login", "")}, list{f("b", 1, "requires login", "")}, []string{"new"}, 0},
		{"the first of two equals removed: the count behind Semgrep's fingerprint is not its own",
			list{printed(f("a", 10, "x", "g:1"), "matchBasedId/v1", "e5aea7_0"), printed(f("a", 20, "x", "h:1"), "matchBasedId/v1", "e5aea7_1")},
			list{printed(f("a", 10, "x", "h:1"), "matchBasedId/v1", "e5aea7_0")}, []string{"2 moved"}, 0},
		{"nor that behind a line hash, without a text",
			list{printed(said("A", f("a", 10, "", "h:1")), "primaryLocationLineHash", "h:1"), printed(said("A", f("a", 20, "", "h:2")), "primaryLocationLineHash", "h:2")},
			list{printed(said("A", f("a", 20, "", "h:1")), "primaryLocationLineHash", "h:1")}, []string{"2 place"}, 0},
		{"what looks like a count behind another fingerprint is its own", list{printed(f("a", 1, "x", ""), "p", "b_0"), printed(f("a", 2, "y", ""), "p", "b_1")},
			list{printed(f("a", 5, "z", ""), "p", "b_1")}, []string{"2 fingerprint"}, 0},

		{"a dependency's version and line may change", list{dependency("CVE-1", "lib", "1.0", "go.mod")},
			list{change(dependency("CVE-1", "lib", "1.1", "go.mod"), func(x *finding.Finding) { x.Place.StartLine = 40 })}, []string{"1 place"}, 0},
		{"another dependency on the same line", list{dependency("CVE-1", "lib", "1.0", "go.mod")}, list{dependency("CVE-1", "other", "1.0", "go.mod")},
			[]string{"new"}, 0},
		{"one rule, two advisories", list{dependency("vulnerable", "lib", "1.0", "go.mod", "CVE-1"), dependency("vulnerable", "lib", "1.0", "go.mod", "CVE-2")},
			list{dependency("vulnerable", "lib", "1.0", "go.mod", "CVE-2")}, []string{"2 place"}, 0},
		{"a new alias of the rule's advisory", list{dependency("CVE-1", "lib", "1.0", "go.mod", "CVE-1")},
			list{dependency("CVE-1", "lib", "1.0", "go.mod", "CVE-0", "CVE-1")}, []string{"1 place"}, 0},
		{"one of two versions is gone", list{dependency("CVE-1", "lib", "1.0", "lock"), dependency("CVE-1", "lib", "2.0", "lock")},
			list{dependency("CVE-1", "lib", "2.0", "lock")}, []string{"2 place"}, 0},
		{"one of two versions is gone, the other changed", list{dependency("CVE-1", "lib", "1.0", "lock"), dependency("CVE-1", "lib", "2.0", "lock")},
			list{dependency("CVE-1", "lib", "2.1", "lock")}, []string{"new"}, 1},
		{"another manifest", list{dependency("CVE-1", "lib", "1.0", "a/go.mod")}, list{dependency("CVE-1", "lib", "1.1", "b/go.mod")}, []string{"1 renamed"}, 0},
		{"another manifest, two of them", list{dependency("CVE-1", "lib", "1.0", "a/go.mod")},
			list{dependency("CVE-1", "lib", "1.0", "b/go.mod"), dependency("CVE-1", "lib", "1.0", "c/go.mod")}, []string{"new", "new"}, 2},
		{"a package known by its purl only", list{change(dependency("CVE-1", "", "1.0", "lock"), func(x *finding.Finding) { x.Package.PURL = "pkg:npm/%40a/b@1.0?x=y" })},
			list{change(dependency("CVE-1", "", "1.1", "lock"), func(x *finding.Finding) { x.Package.PURL = "pkg:npm/%40a/b@1.1" })}, []string{"1 place"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := match.Match([][]match.Candidate{known(tt.known...)}, tt.incoming)
			if diff := cmp.Diff(tt.want, say(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.Ambiguous != tt.ambiguous {
				t.Errorf("%d ambiguous, want %d", got.Ambiguous, tt.ambiguous)
			}
		})
	}
}

// Who is not logged in gets SARIF from Semgrep in which all results have one
// fingerprint.
func TestSemgrepWithoutLogin(t *testing.T) {
	scan := func(line int, text string) []finding.Finding {
		return parsed(t, "", fmt.Appendf(nil, `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Semgrep OSS"}}, "results": [{
			"ruleId": "R", "message": {"text": "bad"}, "fingerprints": {"matchBasedId/v1": "requires login"},
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": %d, "snippet": {"text": %q}}}}]}]}]}`, line, text))
	}
	got := match.Match([][]match.Candidate{known(scan(1, "eval(x)")...)}, scan(9, "exec(y)"))
	if diff := cmp.Diff([]string{"new"}, say(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMatchAcrossTiers(t *testing.T) {
	for _, tt := range []struct {
		name      string
		tiers     [][]match.Candidate
		incoming  list
		want      []string
		ambiguous int
	}{
		{"the first tier wins", [][]match.Candidate{known(f("a", 9, "x", "")), knownFrom(7, f("a", 1, "x", ""))},
			list{f("a", 1, "x", "")}, []string{"1 moved"}, 0},
		{"the second tier has what the first does not", [][]match.Candidate{known(f("a", 1, "x", "")), knownFrom(7, f("b", 1, "y", ""))},
			list{f("b", 1, "y", ""), f("a", 1, "x", "")}, []string{"7 place", "1 place"}, 0},
		{"a number is given once, though it stands in two tiers", [][]match.Candidate{known(f("a", 1, "x", "")), known(f("a", 1, "x", ""))},
			list{f("a", 1, "x", ""), f("a", 2, "x", "")}, []string{"1 place", "new"}, 0},
		{"a number that stands twice in one tier counts once", [][]match.Candidate{append(known(f("a", 1, "x", "")), known(f("a", 5, "x", ""))...)},
			list{f("a", 5, "x", "")}, []string{"1 moved"}, 0},
		{"and is found in any file if one of them may be", [][]match.Candidate{append(bound(known(f("a", 1, "x", ""))), known(f("a", 5, "x", ""))...)},
			list{f("b", 5, "x", "")}, []string{"1 renamed"}, 0},
		{"ambiguous before, and moved in the next tier", [][]match.Candidate{
			known(f("a", 10, "x", ""), f("a", 20, "x", "")), knownFrom(7, f("a", 5, "x", ""))},
			list{f("a", 33, "x", "")}, []string{"new"}, 1},
		{"ambiguous before, and at its exact place in the next tier", [][]match.Candidate{
			known(f("a", 10, "x", ""), f("a", 20, "x", "")), knownFrom(7, f("a", 33, "x", ""))},
			list{f("a", 33, "x", "")}, []string{"7 place"}, 0},
		{"what is gone, or not known to be, went to no other file", [][]match.Candidate{bound(known(f("a", 1, "x", "h:1"), dependency("CVE-1", "lib", "1.0", "a/go.mod")))},
			list{f("b", 1, "x", "h:1"), dependency("CVE-1", "lib", "1.0", "b/go.mod")}, []string{"new", "new"}, 0},
		{"nor by a fingerprint", [][]match.Candidate{bound(known(printed(f("a", 1, "x", ""), "p", "1")))},
			list{printed(f("b", 1, "x", ""), "p", "1")}, []string{"new"}, 0},
		{"but by the number of an alert", [][]match.Candidate{bound(known(printed(f("a", 1, "x", ""), "github/alertNumber", "1")))},
			list{printed(f("b", 1, "x", ""), "github/alertNumber", "1")}, []string{"1 fingerprint"}, 0},
		{"and comes back in its own", [][]match.Candidate{bound(known(f("a", 1, "x", ""), printed(f("c", 1, "y", ""), "p", "1")))},
			list{f("a", 7, "x", ""), printed(f("c", 1, "z", ""), "p", "1")}, []string{"1 moved", "2 fingerprint"}, 0},
		{"what is gone makes no rename ambiguous", [][]match.Candidate{append(known(f("a", 1, "x", "")), bound(knownFrom(7, f("b", 1, "x", "")))...)},
			list{f("c", 1, "x", "")}, []string{"1 renamed"}, 0},
		{"an ambiguous rename before, and moved in the next tier", [][]match.Candidate{
			known(f("b", 10, "x", ""), f("c", 20, "x", "")), knownFrom(7, f("a", 5, "x", ""))},
			list{f("a", 33, "x", "")}, []string{"7 moved"}, 0},
		{"an ambiguous rename before, and renamed in the next tier", [][]match.Candidate{
			known(f("b", 10, "x", ""), f("c", 20, "x", "")), knownFrom(7, f("d", 5, "x", ""))},
			list{f("a", 33, "x", "")}, []string{"new"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := match.Match(tt.tiers, tt.incoming)
			if diff := cmp.Diff(tt.want, say(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.Ambiguous != tt.ambiguous {
				t.Errorf("%d ambiguous, want %d", got.Ambiguous, tt.ambiguous)
			}
		})
	}
}
