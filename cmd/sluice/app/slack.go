package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"
	"go.uber.org/zap"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/run"
)

const (
	slackWait  = 5 * time.Second // whoever listens must not keep a run from ending
	slackLines = 20
)

// tellSlack sends one message about a run that moved cohorts, if a channel is
// configured. It never says anything about single findings. No error of its own
// is more than a line in the log, and the address, which is a secret, is in none.
func (a *App) tellSlack(ctx context.Context, r *run.Report) {
	if a.Config.Slack == nil || r == nil || len(r.Moves) == 0 {
		return
	}
	address := a.opt.Getenv(a.Config.Slack.WebhookEnv)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), slackWait)
	defer cancel()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	err := slack.PostWebhookCustomHTTPContext(ctx, address, client, &slack.WebhookMessage{Text: slackText(r)})
	if err != nil {
		a.Log.Warn("Slack was not told", zap.Int("moves", len(r.Moves)), zap.String("because", withoutAddress(err)))
	}
}

// withoutAddress is an error without the address that it failed at.
func withoutAddress(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return "Slack refused the message"
}

// slackText is the message: a line for each move. Names come from reports, so
// nothing in them is markup.
func slackText(r *run.Report) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Sluice, run %d: %d moves on the ladder", r.Run, len(r.Moves))
	for i, m := range r.Moves {
		if i == slackLines {
			fmt.Fprintf(&out, "\nand %d more: `sluice status`", len(r.Moves)-i)
			break
		}
		fmt.Fprintf(&out, "\n%s", slackutilsx.EscapeMessage(strings.Join(strings.Fields(slackLine(m)), " ")))
	}
	for _, p := range r.Plans {
		if p.Kind == promoter.ApprovalProposal {
			fmt.Fprintf(&out, "\n%s waits for a person: %s", p.ID, slackutilsx.EscapeMessage(p.Cohort))
		}
	}
	return out.String()
}

func slackLine(m run.MoveLine) string {
	if m.From == m.To {
		return fmt.Sprintf("%s %s: %s", m.Kind, m.Cohort, m.Reason)
	}
	return fmt.Sprintf("%s %s: %s -> %s: %s", m.Kind, m.Cohort, m.From, m.To, m.Reason)
}
