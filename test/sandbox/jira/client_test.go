package jira_test

import (
	"testing"

	client "github.com/andygrunwald/go-jira"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sec/sluice/test/sandbox/jira"
)

// TestTheLoopOfAClient does with go-jira what a surface does with a task, and looks at where it ended up.
func TestTheLoopOfAClient(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		created, res, err := f.sluice.Issue.Create(&client.Issue{Fields: &client.IssueFields{
			Project: client.Project{Key: "PAY"}, Type: client.IssueType{Name: "Bug"}, Summary: "Upgrade log4j", Description: "h2. Why\n\n* one\n* two",
			Labels: []string{"sluice-abc", "security"}, Priority: &client.Priority{Name: "High"}, Unknowns: m{f.team: m{"value": "Payments"}}}})
		if err != nil {
			t.Fatal(client.NewJiraError(res, err))
		}
		key := created.Key
		if key != "PAY-1" {
			t.Fatalf("key %q", key)
		}
		_, err = f.sluice.Issue.UpdateIssue(key, m{"update": m{"labels": []m{{"add": "reviewed"}, {"remove": "security"}}}})
		f.must(err)
		comment, _, err := f.sluice.Issue.AddComment(key, &client.Comment{Body: "Seen in PR 7."})
		f.must(err)
		_, _, err = f.sluice.Issue.UpdateComment(key, &client.Comment{ID: comment.ID, Body: "Seen in PR 8."})
		f.must(err)
		transitions, _, err := f.sluice.Issue.GetTransitions(key)
		f.must(err)
		var resolve string
		for _, tr := range transitions {
			if tr.To.StatusCategory.Key == "done" && tr.Name == "Resolve Issue" && tr.Fields["resolution"].Required {
				resolve = tr.ID
			}
		}
		_, err = f.sluice.Issue.DoTransitionWithPayload(key, m{"transition": m{"id": resolve}, "fields": m{"resolution": m{"name": "False Positive"}}})
		f.must(err)

		got, _, err := f.sluice.Issue.Get(key, nil)
		f.must(err)
		if got.Fields.Status.StatusCategory.Key != "done" || got.Fields.Resolution.Name != "False Positive" || got.Fields.Comments.Comments[0].Body != "Seen in PR 8." ||
			got.Fields.Description != "h2. Why\n\n* one\n* two" || got.Fields.Unknowns[f.team].(m)["value"] != "Payments" {
			t.Errorf("as the client sees it: %+v", got.Fields)
		}
		i := f.issue(key)
		want := &jira.Issue{ID: i.ID, Key: "PAY-1", Project: "PAY", Type: "Bug", Status: "Resolved", Resolution: "False Positive", Resolved: f.clock.Now(), Summary: "Upgrade log4j",
			Description: jira.Text{Wiki: "h2. Why\n\n* one\n* two"}, Labels: []string{"reviewed", "sluice-abc"}, Priority: "High", Reporter: "sluice", Creator: "sluice",
			Custom: m{f.team: "Payments"}, Comments: []*jira.Comment{{ID: i.Comments[0].ID, Author: "sluice", Editor: "sluice", Body: jira.Text{Wiki: "Seen in PR 8."}, Edits: 1,
				Created: f.clock.Now(), Updated: f.clock.Now()}}, History: i.History, Created: f.clock.Now(), Updated: f.clock.Now(), StatusChange: f.clock.Now()}
		if diff := cmp.Diff(want, i); diff != "" {
			t.Error(diff)
		}
		if n := len(i.History); n != 2 || i.History[1].Items[0] != (jira.ChangeItem{Field: "status", Name: "status", From: "Open", To: "Resolved"}) {
			t.Errorf("history: %+v", i.History[n-1])
		}
	})
}

