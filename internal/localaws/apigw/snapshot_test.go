package apigw

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// deployed makes an API that uses everything, and a stage that serves it.
func deployed(t *testing.T) (f *fixture, ids map[string]*string) {
	t.Helper()
	f = newFixture(t)
	ctx := t.Context()
	ids = map[string]*string{
		"proxy": f.newProxy(), "mock": f.newMock(), "authorizer": f.newAuthorizer("a"), "model": f.newModel("message"),
	}
	ids["$connect"] = must(f.client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: f.api, RouteKey: aws.String("$connect"), AuthorizationType: types.AuthorizationTypeCustom, AuthorizerId: ids["authorizer"],
	})).RouteId
	ids["send"] = must(f.client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: f.api, RouteKey: aws.String("send"), Target: aws.String("integrations/" + *ids["proxy"]),
		RouteResponseSelectionExpression: aws.String("$default"),
	})).RouteId
	ids["ping"] = must(f.client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: f.api, RouteKey: aws.String("ping"), Target: aws.String("integrations/" + *ids["mock"]),
	})).RouteId
	ids["response"] = must(f.client.CreateRouteResponse(ctx, &apigatewayv2.CreateRouteResponseInput{
		ApiId: f.api, RouteId: ids["send"], RouteResponseKey: aws.String("$default"), ResponseModels: map[string]string{"x": "message"},
	})).RouteResponseId
	ids["pong"] = must(f.client.CreateIntegrationResponse(ctx, &apigatewayv2.CreateIntegrationResponseInput{
		ApiId: f.api, IntegrationId: ids["mock"], IntegrationResponseKey: aws.String("$default"),
		ResponseTemplates: map[string]string{"$default": "pong"},
	})).IntegrationResponseId
	ids["deployment"] = f.newDeployment()
	f.newStage("live", ids["deployment"])
	return f, ids
}

func checkDeployed(t *testing.T, f *fixture, ids map[string]*string) {
	t.Helper()
	stage := must(f.plane.Stage(*f.api, "live"))
	equal(t, "region", stage.Region, "us-east-1")
	equal(t, "account", stage.AccountID, "000000000000")
	equal(t, "deployment id", stage.DeploymentID, *ids["deployment"])
	equal(t, "disabled", stage.DisableExecuteAPIEndpoint, false)
	d := stage.Deployment
	equal(t, "selection", d.RouteSelectionExpression, "$request.body.action")
	equal(t, "routes", len(d.Routes), 3)
	connect, send, ping := d.Routes["$connect"], d.Routes["send"], d.Routes["ping"]
	equal(t, "authorizer", connect.Authorizer.URI, functionURI1)
	equal(t, "identity source", connect.Authorizer.IdentitySources[0], "route.request.header.Origin")
	equal(t, "integration of $connect", connect.Integration, nil)
	equal(t, "type", send.Integration.Type, "AWS_PROXY")
	equal(t, "timeout", send.Integration.Timeout, 29*time.Second)
	equal(t, "model", send.RouteResponses["$default"].ResponseModels["x"], Model{"message", "application/json", messageModel})
	equal(t, "response", send.RouteResponses["$default"].ID, *ids["response"])
	equal(t, "template", ping.Integration.Responses["$default"].ResponseTemplates["$default"], "pong")
}

func TestADeploymentIsASnapshot(t *testing.T) {
	f, ids := deployed(t)
	checkDeployed(t, f, ids)
	ctx := t.Context()
	must(f.client.UpdateApi(ctx, &apigatewayv2.UpdateApiInput{
		ApiId: f.api, RouteSelectionExpression: aws.String("$request.body.kind"), DisableExecuteApiEndpoint: aws.Bool(true),
	}))
	must(f.client.UpdateRoute(ctx, &apigatewayv2.UpdateRouteInput{ApiId: f.api, RouteId: ids["$connect"], AuthorizationType: types.AuthorizationTypeNone, AuthorizerId: aws.String("")}))
	must(f.client.UpdateAuthorizer(ctx, &apigatewayv2.UpdateAuthorizerInput{ApiId: f.api, AuthorizerId: ids["authorizer"], IdentitySource: []string{}}))
	must(f.client.DeleteAuthorizer(ctx, &apigatewayv2.DeleteAuthorizerInput{ApiId: f.api, AuthorizerId: ids["authorizer"]}))
	must(f.client.UpdateModel(ctx, &apigatewayv2.UpdateModelInput{ApiId: f.api, ModelId: ids["model"], Schema: aws.String("{}")}))
	must(f.client.UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{ApiId: f.api, IntegrationId: ids["proxy"], TimeoutInMillis: aws.Int32(50)}))
	must(f.client.UpdateIntegrationResponse(ctx, &apigatewayv2.UpdateIntegrationResponseInput{
		ApiId: f.api, IntegrationId: ids["mock"], IntegrationResponseId: ids["pong"], ResponseTemplates: map[string]string{"$default": "changed"},
	}))
	must(f.client.DeleteRouteResponse(ctx, &apigatewayv2.DeleteRouteResponseInput{ApiId: f.api, RouteId: ids["send"], RouteResponseId: ids["response"]}))
	must(f.client.DeleteRoute(ctx, &apigatewayv2.DeleteRouteInput{ApiId: f.api, RouteId: ids["ping"]}))
	f.newRoute("history")
	checkDeployed(t, f, ids)

	f.newStage("next", f.newDeployment())
	next := must(f.plane.Stage(*f.api, "next"))
	equal(t, "disabled", next.DisableExecuteAPIEndpoint, true)
	equal(t, "selection", next.Deployment.RouteSelectionExpression, "$request.body.kind")
	equal(t, "ping", next.Deployment.Routes["ping"], nil)
	equal(t, "timeout", next.Deployment.Routes["send"].Integration.Timeout, 50*time.Millisecond)
	checkDeployed(t, f, ids)
}

