// Package alerts asks a GitHub for the alerts it keeps: of code scanning, of
// Dependabot and of secret scanning, of an organisation or of single
// repositories. What it delivers are documents as a drop folder would have
// them, one for each scan an alert list speaks of, so that matching, deciding
// and showing know nothing of where they came from.
//
// Lists are asked for oldest first and in every state. So a new alert changes
// their last page and a dismissed one its own, and each other page costs no
// quota (304). An alert is gone when GitHub calls it fixed, or when a list that
// was read to its end no longer has it.
//
// An alert says less than the report it was made of: it has no snippet, no fix
// and no package. Of code scanning, those come from the SARIF of its analysis,
// which is asked for once, last of all, and which nothing depends on.
//
// The awkward truth: Dependabot's alerts have no version of what is in use; code
// scanning shows the first 5,000 results of an analysis only. Which alerts a pull request has is
// asked for each of its analyses, because no list of an organisation tells; so
// an organisation costs one request (usually a free one) for each repository
// that has code scanning. An alert of secret scanning names the commit that the
// secret was first seen in, and its line there, wherever it may stand today. Where
// GitHub pages by numbers, an alert that is deleted (with its repository, say) just
// while a list is read moves the next ones up, and one of them can be missed until
// the next pull.
package alerts
