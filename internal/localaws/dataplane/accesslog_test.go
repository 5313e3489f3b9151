package dataplane

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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
}

func TestTheAccessLogTellsRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		line    string
	}{
		"a denied handshake": {
			func(w *world) { w.play("authorizer", returns(policy("Deny", "*"))) },
			`$connect 403 Forbidden "Forbidden" ACCESS_DENIED | 403 200 run-of-authorizer the authorizer's policy does not allow the connection | - - - -`,
		},
		"an unauthorized handshake": {
			func(w *world) { w.play("authorizer", fails("Unauthorized")) },
			`$connect 401 Unauthorized "Unauthorized" UNAUTHORIZED | 401 200 run-of-authorizer the authorizer said Unauthorized | - - - -`,
		},
		"a handshake without token": {
			func(w *world) {
				w.change(func(s *apigw.Stage) {
					route := *s.Deployment.Routes["$connect"]
					route.Authorizer = &apigw.Authorizer{Name: "token", IdentitySources: []string{"route.request.header.X-Token"}}
					s.Deployment.Routes["$connect"] = &route
				})
			},
			`$connect 401 Unauthorized "Unauthorized" UNAUTHORIZED | - - - - | - - - -`,
		},
		"a failing authorizer": {
			func(w *world) { w.play("authorizer", fails("boom")) },
			`$connect 500 Internal server error "Internal server error" AUTHORIZER_FAILURE | 500 200 run-of-authorizer authorizer token: the function failed | - - - -`,
		},
		"an authorizer that is not there": {
			func(w *world) { w.play("authorizer", nil) },
			`$connect 500 Internal server error "Internal server error" AUTHORIZER_CONFIGURATION_ERROR | 500 - - authorizer token: no such function | - - - -`,
		},
		"a failing $connect": {
			func(w *world) { w.play("connect", fails("boom")) },
			`$connect 502 Internal server error "Internal server error" INTEGRATION_FAILURE | 200 200 run-of-authorizer - | - 200 run-of-connect the function ended with an error: Unhandled`,
		},
		"a $connect that may not be called": {
			func(w *world) { w.forbidden["connect"] = true },
			`$connect 500 Internal server error "Internal server error" API_CONFIGURATION_ERROR | 200 200 run-of-authorizer - | - - - the policy of ` +
				strings.TrimSuffix(strings.TrimPrefix(uri("connect"), "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"), "/invocations") +
				` does not allow apigateway.amazonaws.com to invoke it for ` + apiARN + `/live/$connect (aws_lambda_permission)`,
		},
		"a $connect that refuses": {
			func(w *world) { w.play("connect", returns(`{"statusCode":429}`)) },
			`$connect 429 - - - | 200 200 run-of-authorizer - | 429 200 run-of-connect -`,
		},
		"a throttled handshake": {
			func(w *world) { w.change(func(s *apigw.Stage) { s.DefaultRouteSettings.ThrottlingBurstLimit = 0 }) },
			`$connect 429 Too Many Requests "Too Many Requests" THROTTLED | - - - - | - - - -`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(s *apigw.Stage) {
				s.AccessLog = &apigw.AccessLog{DestinationARN: accessARN, Format: "$context.routeKey $context.status $context.error.message $context.error.messageString $context.error.responseType" +
					" | $context.authorizer.status $context.authorizer.integrationStatus $context.authorizer.requestId $context.authorizer.error" +
					" | $context.integration.status $context.integration.integrationStatus $context.integration.requestId $context.integration.error"}
			})
			c.prepare(w)
			w.refused(livePath, nil)
			equal(t, "line", w.logged(accessGroup, 1), c.line)
		})
	}
}

func TestTheAccessLogTellsWhatIsNoHandshake(t *testing.T) {
	w := newWorld(t).logging("routeKey", "status", "error.responseType", "connectionId", "connectedAt", "identity.sourceIp")
	for _, r := range []struct {
		path   string
		header http.Header
		status int
	}{
		{livePath, http.Header{}, http.StatusUpgradeRequired},
		{livePath, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, http.StatusBadRequest},
		{livePath + "?" + strings.Repeat("x", maxURL), http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, http.StatusRequestURITooLong},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+r.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = r.header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		equal(t, "status", res.StatusCode, r.status)
	}
	equal(t, "lines", strings.Join(w.log(accessGroup), "\n"), "$connect 426 DEFAULT_4XX - - 127.0.0.1\n$connect 400 DEFAULT_4XX - - 127.0.0.1\n$connect 414 DEFAULT_4XX - - 127.0.0.1")
	equal(t, "client errors", len(w.metric("ClientError Count ApiId=abcd1234 Stage=live")), 3)
}

