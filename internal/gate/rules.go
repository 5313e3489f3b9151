// Package gate judges plans by policies in Rego.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Severity says how much a finding weighs.
type Severity string

// Severities, the least first.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

var severities = []Severity{Low, Medium, High, Critical}

// Rank orders severities; one that does not exist is -1.
func (s Severity) Rank() int { return slices.Index(severities, s) }

// Rule is what a policy says of itself in its metadata.
type Rule struct {
	ID          string              `json:"id"` // group/name
	Title       string              `json:"title"`
	Why         string              `json:"why"`
	Severity    Severity            `json:"severity"`
	Remediation string              `json:"remediation"`
	References  []string            `json:"references"`
	Mappings    map[string][]string `json:"mappings"` // checkov, fsbp, cis
	Types       []string            `json:"types"`    // of the resources it looks at
	Good        string              `json:"good"`
	Bad         string              `json:"bad"`

	path ast.Ref // of its package
}

// group is what stands before the slash of a rule's id.
func (r *Rule) group() string { return r.ID[:strings.IndexByte(r.ID, '/')] }

// rulesRoot is the package below which rules lie: data.portcullis.rules.<group>.<name>.
var rulesRoot = ast.MustParseRef("data.portcullis.rules")

// Engine has rules. Safe for concurrent use.
type Engine struct {
	Rules []*Rule // by id

	units    map[string]*unit // by the modules' names
	compile  func(names []string) (*ast.Compiler, error)
	compiler *ast.Compiler // nil where each plan has what it needs compiled
	lazy     bool
	packed   string
	indexing bool
	whole    bool
	tracer   topdown.QueryTracer
	limit    time.Duration
}

// Option changes an engine.
type Option func(*Engine)

// WithoutIndexing has rules evaluated without OPA's index of rules, which must
// give the same; OPA 1.21.0 to 1.22.0 shows why this is tested.
func WithoutIndexing() Option { return func(e *Engine) { e.indexing = false } }

// WithWholeInput gives policies the whole plan, also what they do not name.
func WithWholeInput() Option { return func(e *Engine) { e.whole = true } }

// Lazily compiles, for each plan, only the rules whose types the plan has, and
// what they use. Policies that do not compile are then found late: it is for
// those that are tested.
func Lazily() Option { return func(e *Engine) { e.lazy = true } }

// Packed has the policies read from what Pack has made of them, and judges as
// Lazily does. Where they are other ones than those, they are parsed.
func Packed(data string) Option { return func(e *Engine) { e.lazy, e.packed = true, data } }

// WithTracer has a tracer, for instance one that measures coverage, see all
// evaluation, which then goes one rule after the other.
func WithTracer(tracer topdown.QueryTracer) Option { return func(e *Engine) { e.tracer = tracer } }

// WithLimit bounds the time of each rule, beside 2 ms for each resource of the
// plan. The default is 30 s.
func WithLimit(limit time.Duration) Option { return func(e *Engine) { e.limit = limit } }

// Load reads and compiles the policies of all file systems; files *_test.rego
// are left out. Policies are checked strictly, may not reach the network, the
// environment, the clock or chance, and have to have whole metadata.
func Load(policies []fs.FS, options ...Option) (*Engine, error) {
	e := &Engine{indexing: true, limit: 30 * time.Second}
	for _, option := range options {
		option(e)
	}
	if e.packed == "" || len(policies) != 1 || !e.unpack(policies[0]) {
		if err := e.parse(policies); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(e.units)) {
		if rule := e.units[name].rule; rule != nil {
			if seen[rule.ID] {
				return nil, fmt.Errorf("%s: there are two rules %s", name, rule.ID)
			}
			seen[rule.ID] = true
			e.Rules = append(e.Rules, rule)
		}
	}
	slices.SortFunc(e.Rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	if len(e.Rules) == 0 {
		return nil, errors.New("there are no rules: packages of rules are named portcullis.rules.<group>.<name>")
	}
	return e, nil
}

// parse reads the policies from their sources.
func (e *Engine) parse(policies []fs.FS) error {
	modules := map[string]*ast.Module{}
	for i, from := range policies {
		if err := parse(modules, i, from); err != nil {
			return err
		}
	}
	e.compile = func(names []string) (*ast.Compiler, error) {
		some := map[string]*ast.Module{}
		for _, name := range names {
			some[name] = modules[name]
		}
		return compile(some)
	}
	if !e.lazy {
		var err error
		if e.compiler, err = compile(modules); err != nil {
			return err
		}
	}
	e.units = map[string]*unit{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		u := &unit{uses: used(modules, modules[name])}
		if modules[name].Package.Path.HasPrefix(rulesRoot) {
			var err error
			if u.rule, err = describe(modules[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		u.look(modules[name])
		e.units[name] = u
	}
	return nil
}

func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	compiler := ast.NewCompiler().WithStrict(true).WithCapabilities(Capabilities())
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("the policies do not compile: %w", compiler.Errors)
	}
	return compiler, nil
}

// used are the names of the modules that one refers to.
func used(modules map[string]*ast.Module, module *ast.Module) []string {
	names := map[string]bool{}
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		if ref.HasPrefix(policiesRoot) {
			for name, other := range modules {
				if other != module && (ref.HasPrefix(other.Package.Path) || other.Package.Path.HasPrefix(ref.ConstantPrefix())) {
					names[name] = true
				}
			}
		}
		return false
	})
	return slices.Sorted(maps.Keys(names))
}

