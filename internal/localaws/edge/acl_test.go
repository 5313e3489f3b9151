package edge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waf "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

func visible(metric string) *waf.VisibilityConfig {
	return &waf.VisibilityConfig{MetricName: &metric, CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true}
}

func transformed(kinds ...waf.TextTransformationType) []waf.TextTransformation {
	var all []waf.TextTransformation
	for i, kind := range kinds {
		all = append(all, waf.TextTransformation{Type: kind, Priority: int32(i)})
	}
	return all
}

var (
	blocking = &waf.RuleAction{Block: &waf.BlockAction{}}
	counting = &waf.RuleAction{Count: &waf.CountAction{}}
	allowing = &waf.RuleAction{Allow: &waf.AllowAction{}}
)

// rule has its priority by its place in the list that acl makes of rules.
func rule(name string, action *waf.RuleAction, statement *waf.Statement, labels ...string) waf.Rule {
	r := waf.Rule{Name: &name, Action: action, Statement: statement, VisibilityConfig: visible(name)}
	for _, label := range labels {
		r.RuleLabels = append(r.RuleLabels, waf.Label{Name: &label})
	}
	return r
}

func ordered(rules []waf.Rule) []waf.Rule {
	for i := range rules {
		rules[i].Priority = int32(10 * i)
	}
	slices.Reverse(rules) // their priorities count, not their places
	return rules
}

// acl makes a web ACL of rules in their order.
func (w *world) acl(name string, rules ...waf.Rule) *waf.WebACLSummary {
	w.Helper()
	return must(w.waf.CreateWebACL(w.Context(), &wafv2.CreateWebACLInput{
		Name: aws.String(w.name + name), Scope: waf.ScopeCloudfront, DefaultAction: &waf.DefaultAction{Allow: &waf.AllowAction{}},
		Rules: ordered(rules), VisibilityConfig: visible(w.name),
	})).Summary
}

