package plan

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// Range is a place in a source file. Lines and columns count from 1, columns in
// characters. File has forward slashes and begins with the planned folder as
// the user called it. The zero Range is no place.
type Range struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
}

// Downloaded tells of a place in a module that init has fetched, and not in the
// configuration itself or a module beside it.
func Downloaded(r Range) bool { return strings.Contains(r.File, ".terraform/modules/") }

// Sources are the .tf files of a configuration, by module. They are parsed when
// they are first asked for. What cannot be parsed has no places; that is no
// error, since Terraform has parsed it before. Safe for concurrent use.
type Sources struct {
	modules map[string]*moduleSource // by the keys of Terraform's manifest: "", "chat", "chat.api"

	mutex sync.Mutex
	lines map[string][]string // of the files that were asked for
}

type moduleSource struct {
	dir   string
	files map[string][]byte

	once   sync.Once
	blocks map[string][]block // by "resource.type.name", "module.name", …; overrides first
	locals map[string]hcl.Expression
}

// Body is one block of a resource in native syntax.
type Body struct {
	File string
	Head hcl.Range
	Body *hclsyntax.Body
}

// block is one block of native syntax, or of JSON, whose inside is not placed.
type block struct {
	file string
	head hcl.Range
	body *hclsyntax.Body
}

func newSources() *Sources { return &Sources{modules: map[string]*moduleSource{}} }

// suffix gives the ending of a file of configuration, or "". Terraform and
// OpenTofu pass over hidden files, so they must not be seen here either.
func suffix(name string) string {
	if strings.HasPrefix(name, ".") {
		return ""
	}
	for _, s := range []string{".tf", ".tf.json", ".tofu", ".tofu.json"} {
		if strings.HasSuffix(name, s) {
			return s
		}
	}
	return ""
}

// loaded picks the files of a folder that are its configuration. Terraform does
// not know .tofu; for OpenTofu such a file stands in for one of the same name
// with .tf.
func loaded(entries []os.DirEntry, tofu bool) []string {
	all := map[string]bool{}
	for _, entry := range entries {
		all[entry.Name()] = true
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		ending := suffix(name)
		ofTofu := strings.HasPrefix(ending, ".tofu")
		replaced := tofu && !ofTofu && all[strings.TrimSuffix(name, ending)+strings.Replace(ending, ".tf", ".tofu", 1)]
		if ending != "" && !entry.IsDir() && (tofu || !ofTofu) && !replaced {
			names = append(names, name)
		}
	}
	return names
}

// regular reads a file that is a regular one and not too long: a link to a
// device would never end.
func regular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSource {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("no regular file, or too large a one")}
	}
	return os.ReadFile(name) // #nosec G304 -- in a folder that the user or Terraform's manifest names
}

func (s *Sources) add(key, file string, body []byte) {
	if s.modules[key] == nil {
		s.modules[key] = &moduleSource{files: map[string][]byte{}}
	}
	s.modules[key].files[file] = body
}

// place sets the folders of the modules.
func (s *Sources) place(root string, manifest []module) {
	dirs := map[string]string{}
	for _, m := range manifest {
		dirs[m.Key] = filepath.FromSlash(m.Dir)
	}
	for key, m := range s.modules {
		dir, ok := dirs[key]
		switch {
		case !ok && key == "":
			m.dir = root
		case !ok:
			m.dir = filepath.Join(root, ".terraform", "modules", key)
		case filepath.IsAbs(dir):
			m.dir = dir
		default:
			m.dir = filepath.Join(root, dir)
		}
	}
}

