// Package dataplane is the data plane of the local stack's API Gateway: it
// accepts WebSocket connections for the stages that the control plane knows,
// runs authorizers and integrations, and serves the @connections API.
//
// It follows what AWS documents and what has been observed of it; where
// neither says anything, docs/local-stack-differences.md names the choice.
package dataplane

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

// PathPrefix is what the paths of the data plane begin with. A stage is at
// PathPrefix + "<api id>/<stage>". The form is the one in which the emulator
// behind the stack can judge signed @connections requests.
const PathPrefix = "/_aws/execute-api/"

// The quotas of a WebSocket API
// (API Gateway developer guide, apigateway-execution-service-websocket-limits-table).
const (
	maxFrame            = 32 << 10
	maxMessage          = 128 << 10
	maxURL              = 4096
	maxAuthorizerResult = 8 << 10
	idleTimeout         = 10 * time.Minute
	maxLifetime         = 2 * time.Hour
	// authorizerTimeout is a choice: AWS documents none for WebSocket APIs.
	authorizerTimeout = 10 * time.Second
)

// Stages finds what is deployed.
type Stages interface {
	Stage(apiID, stage string) (apigw.Stage, error)
	// StageAt finds what a path of a custom domain name leads to, and the rest
	// of the path. The error is apigw.ErrNoDomain for any other name.
	StageAt(domain, path string) (stage apigw.Stage, rest string, err error)
}

// Functions runs functions and knows who may invoke them.
type Functions interface {
	Invoke(ctx context.Context, functionARN string, payload []byte) (*lambda.Result, error)
	MayInvoke(ctx context.Context, functionARN, principal, sourceARN, sourceAccount string) (bool, error)
}

// Logs takes a line for a CloudWatch Logs group. It must not block.
type Logs interface {
	Put(region, group, stream, line string)
	// PutOwn is Put for a group of API Gateway's own, which is created when it
	// is missing.
	PutOwn(region, group, stream, line string)
}

// Config is what a Gateway works with.
type Config struct {
	Stages    Stages
	Functions Functions
	Logs      Logs
	Metrics   Metrics
	// Authorize judges a signed @connections request: nil when it is allowed,
	// otherwise the response to give.
	Authorize func(r *http.Request, body []byte) *http.Response
	// DomainName is the requestContext.domainName of the events, host and port,
	// unless the connection came by a custom domain name.
	DomainName string
	Logger     *slog.Logger
	Faults     Faults
	// Now is the time that events and answers tell.
	Now func() time.Time
	// Clock is that of the idle timeout, the lifetime of connections and the
	// throttles. Tests move it, so it may be ahead of Now.
	Clock func() time.Time
}

// Gateway serves the data plane. It is an http.Handler for PathPrefix and for
// custom domain names.
type Gateway struct {
	cfg Config

	throttles throttles
	formats   formats

	mu     sync.Mutex
	conns  map[string]*conn
	closed bool

	// work counts handshakes, connections and what runs for them, so that
	// Close can wait for it.
	work   sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc

	// These are the constants of the same names, but for tests.
	writeTimeout, closeHandshake, authorizerTimeout time.Duration
}

var _ http.Handler = (*Gateway)(nil)

// New returns a Gateway. Close ends its connections.
func New(cfg Config) *Gateway {
	ctx, cancel := context.WithCancel(context.Background())
	g := &Gateway{
		cfg: cfg, conns: make(map[string]*conn), ctx: ctx, cancel: cancel,
		throttles:    throttles{buckets: make(map[bucketKey]*rate.Limiter)},
		formats:      formats{known: make(map[string][]string)},
		writeTimeout: writeTimeout, closeHandshake: closeHandshake, authorizerTimeout: authorizerTimeout,
	}
	g.work.Add(1)
	go g.sweep()
	return g
}

// Connections is the number of open connections.
func (g *Gateway) Connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns)
}

