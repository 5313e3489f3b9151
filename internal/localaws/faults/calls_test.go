package faults

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// door is a server with a Set before it. What passes gets status 418, which no
// SDK retries.
type door struct {
	*Set
	url string
	// running is how many requests are being served.
	running atomic.Int64

	mu     sync.Mutex
	passed []string // bodies
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{Set: New(slog.New(slog.DiscardHandler))}
	calls := d.Calls(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.passed = append(d.passed, string(body))
		w.WriteHeader(http.StatusTeapot)
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.running.Add(1)
		defer d.running.Add(-1)
		calls.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(d.Clear) // calls that hang
	d.url = server.URL
	return d
}

func (d *door) add(t *testing.T, fault Fault) Listed {
	t.Helper()
	listed, err := d.Add(fault)
	if err != nil {
		t.Fatal(err)
	}
	return listed
}

func (d *door) happened(t *testing.T, id string, want int) {
	t.Helper()
	listed, err := d.Get(id)
	if err != nil || listed.Happened != want {
		t.Errorf("%s happened %d times, want %d (%v)", id, listed.Happened, want, err)
	}
}

// through is how often a call came through.
func (d *door) through(t *testing.T, want int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.passed) != want {
		t.Errorf("%d calls came through, want %d", len(d.passed), want)
	}
}

// config is that of an SDK client that retries as usual, but sooner.
func (d *door) config() aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(d.url), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
		},
	}
}

// call makes one call with an SDK's client.
type call struct {
	service, operation string
	make               func(context.Context, aws.Config) error
	code               string // when it is throttled
	as                 any    // pointer to the SDK's type for it, if it has one
	failed             string // code when it fails
}

func discard[T any](_ T, err error) error { return err }

var some = aws.String("abcdef")

var calls = []call{
	{"dynamodb", "UpdateItem", func(ctx context.Context, c aws.Config) error {
		return discard(dynamodb.NewFromConfig(c).UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: some, Key: map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: "x"}},
		}))
	}, "ProvisionedThroughputExceededException", new(*dynamodbtypes.ProvisionedThroughputExceededException), "InternalServerError"},
	{"dynamodb", "DescribeTable", func(ctx context.Context, c aws.Config) error {
		return discard(dynamodb.NewFromConfig(c).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: some}))
	}, "ThrottlingException", new(*dynamodbtypes.ThrottlingException), "InternalServerError"},
	{"logs", "PutLogEvents", func(ctx context.Context, c aws.Config) error {
		return discard(cloudwatchlogs.NewFromConfig(c).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{}))
	}, "ThrottlingException", nil, "InternalFailure"},
	{"kms", "DescribeKey", func(ctx context.Context, c aws.Config) error {
		return discard(kms.NewFromConfig(c).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: some}))
	}, "ThrottlingException", nil, "KMSInternalException"},
	{"cognito-idp", "SignUp", func(ctx context.Context, c aws.Config) error { // not signed
		return discard(cognitoidentityprovider.NewFromConfig(c).SignUp(ctx, &cognitoidentityprovider.SignUpInput{ClientId: some, Username: some, Password: some}))
	}, "TooManyRequestsException", nil, "InternalErrorException"},
	{"sqs", "SendMessage", func(ctx context.Context, c aws.Config) error {
		return discard(sqs.NewFromConfig(c).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: some, MessageBody: some}))
	}, "RequestThrottled", new(*sqstypes.RequestThrottled), "InternalFailure"},
	{"wafv2", "ListWebACLs", func(ctx context.Context, c aws.Config) error {
		return discard(wafv2.NewFromConfig(c).ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: "REGIONAL"}))
	}, "ThrottlingException", nil, "WAFInternalErrorException"},
	{"iam", "GetRole", func(ctx context.Context, c aws.Config) error {
		return discard(iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: some}))
	}, "Throttling", nil, "ServiceFailure"},
	{"sts", "GetCallerIdentity", func(ctx context.Context, c aws.Config) error {
		return discard(sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	}, "Throttling", nil, "InternalFailure"},
	{"monitoring", "PutMetricData", func(ctx context.Context, c aws.Config) error {
		return discard(cloudwatch.NewFromConfig(c).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{}))
	}, "Throttling", nil, "InternalServiceError"},
	{"s3", "PutObject", func(ctx context.Context, c aws.Config) error {
		return discard(s3.NewFromConfig(c).PutObject(ctx, &s3.PutObjectInput{Bucket: some, Key: some, Body: strings.NewReader(strings.Repeat("x", 1<<20))}))
	}, "SlowDown", nil, "InternalError"},
	{"cloudfront", "ListDistributions", func(ctx context.Context, c aws.Config) error {
		return discard(cloudfront.NewFromConfig(c).ListDistributions(ctx, &cloudfront.ListDistributionsInput{}))
	}, "Throttling", nil, "InternalFailure"},
	{"lambda", "Invoke", func(ctx context.Context, c aws.Config) error {
		return discard(lambda.NewFromConfig(c).Invoke(ctx, &lambda.InvokeInput{FunctionName: some}))
	}, "TooManyRequestsException", new(*lambdatypes.TooManyRequestsException), "ServiceException"},
	{"apigateway", "GetApis", func(ctx context.Context, c aws.Config) error {
		return discard(apigatewayv2.NewFromConfig(c).GetApis(ctx, &apigatewayv2.GetApisInput{}))
	}, "TooManyRequestsException", nil, "InternalServerErrorException"},
	{"execute-api", "PostToConnection", func(ctx context.Context, c aws.Config) error {
		return discard(apigatewaymanagementapi.NewFromConfig(c).PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: some, Data: []byte("x")}))
	}, "LimitExceededException", nil, "InternalServerErrorException"},
}