// policiesRoot is the package below which all policies lie that others refer to.
var policiesRoot = ast.MustParseRef("data.portcullis")

// choose gives the rules that may have something to say of a plan, and the names
// of their modules and of those that these use: all, where they are compiled.
func (e *Engine) choose(p *plan.Plan) (rules map[*Rule]bool, names []string) {
	there := typesIn(p)
	rules = map[*Rule]bool{}
	taken := map[string]bool{}
	var take func(name string)
	take = func(name string) {
		if taken[name] {
			return
		}
		taken[name] = true
		for _, other := range e.units[name].uses {
			take(other)
		}
	}
	for name, u := range e.units {
		if e.compiler != nil {
			take(name)
		}
		if u.rule != nil && (e.compiler != nil || slices.ContainsFunc(u.rule.Types, func(typ string) bool { return there[typ] })) {
			rules[u.rule] = true
			take(name)
		}
	}
	return rules, slices.Sorted(maps.Keys(taken))
}

// typesIn are the types of resources and data sources of a plan; "provider" and
// "module" where it has blocks of this kind; and "*".
func typesIn(p *plan.Plan) map[string]bool {
	all := map[string]bool{"*": true, "module": len(p.Config.Root.Calls) > 0}
	for i := range p.Changes {
		all[p.Changes[i].Type] = true
	}
	for i := range p.Documents {
		all[p.Documents[i].Type] = true
	}
	for _, provider := range p.Config.Providers {
		all["provider"] = all["provider"] || len(provider.Expressions) > 0
	}
	return all
}

// compiled gives what is compiled of these modules, or has it compiled.
func (e *Engine) compiled(names []string) (*ast.Compiler, error) {
	if e.compiler != nil {
		return e.compiler, nil
	}
	return e.compile(names)
}

// needs says what modules look at; nil for everything.
func (e *Engine) needs(names []string) *normal.Needs {
	if e.whole {
		return nil
	}
	units := make([]*unit, len(names))
	for i, name := range names {
		units[i] = e.units[name]
	}
	return needs(units)
}

// Needs says what the policies look at.
func (e *Engine) Needs() *normal.Needs { return e.needs(slices.Collect(maps.Keys(e.units))) }

// ByID gives the rules by their ids.
func (e *Engine) ByID() map[string]*Rule {
	all := map[string]*Rule{}
	for _, rule := range e.Rules {
		all[rule.ID] = rule
	}
	return all
}

// eachSource reads the policies of a file system, but for their tests.
func eachSource(from fs.FS, do func(name string, body []byte) error) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".rego") || strings.HasSuffix(name, "_test.rego") {
			return nil
		}
		info, err := fs.Stat(from, name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s: is no regular file", name)
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		return do(name, body)
	})
}

