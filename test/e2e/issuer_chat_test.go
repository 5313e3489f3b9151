package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/issuer"
)

// TestOwnIssuer deploys the example external-idp with an issuer that the test holds the key of,
// for tokens that no real issuer would sign.
func TestOwnIssuer(t *testing.T) {
	localOnly(t, "AWS cannot reach an issuer on this machine's loopback")
	own := newIssuer(t)
	d := deploy(t, "examples/external-idp", map[string]any{
		"issuer": own.URL, "jwks_uri": own.KeysURL, "audiences": []string{issuer.Audience}, "token_type_check": "typ",
		"rooms": map[string]any{"claim": roomsClaim},
	})

	t.Run("a second plan is empty", d.planIsEmpty)
	t.Run("Checkov finds just what is skipped with a reason", d.checkov)
	d.ownIssuer(t, own)
	d.nobodyMissesAnything(t, own)
	t.Run("each grant is used, and covers just what is done", d.everyGrantIsUsed)
}

// ownIssuer are the cases that need tokens which no real issuer would sign.
func (d *deployment) ownIssuer(t *testing.T, own ownIssuer) {
	t.Run("a token of any OIDC issuer is good", func(t *testing.T) {
		a := join(t, d, browser(room(t), own.token(t, "alice", time.Hour, nil)))
		a.say(t, "hello")
	})

	for name, changes := range map[string]map[string]any{
		"expired":                {"exp": time.Now().Add(-time.Second).Unix()},
		"without an expiry":      {"exp": nil},
		"not yet valid":          {"nbf": time.Now().Add(time.Hour).Unix()},
		"of another audience":    {"aud": "somebody-else"},
		"without an audience":    {"aud": nil},
		"of an issuer alike":     {"iss": own.URL + "/"},
		"with an empty subject":  {"sub": ""},
		"with a numeric subject": {"sub": 7},
	} {
		t.Run("a token "+name+" is refused", func(t *testing.T) {
			refused(t, d, browser(room(t), own.token(t, "alice", time.Hour, changes)), http.StatusUnauthorized)
		})
	}

	t.Run("a claim says which rooms a user may enter", func(t *testing.T) {
		name := room(t)
		alice := own.token(t, "alice", time.Hour, map[string]any{roomsClaim: []string{name + "-team-*", name + "-news:read"}})
		bob := join(t, d, browser(name+"-news", own.token(t, "bob", time.Hour, nil)))
		join(t, d, browser(name+"-team-a", alice)).say(t, "hello, team")
		refused(t, d, browser(name, alice), http.StatusForbidden)
		refused(t, d, browser(name, own.token(t, "alice", time.Hour, map[string]any{roomsClaim: nil})), http.StatusForbidden)
		refused(t, d, browser(name, own.token(t, "alice", time.Hour, map[string]any{roomsClaim: map[string]any{name: true}})), http.StatusForbidden)

		reader := join(t, d, browser(name+"-news", alice))
		reader.fails(t, `{"action":"sendMessage","clientId":"x","text":"x"}`, protocol.CodeForbidden)
		bob.say(t, "the news")
		reader.next(t, protocol.TypeMessage)
		if history := reader.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory}, protocol.TypeHistory); len(history.Messages) != 1 {
			t.Fatalf("history %s", history.raw)
		}
	})

	t.Run("a listener whose token ends hears nothing more and is closed", func(t *testing.T) {
		room := room(t)
		a := join(t, d, browser(room, own.token(t, "alice", time.Hour, nil)))
		b := join(t, d, browser(room, own.token(t, "bob", 4*time.Second, nil)))
		a.say(t, "in time")
		b.next(t, protocol.TypeMessage)
		time.Sleep(4500 * time.Millisecond)
		a.say(t, "too late")
		select {
		case <-b.closed:
		case <-time.After(wait):
			t.Fatal("the connection stays open")
		}
		b.hearsNothing(t)
		if members := a.ask(t, protocol.MembersRequest{Action: protocol.ActionMembers}, protocol.TypeMembers); len(members.Members) != 1 {
			t.Fatalf("members %s", members.raw)
		}
	})

	t.Run("who is refused too often is told so, closed, and has to wait", func(t *testing.T) {
		const allowed = 30 // the default of rate_limit.refusals_per_minute
		var token string
		// A machine may be so slow that the wait is over before the next handshake
		// arrives: then once more, as another user.
		for tries := 1; ; tries++ {
			token = own.token(t, "mallory-"+randomHex(3), time.Hour, nil)
			a := join(t, d, browser(room(t), token))
			var over time.Time
			for n := 0; ; n++ {
				a.send(t, "nonsense")
				sent := time.Now()
				f := a.next(t, protocol.TypeError)
				if f.Code == protocol.CodeRateLimited {
					if n < allowed || f.RetryAfter <= 0 {
						t.Fatalf("after %d refusals: %s", n, f.raw)
					}
					over = sent.Add(time.Duration(f.RetryAfter) * time.Millisecond)
					break
				}
				if f.Code != protocol.CodeBadRequest || n > 4*allowed {
					t.Fatalf("after %d refusals: %s", n, f.raw)
				}
			}
			select {
			case <-a.closed:
			case <-time.After(wait):
				t.Fatal("the connection stays open")
			}
			conn, res, err := dial(t, d, browser(room(t), token))
			if err == nil {
				_ = conn.CloseNow()
			}
			if statusOf(res) == http.StatusTooManyRequests {
				break
			}
			if tries == 5 || time.Now().Before(over) {
				t.Fatalf("status %d (%v) at try %d, want %d", statusOf(res), err, tries, http.StatusTooManyRequests)
			}
			t.Log("the wait was over before the handshake was")
		}
		eventually(t, "who waits may come back", func() bool {
			conn, _, err := dial(t, d, browser(room(t), token))
			if err == nil {
				_ = conn.CloseNow()
			}
			return err == nil
		})
	})

	t.Run("a message after the token's end is refused and the connection closed", func(t *testing.T) {
		room := room(t)
		a := join(t, d, browser(room, own.token(t, "alice", 4*time.Second, nil)))
		b := join(t, d, browser(room, own.token(t, "bob", time.Hour, nil)))
		a.say(t, "in time")
		b.next(t, protocol.TypeMessage)
		time.Sleep(4500 * time.Millisecond)
		a.fails(t, `{"action":"sendMessage","clientId":"late","text":"too late"}`, protocol.CodeTokenExpired)
		select {
		case <-a.closed:
		case <-time.After(wait):
			t.Fatal("the connection stays open")
		}
		if a.code != websocket.StatusNormalClosure {
			t.Fatalf("close code %d, want %d", a.code, websocket.StatusNormalClosure)
		}
		b.hearsNothing(t)
	})

	t.Run("a connection that ends is forgotten", func(t *testing.T) {
		room := room(t)
		dora := "dora-" + randomHex(3)
		a := join(t, d, browser(room, own.token(t, dora, time.Hour, nil)))
		a.ask(t, protocol.Ping{Action: protocol.ActionPing}, protocol.TypePong)
		table := dynamodb.NewFromConfig(d.aws)
		rows := func(pk string) int {
			found, err := table.Query(t.Context(), &dynamodb.QueryInput{
				TableName: &d.ConnectionsTable, KeyConditionExpression: ptr("pk = :pk"),
				ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":pk": &dynamodbtypes.AttributeValueMemberS{Value: pk}},
			})
			if err != nil {
				t.Fatal(err)
			}
			return len(found.Items)
		}
		if rows("room#"+room) != 1 || rows("user#"+dora) != 1 {
			t.Fatal("the connection is not in the table")
		}
		a.leave()
		eventually(t, "the rows of the connection are deleted", func() bool { return rows("room#"+room) == 0 && rows("user#"+dora) == 0 })
	})

	t.Run("a user who is banned can neither speak nor come back", func(t *testing.T) {
		mallory := "mallory-" + randomHex(3)
		token := own.token(t, mallory, time.Hour, nil)
		a := join(t, d, browser(room(t), token))
		table := dynamodb.NewFromConfig(d.aws)
		if _, err := table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &d.ConnectionsTable, Item: map[string]dynamodbtypes.AttributeValue{
			"pk":           &dynamodbtypes.AttributeValueMemberS{Value: "user#" + mallory},
			"sk":           &dynamodbtypes.AttributeValueMemberS{Value: "state"},
			"revokedUntil": &dynamodbtypes.AttributeValueMemberN{Value: fmt.Sprint(time.Now().Add(time.Hour).Unix())},
			"expiry":       &dynamodbtypes.AttributeValueMemberN{Value: fmt.Sprint(time.Now().Add(time.Hour).Unix())},
		}}); err != nil {
			t.Fatal(err)
		}
		a.fails(t, `{"action":"sendMessage","clientId":"x","text":"x"}`, protocol.CodeForbidden)
		select {
		case <-a.closed:
		case <-time.After(wait):
			t.Fatal("the connection stays open")
		}
		refused(t, d, browser(room(t), token), http.StatusForbidden)
	})
}
