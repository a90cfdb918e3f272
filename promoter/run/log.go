package run

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-sec/sluice/promoter"
)

// The log is for whoever is woken at night: one line for each step, source and
// effect, each with how it ended and how long it took. The report says the
// same for the run as a whole.

// step is a part of the loop.
type step struct {
	name string
	do   func(context.Context) error
}

// take goes through steps until one fails or the run is asked to stop.
func (r *runner) take(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		began := r.Now()
		err := s.do(ctx)
		if err == nil {
			err = ctx.Err()
		}
		fields := []zap.Field{zap.String("step", s.name), r.took(began)}
		switch {
		case ctx.Err() != nil:
			r.Log.Warn("step stopped", append(fields, zap.NamedError("because", context.Cause(ctx)))...)
		case err != nil:
			r.Log.Error("step failed", append(fields, zap.Error(err))...)
		default:
			r.Log.Info("step", fields...)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (r *runner) took(since time.Time) zap.Field {
	return zap.Duration("took", r.Now().Sub(since).Round(time.Millisecond))
}

func (r *runner) logBegin() {
	r.Log.Info("run begins", zap.String("selection", r.sel.String()), zap.String("actor", r.Actor), zap.Bool("dry_run", r.DryRun),
		zap.String("policy", short(r.report.Policy)), zap.String("settings", short(r.report.Settings)))
}

func (r *runner) logSources() {
	for _, s := range r.report.Sources {
		level := zapcore.InfoLevel
		if s.State != "complete" {
			level = zapcore.WarnLevel
		}
		r.Log.Log(level, "source", zap.String("source", s.Source), zap.String("state", s.State), zap.Int("files", s.Files), zap.Int("unchanged", s.Unchanged),
			zap.Int("results", s.Results), zap.Int("findings", s.Findings), zap.Int("skipped", s.Skipped), zap.String("detail", s.Detail))
	}
}

// tell books what became of an effect, in the report and in the log.
func (r *runner) tell(first planned, batch []planned, verb promoter.Verb, out effectOutcome, detail string, began time.Time) {
	r.report.effect(first, batch, verb, out, detail)
	var findings []string
	for _, p := range batch {
		for _, i := range p.Notice.Items {
			findings = append(findings, promoter.FindingName(p.repo.FullName(), i.Finding))
		}
	}
	r.logEffect(effectLevels[out], first.repo.FullName(), first.Notice.Target.PullRequest, verb, string(out), r.took(began),
		zap.Strings("findings", findings), zap.String("reason", first.Reason), zap.String("detail", detail))
}

func (r *runner) logEffect(level zapcore.Level, repository string, pull int, verb promoter.Verb, outcome string, more ...zap.Field) {
	r.Log.Log(level, "effect", append([]zap.Field{zap.String("repository", repository), zap.Int("pull_request", pull),
		zap.String("verb", string(verb)), zap.String("outcome", outcome)}, more...)...)
}

// effectLevels: an outcome that is not here is information.
var effectLevels = map[effectOutcome]zapcore.Level{outcomeFailed: zapcore.ErrorLevel, outcomeUnknown: zapcore.WarnLevel}

func (r *runner) logEnd() {
	for _, text := range r.report.Warnings {
		r.Log.Warn("warning", zap.String("text", text))
	}
	for _, e := range r.report.Errors {
		r.Log.Error("error", zap.String("area", e.Area), zap.String("text", e.Text), zap.Int("times", e.Count))
	}
	e := r.report.Effects
	r.Log.Info("run ends", zap.String("outcome", string(r.report.Outcome)), zap.Bool("interrupted", r.report.Interrupted),
		zap.Duration("took", r.report.Ended.Sub(r.report.Started).Round(time.Millisecond)), zap.Int("new", r.report.Findings.New), zap.Int("gone", r.report.Findings.Gone),
		zap.Int("done", e.Done), zap.Int("deferred", e.Deferred), zap.Int("failed", e.Failed), zap.Int("unknown", e.Unknown), zap.String("ledger", r.report.Ledger))
}
