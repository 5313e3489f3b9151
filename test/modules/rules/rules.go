// Package rules reads Terraform modules and says where they break the project's
// conventions: what every variable needs, what has to be tested, and what
// version 6 of the AWS provider removed or deprecated, so that both of its lines
// can be used although only one is at hand where the tests run.
package rules

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Problem is a place that breaks a rule.
type Problem struct {
	File    string // below the checked folder
	Line    int    // 0 when it is about the whole file
	Rule    string
	Message string
}

// String is the form of compilers: file, line, what is wrong.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s (%s)", p.File, p.Line, p.Message, p.Rule)
}

// Module checks a module in a folder, which others call: everything here.
func Module(dir fs.FS, name string) ([]Problem, error) {
	c, err := read(dir)
	if err != nil {
		return nil, err
	}
	c.files()
	c.readme()
	c.versions()
	c.variables()
	c.outputs()
	c.bodies(name)
	c.validationsAreTested()
	c.variablesAreUsed()
	return c.sorted(), nil
}

// Root checks an example: a root that configures its own provider and has no
// tests of Terraform's.
func Root(dir fs.FS) ([]Problem, error) {
	c, err := read(dir)
	if err != nil {
		return nil, err
	}
	c.root = true
	c.variables()
	c.outputs()
	c.bodies("")
	c.variablesAreUsed()
	return c.sorted(), nil
}

// checker is one folder and what was found in it.
type checker struct {
	dir   fs.FS
	root  bool
	parts map[string]*hclsyntax.Body // by file
	tests map[string]*hclsyntax.Body
	found []Problem
}

func read(dir fs.FS) (*checker, error) {
	c := &checker{dir: dir, parts: map[string]*hclsyntax.Body{}, tests: map[string]*hclsyntax.Body{}}
	for pattern, into := range map[string]map[string]*hclsyntax.Body{"*.tf": c.parts, "tests/*.tftest.hcl": c.tests} {
		names, err := fs.Glob(dir, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, err
			}
			file, problems := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
			if problems.HasErrors() {
				return nil, problems
			}
			body, ok := file.Body.(*hclsyntax.Body)
			if !ok {
				return nil, fmt.Errorf("%s is not in HCL's own syntax", name)
			}
			into[name] = body
		}
	}
	if len(c.parts) == 0 {
		return nil, fmt.Errorf("no *.tf")
	}
	return c, nil
}