// behind deploys a distribution that lets everything through to an API, behind a
// web ACL of rules.
func (w *world) behind(rules ...waf.Rule) string {
	w.Helper()
	config := w.config(api("api"))
	config.WebACLId = w.acl("", rules...).ARN
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	config.DefaultCacheBehavior.AllowedMethods = methods("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
	_, url := w.deploy(config)
	return url
}

func field(name string, field waf.FieldToMatch, search string, kinds ...waf.TextTransformationType) *waf.Statement {
	return &waf.Statement{ByteMatchStatement: &waf.ByteMatchStatement{
		FieldToMatch: &field, PositionalConstraint: waf.PositionalConstraint(name), SearchString: []byte(search), TextTransformations: transformed(kinds...),
	}}
}

func uri(position, search string) *waf.Statement {
	return field(position, waf.FieldToMatch{UriPath: &waf.UriPath{}}, search, "NONE")
}

func header(name string) waf.FieldToMatch {
	return waf.FieldToMatch{SingleHeader: &waf.SingleHeader{Name: &name}}
}

func size(field waf.FieldToMatch, operator waf.ComparisonOperator, bytes int64) *waf.Statement {
	return &waf.Statement{SizeConstraintStatement: &waf.SizeConstraintStatement{
		FieldToMatch: &field, ComparisonOperator: operator, Size: bytes, TextTransformations: transformed("NONE"),
	}}
}

// TestStatementsMatch has one blocking rule for each statement, and requests that
// it blocks (403) or not (200).
func TestStatementsMatch(t *testing.T) {
	w := newWorld(t)
	addresses := func(name string, version waf.IPAddressVersion, cidrs ...string) *string {
		return must(w.waf.CreateIPSet(t.Context(), &wafv2.CreateIPSetInput{Name: aws.String(w.name + name), Scope: waf.ScopeCloudfront, IPAddressVersion: version, Addresses: cidrs})).Summary.ARN
	}
	patterns := must(w.waf.CreateRegexPatternSet(t.Context(), &wafv2.CreateRegexPatternSetInput{
		Name: aws.String(w.name), Scope: waf.ScopeCloudfront, RegularExpressionList: []waf.Regex{{RegexString: aws.String("^/a+$")}, {RegexString: aws.String("b{3}")}},
	})).Summary.ARN
	local, example, six := addresses("local", "IPV4", "127.0.0.2/31"), addresses("example", "IPV4", "192.0.2.0/24"), addresses("six", "IPV6", "2001:db8::/32")
	forwarded := func(arn *string, position waf.ForwardedIPPosition, fallback waf.FallbackBehavior) *waf.Statement {
		return &waf.Statement{IPSetReferenceStatement: &waf.IPSetReferenceStatement{ARN: arn, IPSetForwardedIPConfig: &waf.IPSetForwardedIPConfig{
			HeaderName: aws.String("X-Forwarded-For"), Position: position, FallbackBehavior: fallback,
		}}}
	}
	allHeaders := waf.FieldToMatch{Headers: &waf.Headers{MatchPattern: &waf.HeaderMatchPattern{All: &waf.All{}}, MatchScope: waf.MapMatchScopeAll, OversizeHandling: waf.OversizeHandlingMatch}}
	someHeaders := waf.FieldToMatch{Headers: &waf.Headers{MatchPattern: &waf.HeaderMatchPattern{ExcludedHeaders: []string{"x-free"}}, MatchScope: waf.MapMatchScopeValue, OversizeHandling: waf.OversizeHandlingContinue}}
	cookie := waf.FieldToMatch{Cookies: &waf.Cookies{MatchPattern: &waf.CookieMatchPattern{IncludedCookies: []string{"a"}}, MatchScope: waf.MapMatchScopeValue, OversizeHandling: waf.OversizeHandlingNoMatch}}
	body := waf.FieldToMatch{Body: &waf.Body{OversizeHandling: waf.OversizeHandlingMatch}}
	query := waf.FieldToMatch{QueryString: &waf.QueryString{}}
	argument := waf.FieldToMatch{SingleQueryArgument: &waf.SingleQueryArgument{Name: aws.String("room")}}
	anyArgument := waf.FieldToMatch{AllQueryArguments: &waf.AllQueryArguments{}}
	path := waf.FieldToMatch{UriPath: &waf.UriPath{}}

	base := w.name
	type request struct {
		blocked    bool
		from, path string
		headers    []string
		body       string
	}
	for name, c := range map[string]struct {
		statement *waf.Statement
		requests  []request
	}{
		"an IP set": {&waf.Statement{IPSetReferenceStatement: &waf.IPSetReferenceStatement{ARN: local}}, []request{
			{from: "127.0.0.1"}, {from: "127.0.0.2", blocked: true}, {from: "127.0.0.3", blocked: true}, {from: "127.0.0.4", headers: []string{"X-Forwarded-For", "127.0.0.2"}},
		}},
		"an IP set and the first forwarded address": {forwarded(example, "FIRST", "NO_MATCH"), []request{
			{}, {headers: []string{"X-Forwarded-For", "192.0.2.7, 198.51.100.1"}, blocked: true}, {headers: []string{"X-Forwarded-For", "198.51.100.1, 192.0.2.7"}}, {headers: []string{"X-Forwarded-For", "nonsense"}},
		}},
		"an IP set and the last forwarded address": {forwarded(example, "LAST", "MATCH"), []request{
			{}, {headers: []string{"X-Forwarded-For", "192.0.2.7, 198.51.100.1"}}, {headers: []string{"X-Forwarded-For", "198.51.100.1, 192.0.2.7"}, blocked: true}, {headers: []string{"X-Forwarded-For", "nonsense"}, blocked: true},
		}},
		"an IP set of version 6 and any forwarded address": {forwarded(six, "ANY", "NO_MATCH"), []request{
			{}, {headers: []string{"X-Forwarded-For", "198.51.100.1, 2001:DB8::1, 192.0.2.7"}, blocked: true}, {headers: []string{"X-Forwarded-For", "2001:db9::1"}},
		}},
		"a country": {&waf.Statement{GeoMatchStatement: &waf.GeoMatchStatement{CountryCodes: []waf.CountryCode{"DE", "FR"}}}, []request{
			{}, {headers: []string{CountryHeader, "de"}, blocked: true}, {headers: []string{CountryHeader, "US"}},
		}},
		"a path exactly":       {uri("EXACTLY", "/a%20b"), []request{{path: "/a%20b?x", blocked: true}, {path: "/a%20bc"}, {path: "/A%20b"}}},
		"the begin of a path":  {uri("STARTS_WITH", "/ws"), []request{{path: "/ws/a", blocked: true}, {path: "/a/ws"}}},
		"the end of a path":    {uri("ENDS_WITH", ".php"), []request{{path: "/a.php", blocked: true}, {path: "/a.php/"}}},
		"a word":               {uri("CONTAINS_WORD", "key"), []request{{path: "/a/key-b", blocked: true}, {path: "/monkey/b"}, {path: "/key_/b"}}},
		"a part of a query":    {field("CONTAINS", query, "token=", "URL_DECODE", "LOWERCASE"), []request{{path: "/?a&TOKEN%3Dx", blocked: true}, {path: "/token="}}},
		"a query's argument":   {field("EXACTLY", argument, "x", "NONE"), []request{{path: "/?room=x", blocked: true}, {path: "/?ROOM=x", blocked: true}, {path: "/?room=y&room=x", blocked: true}, {path: "/?rooms=x"}}},
		"any of the arguments": {field("STARTS_WITH", anyArgument, "http", "NONE"), []request{{path: "/?a=1&b=http:", blocked: true}, {path: "/?http=1"}}},
		"the method":           {field("EXACTLY", waf.FieldToMatch{Method: &waf.Method{}}, "POST", "NONE"), []request{{body: "x", blocked: true}, {}}},
		"a header":             {field("EXACTLY", header("X-one"), "bad", "NONE"), []request{{headers: []string{"x-One", "bad"}, blocked: true}, {headers: []string{"x-two", "bad"}}, {}}},
		"the Host":             {field("STARTS_WITH", header("host"), "local", "NONE"), []request{{}, {headers: []string{"Host", "localhost"}, blocked: true}}},
		"any header":           {field("EXACTLY", allHeaders, "bad", "NONE"), []request{{headers: []string{"x-b", "bad"}, blocked: true}, {headers: []string{"Bad", "x"}, blocked: true}, {}}},
		"more headers than are looked at": {field("EXACTLY", allHeaders, "bad", "NONE"), []request{
			{headers: []string{"X-Big", strings.Repeat("a", 8000)}}, {headers: []string{"X-Big", strings.Repeat("a", 8200)}, blocked: true},
		}},
		"a header's value but for some":  {field("EXACTLY", someHeaders, "bad", "NONE"), []request{{headers: []string{"x-b", "bad"}, blocked: true}, {headers: []string{"X-Free", "bad"}}, {headers: []string{"Bad", "x"}}}},
		"a cookie":                       {field("EXACTLY", cookie, "1", "NONE"), []request{{headers: []string{"Cookie", "b=2; a=1"}, blocked: true}, {headers: []string{"Cookie", "b=1; A=1"}}}},
		"a body":                         {field("CONTAINS", body, "bad", "NONE"), []request{{body: "a bad one", blocked: true}, {body: "good"}, {}}},
		"a body that is longer":          {field("CONTAINS", body, "bad", "NONE"), []request{{body: strings.Repeat("a", 16<<10)}, {body: strings.Repeat("a", 16<<10+1), blocked: true}}},
		"a length":                       {size(header("sec-websocket-protocol"), "GT", 20), []request{{headers: []string{"Sec-WebSocket-Protocol", strings.Repeat("a", 20)}}, {headers: []string{"Sec-WebSocket-Protocol", strings.Repeat("a", 21)}, blocked: true}, {}}},
		"a length of a query":            {size(query, "GE", 3), []request{{path: "/?ab"}, {path: "/?abc", blocked: true}, {}}},
		"a short path":                   {size(path, "LE", 2), []request{{path: "/a", blocked: true}, {path: "/ab"}}},
		"a path of another length":       {size(path, "NE", 2), []request{{path: "/a"}, {path: "/ab", blocked: true}}},
		"a path of one length or below":  {&waf.Statement{OrStatement: &waf.OrStatement{Statements: []waf.Statement{*size(path, "EQ", 4), *size(path, "LT", 2)}}}, []request{{path: "/", blocked: true}, {path: "/abc", blocked: true}, {path: "/ab"}}},
		"a regular expression":           {&waf.Statement{RegexMatchStatement: &waf.RegexMatchStatement{FieldToMatch: &path, RegexString: aws.String(`^/(?i)admin\b`), TextTransformations: transformed("NONE")}}, []request{{path: "/ADMIN/x", blocked: true}, {path: "/administer"}}},
		"a set of regular expressions":   {&waf.Statement{RegexPatternSetReferenceStatement: &waf.RegexPatternSetReferenceStatement{FieldToMatch: &path, ARN: patterns, TextTransformations: transformed("NONE")}}, []request{{path: "/aaa", blocked: true}, {path: "/xbbb", blocked: true}, {path: "/ab"}}},
		"both of two":                    {&waf.Statement{AndStatement: &waf.AndStatement{Statements: []waf.Statement{*uri("STARTS_WITH", "/a"), *uri("ENDS_WITH", "b")}}}, []request{{path: "/ab", blocked: true}, {path: "/a"}, {path: "/b"}}},
		"not one":                        {&waf.Statement{NotStatement: &waf.NotStatement{Statement: uri("STARTS_WITH", "/ws")}}, []request{{path: "/ws"}, {path: "/x", blocked: true}}},
		"what a header hides in base 64": {field("EXACTLY", header("x-a"), "bad", "BASE64_DECODE"), []request{{headers: []string{"X-A", "YmFk"}, blocked: true}, {headers: []string{"X-A", "bad"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			w.T, w.name = t, fmt.Sprintf("%s-%d", base, names.Add(1))
			url := w.behind(rule("it", blocking, c.statement))
			for _, r := range c.requests {
				from, method, want := "127.0.0.1", http.MethodGet, http.StatusOK
				if r.from != "" {
					from = r.from
				}
				if r.body != "" {
					method = http.MethodPost
				}
				if r.blocked {
					want = http.StatusForbidden
				}
				given := w.send(from, method, url+r.path, r.body, r.headers...)
				if given.status != want {
					t.Errorf("%+v: status %d", r, given.status)
				}
				if !r.blocked && given.asked.Body != r.body {
					t.Errorf("%+v: the origin got %d bytes", r, len(given.asked.Body))
				}
			}
		})
	}
}

// TestRatesAreCounted exactly, for each group of requests, within the window.
func TestRatesAreCounted(t *testing.T) {
	w := newWorld(t)
	handshakes := uri("STARTS_WITH", "/ws")
	rate := func(by waf.RateBasedStatementAggregateKeyType, limit int64, keys ...waf.RateBasedStatementCustomKey) *waf.RateBasedStatement {
		return &waf.RateBasedStatement{AggregateKeyType: by, Limit: &limit, EvaluationWindowSec: 60, CustomKeys: keys, ScopeDownStatement: handshakes}
	}
	statement := func(s *waf.RateBasedStatement) *waf.Statement { return &waf.Statement{RateBasedStatement: s} }
	behind := func(s *waf.RateBasedStatement) string {
		w.name = fmt.Sprintf("%s-%d", strings.SplitN(w.name, "-r", 2)[0], names.Add(1))
		return w.behind(rule("rate", blocking, statement(s)))
	}
	status := func(from, url string, headers ...string) int {
		return w.send(from, http.MethodGet, url, "", headers...).status
	}
	times := func(n, want int, from, url string, headers ...string) {
		t.Helper()
		for i := range n {
			if got := status(from, url, headers...); got != want {
				t.Fatalf("request %d: status %d, want %d", i+1, got, want)
			}
		}
	}

	t.Run("by IP, and only what the scope is down to", func(t *testing.T) {
		url := behind(rate(waf.RateBasedStatementAggregateKeyTypeIp, 100))
		times(100, 200, "127.0.0.1", url+"/ws")
		times(2, 403, "127.0.0.1", url+"/ws") // the 101st and the next
		times(1, 200, "127.0.0.1", url+"/index.html")
		times(1, 200, "127.0.0.2", url+"/ws")
		w.ahead.Add(int64(30 * time.Second))
		times(1, 403, "127.0.0.1", url+"/ws")
		w.ahead.Add(int64(31 * time.Second)) // only the one above is within the window now
		times(99, 200, "127.0.0.1", url+"/ws")
		times(1, 403, "127.0.0.1", url+"/ws")
	})
	t.Run("by IP and path", func(t *testing.T) {
		url := behind(rate(waf.RateBasedStatementAggregateKeyTypeCustomKeys, 10, waf.RateBasedStatementCustomKey{IP: &waf.RateLimitIP{}},
			waf.RateBasedStatementCustomKey{UriPath: &waf.RateLimitUriPath{TextTransformations: transformed("LOWERCASE")}}))
		times(10, 200, "127.0.0.1", url+"/ws/a")
		times(1, 403, "127.0.0.1", url+"/ws/A")
		times(1, 200, "127.0.0.1", url+"/ws/b")
		times(1, 200, "127.0.0.2", url+"/ws/a")
	})
	t.Run("by a header, and not without it", func(t *testing.T) {
		url := behind(rate(waf.RateBasedStatementAggregateKeyTypeCustomKeys, 10, waf.RateBasedStatementCustomKey{Header: &waf.RateLimitHeader{Name: aws.String("X-User"), TextTransformations: transformed("NONE")}}))
		times(10, 200, "127.0.0.1", url+"/ws", "X-User", "a")
		times(1, 403, "127.0.0.2", url+"/ws", "X-User", "a")
		times(12, 200, "127.0.0.1", url+"/ws")
	})
	t.Run("by a cookie, an argument, the query and the method together", func(t *testing.T) {
		none := transformed("NONE")
		url := behind(rate(waf.RateBasedStatementAggregateKeyTypeCustomKeys, 10,
			waf.RateBasedStatementCustomKey{Cookie: &waf.RateLimitCookie{Name: aws.String("c"), TextTransformations: none}},
			waf.RateBasedStatementCustomKey{QueryArgument: &waf.RateLimitQueryArgument{Name: aws.String("q"), TextTransformations: none}},
			waf.RateBasedStatementCustomKey{QueryString: &waf.RateLimitQueryString{TextTransformations: none}},
			waf.RateBasedStatementCustomKey{HTTPMethod: &waf.RateLimitHTTPMethod{}}))
		times(10, 200, "127.0.0.1", url+"/ws?q=1", "Cookie", "c=1")
		times(1, 403, "127.0.0.1", url+"/ws?q=1", "Cookie", "c=1")
		times(1, 200, "127.0.0.1", url+"/ws?q=1", "Cookie", "c=2")
		times(1, 200, "127.0.0.1", url+"/ws?q=1&r", "Cookie", "c=1")
	})
	t.Run("by the forwarded address", func(t *testing.T) {
		s := rate(waf.RateBasedStatementAggregateKeyTypeForwardedIp, 10)
		s.ForwardedIPConfig = &waf.ForwardedIPConfig{HeaderName: aws.String("X-Forwarded-For"), FallbackBehavior: waf.FallbackBehaviorMatch}
		url := behind(s)
		times(10, 200, "127.0.0.1", url+"/ws", "X-Forwarded-For", "192.0.2.1")
		times(1, 403, "127.0.0.1", url+"/ws", "X-Forwarded-For", "192.0.2.1, 198.51.100.1")
		times(1, 200, "127.0.0.1", url+"/ws", "X-Forwarded-For", "192.0.2.2")
		times(1, 403, "127.0.0.1", url+"/ws", "X-Forwarded-For", "nonsense")
		times(12, 200, "127.0.0.1", url+"/ws")
	})
	t.Run("of all together", func(t *testing.T) {
		url := behind(rate(waf.RateBasedStatementAggregateKeyTypeConstant, 10))
		times(10, 200, "127.0.0.1", url+"/ws")
		times(1, 403, "127.0.0.2", url+"/ws/b")
	})
	t.Run("over an update that leaves the rule as it is, and anew after one that does not", func(t *testing.T) {
		w.name += "-update"
		limited := func(limit int64) waf.Rule {
			return rule("rate", blocking, statement(rate(waf.RateBasedStatementAggregateKeyTypeIp, limit)))
		}
		url := w.behind(limited(10))
		update := func(rules ...waf.Rule) {
			t.Helper()
			list := must(w.waf.ListWebACLs(t.Context(), &wafv2.ListWebACLsInput{Scope: waf.ScopeCloudfront, Limit: aws.Int32(100)}))
			i := slices.IndexFunc(list.WebACLs, func(s waf.WebACLSummary) bool { return *s.Name == w.name })
			found := must(w.waf.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Id: list.WebACLs[i].Id, Name: &w.name, Scope: waf.ScopeCloudfront}))
			must(w.waf.UpdateWebACL(t.Context(), &wafv2.UpdateWebACLInput{
				Id: found.WebACL.Id, Name: &w.name, Scope: waf.ScopeCloudfront, LockToken: found.LockToken, Rules: ordered(rules),
				DefaultAction: &waf.DefaultAction{Allow: &waf.AllowAction{}}, VisibilityConfig: visible(w.name),
			}))
			w.edge.Changed(t.Context(), "wafv2", "UpdateWebACL")
		}
		times(10, 200, "127.0.0.1", url+"/ws")
		update(rule("other", blocking, uri("EXACTLY", "/other")), limited(10))
		times(1, 403, "127.0.0.1", url+"/other")
		times(1, 403, "127.0.0.1", url+"/ws")
		update(limited(11))
		times(11, 200, "127.0.0.1", url+"/ws")
		times(1, 403, "127.0.0.1", url+"/ws")
	})
}

// TestRulesActInTheirOrder: priorities, actions, labels, groups, responses,
// metrics and the log.
func TestRulesActInTheirOrder(t *testing.T) {
	w := newWorld(t)
	labelled := func(scope waf.LabelMatchScope, key string) *waf.Statement {
		return &waf.Statement{LabelMatchStatement: &waf.LabelMatchStatement{Scope: scope, Key: &key}}
	}
	inGroup := []waf.Rule{
		rule("counted", counting, uri("CONTAINS", "group"), "seen:in"),
		rule("overridden", blocking, uri("CONTAINS", "overridden")),
		rule("excluded", blocking, uri("CONTAINS", "excluded")),
		rule("blocks", blocking, uri("CONTAINS", "group-block"), "group:blocked"),
	}
	group := must(w.waf.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
		Name: aws.String(w.name), Scope: waf.ScopeCloudfront, Capacity: aws.Int64(100), Rules: ordered(inGroup), VisibilityConfig: visible("thegroup"),
	})).Summary
	referring := func(name string, override *waf.OverrideAction) waf.Rule {
		return waf.Rule{Name: &name, OverrideAction: override, VisibilityConfig: visible(name), Statement: &waf.Statement{RuleGroupReferenceStatement: &waf.RuleGroupReferenceStatement{
			ARN: group.ARN, ExcludedRules: []waf.ExcludedRule{{Name: aws.String("excluded")}},
			RuleActionOverrides: []waf.RuleActionOverride{{Name: aws.String("overridden"), ActionToUse: counting}},
		}}}
	}
	inserting := &waf.RuleAction{Count: &waf.CountAction{CustomRequestHandling: &waf.CustomRequestHandling{InsertHeaders: []waf.CustomHTTPHeader{{Name: aws.String("seen"), Value: aws.String("yes")}}}}}
	answering := &waf.RuleAction{Block: &waf.BlockAction{CustomResponse: &waf.CustomResponse{
		ResponseCode: aws.Int32(418), CustomResponseBodyKey: aws.String("tea"), ResponseHeaders: []waf.CustomHTTPHeader{{Name: aws.String("x-why"), Value: aws.String("tea")}},
	}}}
	refusing := &waf.RuleAction{Block: &waf.BlockAction{CustomResponse: &waf.CustomResponse{ResponseCode: aws.Int32(403), CustomResponseBodyKey: aws.String("tea")}}}
	w.cfg.WebACL = func(string) (WebACL, error) {
		return WebACL{
			Fields: map[string]json.RawMessage{"CustomResponseBodies": json.RawMessage(`{"tea":{"ContentType":"TEXT_PLAIN","Content":"a pot"}}`)},
			Logging: json.RawMessage(`{"LogDestinationConfigs":["arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-x"],
				"RedactedFields":[{"SingleHeader":{"Name":"authorization"}},{"QueryString":{}}],
				"LoggingFilter":{"DefaultBehavior":"DROP","Filters":[
					{"Behavior":"DROP","Requirement":"MEETS_ALL","Conditions":[{"ActionCondition":{"Action":"BLOCK"}},{"LabelNameCondition":{"LabelName":"awswaf:000000000000:rulegroup:` + w.name + `:group:blocked"}}]},
					{"Behavior":"KEEP","Requirement":"MEETS_ANY","Conditions":[{"ActionCondition":{"Action":"BLOCK"}},{"ActionCondition":{"Action":"COUNT"}}]}]}}`),
		}, nil
	}
	w.open()
	config := w.config(api("api"))
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	config.CustomErrorResponses = &types.CustomErrorResponses{Quantity: aws.Int32(1), Items: []types.CustomErrorResponse{
		{ErrorCode: aws.Int32(403), ResponseCode: aws.String("403"), ResponsePagePath: aws.String("/sorry"), ErrorCachingMinTTL: aws.Int64(0)},
	}}
	made := w.acl("",
		rule("marks", inserting, uri("CONTAINS", "mark"), "mark:one"),
		rule("friends", allowing, uri("CONTAINS", "friend")),
		rule("evil", blocking, uri("CONTAINS", "evil")),
		rule("tea", answering, uri("CONTAINS", "tea")),
		rule("own words", refusing, uri("CONTAINS", "own-words")),
		referring("group", nil),
		rule("by label", blocking, &waf.Statement{AndStatement: &waf.AndStatement{Statements: []waf.Statement{*labelled("LABEL", "mark:one"), *uri("CONTAINS", "label")}}}),
		rule("by namespace", blocking, &waf.Statement{AndStatement: &waf.AndStatement{Statements: []waf.Statement{*labelled("NAMESPACE", "awswaf:000000000000:rulegroup:"+w.name+":seen:"), *uri("CONTAINS", "space")}}}),
	)
	config.WebACLId = made.ARN
	_, url := w.deploy(config)
	for path, want := range map[string]int{
		"/": 200, "/mark": 200, "/mark-evil": 403, "/friend-evil": 200, "/tea": 418, "/group": 200, "/overridden": 200, "/excluded": 200, "/group-block": 403,
		"/label": 200, "/mark-label": 403, "/space": 200, "/group-space": 403,
	} {
		if given := w.get(url + path); given.status != want {
			t.Errorf("%s: status %d, want %d", path, given.status, want)
		}
	}
	if given := w.get(url+"/mark", "X-Amzn-Waf-Seen", "no"); given.asked.Header.Get("X-Amzn-Waf-Seen") != "yes" {
		t.Errorf("inserted: %v", given.asked.Header)
	}
	tea := w.get(url+"/tea?secret", "Authorization", "Bearer secret")
	if tea.body != "a pot" || tea.header.Get("X-Why") != "tea" || tea.header.Get("Content-Type") != "text/plain" {
		t.Errorf("%+v", tea)
	}
	if given := w.get(url + "/own-words"); given.status != http.StatusForbidden || given.body != "a pot" { // and no page of the site
		t.Errorf("%+v", given)
	}
	if given := w.get(url + "/evil"); given.asked.URI != "/_aws/execute-api/api1/sorry" { // the site's page
		t.Errorf("%+v", given)
	}

	w.lines.mu.Lock()
	defer w.lines.mu.Unlock()
	logged := map[string]string{}
	for _, line := range w.lines.logs {
		prefix := "us-east-1 aws-waf-logs-x cloudfront_" + w.name + "_0 "
		text, ok := strings.CutPrefix(line, prefix)
		if !ok || strings.Contains(text, "secret") {
			t.Errorf("logged %s", line)
		}
		var record struct {
			TerminatingRuleID, TerminatingRuleType, Action, WebACLID string
			ResponseCodeSent                                         int
			HTTPRequest                                              struct {
				URI, Args string
				Headers   []struct{ Name, Value string }
			}
		}
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			t.Fatal(err)
		}
		logged[record.HTTPRequest.URI] = record.Action + " " + record.TerminatingRuleType + " " + record.TerminatingRuleID
		if record.HTTPRequest.Args != "REDACTED" {
			t.Errorf("arguments %q", record.HTTPRequest.Args)
		}
	}
	for path, want := range map[string]string{
		"/": "", "/friend-evil": "", "/mark": "ALLOW REGULAR Default_Action", "/tea": "BLOCK REGULAR tea", "/group-block": "", "/group": "ALLOW REGULAR Default_Action",
		"/mark-label": "BLOCK REGULAR by label",
	} {
		if logged[path] != want {
			t.Errorf("%s is logged as %q, want %q", path, logged[path], want)
		}
	}
	for metric, want := range map[string]int{
		"BlockedRequests " + w.name + " evil": 2, "BlockedRequests " + w.name + " tea": 2, "BlockedRequests " + w.name + " ALL": 8, "CountedRequests " + w.name + " marks": 4,
		"AllowedRequests " + w.name + " friends": 1, "BlockedRequests " + w.name + " group": 1, "CountedRequests  counted": 3, "BlockedRequests  blocks": 1,
	} {
		if got := w.lines.metrics["us-east-1 AWS/WAFV2 "+metric]; got != want {
			t.Errorf("%s: %d, want %d: %v", metric, got, want, w.lines.metrics)
		}
	}
}

