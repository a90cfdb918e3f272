// Package owners reads CODEOWNERS: who answers for which path of a repository,
// as GitHub understands it
// (https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners).
//
// The awkward truth: GitHub passes over a line it cannot read without a word,
// and so does this, because people live with such files. Whether an owner
// exists, or may write to the repository, nobody here knows.
package owners

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/hmarr/codeowners"
)

// Places are where GitHub looks for the file; the first one there counts.
func Places() []string { return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} }

// maxFile is the size from which on GitHub loads no such file, in bytes.
const maxFile = 3 << 20

// File is a CODEOWNERS file. The zero value has no owners.
type File struct {
	rules codeowners.Ruleset
	// Unread are the numbers of the lines that are no rules, from 1.
	Unread []int
}

// Parse reads a file, line by line: one that cannot be read loses no other. A
// file that GitHub would not load has no owners.
func Parse(text []byte) File {
	var f File
	if len(text) > maxFile {
		return f
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxFile+1)
	for number := 1; lines.Scan(); number++ {
		rules, err := codeowners.ParseFile(strings.NewReader(lines.Text()))
		if err != nil {
			f.Unread = append(f.Unread, number)
			continue
		}
		for _, rule := range rules {
			if rule.RawPattern() != "/" { // it matches nothing, and the library cannot say so (1.2.1)
				f.rules = append(f.rules, rule)
			}
		}
	}
	return f
}

// Of lists the owners of a path (relative, forward slashes) as the file writes
// them: @login, @organisation/team, or an e-mail address. The last rule that
// matches counts, and may say that there are none.
func (f File) Of(path string) []string {
	rule, err := f.rules.Match(path)
	if err != nil || rule == nil {
		return nil
	}
	var out []string
	for _, o := range rule.Owners {
		out = append(out, o.String())
	}
	return out
}
