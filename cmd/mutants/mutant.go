package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// variable chooses the mutant of a test binary by its number; without it none
// is active.
const variable = "PORTCULLIS_MUTANT"

// helpers is what the changed code calls. Each returns what the original would,
// unless its mutant is the active one.
const helpers = `package %s

import (
	mutantOS "os"
	mutantStrconv "strconv"
)

var mutantActive, _ = mutantStrconv.Atoi(mutantOS.Getenv("` + variable + `"))

func mutantNot(id int, v bool) bool { return v != (mutantActive == id) }

func mutantOther(id int, v, other bool) bool {
	if mutantActive == id {
		return other
	}
	return v
}

func mutantAnd(id int, l bool, r func() bool) bool {
	if mutantActive == id {
		return l || r()
	}
	return l && r()
}

func mutantOr(id int, l bool, r func() bool) bool {
	if mutantActive == id {
		return l && r()
	}
	return l || r()
}

func mutantErr(id int, err error) error {
	if mutantActive == id {
		return nil
	}
	return err
}
`

// mutant is one change.
type mutant struct {
	id       int
	file     string
	function string // that the change is in
	old, new string // the expression or statement, before and after, on one line
	nth      int    // of those in the function that read the same, from 1
}

// String names a mutant without its line, so that the name outlives changes
// elsewhere in the file.
func (m mutant) String() string {
	name := fmt.Sprintf("%s %s: %s -> %s", m.file, m.function, m.old, m.new)
	if m.nth > 1 {
		name += fmt.Sprintf(" (%d)", m.nth)
	}
	return name
}

// mutated is a package that has all of its mutants in one source, so that it is
// compiled only once.
type mutated struct {
	folder  string
	name    string
	files   map[string][]byte // the changed source by path
	mutants []mutant
	binary  string
}

// mutate returns the package of a folder with its mutants.
func mutate(folder string) (*mutated, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &mutated{folder: folder, files: map[string][]byte{}}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := p.add(path, source); err != nil {
			return nil, err
		}
	}
	if len(p.files) == 0 {
		return nil, fmt.Errorf("%s has no Go code", folder)
	}
	return p, nil
}

// edit replaces a part of a source. Of edits at one place the one with the
// lower rank comes first.
type edit struct {
	from, to int
	rank     int
	text     string
}

// add adds a file.
func (p *mutated) add(path string, source []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	p.name = file.Name.Name
	w := &writer{mutated: p, path: path, source: source, set: set, seen: map[string]int{}}
	for _, declaration := range file.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
			w.function = f.Name.Name
			ast.Inspect(f.Body, w.visit)
		}
	}
	slices.SortStableFunc(w.edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.rank, b.rank)) })
	var out bytes.Buffer
	at := 0
	for _, e := range w.edits {
		out.Write(source[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.Write(source[at:])
	p.files[path] = out.Bytes()
	return nil
}

// writer makes the edits of one file.
type writer struct {
	*mutated
	path     string
	source   []byte
	set      *token.FileSet
	function string
	seen     map[string]int
	edits    []edit
}

func (w *writer) offset(p token.Pos) int { return w.set.Position(p).Offset }

func (w *writer) text(from, to token.Pos) string {
	return string(w.source[w.offset(from):w.offset(to)])
}

// mutant counts one more mutant.
func (w *writer) mutant(n ast.Node, replaced string) int {
	m := mutant{id: len(w.mutants) + 1, file: w.path, function: w.function, old: oneLine(w.text(n.Pos(), n.End())), new: oneLine(replaced)}
	w.seen[m.String()]++
	m.nth = w.seen[m.String()]
	w.mutants = append(w.mutants, m)
	return m.id
}

// around puts text before and after a node. Nodes are visited from the outside
// in: what is before an inner node comes later, and what is after it earlier.
func (w *writer) around(n ast.Node, before, after string) {
	rank := len(w.edits) + 1
	from, to := w.offset(n.Pos()), w.offset(n.End())
	w.edits = append(w.edits, edit{from, from, rank, before}, edit{to, to, -rank, after})
}

var (
	negations  = map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ, token.LEQ: token.GTR, token.GTR: token.LEQ, token.GEQ: token.LSS}
	boundaries = map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}
)