// TestWhatMiniStackLosesOfRulesCounts: that an update has left none, and what a
// group answers with.
func TestWhatMiniStackLosesOfRulesCounts(t *testing.T) {
	w := newWorld(t)
	answering := &waf.RuleAction{Block: &waf.BlockAction{CustomResponse: &waf.CustomResponse{ResponseCode: aws.Int32(418), CustomResponseBodyKey: aws.String("tea")}}}
	group := must(w.waf.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
		Name: aws.String(w.name), Scope: waf.ScopeCloudfront, Capacity: aws.Int64(10), Rules: []waf.Rule{rule("tea", answering, uri("CONTAINS", "tea"))}, VisibilityConfig: visible("thegroup"),
	})).Summary
	lost := map[string]string{"rulegroup": `{"CustomResponseBodies": {"tea": {"ContentType": "TEXT_PLAIN", "Content": "a pot"}}}`, "webacl": `{}`}
	w.cfg.WebACL = func(arn string) (WebACL, error) {
		var found WebACL
		return found, json.Unmarshal([]byte(lost[strings.Split(arn, "/")[1]]), &found.Fields)
	}
	w.open()
	url := w.behind(
		rule("evil", blocking, uri("CONTAINS", "evil")),
		waf.Rule{Name: aws.String("group"), VisibilityConfig: visible("group"), Statement: &waf.Statement{RuleGroupReferenceStatement: &waf.RuleGroupReferenceStatement{ARN: group.ARN}}},
	)
	want := func(evil, tea int) {
		t.Helper()
		w.edge.Changed(t.Context(), "wafv2", "UpdateWebACL")
		w.want(w.get(url+"/evil"), evil, "", "")
		w.want(w.get(url+"/tea"), tea, "", "")
	}
	want(http.StatusForbidden, http.StatusTeapot)
	if given := w.get(url + "/tea"); given.body != "a pot" {
		t.Errorf("%+v", given)
	}
	lost["rulegroup"] = `{"Rules": []}`
	want(http.StatusForbidden, http.StatusOK)
	lost["webacl"] = `{"Rules": []}`
	want(http.StatusOK, http.StatusOK)
}

