package lambda

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/runtimehttp"
	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
)

// initTimeout bounds the initialisation of a sandbox (Lambda, "Lambda execution
// environment lifecycle").
const initTimeout = 10 * time.Second

// sandbox is one process that serves one request at a time.
type sandbox struct {
	version  *version
	stream   *logship.Stream
	log      platformLog
	output   *output
	faults   Faults
	process  *process
	server   *runtimehttp.Server
	ready    chan struct{} // closed by the first poll for a request
	initFail chan *failure // what the runtime posted to init/error
	retireAt time.Time     // when its credentials are too old for a request
	started  time.Time

	memory memory

	// Used by whoever holds the sandbox.
	initDuration time.Duration // 0 after the first request was reported

	mu          sync.Mutex
	current     *invocation
	poll        *runtimehttp.Conn // of the runtime that waits for a request
	undelivered *invocation       // nobody waited when it came: the next poll takes it
	initialised bool
	lastUsed    time.Time
	invocations int
}

// startError says why a sandbox did not come up. Its log stream is where the
// request that waited for it is reported.
type startError struct {
	error
	stream *logship.Stream
	log    platformLog
	init   time.Duration
}

func (e *startError) Unwrap() error { return e.error }

// newSandbox starts a sandbox and waits until it asks for its first request.
// starting is told of the process as soon as there is one.
func (r *Runner) newSandbox(v *version, starting func(*sandbox)) (*sandbox, error) {
	s := &sandbox{
		version:  v,
		memory:   memory{limit: int64(v.memoryMB) << 20},
		stream:   newStream(r.logs, v),
		log:      platformLog{logging: v.logging, version: v.number, memoryMB: v.memoryMB},
		faults:   r.config.Faults,
		ready:    make(chan struct{}),
		initFail: make(chan *failure, 1),
		started:  time.Now(),
		lastUsed: time.Now(),
	}
	s.append(s.log.initStart())
	err := s.start(r)
	if err == nil {
		starting(s)
		err = s.initialise()
	}
	took := time.Since(s.started)
	var failed *failure
	if err != nil && !errors.As(err, &failed) {
		return nil, &startError{error: err, stream: s.stream, log: s.log, init: took}
	}
	if failed != nil && failed.errorType == invalidEntrypoint {
		r.problems.add("function "+v.name, failed.message, 1)
	}
	if failed != nil {
		s.append(s.log.initReport(took, failed))
		return nil, &startError{error: failed, stream: s.stream, log: s.log, init: took}
	}
	s.output.add([]platformLine{{text: s.log.initReport(took, nil)}})
	s.initDuration = took
	return s, nil
}

func (s *sandbox) append(line string) { s.stream.Append(line) }

// start runs the bootstrap with a Runtime API of its own.
func (s *sandbox) start(r *Runner) error {
	dir, err := r.code.open(s.version)
	if err != nil {
		return err
	}
	role, err := r.roles.of(s.version)
	if err != nil {
		return err
	}
	s.retireAt = role.Expiration.Add(-credentialMargin)
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the runtime: %w", err)
	}
	s.output, err = newOutput(s.stream, s.version.logging)
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("make pipe for the function's output: %w", err)
	}
	address := listener.Addr().String()
	s.process, err = r.spawner.start(dir, environment(s.version, sandboxSettings{
		runtimeAPI:  address,
		gatewayURL:  r.config.GatewayURL,
		codeDir:     dir,
		logStream:   s.stream.Name(),
		credentials: role,
	}), s.output.writer)
	if err != nil {
		_ = listener.Close()
		s.output.close()
		return &failure{errorType: invalidEntrypoint, message: err.Error()}
	}
	s.server = runtimehttp.Serve(listener, s.runtimeAPI(address))
	return nil
}

// initialise waits for the first poll of a started sandbox, or takes it down.
func (s *sandbox) initialise() error {
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	var failed *failure
	select {
	case <-s.ready:
		return nil
	case failed = <-s.initFail:
	case <-s.process.exited:
		failed = s.exitFailure()
		select {
		case failed = <-s.initFail:
		default:
		}
	case <-timer.C:
		failed = timeoutFailure(initTimeout)
	}
	s.shutdown()
	return failed
}

