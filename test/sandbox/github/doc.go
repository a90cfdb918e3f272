// Package github is a GitHub for one process: the part of its REST and GraphQL interfaces that Sluice uses, stateful,
// over real bare git repositories on disk, refusing what GitHub refuses and counting the mails it would send. Tests put
// it behind httptest; cmd/sandbox serves it to people.
//
// One Server answers four things: the REST interface at its root and again below /api/v3/ (as on GitHub Enterprise
// Server), GraphQL at /graphql and /api/graphql, pages for people below /ui/, and, for scripts, controls below
// /_sandbox/. Only the first two exist at GitHub.
//
// What it promises is what the project's platforms.md says of GitHub and what GitHub's OpenAPI description says of each
// answer; the tests hold it against the latter. State is one World, guarded by one lock; git runs under the lock.
//
// Alerts of code scanning, Dependabot and secret scanning are listed, by repository and by organisation; only a
// test's hand (Analyse, AddDependabotAlert, ...) changes them. An uploaded result is known again by rule, path and
// message, which is much less than GitHub looks at.
//
// The awkward truth: it knows no forks, labels, milestones, teams, protected branches, webhooks or file-level
// comments; nobody is ever suspended; numbers of followers and the like are zero. Secondary limits follow the published
// figures, of which GitHub says that they may change without notice; submitting a review counts as creating content,
// which GitHub does not say. It is no place for real tokens: they are stored as they are.
package github
