package message_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

// dynamo is a DynamoDB that agrees to everything, and counts.
type dynamo struct{ calls []string }

func (d *dynamo) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	d.calls = append(d.calls, "PutItem")
	return &dynamodb.PutItemOutput{}, nil
}

func (d *dynamo) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	d.calls = append(d.calls, "UpdateItem")
	return &dynamodb.UpdateItemOutput{}, nil
}

func (d *dynamo) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	d.calls = append(d.calls, "DeleteItem")
	return &dynamodb.DeleteItemOutput{}, nil
}

func (d *dynamo) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	d.calls = append(d.calls, "Query")
	return &dynamodb.QueryOutput{}, nil
}

func TestAMessageMakesThreeCallsToDynamoDB(t *testing.T) {
	c, d := newChat(), &dynamo{}
	clock := func() time.Time { return now }
	c.handler.Ledger = ledger.New(store.NewUsers(d, "connections"), ratelimit.Limits{Messages: 60, Bytes: 60_000}, clock)
	c.handler.Messages = store.NewMessages(d, "messages", time.Hour, clock)
	c.handler.Members = store.NewConnections(d, "connections", clock)
	if ack := decode[protocol.Ack](t, c.send(t, "c", "x")); ack.Type != "ack" {
		t.Fatalf("got %+v", ack)
	}
	if got := fmt.Sprint(d.calls); got != "[UpdateItem PutItem Query]" {
		t.Errorf("got %s", got)
	}
}

func TestAReadMakesTwoCallsToDynamoDB(t *testing.T) {
	for route, want := range map[string]string{"history": "[UpdateItem Query]", "members": "[UpdateItem Query]", "$default": "[UpdateItem]"} {
		c, d := newChat(), &dynamo{}
		clock := func() time.Time { return now }
		c.handler.Counter = ledger.New(store.NewUsers(d, "connections"), ratelimit.Limits{Messages: 60, Bytes: 60_000, Reads: 120, Refusals: 30}, clock)
		c.handler.Messages = store.NewMessages(d, "messages", time.Hour, clock)
		c.handler.Members = store.NewConnections(d, "connections", clock)
		c.invoke(t, event(t, route, `{}`))
		if got := fmt.Sprint(d.calls); got != want {
			t.Errorf("%s: got %s", route, got)
		}
	}
}