// exitFailure is what AWS says when a bootstrap ends by itself.
func (s *sandbox) exitFailure() *failure {
	state := s.process.state()
	if state == "exit status 0" {
		return &failure{errorType: "Runtime.ExitError", message: "Runtime exited without providing a reason"}
	}
	failed := &failure{errorType: "Runtime.ExitError", message: "Runtime exited with error: " + state}
	if s.memory.exceeded() {
		failed.reportType = "Runtime.OutOfMemory"
	}
	return failed
}

func timeoutFailure(limit time.Duration) *failure {
	return &failure{
		errorType: "Sandbox.Timedout",
		message:   fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds()),
		timedOut:  true,
	}
}

// shutdown kills the sandbox and returns when its processes are gone and its
// output is in the log stream.
func (s *sandbox) shutdown() {
	s.process.kill()
	<-s.process.exited
	s.server.Close()
	s.output.close()
}

// begin hands a request over. It reports false when the process is gone, or about
// to be.
func (s *sandbox) begin(inv *invocation) bool {
	if s.process.dying() {
		return false
	}
	inv.started = time.Now()
	inv.deadline = inv.started.Add(s.version.timeout)
	s.output.begin(s.log.start(inv.requestID), inv.tail)
	s.mu.Lock()
	s.current = inv
	s.invocations++
	poll := s.poll
	s.poll = nil
	if poll == nil {
		s.undelivered = inv
	}
	s.mu.Unlock()
	switch {
	case poll == nil:
	case len(inv.payload) > atOnce:
		go s.deliver(poll, inv) // until the runtime has read it, which counts as its time
	default:
		s.deliver(poll, inv)
	}
	return true
}

// atOnce is the size of a payload that a socket takes without waiting for its
// reader, in bytes.
const atOnce = 32 << 10

// ending is how a sandbox got through a request.
type ending struct {
	failed   *failure // nil when the function answered, be it with an error
	alive    bool     // the sandbox can take another request
	early    bool     // the caller has had his answer since before
	duration time.Duration
	tail     []byte
}

// serve waits until the request that begin handed over is done.
func (s *sandbox) serve(inv *invocation) ending {
	timer := time.NewTimer(s.version.timeout)
	defer timer.Stop()
	done := ending{alive: true}
	select {
	case <-inv.done:
	case <-s.process.exited:
		done.failed, done.alive = s.exitFailure(), false
	case <-timer.C:
		done.failed, done.alive = timeoutFailure(s.version.timeout), false
	}
	done.duration = time.Since(inv.started)
	if done.alive && s.exceeds(done.duration) {
		<-s.process.exited
		done.failed, done.alive = s.exitFailure(), false
	}
	if !done.alive {
		s.shutdown()
		s.memory.ended(s.process)
	}
	r := report{requestID: inv.requestID, duration: done.duration, init: s.initDuration, failed: done.failed, maxMemoryMB: s.memory.peakMB()}
	s.initDuration = 0

	s.mu.Lock()
	s.lastUsed = time.Now()
	inv.finished = true
	done.early = inv.early
	if inv.responded && !s.memory.exceeded() {
		// A runtime that answers and then ends (a panic) has answered.
		done.failed = inv.tooLarge
	}
	if inv.tooLarge != nil {
		r.failed = inv.tooLarge
	}
	r.functionError = inv.functionError != ""
	s.mu.Unlock()
	done.tail = s.output.end(s.log.end(r), inv.tail)
	return done
}

// turnsAround tells whether the runtime has answered its request and is about to ask
// for another.
func (s *sandbox) turnsAround() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil && s.current.responded && !s.process.dying()
}

// exceeds tells whether a request that has been answered after so long took more
// memory than there is, and kills the sandbox: on AWS it would not have lived to
// answer.
func (s *sandbox) exceeds(took time.Duration) bool {
	if s.memory.due(took) && !s.memory.measure(s.process.peakMemory()) {
		s.process.kill()
	}
	return s.memory.exceeded()
}
