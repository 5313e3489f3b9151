package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// TestWithMiniStack deploys a function as Terraform would, through the
// middleware, and runs it: the control plane answers as this package assumes.
func TestWithMiniStack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	config := w.config
	client := awslambda.NewFromConfig(config)
	logs := cloudwatchlogs.NewFromConfig(config)
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	background := context.Background() // for what is taken down after the test

	name := "lambda-runner-" + uuid.New()[:8]
	role := w.role(name, "")
	group := "/aws/lambda/" + name
	must(logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}))
	defer logs.DeleteLogGroup(background, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})

	first := bootstrapZip(t)
	must(client.CreateFunction(ctx, &awslambda.CreateFunctionInput{
		FunctionName:  &name,
		Role:          &role,
		Runtime:       types.RuntimeProvidedal2023,
		Handler:       aws.String("bootstrap"),
		Architectures: []types.Architecture{types.Architecture(hostArchitecture())},
		Timeout:       aws.Int32(5),
		Environment:   &types.Environment{Variables: map[string]string{"RELEASE": "1"}},
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: &group},
		Code:          &types.FunctionCode{ZipFile: first},
	}))
	defer client.DeleteFunction(background, &awslambda.DeleteFunctionInput{FunctionName: &name})
	must(client.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: &name}))
	must(client.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String("1")}))
	live := arnOf(name) + ":live"

	type environmentSeen struct{ Environment []string }
	see := func(arn string) (*Result, map[string]string) {
		t.Helper()
		result, err := w.runner.Invoke(ctx, arn, []byte(`{"do":"environment"}`))
		if err != nil {
			t.Fatal(err)
		}
		var seen environmentSeen
		if err := json.Unmarshal(result.Payload, &seen); err != nil {
			t.Fatalf("%s: %v", result.Payload, err)
		}
		variables := make(map[string]string)
		for _, v := range seen.Environment {
			key, value, _ := strings.Cut(v, "=")
			variables[key] = value
		}
		return result, variables
	}

	result, variables := see(live)
	if result.ExecutedVersion != "1" || variables["RELEASE"] != "1" {
		t.Errorf("version %s, release %s", result.ExecutedVersion, variables["RELEASE"])
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"])
	identity, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || !strings.HasSuffix(*identity.Arn, ":assumed-role/"+name+"/"+name) {
		t.Errorf("the function is %v, error %v", identity, err)
	}

	t.Log("permissions of the alias, and of the function alone")
	source := "arn:aws:execute-api:" + testRegion + ":" + testAccount + ":api/live/$connect"
	may := func(arn string) bool {
		t.Helper()
		may, err := w.runner.MayInvoke(ctx, arn, "apigateway.amazonaws.com", source, testAccount)
		if err != nil {
			t.Fatal(err)
		}
		return may
	}
	if may(live) {
		t.Error("allowed without a permission")
	}
	must(client.AddPermission(ctx, &awslambda.AddPermissionInput{
		FunctionName: &name, Qualifier: aws.String("live"), StatementId: aws.String("connect"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("apigateway.amazonaws.com"), SourceArn: &source, SourceAccount: aws.String(testAccount),
	}))
	if !may(live) || may(arnOf(name)) || may(arnOf(name)+":1") {
		t.Errorf("alias %v, function %v, version %v; want true, false, false", may(live), may(arnOf(name)), may(arnOf(name)+":1"))
	}
	must(client.RemovePermission(ctx, &awslambda.RemovePermissionInput{FunctionName: &name, Qualifier: aws.String("live"), StatementId: aws.String("connect")}))
	if may(live) {
		t.Error("allowed after RemovePermission")
	}

	t.Log("new code from S3 and a new configuration leave version 1 as it was")
	bucket := name
	must(objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}))
	defer objects.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: &bucket})
	second := zipOf(t, zipEntry{"bootstrap", 0o755, bootstrapBinary}, zipEntry{"second", 0o644, []byte("2")})
	must(objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("f.zip"), Body: bytes.NewReader(second)}))
	defer objects.DeleteObject(background, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("f.zip")})
	must(client.UpdateFunctionCode(ctx, &awslambda.UpdateFunctionCodeInput{FunctionName: &name, S3Bucket: &bucket, S3Key: aws.String("f.zip")}))
	must(client.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: &name, Environment: &types.Environment{Variables: map[string]string{"RELEASE": "2"}}}))
	if _, variables := see(arnOf(name)); variables["RELEASE"] != "2" || !strings.HasSuffix(variables["LAMBDA_TASK_ROOT"], hexSum(second)) {
		t.Errorf("$LATEST: release %s, code %s", variables["RELEASE"], variables["LAMBDA_TASK_ROOT"])
	}
	if _, variables := see(live); variables["RELEASE"] != "1" || !strings.HasSuffix(variables["LAMBDA_TASK_ROOT"], hexSum(first)) {
		t.Errorf("live: release %s, code %s", variables["RELEASE"], variables["LAMBDA_TASK_ROOT"])
	}
	must(client.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: &name}))
	must(client.UpdateAlias(ctx, &awslambda.UpdateAliasInput{FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String("2")}))
	if result, variables := see(live); result.ExecutedVersion != "2" || variables["RELEASE"] != "2" {
		t.Errorf("live: version %s, release %s", result.ExecutedVersion, variables["RELEASE"])
	}

	t.Log("a role that does not exist")
	nobody := strings.ReplaceAll(role, name, "nobody")
	if _, err := client.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: &name, Role: &nobody}); err == nil || !strings.Contains(err.Error(), "cannot be assumed by Lambda") {
		t.Errorf("error %v", err)
	}

	t.Log("reserved concurrency")
	must(client.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: aws.Int32(0)}))
	var throttled *ThrottledError
	if _, err := w.runner.Invoke(ctx, live, nil); !errors.As(err, &throttled) {
		t.Errorf("error %v", err)
	}
	must(client.DeleteFunctionConcurrency(ctx, &awslambda.DeleteFunctionConcurrencyInput{FunctionName: &name}))

	t.Log("a refused operation looks like one to the SDK")
	_, err = client.CreateFunctionUrlConfig(ctx, &awslambda.CreateFunctionUrlConfigInput{FunctionName: &name, AuthType: types.FunctionUrlAuthTypeNone})
	if err == nil || !strings.Contains(err.Error(), "NotServedByLocalStack") || !strings.Contains(err.Error(), "lambda:CreateFunctionUrlConfig") {
		t.Errorf("error %v", err)
	}

	t.Log("a restart finds the code, and the logs are there")
	w.restart()
	if result, _ = see(live); result.ExecutedVersion != "2" {
		t.Errorf("after the restart: %+v", result)
	}
	w.close()
	if problems := w.runner.Status().Problems; len(problems) > 0 {
		t.Errorf("problems %+v", problems)
	}
	found, err := logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	if err != nil {
		t.Fatal(err)
	}
	reports := 0
	for _, event := range found.Events {
		if strings.Contains(*event.Message, `"type":"platform.report"`) && strings.Contains(*event.LogStreamName, "]") {
			reports++
		}
	}
	if reports != 5 {
		t.Errorf("%d reports in %d log events, want 5", reports, len(found.Events))
	}
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
