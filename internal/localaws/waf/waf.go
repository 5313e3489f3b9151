// Package waf evaluates the rules of AWS WAF web ACLs on HTTP requests, as far as
// that can be done truthfully on one machine: IP sets, rates, sizes, bytes,
// regular expressions, countries, labels, and what combines them. Managed rule
// groups, CAPTCHA and challenges, SQL injection and cross-site scripting
// detection and TLS fingerprints are not evaluated; an ACL says which of its
// rules that concerns, and such a rule never matches.
//
// It follows the AWS WAF developer guide; where that says nothing,
// docs/local-stack-differences.md names the choice.
package waf

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// Resources finds what rules refer to, by ARN.
type Resources interface {
	IPSet(ctx context.Context, arn string) (addresses []string, err error)
	RegexPatternSet(ctx context.Context, arn string) (patterns []string, err error)
	RuleGroup(ctx context.Context, arn string) (*types.RuleGroup, error)
}

// Request is what rules look at.
type Request struct {
	*http.Request
	// ClientIP is the address of the peer; Country is where it is (ISO 3166-1
	// alpha-2), empty when that is unknown.
	ClientIP, Country string
	// ID is that of the request, Source that of the distribution.
	ID, Source string
}

// Response is the answer to a request that is blocked with one of its own.
type Response struct {
	Status      int
	ContentType string
	Body        string
	Headers     http.Header
}

// Verdict is what an ACL says of a request.
type Verdict struct {
	Blocked bool
	// Response is nil unless the rule that blocks has one.
	Response *Response
	// Inserted are headers that go to the origin.
	Inserted http.Header
}

// Unevaluated is a rule that never matches here.
type Unevaluated struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// ACL is a web ACL that is ready to judge requests.
type ACL struct {
	arn, name, metric string
	metrics           bool
	rules             []*rule
	defaults          action
	unevaluated       []Unevaluated
	bodyLimit         int
	observer          *Observer
}

// Unevaluated are the rules of the ACL that are not evaluated, in their order.
func (a *ACL) Unevaluated() []Unevaluated { return a.unevaluated }

// rule is one rule of an ACL or of a rule group.
type rule struct {
	name, metric string
	metrics      bool
	labels       []string
	action       action
	matches      matcher
	rate         *rate // of a rate-based rule
	group        *group
}

// group is a rule group that a rule refers to.
type group struct {
	arn, metric string
	metrics     bool
	rules       []*rule
	// counted says that the ACL only counts what the group decides.
	counted bool
}

type kind string

const (
	allow kind = "ALLOW"
	block kind = "BLOCK"
	count kind = "COUNT"
)

type action struct {
	kind     kind
	response *Response
	inserted http.Header
}

// matcher tells whether a statement matches.
type matcher func(*evaluation) bool

// compiler makes an ACL of what AWS WAF's API describes.
type compiler struct {
	resources Resources
	rates     *Rates
	owner     string // the ARN of the ACL, for rates
	bodies    map[string]types.CustomResponseBody
	namespace string // of the labels of the rules at hand
	bodyLimit int
}

// unevaluable says why a rule cannot be evaluated.
type unevaluable struct{ reason string }

func (u *unevaluable) Error() string { return u.reason }

// Compile reads a web ACL with all that its rules refer to. An error is a
// failure to read it: what cannot be evaluated is listed by Unevaluated.
func Compile(ctx context.Context, acl *types.WebACL, resources Resources, rates *Rates, observer *Observer) (*ACL, error) {
	arn := aws.ToString(acl.ARN)
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return nil, fmt.Errorf("web ACL %q has no ARN", aws.ToString(acl.Name))
	}
	c := &compiler{
		resources: resources, rates: rates, owner: arn, bodies: acl.CustomResponseBodies,
		namespace: "awswaf:" + parts[4] + ":webacl:" + aws.ToString(acl.Name) + ":", bodyLimit: 16 << 10,
	}
	if acl.AssociationConfig != nil {
		var kilobytes int
		if _, err := fmt.Sscanf(string(acl.AssociationConfig.RequestBody["CLOUDFRONT"].DefaultSizeInspectionLimit), "KB_%d", &kilobytes); err == nil {
			c.bodyLimit = kilobytes << 10
		}
	}
	compiled := &ACL{arn: arn, name: aws.ToString(acl.Name), bodyLimit: c.bodyLimit, observer: observer}
	if v := acl.VisibilityConfig; v != nil {
		compiled.metric, compiled.metrics = aws.ToString(v.MetricName), v.CloudWatchMetricsEnabled
	}
	var err error
	if compiled.rules, compiled.unevaluated, err = c.rules(ctx, acl.Rules, ""); err != nil {
		return nil, err
	}
	compiled.defaults = action{kind: allow}
	if d := acl.DefaultAction; d != nil {
		compiled.defaults, err = c.action(types.RuleAction{Allow: d.Allow, Block: d.Block})
	}
	return compiled, err
}

