package apigw

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

func wantID(t *testing.T, id *string, length int) {
	t.Helper()
	if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(*id) || len(*id) != length {
		t.Errorf("id %q is not %d lower-case alphanumerics", *id, length)
	}
}

func TestAnAPIComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	created := must(f.client.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: aws.String("second"), ProtocolType: types.ProtocolTypeWebsocket,
		RouteSelectionExpression:  aws.String("${request.body.kind}-$request.body.action"),
		ApiKeySelectionExpression: aws.String("$context.authorizer.usageIdentifierKey"),
		Description:               aws.String("d"), Version: aws.String("1"),
		DisableExecuteApiEndpoint: aws.Bool(true), DisableSchemaValidation: aws.Bool(true),
		IpAddressType: types.IpAddressTypeDualstack, Tags: map[string]string{"a": "1"},
	}))
	wantID(t, created.ApiId, 10)
	got := must(f.client.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: created.ApiId}))
	equal(t, "endpoint", *got.ApiEndpoint, "ws://127.0.0.1:4566/_aws/execute-api/"+*created.ApiId)
	equal(t, "created", got.CreatedDate.String(), "2026-11-22 10:00:00 +0000 UTC")
	equal(t, "name", *got.Name, "second")
	equal(t, "selection", *got.RouteSelectionExpression, "${request.body.kind}-$request.body.action")
	equal(t, "key selection", *got.ApiKeySelectionExpression, "$context.authorizer.usageIdentifierKey")
	equal(t, "disabled", *got.DisableExecuteApiEndpoint, true)
	equal(t, "validation", *got.DisableSchemaValidation, true)
	equal(t, "address type", got.IpAddressType, types.IpAddressTypeDualstack)
	equal(t, "tag", got.Tags["a"], "1")

	updated := must(f.client.UpdateApi(ctx, &apigatewayv2.UpdateApiInput{
		ApiId: created.ApiId, Name: aws.String("third"), Description: aws.String(""), DisableExecuteApiEndpoint: aws.Bool(false),
	}))
	equal(t, "name", *updated.Name, "third")
	equal(t, "description", updated.Description, nil)
	equal(t, "version", *updated.Version, "1")
	equal(t, "disabled", *updated.DisableExecuteApiEndpoint, false)

	equal(t, "listed", len(must(f.client.GetApis(ctx, &apigatewayv2.GetApisInput{})).Items), 2)
	must(f.client.DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: created.ApiId}))
	_, err := f.client.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: created.ApiId})
	wantRefusal(t, err, "NotFoundException", "Invalid API identifier specified 000000000000:"+*created.ApiId)
}

func TestAnAPIHasAWSDefaults(t *testing.T) {
	f := newFixture(t)
	got := must(f.client.GetApi(t.Context(), &apigatewayv2.GetApiInput{ApiId: f.api}))
	equal(t, "key selection", *got.ApiKeySelectionExpression, "$request.header.x-api-key")
	equal(t, "address type", got.IpAddressType, types.IpAddressTypeIpv4)
	equal(t, "disabled", *got.DisableExecuteApiEndpoint, false)
	equal(t, "tags", len(got.Tags), 0)
}

func TestARouteComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	integration, authorizer := f.newProxy(), f.newAuthorizer("a")
	created := must(f.client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: f.api, RouteKey: aws.String("$connect"), ApiKeyRequired: aws.Bool(false),
		AuthorizationType: types.AuthorizationTypeCustom, AuthorizerId: authorizer,
		ModelSelectionExpression: aws.String(""), OperationName: aws.String("op"), RequestModels: map[string]string{},
		RouteResponseSelectionExpression: aws.String("$default"), Target: aws.String("integrations/" + *integration),
	}))
	wantID(t, created.RouteId, 7)
	get := &apigatewayv2.GetRouteInput{ApiId: f.api, RouteId: created.RouteId}
	got := must(f.client.GetRoute(ctx, get))
	equal(t, "key", *got.RouteKey, "$connect")
	equal(t, "api key", *got.ApiKeyRequired, false)
	equal(t, "authorization", got.AuthorizationType, types.AuthorizationTypeCustom)
	equal(t, "authorizer", *got.AuthorizerId, *authorizer)
	equal(t, "response selection", *got.RouteResponseSelectionExpression, "$default")
	equal(t, "target", *got.Target, "integrations/"+*integration)

	must(f.client.UpdateRoute(ctx, &apigatewayv2.UpdateRouteInput{
		ApiId: f.api, RouteId: created.RouteId, AuthorizationType: types.AuthorizationTypeNone, AuthorizerId: aws.String(""),
		Target: aws.String(""), RouteKey: aws.String("join"),
	}))
	got = must(f.client.GetRoute(ctx, get))
	equal(t, "key", *got.RouteKey, "join")
	equal(t, "authorizer", got.AuthorizerId, nil)
	equal(t, "target", got.Target, nil)
	equal(t, "operation", *got.OperationName, "op")

	must(f.client.DeleteRoute(ctx, &apigatewayv2.DeleteRouteInput{ApiId: f.api, RouteId: created.RouteId}))
	_, err := f.client.GetRoute(ctx, get)
	wantRefusal(t, err, "NotFoundException", "Invalid Route identifier specified")
}

