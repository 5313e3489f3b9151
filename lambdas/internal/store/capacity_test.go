package store

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/rows"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// size is an item's size in bytes as DynamoDB counts it: names and values in
// UTF-8, a number as about a byte for two digits and one more
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
func size(row item) int {
	bytes := 0
	for name, value := range row {
		bytes += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			bytes += len(v.Value)
		case *types.AttributeValueMemberN:
			bytes += (len(v.Value)+1)/2 + 1
		case *types.AttributeValueMemberB:
			bytes += len(v.Value)
		default:
			panic(fmt.Sprintf("an attribute of type %T", value))
		}
	}
	return bytes
}

// meter is a DynamoDB that counts the capacity units of what it is asked: one
// for each KB that is written, one for each 4 KB that a consistent query reads.
type meter struct {
	calls         int
	writes, reads int
	state         item            // the user's row
	partitions    map[string]item // a row of each partition, and how many there are of it
	members       map[string]int
}

func units(bytes, unit int) int { return max(1, (bytes+unit-1)/unit) }

func (m *meter) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	m.calls++
	m.writes += units(size(in.Item), 1024)
	pk := rows.Text(in.Item, rows.PK)
	if m.partitions[pk] == nil {
		m.partitions[pk] = in.Item
	}
	return &dynamodb.PutItemOutput{}, nil
}

func (m *meter) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	m.calls++
	m.writes += units(size(m.state), 1024)
	return &dynamodb.UpdateItemOutput{}, nil
}

func (m *meter) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	m.calls++
	row := m.partitions[rows.Text(in.Key, rows.PK)]
	m.writes += units(size(row), 1024)
	return &dynamodb.DeleteItemOutput{Attributes: row}, nil
}

func (m *meter) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	m.calls++
	if in.ConsistentRead == nil || !*in.ConsistentRead {
		panic("a query that is not consistent costs half")
	}
	pk := in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS).Value
	bytes, number := 0, m.members[pk]
	if in.Limit != nil {
		number = min(number, int(*in.Limit))
	}
	bytes = number * size(m.partitions[pk])
	if strings.HasPrefix(pk, "user#") {
		bytes += size(m.state)
	}
	m.reads += units(bytes, 4096)
	return &dynamodb.QueryOutput{Count: int32(number)}, nil
}

const capacityDocument = "../../../docs/performance.md"

