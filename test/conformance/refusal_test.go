package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/smithy-go"
)

// wantRefusal checks the error type of a refusal, and where AWS's own text is
// known a part of it.
func wantRefusal(t *T, err error, kind, text string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		t.Fatalf("not refused: %v", err)
	}
	if refused.ErrorCode() != kind || !strings.Contains(refused.ErrorMessage(), text) {
		t.Errorf("refused with %s: %s\nwant %s: %s", refused.ErrorCode(), refused.ErrorMessage(), kind, text)
	}
}

// refusalCases are requests to the control plane that AWS refuses.
func refusalCases() []testCase {
	const bad, missing, clash = "BadRequestException", "NotFoundException", "ConflictException"
	var cases []testCase
	add := func(section, name string, source source, kind, text string, request func(ctx context.Context, t *T, a *api) error) {
		cases = append(cases, testCase{section: section, name: name, source: source, run: func(t *T) {
			wantRefusal(t, request(t.Context(), t, t.Open), kind, text)
		}})
	}
	type (
		routeInput       = apigatewayv2.CreateRouteInput
		authorizerInput  = apigatewayv2.CreateAuthorizerInput
		integrationInput = apigatewayv2.CreateIntegrationInput
		stageInput       = apigatewayv2.CreateStageInput
		apiInput         = apigatewayv2.CreateApiInput
	)
	apiWith := func(section, name string, source source, change func(*apiInput)) {
		add(section, name, source, bad, "", func(ctx context.Context, t *T, _ *api) error {
			in := &apiInput{Name: &t.world.Name, ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action")}
			change(in)
			_, err := t.control.CreateApi(ctx, in)
			return err
		})
	}
	routeWith := func(section, name string, source source, kind string, change func(*T, *routeInput)) {
		add(section, name, source, kind, "", func(ctx context.Context, t *T, a *api) error {
			in := &routeInput{ApiId: &a.ID, RouteKey: aws.String("refused")}
			change(t, in)
			_, err := t.control.CreateRoute(ctx, in)
			return err
		})
	}
	authorizerWith := func(section, name string, source source, text string, change func(*T, *authorizerInput)) {
		add(section, name, source, bad, text, func(ctx context.Context, t *T, a *api) error {
			in := &authorizerInput{ApiId: &a.ID, Name: aws.String("refused"), AuthorizerType: types.AuthorizerTypeRequest, AuthorizerUri: aws.String(t.functionURI()), IdentitySource: []string{}}
			change(t, in)
			_, err := t.control.CreateAuthorizer(ctx, in)
			return err
		})
	}
	integrationWith := func(section, name string, source source, change func(*integrationInput)) {
		add(section, name, source, bad, "", func(ctx context.Context, t *T, a *api) error {
			in := &integrationInput{ApiId: &a.ID, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationMethod: aws.String("POST"), IntegrationUri: aws.String(t.functionURI())}
			change(in)
			_, err := t.control.CreateIntegration(ctx, in)
			return err
		})
	}
	stageWith := func(section, name string, source source, kind string, change func(*T, *stageInput)) {
		add(section, name, source, kind, "", func(ctx context.Context, t *T, a *api) error {
			in := &stageInput{ApiId: &a.ID, StageName: aws.String("refused"), DeploymentId: &a.Deployment}
			change(t, in)
			_, err := t.control.CreateStage(ctx, in)
			return err
		})
	}

	createRoute, createAuthorizer, createIntegration, createStage, createAPI := reference("CreateRoute"), reference("CreateAuthorizer"), reference("CreateIntegration"), reference("CreateStage"), reference("CreateApi")

	apiWith("2.1", "an API of an unknown protocol is refused", createAPI, func(i *apiInput) { i.ProtocolType = "REST" })
	apiWith("3.3", "an API without selection expression is refused", createAPI, func(i *apiInput) { i.RouteSelectionExpression = nil })
	apiWith("3.3", "an HTTP API's selection expression is refused", docs("apigateway-websocket-api-selection-expressions"), func(i *apiInput) {
		i.RouteSelectionExpression = aws.String("$request.method $request.path")
	})
	apiWith("2.8", "an API key expression other than the two of AWS is refused", docs("apigateway-websocket-api-selection-expressions"), func(i *apiInput) {
		i.ApiKeySelectionExpression = aws.String("$request.header.key")
	})
	apiWith("2.3", "CORS of an API is refused", createAPI, func(i *apiInput) { i.CorsConfiguration = &types.Cors{} })
	cases = append(cases, testCase{section: "2.8", name: "both API key expressions of AWS are kept", source: docs("apigateway-websocket-api-selection-expressions"), run: func(t *T) {
		for _, expression := range []string{"$request.header.x-api-key", "$context.authorizer.usageIdentifierKey"} {
			made, err := t.control.CreateApi(t.Context(), &apiInput{
				Name: &t.world.Name, ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"), ApiKeySelectionExpression: &expression,
			})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "expression", aws.ToString(made.ApiKeySelectionExpression), expression)
			if _, err := t.control.DeleteApi(t.Context(), &apigatewayv2.DeleteApiInput{ApiId: made.ApiId}); err != nil {
				t.Error(err)
			}
		}
	}})

	routeWith("2.1", "JWT authorization of a route is refused", createRoute, bad, func(_ *T, i *routeInput) {
		i.RouteKey, i.AuthorizationType = aws.String("jwt"), types.AuthorizationTypeJwt
	})
	routeWith("2.1", "an unknown authorization of a route is refused", createRoute, bad, func(_ *T, i *routeInput) { i.AuthorizationType = "BASIC" })
	routeWith("2.1", "an authorizer on a route other than $connect is refused", docs("apigateway-websocket-api-lambda-auth"), bad, func(t *T, i *routeInput) {
		i.ApiId, i.AuthorizationType, i.AuthorizerId = &t.Guarded.ID, types.AuthorizationTypeCustom, &t.Guarded.Authorizer
	})
	routeWith("2.1", "IAM authorization on a route other than $connect is refused", docs("apigateway-websocket-control-access-iam"), bad, func(_ *T, i *routeInput) {
		i.AuthorizationType = types.AuthorizationTypeAwsIam
	})
	routeWith("2.1", "CUSTOM authorization without an authorizer is refused", createRoute, bad, func(t *T, i *routeInput) {
		i.ApiId, i.RouteKey, i.AuthorizationType = &t.Echo.ID, aws.String("$connect"), types.AuthorizationTypeCustom
	})
	routeWith("2.3", "scopes of a route are refused", createRoute, bad, func(_ *T, i *routeInput) { i.AuthorizationScopes = []string{"s"} })
	routeWith("3.3", "a route key that begins with $ is refused", docs("websocket-api-develop-routes"), bad, func(_ *T, i *routeInput) { i.RouteKey = aws.String("$join") })
	routeWith("3.3", "a route key that is taken is refused", createRoute, clash, func(_ *T, i *routeInput) { i.RouteKey = aws.String("send") })
	routeWith("3.8", "a route to an integration that does not exist is refused", createRoute, bad, func(_ *T, i *routeInput) { i.Target = aws.String("integrations/none") })
	routeWith("3.8", "a route to something else than an integration is refused", createRoute, bad, func(_ *T, i *routeInput) { i.Target = aws.String("none") })
	routeWith("3.4", "a response selection other than $default is refused", docs("apigateway-websocket-api-selection-expressions"), bad, func(_ *T, i *routeInput) {
		i.RouteResponseSelectionExpression = aws.String("$request.body.x")
	})
	routeWith("2.1", "a route of an API that does not exist is refused", createRoute, missing, func(_ *T, i *routeInput) { i.ApiId = aws.String("none123456") })
	add("3.4", "a route response other than $default is refused", docs("apigateway-websocket-api-route-response"), bad, "", func(ctx context.Context, t *T, a *api) error {
		_, err := t.control.CreateRouteResponse(ctx, &apigatewayv2.CreateRouteResponseInput{ApiId: &a.ID, RouteId: aws.String(a.Routes["$connect"]), RouteResponseKey: aws.String("200")})
		return err
	})

	authorizerWith("2.1", "a JWT authorizer is refused", createAuthorizer, "", func(_ *T, i *authorizerInput) { i.AuthorizerType = types.AuthorizerTypeJwt })
	authorizerWith("2.1", "a TOKEN authorizer is refused", createAuthorizer, "", func(_ *T, i *authorizerInput) { i.AuthorizerType = "TOKEN" })
	authorizerWith("2.1", "an authorizer without a function is refused", createAuthorizer, "", func(_ *T, i *authorizerInput) { i.AuthorizerUri = nil })
	authorizerWith("2.1", "an authorizer whose URI is no invocation is refused", createAuthorizer, "", func(t *T, i *authorizerInput) {
		i.AuthorizerUri = aws.String("arn:aws:lambda:" + region + ":" + t.Account + ":function:" + t.world.Name)
	})
	for _, source := range []string{"$request.header.Authorization", "$request.querystring.token", "method.request.header.Authorization", "route.request.header.", "route.request.body.token", "route.request.header.a b", "Authorization"} {
		authorizerWith("2.2", "the identity source "+strings.ReplaceAll(source, " ", "␠")+" is refused", createAuthorizer.and(seen("aws/aws-cdk#18307")), "route.request.", func(_ *T, i *authorizerInput) { i.IdentitySource = []string{source} })
	}
	authorizerWith("2.2", "one bad identity source of two is refused", createAuthorizer, "", func(_ *T, i *authorizerInput) {
		i.IdentitySource = []string{"route.request.header.Auth", "$request.header.Auth"}
	})
	authorizerWith("2.4", "a time to keep the authorizer's result is refused, in AWS's words", createAuthorizer.and(seen("hashicorp/terraform-provider-aws#15232")),
		"AuthorizerResultTtlInSeconds cannot be set for WEBSOCKET protocol Apis", func(_ *T, i *authorizerInput) { i.AuthorizerResultTtlInSeconds = aws.Int32(300) })
	authorizerWith("2.3", "a payload format version of an authorizer is refused", createAuthorizer, "", func(_ *T, i *authorizerInput) { i.AuthorizerPayloadFormatVersion = aws.String("2.0") })
	authorizerWith("2.3", "simple responses of an authorizer are refused", createAuthorizer, "", func(_ *T, i *authorizerInput) { i.EnableSimpleResponses = aws.Bool(true) })
	authorizerWith("2.3", "a JWT configuration of an authorizer is refused", createAuthorizer, "", func(_ *T, i *authorizerInput) {
		i.JwtConfiguration = &types.JWTConfiguration{Issuer: aws.String("https://issuer.example.com"), Audience: []string{"a"}}
	})
	add("2.1", "an authorizer that a route uses is not deleted", reference("DeleteAuthorizer"), clash, "", func(ctx context.Context, t *T, _ *api) error {
		_, err := t.control.DeleteAuthorizer(ctx, &apigatewayv2.DeleteAuthorizerInput{ApiId: &t.Guarded.ID, AuthorizerId: &t.Guarded.Authorizer})
		return err
	})

	integrationWith("2.3", "payload format 2.0 of an integration is refused", createIntegration.and(seen("hashicorp/terraform-provider-aws#25280")), func(i *integrationInput) { i.PayloadFormatVersion = aws.String("2.0") })
	integrationWith("2.3", "a subtype of an integration is refused", createIntegration, func(i *integrationInput) { i.IntegrationSubtype = aws.String("SQS-SendMessage") })
	integrationWith("3.8", "an unknown integration type is refused", createIntegration, func(i *integrationInput) { i.IntegrationType = "LAMBDA" })
	integrationWith("3.8", "a proxy integration with GET is refused", createIntegration, func(i *integrationInput) { i.IntegrationMethod = aws.String("GET") })
	integrationWith("3.8", "a proxy integration without a function is refused", createIntegration, func(i *integrationInput) { i.IntegrationUri = nil })
	integrationWith("1", "an integration timeout below 50 ms is refused", createIntegration, func(i *integrationInput) { i.TimeoutInMillis = aws.Int32(49) })
	integrationWith("1", "an integration timeout above 29 s is refused", createIntegration, func(i *integrationInput) { i.TimeoutInMillis = aws.Int32(29_001) })
	add("3.8", "an integration that a route uses is not deleted", reference("DeleteIntegration"), clash, "", func(ctx context.Context, t *T, a *api) error {
		_, err := t.control.DeleteIntegration(ctx, &apigatewayv2.DeleteIntegrationInput{ApiId: &a.ID, IntegrationId: aws.String(a.Integrations["send"])})
		return err
	})

	logTo := func(t *T, i *stageInput, format string) {
		i.AccessLogSettings = &types.AccessLogSettings{DestinationArn: aws.String("arn:aws:logs:" + region + ":" + t.Account + ":log-group:" + t.accessLogGroup()), Format: &format}
	}
	logging := docs("websocket-api-logging")
	stageWith("6", "an access log format without a request id is refused", docs("set-up-logging"), bad, func(t *T, i *stageInput) { logTo(t, i, "$context.stage") })
	stageWith("6", "an access log format with a variable that WebSocket APIs do not have is refused", logging, bad, func(t *T, i *stageInput) { logTo(t, i, "$context.requestId $context.path") })
	stageWith("6", "an access log format with what is no $context variable is refused", logging, bad, func(t *T, i *stageInput) { logTo(t, i, "$context.requestId $input.body") })
	stageWith("1", "an access log format above 3 KB is refused", docs(quotas), bad, func(t *T, i *stageInput) {
		logTo(t, i, "$context.requestId "+strings.Repeat("x", 3<<10))
	})
	stageWith("6", "an unknown logging level is refused", createStage, bad, func(_ *T, i *stageInput) { i.DefaultRouteSettings = &types.RouteSettings{LoggingLevel: "DEBUG"} })
	stageWith("11", "settings for a route that does not exist are refused", createStage, missing, func(_ *T, i *stageInput) { i.RouteSettings = map[string]types.RouteSettings{"none": {}} })
	stageWith("11", "a stage of a deployment that does not exist is refused", createStage, bad, func(_ *T, i *stageInput) { i.DeploymentId = aws.String("none12") })
	stageWith("11", "a stage whose name is taken is refused", createStage, clash, func(_ *T, i *stageInput) { i.StageName = aws.String("live") })
	stageWith("11", "a stage name with a dot is refused", createStage, bad, func(_ *T, i *stageInput) { i.StageName = aws.String("v1.0") })
	stageWith("11", "a stage variable with forbidden characters is refused", docs("stage-variables"), bad, func(_ *T, i *stageInput) { i.StageVariables = map[string]string{"a": "{}"} })
	add("11", "a deployment that a stage points to is not deleted", reference("DeleteDeployment").and(seen("hashicorp/terraform-provider-aws#19805")), bad, "Active stages pointing to this deployment must be moved or deleted", func(ctx context.Context, t *T, a *api) error {
		_, err := t.control.DeleteDeployment(ctx, &apigatewayv2.DeleteDeploymentInput{ApiId: &a.ID, DeploymentId: &a.Deployment})
		return err
	})
	add("11", "an API without routes is not deployed", reference("CreateDeployment"), bad, "", func(ctx context.Context, t *T, _ *api) error {
		made, err := t.control.CreateApi(ctx, &apiInput{Name: &t.world.Name, ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action")})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			_, _ = t.control.DeleteApi(context.WithoutCancel(ctx), &apigatewayv2.DeleteApiInput{ApiId: made.ApiId})
		}()
		_, err = t.control.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: made.ApiId})
		return err
	})

	controlIAM := source("[D](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html)")
	cases = append(cases, testCase{section: "2.1", name: "the control plane lets in who has a grant for it, and nobody else: 403, AccessDeniedException", source: controlIAM, run: func(t *T) {
		read := func(cfg aws.Config) error {
			_, err := apigatewayv2.NewFromConfig(cfg).GetApi(t.Context(), &apigatewayv2.GetApiInput{ApiId: &t.Open.ID})
			return err
		}
		wantRefusal(t, read(t.as(nil)), "AccessDeniedException", "")
		reader := t.as(map[string]string{"read": allow("apigateway:GET", "arn:aws:apigateway:"+region+"::/apis/*")})
		t.eventually("GET is allowed", func() bool { return read(reader) == nil })
		_, err := apigatewayv2.NewFromConfig(reader).DeleteApi(t.Context(), &apigatewayv2.DeleteApiInput{ApiId: &t.Open.ID})
		wantRefusal(t, err, "AccessDeniedException", "")
	}})

	// Quotas of an API: the one above the limit is refused, with status 429.
	limited := func(what string, limit int, create func(ctx context.Context, t *T, a *api, n int) error) {
		notOnAWS := "such quotas can be raised, and that many take long to make"
		cases = append(cases, testCase{section: "1", name: fmt.Sprintf("of %s an API has at most %d", what, limit), source: docs(quotas).and(seen("anomalyco/sst#4522")), notOnAWS: notOnAWS, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{{key: "$default", mock: "x"}}})
			for n := range limit + 1 {
				err := create(t.Context(), t, a, n)
				if err != nil {
					if n < limit-1 { // a route and an integration are there already
						t.Fatalf("%d: %v", n, err)
					}
					wantRefusal(t, err, clash, "Maximum number of ")
					return
				}
			}
			t.Errorf("the limit of %d does not hold", limit)
		}})
	}
	limited("stages", 10, func(ctx context.Context, t *T, a *api, n int) error {
		_, err := t.control.CreateStage(ctx, &stageInput{ApiId: &a.ID, StageName: aws.String(fmt.Sprint("s", n))})
		return err
	})
	limited("authorizers", 10, func(ctx context.Context, t *T, a *api, n int) error {
		_, err := t.control.CreateAuthorizer(ctx, &authorizerInput{ApiId: &a.ID, Name: aws.String(fmt.Sprint("a", n)), AuthorizerType: types.AuthorizerTypeRequest, AuthorizerUri: aws.String(t.functionURI()), IdentitySource: []string{}})
		return err
	})
	limited("routes", 300, func(ctx context.Context, t *T, a *api, n int) error {
		_, err := t.control.CreateRoute(ctx, &routeInput{ApiId: &a.ID, RouteKey: aws.String(fmt.Sprint("r", n))})
		return err
	})
	limited("integrations", 300, func(ctx context.Context, t *T, a *api, _ int) error {
		_, err := t.control.CreateIntegration(ctx, &integrationInput{ApiId: &a.ID, IntegrationType: types.IntegrationTypeMock})
		return err
	})
	cases = append(cases, testCase{section: "1", name: "a mapping template of 300 KB is kept, a longer one refused", source: docs("api-gateway-known-issues"), run: func(t *T) {
		make := func(size int) error {
			_, err := t.control.CreateIntegration(t.Context(), &integrationInput{
				ApiId: &t.newAPI(spec{routes: []route{{key: "$default", mock: "x"}}}).ID, IntegrationType: types.IntegrationTypeMock,
				RequestTemplates: map[string]string{"200": strings.Repeat("x", size)},
			})
			return err
		}
		if err := make(300 << 10); err != nil {
			t.Error(err)
		}
		wantRefusal(t, make(300<<10+1), bad, "")
	}})
	return cases
}

