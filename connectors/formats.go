package connectors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sluice-sec/sluice/connectors/bandit"
	"github.com/sluice-sec/sluice/connectors/brakeman"
	"github.com/sluice-sec/sluice/connectors/checkov"
	"github.com/sluice-sec/sluice/connectors/cyclonedx"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/gitlab"
	"github.com/sluice-sec/sluice/connectors/gitleaks"
	"github.com/sluice-sec/sluice/connectors/gosec"
	"github.com/sluice-sec/sluice/connectors/govulncheck"
	"github.com/sluice-sec/sluice/connectors/grype"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
	"github.com/sluice-sec/sluice/connectors/npmaudit"
	"github.com/sluice-sec/sluice/connectors/openvex"
	"github.com/sluice-sec/sluice/connectors/osvscanner"
	"github.com/sluice-sec/sluice/connectors/pipaudit"
	"github.com/sluice-sec/sluice/connectors/sarif"
	"github.com/sluice-sec/sluice/connectors/semgrep"
	"github.com/sluice-sec/sluice/connectors/snyk"
	"github.com/sluice-sec/sluice/connectors/trivy"
	"github.com/sluice-sec/sluice/connectors/trufflehog"
)

// format is a kind of report: its type in sluice.yaml, how its content tells that
// it is one, and its parser.
type format struct {
	name      string
	recognise func(*jsonwalk.Sketch) bool
	parse     func(context.Context, input, func(finding.Finding) error) (finding.Report, error)
}

// input is what a parser of any format is given.
type input struct {
	open    func() (io.ReadCloser, error)
	root    string
	secrets func(string) string
}

// formats is the list of formats: a new one is one more line.
func formats() []format {
	return []format{
		{"bandit", bandit.Recognise, parsed(bandit.Parse)},
		{"brakeman", brakeman.Recognise, parsed(brakeman.Parse)},
		{"checkov", checkov.Recognise, parsed(checkov.Parse)},
		{"cyclonedx", cyclonedx.Recognise, parsed(cyclonedx.Parse)},
		{"gitlab", gitlab.Recognise, parsed(gitlab.Parse)},
		{"gitleaks", gitleaks.Recognise, parsed(gitleaks.Parse)},
		{"gosec", gosec.Recognise, parsed(gosec.Parse)},
		{"govulncheck", govulncheck.Recognise, parsed(govulncheck.Parse)},
		{"grype", grype.Recognise, parsed(grype.Parse)},
		{"npm-audit", npmaudit.Recognise, parsed(npmaudit.Parse)},
		{"openvex", openvex.Recognise, parsed(openvex.Parse)},
		{"osv-scanner", osvscanner.Recognise, parsed(osvscanner.Parse)},
		{"pip-audit", pipaudit.Recognise, parsed(pipaudit.Parse)},
		{"sarif", sarif.Recognise, parseSARIF},
		{"semgrep", semgrep.Recognise, parsed(semgrep.Parse)},
		{"snyk", snyk.Recognise, parsed(snyk.Parse)},
		{"trivy", trivy.Recognise, parsed(trivy.Parse)},
		{"trufflehog", trufflehog.Recognise, parsed(trufflehog.Parse)},
	}
}

func parseSARIF(ctx context.Context, in input, emit func(finding.Finding) error) (finding.Report, error) {
	return sarif.Parse(ctx, sarif.Options{Open: in.open, Root: in.root, Secrets: in.secrets}, emit)
}

// parsed makes a format's parser of a native one.
func parsed(parse native.Parse) func(context.Context, input, func(finding.Finding) error) (finding.Report, error) {
	return func(ctx context.Context, in input, emit func(finding.Finding) error) (finding.Report, error) {
		return parse(ctx, native.Options{Open: in.open, Root: in.root, Secrets: in.secrets}, emit)
	}
}

// recognise finds a report's format by what is in it, never by the file's name.
func recognise(ctx context.Context, open func() (io.ReadCloser, error)) (format, error) {
	sketch, err := jsonwalk.Look(ctx, open)
	var broken *jsonwalk.Error
	if errors.As(err, &broken) {
		return format{}, fmt.Errorf("%w as a report in JSON or XML: %w", ErrFormat, err)
	}
	if err != nil {
		return format{}, err
	}
	var found []format
	var names []string
	for _, f := range formats() {
		if f.recognise(sketch) {
			found, names = append(found, f), append(names, f.name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if sketch.Root != "" {
			return format{}, fmt.Errorf("%w: of reports in XML only CycloneDX is read; have the scanner write JSON or SARIF", ErrFormat)
		}
		if sketch.Begins("", "[") && !sketch.Has("[*]") {
			return format{}, fmt.Errorf("%w: an empty list is what several scanners write when they find nothing; name its format", ErrFormat)
		}
		return format{}, fmt.Errorf("%w; name its format (%s)", ErrFormat, strings.Join(Types()[1:], ", "))
	}
	return format{}, fmt.Errorf("%w: it could be %s; name its format", ErrFormat, strings.Join(names, " or "))
}
