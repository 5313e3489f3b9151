// Package lambda runs functions for the local stack as AWS Lambda would.
//
// MiniStack keeps the control plane (functions, versions, aliases, policies).
// This package sees every control plane request pass (Middleware), keeps the
// code that comes with it, and runs that code over the Lambda Runtime API
// (Invoke): one process a sandbox, one request a sandbox at a time, under the
// credentials of the function's own role. MayInvoke judges a function's
// resource policy for a service that wants to call it.
//
// What differs from AWS is listed in docs/local-stack-differences.md.
package lambda

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/async"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/eventsource"
	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
)

const (
	// idleLifetime is how long a sandbox waits for its next request before it
	// is taken down. AWS documents no figure; minutes are observed.
	idleLifetime = 5 * time.Minute
	reapInterval = 30 * time.Second
)

// Config names what a Runner works with. Every field but LogTap is
// required.
type Config struct {
	// MiniStackURL is MiniStack's own address: the Runner reads from it and
	// writes logs to it as root, past the gateway.
	MiniStackURL string
	// GatewayURL is what functions get as AWS_ENDPOINT_URL.
	GatewayURL string
	Region     string
	AccountID  string
	// DataDir holds the unpacked code of functions. It survives a restart.
	DataDir string
	// MappingsFile keeps event source mappings over a restart; empty keeps them
	// in memory.
	MappingsFile string
	// Now is the clock by which asynchronous invocations wait and grow old.
	Now func() time.Time
	// Metrics gets what Lambda publishes of invocations.
	Metrics Metrics
	Logger  *slog.Logger
	Faults  Faults
	// LogTap is told which lines have arrived in the functions' log groups. It
	// may be nil.
	LogTap logship.Tap
}

func (c Config) check() error {
	for name, value := range map[string]string{
		"MiniStackURL": c.MiniStackURL,
		"GatewayURL":   c.GatewayURL,
		"Region":       c.Region,
		"AccountID":    c.AccountID,
		"DataDir":      c.DataDir,
	} {
		if value == "" {
			return fmt.Errorf("lambda: Config.%s is empty", name)
		}
	}
	if c.Logger == nil || c.Metrics == nil || c.Now == nil {
		return errors.New("lambda: Config.Logger, Metrics or Now is nil")
	}
	if c.Faults == nil {
		return errors.New("lambda: Config.Faults is nil")
	}
	return nil
}

// Runner runs the functions of one local stack.
type Runner struct {
	config      Config
	clients     clients
	code        *codeStore
	functions   *functions
	policies    *policies
	roles       *roles
	logs        *logship.Shipper
	problems    *problems
	codeKey     []byte // signs addresses of code
	spawner     *spawner
	concurrency *concurrency
	reserving   sync.Mutex // held while a reservation is checked and written
	async       *async.Queue
	mappings    *eventsource.Mappings
	// eventSettings are event invoke configurations.
	eventSettings *cache[async.Settings]

	stop chan struct{}
	// background counts what must have ended before Close returns: sandbox
	// starts, processes, the reaper.
	background sync.WaitGroup

	mu     sync.Mutex
	closed bool
	pools  map[string]*pool // by version.id
	// retired pools still have sandboxes that serve their last request.
	retired []*pool
}

// New makes a Runner. It starts no process before the first Invoke.
func New(config Config) (*Runner, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	code, err := openCodeStore(filepath.Join(config.DataDir, "code"))
	if err != nil {
		return nil, err
	}
	clients := newClients(config)
	known := newProblems(config.Logger)
	r := &Runner{
		config:      config,
		clients:     clients,
		code:        code,
		functions:   newFunctions(clients.lambda, config.AccountID),
		policies:    newPolicies(clients.lambda, config.AccountID),
		roles:       newRoles(clients.sts),
		logs:        logship.New(clients.logs, known.logsLost, config.LogTap),
		problems:    known,
		codeKey:     randomBytes(sha256.Size),
		spawner:     newSpawner(),
		concurrency: newConcurrency(),
		stop:        make(chan struct{}),
		pools:       make(map[string]*pool),

		eventSettings: newCache[async.Settings](),
	}
	r.code.s3 = clients.s3
	r.async = async.New(asyncFunctions{r}, config.Now)
	r.mappings, err = eventsource.Open(eventsource.Config{
		Functions: sourceFunctions{r}, SQS: clients.sqs, QueueURL: r.queueURL, AccountID: config.AccountID, StateFile: config.MappingsFile,
		Problem: func(subject, message string) { known.add(subject, message, 1) },
	})
	if err != nil {
		return nil, errors.Join(err, r.Close(context.Background()))
	}
	r.background.Go(r.reap)
	r.background.Go(r.watchMemory)
	return r, nil
}

