package apigw

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// refusal is a request that must fail, by a name that says what is wrong with
// it.
type refusal struct {
	request func(*fixture) error
	kind    string
	message string
}

func testRefusals(t *testing.T, refusals map[string]refusal) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(refusals)) {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			wantRefusal(t, refusals[name].request(f), refusals[name].kind, refusals[name].message)
		})
	}
}

const (
	bad       = "BadRequestException"
	missing   = "NotFoundException"
	clash     = "ConflictException"
	notHere   = "NotServedByLocalStack"
	notHereIs = "not served by the local stack: "
)

func createAPIWith(change func(*apigatewayv2.CreateApiInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateApiInput{
			Name: aws.String("x"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
		}
		change(in)
		_, err := f.client.CreateApi(f.Context(), in)
		return err
	}
}

func TestAnAPIIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateApiInput
	testRefusals(t, map[string]refusal{
		"its protocol is HTTP":           {createAPIWith(func(i *in) { i.ProtocolType = types.ProtocolTypeHttp }), notHere, notHereIs + "APIs with protocol type HTTP"},
		"its protocol is unknown":        {createAPIWith(func(i *in) { i.ProtocolType = "REST" }), bad, "Invalid ProtocolType"},
		"it has no selection expression": {createAPIWith(func(i *in) { i.RouteSelectionExpression = nil }), bad, "RouteSelectionExpression is required"},
		"its selection expression is an HTTP API's": {createAPIWith(func(i *in) {
			i.RouteSelectionExpression = aws.String("$request.method $request.path")
		}), bad, "Invalid RouteSelectionExpression"},
		"its name is too long": {createAPIWith(func(i *in) { i.Name = aws.String(strings.Repeat("x", 129)) }), bad, "Invalid Name"},
		"its API key expression is neither of the two": {createAPIWith(func(i *in) {
			i.ApiKeySelectionExpression = aws.String("$request.header.key")
		}), bad, "Invalid ApiKeySelectionExpression"},
		"it has CORS":                    {createAPIWith(func(i *in) { i.CorsConfiguration = &types.Cors{} }), bad, "CorsConfiguration cannot be set for WEBSOCKET"},
		"it is a quick create by target": {createAPIWith(func(i *in) { i.Target = aws.String("https://example.com") }), bad, "Target cannot be set for WEBSOCKET"},
		"it is a quick create by key":    {createAPIWith(func(i *in) { i.RouteKey = aws.String("$default") }), bad, "RouteKey cannot be set for WEBSOCKET"},
		"it is a quick create by role":   {createAPIWith(func(i *in) { i.CredentialsArn = aws.String("x") }), bad, "CredentialsArn cannot be set for WEBSOCKET"},
		"a tag has the reserved prefix":  {createAPIWith(func(i *in) { i.Tags = map[string]string{"AWS:x": "1"} }), bad, "the prefix aws: is reserved"},
		"CORS of it is deleted": {func(f *fixture) error {
			_, err := f.client.DeleteCorsConfiguration(f.Context(), &apigatewayv2.DeleteCorsConfigurationInput{ApiId: f.api})
			return err
		}, bad, "CorsConfiguration cannot be set for WEBSOCKET"},
	})
}

func createRouteWith(change func(*fixture, *apigatewayv2.CreateRouteInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: aws.String("join")}
		change(f, in)
		_, err := f.client.CreateRoute(f.Context(), in)
		return err
	}
}

func TestARouteIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateRouteInput
	testRefusals(t, map[string]refusal{
		"its API does not exist":            {createRouteWith(func(_ *fixture, i *in) { i.ApiId = aws.String("none") }), missing, "Invalid API identifier specified"},
		"its key is empty":                  {createRouteWith(func(_ *fixture, i *in) { i.RouteKey = aws.String("") }), bad, "RouteKey is required"},
		"its key begins with a dollar sign": {createRouteWith(func(_ *fixture, i *in) { i.RouteKey = aws.String("$join") }), bad, "Invalid route key $join"},
		"its key is taken":                  {createRouteWith(func(f *fixture, _ *in) { f.newRoute("join") }), clash, "Route with key join already exists for this API"},
		"its target is of another form":     {createRouteWith(func(_ *fixture, i *in) { i.Target = aws.String("abc") }), bad, "Invalid target specified"},
		"its target does not exist":         {createRouteWith(func(_ *fixture, i *in) { i.Target = aws.String("integrations/none") }), bad, "Invalid target specified"},
		"its authorization is JWT":          {createRouteWith(func(_ *fixture, i *in) { i.AuthorizationType = types.AuthorizationTypeJwt }), bad, "JWT authorization type is restricted to APIs with a protocol type of HTTP"},
		"its authorization is unknown":      {createRouteWith(func(_ *fixture, i *in) { i.AuthorizationType = "BASIC" }), bad, "Invalid AuthorizationType"},
		"IAM authorization is not $connect's": {createRouteWith(func(_ *fixture, i *in) {
			i.AuthorizationType = types.AuthorizationTypeAwsIam
		}), bad, "Currently, authorization is restricted to the $connect route only"},
		"a Lambda authorizer is not $connect's": {createRouteWith(func(f *fixture, i *in) {
			i.AuthorizationType, i.AuthorizerId = types.AuthorizationTypeCustom, f.newAuthorizer("a")
		}), bad, "Currently, authorization is restricted to the $connect route only"},
		"CUSTOM names no authorizer": {createRouteWith(func(_ *fixture, i *in) {
			i.RouteKey, i.AuthorizationType = aws.String("$connect"), types.AuthorizationTypeCustom
		}), bad, "Invalid authorizer ID specified"},
		"its authorizer does not exist": {createRouteWith(func(_ *fixture, i *in) { i.AuthorizerId = aws.String("none") }), bad, "Invalid authorizer ID specified"},
		"it has scopes":                 {createRouteWith(func(_ *fixture, i *in) { i.AuthorizationScopes = []string{"s"} }), bad, "AuthorizationScopes cannot be set for WEBSOCKET"},
		"it has request parameters": {createRouteWith(func(_ *fixture, i *in) {
			i.RequestParameters = map[string]types.ParameterConstraints{"route.request.header.x": {Required: aws.Bool(true)}}
		}), notHere, notHereIs + "request parameters of a route"},
		"its response selection is not $default": {createRouteWith(func(_ *fixture, i *in) {
			i.RouteResponseSelectionExpression = aws.String("$request.body.x")
		}), bad, "only $default is supported"},
		"messages are validated by a model": {createRouteWith(func(f *fixture, i *in) {
			f.newModel("m")
			i.RequestModels = map[string]string{"x": "m"}
		}), notHere, notHereIs + "validation of messages by request models"},
		"a model is selected": {createRouteWith(func(_ *fixture, i *in) { i.ModelSelectionExpression = aws.String("$request.body.action") }), notHere, notHereIs + "validation of messages"},
		"it wants an API key": {createRouteWith(func(_ *fixture, i *in) { i.ApiKeyRequired = aws.Bool(true) }), notHere, notHereIs + "API keys"},
		"$connect is authorized by IAM": {createRouteWith(func(_ *fixture, i *in) {
			i.RouteKey, i.AuthorizationType = aws.String("$connect"), types.AuthorizationTypeAwsIam
		}), notHere, notHereIs + "IAM authorization"},
		"it is renamed to a key that is taken": {func(f *fixture) error {
			f.newRoute("join")
			_, err := f.client.UpdateRoute(f.Context(), &apigatewayv2.UpdateRouteInput{ApiId: f.api, RouteId: f.newRoute("leave"), RouteKey: aws.String("join")})
			return err
		}, clash, "Route with key join already exists"},
		"a request parameter of it is deleted": {func(f *fixture) error {
			_, err := f.client.DeleteRouteRequestParameter(f.Context(), &apigatewayv2.DeleteRouteRequestParameterInput{
				ApiId: f.api, RouteId: f.newRoute("join"), RequestParameterKey: aws.String("route.request.header.x"),
			})
			return err
		}, missing, "route.request.header.x"},
		"it is the 301st": {func(f *fixture) error {
			for i := range 300 {
				f.newRoute(fmt.Sprint("r", i))
			}
			_, err := f.client.CreateRoute(f.Context(), &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: aws.String("one too many")})
			return err
		}, clash, "Maximum number of Routes for this API has been reached"},
	})
}

func createRouteResponseWith(change func(*fixture, *apigatewayv2.CreateRouteResponseInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateRouteResponseInput{ApiId: f.api, RouteId: f.newRoute("join"), RouteResponseKey: aws.String("$default")}
		change(f, in)
		_, err := f.client.CreateRouteResponse(f.Context(), in)
		return err
	}
}

func TestARouteResponseIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateRouteResponseInput
	testRefusals(t, map[string]refusal{
		"its route does not exist":  {createRouteResponseWith(func(_ *fixture, i *in) { i.RouteId = aws.String("none") }), missing, "Invalid Route identifier specified"},
		"its key is not $default":   {createRouteResponseWith(func(_ *fixture, i *in) { i.RouteResponseKey = aws.String("200") }), bad, "only $default is supported"},
		"its model does not exist":  {createRouteResponseWith(func(_ *fixture, i *in) { i.ResponseModels = map[string]string{"x": "none"} }), bad, "Invalid model specified: none"},
		"the route has one already": {createRouteResponseWith(func(f *fixture, i *in) { must(f.client.CreateRouteResponse(f.Context(), i)) }), clash, "already exists"},
		"it has parameters": {createRouteResponseWith(func(_ *fixture, i *in) {
			i.ResponseParameters = map[string]types.ParameterConstraints{"x": {Required: aws.Bool(true)}}
		}), notHere, notHereIs + "response parameters of a route response"},
	})
}

func createIntegrationWith(change func(*apigatewayv2.CreateIntegrationInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateIntegrationInput{
			ApiId: f.api, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationUri: aws.String(functionURI1),
		}
		change(in)
		_, err := f.client.CreateIntegration(f.Context(), in)
		return err
	}
}

func TestAnIntegrationIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateIntegrationInput
	mock := func(template string) func(*fixture) error {
		return createIntegrationWith(func(i *in) {
			i.IntegrationType, i.IntegrationUri = types.IntegrationTypeMock, nil
			i.RequestTemplates = map[string]string{"$default": template}
		})
	}
	testRefusals(t, map[string]refusal{
		"its type is HTTP":             {createIntegrationWith(func(i *in) { i.IntegrationType = types.IntegrationTypeHttp }), notHere, notHereIs + "integrations of type HTTP"},
		"its type is HTTP_PROXY":       {createIntegrationWith(func(i *in) { i.IntegrationType = types.IntegrationTypeHttpProxy }), notHere, notHereIs + "integrations of type HTTP_PROXY"},
		"its type is AWS":              {createIntegrationWith(func(i *in) { i.IntegrationType = types.IntegrationTypeAws }), notHere, notHereIs + "integrations of type AWS"},
		"its type is unknown":          {createIntegrationWith(func(i *in) { i.IntegrationType = "LAMBDA" }), bad, "Invalid IntegrationType"},
		"it has no URI":                {createIntegrationWith(func(i *in) { i.IntegrationUri = nil }), bad, "IntegrationUri is required"},
		"its URI is a function ARN":    {createIntegrationWith(func(i *in) { i.IntegrationUri = aws.String("arn:aws:lambda:us-east-1:000000000000:function:f") }), bad, "Invalid function ARN or invalid uri"},
		"its URI is another service's": {createIntegrationWith(func(i *in) { i.IntegrationUri = aws.String("arn:aws:apigateway:us-east-1:sqs:path/000000000000/q") }), notHere, "the service sqs"},
		"its URI has a stage variable": {createIntegrationWith(func(i *in) {
			i.IntegrationUri = aws.String(strings.ReplaceAll(functionURI1, "message", "${stageVariables.f}"))
		}), notHere, "stage variables in the URI"},
		"its method is GET":          {createIntegrationWith(func(i *in) { i.IntegrationMethod = aws.String("GET") }), bad, "invoked with POST"},
		"its payload format is 2.0":  {createIntegrationWith(func(i *in) { i.PayloadFormatVersion = aws.String("2.0") }), bad, `Invalid PayloadFormatVersion "2.0"`},
		"its timeout is below 50 ms": {createIntegrationWith(func(i *in) { i.TimeoutInMillis = aws.Int32(49) }), bad, "Timeout should be between 50 ms and 29000 ms"},
		"its timeout is above 29 s":  {createIntegrationWith(func(i *in) { i.TimeoutInMillis = aws.Int32(29001) }), bad, "Timeout should be between 50 ms and 29000 ms"},
		"it goes through a VPC link": {createIntegrationWith(func(i *in) { i.ConnectionType = types.ConnectionTypeVpcLink }), notHere, notHereIs + "VPC links"},
		"it names a VPC link":        {createIntegrationWith(func(i *in) { i.ConnectionId = aws.String("x") }), notHere, notHereIs + "VPC links"},
		"its connection is unknown":  {createIntegrationWith(func(i *in) { i.ConnectionType = "CABLE" }), bad, "Invalid ConnectionType"},
		"it has a subtype":           {createIntegrationWith(func(i *in) { i.IntegrationSubtype = aws.String("SQS-SendMessage") }), bad, "IntegrationSubtype cannot be set for WEBSOCKET"},
		"it has response parameters": {createIntegrationWith(func(i *in) { i.ResponseParameters = map[string]map[string]string{"200": {"a": "b"}} }), bad, "ResponseParameters cannot be set for WEBSOCKET"},
		"it has a TLS configuration": {createIntegrationWith(func(i *in) { i.TlsConfig = &types.TlsConfigInput{ServerNameToVerify: aws.String("x")} }), bad, "TlsConfig cannot be set for WEBSOCKET"},
		"it has request parameters":  {createIntegrationWith(func(i *in) { i.RequestParameters = map[string]string{"integration.request.header.x": "'1'"} }), notHere, notHereIs + "request parameter mappings"},
		"it converts content":        {createIntegrationWith(func(i *in) { i.ContentHandlingStrategy = types.ContentHandlingStrategyConvertToText }), notHere, notHereIs + "content handling"},
		"its passthrough is unknown": {createIntegrationWith(func(i *in) { i.PassthroughBehavior = "ALWAYS" }), bad, "Invalid PassthroughBehavior"},
		"it has credentials":         {createIntegrationWith(func(i *in) { i.CredentialsArn = aws.String("arn:aws:iam::000000000000:role/r") }), notHere, notHereIs + "credentials of an integration"},
		"its template varies": {createIntegrationWith(func(i *in) {
			i.TemplateSelectionExpression = aws.String("$request.body.kind")
		}), notHere, notHereIs + "TemplateSelectionExpression"},
		"a proxy has templates":          {createIntegrationWith(func(i *in) { i.RequestTemplates = map[string]string{"a": "b"} }), notHere, notHereIs + "request templates of an AWS_PROXY integration"},
		"its template selection is HTTP": {createIntegrationWith(func(i *in) { i.TemplateSelectionExpression = aws.String("$request.path.x") }), bad, "Invalid TemplateSelectionExpression"},
		"its template has a directive":   {mock(`#set($a=1){"statusCode":200}`), notHere, "directives of Velocity (#set) are not supported"},
		"its template reads the input":   {mock(`$input.json('$')`), notHere, "reference $input.json is not supported"},
		"its template is too long":       {mock(strings.Repeat("x", 300<<10+1)), bad, "must not be longer than 300 KB"},
		"its type changes": {func(f *fixture) error {
			_, err := f.client.UpdateIntegration(f.Context(), &apigatewayv2.UpdateIntegrationInput{ApiId: f.api, IntegrationId: f.newProxy(), IntegrationType: types.IntegrationTypeMock})
			return err
		}, notHere, "changing the type of an integration"},
		"it is deleted while routes use it": {func(f *fixture) error {
			id := f.newProxy()
			must(f.client.CreateRoute(f.Context(), &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: aws.String("join"), Target: aws.String("integrations/" + *id)}))
			_, err := f.client.DeleteIntegration(f.Context(), &apigatewayv2.DeleteIntegrationInput{ApiId: f.api, IntegrationId: id})
			return err
		}, clash, "Cannot delete Integration because it is referenced by the following Routes with Ids: ["},
		"it is the 301st": {func(f *fixture) error {
			for range 300 {
				f.newMock()
			}
			_, err := f.client.CreateIntegration(f.Context(), &apigatewayv2.CreateIntegrationInput{ApiId: f.api, IntegrationType: types.IntegrationTypeMock})
			return err
		}, clash, "Maximum number of Integrations for this API has been reached"},
	})
}

func createIntegrationResponseWith(change func(*fixture, *apigatewayv2.CreateIntegrationResponseInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateIntegrationResponseInput{ApiId: f.api, IntegrationId: f.newMock(), IntegrationResponseKey: aws.String("$default")}
		change(f, in)
		_, err := f.client.CreateIntegrationResponse(f.Context(), in)
		return err
	}
}

func TestAnIntegrationResponseIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateIntegrationResponseInput
	testRefusals(t, map[string]refusal{
		"its integration does not exist": {createIntegrationResponseWith(func(_ *fixture, i *in) { i.IntegrationId = aws.String("none") }), missing, "Invalid Integration identifier specified"},
		"its key is neither form":        {createIntegrationResponseWith(func(_ *fixture, i *in) { i.IntegrationResponseKey = aws.String("200") }), bad, "Invalid IntegrationResponseKey"},
		"its key is no expression of Go": {createIntegrationResponseWith(func(_ *fixture, i *in) { i.IntegrationResponseKey = aws.String("/(?=x)/") }), notHere, "the regular expression"},
		"its key is taken":               {createIntegrationResponseWith(func(f *fixture, i *in) { must(f.client.CreateIntegrationResponse(f.Context(), i)) }), clash, "already exists"},
		"it converts content":            {createIntegrationResponseWith(func(_ *fixture, i *in) { i.ContentHandlingStrategy = types.ContentHandlingStrategyConvertToText }), notHere, notHereIs + "content handling"},
		"it has parameters":              {createIntegrationResponseWith(func(_ *fixture, i *in) { i.ResponseParameters = map[string]string{"a": "b"} }), notHere, notHereIs + "response parameters"},
		"its template has a directive":   {createIntegrationResponseWith(func(_ *fixture, i *in) { i.ResponseTemplates = map[string]string{"a": "#if(true)x#end"} }), notHere, "directives of Velocity (#if)"},
		"a proxy's response has templates": {createIntegrationResponseWith(func(f *fixture, i *in) {
			i.IntegrationId, i.ResponseTemplates = f.newProxy(), map[string]string{"a": "b"}
		}), notHere, notHereIs + "response templates of an AWS_PROXY integration"},
	})
}

func createAuthorizerWith(change func(*apigatewayv2.CreateAuthorizerInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateAuthorizerInput{
			ApiId: f.api, Name: aws.String("a"), AuthorizerType: types.AuthorizerTypeRequest,
			AuthorizerUri: aws.String(functionURI1), IdentitySource: []string{},
		}
		change(in)
		_, err := f.client.CreateAuthorizer(f.Context(), in)
		return err
	}
}

func TestAnAuthorizerIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateAuthorizerInput
	testRefusals(t, map[string]refusal{
		"its type is JWT": {createAuthorizerWith(func(i *in) { i.AuthorizerType = types.AuthorizerTypeJwt }), bad, "Only REQUEST authorizer type is supported on WEBSOCKET protocol Apis."},
		"it has a JWT configuration": {createAuthorizerWith(func(i *in) {
			i.JwtConfiguration = &types.JWTConfiguration{}
		}), bad, "JwtConfiguration cannot be set for WEBSOCKET protocol Apis"},
		"it has a TTL, 0 included": {createAuthorizerWith(func(i *in) { i.AuthorizerResultTtlInSeconds = aws.Int32(0) }), bad, "AuthorizerResultTtlInSeconds cannot be set for WEBSOCKET protocol Apis"},
		"it has a payload format":  {createAuthorizerWith(func(i *in) { i.AuthorizerPayloadFormatVersion = aws.String("1.0") }), bad, "AuthorizerPayloadFormatVersion cannot be set for WEBSOCKET protocol Apis"},
		"it has simple responses":  {createAuthorizerWith(func(i *in) { i.EnableSimpleResponses = aws.Bool(true) }), bad, "EnableSimpleResponses cannot be set for WEBSOCKET protocol Apis"},
		"an identity source is an HTTP API's": {createAuthorizerWith(func(i *in) {
			i.IdentitySource = []string{"route.request.header.Origin", "$request.header.Authorization"}
		}), bad, "Invalid request identity source expression: $request.header.Authorization."},
		"an identity source is a REST API's": {createAuthorizerWith(func(i *in) {
			i.IdentitySource = []string{"method.request.header.Auth"}
		}), bad, "Invalid request identity source expression: method.request.header.Auth."},
		"it has no URI":                             {createAuthorizerWith(func(i *in) { i.AuthorizerUri = nil }), bad, "AuthorizerUri is required"},
		"its URI is no function's":                  {createAuthorizerWith(func(i *in) { i.AuthorizerUri = aws.String("https://example.com") }), bad, "Invalid function ARN or invalid uri"},
		"it has credentials":                        {createAuthorizerWith(func(i *in) { i.AuthorizerCredentialsArn = aws.String("arn:aws:iam::000000000000:role/r") }), notHere, notHereIs + "credentials of an authorizer"},
		"an identity source is a context parameter": {createAuthorizerWith(func(i *in) { i.IdentitySource = []string{"context.stage"} }), notHere, notHereIs + "context parameters as identity sources"},
		"its name is empty":                         {createAuthorizerWith(func(i *in) { i.Name = aws.String("") }), bad, "Invalid Name"},
		"its name is taken": {func(f *fixture) error {
			f.newAuthorizer("a")
			return createAuthorizerWith(func(*in) {})(f)
		}, bad, "Authorizer name must be unique. Authorizer a already exists"},
		"it is deleted while a route uses it": {func(f *fixture) error {
			id := f.newAuthorizer("a")
			must(f.client.CreateRoute(f.Context(), &apigatewayv2.CreateRouteInput{
				ApiId: f.api, RouteKey: aws.String("$connect"), AuthorizationType: types.AuthorizationTypeCustom, AuthorizerId: id,
			}))
			_, err := f.client.DeleteAuthorizer(f.Context(), &apigatewayv2.DeleteAuthorizerInput{ApiId: f.api, AuthorizerId: id})
			return err
		}, clash, "Cannot delete authorizer 'a', is referenced in route: $connect"},
		"it is the 11th": {func(f *fixture) error {
			for i := range 10 {
				f.newAuthorizer(fmt.Sprint("b", i))
			}
			return createAuthorizerWith(func(*in) {})(f)
		}, clash, "Maximum number of Authorizers for this API has been reached. Please contact AWS if you need additional Authorizers."},
	})
}

