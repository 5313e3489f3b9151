package conformance_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

// root is the repository.
const root = "../.."

// onAWS tells whether the suite runs against the AWS account that the
// environment names instead of the local stack.
var onAWS = os.Getenv("PORTCULLIS_TARGET") == "aws"

// deployedVariable hands what is deployed to the processes that fuzz.
const deployedVariable = "PORTCULLIS_CONFORMANCE_WORLD"

// atOnce is how many cases run at the same time. Most of them wait.
const atOnce = "24"

// TestMain deploys what all cases share, on a local stack unless the target is
// AWS, and takes it down at the end.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	flag.Parse()
	if set := flag.Lookup("test.parallel"); set.Value.String() == set.DefValue {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			return fail(err)
		}
	}
	switch target := os.Getenv("PORTCULLIS_TARGET"); target {
	case "", "local", "aws":
	default:
		return fail(fmt.Errorf("PORTCULLIS_TARGET is %q: legal are local (the default) and aws", target))
	}
	ctx := context.Background()
	if deployed := os.Getenv(deployedVariable); deployed != "" {
		var err error
		if shared, err = joinWorld(ctx, []byte(deployed)); err != nil {
			return fail(err)
		}
		return m.Run()
	}
	work, err := os.MkdirTemp("", "portcullis-conformance-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	zip, err := buildProbe(ctx, filepath.Join(work, "packages"))
	if err != nil {
		return fail(err)
	}
	if !onAWS {
		stop, err := localstack.Start(ctx, root, work)
		if err != nil {
			return fail(err)
		}
		defer stop()
	}
	shared, err = newWorld(ctx, zip)
	if shared != nil {
		defer func() {
			if err := shared.destroy(ctx); err != nil {
				code = max(code, fail(err))
			}
		}()
	}
	if err != nil {
		return fail(err)
	}
	deployed, err := json.Marshal(shared)
	if err != nil {
		return fail(err)
	}
	if err := os.Setenv(deployedVariable, string(deployed)); err != nil {
		return fail(err)
	}
	return m.Run()
}

// buildProbe returns the zip of the probe function for the target.
func buildProbe(ctx context.Context, dir string) ([]byte, error) {
	arch := packaging.ARM64
	if !onAWS {
		var err error
		if arch, err = packaging.Host(); err != nil {
			return nil, err
		}
	}
	if _, err := packaging.Build(ctx, root, dir, arch, []string{"./test/conformance/probe"}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "probe.zip"))
}
