package localaws

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestWhatTheStackDoesNotEnforce holds the gaps of docs/local-stack-differences.md
// to what they are: when a release of MiniStack closes one, this test fails and
// the page can lose a line.
func TestWhatTheStackDoesNotEnforce(t *testing.T) {
	stack := start(t, openFolder(t))
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	w := &gaps{T: t, stack: stack, root: as(stack, RootAccessKeyID, RootSecretAccessKey)}

	t.Run("a caller needs no right to the key of a table, nor need the key be enabled", func(t *testing.T) {
		keys := kms.NewFromConfig(w.root)
		key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		w.table("encrypted", &dynamodbtypes.SSESpecification{
			Enabled: aws.Bool(true), SSEType: dynamodbtypes.SSETypeKms, KMSMasterKeyId: key.KeyMetadata.Arn,
		})
		client := dynamodb.NewFromConfig(w.user("no-key", `{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}`))
		if err := put(t, client, "encrypted", "a"); err != nil {
			t.Errorf("without a right to the key: %v", err)
		}
		if _, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId}); err != nil {
			t.Fatal(err)
		}
		if err := put(t, client, "encrypted", "b"); err != nil {
			t.Errorf("with a disabled key: %v", err)
		}
	})

	t.Run("a grant of a key gives nothing", func(t *testing.T) {
		keys := kms.NewFromConfig(w.root)
		key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		grantee := w.user("grantee", `{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}`)
		if _, err := keys.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: key.KeyMetadata.KeyId, GranteePrincipal: aws.String("arn:aws:iam::" + AccountID + ":user/grantee"),
			Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationEncrypt},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := kms.NewFromConfig(grantee).Encrypt(t.Context(), &kms.EncryptInput{KeyId: key.KeyMetadata.KeyId, Plaintext: []byte("x")}); err == nil {
			t.Error("the grant counts")
		}
	})

	t.Run("nobody needs iam:PassRole", func(t *testing.T) {
		role, err := iam.NewFromConfig(w.root).CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName:                 aws.String("passed"),
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		client := lambda.NewFromConfig(w.user("deployer", `{"Effect":"Allow","Action":"lambda:*","Resource":"*"}`))
		if _, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
			FunctionName: aws.String("passed"), Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Architectures: []lambdatypes.Architecture{lambdatypes.Architecture(Architecture())},
			Code:          &lambdatypes.FunctionCode{ZipFile: bootstrap(t)},
		}); err != nil {
			t.Error(err)
		}
	})

	t.Run("some condition keys are absent", func(t *testing.T) {
		w.table("items", nil)
		for name, c := range map[string]struct {
			condition string
			allowed   bool
		}{
			"leading-keys":            {`"ForAnyValue:StringEquals":{"dynamodb:LeadingKeys":"mine"}`, false},
			"leading-keys-for-all":    {`"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":"theirs"}`, true},
			"attributes":              {`"ForAnyValue:StringEquals":{"dynamodb:Attributes":"pk"}`, false},
			"attributes-for-all":      {`"ForAllValues:StringEquals":{"dynamodb:Attributes":"other"}`, true},
			"a-key-that-is-there":     {`"Bool":{"aws:SecureTransport":"true"}`, true},
			"a-key-that-is-otherwise": {`"Bool":{"aws:SecureTransport":"false"}`, false},
		} {
			client := dynamodb.NewFromConfig(w.user(name, `{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*","Condition":{`+c.condition+`}}`))
			if err := put(t, client, "items", "mine"); (err == nil) != c.allowed {
				t.Errorf("%s: %v", name, err)
			}
		}
		key, err := kms.NewFromConfig(w.root).CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		client := kms.NewFromConfig(w.user("context", `{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:a":"b"}}}`))
		if _, err := client.Encrypt(t.Context(), &kms.EncryptInput{
			KeyId: key.KeyMetadata.KeyId, Plaintext: []byte("x"), EncryptionContext: map[string]string{"a": "b"},
		}); err == nil {
			t.Error("kms:EncryptionContext counts")
		}
		metrics := cloudwatch.NewFromConfig(w.user("namespace", `{"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*","Condition":{"StringEquals":{"cloudwatch:namespace":"mine"}}}`))
		if _, err := metrics.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("mine"), MetricData: []cloudwatchtypes.MetricDatum{{MetricName: aws.String("x"), Value: aws.Float64(1)}},
		}); err == nil {
			t.Error("cloudwatch:namespace counts")
		}
	})

	t.Run("a table's resource policy is stored only", func(t *testing.T) {
		arn := w.table("policed", nil)
		if _, err := dynamodb.NewFromConfig(w.root).PutResourcePolicy(t.Context(), &dynamodb.PutResourcePolicyInput{
			ResourceArn: aws.String(arn),
			Policy:      aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"dynamodb:PutItem","Resource":"` + arn + `"}]}`),
		}); err != nil {
			t.Fatal(err)
		}
		client := dynamodb.NewFromConfig(w.user("denied", `{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}`))
		if err := put(t, client, "policed", "a"); err != nil {
			t.Error(err)
		}
	})

	t.Run("there is one account, and root's signature is not checked", func(t *testing.T) {
		for _, secret := range []string{RootSecretAccessKey, "another"} {
			who, err := sts.NewFromConfig(as(stack, RootAccessKeyID, secret)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if err != nil {
				t.Fatal(err)
			}
			if *who.Account != "000000000000" || *who.Arn != "arn:aws:iam::000000000000:root" {
				t.Errorf("%s in %s", *who.Arn, *who.Account)
			}
		}
	})

	t.Run("an alarm takes data of any unit", func(t *testing.T) {
		client := cloudwatch.NewFromConfig(w.root)
		if _, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("count"), Namespace: aws.String("gaps"), MetricName: aws.String("took"), Unit: cloudwatchtypes.StandardUnitCount,
			Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0),
			ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("gaps"), MetricData: []cloudwatchtypes.MetricDatum{{MetricName: aws.String("took"), Value: aws.Float64(1), Unit: cloudwatchtypes.StandardUnitSeconds}},
		}); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			found, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"count"}})
			if err != nil || len(found.MetricAlarms) != 1 {
				t.Fatalf("%v, %v", found, err)
			}
			if found.MetricAlarms[0].StateValue == cloudwatchtypes.StateValueAlarm {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the unit counts: no alarm")
			}
		}
	})

	t.Run("an alarm tells a topic that does not let it, under a key that does not know it", func(t *testing.T) {
		key, err := kms.NewFromConfig(w.root).CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		topics, queues := sns.NewFromConfig(w.root), sqs.NewFromConfig(w.root)
		topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("deaf"), Attributes: map[string]string{
			"KmsMasterKeyId": *key.KeyMetadata.Arn,
			"Policy":         `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*"}]}`,
		}})
		if err != nil {
			t.Fatal(err)
		}
		queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("listener"), Attributes: map[string]string{
			"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
		}})
		if err != nil {
			t.Fatal(err)
		}
		attributes, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(attributes.Attributes["QueueArn"])}); err != nil {
			t.Fatal(err)
		}
		client := cloudwatch.NewFromConfig(w.root)
		if _, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("told"), Namespace: aws.String("gaps"), MetricName: aws.String("none"), AlarmActions: []string{*topic.TopicArn},
			Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0),
			ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("told"), StateValue: cloudwatchtypes.StateValueAlarm, StateReason: aws.String("a test")}); err != nil {
			t.Fatal(err)
		}
		got, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, WaitTimeSeconds: 10})
		if err != nil || len(got.Messages) != 1 {
			t.Errorf("%v, %v", got, err)
		}
	})

	t.Run("MiniStack's own port is open, and has APIs that the stack does not show", func(t *testing.T) {
		client := apigatewayv2.NewFromConfig(w.root)
		api, err := client.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
			Name: aws.String("shadowed"), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.DeleteApi(t.Context(), &apigatewayv2.DeleteApiInput{ApiId: api.ApiId}); err != nil {
			t.Fatal(err)
		}
		shown, err := client.GetApis(t.Context(), &apigatewayv2.GetApisInput{})
		if err != nil || len(shown.Items) != 0 {
			t.Errorf("the stack shows %v, %v", shown, err)
		}
		past := w.root
		past.BaseEndpoint = aws.String(stack.ministack.URL())
		shadows, err := apigatewayv2.NewFromConfig(past).GetApis(t.Context(), &apigatewayv2.GetApisInput{})
		if err != nil || len(shadows.Items) != 1 || aws.ToString(shadows.Items[0].Name) != "shadowed" {
			t.Errorf("MiniStack has %v, %v", shadows, err)
		}
		res, err := http.Get(stack.ministack.URL() + "/_ministack/health")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			t.Errorf("its administration answers %d", res.StatusCode)
		}
	})
}

