package waf

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// What is looked at of all headers and of all cookies at most (AWS WAF developer
// guide, waf-rule-statement-oversize-handling).
const (
	maxFieldBytes = 8 << 10
	maxFieldParts = 200
)

// extraction is a part of a request: its values, and whether there is more of it
// than is looked at.
type extraction struct {
	values   [][]byte
	oversize bool
}

type extractor func(*evaluation) extraction

// values makes a matcher of a part of the request and a test of its values. It
// matches when one value passes. A part that the request does not have matches
// nothing.
func (c *compiler) values(field *types.FieldToMatch, transformations []types.TextTransformation, passes func([]byte) bool) (matcher, error) {
	extract, oversize, err := c.extractor(field)
	if err != nil {
		return nil, err
	}
	transform, err := transformation(transformations)
	if err != nil {
		return nil, err
	}
	return func(e *evaluation) bool {
		found := extract(e)
		if found.oversize && oversize != types.OversizeHandlingContinue {
			return oversize == types.OversizeHandlingMatch
		}
		return slices.ContainsFunc(found.values, func(value []byte) bool { return passes(transform(value)) })
	}, nil
}

func one(value string) extraction { return extraction{values: [][]byte{[]byte(value)}} }

func (c *compiler) extractor(field *types.FieldToMatch) (extractor, types.OversizeHandling, error) {
	switch {
	case field == nil:
		return nil, "", &unevaluable{"a statement names no part of the request"}
	case field.UriPath != nil:
		return func(e *evaluation) extraction { return one(e.URL.EscapedPath()) }, "", nil
	case field.QueryString != nil:
		return func(e *evaluation) extraction { return one(e.URL.RawQuery) }, "", nil
	case field.Method != nil:
		return func(e *evaluation) extraction { return one(e.Method) }, "", nil
	case field.SingleHeader != nil:
		name := aws.ToString(field.SingleHeader.Name)
		return func(e *evaluation) extraction { return several(e.header(name)) }, "", nil
	case field.SingleQueryArgument != nil:
		name := aws.ToString(field.SingleQueryArgument.Name)
		return func(e *evaluation) extraction { return several(e.argument(name)) }, "", nil
	case field.AllQueryArguments != nil:
		return func(e *evaluation) extraction { return several(e.argument("")) }, "", nil
	case field.Headers != nil:
		return headers(field.Headers), field.Headers.OversizeHandling, nil
	case field.Cookies != nil:
		return cookies(field.Cookies), field.Cookies.OversizeHandling, nil
	case field.Body != nil:
		return (*evaluation).content, field.Body.OversizeHandling, nil
	default:
		name := statementField(field)
		return nil, "", &unevaluable{"the part " + name + " of a request is not looked at"}
	}
}

func statementField(field *types.FieldToMatch) string {
	for name, set := range map[string]bool{
		"HeaderOrder": field.HeaderOrder != nil, "JA3Fingerprint": field.JA3Fingerprint != nil, "JA4Fingerprint": field.JA4Fingerprint != nil,
		"JsonBody": field.JsonBody != nil, "UriFragment": field.UriFragment != nil,
	} {
		if set {
			return name
		}
	}
	return "that is named"
}

func several(values []string) extraction {
	var found extraction
	for _, value := range values {
		found.values = append(found.values, []byte(value))
	}
	return found
}

// header returns the values of a header, which has any case.
func (e *evaluation) header(name string) []string {
	if strings.EqualFold(name, "host") {
		return []string{e.Host}
	}
	return e.Header.Values(name)
}

// argument returns the raw values of a query parameter, which has any case, or
// those of all.
func (e *evaluation) argument(name string) []string {
	var found []string
	for pair := range strings.SplitSeq(e.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if pair != "" && (name == "" || strings.EqualFold(key, name)) {
			found = append(found, value)
		}
	}
	return found
}

// part is a name and a value.
type part struct{ name, value string }

// headers extracts headers in the order of their names: the order in which they
// came is not known here.
func headers(field *types.Headers) extractor {
	included, excluded := field.MatchPattern.IncludedHeaders, field.MatchPattern.ExcludedHeaders
	return func(e *evaluation) extraction {
		parts := []part{{"host", e.Host}}
		for _, name := range sortedNames(e.Header) {
			for _, value := range e.Header[name] {
				parts = append(parts, part{strings.ToLower(name), value})
			}
		}
		return scoped(parts, included, excluded, strings.EqualFold, field.MatchScope)
	}
}

func sortedNames(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }

func cookies(field *types.Cookies) extractor {
	included, excluded := field.MatchPattern.IncludedCookies, field.MatchPattern.ExcludedCookies
	return func(e *evaluation) extraction {
		var parts []part
		for _, pair := range e.cookies() {
			name, value, _ := strings.Cut(pair, "=")
			parts = append(parts, part{name, value})
		}
		return scoped(parts, included, excluded, func(a, b string) bool { return a == b }, field.MatchScope)
	}
}

func (e *evaluation) cookies() []string {
	var pairs []string
	for _, header := range e.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(header, ";") {
			if pair = strings.TrimSpace(pair); pair != "" {
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}

// scoped picks names, values or both of the first parts.
func scoped(parts []part, included, excluded []string, same func(a, b string) bool, scope types.MapMatchScope) extraction {
	var found extraction
	size := 0
	for i, p := range parts {
		size += len(p.name) + len(p.value)
		if i >= maxFieldParts || size > maxFieldBytes {
			found.oversize = true
			break
		}
		is := func(name string) bool { return same(name, p.name) }
		if len(included) > 0 && !slices.ContainsFunc(included, is) || slices.ContainsFunc(excluded, is) {
			continue
		}
		if scope != types.MapMatchScopeValue {
			found.values = append(found.values, []byte(p.name))
		}
		if scope != types.MapMatchScopeKey {
			found.values = append(found.values, []byte(p.value))
		}
	}
	return found
}

// content is the beginning of the body, which stays readable.
func (e *evaluation) content() extraction {
	if !e.bodyRead && e.Body != nil {
		e.bodyRead = true
		begin, _ := io.ReadAll(io.LimitReader(e.Body, int64(e.acl.bodyLimit)+1)) // whoever reads the body meets the error again
		e.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(begin), e.Body), e.Body}
		e.bodyMore = len(begin) > e.acl.bodyLimit
		e.body = begin[:min(len(begin), e.acl.bodyLimit)]
	}
	if len(e.body) == 0 {
		return extraction{}
	}
	return extraction{values: [][]byte{e.body}, oversize: e.bodyMore}
}
