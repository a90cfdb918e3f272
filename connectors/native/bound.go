package native

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// Bounds of a finding. Real ones stay far below.
const (
	maxTag          = 200 // bytes
	maxTags         = 64
	maxFingerprints = 16
)

// bound cuts what a report made long, so that nobody who holds, stores or sends a
// finding has to. What is worthless when it is cut goes.
func bound(f *finding.Finding) {
	for _, s := range []*string{&f.Rule.ID, &f.Rule.Name, &f.Parts.Symbol, &f.Scanner.Name, &f.Scanner.Version} {
		*s = cut(*s, jsonwalk.MaxName)
	}
	if p := f.Package; p != nil {
		for _, s := range []*string{&p.Name, &p.Version, &p.FixedIn, &p.Ecosystem} {
			*s = cut(*s, jsonwalk.MaxName)
		}
		if len(p.PURL) > 4*jsonwalk.MaxName {
			p.PURL = ""
		}
	}
	f.Rule.Tags = slices.Clone(f.Rule.Tags[:min(len(f.Rule.Tags), maxTags)])
	for i, tag := range f.Rule.Tags {
		f.Rule.Tags[i] = cut(tag, maxTag)
	}
	prints := f.Parts.Fingerprints
	for i, name := range slices.Sorted(maps.Keys(prints)) {
		if i >= maxFingerprints || len(name) > jsonwalk.MaxName || len(prints[name]) > jsonwalk.MaxName {
			delete(prints, name)
		}
	}
}

// cut keeps the first bytes of a text, at most, and whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.Clone(s[:most])
}