// gaps is a stack with tables and users.
type gaps struct {
	*testing.T
	stack *Stack
	root  aws.Config
}

// user makes a user with one statement and returns the user's settings.
func (w *gaps) user(name, statement string) aws.Config {
	w.Helper()
	users := iam.NewFromConfig(w.root)
	if _, err := users.CreateUser(w.Context(), &iam.CreateUserInput{UserName: &name}); err != nil {
		w.Fatal(err)
	}
	key, err := users.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		w.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, statement)
	if !json.Valid([]byte(policy)) {
		w.Fatalf("no JSON: %s", policy)
	}
	if _, err := users.PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: &policy}); err != nil {
		w.Fatal(err)
	}
	return as(w.stack, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey)
}

// table makes a table and returns its ARN.
func (w *gaps) table(name string, encryption *dynamodbtypes.SSESpecification) string {
	w.Helper()
	out, err := dynamodb.NewFromConfig(w.root).CreateTable(w.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest, SSESpecification: encryption,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: dynamodbtypes.KeyTypeHash}},
	})
	if err != nil {
		w.Fatal(err)
	}
	return *out.TableDescription.TableArn
}

func put(t *testing.T, client *dynamodb.Client, table, pk string) error {
	t.Helper()
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: &table, Item: map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: pk}},
	})
	return err
}

