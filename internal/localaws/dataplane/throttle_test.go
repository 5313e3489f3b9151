package dataplane

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// limits are throttle settings that log errors.
func limits(perSecond float64, burst int) apigw.RouteSettings {
	return apigw.RouteSettings{LoggingLevel: "ERROR", ThrottlingRateLimit: perSecond, ThrottlingBurstLimit: burst}
}

func TestAHandshakeAboveTheRoutesThrottleIs429(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.RouteSettings = map[string]apigw.RouteSettings{"$connect": limits(1, 2)} })
	w.open()
	for range 2 {
		w.dial(nil)
	}
	calls := len(w.called("authorizer"))
	status, body := w.refused(livePath, nil)
	equal(t, "status", status, http.StatusTooManyRequests)
	equal(t, "body", body, `{"message":"Too Many Requests"}`)
	equal(t, "calls of the authorizer", len(w.called("authorizer")), calls)
	w.wait(time.Second)
	w.dial(nil) // a token has come back
	status, _ = w.refused(livePath, nil)
	equal(t, "status without a token", status, http.StatusTooManyRequests)
}

func TestAMessageAboveAThrottleIsRefusedAndTheConnectionStays(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.RouteSettings = map[string]apigw.RouteSettings{"send": limits(1, 1)} })
	w.open()
	conn := w.dial(nil)
	w.write(conn, `{"action":"send"}`)
	equal(t, "first", w.read(conn), "answer")
	w.write(conn, `{"action":"send"}`)
	if frame := w.read(conn); !strings.HasPrefix(frame, `{"message": "Too Many Requests", "connectionId":"`) {
		t.Errorf("second: %s", frame)
	}
	equal(t, "calls of the function", len(w.called("message")), 1)
	// Another route has the stage's bucket.
	w.write(conn, `{"action":"other"}`)
	equal(t, "other route", w.read(conn), "fallback")
	w.wait(time.Second)
	w.write(conn, `{"action":"send"}`)
	equal(t, "later", w.read(conn), "answer")
}

func TestRoutesWithoutSettingsShareTheStagesThrottle(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.DefaultRouteSettings = limits(1, 3) })
	w.open()
	conn := w.dial(nil) // the first token
	w.write(conn, `{"action":"send"}`)
	equal(t, "second token", w.read(conn), "answer")
	w.write(conn, `{"action":"other"}`)
	equal(t, "third token", w.read(conn), "fallback")
	w.write(conn, `{"action":"send"}`)
	if frame := w.read(conn); !strings.Contains(frame, "Too Many Requests") {
		t.Errorf("without a token: %s", frame)
	}
}

func TestAThrottleOfZeroLetsNothingThrough(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.DefaultRouteSettings = limits(0, 0) })
	w.open()
	status, _ := w.refused(livePath, nil)
	equal(t, "status", status, http.StatusTooManyRequests)
}

func TestTheAccountsThrottleIsSharedByAllThatARegionServes(t *testing.T) {
	buckets := throttles{buckets: map[bucketKey]*rate.Limiter{}}
	one := apigw.Stage{Region: "eu-west-1", APIID: "one", Name: "live", DefaultRouteSettings: limits(apigw.AccountRateLimit, apigw.AccountBurstLimit)}
	other := one
	other.APIID = "other"
	for i := range apigw.AccountBurstLimit {
		stage := one
		if i%2 == 0 {
			stage = other
		}
		if !buckets.take(stage, "x", start) {
			t.Fatalf("request %d is refused", i)
		}
	}
	equal(t, "another request", buckets.take(one, "x", start), false)
	equal(t, "a callback", buckets.takeCallback("eu-west-1", start), false)
	equal(t, "another Region", buckets.takeCallback("us-east-1", start), true)
	equal(t, "a moment later", buckets.take(one, "x", start.Add(time.Millisecond)), true)
}

func TestNewConnectionsAreLimitedInARegion(t *testing.T) {
	buckets := throttles{buckets: map[bucketKey]*rate.Limiter{}}
	for i := range newConnections {
		if !buckets.takeConnection("eu-west-1", start) {
			t.Fatalf("connection %d is refused", i)
		}
	}
	equal(t, "one more", buckets.takeConnection("eu-west-1", start), false)
	equal(t, "a second later", buckets.takeConnection("eu-west-1", start.Add(time.Second)), true)
}

func TestChangedThrottlesAreInForceAtOnce(t *testing.T) {
	buckets := throttles{buckets: map[bucketKey]*rate.Limiter{}}
	stage := apigw.Stage{Region: "eu-west-1", APIID: "one", Name: "live", DefaultRouteSettings: limits(1, 1)}
	equal(t, "first", buckets.take(stage, "x", start), true)
	equal(t, "second", buckets.take(stage, "x", start), false)
	stage.DefaultRouteSettings = limits(100, 1)
	equal(t, "at the change", buckets.take(stage, "x", start), false)
	equal(t, "with a higher rate", buckets.take(stage, "x", start.Add(20*time.Millisecond)), true)
	stage.DefaultRouteSettings = limits(0, 0)
	equal(t, "with none", buckets.take(stage, "x", start.Add(time.Second)), false)
}
