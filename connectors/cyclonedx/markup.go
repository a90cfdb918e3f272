package cyclonedx

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// namespace is how that of every version begins.
const namespace = "http://cyclonedx.org/schema/bom/"

const (
	maxMarkup = 2 << 20 // bytes of one vulnerability, or of anything else between two tags
	maxDepth  = 100     // of elements
	maxText   = 1 << 10 // bytes kept of what names a component
)

// isMarkup tells whether a document is XML, by its first character.
func isMarkup(ctx context.Context, o native.Options) (bool, error) {
	in, err := jsonwalk.Open(ctx, o.Open, o.MaxBytes)
	if err != nil {
		return false, err
	}
	defer in.Close() // nothing was written
	r := bufio.NewReaderSize(in, 512)
	for {
		c, err := r.ReadByte()
		if err != nil || !strings.ContainsRune(" \t\r\n", rune(c)) {
			return c == '<', nil // what is wrong, the parser says
		}
	}
}

// parseMarkup reads a document in XML in one pass, for its schema puts components
// before vulnerabilities.
func parseMarkup(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	report := native.NewReport("cyclonedx", emit)
	in, err := jsonwalk.Open(ctx, o.Open, o.MaxBytes)
	if err != nil {
		return report.Close(finding.Scanner{}, err)
	}
	defer in.Close() // nothing was written
	m := newMarkup(in, report)
	err = m.read()
	if err == nil && !m.isBOM {
		err = native.NotThis("no element bom; is this CycloneDX?")
	}
	return report.Close(scanner(m.tool), err)
}

// markup reads a document from tag to tag.
type markup struct {
	report *native.Report
	in     *ration
	tags   *xml.Decoder
	path   []string // local names, from the root
	isBOM  bool
	tool   tool         // the first of the document's
	open   []*component // those that the reader is in, the innermost last
	known  *components

	refused error // by who is given the findings
}

func newMarkup(in io.Reader, report *native.Report) *markup {
	m := &markup{report: report, in: &ration{in: in}, known: &components{byRef: map[string]component{}}}
	m.tags = xml.NewDecoder(m.in)
	m.tags.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) {
		if c := strings.ToLower(charset); strings.HasPrefix(c, "utf-16") || c == "us-ascii" {
			return r, nil // UTF-16 is UTF-8 by now
		}
		return nil, &jsonwalk.Error{Err: jsonwalk.ErrMalformed, Detail: fmt.Sprintf("the encoding %.20q is not read; write UTF-8", charset)}
	}
	return m
}

func (m *markup) read() error {
	for {
		m.in.left = maxMarkup
		token, err := m.tags.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = m.take(token)
		}
		if m.refused != nil {
			return m.refused
		}
		if err != nil {
			return m.fault(err)
		}
	}
}

func (m *markup) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return m.begin(t)
	case xml.EndElement:
		m.end()
	case xml.CharData:
		m.text(t)
	}
	return nil
}

func (m *markup) begin(t xml.StartElement) error {
	name := t.Name.Local
	switch {
	case len(m.path) == 0 && (name != "bom" || !strings.HasPrefix(t.Name.Space, namespace)):
		return native.NotThis("the root is no bom of CycloneDX")
	case len(m.path) == maxDepth:
		return &jsonwalk.Error{Err: jsonwalk.ErrMalformed, Detail: fmt.Sprintf("elements within more than %d others", maxDepth)}
	case name == "vulnerability" && m.within("vulnerabilities"):
		return m.vulnerability(t)
	}
	m.isBOM = true
	m.path = append(m.path, name)
	if isThing(name) {
		m.open = append(m.open, &component{Ref: attribute(t, "bom-ref")})
	}
	return nil
}

func (m *markup) end() {
	name := m.path[len(m.path)-1]
	m.path = m.path[:len(m.path)-1]
	if !isThing(name) {
		return
	}
	c := *m.open[len(m.open)-1]
	m.open = m.open[:len(m.open)-1]
	switch {
	case !slices.Contains(m.path, "tools"):
		m.known.add(c)
	case m.path[1] == "metadata" && m.tool.Name == "":
		m.tool = tool{Name: c.Name, Version: c.Version}
	}
}

// text is part of what stands in an element; comments may split it.
func (m *markup) text(text []byte) {
	if len(m.path) < 2 || !isThing(m.path[len(m.path)-2]) {
		return
	}
	c := m.open[len(m.open)-1]
	if field := map[string]*string{"group": &c.Group, "name": &c.Name, "version": &c.Version, "purl": &c.PURL}[m.path[len(m.path)-1]]; field != nil {
		*field += strings.ToValidUTF8(string(text[:min(len(text), maxText-len(*field))]), "")
	}
}

func (m *markup) within(name string) bool { return len(m.path) > 0 && m.path[len(m.path)-1] == name }

// isThing names the elements that are read as a component is.
func isThing(name string) bool { return name == "component" || name == "tool" || name == "service" }

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (m *markup) vulnerability(t xml.StartElement) error {
	var x element
	if err := m.tags.DecodeElement(&x, &t); err != nil {
		if errors.Is(err, jsonwalk.ErrTooLarge) {
			m.report.Skip(finding.TooLarge)
		}
		return err
	}
	m.refused = x.vulnerability().report(m.report, scanner(m.tool), m.component)
	return m.refused
}

// component finds what a reference is to. To version 1.3 a vulnerability may stand in
// its component, which is then not yet known.
func (m *markup) component(ref string) component {
	if n := len(m.open); n > 0 {
		return *m.open[n-1]
	}
	return m.known.component(ref)
}

// fault says where a file is broken. An error of reading it stays as it is.
func (m *markup) fault(err error) error {
	at := m.tags.InputOffset()
	var e *jsonwalk.Error
	var syntax *xml.SyntaxError
	switch failed := m.in.failed; {
	case errors.As(err, &e):
		e.Offset = at
		return e
	case errors.Is(failed, jsonwalk.ErrTooLarge), errors.Is(failed, jsonwalk.ErrTruncated), errors.Is(failed, jsonwalk.ErrMalformed):
		return &jsonwalk.Error{Err: failed, Offset: at}
	case failed != nil:
		return err
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return &jsonwalk.Error{Err: jsonwalk.ErrTruncated, Offset: at}
	case errors.As(err, &syntax):
		return &jsonwalk.Error{Err: jsonwalk.ErrMalformed, Offset: at, Detail: clean.Fold(syntax.Msg, 200)}
	}
	return &jsonwalk.Error{Err: jsonwalk.ErrMalformed, Offset: at, Detail: clean.Fold(err.Error(), 200)}
}

// ration ends a document that asks for more than it was given: encoding/xml would hold
// all of a text, however long.
type ration struct {
	in     io.Reader
	left   int
	failed error // why nothing more can be read, unless that is the end
}

func (r *ration) Read(p []byte) (int, error) {
	if r.left <= 0 {
		r.failed = fmt.Errorf("%w: more than %d bytes in one element", jsonwalk.ErrTooLarge, maxMarkup)
		return 0, r.failed
	}
	n, err := r.in.Read(p[:min(len(p), r.left)])
	if r.left -= n; err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}