func (c *checker) sorted() []Problem {
	slices.SortFunc(c.found, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return c.found
}

func (c *checker) add(at hcl.Range, rule, format string, args ...any) {
	c.found = append(c.found, Problem{File: at.Filename, Line: at.Start.Line, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// each calls do with the blocks of a type, in all files.
func (c *checker) each(kind string, do func(*hclsyntax.Block)) {
	for _, file := range sortedKeys(c.parts) {
		for _, block := range c.parts[file].Blocks {
			if block.Type == kind {
				do(block)
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// literal is the value of an argument that is written out.
func literal(body *hclsyntax.Body, name string) (cty.Value, bool) {
	attribute, ok := body.Attributes[name]
	if !ok {
		return cty.NilVal, false
	}
	value, problems := attribute.Expr.Value(nil)
	return value, !problems.HasErrors() && value.IsKnown()
}

func literalText(body *hclsyntax.Body, name string) string {
	value, ok := literal(body, name)
	if !ok || value.IsNull() || value.Type() != cty.String {
		return ""
	}
	return strings.TrimSpace(value.AsString())
}

// files: main.tf, variables.tf, outputs.tf, versions.tf, README.md and tests.
func (c *checker) files() {
	for _, name := range []string{"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"} {
		if _, err := fs.Stat(c.dir, name); err != nil {
			c.found = append(c.found, Problem{File: name, Rule: "files", Message: "the module has no " + name})
		}
	}
	if len(c.tests) == 0 {
		c.found = append(c.found, Problem{File: "tests", Rule: "files", Message: "the module has no tests/*.tftest.hcl"})
	}
	for kind, file := range map[string]string{"variable": "variables.tf", "output": "outputs.tf", "terraform": "versions.tf"} {
		c.each(kind, func(block *hclsyntax.Block) {
			if at := block.DefRange(); at.Filename != file {
				c.add(at, "files", "a %s belongs into %s", kind, file)
			}
		})
	}
}

// parts of a README that a reader looks for.
var readmeParts = []string{"# ", "**When.**", "```hcl\nmodule ", "**What it protects", "**What it costs.**", "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"}

func (c *checker) readme() {
	text, err := fs.ReadFile(c.dir, "README.md")
	if err != nil {
		return // told by files
	}
	for _, part := range readmeParts {
		if !strings.Contains(string(text), part) {
			c.found = append(c.found, Problem{File: "README.md", Rule: "readme", Message: fmt.Sprintf("the README has no %q", part)})
		}
	}
}

// versions: the ranges of the project, and the AWS provider alone.
func (c *checker) versions() {
	c.each("terraform", func(block *hclsyntax.Block) {
		if literalText(block.Body, "required_version") != ">= 1.9" {
			c.add(block.DefRange(), "versions", `required_version is not ">= 1.9"`)
		}
		for _, providers := range block.Body.Blocks {
			for name, attribute := range providers.Body.Attributes {
				if providers.Type != "required_providers" {
					continue
				}
				version := ""
				if object, ok := attribute.Expr.(*hclsyntax.ObjectConsExpr); ok {
					for _, item := range object.Items {
						if hcl.ExprAsKeyword(item.KeyExpr) == "version" {
							if value, problems := item.ValueExpr.Value(nil); !problems.HasErrors() {
								version = value.AsString()
							}
						}
					}
				}
				if name != "aws" || version != ">= 5.100, < 7.0" {
					c.add(attribute.SrcRange, "versions", `a module needs the provider aws, ">= 5.100, < 7.0", and no other`)
				}
			}
		}
	})
}

// endsAsSentence: a text, or a list of the parts of an object, ends with a full
// stop, which may stand before a bracket.
var endsAsSentence = regexp.MustCompile(`\.\)?\z`)

// secret finds the names of variables that hold one.
var secret = regexp.MustCompile(`(secrets?|passwords?|private_keys?)\z`)

// saysNull finds what null means in a description.
var saysNull = regexp.MustCompile(`(?i)\bnull\b`)

var givesUp = regexp.MustCompile(`(?i)\bgiv(e|es|en|ing)\b[^.;]* up\b`)

// variables: description, type, a decision about null, and for a switch that is
// on by default, what one gives up by switching it off.
func (c *checker) variables() {
	c.each("variable", func(block *hclsyntax.Block) {
		name, at := block.Labels[0], block.DefRange()
		description := literalText(block.Body, "description")
		if len(description) < 10 || !endsAsSentence.MatchString(description) {
			c.add(at, "description", "variable %s needs a description in sentences", name)
		}
		kind, typed := block.Body.Attributes["type"]
		if !typed || hcl.ExprAsKeyword(kind.Expr) == "any" {
			c.add(at, "type", "variable %s needs a type, and not any", name)
		}
		byDefault, hasDefault := literal(block.Body, "default")
		_, decided := block.Body.Attributes["nullable"]
		if nullByDefault := hasDefault && byDefault.IsNull(); !decided && !nullByDefault && !saysNull.MatchString(description) {
			c.add(at, "nullable", "variable %s needs nullable = false, or a description that says what null means", name)
		}
		if typed && hcl.ExprAsKeyword(kind.Expr) == "bool" && hasDefault && !byDefault.IsNull() && byDefault.True() && !givesUp.MatchString(description) {
			c.add(at, "relaxation", "variable %s is on by default: its description must say what one gives up without it", name)
		}
		if secret.MatchString(name) {
			if marked, ok := literal(block.Body, "sensitive"); !ok || !marked.RawEquals(cty.True) {
				c.add(at, "sensitive", "variable %s holds a secret: mark it sensitive", name)
			}
		}
		for _, validation := range block.Body.Blocks {
			if _, said := validation.Body.Attributes["error_message"]; validation.Type != "validation" || !said {
				c.add(validation.DefRange(), "validation", "variable %s has a validation that does not say what is legal", name)
			}
		}
	})
}

func (c *checker) outputs() {
	c.each("output", func(block *hclsyntax.Block) {
		if description := literalText(block.Body, "description"); len(description) < 10 || !endsAsSentence.MatchString(description) {
			c.add(block.DefRange(), "description", "output %s needs a description in sentences", block.Labels[0])
		}
	})
}

// forbiddenArguments are never written, wherever they stand.
var forbiddenArguments = map[string]string{
	"reset_on_delete": "version 6 of the provider has no reset_on_delete",
	"auto_deploy":     "auto_deploy makes what is live depend on no deployment; make one whose trigger hashes what it needs",
	"ignore_changes":  "ignore_changes hides what is different from what is written",
	"rule_json":       "drift of rule_json is not seen; write rule blocks", // hashicorp/terraform-provider-aws issue 43166
}

// forbiddenBlocks are never written, dynamic or not. Of indexes:
// terraform-aws-modules/terraform-aws-dynamodb-table issues 116 and 117,
// hashicorp/terraform-provider-aws issue 671. Of commands: packages that are built in
// an apply, terraform-aws-modules/terraform-aws-lambda issues 105, 124 and 131.
var forbiddenBlocks = map[string]string{
	"global_secondary_index": "the arguments of an index differ between the provider's versions; make the access path a key",
	"local_secondary_index":  "a table with a local index can never be changed; make the access path a key",
	"dead_letter_config":     "dead_letter_config makes the function wait for the queue and loses the reason; use aws_lambda_function_event_invoke_config",
	"provisioner":            "a provisioner does what no plan shows",
}

// removedResources are the beginnings of resource types that version 6 lacks.
var removedResources = []string{"aws_opsworks_", "aws_simpledb_", "aws_worklink_"}

// removedEndpoints are the services whose endpoints a provider of version 6 does
// not take.
var removedEndpoints = []string{"opsworks", "sdb", "simpledb", "worklink"}

// isBoolean finds the names of arguments that are on or off. Version 5 takes 0 and
// 1 for some of them, version 6 does not.
var isBoolean = regexp.MustCompile(`^(enable|enabled|encrypted|delete_on_termination|preserve_client_ip|auto_minor_version_upgrade)$|^(enable|associate)_|_enabled$`)

// bodies checks what is written in resources, data sources and module calls.
func (c *checker) bodies(module string) {
	if !c.root {
		c.each("provider", func(block *hclsyntax.Block) {
			c.add(block.DefRange(), "provider", "a module with a provider of its own cannot be called with count, for_each or depends_on")
		})
	}
	for _, kind := range []string{"resource", "data"} {
		c.each(kind, func(block *hclsyntax.Block) {
			c.resource(block, module)
			c.inside(block.Body, block.Labels[0])
		})
	}
	c.each("module", func(block *hclsyntax.Block) { c.inside(block.Body, "") })
	c.each("provider", c.endpoints)
	lists := c.lists()
	for _, file := range sortedKeys(c.parts) {
		for _, traversal := range traversals(c.parts[file]) {
			c.reference(traversal)
		}
		c.positions(c.parts[file], lists)
	}
}

// endpoints are what tests set to reach another AWS.
func (c *checker) endpoints(provider *hclsyntax.Block) {
	for _, block := range provider.Body.Blocks {
		if block.Type != "endpoints" {
			continue
		}
		for _, name := range removedEndpoints {
			if attribute, ok := block.Body.Attributes[name]; ok {
				c.add(attribute.SrcRange, "v6", "version 6 of the provider has no endpoint of %s", name)
			}
		}
	}
}

// lists are the names of the variables whose elements have no key.
func (c *checker) lists() map[string]bool {
	names := map[string]bool{}
	c.each("variable", func(block *hclsyntax.Block) {
		if kind, ok := block.Body.Attributes["type"]; ok {
			if call, ok := kind.Expr.(*hclsyntax.FunctionCallExpr); ok && (call.Name == "list" || call.Name == "tuple") {
				names[block.Labels[0]] = true
			}
		}
	})
	return names
}

// positions finds what is named by its place in a list, as the associations of
// cloudposse/terraform-aws-waf are: an object whose keys are
// the indices of a variable that is a list, or a range of numbers. for_each with
// it makes everything anew that stands behind what comes or goes.
func (c *checker) positions(body *hclsyntax.Body, lists map[string]bool) {
	for _, block := range body.Blocks {
		c.positions(block.Body, lists)
	}
	for _, attribute := range body.Attributes {
		_ = hclsyntax.VisitAll(attribute.Expr, func(node hclsyntax.Node) hcl.Diagnostics {
			loop, ok := node.(*hclsyntax.ForExpr)
			if !ok || loop.KeyExpr == nil {
				return nil
			}
			position := ""
			if isList(loop.CollExpr, lists) {
				position = loop.KeyVar
			} else if calls(loop.CollExpr, "range") {
				position = loop.ValVar
			}
			for _, traversal := range loop.KeyExpr.Variables() {
				if position != "" && traversal.RootName() == position {
					c.add(loop.SrcRange, "position", "a key that is a place in a list moves when the list does; take a key of the element's own, or a map")
				}
			}
			return nil
		})
	}
}

// isList tells whether an expression is one of the variables that are lists.
func isList(expression hclsyntax.Expression, lists map[string]bool) bool {
	traversal, ok := expression.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(traversal.Traversal) != 2 || traversal.Traversal.RootName() != "var" {
		return false
	}
	step, ok := traversal.Traversal[1].(hcl.TraverseAttr)
	return ok && lists[step.Name]
}

func (c *checker) resource(block *hclsyntax.Block, module string) {
	kind, at := block.Labels[0], block.DefRange()
	if attribute, ok := block.Body.Attributes["region"]; ok && strings.HasPrefix(kind, "aws_") {
		c.add(attribute.SrcRange, "v6", "version 5 of the provider knows no region of a resource; pass a provider")
	}
	if kind == "aws_kms_key" && block.Type == "resource" && !c.root && !outlives(block.Body) {
		c.add(at, "key", "without create_before_destroy a key is destroyed before what it encrypts is given another")
	}
	if kind == "aws_api_gateway_account" && module != "account-logging" {
		c.add(at, "v6", "destroying an aws_api_gateway_account takes the log role from all APIs of the account; it is in modules/account-logging only")
	}
	if kind == "aws_wafv2_web_acl_rule" { // hashicorp/terraform-provider-aws issue 47875
		c.add(at, "acl", "each %s takes the provider some 170 MB and seconds of a plan, and version 5 has none; write rule blocks", kind)
	}
	if kind == "aws_wafv2_web_acl" {
		c.nested(block.Body, 0)
	}
	for _, beginning := range removedResources {
		if strings.HasPrefix(kind, beginning) {
			c.add(at, "v6", "version 6 of the provider has no %s", kind)
		}
	}
	if block.Type == "data" && !c.root && (kind == "aws_region" || kind == "aws_caller_identity") {
		c.add(at, "lookup", "a module that asks for %s has changes to plan whenever its caller says depends_on; take it from an ARN", kind)
	}
}

// outlives tells whether a resource is destroyed after those that need it were
// changed: Terraform does that for create_before_destroy only.
func outlives(body *hclsyntax.Body) bool {
	for _, block := range body.Blocks {
		if block.Type == "lifecycle" {
			value, ok := literal(block.Body, "create_before_destroy")
			return ok && value.RawEquals(cty.True)
		}
	}
	return false
}

// deepest is how many dynamic blocks of a web ACL may lie in one another: a rule, a
// statement of several, and what it looks at.
const deepest = 3

// nested finds web ACLs whose statements are spelt out for whatever a caller may
// give: hashicorp/terraform-provider-aws issue 41069. The provider's types for them
// are the largest it has, and a plan grows with each level of blocks that may or may
// not be there.
func (c *checker) nested(body *hclsyntax.Body, depth int) {
	for _, block := range body.Blocks {
		inside := depth
		if block.Type == "dynamic" {
			inside++
		}
		if inside > deepest {
			c.add(block.DefRange(), "acl", "more than %d dynamic blocks in one another make the plan of a web ACL slow; write a rule for each kind of statement", deepest)
			continue
		}
		c.nested(block.Body, inside)
	}
}

// inside checks a body and the blocks in it.
func (c *checker) inside(body *hclsyntax.Body, resource string) {
	for name, attribute := range body.Attributes {
		if why, ok := forbiddenArguments[name]; ok {
			c.add(attribute.SrcRange, "argument", "%s", why)
		}
		if name == "count" {
			c.count(attribute)
		}
		if name == "etag" && resource == "aws_cloudfront_response_headers_policy" {
			c.add(attribute.SrcRange, "v6", "version 6 of the provider computes the etag of a response headers policy, and takes none")
		}
		if resource != "" && isBoolean.MatchString(name) && isDigit(body, name) {
			c.add(attribute.SrcRange, "v6", "version 6 of the provider takes true and false for %s, not 0 and 1", name)
		}
		if (name == "count" || name == "for_each") && calls(attribute.Expr, "try") {
			c.add(attribute.SrcRange, "try", "try of an object with something unknown in it is unknown as a whole, and then is %s; write a condition", name)
		}
		if resource != "" && (name == "policy" || strings.HasSuffix(name, "_policy")) && calls(attribute.Expr, "jsonencode") {
			c.add(attribute.SrcRange, "policy", "%s in jsonencode cannot be read by a gate before it is applied; use data aws_iam_policy_document", name)
		}
	}
	for _, block := range body.Blocks {
		kind := block.Type
		if kind == "dynamic" && len(block.Labels) == 1 {
			kind = block.Labels[0]
		}
		if why, ok := forbiddenBlocks[kind]; ok {
			c.add(block.DefRange(), "block", "%s", why)
		}
		if _, said := block.Body.Attributes["enable_machine_learning"]; kind == "aws_managed_rules_bot_control_rule_set" && block.Type == kind && !said {
			c.add(block.DefRange(), "v6", "version 6 of the provider has enable_machine_learning off by default, version 5 on; say which")
		}
		c.inside(block.Body, resource)
	}
}

// count is for switches: something is there or not. Several things have a key
// each, so that taking one away leaves the others.
func (c *checker) count(attribute *hclsyntax.Attribute) {
	if _, ok := attribute.Expr.(*hclsyntax.ConditionalExpr); ok && isSwitch(attribute.Expr) {
		return
	}
	c.add(attribute.SrcRange, "count", "count is for switches, as condition ? 1 : 0; use for_each with a map for several")
}

// isDigit tells whether an argument is 0 or 1, as a number or as a text.
func isDigit(body *hclsyntax.Body, name string) bool {
	value, ok := literal(body, name)
	if !ok || value.IsNull() {
		return false
	}
	return slices.ContainsFunc([]cty.Value{cty.NumberIntVal(0), cty.NumberIntVal(1), cty.StringVal("0"), cty.StringVal("1")}, value.RawEquals)
}

// isSwitch tells whether an expression can be 0 or 1 only.
func isSwitch(expression hclsyntax.Expression) bool {
	if choice, ok := expression.(*hclsyntax.ConditionalExpr); ok {
		return isSwitch(choice.TrueResult) && isSwitch(choice.FalseResult)
	}
	value, problems := expression.Value(nil)
	return !problems.HasErrors() && (value.RawEquals(cty.NumberIntVal(0)) || value.RawEquals(cty.NumberIntVal(1)))
}

func (c *checker) reference(traversal hcl.Traversal) {
	steps := make([]string, 0, len(traversal))
	for _, step := range traversal {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			steps = append(steps, s.Name)
		case hcl.TraverseAttr:
			steps = append(steps, s.Name)
		}
	}
	switch {
	case len(steps) >= 4 && steps[0] == "data" && steps[1] == "aws_region" && slices.Contains([]string{"name", "id", "region"}, steps[3]):
		c.add(traversal.SourceRange(), "v6", "version 5 has no data.aws_region.*.region, and version 6 deprecates name and id; take the Region from an ARN")
	case len(steps) >= 3 && steps[0] == "aws_s3_bucket" && steps[2] == "region", len(steps) >= 4 && steps[0] == "data" && steps[1] == "aws_s3_bucket" && steps[3] == "region":
		c.add(traversal.SourceRange(), "v6", "the region of a bucket is where the provider of version 6 manages it, and where it is in version 5; use neither")
	case len(steps) == 2 && steps[0] == "count" && steps[1] == "index":
		c.add(traversal.SourceRange(), "count", "count.index moves when the list does; use for_each with a map")
	}
}

// traversals returns the references of a body, in whatever depth.
func traversals(body *hclsyntax.Body) []hcl.Traversal {
	var all []hcl.Traversal
	for _, attribute := range body.Attributes {
		all = append(all, attribute.Expr.Variables()...)
	}
	for _, block := range body.Blocks {
		all = append(all, traversals(block.Body)...)
	}
	return all
}

// calls tells whether an expression has a call of a function in it.
func calls(expression hclsyntax.Expression, name string) bool {
	found := false
	_ = hclsyntax.VisitAll(expression, func(node hclsyntax.Node) hcl.Diagnostics {
		if call, ok := node.(*hclsyntax.FunctionCallExpr); ok && call.Name == name {
			found = true
		}
		return nil
	})
	return found
}

// validationsAreTested: for each variable with a validation a run gives a bad
// value and expects the refusal.
func (c *checker) validationsAreTested() {
	refused := map[string]bool{}
	for _, body := range c.tests {
		for _, run := range body.Blocks {
			if run.Type != "run" {
				continue
			}
			expected, ok := run.Body.Attributes["expect_failures"]
			if !ok {
				continue
			}
			for _, traversal := range expected.Expr.Variables() {
				if len(traversal) == 2 && traversal.RootName() == "var" {
					if step, ok := traversal[1].(hcl.TraverseAttr); ok {
						refused[step.Name] = true
					}
				}
			}
		}
	}
	c.each("variable", func(block *hclsyntax.Block) {
		for _, validation := range block.Body.Blocks {
			if validation.Type == "validation" && !refused[block.Labels[0]] {
				c.add(block.DefRange(), "tested", "no run expects a bad value of %s to be refused (expect_failures = [var.%s])", block.Labels[0], block.Labels[0])
				return
			}
		}
	})
}

// variablesAreUsed: what a variable says must go somewhere beyond its own
// validation.
func (c *checker) variablesAreUsed() {
	used := map[string]bool{}
	for _, file := range sortedKeys(c.parts) {
		for _, block := range c.parts[file].Blocks {
			if block.Type == "variable" {
				continue
			}
			for _, traversal := range traversals(block.Body) {
				if len(traversal) >= 2 && traversal.RootName() == "var" {
					if step, ok := traversal[1].(hcl.TraverseAttr); ok {
						used[step.Name] = true
					}
				}
			}
		}
	}
	c.each("variable", func(block *hclsyntax.Block) {
		if !used[block.Labels[0]] {
			c.add(block.DefRange(), "used", "variable %s has no effect", block.Labels[0])
		}
	})
}

// Folders returns the folders below dir that have a main.tf.
func Folders(root fs.FS, dir string) ([]string, error) {
	files, err := fs.Glob(root, path.Join(dir, "*", "main.tf"))
	if err != nil {
		return nil, err
	}
	folders := make([]string, len(files))
	for i, file := range files {
		folders[i] = path.Dir(file)
	}
	return folders, nil
}