func deploymentCases() []testCase {
	deploying := docs("websocket-api-develop-routes").and(reference("CreateDeployment"))
	chatApp := seen("aws-samples/simple-websockets-chat-app#46")
	live := []stage{{name: "live"}}
	// answersWith sends an action until the answer is of the route wanted, for a
	// deployment may take some seconds.
	answersWith := func(t *T, c *conn, action, routeKey string) {
		t.Helper()
		t.eventually("an answer of "+routeKey, func() bool {
			c.say(`{"action":"` + action + `"}`)
			answer := c.hear()
			return !errorFrame.MatchString(answer) && parseEvent(t, answer).context("routeKey") == routeKey
		})
	}
	must := func(t *T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// wait is how long a change that was not deployed is given to show anyway.
	wait := func() {
		if onAWS {
			time.Sleep(10 * time.Second)
		}
	}
	return []testCase{
		{section: "11", name: "a route that was not deployed is not there: Forbidden", source: chatApp, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("send")}, stages: live})
			must(t, t.makeRoute(t.Context(), a, twoWay("new")))
			wait()
			c := t.dial(a, offer{bare: true})
			c.say(`{"action":"new"}`)
			wantErrorFrame(t, c.hear(), "Forbidden")
			c.say(`{"action":"send"}`)
			equal(t, "route", c.hearsEvent().context("routeKey"), "send")
		}},
		{section: "11", name: "a deployment makes a new route live, also for connections that are open", source: deploying.and(choice), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default")}, stages: live})
			c := t.dial(a, offer{bare: true})
			c.hearsNothing()
			must(t, t.makeRoute(t.Context(), a, twoWay("new")))
			t.redeploy(a)
			answersWith(t, c, "new", "new")
		}},
		{section: "11", name: "a route that was deleted and not deployed is served", source: deploying, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default"), twoWay("send")}, stages: live})
			_, err := t.control.DeleteRoute(t.Context(), &apigatewayv2.DeleteRouteInput{ApiId: &a.ID, RouteId: aws.String(a.Routes["send"])})
			must(t, err)
			wait()
			c := t.dial(a, offer{bare: true})
			answersWith(t, c, "send", "send")
			t.redeploy(a)
			answersWith(t, c, "send", "$default")
		}},
		{section: "11", name: "an integration that was changed and not deployed is served as it was", source: deploying, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{{key: "$default", mock: "old", selects: true, responds: true}}, stages: live})
			responses, err := t.control.GetIntegrationResponses(t.Context(), &apigatewayv2.GetIntegrationResponsesInput{ApiId: &a.ID, IntegrationId: aws.String(a.Integrations["$default"])})
			must(t, err)
			_, err = t.control.UpdateIntegrationResponse(t.Context(), &apigatewayv2.UpdateIntegrationResponseInput{
				ApiId: &a.ID, IntegrationId: aws.String(a.Integrations["$default"]), IntegrationResponseId: responses.Items[0].IntegrationResponseId,
				ResponseTemplates: map[string]string{"200": "new"},
			})
			must(t, err)
			wait()
			c := t.dial(a, offer{bare: true})
			c.say("x")
			c.hears("old")
			t.redeploy(a)
			t.eventually("the new answer", func() bool { c.say("x"); return c.hear() == "new" })
		}},
		{section: "11", name: "a route response that was deleted and not deployed answers", source: deploying, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default"), twoWay("send")}, stages: live})
			_, err := t.control.DeleteRouteResponse(t.Context(), &apigatewayv2.DeleteRouteResponseInput{ApiId: &a.ID, RouteId: aws.String(a.Routes["send"]), RouteResponseId: aws.String(a.Responses["send"])})
			must(t, err)
			wait()
			answersWith(t, t.dial(a, offer{bare: true}), "send", "send")
		}},
		{section: "11", name: "an authorizer that was put on $connect and not deployed is not asked", source: deploying.and(seen("hashicorp/terraform-provider-aws#36078")), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: live})
			must(t, t.makeAuthorizer(t.Context(), a, []string{"route.request.header.X-Token"}))
			_, err := t.control.UpdateRoute(t.Context(), &apigatewayv2.UpdateRouteInput{ApiId: &a.ID, RouteId: aws.String(a.Routes["$connect"]), AuthorizationType: types.AuthorizationTypeCustom, AuthorizerId: &a.Authorizer})
			must(t, err)
			wait()
			t.dial(a, offer{})
			t.redeploy(a)
			t.eventually("401", func() bool { return t.try(a, offer{}).answer.status == 401 })
		}},
		{section: "11", name: "identity sources that were changed and not deployed are those that were", source: deploying, run: func(t *T) {
			a := t.newAPI(spec{sources: []string{"route.request.header.X-Token"}, routes: []route{oneWay("$connect"), twoWay("$default")}, stages: live})
			_, err := t.control.UpdateAuthorizer(t.Context(), &apigatewayv2.UpdateAuthorizerInput{ApiId: &a.ID, AuthorizerId: &a.Authorizer, IdentitySource: []string{"route.request.header.X-Other"}})
			must(t, err)
			wait()
			t.refused(a, offer{headers: []string{"X-Other: x"}}, 401)
			t.dial(a, offer{headers: []string{"X-Token: x"}})
		}},
		{section: "11", name: "a stage that is moved to an earlier deployment serves that", source: reference("UpdateStage"), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default")}, stages: live})
			first := a.Deployment
			must(t, t.makeRoute(t.Context(), a, twoWay("new")))
			t.redeploy(a)
			c := t.dial(a, offer{bare: true})
			answersWith(t, c, "new", "new")
			_, err := t.control.UpdateStage(t.Context(), &apigatewayv2.UpdateStageInput{ApiId: &a.ID, StageName: aws.String("live"), DeploymentId: &first})
			must(t, err)
			answersWith(t, c, "new", "$default")
		}},
		{section: "11", name: "stages of one API serve their own deployments", source: reference("CreateStage"), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default")}, stages: live})
			must(t, t.makeRoute(t.Context(), a, twoWay("new")))
			must(t, t.deploy(t.Context(), a))
			must(t, t.makeStage(t.Context(), a, stage{name: "next"}))
			answersWith(t, t.dial(a, offer{bare: true, stage: "next"}), "new", "new")
			answersWith(t, t.dial(a, offer{bare: true}), "new", "$default")
		}},
		{section: "11", name: "stage variables need no deployment", source: docs("stage-variables").and(choice), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default")}, stages: []stage{{name: "live", variables: map[string]string{"k": "old"}}}})
			c := t.dial(a, offer{bare: true})
			_, err := t.control.UpdateStage(t.Context(), &apigatewayv2.UpdateStageInput{ApiId: &a.ID, StageName: aws.String("live"), StageVariables: map[string]string{"k": "new"}})
			must(t, err)
			t.eventually("the new value", func() bool { c.say("x"); return c.hearsEvent().string("stageVariables", "k") == "new" })
		}},
		{section: "11", name: "a disabled endpoint is served until it is deployed, then 403, @connections too", source: docs("websocket-api-disable-default-endpoint"), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: live})
			_, err := t.control.UpdateApi(t.Context(), &apigatewayv2.UpdateApiInput{ApiId: &a.ID, DisableExecuteApiEndpoint: aws.Bool(true)})
			must(t, err)
			wait()
			c := t.dial(a, offer{})
			equal(t, "POST", c.manage(t.cfg, "POST", "x").status, 200)
			t.redeploy(a)
			t.eventually("403", func() bool { return t.try(a, offer{}).answer.status == 403 })
			equal(t, "POST", c.manage(t.cfg, "POST", "x").status, 403)
		}},
		{section: "11", name: "when a stage is deleted its open connections stay, and their messages get Forbidden", source: choice, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default")}, stages: live})
			c := t.dial(a, offer{bare: true})
			c.hearsNothing()
			_, err := t.control.DeleteStage(t.Context(), &apigatewayv2.DeleteStageInput{ApiId: &a.ID, StageName: aws.String("live")})
			must(t, err)
			t.eventually("Forbidden", func() bool { c.say("x"); return errorFrame.MatchString(c.hear()) })
			c.say("x")
			wantErrorFrame(t, c.hear(), "Forbidden")
		}},
	}
}

