package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/operator"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// settle is longer than the connect function takes.
const settle = 2 * time.Second

type adminFlags struct {
	outputs, table, endpoint, region string
	json                             bool
}

func newAdminCommand() *cobra.Command {
	flags := &adminFlags{}
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "See who is in a deployed chat, end connections, ban and unban",
		Long: `Administer a deployed chat with your own AWS rights: the credentials come from
the environment, a profile or a role, as for every AWS command. What they must
allow is the output operator_policy_json of the Terraform configuration; the
chat's own API has nothing of this.

Which chat is said by --outputs, a file with the output of
` + "`terraform output -json`" + ` (- reads standard input), or by --table,
--management-endpoint and --region, which win over the file.

Users are named by their ids (the claim sub of their tokens), which
` + "`admin connections`" + ` shows.`,
		Example: `  terraform output -json > chat.json
  portcullis admin rooms --outputs chat.json
  portcullis admin connections --room lobby --outputs chat.json
  portcullis admin ban 3c5a7e10-... --for 24h --why "spam" --outputs chat.json`,
	}
	set := cmd.PersistentFlags()
	set.StringVar(&flags.outputs, "outputs", "", "file with the output of terraform output -json, or - for standard input")
	set.StringVar(&flags.table, "table", "", "name of the table of connections")
	set.StringVar(&flags.endpoint, "management-endpoint", "", "URL for calls to connections, https://…/<stage>")
	set.StringVar(&flags.region, "region", "", "AWS Region of the chat")
	set.BoolVar(&flags.json, "json", false, "print JSON")
	cmd.AddCommand(flags.rooms(), flags.connections(), flags.disconnect(), flags.ban(), flags.unban())
	return cmd
}

// command makes a subcommand that works on a chat and shows what it returns.
func (f *adminFlags) command(use, short string, args cobra.PositionalArgs, run func(ctx context.Context, o *operator.Operator, args []string) (any, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			o, err := f.operator(ctx, cmd.InOrStdin())
			if err != nil {
				return err
			}
			result, err := run(ctx, o, args)
			if result != nil {
				if shown := f.show(cmd.OutOrStdout(), result); shown != nil {
					err = errors.Join(err, shown)
				}
			}
			return err
		},
	}
}

func (f *adminFlags) rooms() *cobra.Command {
	return f.command("rooms", "List the rooms with somebody in them (reads the whole table)", cobra.NoArgs,
		func(ctx context.Context, o *operator.Operator, _ []string) (any, error) {
			rooms, err := o.Rooms(ctx)
			if err != nil {
				return nil, err
			}
			return rooms, nil
		})
}

func (f *adminFlags) connections() *cobra.Command {
	var room, user string
	cmd := f.command("connections", "List the connections of a room or of a user", cobra.NoArgs,
		func(ctx context.Context, o *operator.Operator, _ []string) (any, error) {
			if user != "" {
				u, err := o.User(ctx, user)
				if err != nil {
					return nil, err
				}
				return u, nil
			}
			if !protocol.RoomPattern.MatchString(room) {
				return nil, errors.New("--room is not the name of a room: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit")
			}
			connections, err := o.InRoom(ctx, room)
			if err != nil {
				return nil, err
			}
			return connections, nil
		})
	cmd.Flags().StringVar(&room, "room", "", "the room")
	cmd.Flags().StringVar(&user, "user", "", "the user's id; shows a ban as well")
	cmd.MarkFlagsOneRequired("room", "user")
	cmd.MarkFlagsMutuallyExclusive("room", "user")
	return cmd
}

// closed is what became of a user's connections.
type closed struct {
	User        string    `json:"user"`
	Closed      int       `json:"closed"`
	BannedUntil time.Time `json:"bannedUntil,omitzero"`
}

func (f *adminFlags) disconnect() *cobra.Command {
	return f.command("disconnect <user id>", "End all connections of a user now; the user may come back", oneUser,
		func(ctx context.Context, o *operator.Operator, args []string) (any, error) {
			n, err := o.Disconnect(ctx, args[0])
			return closed{User: args[0], Closed: n}, err
		})
}

func (f *adminFlags) ban() *cobra.Command {
	var until, why string
	var duration time.Duration
	cmd := f.command("ban <user id>", "Keep a user out for a time, and end all connections now", oneUser,
		func(ctx context.Context, o *operator.Operator, args []string) (any, error) {
			end := time.Now().Add(duration)
			if until != "" {
				var err error
				if end, err = time.Parse(time.RFC3339, until); err != nil {
					return nil, fmt.Errorf("--until is not a time such as 2030-01-31T12:00:00Z: %q", until)
				}
			}
			n, err := o.Ban(ctx, args[0], end, why)
			if err != nil && n == 0 {
				return nil, err
			}
			return closed{User: args[0], Closed: n, BannedUntil: end.UTC().Truncate(time.Second)}, err
		})
	cmd.Flags().StringVar(&until, "until", "", "when the ban ends, such as 2030-01-31T12:00:00Z")
	cmd.Flags().DurationVar(&duration, "for", 0, "how long the ban lasts, such as 24h")
	cmd.Flags().StringVar(&why, "why", "", fmt.Sprintf("the reason, for other operators (at most %d bytes); the user is not told", operator.MaxWhy))
	cmd.MarkFlagsOneRequired("until", "for")
	cmd.MarkFlagsMutuallyExclusive("until", "for")
	_ = cmd.MarkFlagRequired("why")
	return cmd
}

