package github

import (
	"errors"
	"fmt"
	"strings"
)

// node is an object of the graph: its fields are scalars, nodes, lists of nodes, nil, or functions of the arguments.
type node map[string]any

type resolver func(args map[string]any) (any, error)

// graphError is one error of an answer, in GitHub's shape.
type graphError struct{ kind, message string }

func (e *graphError) Error() string { return e.message }

// postGraphQL answers the operations Sluice uses: resolveReviewThread, unresolveReviewThread, minimizeComment,
// unminimizeComment, viewer, node, nodes, and a pull request's reviewThreads. Anything else is an error in GitHub's
// shape, with status 200. (https://docs.github.com/en/graphql)
func postGraphQL(c *call) (any, error) {
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	kind, fields, err := parseQuery(in.Query, in.Variables)
	if err != nil {
		return object{"errors": []object{{"message": "Parse error: " + err.Error()}}}, nil
	}
	root := c.queryRoot()
	if kind == "mutation" {
		root = c.mutationRoot()
	}
	data, failed := object{}, []object{}
	for _, f := range fields {
		value, err := project(node{f.Name: root[f.Name]}, []field{f}, root[f.Name] != nil)
		if err != nil {
			data[f.key()] = nil
			failed = append(failed, graphFailure(f, kind, err))
			continue
		}
		data[f.key()] = value[f.key()]
	}
	if len(failed) > 0 {
		return object{"data": data, "errors": failed}, nil
	}
	return object{"data": data}, nil
}

func (f field) key() string {
	if f.Alias != "" {
		return f.Alias
	}
	return f.Name
}

func graphFailure(f field, kind string, err error) object {
	o := object{"message": err.Error(), "path": []string{f.key()}, "locations": []object{{"line": 1, "column": 1}}}
	var g *graphError
	switch {
	case errors.As(err, &g) && g.kind != "":
		o["type"] = g.kind
	case errors.As(err, &g):
		o["path"] = []string{kind, f.key()}
		o["extensions"] = object{"code": "undefinedField", "fieldName": f.Name}
	}
	return o
}

// project picks the selected fields of a node.
func project(n node, fields []field, known bool) (object, error) {
	out := object{}
	for _, f := range fields {
		if f.Name == "..." {
			if f.On == "" || f.On == n["__typename"] {
				part, err := project(n, f.Fields, true)
				if err != nil {
					return nil, err
				}
				for k, v := range part {
					out[k] = v
				}
			}
			continue
		}
		value, ok := n[f.Name]
		if !ok || !known {
			return nil, &graphError{message: fmt.Sprintf("Field '%s' doesn't exist in the sandbox's schema (type %v)", f.Name, n["__typename"])}
		}
		value, err := projectValue(value, f)
		if err != nil {
			return nil, err
		}
		out[f.key()] = value
	}
	return out, nil
}

func projectValue(value any, f field) (any, error) {
	switch v := value.(type) {
	case resolver:
		result, err := v(f.Args)
		if err != nil {
			return nil, err
		}
		return projectValue(result, f)
	case node:
		if v == nil {
			return nil, nil
		}
		if len(f.Fields) == 0 {
			return nil, &graphError{message: fmt.Sprintf("Field '%s' must have selections", f.Name)}
		}
		return project(v, f.Fields, true)
	case []node:
		list := []any{}
		for _, n := range v {
			if n == nil {
				list = append(list, nil)
				continue
			}
			o, err := project(n, f.Fields, true)
			if err != nil {
				return nil, err
			}
			list = append(list, o)
		}
		return list, nil
	}
	return value, nil
}

func unresolved(id any) error {
	return &graphError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a node with the global id of '%v'.", id)}
}

func (c *call) queryRoot() node {
	return node{
		"viewer": resolver(func(map[string]any) (any, error) {
			return node{"__typename": "User", "login": c.login()}, nil
		}),
		"node": resolver(func(args map[string]any) (any, error) { return c.node(args["id"]) }),
		"nodes": resolver(func(args map[string]any) (any, error) {
			ids, _ := args["ids"].([]any)
			var list []node
			for _, id := range ids {
				n, err := c.node(id)
				if err != nil {
					return nil, err
				}
				list = append(list, n)
			}
			return list, nil
		}),
		"repository": resolver(func(args map[string]any) (any, error) {
			name := fmt.Sprintf("%v/%v", args["owner"], args["name"])
			r := c.s.world.Repository(name)
			if r == nil || c.s.level(r, c.token) == None {
				return nil, &graphError{"NOT_FOUND", "Could not resolve to a Repository with the name '" + name + "'."}
			}
			return c.repositoryNode(r), nil
		}),
	}
}

