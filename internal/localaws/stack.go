// Package localaws is the local stack: everything that `portcullis local` runs
// so that the project's Terraform and functions work on one machine as on AWS.
// It serves API Gateway WebSocket APIs and runs Lambda functions itself, and
// puts all other AWS APIs to MiniStack behind one address.
package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/portcullis-chat/portcullis/internal/localaws/adapter"
	"github.com/portcullis-chat/portcullis/internal/localaws/alarms"
	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/dataplane"
	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
	"github.com/portcullis-chat/portcullis/internal/localaws/logmetrics"
	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
	"github.com/portcullis-chat/portcullis/internal/localaws/metrics"
	"github.com/portcullis-chat/portcullis/internal/localaws/ministack"
	"github.com/portcullis-chat/portcullis/internal/localaws/port"
	"github.com/portcullis-chat/portcullis/internal/localaws/proxy"
	"github.com/portcullis-chat/portcullis/internal/localaws/record"
	"github.com/portcullis-chat/portcullis/internal/localaws/verdicts"
)

// AccountID is the account of the local stack.
const AccountID = "000000000000"

// DefaultRegion is where the stack's SDK settings point.
const DefaultRegion = "us-east-1"

// The root credentials of the local stack. They are no secret: they open
// nothing but this stack, which only listens on loopback.
const (
	RootAccessKeyID     = "test"
	RootSecretAccessKey = "test"
)

// Options says how to run a stack.
type Options struct {
	Folder Folder
	// Port fixes the stack's port on 127.0.0.1; 0 keeps the folder's own.
	Port   int
	Region string
	// Persist keeps what is deployed over a restart.
	Persist bool
	// Profile serves CPU profiles of the stack at proxy.ProfilePath.
	Profile bool
	// Record names a file that each kind of AWS call is written to, with who
	// made it; empty records nothing.
	Record string
	Logger *slog.Logger
	// Progress tells what takes time.
	Progress func(string)
}

// Stack is a running local stack.
type Stack struct {
	folder    Folder
	region    string
	endpoint  string
	started   time.Time
	ministack *ministack.Server
	adapter   *adapter.Adapter
	control   *apigw.ControlPlane
	functions *lambda.Runner
	data      *dataplane.Gateway
	logs      *logship.Shipper
	metrics   *metrics.Publisher
	alarms    *alarms.Evaluator
	faults    *faults.Set
	edge      *edge.Edge
	record    *record.Recorder
	logger    *slog.Logger
	server    *http.Server
	release   func()
	failed    chan error
	closeOnce sync.Once
}

// Start runs a stack and returns when it answers. ErrRunning is wrapped in the
// error when the folder's stack runs already.
func Start(ctx context.Context, opts Options) (_ *Stack, err error) {
	release, err := opts.Folder.own()
	if err != nil {
		return nil, err
	}
	s := &Stack{folder: opts.Folder, region: opts.Region, started: time.Now(), release: release, logger: opts.Logger, failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.Close(context.WithoutCancel(ctx))
		}
	}()
	_ = os.Remove(s.folder.runFile()) // of a stack that was killed

	ports, err := opts.Folder.ports(opts.Port)
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strconv.Itoa(ports.Gateway)
	s.endpoint = "http://" + address
	listener, err := port.Listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("the stack's port is taken: %w; stop what listens there, or choose another with --port (what Terraform's state holds of the old one is then gone)", err)
	}
	defer func() {
		if err != nil {
			_ = listener.Close()
		}
	}()

	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	python, err := ministack.Install(ctx, cache, opts.Progress)
	if err != nil {
		return nil, err
	}
	if ports, err = opts.Folder.ministackPort(ctx, ports, opts.Progress); err != nil {
		return nil, err
	}
	if err := opts.Folder.keepPrevious("ministack"); err != nil {
		return nil, err
	}
	s.ministack, err = ministack.Start(ctx, ministack.Config{
		Python: python, Port: ports.MiniStack, PublicPort: ports.Gateway, DataDir: opts.Folder.Data("ministack"), LogFile: opts.Folder.Log("ministack"),
		Region: opts.Region, Persist: opts.Persist,
	})
	if err != nil {
		return nil, err
	}
	if err := s.assemble(ctx, opts, ports); err != nil {
		return nil, err
	}
	serving := dataplane.KeepSpelling(s.server, listener)
	go func() {
		if err := s.server.Serve(serving); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("the stack's own server ended: %w", err))
		}
	}()
	go func() {
		<-s.ministack.Done()
		s.fail(fmt.Errorf("MiniStack ended (%w); its log is %s", s.ministack.Err(), opts.Folder.Log("ministack")))
	}()
	if err := s.edge.Reconcile(ctx); err != nil {
		return nil, err
	}
	return s, writeJSON(opts.Folder.runFile(), s.Description())
}

