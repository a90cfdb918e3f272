// Package github shows notices on GitHub pull requests: one review with a
// comment per notice, one sticky summary, edits that withdraw, and resolved
// threads. It carries effects out (Do), finds out what became of one whose
// outcome is not known (Find), reads a pull request (Change) and writes the
// bodies (Renderer).
//
// The awkward truth:
//
//   - A submitted review mails its people at once, and neither it nor a
//     comment can be taken back: a review of kind COMMENT cannot be dismissed.
//     Withdrawing edits the comment to one line and resolves its thread; the
//     mail stays in the inbox.
//   - A review is made in two steps, pending and then submitted, because only
//     a pending one can be found and deleted unseen after a crash. There is
//     one pending review per account and pull request: under a person's token
//     their own unfinished review holds ours up.
//   - Between reading a comment and editing it a person can edit it too. That
//     gap is a request wide and GitHub offers nothing to close it.
//   - A new summary is known by its marker alone until its number is stored.
//     Who rewrites it without that between a crash and the next run makes it
//     theirs, and a second one is posted; so it is when they delete it then,
//     and when the request that made it arrives minutes late.
//   - GitHub does not tell who edited a comment. What differs from the hash we
//     remember counts as edited by a person and is left alone for good; so is
//     a sticky summary of a lost database that was ever edited, by whomever.
//   - The same identity must post and edit: a new App or account leaves the
//     comments of the old one as they are, also those that should go.
//   - A scanner's message is shown as text. If it names a line, that line is
//     wrong as soon as the code moves, and the new message is an edit.
package github
