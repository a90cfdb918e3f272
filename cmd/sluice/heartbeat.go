package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice-sec/sluice/cmd/sluice/app"
)

// heartbeat tells who listens how a run ended, also one that could not begin.
// A run that found another one at work says nothing: that one will.
func (p *program) heartbeat(ctx context.Context, ran *cobra.Command, code int) {
	refused := code == codeUsage && ran.Name() == "run" // maybe before it could begin
	if !p.running && !refused || code == codeHeld {
		return
	}
	if dry, _ := ran.Flags().GetBool("dry-run"); dry {
		return
	}
	log, err := app.NewLogger(p.err, p.logLevel, p.terminal)
	if err != nil {
		log, err = app.NewLogger(p.err, "", p.terminal)
	}
	if err == nil {
		app.Beat(ctx, p.options(log), code != codeOK)
	}
}
