package sourcetext_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sourcetext"
)

// What a scanner says of a dependency without a line stands where its file names it.
func TestADependencyStandsWhereItsFileNamesIt(t *testing.T) {
	const (
		lock  = "{\n \"packages\": {\n  \"\": {\"dependencies\": {\"lodash\": \"^4\"}},\n  \"node_modules/lodash-es\": {\n   \"version\": \"4.17.15\"},\n  \"node_modules/lodash\": {\n   \"version\": \"4.17.15\"}\n}}\n"
		mod   = "module x\n\nrequire (\n\tgolang.org/x/crypto/x509roots v0.1.0\n\tgolang.org/x/crypto v0.1.0 // indirect\n)\n"
		pom   = "<dependency>\n<groupId>org.apache.logging.log4j</groupId>\n<artifactId>log4j-core</artifactId>\n<version>2.14.0</version>\n"
		yarn  = "lodash@^3:\n  version \"3.10.1\"\n\n\"@scope/lodash@^4\":\n"
		pip   = "flask\njinja2-cli==2.4.1\nJinja==1\njinja2==2.4.1\n"
		twice = "a: 1\nb: 2\na: 3\n"
	)
	for _, c := range []struct {
		text, name, version, ecosystem string
		want                           int
	}{
		{lock, "lodash", "4.17.15", "npm", 6},
		{lock, "lodash-es", "4.17.15", "npm", 4},
		{lock, "odash", "4.17.15", "npm", 0},
		{mod, "golang.org/x/crypto", "v0.1.0", "golang", 5},
		{mod, "crypto", "v0.1.0", "golang", 0},
		{pom, "org.apache.logging.log4j/log4j-core", "2.14.0", "maven", 3},
		{pom, "org.apache.logging.log4j:log4j-core", "2.14.0", "", 3},
		{yarn, "lodash", "3.10.1", "npm", 1},
		{yarn, "@scope/lodash", "4.0.0", "npm", 4},
		{pip, "jinja2", "2.4.1", "pypi", 4},
		{pip, "x", "", "pypi", 0},
		{twice, "aa", "", "", 0},
		{"", "lodash", "", "npm", 0},
		{"lodash", "lodash", "1", "npm", 1},
	} {
		fs := []finding.Finding{{Kind: finding.SCA, Rule: finding.Rule{ID: "CVE-1"}, Message: "m", Place: &finding.Place{Path: "f"},
			Package: &finding.Package{Name: c.name, Version: c.version, Ecosystem: c.ecosystem}}}
		read := sourcetext.Func(func(context.Context, string, string) ([]byte, error) { return []byte(c.text), nil })
		if _, err := sourcetext.Enrich(t.Context(), read, "c0ffee1", fs, nil); err != nil {
			t.Fatal(err)
		}
		if p := fs[0].Place; p.StartLine != c.want || p.EndLine != c.want {
			t.Errorf("%s %s in %q: line %d, want %d", c.name, c.version, c.text, p.StartLine, c.want)
		}
		if fs[0].Parts.Snippet != "" || fs[0].Parts.LineHash != "" {
			t.Errorf("%s: its identity has the line: %+v", c.name, fs[0].Parts)
		}
	}
}

func TestALineThatTheScannerNamesIsKept(t *testing.T) {
	fs := []finding.Finding{{Kind: finding.SCA, Place: &finding.Place{Path: "f", StartLine: 1, EndLine: 1}, Package: &finding.Package{Name: "lodash"}}}
	read := sourcetext.Func(func(context.Context, string, string) ([]byte, error) {
		return []byte(strings.Repeat("\n", 3) + "lodash\n"), nil
	})
	if _, err := sourcetext.Enrich(t.Context(), read, "c0ffee1", fs, nil); err != nil || fs[0].Place.StartLine != 1 {
		t.Errorf("%+v, %v", fs[0].Place, err)
	}
}
