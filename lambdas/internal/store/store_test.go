package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

type item = map[string]types.AttributeValue

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
func b(v []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: v} }

var (
	ctx     = context.Background()
	now     = time.Unix(1_700_000_000, 0)
	errBoom = errors.New("boom")
)

const (
	nowText  = "1700000000"
	lifeText = "1700007800" // now and 2 h 10 min
)

func clock() time.Time { return now }

// db records what it is asked and answers from a list; after the list it
// answers with nothing.
type db struct {
	requests []any
	answers  []any // an output or an error
}

func answer[T any](d *db, request any) (*T, error) {
	d.requests = append(d.requests, request)
	if len(d.answers) == 0 {
		return new(T), nil
	}
	next := d.answers[0]
	d.answers = d.answers[1:]
	if err, failed := next.(error); failed {
		return nil, err
	}
	return next.(*T), nil
}

func (d *db) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return answer[dynamodb.PutItemOutput](d, in)
}

func (d *db) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return answer[dynamodb.UpdateItemOutput](d, in)
}

func (d *db) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return answer[dynamodb.DeleteItemOutput](d, in)
}

func (d *db) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	copied := *in
	copied.ExpressionAttributeValues = maps.Clone(in.ExpressionAttributeValues)
	return answer[dynamodb.QueryOutput](d, &copied)
}

