package waf

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// region is where web ACLs of distributions, their logs and metrics are.
const region = "us-east-1"

// Observer writes metrics and logs of what ACLs decide.
type Observer struct {
	// Metric takes a count of one.
	Metric func(region, namespace, name string, dimensions map[string]string)
	// Log takes a line for a log group.
	Log func(region, group, stream, line string)
	Now func() time.Time
	// Logging is the ACL's logging configuration; nil without one.
	Logging *types.LoggingConfiguration
}

// observe counts and logs one request (AWS WAF developer guide, waf-metrics and
// logging-fields).
func (o *Observer) observe(a *ACL, e *evaluation, by *rule, what action, through *group) {
	o.count(a, e, by, what, through)
	if o.Logging == nil || len(o.Logging.LogDestinationConfigs) == 0 || !o.kept(e, what) {
		return
	}
	_, group, _ := strings.Cut(o.Logging.LogDestinationConfigs[0], ":log-group:")
	line, err := json.Marshal(o.record(a, e, by, what, through))
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	o.Log(region, strings.TrimSuffix(group, ":*"), "cloudfront_"+a.name+"_0", string(line))
}

var decided = map[kind]string{allow: "AllowedRequests", block: "BlockedRequests", count: "CountedRequests"}

func (o *Observer) count(a *ACL, e *evaluation, by *rule, what action, through *group) {
	put := func(k kind, metric string) {
		o.Metric(region, "AWS/WAFV2", decided[k], map[string]string{"WebACL": a.metric, "Rule": metric})
	}
	inGroup := func(g *group, k kind, r *rule) {
		if r.metrics {
			o.Metric(region, "AWS/WAFV2", decided[k], map[string]string{"RuleGroup": g.metric, "Rule": r.metric})
		}
	}
	for _, r := range e.counted {
		if r.metrics && a.metrics {
			put(count, r.metric)
		}
	}
	for _, result := range e.groups {
		for _, r := range result.counted {
			inGroup(result.group, count, r)
		}
		if result.terminating != nil {
			inGroup(result.group, result.terminating.action.kind, result.terminating)
		}
	}
	if !a.metrics {
		return
	}
	put(what.kind, "ALL")
	switch {
	case by == nil:
		put(what.kind, "Default_Action")
	case through != nil:
		for _, r := range a.rules {
			if r.group == through && r.metrics {
				put(what.kind, r.metric)
			}
		}
	case by.metrics:
		put(what.kind, by.metric)
	}
}

// kept tells whether the filter of the logging configuration keeps a request.
// The first filter that fits decides.
func (o *Observer) kept(e *evaluation, what action) bool {
	filter := o.Logging.LoggingFilter
	if filter == nil {
		return true
	}
	actions := []string{string(what.kind)}
	if len(e.counted) > 0 {
		actions = append(actions, string(count))
	}
	for _, result := range e.groups {
		if len(result.counted) > 0 {
			actions = append(actions, string(count))
		}
		if result.terminating != nil && result.group.counted {
			actions = append(actions, "EXCLUDED_AS_COUNT")
		}
	}
	fits := func(c types.Condition) bool {
		return c.ActionCondition != nil && slices.Contains(actions, string(c.ActionCondition.Action)) ||
			c.LabelNameCondition != nil && slices.Contains(e.labels, aws.ToString(c.LabelNameCondition.LabelName))
	}
	for _, f := range filter.Filters {
		any, all := slices.ContainsFunc(f.Conditions, fits), !slices.ContainsFunc(f.Conditions, func(c types.Condition) bool { return !fits(c) })
		if f.Requirement == types.FilterRequirementMeetsAll && all || f.Requirement == types.FilterRequirementMeetsAny && any {
			return f.Behavior == types.FilterBehaviorKeep
		}
	}
	return filter.DefaultBehavior == types.FilterBehaviorKeep
}

// redacted stands for what a log leaves out.
const redacted = "REDACTED"

type named struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

type matched struct {
	RuleID  string `json:"ruleId"`
	Action  string `json:"action"`
	Details []any  `json:"ruleMatchDetails"`
}

type groupRecord struct {
	ID            string    `json:"ruleGroupId"`
	Terminating   *matched  `json:"terminatingRule"`
	Counted       []matched `json:"nonTerminatingMatchingRules"`
	ExcludedRules []any     `json:"excludedRules"`
}