// node finds what a node id names among the pull requests, threads and comments the asker may see.
func (c *call) node(id any) (node, error) {
	for _, r := range c.s.world.Repositories {
		if c.s.level(r, c.token) == None {
			continue
		}
		for _, p := range r.PullRequests {
			if nodeID("PR", p.ID) == id {
				return c.pullNode(r, p)
			}
			for _, t := range p.Threads {
				if t.Node == id && c.sees(p, t) {
					return c.threadNode(p, t), c.s.refresh(r, p)
				}
			}
			for _, m := range p.ReviewComments {
				if v := p.Review(m.Review); nodeID("PRRC", m.ID) == id && (v == nil || c.visible(v)) {
					return commentNode(m), c.s.refresh(r, p)
				}
			}
			for _, m := range p.Comments {
				if nodeID("IC", m.ID) == id {
					return issueCommentNode(m), nil
				}
			}
		}
	}
	return nil, unresolved(id)
}

// sees says whether a thread has a comment the asker may see.
func (c *call) sees(p *PullRequest, t *Thread) bool {
	for _, m := range p.ReviewComments {
		if v := p.Review(m.Review); m.Thread == t.First && (v == nil || c.visible(v)) {
			return true
		}
	}
	return false
}

// mutation finds a thread or a comment and checks that the asker may change it.
func (c *call) mutation(id any, change func(*PullRequest, *Thread, *ReviewComment, *IssueComment) (node, error)) (any, error) {
	if c.token.Permissions != nil && !c.allows(writePulls) {
		return nil, &graphError{"FORBIDDEN", "Resource not accessible by " + c.tokenKind()}
	}
	for _, r := range c.s.world.Repositories {
		if c.s.level(r, c.token) == None {
			continue
		}
		for _, p := range r.PullRequests {
			t, m, i := p.byNode(id)
			if t == nil && m == nil && i == nil {
				continue
			}
			if t != nil && !c.sees(p, t) || m != nil && !c.visible(p.Review(m.Review)) {
				return nil, unresolved(id)
			}
			if levelRank(c.s.level(r, c.token)) < levelRank(Write) && !equalFold(p.Author, c.login()) {
				return nil, &graphError{"FORBIDDEN", c.login() + " does not have the correct permissions to execute this mutation"}
			}
			return change(p, t, m, i)
		}
	}
	return nil, unresolved(id)
}

func (p *PullRequest) byNode(id any) (*Thread, *ReviewComment, *IssueComment) {
	for _, t := range p.Threads {
		if t.Node == id {
			return t, nil, nil
		}
	}
	for _, m := range p.ReviewComments {
		if nodeID("PRRC", m.ID) == id {
			return nil, m, nil
		}
	}
	for _, m := range p.Comments {
		if nodeID("IC", m.ID) == id {
			return nil, nil, m
		}
	}
	return nil, nil, nil
}

func (c *call) mutationRoot() node {
	resolve := func(resolved bool) resolver {
		return func(args map[string]any) (any, error) {
			input, _ := args["input"].(map[string]any)
			return c.mutation(input["threadId"], func(p *PullRequest, t *Thread, _ *ReviewComment, _ *IssueComment) (node, error) {
				if t == nil {
					return nil, unresolved(input["threadId"])
				}
				t.resolve(c.login(), resolved)
				return node{"thread": c.threadNode(p, t), "clientMutationId": input["clientMutationId"]}, nil
			})
		}
	}
	return node{
		"resolveReviewThread": resolve(true), "unresolveReviewThread": resolve(false),
		"minimizeComment": c.minimize(true), "unminimizeComment": c.minimize(false),
	}
}

// classifiers are GitHub's ReportedContentClassifiers.
const classifiers = " SPAM ABUSE OFF_TOPIC OUTDATED DUPLICATE RESOLVED LOW_QUALITY "

func (c *call) minimize(hide bool) resolver {
	return func(args map[string]any) (any, error) {
		input, _ := args["input"].(map[string]any)
		reason, _ := input["classifier"].(string)
		if hide && !strings.Contains(classifiers, " "+reason+" ") {
			return nil, &graphError{"UNPROCESSABLE", fmt.Sprintf("classifier %q is not known", reason)}
		}
		if !hide {
			reason = ""
		}
		return c.mutation(input["subjectId"], func(_ *PullRequest, t *Thread, m *ReviewComment, i *IssueComment) (node, error) {
			key, n := "minimizedComment", node(nil)
			if !hide {
				key = "unminimizedComment"
			}
			switch {
			case m != nil:
				m.Minimized = reason
				n = commentNode(m)
			case i != nil:
				i.Minimized = reason
				n = issueCommentNode(i)
			default:
				return nil, unresolved(input["subjectId"])
			}
			return node{key: n, "clientMutationId": input["clientMutationId"]}, nil
		})
	}
}
