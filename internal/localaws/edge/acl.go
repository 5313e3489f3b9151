package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/waf"
)

// WebACL is what MiniStack does not keep of a web ACL or a rule group.
type WebACL struct {
	// Fields are members, as they were sent.
	Fields map[string]json.RawMessage
	// Logging is the logging configuration of an ACL; nil without one.
	Logging json.RawMessage
}

// Logs takes a line for a CloudWatch Logs group. It must not block.
type Logs interface {
	Put(region, group, stream, line string)
}

// Metrics takes a data point. It must not block.
type Metrics interface {
	Put(region, namespace, name, unit string, value float64, dimensions map[string]string)
}

// loadACL reads the web ACL of a distribution with all that its rules refer to.
func (e *Edge) loadACL(ctx context.Context, arn string) (*waf.ACL, error) {
	name, id, err := wafResource(arn)
	if err != nil {
		return nil, err
	}
	found, err := e.waf.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: &id, Name: &name, Scope: types.ScopeCloudfront})
	if err != nil {
		return nil, fmt.Errorf("read web ACL %s: %w", arn, err)
	}
	acl := found.WebACL
	lost, err := e.lost(arn, map[string]any{"CustomResponseBodies": &acl.CustomResponseBodies, "AssociationConfig": &acl.AssociationConfig, "Rules": &acl.Rules})
	if err != nil {
		return nil, err
	}
	observer := &waf.Observer{
		Metric: func(region, namespace, name string, dimensions map[string]string) {
			e.cfg.Metrics.Put(region, namespace, name, "Count", 1, dimensions)
		},
		Log: e.cfg.Logs.Put, Now: time.Now,
	}
	if lost.Logging != nil {
		if err := json.Unmarshal(lost.Logging, &observer.Logging); err != nil {
			return nil, fmt.Errorf("logging configuration of web ACL %s: %w", arn, err)
		}
	}
	return waf.Compile(ctx, acl, resources{e}, e.rates, observer)
}

// lost reads what MiniStack does not keep of a web ACL or a rule group into its
// members.
func (e *Edge) lost(arn string, members map[string]any) (WebACL, error) {
	lost, err := e.cfg.WebACL(arn)
	if err != nil {
		return lost, err
	}
	for member, into := range members {
		if document, ok := lost.Fields[member]; ok {
			if err := json.Unmarshal(document, into); err != nil {
				return lost, fmt.Errorf("%s of %s: %w", member, arn, err)
			}
		}
	}
	return lost, nil
}

// wafResource reads name and id from the ARN of something of AWS WAF.
func wafResource(arn string) (name, id string, err error) {
	parts := strings.Split(arn, "/")
	if len(parts) != 4 {
		return "", "", fmt.Errorf("%q is no ARN of AWS WAF", arn)
	}
	return parts[2], parts[3], nil
}

// resources reads what rules refer to.
type resources struct{ *Edge }

// IPSet implements waf.Resources.
func (r resources) IPSet(ctx context.Context, arn string) ([]string, error) {
	name, id, err := wafResource(arn)
	if err != nil {
		return nil, err
	}
	found, err := r.waf.GetIPSet(ctx, &wafv2.GetIPSetInput{Id: &id, Name: &name, Scope: types.ScopeCloudfront})
	if err != nil {
		return nil, fmt.Errorf("read IP set %s: %w", arn, err)
	}
	return found.IPSet.Addresses, nil
}

// RegexPatternSet implements waf.Resources.
func (r resources) RegexPatternSet(ctx context.Context, arn string) ([]string, error) {
	name, id, err := wafResource(arn)
	if err != nil {
		return nil, err
	}
	found, err := r.waf.GetRegexPatternSet(ctx, &wafv2.GetRegexPatternSetInput{Id: &id, Name: &name, Scope: types.ScopeCloudfront})
	if err != nil {
		return nil, fmt.Errorf("read regex pattern set %s: %w", arn, err)
	}
	var patterns []string
	for _, regex := range found.RegexPatternSet.RegularExpressionList {
		patterns = append(patterns, *regex.RegexString)
	}
	return patterns, nil
}

// RuleGroup implements waf.Resources.
func (r resources) RuleGroup(ctx context.Context, arn string) (*types.RuleGroup, error) {
	name, id, err := wafResource(arn)
	if err != nil {
		return nil, err
	}
	found, err := r.waf.GetRuleGroup(ctx, &wafv2.GetRuleGroupInput{Id: &id, Name: &name, Scope: types.ScopeCloudfront})
	if err != nil {
		return nil, fmt.Errorf("read rule group %s: %w", arn, err)
	}
	group := found.RuleGroup
	_, err = r.lost(arn, map[string]any{"CustomResponseBodies": &group.CustomResponseBodies, "Rules": &group.Rules})
	return group, err
}
