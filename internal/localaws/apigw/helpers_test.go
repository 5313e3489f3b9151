package apigw

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/smithy-go"
)

const (
	functionURI1 = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:message:live/invocations"
	logGroup     = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/apigateway/chat"
	messageModel = `{"type":"object","required":["action"]}`
)

// fixture is a control plane with an SDK client and an API in it.
type fixture struct {
	*testing.T
	plane  *ControlPlane
	url    string
	client *apigatewayv2.Client
	api    *string
}

func newPlane(t *testing.T, cfg Config) *fixture {
	t.Helper()
	plane, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(plane)
	t.Cleanup(server.Close)
	return &fixture{T: t, plane: plane, url: server.URL, client: newClient(server.URL, "us-east-1")}
}

func newClient(url, region string) *apigatewayv2.Client {
	return apigatewayv2.New(apigatewayv2.Options{
		Region:           region,
		BaseEndpoint:     &url,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

// newFixture makes a control plane that has one API.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := newPlane(t, Config{
		EndpointBase: "ws://127.0.0.1:4566",
		Now:          func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC) },
	})
	f.api = f.newAPI()
	return f
}

func (f *fixture) newAPI() *string {
	f.Helper()
	created := must(f.client.CreateApi(f.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("chat"), ProtocolType: types.ProtocolTypeWebsocket,
		RouteSelectionExpression: aws.String("$request.body.action"),
	}))
	return created.ApiId
}

func (f *fixture) newProxy() *string {
	f.Helper()
	return must(f.client.CreateIntegration(f.Context(), &apigatewayv2.CreateIntegrationInput{
		ApiId: f.api, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationUri: aws.String(functionURI1),
	})).IntegrationId
}

func (f *fixture) newMock() *string {
	f.Helper()
	return must(f.client.CreateIntegration(f.Context(), &apigatewayv2.CreateIntegrationInput{
		ApiId: f.api, IntegrationType: types.IntegrationTypeMock,
	})).IntegrationId
}

func (f *fixture) newRoute(key string) *string {
	f.Helper()
	return must(f.client.CreateRoute(f.Context(), &apigatewayv2.CreateRouteInput{ApiId: f.api, RouteKey: &key})).RouteId
}

func (f *fixture) newAuthorizer(name string) *string {
	f.Helper()
	return must(f.client.CreateAuthorizer(f.Context(), &apigatewayv2.CreateAuthorizerInput{
		ApiId: f.api, Name: &name, AuthorizerType: types.AuthorizerTypeRequest, AuthorizerUri: aws.String(functionURI1),
		IdentitySource: []string{"route.request.header.Origin"},
	})).AuthorizerId
}

func (f *fixture) newModel(name string) *string {
	f.Helper()
	return must(f.client.CreateModel(f.Context(), &apigatewayv2.CreateModelInput{
		ApiId: f.api, Name: &name, ContentType: aws.String("application/json"), Schema: aws.String(messageModel),
	})).ModelId
}

func (f *fixture) newDeployment() *string {
	f.Helper()
	return must(f.client.CreateDeployment(f.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: f.api})).DeploymentId
}

func (f *fixture) newStage(name string, deployment *string) {
	f.Helper()
	must(f.client.CreateStage(f.Context(), &apigatewayv2.CreateStageInput{ApiId: f.api, StageName: &name, DeploymentId: deployment}))
}

// must is for calls that a test takes for granted.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// wantRefusal checks the error type and a part of the message.
func wantRefusal(t *testing.T, err error, kind, message string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want %s", err, kind)
	}
	if refused.ErrorCode() != kind || !strings.Contains(refused.ErrorMessage(), message) {
		t.Fatalf("got %s: %s, want %s: …%s…", refused.ErrorCode(), refused.ErrorMessage(), kind, message)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