// Close kills every sandbox with all its processes, waits until they are gone
// and sends the last log lines. Invocations under way end with ErrClosed.
func (r *Runner) Close(ctx context.Context) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	r.awaitTurnaround(ctx)
	r.mu.Lock()
	for p := range r.everyPool() {
		p.kill()
	}
	r.mu.Unlock()
	close(r.stop)
	if r.mappings != nil {
		if err := r.mappings.Close(ctx); err != nil {
			return fmt.Errorf("event sources still running: %w", err)
		}
	}
	lost, err := r.async.Close(ctx)
	if lost > 0 {
		r.config.Logger.Warn("lambda_events_lost", "events", lost)
	}
	if err != nil {
		return fmt.Errorf("asynchronous invocations still running: %w", err)
	}

	gone := make(chan struct{})
	go func() {
		r.background.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		return fmt.Errorf("sandboxes still running: %w", ctx.Err())
	}
	r.spawner.stop()
	return r.logs.Close(ctx)
}

// awaitTurnaround waits a moment for runtimes that have answered to ask for more:
// killed before that, they would be reported as failed.
func (r *Runner) awaitTurnaround(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, turnaround)
	defer cancel()
	for r.concurrency.inTurnaround() && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
}

// reap takes down sandboxes that nobody needed for a while.
func (r *Runner) reap() {
	ticker := time.NewTicker(reapInterval)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case now := <-ticker.C:
			r.reapIdleSince(now.Add(-idleLifetime))
		}
	}
}

func (r *Runner) reapIdleSince(limit time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, p := range r.pools {
		if p.reap(limit) {
			delete(r.pools, id)
		}
	}
	r.retired = slices.DeleteFunc(r.retired, func(p *pool) bool { return p.reap(limit) })
}

// everyPool iterates over current and retired pools. The caller holds the lock.
func (r *Runner) everyPool() iter.Seq[*pool] {
	return func(yield func(*pool) bool) {
		for _, p := range r.pools {
			if !yield(p) {
				return
			}
		}
		for _, p := range r.retired {
			if !yield(p) {
				return
			}
		}
	}
}

// retire lets the sandboxes of a pool go. The caller holds the lock.
func (r *Runner) retire(p *pool) {
	p.drain()
	delete(r.pools, p.version.id())
	r.retired = append(r.retired, p)
}

// pool returns the sandboxes of a version. Those that run the same version
// with another configuration or code serve their last request and go.
func (r *Runner) pool(v *version) (*pool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	current, ok := r.pools[v.id()]
	if ok && current.version.fingerprint == v.fingerprint {
		return current, nil
	}
	if ok {
		r.retire(current)
	}
	p := newPool(r, v)
	r.pools[v.id()] = p
	return p, nil
}

// drain lets the sandboxes of a function go: all of them, or those of one
// version when number is not empty.
func (r *Runner) drain(name, number string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.pools {
		if p.version.name == name && (number == "" || p.version.number == number) {
			r.retire(p)
		}
	}
}

// forget drops what was read about a function.
func (r *Runner) forget(name string) {
	r.functions.forget(name)
	r.policies.forget(name)
	r.eventSettings.forget(name)
}

// spawn runs f in the background. Close waits for it.
func (r *Runner) spawn(f func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.background.Go(f)
	return nil
}

func (r *Runner) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// hostArchitecture is AWS's name for what this machine can run.
func hostArchitecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

func makeDir(path string) error {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return nil
}