// assemble wires the parts that run in this process.
func (s *Stack) assemble(ctx context.Context, opts Options, ports Ports) error {
	address := strings.TrimPrefix(s.endpoint, "http://")
	upstream, err := url.Parse(s.ministack.URL())
	if err != nil {
		return err
	}
	state, adapted, mappings, edgePorts := "", "", "", ""
	if opts.Persist {
		state, adapted, mappings = opts.Folder.Data("apigateway.json"), opts.Folder.Data("adapter.json"), opts.Folder.Data("mappings.json")
		edgePorts = opts.Folder.Data("edge.json")
	}
	s.adapter, err = adapter.New(adapter.Config{
		MiniStackURL: s.ministack.URL(), Region: opts.Region, StateFile: adapted, Logger: opts.Logger,
		Changed: func(ctx context.Context, service, operation string) { s.edge.Changed(ctx, service, operation) },
	})
	if err != nil {
		return err
	}
	s.control, err = apigw.New(apigw.Config{
		Region: opts.Region, AccountID: AccountID, EndpointBase: "ws://" + address, StateFile: state, Now: time.Now, Certificates: s.adapter, LoggingRole: s.adapter.LoggingRole,
	})
	if err != nil {
		return err
	}
	root := aws.Config{
		BaseEndpoint: aws.String(s.ministack.URL()), Region: opts.Region,
		Credentials: credentials.NewStaticCredentialsProvider(RootAccessKeyID, RootSecretAccessKey, ""),
	}
	s.metrics = metrics.New(cloudwatch.NewFromConfig(root), func(namespace, reason string, values int) {
		opts.Logger.Warn("metrics lost", "namespace", namespace, "reason", reason, "values", values)
	})
	s.alarms = alarms.New(cloudwatch.NewFromConfig(root), s.adapter.AlarmMetrics, opts.Region, opts.Logger)
	s.metrics.OnPublish(s.alarms.Touch)
	logs := cloudwatchlogs.NewFromConfig(root)
	fromLogs := logmetrics.New(logs, s.metrics, opts.Logger)
	s.faults = faults.New(opts.Logger)
	clock := &faults.Clock{}
	s.functions, err = lambda.New(lambda.Config{
		MiniStackURL: s.ministack.URL(), GatewayURL: s.endpoint, Region: opts.Region, AccountID: AccountID,
		DataDir: opts.Folder.Data("lambda"), MappingsFile: mappings, Now: clock.Now, Metrics: s.metrics, Logger: opts.Logger, Faults: s.faults, LogTap: fromLogs.Tap,
	})
	if err != nil {
		return err
	}
	s.logs = logship.New(logs, func(group, reason string, events int) {
		opts.Logger.Warn("log lines of API Gateway lost", "group", group, "reason", reason, "events", events)
	}, fromLogs.Tap)
	var front *proxy.Proxy
	s.data = dataplane.New(dataplane.Config{
		Stages: s.control, Functions: s.functions, Logs: s.logs, Metrics: s.metrics, DomainName: address, Logger: opts.Logger, Faults: s.faults,
		Now: time.Now, Clock: clock.Now,
		Authorize: func(r *http.Request, body []byte) *http.Response { return front.Authorize(r, body) },
	})
	root.Region = edge.Region
	s.edge, err = edge.New(ctx, edge.Config{
		MiniStack: root, Gateway: address, Port: ports.Edge, PortsFile: edgePorts, IsDomain: s.isDomain, WebACL: s.adapter.WebACL,
		IsAPI: s.isAPI, Logs: s.logs, Metrics: s.metrics, Clock: clock.Now, Logger: opts.Logger,
	})
	if err != nil {
		return err
	}
	s.faults.Attach(s.data, s.functions)
	known := verdicts.New(func(accessKey string) (aws.Credentials, bool) {
		if accessKey == RootAccessKeyID {
			return aws.Credentials{AccessKeyID: RootAccessKeyID, SecretAccessKey: RootSecretAccessKey}, true
		}
		return s.functions.Session(accessKey)
	}, time.Now)
	var profile http.Handler
	if opts.Profile {
		profile = http.HandlerFunc(serveProfile)
	}
	calls := s.faults.Calls
	if opts.Record != "" {
		s.record, err = record.New(opts.Record, AccountID, s.functions.Role)
		if err != nil {
			return err
		}
		calls = func(next http.Handler) http.Handler { return s.record.Middleware(s.faults.Calls(next)) }
	}
	front, err = proxy.New(proxy.Config{
		Address: address, Upstream: upstream,
		Lambda: func(next http.Handler) http.Handler {
			return s.functions.Middleware(s.alarms.Middleware(fromLogs.Middleware(next)))
		},
		Adapter: s.adapter.Middleware, Verdicts: known, ControlPlane: s.control, DataPlane: s.data,
		IsDomain: s.isDomain, TeachDomain: s.teachDomain,
		Status: http.HandlerFunc(s.serveStatus), Code: http.HandlerFunc(s.functions.ServeCode), Profile: profile, Faults: faults.Handler(s.faults, clock), Calls: calls, Logger: opts.Logger,
	})
	if err != nil {
		return err
	}
	s.server = &http.Server{
		Handler: front, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(opts.Logger.Handler(), slog.LevelWarn),
	}
	return nil
}

