package connectors

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// ParseOptions are what a parser needs besides the document.
type ParseOptions struct {
	// Secrets makes the keyed hash that stands for a secret; see sarif.Options.
	Secrets func(secret string) string
}

// parser reads one document. It emits findings in the file's order.
type parser func(context.Context, Config, Document, ParseOptions, func(finding.Finding) error) (finding.Report, error)

// parsers is the list of source types: a new format is one more line.
func parsers() map[string]parser {
	return map[string]parser{
		"sarif": parseSARIF,
	}
}

// Types lists the source types there are, sorted.
func Types() []string { return slices.Sorted(maps.Keys(parsers())) }

// Parse reads a document with the parser of the source's type and calls emit
// with every finding. What came before an error has been emitted, and the report
// says how far it got. A report that names no category is given the document's.
func Parse(ctx context.Context, cfg Config, doc Document, o ParseOptions, emit func(finding.Finding) error) (finding.Report, error) {
	parse, ok := parsers()[cfg.Type]
	if !ok {
		return finding.Report{}, fmt.Errorf("source %s: unknown type %q; the types are %s", cfg.Name, cfg.Type, strings.Join(Types(), ", "))
	}
	report, err := parse(ctx, cfg, doc, o, func(f finding.Finding) error {
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
		return report, fmt.Errorf("parse %s: %w", doc.Location, err)
	}
	return report, nil
}

func parseSARIF(ctx context.Context, cfg Config, doc Document, o ParseOptions, emit func(finding.Finding) error) (finding.Report, error) {
	return sarif.Parse(ctx, sarif.Options{Open: doc.Open, Root: cfg.Root, Secrets: o.Secrets}, emit)
}