func TestRemoteLinksAreMadeOnce(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		key := f.make(m{})
		link := &client.RemoteLink{GlobalID: "system=github&id=7", Object: &client.RemoteLinkObject{URL: "https://example.com/pull/7", Title: "PR 7"}}
		first, res, err := f.sluice.Issue.AddRemoteLink(key, link)
		f.must(err)
		link.Object.Title = "PR 7 (merged)"
		second, again, err := f.sluice.Issue.AddRemoteLink(key, link)
		f.must(err)
		if res.StatusCode != 201 || again.StatusCode != 200 || first.ID != second.ID {
			t.Errorf("status %d then %d, id %d then %d", res.StatusCode, again.StatusCode, first.ID, second.ID)
		}
		links, _, err := f.sluice.Issue.GetRemoteLinks(key)
		f.must(err)
		if len(*links) != 1 || (*links)[0].Object.Title != "PR 7 (merged)" {
			t.Errorf("links: %+v", links)
		}
		link.Object.Title = "PR 7 (closed)"
		_, err = f.sluice.Issue.UpdateRemoteLink(key, first.ID, link)
		f.must(err)
		i := f.issue(key)
		if len(i.RemoteLinks) != 1 || i.RemoteLinks[0].Object["title"] != "PR 7 (closed)" {
			t.Errorf("kept: %+v", i.RemoteLinks)
		}
		if r := f.ask("sluice", "GET", "/rest/api/2/issue/"+key+"/remotelink?globalId=system%3Dgithub%26id%3D7", nil); r.at("object", "title") != "PR 7 (closed)" {
			t.Errorf("by global id: %s", r.text)
		}
		if r := f.ask("sluice", "POST", "/rest/api/2/issue/"+key+"/remotelink", m{"object": m{"url": "https://example.com/"}}); r.status != 400 || r.wrong("title") == "" {
			t.Errorf("without a title: %d %s", r.status, r.text)
		}
	})
}

func TestSearchWithAClient(t *testing.T) {
	t.Run("cloud", func(t *testing.T) {
		f := newFixture(t, jira.Options{})
		for range 5 {
			f.make(m{"labels": []any{"sluice-x"}})
		}
		if _, res, err := f.sluice.Issue.Search("labels = sluice-x", nil); err == nil || res.StatusCode != 410 {
			t.Errorf("the old search: %v", err)
		}
		opt := &client.SearchOptionsV2{MaxResults: 2, Fields: []string{"summary", "labels"}}
		var keys []string
		for range 4 {
			issues, res, err := f.sluice.Issue.SearchV2JQL("labels = sluice-x order by created, key asc", opt)
			f.must(err)
			for _, i := range issues {
				keys = append(keys, i.Key)
			}
			if res.IsLast {
				break
			}
			opt.NextPageToken = res.NextPageToken
		}
		if diff := cmp.Diff([]string{"SEC-1", "SEC-2", "SEC-3", "SEC-4", "SEC-5"}, keys); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("datacenter", func(t *testing.T) {
		f := newFixture(t, jira.Options{Deployment: jira.DataCenter})
		for range 5 {
			f.make(m{"labels": []any{"sluice-x"}})
		}
		if _, res, err := f.sluice.Issue.SearchV2JQL("labels = sluice-x", nil); err == nil || res.StatusCode != 404 {
			t.Errorf("the new search: %v", err)
		}
		issues, res, err := f.sluice.Issue.Search("labels = sluice-x order by key", &client.SearchOptions{StartAt: 3, MaxResults: 10})
		f.must(err)
		if len(issues) != 2 || issues[0].Key != "SEC-4" || res.Total != 5 || res.StartAt != 3 {
			t.Errorf("%d issues, %+v", len(issues), res)
		}
	})
}

func TestMetaWithAClient(t *testing.T) {
	f := newFixture(t, jira.Options{})
	meta, _, err := f.sluice.Issue.GetCreateMetaWithOptions(&client.GetQueryOptions{ProjectKeys: "PAY", Expand: "projects.issuetypes.fields"})
	f.must(err)
	required, err := meta.GetProjectWithKey("PAY").GetIssueTypeWithName("Bug").GetMandatoryFields()
	f.must(err)
	if required["Team"] != f.team {
		t.Errorf("required: %v", required)
	}
	me, _, err := f.sluice.User.GetSelf()
	f.must(err)
	if me.EmailAddress != "sluice@example.com" || me.AccountID == "" {
		t.Errorf("me: %+v", me)
	}
	projects, _, err := f.carol.Project.GetList()
	f.must(err)
	if len(*projects) != 2 {
		t.Errorf("projects: %+v", projects)
	}
	p, _, err := f.sluice.Project.Get("SEC")
	f.must(err)
	if p.Lead.DisplayName != "Alice" || len(p.Components) != 2 || len(p.IssueTypes) != 4 {
		t.Errorf("project: %+v", p)
	}
	for what, call := range map[string]func() error{
		"priorities":  func() error { _, _, err := f.sluice.Priority.GetList(); return err },
		"resolutions": func() error { _, _, err := f.sluice.Resolution.GetList(); return err },
		"statuses":    func() error { _, _, err := f.sluice.Status.GetAllStatuses(); return err },
		"categories":  func() error { _, _, err := f.sluice.StatusCategory.GetList(); return err },
		"fields":      func() error { _, _, err := f.sluice.Field.GetList(); return err },
		"users":       func() error { _, _, err := f.sluice.User.Find("ali"); return err },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
