package github

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Alerts need their permission in public repositories too.
var (
	readCode    = []need{{"security_events", "read"}}
	readVulns   = []need{{"vulnerability_alerts", "read"}}
	readSecrets = []need{{"secret_scanning_alerts", "read"}}

	writeCode    = []need{{"security_events", "write"}}
	writeVulns   = []need{{"vulnerability_alerts", "write"}}
	writeSecrets = []need{{"secret_scanning_alerts", "write"}}
)

func alertRoutes() []route {
	const org, repo = "/orgs/{org}", "/repos/{owner}/{repo}"
	return []route{
		{method: "GET", pattern: org + "/repos", answer: listOrganisation},
		{method: "GET", pattern: org + "/code-scanning/alerts", answer: permitted(readCode, listCodeAlerts), needs: readCode},
		{method: "GET", pattern: org + "/dependabot/alerts", answer: permitted(readVulns, listDependabotAlerts), needs: readVulns},
		{method: "GET", pattern: org + "/secret-scanning/alerts", answer: permitted(readSecrets, listSecretAlerts), needs: readSecrets},
		{method: "GET", pattern: repo + "/code-scanning/alerts", answer: permitted(readCode, listCodeAlerts), needs: readCode},
		{method: "GET", pattern: repo + "/code-scanning/analyses", answer: permitted(readCode, listAnalyses), needs: readCode},
		{method: "GET", pattern: repo + "/code-scanning/analyses/{analysis_id}", answer: permitted(readCode, getAnalysis), needs: readCode},
		{method: "GET", pattern: repo + "/code-scanning/alerts/{alert_number}", answer: permitted(readCode, getCodeAlert), needs: readCode},
		{method: "PATCH", pattern: repo + "/code-scanning/alerts/{alert_number}", answer: permitted(writeCode, editCodeAlert), needs: writeCode},
		{method: "GET", pattern: repo + "/dependabot/alerts/{alert_number}", answer: permitted(readVulns, getDependabotAlert), needs: readVulns},
		{method: "PATCH", pattern: repo + "/dependabot/alerts/{alert_number}", answer: permitted(writeVulns, editDependabotAlert), needs: writeVulns},
		{method: "GET", pattern: repo + "/secret-scanning/alerts/{alert_number}", answer: permitted(readSecrets, getSecretAlert), needs: readSecrets},
		{method: "PATCH", pattern: repo + "/secret-scanning/alerts/{alert_number}", answer: permitted(writeSecrets, editSecretAlert), needs: writeSecrets},
		{method: "GET", pattern: repo + "/dependabot/alerts", answer: permitted(readVulns, listDependabotAlerts), needs: readVulns},
		{method: "GET", pattern: repo + "/secret-scanning/alerts", answer: permitted(readSecrets, listSecretAlerts), needs: readSecrets},
	}
}

func permitted(needs []need, answer func(*call) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if c.token.Permissions != nil && !c.allows(needs) {
			return nil, c.forbidden(needs)
		}
		return answer(c)
	}
}

// concerned are the repositories a list is about: the one the path names, or those of the organisation that the asker may
// write to.
func (c *call) concerned() ([]*Repository, error) {
	if c.repo != nil {
		return []*Repository{c.repo}, nil
	}
	var out []*Repository
	known := false
	for _, r := range c.s.world.Repositories {
		if !equalFold(r.Owner, c.params["org"]) {
			continue
		}
		known = true
		if levelRank(c.s.level(r, c.token)) >= levelRank(Write) {
			out = append(out, r)
		}
	}
	if !known {
		return nil, notFound()
	}
	return out, nil
}

func listOrganisation(c *call) (any, error) {
	list, err := c.concerned()
	if err != nil {
		return nil, err
	}
	sortCreated(c, list, func(r *Repository) created { return created{r.Created, r.ID, 0} })
	return render(page(c, list), c.repository), nil
}

