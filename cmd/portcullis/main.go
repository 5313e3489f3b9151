// Portcullis is the command line of the chat template.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
)

// exitStatus ends the program with a status and without words: whoever returns
// it, or a command that was run, has said what there is to say.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() {
	err := newRootCommand().ExecuteContext(context.Background())
	if err == nil {
		return
	}
	var status exitStatus
	if errors.As(err, &status) {
		os.Exit(int(status))
	}
	// An error may quote what a server said.
	fmt.Fprintln(os.Stderr, "portcullis:", chatclient.Printable(err.Error()))
	os.Exit(1)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "portcullis",
		Short:         "A hardened serverless WebSocket chat on AWS: run it here, talk in it, and gate what is deployed",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(newChatCommand(), newAdminCommand(), newLocalCommand(), newGateCommand())
	return root
}

// version is that of the module, if the program was built from a release.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
