package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/policy"
	"github.com/sluice-sec/sluice/policy/input"
)

// Policies whose reads are easy to get wrong. Each answers one reason that
// depends on the input in a roundabout way.
var traps = map[string]string{
	"plain":                surfaceAnswering("input.finding.kind", ""),
	"a property":           surfaceAnswering(`sprintf("%s", [object.get(input.repository.properties, "a", "none")])`, ""),
	"one property":         surfaceAnswering("word", "\nword := v if v := input.repository.properties.a\n\nelse := \"none\"\n"),
	"any property":         surfaceAnswering("word", "\nword := max({v | some v in input.repository.properties} | {\"\"})\n"),
	"owners and topics":    surfaceAnswering("word", "\nword := \"both\" if {\n\tsome o in input.finding.owners\n\to in input.repository.topics\n}\n\nelse := input.repository.language\n"),
	"dynamic field":        surfaceAnswering("input.finding[field]", "\nfield := \"rule\" if input.finding.kind == \"sca\"\n\nelse := \"scanner\"\n"),
	"dynamic from input":   surfaceAnswering("sprintf(\"%v\", [object.get(input.finding, input.finding.rule, \"none\")])", ""),
	"object.get":           surfaceAnswering(`object.get(input, ["finding", "scanner"], "none")`, ""),
	"object.get default":   surfaceAnswering(`object.get(input.change, "origin", "none")`, "\nx := object.get({}, \"a\", input.stage)\n"),
	"walk":                 surfaceAnswering(`sprintf("n%d", [count([v | walk(input, [_, v]); v == "sca"])])`, ""),
	"walk a part":          surfaceAnswering(`sprintf("n%d", [count([v | walk(input.repository, [_, v]); v == "b"])])`, ""),
	"mocked built-in":      surfaceAnswering("word", "\nword := w if w := upper(\"x\") with upper as tell\n\ntell(_) := input.finding.rule\n"),
	"mocked rule":          surfaceAnswering("word", "\nword := w if w := other with other as input.finding.rule\n\nother := \"a\"\n"),
	"mocked input":         surfaceAnswering("word", "\nword := w if w := other with input.finding.kind as input.finding.rule\n\nother := input.finding.kind\n"),
	"mocked whole input":   surfaceAnswering("word", "\nword := w if w := other with input as {\"stage\": input.finding.rule}\n\nother := input.stage\n"),
	"mocked function":      surfaceAnswering("word", "\nword := w if w := f(1) with f as g\n\nf(_) := \"a\"\n\ng(_) := input.finding.scanner\n"),
	"mocked data":          surfaceAnswering("word", "\nword := w if w := data.somewhere.x with data.somewhere.x as input.finding.scanner\n"),
	"passed to a function": surfaceAnswering("f(input.finding)", "\nf(x) := x.rule if x.kind == \"sca\"\n\nelse := x.scanner\n"),
	"whole to a function":  surfaceAnswering("f(input)", "\nf(x) := x.finding.rule if x.change\n\nelse := x.stage\n"),
	"bound to a variable":  surfaceAnswering("word", "\nword := f.rule if {\n\tsome f in [input.finding]\n}\n"),
	"import":               "package sluice.surface\n\nimport input.finding as f\n\nanswer := {\"surfaces\": [], \"threshold\": \"\", \"group\": \"finding\", \"route\": \"\", \"reasons\": [f.rule]}\n",
	"comprehension":        surfaceAnswering(`concat("-", [t | some t in input.finding.tags])`, ""),
	"set of objects":       surfaceAnswering(`sprintf("n%d", [count({e | some e in input.exceptions; e.kind == "exception"})])`, ""),
	"negation":             surfaceAnswering("word", "\nword := \"draft\" if not input.change.draft\n\nelse := \"ready\"\n"),
	"every":                surfaceAnswering("word", "\nword := \"all\" if {\n\tevery t in input.finding.tags {\n\t\tt == input.finding.rule\n\t}\n}\n\nelse := \"some\"\n"),
	"null or object":       surfaceAnswering("word", "\nword := \"null\" if input.change == null\n\nelse := \"object\"\n"),
	"presence of a field":  surfaceAnswering("word", "\nword := \"has\" if input.change.origin\n\nelse := \"none\"\n"),
	"float bits":           surfaceAnswering(`sprintf("n%d", [floor(input.finding.score * 1000000)])`, ""),
	"object keys":          surfaceAnswering(`sprintf("n%d", [count(object.keys(input.change))])`, "\nx := 1 if input.stage\n"),
	"rule head key":        surfaceAnswering("w", "\nw := k if some k, _ in p\n\np[input.finding.rule] := 1\n"),
	"rule head value":      surfaceAnswering("w", "\nw := v if some v in p\n\np contains input.finding.rule\n"),
	"data by input":        surfaceAnswering("w", "\nw := table[input.finding.kind]\n\ntable.sca := input.finding.rule\n\ntable.sast := input.finding.scanner\n\ntable.other := input.stage\n"),
	"rule by variable":     surfaceAnswering("w", "\nw := concat(\"-\", sort([v | some v in data.sluice.parts; is_string(v)]))\n"),
	"whole package":        surfaceAnswering(`sprintf("n%d", [count(object.keys(data.sluice.parts))])`, ""),
	"template string":      surfaceAnswering(`sprintf("%s-%s", [input.finding.rule, input.finding.kind])`, ""),
	"json.marshal":         surfaceAnswering(`sprintf("n%d", [count(json.marshal(input.finding))])`, ""),
	"union":                surfaceAnswering("w", "\nw := object.union(input.finding, {\"kind\": \"x\"}).rule\n"),
	"default and else":     surfaceAnswering("w", "\ndefault w := \"d\"\n\nw := \"a\" if input.finding.rule == \"sca\"\n"),
	"function default":     surfaceAnswering("f(1)", "\ndefault f(_) := \"d\"\n\nf(1) := input.finding.rule if input.change.on_diff\n"),
	"dead rule":            surfaceAnswering("w", "\ndefault w := \"d\"\n\nw := input.finding.rule if \"rule\" in data.settings.cohorts.by\n\nw := input.finding.kind if data.settings.routes == []\n"),
	"dead, then else":      surfaceAnswering("w", "\nw := input.finding.rule if data.settings.groups != {}\n\nelse := input.finding.kind if not data.settings.nothing\n\nelse := input.stage\n"),
	"dead but replaced":    surfaceAnswering("w", "\nw := v if v := u with data.settings.groups as {1: 2}\n\nu := input.finding.rule if data.settings.groups != {}\n\nelse := \"d\"\n"),
	"dead by a rule":       surfaceAnswering("w", "\nw := input.finding.rule if data.sluice.parts.e == \"advise\"\n\nelse := \"d\"\n"),
	"alive by negation":    surfaceAnswering("w", "\nw := input.finding.rule if not data.settings.groups.core\n"),
	"early exit":           surfaceAnswering("w", "\nw := \"a\" if input.finding.tags[_] == \"b\"\n\nw := \"a\" if input.finding.rule == \"sca\"\n\nw := \"b\" if {\n\tnot input.finding.rule == \"sca\"\n\tnot has\n}\n\nhas if input.finding.tags[_] == \"b\"\n"),
}

