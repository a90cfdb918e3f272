package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
	"github.com/sluice-sec/sluice/policy/settings"
	"github.com/sluice-sec/sluice/promoter"
)

func (p *program) pauseCommand() *cobra.Command {
	var reason, until string
	c := &cobra.Command{
		Use: "pause", Short: "stop every new notice, also in the middle of a run", Args: takes(),
		Long: "Stops every new notice at once. What is fixed or rolled back is still marked and withdrawn.",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; everybody sees it in `sluice status` (required)")
	c.Flags().StringVar(&until, "until", "", "a date (2026-12-31), a time (RFC 3339) or a span (12h, 30d); default: until resumed")
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		if line(reason) == "" {
			return usagef("--reason is missing: somebody will ask why nothing is shown")
		}
		now := a.Now().UTC()
		end, err := parseUntil(until, now)
		if err != nil {
			return err
		}
		s, err := a.Store(ctx)
		if err != nil {
			return err
		}
		pause := promoter.Pause{Since: now, Actor: a.Actor, Reason: reason, Until: end}
		if err := s.SetPause(ctx, pause); err != nil {
			return err
		}
		return p.show(pause, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, pauseText(&pause, now))
			return err
		})
	})
	return c
}

// parseUntil reads when something ends; "" is never. A date ends with its day,
// in UTC.
func parseUntil(text string, now time.Time) (time.Time, error) {
	var end time.Time
	if text == "" {
		return end, nil
	}
	if span, err := parseSpan(text); err == nil {
		return now.Add(span), nil
	}
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		end = date.AddDate(0, 0, 1)
	} else if end, err = time.Parse(time.RFC3339, text); err != nil {
		return end, usagef("--until %q is neither a date (2026-12-31), a time (2026-12-31T08:00:00Z) nor a span (12h, 30d)", text)
	}
	if !end.After(now) {
		return end, usagef("--until %s is over already", text)
	}
	return end.UTC(), nil
}

// parseSpan reads what settings do, 12h and 30d, and 90m.
func parseSpan(text string) (time.Duration, error) {
	var span settings.Span
	if err := span.UnmarshalText([]byte(text)); err == nil && span > 0 {
		return time.Duration(span), nil
	}
	short, err := time.ParseDuration(text)
	if err == nil && short <= 0 {
		err = fmt.Errorf("%q is not a length of time", text)
	}
	return short, err
}

// pauseText tells of a pause, or that there is none.
func pauseText(pause *promoter.Pause, now time.Time) string {
	if !pause.Active(now) {
		return "not paused"
	}
	end := "until somebody resumes"
	if !pause.Until.IsZero() {
		end = "until " + pause.Until.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("paused by %s since %s, %s: %s", pause.Actor, pause.Since.UTC().Format(time.RFC3339), end, line(pause.Reason))
}

func (p *program) resumeCommand() *cobra.Command {
	c := &cobra.Command{Use: "resume", Short: "end a pause", Args: takes()}
	c.RunE = p.with(func(ctx context.Context, a *app.App, _ []string) error {
		s, err := a.ExistingStore(ctx)
		if err != nil {
			return err
		}
		pause, err := s.Pause(ctx)
		if err != nil {
			return err
		}
		text := "nothing is paused"
		if pause != nil {
			text = "resumed: the next run shows what waited"
			if err := s.Resume(ctx, a.Actor, a.Now().UTC()); err != nil {
				return err
			}
		}
		return p.show(map[string]any{"resumed": pause != nil}, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, text)
			return err
		})
	})
	return c
}
