// Package consumer_test takes the modules as their users do: from a git
// repository, at a tag, with packages that were built beforehand.
package consumer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chat"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/internal/worktree"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

const (
	root = "../.."
	tag  = "v0.0.1"
)

// TestMain starts a local stack for all tests.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	work, err := os.MkdirTemp("", "portcullis-consumer-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(work) }()
	stop, err := localstack.Start(context.Background(), root, work)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	return m.Run()
}

// command runs a command in a folder.
func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// repository makes a git repository of the working tree, as it is now, with a
// tag, and returns its folder.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := worktree.Copy(t.Context(), root, dir); err != nil {
		t.Fatal(err)
	}
	command(t, dir, "git", "init", "--quiet", "--initial-branch=main")
	command(t, dir, "git", "add", "--all")
	command(t, dir, "git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=test: a release")
	command(t, dir, "git", "tag", tag)
	// What is not in the tag must not be had: a consumer's copy has it either.
	command(t, dir, "git", "rm", "--quiet", "-r", "modules")
	command(t, dir, "git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=test: no modules")
	return dir
}

// packages builds the functions' zips as `make package` does.
func packages(t *testing.T) (dir, architecture string) {
	t.Helper()
	host, err := packaging.Host()
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(t.TempDir(), "dist")
	command(t, root, "go", "run", "./cmd/package", "--out", dist, "--arch", string(host))
	return filepath.Join(dist, string(host)), string(host)
}

// consumer is a root of another repository that takes the modules at the tag.
func consumer(t *testing.T, name string, vars map[string]any) *tfroot.Root {
	t.Helper()
	work := t.TempDir()
	data, err := os.ReadFile(filepath.Join("roots", name, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("@REPOSITORY@", repository(t), "@TAG@", tag).Replace(string(data))
	dir := filepath.Join(work, "elsewhere")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	zips, architecture := packages(t)
	all := map[string]any{"package_dir": zips, "architecture": architecture}
	for key, value := range vars {
		all[key] = value
	}
	r, err := tfroot.In(dir, work, all)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestChatsOfAnotherRepository applies two chats in one state, in two Regions.
func TestChatsOfAnotherRepository(t *testing.T) {
	r := consumer(t, "chats", map[string]any{"cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL")})
	t.Cleanup(func() {
		if err := r.Destroy(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	var outputs struct {
		Chats []struct {
			URL      string `json:"url"`
			Region   string `json:"region"`
			PoolID   string `json:"pool_id"`
			ClientID string `json:"client_id"`
		} `json:"chats"`
	}
	if _, err := r.Apply(t.Context(), &outputs); err != nil {
		t.Fatal(err)
	}
	regions := []string{}
	for _, deployed := range outputs.Chats {
		regions = append(regions, deployed.Region)
		t.Run("the chat in "+deployed.Region+" works", func(t *testing.T) {
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(deployed.Region))
			if err != nil {
				t.Fatal(err)
			}
			alice, err := chat.NewUser(t.Context(), cfg, deployed.PoolID, deployed.ClientID, "alice")
			if err != nil {
				t.Fatal(err)
			}
			talk(t, deployed.URL, alice.Access)
		})
	}
	if !slices.Equal(regions, []string{"eu-west-1", "us-west-2"}) {
		t.Errorf("chats in %v", regions)
	}
	t.Run("a second plan is empty", func(t *testing.T) {
		plan, err := r.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range plan.Changes {
			if !change.Nothing() {
				t.Errorf("%s: %v", change.Address, change.Change.Actions)
			}
		}
	})
}

// talk connects, is refused without the token, and hears what it says.
func talk(t *testing.T, url, token string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dial := func(subprotocols ...string) (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(ctx, url+"?room=lobby", &websocket.DialOptions{
			Subprotocols: subprotocols, HTTPHeader: http.Header{"Origin": {"https://chat.example.com"}},
		})
	}
	if _, res, err := dial(protocol.Subprotocol); err == nil || res == nil || res.StatusCode != http.StatusUnauthorized {
		t.Fatalf("without a token: %v", err)
	}
	listener, _, err := dial(protocol.Subprotocol, protocol.BearerPrefix+token)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.CloseNow() }()
	speaker, _, err := dial(protocol.Subprotocol, protocol.BearerPrefix+token)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = speaker.CloseNow() }()
	frame, err := json.Marshal(protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: "c1", Text: "over here"})
	if err != nil {
		t.Fatal(err)
	}
	if err := speaker.Write(ctx, websocket.MessageText, frame); err != nil {
		t.Fatal(err)
	}
	for conn, want := range map[*websocket.Conn]string{speaker: protocol.TypeAck, listener: protocol.TypeMessage} {
		var got struct{ Type, HTML string }
		_, data, err := conn.Read(ctx)
		if err == nil {
			err = json.Unmarshal(data, &got)
		}
		if err != nil || got.Type != want || got.HTML != "over here" {
			t.Fatalf("got %s (%v), want %s", data, err, want)
		}
	}
}

// TestEachModuleAlone plans each module with for_each, count, another Region's
// provider and depends_on, with keys that the same plan makes.
func TestEachModuleAlone(t *testing.T) {
	plan, err := consumer(t, "alone", nil).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, page := map[string]int{}, false
	for _, change := range plan.Changes {
		page = page || change.Address == `module.chat_with_edge[0].module.edge[0].aws_s3_object.site["index.html"]`
		if !slices.Equal(change.Change.Actions, []string{"create"}) {
			t.Errorf("%s: %v", change.Address, change.Change.Actions)
		}
		instance, _, _ := strings.Cut(change.Module, ".module.") // of modules inside modules, the outermost
		made[strings.TrimPrefix(instance, "module.")]++
	}
	if !page {
		t.Error("the web client did not come with the module")
	}
	for _, instance := range []string{
		`table["one"]`, `table["two"]`, `table_elsewhere[0]`,
		`function["one"]`, `function["two"]`, `function_elsewhere[0]`,
		`auth["one"]`, `auth["two"]`, `auth_elsewhere[0]`,
		`api["one"]`, `api["two"]`, `api_elsewhere[0]`,
		`account_logging["one"]`, `account_logging_elsewhere[0]`,
		`chat["one"]`, `chat["two"]`, `chat_with_edge[0]`,
	} {
		if made[instance] == 0 {
			t.Errorf("the plan makes nothing in module.%s", instance)
		}
		if other := strings.Replace(instance, "one", "two", 1); strings.Contains(instance, "one") && made[other] != made[instance] && made[other] != 0 {
			t.Errorf("module.%s has %d resources, module.%s %d", instance, made[instance], other, made[other])
		}
	}
}
