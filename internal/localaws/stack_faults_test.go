package localaws

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	managementtypes "github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
)

// echo is a WebSocket API on a stack, and a function of the same name that
// answers each message with itself and takes each $disconnect.
type echo struct {
	name   string
	stack  *Stack
	faults *faults.Client
	config aws.Config
	apiID  string
}

func deployEcho(t *testing.T, stack *Stack, name string, code []byte) *echo {
	t.Helper()
	e := &echo{name: name, stack: stack, faults: faults.NewClient(stack.Endpoint()), config: as(stack, RootAccessKeyID, RootSecretAccessKey)}
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	role, err := iam.NewFromConfig(e.config).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 &name,
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	must(role, err)
	functions := lambda.NewFromConfig(e.config)
	must(functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []lambdatypes.Architecture{lambdatypes.Architecture(Architecture())},
		Code:          &lambdatypes.FunctionCode{ZipFile: code},
		Timeout:       aws.Int32(20),
	}))
	must(functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &name, StatementId: aws.String("api"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("apigateway.amazonaws.com"),
	}))
	apis := apigatewayv2.NewFromConfig(e.config)
	api, err := apis.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: &name, ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	})
	must(api, err)
	e.apiID = *api.ApiId
	integration, err := apis.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationMethod: aws.String("POST"),
		IntegrationUri: aws.String("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:" + AccountID + ":function:" + name + "/invocations"),
	})
	must(integration, err)
	for _, key := range []string{"$default", "$disconnect"} {
		route := &apigatewayv2.CreateRouteInput{ApiId: api.ApiId, RouteKey: &key, Target: aws.String("integrations/" + *integration.IntegrationId)}
		if key == "$default" {
			route.RouteResponseSelectionExpression = aws.String("$default")
		}
		made, err := apis.CreateRoute(ctx, route)
		must(made, err)
		if key == "$default" {
			must(apis.CreateRouteResponse(ctx, &apigatewayv2.CreateRouteResponseInput{ApiId: api.ApiId, RouteId: made.RouteId, RouteResponseKey: aws.String("$default")}))
		}
	}
	deployment, err := apis.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	must(deployment, err)
	must(apis.CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: api.ApiId, StageName: aws.String("live"), DeploymentId: deployment.DeploymentId,
		DefaultRouteSettings: &types.RouteSettings{ThrottlingRateLimit: aws.Float64(1000), ThrottlingBurstLimit: aws.Int32(1000)},
	}))
	return e
}

// functionZip builds the function for this machine.
func functionZip(t *testing.T) []byte {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", binary, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	code, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	w, err := archive.CreateHeader(header)
	if err == nil {
		_, err = w.Write(code)
	}
	if err := errors.Join(err, archive.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// dial opens a connection and returns its id.
func (e *echo) dial(t *testing.T) (*websocket.Conn, string) {
	t.Helper()
	before := e.stack.data.ConnectionIDs()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(e.stack.Endpoint(), "http", "ws", 1)+"/_aws/execute-api/"+e.apiID+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	for _, id := range e.stack.data.ConnectionIDs() {
		if !strings.Contains(strings.Join(before, " "), id) {
			return conn, id
		}
	}
	t.Fatal("the connection is not there")
	return nil, ""
}

// says sends a message and returns the answer.
func says(t *testing.T, conn *websocket.Conn, text string) string {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return hears(t, conn)
}

func hears(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// ends waits until a connection ends; clean is whether with a close frame.
func ends(t *testing.T, conn *websocket.Conn) (clean bool, code websocket.StatusCode) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err == nil || ctx.Err() != nil {
		t.Fatalf("it does not end: %q, %v", data, err)
	}
	var frame websocket.CloseError
	return errors.As(err, &frame), frame.Code
}

// post sends to a connection from outside and does not try twice.
func (e *echo) post(t *testing.T, id, text string) error {
	t.Helper()
	config := e.config.Copy()
	config.BaseEndpoint = aws.String(e.stack.Endpoint() + "/_aws/execute-api/" + e.apiID + "/live")
	_, err := apigatewaymanagementapi.NewFromConfig(config).PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte(text)})
	return err
}

func (e *echo) add(t *testing.T, fault faults.Fault) faults.Listed {
	t.Helper()
	listed, err := e.faults.Add(t.Context(), fault)
	if err != nil {
		t.Fatal(err)
	}
	return listed
}

// happened waits until a fault has happened n times, and fails the test if it
// is more.
func (e *echo) happened(t *testing.T, id string, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		listed, err := e.faults.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if listed.Happened == n {
			return
		}
		if listed.Happened > n || time.Now().After(deadline) {
			t.Fatalf("%s happened %d times, want %d", id, listed.Happened, n)
		}
	}
}

