package alerts

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors"
	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
)

// A document is JSON Lines: the scan's head, details of its alerts, then its
// alerts as their Form keeps them.

func (p *pull) write(sections *[]section, line any) error {
	raw, err := json.Marshal(line)
	if err != nil {
		return err
	}
	part, err := p.spool.add(raw)
	if err != nil {
		return err
	}
	// What stands side by side is read as one.
	if n := len(*sections); n > 0 && (*sections)[n-1].at+(*sections)[n-1].size == part.at {
		(*sections)[n-1].size += part.size
		return nil
	}
	*sections = append(*sections, part)
	return nil
}

func (p *pull) document(location string, s *scan) (connectors.Document, error) {
	first, err := json.Marshal(s.head)
	if err != nil {
		return connectors.Document{}, err
	}
	first = append(first, '\n')
	size := int64(len(first))
	sections := slices.Concat(s.details, s.sections)
	for _, part := range sections {
		size += part.size
	}
	spool, kind := p.spool, p.opt.Kind
	return connectors.Document{
		Location: location, Context: s.context, Size: size, Lacking: s.lacking, Note: s.note, ModTime: p.opt.Now(),
		Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(first), spool.open(sections))), nil
		},
		Read: func(ctx context.Context, d connectors.Document, _ connectors.ParseOptions, emit func(finding.Finding) error) (finding.Report, error) {
			r, err := d.Open()
			if err != nil {
				return finding.Report{}, err
			}
			defer r.Close()
			return Parse(ctx, kind, r, emit)
		},
	}, nil
}

// maxLine bounds one alert, in bytes.
const maxLine = 1 << 20

// Parse reads a document of alerts and calls emit with each as a finding: open
// ones, dismissed ones as suppressed, fixed ones as absent. Results = findings +
// skipped; one that cannot be read is skipped as malformed and makes the report
// incomplete.
func Parse(ctx context.Context, kind Kind, r io.Reader, emit func(finding.Finding) error) (finding.Report, error) {
	report := finding.Report{Format: string(kind)}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var h head
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &h) != nil || h.Tool == "" {
		return report, fmt.Errorf("alerts: the first line names no tool: %w", errOr(lines.Err(), io.ErrUnexpectedEOF))
	}
	more := readDetails(lines, h.Details)
	rules := map[string]bool{}
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		f, skip := read(kind, lines.Bytes(), h)
		if skip != "" {
			report.Skip(skip)
			continue
		}
		more.add(&f)
		report.Results++
		report.Findings++
		rules[f.Rule.ID] = true
		if err := emit(f); err != nil {
			return report, err
		}
	}
	report.Complete = lines.Err() == nil && h.Failed == "" && report.Skipped[finding.Malformed] == 0
	scan := h.complete(rules)
	scan.Complete = report.Complete
	report.Scans = []finding.Scan{scan}
	if err := lines.Err(); err != nil {
		return report, fmt.Errorf("alerts: %w", err)
	}
	return report, nil
}

// read makes a finding of one line, or says why it is none.
func read(kind Kind, line []byte, h head) (f finding.Finding, skip finding.Reason) {
	switch kind {
	case CodeScanning:
		f, skip = decode[codeAlert](line)
	case Dependabot:
		f, skip = decode[dependabotAlert](line)
	case SecretScanning:
		f, skip = decode[secretAlert](line)
	}
	f.Scanner, f.Category = finding.Scanner{Name: h.Tool, Version: h.Version}, h.Category
	return f, skip
}

func decode[A interface {
	finding() (finding.Finding, finding.Reason)
}](line []byte) (finding.Finding, finding.Reason) {
	var a A
	if json.Unmarshal(line, &a) != nil {
		return finding.Finding{}, finding.Malformed
	}
	return a.finding()
}

// pathOf reads a path, which some of GitHub's answers begin with a slash.
func pathOf(p string) string { return clean.Path("", strings.TrimPrefix(p, "/")) }

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
