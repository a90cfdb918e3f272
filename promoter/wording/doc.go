// Package wording holds what every surface says about a finding, as plain text:
// each escapes it for its own markup. Its functions are pure.
//
// The awkward truth: plain text is not safe text. What comes out of here has no
// invisible characters, and still holds every mention, link and fence that a
// scanner put in.
package wording
