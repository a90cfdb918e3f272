package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/sluice-sec/sluice/promoter"
	"github.com/sluice-sec/sluice/promoter/store"
)

// campaignEntry is what the ledger keeps of a campaign's start and end.
type campaignEntry struct {
	Campaign string `json:"campaign"`
	Ended    bool   `json:"ended"`
	Items    int    `json:"items,omitempty"`
	PerWeek  int    `json:"per_week,omitempty"`
	Actor    string `json:"actor"`
	Reason   string `json:"reason_sha256"`
}

// StartCampaign stores a campaign and its plan; see store.Campaigns.
func (db *DB) StartCampaign(ctx context.Context, c promoter.Campaign, plan promoter.Approval) error {
	return db.change(ctx, "start campaign "+c.ID, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO approval (approval_id, kind, cohort, reason, state, actor, run_id, created, items)
			VALUES ($1, $2, $3, $4, 'waiting', '', 0, $5, $6)`,
			c.ID, string(plan.Kind), plan.Cohort, plan.Reason, micro(c.Created), document{plan.Items})
		if isUnique(err) {
			return &store.ConflictError{What: "there is a plan with this id"}
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO campaign (campaign_id, selection, per_week, reason, actor, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.ID, document{c.Selection}, c.PerWeek, c.Reason, c.Actor, micro(c.Created))
		if err != nil {
			return err
		}
		return appendEntries(ctx, tx, 0, c.Created, []store.Entry{{Kind: "campaign", Body: campaignEntry{
			Campaign: c.ID, Items: len(plan.Items), PerWeek: c.PerWeek, Actor: c.Actor, Reason: digestOf(c.Reason)}}})
	})
}

// Campaigns returns all campaigns, newest first.
func (db *DB) Campaigns(ctx context.Context) ([]promoter.Campaign, error) {
	return collect(ctx, db.read, "campaigns", func(rows *sql.Rows, c *promoter.Campaign) error {
		return rows.Scan(&c.ID, document{&c.Selection}, &c.PerWeek, &c.Reason, &c.Actor,
			(*moment)(&c.Created), (*moment)(&c.Ended), &c.EndedBy, &c.EndReason)
	}, `SELECT campaign_id, selection, per_week, reason, actor, created, ended, ended_by, end_reason
		FROM campaign ORDER BY created DESC, campaign_id`)
}

// EndCampaign ends a campaign; see store.Campaigns.
func (db *DB) EndCampaign(ctx context.Context, id, actor, reason string, at time.Time) error {
	return db.change(ctx, "end campaign "+id, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE campaign SET ended = $1, ended_by = $2, end_reason = $3 WHERE campaign_id = $4 AND ended IS NULL`,
			micro(at), actor, reason, id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return &store.ConflictError{What: "there is no such campaign, or it has ended"}
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE approval SET state = 'expired', actor = $1, answer = $2, decided = $3 WHERE approval_id = $4 AND state = 'waiting'`,
			actor, reason, micro(at), id)
		if err != nil {
			return err
		}
		return appendEntries(ctx, tx, 0, at, []store.Entry{{Kind: "campaign", Body: campaignEntry{
			Campaign: id, Ended: true, Actor: actor, Reason: digestOf(reason)}}})
	})
}

// CampaignTasks lists the tasks that campaigns made, by repository and number.
func (db *DB) CampaignTasks(ctx context.Context) ([]store.CampaignTask, error) {
	return collect(ctx, db.read, "tasks of campaigns", func(rows *sql.Rows, t *store.CampaignTask) error {
		return rows.Scan(&t.Campaign, &t.RepoID, &t.Notice, &t.State, (*number)(&t.CohortID), (*moment)(&t.ShownAt))
	}, `SELECT n.campaign, n.repo_id, n.notice_no, n.state,
			(SELECT i.cohort_id FROM item i WHERE i.repo_id = n.repo_id AND i.notice_no = n.notice_no ORDER BY i.position LIMIT 1),
			(SELECT min(i.shown_at) FROM item i WHERE i.repo_id = n.repo_id AND i.notice_no = n.notice_no)
		FROM notice n WHERE n.campaign <> '' ORDER BY n.repo_id, n.notice_no`)
}

func campaignOf(n promoter.Notice) string {
	if n.Task == nil {
		return ""
	}
	return n.Task.Campaign
}
