package github

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// GraphQL is the only way to a thread:
// https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread
const (
	threadByID = `query($id: ID!) {
  node(id: $id) { ... on PullRequestReviewThread { id isResolved } }
}`
	threadsOfPull = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved comments(first: 1) { nodes { fullDatabaseId } } }
      }
    }
  }
}`
	resolveThread = `mutation($id: ID!) {
  resolveReviewThread(input: {threadId: $id}) { thread { id isResolved } }
}`
	unresolveThread = `mutation($id: ID!) {
  unresolveReviewThread(input: {threadId: $id}) { thread { id isResolved } }
}`
)

type thread struct {
	ID         string
	IsResolved bool
	Comments   struct {
		Nodes []struct {
			FullDatabaseID json.RawMessage // a BigInt: a number in quotes
		}
	}
}

func (t thread) startsWith(comment int64) bool {
	return len(t.Comments.Nodes) > 0 &&
		strings.Trim(string(t.Comments.Nodes[0].FullDatabaseID), `"`) == strconv.FormatInt(comment, 10)
}

// resolve brings a thread into the state the verb asks for.
func (t *target) resolve(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, error) {
	now, err := t.thread(ctx, n)
	if err != nil {
		return promoter.ObservedPost{}, err
	}
	if now == nil {
		return gone(n), nil
	}
	want := t.effect.Verb == promoter.VerbResolve
	if now.IsResolved != want {
		mutation := unresolveThread
		if want {
			mutation = resolveThread
		}
		if err := t.client.Query(ctx, mutation, map[string]any{"id": now.ID}, nil); err != nil {
			return promoter.ObservedPost{}, err
		}
	}
	return settled(n, *now), nil
}

func (t *target) findResolve(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, bool, error) {
	now, err := t.thread(ctx, n)
	if err != nil {
		return promoter.ObservedPost{}, false, err
	}
	if now == nil {
		return gone(n), true, nil
	}
	return settled(n, *now), now.IsResolved == (t.effect.Verb == promoter.VerbResolve), nil
}

func settled(n promoter.Notice, now thread) promoter.ObservedPost {
	remote := n.Remote
	remote.ThreadID = now.ID
	return promoter.ObservedPost{No: n.No, Remote: remote, Posted: n.Posted}
}

// thread looks a notice's thread up, by its node id if that is known; nil when
// GitHub has none (any more).
func (t *target) thread(ctx context.Context, n promoter.Notice) (*thread, error) {
	if n.Remote.ThreadID == "" {
		return t.threadOf(ctx, n.Remote.ID)
	}
	var data struct{ Node *thread }
	err := t.client.Query(ctx, threadByID, map[string]any{"id": n.Remote.ThreadID}, &data)
	if githubapi.IsNotFound(err) {
		return nil, nil
	}
	if data.Node != nil && data.Node.ID == "" {
		data.Node = nil // some other kind of node
	}
	return data.Node, err
}

func (t *target) threadOf(ctx context.Context, comment int64) (*thread, error) {
	vars := map[string]any{"owner": t.repo.Owner, "name": t.repo.Name, "number": t.effect.Target.PullRequest, "after": nil}
	for {
		var data struct {
			Repository struct {
				PullRequest struct {
					ReviewThreads struct {
						PageInfo struct {
							HasNextPage bool
							EndCursor   string
						}
						Nodes []thread
					}
				}
			}
		}
		if err := t.client.Query(ctx, threadsOfPull, vars, &data); err != nil {
			if githubapi.IsNotFound(err) {
				return nil, nil
			}
			return nil, err
		}
		page := data.Repository.PullRequest.ReviewThreads
		for _, candidate := range page.Nodes {
			if candidate.startsWith(comment) {
				return &candidate, nil
			}
		}
		if !page.PageInfo.HasNextPage || page.PageInfo.EndCursor == "" {
			return nil, nil
		}
		vars["after"] = page.PageInfo.EndCursor
	}
}
