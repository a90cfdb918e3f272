package policy

import (
	"context"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sluice-sec/sluice/policy/input"
)

// Trace tells how an answer came about.
type Trace struct {
	Result Result[input.SurfaceAnswer]
	Held   []Held // in the order they were found to hold
}

// Held is one rule that held. Its title is the rule's METADATA title, "" where
// the author gave none.
type Held struct {
	Rule  string // "surface.hidden", below data.sluice
	Title string
	File  string
	Line  int
}

// Explain asks where a finding may be shown, past the cache, and records each
// rule that held. It is several times as slow as Surface. The error is the
// context's; what went wrong in the policy is in the Trace's Result.
func (e *Engine) Explain(ctx context.Context, in input.Surface) (Trace, error) {
	if err := checkSurfaceIn(&in); err != nil {
		return Trace{Result: failed[input.SurfaceAnswer](err)}, nil
	}
	tracer := &heldRules{seen: map[*ast.Rule]bool{}}
	result, _ := e.surface.evaluate(ctx, &in, rego.EvalQueryTracer(tracer))
	trace := Trace{Result: result}
	for _, rule := range tracer.rules {
		if !rule.Default {
			trace.Held = append(trace.Held, e.describe(rule))
		}
	}
	return trace, ctx.Err()
}

func (e *Engine) describe(rule *ast.Rule) Held {
	held := Held{
		Rule: strings.TrimPrefix(rule.Module.Package.Path.Extend(rule.Head.Ref().GroundPrefix()).String(), "data.sluice."),
		File: rule.Location.File, Line: rule.Location.Row,
	}
	for _, a := range e.compiler.GetAnnotationSet().Chain(rule) {
		if a.Annotations != nil && (a.Annotations.Scope == "rule" || a.Annotations.Scope == "document") {
			held.Title = a.Annotations.Title
			break
		}
	}
	return held
}

// heldRules is a tracer that keeps the rules whose bodies held.
type heldRules struct {
	rules []*ast.Rule
	seen  map[*ast.Rule]bool
}

func (h *heldRules) Enabled() bool               { return true }
func (h *heldRules) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (h *heldRules) TraceEvent(event topdown.Event) {
	if rule, ok := event.Node.(*ast.Rule); ok && event.Op == topdown.ExitOp && !h.seen[rule] {
		h.seen[rule] = true
		h.rules = append(h.rules, rule)
	}
}
