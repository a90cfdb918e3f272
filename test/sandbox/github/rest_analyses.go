package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func listAnalyses(c *call) (any, error) {
	if len(c.repo.Analyses) == 0 {
		return nil, &refusal{status: http.StatusNotFound, message: "no analysis found"}
	}
	ref := c.r.URL.Query().Get("ref")
	list, err := gather(c, func(r *Repository) []*Analysis { return r.Analyses },
		func(a *Analysis) bool { return ref == "" || a.Ref == ref }, func(a *Analysis) (time.Time, int) { return a.Created, int(a.ID) })
	return render(page(c, list), func(r row[*Analysis]) object { return c.analysis(r.alert) }), err
}

// getAnalysis tells of an analysis, or hands out what was uploaded, to whoever accepts SARIF.
func getAnalysis(c *call) (any, error) {
	i := slices.IndexFunc(c.repo.Analyses, func(a *Analysis) bool { return a.ID == c.id("analysis_id") })
	if i < 0 {
		return nil, notFound()
	}
	a := c.repo.Analyses[i]
	if !strings.Contains(c.r.Header.Get("Accept"), sarifType) {
		return c.analysis(a), nil
	}
	raw, err := json.Marshal(c.sarif(a))
	return answer{status: http.StatusOK, body: raw, as: sarifType}, err
}

const sarifType = "application/sarif+json"

func (c *call) analysis(a *Analysis) object {
	return object{"id": a.ID, "ref": a.Ref, "commit_sha": a.Commit, "analysis_key": "upload", "environment": "{}", "category": a.Category,
		"error": a.Error, "warning": "", "created_at": stamp(a.Created), "results_count": a.Results, "rules_count": 1, "deletable": true,
		"sarif_id": fmt.Sprint(a.ID), "url": fmt.Sprintf("%s/code-scanning/analyses/%d", c.repoURL(c.repo), a.ID),
		"tool": object{"name": a.Tool, "version": orNil(a.Version), "guid": nil}}
}

// sarif is the part of an upload that GitHub keeps, with the numbers of its alerts.
func (c *call) sarif(a *Analysis) object {
	results := make([]object, 0, len(a.Found))
	for _, f := range a.Found {
		region := object{"startLine": max(1, f.Line), "endLine": max(1, f.Line, f.EndLine)}
		if f.Snippet != "" {
			region["snippet"] = object{"text": f.Snippet}
		}
		result := object{"ruleId": f.Rule, "message": object{"text": f.Message},
			"locations": []object{{"physicalLocation": object{"artifactLocation": object{"uri": f.Path}, "region": region}}},
			"properties": object{"github/alertNumber": f.Alert,
				"github/alertUrl": fmt.Sprintf("%s/code-scanning/alerts/%d", c.repoURL(c.repo), f.Alert)}}
		if f.Print != "" {
			result["partialFingerprints"] = object{"primaryLocationLineHash": f.Print}
		}
		if f.Fix != "" {
			result["fixes"] = []object{{"description": object{"text": "A safer call"}, "artifactChanges": []object{{"artifactLocation": object{"uri": f.Path},
				"replacements": []object{{"deletedRegion": object{"startLine": f.Line, "endLine": f.Line}, "insertedContent": object{"text": f.Fix}}}}}}}
		}
		results = append(results, result)
	}
	return object{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": []object{{
		"tool": object{"driver": object{"name": a.Tool, "semanticVersion": a.Version}}, "automationDetails": object{"id": a.Category + "/"}, "results": results}}}
}
