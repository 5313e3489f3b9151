//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portcullis-chat/portcullis/test/probe"
)

// callers is how many calls are under way at once under load.
const callers = 8

// event is one of API Gateway's for a message, of usual size.
var event = []byte(`{"requestContext":{"routeKey":"call","messageId":"Dg1a2cZ_DoECFhg=","eventType":"MESSAGE","extendedRequestId":"Dg1a2HfZjoEF0wA=","requestTime":"23/Nov/2026:01:53:35 +0000","messageDirection":"IN","stage":"probe","connectedAt":1795398489000,"requestTimeEpoch":1795398489120,"identity":{"sourceIp":"127.0.0.1","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"},"requestId":"Dg1a2HfZjoEF0wA=","domainName":"127.0.0.1:25258","connectionId":"Dg1a1cP_joECFhg=","apiId":"a1b2c3d4e5"},"body":"{\"action\":\"call\"}","isBase64Encoded":false}`)

// path is a way to the same function.
type path struct {
	P50, P99 time.Duration // of one call after the other
	Second   float64       // calls a second under load
}

// calls compares the ways.
type calls struct {
	Direct, Message, Invoke, MiniStack path
	CPU                                cpu           // while messages were the load
	Ping                               time.Duration // as P50, of a message without a function
	Profile                            string        // of the stack while messages were the load
}

// measureCalls calls the same function, which does nothing, in four ways.
func (b *bench) measureCalls(ctx context.Context, r *report) (err error) {
	if r.Calls.Direct, err = b.direct(ctx); err != nil {
		return fmt.Errorf("the Runtime API alone: %w", err)
	}
	var sockets []func() error
	var ping func() error
	for range callers {
		s, err := dial(ctx, b.probe.URL, "")
		if err != nil {
			return err
		}
		defer func() { _ = s.Close() }()
		asks := func(message, want string) func() error {
			return func() error {
				answer, err := s.ask(message)
				if err == nil && answer != want {
					err = fmt.Errorf("answered with %q", answer)
				}
				return err
			}
		}
		sockets, ping = append(sockets, asks(probe.Call, probe.Answer)), asks(probe.Ping, probe.Pong)
	}
	if r.Calls.Message, err = b.measure(ctx, sockets); err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	// Once more, for its parts.
	before, err := b.usage()
	if err != nil {
		return err
	}
	profile := make(chan profileResult, 1)
	go func() { profile <- b.profile(ctx) }()
	if _, err := b.load(ctx, sockets); err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	after, err := b.usage()
	if err != nil {
		return err
	}
	r.Calls.CPU = after.since(before)
	made := <-profile
	if made.err != nil {
		return made.err
	}
	r.Calls.Profile = made.text
	took, err := b.oneByOne(ping)
	if err != nil {
		return fmt.Errorf("pings: %w", err)
	}
	r.Calls.Ping = took.At(0.5)
	if r.Calls.Invoke, err = b.invocations(ctx, endpoint(), b.aws.Credentials); err != nil {
		return fmt.Errorf("the Invoke API: %w", err)
	}
	if r.Calls.MiniStack, err = b.emulated(ctx); err != nil {
		return fmt.Errorf("MiniStack: %w", err)
	}
	return nil
}

// measure makes calls one after the other, and then as many as there are
// functions for it at once.
func (b *bench) measure(ctx context.Context, call []func() error) (p path, err error) {
	took, err := b.oneByOne(call[0])
	if err != nil {
		return p, err
	}
	p.P50, p.P99 = took.At(0.5), took.At(0.99)
	p.Second, err = b.load(ctx, call)
	return p, err
}

// oneByOne makes calls one after the other, for as long as a load takes at most.
func (b *bench) oneByOne(call func() error) (took times, err error) {
	const warm = 10
	over := time.Now().Add(b.effort.Load)
	for i := 0; i < b.effort.Calls+warm && time.Now().Before(over); i++ {
		start := time.Now()
		if err := call(); err != nil {
			return nil, err
		}
		if i >= warm {
			took = append(took, time.Since(start))
		}
	}
	return took, nil
}