func TestAStageOfNoDeploymentHasNone(t *testing.T) {
	f := newFixture(t)
	f.newStage("live", nil)
	equal(t, "deployment", must(f.plane.Stage(*f.api, "live")).Deployment, nil)
	if _, err := f.plane.Stage(*f.api, "none"); !errors.Is(err, ErrNoStage) {
		t.Errorf("got %v, want ErrNoStage", err)
	}
	if _, err := f.plane.Stage("none", "live"); !errors.Is(err, ErrNoAPI) {
		t.Errorf("got %v, want ErrNoAPI", err)
	}
	f.plane.Reset()
	if _, err := f.plane.Stage(*f.api, "live"); !errors.Is(err, ErrNoAPI) {
		t.Errorf("after Reset: got %v, want ErrNoAPI", err)
	}
}

func TestThrottlesAreInForceAsAWSAppliesThem(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	for _, key := range []string{"a", "b", "c"} {
		f.newRoute(key)
	}
	settings := func(defaults *types.RouteSettings, routes map[string]types.RouteSettings) Stage {
		t.Helper()
		must(f.client.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: f.api, StageName: aws.String("live"), DefaultRouteSettings: defaults, RouteSettings: routes}))
		defer f.client.DeleteStage(ctx, &apigatewayv2.DeleteStageInput{ApiId: f.api, StageName: aws.String("live")})
		return must(f.plane.Stage(*f.api, "live"))
	}
	unset := settings(nil, nil).DefaultRouteSettings
	equal(t, "nothing set", unset, RouteSettings{ThrottlingBurstLimit: 5000, ThrottlingRateLimit: 10000, LoggingLevel: "OFF"})

	// What the Terraform provider sends for a block without limits.
	zero := settings(&types.RouteSettings{ThrottlingBurstLimit: aws.Int32(0), ThrottlingRateLimit: aws.Float64(0)}, nil).DefaultRouteSettings
	equal(t, "burst of 0", zero.ThrottlingBurstLimit, 0)
	equal(t, "rate of 0", zero.ThrottlingRateLimit, 0)

	stage := settings(
		&types.RouteSettings{ThrottlingBurstLimit: aws.Int32(6000), ThrottlingRateLimit: aws.Float64(50), LoggingLevel: types.LoggingLevelError},
		map[string]types.RouteSettings{
			"a": {ThrottlingRateLimit: aws.Float64(99999), DataTraceEnabled: aws.Bool(true)},
			"b": {ThrottlingBurstLimit: aws.Int32(1), LoggingLevel: types.LoggingLevelOff},
		})
	equal(t, "stage", stage.DefaultRouteSettings, RouteSettings{ThrottlingBurstLimit: 5000, ThrottlingRateLimit: 50, LoggingLevel: "ERROR"})
	equal(t, "a", stage.RouteSettings["a"], RouteSettings{ThrottlingBurstLimit: 5000, ThrottlingRateLimit: 10000, LoggingLevel: "ERROR", DataTraceEnabled: true})
	equal(t, "b", stage.RouteSettings["b"], RouteSettings{ThrottlingBurstLimit: 1, ThrottlingRateLimit: 50, LoggingLevel: "OFF"})
	if _, ok := stage.RouteSettings["c"]; ok {
		t.Error("a route without settings has an entry")
	}
}

func TestFunctionARN(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:chat-message"
	for qualifier, legal := range map[string]bool{"": true, ":live": true, ":7": true, ":$LATEST": true, ":": false, ":a:b": false} {
		got, err := FunctionARN("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + function + qualifier + "/invocations")
		if legal != (err == nil) || legal && got != function+qualifier {
			t.Errorf("qualifier %q: got %q, %v", qualifier, got, err)
		}
	}
	for _, uri := range []string{"", function, "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + function + "/invocations/x"} {
		if got, err := FunctionARN(uri); err == nil {
			t.Errorf("%q: got %q, want an error", uri, got)
		}
	}
}
