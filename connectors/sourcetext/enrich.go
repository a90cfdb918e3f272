package sourcetext

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// keyed begins a snippet that is a keyed hash; parsers write it the same way.
const keyed = "[redacted:"

// maxSnippet is how much of the reported lines is kept, in bytes.
const maxSnippet = 400

// Stats says what Enrich found. Findings without a place are in none of them.
type Stats struct {
	Files    int   // files that findings point into
	Missing  int   // of these, how many could not be read
	Enriched int   // findings that got their text
	NoText   int   // findings with a place that did not: no file, no line, or a line beyond its end
	Err      error // the first reading error that was not merely "no such file"; never fatal
}

// Enrich fills Parts.Snippet, Parts.LineHash and Parts.Ordinal of the findings
// of one report from the source at the scanned commit, and the line of a
// dependency whose file alone is told, and reads each file once. What cannot be read stays as the report gave it; the only error is that
// of an ended context.
//
// Of a finding of kind secret neither the lines nor their hash leave this
// function, only keyed hashes made by secrets; without it (nil) such a finding
// gets nothing. A keyed hash that the parser made of the secret itself is kept.
func Enrich(ctx context.Context, r Reader, commit string, findings []finding.Finding, secrets func(string) string) (Stats, error) {
	byPath := map[string][]int{}
	var paths []string
	for i, f := range findings {
		if f.Place == nil || f.Place.Path == "" {
			continue
		}
		if byPath[f.Place.Path] == nil {
			paths = append(paths, f.Place.Path)
		}
		byPath[f.Place.Path] = append(byPath[f.Place.Path], i)
	}
	stats := Stats{Files: len(paths)}
	for _, path := range paths {
		text, err := r.Read(ctx, commit, path)
		if ctx.Err() != nil {
			return stats, ctx.Err()
		}
		if err != nil {
			stats.Missing++
			stats.NoText += len(byPath[path])
			if stats.Err == nil && (!errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoCommit)) {
				stats.Err = err
			}
			continue
		}
		source := newFile(text)
		for _, i := range byPath[path] {
			if source.enrich(&findings[i], secrets) {
				stats.Enriched++
			} else {
				stats.NoText++
			}
		}
	}
	number(findings)
	return stats, nil
}

// file is one file's text, cut into lines.
type file struct {
	text   []byte
	starts []int // where each line starts
	hashes func(line int) string
	named  map[string]int // lines that name packages
}

func newFile(text []byte) *file {
	f := &file{text: text, starts: []int{0}, hashes: LineHashes(text), named: map[string]int{}}
	for i, c := range text {
		if c == '\n' && i+1 < len(text) {
			f.starts = append(f.starts, i+1)
		}
	}
	return f
}

// lines is the text of lines first to last; "" if first is not there.
func (f *file) lines(first, last int) string {
	if first < 1 || first > len(f.starts) || len(f.text) == 0 {
		return ""
	}
	end := len(f.text)
	if last = max(first, last); last < len(f.starts) {
		end = f.starts[last]
	}
	return string(f.text[f.starts[first-1]:end])
}

// enrich fills one finding's snippet and hash. False: it points at no text. Of a
// dependency without a line it finds that alone, for the line is no part of what
// it is.
func (f *file) enrich(x *finding.Finding, secrets func(string) string) bool {
	if x.Package != nil && x.Place.StartLine == 0 {
		line := f.lineOf(*x.Package)
		place := *x.Place
		place.StartLine, place.EndLine = line, line
		x.Place = &place
		return line > 0
	}
	snippet := fold(f.lines(x.Place.StartLine, x.Place.EndLine))
	if snippet == "" {
		return false
	}
	hash := f.hashes(x.Place.StartLine)
	if x.Kind != finding.Secret {
		x.Parts.Snippet, x.Parts.LineHash = cut(snippet), hash
		return true
	}
	if secrets == nil {
		return false
	}
	// A parser that saw the secret itself knows better than the line it is on.
	if !strings.HasPrefix(x.Parts.Snippet, keyed) {
		x.Parts.Snippet = keyed + secrets(snippet) + "]"
	}
	// The rolling hash is linear: whoever knows the code around a short secret
	// could compute the secret from it.
	hash, count, _ := strings.Cut(hash, ":")
	x.Parts.LineHash = secrets(hash) + ":" + count
	return true
}

// fold makes every run of white space one space, and trims.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// cut shortens a long snippet, and puts a hash of the whole behind what is
// left, so that it still differs from others that begin alike.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxSnippet {
		return s
	}
	end := maxSnippet
	for !utf8.RuneStart(s[end]) {
		end--
	}
	sum := sha256.Sum256([]byte(s))
	return s[:end] + "… " + hex.EncodeToString(sum[:6])
}

// equals is what findings share that only their order tells apart.
type equals struct{ tool, category, rule, path, text string }

// number counts equals in the order they stand in the file.
func number(findings []finding.Finding) {
	order := make([]int, len(findings))
	for i := range order {
		order[i] = i
	}
	// The report's own order has no say where the place or the message does:
	// it changes from run to run.
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(comparePlaces(findings[a].Place, findings[b].Place),
			cmp.Compare(findings[a].Message, findings[b].Message))
	})
	seen := map[equals]int{}
	for _, i := range order {
		key := equalsOf(&findings[i])
		findings[i].Parts.Ordinal = seen[key]
		seen[key]++
	}
}

// equalsOf: of a dependency the lines say nothing, they are a lock file's.
func equalsOf(f *finding.Finding) equals {
	key := equals{tool: f.Scanner.Name, category: f.Category, rule: f.Rule.ID, text: cmp.Or(f.Parts.Snippet, f.Message)}
	if f.Place != nil {
		key.path = f.Place.Path
	}
	if f.Package != nil {
		key.path, key.text = cmp.Or(f.Package.Manifest, key.path), f.Package.Name
	}
	return key
}

// comparePlaces puts what has no place first.
func comparePlaces(a, b *finding.Place) int {
	if a == nil {
		a = &finding.Place{}
	}
	if b == nil {
		b = &finding.Place{}
	}
	return cmp.Or(cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.StartColumn, b.StartColumn),
		cmp.Compare(a.EndLine, b.EndLine), cmp.Compare(a.EndColumn, b.EndColumn))
}
