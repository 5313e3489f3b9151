package e2e_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// broken are the faults of the stack that a chat is deployed in.
type broken struct{ *faults.Client }

// add brings a fault into force until the test ends.
func (b broken) add(t *testing.T, fault faults.Fault) faults.Listed {
	t.Helper()
	listed, err := b.Add(t.Context(), fault)
	if err != nil {
		t.Fatal(err)
	}
	return listed
}

func (b broken) happened(t *testing.T, id string) int {
	t.Helper()
	listed, err := b.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return listed.Happened
}

func (b broken) clear(t *testing.T) {
	t.Helper()
	if err := b.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// whenThingsFail is what the chat does when AWS, the network or a function
// fails.
func (d *deployment) whenThingsFail(t *testing.T, c cast) {
	localOnly(t, "AWS does not fail on demand")
	stack := broken{faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))}
	db := dynamodb.NewFromConfig(d.aws)

	t.Run("a store that is throttled twice costs nothing but time", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		fault := stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "PutItem", Kind: faults.Throttle, Count: 2})
		ack := a.say(t, "slowly")
		if heard := b.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Errorf("heard %s", heard.raw)
		}
		b.hearsNothing(t)
		if got := d.history(t, b); len(got) != 1 || got[0].ID != ack.ID {
			t.Errorf("stored: %+v", got)
		}
		if n := stack.happened(t, fault.ID); n != 2 {
			t.Errorf("throttled %d times", n)
		}
	})

	t.Run("a store that fails is an error, and sending again is as the first time", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		message := protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: "again-" + randomHex(4), Text: "again"}
		fault := stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "PutItem", Kind: faults.Fail})
		a.fails(t, encode(t, message), protocol.CodeInternal)
		if n := stack.happened(t, fault.ID); n != 3 { // the functions try three times
			t.Errorf("failed %d times", n)
		}
		stack.clear(t)
		ack := a.ask(t, message, protocol.TypeAck)
		if heard := b.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Errorf("heard %s", heard.raw)
		}
		if got := d.history(t, a); len(got) != 1 {
			t.Errorf("stored: %+v", got)
		}
	})

	t.Run("one member who cannot be reached keeps nothing from the others", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		carolToken := c.newcomer(t)
		a, b, carol := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob)), join(t, d, browser(room, carolToken))
		fault := stack.add(t, faults.Fault{
			Type: faults.AWS, Service: "execute-api", Operation: "PostToConnection", Resource: d.connectionOf(t, db, room, claim(t, carolToken, "sub")), Kind: faults.Fail,
		})
		ack := a.say(t, "who hears me?")
		if heard := b.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Errorf("heard %s", heard.raw)
		}
		carol.hearsNothing(t)
		if n := stack.happened(t, fault.ID); n != 2 { // a post is made once more
			t.Errorf("failed %d times", n)
		}
		stack.clear(t)
		if got := d.history(t, carol); len(got) != 1 || got[0].ID != ack.ID {
			t.Errorf("carol reads %+v", got)
		}
		ack = a.say(t, "and now?")
		if heard := carol.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Errorf("carol heard %s", heard.raw)
		}
	})

	// Each time, the call hangs that the function makes at that moment.
	for when, c2 := range map[string]struct {
		operation string
		stored    int
	}{
		"before it has stored the message": {"PutItem", 0},
		"after it has stored the message":  {"Query", 1},
	} {
		t.Run("a function that dies "+when+" loses nothing that was acknowledged", func(t *testing.T) {
			defer stack.clear(t)
			room := room(t)
			a := join(t, d, browser(room, c.alice))
			first := a.say(t, "this is acknowledged")
			fault := stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: c2.operation, Kind: faults.Hang})
			message := protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: "dies-" + randomHex(4), Text: "this is not"}
			a.send(t, encode(t, message))
			eventually(t, "the function waits", func() bool { return stack.happened(t, fault.ID) > 0 })
			if n := d.stored(t, db, room); n != 1+c2.stored {
				t.Errorf("%d messages are stored", n)
			}
			kill := stack.add(t, faults.Fault{Type: faults.SandboxKill, Function: d.FunctionNames["message"]})
			if kill.Happened == 0 {
				t.Error("nothing was killed")
			}
			if f := a.next(t, ""); f.Message != "Internal server error" || f.RequestID == "" { // API Gateway's own frame
				t.Errorf("got %s", f.raw)
			}
			stack.clear(t)
			ack := a.ask(t, message, protocol.TypeAck)
			got := d.history(t, a)
			if len(got) != 2 || got[0].ID != first.ID || got[1].ID != ack.ID {
				t.Errorf("stored: %+v", got)
			}
		})
	}

	t.Run("a function that dies with each of three messages answers the fourth", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		a := join(t, d, browser(room, c.alice))
		fault := stack.add(t, faults.Fault{Type: faults.SandboxKill, Function: d.FunctionNames["message"], Count: 3})
		message := encode(t, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: "once-" + randomHex(4), Text: "stubborn"})
		for range 3 {
			a.send(t, message)
			if f := a.next(t, ""); f.Message != "Internal server error" {
				t.Errorf("got %s", f.raw)
			}
		}
		a.send(t, message)
		ack := a.next(t, protocol.TypeAck)
		if got := d.history(t, a); len(got) != 1 || got[0].ID != ack.ID {
			t.Errorf("stored: %+v", got)
		}
		if n := stack.happened(t, fault.ID); n != 3 {
			t.Errorf("killed %d times", n)
		}
	})

	t.Run("a connection whose $disconnect is lost is forgotten when it is found gone", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		carolToken := c.newcomer(t)
		a, carol := join(t, d, browser(room, c.alice)), join(t, d, browser(room, carolToken))
		sub := claim(t, carolToken, "sub")
		id := d.connectionOf(t, db, room, sub)
		fault := stack.add(t, faults.Fault{Type: faults.LoseDisconnect, API: d.APIID, Connection: id})
		carol.leave()
		eventually(t, "$disconnect is lost", func() bool { return stack.happened(t, fault.ID) == 1 })
		if rows := d.rows(t, db, "user#"+sub); len(rows) != 1 { // the slot
			t.Errorf("carol's rows: %v", rows)
		}
		// As if she had come a while ago: who has just connected may not be
		// reachable yet, and is not forgotten.
		d.set(t, db, "room#"+room, id, "connectedAt", time.Now().Add(-time.Minute).UnixMilli())
		a.say(t, "carol?")
		eventually(t, "both rows are deleted", func() bool {
			return len(d.rows(t, db, "room#"+room)) == 1 && len(d.rows(t, db, "user#"+sub)) == 0
		})
	})

	t.Run("a connection whose $disconnect is lost is nobody after its expiry", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		id := d.connectionOf(t, db, room, claim(t, c.bob, "sub"))
		fault := stack.add(t, faults.Fault{Type: faults.LoseDisconnect, Connection: id})
		cut := stack.add(t, faults.Fault{Type: faults.Cut, Connection: id})
		<-b.closed
		eventually(t, "$disconnect is lost", func() bool { return stack.happened(t, fault.ID) == 1 })
		if cut.Happened != 1 {
			t.Errorf("cut: %+v", cut)
		}
		members := func() int {
			return len(a.ask(t, protocol.MembersRequest{Action: protocol.ActionMembers}, protocol.TypeMembers).Members)
		}
		if n := members(); n != 2 {
			t.Errorf("%d members before the expiry", n)
		}
		d.set(t, db, "room#"+room, id, "expiry", time.Now().Add(-time.Minute).Unix())
		if n := members(); n != 1 {
			t.Errorf("%d members after the expiry", n)
		}
	})

	t.Run("a connection that is cut is gone at once", func(t *testing.T) {
		defer stack.clear(t)
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		stack.add(t, faults.Fault{Type: faults.Cut, Connection: d.connectionOf(t, db, room, claim(t, c.bob, "sub"))})
		<-b.closed
		if b.code != 0 {
			t.Errorf("it was closed with %v", b.code)
		}
		eventually(t, "his row is deleted", func() bool { return len(d.rows(t, db, "room#"+room)) == 1 })
		a.say(t, "he missed this")
		back := join(t, d, browser(room, c.bob))
		if got := d.history(t, back); len(got) != 1 {
			t.Errorf("he reads %+v", got)
		}
	})
}

