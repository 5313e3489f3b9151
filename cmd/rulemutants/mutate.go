package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// mutant is a rule's text with one change.
type mutant struct {
	name string // where and what: "policies/waf/scope.rego deny: not x -> true (2)"
	text string
}

// change is what is put in place of some bytes of a text.
type change struct {
	start, end int
	head       string // of the definition it is in
	with       string
	shown      string // what is replaced, in the mutant's name
}

// mutate makes the mutants of a module:
//
//   - a condition holds always, in a body of any depth;
//   - a definition, or one branch of it, never holds;
//   - a list or set of constants lacks one of them, and an object one member;
//   - a number that something is compared with is one more or one less, and a
//     comparison includes the limit or excludes it.
func mutate(file, text string) ([]mutant, error) {
	module, err := ast.ParseModuleWithOpts(file, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, err
	}
	c := &collector{text: text}
	for _, rule := range module.Rules {
		for branch := rule; branch != nil; branch = branch.Else {
			c.branch(branch)
		}
	}
	slices.SortStableFunc(c.changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.with, b.with))
	})
	c.changes = slices.Compact(c.changes)
	same := map[string]int{}
	var all []mutant
	for _, one := range c.changes {
		name := fmt.Sprintf("policies/%s %s: %s -> %s", file, one.head, strings.Join(strings.Fields(one.shown), " "), cmp.Or(one.with, "nothing"))
		if same[name]++; same[name] > 1 {
			name += fmt.Sprintf(" (%d)", same[name])
		}
		all = append(all, mutant{name, text[:one.start] + one.with + text[one.end:]})
	}
	return all, nil
}

type collector struct {
	text    string
	changes []change
	head    string
}

// branch collects what may be changed in one definition, or in one branch of it.
func (c *collector) branch(rule *ast.Rule) {
	c.head = rule.Head.Ref().String()
	if first := rule.Body[0]; first.Location != nil && c.written(first.Location) && !first.Location.Equal(rule.Head.Location) {
		c.replace(first.Location, "false", string(rule.Body[0].Location.Text)+" …")
	}
	ast.WalkBodies(rule.Body, c.body)
	ast.WalkBodies(rule.Head, c.body)
	ast.WalkTerms(rule.Head, c.term)
	ast.WalkTerms(rule.Body, c.term)
}

// written tells whether the place of something is the text that stands there.
func (c *collector) written(at *ast.Location) bool {
	end := at.Offset + len(at.Text)
	return len(at.Text) > 0 && end <= len(c.text) && c.text[at.Offset:end] == string(at.Text)
}

func (c *collector) replace(at *ast.Location, with, shown string) {
	if c.written(at) {
		c.changes = append(c.changes, change{at.Offset, at.Offset + len(at.Text), c.head, with, shown})
	}
}

func (c *collector) body(body ast.Body) bool {
	for _, expr := range body {
		if text := string(expr.Location.Text); text != "true" {
			c.replace(expr.Location, "true", text)
		}
		c.comparison(expr)
	}
	return false
}

// limits are the comparisons with the one that treats the limit the other way.
var limits = map[string]string{"<": "<=", "<=": "<", ">": ">=", ">=": ">"}

var operators = map[string]string{"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "equal": "==", "neq": "!="}

// counted is the question whether there is any of something. To include the limit
// or to take one from it is the same as dropping it, and to add one asks for two.
var counted = regexp.MustCompile(`^(count\(.*\)|.*\bunknown\b.*) (>|==|>=) [01]$`)

func (c *collector) comparison(expr *ast.Expr) {
	symbol := ""
	if expr.IsCall() {
		symbol = operators[expr.Operator().String()]
	}
	if symbol == "" {
		return
	}
	text := string(expr.Location.Text)
	if counted.MatchString(text) {
		return
	}
	if other := limits[symbol]; other != "" {
		c.replace(expr.Location, strings.Replace(text, " "+symbol+" ", " "+other+" ", 1), text)
	}
	for _, operand := range expr.Operands() {
		number, ok := operand.Value.(ast.Number)
		if n, whole := number.Int(); ok && whole {
			for _, other := range []int{n - 1, n + 1} {
				c.replace(operand.Location, strconv.Itoa(other), text+": "+number.String())
			}
		}
	}
}

// term collects the members of sets and objects, and of lists of one kind. A list
// with a number, a variable or members of several kinds is a path or a record.
func (c *collector) term(term *ast.Term) bool {
	var members []*ast.Term
	switch v := term.Value.(type) {
	case ast.Set:
		members = v.Slice()
	case *ast.Array:
		v.Foreach(func(member *ast.Term) { members = append(members, member) })
		for _, member := range members {
			_, text := member.Value.(ast.String)
			if ast.ValueName(member.Value) != ast.ValueName(members[0].Value) || !text && !ast.IsComprehension(member.Value) && ast.IsScalar(member.Value) || !member.IsGround() {
				return false
			}
		}
	case ast.Object:
		v.Foreach(func(key, value *ast.Term) {
			if key.Location != nil && value.Location != nil && c.written(key.Location) && c.written(value.Location) {
				c.drop(key.Location.Offset, value.Location.Offset+len(value.Location.Text), string(key.Location.Text))
			}
		})
		return false
	}
	if len(members) < 2 || term.Location == nil || !c.written(term.Location) {
		return false
	}
	for _, member := range members {
		if at := member.Location; c.written(at) && at.Offset > term.Location.Offset {
			c.drop(at.Offset, at.Offset+len(at.Text), string(at.Text))
		}
	}
	return false
}

// drop takes out a member with the comma behind it, or with that before it.
func (c *collector) drop(start, end int, shown string) {
	if rest := strings.TrimLeft(c.text[end:], " \n\t"); strings.HasPrefix(rest, ",") {
		end = len(c.text) - len(rest) + 1
	} else if before := strings.TrimRight(c.text[:start], " \n\t"); strings.HasSuffix(before, ",") {
		start = len(before) - 1
	} else {
		return
	}
	c.changes = append(c.changes, change{start, end, c.head, "", shown})
}
