package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/terraform"
	"github.com/portcullis-chat/portcullis/policies"
	"github.com/portcullis-chat/portcullis/test/internal/checkov"
	"github.com/portcullis-chat/portcullis/test/internal/examples"
	"github.com/portcullis-chat/portcullis/test/internal/weakened"
)

func engine() (*gate.Engine, error) { return gate.Load([]fs.FS{policies.FS}) }

// tool is one that judges plans. run gives, for each of its checks, the cases it
// complains of.
type tool struct {
	Name, Version string
	Ours          bool // judges by our rules
	run           func(ctx context.Context, plans map[string]subject) (map[string]set, error)
}

// subject is a plan: its JSON, and how the gate reads it with its sources, as it
// does in a pipeline.
type subject struct {
	json string
	gate plan.Options
}

// Releases of the tools that are built from their Go modules.
const (
	conftestVersion = "0.71.1"
	trivyVersion    = "0.65.0"
)

// peers builds the tools.
func peers(ctx context.Context) ([]tool, error) {
	conftest, err := filepath.Abs(filepath.Join("bin", "conftest-"+conftestVersion))
	if err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", "tools/conftest", "-trimpath", "-o", conftest, "github.com/open-policy-agent/conftest").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("conftest: %w\n%s", err, out)
	}
	trivy, err := built(ctx, "github.com/aquasecurity/trivy", trivyVersion, "./cmd/trivy")
	if err != nil {
		return nil, err
	}
	return []tool{
		{"gate", "this commit", true, byGate},
		{"conftest", conftestVersion, true, byConftest(conftest)},
		{"Checkov", checkov.Version, false, byCheckov},
		{"Trivy", trivyVersion, false, byTrivy(trivy)},
	}, nil
}

// built builds a command of a module in the module's own folder, since one with
// replacements cannot be installed, and says where it is.
func built(ctx context.Context, module, version, command string) (string, error) {
	binary, err := filepath.Abs(filepath.Join("bin", filepath.Base(command)+"-"+version))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	fmt.Println("building", module, "which takes some minutes")
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@v"+version).Output() // #nosec G204 -- this file's
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", module, err, out)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return "", err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, command) // #nosec G204 -- this file's
	build.Dir = found.Dir
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", module, err, out)
	}
	return binary, nil
}

// whole writes the fixtures' plans with what make gate-fixtures leaves out of them
// and other tools read: the planned values, which say what resource_changes say.
func whole(work string) (map[string]subject, error) {
	files, err := filepath.Glob("policies/testdata/*/plan.json")
	if err != nil {
		return nil, err
	}
	plans := map[string]subject{}
	for _, file := range files {
		dir := filepath.Dir(file)
		to := filepath.Join(work, filepath.Base(dir)+".json")
		if err := planned(file, to); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		plans[filepath.Base(dir)] = subject{to, plan.Options{Path: file, Dir: dir}}
	}
	return plans, nil
}

