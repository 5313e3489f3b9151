package dataplane

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

const stageDimensions = " ApiId=abcd1234 Stage=live"

// sums are the sums of a stage's metrics and how many data points they have.
func (w *world) sums(dimensions string) string {
	var parts []string
	for _, name := range []string{"ConnectCount", "MessageCount", "ClientError", "IntegrationError", "ExecutionError"} {
		points := w.metric(name + " Count" + dimensions)
		sum := 0.0
		for _, point := range points {
			sum += point
		}
		parts = append(parts, fmt.Sprintf("%s %g/%d", name, sum, len(points)))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(", %d latencies", len(w.metric("IntegrationLatency Milliseconds"+dimensions)))
}

// settled waits until the stage's metrics are those.
func (w *world) settled(want string) {
	w.Helper()
	got := ""
	for deadline := time.Now().Add(patience); got != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("got  %s\nwant %s", got, want)
		}
		got = w.sums(stageDimensions)
	}
}

func TestTheMetricsOfAConversation(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("")
	id := w.onlyConnection()
	w.settled("ConnectCount 1/1, MessageCount 1/1, ClientError 0/1, IntegrationError 0/1, ExecutionError 0/1, 1 latencies")
	r.frames(masked(ws.OpText, true, `{"action":"send"}`)) // and its answer
	r.wantText("answer")
	w.settled("ConnectCount 1/1, MessageCount 3/3, ClientError 0/2, IntegrationError 0/2, ExecutionError 0/2, 2 latencies")
	r.frames(masked(ws.OpText, true, `{"action":"tell"}`)) // no answer
	w.settled("ConnectCount 1/1, MessageCount 4/4, ClientError 0/3, IntegrationError 0/3, ExecutionError 0/3, 3 latencies")
	res, _ := w.manage(http.MethodPost, "/@connections/"+id, "x")
	equal(t, "callback", res.StatusCode, http.StatusOK)
	r.wantText("x")
	w.settled("ConnectCount 1/1, MessageCount 5/5, ClientError 0/4, IntegrationError 0/4, ExecutionError 0/4, 3 latencies")
	w.manage(http.MethodGet, "/@connections/"+id, "") // not counted
	r.frames(masked(ws.OpClose, true, ""))
	w.settled("ConnectCount 1/1, MessageCount 6/6, ClientError 0/5, IntegrationError 0/5, ExecutionError 0/5, 4 latencies")
	if of, all := w.sums(" ApiId=abcd1234"), w.sums(stageDimensions); of != all {
		t.Errorf("of the API %s, of the stage %s", of, all)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.points {
		if strings.Contains(key, "Route=") {
			t.Errorf("%s without detailed metrics", key)
		}
	}
}

func TestTheMetricsOfErrors(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		frame   string
		want    string
	}{
		"status 400 of a function": {
			func(w *world) { w.play("message", returns(`{"statusCode":400}`)) }, `{"action":"tell"}`,
			"ConnectCount 1/1, MessageCount 2/2, ClientError 1/2, IntegrationError 1/2, ExecutionError 0/2, 1 latencies",
		},
		"status 503 of a function": {
			func(w *world) { w.play("message", returns(`{"statusCode":503}`)) }, `{"action":"tell"}`,
			"ConnectCount 1/1, MessageCount 2/2, ClientError 0/2, IntegrationError 1/2, ExecutionError 1/2, 1 latencies",
		},
		"a failing function, and the error frame": {
			func(w *world) { w.play("message", fails("boom")) }, `{"action":"tell"}`,
			"ConnectCount 1/1, MessageCount 3/3, ClientError 0/2, IntegrationError 0/2, ExecutionError 1/2, 1 latencies",
		},
		"a function that may not be called": {
			func(w *world) { w.forbidden["message"] = true }, `{"action":"tell"}`,
			"ConnectCount 1/1, MessageCount 3/3, ClientError 0/2, IntegrationError 0/2, ExecutionError 1/2, 0 latencies",
		},
		"a timeout": {
			func(w *world) {
				w.play("message", hangs)
				w.change(func(s *apigw.Stage) {
					route := oneWay("tell", "message")
					route.Integration.Timeout = 20 * time.Millisecond
					s.Deployment.Routes["tell"] = route
				})
			}, `{"action":"tell"}`,
			"ConnectCount 1/1, MessageCount 3/3, ClientError 0/2, IntegrationError 0/2, ExecutionError 1/2, 1 latencies",
		},
		"no route": {
			func(w *world) { w.change(func(s *apigw.Stage) { delete(s.Deployment.Routes, "$default") }) }, `x`,
			"ConnectCount 1/1, MessageCount 1/1, ClientError 1/2, IntegrationError 0/2, ExecutionError 0/2, 0 latencies",
		},
		"a throttle": {
			func(w *world) {
				w.change(func(s *apigw.Stage) { s.RouteSettings = map[string]apigw.RouteSettings{"tell": {}} })
			}, `{"action":"tell"}`,
			"ConnectCount 1/1, MessageCount 1/1, ClientError 1/2, IntegrationError 0/2, ExecutionError 0/2, 0 latencies",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			c.prepare(w)
			w.rawDial("").frames(masked(ws.OpText, true, c.frame))
			w.settled(c.want)
		})
	}
}