// invocations is how often the API's function was called.
func (e *echo) invocations() int {
	n := 0
	for _, sandbox := range e.stack.functions.Status().Sandboxes {
		if sandbox.Function == e.name {
			n += sandbox.Invocations
		}
	}
	return n
}

func TestEachFaultOnARunningStack(t *testing.T) {
	stack := start(t, openFolder(t))
	defer stack.Close(context.WithoutCancel(t.Context()))
	code := functionZip(t)
	e, other := deployEcho(t, stack, "echo", code), deployEcho(t, stack, "other", code)
	once := e.config.Copy()
	once.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	retrying := e.config.Copy()
	retrying.RetryMaxAttempts = 0 // as often as usual
	retrying.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 10 * time.Millisecond })
	}

	t.Run("an AWS call is throttled twice, and the SDK tries again", func(t *testing.T) {
		fault := e.add(t, faults.Fault{Type: faults.AWS, Service: "dynamodb", Operation: "ListTables", Kind: faults.Throttle, Count: 2})
		tables := dynamodb.NewFromConfig(retrying)
		for range 2 {
			if _, err := tables.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
				t.Error(err)
			}
		}
		e.happened(t, fault.ID, 2)
	})

	t.Run("API Gateway's control plane and the Invoke API fail", func(t *testing.T) {
		apis := e.add(t, faults.Fault{Type: faults.AWS, Service: "apigateway", Operation: "GetApis", Kind: faults.Fail, Count: 1})
		invoke := e.add(t, faults.Fault{Type: faults.AWS, Service: "lambda", Operation: "Invoke", Kind: faults.Throttle, Count: 1})
		var internal smithy.APIError
		if _, err := apigatewayv2.NewFromConfig(once).GetApis(t.Context(), &apigatewayv2.GetApisInput{}); !errors.As(err, &internal) || internal.ErrorCode() != "InternalServerErrorException" {
			t.Errorf("GetApis: %v", err)
		}
		var throttled *lambdatypes.TooManyRequestsException
		if _, err := lambda.NewFromConfig(once).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &e.name}); !errors.As(err, &throttled) {
			t.Errorf("Invoke: %v", err)
		}
		e.happened(t, apis.ID, 1)
		e.happened(t, invoke.ID, 1)
	})

	t.Run("what the stack asks itself goes well", func(t *testing.T) {
		var added []string
		for _, service := range []string{"lambda", "sts", "iam", "logs", "apigateway", "execute-api"} {
			added = append(added, e.add(t, faults.Fault{Type: faults.AWS, Service: service, Operation: "*", Kind: faults.Fail}).ID)
		}
		conn, _ := e.dial(t)
		if got := says(t, conn, "hello"); got != "hello" {
			t.Errorf("got %q", got)
		}
		for _, id := range added {
			e.happened(t, id, 0)
		}
		if err := e.faults.Clear(t.Context()); err != nil {
			t.Error(err)
		}
	})

	t.Run("posts to one connection are throttled", func(t *testing.T) {
		a, idA := e.dial(t)
		b, idB := e.dial(t)
		fault := e.add(t, faults.Fault{Type: faults.AWS, Service: "execute-api", Operation: "PostToConnection", Resource: idA, Kind: faults.Throttle})
		var limit *managementtypes.LimitExceededException
		if err := e.post(t, idA, "x"); !errors.As(err, &limit) {
			t.Errorf("got %v", err)
		}
		if err := e.post(t, idB, "to b"); err != nil || hears(t, b) != "to b" {
			t.Errorf("got %v", err)
		}
		e.happened(t, fault.ID, 1)
		if err := e.faults.Remove(t.Context(), fault.ID); err != nil {
			t.Error(err)
		}
		if err := e.post(t, idA, "to a"); err != nil || hears(t, a) != "to a" {
			t.Errorf("after the fault: %v", err)
		}
	})

	t.Run("a call is delayed, another hangs", func(t *testing.T) {
		const delay = 200 * time.Millisecond
		delayed := e.add(t, faults.Fault{Type: faults.AWS, Service: "sts", Operation: "GetCallerIdentity", Kind: faults.Delay, Delay: faults.Duration(delay), Count: 1})
		identity := sts.NewFromConfig(once)
		started := time.Now()
		if _, err := identity.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil || time.Since(started) < delay {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		hangs := e.add(t, faults.Fault{Type: faults.AWS, Service: "sts", Operation: "GetCallerIdentity", Kind: faults.Hang, Count: 1})
		ctx, cancel := context.WithTimeout(t.Context(), delay)
		defer cancel()
		if _, err := identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		e.happened(t, delayed.ID, 1)
		e.happened(t, hangs.ID, 1)
	})

	t.Run("a sandbox is killed while it has a message, or now", func(t *testing.T) {
		conn, _ := e.dial(t)
		says(t, conn, "there is a sandbox")
		fault := e.add(t, faults.Fault{Type: faults.SandboxKill, Function: e.name, Count: 1})
		if got := says(t, conn, "x"); !strings.Contains(got, `"message": "Internal server error"`) {
			t.Errorf("got %q", got)
		}
		e.happened(t, fault.ID, 1)
		if got := says(t, conn, "hello"); got != "hello" {
			t.Errorf("the next message: %q", got)
		}
		if killed := e.add(t, faults.Fault{Type: faults.SandboxKill}); killed.Happened == 0 {
			t.Errorf("%+v", killed)
		}
		if got := says(t, conn, "again"); got != "again" {
			t.Errorf("after the kill: %q", got)
		}
	})

	t.Run("connections are cut", func(t *testing.T) {
		a, idA := e.dial(t)
		b, _ := e.dial(t)
		elsewhere, _ := other.dial(t)
		if cut := e.add(t, faults.Fault{Type: faults.Cut, Connection: idA}); cut.Happened != 1 {
			t.Errorf("%+v", cut)
		}
		if clean, _ := ends(t, a); clean {
			t.Error("with a close frame")
		}
		if got := says(t, b, "here"); got != "here" {
			t.Errorf("got %q", got)
		}
		e.add(t, faults.Fault{Type: faults.Cut, API: e.apiID})
		if clean, _ := ends(t, b); clean {
			t.Error("with a close frame")
		}
		if got := says(t, elsewhere, "here"); got != "here" {
			t.Errorf("got %q", got)
		}
		if _, err := e.faults.Add(t.Context(), faults.Fault{Type: faults.Cut, Connection: "none"}); err == nil || !strings.Contains(err.Error(), "no connection none is open") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a $disconnect is lost", func(t *testing.T) {
		quiet := deployEcho(t, stack, "quiet", code) // no $disconnect of another test is on its way to it
		fault := e.add(t, faults.Fault{Type: faults.LoseDisconnect, API: quiet.apiID, Count: 1})
		for range 2 {
			conn, _ := quiet.dial(t)
			_ = conn.Close(websocket.StatusNormalClosure, "")
			e.happened(t, fault.ID, 1)
		}
		for deadline := time.Now().Add(20 * time.Second); quiet.invocations() == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the second $disconnect is lost as well")
			}
		}
		if n := quiet.invocations(); n != 1 {
			t.Errorf("%d invocations, want that of the second connection only", n)
		}
	})

	t.Run("a client does not read", func(t *testing.T) { // for the 10 s of the gateway's write timeout
		conn, id := e.dial(t)
		fault := e.add(t, faults.Fault{Type: faults.SlowReader, Connection: id})
		var limit *managementtypes.LimitExceededException
		if err := e.post(t, id, "x"); !errors.As(err, &limit) {
			t.Errorf("got %v", err)
		}
		e.happened(t, fault.ID, 1)
		if clean, _ := ends(t, conn); clean {
			t.Error("with a close frame")
		}
	})

	t.Run("the clock moves: an idle connection ends, signatures stay good", func(t *testing.T) {
		conn, _ := e.dial(t)
		if _, err := e.faults.Forward(t.Context(), 11*time.Minute); err != nil {
			t.Fatal(err)
		}
		if clean, code := ends(t, conn); !clean || code != websocket.StatusGoingAway {
			t.Errorf("ended with %v, %v", clean, code)
		}
		if _, err := sts.NewFromConfig(once).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
			t.Error(err)
		}
		again, _ := e.dial(t)
		if got := says(t, again, "hello"); got != "hello" {
			t.Errorf("got %q", got)
		}
	})

	t.Run("a web page adds no fault", func(t *testing.T) {
		before, err := e.faults.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, origin := range []string{"https://evil.example", stack.Endpoint()} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stack.Endpoint()+faults.Path, strings.NewReader(`{"type":"lose-disconnect"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Origin", origin)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("status %d for %s", res.StatusCode, origin)
			}
		}
		if after, err := e.faults.List(t.Context()); err != nil || len(after) != len(before) {
			t.Errorf("%v, %v", after, err)
		}
	})
}
