package github

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-sec/sluice/promoter"
)

// alert is what matters of an alert of any kind. Secret scanning says
// resolution where the others say dismissed_reason.
type alert struct {
	Number    int    `json:"number"`
	HTMLURL   string `json:"html_url"`
	State     string `json:"state"` // open, fixed; dismissed, auto_dismissed, resolved
	Dismissed struct {
		Login string `json:"login"`
	} `json:"dismissed_by"`
	Reason   string `json:"dismissed_reason"`
	Comment  string `json:"dismissed_comment"`
	Resolved struct {
		Login string `json:"login"`
	} `json:"resolved_by"`
	Resolution        string `json:"resolution"`
	ResolutionComment string `json:"resolution_comment"`
}

// closed tells whether somebody, or a rule, dismissed the alert.
func (a alert) closed() bool {
	return a.State == "dismissed" || a.State == "auto_dismissed" || a.State == "resolved"
}

func (a alert) by() string      { return a.Dismissed.Login + a.Resolved.Login }
func (a alert) reason() string  { return a.Reason + a.Resolution }
func (a alert) comment() string { return a.Comment + a.ResolutionComment }

// dismissalMarker ends the comment of a dismissal of ours, which people read:
// GitHub shows it as it is.
var dismissalMarker = regexp.MustCompile(` \[sluice ([A-Za-z0-9_-]{1,64}) ([0-9a-f]{16})\]$`)

func (s signer) alertMAC(a promoter.AlertRef, token string) string {
	h := hmac.New(sha256.New, s.key)
	fmt.Fprintf(h, "sluice:alert:1\n%q\n%q\n%q", s.repository, a, token)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func (s signer) sealDismissal(d promoter.Dismissing, token string) string {
	return fmt.Sprintf("%s [sluice %s %s]", d.Comment, token, s.alertMAC(d.Alert, token))
}

// openDismissal reads the marker of a comment; ok is false for none and for a
// forged one.
func (s signer) openDismissal(a promoter.AlertRef, comment string) (said, token string, ok bool) {
	m := dismissalMarker.FindStringSubmatch(strings.TrimSpace(comment))
	if m == nil || !hmac.Equal([]byte(m[2]), []byte(s.alertMAC(a, m[1]))) {
		return "", "", false
	}
	return strings.TrimSuffix(strings.TrimSpace(comment), m[0]), m[1], true
}

// OwnDismissal tells whether a dismissed alert is one that we dismissed, by our
// own login and with a marker that only we can write.
func (s *Surface) OwnDismissal(ctx context.Context, r promoter.Repository, d promoter.AlertDismissal) (bool, error) {
	signer := signer{key: s.opt.MarkerKey, repository: r.ExternalID}
	if _, _, ok := signer.openDismissal(d.Alert, d.Comment); !ok {
		return false, nil
	}
	login, err := s.self(ctx)
	return strings.EqualFold(d.By, login), translate("ask who we are", err)
}

func (t *target) alertPath(a promoter.AlertRef) string {
	return t.path("/%s/alerts/%d", a.Kind, a.Number)
}

// alertOf reads the alert a notice is about, and whether its dismissal is ours.
func (t *target) alertOf(ctx context.Context, n promoter.Notice) (want promoter.Dismissing, a alert, said, token string, err error) {
	if want, err = promoter.ParseDismissing(n.Body); err != nil {
		return want, a, "", "", &promoter.RefusedError{Why: err.Error()}
	}
	if _, err = t.client.Get(ctx, t.alertPath(want.Alert), &a); err != nil {
		return want, a, "", "", err
	}
	if a.closed() && t.mine(a.by()) {
		said, token, _ = t.signer.openDismissal(want.Alert, a.comment())
	}
	return want, a, said, token, nil
}

// dismiss dismisses an alert, or changes the dismissal that is ours. One that
// somebody else dismissed, or opened again, is theirs.
func (t *target) dismiss(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, error) {
	want, a, said, token, err := t.alertOf(ctx, n)
	switch {
	case err != nil:
		return t.goneOr(ctx, n, err)
	case token != "" && said == want.Comment && a.reason() == want.Reason:
		return observedAlert(n, a), nil
	case a.closed() && token == "", a.State == "open" && n.Posted != "":
		return closedAlert(n, a), nil
	case a.State == "fixed":
		return promoter.ObservedPost{}, stale("alert %s is fixed", want.Alert)
	}
	sealed := t.signer.sealDismissal(want, t.effect.Token)
	if want.Alert.Kind == "secret-scanning" {
		return t.patchAlert(ctx, n, want.Alert, map[string]string{"state": "resolved", "resolution": want.Reason, "resolution_comment": sealed})
	}
	return t.patchAlert(ctx, n, want.Alert, map[string]string{"state": "dismissed", "dismissed_reason": want.Reason, "dismissed_comment": sealed})
}

// reopen opens an alert that we dismissed; one that a person dismissed anew
// stays as it is.
func (t *target) reopen(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, error) {
	want, a, _, token, err := t.alertOf(ctx, n)
	switch {
	case err != nil:
		return t.goneOr(ctx, n, err)
	case !a.closed():
		return observedAlert(n, a), nil
	case token == "":
		return closedAlert(n, a), nil
	}
	return t.patchAlert(ctx, n, want.Alert, map[string]string{"state": "open"})
}

func (t *target) patchAlert(ctx context.Context, n promoter.Notice, ref promoter.AlertRef, body map[string]string) (promoter.ObservedPost, error) {
	var a alert
	if err := t.client.Edit(ctx, t.alertPath(ref), body, &a); err != nil {
		return promoter.ObservedPost{}, err
	}
	return observedAlert(n, a), nil
}

// findDismissal looks whether an alert was dismissed, or opened, by this effect.
func (t *target) findDismissal(ctx context.Context, n promoter.Notice) (promoter.ObservedPost, bool, error) {
	_, a, _, token, err := t.alertOf(ctx, n)
	if err != nil {
		post, err := t.goneOr(ctx, n, err)
		return post, err == nil, err
	}
	switch {
	case a.closed() && token == "":
		return closedAlert(n, a), true, nil
	case t.effect.Verb == promoter.VerbDismiss:
		return observedAlert(n, a), token == t.effect.Token, nil
	}
	return observedAlert(n, a), !a.closed(), nil
}

func (t *target) goneOr(ctx context.Context, n promoter.Notice, err error) (promoter.ObservedPost, error) {
	if isGone, err := t.isGone(ctx, t.repo, err); !isGone {
		return promoter.ObservedPost{}, err
	}
	return gone(n), nil
}

// observedAlert is the alert as it stands; an open one shows nothing of ours.
func observedAlert(n promoter.Notice, a alert) promoter.ObservedPost {
	posted := ""
	if a.closed() {
		posted = promoter.HashBody(a.comment())
	}
	return promoter.ObservedPost{No: n.No, Remote: promoter.Remote{ID: int64(a.Number), URL: a.HTMLURL}, Posted: posted}
}

func closedAlert(n promoter.Notice, a alert) promoter.ObservedPost {
	post := observedAlert(n, a)
	post.Closed = true
	return post
}
