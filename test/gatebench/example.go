//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

// offline has the provider plan without asking AWS.
const offline = `provider "aws" {
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
`

// examplePlan plans examples/minimal below work and gives the plan file and its
// JSON. What is in the functions' packages does not matter to a plan.
func examplePlan(ctx context.Context, work string) (file, shown string, err error) {
	for _, dir := range []string{"modules", "examples"} {
		if err := os.CopyFS(filepath.Join(work, dir), os.DirFS(dir)); err != nil {
			return "", "", err
		}
	}
	packages := filepath.Join(work, "dist", "arm64")
	if err := os.MkdirAll(packages, 0o700); err != nil {
		return "", "", err
	}
	var sums strings.Builder
	for _, name := range []string{"authorizer", "connect", "disconnect", "message", "presence"} {
		body := []byte(name)
		fmt.Fprintf(&sums, "%x  %s.zip\n", sha256.Sum256(body), name)
		if err := os.WriteFile(filepath.Join(packages, name+".zip"), body, 0o600); err != nil {
			return "", "", err
		}
	}
	dir := filepath.Join(work, "examples", "minimal")
	for name, body := range map[string]string{filepath.Join(packages, "SHA256SUMS"): sums.String(), filepath.Join(dir, "gate_override.tf"): offline} {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			return "", "", err
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, ".terraform")); err != nil {
		return "", "", err
	}
	settings, err := terraform.Environment(filepath.Join(work, "terraform.rc"))
	if err != nil {
		return "", "", err
	}
	run := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, terraform.Binary(), args...) // #nosec G204 -- the arguments are this file's
		cmd.Dir, cmd.Env = dir, append(os.Environ(), settings...)
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("terraform %s: %w\n%s", args[0], err, out)
		}
		return out, err
	}
	if _, err := run("init", "-backend=false", "-input=false", "-no-color"); err != nil {
		return "", "", err
	}
	if _, err := run("plan", "-input=false", "-no-color", "-out=tfplan"); err != nil {
		return "", "", err
	}
	body, err := run("show", "-json", "tfplan")
	if err != nil {
		return "", "", err
	}
	shown = filepath.Join(work, "plan.json")
	return filepath.Join(dir, "tfplan"), shown, os.WriteFile(shown, body, 0o600)
}
