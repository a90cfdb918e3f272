package policy

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/sluice-sec/sluice/policy/settings"
)

// asker is what every question is prepared with.
type asker struct {
	engine *Engine
	store  storage.Store
	txn    storage.Transaction
}

func (e *Engine) prepare(ctx context.Context, s *settings.Settings) error {
	data := maps.Clone(e.lib.data)
	data["settings"] = s.Document()
	store := inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	txn, err := store.NewTransaction(ctx) // read for good: nothing is ever written
	if err != nil {
		return fmt.Errorf("open data: %w", err)
	}
	e.limits = &limits{timeout: e.options.Timeout, maxAnswer: e.options.MaxAnswer}
	ask := asker{engine: e, store: store, txn: txn}
	if e.cohort, err = newQuestion(ctx, ask, "cohort", checkCohortIn, checkCohort, cloneCohort); err != nil {
		return err
	}
	if e.surface, err = newQuestion(ctx, ask, "surface", checkSurfaceIn, checkSurface, cloneSurface); err != nil {
		return err
	}
	e.stage, err = newQuestion(ctx, ask, "stage", checkStageIn, checkStage, cloneStage)
	return err
}

func newQuestion[I, A any](ctx context.Context, a asker, entry string, in func(*I) error, out func(*A) error, clone func(A) A) (*question[I, A], error) {
	prepared, err := rego.New(
		rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(entrypointRef(entry))))),
		rego.Compiler(a.engine.compiler),
		rego.Store(a.store),
		rego.Transaction(a.txn),
		rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare sluice/%s: %w", entry, err)
	}
	read := readSet(a.engine.compiler, entry, func(b ast.Body) bool { return a.dead(ctx, b) })
	o := a.engine.options
	return &question[I, A]{
		entry: entry, prepared: prepared, txn: a.txn, read: read,
		key: keyOf(reflect.TypeFor[I](), read), value: valueOf(reflect.TypeFor[I]()),
		checkIn: in, checkOut: out, clone: clone,
		limits: a.engine.limits, log: o.Logger,
		memo: newMemo[Result[A]](o.CacheSize, o.SampleEvery, rand.NewPCG(o.Seed, uint64(len(entry)))),
	}, nil
}

// dead reports that a rule's body can never hold with this engine's data: what it
// says about data files and settings alone is not true. The data never changes,
// so what such a rule reads is never read. This is what keeps a label or an
// override that nobody uses out of every cache key.
func (a asker) dead(ctx context.Context, body ast.Body) bool {
	var query ast.Body
	reads := false
	bound := ast.NewVarSet()
	for _, expr := range body { // in the order they are evaluated in
		if ok, data := a.closed(expr, bound); ok {
			query.Append(expr.Copy())
			reads = reads || data
		}
	}
	if !reads {
		return false
	}
	rows, err := rego.New(
		rego.ParsedQuery(query), rego.Compiler(a.engine.compiler),
		rego.Store(a.store), rego.Transaction(a.txn), rego.StrictBuiltinErrors(true),
	).Eval(ctx)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(rows, func(r rego.Result) bool {
		return !slices.ContainsFunc(r.Expressions, func(v *rego.ExpressionValue) bool { return v.Value == false })
	})
}

// closed reports that an expression speaks of constants, of data files and
// settings, and of variables already bound by such expressions; and whether it
// reads data. It adds the variable that the expression binds, if any.
func (a asker) closed(expr *ast.Expr, bound ast.VarSet) (ok, data bool) {
	terms, binds := operands(expr)
	if len(terms) == 0 || len(expr.With) > 0 {
		return false, false
	}
	ok = true
	for _, t := range terms {
		ast.WalkVars(t, func(v ast.Var) bool {
			ok = ok && (bound.Contains(v) || v.Equal(ast.DefaultRootDocument.Value))
			return false
		})
		ast.WalkRefs(t, func(ref ast.Ref) bool {
			rules := a.engine.compiler.GetRulesDynamicWithOpts(ref, ast.RulesOptions{IncludeHiddenModules: true})
			ok = ok && len(rules) == 0 && ref.IsGround() && len(ref) > 1
			data = true
			return false
		})
	}
	if ok && binds != "" && !expr.Negated {
		bound.Add(binds)
	}
	return ok, data
}

// operands splits an expression as the compiler leaves it into what it takes and
// the variable it gives its result to, as in `v = data.x` or `count(v, n)`. Other
// kinds of expressions have none.
func operands(expr *ast.Expr) (terms []*ast.Term, binds ast.Var) {
	if t, ok := expr.Terms.(*ast.Term); ok {
		return []*ast.Term{t}, ""
	}
	if !expr.IsCall() {
		return nil, ""
	}
	builtin, ok := ast.BuiltinMap[expr.Operator().String()]
	if !ok {
		return nil, ""
	}
	terms = expr.Operands()
	if expr.IsEquality() {
		if v, ok := terms[0].Value.(ast.Var); ok {
			return terms[1:], v
		}
		return terms, ""
	}
	if arity := len(builtin.Decl.FuncArgs().Args); len(terms) > arity {
		if v, ok := terms[arity].Value.(ast.Var); ok {
			return terms[:arity], v
		}
	}
	return terms, ""
}
