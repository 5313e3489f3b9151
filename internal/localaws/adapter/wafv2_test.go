package adapter

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

var (
	visible = &types.VisibilityConfig{CloudWatchMetricsEnabled: true, MetricName: aws.String("m"), SampledRequestsEnabled: true}
	allowed = &types.DefaultAction{Allow: &types.AllowAction{}}
)

// newACL makes a web ACL with everything that MiniStack loses.
func newACL(w *world, client *wafv2.Client, scope types.Scope) *types.WebACLSummary {
	w.Helper()
	return must(client.CreateWebACL(w.Context(), &wafv2.CreateWebACLInput{
		Name: aws.String("acl-" + newRequestID()[:8]), Scope: scope, DefaultAction: allowed, VisibilityConfig: visible, Description: aws.String("first"),
		CustomResponseBodies: map[string]types.CustomResponseBody{
			"slow": {Content: aws.String(`{"message":"later"}`), ContentType: types.ResponseContentTypeApplicationJson},
		},
		TokenDomains:    []string{"chat.example.com"},
		CaptchaConfig:   &types.CaptchaConfig{ImmunityTimeProperty: &types.ImmunityTimeProperty{ImmunityTime: aws.Int64(120)}},
		ChallengeConfig: &types.ChallengeConfig{ImmunityTimeProperty: &types.ImmunityTimeProperty{ImmunityTime: aws.Int64(600)}},
		AssociationConfig: &types.AssociationConfig{RequestBody: map[string]types.RequestBodyAssociatedResourceTypeConfig{
			"CLOUDFRONT": {DefaultSizeInspectionLimit: types.SizeInspectionLimitKb32},
		}},
	})).Summary
}

func TestAWebACLKeepsWhatMiniStackLoses(t *testing.T) {
	for scope, region := range map[types.Scope]string{types.ScopeCloudfront: "us-east-1", types.ScopeRegional: testRegion} {
		t.Run(string(scope), func(t *testing.T) {
			w := newWorld(t)
			client := wafv2.NewFromConfig(w.config(region))
			acl := newACL(w, client, scope)
			w.open()
			get := func() *wafv2.GetWebACLOutput {
				t.Helper()
				return must(client.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Id: acl.Id, Name: acl.Name, Scope: scope}))
			}
			found := get()
			if *found.LockToken != *acl.LockToken {
				t.Errorf("lock token %s, want MiniStack's own %s", *found.LockToken, *acl.LockToken)
			}
			kept := found.WebACL
			if kept.CustomResponseBodies["slow"].ContentType != types.ResponseContentTypeApplicationJson || len(kept.TokenDomains) != 1 ||
				*kept.CaptchaConfig.ImmunityTimeProperty.ImmunityTime != 120 || *kept.ChallengeConfig.ImmunityTimeProperty.ImmunityTime != 600 ||
				kept.AssociationConfig.RequestBody["CLOUDFRONT"].DefaultSizeInspectionLimit != types.SizeInspectionLimitKb32 {
				t.Errorf("got %+v", kept)
			}
			inside := must(w.adapter.WebACL(*acl.ARN))
			if !strings.Contains(string(inside.Fields["CustomResponseBodies"]), "later") || inside.Logging != nil {
				t.Errorf("inside the stack: %s", inside)
			}

			update := &wafv2.UpdateWebACLInput{
				Id: acl.Id, Name: acl.Name, Scope: scope, DefaultAction: allowed, VisibilityConfig: visible, LockToken: aws.String("stale"),
				Description: aws.String("second"), TokenDomains: []string{"a.example.com", "b.example.com"},
			}
			_, err := client.UpdateWebACL(t.Context(), update)
			wantRefusal(t, err, "WAFOptimisticLockException", "")
			if kept := get().WebACL; len(kept.TokenDomains) != 1 || *kept.Description != "first" {
				t.Errorf("a refused update changed %+v", kept)
			}
			update.LockToken = found.LockToken
			must(client.UpdateWebACL(t.Context(), update))
			if kept := get().WebACL; len(kept.TokenDomains) != 2 || len(kept.CustomResponseBodies) != 0 || *kept.Description != "second" {
				t.Errorf("after the update: %+v", kept)
			}
			must(client.DeleteWebACL(t.Context(), &wafv2.DeleteWebACLInput{Id: acl.Id, Name: acl.Name, Scope: scope, LockToken: get().LockToken}))
			if left := w.adapter.kept.list(wafFields); len(left) != 0 {
				t.Errorf("left: %s", left)
			}
		})
	}
}

