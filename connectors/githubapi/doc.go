// Package githubapi is the one way Sluice talks to a GitHub: authentication,
// limits, conditional requests, paging, GraphQL and typed errors, shared by
// every source and surface of one installation.
//
// The awkward truth: the secondary limits cannot be asked for, so the client
// keeps its own count of them, in memory: two processes with one token, or a
// process that was just restarted, know nothing of what was spent before, and
// learn it from a refusal. A write is sent once. What happened to one that met
// a timeout, a reset or a 5xx is not known here and is never guessed
// (UnknownOutcomeError). What a stored answer held of source code (patches,
// diff hunks) is blanked before it is stored, so a replayed answer has the
// right lines and no text on them. go-github supplies the types, the requests'
// form and the reading of errors; its own limiter, which runs on the system's
// clock and refuses by itself, is bypassed.
package githubapi
