// Package clean makes what reports say fit for a finding: paths relative to the
// repository, texts of a bounded size, weaknesses and advisories as their
// databases spell them, severities on one scale, secrets redacted. All parsers
// share it, so that the same finding looks the same in every format.
//
// The awkward truth: it judges by words. A secret that a message repeats, that no
// snippet shows and that is short or looks like a word stays; a severity in words
// nobody has written before is Unknown.
package clean
