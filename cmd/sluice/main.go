// Command sluice lets scanner findings through to engineers only as fast as
// they prove worth reading.
//
// The awkward truth: a scheduled run is watched by nobody, so the exit code is
// the only thing that most of its readers will ever see. All of them are given
// in exit.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(command()) }

// command runs the program as the process it is. A first signal ends a run in
// good order, a second one ends it at once.
func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return newProgram(os.Stdout, os.Stderr, os.Getenv).run(ctx, os.Args[1:])
}
