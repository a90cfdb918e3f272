// Package jira is a Jira for one process: the part of its REST interface that Sluice uses, stateful, as Cloud or as Data
// Center, refusing what Jira refuses. Tests put it behind httptest; cmd/sandbox serves it to people.
//
// One Server answers three things: the REST interface below /rest/api/ (2 and 3 on Cloud, 2 on Data Center), pages for
// people below /ui/jira (and Jira's own /browse/KEY-1, which leads there), and, for scripts, controls below
// /_sandbox/jira/. Only the first exists at Jira.
//
// What it promises is what the project's platforms.md says of Jira and what Atlassian's OpenAPI description of Jira Cloud
// says of each answer; the tests hold it against the latter. State is one World, guarded by one lock. A search looks at an
// index of its own, which follows the issues with a settable lag and so shows what was, also of deleted issues.
//
// The awkward truth: of Data Center there is no published description to hold it against, so where the two differ (createmeta,
// users, the old search, 429, 401) it rests on Atlassian's reference pages and on what users reported. Sentences of errors are
// Jira's where they are known and ours elsewhere. It knows no webhooks, attachments, worklogs, watchers, votes, versions,
// sprints, boards of its own, groups, visibility of comments, bulk operations or translations; permissions are a list for each
// project and person instead of schemes; every project has one workflow for all its issue types; screens for creating and
// editing are the same. Which characters Jira counts in a document is not published: here it is the wiki text's UTF-16 units.
// Wiki text and documents are converted for what Sluice writes (headings, lists, code, quotes, links, marks), other nodes
// become their text. The index is made anew when the server starts. It is no place for real tokens: they are stored as they are.
package jira