// parts are rules reached only through a variable.
const parts = "package sluice.parts\n\na := input.finding.rule\n\nb := input.finding.scanner if input.change\n\nc.d := input.stage\n\ne := input.stage\n"

var words = []string{"a", "b", "sca", "sast", "other", "rule", "kind", "", "A", "é"}

// inputs draws documents from few words, so that many of them agree in part.
func inputs() *rapid.Generator[input.Surface] {
	word := rapid.SampledFrom(words)
	list := rapid.SliceOfN(word, 0, 2)
	return rapid.Custom(func(t *rapid.T) input.Surface {
		in := input.Surface{
			Schema: input.Schema,
			Stage:  rapid.SampledFrom([]string{"observe", "triage", "advise", "enforce"}).Draw(t, "stage"),
			Finding: input.Finding{
				Scanner: word.Draw(t, "scanner"), Kind: rapid.SampledFrom([]string{"sca", "sast", "secret", "other"}).Draw(t, "kind"),
				Rule: word.Draw(t, "rule"), Severity: rapid.SampledFrom([]string{"info", "low", "medium", "high", "critical"}).Draw(t, "severity"),
				Score: rapid.SampledFrom([]float64{0, 0.1, 0.1000001, 7, 9.8}).Draw(t, "score"),
				CWEs:  list.Draw(t, "cwes"), Tags: list.Draw(t, "tags"), Advisories: list.Draw(t, "advisories"),
				Path: word.Draw(t, "path"), PathClass: rapid.SampledFrom([]string{"", "source", "tests"}).Draw(t, "class"),
				Package: word.Draw(t, "package"), FixAvailable: rapid.Bool().Draw(t, "fix"),
				KEV: rapid.Bool().Draw(t, "kev"), EPSS: rapid.SampledFrom([]string{"high", "unknown"}).Draw(t, "epss"),
				Reachability: rapid.SampledFrom([]string{"", "called", "required"}).Draw(t, "reachability"),
				Owners:       list.Draw(t, "owners"),
			},
			Repository: input.Repository{
				Name: rapid.SampledFrom([]string{"a/a", "b", "acme/shop"}).Draw(t, "name"), Visibility: rapid.SampledFrom([]string{"public", "private", ""}).Draw(t, "visibility"),
				Group: rapid.SampledFrom([]string{"rest", "b"}).Draw(t, "group"), Tier: rapid.IntRange(0, 1).Draw(t, "tier"), Archived: rapid.Bool().Draw(t, "archived"),
				DefaultBranch: word.Draw(t, "branch"), Language: word.Draw(t, "language"), Topics: list.Draw(t, "topics"),
				Properties: rapid.MapOfN(word, word, 0, 2).Draw(t, "properties"),
			},
		}
		if rapid.Bool().Draw(t, "in a change") {
			in.Change = &input.Change{
				Origin: rapid.SampledFrom([]string{"introduced", "standing", "unattributed"}).Draw(t, "origin"),
				Draft:  rapid.Bool().Draw(t, "draft"), Bot: rapid.Bool().Draw(t, "bot"), OnDiff: rapid.Bool().Draw(t, "on diff"),
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "excepted") == 0 {
			in.Exceptions = []input.Exception{{Kind: rapid.SampledFrom([]string{"suppression", "exception"}).Draw(t, "exception"), Reason: word.Draw(t, "reason"), Owner: "o"}}
		}
		return in
	})
}

// What is remembered is what a fresh evaluation says, for the library and for
// every trap. Each example asks about several inputs that differ in little.
func TestRememberedAnswersAreFreshOnes(t *testing.T) {
	sources := map[string]policy.Source{"the library": embedded}
	for name, rego := range traps {
		sources[name] = folder(map[string]string{"surface.rego": rego, "parts.rego": parts})
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			cached := load(t, source, policy.Options{SampleEvery: -1, SkipTests: true})
			afresh := load(t, source, policy.Options{CacheSize: -1, SkipTests: true})
			decided := 0
			rapid.Check(t, func(t *rapid.T) {
				in := inputs().Draw(t, "input")
				want, got := afresh.Surface(t.Context(), in), cached.Surface(t.Context(), in)
				if want.Outcome == policy.Decided {
					decided++
				}
				if want.Outcome != got.Outcome || !cmp.Equal(want.Answer, got.Answer) {
					t.Fatalf("fresh %+v\nremembered %+v\nreads %v", want, got, cached.Reads()["surface"])
				}
			})
			if afresh.Stats().Hits != 0 {
				t.Error("the fresh engine remembered")
			}
			if decided == 0 {
				t.Error("nothing was decided: the trap tests nothing")
			}
		})
	}
}

