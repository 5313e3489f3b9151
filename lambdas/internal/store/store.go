// Package store keeps connections, users and messages in DynamoDB: two tables
// of the key pk and sk, both with the TTL attribute expiry. TTL deletes late, so
// a row past its expiry is treated as not there.
//
// Client input is only ever a value of an expression, never part of one
// (CWE-943). There is no Scan, no index and no transaction.
package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/rows"
)

// DynamoDB is what the functions use of DynamoDB.
type DynamoDB interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// The attributes of message rows, and those of state rows that nobody but the
// functions needs to know. The others are package rows'.
const (
	attrMessagesFrom = "messagesFrom" // state rows: ratelimit.Budget
	attrBytesFrom    = "bytesFrom"    // state rows: ratelimit.Budget
	attrSent         = "sent"         // state rows: ledger.Row's Untidied
	attrHTML         = "html"         // message rows
	attrClientID     = "clientId"     // message rows
	attrPolicy       = "policy"       // message rows: the rules html was made by

	// sentPrefix begins the attributes of a state row that remember sent
	// messages: sent.<ledger.Key> is the message id in binary.
	sentPrefix = "sent."
)

type item = rows.Item

// conflict returns the row that a conditional write met, if that is why it
// failed.
func conflict(err error) (item, bool) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false
	}
	return failed.Item, true
}

// each runs a query page by page until a page is refused or there are no more.
func each(ctx context.Context, db DynamoDB, query *dynamodb.QueryInput, page func(*dynamodb.QueryOutput) bool) error {
	for {
		out, err := db.Query(ctx, query)
		if err != nil {
			return fmt.Errorf("querying %s: %w", *query.TableName, err)
		}
		if !page(out) || len(out.LastEvaluatedKey) == 0 {
			return nil
		}
		query.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
