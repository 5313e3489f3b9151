package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// whenDependenciesFail is what a client, an operator and the tables see of each
// call that a function makes when it fails: a stable code with a request id, one
// line with the cause, and nothing half written.
func (d *deployment) whenDependenciesFail(t *testing.T, c cast) {
	localOnly(t, "AWS does not fail on demand")
	stack := broken{faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))}
	db := dynamodb.NewFromConfig(d.aws)
	logs := cloudwatchlogs.NewFromConfig(d.aws)

	// told fails the test unless the function's log has exactly one line of a
	// request that names the operation that failed.
	told := func(t *testing.T, function, operation string, mine func(line logLine) bool) {
		t.Helper()
		var found []logLine
		eventually(t, "the log has a line with the cause", func() bool {
			found = nil
			for _, text := range d.lines(t, logs, d.LogGroupNames[function]) {
				var line logLine
				if json.Unmarshal([]byte(text), &line) == nil && line.Level == "ERROR" && mine(line) {
					found = append(found, line)
				}
			}
			return len(found) > 0
		})
		if len(found) != 1 || found[0].Message != "dependency_fail" || found[0].Cause.Operation != operation || found[0].Cause.Code == "" {
			t.Errorf("the log of %s has %+v", function, found)
		}
	}

	for _, f := range []struct{ action, operation string }{
		{protocol.ActionSendMessage, "UpdateItem"},
		{protocol.ActionSendMessage, "PutItem"},
		{protocol.ActionHistory, "UpdateItem"},
		{protocol.ActionHistory, "Query"},
		{protocol.ActionMembers, "UpdateItem"},
		{protocol.ActionMembers, "Query"},
	} {
		t.Run(f.action+" without "+f.operation+" is an error that names its request", func(t *testing.T) {
			defer stack.clear(t)
			name := room(t)
			a := join(t, d, browser(name, c.alice))
			stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: f.operation, Kind: faults.Throttle})
			frame := map[string]string{"action": f.action}
			if f.action == protocol.ActionSendMessage {
				frame["clientId"], frame["text"] = "failing", "x"
			}
			a.send(t, encode(t, frame))
			refusal := a.next(t, protocol.TypeError)
			if refusal.Code != protocol.CodeInternal || refusal.RequestID == "" {
				t.Fatalf("got %s", refusal.raw)
			}
			told(t, "message", f.operation, func(line logLine) bool { return line.RequestID == refusal.RequestID })
			stack.clear(t)
			if n := d.stored(t, db, name); n != 0 {
				t.Errorf("%d messages are stored", n)
			}
			a.say(t, "all is well again")
		})
	}

	t.Run("a store that is slow is waited for", func(t *testing.T) {
		defer stack.clear(t)
		a := join(t, d, browser(room(t), c.alice))
		stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Kind: faults.Delay, Delay: faults.Duration(300 * time.Millisecond)})
		a.say(t, "patience")
	})

	t.Run("a room that cannot be read costs nothing that is acknowledged", func(t *testing.T) {
		defer stack.clear(t)
		name := room(t)
		a, b := join(t, d, browser(name, c.alice)), join(t, d, browser(name, c.bob))
		stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "Query", Kind: faults.Fail})
		ack := a.say(t, "does anybody hear me?")
		stack.clear(t)
		if got := d.history(t, b); len(got) != 1 || got[0].ID != ack.ID {
			t.Errorf("bob reads %+v", got)
		}
	})

	for _, operation := range []string{"Query", "PutItem"} {
		t.Run("a handshake without "+operation+" leaves nothing behind", func(t *testing.T) {
			defer stack.clear(t)
			name := room(t)
			token := c.newcomer(t)
			sub := claim(t, token, "sub")
			stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: operation, Kind: faults.Fail})
			refused(t, d, browser(name, token), http.StatusInternalServerError)
			told(t, "connect", operation, func(line logLine) bool { return line.Room == name })
			stack.clear(t)
			if rows := d.rows(t, db, "room#"+name); len(rows) != 0 {
				t.Errorf("the room has %v", rows)
			}
			for _, row := range d.rows(t, db, "user#"+sub) {
				t.Errorf("the user has %v", row)
			}
			join(t, d, browser(name, token)).say(t, "now it works")
		})
	}

	t.Run("a connection that cannot be forgotten is told in the log and found gone later", func(t *testing.T) {
		defer stack.clear(t)
		name := room(t)
		token := c.newcomer(t)
		sub := claim(t, token, "sub")
		a, carol := join(t, d, browser(name, c.alice)), join(t, d, browser(name, token))
		id := d.connectionOf(t, db, name, sub)
		stack.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "DeleteItem", Kind: faults.Fail})
		carol.leave()
		told(t, "disconnect", "DeleteItem", func(line logLine) bool { return line.Room == name })
		stack.clear(t)
		if len(d.rows(t, db, "room#"+name)) != 2 || len(d.rows(t, db, "user#"+sub)) != 1 {
			t.Error("one of the two rows is gone, and the other would never be found")
		}
		d.set(t, db, "room#"+name, id, "connectedAt", time.Now().Add(-time.Minute).UnixMilli())
		a.say(t, "carol?")
		eventually(t, "both rows are deleted", func() bool {
			return len(d.rows(t, db, "room#"+name)) == 1 && len(d.rows(t, db, "user#"+sub)) == 0
		})
	})
}

// logLine is what a line of a function's log says of a failure.
type logLine struct {
	Level, Message, RequestID, Room string
	Cause                           struct{ Operation, Code string }
}
