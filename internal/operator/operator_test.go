package operator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/operator"
)

type item = map[string]types.AttributeValue

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n(v int64) types.AttributeValue  { return &types.AttributeValueMemberN{Value: fmt.Sprint(v)} }

var (
	ctx     = context.Background()
	now     = time.Unix(1_700_000_000, 0).UTC()
	errBoom = errors.New("boom")
)

// cloud is a table and the sockets, in memory. Pages have one row each.
type cloud struct {
	rows    map[[2]string]item
	closed  []string
	gone    map[string]bool
	failing map[string]bool
	updates []*dynamodb.UpdateItemInput
	late    item // a row that appears after the first read of a user
}

func newCloud() *cloud {
	c := &cloud{rows: map[[2]string]item{}, gone: map[string]bool{}, failing: map[string]bool{}}
	open, over := now.Unix(), now.Unix()-1
	c.put(item{"pk": s("room#lobby"), "sk": s("c1"), "sub": s("ann"), "name": s("Ann"), "slot": n(0), "connectedAt": n(1_699_999_990_000), "tokenEnds": n(1_700_000_100), "expiry": n(open)})
	c.put(item{"pk": s("room#lobby"), "sk": s("c2"), "sub": s("ann"), "name": s("Ann"), "slot": n(1), "connectedAt": n(1_699_999_980_000), "expiry": n(open)})
	c.put(item{"pk": s("room#lobby"), "sk": s("c3"), "sub": s("bob"), "name": s("Bob"), "slot": n(0), "connectedAt": n(1_699_999_970_000), "expiry": n(over)})
	c.put(item{"pk": s("room#team"), "sk": s("c4"), "sub": s("bob"), "name": s("Bob"), "slot": n(1), "expiry": n(open)})
	c.put(item{"pk": s("user#ann"), "sk": s("slot#0"), "connectionId": s("c1"), "room": s("lobby"), "expiry": n(open)})
	c.put(item{"pk": s("user#ann"), "sk": s("slot#1"), "connectionId": s("c2"), "room": s("lobby"), "expiry": n(open)})
	c.put(item{"pk": s("user#ann"), "sk": s("slot#2"), "connectionId": s("c0"), "room": s("lobby"), "expiry": n(over)})
	c.put(item{"pk": s("user#ann"), "sk": s("state"), "messagesFrom": n(1), "expiry": n(0)})
	return c
}

func id(row item) [2]string {
	return [2]string{row["pk"].(*types.AttributeValueMemberS).Value, row["sk"].(*types.AttributeValueMemberS).Value}
}

func (c *cloud) put(row item) { c.rows[id(row)] = row }

func (c *cloud) has(pk, sk string) bool { return c.rows[[2]string{pk, sk}] != nil }

// page is the row after a start key, of those that fit.
func (c *cloud) page(start item, fits func([2]string, item) bool) ([]item, item) {
	var keys [][2]string
	for key, row := range c.rows {
		if fits(key, row) && (start == nil || slices.Compare(key[:], ptr(id(start))[:]) > 0) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return []item{c.rows[keys[0]]}, item{"pk": s(keys[0][0]), "sk": s(keys[0][1])}
}

func ptr[T any](v T) *T { return &v }

func (c *cloud) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if c.failing["Query"] {
		return nil, errBoom
	}
	if in.ConsistentRead == nil || !*in.ConsistentRead {
		return nil, errors.New("who has just come would be missed")
	}
	pk := in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS).Value
	rows, last := c.page(in.ExclusiveStartKey, func(key [2]string, _ item) bool { return key[0] == pk })
	if last == nil && c.late != nil {
		c.put(c.late)
		c.late = nil
	}
	return &dynamodb.QueryOutput{Items: rows, LastEvaluatedKey: last}, nil
}

