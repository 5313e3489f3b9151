package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
)

func newFaultCommand(flags *localFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fault",
		Short: "Make things go wrong in the running stack, to see what a deployed system does",
		Long: `Make things go wrong in the running stack, to see what a deployed system does.

Each fault has an id, counts how often it happened, and stays in force until it
is over, removed, or the stack stops. docs/local-stack.md tells what each does.`,
		Args: subcommand,
		RunE: help,
	}
	cmd.AddCommand(newFaultAddCommand(flags), newFaultListCommand(flags), newFaultRemoveCommand(flags), newFaultClearCommand(flags), newFaultClockCommand(flags))
	return cmd
}

// subcommand refuses what is not one: without a Run of its own, a command would
// take it for an argument and print its help.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("%s has no %q: there are %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// faults is a client of the folder's stack.
func (f *localFlags) faults() (*faults.Client, error) {
	_, run, err := f.running()
	if err != nil {
		return nil, err
	}
	return faults.NewClient(run.Endpoint), nil
}

func newFaultAddCommand(flags *localFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Add a fault",
		Example: `  portcullis local fault add aws --service dynamodb --operation UpdateItem --kind throttle --count 3
  portcullis local fault add aws --service execute-api --operation PostToConnection --kind fail --probability 0.2 --seed 7
  portcullis local fault add aws --service kms --kind delay --delay 2s
  portcullis local fault add sandbox-kill --function chat-message --count 1
  portcullis local fault add cut --connection "ZNsUwcfRDoECJ5A="
  portcullis local fault add lose-disconnect --count 1`,
		Args: subcommand,
		RunE: help,
	}
	add := func(kind faults.Type, short string, define func(cmd *cobra.Command, fault *faults.Fault)) {
		fault := faults.Fault{Type: kind}
		sub := &cobra.Command{
			Use: string(kind), Short: short, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return flags.addFault(cmd, fault) },
		}
		define(sub, &fault)
		cmd.AddCommand(sub)
	}
	add(faults.AWS, "AWS calls through the stack's door are throttled, failed, delayed or hang", func(cmd *cobra.Command, fault *faults.Fault) {
		cmd.Flags().StringVar(&fault.Service, "service", "", "service, as requests are signed for it: dynamodb, execute-api, lambda, monitoring …")
		cmd.Flags().StringVar(&fault.Operation, "operation", "", "operation, such as UpdateItem; * stands for any characters (default every one)")
		cmd.Flags().StringVar(&fault.Resource, "resource", "", "only calls with this connection id, function, API id or bucket in the path (REST APIs)")
		cmd.Flags().StringVar((*string)(&fault.Kind), "kind", "", "throttle, fail, delay or hang")
		cmd.Flags().DurationVar((*time.Duration)(&fault.Delay), "delay", 0, "how long calls of the kind delay wait")
		when(cmd, fault)
	})
	add(faults.SandboxKill, "functions' sandboxes are killed: now, or with --count or --probability while they have a request", func(cmd *cobra.Command, fault *faults.Fault) {
		cmd.Flags().StringVar(&fault.Function, "function", "", "name of the function (default all)")
		when(cmd, fault)
	})
	add(faults.Cut, "a connection, or all of an API's, is cut now, without a close frame", func(cmd *cobra.Command, fault *faults.Fault) {
		connectionOrAPI(cmd, fault)
	})
	add(faults.LoseDisconnect, "$disconnect integrations are not called", func(cmd *cobra.Command, fault *faults.Fault) {
		connectionOrAPI(cmd, fault)
		when(cmd, fault)
	})
	add(faults.SlowReader, "the client of a connection looks as if it read nothing", func(cmd *cobra.Command, fault *faults.Fault) {
		cmd.Flags().StringVar(&fault.Connection, "connection", "", "id of the connection")
	})
	return cmd
}

func connectionOrAPI(cmd *cobra.Command, fault *faults.Fault) {
	cmd.Flags().StringVar(&fault.Connection, "connection", "", "id of the connection")
	cmd.Flags().StringVar(&fault.API, "api", "", "id of the API whose connections are meant")
}

// when defines the flags that say how often a fault happens.
func when(cmd *cobra.Command, fault *faults.Fault) {
	cmd.Flags().IntVar(&fault.Count, "count", 0, "how often it happens (default until it is removed)")
	cmd.Flags().Float64Var(&fault.Probability, "probability", 0, "how probable it is each time, above 0 and at most 1 (default always)")
	cmd.Flags().Uint64Var(&fault.Seed, "seed", 0, "same seed, same sequence of draws")
}

