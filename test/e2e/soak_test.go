package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/issuer"
)

const (
	soakTime    = "PORTCULLIS_SOAK"         // how long, such as 10m; unset is not at all
	soakSockets = "PORTCULLIS_SOAK_SOCKETS" // how many

	soakRooms = 10
	// pace is between the messages of one user: 200 users make five a second,
	// each of which reaches 19 others.
	pace = 40 * time.Second
	// life is how long a token of the soak is valid, so that every client has
	// to renew its connection on the way.
	life = 3 * time.Minute
	// settle is how long the books have to balance once all is said and the
	// faults have ended. A message that a function stored before it died is found
	// when a client renews its connection, or looks into the history by itself.
	settle = life + time.Minute
)

// TestSoak lets many people talk for a while in a chat where things fail and
// people come and go, and then balances the books: every message that was
// acknowledged is in the history, once, and everybody who stayed has got it,
// once.
func TestSoak(t *testing.T) {
	if os.Getenv(soakTime) == "" {
		t.Skip("takes as long as " + soakTime + " says, such as 10m: see make soak")
	}
	localOnly(t, "faults are injected into the local stack")
	long, err := time.ParseDuration(os.Getenv(soakTime))
	if err != nil {
		t.Fatal(err)
	}
	sockets := 200
	if text := os.Getenv(soakSockets); text != "" {
		if _, err := fmt.Sscan(text, &sockets); err != nil {
			t.Fatal(err)
		}
	}
	own := newIssuer(t)
	d := deploy(t, "examples/external-idp", map[string]any{
		"issuer": own.URL, "jwks_uri": own.KeysURL, "audiences": []string{issuer.Audience}, "token_type_check": "typ",
	})
	s := &soak{deployment: d, issuer: own, rooms: make([]string, soakRooms), acked: map[string]sent{}, unsaid: map[string]int{}}
	for i := range s.rooms {
		s.rooms[i] = "soak-" + randomHex(4)
	}

	talking, stop := context.WithTimeout(t.Context(), long)
	defer stop()
	var people, churn sync.WaitGroup
	for n := range sockets {
		people.Go(func() { s.stay(t, talking, n) })
		time.Sleep(100 * time.Millisecond) // below the throttle of $connect
	}
	churn.Go(func() { s.comeAndGo(t, talking) })
	broken := faults.NewClient(os.Getenv("AWS_ENDPOINT_URL"))
	happened := s.fail(t, talking, broken)
	if err := broken.Clear(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	churn.Wait()
	people.Wait()

	t.Logf("%d sockets for %v: %d messages acknowledged, %d came and went, %d connections again, %d messages by repair",
		sockets, long, len(s.acked), s.visits, s.again, s.repaired)
	for _, what := range slices.Sorted(maps.Keys(happened)) {
		t.Logf("fault %s: %d times", what, happened[what])
		if happened[what] == 0 && long >= 2*time.Minute {
			t.Errorf("the fault %s never happened", what)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(s.unsaid)) {
		t.Logf("not acknowledged: %s: %d times", why, s.unsaid[why])
	}
	// A busy machine gets less done, and loses nothing of it.
	if len(s.acked) < sockets {
		t.Errorf("only %d messages were acknowledged", len(s.acked))
	}
	s.balance(t)
}

// sent is a message that was acknowledged.
type sent struct {
	room, sub, html string
}

type soak struct {
	*deployment
	issuer ownIssuer
	rooms  []string

	mu       sync.Mutex
	acked    map[string]sent // by message id
	stayed   []*guest
	unsaid   map[string]int // messages that were not acknowledged, by the reason
	visits   int
	again    int // connections after the first one of a client
	repaired int // messages that came by the history
}

// guest is a client and what it got.
type guest struct {
	room, sub string
	client    *chatclient.Client

	mu   sync.Mutex
	from string         // a message id: what is greater was said after it had come
	got  map[string]int // how often, by message id
}

// tokens signs a new token whenever one is stale.
type tokens struct {
	t      *testing.T
	issuer ownIssuer
	sub    string
}

func (k tokens) Token(context.Context, string) (string, error) {
	return k.issuer.token(k.t, k.sub, life, nil), nil
}

// enter lets a guest into a room and keeps the books of what it gets.
func (s *soak) enter(t *testing.T, ctx context.Context, room, sub string) (*guest, error) {
	t.Helper()
	client, err := chatclient.Dial(ctx, chatclient.Options{URL: s.URL, Room: room, Tokens: tokens{t, s.issuer, sub}, Origin: allowedOrigin})
	if err != nil {
		return nil, err
	}
	g := &guest{room: room, sub: sub, client: client, got: map[string]int{}}
	go func() {
		for event := range client.Events() {
			switch e := event.(type) {
			case chatclient.Message:
				g.mu.Lock()
				g.got[e.ID]++
				g.mu.Unlock()
				if e.Past {
					s.count(&s.repaired)
				}
			case chatclient.CaughtUp:
				g.mu.Lock()
				if g.from == "" {
					// A message of this very moment may be on either side.
					g.from = idAt(time.Now().Add(5 * time.Second))
				}
				g.mu.Unlock()
			case chatclient.Connected:
				if e.Again {
					s.count(&s.again)
				}
			}
		}
	}()
	return g, nil
}

// idAt is the least message id of a time.
func idAt(at time.Time) string {
	var id ulid.ULID
	if err := id.SetTime(ulid.Timestamp(at)); err != nil {
		panic(err)
	}
	return id.String()
}

func (s *soak) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

// say sends one message and notes what became of it.
func (s *soak) say(ctx context.Context, g *guest, text string) {
	ack, err := g.client.Send(ctx, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		why := err.Error()
		var refused *chatclient.Refused
		if errors.As(err, &refused) {
			why = string(refused.Code)
		}
		s.unsaid[why]++
		return
	}
	s.acked[ack.ID] = sent{g.room, g.sub, ack.HTML}
}

// stay is somebody who stays to the end.
func (s *soak) stay(t *testing.T, ctx context.Context, n int) {
	room, sub := s.rooms[n%soakRooms], fmt.Sprintf("stays-%d", n)
	var g *guest
	for g == nil && ctx.Err() == nil {
		var err error
		if g, err = s.enter(t, ctx, room, sub); err != nil {
			time.Sleep(time.Second) // an outage of ours, or of the faults
		}
	}
	if g == nil {
		t.Errorf("%s never came in", sub)
		return
	}
	s.mu.Lock()
	s.stayed = append(s.stayed, g)
	s.mu.Unlock()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pace/2 + rand.N(pace)):
		}
		// The last messages are given the time that an answer needs.
		sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		s.say(sending, g, fmt.Sprintf("message %d of %s", i, sub))
		cancel()
	}
}

