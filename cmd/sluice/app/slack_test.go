package app

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

func TestSlackIsToldOnceAndInertly(t *testing.T) {
	var told []string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ Text string }
		raw, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Error(err)
		}
		told = append(told, m.Text)
		w.WriteHeader(status)
	}))
	defer server.Close()
	core, logged := observer.New(zap.InfoLevel)
	a := &App{Config: &Config{Slack: &Slack{WebhookEnv: "HOOK"}}, Log: zap.New(core), opt: Options{Getenv: func(string) string { return server.URL + "/secret" }}}
	r := &run.Report{Run: 7, Moves: []run.MoveLine{
		{Cohort: "core/<!channel>/high", From: promoter.Advise, To: promoter.Triage, Kind: promoter.MoveRollback, Reason: "too noisy"},
	}, Plans: []run.PlanLine{{ID: "P12ab", Kind: promoter.ApprovalProposal, Cohort: "core/gosec/low"}}}
	a.tellSlack(t.Context(), r)
	want := "Sluice, run 7: 1 moves on the ladder\nrollback core/&lt;!channel&gt;/high: advise -&gt; triage: too noisy\nP12ab waits for a person: core/gosec/low"
	if len(told) != 1 || told[0] != want {
		t.Errorf("told %q, want %q", told, want)
	}
	a.tellSlack(t.Context(), &run.Report{})
	if len(told) != 1 {
		t.Error("a run that moved nothing was told")
	}
	status = http.StatusForbidden
	a.tellSlack(t.Context(), r)
	if logged.Len() != 1 || strings.Contains(logged.All()[0].ContextMap()["because"].(string), "secret") {
		t.Errorf("logged %+v", logged.All())
	}
	if got := withoutAddress(&url.Error{Op: "Post", URL: server.URL + "/secret", Err: errors.New("refused")}); got != "refused" {
		t.Error(got)
	}
}
