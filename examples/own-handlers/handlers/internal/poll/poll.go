// Package poll is what the example's two functions have in common: the events
// they get, and the rows they keep.
package poll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Event is what API Gateway calls a route's function with, as far as it is used.
type Event struct {
	Headers        map[string][]string `json:"multiValueHeaders"`
	RequestContext struct {
		EventType    string `json:"eventType"`
		RouteKey     string `json:"routeKey"`
		ConnectionID string `json:"connectionId"`
		Caller       Caller `json:"authorizer"`
	} `json:"requestContext"`
	Body string `json:"body"`
}

// Caller is what the authorizer says of who is connected. Nothing that a client
// writes in a frame is believed instead.
type Caller struct {
	Sub    string      `json:"sub"`
	Room   string      `json:"room"`
	Access string      `json:"access"`
	Exp    json.Number `json:"exp"` // Unix seconds; API Gateway may pass it on as a string
}

// Response is what a route's function answers with. The body of a message's
// answer is the frame that the caller receives.
type Response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body,omitempty"`
}

// Expired tells whether the caller's token has ended. API Gateway asks the
// authorizer when a connection opens and never again, so each message has to.
func (c Caller) Expired(now time.Time) bool {
	end, err := c.Exp.Int64()
	return err != nil || end <= now.Unix()
}

// kept is how long a row lives; a connection ends after two hours at most.
const (
	connectionKept = 3 * time.Hour
	voteKept       = 30 * 24 * time.Hour
)

// Polls are the rows of the table: in the partition of each poll one for each
// connection and one for each voter.
type Polls struct {
	DB    *dynamodb.Client
	Table string
	Now   func() time.Time
}

// Join remembers a connection.
func (p Polls) Join(ctx context.Context, poll, connection string) error {
	return p.put(ctx, poll, "connection#"+connection, nil, connectionKept)
}

// Leave forgets a connection.
func (p Polls) Leave(ctx context.Context, poll, connection string) error {
	_, err := p.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &p.Table, Key: key(poll, "connection#"+connection)})
	return err
}

// Vote sets a user's vote. Who votes again has changed their mind.
func (p Polls) Vote(ctx context.Context, poll, sub, choice string) error {
	return p.put(ctx, poll, "vote#"+sub, map[string]types.AttributeValue{"choice": text(choice)}, voteKept)
}

// Tally counts the votes of each choice.
func (p Polls) Tally(ctx context.Context, poll string) (map[string]int, error) {
	votes := map[string]int{}
	err := p.each(ctx, poll, "vote#", func(row map[string]types.AttributeValue) {
		if choice, ok := row["choice"].(*types.AttributeValueMemberS); ok {
			votes[choice.Value]++
		}
	})
	return votes, err
}

// Connections are the ids of all who look at a poll.
func (p Polls) Connections(ctx context.Context, poll string) ([]string, error) {
	var ids []string
	err := p.each(ctx, poll, "connection#", func(row map[string]types.AttributeValue) {
		if sk, ok := row["sk"].(*types.AttributeValueMemberS); ok {
			ids = append(ids, strings.TrimPrefix(sk.Value, "connection#"))
		}
	})
	return ids, err
}

func (p Polls) put(ctx context.Context, poll, sk string, more map[string]types.AttributeValue, kept time.Duration) error {
	row := key(poll, sk)
	row["expiry"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(p.Now().Add(kept).Unix(), 10)}
	for name, value := range more {
		row[name] = value
	}
	_, err := p.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &p.Table, Item: row})
	return err
}

// each visits the rows of a poll that have not expired: DynamoDB deletes such
// rows within days, not at once.
func (p Polls) each(ctx context.Context, poll, prefix string, visit func(map[string]types.AttributeValue)) error {
	pages := dynamodb.NewQueryPaginator(p.DB, &dynamodb.QueryInput{
		TableName:              &p.Table,
		KeyConditionExpression: aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		FilterExpression:       aws.String("expiry > :now"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":pk": text(poll), ":prefix": text(prefix),
			":now": &types.AttributeValueMemberN{Value: strconv.FormatInt(p.Now().Unix(), 10)},
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, row := range page.Items {
			visit(row)
		}
	}
	return nil
}

func key(poll, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(poll), "sk": text(sk)}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

// errNoCaller means that an event did not come through the authorizer, which is
// a wrongly deployed API and never a client's fault.
var errNoCaller = errors.New("the event has no connection or no caller")

// Check refuses an event that did not come through the authorizer.
func (e Event) Check() error {
	if c := e.RequestContext; c.ConnectionID == "" || c.Caller.Sub == "" || c.Caller.Room == "" {
		return fmt.Errorf("route %s: %w", c.RouteKey, errNoCaller)
	}
	return nil
}
