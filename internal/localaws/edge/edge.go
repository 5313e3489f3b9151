// Package edge serves the local stack's CloudFront distributions, each on a port
// of 127.0.0.1 of its own, by plain HTTP. MiniStack keeps their configuration;
// this package reads it back and does what it says: behaviours, origins, headers
// to the origin and to the viewer, error pages, WebSocket connections, and the
// rules of the web ACL.
//
// It follows the CloudFront developer guide; where that says nothing,
// docs/local-stack-differences.md names the choice.
package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"github.com/portcullis-chat/portcullis/internal/localaws/port"
	"github.com/portcullis-chat/portcullis/internal/localaws/waf"
)

// Config is what an Edge works with.
type Config struct {
	// MiniStack are the settings of SDK clients of the account's root, with
	// MiniStack's own address.
	MiniStack aws.Config
	// Gateway is the host and port of the stack's door, where APIs are.
	Gateway string
	// IsAPI tells whether an origin path leads to an API's own endpoint at the
	// stack's address, IsDomain whether a name is a custom domain name of an API.
	IsAPI, IsDomain func(string) bool
	// Port is the one that is kept for the first distribution.
	Port int
	// PortsFile keeps the ports of all over a restart. Empty means memory only.
	PortsFile string
	// WebACL reads settings of a web ACL or a rule group that MiniStack loses.
	WebACL  func(arn string) (WebACL, error)
	Logs    Logs
	Metrics Metrics
	// Clock is that of rates. Tests move it.
	Clock  func() time.Time
	Logger *slog.Logger
}

// Region is where CloudFront's API, and web ACLs for it, are.
const Region = "us-east-1"

// webSocketIdle is how long CloudFront keeps a WebSocket connection on which
// nothing comes from the origin (CloudFront developer guide, cloudfront-limits).
const webSocketIdle = 10 * time.Minute

// Edge serves all distributions.
type Edge struct {
	cfg        Config
	cloudFront *cloudfront.Client
	s3         *s3.Client
	waf        *wafv2.Client
	signer     *signer.Signer
	transport  *http.Transport
	rates      *waf.Rates
	ctx        context.Context
	cancel     context.CancelFunc
	// webSocketIdle is the constant of the same name, but for tests.
	webSocketIdle time.Duration

	// reconciling is held while listeners are opened and closed.
	reconciling sync.Mutex

	mu    sync.Mutex
	sites map[string]*site // by the distribution's id
	ports map[string]int   // the same, also of those that are not enabled
	// revision counts the changes of what distributions are made of.
	revision int
}

// site is an enabled distribution. What is served of it is read again after
// each change.
type site struct {
	id, domain string
	server     *http.Server // nil on the port that is kept

	mu       sync.Mutex
	revision int
	loaded   *distribution
}

// New listens on the port that is kept for the first distribution and returns an
// Edge that serves nothing yet.
func New(ctx context.Context, cfg Config) (*Edge, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &Edge{
		cfg: cfg, cloudFront: cloudfront.NewFromConfig(cfg.MiniStack), waf: wafv2.NewFromConfig(cfg.MiniStack),
		s3:     s3.NewFromConfig(cfg.MiniStack, func(o *s3.Options) { o.UsePathStyle = true }),
		signer: signer.NewSigner(func(o *signer.SignerOptions) { o.DisableURIPathEscaping = true }),
		transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
			DisableCompression: true, // what the viewer did not ask for must not come back
		},
		ctx: ctx, cancel: cancel, webSocketIdle: webSocketIdle,
		sites: map[string]*site{}, ports: map[string]int{}, rates: waf.NewRates(cfg.Clock),
	}
	if err := e.restore(); err != nil {
		cancel()
		return nil, err
	}
	if _, err := e.listen(ctx, cfg.Port); err != nil {
		cancel()
		return nil, fmt.Errorf("the port of the local edge is taken: %w; stop what listens there, or remove \"edge\" from ports.json in the stack's folder to choose another", err)
	}
	return e, nil
}

// restore reads which port each distribution has.
func (e *Edge) restore() error {
	data, err := os.ReadFile(e.cfg.PortsFile)
	if e.cfg.PortsFile == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &e.ports)
	}
	if err != nil {
		return fmt.Errorf("restoring the distributions' ports: %s: %w", e.cfg.PortsFile, err)
	}
	return nil
}

