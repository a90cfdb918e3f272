package promoter

import (
	"strconv"
	"strings"
	"time"
)

// TaskState is a task as its tracker shows it now.
type TaskState struct {
	ID         int64 // Remote.ID
	Gone       bool
	Done       bool   // in the category done, whatever its status is called
	Status     string // its name
	Resolution string // its name; "" while unresolved
	By         string // who brought it there, as the settings' people are known; "" where nobody says
	Ours       bool   // it was us
	At         time.Time
}

// HeedTasks says what closed tasks say about their findings. words translate
// resolutions and statuses, in lower case; one without a word says nothing. A
// task that was opened again takes its answer back; about one that could not
// be read everything stays.
func HeedTasks(notices []Notice, states []TaskState, standing []Verdict, words map[string]string, person func(login string) (int64, error), now time.Time) (h Heeded, err error) {
	said := map[string]bool{}
	read := map[string]bool{}
	for _, s := range states {
		n := noticeOf(notices, s.ID)
		if n == nil || s.Gone {
			continue
		}
		id := strconv.FormatInt(s.ID, 10)
		read[id] = true
		kind := taskWord(s, words)
		if kind == "" {
			continue
		}
		said[id] = true
		v := Verdict{RepoID: n.Target.RepoID, Notice: n.No, Kind: kind, Source: FromTask, ExternalID: id, At: s.At}
		if v.At.IsZero() {
			v.At = now
		}
		if s.By != "" {
			if v.Person, err = person(s.By); err != nil {
				return Heeded{}, err
			}
		}
		for _, v.Finding = range OnDisplayAt(*n, v.At) {
			h.Verdicts = append(h.Verdicts, v)
		}
	}
	for _, v := range standing {
		if read[v.ExternalID] && !said[v.ExternalID] {
			h.Retract = append(h.Retract, v.ID)
		}
	}
	return h, nil
}

// OpenAgain are the notices whose tasks people closed, as far as was known, and
// that stand open now: they are ours to keep again. Where another was made
// meanwhile for the same group, that one goes on.
func OpenAgain(notices []Notice, states []TaskState) (out []Notice) {
	for _, s := range states {
		n := noticeOf(notices, s.ID)
		if n == nil || n.State != NoticeClosedByPerson || s.Done || s.Gone {
			continue
		}
		if newest := newestTask(notices, BaseGroup(n.Group)); newest.No == n.No {
			again := *n
			again.State = NoticePosted
			out = append(out, again)
		}
	}
	return out
}

func noticeOf(notices []Notice, remote int64) *Notice {
	for i := range notices {
		if notices[i].Remote.ID == remote {
			return &notices[i]
		}
	}
	return nil
}

// taskWord is what a task says; "" for one that is open, that we closed, or
// whose words mean nothing.
func taskWord(s TaskState, words map[string]string) VerdictKind {
	if !s.Done || s.Ours {
		return ""
	}
	for _, name := range []string{s.Resolution, s.Status} {
		for word, kind := range words {
			if strings.EqualFold(word, name) {
				return VerdictKind(kind)
			}
		}
	}
	return ""
}
