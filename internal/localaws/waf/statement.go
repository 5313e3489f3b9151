package waf

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// statementName is the name of the statement that is set.
func statementName(s *types.Statement) string {
	v := reflect.ValueOf(*s)
	for i := range v.NumField() {
		if field := v.Field(i); field.Kind() == reflect.Pointer && !field.IsNil() {
			name := v.Type().Field(i).Name
			if m := s.ManagedRuleGroupStatement; m != nil {
				name += " " + aws.ToString(m.VendorName) + " " + aws.ToString(m.Name)
			}
			return name
		}
	}
	return "a statement of an unknown kind"
}

func (c *compiler) statement(ctx context.Context, s *types.Statement) (matcher, error) {
	switch {
	case s == nil:
		return nil, &unevaluable{"a statement is missing"}
	case s.AndStatement != nil:
		all, err := c.statements(ctx, s.AndStatement.Statements)
		return func(e *evaluation) bool {
			return !slices.ContainsFunc(all, func(m matcher) bool { return !m(e) })
		}, err
	case s.OrStatement != nil:
		all, err := c.statements(ctx, s.OrStatement.Statements)
		return func(e *evaluation) bool { return slices.ContainsFunc(all, func(m matcher) bool { return m(e) }) }, err
	case s.NotStatement != nil:
		inner, err := c.statement(ctx, s.NotStatement.Statement)
		return func(e *evaluation) bool { return !inner(e) }, err
	case s.IPSetReferenceStatement != nil:
		return c.ipSet(ctx, s.IPSetReferenceStatement)
	case s.GeoMatchStatement != nil:
		return geo(s.GeoMatchStatement), nil
	case s.LabelMatchStatement != nil:
		return c.label(s.LabelMatchStatement), nil
	case s.ByteMatchStatement != nil:
		m := s.ByteMatchStatement
		compare := positions[m.PositionalConstraint]
		if compare == nil {
			return nil, &unevaluable{"the position " + string(m.PositionalConstraint) + " is not known"}
		}
		return c.values(m.FieldToMatch, m.TextTransformations, func(value []byte) bool { return compare(value, m.SearchString) })
	case s.SizeConstraintStatement != nil:
		m := s.SizeConstraintStatement
		compare := sizes[m.ComparisonOperator]
		if compare == nil {
			return nil, &unevaluable{"the comparison " + string(m.ComparisonOperator) + " is not known"}
		}
		return c.values(m.FieldToMatch, m.TextTransformations, func(value []byte) bool { return compare(int64(len(value)), m.Size) })
	case s.RegexMatchStatement != nil:
		m := s.RegexMatchStatement
		return c.regexps(m.FieldToMatch, m.TextTransformations, []string{aws.ToString(m.RegexString)})
	case s.RegexPatternSetReferenceStatement != nil:
		m := s.RegexPatternSetReferenceStatement
		patterns, err := c.resources.RegexPatternSet(ctx, aws.ToString(m.ARN))
		if err != nil {
			return nil, err
		}
		return c.regexps(m.FieldToMatch, m.TextTransformations, patterns)
	default:
		return nil, &unevaluable{statementName(s) + " is not evaluated"}
	}
}

func (c *compiler) statements(ctx context.Context, all []types.Statement) ([]matcher, error) {
	var compiled []matcher
	for i := range all {
		m, err := c.statement(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, m)
	}
	return compiled, nil
}

var positions = map[types.PositionalConstraint]func(value, search []byte) bool{
	types.PositionalConstraintExactly:      bytes.Equal,
	types.PositionalConstraintStartsWith:   bytes.HasPrefix,
	types.PositionalConstraintEndsWith:     bytes.HasSuffix,
	types.PositionalConstraintContains:     bytes.Contains,
	types.PositionalConstraintContainsWord: containsWord,
}

// containsWord tells whether search stands in value with no letter, digit or
// underscore beside it.
func containsWord(value, search []byte) bool {
	for from := 0; ; {
		at := bytes.Index(value[from:], search)
		if at < 0 || len(search) == 0 {
			return false
		}
		begin, end := from+at, from+at+len(search)
		if (begin == 0 || !wordByte(value[begin-1])) && (end == len(value) || !wordByte(value[end])) {
			return true
		}
		from = begin + 1
	}
}

func wordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