// TestWhatASandboxIsNot holds the gaps of the Lambda runner to what
// docs/local-stack-differences.md says.
func TestWhatASandboxIsNot(t *testing.T) {
	stack := start(t, openFolder(t))
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	root := as(stack, RootAccessKeyID, RootSecretAccessKey)
	secret, common := filepath.Join(t.TempDir(), "secret"), filepath.Join(os.TempDir(), "portcullis-sandbox-"+filepath.Base(t.TempDir())+".txt")
	if err := os.WriteFile(secret, []byte("of the machine"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(common) })

	// A role that may do nothing at all, not even write logs.
	role, err := iam.NewFromConfig(root).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName:                 aws.String("nothing"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	logs := cloudwatchlogs.NewFromConfig(root)
	if _, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/open")}); err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(root)
	if _, err := functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("open"), Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []lambdatypes.Architecture{lambdatypes.Architecture(Architecture())}, Timeout: aws.Int32(30),
		TracingConfig: &lambdatypes.TracingConfig{Mode: lambdatypes.TracingModeActive},
		Environment: &lambdatypes.Environment{Variables: map[string]string{
			"SECRET": secret, "COMMON": common, "NEIGHBOUR": stack.ministack.URL() + "/_ministack/health",
		}},
		Code: &lambdatypes.FunctionCode{ZipFile: bootstrap(t)},
	}); err != nil {
		t.Fatal(err)
	}
	out, err := functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("open")})
	if err != nil {
		t.Fatal(err)
	}
	var seen struct{ Secret, Trace, Status, Code, Processors string }
	if err := json.Unmarshal(out.Payload, &seen); err != nil || out.FunctionError != nil {
		t.Fatalf("%s: %v", out.Payload, err)
	}

	t.Run("it sees the machine's files, its /tmp and its loopback", func(t *testing.T) {
		if seen.Secret != "of the machine" {
			t.Errorf("it reads %q", seen.Secret)
		}
		if text, err := os.ReadFile(common); err != nil || string(text) != "of the function\n" {
			t.Errorf("the machine's /tmp has %q, %v", text, err)
		}
		if seen.Status != "200" {
			t.Errorf("its neighbour answers %s", seen.Status)
		}
	})
	t.Run("it may write where its code is", func(t *testing.T) {
		if seen.Code != "written" {
			t.Errorf("writing there: %s", seen.Code)
		}
	})
	t.Run("it has all processors, whatever its memory", func(t *testing.T) {
		if seen.Processors != strconv.Itoa(runtime.NumCPU()) {
			t.Errorf("it has %s of %d", seen.Processors, runtime.NumCPU())
		}
	})
	t.Run("a call that writes InvocationType out is counted as a loop", func(t *testing.T) {
		if _, err := functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("open"), InvocationType: lambdatypes.InvocationTypeRequestResponse}); err != nil {
			t.Fatal(err)
		}
		dropped, err := cloudwatch.NewFromConfig(root).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("RecursiveInvocationsDropped"), Period: aws.Int32(3600), Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
			StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("open")}},
		})
		if err != nil || len(dropped.Datapoints) == 0 {
			t.Errorf("%v, %v", dropped, err)
		}
	})
	t.Run("nothing is sampled", func(t *testing.T) {
		if !strings.Contains(seen.Trace, "Root=1-") || !strings.Contains(seen.Trace, "Sampled=0") {
			t.Errorf("trace %q", seen.Trace)
		}
	})
	t.Run("it runs under a role that does not trust Lambda and may not write logs", func(t *testing.T) {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			events, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/open")})
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range events.Events {
				if *event.Message == "a line of the function" {
					return
				}
			}
			if time.Now().After(deadline) {
				t.Fatal("the line does not come")
			}
		}
	})
}

// script is a function that tells what it can reach.
const script = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while headers=$(curl -sSf -D - -o /dev/null "$api/next"); do
  header() { echo "$headers" | tr -d '\r' | sed -n "s/^$1: //Ip"; }
  echo "a line of the function"
  echo "of the function" >"$COMMON"
  code=refused
  if (: >"$LAMBDA_TASK_ROOT/new") 2>/dev/null; then code=written; fi
  curl -sSf "$api/$(header Lambda-Runtime-Aws-Request-Id)/response" -d "{
    \"secret\": \"$(cat "$SECRET")\", \"code\": \"$code\", \"processors\": \"$(nproc)\", \"trace\": \"$(header Lambda-Runtime-Trace-Id)\",
    \"status\": \"$(curl -sS -o /dev/null -w '%{http_code}' "$NEIGHBOUR")\"
  }" >/dev/null
done
`

// bootstrap is the zip of the function script.
func bootstrap(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