// parse adds the modules of one file system. A package belongs to the one that
// has it first: more in it could have what is judged by it pass.
func parse(modules map[string]*ast.Module, number int, from fs.FS) error {
	taken := map[string]string{}
	for name, module := range modules {
		taken[module.Package.Path.String()] = name
	}
	return eachSource(from, func(name string, body []byte) error {
		module, err := ast.ParseModuleWithOpts(name, string(body), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		if err != nil {
			return err
		}
		if module == nil {
			return fmt.Errorf("%s: is empty", name)
		}
		if other := taken[module.Package.Path.String()]; other != "" {
			return fmt.Errorf("%s: the package %s is that of %s: name another one", name, strings.TrimPrefix(module.Package.Path.String(), "data."), other)
		}
		if number > 0 {
			name = fmt.Sprintf("%d:%s", number, name)
		}
		modules[name] = module
		return nil
	})
}

// Capabilities are the built-in functions that policies may use: all that give
// the same for the same input.
func Capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.AllowNet = []string{}
	all.Builtins = slices.DeleteFunc(all.Builtins, func(b *ast.Builtin) bool {
		return b.Nondeterministic || b.Name == "trace" || b.Name == "print" || b.Name == "opa.runtime"
	})
	return all
}

// describe reads a rule's metadata.
func describe(module *ast.Module) (*Rule, error) {
	path := module.Package.Path[len(rulesRoot):]
	if len(path) != 2 {
		return nil, fmt.Errorf("the package %s is not portcullis.rules.<group>.<name>", module.Package.Path)
	}
	var names []string
	for _, term := range path {
		text, ok := term.Value.(ast.String)
		if !ok {
			return nil, fmt.Errorf("the package %s is not portcullis.rules.<group>.<name>", module.Package.Path)
		}
		names = append(names, strings.ReplaceAll(string(text), "_", "-"))
	}
	rule := &Rule{ID: strings.Join(names, "/"), Mappings: map[string][]string{}, path: module.Package.Path}
	var about *ast.Annotations
	for _, a := range module.Annotations {
		if a.Scope == "package" {
			about = a
		}
	}
	if about == nil {
		return nil, fmt.Errorf("%s has no # METADATA above its package", rule.ID)
	}
	rule.Title, rule.Why = about.Title, strings.TrimSpace(about.Description)
	for _, related := range about.RelatedResources {
		rule.References = append(rule.References, related.Ref.String())
	}
	text := func(name string) string {
		value, _ := about.Custom[name].(string)
		return strings.TrimRight(value, "\n")
	}
	rule.Severity, rule.Remediation = Severity(text("severity")), text("remediation")
	rule.Good, rule.Bad = text("good"), text("bad")
	mappings, _ := about.Custom["mappings"].(map[string]any)
	if about.Custom["mappings"] != nil && mappings == nil {
		return nil, fmt.Errorf("%s has in its metadata's custom.mappings something else than lists by name", rule.ID)
	}
	var err error
	if rule.Types, err = list(rule, "types", about.Custom["types"]); err != nil {
		return nil, err
	}
	for kind, ids := range mappings {
		if rule.Mappings[kind], err = list(rule, "mappings."+kind, ids); err != nil {
			return nil, err
		}
	}
	for what, missing := range map[string]bool{
		"title": rule.Title == "", "description": rule.Why == "", "related_resources": len(rule.References) == 0,
		"custom.remediation": rule.Remediation == "", "custom.types": len(rule.Types) == 0,
		"custom.good": rule.Good == "", "custom.bad": rule.Bad == "",
		"custom.severity (" + joined(severities) + ")": rule.Severity.Rank() < 0,
	} {
		if missing {
			return nil, fmt.Errorf("%s says nothing in its metadata's %s", rule.ID, what)
		}
	}
	return rule, nil
}

func joined(all []Severity) string {
	var texts []string
	for _, s := range all {
		texts = append(texts, string(s))
	}
	return strings.Join(texts, ", ")
}

// list reads a list of texts in the metadata, which may be missing. Anything else
// in it is an error: YAML takes 3.10 without quotes for the number 3.1.
func list(rule *Rule, name string, value any) ([]string, error) {
	items, ok := value.([]any)
	if !ok && value != nil {
		return nil, fmt.Errorf("%s has in its metadata's custom.%s no list", rule.ID, name)
	}
	var all []string
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%s has in its metadata's custom.%s the value %v, which is no text: put it in quotes", rule.ID, name, item)
		}
		all = append(all, text)
	}
	return all, nil
}

// verdict is what a rule's package gives.
type verdict struct {
	Subjects []string
	Deny     []claim
	Unknown  []claim
}

