package localaws

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	gateway "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	function "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/packaging"
)

// patience bounds every wait; none should come near it.
const patience = 90 * time.Second

// observed is a WebSocket API with a function behind its route "do".
type observed struct {
	*testing.T
	config aws.Config
	apiID  string
	conn   *websocket.Conn
}

func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

const (
	observedName  = "observed"
	observedGroup = "/aws/lambda/" + observedName
)

func deployObserved(t *testing.T, stack *Stack) *observed {
	t.Helper()
	o := &observed{T: t, config: as(stack, RootAccessKeyID, RootSecretAccessKey)}
	ctx := t.Context()
	arch := must[packaging.Arch](t)(packaging.Host())
	out := filepath.Join(t.TempDir(), "dist")
	built := must[[]packaging.Artifact](t)(packaging.Build(ctx, filepath.Join("..", ".."), out, arch, []string{"./internal/localaws/testdata/observed"}))
	zip := must[[]byte](t)(os.ReadFile(filepath.Join(out, built[0].Name)))

	role := must[*iam.CreateRoleOutput](t)(iam.NewFromConfig(o.config).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 aws.String(observedName),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`),
	}))
	must[*cloudwatchlogs.CreateLogGroupOutput](t)(cloudwatchlogs.NewFromConfig(o.config).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(observedGroup)}))
	functions := lambda.NewFromConfig(o.config)
	made := must[*lambda.CreateFunctionOutput](t)(functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String(observedName), Role: role.Role.Arn, Runtime: function.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []function.Architecture{function.Architecture(arch)}, Code: &function.FunctionCode{ZipFile: zip}, Timeout: aws.Int32(20), MemorySize: aws.Int32(128),
	}))
	must[*lambda.AddPermissionOutput](t)(functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String(observedName), StatementId: aws.String("api"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
	}))

	control := apigatewayv2.NewFromConfig(o.config)
	api := must[*apigatewayv2.CreateApiOutput](t)(control.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: aws.String(observedName), ProtocolType: gateway.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	}))
	o.apiID = *api.ApiId
	integration := must[*apigatewayv2.CreateIntegrationOutput](t)(control.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: gateway.IntegrationTypeAwsProxy, IntegrationMethod: aws.String("POST"),
		IntegrationUri: aws.String(fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", o.config.Region, *made.FunctionArn)),
	}))
	must[*apigatewayv2.CreateRouteOutput](t)(control.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: api.ApiId, RouteKey: aws.String("do"), Target: aws.String("integrations/" + *integration.IntegrationId),
	}))
	deployment := must[*apigatewayv2.CreateDeploymentOutput](t)(control.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId}))
	must[*apigatewayv2.CreateStageOutput](t)(control.CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: api.ApiId, StageName: aws.String("live"), DeploymentId: deployment.DeploymentId,
		DefaultRouteSettings: &gateway.RouteSettings{LoggingLevel: gateway.LoggingLevelError},
	}))
	conn, _, err := websocket.Dial(ctx, *api.ApiEndpoint+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	o.conn = conn
	t.Cleanup(func() { _ = conn.CloseNow() })
	return o
}

// send sends a message of the route "do" and, when it fails, reads the error
// frame.
func (o *observed) send(do string, fails bool) {
	o.Helper()
	if err := o.conn.Write(o.Context(), websocket.MessageText, []byte(`{"action":"do","do":"`+do+`"}`)); err != nil {
		o.Fatal(err)
	}
	if fails {
		o.frame("Internal server error")
	}
}

func (o *observed) frame(want string) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), patience)
	defer cancel()
	_, frame, err := o.conn.Read(ctx)
	if err != nil || !strings.Contains(string(frame), want) {
		o.Fatalf("frame %s, %v", frame, err)
	}
}

func (o *observed) eventually(what string, holds func() bool) {
	o.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// alarm puts an alarm on a sum of a minute above a threshold.
func (o *observed) alarm(name, namespace, metric string, threshold float64, dimensions map[string]string, actions ...string) {
	o.Helper()
	var list []types.Dimension
	for name, value := range dimensions {
		list = append(list, types.Dimension{Name: aws.String(name), Value: aws.String(value)})
	}
	must[*cloudwatch.PutMetricAlarmOutput](o.T)(cloudwatch.NewFromConfig(o.config).PutMetricAlarm(o.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: &namespace, MetricName: &metric, Dimensions: list, Statistic: types.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: &threshold, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("notBreaching"), AlarmActions: actions,
	}))
}

// states are the states of all alarms by name.
func (o *observed) states() map[string]string {
	o.Helper()
	states := map[string]string{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(o.config), &cloudwatch.DescribeAlarmsInput{})
	for pages.HasMorePages() {
		for _, alarm := range must[*cloudwatch.DescribeAlarmsOutput](o.T)(pages.NextPage(o.Context())).MetricAlarms {
			states[*alarm.AlarmName] = string(alarm.StateValue)
		}
	}
	return states
}

// queued makes a topic whose messages arrive in a queue, and returns the topic's
// ARN and the queue's URL.
func (o *observed) queued() (topic, queue string) {
	o.Helper()
	ctx := o.Context()
	topic = *must[*sns.CreateTopicOutput](o.T)(sns.NewFromConfig(o.config).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alarms")})).TopicArn
	arn := strings.Replace(topic, ":sns:", ":sqs:", 1)
	queue = *must[*sqs.CreateQueueOutput](o.T)(sqs.NewFromConfig(o.config).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("alarms"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn +
			`","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}]}`,
	}})).QueueUrl
	must[*sns.SubscribeOutput](o.T)(sns.NewFromConfig(o.config).Subscribe(ctx, &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn}))
	return topic, queue
}

// Each kind of metric that the stack makes moves the alarm that watches it, no
// other one, and an action of an alarm arrives.
func TestAlarmsFire(t *testing.T) {
	stack := start(t, openFolder(t))
	defer stack.Close(context.WithoutCancel(t.Context()))
	o := deployObserved(t, stack)
	topic, queue := o.queued()
	must[*cloudwatchlogs.PutMetricFilterOutput](t)(cloudwatchlogs.NewFromConfig(o.config).PutMetricFilter(t.Context(), &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: aws.String(observedGroup), FilterName: aws.String("lost"), FilterPattern: aws.String(`{ $.level = "ERROR" }`),
		MetricTransformations: []logs.MetricTransformation{{MetricNamespace: aws.String("Chat"), MetricName: aws.String("Lost"), MetricValue: aws.String("$.lost"), DefaultValue: aws.Float64(0)}},
	}))

	stage := map[string]string{"ApiId": o.apiID, "Stage": "live"}
	errors := map[string]string{"FunctionName": observedName}
	lobby := map[string]string{"Room": "lobby"}
	for name, put := range map[string]func(name string){
		"IntegrationError": func(name string) { o.alarm(name, "AWS/ApiGateway", name, 0, stage, topic) },
		"ExecutionError":   func(name string) { o.alarm(name, "AWS/ApiGateway", name, 1, stage) }, // the refusal, the error and the throttle
		"ClientError":      func(name string) { o.alarm(name, "AWS/ApiGateway", name, 0, stage) },
		"Errors":           func(name string) { o.alarm(name, "AWS/Lambda", name, 0, errors) },
		"Throttles":        func(name string) { o.alarm(name, "AWS/Lambda", name, 0, errors) },
		"Errors of all":    func(name string) { o.alarm(name, "AWS/Lambda", "Errors", 0, nil) },
		"embedded":         func(name string) { o.alarm(name, "Chat", "Sent", 2, lobby) },
		"filtered":         func(name string) { o.alarm(name, "Chat", "Lost", 6, nil) },
		"- above":          func(name string) { o.alarm(name, "Chat", "Lost", 7, nil) },
		"- above 3":        func(name string) { o.alarm(name, "Chat", "Sent", 3, lobby) },
		"- one for all":    func(name string) { o.alarm(name, "AWS/Lambda", "Errors", 1, nil) },
		"- other stage": func(name string) {
			o.alarm(name, "AWS/ApiGateway", "ClientError", 0, map[string]string{"ApiId": o.apiID, "Stage": "other"})
		},
		"- other function": func(name string) {
			o.alarm(name, "AWS/Lambda", "Errors", 0, map[string]string{"FunctionName": "other"})
		},
		"- other room": func(name string) { o.alarm(name, "Chat", "Sent", 0, map[string]string{"Room": "attic"}) },
	} {
		put(name)
	}
	o.eventually("all alarms are OK", func() bool {
		for _, state := range o.states() {
			if state != "OK" {
				return false
			}
		}
		return true
	})

	o.send("embed", false)
	o.send("log", false)
	o.send("refuse", false)
	o.send("fail", true)
	if err := o.conn.Write(t.Context(), websocket.MessageText, []byte("no route")); err != nil {
		t.Fatal(err)
	}
	o.frame("Forbidden")
	// The other functions are through by now, or the throttle would stop them.
	o.eventually("the function has run four times", func() bool { return o.sum("AWS/Lambda", "Invocations", errors) == 4 })
	must[*lambda.PutFunctionConcurrencyOutput](t)(lambda.NewFromConfig(o.config).PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String(observedName), ReservedConcurrentExecutions: aws.Int32(0),
	}))
	o.send("throttled", true)

	o.eventually("the alarms are in ALARM", func() bool {
		for name, state := range o.states() {
			if !strings.HasPrefix(name, "- ") && state != "ALARM" {
				return false
			}
		}
		return true
	})
	for name, state := range o.states() {
		if strings.HasPrefix(name, "- ") && state != "OK" {
			t.Errorf("alarm %q is in %s", name, state)
		}
	}
	var body string
	o.eventually("the action arrives", func() bool {
		received := must[*sqs.ReceiveMessageOutput](t)(sqs.NewFromConfig(o.config).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue}))
		if len(received.Messages) > 0 {
			body = *received.Messages[0].Body
		}
		return body != ""
	})
	var envelope struct{ Message string }
	var notification struct{ AlarmName, NewStateValue, OldStateValue, NewStateReason string }
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(envelope.Message), &notification); err != nil {
		t.Fatal(err)
	}
	if notification.AlarmName != "IntegrationError" || notification.OldStateValue != "OK" || notification.NewStateValue != "ALARM" || !strings.Contains(notification.NewStateReason, "[1]") {
		t.Errorf("notification %+v", notification)
	}
}

// sum is the sum of a metric in the last hour.
func (o *observed) sum(namespace, metric string, dimensions map[string]string) float64 {
	o.Helper()
	var list []types.Dimension
	for name, value := range dimensions {
		list = append(list, types.Dimension{Name: aws.String(name), Value: aws.String(value)})
	}
	statistics := must[*cloudwatch.GetMetricStatisticsOutput](o.T)(cloudwatch.NewFromConfig(o.config).GetMetricStatistics(o.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: &namespace, MetricName: &metric, Dimensions: list, Period: aws.Int32(60), Statistics: []types.Statistic{types.StatisticSum},
		StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Minute)),
	}))
	total := 0.0
	for _, point := range statistics.Datapoints {
		total += *point.Sum
	}
	return total
}

// TestAnAlarmOnMetricMathFires, and a composite alarm on it, also after a restart.
func TestAnAlarmOnMetricMathFires(t *testing.T) {
	folder := openFolder(t)
	stack := start(t, folder)
	defer func() { stack.Close(context.WithoutCancel(t.Context())) }()
	client := func() *cloudwatch.Client {
		return cloudwatch.NewFromConfig(as(stack, RootAccessKeyID, RootSecretAccessKey))
	}
	metric := func(name string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &name, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("Math"), MetricName: &name}, Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	must[*cloudwatch.PutMetricAlarmOutput](t)(client().PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("rate"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(20), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("notBreaching"),
		Metrics:          []types.MetricDataQuery{{Id: aws.String("rate"), Expression: aws.String("100 * errors / requests")}, metric("errors"), metric("requests")},
	}))
	must[*cloudwatch.PutCompositeAlarmOutput](t)(client().PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("composite"), AlarmRule: aws.String("ALARM(rate)"),
	}))
	wait := func(want types.StateValue) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			found := must[*cloudwatch.DescribeAlarmsOutput](t)(client().DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{
				AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
			}))
			if found.MetricAlarms[0].StateValue == want && found.CompositeAlarms[0].StateValue == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("the alarm is %s, because %s, and the composite one %s, want %s", found.MetricAlarms[0].StateValue, *found.MetricAlarms[0].StateReason, found.CompositeAlarms[0].StateValue, want)
			}
		}
	}
	wait(types.StateValueOk)
	stack.Close(context.WithoutCancel(t.Context()))
	stack = start(t, folder)
	data := []types.MetricDatum{}
	for name, value := range map[string]float64{"errors": 3, "requests": 10} {
		data = append(data, types.MetricDatum{MetricName: &name, Value: &value, Timestamp: aws.Time(time.Now().Add(-2 * time.Minute))})
	}
	must[*cloudwatch.PutMetricDataOutput](t)(client().PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Math"), MetricData: data}))
	wait(types.StateValueAlarm)
}

// After a restart nobody has told the stack of filters and alarms, in a Region
// that is not its own.
func TestMetricFiltersAndAlarmsSurviveARestart(t *testing.T) {
	folder := openFolder(t)
	stack := start(t, folder)
	t.Cleanup(func() { stack.Close(context.WithoutCancel(t.Context())) })
	o := &observed{T: t, config: as(stack, RootAccessKeyID, RootSecretAccessKey)}
	client := cloudwatchlogs.NewFromConfig(o.config)
	group := aws.String("kept")
	must[*cloudwatchlogs.CreateLogGroupOutput](t)(client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}))
	must[*cloudwatchlogs.CreateLogStreamOutput](t)(client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: group}))
	must[*cloudwatchlogs.PutMetricFilterOutput](t)(client.PutMetricFilter(t.Context(), &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: group, FilterName: group, FilterPattern: aws.String("?ERROR ?FATAL"),
		MetricTransformations: []logs.MetricTransformation{{MetricNamespace: aws.String("Chat"), MetricName: aws.String("Bad"), MetricValue: aws.String("1")}},
	}))
	o.alarm("bad", "Chat", "Bad", 1, nil)
	stack.Close(t.Context())

	again := start(t, folder)
	defer again.Close(context.WithoutCancel(t.Context()))
	o.config = as(again, RootAccessKeyID, RootSecretAccessKey)
	client = cloudwatchlogs.NewFromConfig(o.config)
	now := aws.Int64(time.Now().UnixMilli())
	must[*cloudwatchlogs.PutLogEventsOutput](t)(client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: group, LogStreamName: group, LogEvents: []logs.InputLogEvent{
			{Message: aws.String("an ERROR"), Timestamp: now}, {Message: aws.String("fine"), Timestamp: now}, {Message: aws.String("FATAL"), Timestamp: now},
		},
	}))
	o.eventually("the alarm is in ALARM", func() bool { return o.states()["bad"] == "ALARM" })

	found := must[*cloudwatchlogs.FilterLogEventsOutput](t)(client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: aws.String("-fine")}))
	if len(found.Events) != 2 || *found.Events[0].Message != "an ERROR" || *found.Events[1].LogStreamName != "kept" {
		t.Errorf("found %v", found.Events)
	}
	if _, err := client.PutMetricFilter(t.Context(), &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: group, FilterName: group, FilterPattern: aws.String("{ $.a EXISTS }"),
		MetricTransformations: []logs.MetricTransformation{{MetricNamespace: aws.String("Chat"), MetricName: aws.String("Bad"), MetricValue: aws.String("1")}},
	}); err == nil || !strings.Contains(err.Error(), "invalid filter pattern") {
		t.Errorf("a wrong pattern: %v", err)
	}
}
