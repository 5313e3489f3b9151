package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
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
}