// comeAndGo are people who stay for moments, some without a word at the end.
func (s *soak) comeAndGo(t *testing.T, ctx context.Context) {
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
		visit, cancel := context.WithTimeout(ctx, 20*time.Second)
		if g, err := s.enter(t, visit, s.rooms[i%soakRooms], fmt.Sprintf("visits-%d", i)); err == nil {
			s.say(visit, g, "just looking in")
			_ = g.client.Close()
			s.count(&s.visits)
		}
		cancel()
	}
}

// fail lets things fail, one after the other, until ctx ends, and returns how
// often each did.
func (s *soak) fail(t *testing.T, ctx context.Context, client *faults.Client) map[string]int {
	db := dynamodb.NewFromConfig(s.aws)
	function := s.FunctionNames["message"]
	kinds := []struct {
		name  string
		fault func() faults.Fault
	}{
		{"a throttled write of a message", func() faults.Fault {
			return faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "PutItem", Kind: faults.Throttle, Count: 4}
		}},
		{"a connection that is cut", func() faults.Fault {
			return faults.Fault{Type: faults.Cut, Connection: s.someConnection(t, db)}
		}},
		{"posts that fail", func() faults.Fault {
			return faults.Fault{Type: faults.AWS, Service: "execute-api", Operation: "PostToConnection", Kind: faults.Fail, Probability: 0.3, Seed: rand.Uint64(), Count: 20}
		}},
		{"a function that dies", func() faults.Fault {
			return faults.Fault{Type: faults.SandboxKill, Function: function, Count: 1}
		}},
		{"a charge that is slow", func() faults.Fault {
			return faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "UpdateItem", Kind: faults.Delay, Delay: faults.Duration(time.Second), Count: 3}
		}},
		{"a connection that is cut, and its $disconnect lost", func() faults.Fault {
			if _, err := client.Add(ctx, faults.Fault{Type: faults.LoseDisconnect, API: s.APIID, Count: 1}); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			return faults.Fault{Type: faults.Cut, Connection: s.someConnection(t, db)}
		}},
		{"posts that hang", func() faults.Fault {
			return faults.Fault{Type: faults.AWS, Service: "execute-api", Operation: "PostToConnection", Kind: faults.Hang, Probability: 0.1, Seed: rand.Uint64(), Count: 3}
		}},
	}
	added := map[string][]string{}
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
		case <-time.After(4 * time.Second):
			kind := kinds[i%len(kinds)]
			listed, err := client.Add(ctx, kind.fault())
			if err != nil {
				if ctx.Err() == nil {
					t.Logf("%s: %v", kind.name, err) // the connection has just ended by itself
				}
				continue
			}
			added[kind.name] = append(added[kind.name], listed.ID)
		}
	}
	happened := map[string]int{}
	for _, kind := range kinds {
		happened[kind.name] = 0
		for _, id := range added[kind.name] {
			if listed, err := client.Get(context.WithoutCancel(ctx), id); err == nil {
				happened[kind.name] += listed.Happened
			}
		}
	}
	return happened
}