func createModelWith(change func(*apigatewayv2.CreateModelInput)) func(*fixture) error {
	return func(f *fixture) error {
		in := &apigatewayv2.CreateModelInput{ApiId: f.api, Name: aws.String("m"), Schema: aws.String("{}")}
		change(in)
		_, err := f.client.CreateModel(f.Context(), in)
		return err
	}
}

func TestAModelIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateModelInput
	used := func(f *fixture) *string {
		id := f.newModel("m")
		must(f.client.CreateRouteResponse(f.Context(), &apigatewayv2.CreateRouteResponseInput{
			ApiId: f.api, RouteId: f.newRoute("join"), RouteResponseKey: aws.String("$default"), ResponseModels: map[string]string{"x": "m"},
		}))
		return id
	}
	testRefusals(t, map[string]refusal{
		"its name is not alphanumeric": {createModelWith(func(i *in) { i.Name = aws.String("a-b") }), bad, "Model name must be alphanumeric"},
		"its schema is not JSON":       {createModelWith(func(i *in) { i.Schema = aws.String("{") }), bad, "Invalid model schema specified"},
		"its schema is empty":          {createModelWith(func(i *in) { i.Schema = aws.String("") }), bad, "Invalid Schema"},
		"its name is taken": {func(f *fixture) error {
			f.newModel("m")
			return createModelWith(func(*in) {})(f)
		}, clash, "Model name already exists"},
		"it is deleted while a route uses it": {func(f *fixture) error {
			_, err := f.client.DeleteModel(f.Context(), &apigatewayv2.DeleteModelInput{ApiId: f.api, ModelId: used(f)})
			return err
		}, clash, "Cannot delete model 'm', is referenced in route: join"},
		"it is renamed while a route uses it": {func(f *fixture) error {
			_, err := f.client.UpdateModel(f.Context(), &apigatewayv2.UpdateModelInput{ApiId: f.api, ModelId: used(f), Name: aws.String("n")})
			return err
		}, clash, "is referenced in route: join"},
		"a template of it is asked for": {func(f *fixture) error {
			_, err := f.client.GetModelTemplate(f.Context(), &apigatewayv2.GetModelTemplateInput{ApiId: f.api, ModelId: f.newModel("m")})
			return err
		}, notHere, notHereIs},
	})
}

func TestADeploymentIsRefusedWhen(t *testing.T) {
	testRefusals(t, map[string]refusal{
		"the API has no route": {func(f *fixture) error {
			_, err := f.client.CreateDeployment(f.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: f.api})
			return err
		}, bad, "At least one route is required before deploying the Api."},
		"its stage does not exist": {func(f *fixture) error {
			f.newRoute("$default")
			_, err := f.client.CreateDeployment(f.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: f.api, StageName: aws.String("none")})
			return err
		}, missing, "Invalid stage identifier specified"},
		"it is deleted while a stage points to it": {func(f *fixture) error {
			f.newRoute("$default")
			id := f.newDeployment()
			f.newStage("live", id)
			_, err := f.client.DeleteDeployment(f.Context(), &apigatewayv2.DeleteDeploymentInput{ApiId: f.api, DeploymentId: id})
			return err
		}, bad, "Active stages pointing to this deployment must be moved or deleted"},
	})
}

func createStageWith(change func(*apigatewayv2.CreateStageInput)) func(*fixture) error {
	return func(f *fixture) error {
		f.newRoute("join")
		in := &apigatewayv2.CreateStageInput{ApiId: f.api, StageName: aws.String("live")}
		change(in)
		_, err := f.client.CreateStage(f.Context(), in)
		return err
	}
}

