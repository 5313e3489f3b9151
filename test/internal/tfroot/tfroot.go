// Package tfroot runs Terraform in root modules for tests.
package tfroot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

// Root is a Terraform root module and its inputs.
type Root struct {
	// Dir is its folder.
	Dir  string
	work string
	vars []string
	env  []string
}

// Copy copies the root dir of the repository at source, with all that roots
// refer to, below work: roots refer to modules by relative paths, and Terraform
// writes beside them. vars are its inputs.
func Copy(source, work, dir string, vars map[string]any) (*Root, error) {
	for _, part := range []string{"modules", "web/site", dir} {
		if _, err := os.Stat(filepath.Join(source, part)); part == "web/site" && errors.Is(err, fs.ErrNotExist) {
			continue // source is a release without a site
		}
		if err := os.CopyFS(filepath.Join(work, part), os.DirFS(filepath.Join(source, part))); err != nil {
			return nil, err
		}
	}
	r, err := In(filepath.Join(work, dir), work, vars)
	if err != nil {
		return nil, err
	}
	for _, leftover := range []string{".terraform", ".terraform.lock.hcl", "terraform.tfstate"} {
		if err := os.RemoveAll(filepath.Join(r.Dir, leftover)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// In is the root in the folder dir. What Terraform is told is written below
// work. vars are its inputs.
func In(dir, work string, vars map[string]any) (*Root, error) {
	r := &Root{Dir: dir, work: work}
	mirror, err := terraform.Environment(filepath.Join(work, "terraform.rc"))
	if err != nil {
		return nil, err
	}
	r.env = append(os.Environ(), mirror...)
	data, err := json.Marshal(vars)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(work, "inputs.tfvars.json")
	r.vars = []string{"-var-file=" + file}
	return r, os.WriteFile(file, data, 0o600)
}

// AddInputs adds those in a file below the root's folder, which win over others.
func (r *Root) AddInputs(file string) { r.vars = append(r.vars, "-var-file="+file) }

// Set adds settings of the form NAME=value to Terraform's environment.
func (r *Root) Set(settings ...string) { r.env = append(r.env, settings...) }

// Init runs terraform init.
func (r *Root) Init(ctx context.Context) error {
	_, err := r.terraform(ctx, "init", "-input=false", "-no-color")
	return err
}

// Apply runs terraform apply and reads the outputs into out. It returns what
// Terraform said, one JSON object a line.
func (r *Root) Apply(ctx context.Context, out any) (log []byte, err error) {
	log, err = r.terraform(ctx, append([]string{"apply", "-auto-approve", "-input=false", "-json"}, r.vars...)...)
	if err != nil {
		return log, err
	}
	data, err := r.terraform(ctx, "output", "-json")
	if err != nil {
		return log, err
	}
	var outputs map[string]struct{ Value json.RawMessage }
	if err := json.Unmarshal(data, &outputs); err != nil {
		return log, fmt.Errorf("terraform output: %w", err)
	}
	values := make(map[string]json.RawMessage, len(outputs))
	for name, output := range outputs {
		values[name] = output.Value
	}
	if data, err = json.Marshal(values); err != nil {
		return log, err
	}
	return log, json.Unmarshal(data, out)
}

// Destroy runs terraform destroy.
func (r *Root) Destroy(ctx context.Context) error {
	_, err := r.terraform(ctx, append([]string{"destroy", "-auto-approve", "-input=false", "-no-color"}, r.vars...)...)
	return err
}

// Plan is what a plan would change.
type Plan struct {
	// File has the whole plan as JSON.
	File string `json:"-"`
	// Binary is the same as a plan file of Terraform's own.
	Binary string `json:"-"`
	// Changes are those of resources, data sources not counted.
	Changes []Change `json:"resource_changes"`
}

// Change is what a plan would do to one resource.
type Change struct {
	Address string `json:"address"`
	Module  string `json:"module_address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Change  struct {
		// Actions are no-op, create, read, update, delete, or two of them for a
		// replacement.
		Actions []string `json:"actions"`
	} `json:"change"`
}

// Replaces tells whether the resource would be deleted, to be made anew or not.
func (c Change) Replaces() bool { return slices.Contains(c.Change.Actions, "delete") }

// Nothing tells whether nothing would be done.
func (c Change) Nothing() bool { return slices.Equal(c.Change.Actions, []string{"no-op"}) }

// Plan runs terraform plan.
func (r *Root) Plan(ctx context.Context) (Plan, error) {
	binary := filepath.Join(r.work, "plan.tfplan")
	if _, err := r.terraform(ctx, append([]string{"plan", "-input=false", "-no-color", "-out=" + binary}, r.vars...)...); err != nil {
		return Plan{}, err
	}
	data, err := r.terraform(ctx, "show", "-json", binary)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{File: filepath.Join(r.work, "plan.json"), Binary: binary}
	if err := os.WriteFile(plan.File, data, 0o600); err != nil {
		return Plan{}, err
	}
	if err := json.Unmarshal(data, &plan); err != nil {
		return Plan{}, fmt.Errorf("terraform show: %w", err)
	}
	plan.Changes = slices.DeleteFunc(plan.Changes, func(c Change) bool { return c.Mode != "managed" })
	return plan, nil
}

// TimePlan runs terraform plan, and returns how long that took.
func (r *Root) TimePlan(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := r.terraform(ctx, append([]string{"plan", "-input=false", "-no-color", "-lock=false"}, r.vars...)...)
	return time.Since(start), err
}

// Schemas are what the root's providers say of their resources, as JSON.
func (r *Root) Schemas(ctx context.Context) ([]byte, error) {
	return r.terraform(ctx, "providers", "schema", "-json")
}

// terraform runs a Terraform command. The error has what it said.
func (r *Root) terraform(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, terraform.Binary(), append([]string{"-chdir=" + r.Dir}, args...)...)
	cmd.Env = r.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("terraform %s: %w\n%s%s", args[0], err, out, stderr.String())
	}
	return out, nil
}
