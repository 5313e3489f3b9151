package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/rows"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// Life is how long a connection's rows live: API Gateway ends a connection
// after two hours, and ten minutes are margin.
const Life = 2*time.Hour + 10*time.Minute

// ErrSlotTaken means that another connection has a slot.
var ErrSlotTaken = errors.New("the slot is taken")

// Connections is the table of open connections and their users.
type Connections struct {
	db    DynamoDB
	table string
	now   func() time.Time
}

// NewConnections returns Connections on a table; now is the clock.
func NewConnections(db DynamoDB, table string, now func() time.Time) *Connections {
	return &Connections{db: db, table: table, now: now}
}

// User is what is stored of a user when a connection begins.
type User struct {
	RevokedUntil int64        // Unix seconds
	RefusalsFrom int64        // the bucket of ledger.Refusals
	Taken        map[int]bool // slots that open connections have
	Holders      map[int]Holder
}

// Holder is the connection that has a slot.
type Holder struct {
	ConnectionID string
	Room         string
	Since        int64 // Unix seconds
}

// User reads a user's slots and state together.
func (c *Connections) User(ctx context.Context, sub string) (User, error) {
	user := User{Taken: make(map[int]bool), Holders: make(map[int]Holder)}
	now := c.now().Unix()
	query := c.query(rows.OfUser(sub))
	query.ProjectionExpression = aws.String("sk, expiry, connectionId, room, revokedUntil, " + string(ledger.Refusals))
	err := each(ctx, c.db, query, func(page *dynamodb.QueryOutput) bool {
		for _, row := range page.Items {
			sk := rows.Text(row, rows.SK)
			if sk == rows.State {
				user.RevokedUntil = rows.Number(row, rows.RevokedUntil)
				user.RefusalsFrom = rows.Number(row, string(ledger.Refusals))
				continue
			}
			n, err := strconv.Atoi(strings.TrimPrefix(sk, rows.SlotPrefix))
			if err == nil && rows.Number(row, rows.Expiry) >= now {
				user.Taken[n] = true
				user.Holders[n] = Holder{
					ConnectionID: rows.Text(row, rows.ConnectionID),
					Room:         rows.Text(row, rows.Room),
					Since:        rows.Number(row, rows.Expiry) - int64(Life/time.Second),
				}
			}
		}
		return true
	})
	return user, err
}

// TakeSlot gives a free slot to a connection. A slot is free when it has no row
// or an expired one; one that the connection has already is a request that was
// repeated because its answer was lost.
func (c *Connections) TakeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error {
	now := c.now()
	row := rows.Key(rows.OfUser(sub), rows.SlotKey(slot))
	row[rows.ConnectionID] = rows.Str(connectionID)
	row[rows.Room] = rows.Str(roomName)
	row[rows.Expiry] = rows.Num(now.Add(Life).Unix())
	_, err := c.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           aws.String(c.table),
		Item:                row,
		ConditionExpression: aws.String("attribute_not_exists(pk) OR expiry < :now OR connectionId = :id"),
		ExpressionAttributeValues: item{
			":now": rows.Num(now.Unix()),
			":id":  rows.Str(connectionID),
		},
	})
	if _, lost := conflict(err); lost {
		return ErrSlotTaken
	}
	if err != nil {
		return fmt.Errorf("taking a slot: %w", err)
	}
	return nil
}

// FreeSlot gives up a slot that the connection took a moment ago. The connect
// function may not delete, so the slot's row is overwritten by an expired one.
func (c *Connections) FreeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error {
	row := rows.Key(rows.OfUser(sub), rows.SlotKey(slot))
	row[rows.ConnectionID] = rows.Str(connectionID)
	row[rows.Room] = rows.Str(roomName)
	row[rows.Expiry] = rows.Num(c.now().Unix() - 1)
	_, err := c.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 aws.String(c.table),
		Item:                      row,
		ConditionExpression:       aws.String("connectionId = :id"),
		ExpressionAttributeValues: item{":id": rows.Str(connectionID)},
	})
	if _, other := conflict(err); other {
		return nil
	}
	if err != nil {
		return fmt.Errorf("freeing a slot: %w", err)
	}
	return nil
}

