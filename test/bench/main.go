//go:build linux

// Bench measures the local stack: how fast it is, and where the time goes. It
// runs everything itself, in one go, on the machine it is started on, and writes
// docs/local-stack-performance.md; `make bench-local` runs it from the root of
// the repository. What it compares is measured in the same run.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/machine"
	"github.com/portcullis-chat/portcullis/test/localstack"
	"github.com/portcullis-chat/portcullis/test/probe"
)

const region = "eu-west-1"

// effort is how much is measured.
type effort struct {
	Sockets []int         // open connections at which memory is measured
	Calls   int           // calls one after the other
	Load    time.Duration // of each load
	Rooms   []int         // members
	Lone    int           // messages of a lone speaker
}

var (
	full  = effort{Sockets: []int{500, 2000}, Calls: 5000, Load: 10 * time.Second, Rooms: []int{8, 64, 500}, Lone: 50}
	quick = effort{Sockets: []int{50, 200}, Calls: 300, Load: 2 * time.Second, Rooms: []int{8, 32}, Lone: 10}
)

func main() { os.Exit(status()) }

// status runs the bench and returns the status to end with.
func status() int {
	out := flag.String("o", "", "file to write; standard output if there is none")
	only := flag.Bool("quick", false, "measure little, to see that the tool works")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, out string, short bool) error {
	work, err := os.MkdirTemp("", "portcullis-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	b := &bench{work: work, effort: full}
	if short {
		b.effort = quick
	}
	stop, err := localstack.Start(ctx, ".", work, "--profile")
	if err != nil {
		return err
	}
	defer stop()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	r := &report{Machine: machine.Name(), Quick: short, Effort: b.effort}
	for _, part := range []struct {
		name    string
		measure func(context.Context, *report) error
	}{
		{"sockets", b.measureSockets}, // first: what a load leaves to the garbage collector would hide their memory
		{"calls", b.measureCalls},
		{"terraform apply", b.measureApply},
		{"the chat", b.measureChat},
	} {
		fmt.Fprintln(os.Stderr, "measuring", part.name)
		if err := part.measure(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	text, err := r.text()
	if err != nil {
		return err
	}
	if out == "" {
		_, err := os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(out, text, 0o644) //nolint:gosec // a page of the documentation
}

// bench is what the measurements share.
type bench struct {
	work     string
	effort   effort
	aws      aws.Config
	stack    localaws.Status
	packages string // of the chat
	zip      []byte // of the probe
	probe    *probe.Probe
}

// prepare builds what is deployed and deploys the probe.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.aws, err = config.LoadDefaultConfig(ctx, config.WithRegion(region)); err != nil {
		return err
	}
	if b.stack, err = stackStatus(ctx); err != nil {
		return err
	}
	host, err := packaging.Host()
	if err != nil {
		return err
	}
	b.packages = filepath.Join(b.work, "packages")
	if _, err := packaging.Build(ctx, ".", b.packages, host, packaging.Functions()); err != nil {
		return err
	}
	if b.zip, err = probe.Build(ctx, ".", filepath.Join(b.work, "probe")); err != nil {
		return err
	}
	b.probe, err = probe.Deploy(ctx, b.aws, b.zip)
	return err
}

// endpoint is the stack's own.
func endpoint() string { return os.Getenv("AWS_ENDPOINT_URL") }

// stackStatus is what the stack says of itself.
func stackStatus(ctx context.Context) (localaws.Status, error) {
	var s localaws.Status
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint()+"/_portcullis/status", nil)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer func() { _ = res.Body.Close() }()
	return s, json.NewDecoder(res.Body).Decode(&s)
}
