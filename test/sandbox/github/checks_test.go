package github_test

import (
	"context"
	"fmt"
	"testing"

	client "github.com/google/go-github/v60/github"

	"github.com/sluice-sec/sluice/test/sandbox/github"
	"github.com/sluice-sec/sluice/test/sandbox/github/gitrepo"
)

func annotations(n, from int) (out []*client.CheckRunAnnotation) {
	for i := range n {
		line := from + i
		out = append(out, &client.CheckRunAnnotation{Path: client.String("main.go"), StartLine: &line, EndLine: &line,
			AnnotationLevel: client.String("failure"), Title: client.String("High"), Message: client.String(fmt.Sprintf("finding %d", line))})
	}
	return out
}

func TestCheckRuns(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	f.AddToken(github.Token{Value: "checker", Login: "sluice[bot]", App: true, Permissions: map[string]string{"metadata": "read", "contents": "read", "checks": "write"}})
	app := f.client("checker")
	head := f.commit(gitrepo.Change{Branch: "checked", From: "main", Write: map[string]string{"a": "1"}})
	want := client.CreateCheckRunOptions{
		Name: "Sluice", HeadSHA: head, ExternalID: client.String("token1"), Status: client.String("completed"), Conclusion: client.String("failure"),
		Output: &client.CheckRunOutput{Title: client.String("t"), Summary: client.String("s"), Annotations: annotations(50, 1)},
	}
	_, _, err := f.bob.Checks.CreateCheckRun(ctx, "acme", "shop", want)
	wantStatus(t, "a person's token", err, 403)
	made, _, err := app.Checks.CreateCheckRun(ctx, "acme", "shop", want)
	f.must(err)

	// Annotations add up; everything else is replaced.
	changed, _, err := app.Checks.UpdateCheckRun(ctx, "acme", "shop", made.GetID(), client.UpdateCheckRunOptions{
		Name: "Sluice", Conclusion: client.String("neutral"),
		Output: &client.CheckRunOutput{Title: client.String("t2"), Summary: client.String("s2"), Annotations: annotations(20, 51)},
	})
	f.must(err)
	if o := changed.GetOutput(); changed.GetConclusion() != "neutral" || o.GetTitle() != "t2" || o.GetAnnotationsCount() != 70 || changed.GetExternalID() != "token1" {
		t.Errorf("changed to %v", changed)
	}
	marks, _, err := app.Checks.ListCheckRunAnnotations(ctx, "acme", "shop", made.GetID(), &client.ListOptions{PerPage: 100})
	f.must(err)
	if len(marks) != 70 || marks[69].GetStartLine() != 70 {
		t.Errorf("%d annotations", len(marks))
	}

	// The latest of each name, unless all are asked for.
	f.must(second(app.Checks.CreateCheckRun(ctx, "acme", "shop", want)))
	for filter, n := range map[string]int{"latest": 1, "all": 2} {
		list, _, err := app.Checks.ListCheckRunsForRef(ctx, "acme", "shop", head, &client.ListCheckRunsOptions{Filter: client.String(filter), CheckName: client.String("Sluice")})
		f.must(err)
		if list.GetTotal() != n {
			t.Errorf("%s: %d check runs", filter, list.GetTotal())
		}
	}
	if _, _, err := app.Repositories.GetCommit(ctx, "acme", "shop", head, nil); err != nil {
		t.Errorf("a commit beside its check runs: %v", err)
	}
}

func second(_ *client.CheckRun, _ *client.Response, err error) error { return err }

func TestMatchingRefs(t *testing.T) {
	f, ctx := newFixture(t, github.Options{}), context.Background()
	head := f.commit(gitrepo.Change{Branch: "gh-readonly-queue/main/pr-1-0123", From: "main", Write: map[string]string{"a": "1"}})
	for prefix, want := range map[string]int{"heads/gh-readonly-queue/main/pr-1-": 1, "heads/gh-readonly-queue/main/pr-2-": 0} {
		refs, _, err := f.bob.Git.ListMatchingRefs(ctx, "acme", "shop", &client.ReferenceListOptions{Ref: prefix})
		f.must(err)
		if len(refs) != want || want == 1 && refs[0].GetObject().GetSHA() != head {
			t.Errorf("%s: %v", prefix, refs)
		}
	}
}