func TestTheMetricsOfRefusedHandshakes(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		want    string
	}{
		"by the authorizer": {
			func(w *world) { w.play("authorizer", returns(policy("Deny", "*"))) },
			"ConnectCount 0/0, MessageCount 0/0, ClientError 1/1, IntegrationError 0/1, ExecutionError 0/1, 0 latencies",
		},
		"by a broken authorizer": {
			func(w *world) { w.play("authorizer", fails("boom")) },
			"ConnectCount 0/0, MessageCount 0/0, ClientError 0/1, IntegrationError 0/1, ExecutionError 1/1, 0 latencies",
		},
		"by $connect": {
			func(w *world) { w.play("connect", returns(`{"statusCode":403}`)) },
			"ConnectCount 1/1, MessageCount 1/1, ClientError 1/1, IntegrationError 1/1, ExecutionError 0/1, 1 latencies",
		},
		"by a broken $connect": {
			func(w *world) { w.play("connect", fails("boom")) },
			"ConnectCount 1/1, MessageCount 1/1, ClientError 0/1, IntegrationError 0/1, ExecutionError 1/1, 1 latencies",
		},
		"by a throttle": {
			func(w *world) { w.change(func(s *apigw.Stage) { s.DefaultRouteSettings.ThrottlingBurstLimit = 0 }) },
			"ConnectCount 0/0, MessageCount 0/0, ClientError 1/1, IntegrationError 0/1, ExecutionError 0/1, 0 latencies",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.prepare(w)
			w.refused(livePath, nil)
			w.settled(c.want)
		})
	}
}

func TestACallbackToAGoneConnectionIsAClientError(t *testing.T) {
	w := newWorld(t)
	res, _ := w.manage(http.MethodPost, "/@connections/AAAAAAAAAAAAAAA=", "x")
	equal(t, "status", res.StatusCode, http.StatusGone)
	w.settled("ConnectCount 0/0, MessageCount 0/0, ClientError 1/1, IntegrationError 0/1, ExecutionError 0/1, 0 latencies")
}

func TestDetailedMetricsNameTheRoute(t *testing.T) {
	w := newWorld(t).open()
	w.change(func(s *apigw.Stage) {
		s.DefaultRouteSettings.DetailedMetricsEnabled = true
		quiet := s.DefaultRouteSettings
		quiet.DetailedMetricsEnabled = false
		s.RouteSettings = map[string]apigw.RouteSettings{"tell": quiet}
		delete(s.Deployment.Routes, "$default")
	})
	r := w.rawDial("")
	id := w.onlyConnection()
	for _, frame := range []string{`{"action":"send"}`, `{"action":"tell"}`, `no route`} {
		r.frames(masked(ws.OpText, true, frame))
	}
	w.manage(http.MethodPost, "/@connections/"+id, "x")
	w.eventually("five requests", func() bool { return len(w.metric("ClientError Count"+stageDimensions)) == 5 })
	w.mu.Lock()
	defer w.mu.Unlock()
	var routes []string
	for key := range w.points {
		if rest, ok := strings.CutPrefix(key, "ClientError Count ApiId=abcd1234 Route="); ok {
			routes = append(routes, rest)
		}
	}
	slices.Sort(routes)
	equal(t, "routes", strings.Join(routes, ", "), "$connect Stage=live, POST /@connections/{connectionId} Stage=live, send Stage=live")
}
