// Package e2e_test deploys the examples and talks to them as their clients do:
// on the local stack, or on AWS with PORTCULLIS_TARGET=aws and an account in
// the environment. The tests know nothing of what runs behind the URL.
package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

func TestMinimal(t *testing.T) {
	d := deploy(t, "examples/minimal", cognitoEndpoint())
	alice, bob := d.newUser(t, "alice"), d.newUser(t, "bob")

	t.Run("a second plan is empty", func(t *testing.T) {
		if code := terraform.PlanExitCodeContext(t, t.Context(), d.options); code != terraform.DefaultSuccessExitCode {
			plan, err := terraform.PlanContextE(t, t.Context(), d.options)
			t.Fatalf("exit code %d, want %d: %v\n%s", code, terraform.DefaultSuccessExitCode, err, plan)
		}
	})

	t.Run("two users talk", func(t *testing.T) {
		room := room(t)
		a, b := join(t, d, browser(room, alice.access)), join(t, d, native(room, bob.access))
		ack := a.say(t, `<b>hello</b> & "good day"`)
		heard := b.next(t, protocol.TypeMessage)
		if heard.ID != ack.ID || heard.HTML != ack.HTML || heard.Room != room || heard.SentAt != ack.SentAt || heard.ClientID != ack.ClientID {
			t.Fatalf("heard %s, acknowledged %s", heard.raw, ack.raw)
		}
		if want := `&lt;b&gt;hello&lt;/b&gt; &amp; &#34;good day&#34;`; heard.HTML != want {
			t.Fatalf("html %q, want %q", heard.HTML, want)
		}
		if sub := claim(t, alice.access, "sub"); heard.User.ID != sub {
			t.Fatalf("the sender is %q, want the token's sub %q", heard.User.ID, sub)
		}
		b.say(t, "and to you")
		if back := a.next(t, protocol.TypeMessage); back.HTML != "and to you" {
			t.Fatalf("heard %s", back.raw)
		}
		a.nothing(t, protocol.TypeMessage) // one's own message comes as its ack only
	})

	t.Run("rooms are apart", func(t *testing.T) {
		a, b := join(t, d, browser(room(t), alice.access)), join(t, d, browser(room(t), bob.access))
		a.say(t, "only here")
		b.nothing(t, protocol.TypeMessage)
	})

	t.Run("a latecomer reads the history in pages", func(t *testing.T) {
		room := room(t)
		a := join(t, d, browser(room, alice.access))
		var ids []string
		for i := range 5 {
			ids = append(ids, a.say(t, fmt.Sprint("message ", i)).ID)
		}
		b := join(t, d, browser(room, bob.access))
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
		a, b := join(t, d, browser(room, alice.access)), join(t, d, browser(room, bob.access))
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
		a, b := join(t, d, browser(room, alice.access)), join(t, d, browser(room, bob.access))
		message := protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: "once-" + randomHex(4), Text: "once"}
		first := a.ask(t, message, protocol.TypeAck)
		second := a.ask(t, message, protocol.TypeAck)
		if first.ID != second.ID || first.SentAt != second.SentAt || first.HTML != second.HTML {
			t.Fatalf("acknowledged %s, then %s", first.raw, second.raw)
		}
		b.next(t, protocol.TypeMessage)
		b.nothing(t, protocol.TypeMessage)
		if history := b.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory}, protocol.TypeHistory); len(history.Messages) != 1 {
			t.Fatalf("history %s", history.raw)
		}
	})

	t.Run("a ping is answered", func(t *testing.T) {
		a := join(t, d, browser(room(t), alice.access))
		if pong := a.ask(t, protocol.Ping{Action: protocol.ActionPing}, protocol.TypePong); pong.raw != `{"type":"pong"}` {
			t.Fatalf("pong %q", pong.raw)
		}
	})

	t.Run("the answer to the handshake names chat.v1 and never the token", func(t *testing.T) {
		conn, res, err := dial(t, d, browser(room(t), alice.access))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		if got := res.Header.Values("Sec-WebSocket-Protocol"); !slices.Equal(got, []string{protocol.Subprotocol}) {
			t.Fatalf("Sec-WebSocket-Protocol %q", got)
		}
		for name, values := range res.Header {
			if strings.Contains(strings.Join(values, " "), alice.access) {
				t.Fatalf("the header %s has the token", name)
			}
		}
	})

	t.Run("refused handshakes", func(t *testing.T) {
		d.refusals(t, alice)
	})

	t.Run("a room cannot be changed after connect", func(t *testing.T) {
		here, there := room(t), room(t)
		a, b := join(t, d, browser(here, alice.access)), join(t, d, browser(there, bob.access))
		a.fails(t, encode(t, map[string]string{"action": "sendMessage", "clientId": "x", "text": "x", "room": there}), protocol.CodeBadRequest)
		a.fails(t, encode(t, map[string]string{"action": "history", "room": there}), protocol.CodeBadRequest)
		a.say(t, "in my own room")
		b.nothing(t, protocol.TypeMessage)
		if history := b.ask(t, protocol.HistoryRequest{Action: protocol.ActionHistory}, protocol.TypeHistory); len(history.Messages) != 0 {
			t.Fatalf("history %s", history.raw)
		}
	})

	t.Run("frames that are refused say why, and the connection stays", func(t *testing.T) {
		a := join(t, d, browser(room(t), alice.access))
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
		a, b := join(t, d, browser(room, alice.access)), join(t, d, browser(room, bob.access))
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
		carol := d.newUser(t, "carol")
		const allowed, tried = 5, 12 // the default of max_connections_per_user
		type outcome struct {
			conn   *websocket.Conn
			status int
		}
		outcomes := make(chan outcome)
		for range tried {
			go func() {
				conn, res, _ := dial(t, d, browser("crowd", carol.access))
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
			conn, _, err := dial(t, d, browser("crowd", carol.access))
			if err == nil {
				_ = conn.CloseNow()
			}
			return err == nil
		})
	})

	t.Run("the functions log, and no log has a token or a text", func(t *testing.T) {
		d.logsAreClean(t, alice, bob)
	})

	t.Run("destroy leaves nothing", func(t *testing.T) {
		terraform.DestroyContext(t, t.Context(), d.options)
		d.nothingIsLeft(t)
	})
}