// created is what lists are sorted by, with what tells equals apart.
type created struct {
	at   time.Time
	repo int64
	no   int
}

func (a created) compare(b created) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.repo, b.repo), cmp.Compare(a.no, b.no))
}

// sortCreated sorts newest first, as GitHub does unless it is asked for direction=asc.
func sortCreated[T any](c *call, list []T, key func(T) created) {
	sign := -1
	if c.r.URL.Query().Get("direction") == "asc" {
		sign = 1
	}
	slices.SortFunc(list, func(a, b T) int { return sign * key(a).compare(key(b)) })
}

// row is an alert with its repository.
type row[A any] struct {
	*Repository
	alert A
}

func gather[A any](c *call, of func(*Repository) []A, keep func(A) bool, key func(A) (time.Time, int)) ([]row[A], error) {
	list, err := c.concerned()
	if err != nil {
		return nil, err
	}
	var rows []row[A]
	for _, r := range list {
		for _, a := range of(r) {
			if keep(a) {
				rows = append(rows, row[A]{r, a})
			}
		}
	}
	sortCreated(c, rows, func(r row[A]) created {
		at, no := key(r.alert)
		return created{at, r.ID, no}
	})
	return rows, nil
}

// listCodeAlerts lists by the ref asked for; without one, by the default branch.
func listCodeAlerts(c *call) (any, error) {
	ref := c.r.URL.Query().Get("ref")
	if c.repo != nil && len(c.repo.Analyses) == 0 {
		return nil, &refusal{status: http.StatusNotFound, message: "no analysis found"}
	}
	list, err := c.concerned()
	if err != nil {
		return nil, err
	}
	type seen struct {
		*CodeAlert
		*CodeInstance
	}
	var rows []row[seen]
	for _, r := range list {
		on := cmp.Or(ref, "refs/heads/"+r.DefaultBranch)
		for _, a := range r.Code {
			if i := a.on(on); i != nil {
				rows = append(rows, row[seen]{r, seen{a, i}})
			}
		}
	}
	sortCreated(c, rows, func(r row[seen]) created { return created{r.alert.Created, r.ID, r.alert.Number} })
	return render(page(c, rows), func(r row[seen]) object { return c.codeAlert(r.Repository, r.alert.CodeAlert, r.alert.CodeInstance) }), nil
}

func (c *call) codeAlert(r *Repository, a *CodeAlert, i *CodeInstance) object {
	state, fixed := "open", any(nil)
	switch {
	case i.Fixed:
		state, fixed = "fixed", stamp(a.Updated)
	case a.Reason != "":
		state = "dismissed"
	}
	o := c.alert(r, "code-scanning", a.Number, a.Created, a.Updated)
	o["instances_url"] = o["url"].(string) + "/instances"
	o["state"], o["fixed_at"] = state, fixed
	c.dismissed(o, a.Dismissal)
	tags := a.Tags
	if tags == nil {
		tags = []string{}
	}
	o["rule"] = object{"id": a.Rule, "name": a.Name, "severity": orNil(a.Severity), "security_severity_level": orNil(a.Security),
		"description": a.Description, "full_description": a.Description, "tags": tags, "help": nil, "help_uri": nil}
	o["tool"] = object{"name": a.Tool, "version": orNil(a.Version), "guid": nil}
	o["most_recent_instance"] = object{"ref": i.Ref, "analysis_key": "upload", "environment": "{}", "category": i.Category, "state": state,
		"commit_sha": i.Commit, "message": object{"text": i.Message}, "classifications": []string{},
		"location": object{"path": i.Path, "start_line": i.Line, "end_line": i.EndLine, "start_column": 1, "end_column": 2}}
	return o
}

