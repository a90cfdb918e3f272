package github

import "slices"

// alertChange is the body of a request that changes an alert.
type alertChange struct {
	State             string  `json:"state"`
	Reason            string  `json:"dismissed_reason"`
	Comment           string  `json:"dismissed_comment"`
	Resolution        string  `json:"resolution"`
	ResolutionComment *string `json:"resolution_comment"`
}

// maxDismissalComment is how many characters GitHub takes.
const maxDismissalComment = 280

// redecide applies a change to an alert's dismissal. closed is the state that needs one of the reasons.
func (c *call) redecide(d *Dismissal, closed string, reasons ...string) (alertChange, error) {
	var in alertChange
	if err := c.decode(&in); err != nil {
		return in, err
	}
	if closed == "resolved" {
		in.Reason = in.Resolution
		if in.ResolutionComment != nil {
			in.Comment = *in.ResolutionComment
		}
	}
	switch {
	case in.State == "open":
		*d = Dismissal{}
	case in.State != closed || !slices.Contains(reasons, in.Reason):
		return in, invalid("Alert", "dismissed_reason", "is not one of the reasons")
	case len([]rune(in.Comment)) > maxDismissalComment:
		return in, invalid("Alert", "dismissed_comment", "is too long")
	default:
		*d = Dismissal{Reason: in.Reason, Comment: in.Comment, DismissedBy: c.login(), DismissedAt: c.s.now()}
	}
	return in, nil
}

// alertNumbered finds an alert by the number in the path.
func alertNumbered[A any](c *call, all []A, number func(A) int) (a A, err error) {
	i := slices.IndexFunc(all, func(a A) bool { return int64(number(a)) == c.id("alert_number") })
	if i < 0 {
		return a, notFound()
	}
	return all[i], nil
}

func (c *call) codeAlertHere() (*CodeAlert, *CodeInstance, error) {
	a, err := alertNumbered(c, c.repo.Code, func(a *CodeAlert) int { return a.Number })
	if err != nil {
		return nil, nil, err
	}
	if i := a.on("refs/heads/" + c.repo.DefaultBranch); i != nil {
		return a, i, nil
	}
	return a, a.Instances[len(a.Instances)-1], nil
}

func getCodeAlert(c *call) (any, error) {
	a, i, err := c.codeAlertHere()
	if err != nil {
		return nil, err
	}
	return c.codeAlert(c.repo, a, i), nil
}

func editCodeAlert(c *call) (any, error) {
	a, i, err := c.codeAlertHere()
	if err != nil {
		return nil, err
	}
	if _, err := c.redecide(&a.Dismissal, "dismissed", "false positive", "won't fix", "used in tests"); err != nil {
		return nil, err
	}
	a.Updated = c.s.now()
	return c.codeAlert(c.repo, a, i), nil
}

func getDependabotAlert(c *call) (any, error) {
	a, err := alertNumbered(c, c.repo.Dependabot, func(a *DependabotAlert) int { return a.Number })
	if err != nil {
		return nil, err
	}
	return c.dependabotAlert(c.repo, a), nil
}

func editDependabotAlert(c *call) (any, error) {
	a, err := alertNumbered(c, c.repo.Dependabot, func(a *DependabotAlert) int { return a.Number })
	if err != nil {
		return nil, err
	}
	if a.State == "fixed" {
		return nil, invalid("Alert", "state", "a fixed alert cannot be changed")
	}
	in, err := c.redecide(&a.Dismissal, "dismissed", "fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk")
	if err != nil {
		return nil, err
	}
	a.State, a.Updated = in.State, c.s.now()
	return c.dependabotAlert(c.repo, a), nil
}

func getSecretAlert(c *call) (any, error) {
	a, err := alertNumbered(c, c.repo.Secrets, func(a *SecretAlert) int { return a.Number })
	if err != nil {
		return nil, err
	}
	return c.secretAlert(c.repo, a), nil
}

func editSecretAlert(c *call) (any, error) {
	a, err := alertNumbered(c, c.repo.Secrets, func(a *SecretAlert) int { return a.Number })
	if err != nil {
		return nil, err
	}
	_, err = c.redecide(&a.Dismissal, "resolved", "false_positive", "wont_fix", "revoked", "used_in_tests")
	if err != nil {
		return nil, err
	}
	a.Updated = c.s.now()
	return c.secretAlert(c.repo, a), nil
}