// simple is a rule of a web ACL or a rule group.
func simple(name string, priority int32) types.Rule {
	return types.Rule{
		Name: &name, Priority: priority, Action: &types.RuleAction{Block: &types.BlockAction{}}, VisibilityConfig: visible,
		Statement: &types.Statement{GeoMatchStatement: &types.GeoMatchStatement{CountryCodes: []types.CountryCode{types.CountryCodeAq}}},
	}
}

// TestAnUpdateReplacesAllRules of a web ACL and of a rule group, and what is said
// of an IP set.
func TestAnUpdateReplacesAllRules(t *testing.T) {
	w := newWorld(t)
	client, scope := wafv2.NewFromConfig(w.config(testRegion)), types.ScopeRegional
	name := aws.String("rules-" + newRequestID()[:8])
	acl := must(client.CreateWebACL(t.Context(), &wafv2.CreateWebACLInput{
		Name: name, Scope: scope, DefaultAction: allowed, VisibilityConfig: visible, Rules: []types.Rule{simple("a", 0), simple("b", 1)},
	})).Summary
	group := must(client.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
		Name: name, Scope: scope, Capacity: aws.Int64(10), VisibilityConfig: visible, Rules: []types.Rule{simple("a", 0)}, Description: aws.String("first"),
		CustomResponseBodies: map[string]types.CustomResponseBody{"slow": {Content: aws.String("later"), ContentType: types.ResponseContentTypeTextPlain}},
	})).Summary
	set := must(client.CreateIPSet(t.Context(), &wafv2.CreateIPSetInput{
		Name: name, Scope: scope, IPAddressVersion: types.IPAddressVersionIpv4, Addresses: []string{"192.0.2.0/24"}, Description: aws.String("first"),
	})).Summary

	// update gives an ACL and a group these rules, and tells how many they have.
	update := func(rules ...types.Rule) (ofACL, ofGroup int) {
		t.Helper()
		token := must(client.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Id: acl.Id, Name: name, Scope: scope})).LockToken
		must(client.UpdateWebACL(t.Context(), &wafv2.UpdateWebACLInput{
			Id: acl.Id, Name: name, Scope: scope, DefaultAction: allowed, VisibilityConfig: visible, LockToken: token, Rules: rules,
		}))
		token = must(client.GetRuleGroup(t.Context(), &wafv2.GetRuleGroupInput{Id: group.Id, Name: name, Scope: scope})).LockToken
		must(client.UpdateRuleGroup(t.Context(), &wafv2.UpdateRuleGroupInput{
			Id: group.Id, Name: name, Scope: scope, VisibilityConfig: visible, LockToken: token, Rules: rules, Description: aws.String("second"),
		}))
		w.open()
		return len(must(client.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Id: acl.Id, Name: name, Scope: scope})).WebACL.Rules),
			len(must(client.GetRuleGroup(t.Context(), &wafv2.GetRuleGroupInput{Id: group.Id, Name: name, Scope: scope})).RuleGroup.Rules)
	}
	before := must(client.GetRuleGroup(t.Context(), &wafv2.GetRuleGroupInput{Id: group.Id, Name: name, Scope: scope})).RuleGroup
	if len(before.Rules) != 1 || *before.CustomResponseBodies["slow"].Content != "later" {
		t.Errorf("the group is %+v", before)
	}
	for _, rules := range [][]types.Rule{nil, {simple("c", 0), simple("d", 1), simple("e", 2)}, {simple("c", 0)}, nil} {
		if ofACL, ofGroup := update(rules...); ofACL != len(rules) || ofGroup != len(rules) {
			t.Errorf("%d rules were given; the web ACL has %d, the group %d", len(rules), ofACL, ofGroup)
		}
	}
	after := must(client.GetRuleGroup(t.Context(), &wafv2.GetRuleGroupInput{Id: group.Id, Name: name, Scope: scope}))
	if len(after.RuleGroup.CustomResponseBodies) != 0 || *after.RuleGroup.Description != "second" {
		t.Errorf("the group is %+v", after.RuleGroup)
	}
	must(client.UpdateIPSet(t.Context(), &wafv2.UpdateIPSetInput{
		Id: set.Id, Name: name, Scope: scope, LockToken: set.LockToken, Addresses: []string{"198.51.100.0/24"}, Description: aws.String("second"),
	}))
	changed := must(client.GetIPSet(t.Context(), &wafv2.GetIPSetInput{Id: set.Id, Name: name, Scope: scope}))
	if *changed.IPSet.Description != "second" || len(changed.IPSet.Addresses) != 1 || changed.IPSet.Addresses[0] != "198.51.100.0/24" {
		t.Errorf("the IP set is %+v", changed.IPSet)
	}
	must(client.DeleteRuleGroup(t.Context(), &wafv2.DeleteRuleGroupInput{Id: group.Id, Name: name, Scope: scope, LockToken: after.LockToken}))
	must(client.DeleteIPSet(t.Context(), &wafv2.DeleteIPSetInput{Id: set.Id, Name: name, Scope: scope, LockToken: changed.LockToken}))
	left := w.adapter.kept.list(wafFields)
	if len(left) != 1 || left[*acl.Id] == nil {
		t.Errorf("left: %s", left)
	}
}

