package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// cast are the access tokens of those who talk.
type cast struct {
	alice, bob string
	// newcomer returns the token of a user who has no connection.
	newcomer func(t *testing.T) string
}

// conversations are what people do in a chat and what they must not be able to
// do, whoever issued their tokens.
func (d *deployment) conversations(t *testing.T, c cast) {
	t.Run("two users talk", func(t *testing.T) {
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, native(room, c.bob))
		ack := a.say(t, `<b>hello</b> & "good day"`)
		heard := b.next(t, protocol.TypeMessage)
		if heard.ID != ack.ID || heard.HTML != ack.HTML || heard.Room != room || heard.SentAt != ack.SentAt || heard.ClientID != ack.ClientID {
			t.Fatalf("heard %s, acknowledged %s", heard.raw, ack.raw)
		}
		if want := `&lt;b&gt;hello&lt;/b&gt; &amp; &#34;good day&#34;`; heard.HTML != want {
			t.Fatalf("html %q, want %q", heard.HTML, want)
		}
		if sub := claim(t, c.alice, "sub"); heard.User.ID != sub {
			t.Fatalf("the sender is %q, want the token's sub %q", heard.User.ID, sub)
		}
		b.say(t, "and to you")
		if back := a.next(t, protocol.TypeMessage); back.HTML != "and to you" {
			t.Fatalf("heard %s", back.raw)
		}
		a.hearsNothing(t) // one's own message comes as its ack only
	})

	t.Run("rooms are apart", func(t *testing.T) {
		a, b := join(t, d, browser(room(t), c.alice)), join(t, d, browser(room(t), c.bob))
		a.say(t, "only here")
		b.hearsNothing(t)
	})

	t.Run("a latecomer reads the history in pages", func(t *testing.T) {
		room := room(t)
		a := join(t, d, browser(room, c.alice))
		var ids []string
		for i := range 5 {
			ids = append(ids, a.say(t, fmt.Sprint("message ", i)).ID)
		}
		b := join(t, d, browser(room, c.bob))
		var read []string
		before := ""
		for {
			page := b.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory, Before: before, Limit: 2}, protocol.TypeHistory)
			var pageIDs []string
			for _, m := range page.Messages {
				pageIDs = append(pageIDs, m.ID)
			}
			read = append(pageIDs, read...)
			if before = page.Next; before == "" {
				break
			}
		}
		if !slices.Equal(read, ids) {
			t.Fatalf("read %v, sent %v", read, ids)
		}
	})

	t.Run("members are those who are there", func(t *testing.T) {
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		members := a.ask(t, protocol.MembersRequest{Action: protocol.ActionMembers}, protocol.TypeMembers)
		if len(members.Members) != 2 {
			t.Fatalf("members %s", members.raw)
		}
		b.leave()
		eventually(t, "the one who left is no member", func() bool {
			return len(a.ask(t, protocol.MembersRequest{Action: protocol.ActionMembers}, protocol.TypeMembers).Members) == 1
		})
	})

	t.Run("sending again is acknowledged again and heard once", func(t *testing.T) {
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		message := protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: "once-" + randomHex(4), Text: "once"}
		first := a.ask(t, message, protocol.TypeAck)
		second := a.ask(t, message, protocol.TypeAck)
		if first.ID != second.ID || first.SentAt != second.SentAt || first.HTML != second.HTML {
			t.Fatalf("acknowledged %s, then %s", first.raw, second.raw)
		}
		b.next(t, protocol.TypeMessage)
		b.hearsNothing(t)
		if history := b.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory}, protocol.TypeHistory); len(history.Messages) != 1 {
			t.Fatalf("history %s", history.raw)
		}
	})

	t.Run("a burst within the budget is acknowledged whole", func(t *testing.T) {
		const frames = 30 // half of what a minute allows
		carol := join(t, d, browser(room(t), c.newcomer(t)))
		for i := range frames {
			carol.send(t, encode(t, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: fmt.Sprint("burst-", i), Text: "quick"}))
		}
		acked := map[string]bool{}
		for range frames {
			acked[carol.next(t, protocol.TypeAck).ID] = true
		}
		if len(acked) != frames {
			t.Fatalf("%d messages, want %d", len(acked), frames)
		}
	})

	t.Run("a ping is answered", func(t *testing.T) {
		a := join(t, d, browser(room(t), c.alice))
		if pong := a.ask(t, protocol.Ping{Action: protocol.ActionPing}, protocol.TypePong); pong.raw != `{"type":"pong"}` {
			t.Fatalf("pong %q", pong.raw)
		}
	})

	t.Run("no compression is agreed upon", func(t *testing.T) {
		o := browser(room(t), c.alice)
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		conn, res, err := websocket.Dial(ctx, d.URL+o.query, &websocket.DialOptions{
			Subprotocols: o.subprotocols, HTTPHeader: o.header, CompressionMode: websocket.CompressionContextTakeover,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		if got := res.Header.Values("Sec-WebSocket-Extensions"); len(got) != 0 {
			t.Fatalf("Sec-WebSocket-Extensions %q", got)
		}
	})

	t.Run("a room cannot be changed after connect", func(t *testing.T) {
		here, there := room(t), room(t)
		a, b := join(t, d, browser(here, c.alice)), join(t, d, browser(there, c.bob))
		a.fails(t, encode(t, map[string]string{"action": "sendMessage", "clientId": "x", "text": "x", "room": there}), protocol.CodeBadRequest)
		a.fails(t, encode(t, map[string]string{"action": "history", "room": there}), protocol.CodeBadRequest)
		a.say(t, "in my own room")
		b.hearsNothing(t)
		if history := b.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory}, protocol.TypeHistory); len(history.Messages) != 0 {
			t.Fatalf("history %s", history.raw)
		}
	})

	t.Run("frames that are refused say why, and the connection stays", func(t *testing.T) {
		a := join(t, d, browser(room(t), c.alice))
		for text, code := range map[string]protocol.Code{
			`{"action":"$connect"}`:    protocol.CodeUnknownAction,
			`{"action":"$disconnect"}`: protocol.CodeUnknownAction,
			`{"action":"$default"}`:    protocol.CodeUnknownAction,
			`{"action":"admin"}`:       protocol.CodeUnknownAction,
			`{}`:                       protocol.CodeUnknownAction,
			`[]`:                       protocol.CodeBadRequest,
			`hello`:                    protocol.CodeBadRequest,
			`{"action":"sendMessage","clientId":"x","text":" "}`:                                               protocol.CodeEmptyMessage,
			`{"action":"sendMessage","clientId":"x","text":"` + strings.Repeat("a", protocol.MaxText+1) + `"}`: protocol.CodeTooLarge,
			`{"action":"sendMessage","clientId":"x","text":"x","userId":"somebody else"}`:                      protocol.CodeBadRequest,
			`{"action":"sendMessage","clientId":"x","text":"x","text":"y"}`:                                    protocol.CodeBadRequest,
			`{"action":"sendMessage","clientId":"not allowed","text":"x"}`:                                     protocol.CodeBadRequest,
			`{"action":"history","before":"not an id"}`:                                                        protocol.CodeBadRequest,
			`{"action":"sendMessage","clientId":"x","text":"` + strings.Repeat("a", protocol.MaxFrame) + `"}`:  protocol.CodeTooLarge,
		} {
			a.fails(t, text, code)
		}
		a.say(t, "still here")
	})

	t.Run("a gone connection is forgotten and the others still hear", func(t *testing.T) {
		room := room(t)
		a, b := join(t, d, browser(room, c.alice)), join(t, d, browser(room, c.bob))
		table := dynamodb.NewFromConfig(d.aws)
		key := map[string]dynamodbtypes.AttributeValue{
			"pk": &dynamodbtypes.AttributeValueMemberS{Value: "room#" + room},
			"sk": &dynamodbtypes.AttributeValueMemberS{Value: "AAAAAAAAAAAAAAA="}, // well formed, and nobody's
		}
		gone := map[string]dynamodbtypes.AttributeValue{
			"sub":    &dynamodbtypes.AttributeValueMemberS{Value: "gone"},
			"name":   &dynamodbtypes.AttributeValueMemberS{Value: "gone"},
			"slot":   &dynamodbtypes.AttributeValueMemberN{Value: "0"},
			"expiry": &dynamodbtypes.AttributeValueMemberN{Value: fmt.Sprint(time.Now().Add(time.Hour).Unix())},
			"pk":     key["pk"], "sk": key["sk"],
		}
		if _, err := table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &d.ConnectionsTable, Item: gone}); err != nil {
			t.Fatal(err)
		}
		ack := a.say(t, "is everybody here?")
		if heard := b.next(t, protocol.TypeMessage); heard.ID != ack.ID {
			t.Fatalf("heard %s", heard.raw)
		}
		eventually(t, "the row of the gone connection is deleted", func() bool {
			found, err := table.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &d.ConnectionsTable, Key: key})
			if err != nil {
				t.Fatal(err)
			}
			return len(found.Item) == 0
		})
	})

	t.Run("a user has no more connections than allowed, also at once", func(t *testing.T) {
		carol := c.newcomer(t)
		const allowed, tried = 5, 12 // the default of max_connections_per_user
		type outcome struct {
			conn   *websocket.Conn
			status int
		}
		outcomes := make(chan outcome)
		for range tried {
			go func() {
				conn, res, _ := dial(t, d, browser("crowd", carol))
				outcomes <- outcome{conn, statusOf(res)}
			}()
		}
		var open []*websocket.Conn
		for range tried {
			o := <-outcomes
			if o.conn != nil {
				open = append(open, o.conn)
				defer func() { _ = o.conn.CloseNow() }()
			} else if o.status != http.StatusTooManyRequests {
				t.Errorf("refused with %d, want %d", o.status, http.StatusTooManyRequests)
			}
		}
		if len(open) != allowed {
			t.Fatalf("%d connections, want %d", len(open), allowed)
		}
		_ = open[0].Close(websocket.StatusNormalClosure, "")
		eventually(t, "a place is free again", func() bool {
			conn, _, err := dial(t, d, browser("crowd", carol))
			if err == nil {
				_ = conn.CloseNow()
			}
			return err == nil
		})
	})
}