func TestAStageIsRefusedWhen(t *testing.T) {
	type in = apigatewayv2.CreateStageInput
	logging := func(destination, format string) func(*fixture) error {
		return createStageWith(func(i *in) {
			i.AccessLogSettings = &types.AccessLogSettings{DestinationArn: &destination, Format: &format}
		})
	}
	routeSettings := func(key string, settings types.RouteSettings) func(*fixture) error {
		return createStageWith(func(i *in) { i.RouteSettings = map[string]types.RouteSettings{key: settings} })
	}
	testRefusals(t, map[string]refusal{
		"its name has a dot":             {createStageWith(func(i *in) { i.StageName = aws.String("v1.0") }), bad, "Invalid stage name"},
		"its name is $default":           {createStageWith(func(i *in) { i.StageName = aws.String("$default") }), bad, "Invalid stage name"},
		"its name is too long":           {createStageWith(func(i *in) { i.StageName = aws.String(strings.Repeat("x", 129)) }), bad, "Invalid stage name"},
		"its deployment does not exist":  {createStageWith(func(i *in) { i.DeploymentId = aws.String("none") }), bad, "Deployment id does not exist"},
		"it deploys by itself":           {createStageWith(func(i *in) { i.AutoDeploy = aws.Bool(true) }), notHere, notHereIs + "auto_deploy"},
		"it has a client certificate":    {createStageWith(func(i *in) { i.ClientCertificateId = aws.String("x") }), notHere, notHereIs + "client certificates"},
		"a variable's name is invalid":   {createStageWith(func(i *in) { i.StageVariables = map[string]string{"a-b": "1"} }), bad, "Stage variable a-b is invalid"},
		"a variable's value is invalid":  {createStageWith(func(i *in) { i.StageVariables = map[string]string{"a": "{}"} }), bad, "Stage variable a is invalid"},
		"its settings name no route":     {routeSettings("leave", types.RouteSettings{}), missing, "Unable to find Route by key leave within the provided RouteSettings"},
		"a throttle is negative":         {routeSettings("join", types.RouteSettings{ThrottlingBurstLimit: aws.Int32(-1)}), bad, "must not be negative"},
		"a rate is negative":             {routeSettings("join", types.RouteSettings{ThrottlingRateLimit: aws.Float64(-1)}), bad, "must not be negative"},
		"a logging level is unknown":     {routeSettings("join", types.RouteSettings{LoggingLevel: "DEBUG"}), bad, "Invalid LoggingLevel"},
		"its log lacks a request id":     {logging(logGroup, "$context.stage"), bad, "must include $context.requestId or $context.extendedRequestId"},
		"its log's request id is longer": {logging(logGroup, "$context.requestIdentity"), bad, "$context.requestIdentity"},
		"its log has an HTTP variable":   {logging(logGroup, "$context.requestId $context.path"), bad, "$context.path, which is not a $context variable"},
		"its log has another variable":   {logging(logGroup, "$context.requestId $input.body"), bad, "$input.body, which is not a $context variable"},
		"its log has two lines":          {logging(logGroup, "$context.requestId\n"), bad, "single line"},
		"its log format is above 3 KB":   {logging(logGroup, "$context.requestId"+strings.Repeat("x", 3<<10)), bad, "must not be longer than 3 KB"},
		"its log has no format":          {logging(logGroup, ""), bad, "Access log format is required"},
		"its log goes nowhere":           {logging("x", "$context.requestId"), bad, "the ARN of a CloudWatch log group is required"},
		"its log goes to Firehose":       {logging("arn:aws:firehose:us-east-1:000000000000:deliverystream/amazon-apigateway-x", "$context.requestId"), notHere, "Firehose"},
		"its name is taken": {func(f *fixture) error {
			f.newStage("live", nil)
			return createStageWith(func(*in) {})(f)
		}, clash, "Stage already exists"},
		"it is the 11th": {func(f *fixture) error {
			for i := range 10 {
				f.newStage(fmt.Sprint("s", i), nil)
			}
			return createStageWith(func(*in) {})(f)
		}, clash, "Maximum number of Stages for this API has been reached"},
	})
}

