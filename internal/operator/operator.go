// Package operator is what an operator may do to the people in a deployed chat:
// see who is there, end their connections, ban them and let them in again. It
// works on the chat's table and connections with the operator's own AWS rights;
// there is nothing of it in the chat's API.
package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/rows"
)

// DynamoDB is what an operator uses of DynamoDB.
type DynamoDB interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Sockets closes connections. *apigatewaymanagementapi.Client does.
type Sockets interface {
	DeleteConnection(context.Context, *apigatewaymanagementapi.DeleteConnectionInput, ...func(*apigatewaymanagementapi.Options)) (*apigatewaymanagementapi.DeleteConnectionOutput, error)
}

// Operator works on one chat.
type Operator struct {
	DB      DynamoDB
	Sockets Sockets
	Table   string // of connections
	Now     func() time.Time
	// Settle is how long Ban waits before it looks once more for connections: a
	// handshake under way may have read the user's row before the ban was in it.
	Settle time.Duration
}

const (
	// MaxWhy is the length of the longest reason for a ban, in bytes.
	MaxWhy = 256
	// rowMargin is how much longer than the ban its row is kept.
	rowMargin = 24 * time.Hour
)

// ErrNotBanned means that a ban to be lifted does not exist.
var ErrNotBanned = errors.New("the user is not banned")

// Room is a room with somebody in it.
type Room struct {
	Name        string `json:"room"`
	Users       int    `json:"users"`
	Connections int    `json:"connections"`
}

// Connection is an open connection. Of a user's own connections the table says
// only id and room.
type Connection struct {
	ID          string    `json:"connectionId"`
	Room        string    `json:"room"`
	Sub         string    `json:"user"`
	Name        string    `json:"name,omitempty"`
	ConnectedAt time.Time `json:"connectedAt,omitzero"`
	TokenEnds   time.Time `json:"tokenEnds,omitzero"`

	slot string
}

// User is what is known of a user.
type User struct {
	Sub         string       `json:"user"`
	BannedUntil time.Time    `json:"bannedUntil,omitzero"`
	Why         string       `json:"why,omitempty"`
	Connections []Connection `json:"connections"`
}

type item = rows.Item

// Rooms reads the whole table, which costs a read unit for each 8 KB of it.
// Functions never do that; an operator may.
func (o *Operator) Rooms(ctx context.Context) ([]Room, error) {
	rooms := make(map[string]*Room)
	users := make(map[[2]string]bool)
	scan := &dynamodb.ScanInput{
		TableName:                 aws.String(o.Table),
		FilterExpression:          aws.String("begins_with(pk, :room) AND expiry >= :now"),
		ProjectionExpression:      aws.String("pk, #sub"),
		ExpressionAttributeNames:  map[string]string{"#sub": rows.Sub},
		ExpressionAttributeValues: item{":room": rows.Str(rows.RoomPrefix), ":now": rows.Num(o.Now().Unix())},
	}
	pages := dynamodb.NewScanPaginator(o.DB, scan)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the table %s: %w", o.Table, err)
		}
		for _, row := range page.Items {
			name := strings.TrimPrefix(rows.Text(row, rows.PK), rows.RoomPrefix)
			if rooms[name] == nil {
				rooms[name] = &Room{Name: name}
			}
			rooms[name].Connections++
			if user := [2]string{name, rows.Text(row, rows.Sub)}; !users[user] {
				users[user] = true
				rooms[name].Users++
			}
		}
	}
	list := make([]Room, 0, len(rooms))
	for _, room := range rooms {
		list = append(list, *room)
	}
	slices.SortFunc(list, func(a, b Room) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// InRoom returns the connections in a room, the oldest first.
func (o *Operator) InRoom(ctx context.Context, room string) ([]Connection, error) {
	found, err := o.partition(ctx, rows.OfRoom(room))
	if err != nil {
		return nil, err
	}
	list := make([]Connection, 0, len(found))
	for _, row := range found {
		if !o.open(row) {
			continue
		}
		list = append(list, Connection{
			ID: rows.Text(row, rows.SK), Room: room, Sub: rows.Text(row, rows.Sub), Name: rows.Text(row, rows.Name),
			ConnectedAt: at(rows.Number(row, rows.ConnectedAt) / 1000), TokenEnds: at(rows.Number(row, rows.TokenEnds)),
		})
	}
	slices.SortStableFunc(list, func(a, b Connection) int { return a.ConnectedAt.Compare(b.ConnectedAt) })
	return list, nil
}

// User returns a user's connections and ban.
func (o *Operator) User(ctx context.Context, sub string) (User, error) {
	found, err := o.partition(ctx, rows.OfUser(sub))
	if err != nil {
		return User{}, err
	}
	user := User{Sub: sub, Connections: []Connection{}}
	for _, row := range found {
		key := rows.Text(row, rows.SK)
		switch {
		case key == rows.State:
			if until := rows.Number(row, rows.RevokedUntil); until > o.Now().Unix() {
				user.BannedUntil, user.Why = at(until), rows.Text(row, rows.RevokedWhy)
			}
		case strings.HasPrefix(key, rows.SlotPrefix) && o.open(row):
			user.Connections = append(user.Connections, Connection{ID: rows.Text(row, rows.ConnectionID), Room: rows.Text(row, rows.Room), Sub: sub, slot: key})
		}
	}
	return user, nil
}

// Disconnect ends all connections of a user now and returns how many there
// were. One that cannot be closed stays in the table, and the others are closed
// all the same. The user may come back at once.
func (o *Operator) Disconnect(ctx context.Context, sub string) (int, error) {
	user, err := o.User(ctx, sub)
	if err != nil {
		return 0, err
	}
	closed := 0
	var errs []error
	for _, connection := range user.Connections {
		if err := o.close(ctx, connection); err != nil {
			errs = append(errs, err)
			continue
		}
		closed++
	}
	return closed, errors.Join(errs...)
}

// close closes a connection and then deletes its rows: in this order, so that
// what could not be closed can be found and tried again.
func (o *Operator) close(ctx context.Context, c Connection) error {
	_, err := o.Sockets.DeleteConnection(ctx, &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: aws.String(c.ID)})
	if err != nil && !gone(err) {
		return fmt.Errorf("closing the connection %s: %w", c.ID, err)
	}
	if _, err := o.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(o.Table), Key: rows.Key(rows.OfRoom(c.Room), c.ID)}); err != nil {
		return fmt.Errorf("forgetting the connection %s: %w", c.ID, err)
	}
	_, err = o.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:                 aws.String(o.Table),
		Key:                       rows.Key(rows.OfUser(c.Sub), c.slot),
		ConditionExpression:       aws.String("connectionId = :id"),
		ExpressionAttributeValues: item{":id": rows.Str(c.ID)},
	})
	if _, another := errors.AsType[*types.ConditionalCheckFailedException](err); err != nil && !another {
		return fmt.Errorf("forgetting the connection %s: %w", c.ID, err)
	}
	return nil
}

