package github

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/connectors/githubapi"
	"github.com/sluice-sec/sluice/promoter"
)

// said is a comment as it is listened to.
type said struct {
	comment
	InReplyTo int64             `json:"in_reply_to_id"`
	Reactions *github.Reactions `json:"reactions"`
}

// Listen reads what people say in a pull request beside our notices, or to us:
// reactions on our comments, replies in their threads, and commands in the
// conversation, which count for the summary. Every request is conditional: a
// pull request in which nothing was said costs no quota. Our own words are left
// out. The hearing of a pull request that is gone is empty and not complete.
func (s *Surface) Listen(ctx context.Context, repo promoter.Repository, number int, notices []promoter.Notice) (promoter.Hearing, error) {
	h, err := s.listen(ctx, repo, number, notices)
	return h, translate(fmt.Sprintf("listen to pull request %d", number), err)
}

func (s *Surface) listen(ctx context.Context, repo promoter.Repository, number int, notices []promoter.Notice) (h promoter.Hearing, err error) {
	t, err := s.target(ctx, promoter.Effect{Repository: repo.FullName(), RepositoryID: repo.ExternalID, Target: promoter.Target{RepoID: repo.ID, PullRequest: number}})
	if err != nil {
		return h, err
	}
	onLines, whole, err := t.said(ctx)
	if isGone, err := t.isGone(ctx, t.repo, err); isGone || err != nil {
		return h, err
	}
	inThread, summary := map[int64]int64{}, promoter.Notice{}
	for _, n := range notices {
		switch {
		case n.Remote.ID == 0:
		case n.Surface == promoter.SurfaceReview:
			inThread[n.Remote.ID] = n.No
		case n.Surface == promoter.SurfaceSummary:
			summary = n
		}
	}
	answered := t.answeredBy(slices.Concat(onLines, whole))
	for _, c := range onLines {
		if no := inThread[c.ID]; no != 0 {
			if err := t.reactions(ctx, &h, c, no, "pulls"); err != nil {
				return promoter.Hearing{}, err
			}
		}
		if no := inThread[c.InReplyTo]; no != 0 {
			t.utter(&h, c, "review", no, answered)
		}
	}
	for _, c := range whole {
		if summary.Remote.ID != 0 && c.ID == summary.Remote.ID {
			if err := t.reactions(ctx, &h, c, summary.No, "issues"); err != nil {
				return promoter.Hearing{}, err
			}
		}
		if promoter.ParseCommand(c.Body, c.UpdatedAt.Time).Topic != promoter.TopicWords {
			t.utter(&h, c, "issue", summary.No, answered)
		}
	}
	h.Complete = true
	return h, nil
}

// said lists all comments: on lines, and on the pull request as a whole.
func (t *target) said(ctx context.Context) (onLines, whole []said, err error) {
	if onLines, err = githubapi.All[said](ctx, t.client, t.pull("/comments?per_page=100")); err != nil {
		return nil, nil, err
	}
	whole, err = githubapi.All[said](ctx, t.client, t.path("/issues/%d/comments?per_page=100", t.effect.Target.PullRequest))
	return onLines, whole, err
}

// answeredBy are the comments that a reply of ours names.
func (t *target) answeredBy(all []said) map[int64]bool {
	out := map[int64]bool{}
	for _, c := range all {
		if m, ok := t.signer.open(c.Body); ok && m.kind == inReply && t.mine(c.User.GetLogin()) {
			out[m.notice] = true
		}
	}
	return out
}

func (t *target) utter(h *promoter.Hearing, c said, space string, notice int64, answered map[int64]bool) {
	if t.mine(c.User.GetLogin()) {
		return
	}
	u := promoter.Utterance{
		ID: space + "/" + strconv.FormatInt(c.ID, 10), Notice: notice, Login: c.User.GetLogin(), Bot: isBot(&c.User),
		Body: c.Body, At: c.CreatedAt.UTC(), Answered: answered[c.ID],
	}
	if !c.UpdatedAt.Equal(c.CreatedAt) {
		u.Edited = c.UpdatedAt.UTC()
	}
	h.Utterances = append(h.Utterances, u)
}

// reactions asks who reacted, if anybody did in a way that says something.
func (t *target) reactions(ctx context.Context, h *promoter.Hearing, c said, notice int64, space string) error {
	if c.Reactions.GetPlusOne() == 0 && c.Reactions.GetMinusOne() == 0 {
		return nil
	}
	all, err := githubapi.All[struct {
		github.Reaction
		CreatedAt github.Timestamp `json:"created_at"`
	}](ctx, t.client, t.path("/%s/comments/%d/reactions?per_page=100", space, c.ID))
	if err != nil {
		return err
	}
	for _, r := range all {
		if _, ok := promoter.ParseReaction(r.GetContent()); !ok || t.mine(r.GetUser().GetLogin()) {
			continue
		}
		h.Utterances = append(h.Utterances, promoter.Utterance{
			ID: "reaction/" + strconv.FormatInt(r.GetID(), 10), Notice: notice, Login: r.GetUser().GetLogin(), Bot: isBot(r.GetUser()),
			Reaction: r.GetContent(), At: r.CreatedAt.UTC(),
		})
	}
	return nil
}

func isBot(u *github.User) bool {
	return u.GetType() == "Bot" || strings.HasSuffix(u.GetLogin(), "[bot]")
}

// MayAnswer tells whether a person has write access to a repository: only their
// verdicts count.
// https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
func (s *Surface) MayAnswer(ctx context.Context, repo promoter.Repository, login string) (bool, error) {
	r, err := s.repository(ctx, repo)
	if err != nil {
		return false, translate("permission", err)
	}
	var level struct {
		Permission string `json:"permission"` // admin, write, read, none; maintain comes as write, triage as read
	}
	_, err = s.client.Get(ctx, repositoryPath(r)+"/collaborators/"+url.PathEscape(login)+"/permission", &level)
	if isGone, err := s.isGone(ctx, r, err); isGone || err != nil {
		return false, translate("permission", err) // an account that is gone has none
	}
	return level.Permission == "admin" || level.Permission == "write", nil
}

// acknowledgement is the reaction that says: read.
const acknowledgement = "eyes"

// Acknowledge shows on a comment of a person that it was read. GitHub keeps one
// reaction of a kind, so that doing it again changes nothing. A comment that is
// gone needs none.
func (s *Surface) Acknowledge(ctx context.Context, repo promoter.Repository, comment string) error {
	r, err := s.repository(ctx, repo)
	if err != nil {
		return translate("acknowledge", err)
	}
	space, id, err := commentID(comment)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("%s/%s/comments/%d/reactions", repositoryPath(r), map[string]string{"review": "pulls", "issue": "issues"}[space], id)
	err = s.client.Mark(ctx, path, map[string]string{"content": acknowledgement})
	if isGone, err := s.isGone(ctx, r, err); !isGone && err != nil {
		return translate("acknowledge", err)
	}
	return nil
}

// commentID reads review/13 or issue/14.
func commentID(name string) (space string, id int64, err error) {
	space, number, _ := strings.Cut(name, "/")
	id, err = strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 || space != "review" && space != "issue" {
		return "", 0, &promoter.RefusedError{Why: fmt.Sprintf("%q is no comment of GitHub's", name)}
	}
	return space, id, nil
}