func TestRulesThatAreNotToldApartAreRefused(t *testing.T) {
	w := newWorld(t)
	client, scope := wafv2.NewFromConfig(w.config(testRegion)), types.ScopeRegional
	acl := newACL(w, client, scope)
	group := must(client.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
		Name: acl.Name, Scope: scope, Capacity: aws.Int64(10), VisibilityConfig: visible, Rules: []types.Rule{simple("kept", 0)},
	})).Summary
	for reason, rules := range map[string][]types.Rule{
		"Two rules have the name a":     {simple("a", 0), simple("b", 1), simple("a", 2)},
		"Two rules have the priority 1": {simple("a", 0), simple("b", 1), simple("c", 1)},
	} {
		t.Run(reason, func(t *testing.T) {
			for name, err := range map[string]error{
				"create a web ACL": second(client.CreateWebACL(t.Context(), &wafv2.CreateWebACLInput{
					Name: aws.String("x" + newRequestID()[:8]), Scope: scope, DefaultAction: allowed, VisibilityConfig: visible, Rules: rules,
				})),
				"update a web ACL": second(client.UpdateWebACL(t.Context(), &wafv2.UpdateWebACLInput{
					Id: acl.Id, Name: acl.Name, Scope: scope, DefaultAction: allowed, VisibilityConfig: visible, LockToken: acl.LockToken, Rules: rules,
				})),
				"create a rule group": second(client.CreateRuleGroup(t.Context(), &wafv2.CreateRuleGroupInput{
					Name: aws.String("x" + newRequestID()[:8]), Scope: scope, Capacity: aws.Int64(10), VisibilityConfig: visible, Rules: rules,
				})),
				"update a rule group": second(client.UpdateRuleGroup(t.Context(), &wafv2.UpdateRuleGroupInput{
					Id: group.Id, Name: group.Name, Scope: scope, VisibilityConfig: visible, LockToken: group.LockToken, Rules: rules,
				})),
			} {
				t.Run(name, func(t *testing.T) { wantRefusal(t, err, "WAFInvalidParameterException", reason) })
			}
		})
	}
	if found := must(client.GetRuleGroup(t.Context(), &wafv2.GetRuleGroupInput{Id: group.Id, Name: group.Name, Scope: scope})); len(found.RuleGroup.Rules) != 1 {
		t.Errorf("a refused update changed %+v", found.RuleGroup)
	}
}