func TestWhatIsOutsideAWebSocketAPIIsRefused(t *testing.T) {
	testRefusals(t, map[string]refusal{
		"routing rules": {func(f *fixture) error {
			_, err := f.client.ListRoutingRules(f.Context(), &apigatewayv2.ListRoutingRulesInput{DomainName: aws.String("x")})
			return err
		}, notHere, notHereIs + "GET /v2/domainnames/x/routingrules"},
		"VPC links": {func(f *fixture) error {
			_, err := f.client.GetVpcLinks(f.Context(), &apigatewayv2.GetVpcLinksInput{})
			return err
		}, notHere, notHereIs + "GET /v2/vpclinks"},
		"import": {func(f *fixture) error {
			_, err := f.client.ImportApi(f.Context(), &apigatewayv2.ImportApiInput{Body: aws.String("{}")})
			return err
		}, notHere, notHereIs + "PUT /v2/apis"},
		"reimport": {func(f *fixture) error {
			_, err := f.client.ReimportApi(f.Context(), &apigatewayv2.ReimportApiInput{ApiId: f.api, Body: aws.String("{}")})
			return err
		}, notHere, notHereIs + "PUT /v2/apis/"},
		"export": {func(f *fixture) error {
			_, err := f.client.ExportApi(f.Context(), &apigatewayv2.ExportApiInput{ApiId: f.api, OutputType: aws.String("JSON"), Specification: aws.String("OAS30")})
			return err
		}, notHere, notHereIs},
		"the authorizers' cache": {func(f *fixture) error {
			_, err := f.client.ResetAuthorizersCache(f.Context(), &apigatewayv2.ResetAuthorizersCacheInput{ApiId: f.api, StageName: aws.String("live")})
			return err
		}, notHere, notHereIs},
	})
}

// TestLogsNeedTheAccountsRole for both kinds of log, as AWS wants it of WebSocket
// APIs.
func TestLogsNeedTheAccountsRole(t *testing.T) {
	role := ""
	f := newPlane(t, Config{EndpointBase: "ws://127.0.0.1:4566", LoggingRole: func(_ context.Context, region string) (string, error) {
		if region != "us-east-1" {
			t.Errorf("asked for %s", region)
		}
		return role, nil
	}})
	f.api = f.newAPI()
	f.newRoute("join")
	f.newStage("plain", nil)
	accessLog := &types.AccessLogSettings{DestinationArn: aws.String(logGroup), Format: aws.String("$context.requestId")}
	errors, off := &types.RouteSettings{LoggingLevel: types.LoggingLevelError}, &types.RouteSettings{LoggingLevel: types.LoggingLevelOff}
	ofRoute := map[string]types.RouteSettings{"join": *errors}
	asked := map[string]func() error{
		"an access log":                     createsStage(f, &apigatewayv2.CreateStageInput{AccessLogSettings: accessLog}),
		"an execution log":                  createsStage(f, &apigatewayv2.CreateStageInput{DefaultRouteSettings: errors}),
		"an execution log of a route":       createsStage(f, &apigatewayv2.CreateStageInput{RouteSettings: ofRoute}),
		"an access log later":               updatesStage(f, &apigatewayv2.UpdateStageInput{AccessLogSettings: accessLog}),
		"an execution log later":            updatesStage(f, &apigatewayv2.UpdateStageInput{DefaultRouteSettings: errors}),
		"an execution log of a route later": updatesStage(f, &apigatewayv2.UpdateStageInput{RouteSettings: ofRoute}),
	}
	for name, ask := range asked {
		t.Run(name, func(t *testing.T) {
			role = ""
			wantRefusal(t, ask(), bad, "CloudWatch Logs role ARN must be set in account settings to enable logging")
			role = "arn:aws:iam::000000000000:role/logs"
			if err := ask(); err != nil {
				t.Error(err)
			}
		})
	}
	role = ""
	for name, ask := range map[string]func() error{
		"no log":              createsStage(f, &apigatewayv2.CreateStageInput{DefaultRouteSettings: off}),
		"a log is taken away": updatesStage(f, &apigatewayv2.UpdateStageInput{AccessLogSettings: &types.AccessLogSettings{}, DefaultRouteSettings: off}),
	} {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// createsStage makes a stage of a name of its own each time.
func createsStage(f *fixture, in *apigatewayv2.CreateStageInput) func() error {
	made := 0
	return func() error {
		made++
		in.ApiId, in.StageName = f.api, aws.String(fmt.Sprintf("s%d%p", made, in))
		_, err := f.client.CreateStage(f.Context(), in)
		return err
	}
}

func updatesStage(f *fixture, in *apigatewayv2.UpdateStageInput) func() error {
	in.ApiId, in.StageName = f.api, aws.String("plain")
	return func() error {
		_, err := f.client.UpdateStage(f.Context(), in)
		return err
	}
}