func throttleCases() []testCase {
	protect := docs("websocket-api-protect")
	const none = 0.0
	limits := func(rate float64, burst int32) types.RouteSettings {
		return types.RouteSettings{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: &burst}
	}
	defaults := func(s types.RouteSettings) *types.RouteSettings { return &s }
	// spent sends messages for the route send until one is throttled, and at most 20.
	spent := func(t *T, c *conn) {
		t.Helper()
		for range 20 {
			c.say(`{"action":"send"}`)
			answer := c.hear()
			if errorFrame.MatchString(answer) {
				wantErrorFrame(t, answer, "Too Many Requests")
				return
			}
		}
		t.Error("20 messages were let through")
	}
	return []testCase{
		{section: "1", name: "a throttle of 0 lets no handshake through: 429", source: protect.and(seen("hashicorp/terraform-provider-aws#14742")), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: []stage{{name: "live", defaults: defaults(limits(none, 0))}}})
			t.eventually("429", func() bool { return t.try(a, offer{}).answer.status == 429 })
			c := t.refused(a, offer{}, 429)
			_, connect := c.calls()
			equal(t, "calls of $connect", connect, 0)
		}},
		{section: "1", name: "throttles that were left out are the account's", source: protect, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: []stage{{name: "live", defaults: &types.RouteSettings{LoggingLevel: types.LoggingLevelOff}}}})
			c := t.dial(a, offer{})
			for range 20 {
				c.hearsNothing()
			}
		}},
		{section: "1", name: "the stage's throttle refuses handshakes beyond the burst: 429", source: protect.and(seen("serverlessunicorn/ServerlessNetworkingClients#3")), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: []stage{{name: "live", defaults: defaults(limits(0.01, 2))}}})
			for range 20 {
				c := t.try(a, offer{})
				if c.answer.status == 429 {
					_, connect := c.calls()
					equal(t, "calls of $connect", connect, 0)
					return
				}
			}
			t.Error("20 handshakes were let through")
		}},
		{section: "1", name: "a throttled message gets the frame “Too Many Requests”, and the connection stays", source: choice, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default"), twoWay("send")}, stages: []stage{{name: "live", routes: map[string]types.RouteSettings{"send": limits(0.01, 3)}}}})
			c := t.dial(a, offer{bare: true})
			spent(t, c)
			c.hearsNothing()
		}},
		{section: "1", name: "a route's throttle is its own", source: protect, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default"), twoWay("send"), twoWay("more")}, stages: []stage{{
				name: "live", defaults: defaults(limits(100, 100)), routes: map[string]types.RouteSettings{"send": limits(0.01, 1), "more": limits(0.01, 1)},
			}}})
			c := t.dial(a, offer{bare: true})
			spent(t, c)
			c.say(`{"action":"more"}`)
			equal(t, "route", c.hearsEvent().context("routeKey"), "more")
		}},
		{section: "1", name: "a route's throttle above the stage's wins", source: protect, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default"), twoWay("send")}, stages: []stage{{
				name: "live", defaults: defaults(limits(0.01, 1)), routes: map[string]types.RouteSettings{"send": limits(100, 100), "$connect": limits(100, 100)},
			}}})
			c := t.dial(a, offer{})
			for range 10 {
				c.say(`{"action":"send"}`)
				equal(t, "route", c.hearsEvent().context("routeKey"), "send")
			}
		}},
		{section: "1", name: "routes without a throttle of their own share the stage's", source: choice, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default"), twoWay("send")}, stages: []stage{{name: "live", defaults: defaults(limits(0.01, 4))}}})
			c := t.dial(a, offer{bare: true})
			spent(t, c)
			c.say(`x`)
			wantErrorFrame(t, c.hear(), "Too Many Requests")
		}},
		{section: "1", name: "of more than 500 new connections a second some are refused with 429", source: docs(quotas), notOnAWS: "it would shut out others of the account", run: func(t *T) {
			elsewhere := t.elsewhere("us-west-2")
			a, err := elsewhere.makeAPI(t.Context(), spec{
				sources: []string{"route.request.header.X-Token"}, routes: []route{oneWay("$connect")}, stages: []stage{{name: "live"}}, permissions: []string{},
			}, func(undo func(context.Context) error) {
				t.Cleanup(func() {
					if err := undo(context.WithoutCancel(t.Context())); err != nil {
						t.Error(err)
					}
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			// Handshakes without an identity are refused without a call and leave
			// the TCP connection open: many can be tried in a second.
			const tries, quota = 4000, 500
			c := t.connectTCP(a)
			go func() {
				one := []byte(strings.Join(handshake(a, a.url.Path+"/live"), "\r\n") + "\r\n\r\n")
				for range tries {
					if _, err := c.net.Write(one); err != nil {
						return // the reader will say so
					}
				}
			}()
			refused := 0
			for i := range tries {
				c.readAnswer("GET")
				switch {
				case c.answer.status == 429 && i >= quota:
					refused++
				case c.answer.status != 401:
					t.Fatalf("handshake %d: %d", i, c.answer.status)
				}
			}
			if refused == 0 {
				t.Errorf("of %d handshakes none was refused", tries)
			}
		}},
		{section: "1", name: "a changed throttle needs no deployment", source: reference("UpdateStage").and(choice), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{twoWay("$default"), twoWay("send")}, stages: []stage{{name: "live", routes: map[string]types.RouteSettings{"send": limits(none, 0)}}}})
			c := t.dial(a, offer{bare: true})
			spent(t, c)
			if _, err := t.control.UpdateStage(t.Context(), &apigatewayv2.UpdateStageInput{ApiId: &a.ID, StageName: aws.String("live"), RouteSettings: map[string]types.RouteSettings{"send": limits(100, 100)}}); err != nil {
				t.Fatal(err)
			}
			t.eventually("an answer", func() bool { c.say(`{"action":"send"}`); return !errorFrame.MatchString(c.hear()) })
		}},
	}
}
