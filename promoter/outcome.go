package promoter

import (
	"slices"
	"time"
)

// Settled is the notice as it stands after an effect of one of its verbs was
// observed. before is what was remembered until now, want what the effect was
// to bring about; at counts where the platform names no time.
func Settled(verb Verb, before, want Notice, seen ObservedPost, at time.Time) Notice {
	after := want
	after.Items = slices.Clone(want.Items)
	switch {
	case seen.Gone:
		after = before
		after.Items = slices.Clone(before.Items)
		after.State = NoticeLost
		for i := range after.Items {
			if after.Items[i].Live() {
				after.Items[i].Removed, after.Items[i].Cause = at, RemovedAnswered
			}
		}
		return after
	case seen.Closed:
		after = before
		after.Items = slices.Clone(before.Items)
		after.State = NoticeClosedByPerson
		return after
	case seen.Kept != "":
		return kept(before, want, seen)
	}
	switch verb {
	case VerbReply:
		return before
	case VerbLinkTask:
		after = before
		after.Generation = want.Generation
		after.Task = linked(before.Task, want.Task.Links)
		return after
	case VerbResolve, VerbUnresolve:
		after = before
		after.Resolved = verb == VerbResolve
		after.Generation = want.Generation
		if seen.Remote.ThreadID != "" {
			after.Remote.ThreadID = seen.Remote.ThreadID
		}
		return after
	}
	after.Resolved = before.Resolved // threads are effects of their own
	if want.Task != nil {            // and so are links
		after.Task = linked(want.Task, linksOf(before))
	}
	after.Shown = want.Desired
	after.Posted = seen.Posted
	if seen.Remote.ID != 0 {
		thread := after.Remote.ThreadID
		after.Remote = seen.Remote
		if after.Remote.ThreadID == "" {
			after.Remote.ThreadID = thread
		}
	}
	if after.State == NoticePlanned {
		after.State = NoticePosted
	}
	if !seen.At.IsZero() {
		at = seen.At.UTC()
	}
	for i := range after.Items {
		if after.Items[i].Live() && after.Items[i].ShownAt.IsZero() {
			after.Items[i].ShownAt = at
		}
	}
	return after
}

// kept is a notice that a person edited or answered: it stays as they left it,
// and each item that should have gone says why it did not. Where it should be
// shown again their text stands for it, or it would be tried for ever.
func kept(before, want Notice, seen ObservedPost) Notice {
	if before.State == NoticeWithdrawn && want.State == NoticePosted {
		want.Remote, want.Posted, want.Resolved, want.Shown = before.Remote, before.Posted, before.Resolved, want.Desired
		return want
	}
	after := before
	after.Items = slices.Clone(before.Items)
	for i := range after.Items {
		for _, w := range want.Items {
			if w.Finding == after.Items[i].Finding && after.Items[i].Live() && !w.Live() {
				after.Items[i].Kept = seen.Kept
			}
		}
	}
	if seen.Marked {
		// Should it be wanted again, the mark has to come off.
		after.Posted, after.Shown = seen.Posted, ""
	}
	if want.State == before.State {
		// A mere update that cannot be made: what we would write is taken
		// as shown, so that it is not tried for ever.
		after.Shown = want.Desired
		after.Body, after.Desired = want.Body, want.Desired
		if want.Task != nil {
			after.Task = linked(want.Task, linksOf(before))
		}
	}
	return after
}

// linked is a task with these links.
func linked(t *Task, links []TaskLink) *Task {
	out := *t
	out.Links = links
	return &out
}

// linksOf are the links that a task was seen with.
func linksOf(n Notice) []TaskLink {
	if n.Task == nil || n.Remote.ID == 0 {
		return nil
	}
	return n.Task.Links
}