// alert is what alerts have in common.
func (c *call) alert(r *Repository, kind string, number int, made, updated time.Time) object {
	o := object{"number": number, "created_at": stamp(made), "updated_at": stamp(updated),
		"url":      fmt.Sprintf("%s/%s/alerts/%d", c.repoURL(r), kind, number),
		"html_url": fmt.Sprintf("%s/security/%s/%d", c.htmlURL(r), kind, number)}
	if c.repo == nil {
		o["repository"] = c.repository(r)
	}
	return o
}

func (c *call) dismissed(o object, d Dismissal) {
	o["dismissed_by"], o["dismissed_at"], o["dismissed_reason"], o["dismissed_comment"] = nil, stamp(d.DismissedAt), orNil(d.Reason), orNil(d.Comment)
	if d.DismissedBy != "" {
		o["dismissed_by"] = c.user(d.DismissedBy)
	}
}

// listDependabotAlerts pages by cursors and refuses page numbers, as GitHub has done since 2025.
func listDependabotAlerts(c *call) (any, error) {
	if c.r.URL.Query().Has("page") {
		return nil, &refusal{status: http.StatusBadRequest, message: "Pagination using the `page` parameter is not supported."}
	}
	list, err := gather(c, func(r *Repository) []*DependabotAlert { return r.Dependabot }, func(*DependabotAlert) bool { return true },
		func(a *DependabotAlert) (time.Time, int) { return a.Created, a.Number })
	if err != nil {
		return nil, err
	}
	some, err := after(c, list, func(r row[*DependabotAlert]) created { return created{r.alert.Created, r.ID, r.alert.Number} })
	return render(some, func(r row[*DependabotAlert]) object { return c.dependabotAlert(r.Repository, r.alert) }), err
}

