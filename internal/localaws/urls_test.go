package localaws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
)

// overheard keeps all that a client is answered.
type overheard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *overheard) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = res.Header.Write(&o.text)
	o.text.Write(body)
	return res, nil
}

// TestNoAnswerNamesMiniStacksOwnPort: a call that followed such a URL would go
// round faults, verdicts and everything else at the stack's door.
func TestNoAnswerNamesMiniStacksOwnPort(t *testing.T) {
	stack := start(t, openFolder(t))
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	heard := &overheard{}
	config := as(stack, RootAccessKeyID, RootSecretAccessKey)
	config.HTTPClient = &http.Client{Transport: heard}

	queues := sqs.NewFromConfig(config)
	queue := got(queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})).QueueUrl
	got(queues.ListQueues(t.Context(), &sqs.ListQueuesInput{}))
	if again := got(queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")})).QueueUrl; *again != *queue {
		t.Errorf("the queue is at %s and at %s", *queue, *again)
	}
	if want := stack.Endpoint() + "/" + AccountID + "/q"; *queue != want {
		t.Errorf("the queue is at %s, want %s", *queue, want)
	}
	query := func(at string, form url.Values) string {
		t.Helper()
		body := form.Encode()
		r := got(http.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(body)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		hash := sha256.Sum256([]byte(body))
		if err := signer.NewSigner().SignHTTP(t.Context(), got(config.Credentials.Retrieve(t.Context())), r, hex.EncodeToString(hash[:]), "sqs", config.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
		res := got(config.HTTPClient.Do(r))
		defer res.Body.Close()
		return string(got(io.ReadAll(res.Body)))
	}
	if answer := query(stack.Endpoint()+"/", url.Values{"Action": {"GetQueueUrl"}, "QueueName": {"q"}, "Version": {"2012-11-05"}}); !strings.Contains(answer, "<QueueUrl>"+*queue+"</QueueUrl>") {
		t.Errorf("in the query protocol: %s", answer)
	}

	topics := sns.NewFromConfig(config)
	topic := got(topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t")})).TopicArn
	attributes := got(queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})).Attributes
	got(queues.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: queue, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}}))
	got(topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: aws.String(attributes["QueueArn"])}))
	got(topics.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String("m")}))
	if messages := got(queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 10})).Messages; len(messages) == 0 || !strings.Contains(*messages[0].Body, "UnsubscribeURL") {
		t.Errorf("the notification is %v", messages)
	}

	buckets := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	got(buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("bucket"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	}))
	upload := got(buckets.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: aws.String("k")})).UploadId
	part := got(buckets.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String("bucket"), Key: aws.String("k"), UploadId: upload, PartNumber: aws.Int32(1), Body: strings.NewReader("x")}))
	got(buckets.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: aws.String("bucket"), Key: aws.String("k"), UploadId: upload,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}},
	}))

	got(dynamodb.NewFromConfig(config).DescribeEndpoints(t.Context(), &dynamodb.DescribeEndpointsInput{}))
	got(apigatewayv2.NewFromConfig(config).CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("a"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	}))
	role := got(iam.NewFromConfig(config).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("f"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`),
	})).Role.Arn
	functions := lambda.NewFromConfig(config)
	got(functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("f"), Role: role, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []lambdatypes.Architecture{lambdatypes.Architecture(Architecture())}, Code: &lambdatypes.FunctionCode{ZipFile: bootstrap(t)},
	}))
	location := got(functions.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")})).Code.Location
	if !strings.HasPrefix(*location, stack.Endpoint()+"/") {
		t.Errorf("the code is at %s", *location)
	}

	users := cognitoidentityprovider.NewFromConfig(config)
	pool := got(users.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("p")})).UserPool.Id
	got(users.CreateUserPoolDomain(t.Context(), &cognitoidentityprovider.CreateUserPoolDomainInput{Domain: aws.String("some-domain"), UserPoolId: pool}))
	got(users.DescribeUserPool(t.Context(), &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: pool}))
	res := got(config.HTTPClient.Do(got(http.NewRequestWithContext(t.Context(), http.MethodGet, stack.Endpoint()+"/"+*pool+"/.well-known/openid-configuration", nil))))
	_ = res.Body.Close()

	own := got(url.Parse(stack.ministack.URL())).Port()
	text := heard.text.String()
	for _, must := range []string{"UnsubscribeURL", "jwks_uri", "CompleteMultipartUploadResult", "Endpoints"} {
		if !strings.Contains(text, must) {
			t.Errorf("no answer has %s", must)
		}
	}
	for rest := text; ; {
		_, after, found := strings.Cut(rest, ":"+own)
		if !found {
			break
		}
		at := len(text) - len(after)
		t.Errorf("an answer names MiniStack's port: …%s…", text[max(0, at-100):min(len(text), at+40)])
		rest = after
	}

	t.Run("a call to the URL of a queue comes by the door", func(t *testing.T) {
		added, err := stack.faults.Add(faults.Fault{Type: faults.AWS, Service: "sqs", Operation: "SendMessage", Kind: faults.Throttle, Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		send := url.Values{"Action": {"SendMessage"}, "MessageBody": {"x"}, "Version": {"2012-11-05"}}
		if answer := query(*queue, send); !strings.Contains(answer, "Throttl") {
			t.Errorf("with a fault: %s", answer)
		}
		if answer := query(*queue, send); !strings.Contains(answer, "<MessageId>") {
			t.Errorf("fault %s is over: %s", added.ID, answer)
		}
	})
}

// got is for calls that a test takes for granted.
func got[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
