package gate

import (
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/version"

	"github.com/portcullis-chat/portcullis/internal/gate/packed"
)

// layout is that of packed policies. It grows when they are written in another
// way.
const layout = 1

// Pack compiles policies and writes what is needed to judge by them: a sum of
// all that follows, the place of the list of modules, and the modules.
func Pack(policies fs.FS) ([]byte, error) {
	e, err := Load([]fs.FS{policies})
	if err != nil {
		return nil, err
	}
	sum, err := sourcesSum(policies)
	if err != nil {
		return nil, err
	}
	w := packed.NewWriter()
	compiled := e.compiler.Modules
	names := slices.Sorted(maps.Keys(compiled))
	places := map[string]int{}
	for _, name := range names {
		places[name] = w.Place()
		w.Module(compiled[name])
	}
	list := w.Place()
	w.Text(sum)
	w.Number(len(names))
	for _, name := range names {
		u := e.units[name]
		w.Text(name)
		w.Number(places[name])
		w.Texts(u.texts)
		w.Bool(u.generic)
		w.Texts(used(compiled, compiled[name]))
		w.Bool(indexed(e.compiler, compiled[name]))
		w.Bool(u.rule != nil)
		if u.rule != nil {
			u.rule.pack(w)
		}
	}
	body, err := w.Bytes()
	if err != nil {
		return nil, err
	}
	body = append(binary.BigEndian.AppendUint32(nil, uint32(list)), body...)
	own := sha256.Sum256(body)
	return append(own[:], body...), nil
}

// indexed tells whether the compiler indexes the results of a comprehension in a
// module.
func indexed(compiler *ast.Compiler, module *ast.Module) bool {
	found := false
	ast.WalkTerms(module, func(t *ast.Term) bool {
		found = found || compiler.ComprehensionIndex(t) != nil
		return found
	})
	return found
}

// sourcesSum is that of the sources, of the version of OPA that compiles them and of
// the layout.
func sourcesSum(policies fs.FS) (string, error) {
	h := sha256.New()
	h.Write([]byte{layout})
	h.Write([]byte(version.Version))
	err := eachSource(policies, func(name string, body []byte) error {
		h.Write(binary.BigEndian.AppendUint64([]byte("\x00"+name+"\x00"), uint64(len(body))))
		h.Write(body)
		return nil
	})
	return string(h.Sum(nil)), err
}

// unpack takes the policies from what Pack has written, if that is whole and of
// these sources.
func (e *Engine) unpack(policies fs.FS) bool {
	const head = sha256.Size + 4
	if len(e.packed) < head {
		return false
	}
	if sum := sha256.Sum256([]byte(e.packed[sha256.Size:])); string(sum[:]) != e.packed[:sha256.Size] {
		return false
	}
	r := packed.NewReader(e.packed[head:])
	list := r.From(int(binary.BigEndian.Uint32([]byte(e.packed[sha256.Size:head]))))
	if sum, err := sourcesSum(policies); err != nil || list.Text() != sum {
		return false
	}
	e.units = map[string]*unit{}
	places := map[string]int{}
	for range list.Number() {
		name := list.Text()
		places[name] = list.Number()
		u := &unit{texts: list.Texts(), generic: list.Bool(), uses: list.Texts(), indexed: list.Bool()}
		if list.Bool() {
			u.rule = unpackRule(list)
		}
		e.units[name] = u
	}
	e.compile = func(names []string) (*ast.Compiler, error) {
		modules := map[string]*ast.Module{}
		for _, name := range names {
			modules[name] = r.From(places[name]).Module(name)
		}
		return e.ready(modules)
	}
	return true
}

func (r *Rule) pack(w *packed.Writer) {
	w.Text(r.ID)
	w.Text(r.Title)
	w.Text(r.Why)
	w.Text(string(r.Severity))
	w.Text(r.Remediation)
	w.Texts(r.References)
	w.Texts(slices.Sorted(maps.Keys(r.Mappings)))
	for _, kind := range slices.Sorted(maps.Keys(r.Mappings)) {
		w.Texts(r.Mappings[kind])
	}
	w.Texts(r.Types)
	w.Text(r.Good)
	w.Text(r.Bad)
	w.Number(len(r.path) - 1)
	for _, step := range r.path[1:] {
		w.Text(string(step.Value.(ast.String))) //nolint:forcetypeassert // describe has looked
	}
}

func unpackRule(from *packed.Reader) *Rule {
	r := &Rule{
		ID: from.Text(), Title: from.Text(), Why: from.Text(), Severity: Severity(from.Text()), Remediation: from.Text(),
		References: from.Texts(), Mappings: map[string][]string{},
	}
	for _, kind := range from.Texts() {
		r.Mappings[kind] = from.Texts()
	}
	r.Types, r.Good, r.Bad = from.Texts(), from.Text(), from.Text()
	r.path = ast.Ref{ast.DefaultRootDocument}
	for range from.Number() {
		r.path = append(r.path, ast.StringTerm(from.Text()))
	}
	return r
}

// ready gives a compiler for modules that one has been through: it only makes
// their indices. It would copy what it is given, so it is given empty ones, of
// those whose comprehensions are indexed, and finds all modules behind the first
// of its stages.
func (e *Engine) ready(modules map[string]*ast.Module) (*ast.Compiler, error) {
	needed := []ast.StageID{ast.StageResolveRefs, ast.StageSetModuleTree, ast.StageSetRuleTree, ast.StageBuildRuleIndices, ast.StageBuildComprehensionIndices}
	compiler := ast.NewCompiler().WithCapabilities(Capabilities()).WithSkipStages(slices.DeleteFunc(ast.AllStages(), func(id ast.StageID) bool {
		return slices.Contains(needed, id)
	})...)
	compiler.WithStageAfterID(ast.StageResolveRefs, ast.CompilerStageDefinition{Name: "Unpack", Stage: func(c *ast.Compiler) *ast.Error {
		c.Modules = modules
		return nil
	}})
	empty := map[string]*ast.Module{}
	for name, module := range modules {
		if e.units[name].indexed {
			empty[name] = &ast.Module{Package: module.Package}
		}
	}
	if compiler.Compile(empty); compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}