func (f *localFlags) addFault(cmd *cobra.Command, fault faults.Fault) error {
	for _, name := range []string{"count", "probability"} {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed && flag.Value.String() == "0" {
			return fmt.Errorf("--%s 0 would be no fault at all; see %s --help", name, cmd.CommandPath())
		}
	}
	client, err := f.faults()
	if err != nil {
		return err
	}
	added, err := client.Add(cmd.Context(), fault)
	if err != nil {
		return err
	}
	return printFaults(cmd.OutOrStdout(), added)
}

func newFaultListCommand(flags *localFlags) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the faults and how often they happened",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := flags.faults()
			if err != nil {
				return err
			}
			listed, err := client.List(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(listed)
			}
			if len(listed) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "no faults")
				return nil
			}
			return printFaults(cmd.OutOrStdout(), listed...)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newFaultRemoveCommand(flags *localFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "remove id ...",
		Short: "End faults and forget them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			client, err := flags.faults()
			if err != nil {
				return err
			}
			var failed []error
			for _, id := range ids {
				if err := client.Remove(cmd.Context(), id); err != nil {
					failed = append(failed, fmt.Errorf("%s: %w", id, err))
				}
			}
			return errors.Join(failed...)
		},
	}
}

func newFaultClearCommand(flags *localFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "clear",
		Short: "End all faults and forget them; the clock stays where it is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := flags.faults()
			if err != nil {
				return err
			}
			return client.Clear(cmd.Context())
		},
	}
}

func newFaultClockCommand(flags *localFlags) *cobra.Command {
	var forward time.Duration
	cmd := &cobra.Command{
		Use:   "clock",
		Short: "Say how far the stack's clock is ahead of real time, and move it",
		Long: `Say how far the stack's clock is ahead of real time, or move it forward.

Idle timeout and lifetime of connections, the throttles, and the waits and ages of
asynchronous invocations go by it. Tokens, TTL, signatures and the times in events
do not. It is back when the stack starts anew.`,
		Example: "  portcullis local fault clock --forward 11m    # idle connections end",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := flags.faults()
			if err != nil {
				return err
			}
			read := client.Clock
			if cmd.Flags().Changed("forward") {
				read = func(ctx context.Context) (faults.ClockState, error) { return client.Forward(ctx, forward) }
			}
			state, err := read(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%v ahead of real time: %s\n", time.Duration(state.Ahead), state.Now.Format(time.RFC3339))
			return nil
		},
	}
	cmd.Flags().DurationVar(&forward, "forward", 0, "how far to move it, such as 11m or 2h")
	return cmd
}

// printFaults writes faults for people.
func printFaults(out io.Writer, listed ...faults.Listed) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "ID\tTYPE\tWHAT\tWHEN\tHAPPENED\n")
	for _, l := range listed {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", l.ID, l.Type, what(l.Fault), frequency(l), l.Happened)
	}
	return w.Flush()
}

// what says what a fault acts upon.
func what(f faults.Fault) string {
	var words []string
	say := func(format, value string) {
		if value != "" {
			words = append(words, fmt.Sprintf(format, value))
		}
	}
	switch f.Type {
	case faults.AWS:
		operation := f.Operation
		if operation == "" {
			operation = "*"
		}
		words = append(words, f.Service+" "+operation)
		say("of %s", f.Resource)
		words = append(words, string(f.Kind))
		if f.Delay != 0 {
			words = append(words, time.Duration(f.Delay).String())
		}
	case faults.SandboxKill:
		say("function %s", f.Function)
	default:
		say("connection %s", f.Connection)
		say("API %s", f.API)
	}
	if len(words) == 0 {
		return "all"
	}
	return strings.Join(words, " ")
}

// frequency says when a fault happens.
func frequency(l faults.Listed) string {
	var words []string
	if l.Probability > 0 {
		words = append(words, fmt.Sprintf("probability %v, seed %d", l.Probability, l.Seed))
	}
	switch {
	case l.Over && l.Count == 0:
		return "at once"
	case l.Over:
		words = append(words, fmt.Sprintf("%d times, over", l.Count))
	case l.Count > 0:
		words = append(words, fmt.Sprintf("%d times", l.Count))
	default:
		words = append(words, "until removed")
	}
	return strings.Join(words, ", ")
}
