package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/internal/signin"
)

// Variables of the environment that carry secrets, which do not belong among
// the arguments: everybody on the machine can read those.
const (
	tokenVariable    = "PORTCULLIS_TOKEN"
	passwordVariable = "PORTCULLIS_PASSWORD"
)

// defaultHistory is how many earlier messages a terminal shows.
const defaultHistory = 20

type chatFlags struct {
	url, room, origin        string
	tokenFile                string
	user, userPool, clientID string
	passwordFile             string
	history                  int
	linger, timeout          time.Duration
}

func newChatCommand() *cobra.Command {
	flags := &chatFlags{}
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Talk in a room from a terminal or a pipe",
		Long: `Talk in a room. On a terminal, what you type is sent and what the room says is
shown; /help lists the commands, and Ctrl-C or Ctrl-D leaves. In a pipe, each
line is sent as a message, and what the room says is printed.

The access token comes from --token-file, from ` + tokenVariable + ` or from a Cognito
user pool with --user, --user-pool-id and --client-id. The password is asked
for, or comes from --password-file or ` + passwordVariable + `; it does not leave this
machine (SRP). A token that is about to expire is replaced: the file is read
again, or the user pool asked.

Lines marked > are yours, lines marked < are those of the others.`,
		Example: `  portcullis chat --url wss://chat.example.com/live --room lobby --token-file token
  portcullis chat --url wss://chat.example.com/live --room lobby \
    --user alice --user-pool-id eu-west-1_AbCdEfGhI --client-id 1example23456789
  echo "deployed" | PORTCULLIS_TOKEN=... portcullis chat --url wss://... --room ops
  portcullis chat --url wss://... --room ops --linger 1h </dev/null   # listen`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("history") && isTerminal(cmd.InOrStdin()) {
				flags.history = defaultHistory
			}
			return flags.run(cmd)
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.url, "url", "", "address of the chat, wss://… (ws:// only to this machine)")
	set.StringVar(&flags.room, "room", "", "room to enter, unless the address names it")
	set.StringVar(&flags.tokenFile, "token-file", "", "file with the access token")
	set.StringVar(&flags.user, "user", "", "sign in as this user of a Cognito user pool")
	set.StringVar(&flags.userPool, "user-pool-id", "", "the user pool, such as eu-west-1_AbCdEfGhI")
	set.StringVar(&flags.clientID, "client-id", "", "app client of the user pool")
	set.StringVar(&flags.passwordFile, "password-file", "", "file with the user's password")
	set.StringVar(&flags.origin, "origin", "", "Origin header to send, where a deployment demands one")
	set.IntVar(&flags.history, "history", 0, fmt.Sprintf("earlier messages to show, up to %d (default %d on a terminal, 0 in a pipe)", protocol.MaxHistoryLimit, defaultHistory))
	set.DurationVar(&flags.linger, "linger", 0, "in a pipe: how long to go on listening after the last line")
	set.DurationVar(&flags.timeout, "timeout", time.Minute, "in a pipe: how long a line may take to be acknowledged")
	return cmd
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func (f *chatFlags) run(cmd *cobra.Command) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills

	if f.url == "" {
		return errors.New("--url is missing: it is the output `url` of the Terraform configuration (terraform output -raw url)")
	}
	if f.room == "" && !strings.Contains(f.url, protocol.RoomParameter+"=") {
		return errors.New("--room is missing: say which room to enter, such as --room lobby")
	}
	tokens, err := f.tokens(ctx)
	if err != nil {
		return orLeft(ctx, err)
	}
	client, err := chatclient.Dial(ctx, chatclient.Options{
		URL: f.url, Room: f.room, Tokens: tokens, Origin: f.origin, Backlog: f.history,
	})
	if err != nil {
		return orLeft(ctx, err)
	}
	if isTerminal(cmd.InOrStdin()) && isTerminal(cmd.OutOrStdout()) {
		return talk(ctx, client, os.Stdin, os.Stdout)
	}
	return f.pipe(ctx, client, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
}

// orLeft is nil where the error is only the user's wish to leave.
func orLeft(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// tokens finds the source of tokens that the flags and the environment name.
func (f *chatFlags) tokens(ctx context.Context) (chatclient.TokenSource, error) {
	switch {
	case f.user != "" && f.tokenFile != "":
		return nil, errors.New("--user and --token-file exclude each other: give one of them")
	case f.tokenFile != "":
		return chatclient.TokenFile(f.tokenFile), nil
	case f.user != "":
		return f.signIn(ctx)
	case f.userPool != "" || f.clientID != "" || f.passwordFile != "":
		return nil, errors.New("--user is missing: --user-pool-id, --client-id and --password-file sign a user in")
	}
	if token := strings.TrimSpace(os.Getenv(tokenVariable)); token != "" {
		return chatclient.StaticToken(token), nil
	}
	return nil, fmt.Errorf("there is no token: give --token-file or %s, or sign in with --user, --user-pool-id and --client-id", tokenVariable)
}

func (f *chatFlags) signIn(ctx context.Context) (chatclient.TokenSource, error) {
	if f.userPool == "" || f.clientID == "" {
		return nil, errors.New("--user needs --user-pool-id and --client-id: they are the outputs `user_pool_id` and `user_pool_client_id` of the Terraform configuration")
	}
	password, err := f.password(ctx)
	if err != nil {
		return nil, err
	}
	return signin.In(ctx, signin.Options{
		UserPoolID: f.userPool,
		ClientID:   f.clientID,
		Prompts: signin.Prompts{
			NewPassword: newPassword,
			Code:        askSecret,
		},
	}, f.user, password)
}

func (f *chatFlags) password(ctx context.Context) (string, error) {
	if f.passwordFile != "" {
		content, err := os.ReadFile(f.passwordFile)
		if err != nil {
			return "", fmt.Errorf("password file: %w", err)
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	}
	if password := os.Getenv(passwordVariable); password != "" {
		return password, nil
	}
	password, err := askSecret(ctx, "password of "+f.user)
	if errors.Is(err, errNoTerminal) {
		return "", fmt.Errorf("%w to ask for the password on: give --password-file or %s", err, passwordVariable)
	}
	return password, err
}

func newPassword(ctx context.Context) (string, error) {
	first, err := askSecret(ctx, "the password is temporary; new password")
	if err != nil {
		return "", err
	}
	second, err := askSecret(ctx, "new password once more")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two new passwords differ: nothing was changed")
	}
	return first, nil
}

var errNoTerminal = errors.New("there is no terminal")

// askSecret asks on the terminal, without showing the answer. It finds the
// terminal also where the standard input is a pipe.
func askSecret(ctx context.Context, question string) (string, error) {
	terminal := os.Stdin
	if !isTerminal(terminal) {
		var err error
		if terminal, err = os.OpenFile("/dev/tty", os.O_RDWR, 0); err != nil {
			return "", errNoTerminal
		}
		defer func() { _ = terminal.Close() }()
	}
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%s: ", chatclient.OneLine(question))
	defer fmt.Fprintln(os.Stderr)
	type answer struct {
		secret []byte
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		secret, err := term.ReadPassword(fd)
		answers <- answer{secret, err}
	}()
	select {
	case got := <-answers:
		if errors.Is(got.err, io.EOF) {
			return "", errors.New("nothing was entered")
		}
		return string(got.secret), got.err
	case <-ctx.Done():
		// Ctrl-C must not leave a terminal that shows nothing.
		_ = term.Restore(fd, before)
		return "", ctx.Err()
	}
}