// rules compiles rules in their order. Prefix begins the names of those that
// cannot be evaluated.
func (c *compiler) rules(ctx context.Context, rules []types.Rule, prefix string) (compiled []*rule, not []Unevaluated, err error) {
	rules = slices.Clone(rules)
	slices.SortStableFunc(rules, func(a, b types.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, r := range rules {
		made, inner, err := c.rule(ctx, r, prefix)
		if reason, ok := err.(*unevaluable); ok { //nolint:errorlint // never wrapped
			not = append(not, Unevaluated{prefix + aws.ToString(r.Name), reason.reason})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("rule %s: %w", aws.ToString(r.Name), err)
		}
		compiled, not = append(compiled, made), append(not, inner...)
	}
	return compiled, not, nil
}

func (c *compiler) rule(ctx context.Context, r types.Rule, prefix string) (*rule, []Unevaluated, error) {
	made := &rule{name: aws.ToString(r.Name)}
	if v := r.VisibilityConfig; v != nil {
		made.metric, made.metrics = aws.ToString(v.MetricName), v.CloudWatchMetricsEnabled
	}
	for _, label := range r.RuleLabels {
		made.labels = append(made.labels, c.namespace+aws.ToString(label.Name))
	}
	if r.Statement == nil {
		return nil, nil, &unevaluable{"it has no statement that the local stack knows"}
	}
	if reference := r.Statement.RuleGroupReferenceStatement; reference != nil {
		g, not, err := c.group(ctx, reference, prefix+made.name+"/")
		if err != nil {
			return nil, nil, err
		}
		g.counted = r.OverrideAction != nil && r.OverrideAction.Count != nil
		made.group = g
		return made, not, nil
	}
	var err error
	if r.Action == nil {
		return nil, nil, &unevaluable{statementName(r.Statement) + " is not evaluated"}
	}
	if made.action, err = c.action(*r.Action); err != nil {
		return nil, nil, err
	}
	if based := r.Statement.RateBasedStatement; based != nil {
		if made.rate, err = c.rate(ctx, made.name, based); err != nil {
			return nil, nil, err
		}
		made.matches = made.rate.matches
		return made, nil, nil
	}
	made.matches, err = c.statement(ctx, r.Statement)
	return made, nil, err
}

// group compiles a rule group of the account's own, with the overrides of the
// rule that refers to it.
func (c *compiler) group(ctx context.Context, reference *types.RuleGroupReferenceStatement, prefix string) (*group, []Unevaluated, error) {
	found, err := c.resources.RuleGroup(ctx, aws.ToString(reference.ARN))
	if err != nil {
		return nil, nil, err
	}
	rules := slices.Clone(found.Rules)
	for i, r := range rules {
		for _, override := range reference.RuleActionOverrides {
			if aws.ToString(override.Name) == aws.ToString(r.Name) {
				rules[i].Action = override.ActionToUse
			}
		}
		for _, excluded := range reference.ExcludedRules {
			if aws.ToString(excluded.Name) == aws.ToString(r.Name) {
				rules[i].Action = &types.RuleAction{Count: &types.CountAction{}}
			}
		}
	}
	inner := *c
	inner.bodies, inner.owner = found.CustomResponseBodies, c.owner+" "+aws.ToString(found.ARN)
	inner.namespace = "awswaf:" + strings.Split(aws.ToString(found.ARN), ":")[4] + ":rulegroup:" + aws.ToString(found.Name) + ":"
	made := &group{arn: aws.ToString(found.ARN)}
	if v := found.VisibilityConfig; v != nil {
		made.metric, made.metrics = aws.ToString(v.MetricName), v.CloudWatchMetricsEnabled
	}
	var not []Unevaluated
	made.rules, not, err = inner.rules(ctx, rules, prefix)
	return made, not, err
}

// contentTypes are those of custom response bodies.
var contentTypes = map[types.ResponseContentType]string{
	types.ResponseContentTypeTextPlain: "text/plain", types.ResponseContentTypeTextHtml: "text/html", types.ResponseContentTypeApplicationJson: "application/json",
}

func (c *compiler) action(a types.RuleAction) (action, error) {
	switch {
	case a.Allow != nil:
		return action{kind: allow, inserted: inserted(a.Allow.CustomRequestHandling)}, nil
	case a.Count != nil:
		return action{kind: count, inserted: inserted(a.Count.CustomRequestHandling)}, nil
	case a.Block != nil:
		response, err := c.response(a.Block.CustomResponse)
		return action{kind: block, response: response}, err
	case a.Captcha != nil:
		return action{}, &unevaluable{"the action CAPTCHA is not carried out"}
	case a.Challenge != nil:
		return action{}, &unevaluable{"the action Challenge is not carried out"}
	default:
		return action{}, &unevaluable{"it has no action that the local stack knows"}
	}
}

func (c *compiler) response(custom *types.CustomResponse) (*Response, error) {
	if custom == nil {
		return nil, nil
	}
	made := &Response{Status: int(aws.ToInt32(custom.ResponseCode)), ContentType: "text/html", Headers: http.Header{}}
	if key := aws.ToString(custom.CustomResponseBodyKey); key != "" {
		body, ok := c.bodies[key]
		if !ok {
			return nil, fmt.Errorf("there is no custom response body %q", key)
		}
		made.Body, made.ContentType = aws.ToString(body.Content), contentTypes[body.ContentType]
	}
	for _, header := range custom.ResponseHeaders {
		made.Headers.Set(aws.ToString(header.Name), aws.ToString(header.Value))
	}
	return made, nil
}

// insertedPrefix begins the names of headers that rules insert.
const insertedPrefix = "x-amzn-waf-"

func inserted(handling *types.CustomRequestHandling) http.Header {
	if handling == nil {
		return nil
	}
	headers := http.Header{}
	for _, header := range handling.InsertHeaders {
		headers.Set(insertedPrefix+aws.ToString(header.Name), aws.ToString(header.Value))
	}
	return headers
}

// evaluation is one request on its way through the rules.
type evaluation struct {
	Request
	acl    *ACL
	labels []string
	// namespace is that of the rules at hand, for labels without one.
	body     []byte
	bodyRead bool
	bodyMore bool // than the limit

	inserted http.Header
	counted  []*rule
	groups   []groupResult
}

type groupResult struct {
	group       *group
	terminating *rule
	counted     []*rule
}

// Judge evaluates the rules in their order until one allows or blocks, counts
// what has happened and writes the log.
func (a *ACL) Judge(r Request) Verdict {
	e := &evaluation{Request: r, acl: a, inserted: http.Header{}}
	by, what, through := e.run()
	a.observer.observe(a, e, by, what, through)
	verdict := Verdict{Blocked: what.kind == block, Response: what.response, Inserted: e.inserted}
	return verdict
}

// run returns the rule that decides, nil for the default action, what it does,
// and the group through which it does.
func (e *evaluation) run() (by *rule, what action, through *group) {
	for _, r := range e.acl.rules {
		if r.group != nil {
			if inner := e.runGroup(r.group); inner != nil && !r.group.counted {
				return inner, e.insert(inner.action), r.group
			} else if inner != nil {
				e.counted = append(e.counted, r)
			}
			continue
		}
		if !r.matches(e) {
			continue
		}
		e.labels = append(e.labels, r.labels...)
		e.insert(r.action)
		if r.action.kind != count {
			return r, r.action, nil
		}
		e.counted = append(e.counted, r)
	}
	return nil, e.insert(e.acl.defaults), nil
}

func (e *evaluation) runGroup(g *group) *rule {
	result := groupResult{group: g}
	defer func() { e.groups = append(e.groups, result) }()
	for _, r := range g.rules {
		if !r.matches(e) {
			continue
		}
		e.labels = append(e.labels, r.labels...)
		if r.action.kind != count {
			result.terminating = r
			return r
		}
		e.insert(r.action)
		result.counted = append(result.counted, r)
	}
	return nil
}

func (e *evaluation) insert(a action) action {
	for name, values := range a.inserted {
		e.inserted[name] = values
	}
	return a
}
