package e2e_test

import (
	"context"
	"errors"
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
	again    int // connections after the first
	lost     int // times without any
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

	t.Run("sockets that are cut in a burst lose nothing that was acknowledged", func(t *testing.T) {
		localOnly(t, "connections are cut by the local stack")
		room := room(t)
		stack, db := broken{faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))}, dynamodb.NewFromConfig(d.aws)
		defer stack.clear(t)
		talker, hearer := "talks-"+randomHex(3), "hears-"+randomHex(3)
		a, b := d.listen(t, own, room, talker, time.Hour), d.listen(t, own, room, hearer, time.Hour)
		eventually(t, "both are there", func() bool { return len(d.rows(t, db, "room#"+room)) == 2 })

		const burst = 30 // within the budget of a minute, with some sent again
		var sending sync.WaitGroup
		var mu sync.Mutex
		acked := map[string]bool{}
		for i := range burst {
			sending.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				ack, err := a.Send(ctx, fmt.Sprint("message ", i))
				// A burst may be faster than one user's row takes it: then the
				// message is refused and not stored, and may be sent anew.
				var refused *chatclient.Refused
				for errors.As(err, &refused) && refused.Code == protocol.CodeRateLimited && !errors.Is(err, chatclient.ErrUnanswered) && ctx.Err() == nil {
					time.Sleep(refused.RetryAfter)
					ack, err = a.Send(ctx, fmt.Sprint("message ", i))
				}
				if err != nil {
					t.Errorf("message %d: %v", i, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				acked[ack.ID] = true
			})
			switch i {
			case burst / 4:
				stack.add(t, faults.Fault{Type: faults.Cut, Connection: d.connectionOf(t, db, room, hearer)})
			case burst / 2:
				stack.add(t, faults.Fault{Type: faults.Cut, Connection: d.connectionOf(t, db, room, talker)})
			}
		}
		sending.Wait()
		if len(acked) != burst {
			t.Errorf("%d messages were acknowledged, want %d", len(acked), burst)
		}
		reader := join(t, d, browser(room, own.token(t, "reads-"+randomHex(3), time.Hour, nil)))
		var stored []string
		page := reader.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory, Limit: protocol.MaxHistoryLimit}, protocol.TypeHistory)
		for _, m := range page.Messages {
			stored = append(stored, m.ID)
		}
		if len(stored) != burst {
			t.Errorf("the history has %d messages, want %d", len(stored), burst)
		}
		for name, l := range map[string]*listener{"who spoke": a, "who listened": b} {
			eventually(t, name+" has got all", func() bool { return len(l.heard()) >= burst })
			heard := l.heard()
			slices.Sort(heard)
			if !slices.Equal(heard, stored) {
				t.Errorf("%s got %v, the history has %v", name, heard, stored)
			}
			if again, _ := l.state(); again == 0 {
				t.Errorf("%s was never cut", name)
			}
		}
	})
}
