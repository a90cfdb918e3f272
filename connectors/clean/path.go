package clean

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf8"
)

// Path makes a bare path, as scanners of their own formats write it, relative to
// the repository's root, or "" where it names nothing in there: it is absolute
// and not under root, climbs out, or is no path. Root is where the scanned
// checkout lay; a relative root is cut off the front of relative paths.
func Path(root, file string) string {
	p, absolute, ok := slashed(file)
	if !ok || p == "" {
		return ""
	}
	dir, absoluteRoot, ok := slashed(root)
	if ok = ok && dir != ""; absolute {
		if !ok || !absoluteRoot {
			return ""
		}
		rest, _ := Below(path.Clean(dir), p)
		return rest
	}
	p = path.Clean(p)
	if ok && !absoluteRoot {
		if rest, under := Below(path.Clean(dir), p); under {
			p = rest
		}
	}
	if p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return ""
	}
	return p
}

// slashed makes a path with forward slashes of a path of any system.
func slashed(file string) (p string, absolute, ok bool) {
	if len(file) > maxPath || strings.ContainsRune(file, 0) || strings.Contains(file, "://") {
		return "", false, false
	}
	p = strings.ReplaceAll(file, `\`, "/")
	return p, strings.HasPrefix(p, "/") || isDrive(p), true
}

// maxPath is the longest path that is taken for one, in bytes.
const maxPath = 4 << 10

// Below returns what follows directory dir in p. Both are as PlainPath returns
// them; drive letters and what follows them ignore case, as Windows does.
func Below(dir, p string) (string, bool) {
	p = path.Clean(p)
	if dir = strings.TrimSuffix(dir, "/"); len(p) <= len(dir)+1 || p[len(dir)] != '/' {
		return "", false
	}
	head := p[:len(dir)]
	if head == dir || isDrive(dir) && strings.EqualFold(head, dir) {
		return p[len(dir)+1:], true
	}
	return "", false
}

// PlainPath makes a path with forward slashes of a URI reference (RFC 3986), a
// file: URI (RFC 8089) or a bare path of any system; ok is false for what is no
// file. Reports often hold paths where URIs belong, so only valid percent
// escapes are decoded.
func PlainPath(uri string) (p string, absolute, ok bool) {
	p = uri
	isFile := len(p) >= 5 && strings.EqualFold(p[:5], "file:")
	switch {
	case isFile:
		p = p[5:]
	case isDrive(p):
	case strings.Contains(p, "://"), hasScheme(p, "urn:", "data:", "pkg:", "jar:"):
		return "", false, false
	}
	if strings.Contains(p, "%") && !strings.Contains(p, `\`) {
		if decoded, err := url.PathUnescape(p); err == nil && utf8.ValidString(decoded) {
			p = decoded
		}
	}
	if strings.ContainsRune(p, 0) {
		return "", false, false
	}
	p = strings.ReplaceAll(p, `\`, "/")
	if isFile && strings.HasPrefix(p, "//") { // an authority: usually none
		p = p[2:]
		switch {
		case strings.HasPrefix(p, "/"), isDrive(p):
		case len(p) > 9 && strings.EqualFold(p[:10], "localhost/"):
			p = p[9:]
		default:
			p = "//" + p
		}
	}
	if len(p) > 1 && p[0] == '/' && isDrive(p[1:]) {
		p = p[1:]
	}
	return p, strings.HasPrefix(p, "/") || isDrive(p), true
}

// isDrive tells whether a path starts with a drive letter, which no URI scheme
// is short enough to be.
func isDrive(p string) bool {
	return len(p) >= 2 && p[1] == ':' && (p[0]|32 >= 'a' && p[0]|32 <= 'z') &&
		(len(p) == 2 || p[2] == '/' || p[2] == '\\')
}

func hasScheme(p string, schemes ...string) bool {
	for _, s := range schemes {
		if len(p) >= len(s) && strings.EqualFold(p[:len(s)], s) {
			return true
		}
	}
	return false
}
