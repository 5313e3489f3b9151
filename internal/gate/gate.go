package gate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/sync/errgroup"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Kind of a finding.
type Kind string

// A rule is broken, nobody can tell before apply, or there is something to know
// that never makes the gate fail.
const (
	Fail       Kind = "fail"
	CannotTell Kind = "cannot-tell"
	Warning    Kind = "warning"
)

var kinds = []Kind{Fail, CannotTell, Warning}

// Finding is one thing that a rule says of one resource.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Kind     Kind     `json:"kind"`
	Address  string   `json:"address"`
	Path     string   `json:"path"` // attribute, with dots; may be empty
	Message  string   `json:"message"`
	// Place is where it is written; the zero Range where there are no sources.
	Place plan.Range `json:"place"`
	// Calls are the module blocks that lead there, the root's first.
	Calls []plan.Range `json:"calls"`
	// Fingerprint stays the same when lines move, blocks change their order and
	// other resources come and go.
	Fingerprint string `json:"fingerprint"`
	// Waiver is what excuses it; Baseline tells that it is an old one.
	Waiver   *Waiver `json:"waiver,omitempty"`
	Baseline bool    `json:"baseline,omitempty"`

	// Config is the address without keys of the block it is about.
	Config string `json:"-"`
}

// Pass is a resource that a rule looked at and found nothing wrong with.
type Pass struct {
	Rule    string `json:"rule"`
	Address string `json:"address"`
}

// Report is what all rules say of a plan.
type Report struct {
	Input         string    `json:"input"`
	Terraform     string    `json:"terraform_version"`
	Resources     int       `json:"resources"` // managed resources in the plan
	Judged        int       `json:"judged"`    // of them, those that a rule looked at
	Findings      []Finding `json:"findings"`
	Passed        []Pass    `json:"passed"`
	NotApplicable []string  `json:"not_applicable"` // rules without anything to look at
	Waivers       *Waivers  `json:"waivers,omitempty"`
	Baseline      *Baseline `json:"baseline,omitempty"`
}

// Evaluate judges a plan by all rules.
func (e *Engine) Evaluate(ctx context.Context, in *plan.Input) (*Report, error) {
	chosen, names := e.choose(in.Plan)
	var compiler *ast.Compiler
	var compiling errgroup.Group
	compiling.Go(func() (err error) {
		compiler, err = e.compiled(names)
		return err
	})
	document, err := normal.New(in, e.needs(names))
	if err != nil {
		return nil, err
	}
	value, err := build(document, true)
	if err != nil {
		return nil, &plan.Error{File: in.Name, Problem: "cannot be put before the policies", Err: err}
	}
	input := ast.NewTerm(value)
	if err := compiling.Wait(); err != nil {
		return nil, err
	}
	verdicts := make([]*verdict, len(e.Rules))
	group, ctx := errgroup.WithContext(ctx)
	if group.SetLimit(runtime.GOMAXPROCS(0)); e.tracer != nil {
		group.SetLimit(1)
	}
	for _, places := range e.inGroups(chosen) {
		group.Go(func() (err error) {
			known := newCache(document.Managed())
			for _, i := range places {
				if verdicts[i], err = e.evaluate(ctx, e.Rules[i], input, document.Managed(), compiler, known); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, &plan.Error{File: in.Name, Problem: "could not be judged", Remedy: "mend the rule, or split the configuration where it is too much for one; nothing is taken for passed", Err: err}
	}
	report := &Report{Input: in.Name, Terraform: document.Terraform, Resources: document.Managed(), Findings: []Finding{}, Passed: []Pass{}, NotApplicable: []string{}}
	judged := map[string]bool{}
	for i, rule := range e.Rules {
		if err := report.add(in, document, rule, cmp.Or(verdicts[i], &verdict{}), judged); err != nil {
			return nil, err
		}
	}
	report.Judged = len(judged)
	report.Order()
	return report, nil
}

// inGroups gives the places of the rules that are asked, by their groups, since
// rules of one group ask the helpers for the same. The largest group comes first,
// so that none is left for the end that takes long.
func (e *Engine) inGroups(chosen map[*Rule]bool) [][]int {
	var all [][]int
	for i, rule := range e.Rules {
		if !chosen[rule] {
			continue
		}
		if last := len(all) - 1; last >= 0 && e.Rules[all[last][0]].group() == rule.group() {
			all[last] = append(all[last], i)
		} else {
			all = append(all, []int{i})
		}
	}
	slices.SortStableFunc(all, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return all
}

func (r *Report) add(in *plan.Input, document *normal.Document, rule *Rule, v *verdict, judged map[string]bool) error {
	found := map[string]bool{}
	for _, part := range []struct {
		kind   Kind
		claims []claim
	}{{Fail, v.Deny}, {CannotTell, v.Unknown}} {
		for _, c := range part.claims {
			resource := document.ByAddress(c.Address)
			if resource == nil || c.Message == "" {
				return &plan.Error{File: in.Name, Problem: fmt.Sprintf("the rule %s reports %q, which is not in the plan, or says nothing of it", rule.ID, c.Address), Remedy: "mend the rule"}
			}
			found[c.Address] = true
			f := Finding{Rule: rule.ID, Severity: rule.Severity, Kind: part.kind, Address: c.Address, Path: strings.Join(c.Path, "."), Message: c.Message, Config: resource.Config}
			at, path := resource, c.Path
			if c.At != nil && document.ByAddress(c.At.Address) != nil {
				at, path = document.ByAddress(c.At.Address), c.At.Path
			}
			f.Place, _ = document.Place(at, path)
			f.Calls = calls(in.Sources, at.ModuleKey())
			r.Findings = append(r.Findings, f)
		}
	}
	for _, address := range v.Subjects {
		if resource := document.ByAddress(address); resource == nil || resource.Planned() {
			judged[address] = true
		}
		if !found[address] {
			r.Passed = append(r.Passed, Pass{Rule: rule.ID, Address: address})
		}
	}
	if len(v.Subjects) == 0 && len(found) == 0 {
		r.NotApplicable = append(r.NotApplicable, rule.ID)
	}
	return nil
}

func calls(sources *plan.Sources, key string) []plan.Range {
	all := []plan.Range{}
	for key != "" {
		if place, ok := sources.Call(key, ""); ok {
			all = append(all, place)
		}
		key = key[:max(strings.LastIndexByte(key, '.'), 0)]
	}
	slices.Reverse(all)
	return all
}

// Order sorts findings, the worst first, and gives them their fingerprints.
func (r *Report) Order() {
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Address, b.Address), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	slices.SortFunc(r.Passed, func(a, b Pass) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Address, b.Address)) })
	same := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		steps := slices.DeleteFunc(strings.Split(f.Path, "."), func(step string) bool {
			_, err := strconv.Atoi(step)
			return err == nil
		})
		identity := strings.Join([]string{f.Rule, string(f.Kind), f.Address, strings.Join(steps, ".")}, "\x00")
		same[identity]++
		sum := sha256.Sum256([]byte(identity + "\x00" + strconv.Itoa(same[identity])))
		f.Fingerprint = hex.EncodeToString(sum[:16])
	}
}
