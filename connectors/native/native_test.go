package native_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/native"
)

func TestPackagesAreNamedAsPackageURLsNameThem(t *testing.T) {
	for _, c := range []struct {
		ecosystem, name, version string
		want                     finding.Package
	}{
		{"npm", "@babel/core", "7.0.0", finding.Package{PURL: "pkg:npm/%40babel/core@7.0.0", Name: "@babel/core", Version: "7.0.0", Ecosystem: "npm"}},
		{"yarn", "left-pad", "1", finding.Package{PURL: "pkg:npm/left-pad@1", Name: "left-pad", Version: "1", Ecosystem: "npm"}},
		{"gomod", "gopkg.in/yaml.v2", "v2.2.2", finding.Package{PURL: "pkg:golang/gopkg.in/yaml.v2@v2.2.2", Name: "gopkg.in/yaml.v2", Version: "v2.2.2", Ecosystem: "golang"}},
		{"Maven", "org.slf4j:slf4j-api", "2.0.1", finding.Package{PURL: "pkg:maven/org.slf4j/slf4j-api@2.0.1", Name: "org.slf4j/slf4j-api", Version: "2.0.1", Ecosystem: "maven"}},
		{"bundler", "rails", "", finding.Package{PURL: "pkg:gem/rails", Name: "rails", Ecosystem: "gem"}},
		{"alpine", "busybox", "1.34", finding.Package{Name: "busybox", Version: "1.34", Ecosystem: "alpine"}},
		{"", "busybox", "", finding.Package{Name: "busybox"}},
		{"npm", "", "1", finding.Package{Version: "1", Ecosystem: "npm"}},
		{"npm", "/odd/", "1", finding.Package{PURL: "pkg:npm/odd@1", Name: "odd", Version: "1", Ecosystem: "npm"}},
	} {
		if diff := cmp.Diff(&c.want, native.Package(c.ecosystem, c.name, c.version)); diff != "" {
			t.Errorf("%s %s: %s", c.ecosystem, c.name, diff)
		}
	}
}

func TestExcerptShowsTheReportedLines(t *testing.T) {
	e := native.Numbered("9: a\n10: \tb ä c\r\nnot a line\n11:\n12: d: e", ": ")
	for _, c := range []struct {
		first, last int
		want        string
	}{{9, 9, "a"}, {9, 10, "a\n\tb ä c"}, {10, 12, "\tb ä c\nd: e"}, {12, 2_000_000_000, "d: e"}, {0, 0, ""}, {5, 4, ""}, {-1, 8, ""}} {
		if got := e.Lines(c.first, c.last); got != c.want {
			t.Errorf("lines %d to %d: %q, want %q", c.first, c.last, got, c.want)
		}
	}
	for _, c := range []struct{ line, column, want int }{{10, 6, 5}, {10, 7, 6}, {10, 99, 99}, {10, 0, 0}, {10, -3, -3}, {3, 7, 7}} {
		if got := e.Column(c.line, c.column); got != c.want {
			t.Errorf("line %d, byte %d: column %d, want %d", c.line, c.column, got, c.want)
		}
	}
	for _, c := range []struct {
		text     string
		from, to int
		want     string
	}{{"aäbc", 2, 4, "äb"}, {"aäbc", 1, 5, "aäbc"}, {"abc", 2, 9, "abc"}, {"abc", 0, 2, "abc"}, {"abc", 3, 3, "abc"}, {"a\nc", 1, 2, "a\nc"}} {
		if got := native.Between(c.text, c.from, c.to); got != c.want {
			t.Errorf("%q from %d to %d: %q, want %q", c.text, c.from, c.to, got, c.want)
		}
	}
}

func TestOneOrMany(t *testing.T) {
	for raw, want := range map[string][]string{
		``: nil, `null`: nil, `""`: nil, `"a"`: {"a"}, `7`: {"7"}, `["a",1,{"x":2},"b"]`: {"a", "1", "", "b"}, `[]`: nil, `{"a":1}`: nil, `{"a"`: nil,
	} {
		if diff := cmp.Diff(want, native.OneOrMany(json.RawMessage(raw))); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
}

func TestSeverityIsUnknownRatherThanGuessed(t *testing.T) {
	for word, want := range map[string]finding.Severity{"HIGH": finding.High, " moderate ": finding.Medium, "ERROR": finding.High, "UNDEFINED": finding.Unknown, "": finding.Unknown} {
		got, from := native.Severity(word)
		if got != want || (from == finding.FromNative) != (want != finding.Unknown) {
			t.Errorf("%q is %v from %q, want %v", word, got, from, want)
		}
	}
}
