package e2e_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// shortTokens signs tokens that end soon.
type shortTokens struct {
	t      *testing.T
	issuer ownIssuer
	sub    string
	life   time.Duration
}

func (k shortTokens) Token(context.Context, string) (string, error) {
	return k.issuer.token(k.t, k.sub, k.life, nil), nil
}

// listener is a client whose messages are kept as they come.
type listener struct {
	*chatclient.Client
	mu       sync.Mutex
	messages []chatclient.Message
	there    bool // knows where the room is
	again    int  // connections after the first
	lost     int  // times without any
}

func (d *deployment) listen(t *testing.T, own ownIssuer, room, sub string, life time.Duration) *listener {
	t.Helper()
	client, err := chatclient.Dial(t.Context(), chatclient.Options{URL: d.URL, Room: room, Tokens: shortTokens{t, own, sub, life}, Origin: allowedOrigin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	l := &listener{Client: client}
	go func() {
		for event := range client.Events() {
			l.mu.Lock()
			switch e := event.(type) {
			case chatclient.Message:
				l.messages = append(l.messages, e)
			case chatclient.CaughtUp:
				l.there = true
			case chatclient.Connected:
				if e.Again {
					l.again++
				}
			case chatclient.Lost:
				l.lost++
			}
			l.mu.Unlock()
		}
	}()
	eventually(t, sub+" is there", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.there
	})
	return l
}

// heard returns the ids of what came, in the order in which it came.
func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, len(l.messages))
	for i, m := range l.messages {
		ids[i] = m.ID
	}
	return ids
}

func (l *listener) state() (again, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again, l.lost
}

// nobodyMissesAnything is what happens to a conversation whose connections end.
func (d *deployment) nobodyMissesAnything(t *testing.T, own ownIssuer) {
	t.Run("a client that renews its connection misses nothing and is never away", func(t *testing.T) {
		room := room(t)
		a := join(t, d, browser(room, own.token(t, "talks-"+randomHex(3), time.Hour, nil)))
		const life = 40 * time.Second
		b := d.listen(t, own, room, "renews-"+randomHex(3), life)
		var said []string
		for start := time.Now(); ; time.Sleep(1200 * time.Millisecond) { // within the budget of a minute
			said = append(said, a.say(t, fmt.Sprint("message ", len(said))).ID)
			if again, _ := b.state(); again >= 1 && time.Since(start) > life+5*time.Second {
				break
			}
			if time.Since(start) > 3*life {
				t.Fatal("the connection is not renewed")
			}
		}
		eventually(t, "all has been heard", func() bool { return len(b.heard()) >= len(said) })
		if heard := b.heard(); !slices.Equal(heard, said) {
			t.Errorf("said %v, heard %v", said, heard)
		}
		if _, lost := b.state(); lost != 0 {
			t.Errorf("it was without a connection %d times", lost)
		}
	})

	// A client that does not wait for acks: all is sent at once, and what was not
	// acknowledged when the connections were cut is sent again under the same
	// client ids, over two connections at once.
	t.Run("sockets that are cut in a burst lose nothing that was acknowledged, and store nothing twice", func(t *testing.T) {
		localOnly(t, "connections are cut by the local stack")
		room := room(t)
		stack, db := broken{faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))}, dynamodb.NewFromConfig(d.aws)
		defer stack.clear(t)
		talker, hearer := "talks-"+randomHex(3), "hears-"+randomHex(3)
		token := own.token(t, talker, time.Hour, nil)
		first, b := join(t, d, browser(room, token)), d.listen(t, own, room, hearer, time.Hour)
		const burst = 30 // more than the user's row keeps of old messages, and twice within the budget of a minute
		acked := map[string]string{}
		collect := func(m *member) {
			for {
				select {
				case f := <-m.frames:
					if f.Type == protocol.TypeAck {
						if id, known := acked[f.ClientID]; known && id != f.ID {
							t.Errorf("%s was acknowledged as %s and as %s", f.ClientID, id, f.ID)
						}
						acked[f.ClientID] = f.ID
					}
				default:
					return
				}
			}
		}
		frames := map[string]string{}
		for i := range burst {
			clientID := fmt.Sprintf("%s-%d", talker, i)
			frames[clientID] = encode(t, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: clientID, Text: fmt.Sprint("message ", i)})
			first.send(t, frames[clientID])
			if i == burst/2 {
				stack.add(t, faults.Fault{Type: faults.Cut, Connection: d.connectionOf(t, db, room, hearer)})
			}
		}
		eventually(t, "some are acknowledged", func() bool {
			collect(first)
			return len(acked) >= burst/6
		})
		stack.add(t, faults.Fault{Type: faults.Cut, Connection: d.connectionOf(t, db, room, talker)})
		<-first.closed
		collect(first)
		t.Logf("%d of %d messages were acknowledged when the socket was cut", len(acked), burst)

		second, third := join(t, d, browser(room, token)), join(t, d, browser(room, token))
		// The budget of a minute lets all be sent twice, but not all at once.
		for deadline := time.Now().Add(2 * time.Minute); len(acked) < burst && time.Now().Before(deadline); {
			sent := 0
			for clientID, frame := range frames {
				if _, known := acked[clientID]; known || sent == 10 {
					continue
				}
				second.send(t, frame)
				if sent%2 == 0 {
					third.send(t, frame)
				}
				sent++
			}
			time.Sleep(5 * time.Second)
			collect(second)
			collect(third)
		}
		if len(acked) != burst {
			t.Fatalf("%d messages were acknowledged, want %d", len(acked), burst)
		}

		reader := join(t, d, browser(room, own.token(t, "reads-"+randomHex(3), time.Hour, nil)))
		page := reader.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory, Limit: protocol.MaxHistoryLimit}, protocol.TypeHistory)
		var stored []string
		for _, m := range page.Messages {
			stored = append(stored, m.ID)
			if acked[m.ClientID] != m.ID {
				t.Errorf("%s is stored as %s and was acknowledged as %s", m.ClientID, m.ID, acked[m.ClientID])
			}
		}
		if len(stored) != burst {
			t.Errorf("the history has %d messages, want %d", len(stored), burst)
		}
		eventually(t, "who listened has got all", func() bool { return len(b.heard()) >= burst })
		heard := b.heard()
		slices.Sort(heard)
		if !slices.Equal(heard, stored) {
			t.Errorf("heard %v, the history has %v", heard, stored)
		}
		if again, _ := b.state(); again == 0 {
			t.Error("who listened was never cut")
		}
	})
}
