package waf

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// defaultWindow is the evaluation window of a rate-based rule that names none.
const defaultWindow = 300 * time.Second

// maxInstances bounds how many groups of requests one rule counts, as AWS WAF
// does (AWS WAF developer guide, waf-rule-statement-type-rate-based-caveats).
const maxInstances = 10_000

// Rates are the counts of all rate-based rules. They outlive an update of a web
// ACL that leaves the rule as it is.
type Rates struct {
	now      func() time.Time
	mu       sync.Mutex
	counters map[string]*counter
}

// NewRates counts by a clock.
func NewRates(now func() time.Time) *Rates { return &Rates{now: now, counters: map[string]*counter{}} }

// counter has the times of the last requests of each group, at most one more
// than the limit.
type counter struct {
	mu   sync.Mutex
	seen map[string][]time.Time
}

func (r *Rates) counter(name string) *counter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counters[name] == nil {
		r.counters[name] = &counter{seen: map[string][]time.Time{}}
	}
	return r.counters[name]
}

// rate is a rate-based statement.
type rate struct {
	limit   int64
	window  time.Duration
	by      types.RateBasedStatementAggregateKeyType
	scope   matcher // nil for all requests
	keys    []func(*evaluation) (string, bool)
	counter *counter
	now     func() time.Time
	// fallback is what a request counts as whose forwarded address is none.
	fallback func(*evaluation) (match, decided bool)
}

func (c *compiler) rate(ctx context.Context, name string, s *types.RateBasedStatement) (*rate, error) {
	settings, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	r := &rate{
		limit: aws.ToInt64(s.Limit), window: defaultWindow, by: s.AggregateKeyType,
		counter: c.rates.counter(c.owner + " " + name + " " + string(settings)), now: c.rates.now,
	}
	if s.EvaluationWindowSec > 0 {
		r.window = time.Duration(s.EvaluationWindowSec) * time.Second
	}
	if s.ScopeDownStatement != nil {
		if r.scope, err = c.statement(ctx, s.ScopeDownStatement); err != nil {
			return nil, err
		}
	}
	custom := s.CustomKeys
	switch s.AggregateKeyType {
	case types.RateBasedStatementAggregateKeyTypeConstant:
	case types.RateBasedStatementAggregateKeyTypeIp:
		custom = []types.RateBasedStatementCustomKey{{IP: &types.RateLimitIP{}}}
	case types.RateBasedStatementAggregateKeyTypeForwardedIp:
		custom = []types.RateBasedStatementCustomKey{{ForwardedIP: &types.RateLimitForwardedIP{}}}
	case types.RateBasedStatementAggregateKeyTypeCustomKeys:
	default:
		return nil, &unevaluable{"rates by " + string(s.AggregateKeyType) + " are not counted"}
	}
	for _, key := range custom {
		part, err := c.key(key, forwardedIP(s.ForwardedIPConfig))
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, part)
	}
	if from := forwardedIP(s.ForwardedIPConfig); from != nil {
		r.fallback = func(e *evaluation) (match, decided bool) {
			_, valid := from.addresses(e)
			return from.fallback, !valid
		}
	}
	return r, nil
}

// key is a part of what groups requests. It is false for a request that does not
// have it, which then is not counted.
func (c *compiler) key(key types.RateBasedStatementCustomKey, from *forwarded) (func(*evaluation) (string, bool), error) {
	of := func(field types.FieldToMatch, list []types.TextTransformation) (func(*evaluation) (string, bool), error) {
		extract, _, err := c.extractor(&field)
		if err != nil {
			return nil, err
		}
		transform, err := transformation(list)
		return func(e *evaluation) (string, bool) {
			var parts []string
			for _, value := range extract(e).values {
				parts = append(parts, string(transform(value)))
			}
			return strings.Join(parts, "\x00"), len(parts) > 0
		}, err
	}
	switch {
	case key.IP != nil:
		return func(e *evaluation) (string, bool) { return e.ClientIP, true }, nil
	case key.ForwardedIP != nil:
		return func(e *evaluation) (string, bool) {
			ips, valid := from.addresses(e)
			if !valid || len(ips) == 0 {
				return "", false
			}
			return ips[0].String(), true
		}, nil
	case key.HTTPMethod != nil:
		return func(e *evaluation) (string, bool) { return e.Method, true }, nil
	case key.Header != nil:
		return of(types.FieldToMatch{SingleHeader: &types.SingleHeader{Name: key.Header.Name}}, key.Header.TextTransformations)
	case key.QueryArgument != nil:
		return of(types.FieldToMatch{SingleQueryArgument: &types.SingleQueryArgument{Name: key.QueryArgument.Name}}, key.QueryArgument.TextTransformations)
	case key.QueryString != nil:
		return of(types.FieldToMatch{QueryString: &types.QueryString{}}, key.QueryString.TextTransformations)
	case key.UriPath != nil:
		return of(types.FieldToMatch{UriPath: &types.UriPath{}}, key.UriPath.TextTransformations)
	case key.Cookie != nil:
		return of(types.FieldToMatch{Cookies: &types.Cookies{
			MatchPattern: &types.CookieMatchPattern{IncludedCookies: []string{aws.ToString(key.Cookie.Name)}}, MatchScope: types.MapMatchScopeValue,
		}}, key.Cookie.TextTransformations)
	case key.LabelNamespace != nil:
		namespace := aws.ToString(key.LabelNamespace.Namespace)
		if !strings.HasPrefix(namespace, "awswaf:") {
			namespace = c.namespace + namespace
		}
		return func(e *evaluation) (string, bool) {
			var found []string
			for _, label := range e.labels {
				if strings.HasPrefix(label, namespace) && !slices.Contains(found, label) {
					found = append(found, label)
				}
			}
			slices.Sort(found)
			return strings.Join(found, "\x00"), len(found) > 0
		}, nil
	default:
		return nil, &unevaluable{"rates by ASN or by JA3 and JA4 fingerprints are not counted"}
	}
}

// matches counts a request and tells whether its group has more than the limit
// within the window that ends now.
func (r *rate) matches(e *evaluation) bool {
	if r.scope != nil && !r.scope(e) {
		return false
	}
	if r.fallback != nil {
		if match, decided := r.fallback(e); decided {
			return match
		}
	}
	var group strings.Builder
	for _, key := range r.keys {
		part, ok := key(e)
		if !ok {
			return false
		}
		group.WriteString(part)
		group.WriteByte(1)
	}
	now := r.now()
	r.counter.mu.Lock()
	defer r.counter.mu.Unlock()
	seen, known := r.counter.seen[group.String()]
	seen = append(seen, now)
	since := now.Add(-r.window)
	first := slices.IndexFunc(seen, func(t time.Time) bool { return t.After(since) })
	seen = seen[max(first, len(seen)-int(r.limit)-1, 0):]
	if !known && len(r.counter.seen) >= maxInstances {
		r.counter.forget(since)
	}
	r.counter.seen[group.String()] = seen
	return int64(len(seen)) > r.limit
}

// forget drops groups without a request since a time.
func (c *counter) forget(since time.Time) {
	for group, seen := range c.seen {
		if !seen[len(seen)-1].After(since) {
			delete(c.seen, group)
		}
	}
}