// DirSources reads the configuration in a folder, with the modules that
// `terraform init` has put there. Without init, the modules that the
// configuration names by a relative path are found all the same.
func DirSources(root string, config *Config) (*Sources, error) {
	manifest := struct{ Modules []module }{}
	body, err := regular(filepath.Join(root, ".terraform", "modules", "modules.json"))
	if err == nil {
		if err := json.Unmarshal(body, &manifest); err != nil {
			return nil, &Error{File: root, Problem: "has a list of modules that cannot be read", Remedy: "run `terraform init` there", Err: plain(err)}
		}
	}
	sources := newSources()
	dirs := map[string]string{"": "."}
	localModules(dirs, "", &config.Root)
	for _, m := range manifest.Modules {
		dirs[m.Key] = m.Dir
	}
	var total int64
	for key, dir := range dirs {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(root, dir)
		}
		entries, err := os.ReadDir(dir)
		if err != nil && key == "" {
			return nil, &Error{File: root, Problem: "cannot be read", Remedy: "name the folder that the plan was made in", Err: bare(err)}
		}
		for _, name := range loaded(entries, config.openTofu()) {
			body, err := regular(filepath.Join(dir, name))
			if err != nil {
				continue // has no places
			}
			if total += int64(len(body)); total > maxSources {
				return nil, tooLarge(root, "the configuration", maxSources)
			}
			sources.add(key, name, body)
		}
	}
	for key, dir := range dirs {
		if m := sources.modules[key]; m != nil && !filepath.IsAbs(dir) {
			m.dir = filepath.Join(root, dir)
		} else if m != nil {
			m.dir = dir
		}
	}
	return sources, nil
}

// localModules adds the folders of the modules with relative sources.
func localModules(dirs map[string]string, key string, m *Module) {
	for name := range m.Calls {
		call := m.Calls[name]
		if !strings.HasPrefix(call.Source, "./") && !strings.HasPrefix(call.Source, "../") {
			continue
		}
		child := strings.TrimPrefix(key+"."+name, ".")
		dirs[child] = filepath.Join(dirs[key], filepath.FromSlash(call.Source))
		localModules(dirs, child, &call.Module)
	}
}

// Empty tells that there are no sources.
func (s *Sources) Empty() bool { return len(s.modules) == 0 }

func (s *Sources) module(key string) *moduleSource {
	m := s.modules[key]
	if m == nil {
		return nil
	}
	m.once.Do(m.parse)
	return m
}

func override(file string) bool {
	base := strings.TrimSuffix(file, suffix(file))
	return base == "override" || strings.HasSuffix(base, "_override")
}

func (m *moduleSource) parse() {
	m.blocks, m.locals = map[string][]block{}, map[string]hcl.Expression{}
	files := slices.SortedFunc(maps.Keys(m.files), func(a, b string) int {
		if override(a) != override(b) {
			if override(a) {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, file := range files {
		body := m.files[file]
		if hostile(body) {
			continue
		}
		if strings.HasSuffix(file, ".json") {
			m.parseJSON(file, body)
			continue
		}
		parsed, _ := hclsyntax.ParseConfig(body, file, hcl.InitialPos)
		if parsed == nil {
			continue
		}
		root, ok := parsed.Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		for _, b := range root.Blocks {
			if b.Type == "locals" {
				for name, a := range b.Body.Attributes {
					if m.locals[name] == nil {
						m.locals[name] = a.Expr
					}
				}
			}
			name := strings.Join(append([]string{b.Type}, b.Labels...), ".")
			m.blocks[name] = append(m.blocks[name], block{file: file, head: b.DefRange(), body: b.Body})
		}
	}
}

func (m *moduleSource) parseJSON(file string, body []byte) {
	parsed, _ := hcljson.Parse(body, file)
	if parsed == nil {
		return
	}
	content, _, _ := parsed.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "resource", LabelNames: []string{"type", "name"}},
		{Type: "data", LabelNames: []string{"type", "name"}},
		{Type: "module", LabelNames: []string{"name"}},
		{Type: "provider", LabelNames: []string{"name"}},
	}})
	if content == nil {
		return
	}
	for _, b := range content.Blocks {
		name := strings.Join(append([]string{b.Type}, b.Labels...), ".")
		m.blocks[name] = append(m.blocks[name], block{file: file, head: b.DefRange})
	}
}

