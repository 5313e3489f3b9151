// Package plan reads Terraform and OpenTofu plans: what is to be made, how it
// is configured, and where in the .tf files it is written. It trusts nothing:
// a plan comes from whoever opened the pull request.
package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Plan is the part of `terraform show -json <plan>` that policies look at.
// Values stay undecoded: most of a large plan interests nobody.
// https://developer.hashicorp.com/terraform/internals/json-format
type Plan struct {
	Size             int64 // of the JSON, in bytes
	TerraformVersion string
	Changes          []Change
	// Documents are the aws_iam_policy_document and aws_caller_identity data sources that were known
	// when the plan was made; the plan has them in its prior state only.
	Documents []Data
	// Read are the data sources that were known then, by their addresses without
	// their own keys.
	Read   map[string][]Instance
	Config Config
	// Variables are the root's that are not sensitive.
	Variables map[string]any
}

// Change is one entry of resource_changes.
type Change struct {
	Address         string `json:"address"`
	PreviousAddress string `json:"previous_address"`
	Module          string `json:"module_address"`
	Mode            string `json:"mode"`
	Type            string `json:"type"`
	Name            string `json:"name"`
	Index           any    `json:"index"` // nil, a float64 (count) or a string (for_each)
	Deposed         string `json:"deposed"`
	Values          Values `json:"change"`
}

// Goes tells that nothing of it is there after apply, or that it is left alone.
func (c *Change) Goes() bool {
	return c.Deposed != "" || slices.Equal(c.Values.Actions, []string{"delete"}) || slices.Equal(c.Values.Actions, []string{"forget"})
}

// Values is how a resource will be.
type Values struct {
	Actions   []string       `json:"actions"`
	After     jsontext.Value `json:"after"`
	Unknown   jsontext.Value `json:"after_unknown"`
	Sensitive jsontext.Value `json:"after_sensitive"`
	Importing jsontext.Value `json:"importing"`
}

// Data is a data source that was read before or during the plan.
type Data struct {
	Address   string         `json:"address"`
	Module    string         `json:"-"`
	Mode      string         `json:"mode"`
	Type      string         `json:"type"`
	Name      string         `json:"name"`
	Index     any            `json:"index"`
	Values    jsontext.Value `json:"values"`
	Sensitive jsontext.Value `json:"sensitive_values"`
}

// Instance is one of a data source that was read before the plan.
type Instance struct {
	Index     any
	Sensitive jsontext.Value
}

// Config is the configuration that the plan was made from.
type Config struct {
	Providers map[string]Provider `json:"provider_config"`
	Root      Module              `json:"root_module"`
}

// openTofu tells whether OpenTofu has read the configuration, as far as one can
// tell: it names providers by its own registry where a configuration names none.
func (c *Config) openTofu() bool {
	for _, p := range c.Providers {
		if strings.HasPrefix(p.FullName, "registry.opentofu.org/") {
			return true
		}
	}
	return false
}

// Provider is one provider block.
type Provider struct {
	Name        string                    `json:"name"`
	FullName    string                    `json:"full_name"`
	Alias       string                    `json:"alias"`
	Module      string                    `json:"module_address"`
	Expressions map[string]jsontext.Value `json:"expressions"`
}

// Module is one module's configuration.
type Module struct {
	Resources []Resource          `json:"resources"`
	Calls     map[string]Call     `json:"module_calls"`
	Outputs   map[string]Output   `json:"outputs"`
	Variables map[string]Variable `json:"variables"`
}

// Resource is one resource or data block.
type Resource struct {
	Mode        string                    `json:"mode"`
	Type        string                    `json:"type"`
	Name        string                    `json:"name"`
	Provider    string                    `json:"provider_config_key"`
	Expressions map[string]jsontext.Value `json:"expressions"`
	ForEach     Expression                `json:"for_each_expression"`
}

// Call is one module block.
type Call struct {
	Source      string                    `json:"source"`
	Version     string                    `json:"version_constraint"`
	Expressions map[string]jsontext.Value `json:"expressions"`
	ForEach     Expression                `json:"for_each_expression"`
	Module      Module                    `json:"module"`
}

// Variable is a variable block.
type Variable struct {
	Sensitive bool `json:"sensitive"`
}

// Output is an output block.
type Output struct {
	Sensitive  bool       `json:"sensitive"`
	Expression Expression `json:"expression"`
}

// Expression is what the plan tells of an expression: a constant, or the names
// it refers to.
type Expression struct {
	Constant   jsontext.Value `json:"constant_value"`
	References []string       `json:"references"`
}

// Error is a plan that cannot be judged. It is never a pass.
type Error struct {
	File    string // what was read
	Problem string // what is wrong with it
	Remedy  string // what to do
	Err     error  // the cause, if another error is
}

// Error names the file, the problem and the remedy.
func (e *Error) Error() string {
	text := e.File + ": " + e.Problem
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	if e.Remedy != "" {
		text += ": " + e.Remedy
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

const remake = "make it again with `terraform plan -out=tfplan`, and with `terraform show -json tfplan > plan.json` where JSON is wanted"

func damaged(file, problem string, err error) error {
	return &Error{File: file, Problem: problem, Remedy: remake, Err: err}
}

func tooLarge(file, what string, limit int64) error {
	return &Error{
		File: file, Problem: fmt.Sprintf("%s is larger than %d MiB", what, limit>>20),
		Remedy: "split the configuration; nothing this large is judged, so that a plan cannot exhaust the machine",
	}
}
