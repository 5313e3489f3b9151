// Package clients_test lets WebSocket clients that the project does not use
// itself talk in the deployed chat: Python's websockets, and Chromium. They are
// the judges of framing, subprotocols and close codes from the outside.
package clients_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/chat"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

const (
	root   = "../.."
	region = "eu-west-1"
)

// What all tests share: one stack with one chat in it.
var (
	deployed struct {
		URL                string `json:"url"`
		UserPoolID         string `json:"user_pool_id"`
		UserPoolClientID   string `json:"user_pool_client_id"`
		ConnectionsTable   string `json:"connections_table"`
		ManagementEndpoint string `json:"management_endpoint"`
	}
	settings   aws.Config
	alice, bob chat.User
	// Web sites: the chat lets pages of the first one in.
	allowed, foreign *httptest.Server
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "portcullis-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(work) }()
	allowed, foreign = httptest.NewServer(pages), httptest.NewServer(pages)
	defer allowed.Close()
	defer foreign.Close()
	stop, err := localstack.Start(ctx, root, work)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	if err := deploy(ctx, work); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// deploy applies the minimal example and makes two users. It is not destroyed:
// it goes with its stack.
func deploy(ctx context.Context, work string) error {
	module, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	host, err := packaging.Host()
	if err != nil {
		return err
	}
	packages := filepath.Join(work, "packages")
	if _, err := packaging.Build(ctx, module, packages, host, packaging.Functions()); err != nil {
		return err
	}
	example, err := tfroot.Copy(module, filepath.Join(work, "terraform"), "examples/minimal", map[string]any{
		"name": "portcullis-clients", "region": region, "package_dir": packages, "architecture": string(host),
		"cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL"), "allowed_origins": []string{allowed.URL},
	})
	if err != nil {
		return err
	}
	if err := example.Init(ctx); err != nil {
		return err
	}
	if _, err := example.Apply(ctx, &deployed); err != nil {
		return err
	}
	if settings, err = config.LoadDefaultConfig(ctx, config.WithRegion(region)); err != nil {
		return err
	}
	for user, name := range map[*chat.User]string{&alice: "alice", &bob: "bob"} {
		if *user, err = chat.NewUser(ctx, settings, deployed.UserPoolID, deployed.UserPoolClientID, name); err != nil {
			return err
		}
	}
	return nil
}

// newRoom returns a room that no other test uses.
func newRoom() string { return "room-" + randomHex(6) }

// randomHex returns n random bytes as hex digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// connectionIn returns the id of the one connection in a room.
func connectionIn(t *testing.T, room string) string {
	t.Helper()
	found, err := dynamodb.NewFromConfig(settings).Query(t.Context(), &dynamodb.QueryInput{
		TableName: &deployed.ConnectionsTable, KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: "room#" + room}},
	})
	if err != nil || len(found.Items) != 1 {
		t.Fatalf("%d connections in the room, %v", len(found.Items), err)
	}
	return found.Items[0]["sk"].(*types.AttributeValueMemberS).Value
}

// post sends text to a connection past the chat.
func post(t *testing.T, id, text string) {
	t.Helper()
	_, err := management().PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
}

// remove closes a connection from the server's side.
func remove(t *testing.T, id string) {
	t.Helper()
	_, err := management().DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id})
	if err != nil {
		t.Fatal(err)
	}
}

func management() *apigatewaymanagementapi.Client {
	return apigatewaymanagementapi.NewFromConfig(settings, func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint = &deployed.ManagementEndpoint
	})
}
