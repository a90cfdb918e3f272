package main

import (
	"github.com/spf13/cobra"
)

func (p *program) initCommand() *cobra.Command { return &cobra.Command{Use: "init"} }