func (c *cloud) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	if c.failing["Scan"] {
		return nil, errBoom
	}
	if *in.FilterExpression != "begins_with(pk, :room) AND expiry >= :now" || *in.TableName != "chat" {
		return nil, fmt.Errorf("scanned %s with %s", *in.TableName, *in.FilterExpression)
	}
	rows, last := c.page(in.ExclusiveStartKey, func(key [2]string, row item) bool {
		return strings.HasPrefix(key[0], "room#") && row["expiry"].(*types.AttributeValueMemberN).Value >= fmt.Sprint(now.Unix())
	})
	return &dynamodb.ScanOutput{Items: rows, LastEvaluatedKey: last}, nil
}

func (c *cloud) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if c.failing["UpdateItem"] {
		return nil, errBoom
	}
	c.updates = append(c.updates, in)
	row := c.rows[id(in.Key)]
	if in.ConditionExpression != nil && (row == nil || row["revokedUntil"] == nil) {
		return nil, &types.ConditionalCheckFailedException{}
	}
	return &dynamodb.UpdateItemOutput{}, nil
}

func (c *cloud) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if c.failing["DeleteItem "+id(in.Key)[0]] {
		return nil, errBoom
	}
	row := c.rows[id(in.Key)]
	if in.ConditionExpression != nil && (row == nil || !reflect.DeepEqual(row["connectionId"], in.ExpressionAttributeValues[":id"])) {
		return nil, &types.ConditionalCheckFailedException{}
	}
	delete(c.rows, id(in.Key))
	return &dynamodb.DeleteItemOutput{}, nil
}

type status int

func (s status) Error() string       { return fmt.Sprint("status ", int(s)) }
func (s status) HTTPStatusCode() int { return int(s) }

func (c *cloud) DeleteConnection(_ context.Context, in *apigatewaymanagementapi.DeleteConnectionInput, _ ...func(*apigatewaymanagementapi.Options)) (*apigatewaymanagementapi.DeleteConnectionOutput, error) {
	switch {
	case c.failing["Close "+*in.ConnectionId]:
		return nil, fmt.Errorf("closing: %w", status(http.StatusForbidden))
	case c.gone[*in.ConnectionId]:
		return nil, fmt.Errorf("closing: %w", status(http.StatusGone))
	}
	c.closed = append(c.closed, *in.ConnectionId)
	return &apigatewaymanagementapi.DeleteConnectionOutput{}, nil
}

func (c *cloud) operator() *operator.Operator {
	return &operator.Operator{DB: c, Sockets: c, Table: "chat", Now: func() time.Time { return now }}
}