// history is what a member reads of a room, oldest first.
func (d *deployment) history(t *testing.T, m *member) []protocol.Message {
	t.Helper()
	return m.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory}, protocol.TypeHistory).Messages
}

// rows are those of a partition of the connections table. They are read by a
// Scan, which none of the functions makes, so that a fault does not reach it.
func (d *deployment) rows(t *testing.T, db *dynamodb.Client, pk string) []map[string]dynamodbtypes.AttributeValue {
	t.Helper()
	return scan(t, db, d.ConnectionsTable, pk)
}

// stored is how many messages of a room are stored.
func (d *deployment) stored(t *testing.T, db *dynamodb.Client, room string) int {
	t.Helper()
	return len(scan(t, db, d.MessagesTable, room))
}

func scan(t *testing.T, db *dynamodb.Client, table, pk string) []map[string]dynamodbtypes.AttributeValue {
	t.Helper()
	found, err := db.Scan(t.Context(), &dynamodb.ScanInput{
		TableName: &table, ConsistentRead: aws.Bool(true), FilterExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":pk": &dynamodbtypes.AttributeValueMemberS{Value: pk}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.Items
}

// connectionOf is the id of a user's connection in a room.
func (d *deployment) connectionOf(t *testing.T, db *dynamodb.Client, room, sub string) string {
	t.Helper()
	for _, row := range d.rows(t, db, "room#"+room) {
		if s, ok := row["sub"].(*dynamodbtypes.AttributeValueMemberS); ok && s.Value == sub {
			return row["sk"].(*dynamodbtypes.AttributeValueMemberS).Value
		}
	}
	t.Fatalf("%s is not in %s", sub, room)
	return ""
}

// set changes a number in a row of the connections table.
func (d *deployment) set(t *testing.T, db *dynamodb.Client, pk, sk, name string, value int64) {
	t.Helper()
	if _, err := db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &d.ConnectionsTable,
		Key: map[string]dynamodbtypes.AttributeValue{
			"pk": &dynamodbtypes.AttributeValueMemberS{Value: pk}, "sk": &dynamodbtypes.AttributeValueMemberS{Value: sk},
		},
		UpdateExpression:          aws.String("SET #n = :v"),
		ConditionExpression:       aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames:  map[string]string{"#n": name},
		ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":v": &dynamodbtypes.AttributeValueMemberN{Value: fmt.Sprint(value)}},
	}); err != nil {
		t.Fatal(err)
	}
}