// AWS stores an authorizer that no authorization type puts into effect
// (hashicorp/terraform-provider-aws issue 40833).
func TestAnAuthorizerWithoutAuthorizationTypeIsStoredOnAnyRoute(t *testing.T) {
	f := newFixture(t)
	created, err := f.client.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{
		ApiId: f.api, RouteKey: aws.String("$default"), AuthorizerId: f.newAuthorizer("a"),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.newStage("live", f.newDeployment())
	if must(f.plane.Stage(*f.api, "live")).Deployment.Routes["$default"].Authorizer != nil {
		t.Error("the authorizer is in force")
	}
	equal(t, "authorization", created.AuthorizationType, types.AuthorizationTypeNone)
}

func TestARouteResponseComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.newModel("reply")
	route := f.newRoute("join")
	created := must(f.client.CreateRouteResponse(ctx, &apigatewayv2.CreateRouteResponseInput{
		ApiId: f.api, RouteId: route, RouteResponseKey: aws.String("$default"),
		ResponseModels: map[string]string{"x": "reply"}, ModelSelectionExpression: aws.String("x"),
	}))
	wantID(t, created.RouteResponseId, 7)
	must(f.client.UpdateRouteResponse(ctx, &apigatewayv2.UpdateRouteResponseInput{
		ApiId: f.api, RouteId: route, RouteResponseId: created.RouteResponseId, ModelSelectionExpression: aws.String("y"),
	}))
	get := &apigatewayv2.GetRouteResponseInput{ApiId: f.api, RouteId: route, RouteResponseId: created.RouteResponseId}
	got := must(f.client.GetRouteResponse(ctx, get))
	equal(t, "key", *got.RouteResponseKey, "$default")
	equal(t, "selection", *got.ModelSelectionExpression, "y")
	equal(t, "model", got.ResponseModels["x"], "reply")
	equal(t, "listed", len(must(f.client.GetRouteResponses(ctx, &apigatewayv2.GetRouteResponsesInput{ApiId: f.api, RouteId: route})).Items), 1)
	must(f.client.DeleteRouteResponse(ctx, &apigatewayv2.DeleteRouteResponseInput{ApiId: f.api, RouteId: route, RouteResponseId: created.RouteResponseId}))
	_, err := f.client.GetRouteResponse(ctx, get)
	wantRefusal(t, err, "NotFoundException", "Invalid Route Response identifier specified")
}

func TestAnIntegrationHasAWSDefaults(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	proxy := must(f.client.GetIntegration(ctx, &apigatewayv2.GetIntegrationInput{ApiId: f.api, IntegrationId: f.newProxy()}))
	wantID(t, proxy.IntegrationId, 7)
	equal(t, "method", *proxy.IntegrationMethod, "POST")
	equal(t, "connection", proxy.ConnectionType, types.ConnectionTypeInternet)
	equal(t, "payload", *proxy.PayloadFormatVersion, "1.0")
	equal(t, "passthrough", proxy.PassthroughBehavior, types.PassthroughBehaviorWhenNoMatch)
	equal(t, "timeout", *proxy.TimeoutInMillis, 29000)
	equal(t, "response selection", proxy.IntegrationResponseSelectionExpression, nil)
	mock := must(f.client.GetIntegration(ctx, &apigatewayv2.GetIntegrationInput{ApiId: f.api, IntegrationId: f.newMock()}))
	equal(t, "response selection", *mock.IntegrationResponseSelectionExpression, "${integration.response.statuscode}")
	equal(t, "method", mock.IntegrationMethod, nil)
}

func TestAnIntegrationComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	created := must(f.client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: f.api, IntegrationType: types.IntegrationTypeMock, Description: aws.String("d"),
		PassthroughBehavior: types.PassthroughBehaviorNever, TimeoutInMillis: aws.Int32(50),
		RequestTemplates:            map[string]string{"$default": `{"statusCode":200}`},
		TemplateSelectionExpression: aws.String(`\$default`),
	}))
	must(f.client.UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{
		ApiId: f.api, IntegrationId: created.IntegrationId, IntegrationType: types.IntegrationTypeMock,
		TimeoutInMillis: aws.Int32(29000), RequestParameters: map[string]string{"integration.request.header.x": ""},
		RequestTemplates: map[string]string{"200": `{"statusCode":201}`}, TlsConfig: &types.TlsConfigInput{},
	}))
	got := must(f.client.GetIntegration(ctx, &apigatewayv2.GetIntegrationInput{ApiId: f.api, IntegrationId: created.IntegrationId}))
	equal(t, "description", *got.Description, "d")
	equal(t, "timeout", *got.TimeoutInMillis, 29000)
	equal(t, "templates", maps.Equal(got.RequestTemplates, map[string]string{"200": `{"statusCode":201}`}), true)
	equal(t, "selection", *got.TemplateSelectionExpression, `\$default`)
	equal(t, "listed", len(must(f.client.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: f.api})).Items), 1)

	response := must(f.client.CreateIntegrationResponse(ctx, &apigatewayv2.CreateIntegrationResponseInput{
		ApiId: f.api, IntegrationId: created.IntegrationId, IntegrationResponseKey: aws.String(`/2\d\d/`),
		ResponseTemplates: map[string]string{"200": `{"type":"pong"}`}, TemplateSelectionExpression: aws.String("200"),
	}))
	must(f.client.UpdateIntegrationResponse(ctx, &apigatewayv2.UpdateIntegrationResponseInput{
		ApiId: f.api, IntegrationId: created.IntegrationId, IntegrationResponseId: response.IntegrationResponseId,
		IntegrationResponseKey: aws.String("$default"),
	}))
	get := &apigatewayv2.GetIntegrationResponseInput{ApiId: f.api, IntegrationId: created.IntegrationId, IntegrationResponseId: response.IntegrationResponseId}
	read := must(f.client.GetIntegrationResponse(ctx, get))
	equal(t, "key", *read.IntegrationResponseKey, "$default")
	equal(t, "template", read.ResponseTemplates["200"], `{"type":"pong"}`)
	equal(t, "listed", len(must(f.client.GetIntegrationResponses(ctx, &apigatewayv2.GetIntegrationResponsesInput{
		ApiId: f.api, IntegrationId: created.IntegrationId,
	})).Items), 1)
	must(f.client.DeleteIntegrationResponse(ctx, &apigatewayv2.DeleteIntegrationResponseInput{
		ApiId: f.api, IntegrationId: created.IntegrationId, IntegrationResponseId: response.IntegrationResponseId,
	}))
	_, err := f.client.GetIntegrationResponse(ctx, get)
	wantRefusal(t, err, "NotFoundException", "Invalid Integration Response identifier specified")

	must(f.client.DeleteIntegration(ctx, &apigatewayv2.DeleteIntegrationInput{ApiId: f.api, IntegrationId: created.IntegrationId}))
	_, err = f.client.GetIntegration(ctx, &apigatewayv2.GetIntegrationInput{ApiId: f.api, IntegrationId: created.IntegrationId})
	wantRefusal(t, err, "NotFoundException", "Invalid Integration identifier specified")
}

func TestAnAuthorizerComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	id := f.newAuthorizer("a")
	wantID(t, id, 6)
	must(f.client.UpdateAuthorizer(ctx, &apigatewayv2.UpdateAuthorizerInput{
		ApiId: f.api, AuthorizerId: id, Name: aws.String("b"),
		IdentitySource: []string{"route.request.querystring.room", "stageVariables.x"},
	}))
	got := must(f.client.GetAuthorizer(ctx, &apigatewayv2.GetAuthorizerInput{ApiId: f.api, AuthorizerId: id}))
	equal(t, "name", *got.Name, "b")
	equal(t, "type", got.AuthorizerType, types.AuthorizerTypeRequest)
	equal(t, "uri", *got.AuthorizerUri, functionURI1)
	equal(t, "ttl", got.AuthorizerResultTtlInSeconds, nil)
	equal(t, "sources", slices.Equal(got.IdentitySource, []string{"route.request.querystring.room", "stageVariables.x"}), true)
	equal(t, "listed", len(must(f.client.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: f.api})).Items), 1)
	must(f.client.DeleteAuthorizer(ctx, &apigatewayv2.DeleteAuthorizerInput{ApiId: f.api, AuthorizerId: id}))
	_, err := f.client.GetAuthorizer(ctx, &apigatewayv2.GetAuthorizerInput{ApiId: f.api, AuthorizerId: id})
	wantRefusal(t, err, "NotFoundException", "Invalid Authorizer identifier specified")
}

func TestAModelComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	id := f.newModel("message")
	must(f.client.UpdateModel(ctx, &apigatewayv2.UpdateModelInput{ApiId: f.api, ModelId: id, Description: aws.String("d"), Name: aws.String("text")}))
	got := must(f.client.GetModel(ctx, &apigatewayv2.GetModelInput{ApiId: f.api, ModelId: id}))
	equal(t, "name", *got.Name, "text")
	equal(t, "schema", *got.Schema, messageModel)
	equal(t, "description", *got.Description, "d")
	equal(t, "listed", len(must(f.client.GetModels(ctx, &apigatewayv2.GetModelsInput{ApiId: f.api})).Items), 1)
	must(f.client.DeleteModel(ctx, &apigatewayv2.DeleteModelInput{ApiId: f.api, ModelId: id}))
	_, err := f.client.GetModel(ctx, &apigatewayv2.GetModelInput{ApiId: f.api, ModelId: id})
	wantRefusal(t, err, "NotFoundException", "Invalid Model identifier specified")
}

func TestADeploymentComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.newRoute("$default")
	f.newStage("live", nil)
	created := must(f.client.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: f.api, StageName: aws.String("live")}))
	wantID(t, created.DeploymentId, 6)
	equal(t, "status", created.DeploymentStatus, types.DeploymentStatusDeployed)
	stage := must(f.client.GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: f.api, StageName: aws.String("live")}))
	equal(t, "the stage's deployment", *stage.DeploymentId, *created.DeploymentId)
	must(f.client.UpdateDeployment(ctx, &apigatewayv2.UpdateDeploymentInput{ApiId: f.api, DeploymentId: created.DeploymentId, Description: aws.String("d")}))
	got := must(f.client.GetDeployment(ctx, &apigatewayv2.GetDeploymentInput{ApiId: f.api, DeploymentId: created.DeploymentId}))
	equal(t, "description", *got.Description, "d")
	equal(t, "auto", *got.AutoDeployed, false)
	equal(t, "listed", len(must(f.client.GetDeployments(ctx, &apigatewayv2.GetDeploymentsInput{ApiId: f.api})).Items), 1)
	must(f.client.DeleteStage(ctx, &apigatewayv2.DeleteStageInput{ApiId: f.api, StageName: aws.String("live")}))
	must(f.client.DeleteDeployment(ctx, &apigatewayv2.DeleteDeploymentInput{ApiId: f.api, DeploymentId: created.DeploymentId}))
	_, err := f.client.GetDeployment(ctx, &apigatewayv2.GetDeploymentInput{ApiId: f.api, DeploymentId: created.DeploymentId})
	wantRefusal(t, err, "NotFoundException", "Invalid Deployment identifier specified")
}

