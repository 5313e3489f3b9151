package dataplane

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

const (
	accessGroup    = "/aws/apigateway/chat"
	executionGroup = "API-Gateway-Execution-Logs_" + apiID + "/live"
)

// logging makes the stage write an access log of those variables, joined by
// spaces.
func (w *world) logging(variables ...string) *world {
	for i, name := range variables {
		variables[i] = "$context." + name
	}
	w.change(func(s *apigw.Stage) {
		s.AccessLog = &apigw.AccessLog{DestinationARN: accessARN, Format: strings.Join(variables, " ")}
	})
	return w
}

func (w *world) logged(group string, n int) string {
	w.Helper()
	w.eventually("a log line", func() bool { return len(w.log(group)) >= n })
	return w.log(group)[n-1]
}

func TestTheAccessLogHasALineForEachRequest(t *testing.T) {
	w := newWorld(t).logging("routeKey", "eventType", "status", "apiId", "stage", "authorizer.principalId", "authorizer.room",
		"authorizer.status", "integration.status", "integration.integrationStatus", "connectedAt", "requestTimeEpoch", "identity.sourceIp", "identity.userAgent", "domainName", "error.message")
	r := w.rawDial("", "User-Agent: wscat/6")
	equal(t, "connect", w.logged(accessGroup, 1),
		"$connect CONNECT 200 abcd1234 live ann lobby 200 200 200 1770660703419 1770660703419 127.0.0.1 wscat/6 abcd1234.example -")
	w.play("message", returns(`{"statusCode":418,"body":"x"}`))
	r.frames(masked(ws.OpText, true, `{"action":"send"}`))
	equal(t, "message", w.logged(accessGroup, 2),
		"send MESSAGE 418 abcd1234 live ann lobby - 418 200 1770660703419 1770660703419 127.0.0.1 wscat/6 abcd1234.example -")
	r.frames(masked(ws.OpClose, true, ""))
	equal(t, "disconnect", w.logged(accessGroup, 3),
		"$disconnect DISCONNECT 200 abcd1234 live ann lobby - 200 200 1770660703419 1770660703419 127.0.0.1 wscat/6 abcd1234.example -")
	equal(t, "execution log", len(w.log(executionGroup)), 0)
}

func TestTheAccessLogTellsRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		line    string
	}{
		"a denied handshake": {
			func(w *world) { w.play("authorizer", returns(policy("Deny", "*"))) },
			`$connect 403 Forbidden "Forbidden" 403 the authorizer's policy does not allow the connection - -`,
		},
		"an unauthorized handshake": {
			func(w *world) { w.play("authorizer", fails("Unauthorized")) },
			`$connect 401 Unauthorized "Unauthorized" 401 the authorizer said Unauthorized - -`,
		},
		"a failing $connect": {
			func(w *world) { w.play("connect", fails("boom")) },
			`$connect 502 Internal server error "Internal server error" 200 - - the function ended with Unhandled`,
		},
		"a $connect that refuses": {
			func(w *world) { w.play("connect", returns(`{"statusCode":429}`)) },
			`$connect 429 Too Many Requests "Too Many Requests" 200 - 429 -`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).logging("routeKey", "status", "error.message", "error.messageString", "authorizer.status", "authorizer.error", "integration.status", "integration.error")
			c.prepare(w)
			w.refused(livePath, nil)
			equal(t, "line", w.logged(accessGroup, 1), c.line)
		})
	}
}

func TestTheAccessLogOfAMessageWithoutRoute(t *testing.T) {
	w := newWorld(t).open().logging("routeKey", "eventType", "status", "error.message", "requestId")
	w.change(func(s *apigw.Stage) { delete(s.Deployment.Routes, "$default") })
	r := w.rawDial("")
	r.frames(masked(ws.OpText, true, `x`))
	frame := string(r.next().Payload)
	requestID := regexp.MustCompile(`"requestId":"([^"]+)"`).FindStringSubmatch(frame)[1]
	equal(t, "line", w.logged(accessGroup, 2), "- MESSAGE 403 Forbidden "+requestID)
}

func TestTheAccessLogOfATimeout(t *testing.T) {
	w := newWorld(t).open().logging("status", "error.message", "integration.error", "requestId")
	w.play("message", hangs)
	w.change(func(s *apigw.Stage) {
		route := twoWay("send", "message")
		route.Integration.Timeout = 20 * time.Millisecond
		s.Deployment.Routes["send"] = route
	})
	w.rawDial("").frames(masked(ws.OpText, true, `{"action":"send"}`))
	if line := w.logged(accessGroup, 2); !strings.HasPrefix(line, "504 Endpoint request timed out the integration timed out ") {
		t.Error(line)
	}
}

func TestTheExecutionLogTellsCauses(t *testing.T) {
	w := newWorld(t).open()
	w.play("message", fails("boom"))
	r := w.rawDial("")
	r.frames(masked(ws.OpText, true, `{"action":"send"}`))
	r.next()
	requestID := anyRequestID.FindStringSubmatch(w.payload("message", 1))[2]
	equal(t, "line", w.logged(executionGroup, 1), "("+requestID+") Execution failed for route send: the function ended with Unhandled")

	w.change(func(s *apigw.Stage) { s.DefaultRouteSettings.LoggingLevel = "OFF" })
	r.frames(masked(ws.OpText, true, `{"action":"send"}`))
	r.next()
	equal(t, "lines with logging off", len(w.log(executionGroup)), 1)
}

func TestLatenciesAreMilliseconds(t *testing.T) {
	w := newWorld(t).logging("authorizer.latency", "integrationLatency", "integration.latency")
	w.play("connect", func(context.Context, string) (*lambda.Result, error) {
		time.Sleep(3 * time.Millisecond)
		return &lambda.Result{Payload: []byte(`{"statusCode":200}`)}, nil
	})
	w.rawDial("")
	if line := w.logged(accessGroup, 1); !regexp.MustCompile(`\A\d+ ([3-9]|\d{2,}) ([3-9]|\d{2,})\z`).MatchString(line) {
		t.Error(line)
	}
}

// A format that is JSON stays JSON, also with what the stack itself puts in.
func TestAnAccessLogInJSONIsJSON(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) {
		s.AccessLog = &apigw.AccessLog{DestinationARN: strings.TrimSuffix(accessARN, ":*"), Format: `{"error":"$context.authorizer.error","message":$context.error.messageString,"id":"$context.requestId"}`}
	})
	w.play("authorizer", returns(strings.Replace(allowAll, `"level":3`, `"level":{}`, 1)))
	w.refused(livePath, nil)
	var line map[string]string
	if err := json.Unmarshal([]byte(w.logged(accessGroup, 1)), &line); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(line["error"], "context key 'level'") || line["message"] != "Internal server error" {
		t.Error(line)
	}
}

// Neither log may hold what came with the request.
func TestLogsHoldNoTokens(t *testing.T) {
	w := newWorld(t).logging("requestId", "error.message", "authorizer.error", "integration.error", "identity.userAgent")
	w.play("message", fails("boom secret-4"))
	r := w.rawDial("?token=secret-1", "Authorization: Bearer secret-2", "Sec-WebSocket-Protocol: bearer.secret-3")
	r.frames(masked(ws.OpText, true, `{"action":"send","text":"secret-5"}`))
	r.next()
	w.logged(executionGroup, 1)
	for _, line := range append(w.log(accessGroup), w.log(executionGroup)...) {
		if strings.Contains(line, "secret") {
			t.Error(line)
		}
	}
}
