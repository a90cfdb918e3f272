// Package openvex reads OpenVEX documents (https://github.com/openvex/spec): what
// somebody who knows a product says of vulnerabilities in it.
//
// The awkward truth:
//
//   - A statement is no finding: it is about those that scanners report, of any format.
//     So a document has no findings, and its statements are in Report.Statements.
//   - Only statements about package URLs can be matched with findings. Where a product
//     has subcomponents, the statement is about these; that they are so only inside
//     that product is lost.
//   - They count for the findings that are delivered beside the document, by the same
//     source for the same commit. Signatures are not checked: who can write the one
//     can write the other.
package openvex

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// Recognise tells a document by its context, or by its statements.
func Recognise(k *jsonwalk.Sketch) bool {
	return k.Begins("@context", "https://openvex.dev/ns") || k.HasAll("statements[*].vulnerability", "statements[*].status")
}

// maxKept bounds the statements of one document, in bytes.
const maxKept = 16 << 20

// Parse reads a document; see native.Parse.
func Parse(ctx context.Context, o native.Options, emit func(finding.Finding) error) (finding.Report, error) {
	report := native.NewReport("openvex", emit)
	kept := 0
	keep := []string{"author", "timestamp", "products"}
	result, err := o.Walk([]string{"statements[*]"}, keep).Each(ctx, func(e jsonwalk.Element) error {
		var s statement
		if ok, err := report.Read(e, &s); !ok {
			return err
		}
		said := s.statement(*jsonwalk.Of[document](e.Around[0]))
		if kept += size(said); kept > maxKept {
			report.Skip(finding.TooLarge)
			return nil
		}
		if len(said.Advisories) == 0 || !known(said.Status) {
			report.Skip(finding.Malformed)
			return nil
		}
		report.State(said)
		return nil
	})
	if err == nil && !result.Met("statements") {
		err = native.NotThis("no statements; is this OpenVEX?")
	}
	return report.Close(finding.Scanner{Name: "OpenVEX"}, err)
}

type document struct {
	Author, Timestamp string
	Products          []json.RawMessage
}

type statement struct {
	Vulnerability   json.RawMessage // its name until 0.0.1, an object since
	Aliases         []string
	Products        []json.RawMessage // their ids until 0.0.1, objects since
	Status          string
	Justification   string
	ImpactStatement string `json:"impact_statement"`
	ActionStatement string `json:"action_statement"`
	StatusNotes     string `json:"status_notes"`
	Timestamp       string
}

func (s statement) statement(d document) finding.Statement {
	out := finding.Statement{
		Status: clean.Fold(s.Status, 100), Justification: clean.Fold(s.Justification, 100), Author: clean.Fold(d.Author, 300),
		Comment: clean.Fold(cmp.Or(s.ImpactStatement, s.ActionStatement, s.StatusNotes), 1<<10),
		At:      at(s.Timestamp, d.Timestamp),
	}
	var v struct {
		ID      string `json:"@id"`
		Name    string
		Aliases []string
	}
	if len(s.Vulnerability) > 0 && s.Vulnerability[0] == '{' {
		_, _ = jsonwalk.Decode(s.Vulnerability, &v) // it was checked with the element
	} else {
		_, _ = jsonwalk.Decode(s.Vulnerability, &v.Name)
	}
	out.Advisories = native.Advisories(cmp.Or(v.Name, v.ID), append(v.Aliases, s.Aliases...))
	products := s.Products
	if len(products) == 0 {
		products = d.Products
	}
	for _, raw := range products {
		out.Products = append(out.Products, packages(raw)...)
	}
	return out
}

// component is a product or a part of one.
type component struct {
	ID            string `json:"@id"`
	Identifiers   struct{ PURL string }
	Subcomponents []component
}

// packages are what a statement about a product is about.
func packages(raw json.RawMessage) (ids []string) {
	if len(raw) == 0 || raw[0] != '{' {
		var id string
		_, _ = jsonwalk.Decode(raw, &id) // it was checked with the element
		return []string{clean.Fold(id, 2<<10)}
	}
	var c component
	_, _ = jsonwalk.Decode(raw, &c)
	parts := c.Subcomponents
	if len(parts) == 0 {
		parts = []component{c}
	}
	for _, p := range parts {
		ids = append(ids, clean.Fold(cmp.Or(p.Identifiers.PURL, p.ID), 2<<10))
	}
	return ids
}

func known(status string) bool {
	switch status {
	case finding.NotAffected, finding.Affected, finding.Fixed, finding.UnderInvestigation:
		return true
	}
	return false
}

// at is the first of the times that is one.
func at(texts ...string) time.Time {
	for _, text := range texts {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func size(s finding.Statement) int {
	n := 200 + len(s.Comment) + len(s.Author)
	for _, p := range s.Products {
		n += 16 + len(p)
	}
	return n
}
