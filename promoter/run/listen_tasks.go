package run

import (
	"context"
	"fmt"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// TaskListener tells how tasks stand in their tracker. Its errors are those of
// a Tracker.
type TaskListener interface {
	TaskStates(ctx context.Context, tasks []promoter.Remote) ([]promoter.TaskState, error)
}

// listenToTasks takes what people closed as their answer, by the words of the
// settings, and takes up again what they opened again.
func (r *runner) listenToTasks(ctx context.Context) error {
	if r.TaskListener == nil || r.sel.PullRequest != 0 {
		return nil
	}
	byRepo, err := r.Store.TaskNotices(ctx, r.Now().UTC().Add(-listenFor))
	if err != nil {
		return err
	}
	for _, repo := range r.repoOrder() {
		if len(byRepo[repo.ID]) == 0 {
			continue
		}
		if err := r.heedTasks(ctx, repo, byRepo[repo.ID]); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.report.trouble("listen", fmt.Errorf("tasks of %s: %w", repo.FullName(), err))
			return nil // the tracker is one for all
		}
	}
	return nil
}

func (r *runner) heedTasks(ctx context.Context, repo promoter.Repository, notices []promoter.Notice) error {
	var remotes []promoter.Remote
	for _, n := range notices {
		if n.Remote.ID != 0 {
			remotes = append(remotes, n.Remote)
		}
	}
	if len(remotes) == 0 {
		return nil
	}
	states, err := r.TaskListener.TaskStates(ctx, remotes)
	if err != nil {
		return err
	}
	standing, err := r.Store.Verdicts(ctx, store.VerdictQuery{RepoID: repo.ID, Source: promoter.FromTask, Standing: true})
	if err != nil {
		return err
	}
	person := func(login string) (int64, error) {
		ids, err := r.Store.EnsurePeople(r.keep, promoter.Alias{System: "jira", Login: login})
		if err != nil {
			return 0, err
		}
		return ids[0], nil
	}
	now := r.Now().UTC()
	if again := promoter.OpenAgain(notices, states); len(again) > 0 {
		undecided := ""
		if err := r.Store.Apply(r.keep, store.Changes{RepoID: repo.ID, RunID: r.id, At: now, Notices: again, Digest: &undecided}); err != nil {
			return err
		}
	}
	h, err := promoter.HeedTasks(notices, states, standing, r.Settings.Verdicts.Words, person, now)
	if err != nil || len(h.Verdicts)+len(h.Retract) == 0 {
		return err
	}
	r.report.Heard.Answers += len(h.Verdicts)
	r.report.Heard.TakenBack += len(h.Retract)
	return r.Store.Record(r.keep, store.Recording{RunID: r.id, At: now, Verdicts: h.Verdicts, Retract: h.Retract})
}
