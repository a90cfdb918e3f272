package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// Backlog becomes a task only where a campaign asks.
func TestExplainBacklogsTask(t *testing.T) {
	main := func(backlog bool) sightingView {
		return sightingView{Ref: "refs/heads/main", State: string(store.SightingPresent), Backlog: backlog}
	}
	task := noticeView{Surface: string(promoter.SurfaceTask), State: "posted"}
	const waits = "to be shown in queue, task (once a campaign asks for it)\n"
	for name, c := range map[string]struct {
		seen    []sightingView
		notices []noticeView
		change  int
		want    string
	}{
		"backlog":           {seen: []sightingView{main(true)}, want: waits},
		"new":               {seen: []sightingView{main(false)}, want: "to be shown in queue, task\n"},
		"new in one report": {seen: []sightingView{main(true), main(false)}, want: "to be shown in queue, task\n"},
		"in a task":         {seen: []sightingView{main(true)}, notices: []noticeView{task}, want: "to be shown in queue, task\n"},
		"pull request":      {seen: []sightingView{main(true)}, change: 7, want: "to be shown in queue, task\n"},
	} {
		e := &explanation{Notices: c.notices}
		e.Seen = c.seen
		v := contextView{}
		v.PullRequest, v.Surfaces = c.change, []string{"queue", "task"}
		var out bytes.Buffer
		e.writeContext(&out, v)
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: want %q:\n%s", name, c.want, &out)
		}
	}
}