// refusals are the handshakes that must fail, each with its status.
func (d *deployment) refusals(t *testing.T, u *user) {
	foreign := newIssuer(t)
	otherClient := d.newClient(t)
	cases := []struct {
		name   string
		change func(o *offer)
		status int
	}{
		{"without a token", func(o *offer) { o.subprotocols = o.subprotocols[:1] }, http.StatusUnauthorized},
		{"without subprotocols", func(o *offer) { o.subprotocols = nil }, http.StatusUnauthorized},
		{"with garbage for a token", bearer("garbage"), http.StatusUnauthorized},
		{"with a token whose signature is changed", bearer(flipSignature(u.access)), http.StatusUnauthorized},
		{"with a token of another issuer", bearer(foreign.token(t, "mallory", time.Hour, nil)), http.StatusUnauthorized},
		{"with a token that only says it is of this issuer", bearer(foreign.token(t, "mallory", time.Hour, map[string]any{
			"iss": d.Issuer, "client_id": d.UserPoolClientID, "token_use": "access",
		})), http.StatusUnauthorized},
		{"with a token of another app client", bearer(d.signIn(t, u, otherClient)), http.StatusUnauthorized},
		{"with an ID token", bearer(d.idToken(t, u)), http.StatusUnauthorized},
		{"with two tokens", func(o *offer) { o.header.Set("Authorization", "Bearer "+u.access) }, http.StatusUnauthorized},
		{"with the token in the query", func(o *offer) { o.query += "&token=" + u.access; o.subprotocols = o.subprotocols[:1] }, http.StatusUnauthorized},
		{"with a second token in the query", func(o *offer) { o.query += "&access_token=" + u.access }, http.StatusUnauthorized},
		{"from a page of another origin", func(o *offer) { o.header.Set("Origin", "https://evil.example.com") }, http.StatusForbidden},
		{"from an origin that begins with the allowed one", func(o *offer) { o.header.Set("Origin", allowedOrigin+".evil.example.com") }, http.StatusForbidden},
		{"from a sandboxed page", func(o *offer) { o.header.Set("Origin", "null") }, http.StatusForbidden},
		{"without a room", func(o *offer) { o.query = "" }, http.StatusForbidden},
		{"to a room that cannot be", func(o *offer) { o.query = "?room=No%20Room" }, http.StatusForbidden},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := browser(room(t), u.access)
			c.change(&o)
			refused(t, d, o, c.status)
		})
	}
}

