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
	if p.log == nil {
		p.log, _ = app.NewLogger(p.err, "", p.terminal) // this level is right
	}
	app.Beat(ctx, p.options(p.log), code != codeOK)
}
