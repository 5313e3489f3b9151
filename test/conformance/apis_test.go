package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	functions "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// spec says what an API is to be.
type spec struct {
	selection string // $request.body.action when empty
	// sources are the authorizer's identity sources; without an authorizer nil.
	sources []string
	routes  []route
	stages  []stage
	// permissions are what the function may be invoked for, after the API in
	// the source ARN; everything when nil.
	permissions []string
}

// route is a route and its integration.
type route struct {
	key string
	// selects and responds make a route two-way: the selection expression and
	// the response of that name.
	selects, responds bool
	timeout           int32  // milliseconds; AWS's default when 0
	mock              string // the answer of a MOCK integration; empty for the probe
	bare              bool   // no integration
}

func oneWay(key string) route { return route{key: key} }

func twoWay(key string) route { return route{key: key, selects: true, responds: true} }

// stage is a stage that gets the API's deployment, unless it is undeployed.
type stage struct {
	name       string
	variables  map[string]string
	defaults   *types.RouteSettings
	routes     map[string]types.RouteSettings
	accessLog  *types.AccessLogSettings
	undeployed bool
}

// api is an API that was deployed.
type api struct {
	ID, Endpoint                    string
	Deployment, Authorizer          string
	Routes, Integrations, Responses map[string]string

	url *url.URL
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *api) UnmarshalJSON(data []byte) error {
	type plain api
	if err := json.Unmarshal(data, (*plain)(a)); err != nil {
		return err
	}
	a.url = mustParse(a.Endpoint)
	return nil
}

// joinWorld returns what another process has deployed.
func joinWorld(ctx context.Context, deployed []byte) (*world, error) {
	w := &world{}
	if err := json.Unmarshal(deployed, w); err != nil {
		return nil, err
	}
	return w, w.clients(ctx)
}

func hostArchitecture() functions.Architecture {
	arch, err := packaging.Host()
	if err != nil {
		panic(err) // the probe was built for it
	}
	return functions.Architecture(arch)
}

// accessLogFormat has what the cases look at.
const accessLogFormat = `{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","connectionId":"$context.connectionId",` +
	`"apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","routeKey":"$context.routeKey","eventType":"$context.eventType",` +
	`"messageId":"$context.messageId","status":"$context.status","sourceIp":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent",` +
	`"requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","connectedAt":"$context.connectedAt",` +
	`"principalId":"$context.authorizer.principalId","level":"$context.authorizer.level","integrationLatency":"$context.integrationLatency",` +
	`"integrationStatus":"$context.integration.integrationStatus","authorizerStatus":"$context.authorizer.status",` +
	`"error":"$context.error.message","errorType":"$context.error.responseType"} $context.error.messageString`