// gone is true for the answer that a connection does not exist.
func gone(err error) bool {
	answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	return ok && answer.HTTPStatusCode() == http.StatusGone
}

// Ban keeps a user out until a time, and ends the connections there are. The
// ban stands even if one of them could not be closed: its next frame is refused.
// It returns how many were closed.
func (o *Operator) Ban(ctx context.Context, sub string, until time.Time, why string) (int, error) {
	if !until.After(o.Now()) {
		return 0, fmt.Errorf("a ban until %s would be over already", until.Format(time.RFC3339))
	}
	if len(why) > MaxWhy {
		return 0, fmt.Errorf("the reason of a ban may have %d bytes, this one has %d", MaxWhy, len(why))
	}
	_, err := o.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:        aws.String(o.Table),
		Key:              rows.Key(rows.OfUser(sub), rows.State),
		UpdateExpression: aws.String("SET revokedUntil = :until, revokedWhy = :why, expiry = :expiry"),
		ExpressionAttributeValues: item{
			":until":  rows.Num(until.Unix()),
			":why":    rows.Str(why),
			":expiry": rows.Num(until.Add(rowMargin).Unix()),
		},
	})
	if err != nil {
		return 0, fmt.Errorf("banning: %w", err)
	}
	closed, err := o.Disconnect(ctx, sub)
	if err != nil {
		return closed, err
	}
	select {
	case <-ctx.Done():
		return closed, ctx.Err()
	case <-time.After(o.Settle):
	}
	late, err := o.Disconnect(ctx, sub)
	return closed + late, err
}

// Unban lifts a ban before its time, or returns ErrNotBanned.
func (o *Operator) Unban(ctx context.Context, sub string) error {
	_, err := o.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 aws.String(o.Table),
		Key:                       rows.Key(rows.OfUser(sub), rows.State),
		UpdateExpression:          aws.String("REMOVE revokedUntil, revokedWhy"),
		ConditionExpression:       aws.String("revokedUntil > :now"),
		ExpressionAttributeValues: item{":now": rows.Num(o.Now().Unix())},
	})
	if _, none := errors.AsType[*types.ConditionalCheckFailedException](err); none {
		return ErrNotBanned
	}
	if err != nil {
		return fmt.Errorf("lifting the ban: %w", err)
	}
	return nil
}

// partition reads all rows of a partition consistently.
func (o *Operator) partition(ctx context.Context, pk string) ([]item, error) {
	pages := dynamodb.NewQueryPaginator(o.DB, &dynamodb.QueryInput{
		TableName:                 aws.String(o.Table),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": rows.Str(pk)},
	})
	var found []item
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the table %s: %w", o.Table, err)
		}
		found = append(found, page.Items...)
	}
	return found, nil
}

func (o *Operator) open(row item) bool { return rows.Number(row, rows.Expiry) >= o.Now().Unix() }

// at is a time in Unix seconds; the zero time for 0.
func at(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