func TestAGroupThatIsOnlyCountedBlocksNothing(t *testing.T) {
	w := newWorld(t)
	group := must(w.waf.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
		Name: aws.String(w.name), Scope: waf.ScopeCloudfront, Capacity: aws.Int64(100), Rules: []waf.Rule{rule("blocks", blocking, uri("CONTAINS", "x"))}, VisibilityConfig: visible("g"),
	})).Summary
	reference := &waf.Statement{RuleGroupReferenceStatement: &waf.RuleGroupReferenceStatement{ARN: group.ARN}}
	url := w.behind(waf.Rule{Name: aws.String("group"), OverrideAction: &waf.OverrideAction{Count: &waf.CountAction{}}, Statement: reference, VisibilityConfig: visible("group")})
	w.want(w.get(url+"/x"), http.StatusOK, "", "")
	if got := w.lines.metrics["us-east-1 AWS/WAFV2 CountedRequests "+w.name+" group"]; got != 1 {
		t.Errorf("%v", w.lines.metrics)
	}
}

func TestAnACLThatBlocksByDefaultLetsInOnlyWhatARuleAllows(t *testing.T) {
	w := newWorld(t)
	made := must(w.waf.CreateWebACL(t.Context(), &wafv2.CreateWebACLInput{
		Name: &w.name, Scope: waf.ScopeCloudfront, DefaultAction: &waf.DefaultAction{Block: &waf.BlockAction{CustomResponse: &waf.CustomResponse{ResponseCode: aws.Int32(404)}}},
		Rules: []waf.Rule{rule("in", allowing, uri("EXACTLY", "/in"))}, VisibilityConfig: visible(w.name),
	})).Summary
	config := w.config(api("api"))
	config.WebACLId = made.ARN
	_, url := w.deploy(config)
	w.want(w.get(url+"/in"), http.StatusOK, "", "")
	w.want(w.get(url+"/out"), http.StatusNotFound, "", "")
}

