package jira

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// search is what a search asks for, from the query or the body.
type search struct {
	JQL          string   `json:"jql"`
	Token        string   `json:"nextPageToken"`
	StartAt      int      `json:"startAt"`
	MaxResults   *int     `json:"maxResults"`
	Fields       []string `json:"fields"`
	Expand       any      `json:"expand"`
	Properties   []string `json:"properties"`
	FieldsByKeys bool     `json:"fieldsByKeys"`
	FailFast     bool     `json:"failFast"`
	Reconcile    []int64  `json:"reconcileIssues"`
	Validate     any      `json:"validateQuery"`
}

func (c *call) readSearch() (in search, err error) {
	if c.r.Method == http.MethodPost {
		return in, c.decode(&in)
	}
	query := c.r.URL.Query()
	in = search{JQL: query.Get("jql"), Token: query.Get("nextPageToken"), Fields: c.words("fields"), Expand: query.Get("expand"), Properties: c.words("properties")}
	if in.StartAt, err = c.number("startAt", 0); err != nil {
		return in, err
	}
	if query.Has("maxResults") {
		n, err := c.number("maxResults", 0)
		if err != nil {
			return in, err
		}
		in.MaxResults = &n
	}
	for _, id := range c.words("reconcileIssues") {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return in, badRequest("The value '%s' of reconcileIssues is not an issue id.", id)
		}
		in.Reconcile = append(in.Reconcile, n)
	}
	return in, nil
}

// expand lists what to expand: the old search takes a list in a body, the new one words with commas.
func (in search) expand() []string {
	switch v := in.Expand.(type) {
	case string:
		return strings.Split(v, ",")
	case []any:
		return stringsOf(v)
	}
	return nil
}

// found lists the issues a query finds for the asker: as the index has them, or as they are where reconcile names them.
func (c *call) found(jql string, reconcile []int64, bounded bool) ([]*Issue, error) {
	q, err := parse(jql)
	if err != nil {
		return nil, err
	}
	if bounded && q.where == nil {
		return nil, badRequest("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	if len(reconcile) > 50 {
		return nil, badRequest("reconcileIssues accepts at most 50 issue ids.")
	}
	test, err := c.condition(q.where)
	if err != nil {
		return nil, err
	}
	candidates := slices.DeleteFunc(c.s.index.at(c.s.now()), func(i *Issue) bool { return slices.Contains(reconcile, i.ID) })
	for _, i := range c.s.world.Issues {
		if slices.Contains(reconcile, i.ID) {
			candidates = append(candidates, i)
		}
	}
	found := slices.DeleteFunc(candidates, func(i *Issue) bool { return !c.s.world.Project(i.Project).sees(c.person, i) || !test(i) })
	return found, c.sorted(found, q.order)
}

// searchCloud is Cloud's search: pages by token, no total, ids alone unless fields are named.
func searchCloud(c *call) (any, error) {
	in, err := c.readSearch()
	if err != nil {
		return nil, err
	}
	found, err := c.found(in.JQL, in.Reconcile, true)
	if err != nil {
		return nil, err
	}
	ids := len(in.Fields) == 0 || len(in.Fields) == 1 && in.Fields[0] == "id"
	size, most := 50, 100
	if ids {
		most = 5000
	}
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 {
		return nil, badRequest("The value of maxResults must be between 1 and 5000.")
	}
	start, err := in.position()
	if err != nil {
		return nil, err
	}
	issues, start, _ := cut(found, start, size, most)
	shape := func(i *Issue) object { return object{"id": decimal(i.ID)} }
	if !ids {
		shape = func(i *Issue) object { return c.showIssue(i, in.Fields, in.expand(), in.Properties) }
	}
	o := object{"issues": render(issues, shape), "isLast": start+len(issues) >= len(found)}
	if o["isLast"] == false {
		o["nextPageToken"] = in.mark(start + len(issues))
	}
	return o, nil
}

// place is what a page token says.
type place struct {
	Query string `json:"q"`
	Next  int    `json:"n"`
}

func (in search) digest() string {
	sum := sha256.Sum256([]byte(in.JQL))
	return hex.EncodeToString(sum[:8])
}

func (in search) mark(next int) string {
	return base64.URLEncoding.EncodeToString(encode(place{in.digest(), next}))
}

// position reads the page token. It counts issues, so a search whose results change between pages may repeat or miss some.
func (in search) position() (int, error) {
	if in.Token == "" {
		return 0, nil
	}
	data, err := base64.URLEncoding.DecodeString(in.Token)
	var p place
	if err != nil || json.Unmarshal(data, &p) != nil || p.Query != in.digest() || p.Next < 0 {
		return 0, badRequest("The provided next page token is invalid or belongs to another query.")
	}
	return p.Next, nil
}

func countCloud(c *call) (any, error) {
	in, err := c.readSearch()
	if err != nil {
		return nil, err
	}
	found, err := c.found(in.JQL, nil, true)
	return object{"count": len(found)}, err
}

// searchOld is the search that Data Center has and Cloud had.
func searchOld(c *call) (any, error) {
	if c.s.world.Deployment == Cloud {
		return nil, refuse(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
	}
	in, err := c.readSearch()
	if err != nil {
		return nil, err
	}
	found, err := c.found(in.JQL, nil, false)
	if err != nil {
		return nil, err
	}
	size := 50
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	issues, start, size := cut(found, in.StartAt, size, 1000)
	if in.Fields == nil {
		in.Fields = []string{"*navigable"}
	}
	return object{"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(found),
		"issues": render(issues, func(i *Issue) object { return c.showIssue(i, in.Fields, in.expand(), in.Properties) })}, nil
}