func TestAStageComesBackAsItWasMade(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.newRoute("$connect")
	f.newRoute("join")
	deployment := f.newDeployment()
	name := aws.String("live")
	must(f.client.CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: f.api, StageName: name, DeploymentId: deployment, Description: aws.String("d"), AutoDeploy: aws.Bool(false),
		AccessLogSettings: &types.AccessLogSettings{DestinationArn: aws.String(logGroup), Format: aws.String("$context.requestId")},
		DefaultRouteSettings: &types.RouteSettings{
			ThrottlingBurstLimit: aws.Int32(7), ThrottlingRateLimit: aws.Float64(0.5), LoggingLevel: types.LoggingLevelError,
		},
		RouteSettings:  map[string]types.RouteSettings{"join": {ThrottlingBurstLimit: aws.Int32(3)}, "$connect": {DetailedMetricsEnabled: aws.Bool(true)}},
		StageVariables: map[string]string{"a": "1", "b": "2"}, Tags: map[string]string{"t": "u"},
	}))
	read := func() *apigatewayv2.GetStageOutput {
		return must(f.client.GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: f.api, StageName: name}))
	}
	got := read()
	equal(t, "format", *got.AccessLogSettings.Format, "$context.requestId")
	equal(t, "burst", *got.DefaultRouteSettings.ThrottlingBurstLimit, 7)
	equal(t, "rate", *got.DefaultRouteSettings.ThrottlingRateLimit, 0.5)
	equal(t, "level", got.DefaultRouteSettings.LoggingLevel, types.LoggingLevelError)
	equal(t, "trace", *got.DefaultRouteSettings.DataTraceEnabled, false)
	equal(t, "route burst", *got.RouteSettings["join"].ThrottlingBurstLimit, 3)
	equal(t, "route rate", got.RouteSettings["join"].ThrottlingRateLimit, nil)
	equal(t, "auto deploy", *got.AutoDeploy, false)
	equal(t, "tag", got.Tags["t"], "u")

	must(f.client.UpdateStage(ctx, &apigatewayv2.UpdateStageInput{
		ApiId: f.api, StageName: name, StageVariables: map[string]string{"a": "", "c": "3"},
		AccessLogSettings: &types.AccessLogSettings{},
		RouteSettings:     map[string]types.RouteSettings{"join": {ThrottlingRateLimit: aws.Float64(1)}},
	}))
	got = read()
	equal(t, "variables", maps.Equal(got.StageVariables, map[string]string{"b": "2", "c": "3"}), true)
	equal(t, "access log", got.AccessLogSettings, nil)
	equal(t, "route burst", *got.RouteSettings["join"].ThrottlingBurstLimit, 3)
	equal(t, "route rate", *got.RouteSettings["join"].ThrottlingRateLimit, 1)
	equal(t, "description", *got.Description, "d")

	remove := &apigatewayv2.DeleteRouteSettingsInput{ApiId: f.api, StageName: name, RouteKey: aws.String("$connect")}
	must(f.client.DeleteRouteSettings(ctx, remove))
	equal(t, "route settings", len(read().RouteSettings), 1)
	_, err := f.client.DeleteRouteSettings(ctx, remove)
	wantRefusal(t, err, "NotFoundException", "Unable to find Route by key $connect")
	must(f.client.UpdateStage(ctx, &apigatewayv2.UpdateStageInput{
		ApiId: f.api, StageName: name,
		AccessLogSettings: &types.AccessLogSettings{DestinationArn: aws.String(logGroup), Format: aws.String("$context.requestId")},
	}))
	must(f.client.DeleteAccessLogSettings(ctx, &apigatewayv2.DeleteAccessLogSettingsInput{ApiId: f.api, StageName: name}))
	equal(t, "access log", read().AccessLogSettings, nil)
	equal(t, "listed", len(must(f.client.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: f.api})).Items), 1)
	must(f.client.DeleteStage(ctx, &apigatewayv2.DeleteStageInput{ApiId: f.api, StageName: name}))
	_, err = f.client.GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: f.api, StageName: name})
	wantRefusal(t, err, "NotFoundException", "Invalid stage identifier specified")
}

func TestTagsOfAPIsAndStages(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.newStage("live", nil)
	for _, arn := range []string{
		"arn:aws:apigateway:us-east-1::/apis/" + *f.api,
		"arn:aws:apigateway:us-east-1::/apis/" + *f.api + "/stages/live",
	} {
		must(f.client.TagResource(ctx, &apigatewayv2.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2", "c d": "é&"}}))
		must(f.client.UntagResource(ctx, &apigatewayv2.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a", "b"}}))
		got := must(f.client.GetTags(ctx, &apigatewayv2.GetTagsInput{ResourceArn: &arn}))
		equal(t, arn, maps.Equal(got.Tags, map[string]string{"c d": "é&"}), true)
		_, err := f.client.TagResource(ctx, &apigatewayv2.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"aws:x": "1"}})
		wantRefusal(t, err, "BadRequestException", "the prefix aws: is reserved")
	}
	equal(t, "tags of the API", len(must(f.client.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: f.api})).Tags), 1)
	for _, arn := range []string{
		"arn:aws:apigateway:eu-west-1::/apis/" + *f.api,
		"arn:aws:apigateway:us-east-1::/apis/" + *f.api + "/stages/none",
		"arn:aws:apigateway:us-east-1::/apis/none",
		"arn:aws:s3:::bucket",
	} {
		_, err := f.client.GetTags(ctx, &apigatewayv2.GetTagsInput{ResourceArn: &arn})
		wantRefusal(t, err, "NotFoundException", "Invalid")
	}
}
