package connectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// ParseOptions are what a parser needs besides the document.
type ParseOptions struct {
	// Secrets makes the keyed hash that stands for a secret; see sarif.Options.
	Secrets func(secret string) string
}

// Auto is the source type that recognises each report's format by its content.
const Auto = "auto"

// ErrFormat says that a report is of no format there is a parser for.
var ErrFormat = errors.New("not recognised")

// Types lists the source types there are: auto, then the formats sorted.
func Types() []string {
	types := []string{}
	for _, f := range formats() {
		types = append(types, f.name)
	}
	slices.Sort(types)
	return append([]string{Auto}, types...)
}

// Parse reads a document, with its own Reader or the parser of the source's
// type, and calls emit with every finding. What came before an error has been emitted, and the report
// says how far it got. A report that names no category is given the document's.
func Parse(ctx context.Context, cfg Config, doc Document, o ParseOptions, emit func(finding.Finding) error) (finding.Report, error) {
	if doc.Read != nil {
		return doc.Read(ctx, doc, o, emit)
	}
	f, err := formatOf(ctx, cfg, doc)
	if err != nil {
		return finding.Report{}, err
	}
	report, err := f.parse(ctx, input{open: doc.Open, root: cfg.Root, secrets: o.Secrets}, func(f finding.Finding) error {
		if f.Category == "" {
			f.Category = doc.Context.Category
		}
		return emit(f)
	})
	for i := range report.Scans {
		if report.Scans[i].Category == "" {
			report.Scans[i].Category = doc.Context.Category
		}
	}
	if err != nil {
		return report, fmt.Errorf("parse %s as %s: %w", doc.Location, f.name, err)
	}
	return report, nil
}

// formatOf finds the format a document is to be read as.
func formatOf(ctx context.Context, cfg Config, doc Document) (format, error) {
	if cfg.Type == Auto {
		f, err := recognise(ctx, doc.Open)
		if err != nil {
			return format{}, fmt.Errorf("parse %s: %w", doc.Location, err)
		}
		return f, nil
	}
	for _, f := range formats() {
		if f.name == cfg.Type {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("source %s: unknown type %q; the types are %s", cfg.Name, cfg.Type, strings.Join(Types(), ", "))
}