func (w *writer) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		w.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			id := w.mutant(n, w.text(n.X.Pos(), n.End()))
			w.around(n, fmt.Sprintf("mutantNot(%d, ", id), ")")
		}
	case *ast.IfStmt:
		switch n.Cond.(type) {
		case *ast.CallExpr, *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
			id := w.mutant(n.Cond, "!"+w.text(n.Cond.Pos(), n.Cond.End()))
			w.around(n.Cond, fmt.Sprintf("mutantNot(%d, ", id), ")")
		}
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			id := w.mutant(n, fmt.Sprint(n.Name == "false"))
			w.around(n, fmt.Sprintf("mutantNot(%d, ", id), ")")
		}
	case *ast.ReturnStmt:
		if len(n.Results) == 0 {
			break
		}
		if last, ok := n.Results[len(n.Results)-1].(*ast.Ident); ok && last.Name == "err" {
			id := w.mutant(n, strings.TrimSuffix(w.text(n.Pos(), n.End()), "err")+"nil")
			w.around(last, fmt.Sprintf("mutantErr(%d, ", id), ")")
		}
	case *ast.BlockStmt:
		w.statements(n.List)
	case *ast.CaseClause:
		w.statements(n.Body)
	case *ast.CommClause:
		w.statements(n.Body)
	}
	return true
}

func (w *writer) binary(n *ast.BinaryExpr) {
	other := func(op token.Token) string {
		return w.text(n.X.Pos(), n.OpPos) + op.String() + w.text(n.OpPos+token.Pos(len(n.Op.String())), n.End())
	}
	switch n.Op {
	case token.LAND, token.LOR:
		helper, op := "mutantAnd", token.LOR
		if n.Op == token.LOR {
			helper, op = "mutantOr", token.LAND
		}
		id := w.mutant(n, other(op))
		w.around(n, fmt.Sprintf("%s(%d, ", helper, id), "})")
		// Up to the operand: a line end after return would end the statement.
		w.edits = append(w.edits, edit{w.offset(n.OpPos), w.offset(n.Y.Pos()), 0, ", func() bool { return "})
	default:
		if op, ok := negations[n.Op]; ok {
			id := w.mutant(n, other(op))
			w.around(n, fmt.Sprintf("mutantNot(%d, ", id), ")")
		}
		if op, ok := boundaries[n.Op]; ok {
			id := w.mutant(n, other(op))
			w.around(n, fmt.Sprintf("mutantOther(%d, ", id), ", "+other(op)+")")
		}
	}
}

// telling are the statements that only tell what happened. They have tests of
// their own (docs/threat-model.md, rows 35 to 37), and are no defence.
var telling = regexp.MustCompile(`^(\w+\.)*([lL]og|Metrics|logging)\.`)

// statements leaves statements out.
func (w *writer) statements(list []ast.Stmt) {
	for _, s := range list {
		leave := false
		switch s := s.(type) {
		case *ast.IncDecStmt:
			leave = true
		case *ast.ExprStmt:
			leave = !telling.MatchString(w.text(s.Pos(), s.End()))
		case *ast.AssignStmt:
			leave = s.Tok != token.DEFINE
		case *ast.BranchStmt:
			leave = s.Tok == token.CONTINUE
		}
		if leave {
			id := w.mutant(s, "{}")
			w.around(s, fmt.Sprintf("if mutantActive != %d { ", id), " }")
		}
	}
}

// oneLine is source text with all white space as single spaces.
func oneLine(source string) string { return strings.Join(strings.Fields(source), " ") }

// build compiles the package's tests with the changed files laid over the true
// ones (go help build, -overlay), so that no file of the tree changes, and makes
// sure that they pass while no mutant is active.
func (p *mutated) build(ctx context.Context, work string) error {
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	files := map[string][]byte{filepath.Join(p.folder, "mutant_helpers.go"): fmt.Appendf(nil, helpers, p.name)}
	for path, source := range p.files {
		files[path] = source
	}
	replace := map[string]string{}
	for path, source := range files {
		original, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		replace[original] = filepath.Join(work, filepath.Base(path))
		if err := os.WriteFile(replace[original], source, 0o600); err != nil {
			return err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	overlay := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return err
	}
	p.binary = filepath.Join(work, "tests")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", p.binary, "./"+p.folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.folder, err, out)
	}
	noticed, err := p.test(ctx, 0, 5*time.Minute)
	if err == nil && noticed {
		err = errors.New("the tests fail without any mutant")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.folder, err)
	}
	return nil
}

// test says whether the tests notice a mutant.
func (p *mutated) test(ctx context.Context, id int, limit time.Duration) (noticed bool, err error) {
	cmd := exec.CommandContext(ctx, p.binary, "-test.failfast", "-test.timeout", limit.String())
	cmd.Dir = p.folder
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", variable, id))
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return true, ctx.Err()
	}
	return false, err
}
