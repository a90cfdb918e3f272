package jira_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestWhatAlwaysHolds lets a client and several people do anything in any order and then looks at the world: the history
// tells how each issue became what it is, a resolution has its date, labels are sorted and each there once, links have both
// ends, no key is given twice, and once the lag is over a search finds what is there.
func TestWhatAlwaysHolds(t *testing.T) {
	f := newFixture(t, jira.Options{SearchLag: 5 * time.Second})
	given := map[string]int64{}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			who := rapid.SampledFrom([]string{"sluice", "alice", "bob"}).Draw(t, "who")
			f.anything(t, who)
			f.clock.Pass(time.Duration(rapid.IntRange(0, 4).Draw(t, "seconds")) * time.Second)
		}
		f.clock.Pass(5 * time.Second)
		w := f.world()
		for _, i := range w.Issues {
			if err := sound(&w, i); err != nil {
				t.Fatalf("%s: %v", i.Key, err)
			}
			if old, known := given[i.Key]; known && old != i.ID {
				t.Fatalf("%s was given twice", i.Key)
			}
			given[i.Key] = i.ID
		}
		for _, l := range w.Links {
			if w.Issue(l.Inward) == nil || w.Issue(l.Outward) == nil {
				t.Fatalf("link %+v has a loose end", l)
			}
		}
		var want []string
		for _, i := range w.Issues {
			if slices.Contains(i.Labels, "x") {
				want = append(want, i.Key)
			}
		}
		keys, _ := f.find("labels = x order by created asc, key asc", m{"maxResults": 100})
		slices.Sort(want)
		slices.Sort(keys)
		if !slices.Equal(want, keys) {
			t.Fatalf("the search finds %v of %v", keys, want)
		}
		for _, i := range w.Issues { // the next one starts afresh
			f.must(f.Delete("alice", i.Key))
		}
	})
}

// anything does one thing that may be refused.
func (f *fixture) anything(t *rapid.T, who string) {
	w := f.world()
	key := "SEC-0"
	if n := len(w.Issues); n > 0 {
		key = w.Issues[rapid.IntRange(max(0, n-4), n-1).Draw(t, "issue")].Key
	}
	label := rapid.SampledFrom([]string{"x", "y", "z", "two words"}).Draw(t, "label")
	path := "/rest/api/3/issue/" + key
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1:
		f.ask(who, "POST", "/rest/api/3/issue", m{"fields": m{"project": m{"key": "SEC"}, "issuetype": m{"name": "Task"}, "summary": label, "labels": []string{label}}})
	case 2:
		_ = f.AddLabel(who, key, label)
	case 3:
		f.ask(who, "PUT", path, m{"update": m{"labels": []m{{"remove": label}, {"add": "y"}}}})
	case 4:
		_ = f.Transition(who, key, rapid.SampledFrom([]string{"To Do", "In Progress", "Done"}).Draw(t, "status"), nil)
	case 5:
		f.ask(who, "POST", path+"/transitions", m{"transition": m{"id": rapid.SampledFrom([]string{"11", "21", "31"}).Draw(t, "transition")}})
	case 6:
		_, _ = f.Comment(who, key, label)
	case 7:
		_ = f.EditField(who, key, rapid.SampledFrom([]string{"summary", "duedate", "resolution"}).Draw(t, "field"), label)
	case 8:
		if len(w.Issues) == 0 {
			return
		}
		f.ask(who, "POST", "/rest/api/3/issueLink", m{"type": m{"name": "Relates"}, "inwardIssue": m{"key": key}, "outwardIssue": m{"key": w.Issues[0].Key}})
	case 9:
		_ = f.Delete(who, key)
	}
}

// sound looks at one issue.
func sound(w *jira.World, i *jira.Issue) error {
	if !slices.IsSorted(i.Labels) || len(slices.Compact(slices.Clone(i.Labels))) != len(i.Labels) {
		return fmt.Errorf("labels %v", i.Labels)
	}
	if (i.Resolution == "") != i.Resolved.IsZero() || (w.Category(i) == jira.Done) != (i.Resolution != "") {
		return fmt.Errorf("resolution %q of %v in %s", i.Resolution, i.Resolved, i.Status)
	}
	now := map[string]string{"status": i.Status, "resolution": i.Resolution, "summary": i.Summary, "labels": strings.Join(i.Labels, " ")}
	said := map[string]string{}
	last := i.Created
	for _, h := range i.History {
		if h.At.Before(last) || h.At.After(i.Updated) {
			return fmt.Errorf("history is out of order at %v", h.At)
		}
		last = h.At
		for _, x := range h.Items {
			if before, known := said[x.Field]; known && before != x.From {
				return fmt.Errorf("%s was %q, and changed from %q", x.Field, before, x.From)
			}
			said[x.Field] = x.To
		}
	}
	for field, value := range said {
		if have, watched := now[field]; watched && have != value {
			return fmt.Errorf("%s is %q, the history says %q", field, have, value)
		}
	}
	return nil
}