// makeSharedAPIs makes the APIs that the cases share.
func (w *world) makeSharedAPIs(ctx context.Context) error {
	if err := w.makeLogGroup(ctx, w.accessLogGroup()); err != nil {
		return err
	}
	whole := []stage{{name: "live"}}
	for _, make := range []struct {
		into **api
		spec spec
	}{
		// Behind an authorizer that is called for every handshake.
		{&w.Guarded, spec{
			sources: []string{},
			routes: []route{
				oneWay("$connect"), oneWay("$disconnect"), twoWay("$default"), twoWay("send"), oneWay("tell"),
				{key: "selects", selects: true},
				{key: "responds", responds: true},
				{key: "slow", selects: true, responds: true, timeout: 500},
				{key: "slow one-way", timeout: 500},
				{key: "mock", selects: true, responds: true, mock: `{"pong":"$context.connectionId","who":"$context.authorizer.principalId","level":"$context.authorizer.level"}`},
				{key: "long", selects: true, responds: true},
			},
			stages: []stage{
				{name: "live", variables: map[string]string{"k": "v"}, accessLog: &types.AccessLogSettings{
					DestinationArn: aws.String("arn:aws:logs:" + region + ":" + w.Account + ":log-group:" + w.accessLogGroup()),
					Format:         aws.String(accessLogFormat),
				}},
				{name: "other"},
				{name: "undeployed", undeployed: true},
			},
		}},
		// Without an authorizer.
		{&w.Open, spec{routes: []route{oneWay("$connect"), oneWay("$disconnect"), twoWay("$default"), twoWay("send")}, stages: whole}},
		// Answers each message with the message, and calls nothing else.
		{&w.Echo, spec{routes: []route{twoWay("$default")}, stages: []stage{{name: "live", variables: map[string]string{script.Mode: script.Echo}}}}},
		{&w.NoDefault, spec{routes: []route{oneWay("$connect"), twoWay("send")}, stages: whole}},
		{&w.Sources, spec{
			sources: []string{"route.request.header.X-Token", "route.request.querystring.room", "stageVariables.set"},
			routes:  []route{oneWay("$connect"), twoWay("$default")},
			stages:  []stage{{name: "live", variables: map[string]string{"set": "x"}}, {name: "unset"}},
		}},
		{&w.Composed, spec{
			selection: `${request.body.action}-${request.body.sub}`,
			routes:    []route{twoWay("$default"), twoWay("join-"), twoWay("join-x"), twoWay("-"), twoWay("a-$request.body.sub")}, stages: whole,
		}},
		{&w.Nested, spec{
			selection: "$request.body.to.list[1]",
			routes:    []route{twoWay("$default"), twoWay("hit")}, stages: whole,
		}},
	} {
		var err error
		if *make.into, err = w.makeAPI(ctx, make.spec, w.later); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) accessLogGroup() string { return "/aws/apigateway/" + w.Name }

// newAPI makes an API for one case.
func (t *T) newAPI(s spec) *api {
	t.Helper()
	a, err := t.makeAPI(t.Context(), s, func(undo func(context.Context) error) {
		t.Cleanup(func() {
			if err := undo(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("taking down: %v", err)
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// makeAPI makes an API and waits until its stages are served. What it registers
// with later takes the API down.
func (w *world) makeAPI(ctx context.Context, s spec, later func(func(context.Context) error)) (*api, error) {
	if s.selection == "" {
		s.selection = "$request.body.action"
	}
	made, err := w.control.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: &w.Name, ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: &s.selection,
	})
	if err != nil {
		return nil, err
	}
	a := &api{
		ID: *made.ApiId, Endpoint: *made.ApiEndpoint, url: mustParse(*made.ApiEndpoint),
		Routes: map[string]string{}, Integrations: map[string]string{}, Responses: map[string]string{},
	}
	later(func(ctx context.Context) error {
		_, err := w.control.DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: &a.ID})
		return err
	})
	if s.permissions == nil {
		s.permissions = []string{"*"}
	}
	for _, suffix := range s.permissions {
		revoke, err := w.permit(ctx, w.arn(a, suffix), w.Account)
		if err != nil {
			return nil, err
		}
		later(revoke)
	}
	if s.sources != nil {
		if err := w.makeAuthorizer(ctx, a, s.sources); err != nil {
			return nil, err
		}
	}
	for _, r := range s.routes {
		if err := w.makeRoute(ctx, a, r); err != nil {
			return nil, err
		}
	}
	if err := w.deploy(ctx, a); err != nil {
		return nil, err
	}
	for _, st := range s.stages {
		if err := w.makeStage(ctx, a, st); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (w *world) makeAuthorizer(ctx context.Context, a *api, sources []string) error {
	made, err := w.control.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{
		ApiId: &a.ID, Name: aws.String("probe"), AuthorizerType: types.AuthorizerTypeRequest,
		AuthorizerUri: aws.String(w.functionURI()), IdentitySource: sources,
	})
	if err != nil {
		return err
	}
	a.Authorizer = *made.AuthorizerId
	return nil
}

func (w *world) makeRoute(ctx context.Context, a *api, r route) error {
	in := &apigatewayv2.CreateRouteInput{ApiId: &a.ID, RouteKey: &r.key}
	if r.selects {
		in.RouteResponseSelectionExpression = aws.String("$default")
	}
	if r.key == "$connect" && a.Authorizer != "" {
		in.AuthorizationType, in.AuthorizerId = types.AuthorizationTypeCustom, &a.Authorizer
	}
	if !r.bare {
		id, err := w.makeIntegration(ctx, a, r)
		if err != nil {
			return err
		}
		in.Target = aws.String("integrations/" + id)
		a.Integrations[r.key] = id
	}
	made, err := w.control.CreateRoute(ctx, in)
	if err != nil {
		return err
	}
	a.Routes[r.key] = *made.RouteId
	if !r.responds {
		return nil
	}
	response, err := w.control.CreateRouteResponse(ctx, &apigatewayv2.CreateRouteResponseInput{
		ApiId: &a.ID, RouteId: made.RouteId, RouteResponseKey: aws.String("$default"),
	})
	if err != nil {
		return err
	}
	a.Responses[r.key] = *response.RouteResponseId
	return nil
}

func (w *world) makeIntegration(ctx context.Context, a *api, r route) (string, error) {
	in := &apigatewayv2.CreateIntegrationInput{
		ApiId: &a.ID, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationMethod: aws.String("POST"), IntegrationUri: aws.String(w.functionURI()),
	}
	if r.mock != "" {
		in = &apigatewayv2.CreateIntegrationInput{
			ApiId: &a.ID, IntegrationType: types.IntegrationTypeMock, TemplateSelectionExpression: aws.String("200"),
			RequestTemplates: map[string]string{"200": `{"statusCode":200}`},
		}
	}
	if r.timeout != 0 {
		in.TimeoutInMillis = &r.timeout
	}
	made, err := w.control.CreateIntegration(ctx, in)
	if err != nil || r.mock == "" {
		return aws.ToString(made.IntegrationId), err
	}
	_, err = w.control.CreateIntegrationResponse(ctx, &apigatewayv2.CreateIntegrationResponseInput{
		ApiId: &a.ID, IntegrationId: made.IntegrationId, IntegrationResponseKey: aws.String("/200/"),
		TemplateSelectionExpression: aws.String("200"), ResponseTemplates: map[string]string{"200": r.mock},
	})
	return *made.IntegrationId, err
}

// deploy makes a deployment of the API as it is now.
func (w *world) deploy(ctx context.Context, a *api) error {
	made, err := w.control.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: &a.ID})
	if err != nil {
		return err
	}
	a.Deployment = *made.DeploymentId
	return poll(ctx, time.Minute, func() (bool, error) {
		d, err := w.control.GetDeployment(ctx, &apigatewayv2.GetDeploymentInput{ApiId: &a.ID, DeploymentId: &a.Deployment})
		if err != nil {
			return false, err
		}
		if d.DeploymentStatus == types.DeploymentStatusFailed {
			return false, errors.New("the deployment failed: " + aws.ToString(d.DeploymentStatusMessage))
		}
		return d.DeploymentStatus == types.DeploymentStatusDeployed, nil
	})
}

func (w *world) makeStage(ctx context.Context, a *api, s stage) error {
	in := &apigatewayv2.CreateStageInput{
		ApiId: &a.ID, StageName: &s.name, StageVariables: s.variables, AccessLogSettings: s.accessLog,
		DefaultRouteSettings: s.defaults, RouteSettings: s.routes,
	}
	if !s.undeployed {
		in.DeploymentId = &a.Deployment
	}
	if _, err := w.control.CreateStage(ctx, in); err != nil || s.undeployed {
		return err
	}
	// AWS takes some seconds before it serves a new stage. Until then, and
	// without an upgrade, nothing is called.
	return poll(ctx, time.Minute, func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+a.Endpoint[len("ws"):]+"/"+s.name, nil)
		if err != nil {
			return false, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, nil //nolint:nilerr // the name may not be known yet
		}
		return res.StatusCode != http.StatusForbidden, res.Body.Close()
	})
}

// redeploy deploys the API as it is now to its stage "live".
func (t *T) redeploy(a *api) {
	t.Helper()
	if err := t.deploy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := t.control.UpdateStage(t.Context(), &apigatewayv2.UpdateStageInput{
		ApiId: &a.ID, StageName: aws.String("live"), DeploymentId: &a.Deployment,
	}); err != nil {
		t.Fatal(err)
	}
}