// bearer offers another token.
func bearer(token string) func(*offer) {
	return func(o *offer) { o.subprotocols[1] = protocol.BearerPrefix + token }
}

// flipSignature changes one bit of a token's signature.
func flipSignature(token string) string {
	i := strings.LastIndexByte(token, '.') + 10
	replacement := byte('A')
	if token[i] == 'A' {
		replacement = 'B'
	}
	return token[:i] + string(replacement) + token[i+1:]
}

// claim reads a claim of a token without checking it.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	claims := map[string]any{}
	payload := strings.Split(token, ".")[1]
	if err := json.Unmarshal(decodeSegment(t, payload), &claims); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(claims[name])
}

// newClient adds an app client to the pool, as another application would have.
func (d *deployment) newClient(t *testing.T) string {
	t.Helper()
	pool := cognito.NewFromConfig(d.aws)
	name := "another application"
	made, err := pool.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
		UserPoolId: &d.UserPoolID, ClientName: &name,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *made.UserPoolClient.ClientId
}

// idToken signs a user in and returns the ID token, which clients of the chat
// have no use for: it is taken from Cognito's answer on its way to the sign-in.
func (d *deployment) idToken(t *testing.T, u *user) string {
	t.Helper()
	cognitoURL := os.Getenv("AWS_ENDPOINT_URL")
	if onAWS {
		cognitoURL = "https://cognito-idp." + region + ".amazonaws.com"
	}
	upstream, err := url.Parse(cognitoURL)
	if err != nil {
		t.Fatal(err)
	}
	var token string
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		ModifyResponse: func(res *http.Response) error {
			body, err := readAll(res)
			if err != nil {
				return err
			}
			var answer struct {
				AuthenticationResult struct{ IdToken string } //nolint:revive // Cognito's name
			}
			if json.Unmarshal(body, &answer) == nil && answer.AuthenticationResult.IdToken != "" {
				token = answer.AuthenticationResult.IdToken
			}
			return nil
		},
	})
	defer proxy.Close()
	t.Setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", proxy.URL)
	d.signIn(t, u, d.UserPoolClientID)
	if token == "" || claim(t, token, "token_use") != "id" {
		t.Fatal("no ID token was seen")
	}
	return token
}

// logsAreClean reads every log of the deployment.
func (d *deployment) logsAreClean(t *testing.T, users ...*user) {
	a := join(t, d, browser(room(t), users[0].access))
	canary := "canary" + randomHex(12)
	a.say(t, canary)
	logs := cloudwatchlogs.NewFromConfig(d.aws)
	secrets := []string{canary}
	for _, u := range users {
		secrets = append(secrets, u.access, u.access[strings.LastIndexByte(u.access, '.')+1:], u.password)
	}
	for _, name := range []string{"authorizer", "connect", "disconnect", "message", "access"} {
		group := d.LogGroupNames[name]
		var lines []string
		eventually(t, "the log group "+group+" has lines", func() bool {
			lines = d.lines(t, logs, group)
			return len(lines) > 0
		})
		for _, line := range lines {
			for _, secret := range secrets {
				if strings.Contains(line, secret) {
					t.Errorf("the log group %s has a secret in: %s", group, strings.ReplaceAll(line, secret, "***"))
				}
			}
		}
	}
}

func (d *deployment) lines(t *testing.T, logs *cloudwatchlogs.Client, group string) []string {
	t.Helper()
	var lines []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range page.Events {
			lines = append(lines, *event.Message)
		}
	}
	return lines
}