func TestReadsAreNarrowWhereTheyCanBe(t *testing.T) {
	for name, want := range map[string][]string{
		"plain":                {"finding.kind"},
		"import":               {"finding.rule"},
		"dynamic field":        {"finding"},
		"object.get":           {""},
		"walk":                 {""},
		"walk a part":          {"repository"},
		"mocked built-in":      {""},
		"mocked function":      {""},
		"passed to a function": {"finding"},
		"rule by variable":     {"change", "finding.rule", "finding.scanner", "stage"},
		"dead rule":            {"finding.kind"},
		"dead, then else":      {"finding.kind", "stage"},
		"dead but replaced":    {""},
		"dead by a rule":       {"finding.rule", "stage"},
		"alive by negation":    {"finding.rule"},
		"data by input":        {"finding.kind", "finding.rule", "finding.scanner", "stage"},
	} {
		e := load(t, folder(map[string]string{"surface.rego": traps[name], "parts.rego": parts}), policy.Options{SkipTests: true})
		if diff := cmp.Diff(want, e.Reads()["surface"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	e := load(t, folder(map[string]string{"surface.rego": traps["plain"]}), policy.Options{CacheSize: 3, SampleEvery: -1})
	ask := func(kind string) {
		in := introduced()
		in.Finding.Kind = kind
		e.Surface(t.Context(), in)
	}
	for _, kind := range []string{"a", "b", "c", "a", "d", "a"} { // d clears, a is asked again
		ask(kind)
	}
	if s := e.Stats(); s.Evaluations != 5 || s.Hits != 1 {
		t.Errorf("%+v", s)
	}
}
