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
	"github.com/gruntwork-io/terratest/modules/terraform"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chat"
)

func TestMinimal(t *testing.T) {
	d := deploy(t, "examples/minimal", cognitoEndpoint())
	alice, bob := d.newUser(t, "alice"), d.newUser(t, "bob")

	t.Run("a second plan is empty", d.planIsEmpty)
	t.Run("Checkov finds just what is skipped with a reason", d.checkov)

	c := cast{alice: alice.Access, bob: bob.Access, newcomer: func(t *testing.T) string { return d.newUser(t, "carol").Access }}
	d.conversations(t, c)

	t.Run("when things fail", func(t *testing.T) {
		d.whenThingsFail(t, c)
	})
	t.Run("when a dependency fails", func(t *testing.T) {
		d.whenDependenciesFail(t, c)
	})

	t.Run("the answer to the handshake names chat.v1 and never the token", func(t *testing.T) {
		conn, res, err := dial(t, d, browser(room(t), alice.Access))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		if got := res.Header.Values("Sec-WebSocket-Protocol"); !slices.Equal(got, []string{protocol.Subprotocol}) {
			t.Fatalf("Sec-WebSocket-Protocol %q", got)
		}
		for name, values := range res.Header {
			if strings.Contains(strings.Join(values, " "), alice.Access) {
				t.Fatalf("the header %s has the token", name)
			}
		}
	})

	t.Run("refused handshakes", func(t *testing.T) {
		d.refusals(t, alice)
	})

	t.Run("an operator", func(t *testing.T) {
		d.operating(t, d.newUser(t, "mallory").Access)
	})

	t.Run("the functions measure themselves", d.measured)

	t.Run("the functions log, and no log has a token or a text", func(t *testing.T) {
		d.logsAreClean(t, alice, bob)
	})

	// Last, as it leaves the throttle's bucket empty.
	t.Run("a flood of handshakes is throttled", func(t *testing.T) {
		const tried = 200 // the default throttle of $connect lets 40 through at once
		statuses := make(chan int)
		for range tried {
			go func() {
				_, res, _ := dial(t, d, offer{query: "?room=flood", subprotocols: []string{protocol.Subprotocol}})
				statuses <- statusOf(res)
			}()
		}
		counts := map[int]int{}
		for range tried {
			counts[<-statuses]++
		}
		if counts[http.StatusTooManyRequests] == 0 || counts[http.StatusTooManyRequests]+counts[http.StatusUnauthorized] != tried {
			t.Fatalf("answers by status: %v", counts)
		}
		eventually(t, "a user gets in again", func() bool {
			conn, _, err := dial(t, d, browser(room(t), alice.Access))
			if err == nil {
				_ = conn.CloseNow()
			}
			return err == nil
		})
	})

	t.Run("destroy leaves nothing", func(t *testing.T) {
		terraform.DestroyContext(t, t.Context(), d.options)
		d.nothingIsLeft(t)
	})
}

// refusals are the handshakes that must fail, each with its status.
func (d *deployment) refusals(t *testing.T, u chat.User) {
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
		{"with a token whose signature is changed", bearer(flipSignature(u.Access)), http.StatusUnauthorized},
		{"with a token of another issuer", bearer(foreign.token(t, "mallory", time.Hour, nil)), http.StatusUnauthorized},
		{"with a token that only says it is of this issuer", bearer(foreign.token(t, "mallory", time.Hour, map[string]any{
			"iss": d.Issuer, "client_id": d.UserPoolClientID, "token_use": "access",
		})), http.StatusUnauthorized},
		{"with a token of another app client", bearer(d.signIn(t, u, otherClient)), http.StatusUnauthorized},
		{"with an ID token", bearer(d.idToken(t, u)), http.StatusUnauthorized},
		{"with two tokens", func(o *offer) { o.header.Set("Authorization", "Bearer "+u.Access) }, http.StatusUnauthorized},
		{"with the token in the query", func(o *offer) { o.query += "&token=" + u.Access; o.subprotocols = o.subprotocols[:1] }, http.StatusUnauthorized},
		{"with a second token in the query", func(o *offer) { o.query += "&access_token=" + u.Access }, http.StatusUnauthorized},
		{"from a page of another origin", func(o *offer) { o.header.Set("Origin", "https://evil.example.com") }, http.StatusForbidden},
		{"from an origin that begins with the allowed one", func(o *offer) { o.header.Set("Origin", allowedOrigin+".evil.example.com") }, http.StatusForbidden},
		{"from a sandboxed page", func(o *offer) { o.header.Set("Origin", "null") }, http.StatusForbidden},
		{"without a room", func(o *offer) { o.query = "" }, http.StatusForbidden},
		{"to a room that cannot be", func(o *offer) { o.query = "?room=No%20Room" }, http.StatusForbidden},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := browser(room(t), u.Access)
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
func (d *deployment) idToken(t *testing.T, u chat.User) string {
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
				AuthenticationResult map[string]any
			}
			if json.Unmarshal(body, &answer) == nil && answer.AuthenticationResult["IdToken"] != nil {
				token = fmt.Sprint(answer.AuthenticationResult["IdToken"])
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
func (d *deployment) logsAreClean(t *testing.T, users ...chat.User) {
	a := join(t, d, browser(room(t), users[0].Access))
	canary := "canary" + randomHex(12)
	a.say(t, canary)
	logs := cloudwatchlogs.NewFromConfig(d.aws)
	secrets, subjects := []string{canary}, []string{}
	for _, u := range users {
		secrets = append(secrets, u.Access, u.Access[strings.LastIndexByte(u.Access, '.')+1:], u.Password, u.Name)
		subjects = append(subjects, claim(t, u.Access, "sub"))
	}
	for _, name := range []string{"authorizer", "connect", "disconnect", "message", "access"} {
		group := d.LogGroupNames[name]
		var lines []string
		eventually(t, "the log group "+group+" has lines", func() bool {
			lines = d.lines(t, logs, group)
			return len(lines) > 0
		})
		forbidden := secrets
		if name != "access" { // API Gateway's own log names the principal; the functions hash it
			forbidden = slices.Concat(secrets, subjects)
		}
		for _, line := range lines {
			for _, secret := range forbidden {
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
