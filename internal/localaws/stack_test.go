package localaws

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
)

func options(t *testing.T, folder Folder, port int) Options {
	t.Helper()
	return Options{
		Folder: folder, Port: port, Region: DefaultRegion, Persist: true,
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), Progress: func(what string) { t.Log(what) },
	}
}

func start(t *testing.T, folder Folder) *Stack {
	t.Helper()
	stack, err := Start(t.Context(), options(t, folder, 0))
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// as are the settings of an SDK client with an access key.
func as(stack *Stack, id, secret string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(stack.Endpoint()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}
}

func TestWhatIsDeployedSurvivesARestartAndNothingElseDoes(t *testing.T) {
	folder := openFolder(t)
	stack := start(t, folder)
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	if _, err := Start(t.Context(), options(t, folder, 0)); !errors.Is(err, ErrRunning) {
		t.Fatalf("error %v of a second start, want ErrRunning", err)
	}
	root := as(stack, RootAccessKeyID, RootSecretAccessKey)
	api, err := apigatewayv2.NewFromConfig(root).CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("kept"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(stack.Endpoint(), "http:", "ws:", 1) + "/_aws/execute-api/" + *api.ApiId; *api.ApiEndpoint != want {
		t.Errorf("endpoint %s, want %s", *api.ApiEndpoint, want)
	}
	if _, err := dynamodb.NewFromConfig(root).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("kept"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: dynamodbtypes.KeyTypeHash}},
	}); err != nil {
		t.Fatal(err)
	}

	address := strings.TrimPrefix(stack.Endpoint(), "http://")
	child := stack.ministack.PID()
	stack.Close(t.Context())
	if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		_ = conn.Close()
		t.Errorf("something still listens on %s", address)
	}
	if err := syscall.Kill(child, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("MiniStack (pid %d) is still there: %v", child, err)
	}

	again := start(t, folder)
	defer again.Close(context.WithoutCancel(t.Context()))
	if again.Endpoint() != stack.Endpoint() {
		t.Errorf("endpoint %s, then %s", stack.Endpoint(), again.Endpoint())
	}
	root = as(again, RootAccessKeyID, RootSecretAccessKey)
	if _, err := apigatewayv2.NewFromConfig(root).GetApi(t.Context(), &apigatewayv2.GetApiInput{ApiId: api.ApiId}); err != nil {
		t.Errorf("the API: %v", err)
	}
	if _, err := dynamodb.NewFromConfig(root).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("kept")}); err != nil {
		t.Errorf("the table: %v", err)
	}
}

func TestTheControlPlaneAsksIAM(t *testing.T) {
	stack := start(t, openFolder(t))
	defer stack.Close(context.WithoutCancel(t.Context()))
	root := as(stack, RootAccessKeyID, RootSecretAccessKey)
	users := iam.NewFromConfig(root)
	name := aws.String("reader")
	if _, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: name, PolicyName: name,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apigateway:GET","Resource":"*"}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	create := &apigatewayv2.CreateApiInput{
		Name: aws.String("x"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	}
	for who, c := range map[string]struct {
		config aws.Config
		read   bool
	}{
		"a reader":                  {as(stack, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey), true},
		"a reader's forged request": {as(stack, *key.AccessKey.AccessKeyId, "forged"), false},
		"a stranger":                {as(stack, "AKIAIOSFODNN7EXAMPLE", "x"), false},
	} {
		client := apigatewayv2.NewFromConfig(c.config)
		if _, err := client.GetApis(t.Context(), &apigatewayv2.GetApisInput{}); (err == nil) != c.read {
			t.Errorf("%s reads: %v", who, err)
		}
		var denied smithy.APIError
		if _, err := client.CreateApi(t.Context(), create); !errors.As(err, &denied) {
			t.Errorf("%s creates: %v", who, err)
		}
	}
	apis, err := apigatewayv2.NewFromConfig(root).GetApis(t.Context(), &apigatewayv2.GetApisInput{})
	if err != nil || len(apis.Items) != 0 {
		t.Errorf("%v, %v, want no API", apis, err)
	}
}

func TestAPartThatEndsIsReported(t *testing.T) {
	stack := start(t, openFolder(t))
	defer stack.Close(context.WithoutCancel(t.Context()))
	if err := syscall.Kill(stack.ministack.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-stack.Failed():
		if !strings.Contains(err.Error(), "MiniStack") || !strings.Contains(err.Error(), "killed") {
			t.Errorf("error %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is reported")
	}
}