// asked fails the test unless exactly these requests were made.
func (d *db) asked(t *testing.T, want ...any) {
	t.Helper()
	if len(d.requests) != len(want) {
		t.Fatalf("%d requests, want %d", len(d.requests), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(d.requests[i], want[i]) {
			got, _ := json.MarshalIndent(d.requests[i], "", " ")
			wanted, _ := json.MarshalIndent(want[i], "", " ")
			t.Errorf("request %d:\n%s\nwant:\n%s", i, got, wanted)
		}
	}
}

func conflict(row item) error { return &types.ConditionalCheckFailedException{Item: row} }

func connections(answers ...any) (*store.Connections, *db) {
	d := &db{answers: answers}
	return store.NewConnections(d, "chat-connections", clock), d
}

func TestAUserIsReadWithOneConsistentQuery(t *testing.T) {
	c, d := connections(
		&dynamodb.QueryOutput{
			Items: []item{
				{"sk": s("slot#0"), "expiry": n(nowText)},
				{"sk": s("slot#1"), "expiry": n("1699999999")}, // expired, and TTL is late
			},
			LastEvaluatedKey: item{"pk": s("user#u"), "sk": s("slot#1")},
		},
		&dynamodb.QueryOutput{Items: []item{
			{"sk": s("slot#12"), "expiry": n(lifeText), "connectionId": s("c12"), "room": s("r")},
			{"sk": s("slot#x"), "expiry": n(lifeText)},
			{"sk": s("state"), "expiry": n("0"), "revokedUntil": n("1800000000"), "refusalsFrom": n("17")},
		}},
	)
	user, err := c.User(ctx, "u")
	if want := (store.User{RevokedUntil: 1800000000, RefusalsFrom: 17, Taken: map[int]bool{0: true, 12: true}, Holders: map[int]store.Holder{
		0: {Since: 1699992200}, 12: {ConnectionID: "c12", Room: "r", Since: 1700000000},
	}}); err != nil || !reflect.DeepEqual(user, want) {
		t.Errorf("got %+v, %v", user, err)
	}
	query := dynamodb.QueryInput{
		TableName: aws.String("chat-connections"), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ProjectionExpression:      aws.String("sk, expiry, connectionId, room, revokedUntil, refusalsFrom"),
		ExpressionAttributeValues: item{":pk": s("user#u")},
	}
	second := query
	second.ExclusiveStartKey = item{"pk": s("user#u"), "sk": s("slot#1")}
	d.asked(t, &query, &second)
}

func TestASlotIsTakenWhenItIsFree(t *testing.T) {
	for name, c := range map[string]struct {
		answer any
		want   error
	}{
		"a free slot":  {&dynamodb.PutItemOutput{}, nil},
		"a taken slot": {conflict(nil), store.ErrSlotTaken},
		"an error":     {errBoom, errBoom},
	} {
		table, d := connections(c.answer)
		if err := table.TakeSlot(ctx, "u", 3, "c1", "r"); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		d.asked(t, &dynamodb.PutItemInput{
			TableName:                 aws.String("chat-connections"),
			Item:                      item{"pk": s("user#u"), "sk": s("slot#3"), "connectionId": s("c1"), "room": s("r"), "expiry": n(lifeText)},
			ConditionExpression:       aws.String("attribute_not_exists(pk) OR expiry < :now OR connectionId = :id"),
			ExpressionAttributeValues: item{":now": n(nowText), ":id": s("c1")},
		})
	}
}

func TestASlotIsFreedByAnExpiredRow(t *testing.T) {
	for name, c := range map[string]struct {
		answer any
		want   error
	}{
		"an own slot":      {&dynamodb.PutItemOutput{}, nil},
		"another's by now": {conflict(nil), nil},
		"an error":         {errBoom, errBoom},
	} {
		table, d := connections(c.answer)
		if err := table.FreeSlot(ctx, "u", 3, "c1", "r"); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		d.asked(t, &dynamodb.PutItemInput{
			TableName:                 aws.String("chat-connections"),
			Item:                      item{"pk": s("user#u"), "sk": s("slot#3"), "connectionId": s("c1"), "room": s("r"), "expiry": n("1699999999")},
			ConditionExpression:       aws.String("connectionId = :id"),
			ExpressionAttributeValues: item{":id": s("c1")},
		})
	}
}

func TestARoomIsCountedPageByPageUntilItIsEnough(t *testing.T) {
	page := func(count int32, more bool) *dynamodb.QueryOutput {
		out := &dynamodb.QueryOutput{Count: count}
		if more {
			out.LastEvaluatedKey = item{"pk": s("room#r"), "sk": s("x")}
		}
		return out
	}
	c, d := connections(page(3, true), page(4, true), page(5, false))
	if got, err := c.Count(ctx, "r", 100); got != 12 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	want := dynamodb.QueryInput{
		TableName: aws.String("chat-connections"), ConsistentRead: aws.Bool(true), Select: types.SelectCount,
		KeyConditionExpression: aws.String("pk = :pk"), FilterExpression: aws.String("expiry >= :now"),
		ExpressionAttributeValues: item{":pk": s("room#r"), ":now": n(nowText)},
	}
	if !reflect.DeepEqual(d.requests[0], &want) || len(d.requests) != 3 {
		t.Errorf("%d requests, the first %+v", len(d.requests), d.requests[0])
	}
	c, d = connections(page(3, true), page(4, true), page(5, false))
	if got, err := c.Count(ctx, "r", 7); got != 7 || err != nil || len(d.requests) != 2 {
		t.Errorf("got %d, %v after %d requests", got, err, len(d.requests))
	}
	c, _ = connections(errBoom)
	if _, err := c.Count(ctx, "r", 7); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

func TestJoiningWritesTheMembersRow(t *testing.T) {
	c, d := connections()
	if err := c.Join(ctx, "r", room.Member{ConnectionID: "c1", Sub: "u", Name: "N", Slot: 2, ConnectedAt: 5, TokenEnds: 6}); err != nil {
		t.Error(err)
	}
	d.asked(t, &dynamodb.PutItemInput{
		TableName: aws.String("chat-connections"),
		Item:      item{"pk": s("room#r"), "sk": s("c1"), "sub": s("u"), "name": s("N"), "slot": n("2"), "connectedAt": n("5"), "tokenEnds": n("6"), "expiry": n(lifeText)},
	})
	c, _ = connections(errBoom)
	if err := c.Join(ctx, "r", room.Member{}); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

var memberRow = item{"pk": s("room#r"), "sk": s("c1"), "sub": s("u"), "name": s("N"), "slot": n("2"), "connectedAt": n("5"), "tokenEnds": n("6"), "expiry": n(lifeText)}

func TestLeavingReturnsTheMember(t *testing.T) {
	c, d := connections(&dynamodb.DeleteItemOutput{Attributes: memberRow})
	member, found, err := c.Leave(ctx, "r", "c1")
	if want := (room.Member{ConnectionID: "c1", Sub: "u", Name: "N", Slot: 2, ConnectedAt: 5, TokenEnds: 6}); member != want || !found || err != nil {
		t.Errorf("got %+v, %v, %v", member, found, err)
	}
	d.asked(t, &dynamodb.DeleteItemInput{
		TableName: aws.String("chat-connections"), Key: item{"pk": s("room#r"), "sk": s("c1")}, ReturnValues: types.ReturnValueAllOld,
	})
	c, _ = connections()
	if _, found, err := c.Leave(ctx, "r", "c1"); found || err != nil {
		t.Errorf("no row: got %v, %v", found, err)
	}
	c, _ = connections(errBoom)
	if _, _, err := c.Leave(ctx, "r", "c1"); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

func TestASlotIsReleasedByItsOwnConnectionOnly(t *testing.T) {
	for name, c := range map[string]struct {
		answer any
		want   error
	}{
		"its own":       {&dynamodb.DeleteItemOutput{}, nil},
		"another's":     {conflict(nil), nil},
		"with an error": {errBoom, errBoom},
	} {
		table, d := connections(c.answer)
		if err := table.ReleaseSlot(ctx, "u", 2, "c1"); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		d.asked(t, &dynamodb.DeleteItemInput{
			TableName: aws.String("chat-connections"), Key: item{"pk": s("user#u"), "sk": s("slot#2")},
			ConditionExpression: aws.String("connectionId = :id"), ExpressionAttributeValues: item{":id": s("c1")},
		})
	}
}

func TestRemovingDeletesBothRows(t *testing.T) {
	c, d := connections()
	if err := c.Remove(ctx, "r", room.Member{ConnectionID: "c1", Sub: "u", Slot: 2}); err != nil || len(d.requests) != 2 {
		t.Errorf("%v after %d requests", err, len(d.requests))
	}
	c, d = connections(errBoom)
	if err := c.Remove(ctx, "r", room.Member{ConnectionID: "c1", Sub: "u", Slot: 2}); !errors.Is(err, errBoom) || len(d.requests) != 1 {
		t.Errorf("%v after %d requests", err, len(d.requests))
	}
}

// aws-samples/simple-websockets-chat-app read the first page of a Scan only,
// carnage-sh/lambda-go-websocket the first page for ever, and
// aws-samples/websocket-chat-application sent each room's messages to all rooms.
func TestMembersAreReadPageByPageAndExpiredOnesLeftOut(t *testing.T) {
	expired := maps.Clone(memberRow)
	expired["sk"], expired["expiry"] = s("c0"), n("1699999999")
	last := maps.Clone(memberRow)
	last["sk"] = s("c2")
	answers := func() []any {
		return []any{
			&dynamodb.QueryOutput{Items: []item{expired, memberRow}, LastEvaluatedKey: item{"pk": s("room#r"), "sk": s("c1")}},
			&dynamodb.QueryOutput{Items: []item{last}},
		}
	}
	c, d := connections(answers()...)
	var got []string
	err := c.Members(ctx, "r", func(m room.Member) bool { got = append(got, m.ConnectionID); return true })
	if err != nil || !slices.Equal(got, []string{"c1", "c2"}) {
		t.Errorf("got %q, %v", got, err)
	}
	first := dynamodb.QueryInput{
		TableName: aws.String("chat-connections"), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: item{":pk": s("room#r")},
	}
	second := first
	second.ExclusiveStartKey = item{"pk": s("room#r"), "sk": s("c1")}
	d.asked(t, &first, &second)

	c, d = connections(answers()...)
	if err := c.Members(ctx, "r", func(room.Member) bool { return false }); err != nil || len(d.requests) != 1 {
		t.Errorf("%v after %d requests", err, len(d.requests))
	}
}

var (
	id1 = ulid.MustParseStrict("01HEXAMPE0000000000000000A")
	id2 = ulid.MustParseStrict("01HEXAMPE0000000000000000B")
	id3 = ulid.MustParseStrict("01HEXAMPE0000000000000000C")
)

func TestAnUnseenUserIsChargedInOneWrite(t *testing.T) {
	k := ledger.KeyOf("r", "c1")
	attr := "sent." + k.String()
	d := &db{answers: []any{&dynamodb.UpdateItemOutput{Attributes: item{
		"pk": s("user#u"), "sk": s("state"), "messagesFrom": n("11"), "bytesFrom": n("12"), "sent": n("1"), attr: b(id1[:]),
		"sent.short": b(id1[:]), "sent.AAAAAAAAAAA": s("x"), // not ours
	}}}}
	row, err := store.NewUsers(d, "chat-connections").Write(ctx, ledger.Change{
		Sub: "u", Now: now, Budget: ratelimit.Budget{MessagesFrom: 11, BytesFrom: 12}, Key: k, ID: id1, Expiry: 99,
	})
	want := ledger.Row{Budget: ratelimit.Budget{MessagesFrom: 11, BytesFrom: 12}, Counted: map[ledger.Kind]int64{}, Sent: map[ledger.Key]ulid.ULID{k: id1}, Untidied: 1}
	if err != nil || !reflect.DeepEqual(row, want) {
		t.Errorf("got %+v, %v", row, err)
	}
	d.asked(t, &dynamodb.UpdateItemInput{
		TableName: aws.String("chat-connections"), Key: item{"pk": s("user#u"), "sk": s("state")},
		ConditionExpression: aws.String("(attribute_not_exists(revokedUntil) OR revokedUntil <= :now) AND " +
			"(attribute_not_exists(messagesFrom) OR messagesFrom <= :messagesFull) AND " +
			"(attribute_not_exists(bytesFrom) OR bytesFrom <= :bytesFull) AND " +
			"attribute_not_exists(#key) AND (attribute_not_exists(sent) OR sent < :most)"),
		UpdateExpression:         aws.String("SET expiry = :expiry, messagesFrom = :messages, bytesFrom = :bytes, #key = :id ADD sent :one"),
		ExpressionAttributeNames: map[string]string{"#key": attr},
		ExpressionAttributeValues: item{
			":now": n(nowText), ":messages": n("11"), ":bytes": n("12"), ":expiry": n("99"), ":id": b(id1[:]),
			":messagesFull": n("1699999940000"), ":bytesFull": n("1699999940000"), ":most": n("10"), ":one": n("1"),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
}

func TestABucketInUseIsChargedByAddition(t *testing.T) {
	k := ledger.KeyOf("r", "c1")
	d := &db{answers: []any{&dynamodb.UpdateItemOutput{}}}
	if _, err := store.NewUsers(d, "chat-connections").Write(ctx, ledger.Change{
		Sub: "u", Now: now, Budget: ratelimit.Budget{MessagesFrom: 11, BytesFrom: 12}, Key: k, ID: id1, Expiry: 99,
		Messages: ledger.Charge{InUse: true, Cost: 1000}, Bytes: ledger.Charge{Cost: 20},
	}); err != nil {
		t.Fatal(err)
	}
	d.asked(t, &dynamodb.UpdateItemInput{
		TableName: aws.String("chat-connections"), Key: item{"pk": s("user#u"), "sk": s("state")},
		ConditionExpression: aws.String("(attribute_not_exists(revokedUntil) OR revokedUntil <= :now) AND " +
			"messagesFrom > :messagesFull AND messagesFrom <= :messagesMost AND " +
			"(attribute_not_exists(bytesFrom) OR bytesFrom <= :bytesFull) AND " +
			"attribute_not_exists(#key) AND (attribute_not_exists(sent) OR sent < :most)"),
		UpdateExpression:         aws.String("SET expiry = :expiry, messagesFrom = messagesFrom + :messagesCost, bytesFrom = :bytes, #key = :id ADD sent :one"),
		ExpressionAttributeNames: map[string]string{"#key": "sent." + k.String()},
		ExpressionAttributeValues: item{
			":now": n(nowText), ":expiry": n("99"), ":id": b(id1[:]), ":most": n("10"), ":one": n("1"), ":bytes": n("12"),
			":messagesFull": n("1699999940000"), ":messagesMost": n("1699999999000"), ":messagesCost": n("1000"), ":bytesFull": n("1699999940000"),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
}

func TestAConnectionIsPresentWhileItsRowIs(t *testing.T) {
	c, d := connections(&dynamodb.QueryOutput{Count: 1}, &dynamodb.QueryOutput{}, errBoom)
	for _, want := range []bool{true, false} {
		if present, err := c.Present(ctx, "r", "c1"); present != want || err != nil {
			t.Errorf("got %v, %v", present, err)
		}
	}
	if _, err := c.Present(ctx, "r", "c1"); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
	asked := &dynamodb.QueryInput{
		TableName: aws.String("chat-connections"), ConsistentRead: aws.Bool(true), Select: types.SelectCount,
		KeyConditionExpression: aws.String("pk = :pk AND sk = :id"), ExpressionAttributeValues: item{":pk": s("room#r"), ":id": s("c1")},
	}
	d.asked(t, asked, asked, asked)
}

func TestAKindIsCountedInOneWrite(t *testing.T) {
	d := &db{answers: []any{
		&dynamodb.UpdateItemOutput{Attributes: item{"readsFrom": n("11"), "refusalsFrom": n("12")}},
		conflict(item{"refusalsFrom": n("12"), "revokedUntil": n("9")}),
		errBoom,
	}}
	users := store.NewUsers(d, "chat-connections")
	count := ledger.Count{Sub: "u", Now: now, Kind: ledger.Reads, Becomes: 11, Expiry: 99, Charge: ledger.Charge{Cost: 500}}
	row, err := users.Count(ctx, count)
	if err != nil || !reflect.DeepEqual(row.Counted, map[ledger.Kind]int64{ledger.Reads: 11, ledger.Refusals: 12}) {
		t.Errorf("got %+v, %v", row, err)
	}
	count.Kind, count.Charge.InUse = ledger.Refusals, true
	row, err = users.Count(ctx, count)
	if !errors.Is(err, ledger.ErrConflict) || row.Counted[ledger.Refusals] != 12 || row.RevokedUntil != 9 {
		t.Errorf("got %+v, %v", row, err)
	}
	if _, err := users.Count(ctx, count); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
	full := dynamodb.UpdateItemInput{
		TableName: aws.String("chat-connections"), Key: item{"pk": s("user#u"), "sk": s("state")},
		ConditionExpression: aws.String("(attribute_not_exists(revokedUntil) OR revokedUntil <= :now) AND " +
			"(attribute_not_exists(readsFrom) OR readsFrom <= :countFull)"),
		UpdateExpression:                    aws.String("SET expiry = :expiry, readsFrom = :count"),
		ExpressionAttributeValues:           item{":now": n(nowText), ":expiry": n("99"), ":countFull": n("1699999940000"), ":count": n("11")},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	inUse := full
	inUse.ConditionExpression = aws.String("(attribute_not_exists(revokedUntil) OR revokedUntil <= :now) AND " +
		"refusalsFrom > :countFull AND refusalsFrom <= :countMost")
	inUse.UpdateExpression = aws.String("SET expiry = :expiry, refusalsFrom = refusalsFrom + :countCost")
	inUse.ExpressionAttributeValues = item{":now": n(nowText), ":expiry": n("99"), ":countFull": n("1699999940000"), ":countMost": n("1699999999500"), ":countCost": n("500")}
	d.asked(t, &full, &inUse, &inUse)
}

func TestARepetitionIsChargedIfTheRowRemembersIt(t *testing.T) {
	k := ledger.KeyOf("r", "c1")
	d := &db{answers: []any{conflict(item{"messagesFrom": n("7"), "bytesFrom": n("8"), "revokedUntil": n("9")})}}
	row, err := store.NewUsers(d, "chat-connections").Write(ctx, ledger.Change{
		Sub: "u", Now: now, Budget: ratelimit.Budget{MessagesFrom: 11, BytesFrom: 12}, Again: true, Key: k, ID: id1, Expiry: 99,
	})
	want := ledger.Row{Budget: ratelimit.Budget{MessagesFrom: 7, BytesFrom: 8}, Counted: map[ledger.Kind]int64{}, RevokedUntil: 9, Sent: map[ledger.Key]ulid.ULID{}}
	if !errors.Is(err, ledger.ErrConflict) || !reflect.DeepEqual(row, want) {
		t.Errorf("got %+v, %v", row, err)
	}
	d.asked(t, &dynamodb.UpdateItemInput{
		TableName: aws.String("chat-connections"), Key: item{"pk": s("user#u"), "sk": s("state")},
		ConditionExpression: aws.String("(attribute_not_exists(revokedUntil) OR revokedUntil <= :now) AND " +
			"(attribute_not_exists(messagesFrom) OR messagesFrom <= :messagesFull) AND " +
			"(attribute_not_exists(bytesFrom) OR bytesFrom <= :bytesFull) AND #key = :id"),
		UpdateExpression:         aws.String("SET expiry = :expiry, messagesFrom = :messages, bytesFrom = :bytes"),
		ExpressionAttributeNames: map[string]string{"#key": "sent." + k.String()},
		ExpressionAttributeValues: item{
			":now": n(nowText), ":messages": n("11"), ":bytes": n("12"), ":expiry": n("99"), ":id": b(id1[:]),
			":messagesFull": n("1699999940000"), ":bytesFull": n("1699999940000"),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
}

func TestARowIsTidiedByTheWay(t *testing.T) {
	k, old1, old2 := ledger.KeyOf("r", "c1"), ledger.KeyOf("r", "o1"), ledger.KeyOf("r", "o2")
	d := &db{answers: []any{&dynamodb.UpdateItemOutput{}, errBoom}}
	users := store.NewUsers(d, "chat-connections")
	change := ledger.Change{
		Sub: "u", Now: now, Budget: ratelimit.Budget{MessagesFrom: 11, BytesFrom: 12},
		Key: k, ID: id1, Tidy: true, Forget: []ledger.Key{old1, old2}, Expiry: 99,
	}
	if _, err := users.Write(ctx, change); err != nil {
		t.Fatal(err)
	}
	d.asked(t, &dynamodb.UpdateItemInput{
		TableName: aws.String("chat-connections"), Key: item{"pk": s("user#u"), "sk": s("state")},
		ConditionExpression: aws.String("(attribute_not_exists(revokedUntil) OR revokedUntil <= :now) AND " +
			"(attribute_not_exists(messagesFrom) OR messagesFrom <= :messagesFull) AND " +
			"(attribute_not_exists(bytesFrom) OR bytesFrom <= :bytesFull) AND attribute_not_exists(#key)"),
		UpdateExpression:         aws.String("SET expiry = :expiry, messagesFrom = :messages, bytesFrom = :bytes, #key = :id, sent = :one REMOVE #f0, #f1"),
		ExpressionAttributeNames: map[string]string{"#key": "sent." + k.String(), "#f0": "sent." + old1.String(), "#f1": "sent." + old2.String()},
		ExpressionAttributeValues: item{
			":now": n(nowText), ":messages": n("11"), ":bytes": n("12"), ":expiry": n("99"), ":id": b(id1[:]), ":one": n("1"),
			":messagesFull": n("1699999940000"), ":bytesFull": n("1699999940000"),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	change.Forget = nil
	if _, err := users.Write(ctx, change); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
	if update := *d.requests[1].(*dynamodb.UpdateItemInput).UpdateExpression; strings.Contains(update, "REMOVE") {
		t.Errorf("with nothing to forget: %s", update)
	}
}

// The largest change must fit DynamoDB's limit of 4 KB for an expression.
func TestTheLongestExpressionFits(t *testing.T) {
	d := &db{}
	change := ledger.Change{Sub: "u", Now: now, Tidy: true, Messages: ledger.Charge{InUse: true}, Bytes: ledger.Charge{InUse: true}}
	for i := range ledger.MaxForgotten {
		change.Forget = append(change.Forget, ledger.KeyOf("r", fmt.Sprint(i)))
	}
	_, _ = store.NewUsers(d, "chat-connections").Write(ctx, change)
	request := d.requests[0].(*dynamodb.UpdateItemInput)
	if update := len(*request.UpdateExpression); update > 4096 || len(request.ExpressionAttributeNames) != ledger.MaxForgotten+1 {
		t.Errorf("%d bytes, %d names", update, len(request.ExpressionAttributeNames))
	}
}

func messages(answers ...any) (*store.Messages, *db) {
	d := &db{answers: answers}
	return store.NewMessages(d, "chat-messages", time.Hour, clock), d
}

func TestAMessageIsStoredOnce(t *testing.T) {
	for name, c := range map[string]struct {
		answer any
		want   error
	}{
		"a new one":    {&dynamodb.PutItemOutput{}, nil},
		"a stored one": {conflict(nil), store.ErrStored},
		"an error":     {errBoom, errBoom},
	} {
		m, d := messages(c.answer)
		if err := m.Put(ctx, room.Message{ID: id1, Room: "r", Sub: "u", Name: "N", ClientID: "c", HTML: "h", Policy: "text/1"}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		d.asked(t, &dynamodb.PutItemInput{
			TableName: aws.String("chat-messages"),
			Item: item{
				"pk": s("r"), "sk": s(id1.String()), "sub": s("u"), "name": s("N"), "clientId": s("c"), "html": s("h"), "policy": s("text/1"),
				"expiry": n("1700003600"),
			},
			ConditionExpression: aws.String("attribute_not_exists(pk)"),
		})
	}
}

func row(id ulid.ULID, expiry string) item {
	return item{"pk": s("r"), "sk": s(id.String()), "sub": s("u"), "name": s("N"), "clientId": s("c"), "html": s("h"), "policy": s("text/1"), "expiry": n(expiry)}
}

func message(id ulid.ULID) room.Message {
	return room.Message{ID: id, Room: "r", Sub: "u", Name: "N", ClientID: "c", HTML: "h", Policy: "text/1"}
}

func TestOneMessageIsReadByItsKey(t *testing.T) {
	m, d := messages(&dynamodb.QueryOutput{Items: []item{row(id1, lifeText)}})
	if got, found, err := m.Get(ctx, "r", id1); got != message(id1) || !found || err != nil {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
	d.asked(t, &dynamodb.QueryInput{
		TableName: aws.String("chat-messages"), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk AND sk = :id"), ExpressionAttributeValues: item{":pk": s("r"), ":id": s(id1.String())},
	})
	m, _ = messages()
	if _, found, err := m.Get(ctx, "r", id1); found || err != nil {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestHistoryIsReadBackwards(t *testing.T) {
	more := item{"pk": s("r"), "sk": s(id1.String())}
	for name, c := range map[string]struct {
		before  ulid.ULID
		most    int
		answers []any
		want    []room.Message
		next    ulid.ULID
		queries int
	}{
		"an empty room":                 {most: 2, answers: []any{&dynamodb.QueryOutput{}}, queries: 1},
		"fewer than asked":              {most: 2, answers: []any{&dynamodb.QueryOutput{Items: []item{row(id3, nowText)}}}, want: []room.Message{message(id3)}, queries: 1},
		"just as many as asked":         {most: 1, answers: []any{&dynamodb.QueryOutput{Items: []item{row(id3, nowText)}}}, want: []room.Message{message(id3)}, queries: 1},
		"more than asked":               {most: 1, answers: []any{&dynamodb.QueryOutput{Items: []item{row(id3, nowText), row(id2, nowText)}, LastEvaluatedKey: more}}, want: []room.Message{message(id3)}, next: id3, queries: 1},
		"before an id":                  {before: id3, most: 1, answers: []any{&dynamodb.QueryOutput{Items: []item{row(id2, nowText)}}}, want: []room.Message{message(id2)}, queries: 1},
		"expired messages are left out": {most: 2, answers: []any{&dynamodb.QueryOutput{Items: []item{row(id3, "1699999999"), row(id2, nowText)}}}, want: []room.Message{message(id2)}, queries: 1},
		"a row that is no message":      {most: 2, answers: []any{&dynamodb.QueryOutput{Items: []item{{"pk": s("r"), "sk": s("x"), "expiry": n(nowText)}}}}, queries: 1},
		"pages of expired messages":     {most: 1, answers: []any{&dynamodb.QueryOutput{Items: []item{row(id3, "1")}, LastEvaluatedKey: more}, &dynamodb.QueryOutput{Items: []item{row(id1, nowText)}}}, want: []room.Message{message(id1)}, queries: 2},
		"endless pages of expired messages": {most: 1, answers: []any{
			&dynamodb.QueryOutput{LastEvaluatedKey: more}, &dynamodb.QueryOutput{LastEvaluatedKey: more}, &dynamodb.QueryOutput{LastEvaluatedKey: more}, &dynamodb.QueryOutput{LastEvaluatedKey: more}, &dynamodb.QueryOutput{LastEvaluatedKey: more},
		}, next: id1, queries: 4},
	} {
		m, d := messages(c.answers...)
		got, next, err := m.Before(ctx, "r", c.before, c.most)
		if err != nil || !slices.Equal(got, c.want) || next != c.next || len(d.requests) != c.queries {
			t.Errorf("%s: got %v, next %s, %v after %d queries", name, got, next, err, len(d.requests))
		}
		want := dynamodb.QueryInput{
			TableName: aws.String("chat-messages"), ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(c.most + 1)),
			KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: item{":pk": s("r")},
		}
		if c.before != (ulid.ULID{}) {
			want.KeyConditionExpression = aws.String("pk = :pk AND sk < :before")
			want.ExpressionAttributeValues[":before"] = s(c.before.String())
		}
		if !reflect.DeepEqual(d.requests[0], &want) {
			t.Errorf("%s: the query is %+v", name, d.requests[0])
		}
	}
	m, _ := messages(errBoom)
	if _, _, err := m.Before(ctx, "r", ulid.ULID{}, 1); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

// No request may hold client input outside of its values.
func TestClientInputIsNeverPartOfAnExpression(t *testing.T) {
	const evil = "x' OR attribute_exists(pk) #pk :pk"
	c, d := connections()
	c.TakeSlot(ctx, evil, 0, evil, evil)
	c.FreeSlot(ctx, evil, 0, evil, evil)
	c.Join(ctx, evil, room.Member{ConnectionID: evil, Sub: evil, Name: evil})
	c.Leave(ctx, evil, evil)
	c.ReleaseSlot(ctx, evil, 0, evil)
	c.User(ctx, evil)
	c.Count(ctx, evil, 1)
	c.Members(ctx, evil, func(room.Member) bool { return true })
	m := store.NewMessages(d, "chat-messages", time.Hour, clock)
	m.Put(ctx, room.Message{Room: evil, Sub: evil, Name: evil, ClientID: evil, HTML: evil})
	m.Get(ctx, evil, id1)
	m.Before(ctx, evil, id1, 1)
	store.NewUsers(d, "chat-connections").Write(ctx, ledger.Change{Sub: evil, Key: ledger.KeyOf(evil, evil)})
	for _, request := range d.requests {
		v := reflect.ValueOf(request).Elem()
		for _, field := range reflect.VisibleFields(v.Type()) {
			if !field.IsExported() {
				continue
			}
			if expression, ok := v.FieldByIndex(field.Index).Interface().(*string); ok && expression != nil && strings.Contains(*expression, evil) {
				t.Errorf("%T.%s is %q", request, field.Name, *expression)
			}
		}
	}
	if len(d.requests) != 12 {
		t.Errorf("%d requests", len(d.requests))
	}
}
