package githubapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Verdict is the outcome of a check.
type Verdict string

// The verdicts. A warning is something that could not be asked for, or that
// will hurt soon.
const (
	Passed  Verdict = "ok"
	Warning Verdict = "warning"
	Failed  Verdict = "failed"
)

// Check is one thing Doctor looked at.
type Check struct {
	Name    string
	Verdict Verdict
	Detail  string // what was seen
	Mend    string // what to do about it; "" when it passed
}

// Doctor checks the credentials, what they permit on one repository, and what
// is left of the rate limit. It writes nothing.
func (c *Client) Doctor(ctx context.Context, owner, name string) []Check {
	checks := []Check{c.checkSelf(ctx)}
	if checks[0].Verdict == Failed {
		return checks
	}
	a, err := c.do(ctx, call{method: http.MethodGet, url: repoPath(owner, name)})
	if err != nil {
		checks = append(checks, failed("repository "+owner+"/"+name, err))
	} else {
		checks = append(checks,
			Check{Name: "repository " + owner + "/" + name, Verdict: Passed, Detail: "visible"},
			c.checkRead(ctx, "read pull requests", repoPath(owner, name)+"/pulls?per_page=1"),
			c.checkRead(ctx, "read code", repoPath(owner, name)+"/branches?per_page=1"),
			c.checkWrite(ctx, a.header), c.checkChecks(ctx))
	}
	return append(checks, c.checkRate(ctx))
}

func failed(name string, err error) Check {
	check := Check{Name: name, Verdict: Failed, Detail: err.Error()}
	if IsNotFound(err) {
		check.Mend = "check the name; a private repository that the token may not see looks the same"
	}
	return check
}

func (c *Client) checkSelf(ctx context.Context) Check {
	login, kind, err := c.Self(ctx)
	if err != nil {
		return failed("credentials", err)
	}
	check := Check{Name: "credentials", Verdict: Passed, Detail: fmt.Sprintf("%s (%s)", login, kind)}
	if kind == KindUser {
		check.Verdict = Warning
		check.Mend = "comments will be this person's; an App or an account of its own keeps a person's pending reviews out of the way"
	}
	return check
}

func (c *Client) checkRead(ctx context.Context, name, path string) Check {
	if _, err := c.do(ctx, call{method: http.MethodGet, url: path}); err != nil {
		return failed(name, err)
	}
	return Check{Name: name, Verdict: Passed, Detail: "permitted"}
}

const writeCheck = "write reviews"

// checkWrite reads what may be written from what GitHub tells: an App's
// permissions, or a classic token's scopes. A fine-grained token keeps it to
// itself until it is used.
func (c *Client) checkWrite(ctx context.Context, h http.Header) Check {
	const need = "pull requests: write"
	if c.auth.app != nil {
		granted, err := c.appPermissions(ctx)
		if err != nil {
			return failed(writeCheck, err)
		}
		if granted.GetPullRequests() != "write" {
			return Check{Name: writeCheck, Verdict: Failed, Detail: fmt.Sprintf("the App has pull requests: %q", granted.GetPullRequests()), Mend: "give the App the permission " + need + " and accept it for the installation"}
		}
		return Check{Name: writeCheck, Verdict: Passed, Detail: "the App has " + need}
	}
	if values, classic := h["X-Oauth-Scopes"]; classic {
		scopes := strings.Split(strings.ReplaceAll(strings.Join(values, ","), " ", ""), ",")
		for _, s := range scopes {
			if s == "repo" || s == "public_repo" {
				return Check{Name: writeCheck, Verdict: Passed, Detail: "scope " + s}
			}
		}
		return Check{Name: writeCheck, Verdict: Failed, Detail: "the token has the scopes " + strings.Join(scopes, ", "), Mend: "give it the scope repo (public_repo for public repositories)"}
	}
	return Check{Name: writeCheck, Verdict: Warning, Detail: "GitHub does not tell what this kind of token may write", Mend: "see that it has the permission " + need}
}

// checkChecks says whether the stage enforce can fail a check: only an App may
// write one.
func (c *Client) checkChecks(ctx context.Context) Check {
	const name = "write checks"
	if c.auth.app == nil {
		return Check{Name: name, Verdict: Passed, Detail: "not as an account: at stage enforce nothing fails a check; a GitHub App may write them"}
	}
	granted, err := c.appPermissions(ctx)
	switch {
	case err != nil:
		return failed(name, err)
	case granted.GetChecks() != "write":
		return Check{Name: name, Verdict: Warning, Detail: "the App may not: at stage enforce nothing fails a check", Mend: "give the App the permission checks: write and accept it for the installation"}
	}
	return Check{Name: name, Verdict: Passed, Detail: "the App has checks: write"}
}

// appPermissions asks as the App itself, whose answers the limits do not cover.
func (c *Client) appPermissions(ctx context.Context) (*github.InstallationPermissions, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Timeout)
	defer cancel()
	asApp := github.NewClient(&http.Client{Transport: c.auth.jwt})
	asApp.BaseURL, asApp.UserAgent = c.rest.BaseURL, c.rest.UserAgent
	installation, _, err := asApp.Apps.GetInstallation(ctx, c.auth.app.InstallationID())
	if err != nil {
		return nil, fmt.Errorf("ask for the installation's permissions: %w", err)
	}
	return installation.GetPermissions(), nil
}

func (c *Client) checkRate(ctx context.Context) Check {
	const name = "rate limit"
	var limits struct {
		Resources struct{ Core github.Rate }
	}
	_, err := c.Get(ctx, "rate_limit", &limits)
	if IsNotFound(err) {
		return Check{Name: name, Verdict: Passed, Detail: "this server has none"}
	}
	if err != nil {
		return failed(name, err)
	}
	core := limits.Resources.Core
	check := Check{Name: name, Verdict: Passed, Detail: fmt.Sprintf("%d of %d requests left until %s", core.Remaining, core.Limit, core.Reset.UTC().Format(time.RFC3339))}
	if core.Remaining*10 < core.Limit {
		check.Verdict, check.Mend = Warning, "something else uses the same token: give Sluice its own"
	}
	return check
}
