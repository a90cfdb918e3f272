package github

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
)

// GraphQL is the only way to a thread:
// https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread
const (
	threadByID = `query($id: ID!) {
  node(id: $id) { ... on PullRequestReviewThread { id isResolved resolvedBy { login } } }
}`
	threadsOfPull = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved resolvedBy { login } comments(first: 1) { nodes { fullDatabaseId } } }
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
	ResolvedBy struct{ Login string } // nobody: nobody has, or we are not told
	Comments   struct {
		Nodes []struct {
			FullDatabaseID json.RawMessage // a BigInt: a number in quotes
		}
	}
}

// comment is the REST id of the thread's first comment; 0 if it has none.
func (t thread) comment() int64 {
	if len(t.Comments.Nodes) == 0 {
		return 0
	}
	id, err := strconv.ParseInt(strings.Trim(string(t.Comments.Nodes[0].FullDatabaseID), `"`), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// theirs tells whether a person resolved a thread: then it is not for us to
// open it again. GraphQL may name an app without its ending.
func (t *target) theirs(now thread) bool {
	by := strings.TrimSuffix(now.ResolvedBy.Login, "[bot]")
	return now.IsResolved && by != "" && !strings.EqualFold(by, strings.TrimSuffix(t.login, "[bot]"))
}

// asWanted tells whether there is nothing left to do about a thread.
func (t *target) asWanted(now thread) bool {
	want := t.effect.Verb == promoter.VerbResolve
	return now.IsResolved == want || !want && t.theirs(now)
}

// resolve brings a thread into the state the verb asks for, but never opens one
// that a person resolved: where conversations must be resolved, that would keep
// the pull request from being merged. All threads of a
// pull request are asked for at once and remembered: a rollback of a thousand
// comments must not spend the hour's quota on looking them up.
func (t *target) resolve(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, error) {
	now, err := t.remembered(ctx, n.Remote.ID)
	if err != nil {
		return promoter.ObservedPost{}, err
	}
	if now == nil {
		return gone(n), nil
	}
	if !t.asWanted(*now) {
		mutation, by := unresolveThread, ""
		if t.effect.Verb == promoter.VerbResolve {
			mutation, by = resolveThread, t.login
		}
		if err := t.client.Query(ctx, mutation, map[string]any{"id": now.ID}, nil); err != nil {
			t.forget()
			if isGone, err := t.isGone(ctx, t.repo, err); !isGone {
				return promoter.ObservedPost{}, err
			}
			return gone(n), nil
		}
		now.IsResolved, now.ResolvedBy.Login = by != "", by
	}
	return settled(n, *now), nil
}

// place is a pull request among those whose threads are remembered.
type place struct {
	repository string // the platform's id
	number     int
}

func (t *target) place() place { return place{t.repo.ExternalID, t.effect.Target.PullRequest} }

// remembered is the thread that a comment starts, by what this process knows
// of it; nil when GitHub has none (any more).
func (t *target) remembered(ctx context.Context, comment int64) (*thread, error) {
	t.mu.Lock()
	known := t.threads[t.place()]
	t.mu.Unlock()
	if known[comment] == nil {
		all, err := t.allThreads(ctx)
		if err != nil {
			return nil, err
		}
		known = map[int64]*thread{}
		for _, one := range all {
			known[one.comment()] = &one
		}
		t.mu.Lock()
		t.threads[t.place()] = known
		t.mu.Unlock()
	}
	return known[comment], nil
}

// forget has the threads asked for again.
func (t *target) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.threads, t.place())
}

func (t *target) findResolve(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, bool, error) {
	now, err := t.thread(ctx, n)
	if err != nil {
		return promoter.ObservedPost{}, false, err
	}
	if now == nil {
		return gone(n), true, nil
	}
	return settled(n, *now), t.asWanted(*now), nil
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
	if isGone, err := t.isGone(ctx, t.repo, err); isGone || err != nil {
		return nil, err
	}
	if data.Node != nil && data.Node.ID == "" {
		data.Node = nil // some other kind of node
	}
	return data.Node, nil
}

func (t *target) threadOf(ctx context.Context, comment int64) (*thread, error) {
	all, err := t.allThreads(ctx)
	for _, one := range all {
		if one.comment() == comment {
			return &one, err
		}
	}
	return nil, err
}

// allThreads lists the threads of the pull request; none when it is gone.
func (t *target) allThreads(ctx context.Context) ([]thread, error) {
	vars := map[string]any{"owner": t.repo.Owner, "name": t.repo.Name, "number": t.effect.Target.PullRequest, "after": nil}
	var all []thread
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
			_, err = t.isGone(ctx, t.repo, err)
			return nil, err
		}
		page := data.Repository.PullRequest.ReviewThreads
		all = append(all, page.Nodes...)
		if !page.PageInfo.HasNextPage || page.PageInfo.EndCursor == "" {
			return all, nil
		}
		vars["after"] = page.PageInfo.EndCursor
	}
}
