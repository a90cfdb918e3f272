package alerts

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/connectors/sarif"
)

// detail is what the SARIF of an analysis says of an alert and the alert does
// not. It is found by the alert's number, which GitHub writes into each result:
// https://docs.github.com/en/rest/code-scanning/code-scanning#get-a-code-scanning-analysis-for-a-repository
type detail struct {
	Number     int              `json:"number"`
	Kind       finding.Kind     `json:"kind"`
	Message    string           `json:"message,omitempty"` // of a secret only: without it
	Rule       finding.Rule     `json:"rule"`
	Score      float64          `json:"score,omitempty"`
	Package    *finding.Package `json:"package,omitempty"`
	Advisories []string         `json:"advisories,omitempty"`
	Fix        *finding.Fix     `json:"fix,omitempty"`
	Parts      finding.Parts    `json:"parts"`
}

// upload is an analysis whose SARIF can be asked for.
type upload struct {
	id      int64
	results int
}

// maxUploads is how many analyses of a scan are remembered: where the newest
// one cannot be had, what an older one said of an alert still holds.
const maxUploads = 3

// detailForm keeps the details of a SARIF, with no secret in them. An analysis
// never changes, and so is asked for once; one that is no SARIF has none.
func detailForm(secrets func(string) string) githubapi.Form {
	return githubapi.Form{Name: "analysis-details/1", Accept: "application/sarif+json", Lasting: []byte("[]"), Cut: func(body []byte) ([]byte, error) {
		out := []detail{}
		options := sarif.Options{Secrets: secrets, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }}
		_, err := sarif.Parse(context.Background(), options, func(f finding.Finding) error {
			if number, err := strconv.Atoi(f.Parts.Fingerprints[finding.AlertNumber]); err == nil {
				out = append(out, detailOf(number, f))
			}
			return nil
		})
		if err != nil && len(out) == 0 {
			return nil, err
		}
		return json.Marshal(out)
	}}
}

func detailOf(number int, f finding.Finding) detail {
	d := detail{Number: number, Kind: f.Kind, Rule: f.Rule, Score: f.Score, Package: f.Package, Advisories: f.Advisories, Fix: f.Fix, Parts: f.Parts}
	d.Rule.Tags = nil
	d.Parts.Fingerprints = maps.Clone(f.Parts.Fingerprints)
	if f.Kind == finding.Secret {
		d.Message = f.Message
	}
	return d
}

// details adds to every scan what the SARIF of its newest analysis tells. It
// comes last and takes what the budget has left, because nothing is missing
// without it: where a SARIF cannot be had, the alert stays as it is.
//
// broken is what broke the pull off, if anything did and nothing more is to be
// asked.
func (p *pull) details(ctx context.Context, broken error) {
	p.recall(ctx)
	locations := slices.DeleteFunc(slices.Clone(p.order), func(l string) bool {
		s := p.scans[l]
		return len(s.seen) == 0 || len(s.uploads) == 0 || s.uploads[0].results == 0
	})
	var without []*scan
	var first, over error
	if broken != nil && p.spent(broken) {
		over = broken
	}
	p.together(len(locations), func(i int) bool {
		s := p.scans[locations[i]]
		err := p.detail(ctx, s, over)
		if err == nil {
			return true
		}
		without = append(without, s)
		if first == nil {
			first = err
		}
		if over == nil && p.ends(err) {
			over = err
		}
		return true // what was read before costs nothing
	})
	if len(without) > 0 {
		without[0].note = fmt.Sprintf("alerts are taken as they are, without the snippets and fixes of their reports, in %d of %d scans: %v", len(without), len(locations), first)
	}
}

// uploaded notes which analyses of a repository, newest first, its scans had.
func (p *pull) uploaded(full string, newestFirst []analysis) {
	for _, a := range newestFirst {
		if s := p.scans[codeLocation(full, a.Ref, a.head())]; s != nil && len(s.uploads) < maxUploads {
			s.uploads = append(s.uploads, upload{a.ID, a.Results})
		}
	}
}

// recall notes the analyses, as they were last listed, of the repositories that
// this pull did not get to: what was told of their alerts shall not come and go.
func (p *pull) recall(ctx context.Context) {
	asked := map[string]bool{}
	for _, location := range p.order {
		s := p.scans[location]
		full := s.context.Repository()
		if len(s.uploads) > 0 || asked[full] {
			continue
		}
		asked[full] = true
		var list githubapi.List[analysis]
		if body, ok := p.client.Remembered(ctx, newestAnalyses(full), analysisForm()); ok && json.Unmarshal(body, &list) == nil {
			p.uploaded(full, list.Elements)
		}
	}
}

// detail reads the SARIF of a scan's newest analysis; unless nothing more is to
// be asked, or it cannot be had: then the newest one that was read before.
func (p *pull) detail(ctx context.Context, s *scan, over error) error {
	form, err := detailForm(p.opt.Secrets), over
	for i, u := range s.uploads {
		path := fmt.Sprintf("repos/%s/code-scanning/analyses/%d", escaped(s.context.Repository()), u.id)
		if body, ok := p.client.Remembered(ctx, path, form); ok {
			return errors.Join(p.keepDetails(s, body), err)
		}
		if i > 0 || err != nil {
			continue
		}
		var page githubapi.Page
		if page, err = p.page(ctx, path, form); err == nil {
			return p.keepDetails(s, page.Body)
		}
	}
	return err
}

// keepDetails writes the details of the alerts that a scan has.
func (p *pull) keepDetails(s *scan, body []byte) error {
	var list []detail
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("read stored details: %w", err)
	}
	for _, d := range list {
		if !s.seen[d.Number] {
			continue
		}
		if err := p.write(&s.details, d); err != nil {
			return err
		}
		s.head.Details++
	}
	return nil
}

// described are the details of a document's alerts, by number.
type described map[string]detail

// readDetails reads the n lines of a document that are details.
func readDetails(lines *bufio.Scanner, n int) described {
	all := described{}
	for range n {
		var d detail
		if !lines.Scan() {
			break
		}
		if json.Unmarshal(lines.Bytes(), &d) == nil {
			all[strconv.Itoa(d.Number)] = d
		}
	}
	return all
}

// add fills in what an alert does not say. Where both speak, the alert counts.
func (all described) add(f *finding.Finding) {
	d, ok := all[f.Parts.Fingerprints[finding.AlertNumber]]
	if !ok {
		return
	}
	number := f.Parts.Fingerprints[finding.AlertNumber]
	f.Parts = d.Parts
	if f.Parts.Fingerprints == nil {
		f.Parts.Fingerprints = map[string]string{}
	}
	f.Parts.Fingerprints[finding.AlertNumber] = number
	f.Fix, f.Score = d.Fix, d.Score
	if f.Rule.Description == "" {
		f.Rule.Description = d.Rule.Description
	}
	if f.Rule.HelpURL == "" {
		f.Rule.HelpURL = d.Rule.HelpURL
	}
	for _, cwe := range d.Rule.CWEs {
		if !slices.Contains(f.Rule.CWEs, cwe) {
			f.Rule.CWEs = append(f.Rule.CWEs, cwe)
		}
	}
	if f.Package = d.Package; d.Package != nil {
		f.Kind = d.Kind
	}
	if len(f.Advisories) == 0 && len(d.Advisories) > 0 {
		f.Advisories = d.Advisories
	}
	if d.Kind == finding.Secret && f.Kind != finding.Secret { // the report tells, the alert's words may hold it
		f.Kind, f.Message = finding.Secret, d.Message
	}
}