func (s *Stack) isDomain(name string) bool {
	_, err := s.control.Domain(name)
	return err == nil
}

// isAPI tells whether a path is that of an API of the stack, or of a stage.
func (s *Stack) isAPI(path string) bool {
	rest, ok := strings.CutPrefix(path, dataplane.PathPrefix)
	id, _, _ := strings.Cut(rest, "/")
	return ok && slices.ContainsFunc(s.control.APIs(), func(api apigw.Summary) bool { return api.ID == id })
}

func (s *Stack) teachDomain(ctx context.Context, name string) error {
	domain, err := s.control.Domain(name)
	if err != nil {
		return err
	}
	return s.adapter.TeachDomain(ctx, name, domain)
}

// fail reports the first thing that went wrong.
func (s *Stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// Endpoint is what AWS_ENDPOINT_URL names.
func (s *Stack) Endpoint() string { return s.endpoint }

// Description is what other processes are told of the stack.
func (s *Stack) Description() Run {
	return Run{PID: os.Getpid(), Endpoint: s.endpoint, Edge: s.edge.URL(), Region: s.region}
}

// Failed receives an error when a part of the stack has ended by itself.
func (s *Stack) Failed() <-chan error { return s.failed }

// Close ends the stack: connections first, then the functions, then MiniStack.
// Closing it again does nothing.
func (s *Stack) Close(ctx context.Context) { s.closeOnce.Do(func() { s.close(ctx) }) }

func (s *Stack) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if s.data != nil {
		// Half of the time at most: a $disconnect function may take 29 s.
		half, cancel := context.WithTimeout(ctx, 10*time.Second)
		s.data.Close(half)
		cancel()
	}
	if s.edge != nil {
		s.edge.Close() // after what has passed through it
	}
	if s.functions != nil {
		if err := s.functions.Close(ctx); err != nil {
			s.logger.Error("the functions did not end in time", "error", err)
		}
	}
	if s.logs != nil {
		if err := s.logs.Close(ctx); err != nil {
			s.logger.Warn("log lines of API Gateway lost", "error", err)
		}
	}
	if s.metrics != nil {
		if err := s.metrics.Close(ctx); err != nil {
			s.logger.Warn("metrics lost", "error", err)
		}
	}
	if s.alarms != nil {
		s.alarms.Close()
	}
	if s.server != nil {
		_ = s.server.Close()
	}
	if s.record != nil {
		if err := s.record.Close(); err != nil {
			s.logger.Error("calls are missing in the record", "error", err)
		}
	}
	if s.ministack != nil {
		s.ministack.Stop()
	}
	_ = os.Remove(s.folder.runFile())
	s.release()
}

func (s *Stack) serveStatus(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	status := Status{
		Endpoint: s.endpoint, PID: os.Getpid(), Folder: s.folder.Path(), Region: s.region,
		Uptime:      time.Since(s.started).Round(time.Second).String(),
		MiniStack:   fmt.Sprintf("%s, pid %d, %s", ministack.Version, s.ministack.PID(), s.ministack.URL()),
		Connections: s.data.Connections(),
		Faults:      len(s.faults.List()),
		APIs:        s.control.APIs(),
		Edge:        s.edge.URL(), Distributions: s.edge.Status(r.Context()),
	}
	status.addFunctions(s.functions.Status())
	_ = json.NewEncoder(w).Encode(status)
}

// Architecture is the machine's, in AWS's words.
func Architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}