// keep writes which port each distribution has, in one step.
func (e *Edge) keep() error {
	if e.cfg.PortsFile == "" {
		return nil
	}
	data, err := json.Marshal(e.ports)
	if err != nil {
		return err
	}
	if err := os.WriteFile(e.cfg.PortsFile+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(e.cfg.PortsFile+".new", e.cfg.PortsFile)
}

// URL is where the first distribution of the folder is served.
func (e *Edge) URL() string { return urlOf(e.cfg.Port) }

func urlOf(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }

// Changed says that an operation has changed something at CloudFront or AWS
// WAF. When it returns, requests see the change.
func (e *Edge) Changed(ctx context.Context, service, operation string) {
	e.mu.Lock()
	e.revision++
	e.mu.Unlock()
	if service != "cloudfront" || !strings.Contains(operation, "Distribution") {
		return
	}
	if err := e.Reconcile(ctx); err != nil {
		e.cfg.Logger.Error("the distributions could not be read", "error", err)
	}
}

// Reconcile serves the distributions that there are and that are enabled, and
// nothing else.
func (e *Edge) Reconcile(ctx context.Context) error {
	e.reconciling.Lock()
	defer e.reconciling.Unlock()
	found, err := e.cloudFront.ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
	if err != nil {
		return fmt.Errorf("list distributions: %w", err)
	}
	enabled, exists := map[string]string{}, map[string]bool{}
	for _, summary := range found.DistributionList.Items {
		exists[*summary.Id] = true
		if aws.ToBool(summary.Enabled) {
			enabled[*summary.Id] = aws.ToString(summary.DomainName)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, s := range e.sites {
		if _, ok := enabled[id]; !ok {
			delete(e.sites, id)
			s.close()
		}
	}
	for id := range e.ports {
		if !exists[id] {
			delete(e.ports, id)
		}
	}
	var problems []error
	for _, summary := range found.DistributionList.Items {
		id := *summary.Id
		if domain, ok := enabled[id]; ok && e.sites[id] == nil {
			problems = append(problems, e.open(id, domain))
		}
	}
	return errors.Join(append(problems, e.keep())...)
}

// open serves a distribution on its port: the kept one for the first, and
// another that is free for each further one. The caller holds mu.
func (e *Edge) open(id, domain string) error {
	s := &site{id: id, domain: domain, revision: -1}
	at, ok := e.ports[id]
	if !ok {
		at = e.cfg.Port
		for _, taken := range e.ports {
			if taken == e.cfg.Port {
				at = 0
			}
		}
	}
	var err error
	if at != e.cfg.Port {
		if at != 0 {
			s.server, err = e.listen(e.ctx, at)
		}
		if at == 0 || err != nil {
			if at, err = port.Free(); err != nil {
				return err
			}
			if s.server, err = e.listen(e.ctx, at); err != nil {
				return err
			}
		}
	}
	e.ports[id], e.sites[id] = at, s
	return nil
}

// close ends the site's own server with the connections that are idle. Those in
// use end with their requests.
func (s *site) close() {
	if s.server != nil {
		_ = s.server.Close()
	}
}

// listen serves whatever distribution has the port.
func (e *Edge) listen(ctx context.Context, at int) (*http.Server, error) {
	listener, err := port.Listen(ctx, "127.0.0.1:"+strconv.Itoa(at))
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.serveOn(at, w, r) }), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return e.ctx },
		ErrorLog:    slog.NewLogLogger(e.cfg.Logger.Handler(), slog.LevelWarn),
	}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(e.ctx, func() { _ = server.Close() })
	return server, nil
}

// Close ends all distributions and their connections.
func (e *Edge) Close() { e.cancel() }

// serveOn answers a request that came to a port.
func (e *Edge) serveOn(at int, w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	revision := e.revision
	var s *site
	for id, candidate := range e.sites {
		if e.ports[id] == at {
			s = candidate
		}
	}
	e.mu.Unlock()
	if s == nil {
		http.Error(w, "no distribution is deployed here: the local stack keeps this port for the first one that is created and enabled", http.StatusNotFound)
		return
	}
	d, err := s.read(r.Context(), e, revision)
	if err != nil {
		e.cfg.Logger.Error("a distribution cannot be served", "distribution", s.id, "error", err)
		http.Error(w, "the local stack cannot serve this distribution: "+err.Error(), http.StatusBadGateway)
		return
	}
	own := strconv.Itoa(at)
	name, withPort := r.Host, ""
	if host, p, err := net.SplitHostPort(r.Host); err == nil {
		name, withPort = host, p
	}
	if withPort != "" && withPort != own || !slices.Contains([]string{"127.0.0.1", "localhost"}, name) && !d.answersTo(name) {
		// Also so that a web page of another name cannot make itself this one.
		http.Error(w, "the distribution "+s.id+" answers to its own names only, not to "+r.Host, http.StatusForbidden)
		return
	}
	e.serve(d, w, r)
}

// read returns the distribution as it is since a revision.
func (s *site) read(ctx context.Context, e *Edge, revision int) (*distribution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revision >= revision {
		return s.loaded, nil
	}
	loaded, err := e.load(ctx, s.id)
	if err != nil {
		return nil, err
	}
	s.loaded, s.revision = loaded, revision
	return loaded, nil
}
