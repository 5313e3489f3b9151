package adapter

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const someFunction = "arn:aws:lambda:eu-west-1:000000000000:function:f"

func TestWhatHasNoEffectIsRefused(t *testing.T) {
	w := newWorld(t)
	config := w.config(testRegion)
	buckets := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("bucket-" + newRequestID()[:8])
	must(buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: testRegion},
	}))
	notify := func(n *s3types.NotificationConfiguration) error {
		return second(buckets.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: bucket, NotificationConfiguration: n}))
	}
	topic := must(sns.NewFromConfig(config).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t" + newRequestID()[:8])})).TopicArn
	subscribe := func(protocol, endpoint string) error {
		return second(sns.NewFromConfig(config).Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint}))
	}
	users, tables := cognito.NewFromConfig(config), dynamodb.NewFromConfig(config)
	for name, c := range map[string]struct {
		err  error
		what string
	}{
		"a function for a bucket's events": {notify(&s3types.NotificationConfiguration{LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{
			{LambdaFunctionArn: aws.String(someFunction), Events: []s3types.Event{"s3:ObjectCreated:*"}},
		}}), "s3:PutBucketNotificationConfiguration with a Lambda function"},
		"EventBridge for a bucket's events": {notify(&s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}), "s3:PutBucketNotificationConfiguration with EventBridge"},
		"a bucket's web site": {second(buckets.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{
			Bucket: bucket, WebsiteConfiguration: &s3types.WebsiteConfiguration{IndexDocument: &s3types.IndexDocument{Suffix: aws.String("index.html")}},
		})), "s3:PutBucketWebsite"},
		"a function that subscribes":  {subscribe("lambda", someFunction), "sns:Subscribe with the protocol lambda"},
		"an address that subscribes":  {subscribe("email", "a@example.com"), "sns:Subscribe with the protocol email"},
		"a telephone that subscribes": {subscribe("sms", "+15550100"), "sns:Subscribe with the protocol sms"},
		"a function for a pool's users": {second(users.CreateUserPool(t.Context(), &cognito.CreateUserPoolInput{
			PoolName: aws.String("p"), LambdaConfig: &cognitotypes.LambdaConfigType{PreSignUp: aws.String(someFunction)},
		})), "cognito-idp:CreateUserPool with a Lambda function"},
		"a stream of a table to Kinesis": {second(tables.EnableKinesisStreamingDestination(t.Context(), &dynamodb.EnableKinesisStreamingDestinationInput{
			TableName: aws.String("x"), StreamArn: aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/x"),
		})), "dynamodb:EnableKinesisStreamingDestination"},
		"a replica of a table": {second(tables.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
			TableName: aws.String("x"), ReplicaUpdates: []dynamodbtypes.ReplicationGroupUpdate{{Create: &dynamodbtypes.CreateReplicationGroupMemberAction{RegionName: aws.String("eu-central-1")}}},
		})), "dynamodb:UpdateTable with replicas"},
		"a function at the edge": {second(cloudfront.NewFromConfig(config).CreateFunction(t.Context(), &cloudfront.CreateFunctionInput{
			Name: aws.String("f"), FunctionCode: []byte("x"), FunctionConfig: &cloudfronttypes.FunctionConfig{Comment: aws.String(""), Runtime: cloudfronttypes.FunctionRuntimeCloudfrontJs20},
		})), "cloudfront:CreateFunction"},
		"server timing at the edge": {second(cloudfront.NewFromConfig(config).CreateResponseHeadersPolicy(t.Context(), &cloudfront.CreateResponseHeadersPolicyInput{
			ResponseHeadersPolicyConfig: &cloudfronttypes.ResponseHeadersPolicyConfig{Name: aws.String("p"), ServerTimingHeadersConfig: &cloudfronttypes.ResponseHeadersPolicyServerTimingHeadersConfig{Enabled: aws.Bool(true)}},
		})), "cloudfront:CreateResponseHeadersPolicy with ServerTimingHeadersConfig"},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, c.err, notServed, "not served by the local stack: "+c.what) })
	}
	for service, c := range map[string]struct{ method, path, target, body string }{
		"events":         {http.MethodPost, "/", "AWSEvents.PutTargets", `{"Rule":"r","Targets":[{"Id":"1","Arn":"` + someFunction + `"}]}`},
		"scheduler":      {http.MethodPost, "/schedules/s", "", `{"Target":{"Arn":"` + someFunction + `"}}`},
		"pipes":          {http.MethodPost, "/v1/pipes/p", "", `{"Target":"` + someFunction + `"}`},
		"states":         {http.MethodPost, "/", "AWSStepFunctions.CreateStateMachine", `{"definition":"{\"Resource\":\"` + someFunction + `\"}"}`},
		"secretsmanager": {http.MethodPost, "/", "secretsmanager.RotateSecret", `{"RotationLambdaARN":"` + someFunction + `"}`},
	} {
		r := must(http.NewRequestWithContext(t.Context(), c.method, w.url+c.path, strings.NewReader(c.body)))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		if c.target != "" {
			r.Header.Set("X-Amz-Target", c.target)
		}
		if status, body := w.send(r, service, c.body); status != http.StatusNotImplemented || !strings.Contains(body, "with a Lambda function") {
			t.Errorf("%s: %d %s", service, status, body)
		}
	}
	if err := subscribe("sqs", strings.Replace(*topic, ":sns:", ":sqs:", 1)); err != nil {
		t.Errorf("a queue that subscribes: %v", err)
	}
	if err := notify(&s3types.NotificationConfiguration{}); err != nil {
		t.Errorf("no events of a bucket: %v", err)
	}
	must(users.CreateUserPool(t.Context(), &cognito.CreateUserPoolInput{PoolName: aws.String("p")}))
	must(sns.NewFromConfig(config).Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String(someFunction)}))
}

// TestABucketsLifecycleIsStoredOnly holds the gap to what it is.
func TestABucketsLifecycleIsStoredOnly(t *testing.T) {
	w := newWorld(t)
	buckets := s3.NewFromConfig(w.config(testRegion), func(o *s3.Options) { o.UsePathStyle = true })
	bucket, key := aws.String("bucket-"+newRequestID()[:8]), aws.String("k")
	must(buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: testRegion},
	}))
	must(buckets.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key}))
	must(buckets.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{
		Bucket: bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
			ID: aws.String("all"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")},
			Expiration: &s3types.LifecycleExpiration{Date: aws.Time(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))},
		}}},
	}))
	must(buckets.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key}))
}