// claim is one finding as a policy states it.
type claim struct {
	Address string
	Path    []string
	Message string
	At      *place
}

// place is where something is written.
type place struct {
	Address string
	Path    []string
}

// evaluate asks one rule. An error of a built-in function is an error of the
// rule: it would otherwise be a silent pass.
func (e *Engine) evaluate(ctx context.Context, rule *Rule, input *ast.Term, resources int, compiler *ast.Compiler, known *cache) (*verdict, error) {
	limit := e.limit + time.Duration(resources)*2*time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	known.next()
	txn, err := nothing.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer nothing.Abort(ctx, txn)
	stopped := topdown.NewCancel()
	defer context.AfterFunc(ctx, stopped.Cancel)()
	query := topdown.NewQuery(rule.query()).WithCompiler(compiler).WithStore(nothing).WithTransaction(txn).WithInput(input).WithStrictBuiltinErrors(true).
		WithIndexing(e.indexing).WithVirtualCache(known).WithCancel(stopped)
	if e.tracer != nil {
		query = query.WithQueryTracer(e.tracer).WithIndexing(false).WithEarlyExit(false)
	}
	results, err := query.Run(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("the rule %s took longer than %s, which is %s and 2 ms for each of %d resources", rule.ID, limit, e.limit, resources)
	}
	if err != nil {
		return nil, fmt.Errorf("the rule %s: %w", rule.ID, err)
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("the rule %s gave no result", rule.ID)
	}
	return read(rule, results[0])
}

// reported are the sets that a rule says something by.
var reported = []string{"subjects", "deny", "unknown"}

// nothing is the data beside the policies.
var nothing = inmem.New()

// query asks for what a rule reports, not for what else is in its package: by
// name a list of what is defined of it.
func (r *Rule) query() ast.Body {
	var body ast.Body
	for _, name := range reported {
		found := ast.VarTerm("found_" + name)
		member := ast.NewTerm(r.path.Append(ast.StringTerm(name)))
		defined := ast.ArrayComprehensionTerm(found, ast.NewBody(ast.Equality.Expr(found, member)))
		body.Append(ast.Equality.Expr(ast.VarTerm(name), defined))
	}
	return body
}

// read takes a rule's result apart. Anything unexpected is an error: a finding
// in the wrong form must not get lost.
func read(rule *Rule, given topdown.QueryResult) (*verdict, error) {
	wrong := fmt.Errorf("the rule %s gives something else than sets of subjects, deny and unknown", rule.ID)
	members := map[string]any{}
	for _, name := range reported {
		value, err := ast.JSON(given[ast.Var(name)].Value)
		if err != nil {
			return nil, errors.Join(wrong, err)
		}
		switch defined, ok := value.([]any); {
		case !ok || len(defined) > 1:
			return nil, wrong
		case len(defined) == 1:
			members[name] = defined[0]
		}
	}
	v := &verdict{}
	if subjects, ok := members["subjects"]; ok {
		if v.Subjects, ok = words(subjects); !ok {
			return nil, wrong
		}
	}
	for name, into := range map[string]*[]claim{"deny": &v.Deny, "unknown": &v.Unknown} {
		given, ok := members[name]
		if !ok {
			continue
		}
		list, ok := given.([]any)
		if !ok {
			return nil, wrong
		}
		for _, one := range list {
			c, ok := readClaim(one)
			if !ok {
				return nil, wrong
			}
			*into = append(*into, *c)
		}
	}
	return v, nil
}

func words(value any) ([]string, bool) {
	list, ok := value.([]any)
	all := make([]string, 0, len(list))
	for _, one := range list {
		text, isText := one.(string)
		all, ok = append(all, text), ok && isText
	}
	return all, ok
}

func readClaim(value any) (*claim, bool) {
	c := &claim{}
	given, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	for name, member := range given {
		switch name {
		case "address":
			c.Address, ok = member.(string)
		case "message":
			c.Message, ok = member.(string)
		case "path":
			c.Path, ok = words(member)
		case "at":
			var at *claim
			if at, ok = readClaim(member); ok {
				c.At = &place{Address: at.Address, Path: at.Path}
			}
		}
		if !ok {
			return nil, false
		}
	}
	return c, true
}
