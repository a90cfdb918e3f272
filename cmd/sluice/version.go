package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version(), "go": runtime.Version()}
			return p.show(v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "sluice %s (%s)\n", v["version"], v["go"])
				return err
			})
		},
	}
}
