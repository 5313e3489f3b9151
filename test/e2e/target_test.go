package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/internal/terraform"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

const root = "../.."

// onAWS tells whether the suite runs against the AWS account that the
// environment names instead of the local stack.
var onAWS = os.Getenv("PORTCULLIS_TARGET") == "aws"

// packages is the folder with the functions' zips for the target.
var packages string

// TestMain builds what is deployed and, unless the target is AWS, starts a
// local stack for all tests and takes it down again.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	switch target := os.Getenv("PORTCULLIS_TARGET"); target {
	case "", "local", "aws":
	default:
		fmt.Fprintf(os.Stderr, "PORTCULLIS_TARGET is %q: legal are local (the default) and aws\n", target)
		return 2
	}
	if os.Getenv(deploymentFile) != "" {
		return m.Run() // everything is there, and so are the settings
	}
	ctx := context.Background()
	work, err := os.MkdirTemp("", "portcullis-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(work) }()
	for _, check := range []func() error{
		func() error { _, err := terraform.CheckBinary(ctx); return err },
		func() error { return terraform.CheckProvider(ctx) },
		func() error { return buildPackages(ctx, filepath.Join(work, "packages")) },
		func() error { return mirrorSettings(filepath.Join(work, "terraform.rc")) },
	} {
		if err := check(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if !onAWS {
		recorded = filepath.Join(work, "calls.jsonl")
		stop, err := localstack.Start(ctx, root, work, "--record", recorded)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
	}
	return m.Run()
}

// architecture is the one that the target's functions run on.
func architecture() string {
	if onAWS {
		return "arm64"
	}
	host, err := packaging.Host()
	if err != nil {
		panic(err)
	}
	return string(host)
}

func buildPackages(ctx context.Context, dir string) error {
	module, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	packages = dir
	_, err = packaging.Build(ctx, module, dir, packaging.Arch(architecture()), packaging.Functions())
	return err
}

func mirrorSettings(file string) error {
	settings, err := terraform.Environment(file)
	return errors.Join(err, apply(settings))
}

// apply puts settings of the form NAME=value into this process's environment,
// from where Terraform and the AWS SDK read them.
func apply(settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// localOnly skips a test that a real account cannot run.
func localOnly(t *testing.T, reason string) {
	t.Helper()
	if onAWS {
		t.Skip("only on the local stack: " + reason)
	}
}

// eventually polls until done reports true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// statusOf is the status of a refused handshake; 0 when there was no answer.
func statusOf(res *http.Response) int {
	if res == nil {
		return 0
	}
	return res.StatusCode
}