// load makes calls as fast as they are answered and returns how many a second.
// What is started for the load itself is not counted.
func (b *bench) load(ctx context.Context, call []func() error) (float64, error) {
	var (
		made     atomic.Int64
		counting atomic.Bool
		all      sync.WaitGroup
	)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, c := range call {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := c(); err != nil {
					stop(err)
					return
				}
				if counting.Load() {
					made.Add(1)
				}
			}
		})
	}
	pause(ctx, b.effort.Load/5)
	counting.Store(true)
	start := time.Now()
	pause(ctx, b.effort.Load)
	counting.Store(false)
	took := time.Since(start)
	stop(errOver)
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errOver) {
		return 0, err
	}
	return float64(made.Load()) / took.Seconds(), nil
}

var errOver = errors.New("the load is over")

// pause waits, but not longer than the context lives.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// invocations calls Lambda's Invoke API at an address. The request is signed
// once: it is the same each time.
func (b *bench) invocations(ctx context.Context, address string, caller aws.CredentialsProvider) (path, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	credentials, err := caller.Retrieve(ctx)
	if err != nil {
		return path{}, err
	}
	request := func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, address+"/2015-03-31/functions/"+b.probe.FunctionName+"/invocations", bytes.NewReader(event))
	}
	signed, err := request()
	if err != nil {
		return path{}, err
	}
	signed.Header.Set("X-Forwarded-Proto", "https")
	hash := sha256.Sum256(event)
	if err := signer.NewSigner().SignHTTP(ctx, credentials, signed, hex.EncodeToString(hash[:]), "lambda", region, time.Now()); err != nil {
		return path{}, err
	}
	call := func() error {
		req, err := request()
		if err != nil {
			return err
		}
		req.Header = signed.Header
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		answer, err := io.ReadAll(res.Body)
		if err == nil && !bytes.Contains(answer, []byte(probe.Answer)) {
			err = fmt.Errorf("status %d: %s", res.StatusCode, answer)
		}
		return err
	}
	all := make([]func() error, callers)
	for i := range all {
		all[i] = call
	}
	return b.measure(ctx, all)
}

// loop is the Runtime API for one process of the function, with nothing but
// the loop.
type loop struct {
	events, answers chan []byte
	process         *exec.Cmd
	server          *http.Server
}

// direct runs the function's binary with nothing between it and the caller.
func (b *bench) direct(ctx context.Context) (path, error) {
	binary, err := b.unzip()
	if err != nil {
		return path{}, err
	}
	var all []func() error
	for range callers {
		l, err := startRuntime(ctx, binary)
		if err != nil {
			return path{}, err
		}
		defer l.stop()
		all = append(all, func() error {
			l.events <- event
			if answer := <-l.answers; !bytes.Contains(answer, []byte(probe.Answer)) {
				return fmt.Errorf("answered with %s", answer)
			}
			return nil
		})
	}
	return b.measure(ctx, all)
}

// unzip leaves the probe's binary in the working folder.
func (b *bench) unzip() (string, error) {
	archive, err := zip.NewReader(bytes.NewReader(b.zip), int64(len(b.zip)))
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.work, "direct")
	if err := os.CopyFS(dir, archive); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "bootstrap")
	return binary, os.Chmod(binary, 0o700) //nolint:gosec // it is to be run
}

func startRuntime(ctx context.Context, binary string) (*loop, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &loop{events: make(chan []byte), answers: make(chan []byte)}
	mux := http.NewServeMux()
	n := 0
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case e := <-l.events:
			n++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.Itoa(n))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(29*time.Second).UnixMilli(), 10))
			_, _ = w.Write(e)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		answer, _ := io.ReadAll(r.Body) // a broken one is no answer, which is noticed
		w.WriteHeader(http.StatusAccepted)
		l.answers <- answer
	})
	l.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = l.server.Serve(listener) }() // until stop
	l.process = exec.CommandContext(ctx, binary)
	l.process.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}
	l.process.Stderr = os.Stderr
	return l, l.process.Start()
}

func (l *loop) stop() {
	_ = l.process.Process.Kill()
	_ = l.process.Wait() // it was killed
	_ = l.server.Close()
}
