package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/coder/websocket"
)

// resolved is an HTTP client for which every name leads to the stack.
func resolved(stack *Stack) *http.Client {
	address := strings.TrimPrefix(stack.Endpoint(), "http://")
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}}
}

// certificates calls ACM as root and decodes its answer.
func certificates(t *testing.T, cfg aws.Config, operation, body string, answer any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *cfg.BaseEndpoint+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "CertificateManager."+operation)
	root := aws.Credentials{AccessKeyID: RootAccessKeyID, SecretAccessKey: RootSecretAccessKey}
	if err := signer.NewSigner().SignHTTP(t.Context(), root, r, "UNSIGNED-PAYLOAD", "acm", cfg.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(answer); res.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%s: status %d, %v", operation, res.StatusCode, err)
	}
}

// certificateFor requests a certificate as root and returns its ARN.
func certificateFor(t *testing.T, cfg aws.Config, name string) string {
	t.Helper()
	var made struct{ CertificateArn string }
	certificates(t, cfg, "RequestCertificate", `{"DomainName":"`+name+`"}`, &made)
	return made.CertificateArn
}

// TestACustomDomainName from its certificate to a message, over a restart.
func TestACustomDomainName(t *testing.T) {
	folder := openFolder(t)
	stack := start(t, folder)
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	root := as(stack, RootAccessKeyID, RootSecretAccessKey)
	const domain = "ws.example.com"
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	gateway := apigatewayv2.NewFromConfig(root)
	api, err := gateway.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("chat"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
		DisableExecuteApiEndpoint: aws.Bool(true),
	})
	must(nil, err)
	must(gateway.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{ApiId: api.ApiId, RouteKey: aws.String("$default")}))
	deployment, err := gateway.CreateDeployment(t.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	must(nil, err)
	must(gateway.CreateStage(t.Context(), &apigatewayv2.CreateStageInput{ApiId: api.ApiId, StageName: aws.String("live"), DeploymentId: deployment.DeploymentId}))

	// In a Region in which there is no certificate it is refused, and nothing of
	// that is left in the way.
	wrong := root
	wrong.Region = "us-east-1"
	certificate := certificateFor(t, root, "*.example.com")
	create := &apigatewayv2.CreateDomainNameInput{
		DomainName: aws.String(domain), DomainNameConfigurations: []types.DomainNameConfiguration{{CertificateArn: &certificate}},
	}
	var refused smithy.APIError
	if _, err := apigatewayv2.NewFromConfig(wrong).CreateDomainName(t.Context(), create); !errors.As(err, &refused) || refused.ErrorCode() != "BadRequestException" {
		t.Fatalf("error %v", err)
	}
	must(gateway.CreateDomainName(t.Context(), create))
	mapping, err := gateway.CreateApiMapping(t.Context(), &apigatewayv2.CreateApiMappingInput{
		DomainName: aws.String(domain), ApiId: api.ApiId, Stage: aws.String("live"), ApiMappingKey: aws.String("chat"),
	})
	must(nil, err)

	// A caller who may close connections of the stage, and not post to them.
	users := iam.NewFromConfig(root)
	name := aws.String("closer")
	must(users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}))
	must(users.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:ManageConnections",
		"Resource":"arn:aws:execute-api:` + root.Region + `:` + AccountID + `:` + *api.ApiId + `/live/DELETE/@connections/*"}]}`)}))
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	must(nil, err)

	check := func(stack *Stack) {
		t.Helper()
		address := strings.TrimPrefix(stack.Endpoint(), "http://")
		dial := func(url string) (*websocket.Conn, int) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			conn, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: resolved(stack)})
			if err != nil && res == nil {
				t.Fatal(err)
			}
			return conn, res.StatusCode
		}
		conn, status := dial("ws://" + domain + "/chat")
		if conn == nil {
			t.Fatalf("status %d", status)
		}
		defer func() { _ = conn.CloseNow() }()
		// The route has no integration, so that each message gets an error frame
		// with the connection's id.
		must(nil, conn.Write(t.Context(), websocket.MessageText, []byte("x")))
		_, frame, err := conn.Read(t.Context())
		must(nil, err)
		var told struct{ ConnectionID string }
		must(nil, json.Unmarshal(frame, &told))

		manage := func(id, secret, host string) *apigatewaymanagementapi.Client {
			cfg := as(stack, id, secret)
			cfg.BaseEndpoint, cfg.HTTPClient = aws.String("http://"+host+"/chat"), resolved(stack)
			return apigatewaymanagementapi.NewFromConfig(cfg)
		}
		post := &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &told.ConnectionID, Data: []byte("hello")}
		_, port, _ := net.SplitHostPort(address)
		for _, host := range []string{domain, domain + ":" + port} {
			must(manage(RootAccessKeyID, RootSecretAccessKey, host).PostToConnection(t.Context(), post))
			_, frame, err = conn.Read(t.Context())
			if err != nil || string(frame) != "hello" {
				t.Errorf("%s: got %q, %v", host, frame, err)
			}
		}
		closer := manage(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, domain)
		if _, err := closer.PostToConnection(t.Context(), post); !errors.As(err, &refused) || refused.ErrorCode() != "ForbiddenException" && refused.ErrorCode() != "AccessDeniedException" {
			t.Errorf("who may not post: %v", err)
		}
		if _, err := manage(*key.AccessKey.AccessKeyId, "forged", domain).DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &told.ConnectionID}); err == nil {
			t.Error("a forged request closed the connection")
		}
		must(closer.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &told.ConnectionID}))

		for url, want := range map[string]int{
			"ws://" + address + "/_aws/execute-api/" + *api.ApiId + "/live": http.StatusForbidden, // the default endpoint is disabled
			"ws://" + domain + "/":        http.StatusForbidden, // no mapping
			"ws://other.example.com/chat": http.StatusForbidden, // no domain name of the stack
		} {
			if _, status := dial(url); status != want {
				t.Errorf("%s: status %d, want %d", url, status, want)
			}
		}
	}
	check(stack)
	stack.Close(t.Context())
	again := start(t, folder)
	defer again.Close(context.WithoutCancel(t.Context()))
	check(again)

	t.Run("a certificate in use can be deleted", func(t *testing.T) { // as the page of differences says
		certificates(t, as(again, RootAccessKeyID, RootSecretAccessKey), "DeleteCertificate", `{"CertificateArn":"`+certificate+`"}`, new(any))
	})
	gateway = apigatewayv2.NewFromConfig(as(again, RootAccessKeyID, RootSecretAccessKey))
	must(gateway.DeleteApiMapping(t.Context(), &apigatewayv2.DeleteApiMappingInput{DomainName: aws.String(domain), ApiMappingId: mapping.ApiMappingId}))
	must(gateway.DeleteDomainName(t.Context(), &apigatewayv2.DeleteDomainNameInput{DomainName: aws.String(domain)}))
}
