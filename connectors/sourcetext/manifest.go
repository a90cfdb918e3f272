package sourcetext

import (
	"bytes"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// maxNames is how many packages are looked for in one file.
const maxNames = 2000

// lineOf finds the line of a manifest or lock file that names a package: most
// scanners of dependencies tell the file and no line, and on a line a comment
// can stand. The first line with name and version counts, else that of its own
// entry in a lock file of npm, else the first with the name; 0: there is none.
func (f *file) lineOf(p finding.Package) int {
	key := p.Name + "\x00" + p.Version
	if line, known := f.named[key]; known {
		return line
	}
	if len(f.named) >= maxNames {
		return 0
	}
	line := f.find(p)
	f.named[key] = line
	return line
}

func (f *file) find(p finding.Package) (first int) {
	name := []byte(nameIn(p))
	version := strings.TrimPrefix(p.Version, "v")
	if len(name) < 2 {
		return 0
	}
	at, line, entry := 0, 1, false
	for {
		found := bytes.Index(f.text[at:], name)
		if found < 0 {
			return first
		}
		found += at
		at = found + len(name)
		if !alone(f.text, found, at) {
			continue
		}
		for line < len(f.starts) && f.starts[line] <= found {
			line++
		}
		if version != "" && strings.Contains(f.lines(line, line), version) {
			return line
		}
		switch own := bytes.HasSuffix(f.text[:found], modules); {
		case own && !entry:
			first, entry = line, true
		case first == 0:
			first = line
		}
	}
}

// nameIn is a package's name as its files write it: Maven's stand apart from
// their groups.
func nameIn(p finding.Package) string {
	if p.Ecosystem == "maven" || strings.Contains(p.Name, ":") {
		return p.Name[strings.LastIndexAny(p.Name, ":/")+1:]
	}
	return p.Name
}

// alone tells whether what stands there is no part of another name; a path
// below node_modules is the name itself.
func alone(text []byte, from, to int) bool {
	if to < len(text) && (isNameChar(text[to]) || text[to] == '/') {
		return false
	}
	return from == 0 || !isNameChar(text[from-1]) && text[from-1] != '@' && text[from-1] != '/' || bytes.HasSuffix(text[:from], modules)
}

var modules = []byte("node_modules/")

func isNameChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}
