package github

import (
	"strconv"
)

func (c *call) repositoryNode(r *Repository) node {
	return node{
		"__typename": "Repository", "id": nodeID("R", r.ID), "databaseId": r.ID, "name": r.Name, "nameWithOwner": r.FullName(), "isPrivate": r.Private,
		"pullRequest": resolver(func(args map[string]any) (any, error) {
			number, _ := args["number"].(float64)
			p := r.PullRequest(int(number))
			if p == nil {
				return nil, &graphError{"NOT_FOUND", "Could not resolve to a PullRequest with the number of " + strconv.Itoa(int(number)) + "."}
			}
			return c.pullNode(r, p)
		}),
	}
}

func (c *call) pullNode(r *Repository, p *PullRequest) (node, error) {
	if err := c.s.refresh(r, p); err != nil {
		return nil, err
	}
	state := map[bool]string{true: "OPEN", false: "CLOSED"}[p.State == "open"]
	if p.MergedBy != "" {
		state = "MERGED"
	}
	return node{
		"__typename": "PullRequest", "id": nodeID("PR", p.ID), "databaseId": p.ID, "number": p.Number, "title": p.Title, "state": state,
		"isDraft": p.Draft, "headRefOid": p.HeadSHA, "baseRefOid": p.BaseSHA,
		"reviewThreads": resolver(func(args map[string]any) (any, error) {
			var list []node
			for _, t := range p.Threads {
				if c.sees(p, t) {
					list = append(list, c.threadNode(p, t))
				}
			}
			return connection(list, args)
		}),
	}, nil
}

func (c *call) threadNode(p *PullRequest, t *Thread) node {
	n := node{"__typename": "PullRequestReviewThread", "id": t.Node, "isResolved": t.Resolved, "isCollapsed": t.Resolved, "isOutdated": true,
		"resolvedBy": node(nil), "path": "", "line": nil, "originalLine": nil, "diffSide": "RIGHT"}
	if t.ResolvedBy != "" {
		n["resolvedBy"] = node{"__typename": "User", "login": t.ResolvedBy}
	}
	var comments []node
	for _, m := range p.ReviewComments {
		if m.Thread != t.First || p.pending(m) && !equalFold(m.Author, c.login()) {
			continue
		}
		if comments == nil {
			n["path"], n["line"], n["originalLine"], n["diffSide"], n["isOutdated"] = m.Path, orNil(m.Line), m.OriginalLine, m.Side, m.Line == 0
		}
		comments = append(comments, commentNode(m))
	}
	n["comments"] = resolver(func(args map[string]any) (any, error) { return connection(comments, args) })
	return n
}

func commentNode(m *ReviewComment) node {
	return node{"__typename": "PullRequestReviewComment", "id": nodeID("PRRC", m.ID), "databaseId": m.ID, "fullDatabaseId": strconv.FormatInt(m.ID, 10),
		"body": m.Body, "path": m.Path, "line": orNil(m.Line), "outdated": m.Line == 0, "isMinimized": m.Minimized != "",
		"minimizedReason": minimizedReason(m.Minimized), "author": node{"__typename": "User", "login": m.Author}}
}

func issueCommentNode(m *IssueComment) node {
	return node{"__typename": "IssueComment", "id": nodeID("IC", m.ID), "databaseId": m.ID, "body": m.Body, "isMinimized": m.Minimized != "",
		"minimizedReason": minimizedReason(m.Minimized), "author": node{"__typename": "User", "login": m.Author}}
}

func minimizedReason(classifier string) any { return orNil(classifier) }

// connection cuts a list by first and after (or last and before are refused, as nobody here asks backwards). GitHub
// takes from 1 to 100.
func connection(list []node, args map[string]any) (any, error) {
	first, ok := args["first"].(float64)
	if !ok || first < 1 || first > 100 {
		return nil, &graphError{"MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` value from 1 to 100 to properly paginate the connection."}
	}
	start := 0
	if after, ok := args["after"].(string); ok {
		n, err := strconv.Atoi(after)
		if err != nil || n < 0 || n > len(list) {
			return nil, &graphError{"INVALID_CURSOR_ARGUMENTS", "`" + after + "` does not appear to be a valid cursor."}
		}
		start = n
	}
	end := min(start+int(first), len(list))
	cut := list[start:end]
	if cut == nil {
		cut = []node{}
	}
	return node{"__typename": "Connection", "totalCount": len(list), "nodes": cut, "pageInfo": node{
		"hasNextPage": end < len(list), "hasPreviousPage": start > 0, "startCursor": strconv.Itoa(start), "endCursor": strconv.Itoa(end)}}, nil
}
