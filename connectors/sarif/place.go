package sarif

import (
	"path"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// resolve turns an artifactLocation into a path in the repository, or "" where
// there is none: the URI is on the web, or absolute and under no known root, or
// climbs out of it, or stands on a base such as GOROOT. A base that the report
// does not define, as %SRCROOT% usually is not, is the repository's root
// (SARIF 3.4.4, 3.14.14).
func (r *run) resolve(l location, root string) string {
	if l.uri == "" {
		if l.index < 0 || l.index >= len(r.artifacts) {
			return ""
		}
		l = r.artifacts[l.index]
	}
	p, absolute, ok := r.full(l)
	switch {
	case !ok || p == "":
		return ""
	case absolute:
		for _, dir := range r.roots {
			if rest, under := clean.Below(dir, p); under {
				return rest
			}
		}
		return ""
	}
	p = path.Clean(p)
	if dir, abs, _ := clean.PlainPath(root); root != "" && !abs {
		if rest, under := clean.Below(path.Clean(dir), p); under {
			p = rest
		}
	}
	if p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return ""
	}
	return p
}

// full joins a location to its bases.
func (r *run) full(l location) (p string, absolute, ok bool) {
	p, absolute, ok = clean.PlainPath(l.uri)
	for hops := 0; ok && !absolute && l.base != "" && hops < 16; hops++ {
		base, defined := r.bases[l.base]
		if !defined || base.uri == "" && base.base == "" {
			return p, false, !foreign(l.base)
		}
		dir, abs, isPath := clean.PlainPath(strings.TrimSpace(base.uri))
		if !isPath { // a base on the web stands for the repository's root
			return p, false, true
		}
		if dir != "" {
			p = strings.TrimSuffix(dir, "/") + "/" + p
		}
		absolute, l = abs, base
	}
	return p, absolute, ok
}

// foreign names bases that are never in the repository (govulncheck's).
func foreign(base string) bool {
	switch strings.ToUpper(strings.Trim(base, "%$")) {
	case "GOROOT", "GOPATH", "GOMODCACHE":
		return true
	}
	return false
}

// findRoots lists the absolute directories that paths are relative to, best
// first: the caller's, where versionControlProvenance maps the repository to,
// %SRCROOT%, and only if there is none of these, the other bases.
func (r *run) findRoots(root string) []string {
	var roots []string
	add := func(l location) {
		if p, abs, ok := r.full(l); ok && abs && !foreign(l.base) {
			roots = append(roots, path.Clean(p))
		}
	}
	add(location{uri: root})
	for _, l := range r.mapped {
		if l.uri == "" {
			l.uri = "."
		}
		add(l)
	}
	for id := range r.bases {
		if name := strings.ToUpper(strings.Trim(id, "%$")); name == "SRCROOT" {
			add(location{uri: ".", base: id})
		}
	}
	if len(roots) > 0 {
		return roots
	}
	for id := range r.bases {
		add(location{uri: ".", base: id})
	}
	slices.SortFunc(roots, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return roots
}

// lines makes a place of a path and a region. An end before the start is taken
// for a mistake and dropped.
func (reg region) place(file string) finding.Place {
	p := finding.Place{Path: file}
	if reg.startLine <= 0 {
		return p
	}
	p.StartLine, p.EndLine = reg.startLine, max(reg.endLine, reg.startLine)
	p.StartColumn = max(reg.startColumn, 0)
	if reg.endColumn > 0 && (p.EndLine > p.StartLine || reg.endColumn >= reg.startColumn) {
		p.EndColumn = reg.endColumn
	}
	return p
}

// codePoints converts a place's columns from UTF-16 code units, where the
// context region shows the whole lines they count in; elsewhere, and on lines
// without characters outside the basic plane, they stay what they are.
func codePoints(p *finding.Place, context region) {
	if context.startLine <= 0 || context.startColumn > 1 || context.snippet == "" {
		return
	}
	lines := strings.Split(context.snippet, "\n")
	convert := func(line, column int) int {
		if i := line - context.startLine; column > 1 && i >= 0 && i < len(lines) {
			return column - surrogatePairs(lines[i], column-1)
		}
		return column
	}
	p.StartColumn = convert(p.StartLine, p.StartColumn)
	p.EndColumn = convert(p.EndLine, p.EndColumn)
}

// surrogatePairs counts the characters outside the basic plane among the first
// units UTF-16 code units of a line.
func surrogatePairs(line string, units int) (n int) {
	for _, r := range line {
		if units--; units < 0 {
			break
		}
		if r > 0xFFFF {
			units--
			n++
		}
	}
	return n
}