var sizes = map[types.ComparisonOperator]func(actual, size int64) bool{
	types.ComparisonOperatorEq: func(actual, size int64) bool { return actual == size },
	types.ComparisonOperatorNe: func(actual, size int64) bool { return actual != size },
	types.ComparisonOperatorLe: func(actual, size int64) bool { return actual <= size },
	types.ComparisonOperatorLt: func(actual, size int64) bool { return actual < size },
	types.ComparisonOperatorGe: func(actual, size int64) bool { return actual >= size },
	types.ComparisonOperatorGt: func(actual, size int64) bool { return actual > size },
}

func (c *compiler) regexps(field *types.FieldToMatch, transformations []types.TextTransformation, patterns []string) (matcher, error) {
	var compiled []*regexp.Regexp
	for _, pattern := range patterns {
		expression, err := regexp.Compile(pattern)
		if err != nil {
			return nil, &unevaluable{fmt.Sprintf("the regular expression %q is not evaluated: %v", pattern, err)}
		}
		compiled = append(compiled, expression)
	}
	return c.values(field, transformations, func(value []byte) bool {
		return slices.ContainsFunc(compiled, func(expression *regexp.Regexp) bool { return expression.Match(value) })
	})
}

// forwarded says which addresses of a header count, and what becomes of one that
// is none.
type forwarded struct {
	header, position string
	fallback         bool // what an address that is none counts as
}

// addresses are those that a statement looks at. Without the header there are
// none; valid is false when one of them is no address.
func (f *forwarded) addresses(e *evaluation) (found []netip.Addr, valid bool) {
	if f == nil {
		ip, err := netip.ParseAddr(e.ClientIP)
		return []netip.Addr{ip.Unmap()}, err == nil
	}
	header := strings.Join(e.Header.Values(f.header), ",")
	if header == "" {
		return nil, true
	}
	all := strings.Split(header, ",")
	switch f.position {
	case string(types.ForwardedIPPositionLast):
		all = all[len(all)-1:]
	case string(types.ForwardedIPPositionAny):
		all = all[max(0, len(all)-10):] // the last ten are looked at
	default:
		all = all[:1]
	}
	for _, text := range all {
		ip, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return nil, false
		}
		found = append(found, ip.Unmap())
	}
	return found, true
}

func forwardedIP(config *types.ForwardedIPConfig) *forwarded {
	if config == nil {
		return nil
	}
	return &forwarded{header: aws.ToString(config.HeaderName), fallback: config.FallbackBehavior == types.FallbackBehaviorMatch}
}

func (c *compiler) ipSet(ctx context.Context, s *types.IPSetReferenceStatement) (matcher, error) {
	addresses, err := c.resources.IPSet(ctx, aws.ToString(s.ARN))
	if err != nil {
		return nil, err
	}
	var prefixes []netip.Prefix
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address)
		if err != nil {
			return nil, fmt.Errorf("IP set %s: %w", aws.ToString(s.ARN), err)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	var from *forwarded
	if config := s.IPSetForwardedIPConfig; config != nil {
		from = &forwarded{aws.ToString(config.HeaderName), string(config.Position), config.FallbackBehavior == types.FallbackBehaviorMatch}
	}
	return func(e *evaluation) bool {
		ips, valid := from.addresses(e)
		if !valid {
			return from != nil && from.fallback
		}
		return slices.ContainsFunc(ips, func(ip netip.Addr) bool {
			return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
		})
	}, nil
}

// geo compares countries. The one that a test names is that of the peer and of
// every forwarded address alike.
func geo(s *types.GeoMatchStatement) matcher {
	from := forwardedIP(s.ForwardedIPConfig)
	namespace := "awswaf:clientip:geo:country:"
	if from != nil {
		namespace = "awswaf:forwardedip:geo:country:"
	}
	return func(e *evaluation) bool {
		if ips, valid := from.addresses(e); from != nil && (!valid || len(ips) == 0) {
			return !valid && from.fallback
		}
		if e.Country == "" {
			return false
		}
		country := strings.ToUpper(e.Country)
		if label := namespace + country; !slices.Contains(e.labels, label) {
			e.labels = append(e.labels, label)
		}
		return slices.Contains(s.CountryCodes, types.CountryCode(country))
	}
}

// label looks for labels that earlier rules have added. A key without a prefix
// is one of the same web ACL or rule group.
func (c *compiler) label(s *types.LabelMatchStatement) matcher {
	key := aws.ToString(s.Key)
	if !strings.HasPrefix(key, "awswaf:") {
		key = c.namespace + key
	}
	return func(e *evaluation) bool {
		return slices.ContainsFunc(e.labels, func(label string) bool {
			if s.Scope == types.LabelMatchScopeNamespace {
				return strings.HasPrefix(label, strings.TrimSuffix(key, ":")+":")
			}
			return label == key
		})
	}
}
