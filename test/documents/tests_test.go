// Package documents_test keeps what the documents say of tests honest.
package documents_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tests are the tests of a package. A subtest whose name is put together is a
// pattern; one whose name comes from a table is every text of its file.
type tests struct {
	functions map[string]bool
	texts     map[string]bool
	patterns  []*regexp.Regexp
}

// hasSubtest tells whether one of the package's tests has a subtest of a name.
func (p tests) hasSubtest(name string) bool {
	return p.texts[name] || slices.ContainsFunc(p.patterns, func(s *regexp.Regexp) bool { return s.MatchString(name) })
}

var parsed = map[string]tests{}

func parse(dir string) (tests, error) {
	if p, done := parsed[dir]; done {
		return p, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return tests{}, err
	}
	p := tests{functions: map[string]bool{}, texts: map[string]bool{}}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return tests{}, err
		}
		fromTable := false
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && (strings.HasPrefix(n.Name.Name, "Test") || strings.HasPrefix(n.Name.Name, "Fuzz")) {
					p.functions[n.Name.Name] = true
				}
			case *ast.CallExpr:
				if run, ok := n.Fun.(*ast.SelectorExpr); ok && run.Sel.Name == "Run" && len(n.Args) == 2 {
					text := pattern(n.Args[0])
					fromTable = fromTable || text == whatever
					if text != whatever {
						p.patterns = append(p.patterns, regexp.MustCompile(`\A`+text+`\z`))
					}
				}
			}
			return true
		})
		if !fromTable {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if value, err := strconv.Unquote(text.Value); err == nil {
					p.texts[value] = true
				}
			}
			return true
		})
	}
	parsed[dir] = p
	return p, nil
}

const whatever = `.+`

// pattern is the regular expression of the texts that an expression can be.
func pattern(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return regexp.QuoteMeta(text)
		}
	case *ast.BinaryExpr:
		return pattern(e.X) + pattern(e.Y)
	}
	return whatever
}
