package localaws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/aws/smithy-go"
	"github.com/coder/websocket"
)

// TestADistributionInFrontOfAnAPI from its creation by CloudFront's API to a
// message, with its web ACL, over a restart, until it is deleted.
func TestADistributionInFrontOfAnAPI(t *testing.T) {
	folder := openFolder(t)
	stack := start(t, folder)
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	root := as(stack, RootAccessKeyID, RootSecretAccessKey)
	root.Region = "us-east-1"
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	gateway := apigatewayv2.NewFromConfig(root)
	api, err := gateway.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("chat"), ProtocolType: apitypes.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	})
	must(nil, err)
	must(gateway.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{ApiId: api.ApiId, RouteKey: aws.String("$default")}))
	deployment, err := gateway.CreateDeployment(t.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	must(nil, err)
	must(gateway.CreateStage(t.Context(), &apigatewayv2.CreateStageInput{ApiId: api.ApiId, StageName: aws.String("live"), DeploymentId: deployment.DeploymentId}))
	waf := wafv2.NewFromConfig(root)
	visible := func(metric string) *waftypes.VisibilityConfig {
		return &waftypes.VisibilityConfig{MetricName: &metric, CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true}
	}
	acl := &wafv2.CreateWebACLInput{
		Name: aws.String("edge"), Scope: waftypes.ScopeCloudfront, DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}}, VisibilityConfig: visible("edge"),
		CustomResponseBodies: map[string]waftypes.CustomResponseBody{"slow": {Content: aws.String(`{"message":"slow down"}`), ContentType: waftypes.ResponseContentTypeApplicationJson}},
		Rules: []waftypes.Rule{
			{
				Name: aws.String("common"), Priority: 0, OverrideAction: &waftypes.OverrideAction{None: &waftypes.NoneAction{}}, VisibilityConfig: visible("common"),
				Statement: &waftypes.Statement{ManagedRuleGroupStatement: &waftypes.ManagedRuleGroupStatement{VendorName: aws.String("AWS"), Name: aws.String("AWSManagedRulesCommonRuleSet")}},
			},
			{
				Name: aws.String("bad"), Priority: 1, VisibilityConfig: visible("bad"),
				Action: &waftypes.RuleAction{Block: &waftypes.BlockAction{CustomResponse: &waftypes.CustomResponse{ResponseCode: aws.Int32(429), CustomResponseBodyKey: aws.String("slow")}}},
				Statement: &waftypes.Statement{ByteMatchStatement: &waftypes.ByteMatchStatement{
					SearchString: []byte("bad"), PositionalConstraint: waftypes.PositionalConstraintContains, FieldToMatch: &waftypes.FieldToMatch{QueryString: &waftypes.QueryString{}},
					TextTransformations: []waftypes.TextTransformation{{Type: waftypes.TextTransformationTypeNone}},
				}},
			},
		},
	}
	made, err := waf.CreateWebACL(t.Context(), acl)
	must(nil, err)

	front := cloudfront.NewFromConfig(root)
	config := &types.DistributionConfig{
		CallerReference: aws.String("once"), Comment: aws.String(""), Enabled: aws.Bool(true), WebACLId: made.Summary.ARN,
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
			Id: aws.String("api"), DomainName: aws.String("127.0.0.1"), OriginPath: aws.String("/_aws/execute-api/" + *api.ApiId),
			CustomOriginConfig: &types.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: aws.String("api"), ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly,
			CachePolicyId: aws.String("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"), OriginRequestPolicyId: aws.String("b689b0a8-53d0-40ab-baf2-68738e2966ac"),
		},
	}
	refusing := *config.DefaultCacheBehavior
	refusing.FunctionAssociations = &types.FunctionAssociations{Quantity: aws.Int32(1), Items: []types.FunctionAssociation{{EventType: types.EventTypeViewerRequest, FunctionARN: aws.String("arn:aws:cloudfront::000000000000:function/f")}}}
	withFunction := *config
	withFunction.DefaultCacheBehavior = &refusing
	var refused smithy.APIError
	if _, err := front.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: &withFunction}); !errors.As(err, &refused) || !strings.Contains(refused.ErrorMessage(), "not served by the local stack: cloudfront:CreateDistribution with FunctionAssociations") {
		t.Fatalf("error %v", err)
	}
	created, err := front.CreateDistribution(t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: config})
	must(nil, err)

	get := func(url string) (int, string) {
		t.Helper()
		res, err := http.Get(url)
		must(nil, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		must(nil, err)
		return res.StatusCode, string(body)
	}
	check := func(stack *Stack) {
		t.Helper()
		url := stack.Description().Edge
		conn, _, err := websocket.Dial(t.Context(), url+"/live?a=b", nil)
		must(nil, err)
		must(nil, conn.Write(t.Context(), websocket.MessageText, []byte("x")))
		if _, frame, err := conn.Read(t.Context()); err != nil || !strings.Contains(string(frame), "connectionId") {
			t.Errorf("%s, %v", frame, err)
		}
		must(nil, conn.CloseNow())
		if status, body := get(url + "/live?bad"); status != 429 || body != `{"message":"slow down"}` {
			t.Errorf("status %d, %s", status, body)
		}
		served := stack.edge.Status(t.Context())
		if len(served) != 1 || served[0].ID != *created.Distribution.Id || served[0].URL != url || len(served[0].NotEvaluated) != 1 || served[0].NotEvaluated[0].Rule != "common" {
			t.Errorf("status %+v", served)
		}
	}
	check(stack)
	stack.Close(t.Context())
	stack = start(t, folder)
	check(stack)

	// An update of the web ACL is in force when it has been answered.
	root.BaseEndpoint = aws.String(stack.Endpoint())
	waf, front = wafv2.NewFromConfig(root), cloudfront.NewFromConfig(root)
	found, err := waf.GetWebACL(t.Context(), &wafv2.GetWebACLInput{Id: made.Summary.Id, Name: acl.Name, Scope: acl.Scope})
	must(nil, err)
	must(waf.UpdateWebACL(t.Context(), &wafv2.UpdateWebACLInput{
		Id: made.Summary.Id, Name: acl.Name, Scope: acl.Scope, LockToken: found.LockToken, Rules: []waftypes.Rule{}, DefaultAction: acl.DefaultAction, VisibilityConfig: acl.VisibilityConfig,
	}))
	if status, body := get(stack.Description().Edge + "/live?bad"); status != http.StatusUpgradeRequired {
		t.Errorf("status %d after the rule is gone: %s", status, body)
	}

	// Disabled, then deleted, as Terraform does.
	current, err := front.GetDistributionConfig(t.Context(), &cloudfront.GetDistributionConfigInput{Id: created.Distribution.Id})
	must(nil, err)
	current.DistributionConfig.Enabled = aws.Bool(false)
	disabled, err := front.UpdateDistribution(t.Context(), &cloudfront.UpdateDistributionInput{Id: created.Distribution.Id, IfMatch: current.ETag, DistributionConfig: current.DistributionConfig})
	must(nil, err)
	if status, body := get(stack.Description().Edge + "/live"); status != http.StatusNotFound || !strings.Contains(body, "no distribution") {
		t.Errorf("status %d after it is disabled: %s", status, body)
	}
	must(front.DeleteDistribution(t.Context(), &cloudfront.DeleteDistributionInput{Id: created.Distribution.Id, IfMatch: disabled.ETag}))
}