func TestTheWebACLOfAResourceIsComplete(t *testing.T) {
	w := newWorld(t)
	client := wafv2.NewFromConfig(w.config(testRegion))
	acl := newACL(w, client, types.ScopeRegional)
	resource := aws.String("arn:aws:cognito-idp:" + testRegion + ":" + testAccount + ":userpool/" + testRegion + "_x" + newRequestID()[:8])
	_, err := client.GetWebACLForResource(t.Context(), &wafv2.GetWebACLForResourceInput{ResourceArn: resource})
	wantRefusal(t, err, "WAFNonexistentItemException", "")
	must(client.AssociateWebACL(t.Context(), &wafv2.AssociateWebACLInput{ResourceArn: resource, WebACLArn: acl.ARN}))
	found := must(client.GetWebACLForResource(t.Context(), &wafv2.GetWebACLForResourceInput{ResourceArn: resource}))
	if len(found.WebACL.TokenDomains) != 1 {
		t.Errorf("got %+v", found.WebACL)
	}
}

// logGroup makes a log group that a web ACL can log to.
func logGroup(w *world, region, name string) string {
	w.Helper()
	must(cloudwatchlogs.NewFromConfig(w.config(region)).CreateLogGroup(w.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}))
	return "arn:aws:logs:" + region + ":" + testAccount + ":log-group:" + name
}

func TestAWebACLsLoggingConfiguration(t *testing.T) {
	w := newWorld(t)
	client := wafv2.NewFromConfig(w.config("us-east-1"))
	acl := newACL(w, client, types.ScopeCloudfront)
	get := &wafv2.GetLoggingConfigurationInput{ResourceArn: acl.ARN}
	_, err := client.GetLoggingConfiguration(t.Context(), get)
	wantRefusal(t, err, "WAFNonexistentItemException", "doesn’t exist")

	wanted := &types.LoggingConfiguration{
		ResourceArn: acl.ARN, LogDestinationConfigs: []string{logGroup(w, "us-east-1", "aws-waf-logs-"+newRequestID()[:8])},
		RedactedFields: []types.FieldToMatch{{SingleHeader: &types.SingleHeader{Name: aws.String("authorization")}}, {QueryString: &types.QueryString{}}},
		LoggingFilter: &types.LoggingFilter{DefaultBehavior: types.FilterBehaviorDrop, Filters: []types.Filter{{
			Behavior: types.FilterBehaviorKeep, Requirement: types.FilterRequirementMeetsAny,
			Conditions: []types.Condition{{ActionCondition: &types.ActionCondition{Action: types.ActionValueBlock}}},
		}}},
	}
	must(client.PutLoggingConfiguration(t.Context(), &wafv2.PutLoggingConfigurationInput{LoggingConfiguration: wanted}))
	w.open()
	got := must(client.GetLoggingConfiguration(t.Context(), get)).LoggingConfiguration
	wanted.LogScope, wanted.LogType = types.LogScopeCustomer, types.LogTypeWafLogs
	wantSame(t, "logging configuration", got, wanted)
	if inside := must(w.adapter.WebACL(*acl.ARN)); !strings.Contains(string(inside.Logging), "authorization") {
		t.Errorf("inside the stack: %s", inside.Logging)
	}

	list := func(scope types.Scope, region string) int {
		t.Helper()
		out := must(wafv2.NewFromConfig(w.config(region)).ListLoggingConfigurations(t.Context(), &wafv2.ListLoggingConfigurationsInput{Scope: scope}))
		return len(out.LoggingConfigurations)
	}
	if list(types.ScopeCloudfront, "us-east-1") != 1 || list(types.ScopeRegional, "us-east-1") != 0 || list(types.ScopeRegional, testRegion) != 0 {
		t.Error("the lists of another scope or Region have it")
	}

	must(client.DeleteLoggingConfiguration(t.Context(), &wafv2.DeleteLoggingConfigurationInput{ResourceArn: acl.ARN}))
	_, err = client.DeleteLoggingConfiguration(t.Context(), &wafv2.DeleteLoggingConfigurationInput{ResourceArn: acl.ARN})
	wantRefusal(t, err, "WAFNonexistentItemException", "")

	must(client.PutLoggingConfiguration(t.Context(), &wafv2.PutLoggingConfigurationInput{LoggingConfiguration: wanted}))
	must(client.DeleteWebACL(t.Context(), &wafv2.DeleteWebACLInput{Id: acl.Id, Name: acl.Name, Scope: types.ScopeCloudfront, LockToken: acl.LockToken}))
	if left := w.adapter.kept.list(wafLogging); len(left) != 0 {
		t.Errorf("left of a deleted web ACL: %s", left)
	}
}