// anyOperation is the fault for whatever a call's service is asked.
func anyOperation(c call, kind Kind) Fault {
	return Fault{Type: AWS, Service: c.service, Operation: "*", Kind: kind}
}

func TestAnSDKSeesAThrottleAndRetriesIt(t *testing.T) {
	for _, c := range calls {
		t.Run(c.service+" "+c.operation, func(t *testing.T) {
			d := newDoor(t)
			fault := anyOperation(c, Throttle)
			fault.Count = 2
			id := d.add(t, fault).ID
			err := c.make(t.Context(), d.config())
			d.happened(t, id, 2)
			d.through(t, 1)
			var response *smithyhttp.ResponseError
			if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusTeapot {
				t.Errorf("the call that came through: %v", err)
			}

			fault.Count = 3 // as often as SDKs try
			id = d.add(t, fault).ID
			err = c.make(t.Context(), d.config())
			d.happened(t, id, 3)
			d.through(t, 1)
			var refused smithy.APIError
			if !errors.As(err, &refused) || refused.ErrorCode() != c.code || refused.ErrorMessage() == "" && c.service != "execute-api" { // whose model has no message
				t.Errorf("got %v, want %s", err, c.code)
			}
			throttles := retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}
			if throttles.IsErrorThrottle(err) != aws.TrueTernary {
				t.Errorf("to the SDK it is no throttle: %v", err)
			}
			if c.as != nil && !errors.As(err, c.as) {
				t.Errorf("got %v, want a %v", err, reflect.TypeOf(c.as).Elem())
			}
		})
	}
}

func TestAnSDKSeesAnInternalError(t *testing.T) {
	for _, c := range calls {
		t.Run(c.service+" "+c.operation, func(t *testing.T) {
			d := newDoor(t)
			id := d.add(t, anyOperation(c, Fail)).ID
			err := c.make(t.Context(), d.config())
			d.happened(t, id, 3) // it is retried as well
			d.through(t, 0)
			var refused smithy.APIError
			var response *smithyhttp.ResponseError
			if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusInternalServerError || response.Response.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("got %v", err)
			}
			if !errors.As(err, &refused) || refused.ErrorCode() != c.failed {
				t.Errorf("got %v, want %s", err, c.failed)
			}
		})
	}
	var internal *kmstypes.KMSInternalException
	d := newDoor(t)
	d.add(t, Fault{Type: AWS, Service: "kms", Kind: Fail})
	if _, err := kms.NewFromConfig(d.config()).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: some}); !errors.As(err, &internal) {
		t.Errorf("got %v, want a %T", err, internal)
	}
}

func TestAHeadIsThrottledWithoutABody(t *testing.T) {
	d := newDoor(t)
	id := d.add(t, Fault{Type: AWS, Service: "s3", Operation: "HeadObject", Kind: Throttle, Count: 1}).ID
	_, _ = s3.NewFromConfig(d.config()).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: some, Key: some})
	d.happened(t, id, 1)
	d.through(t, 1)
}