// The emulator of the local stack reports what a query reads wrongly, so the
// units come from the sizes of what the functions write.
func TestTheDocumentedCapacityUnitsAreThoseOfTheItems(t *testing.T) {
	const (
		sub, name, roomName = "5f3c1c1e-7d0b-4c53-9c35-6a4f4f0c7a10", "Ann Example", "general"
		connection          = "ZNsUwcfRDoECJ5A="
	)
	ctx, now := context.Background(), time.UnixMilli(1_760_000_000_123)
	clock := func() time.Time { return now }
	id := ulid.MustParse("01K6ZQ3V7B0000000000000000")
	html := func(n int) string { return strings.Repeat("x", n) }
	message := func(n int) room.Message {
		return room.Message{ID: id, Room: roomName, Sub: sub, Name: name, ClientID: strings.Repeat("c", 22), HTML: html(n), Policy: "text/1"}
	}
	state := rows.Key(rows.OfUser(sub), rows.State)
	for _, attr := range []string{attrMessagesFrom, attrBytesFrom, string(ledger.Reads), string(ledger.Refusals)} {
		state[attr] = rows.Num(now.UnixMilli())
	}
	state[rows.Expiry], state[attrSent] = rows.Num(now.Unix()), rows.Num(ledger.MostUntidied)
	// remembering is the row of somebody who sends so many messages a minute
	// without a pause.
	remembering := func(rate int) item {
		row := maps.Clone(state)
		remembered := max(ledger.KeepSent, int(math.Ceil(ledger.Remembered.Minutes()*float64(rate)))) + ledger.MostUntidied
		for i := range remembered {
			row[sentPrefix+ledger.KeyOf(roomName, fmt.Sprint(i)).String()] = &types.AttributeValueMemberB{Value: id[:]}
		}
		return row
	}
	var writes strings.Builder
	writes.WriteString("| messages a minute | write units of each write to the user's row |\n| --- | --- |\n")
	for _, rate := range []int{2, 10, 60, 600} {
		fmt.Fprintf(&writes, "| %d | %d |\n", rate, units(size(remembering(rate)), 1024))
	}
	state = remembering(2)

	connect := func(c *Connections) {
		_, _ = c.User(ctx, sub)
		_, _ = c.Count(ctx, roomName, 500)
		_ = c.TakeSlot(ctx, sub, 0, connection, roomName)
		_ = c.Join(ctx, roomName, room.Member{ConnectionID: connection, Sub: sub, Name: name, ConnectedAt: now.UnixMilli(), TokenEnds: now.Unix()})
	}
	everybody := func(c *Connections) {
		_ = c.Members(ctx, roomName, func(room.Member) bool { return true })
	}
	charge := func(u *Users) {
		_, _ = u.Write(ctx, ledger.Change{Sub: sub, Now: now, Budget: ratelimit.Full(now), Key: ledger.KeyOf(roomName, "c"), ID: id})
	}
	count := func(u *Users) { _, _ = u.Count(ctx, ledger.Count{Sub: sub, Now: now, Kind: ledger.Reads}) }

	type tables struct {
		connections *Connections
		users       *Users
		messages    *Messages
	}
	actions := []struct {
		name string
		do   func(tables)
	}{
		{"connect", func(x tables) { connect(x.connections) }},
		{"message of 200 bytes", func(x tables) {
			charge(x.users)
			_ = x.messages.Put(ctx, message(200))
			everybody(x.connections)
		}},
		{"message of 1,000 bytes", func(x tables) {
			charge(x.users)
			_ = x.messages.Put(ctx, message(1000))
			everybody(x.connections)
		}},
		{"message of 4,096 quotes", func(x tables) {
			charge(x.users)
			_ = x.messages.Put(ctx, message(5*4096))
			everybody(x.connections)
		}},
		{"page of history (50 of 200 bytes)", func(x tables) {
			count(x.users)
			_, _, _ = x.messages.Before(ctx, roomName, ulid.ULID{}, 50)
		}},
		{"list of members", func(x tables) {
			count(x.users)
			everybody(x.connections)
		}},
		{"disconnect", func(x tables) {
			_ = x.connections.Remove(ctx, roomName, room.Member{ConnectionID: connection, Sub: sub})
		}},
	}
	var table strings.Builder
	table.WriteString("| action | calls | write units | read units, 10 in the room | read units, 500 in the room |\n| --- | --- | --- | --- | --- |\n")
	for _, action := range actions {
		var metered [2]meter
		for i, members := range []int{10, 500} {
			m := &metered[i]
			*m = meter{state: state, partitions: map[string]item{}, members: map[string]int{rows.OfRoom(roomName): members, roomName: 51, rows.OfUser(sub): 1}}
			x := tables{NewConnections(m, "c", clock), NewUsers(m, "c"), NewMessages(m, "m", time.Hour, clock)}
			connect(x.connections) // writes a row of each kind
			_ = x.messages.Put(ctx, message(200))
			m.calls, m.writes, m.reads = 0, 0, 0
			action.do(x)
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d |\n", action.name, metered[0].calls, metered[0].writes, metered[0].reads, metered[1].reads)
		if strings.HasPrefix(action.name, "message") && metered[0].calls != 3 {
			t.Errorf("%s: %d calls", action.name, metered[0].calls)
		}
	}
	document, err := os.ReadFile(capacityDocument)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{table.String(), writes.String()} {
		if !strings.Contains(string(document), table) {
			t.Errorf("%s should say:\n%s", capacityDocument, table)
		}
	}
}
