package dataplane

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// newConnections is the quota of new connections a second of one account in
// one Region (API Gateway developer guide,
// apigateway-execution-service-websocket-limits-table).
const newConnections = 500

// errThrottled says that a token bucket is empty.
var errThrottled = errors.New("a throttle of account, stage or route, or the quota of new connections, is used up")

// tooManyRequests is how a throttled handshake is refused.
var tooManyRequests = &refusal{http.StatusTooManyRequests, "Too Many Requests", errThrottled}

// throttles are the token buckets of all stages. A route that has settings of
// its own has a bucket of its own; the others of a stage share the stage's,
// which is a choice. The account's bucket is one for all that a Region serves,
// @connections included.
type throttles struct {
	mu      sync.Mutex
	buckets map[bucketKey]*rate.Limiter
}

// bucketKey names a bucket: without a route that of the stage, without a stage
// that of the account.
type bucketKey struct{ region, apiID, stage, route string }

// connectionsBucket stands for the quota of new connections.
const connectionsBucket = "new connections"

// take takes a token of each bucket that a request of a route needs, and none
// when one of them is empty.
func (t *throttles) take(stage apigw.Stage, route string, now time.Time) bool {
	settings, own := stage.RouteSettings[route]
	if !own {
		settings, route = stage.DefaultRouteSettings, ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	limited := t.bucket(bucketKey{stage.Region, stage.APIID, stage.Name, route}, settings.ThrottlingRateLimit, settings.ThrottlingBurstLimit, now)
	return takeAll(now, limited, t.account(stage.Region, now))
}

// takeCallback takes a token for a @connections request.
func (t *throttles) takeCallback(region string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return takeAll(now, t.account(region, now))
}

// takeConnection takes a token of the quota of new connections.
func (t *throttles) takeConnection(region string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return takeAll(now, t.bucket(bucketKey{region: region, route: connectionsBucket}, newConnections, newConnections, now))
}

func (t *throttles) account(region string, now time.Time) *rate.Limiter {
	return t.bucket(bucketKey{region: region}, apigw.AccountRateLimit, apigw.AccountBurstLimit, now)
}

// bucket returns a bucket with the limits that are in force now. It is full
// when it is made; changed limits keep what is in it.
func (t *throttles) bucket(key bucketKey, limit float64, burst int, now time.Time) *rate.Limiter {
	b := t.buckets[key]
	if b == nil {
		b = rate.NewLimiter(rate.Limit(limit), burst)
		t.buckets[key] = b
	}
	if b.Limit() != rate.Limit(limit) {
		b.SetLimitAt(now, rate.Limit(limit))
	}
	if b.Burst() != burst {
		b.SetBurstAt(now, burst)
	}
	return b
}

// takeAll takes one token of each bucket, or none.
func takeAll(now time.Time, buckets ...*rate.Limiter) bool {
	for _, b := range buckets {
		if b.TokensAt(now) < 1 {
			return false
		}
	}
	for _, b := range buckets {
		b.AllowN(now, 1)
	}
	return true
}
