package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/rows"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// maxHistoryPages bounds the queries for one page of history, since expired
// rows that TTL has not deleted yet are read and skipped.
const maxHistoryPages = 4

// ErrStored means that a message of this id is stored already.
var ErrStored = errors.New("the message is stored already")

// Messages is the table of messages.
type Messages struct {
	db    DynamoDB
	table string
	life  time.Duration
	now   func() time.Time
}

// NewMessages returns Messages on a table, each kept for life; now is the
// clock.
func NewMessages(db DynamoDB, table string, life time.Duration, now func() time.Time) *Messages {
	return &Messages{db: db, table: table, life: life, now: now}
}

// Put stores a message that is not stored yet.
func (m *Messages) Put(ctx context.Context, message room.Message) error {
	row := rows.Key(message.Room, message.ID.String())
	row[rows.Sub] = rows.Str(message.Sub)
	row[rows.Name] = rows.Str(message.Name)
	row[attrClientID] = rows.Str(message.ClientID)
	row[attrHTML] = rows.Str(message.HTML)
	row[attrPolicy] = rows.Str(message.Policy)
	row[rows.Expiry] = rows.Num(m.now().Add(m.life).Unix())
	_, err := m.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           aws.String(m.table),
		Item:                row,
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	if _, there := conflict(err); there {
		return ErrStored
	}
	if err != nil {
		return fmt.Errorf("storing a message: %w", err)
	}
	return nil
}

// Get reads one message.
func (m *Messages) Get(ctx context.Context, roomName string, id ulid.ULID) (message room.Message, found bool, err error) {
	query := m.query(roomName)
	query.KeyConditionExpression = aws.String("pk = :pk AND sk = :id")
	query.ExpressionAttributeValues[":id"] = rows.Str(id.String())
	err = each(ctx, m.db, query, func(page *dynamodb.QueryOutput) bool {
		for _, row := range page.Items {
			message, found = messageOf(row)
		}
		return !found
	})
	return message, found, err
}

// Before returns up to most messages of a room that precede an id (all for the
// zero id), newest first. more says whether there are older ones; then it is
// the id to ask with next, even if no message came back.
func (m *Messages) Before(ctx context.Context, roomName string, before ulid.ULID, most int) (messages []room.Message, more ulid.ULID, err error) {
	query := m.query(roomName)
	query.ScanIndexForward = aws.Bool(false)
	query.Limit = aws.Int32(int32(most + 1)) // one more tells whether there are older ones
	if before != (ulid.ULID{}) {
		query.KeyConditionExpression = aws.String("pk = :pk AND sk < :before")
		query.ExpressionAttributeValues[":before"] = rows.Str(before.String())
	}
	now := m.now().Unix()
	pages := 0
	err = each(ctx, m.db, query, func(page *dynamodb.QueryOutput) bool {
		for _, row := range page.Items {
			message, ok := messageOf(row)
			if !ok || rows.Number(row, rows.Expiry) < now {
				continue
			}
			if len(messages) == most {
				more = messages[most-1].ID
				return false
			}
			messages = append(messages, message)
		}
		if pages++; pages < maxHistoryPages {
			return true
		}
		if id, err := ulid.ParseStrict(rows.Text(page.LastEvaluatedKey, rows.SK)); err == nil {
			more = id
		}
		return false
	})
	return messages, more, err
}

func messageOf(row item) (room.Message, bool) {
	id, err := ulid.ParseStrict(rows.Text(row, rows.SK))
	if err != nil {
		return room.Message{}, false
	}
	return room.Message{
		ID:       id,
		Room:     rows.Text(row, rows.PK),
		Sub:      rows.Text(row, rows.Sub),
		Name:     rows.Text(row, rows.Name),
		ClientID: rows.Text(row, attrClientID),
		HTML:     rows.Text(row, attrHTML),
		Policy:   rows.Text(row, attrPolicy),
	}, true
}

// query reads a room consistently: history repairs what a socket missed a
// moment ago.
func (m *Messages) query(roomName string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName:                 aws.String(m.table),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": rows.Str(roomName)},
	}
}
