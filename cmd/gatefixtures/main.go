// Gatefixtures makes the plans that the gate is tested with: for each folder
// with a main.tf it runs the real provider and writes plan.json beside it, and
// the plan file where one is there already. No account is asked: the roots
// have made-up credentials and nothing that reads from AWS.
package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "-sets" {
		if err := sets(context.Background(), os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "gatefixtures:", err)
			os.Exit(1)
		}
		return
	}
	for _, dir := range os.Args[1:] {
		fmt.Println(dir)
		if err := plan(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, "gatefixtures:", dir+":", err)
			os.Exit(1)
		}
	}
}

// plan works on a copy, so that nothing else comes to lie in the repository.
func plan(ctx context.Context, dir string) error {
	work, err := os.MkdirTemp("", "gatefixtures-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.CopyFS(work, os.DirFS(dir)); err != nil {
		return err
	}
	run, err := runner(ctx, work)
	if err != nil {
		return err
	}
	if err := remote(ctx, work); err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	if out, err := run("init", "-input=false", "-no-color"); err != nil {
		return fmt.Errorf("init: %w\n%s", err, out)
	}
	if out, err := run("plan", "-input=false", "-no-color", "-out=tfplan"); err != nil {
		return fmt.Errorf("plan: %w\n%s", err, out)
	}
	shown, err := run("show", "-json", "tfplan")
	if err != nil {
		return fmt.Errorf("show: %w", err)
	}
	short, err := compact(shown)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "plan.json"), short, 0o600); err != nil {
		return err
	}
	file := filepath.Join(dir, "tfplan")
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	body, err := os.ReadFile(filepath.Join(work, "tfplan"))
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}

// remote makes the folder of that name a repository with one commit, always the
// same, and has Git take it for those that the fixture downloads modules from.
func remote(ctx context.Context, work string) error {
	dir := filepath.Join(work, "remote")
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_COUNT": "2",
		"GIT_CONFIG_KEY_0": "url.file://" + dir + ".insteadOf", "GIT_CONFIG_VALUE_0": "https://git.example.com/queue.git",
		"GIT_CONFIG_KEY_1": "url.file://" + dir + ".insteadOf", "GIT_CONFIG_VALUE_1": "https://github.com/portcullis-chat/queue.git",
		"GIT_AUTHOR_NAME": "fixture", "GIT_AUTHOR_EMAIL": "fixture@example.com", "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME": "fixture", "GIT_COMMITTER_EMAIL": "fixture@example.com", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main", "."}, {"add", "."}, {"commit", "-q", "-m", "fixture"}, {"tag", "v1.0.0"}} {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
	}
	return nil
}

// runner runs Terraform in a folder.
func runner(ctx context.Context, dir string) (func(args ...string) ([]byte, error), error) {
	settings, err := terraform.Environment(filepath.Join(dir, "terraform.rc"))
	return func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, terraform.Binary(), args...)
		cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), settings...), os.Stderr
		return cmd.Output()
	}, err
}

// sets writes a line for each type of resource that has blocks which are sets.
func sets(ctx context.Context, file string) error {
	work, err := os.MkdirTemp("", "gatefixtures-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	const root = "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(work, "main.tf"), []byte(root), 0o600); err != nil {
		return err
	}
	run, err := runner(ctx, work)
	if err != nil {
		return err
	}
	if out, err := run("init", "-input=false", "-no-color"); err != nil {
		return fmt.Errorf("init: %w\n%s", err, out)
	}
	body, err := run("providers", "schema", "-json")
	if err != nil {
		return fmt.Errorf("providers schema: %w", err)
	}
	var schemas struct {
		Providers map[string]struct {
			Resources map[string]struct {
				Block struct {
					Blocks map[string]struct {
						Nesting string `json:"nesting_mode"`
					} `json:"block_types"`
				} `json:"block"`
			} `json:"resource_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.Unmarshal(body, &schemas); err != nil {
		return err
	}
	var lines []string
	for _, provider := range schemas.Providers {
		for typ, resource := range provider.Resources {
			words := []string{typ}
			for _, name := range slices.Sorted(maps.Keys(resource.Block.Blocks)) {
				if resource.Block.Blocks[name].Nesting == "set" {
					words = append(words, name)
				}
			}
			if len(words) > 1 {
				lines = append(lines, strings.Join(words, " ")+"\n")
			}
		}
	}
	slices.Sort(lines)
	return os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600)
}

// dropped are the members that the gate does not read and that change with
// every run or say everything twice.
const dropped = " planned_values timestamp relevant_attributes resource_drift "

// compact keeps what the gate reads, a line for each resource.
func compact(plan []byte) ([]byte, error) {
	var out bytes.Buffer
	d := jsontext.NewDecoder(bytes.NewReader(plan))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	separator := "{"
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if strings.Contains(dropped, " "+key+" ") {
			continue
		}
		fmt.Fprintf(&out, "%s\n%q:", separator, key)
		separator = ","
		if key != "resource_changes" {
			out.Write(value)
			continue
		}
		if err := lines(&out, value); err != nil {
			return nil, err
		}
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

func lines(out *bytes.Buffer, list jsontext.Value) error {
	d := jsontext.NewDecoder(bytes.NewReader(list))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	separator := "["
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n%s", separator, value)
		separator = ","
	}
	out.WriteString("]")
	return nil
}