// A service that has no SDK here is recognised by the same protocols.
func TestEveryServiceCanFail(t *testing.T) {
	for name := range services {
		s := services[name]
		for _, e := range []apiError{s.throttled, s.fail} {
			if e.status < 400 || e.code == "" || e.message == "" {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

func TestOnlyTheCallThatIsMeantGoesWrong(t *testing.T) {
	post := func(c aws.Config, id string) error {
		return discard(apigatewaymanagementapi.NewFromConfig(c).PostToConnection(context.Background(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte("x")}))
	}
	get := func(c aws.Config) error {
		return discard(dynamodb.NewFromConfig(c).DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: some}))
	}
	for name, c := range map[string]struct {
		fault    Fault
		make     func(aws.Config) error
		happened int
	}{
		"another service":      {Fault{Service: "kms"}, get, 0},
		"another operation":    {Fault{Service: "dynamodb", Operation: "UpdateItem"}, get, 0},
		"the operation":        {Fault{Service: "dynamodb", Operation: "DescribeTable"}, get, 1},
		"operations like it":   {Fault{Service: "dynamodb", Operation: "Describe*"}, get, 1},
		"any operation":        {Fault{Service: "dynamodb"}, get, 1},
		"another case":         {Fault{Service: "dynamodb", Operation: "describetable"}, get, 0},
		"the connection":       {Fault{Service: "execute-api", Operation: "PostToConnection", Resource: "Ab/c="}, func(c aws.Config) error { return post(c, "Ab/c=") }, 1},
		"another connection":   {Fault{Service: "execute-api", Operation: "PostToConnection", Resource: "Ab/c="}, func(c aws.Config) error { return post(c, "Ab/d=") }, 0},
		"a signed handshake":   {Fault{Service: "execute-api"}, handshake, 0},
		"an unsigned request":  {Fault{Service: "s3"}, func(c aws.Config) error { return discard(http.Get(*c.BaseEndpoint + "/b/k")) }, 0},
		"an operation unknown": {Fault{Service: "lambda"}, unknownOperation, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t)
			config := d.config()
			config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
			c.fault.Type, c.fault.Kind = AWS, Throttle
			id := d.add(t, c.fault).ID
			_ = c.make(config)
			d.happened(t, id, c.happened)
			d.through(t, 1-c.happened)
		})
	}
}

func handshake(c aws.Config) error {
	return signed(c, "execute-api", "/_aws/execute-api/abcd1234/live")
}

func unknownOperation(c aws.Config) error { return signed(c, "lambda", "/2099-01-01/functions") }

// signed makes a request that is as good as signed for a service.
func signed(c aws.Config, service, path string) error {
	req, err := http.NewRequest(http.MethodGet, *c.BaseEndpoint+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	return discard(http.DefaultClient.Do(req))
}

func TestADelayedCallComesThroughLater(t *testing.T) {
	d := newDoor(t)
	const delay = 100 * time.Millisecond
	id := d.add(t, Fault{Type: AWS, Service: "sts", Kind: Delay, Delay: Duration(delay), Count: 1}).ID
	started := time.Now()
	_, _ = sts.NewFromConfig(d.config()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if took := time.Since(started); took < delay {
		t.Errorf("it took %v", took)
	}
	d.happened(t, id, 1)
	d.through(t, 1)
	if body := d.passed[0]; body != "Action=GetCallerIdentity&Version=2011-06-15" {
		t.Errorf("what came through has the body %q", body)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestACallHangsUntilItsCallerGoesAwayOrTheFaultDoes(t *testing.T) {
	d := newDoor(t)
	config := d.config()
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	ended := make(chan error, 1)
	hang := func(ctx context.Context) {
		ended <- discard(s3.NewFromConfig(config).PutObject(ctx, &s3.PutObjectInput{Bucket: some, Key: some, Body: strings.NewReader(strings.Repeat("x", 1<<20))}))
	}
	fault := Fault{Type: AWS, Service: "s3", Operation: "PutObject", Kind: Hang}
	for name, end := range map[string]func(cancel func(), id string){
		"the caller": func(cancel func(), _ string) { cancel() },
		"the fault":  func(_ func(), id string) { _ = d.Remove(id) },
	} {
		id := d.add(t, fault).ID
		ctx, cancel := context.WithCancel(t.Context())
		go hang(ctx)
		eventually(t, "it happens", func() bool {
			listed, _ := d.Get(id)
			return listed.Happened == 1
		})
		select {
		case err := <-ended:
			t.Fatalf("%s: the call ended by itself: %v", name, err)
		case <-time.After(50 * time.Millisecond):
		}
		end(cancel, id)
		var answered smithy.APIError
		if err := <-ended; err == nil || errors.As(err, &answered) {
			t.Errorf("%s: the call was answered: %v", name, err)
		}
		eventually(t, "nothing of the call is left", func() bool { return d.running.Load() == 0 })
		cancel()
		d.Clear()
	}
	d.through(t, 0)
}
