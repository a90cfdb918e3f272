package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
	"go.uber.org/zap"
)

// maxTimeouts is how often a library may run into its time limit before it is
// asked no more: a hundred thousand findings times a second is a
// run that never ends.
const maxTimeouts = 40

// limits bound every evaluation of an engine.
type limits struct {
	timeout   time.Duration
	maxAnswer int
	timeouts  atomic.Int64
}

type counts struct{ evaluations, hits, sampled, differences atomic.Int64 }

// question is one prepared entrypoint with its cache.
type question[I, A any] struct {
	entry    string
	prepared rego.PreparedEvalQuery
	txn      storage.Transaction
	read     *field
	key      appender
	value    maker
	checkIn  func(*I) error
	checkOut func(*A) error
	clone    func(A) A
	limits   *limits
	memo     *memo[Result[A]]
	log      *zap.Logger
	counts   counts
}

// ask answers from the cache where an input with the same readable part was
// answered before, and checks a sample of these answers against a fresh one.
func (q *question[I, A]) ask(ctx context.Context, in *I) Result[A] {
	if err := q.checkIn(in); err != nil {
		return failed[A](fmt.Errorf("ask sluice/%s: %w", q.entry, err))
	}
	var space [512]byte
	key := q.key(reflect.ValueOf(in).Elem(), space[:0])
	known, ok := q.memo.get(key)
	if !ok {
		fresh, keep := q.evaluate(ctx, in)
		if keep {
			q.memo.put(key, fresh)
		}
		return q.copied(fresh)
	}
	q.counts.hits.Add(1)
	if q.memo.sample() {
		return q.recheck(ctx, in, known)
	}
	return q.copied(known)
}

// recheck evaluates a hit afresh. Should the two differ, the read set is wrong:
// the cache of this question is given up and the fresh answer counts.
func (q *question[I, A]) recheck(ctx context.Context, in *I, known Result[A]) Result[A] {
	q.counts.sampled.Add(1)
	fresh, keep := q.evaluate(ctx, in)
	if !keep {
		return q.copied(known) // no second answer to compare with
	}
	if !same(known, fresh) {
		q.counts.differences.Add(1)
		q.memo.giveUp()
		q.log.Error("a remembered answer differs from a fresh one; the cache of this question is off from now on, please report this",
			zap.String("entrypoint", "sluice/"+q.entry), zap.Strings("reads", q.read.paths()),
			zap.Any("remembered", known.Answer), zap.Any("fresh", fresh.Answer))
	}
	return q.copied(fresh)
}

func same[A any](a, b Result[A]) bool {
	return a.Outcome == b.Outcome && reflect.DeepEqual(a.Answer, b.Answer)
}

// copied keeps callers from changing what the cache holds.
func (q *question[I, A]) copied(r Result[A]) Result[A] {
	r.Answer = q.clone(r.Answer)
	return r
}

func failed[A any](err error) Result[A] { return Result[A]{Outcome: Failed, Err: err} }

// evaluate runs the policy. keep says that the result follows from the input,
// unlike a timeout or a cancelled run.
func (q *question[I, A]) evaluate(ctx context.Context, in *I, more ...rego.EvalOption) (r Result[A], keep bool) {
	if q.limits.timeouts.Load() >= maxTimeouts {
		return failed[A](fmt.Errorf("ask sluice/%s: %w: it is not asked again after %d timeouts", q.entry, ErrTimeout, maxTimeouts)), false
	}
	q.counts.evaluations.Add(1)
	bounded, cancel := context.WithTimeout(ctx, q.limits.timeout)
	defer cancel()
	options := append([]rego.EvalOption{
		rego.EvalParsedInput(q.value(reflect.ValueOf(in).Elem()).Value),
		rego.EvalTransaction(q.txn),
	}, more...)
	rows, err := q.prepared.Eval(bounded, options...)
	switch {
	case err != nil && ctx.Err() != nil:
		return failed[A](fmt.Errorf("ask sluice/%s: %w", q.entry, ctx.Err())), false
	case err != nil && (topdown.IsCancel(err) || errors.Is(err, context.DeadlineExceeded)):
		q.limits.timeouts.Add(1)
		return failed[A](fmt.Errorf("ask sluice/%s: %w (limit %v)", q.entry, ErrTimeout, q.limits.timeout)), false
	case err != nil:
		return failed[A](fmt.Errorf("ask sluice/%s: %w", q.entry, err)), true
	case len(rows) == 0:
		return Result[A]{Outcome: Undefined, Err: fmt.Errorf("ask sluice/%s: data.sluice.%s.answer is undefined for this input", q.entry, q.entry)}, true
	}
	answer, err := q.decode(rows[0].Expressions[0].Value)
	if err != nil {
		return failed[A](fmt.Errorf("ask sluice/%s: %w: %w", q.entry, ErrAnswer, err)), true
	}
	return Result[A]{Answer: answer, Outcome: Decided}, true
}

// decode reads an answer: all its fields, no others, each usable. Its size is
// checked before it is copied.
func (q *question[I, A]) decode(value any) (A, error) {
	var answer, none A
	term, ok := value.(*ast.Term)
	if !ok {
		return none, fmt.Errorf("unexpected %T", value)
	}
	if left := spend(term, q.limits.maxAnswer); left < 0 {
		return none, fmt.Errorf("larger than %d bytes", q.limits.maxAnswer)
	}
	plain, err := ast.JSONWithOpt(term.Value, ast.JSONOpt{SortSets: true})
	if err != nil {
		return none, err
	}
	fields, ok := plain.(map[string]any)
	if !ok {
		return none, fmt.Errorf("must be an object with the fields of schemas/%s.answer", q.entry)
	}
	t := reflect.TypeFor[A]()
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("json"); fields[name] == nil {
			return none, fmt.Errorf("lacks the field %q", name)
		}
	}
	raw, err := json.Marshal(plain)
	if err != nil {
		return none, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&answer); err != nil && err != io.EOF {
		return none, err
	}
	return answer, q.checkOut(&answer)
}

// spend walks a value and subtracts about what it takes as JSON, stopping as
// soon as nothing is left.
func spend(t *ast.Term, left int) int {
	switch v := t.Value.(type) {
	case ast.String:
		return left - len(v) - 2
	case *ast.Array:
		for i := 0; i < v.Len() && left >= 0; i++ {
			left = spend(v.Elem(i), left-1)
		}
	case ast.Set:
		for _, e := range v.Slice() {
			if left = spend(e, left-1); left < 0 {
				break
			}
		}
	case ast.Object:
		v.Until(func(k, e *ast.Term) bool {
			left = spend(e, spend(k, left-2))
			return left < 0
		})
	default:
		return left - 8
	}
	return left
}