// hostile tells of a file that a recursive parser should not see: no person
// nests a thousand brackets, and the stack of a process is finite.
func hostile(body []byte) bool {
	const limit = 1000
	depth, run := 0, 0
	for _, c := range body {
		switch c {
		case '(', '[', '{':
			if depth++; depth > limit {
				return true
			}
		case ')', ']', '}':
			depth = max(depth-1, 0)
		}
		switch c {
		case '!', '-':
			if run++; run > limit {
				return true
			}
		case ' ', '\t', '\r', '\n':
		default:
			run = 0
		}
	}
	return bytes.Count(body, []byte("?")) > 20*limit
}

func (m *moduleSource) at(file string, r hcl.Range) Range {
	return Range{
		File: filepath.ToSlash(filepath.Join(m.dir, file)),
		Line: r.Start.Line, Column: r.Start.Column, EndLine: r.End.Line, EndColumn: r.End.Column,
	}
}

// blockName is the type and the labels of a block in the source.
func blockName(mode, typ, name string) string {
	switch mode {
	case "data":
		return "data." + typ + "." + name
	case "provider":
		return "provider." + typ
	case "module":
		return "module." + name
	}
	return "resource." + typ + "." + name
}

// Alias is the constant name of a provider block, "" for the one without.
func Alias(body *hclsyntax.Body) string {
	a, ok := body.Attributes["alias"]
	if !ok {
		return ""
	}
	value, diags := a.Expr.Value(nil)
	if diags.HasErrors() || value.IsNull() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

// Find gives the place of an attribute of a resource: of the attribute if it is
// written, else of the innermost block around it that is. Path is the
// attribute's in the plan: names, and numbers of blocks.
func (s *Sources) Find(key, mode, typ, name string, path []string) (Range, bool) {
	m := s.module(key)
	if m == nil {
		return Range{}, false
	}
	blocks := m.blocks[blockName(mode, typ, name)]
	if len(blocks) == 0 {
		return Range{}, false
	}
	best, depth := m.at(blocks[len(blocks)-1].file, blocks[len(blocks)-1].head), 0
	for _, b := range blocks {
		if _, r, n := inside(b.body, path); n > depth {
			best, depth = m.at(b.file, r), n
		}
	}
	return best, true
}

// Expression gives what a resource's attribute is set to, through dynamic
// blocks too, which plan JSON says nothing of. It is nil where nothing is
// written or it cannot be told.
func (s *Sources) Expression(key, mode, typ, name string, path []string) hcl.Expression {
	m := s.module(key)
	if m == nil {
		return nil
	}
	for _, b := range m.blocks[blockName(mode, typ, name)] {
		if expr, _, _ := inside(b.body, path); expr != nil {
			return expr
		}
	}
	return nil
}

// Bodies gives the blocks of a resource in native syntax, overrides first.
func (s *Sources) Bodies(key, mode, typ, name string) []Body {
	m := s.module(key)
	if m == nil {
		return nil
	}
	var all []Body
	for _, b := range m.blocks[blockName(mode, typ, name)] {
		if b.body != nil {
			all = append(all, Body{File: b.file, Head: b.head, Body: b.body})
		}
	}
	return all
}

// At is a place in a file of a module.
func (s *Sources) At(key, file string, r hcl.Range) Range {
	m := s.module(key)
	if m == nil {
		return Range{}
	}
	return m.at(file, r)
}

// Output gives what an output of a module is made from, or nil.
func (s *Sources) Output(key, name string) hcl.Expression {
	return s.attribute(key, "output."+name, "value")
}

// Default gives the default of a module's variable, or nil.
func (s *Sources) Default(key, name string) hcl.Expression {
	return s.attribute(key, "variable."+name, "default")
}

// attribute gives what an attribute of a block is set to, or nil.
func (s *Sources) attribute(key, block, name string) hcl.Expression {
	m := s.module(key)
	if m == nil {
		return nil
	}
	for _, b := range m.blocks[block] {
		if b.body != nil {
			if a, ok := b.body.Attributes[name]; ok {
				return a.Expr
			}
		}
	}
	return nil
}

// Local gives what a local value is set to, or nil.
func (s *Sources) Local(key, name string) hcl.Expression {
	if m := s.module(key); m != nil {
		return m.locals[name]
	}
	return nil
}

// inside follows a path into a block and says how many steps it came.
func inside(body *hclsyntax.Body, path []string) (expr hcl.Expression, place hcl.Range, depth int) {
	for body != nil && depth < len(path) {
		name := path[depth]
		if a, ok := body.Attributes[name]; ok {
			return a.Expr, a.SrcRange, depth + 1
		}
		number, next := 0, depth+1
		if next < len(path) {
			if n, err := strconv.Atoi(path[next]); err == nil {
				number, next = n, next+1
			}
		}
		found, dynamic := pick(body, name, number)
		if found == nil {
			return expr, place, depth
		}
		place, body, depth = found.DefRange(), found.Body, next
		expr = dynamic // what decides whether the block is there
	}
	return expr, place, depth
}

// pick finds the n-th block of a name. Behind a dynamic block nobody can count:
// what comes of it is found only if it is the last of its name.
func pick(body *hclsyntax.Body, name string, n int) (found *hclsyntax.Block, forEach hcl.Expression) {
	var same []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == name || b.Type == "dynamic" && len(b.Labels) == 1 && b.Labels[0] == name {
			same = append(same, b)
		}
	}
	for i, b := range same {
		if b.Type == name && i == n {
			return b, nil
		}
		if b.Type == name {
			continue
		}
		if i < len(same)-1 {
			return nil, nil
		}
		if a, ok := b.Body.Attributes["for_each"]; ok {
			forEach = a.Expr
		}
		for _, content := range b.Body.Blocks {
			if content.Type == "content" {
				return content, forEach
			}
		}
	}
	return nil, nil
}

