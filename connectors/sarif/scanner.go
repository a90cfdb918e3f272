package sarif

import (
	"io"

	"github.com/sluice-sec/sluice/connectors/jsonwalk"
)

// scanner reads a report's JSON; the methods beside it read SARIF's objects.
type scanner struct{ jsonwalk.Scanner }

// Strings and lists are cut at these many bytes and elements.
const (
	maxName    = jsonwalk.MaxName
	maxURI     = jsonwalk.MaxURI
	maxMessage = jsonwalk.MaxMessage
	maxSnippet = jsonwalk.MaxSnippet
	maxEntries = jsonwalk.MaxEntries
)

// What can be wrong with a file; an *Error unwraps to one of these, or to the
// reader's own error.
var (
	ErrTruncated = jsonwalk.ErrTruncated
	ErrMalformed = jsonwalk.ErrMalformed
	ErrVersion   = jsonwalk.ErrVersion
	ErrTooLarge  = jsonwalk.ErrTooLarge
)

// Error says what is wrong with a file and where.
type Error = jsonwalk.Error

func newScanner(r io.Reader) *scanner { return &scanner{*jsonwalk.NewScanner(r)} }
