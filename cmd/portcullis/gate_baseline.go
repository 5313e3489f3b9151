package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/gate/baseline"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
)

func newGateBaselineCommand() *cobra.Command {
	var (
		f      gateFlags
		file   string
		update bool
	)
	cmd := &cobra.Command{
		Use:   "baseline [tfplan | plan.json | - | directory]",
		Short: "Record the findings of today, so that only new ones count",
		Long: `Record the findings of today, so that with --baseline only new ones count.

A baseline that is there is not written over. --update takes out of it what is
fixed; nothing ever puts more into it. Make it as the pipeline judges: from the
same kind of input, with the same rules and waivers.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return gateStatus(cmd, runBaseline(cmd, args, &f, file, update))
		},
	}
	cmd.Flags().StringVar(&file, "file", baseline.DefaultFile, "where the baseline is kept")
	cmd.Flags().BoolVar(&update, "update", false, "take out what is fixed")
	f.waiverFlags(cmd)
	f.inputFlags(cmd)
	f.policyFlags(cmd)
	return cmd
}

func runBaseline(cmd *cobra.Command, args []string, f *gateFlags, file string, update bool) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	var old *baseline.File
	if _, err := os.Lstat(file); err == nil && !update {
		return usageError{fmt.Errorf("%s is there already: --update takes out what is fixed; to begin anew, remove it", file)}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if update {
		var err error
		if old, err = baseline.Open(file); err != nil {
			return err
		}
	}
	judged, err := f.judge(ctx, cmd, args)
	if err != nil {
		return err
	}
	now := baseline.Record(judged.report)
	if update {
		now = old.Shrink(judged.report)
	}
	var body bytes.Buffer
	if err := now.Write(&body); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(file, body.Bytes(), 0o600); err != nil {
		return err
	}
	if update {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %d fixed and taken out, %d left\n", output.Clean(file), len(old.Findings)-len(now.Findings), len(now.Findings))
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d findings recorded; judge with --baseline=%s\n", output.Clean(file), len(now.Findings), output.Clean(file))
	return nil
}