func TestRoomsAreThoseWithSomebodyInThem(t *testing.T) {
	got, err := newCloud().operator().Rooms(ctx)
	want := []operator.Room{{Name: "lobby", Users: 1, Connections: 2}, {Name: "team", Users: 1, Connections: 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	c := newCloud()
	for _, name := range []string{"d", "b", "f", "a", "e", "c"} {
		c.put(item{"pk": s("room#" + name), "sk": s("x"), "sub": s("u"), "expiry": n(now.Unix())})
	}
	if got, err := c.operator().Rooms(ctx); err != nil || len(got) != 8 || !slices.IsSortedFunc(got, func(a, b operator.Room) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("got %+v, %v", got, err)
	}
	c.failing["Scan"] = true
	if _, err := c.operator().Rooms(ctx); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

func TestTheConnectionsOfARoomComeOldestFirst(t *testing.T) {
	got, err := newCloud().operator().InRoom(ctx, "lobby")
	if err != nil || len(got) != 2 || got[0].ID != "c2" || got[1].ID != "c1" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if c := got[1]; c.Sub != "ann" || c.Name != "Ann" || c.Room != "lobby" || !c.ConnectedAt.Equal(now.Add(-10*time.Second)) || !c.TokenEnds.Equal(now.Add(100*time.Second)) {
		t.Errorf("got %+v", c)
	}
	if !got[0].TokenEnds.IsZero() {
		t.Errorf("got %+v", got[0])
	}
	c := newCloud()
	c.failing["Query"] = true
	if _, err := c.operator().InRoom(ctx, "lobby"); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
	if got, err := newCloud().operator().InRoom(ctx, "nowhere"); err != nil || got == nil || len(got) != 0 {
		t.Errorf("an empty room: got %+v, %v", got, err)
	}
}

func TestAUserHasConnectionsAndPerhapsABan(t *testing.T) {
	c := newCloud()
	got, err := c.operator().User(ctx, "ann")
	if err != nil || len(got.Connections) != 2 || got.Connections[0].ID != "c1" || got.Connections[1].Room != "lobby" || !got.BannedUntil.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
	for until, banned := range map[int64]bool{now.Unix() + 1: true, now.Unix(): false} {
		c.put(item{"pk": s("user#ann"), "sk": s("state"), "revokedUntil": n(until), "revokedWhy": s("spam"), "expiry": n(0)})
		if got, err := c.operator().User(ctx, "ann"); err != nil || got.BannedUntil.IsZero() == banned || (got.Why == "spam") != banned {
			t.Errorf("until %d: got %+v, %v", until, got, err)
		}
	}
}

func TestDisconnectClosesEveryConnectionAndForgetsIt(t *testing.T) {
	c := newCloud()
	c.gone["c2"] = true
	closed, err := c.operator().Disconnect(ctx, "ann")
	if err != nil || closed != 2 || !slices.Equal(c.closed, []string{"c1"}) {
		t.Errorf("closed %d (%q), %v", closed, c.closed, err)
	}
	if c.has("room#lobby", "c1") || c.has("room#lobby", "c2") || c.has("user#ann", "slot#0") || c.has("user#ann", "slot#1") {
		t.Errorf("left %v", c.rows)
	}
	if !c.has("room#team", "c4") || !c.has("user#ann", "state") || !c.has("room#lobby", "c3") {
		t.Errorf("too much is gone: %v", c.rows)
	}
}

func TestWhatCannotBeClosedStaysAndTheOthersGo(t *testing.T) {
	c := newCloud()
	c.failing["Close c1"] = true
	closed, err := c.operator().Disconnect(ctx, "ann")
	if err == nil || closed != 1 || !slices.Equal(c.closed, []string{"c2"}) || !c.has("room#lobby", "c1") || !c.has("user#ann", "slot#0") {
		t.Errorf("closed %d (%q), %v; left %v", closed, c.closed, err, c.rows)
	}
	for _, failing := range []string{"DeleteItem room#lobby", "DeleteItem user#ann"} {
		c := newCloud()
		c.failing[failing] = true
		if closed, err := c.operator().Disconnect(ctx, "ann"); !errors.Is(err, errBoom) || closed != 0 || len(c.closed) != 2 {
			t.Errorf("%s: closed %d (%q), %v", failing, closed, c.closed, err)
		}
	}
	c = newCloud()
	c.failing["Query"] = true
	if _, err := c.operator().Disconnect(ctx, "ann"); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}

// A slot that was given to another connection meanwhile is not ours to free.
func TestASlotOfAnotherConnectionIsLeftAlone(t *testing.T) {
	c := newCloud()
	o := c.operator()
	o.Sockets = reusing{c}
	if closed, err := o.Disconnect(ctx, "ann"); err != nil || closed != 2 || !c.has("user#ann", "slot#0") || c.has("user#ann", "slot#1") {
		t.Errorf("closed %d, %v; left %v", closed, err, c.rows)
	}
}

// reusing gives the slot of c1 to another connection when c1 is closed.
type reusing struct{ *cloud }

func (r reusing) DeleteConnection(ctx context.Context, in *apigatewaymanagementapi.DeleteConnectionInput, options ...func(*apigatewaymanagementapi.Options)) (*apigatewaymanagementapi.DeleteConnectionOutput, error) {
	if *in.ConnectionId == "c1" {
		r.put(item{"pk": s("user#ann"), "sk": s("slot#0"), "connectionId": s("c9"), "room": s("lobby"), "expiry": n(now.Unix())})
	}
	return r.cloud.DeleteConnection(ctx, in, options...)
}

func TestABanIsWrittenBeforeConnectionsAreClosed(t *testing.T) {
	c := newCloud()
	c.late = item{"pk": s("user#ann"), "sk": s("slot#3"), "connectionId": s("c5"), "room": s("team"), "expiry": n(now.Unix())}
	c.put(item{"pk": s("room#team"), "sk": s("c5"), "sub": s("ann"), "expiry": n(now.Unix())})
	until := now.Add(time.Hour)
	why := strings.Repeat("x", operator.MaxWhy)
	closed, err := c.operator().Ban(ctx, "ann", until, why)
	if err != nil || closed != 3 || !slices.Equal(c.closed, []string{"c1", "c2", "c5"}) || c.has("room#team", "c5") {
		t.Errorf("closed %d (%q), %v", closed, c.closed, err)
	}
	if len(c.updates) != 1 {
		t.Fatalf("%d updates", len(c.updates))
	}
	in := c.updates[0]
	want := item{":until": n(until.Unix()), ":why": s(why), ":expiry": n(until.Unix() + 86400)}
	if id(in.Key) != [2]string{"user#ann", "state"} || *in.UpdateExpression != "SET revokedUntil = :until, revokedWhy = :why, expiry = :expiry" || !reflect.DeepEqual(in.ExpressionAttributeValues, want) {
		t.Errorf("got %+v", in)
	}
}

func TestALatecomerWhoCannotBeClosedIsTold(t *testing.T) {
	c := newCloud()
	c.late = item{"pk": s("user#ann"), "sk": s("slot#3"), "connectionId": s("c5"), "room": s("team"), "expiry": n(now.Unix())}
	c.failing["Close c5"] = true
	if closed, err := c.operator().Ban(ctx, "ann", now.Add(time.Hour), "spam"); err == nil || closed != 2 {
		t.Errorf("closed %d, %v", closed, err)
	}
}

func TestABanThatCannotBeWrittenClosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		until time.Time
		why   string
		fail  bool
	}{
		"over already":  {now, "spam", false},
		"a long reason": {now.Add(time.Hour), strings.Repeat("x", operator.MaxWhy+1), false},
		"no right":      {now.Add(time.Hour), "spam", true},
	} {
		cloud := newCloud()
		cloud.failing["UpdateItem"] = c.fail
		if closed, err := cloud.operator().Ban(ctx, "ann", c.until, c.why); err == nil || closed != 0 || len(cloud.closed) != 0 || len(cloud.updates) != 0 {
			t.Errorf("%s: closed %d, %v", name, closed, err)
		}
	}
	c := newCloud()
	c.failing["Close c1"] = true
	if closed, err := c.operator().Ban(ctx, "ann", now.Add(time.Hour), "spam"); err == nil || closed != 1 || len(c.updates) != 1 {
		t.Errorf("closed %d, %v", closed, err)
	}
	c = newCloud()
	o := c.operator()
	o.Settle = time.Hour
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if closed, err := o.Ban(cancelled, "ann", now.Add(time.Hour), "spam"); !errors.Is(err, context.Canceled) || closed != 2 {
		t.Errorf("closed %d, %v", closed, err)
	}
}

func TestUnbanLiftsABanThatIsThere(t *testing.T) {
	c := newCloud()
	if err := c.operator().Unban(ctx, "ann"); !errors.Is(err, operator.ErrNotBanned) {
		t.Errorf("got %v", err)
	}
	c.put(item{"pk": s("user#ann"), "sk": s("state"), "revokedUntil": n(now.Unix() + 1), "expiry": n(0)})
	if err := c.operator().Unban(ctx, "ann"); err != nil {
		t.Error(err)
	}
	in := c.updates[len(c.updates)-1]
	if *in.UpdateExpression != "REMOVE revokedUntil, revokedWhy" || *in.ConditionExpression != "revokedUntil > :now" {
		t.Errorf("got %+v", in)
	}
	c.failing["UpdateItem"] = true
	if err := c.operator().Unban(ctx, "ann"); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
}