// splitKey splits a module's key in its caller's key and its name there.
func splitKey(key string) (parent, name string) {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i], key[i+1:]
	}
	return "", key
}

// Call gives the place of the module block that calls a module, and whether the
// block's input of that name is written there.
func (s *Sources) Call(key, input string) (Range, bool) {
	parent, name := splitKey(key)
	m := s.module(parent)
	if m == nil {
		return Range{}, false
	}
	for _, b := range m.blocks["module."+name] {
		if b.body != nil && input != "" {
			if a, ok := b.body.Attributes[input]; ok {
				return m.at(b.file, a.SrcRange), true
			}
		}
	}
	for _, b := range m.blocks["module."+name] {
		return m.at(b.file, b.head), true
	}
	return Range{}, false
}

// Input gives what a module's input is set to by the block that calls it, or
// nil.
func (s *Sources) Input(key, input string) hcl.Expression {
	parent, name := splitKey(key)
	return s.attribute(parent, "module."+name, input)
}

// Repeats gives the for_each of the block that calls a module, or nil.
func (s *Sources) Repeats(key string) hcl.Expression { return s.Input(key, "for_each") }

// Lines gives lines of a file that a Range names, or nothing.
func (s *Sources) Lines(r Range, before, after int) (first int, lines []string) {
	all := s.linesOf(r.File)
	from, to := max(r.Line-before, 1), min(r.Line+after, len(all))
	if from > to {
		return 0, nil
	}
	return from, all[from-1 : to]
}

// linesOf splits a file when it is first asked for: a large plan has thousands of
// findings in one.
func (s *Sources) linesOf(name string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if all, ok := s.lines[name]; ok {
		return all
	}
	var all []string
	for _, m := range s.modules {
		for file, body := range m.files {
			if filepath.ToSlash(filepath.Join(m.dir, file)) == name {
				all = strings.Split(string(body), "\n")
			}
		}
	}
	if s.lines == nil {
		s.lines = map[string][]string{}
	}
	s.lines[name] = all
	return all
}