func (f *adminFlags) unban() *cobra.Command {
	return f.command("unban <user id>", "Lift a user's ban before its time", oneUser,
		func(ctx context.Context, o *operator.Operator, args []string) (any, error) {
			return nil, o.Unban(ctx, args[0])
		})
}

func oneUser(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("name one user by id (the claim sub of the user's tokens); `portcullis admin connections` shows ids")
	}
	return nil
}

// operator returns the operator of the chat that the flags name.
func (f *adminFlags) operator(ctx context.Context, stdin io.Reader) (*operator.Operator, error) {
	if err := f.complete(stdin); err != nil {
		return nil, err
	}
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(f.region))
	if err != nil {
		return nil, fmt.Errorf("reading the AWS settings: %w", err)
	}
	return &operator.Operator{
		DB: dynamodb.NewFromConfig(settings),
		Sockets: apigatewaymanagementapi.NewFromConfig(settings, func(o *apigatewaymanagementapi.Options) {
			o.BaseEndpoint = aws.String(f.endpoint)
		}),
		Table:  f.table,
		Now:    time.Now,
		Settle: settle,
	}, nil
}

// complete fills what the flags leave open from Terraform's outputs.
func (f *adminFlags) complete(stdin io.Reader) error {
	if f.outputs != "" {
		outputs, err := readOutputs(f.outputs, stdin)
		if err != nil {
			return err
		}
		for flag, value := range map[*string]string{&f.table: outputs.table(), &f.endpoint: outputs.ManagementEndpoint.Value, &f.region: outputs.Region.Value} {
			if *flag == "" {
				*flag = value
			}
		}
	}
	for name, value := range map[string]string{"--table": f.table, "--management-endpoint": f.endpoint, "--region": f.region} {
		if value == "" {
			return fmt.Errorf("%s is missing: give it, or --outputs with the output of `terraform output -json`", name)
		}
	}
	u, err := url.Parse(f.endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !onLoopback(u.Hostname()))) {
		return errors.New("--management-endpoint must be an https URL (http for this machine only): the output management_endpoint")
	}
	return nil
}

func onLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// outputs are those of a root that consumes the module chat: as the examples
// name them, or the module's own `tables`.
type outputs struct {
	ConnectionsTable   value[string] `json:"connections_table"`
	Tables             value[tables] `json:"tables"`
	ManagementEndpoint value[string] `json:"management_endpoint"`
	Region             value[string] `json:"region"`
}

type value[T any] struct {
	Value T `json:"value"`
}

type tables struct {
	Connections struct {
		Name string `json:"name"`
	} `json:"connections"`
}

func (o outputs) table() string {
	if o.ConnectionsTable.Value != "" {
		return o.ConnectionsTable.Value
	}
	return o.Tables.Value.Connections.Name
}

func readOutputs(file string, stdin io.Reader) (outputs, error) {
	var o outputs
	data, err := readFileOr(file, stdin)
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	if err != nil {
		return outputs{}, fmt.Errorf("reading --outputs: %w", err)
	}
	return o, nil
}

// readFileOr reads a file, or standard input where it is called -.
func readFileOr(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

// show prints a result. Names and reasons were written by others, so nothing of
// them may drive the terminal.
func (f *adminFlags) show(out io.Writer, result any) error {
	if f.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(result)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	switch r := result.(type) {
	case []operator.Room:
		fmt.Fprintln(table, "ROOM\tUSERS\tCONNECTIONS")
		for _, room := range r {
			fmt.Fprintf(table, "%s\t%d\t%d\n", cell(room.Name), room.Users, room.Connections)
		}
	case []operator.Connection:
		fmt.Fprintln(table, "USER\tNAME\tCONNECTED\tTOKEN ENDS\tCONNECTION")
		for _, c := range r {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", cell(c.Sub), cell(c.Name), stamp(c.ConnectedAt), stamp(c.TokenEnds), cell(c.ID))
		}
	case operator.User:
		if !r.BannedUntil.IsZero() {
			fmt.Fprintf(out, "banned until %s: %s\n", stamp(r.BannedUntil), cell(r.Why))
		}
		fmt.Fprintln(table, "ROOM\tCONNECTION")
		for _, c := range r.Connections {
			fmt.Fprintf(table, "%s\t%s\n", cell(c.Room), cell(c.ID))
		}
	case closed:
		if !r.BannedUntil.IsZero() {
			fmt.Fprintf(out, "banned until %s\n", stamp(r.BannedUntil))
		}
		fmt.Fprintf(out, "closed %d connections\n", r.Closed)
	}
	return table.Flush()
}

// cell is a text as it may stand in one cell of a table.
func cell(s string) string {
	return strings.Join(strings.Fields(chatclient.Printable(s)), " ")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