// ours plans the complete example: as it is, and weakened.
func ours(ctx context.Context, work string) (map[string]subject, error) {
	plans := map[string]subject{}
	for _, name := range []string{asItIs, weak} {
		dir := filepath.Join(work, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		r, err := examples.Copy(".", dir, "complete")
		if err != nil {
			return nil, err
		}
		if name == weak {
			if err := weakened.Apply(filepath.Join(dir, "modules")); err != nil {
				return nil, err
			}
		}
		if err := r.Init(ctx); err != nil {
			return nil, err
		}
		made, err := r.Plan(ctx)
		if err != nil {
			return nil, err
		}
		plans[name] = subject{made.File, plan.Options{Path: made.Binary, Dir: r.Dir, Terraform: terraform.Binary()}}
	}
	return plans, nil
}

// Names of the plans of the complete example.
const (
	asItIs = "complete"
	weak   = "weakened"
)

func planned(from, to string) error {
	body, err := os.ReadFile(from) // #nosec G304 -- a fixture
	if err != nil {
		return err
	}
	var plan map[string]any
	if err := json.Unmarshal(body, &plan); err != nil {
		return err
	}
	modules := map[string][]any{"": {}} // resources by the address of their module
	changes, _ := plan["resource_changes"].([]any)
	for _, one := range changes {
		change, _ := one.(map[string]any)
		values, _ := change["change"].(map[string]any)
		module, _ := change["module_address"].(string)
		if values["after"] == nil {
			continue // deleted
		}
		resource := map[string]any{"schema_version": 0, "values": values["after"], "sensitive_values": values["after_sensitive"]}
		for _, name := range []string{"address", "mode", "type", "name", "index", "provider_name"} {
			if value, ok := change[name]; ok {
				resource[name] = value
			}
		}
		modules[module] = append(modules[module], resource)
	}
	children := []any{}
	for _, address := range slices.Sorted(maps.Keys(modules)) {
		if address != "" {
			children = append(children, map[string]any{"address": address, "resources": modules[address]})
		}
	}
	plan["planned_values"] = map[string]any{"root_module": map[string]any{"resources": modules[""], "child_modules": children}}
	if body, err = json.Marshal(plan); err != nil {
		return err
	}
	return os.WriteFile(to, body, 0o600)
}

// said notes that a check complains of a resource of a plan.
func said(all map[string]set, check, name, address string) {
	if all[check] == nil {
		all[check] = set{}
	}
	all[check][name+" "+instance.ReplaceAllString(address, "")] = true
}

func byGate(ctx context.Context, plans map[string]subject) (map[string]set, error) {
	e, err := engine()
	if err != nil {
		return nil, err
	}
	all := map[string]set{}
	for name, subject := range plans {
		in, err := plan.Read(ctx, subject.gate)
		if err != nil {
			return nil, err
		}
		report, err := e.Evaluate(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, f := range report.Findings {
			if f.Kind == gate.Fail {
				said(all, f.Rule, name, f.Address)
			}
		}
	}
	return all, nil
}

func byConftest(binary string) func(context.Context, map[string]subject) (map[string]set, error) {
	return func(ctx context.Context, plans map[string]subject) (map[string]set, error) {
		all := map[string]set{}
		for name, subject := range plans {
			in, err := plan.Read(ctx, subject.gate)
			if err != nil {
				return nil, err
			}
			document, err := normal.New(in, nil)
			if err != nil {
				return nil, err
			}
			var body bytes.Buffer
			if err := output.JSON(&body, document); err != nil {
				return nil, err
			}
			input := subject.json + ".input.json"
			if err := os.WriteFile(input, body.Bytes(), 0o600); err != nil {
				return nil, err
			}
			out, err := judged(ctx, binary, "test", "--show-builtin-errors", "--policy=policies", "--output=json", input)
			if err == nil {
				err = os.Remove(input)
			}
			if err != nil {
				return nil, err
			}
			var files []struct {
				Failures []struct {
					Metadata struct{ Rule, Address string }
				}
			}
			if err := json.Unmarshal(out, &files); err != nil {
				return nil, err
			}
			for _, f := range files {
				for _, failure := range f.Failures {
					said(all, failure.Metadata.Rule, name, failure.Metadata.Address)
				}
			}
		}
		return all, nil
	}
}

func byCheckov(ctx context.Context, plans map[string]subject) (map[string]set, error) {
	all := map[string]set{}
	for name, subject := range plans {
		findings, err := checkov.Run(ctx, subject.json, "", func(text string) { fmt.Println(text) })
		if err != nil {
			return nil, err
		}
		for _, f := range findings {
			said(all, f.Check, name, f.Resource)
		}
	}
	return all, nil
}

func byTrivy(binary string) func(context.Context, map[string]subject) (map[string]set, error) {
	return func(ctx context.Context, plans map[string]subject) (map[string]set, error) {
		all := map[string]set{}
		for name, subject := range plans {
			out, err := judged(ctx, binary, "config", "--skip-check-update", "--quiet", "--cache-dir", subject.json+".cache", "--format", "json", subject.json)
			if err != nil {
				return nil, err
			}
			var report struct {
				Results []struct {
					Misconfigurations []struct {
						ID, AVDID, Status string
						CauseMetadata     struct{ Resource string }
					}
				}
			}
			if err := json.Unmarshal(out, &report); err != nil {
				return nil, err
			}
			for _, result := range report.Results {
				for _, m := range result.Misconfigurations {
					if m.Status == "FAIL" {
						said(all, m.ID, name, m.CauseMetadata.Resource)
					}
				}
			}
		}
		return all, nil
	}
}

// judged runs a tool. That it finds something is no error.
func judged(ctx context.Context, binary string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, binary, args...) // #nosec G204 -- the tools are this file's
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		_, _ = io.Copy(&said, bytes.NewReader(out[max(0, len(out)-2000):]))
		return nil, fmt.Errorf("%w\n%s", err, said.String())
	}
	return out, nil
}