// Count counts the connections in a room, up to a number from which on the
// caller does not care.
func (c *Connections) Count(ctx context.Context, roomName string, enough int) (int, error) {
	count := 0
	query := c.query(rows.OfRoom(roomName))
	query.Select = types.SelectCount
	query.FilterExpression = aws.String("expiry >= :now")
	query.ExpressionAttributeValues[":now"] = rows.Num(c.now().Unix())
	err := each(ctx, c.db, query, func(page *dynamodb.QueryOutput) bool {
		count += int(page.Count)
		return count < enough
	})
	return count, err
}

// Present says whether a connection is in a room.
func (c *Connections) Present(ctx context.Context, roomName, connectionID string) (bool, error) {
	query := c.query(rows.OfRoom(roomName))
	query.Select = types.SelectCount
	query.KeyConditionExpression = aws.String("pk = :pk AND sk = :id")
	query.ExpressionAttributeValues[":id"] = rows.Str(connectionID)
	present := false
	err := each(ctx, c.db, query, func(page *dynamodb.QueryOutput) bool {
		present = present || page.Count > 0
		return true
	})
	return present, err
}

// Join writes the row that makes a connection a member of a room.
func (c *Connections) Join(ctx context.Context, roomName string, member room.Member) error {
	row := rows.Key(rows.OfRoom(roomName), member.ConnectionID)
	row[rows.Sub] = rows.Str(member.Sub)
	row[rows.Name] = rows.Str(member.Name)
	row[rows.Slot] = rows.Num(member.Slot)
	row[rows.ConnectedAt] = rows.Num(member.ConnectedAt)
	row[rows.TokenEnds] = rows.Num(member.TokenEnds)
	row[rows.Expiry] = rows.Num(c.now().Add(Life).Unix())
	_, err := c.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(c.table), Item: row})
	if err != nil {
		return fmt.Errorf("joining a room: %w", err)
	}
	return nil
}

// Leave deletes a connection's row in its room and returns it; found is false
// when there was none.
func (c *Connections) Leave(ctx context.Context, roomName, connectionID string) (member room.Member, found bool, err error) {
	out, err := c.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:    aws.String(c.table),
		Key:          rows.Key(rows.OfRoom(roomName), connectionID),
		ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil {
		return room.Member{}, false, fmt.Errorf("leaving a room: %w", err)
	}
	if len(out.Attributes) == 0 {
		return room.Member{}, false, nil
	}
	return memberOf(out.Attributes), true, nil
}

// ReleaseSlot deletes a slot's row if it still is the connection's.
func (c *Connections) ReleaseSlot(ctx context.Context, sub string, slot int, connectionID string) error {
	_, err := c.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 aws.String(c.table),
		Key:                       rows.Key(rows.OfUser(sub), rows.SlotKey(slot)),
		ConditionExpression:       aws.String("connectionId = :id"),
		ExpressionAttributeValues: item{":id": rows.Str(connectionID)},
	})
	if _, other := conflict(err); other {
		return nil
	}
	if err != nil {
		return fmt.Errorf("releasing a slot: %w", err)
	}
	return nil
}

// Remove deletes both rows of a connection that is gone.
func (c *Connections) Remove(ctx context.Context, roomName string, member room.Member) error {
	if _, _, err := c.Leave(ctx, roomName, member.ConnectionID); err != nil {
		return err
	}
	return c.ReleaseSlot(ctx, member.Sub, member.Slot, member.ConnectionID)
}

// Members hands out the connections in a room until one is refused.
func (c *Connections) Members(ctx context.Context, roomName string, yield func(room.Member) bool) error {
	now := c.now().Unix()
	return each(ctx, c.db, c.query(rows.OfRoom(roomName)), func(page *dynamodb.QueryOutput) bool {
		for _, row := range page.Items {
			if rows.Number(row, rows.Expiry) >= now && !yield(memberOf(row)) {
				return false
			}
		}
		return true
	})
}

func memberOf(row item) room.Member {
	return room.Member{
		ConnectionID: rows.Text(row, rows.SK),
		Sub:          rows.Text(row, rows.Sub),
		Name:         rows.Text(row, rows.Name),
		Slot:         int(rows.Number(row, rows.Slot)),
		ConnectedAt:  rows.Number(row, rows.ConnectedAt),
		TokenEnds:    rows.Number(row, rows.TokenEnds),
	}
}

// query reads one partition consistently: who has just joined must not miss a
// message, and a limit must count every slot.
func (c *Connections) query(pk string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName:                 aws.String(c.table),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": rows.Str(pk)},
	}
}
