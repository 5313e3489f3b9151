package terraform

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Serve starts the provider that a folder was initialised with and returns the
// setting by which Terraform uses it. Without, Terraform starts a process of the
// provider for each run of a test, and half a second of processor time goes by
// before it answers. It is for runs with mocked providers only, which ask it for
// schemas and validation: a provider that is configured twice keeps the last
// configuration. It ends with the context.
//
// See https://developer.hashicorp.com/terraform/plugin/debugging#starting-a-provider-in-debug-mode
func Serve(ctx context.Context, dir string) (string, error) {
	providers := filepath.Join(dir, ".terraform", "providers")
	binaries, err := filepath.Glob(filepath.Join(providers, "*", "hashicorp", "aws", "*", "*", "terraform-provider-aws*"))
	if err != nil || len(binaries) != 1 {
		return "", fmt.Errorf("%s is not initialised with one provider: %v, %w", dir, binaries, errors.Join(err))
	}
	cmd := exec.CommandContext(ctx, binaries[0], "-debug")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var said strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if setting := reattach.FindStringSubmatch(lines.Text()); setting != nil {
			go func() { // what it says later must not block it
				_, _ = io.Copy(io.Discard, stdout)
				_ = cmd.Wait()
			}()
			// The provider calls itself by Terraform's registry, OpenTofu by its own.
			registry := strings.Split(strings.TrimPrefix(binaries[0], providers), string(filepath.Separator))[1]
			return "TF_REATTACH_PROVIDERS=" + strings.Replace(setting[1], "registry.terraform.io", registry, 1), nil
		}
		said.WriteString(lines.Text() + "\n")
	}
	return "", fmt.Errorf("the provider does not serve: %w\n%s", cmd.Wait(), said.String())
}

var reattach = regexp.MustCompile(`TF_REATTACH_PROVIDERS='(.*)'`)