func TestListsOfLoggingConfigurationsArePaged(t *testing.T) {
	w := newWorld(t)
	client := wafv2.NewFromConfig(w.config(testRegion))
	group := logGroup(w, testRegion, "aws-waf-logs-"+newRequestID()[:8])
	for range 3 {
		acl := newACL(w, client, types.ScopeRegional)
		must(client.PutLoggingConfiguration(t.Context(), &wafv2.PutLoggingConfigurationInput{
			LoggingConfiguration: &types.LoggingConfiguration{ResourceArn: acl.ARN, LogDestinationConfigs: []string{group}},
		}))
	}
	in := &wafv2.ListLoggingConfigurationsInput{Scope: types.ScopeRegional, Limit: aws.Int32(2)}
	first := must(client.ListLoggingConfigurations(t.Context(), in))
	in.NextMarker = first.NextMarker
	second := must(client.ListLoggingConfigurations(t.Context(), in))
	if len(first.LoggingConfigurations) != 2 || len(second.LoggingConfigurations) != 1 || second.NextMarker != nil {
		t.Errorf("%d and then %d, and then %v", len(first.LoggingConfigurations), len(second.LoggingConfigurations), second.NextMarker)
	}
}

func TestALoggingConfigurationIsRefusedWhen(t *testing.T) {
	w := newWorld(t)
	client := wafv2.NewFromConfig(w.config(testRegion))
	acl := newACL(w, client, types.ScopeRegional)
	group := logGroup(w, testRegion, "aws-waf-logs-"+newRequestID()[:8])
	far := logGroup(w, "us-east-1", "aws-waf-logs-far"+newRequestID()[:8])
	for name, c := range map[string]struct {
		change func(*types.LoggingConfiguration)
		code   string
		reason string
	}{
		"its web ACL does not exist": {func(l *types.LoggingConfiguration) {
			l.ResourceArn = aws.String(strings.Replace(*acl.ARN, "acl-", "bcl-", 1))
		}, "WAFNonexistentItemException", ""},
		"its web ACL is of another Region": {func(l *types.LoggingConfiguration) {
			l.ResourceArn = aws.String(strings.Replace(*acl.ARN, testRegion, "eu-west-2", 1))
		}, "WAFNonexistentItemException", ""},
		"its ARN is none of a web ACL": {func(l *types.LoggingConfiguration) { l.ResourceArn = aws.String("arn:aws:wafv2:x") }, "WAFNonexistentItemException", ""},
		"there is no destination":      {func(l *types.LoggingConfiguration) { l.LogDestinationConfigs = []string{} }, "WAFInvalidParameterException", "exactly one"},
		"there are two destinations":   {func(l *types.LoggingConfiguration) { l.LogDestinationConfigs = []string{group, group} }, "WAFInvalidParameterException", "exactly one"},
		"the destination is not named aws-waf-logs-": {func(l *types.LoggingConfiguration) {
			l.LogDestinationConfigs = []string{strings.Replace(group, "aws-waf-logs-", "chat-", 1)}
		}, "WAFInvalidParameterException", "ARN isn't valid"},
		"the log group does not exist":       {func(l *types.LoggingConfiguration) { l.LogDestinationConfigs = []string{group + "x"} }, "WAFInvalidParameterException", "doesn't exist"},
		"the log group is of another Region": {func(l *types.LoggingConfiguration) { l.LogDestinationConfigs = []string{far} }, "WAFInvalidParameterException", "doesn't exist"},
		"the destination is a bucket":        {func(l *types.LoggingConfiguration) { l.LogDestinationConfigs = []string{"arn:aws:s3:::aws-waf-logs-x"} }, notServed, "logs of a web ACL to s3"},
		"it redacts the body":                {func(l *types.LoggingConfiguration) { l.RedactedFields = []types.FieldToMatch{{Body: &types.Body{}}} }, "WAFInvalidParameterException", "redact only"},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := &types.LoggingConfiguration{ResourceArn: acl.ARN, LogDestinationConfigs: []string{group}}
			c.change(wanted)
			_, err := client.PutLoggingConfiguration(t.Context(), &wafv2.PutLoggingConfigurationInput{LoggingConfiguration: wanted})
			wantRefusal(t, err, c.code, c.reason)
		})
	}
	if kept := w.adapter.kept.list(wafLogging); len(kept) != 0 {
		t.Errorf("kept %s", kept)
	}
}

