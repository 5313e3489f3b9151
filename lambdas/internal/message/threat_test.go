package message_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/push"
)

// TestThreat36NothingThatWasSaidIsLogged puts a canary into everything that a
// client can write or an identity provider can say, and looks for it in the log
// of every path: sent, refused, failed, crashed. aws-samples/serverless-patterns
// (waf-cloudfront-websocket-apigw-cdk-python) and carnage-sh/lambda-go-websocket log
// the whole event, aws-samples/websocket-chat-application does at debug.
func TestThreat36NothingThatWasSaidIsLogged(t *testing.T) {
	const canary = "canary7f3a"
	identity := func(r *gateway.Request) {
		r.RequestContext.Authorizer.Name = canary
		r.RequestContext.Authorizer.Sub = canary
		r.RequestContext.Authorizer.Jti = canary
	}
	logged := 0
	for _, failing := range []map[string]error{
		{},
		{"Charge": errBoom},
		{"Charge": ledger.ErrRevoked},
		{"Put": errBoom},
		{"Put": errPanic},
		{"Members": errBoom},
		{"Before": errBoom},
		{"Post bob=": errBoom},
		{"Post bob=": push.ErrGone},
		{"Post bob=": push.ErrGone, "Remove bob=": errBoom},
	} {
		for _, format := range []markup.Mode{markup.Text, markup.Strip, markup.Rich} {
			for route, bodies := range map[string][]string{
				"sendMessage": {
					`{"clientId":"` + canary + `","text":"` + canary + `"}`, `{"clientId":"c","text":"<b>` + canary + `"}`, `{"clientId":"c","text":"<script>` + canary + `"}`,
					`{"clientId":"c","text":"` + canary, `{"clientId":"c","` + canary + `":1}`, `{"clientId":"` + canary + ` x"}`, canary, `{"text":{"x":"` + canary + `"}}`,
				},
				"history":  {`{"before":"` + canary + `"}`, `{"limit":1,"` + canary + `":1}`, `{}`},
				"members":  {`{"after":"` + canary + `"}`, `{"after":"` + canary + ` x"}`},
				"$default": {`{"action":"` + canary + `"}`, `{"` + canary + `":1}`, canary},
			} {
				for _, body := range bodies {
					c := newChat()
					c.handler.Format, c.fail = format, failing
					c.members[2].Name, c.members[2].Sub = canary, canary
					c.invoke(t, event(t, route, body, identity))
					logged += strings.Count(c.log.String(), "\n")
					if strings.Contains(c.log.String(), canary) {
						t.Errorf("%s %s with %v: the log is %s", route, body, failing, c.log.String())
					}
				}
			}
		}
	}
	if logged < 400 {
		t.Errorf("only %d lines were logged", logged)
	}
}

// TestThreat37AHostileEventIsOneLine has fields that would end a line, or be
// another one.
func TestThreat37AHostileEventIsOneLine(t *testing.T) {
	const evil = "x\r\n{\"message\":\"authn_login_success\"}\x1b[31m\u2028"
	for _, route := range []string{"sendMessage", "history", "members", "$default", evil} {
		c := newChat()
		c.invoke(t, event(t, route, evil, func(r *gateway.Request) {
			rc := &r.RequestContext
			rc.RequestID, rc.ConnectionID, rc.Authorizer.Sub, rc.Authorizer.Name, rc.Authorizer.Room = evil, evil, evil, evil, evil
		}))
		log := c.log.String()
		var line map[string]any
		if strings.Count(log, "\n") != 1 || json.Unmarshal([]byte(log), &line) != nil || strings.ContainsAny(log, "\x1b\u2028\r") {
			t.Errorf("%q: the log is %q", route, log)
		}
	}
}

// purse records what messages cost.
type purse struct {
	*chat
	paid int
}

func (p *purse) Charge(ctx context.Context, sub string, key ledger.Key, id ulid.ULID, bytes int) (ulid.ULID, bool, error) {
	p.paid = bytes
	return p.chat.Charge(ctx, sub, key, id, bytes)
}

func TestThreat47AMessageIsChargedWhatIsStored(t *testing.T) {
	for _, text := range []string{"plain", strings.Repeat("'", 4096), strings.Repeat("&", 4096), strings.Repeat("ä", 2048)} {
		c := newChat()
		p := &purse{chat: c}
		c.handler.Ledger = p
		c.send(t, "c", text)
		if len(c.messages) != 1 || p.paid != len(c.messages[0].HTML) {
			t.Errorf("%.10s…: paid for %d bytes of %v", text, p.paid, c.messages)
		}
	}
}