// after cuts a list to what comes after the cursor that was given, or before it, and links to the rest.
func after[T any](c *call, list []T, key func(T) created) ([]T, error) {
	query := c.r.URL.Query()
	size := 30
	if n, err := strconv.Atoi(query.Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	from := 0
	for _, side := range []string{"after", "before"} {
		cursor := query.Get(side)
		if cursor == "" {
			continue
		}
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		var at, repo int64
		var no int
		if _, scanErr := fmt.Sscanf(string(raw), "%d %d %d", &at, &repo, &no); err != nil || scanErr != nil {
			return nil, &refusal{status: http.StatusUnprocessableEntity, message: "Invalid cursor"}
		}
		last, asc := created{time.Unix(at, 0), repo, no}, query.Get("direction") == "asc"
		from, _ = slices.BinarySearchFunc(list, last, func(e T, to created) int {
			if asc {
				return key(e).compare(to)
			}
			return to.compare(key(e))
		})
		if side == "before" {
			from = max(0, from-size)
		} else if from < len(list) && key(list[from]).compare(last) == 0 {
			from++
		}
	}
	some := list[min(from, len(list)):min(from+size, len(list))]
	var links []string
	link := func(side, rel string, at T) {
		k := key(at)
		query.Del("after")
		query.Del("before")
		query.Set(side, base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %d %d", k.at.Unix(), k.repo, k.no)))
		u := url.URL{Path: c.r.URL.Path, RawPath: c.r.URL.RawPath, RawQuery: query.Encode()}
		links = append(links, fmt.Sprintf(`<%s%s>; rel="%s"`, c.host, u.RequestURI(), rel))
	}
	if len(some) > 0 && from+size < len(list) {
		link("after", "next", some[len(some)-1])
	}
	if len(some) > 0 && from > 0 {
		link("before", "prev", some[0])
	}
	if links != nil {
		c.w.Header().Set("Link", strings.Join(links, ", "))
	}
	return some, nil
}

func (c *call) dependabotAlert(r *Repository, a *DependabotAlert) object {
	pkg := object{"ecosystem": a.Ecosystem, "name": a.Package}
	vulnerability := object{"package": pkg, "severity": a.Severity, "vulnerable_version_range": cmp.Or(a.Range, ">= 0"), "first_patched_version": nil}
	if a.Patched != "" {
		vulnerability["first_patched_version"] = object{"identifier": a.Patched}
	}
	identifiers := []object{{"type": "GHSA", "value": a.GHSA}}
	if a.CVE != "" {
		identifiers = append(identifiers, object{"type": "CVE", "value": a.CVE})
	}
	advisory := object{"ghsa_id": a.GHSA, "cve_id": orNil(a.CVE), "summary": a.Summary, "description": a.Summary, "severity": a.Severity,
		"vulnerabilities": []object{vulnerability}, "cvss": object{"score": a.Score, "vector_string": orNil(a.Vector)}, "cwes": []object{{"cwe_id": "CWE-1321", "name": "Prototype Pollution"}},
		"identifiers": identifiers, "references": []object{}, "published_at": stamp(a.Created), "updated_at": stamp(a.Created), "withdrawn_at": nil}
	if a.EPSS > 0 {
		advisory["epss"] = object{"percentage": a.EPSS, "percentile": a.Percentile}
	}
	o := c.alert(r, "dependabot", a.Number, a.Created, a.Updated)
	o["state"], o["fixed_at"], o["auto_dismissed_at"] = a.State, nil, nil
	switch a.State {
	case "fixed":
		o["fixed_at"] = stamp(a.Updated)
	case "auto_dismissed":
		o["auto_dismissed_at"] = stamp(a.Updated)
	}
	o["dependency"] = object{"package": pkg, "manifest_path": a.Manifest, "scope": orNil(a.Scope)}
	o["security_advisory"], o["security_vulnerability"] = advisory, vulnerability
	c.dismissed(o, a.Dismissal)
	return o
}

func listSecretAlerts(c *call) (any, error) {
	list, err := gather(c, func(r *Repository) []*SecretAlert { return r.Secrets }, func(*SecretAlert) bool { return true },
		func(a *SecretAlert) (time.Time, int) { return a.Created, a.Number })
	if err != nil {
		return nil, err
	}
	var some []row[*SecretAlert]
	if c.r.URL.Query().Has("after") { // an empty one asks for cursors
		some, err = after(c, list, func(r row[*SecretAlert]) created { return created{r.alert.Created, r.ID, r.alert.Number} })
	} else {
		some = page(c, list)
	}
	return render(some, func(r row[*SecretAlert]) object { return c.secretAlert(r.Repository, r.alert) }), err
}

func (c *call) secretAlert(r *Repository, a *SecretAlert) object {
	o := c.alert(r, "secret-scanning", a.Number, a.Created, a.Updated)
	o["locations_url"] = o["url"].(string) + "/locations"
	o["state"], o["resolution"], o["resolution_comment"], o["resolved_at"], o["resolved_by"] = "open", nil, nil, nil, nil
	if a.Reason != "" {
		o["state"], o["resolution"], o["resolution_comment"], o["resolved_at"] = "resolved", a.Reason, orNil(a.Comment), stamp(a.DismissedAt)
		o["resolved_by"] = c.user(a.DismissedBy)
	}
	o["secret_type"], o["secret_type_display_name"], o["secret"] = a.Type, a.DisplayName, a.Secret
	if strings.EqualFold(c.r.URL.Query().Get("hide_secret"), "true") {
		delete(o, "secret")
	}
	o["validity"], o["push_protection_bypassed"], o["publicly_leaked"], o["multi_repo"] = cmp.Or(a.Validity, "unknown"), false, false, false
	if a.Path != "" {
		o["first_location_detected"] = object{"path": a.Path, "start_line": a.Line, "end_line": a.Line, "start_column": 1, "end_column": 9,
			"blob_sha": a.Commit, "blob_url": c.repoURL(r) + "/git/blobs/" + a.Commit, "commit_sha": a.Commit, "commit_url": c.repoURL(r) + "/git/commits/" + a.Commit}
		o["has_more_locations"] = false
	}
	return o
}