// TestIAMJudgesLoggingConfigurations on the ARN of the web ACL, as AWS does.
func TestIAMJudgesLoggingConfigurations(t *testing.T) {
	w := newWorld(t)
	root := wafv2.NewFromConfig(w.config(testRegion))
	acl, other := newACL(w, root, types.ScopeRegional), newACL(w, root, types.ScopeRegional)
	group := logGroup(w, testRegion, "aws-waf-logs-"+newRequestID()[:8])
	put := func(client *wafv2.Client, arn *string) error {
		_, err := client.PutLoggingConfiguration(t.Context(), &wafv2.PutLoggingConfigurationInput{
			LoggingConfiguration: &types.LoggingConfiguration{ResourceArn: arn, LogDestinationConfigs: []string{group}},
		})
		return err
	}
	id, secret := w.user(allow("wafv2:PutLoggingConfiguration", *acl.ARN))
	may := wafv2.NewFromConfig(w.as(testRegion, id, secret))
	if err := put(may, acl.ARN); err != nil {
		t.Errorf("who may: %v", err)
	}
	wantRefusal(t, put(may, other.ARN), "AccessDeniedException", "wafv2:PutLoggingConfiguration")
	wantRefusal(t, put(wafv2.NewFromConfig(w.as(testRegion, id, "forged")), acl.ARN), "InvalidSignatureException", "")
	for name, err := range map[string]error{
		"Get":    second(may.GetLoggingConfiguration(t.Context(), &wafv2.GetLoggingConfigurationInput{ResourceArn: acl.ARN})),
		"List":   second(may.ListLoggingConfigurations(t.Context(), &wafv2.ListLoggingConfigurationsInput{Scope: types.ScopeRegional})),
		"Delete": second(may.DeleteLoggingConfiguration(t.Context(), &wafv2.DeleteLoggingConfigurationInput{ResourceArn: acl.ARN})),
		"Update": second(may.UpdateWebACL(t.Context(), &wafv2.UpdateWebACLInput{
			Id: acl.Id, Name: acl.Name, Scope: types.ScopeRegional, DefaultAction: allowed, VisibilityConfig: visible, LockToken: acl.LockToken,
		})),
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, err, "AccessDeniedException", "wafv2:"+name) })
	}
	if found := must(root.GetLoggingConfiguration(t.Context(), &wafv2.GetLoggingConfigurationInput{ResourceArn: acl.ARN})); len(found.LoggingConfiguration.LogDestinationConfigs) != 1 {
		t.Error("a stranger deleted it")
	}
}

func second[T any](_ T, err error) error { return err }