// TestWhatIsNotEvaluatedIsListed and never matches, while the other rules do.
func TestWhatIsNotEvaluatedIsListed(t *testing.T) {
	w := newWorld(t)
	managed := waf.Rule{
		Name: aws.String("managed"), OverrideAction: &waf.OverrideAction{None: &waf.NoneAction{}}, VisibilityConfig: visible("m"),
		Statement: &waf.Statement{ManagedRuleGroupStatement: &waf.ManagedRuleGroupStatement{VendorName: aws.String("AWS"), Name: aws.String("AWSManagedRulesCommonRuleSet")}},
	}
	path := waf.FieldToMatch{UriPath: &waf.UriPath{}}
	group := must(w.waf.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
		Name: aws.String(w.name), Scope: waf.ScopeCloudfront, Capacity: aws.Int64(100), VisibilityConfig: visible("g"),
		Rules: []waf.Rule{rule("inner", blocking, &waf.Statement{XssMatchStatement: &waf.XssMatchStatement{FieldToMatch: &path, TextTransformations: transformed("NONE")}})},
	})).Summary
	url := w.behind(
		managed,
		rule("captcha", &waf.RuleAction{Captcha: &waf.CaptchaAction{}}, uri("CONTAINS", "x")),
		rule("challenge", &waf.RuleAction{Challenge: &waf.ChallengeAction{}}, uri("CONTAINS", "x")),
		rule("sqli", blocking, &waf.Statement{SqliMatchStatement: &waf.SqliMatchStatement{FieldToMatch: &path, TextTransformations: transformed("NONE")}}),
		rule("inside", blocking, &waf.Statement{NotStatement: &waf.NotStatement{Statement: &waf.Statement{SqliMatchStatement: &waf.SqliMatchStatement{FieldToMatch: &path, TextTransformations: transformed("NONE")}}}}),
		rule("ja3", blocking, field("EXACTLY", waf.FieldToMatch{JA3Fingerprint: &waf.JA3Fingerprint{FallbackBehavior: waf.FallbackBehaviorMatch}}, "x", "NONE")),
		rule("decoded", blocking, field("CONTAINS", path, "x", "JS_DECODE")),
		rule("lookahead", blocking, &waf.Statement{RegexMatchStatement: &waf.RegexMatchStatement{FieldToMatch: &path, RegexString: aws.String("(?=x)"), TextTransformations: transformed("NONE")}}),
		waf.Rule{Name: aws.String("group"), OverrideAction: &waf.OverrideAction{None: &waf.NoneAction{}}, VisibilityConfig: visible("g"), Statement: &waf.Statement{RuleGroupReferenceStatement: &waf.RuleGroupReferenceStatement{ARN: group.ARN}}},
		rule("served", blocking, uri("CONTAINS", "bad")),
	)
	w.want(w.get(url+"/x"), http.StatusOK, "", "")
	w.want(w.get(url+"/bad"), http.StatusForbidden, "", "")
	var got []string
	for _, status := range w.edge.Status(t.Context()) {
		for _, u := range status.NotEvaluated {
			got = append(got, u.Rule)
			if u.Reason == "" {
				t.Errorf("%s has no reason", u.Rule)
			}
		}
	}
	if want := []string{"managed", "captcha", "challenge", "sqli", "inside", "ja3", "decoded", "lookahead", "group/inner"}; !slices.Equal(got, want) {
		t.Errorf("not evaluated are %v, want %v", got, want)
	}
}