// Close closes all connections as "Going away", lets their $disconnect
// integrations run, and waits for them until ctx ends. Handshakes that are under
// way end in the same manner.
func (g *Gateway) Close(ctx context.Context) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return
	}
	g.closed = true
	conns := make([]*conn, 0, len(g.conns))
	for _, c := range g.conns {
		conns = append(conns, c)
	}
	g.mu.Unlock()
	for _, c := range conns {
		g.work.Go(func() { c.close(closeGoingAway, "Going away") })
	}
	g.cancel()
	done := make(chan struct{})
	go func() { g.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// place is what a request leads to.
type place struct {
	apigw.Stage
	// domainName is the name by which the client came.
	domainName string
	// rest of the path, below the stage.
	rest string
	// manyLevels says that the key of the domain name's mapping has several.
	manyLevels bool
}

// locate finds what a request leads to: by its Host when that is a custom domain
// name, otherwise by API and stage in its path. Disabling the default endpoint
// closes only the latter.
func (g *Gateway) locate(r *http.Request) (place, bool) {
	host := HostName(r.Host)
	stage, rest, err := g.cfg.Stages.StageAt(host, r.URL.Path)
	if !errors.Is(err, apigw.ErrNoDomain) {
		key := strings.Trim(strings.TrimSuffix(r.URL.Path, rest), "/")
		return place{stage, host, rest, strings.Contains(key, "/")}, err == nil && stage.Deployment != nil
	}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), PathPrefix)
	apiID, rest, _ := strings.Cut(rest, "/")
	stageName, rest, _ := strings.Cut(rest, "/")
	rest, unescaped := url.PathUnescape(rest)
	if !ok || unescaped != nil {
		return place{}, false
	}
	stage, err = g.cfg.Stages.Stage(apiID, stageName)
	return place{stage, g.cfg.DomainName, rest, false}, err == nil && stage.Deployment != nil && !stage.DisableExecuteAPIEndpoint
}

// HostName is the name in a Host header, in lower case and without a port.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(host)
}

// ServeHTTP answers handshakes and @connections requests.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, ok := g.locate(r)
	connection, management := strings.CutPrefix(at.rest, "@connections/")
	switch {
	case !ok && strings.Contains(r.URL.Path, "/@connections/"):
		managementError(w, http.StatusForbidden, "ForbiddenException", "Forbidden")
	case !ok:
		refuse(w, http.StatusForbidden, "Forbidden")
	case management:
		g.serveConnections(w, r, at.Stage, connection)
	case at.rest != "":
		refuse(w, http.StatusForbidden, "Forbidden")
	default:
		g.serveHandshake(w, r, at)
	}
}

// sweep closes connections that were idle or open for too long.
func (g *Gateway) sweep() {
	defer g.work.Done()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-tick.C:
		}
		g.closeOverdue()
	}
}

func (g *Gateway) closeOverdue() {
	now := g.cfg.Clock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		if c.idle() < idleTimeout && now.Sub(c.opened) < maxLifetime {
			continue
		}
		g.work.Go(func() { c.close(closeGoingAway, "Going away") })
	}
}

// begin counts a handshake as work. It fails when the gateway is closing.
func (g *Gateway) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.work.Add(1)
	}
	return !g.closed
}

// add makes c reachable. It fails when the gateway is closing.
func (g *Gateway) add(c *conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.conns[c.id] = c
	}
	return !g.closed
}

func (g *Gateway) remove(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c.id)
}

// find returns the connection of that id if it belongs to the stage.
func (g *Gateway) find(stage apigw.Stage, id string) *conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.conns[id]
	if c == nil || c.apiID != stage.APIID || c.stageName != stage.Name {
		return nil
	}
	return c
}

// refuse answers as API Gateway does: a JSON object with one message.
func refuse(w http.ResponseWriter, status int, message string) {
	body, err := json.Marshal(map[string]string{"message": message})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	w.Header().Set("Content-Type", "application/json")
	if w.Header().Get("x-amzn-RequestId") == "" {
		w.Header().Set("x-amzn-RequestId", newID())
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