// someConnection is the id of a connection that is in one of the rooms.
func (s *soak) someConnection(t *testing.T, db *dynamodb.Client) string {
	for range 20 {
		found, err := db.Query(context.WithoutCancel(t.Context()), &dynamodb.QueryInput{
			TableName: &s.ConnectionsTable, KeyConditionExpression: ptr("pk = :pk"), ProjectionExpression: ptr("sk"),
			ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{
				":pk": &dynamodbtypes.AttributeValueMemberS{Value: "room#" + s.rooms[rand.N(soakRooms)]},
			},
		})
		if err != nil {
			t.Error(err)
			return ""
		}
		if len(found.Items) > 0 {
			if id, ok := found.Items[rand.N(len(found.Items))]["sk"].(*dynamodbtypes.AttributeValueMemberS); ok {
				return id.Value
			}
		}
	}
	return ""
}

// balance compares what was acknowledged with the history and with what
// everybody got.
func (s *soak) balance(t *testing.T) {
	history := map[string]sent{}
	for _, room := range s.rooms {
		reader := join(t, s.deployment, native(room, s.issuer.token(t, "reader-"+randomHex(3), time.Hour, nil)))
		clientIDs := map[string]string{}
		for _, m := range s.wholeHistory(t, reader) {
			if _, twice := history[m.ID]; twice {
				t.Errorf("%s is in the history twice", m.ID)
			}
			history[m.ID] = sent{m.Room, m.User.ID, m.HTML}
			if other := clientIDs[m.User.ID+"/"+m.ClientID]; other != "" {
				t.Errorf("%s and %s are the same message of %s", other, m.ID, m.User.ID)
			}
			clientIDs[m.User.ID+"/"+m.ClientID] = m.ID
		}
		reader.leave()
	}
	for id, message := range s.acked {
		if history[id] != message {
			t.Errorf("%s was acknowledged as %+v, and the history has %+v", id, message, history[id])
		}
	}
	t.Logf("the history has %d messages, %d of which were not acknowledged", len(history), len(history)-len(s.acked))

	deadline := time.Now().Add(settle)
	for _, g := range s.stayed {
		for {
			missing, twice := g.missing(s.acked)
			if len(twice) > 0 {
				t.Errorf("%s got %d messages twice: %v", g.sub, len(twice), twice)
				break
			}
			if len(missing) == 0 {
				break
			}
			if err := g.client.Err(); err != nil && !errors.Is(err, chatclient.ErrClosed) {
				t.Errorf("%s has ended: %v", g.sub, err)
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%s lacks %d messages: %v", g.sub, len(missing), missing[:min(len(missing), 5)])
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		_ = g.client.Close()
	}
}

// missing returns what was said in the guest's room while it was there, and is
// not among what it got; and what it got more than once.
func (g *guest) missing(acked map[string]sent) (missing, twice []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, message := range acked {
		if message.room == g.room && g.from != "" && id > g.from && g.got[id] == 0 {
			missing = append(missing, id)
		}
	}
	for id, times := range g.got {
		if times > 1 {
			twice = append(twice, id)
		}
	}
	return missing, twice
}

// wholeHistory reads a room's history page by page.
func (s *soak) wholeHistory(t *testing.T, m *member) []protocol.Message {
	t.Helper()
	var all []protocol.Message
	before := ""
	for {
		page := m.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory, Before: before, Limit: protocol.MaxHistoryLimit}, protocol.TypeHistory)
		all = append(page.Messages, all...)
		if before = page.Next; before == "" {
			return all
		}
	}
}
