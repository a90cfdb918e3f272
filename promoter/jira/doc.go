// Package jira shows notices as issues in Jira, Cloud or Data Center: it
// carries effects out (Do), finds out what became of one whose outcome is not
// known (Find), writes the texts (Renderer), reads what people made of a task
// (Status) and looks over the routes without changing anything (Doctor).
//
// The awkward truth:
//
//   - Jira has no conditional writes. Between reading an issue and editing it a
//     person can edit it too; that gap is a request wide and nothing closes it.
//   - Creating is not repeatable. An issue is known by its label
//     sluice-<token> alone until its number is stored, and the search that
//     finds a label follows the issues by seconds to minutes. So after a lost
//     answer nothing is repeated for ten minutes and, an issue, two searches, and still a
//     search that lags for longer makes a second issue; Find joins the two
//     when it meets them.
//   - What differs from the hashes we remember counts as edited by a person
//     and is left alone for good, field by field. Whom an automation rule works
//     for nobody can tell: it is a person here.
//   - An issue that we cannot see any more (another security level, another
//     project) looks exactly like a deleted one.
//   - Which characters Cloud counts in a document is not published; we count
//     those of its JSON and cut earlier than we might have to.
//   - Data Center's wiki text is a language of many exceptions. What takes
//     every meaning from a text rests on Atlassian's help page and on what its
//     renderer is known to escape, and is tried against the sandbox only.
//   - One account makes and edits: what another one made is a person's.
package jira
