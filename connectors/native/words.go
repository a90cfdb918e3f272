package native

import (
	"encoding/json"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/finding"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// Place is the place at lines of a file, or nil where the file is not in the
// repository.
func Place(root, file string, lines finding.Place) *finding.Place {
	if lines.Path = clean.Path(root, file); lines.Path == "" {
		return nil
	}
	return &lines
}

// Severity reads a scanner's own word; Unknown, from nowhere, if it is none.
func Severity(word string) (finding.Severity, finding.SeverityFrom) {
	if s := clean.Severity(word); s != finding.Unknown {
		return s, finding.FromNative
	}
	return finding.Unknown, ""
}

// OneOrMany reads what is either one text or a list of them.
func OneOrMany(raw json.RawMessage) (list []string) {
	if len(raw) > 0 && raw[0] == '[' {
		_, _ = jsonwalk.Decode(raw, &list) // it was checked with the element
		return list
	}
	var one string
	if _, _ = jsonwalk.Decode(raw, &one); one == "" {
		return nil
	}
	return []string{one}
}
