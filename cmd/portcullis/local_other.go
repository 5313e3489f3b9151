//go:build !linux

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// newLocalCommand says why there is no local stack: it runs the functions'
// Linux binaries directly.
func newLocalCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "local",
		Short: "Run AWS for this project on this machine (Linux only)",
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the local stack runs the functions' Linux binaries and needs Linux: use a Linux machine, virtual machine or container")
		},
	}
}