func TestTheAccessLogHasALineForEachCallback(t *testing.T) {
	w := newWorld(t).open()
	w.change(func(s *apigw.Stage) { delete(s.Deployment.Routes, "$disconnect") })
	r := w.rawDial("")
	id := w.onlyConnection()
	w.logging("routeKey", "eventType", "status", "connectionId", "connectedAt", "error.responseType", "messageId", "identity.userAgent")
	w.manage(http.MethodPost, "/@connections/"+id, "secret text")
	r.wantText("secret text")
	w.manage(http.MethodGet, "/@connections/"+id, "")
	w.manage(http.MethodPost, "/@connections/"+"AAAAAAAAAAAAAAA=", "x")
	w.manage(http.MethodPost, "/@connections/"+"no-id\"", "x")
	w.mu.Lock()
	w.denied = &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody}
	w.mu.Unlock()
	w.manage(http.MethodDelete, "/@connections/"+id, "")
	equal(t, "lines", strings.Join(w.log(accessGroup), "\n"), strings.Join([]string{
		"POST /@connections/{connectionId} CONNECTION_API 200 " + id + " - - - Go-http-client/1.1",
		"GET /@connections/{connectionId} CONNECTION_API 200 " + id + " - - - Go-http-client/1.1",
		"POST /@connections/{connectionId} CONNECTION_API 410 AAAAAAAAAAAAAAA= - - - Go-http-client/1.1",
		"POST /@connections/{connectionId} CONNECTION_API 400 - - DEFAULT_4XX - Go-http-client/1.1",
		"DELETE /@connections/{connectionId} CONNECTION_API 403 " + id + " - ACCESS_DENIED - Go-http-client/1.1",
	}, "\n"))
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
	for name, c := range map[string]struct {
		play  function
		lines string
	}{
		"a failing function":           {fails("boom"), "Lambda execution failed with status 200 due to customer function error. Lambda request id: run-of-message"},
		"a result of no integration":   {returns(`[]`), "Execution failed due to configuration error: the function's result is not that of a proxy integration: an object with a statusCode, and a body that is a string"},
		"a function that is not there": {nil, "Execution failed due to configuration error: no such function"},
		"a timeout":                    {hangs, "Execution failed due to a timeout error"},
		"an error of the function's":   {returns(`{"statusCode":503,"body":"x"}`), "Integration returned status: 503"},
		"success":                      {returns(`{"statusCode":200,"body":"x"}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			w.play("message", c.play)
			w.change(func(s *apigw.Stage) {
				route := twoWay("send", "message")
				route.Integration.Timeout = 100 * time.Millisecond
				s.Deployment.Routes["send"] = route
			})
			r := w.rawDial("")
			r.frames(masked(ws.OpText, true, `{"action":"send"}`))
			r.next()
			var got []string
			for _, line := range w.log(executionGroup) {
				id, text, _ := strings.Cut(line, " ")
				if !regexp.MustCompile(`\A\([\w=-]{16}\)\z`).MatchString(id) {
					t.Errorf("the line begins with %s", id)
				}
				got = append(got, text)
			}
			equal(t, "lines", strings.Join(got, "\n"), c.lines)
		})
	}
}

func TestTheExecutionLogTellsTheCourseAtLevelInfo(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.DefaultRouteSettings.LoggingLevel = "INFO" })
	r := w.rawDial("", "User-Agent: wscat/6")
	id := w.onlyConnection()
	r.frames(masked(ws.OpText, true, `{"action":"send","text":"secret"}`))
	r.next()
	r.frames(masked(ws.OpClose, true, "\x0f\xa0secret"))
	w.logged(executionGroup, 17)
	lines := w.log(executionGroup)
	var got []string
	for _, line := range lines {
		id, text, _ := strings.Cut(line, " ")
		got = append(got, strings.ReplaceAll(text, strings.Trim(id, "()"), "<request>"))
	}
	equal(t, "lines", strings.Join(got, "\n"), strings.ReplaceAll(`Extended Request Id: <request>
Starting execution for request: <request>
WebSocket Request Route: [$connect]
Client [UserAgent: wscat/6, SourceIp: 127.0.0.1] is connecting to WebSocket API [abcd1234].
AWS Integration Endpoint RequestId : run-of-connect
Client [Connection Id: ID] connected to API [abcd1234] successfully.
Extended Request Id: <request>
Starting execution for request: <request>
WebSocket Request Route: [send]
WebSocket API [abcd1234] received message from client [Connection Id: ID].
AWS Integration Endpoint RequestId : run-of-message
Message from client [Connection Id: ID] sent to API [abcd1234] with response status code [200].
Extended Request Id: <request>
Starting execution for request: <request>
WebSocket Request Route: [$disconnect]
AWS Integration Endpoint RequestId : run-of-disconnect
Client [Connection Id: ID] disconnected from API [abcd1234] with integration response status code [200]. Close status: [4000]`, "ID", id))
}

func TestTheExecutionLogFollowsTheRoutesOwnLevel(t *testing.T) {
	w := newWorld(t).open()
	w.play("message", fails("boom"))
	for _, c := range []struct {
		stage, route string
		lines        int
	}{{"ERROR", "OFF", 0}, {"OFF", "ERROR", 1}, {"OFF", "", 0}, {"", "INFO", 7}, {"INFO", "ERROR", 1}} {
		w.change(func(s *apigw.Stage) {
			settings := s.DefaultRouteSettings
			settings.LoggingLevel = c.route
			s.RouteSettings = map[string]apigw.RouteSettings{"send": settings}
			s.DefaultRouteSettings.LoggingLevel = "OFF"
		})
		r := w.rawDial("")
		w.change(func(s *apigw.Stage) { s.DefaultRouteSettings.LoggingLevel = c.stage })
		before := len(w.log(executionGroup))
		r.frames(masked(ws.OpText, true, `{"action":"send"}`))
		r.next()
		equal(t, c.stage+" "+c.route, len(w.log(executionGroup))-before, c.lines)
	}
}

func TestALongExecutionLogLineIsCut(t *testing.T) {
	w := newWorld(t).open()
	w.change(func(s *apigw.Stage) { s.DefaultRouteSettings.LoggingLevel = "INFO" })
	w.rawDial("", "User-Agent: "+strings.Repeat("\u00fc", 700))
	line := w.log(executionGroup)[3]
	if len(line) < maxExecutionLine-1 || len(line) > maxExecutionLine || !utf8.ValidString(line) {
		t.Errorf("%d bytes: %q", len(line), line)
	}
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

// Neither log may hold what came with the request or from a function, nor may a
// metric.
func TestLogsHoldNoTokens(t *testing.T) {
	w := newWorld(t).logging("requestId", "error.message", "authorizer.error", "integration.error", "identity.userAgent", "routeKey", "connectionId")
	w.change(func(s *apigw.Stage) {
		s.DefaultRouteSettings.LoggingLevel, s.DefaultRouteSettings.DataTraceEnabled, s.DefaultRouteSettings.DetailedMetricsEnabled = "INFO", true, true
	})
	w.play("message", fails("boom secret-4"))
	w.play("fallback", returns(`{"statusCode":500,"body":"secret-6"}`))
	r := w.rawDial("?token=secret-1", "Authorization: Bearer secret-2", "Sec-WebSocket-Protocol: bearer.secret-3")
	for _, frame := range []string{`{"action":"send","text":"secret-5"}`, `{"action":"secret-7"}`} {
		r.frames(masked(ws.OpText, true, frame))
		r.next()
	}
	w.manage(http.MethodPost, "/@connections/"+w.onlyConnection(), "secret-8")
	w.manage(http.MethodPost, "/@connections/secret-9", "x")
	r.frames(masked(ws.OpClose, true, "\x0f\xa0secret-10"))
	w.eventually("the log line of $disconnect", func() bool { return len(w.log(accessGroup)) == 6 && len(w.log(executionGroup)) >= 30 })
	for _, line := range append(w.log(accessGroup), w.log(executionGroup)...) {
		if strings.Contains(line, "secret") {
			t.Error(line)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.points {
		if strings.Contains(key, "secret") {
			t.Error(key)
		}
	}
}