type record struct {
	Timestamp        int64         `json:"timestamp"`
	FormatVersion    int           `json:"formatVersion"`
	WebACL           string        `json:"webaclId"`
	Terminating      string        `json:"terminatingRuleId"`
	TerminatingType  string        `json:"terminatingRuleType"`
	Action           kind          `json:"action"`
	Details          []any         `json:"terminatingRuleMatchDetails"`
	SourceName       string        `json:"httpSourceName"`
	Source           string        `json:"httpSourceId"`
	Groups           []groupRecord `json:"ruleGroupList"`
	Rates            []rateRecord  `json:"rateBasedRuleList"`
	Counted          []matched     `json:"nonTerminatingMatchingRules"`
	InsertedHeaders  []named       `json:"requestHeadersInserted"`
	ResponseCodeSent *int          `json:"responseCodeSent"`
	Request          httpRequest   `json:"httpRequest"`
	Labels           []named       `json:"labels,omitempty"`
}

type rateRecord struct {
	ID      string `json:"rateBasedRuleId"`
	Name    string `json:"rateBasedRuleName"`
	By      string `json:"limitKey"`
	Limit   int64  `json:"maxRateAllowed"`
	Seconds int    `json:"evaluationWindowSec"`
}

type httpRequest struct {
	ClientIP string  `json:"clientIp"`
	Country  string  `json:"country"`
	Headers  []named `json:"headers"`
	URI      string  `json:"uri"`
	Args     string  `json:"args"`
	Version  string  `json:"httpVersion"`
	Method   string  `json:"httpMethod"`
	ID       string  `json:"requestId"`
	Fragment string  `json:"fragment"`
	Scheme   string  `json:"scheme"`
	Host     string  `json:"host"`
}

func (o *Observer) record(a *ACL, e *evaluation, by *rule, what action, through *group) record {
	r := record{
		Timestamp: o.Now().UnixMilli(), FormatVersion: 1, WebACL: a.arn, Terminating: "Default_Action", TerminatingType: "REGULAR", Action: what.kind,
		Details: []any{}, SourceName: "CF", Source: e.Source, Groups: []groupRecord{}, Rates: []rateRecord{}, Counted: matchedRules(e.counted), Request: o.request(e),
	}
	switch {
	case through != nil:
		for _, rule := range a.rules {
			if rule.group == through {
				r.Terminating = rule.name
			}
		}
		r.TerminatingType = "GROUP"
	case by != nil && by.rate != nil:
		r.Terminating, r.TerminatingType = by.name, "RATE_BASED"
		r.Rates = append(r.Rates, rateRecord{a.arn + "_" + by.name, by.name, string(by.rate.by), by.rate.limit, int(by.rate.window.Seconds())})
	case by != nil:
		r.Terminating = by.name
	}
	for _, result := range e.groups {
		g := groupRecord{ID: result.group.arn, Counted: matchedRules(result.counted)}
		if t := result.terminating; t != nil {
			g.Terminating = &matched{t.name, string(t.action.kind), []any{}}
		}
		r.Groups = append(r.Groups, g)
	}
	for name, values := range e.inserted {
		r.InsertedHeaders = append(r.InsertedHeaders, named{strings.ToLower(name), values[0]})
	}
	if what.response != nil {
		r.ResponseCodeSent = &what.response.Status
	}
	for _, label := range e.labels {
		r.Labels = append(r.Labels, named{Name: label})
	}
	return r
}

func matchedRules(rules []*rule) []matched {
	all := []matched{}
	for _, r := range rules {
		all = append(all, matched{r.name, string(count), []any{}})
	}
	return all
}

// request is what the log tells of a request, without what is to be left out.
func (o *Observer) request(e *evaluation) httpRequest {
	country := strings.ToUpper(e.Country)
	if country == "" {
		country = "-"
	}
	r := httpRequest{
		ClientIP: e.ClientIP, Country: country, URI: e.URL.EscapedPath(), Args: e.URL.RawQuery, Version: e.Proto, Method: e.Method, ID: e.ID, Scheme: "https", Host: e.Host,
	}
	hidden := map[string]bool{}
	for _, field := range o.Logging.RedactedFields {
		switch {
		case field.SingleHeader != nil:
			hidden[http.CanonicalHeaderKey(aws.ToString(field.SingleHeader.Name))] = true
		case field.UriPath != nil:
			r.URI = redacted
		case field.QueryString != nil:
			r.Args = redacted
		case field.Method != nil:
			r.Method = redacted
		}
	}
	add := func(name, value string) {
		if hidden[name] {
			value = redacted
		}
		r.Headers = append(r.Headers, named{name, value})
	}
	add("Host", e.Host)
	for _, name := range sortedNames(e.Header) {
		for _, value := range e.Header[name] {
			add(name, value)
		}
	}
	return r
}
