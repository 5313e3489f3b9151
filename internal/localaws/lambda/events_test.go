package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queue makes a queue and returns its ARN.
func (w *world) queue(name string, attributes map[string]string) (arn string) {
	w.t.Helper()
	if _, err := w.sqs.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}); err != nil {
		w.t.Fatal(err)
	}
	return "arn:aws:sqs:" + testRegion + ":" + testAccount + ":" + name
}

func (w *world) queueURL(name string) *string {
	return aws.String(*w.config.BaseEndpoint + "/" + testAccount + "/" + name)
}

// receive waits for a message, and takes it from its queue.
func (w *world) receive(t testing.TB, queue string) sqstypes.Message {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: w.queueURL(queue), MessageAttributeNames: []string{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) > 0 {
			if _, err := w.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: w.queueURL(queue), ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
			return out.Messages[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("no message in %s; problems %+v", queue, w.runner.Status().Problems)
		}
	}
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not " + what)
		}
	}
}

func (w *world) event(t testing.TB, function, payload string) (requestID string) {
	t.Helper()
	out, err := w.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: []byte(payload)})
	if err != nil || out.StatusCode != http.StatusAccepted || len(out.Payload) != 0 || out.ExecutedVersion != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	id, _ := middleware.GetRequestIDMetadata(out.ResultMetadata)
	return id
}

func (w *world) configure(t testing.TB, input awslambda.PutFunctionEventInvokeConfigInput) error {
	t.Helper()
	_, err := w.lambda.PutFunctionEventInvokeConfig(t.Context(), &input)
	return err
}

func onFailure(target string) *types.DestinationConfig {
	return &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &target}}
}

func onSuccess(target string) *types.DestinationConfig {
	return &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &target}}
}

const (
	maySend    = `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}`
	mayPublish = `{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}`
	mayInvoke  = `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}`
)

type seenRecord struct {
	Version, Timestamp string
	RequestContext     struct {
		RequestID, FunctionArn, Condition string
		ApproximateInvokeCount            int
	}
	RequestPayload  json.RawMessage
	ResponseContext *struct {
		StatusCode                     int
		ExecutedVersion, FunctionError string
	}
	ResponsePayload json.RawMessage
}

func readRecord(t testing.TB, m sqstypes.Message) seenRecord {
	t.Helper()
	var r seenRecord
	if err := json.Unmarshal([]byte(*m.Body), &r); err != nil {
		t.Fatalf("%v: %s", err, *m.Body)
	}
	return r
}

func TestAsynchronousInvocations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	defer w.ranNowhereElse(t)
	arn := w.deploy("f", maySend+","+mayPublish+","+mayInvoke, nil)
	good, bad := w.queue("good", nil), w.queue("bad", nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	t.Run("a failure is tried again and told to a queue", func(t *testing.T) {
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), DestinationConfig: onFailure(bad)}))
		id := w.event(t, "f", `{"do":"error","text":"no"}`)
		invocations := func(n int) func() bool {
			return func() bool {
				return len(w.metrics.of("Invocations", "Count", map[string]string{"FunctionName": "f"})) == n
			}
		}
		for n, wait := range []time.Duration{time.Minute, 2 * time.Minute} {
			eventually(t, fmt.Sprintf("tried %d times", n+1), invocations(n+1))
			time.Sleep(200 * time.Millisecond)
			if !invocations(n + 1)() {
				t.Fatalf("tried again within %v", wait)
			}
			w.ahead.Add(int64(wait))
		}
		r := readRecord(t, w.receive(t, "bad"))
		if c := r.RequestContext; r.Version != "1.0" || c.RequestID != id || c.FunctionArn != arn+":$LATEST" || c.Condition != "RetriesExhausted" || c.ApproximateInvokeCount != 3 {
			t.Errorf("record %+v", r)
		}
		if c := r.ResponseContext; c == nil || c.StatusCode != http.StatusOK || c.ExecutedVersion != "$LATEST" || c.FunctionError != "Unhandled" || string(r.ResponsePayload) != `{"errorMessage":"no","errorType":"errorString"}` || string(r.RequestPayload) != `{"do":"error","text":"no"}` {
			t.Errorf("record %+v", r)
		}
		for _, dimensions := range []map[string]string{{"FunctionName": "f"}, {"FunctionName": "f", "Resource": "f"}, {}} {
			for name, want := range map[string]int{"AsyncEventsReceived": 1, "AsyncEventsDropped": 1} {
				if got := w.metrics.of(name, "Count", dimensions); len(got) != want {
					t.Errorf("%s of %v: %v", name, dimensions, got)
				}
			}
			if got := w.metrics.of("AsyncEventAge", "Milliseconds", dimensions); len(got) != 3 || got[2] < 180_000 {
				t.Errorf("AsyncEventAge: %v", got)
			}
		}
	})

	t.Run("a success is told, of an alias by its own configuration", func(t *testing.T) {
		if _, err := w.lambda.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: aws.String("f")}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.lambda.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
			t.Fatal(err)
		}
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), Qualifier: aws.String("live"), DestinationConfig: onSuccess(good)}))
		w.event(t, "f", `{"do":"echo","text":"silent"}`)
		w.event(t, "f:live", `{"do":"echo","text":"told"}`)
		r := readRecord(t, w.receive(t, "good"))
		if c := r.RequestContext; c.FunctionArn != arn+":live" || c.Condition != "Success" || c.ApproximateInvokeCount != 1 || r.ResponseContext.ExecutedVersion != "1" || string(r.ResponsePayload) != `"told"` {
			t.Errorf("record %+v", r)
		}
	})

	t.Run("to a topic", func(t *testing.T) {
		topic, err := sns.NewFromConfig(w.config).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("told")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: w.queueURL("good"), Attributes: map[string]string{
			"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + good + `"}]}`,
		}}); err != nil {
			t.Fatal(err)
		}
		if _, err := sns.NewFromConfig(w.config).Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &good, Attributes: map[string]string{"RawMessageDelivery": "true"}}); err != nil {
			t.Fatal(err)
		}
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), DestinationConfig: onSuccess(*topic.TopicArn)}))
		w.event(t, "f", `{"do":"echo","text":"by topic"}`)
		if r := readRecord(t, w.receive(t, "good")); string(r.ResponsePayload) != `"by topic"` {
			t.Errorf("record %+v", r)
		}
	})

	t.Run("to a function, which gets the record", func(t *testing.T) {
		second := w.deploy("second", maySend, nil)
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("second"), MaximumRetryAttempts: aws.Int32(0), DestinationConfig: onFailure(bad)}))
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), DestinationConfig: onSuccess(second)}))
		w.event(t, "f", `{"do":"echo","text":"on"}`)
		r := readRecord(t, w.receive(t, "bad")) // the record has no "do", which the second function does not understand
		var inner seenRecord
		if err := json.Unmarshal(r.RequestPayload, &inner); err != nil || inner.RequestContext.FunctionArn != arn+":$LATEST" || string(inner.ResponsePayload) != `"on"` || r.RequestContext.FunctionArn != second+":$LATEST" {
			t.Errorf("record %+v, %v", r, err)
		}
	})

	t.Run("a function that may not run is given up at once", func(t *testing.T) {
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), DestinationConfig: onFailure(bad)}))
		if _, err := w.lambda.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
			t.Fatal(err)
		}
		w.event(t, "f", `{"do":"echo"}`)
		if r := readRecord(t, w.receive(t, "bad")); r.RequestContext.Condition != "ZeroReservedConcurrency" || r.RequestContext.ApproximateInvokeCount != 0 || r.ResponseContext != nil || r.ResponsePayload != nil {
			t.Errorf("record %+v", r)
		}
		if _, err := w.lambda.DeleteFunctionConcurrency(ctx, &awslambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("f")}); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("without the right to send, the record is lost and counted", func(t *testing.T) {
		w.allow("f", mayPublish)
		w.event(t, "f", `{"do":"error","text":"no"}`)
		w.ahead.Add(int64(7 * time.Hour))
		eventually(t, "counted", func() bool {
			w.ahead.Add(int64(7 * time.Hour))
			return slices.Equal(w.metrics.of("DestinationDeliveryFailures", "Count", map[string]string{"FunctionName": "f"}), []float64{1})
		})
		if problems := w.runner.Status().Problems; !slices.ContainsFunc(problems, func(p Problem) bool {
			return p.Subject == "events of "+arn && strings.Contains(p.Message, "AccessDenied")
		}) {
			t.Errorf("problems %+v", problems)
		}
		w.allow("f", maySend)
	})

	t.Run("a dead letter is the event itself", func(t *testing.T) {
		if _, err := w.lambda.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: &bad}}); err != nil {
			t.Fatal(err)
		}
		must(w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(0)}))
		id := w.event(t, "f", `{"do":"crash"}`)
		m := w.receive(t, "bad")
		attribute := func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) }
		if *m.Body != `{"do":"crash"}` || attribute("RequestID") != id || attribute("ErrorCode") != "200" || attribute("ErrorMessage") != "RequestId: "+id+" Error: Runtime exited with error: exit status 3" {
			t.Errorf("message %s, %+v", *m.Body, m.MessageAttributes)
		}
	})
}

func TestTargetsAreRefusedWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.deploy("f", maySend, nil)
	queue := w.queue("q", nil)
	topic, err := sns.NewFromConfig(w.config).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	if err != nil {
		t.Fatal(err)
	}
	w.deploy("g", "", nil)
	for name, test := range map[string]struct {
		statements, target string
		errorType, message string
	}{
		"they are right":                        {maySend, queue, "", ""},
		"it is a topic and all is right":        {mayPublish, *topic.TopicArn, "", ""},
		"it is a function and all is right":     {mayInvoke, arnOf("g"), "", ""},
		"the role may not send":                 {mayPublish, queue, "InvalidParameterValueException", "The function's execution role does not have permissions to call SendMessage on " + queue},
		"the role may not publish":              {maySend, *topic.TopicArn, "InvalidParameterValueException", "does not have permissions to call Publish on"},
		"the role may not invoke":               {maySend, arnOf("g"), "InvalidParameterValueException", "does not have permissions to call InvokeFunction on"},
		"the queue does not exist":              {maySend, "arn:aws:sqs:us-east-1:000000000000:none", "InvalidParameterValueException", "The destination ARN arn:aws:sqs:us-east-1:000000000000:none is invalid."},
		"the topic does not exist":              {mayPublish, "arn:aws:sns:us-east-1:000000000000:none", "InvalidParameterValueException", "is invalid."},
		"the function does not exist":           {mayInvoke, arnOf("none"), "InvalidParameterValueException", "is invalid."},
		"it is an event bus":                    {maySend, "arn:aws:events:us-east-1:000000000000:event-bus/default", "NotServedByLocalStack", "with a destination in events"},
		"it is a bucket":                        {maySend, "arn:aws:s3:::b", "NotServedByLocalStack", "with a destination in s3"},
		"it is in a service that has no target": {maySend, "arn:aws:dynamodb:us-east-1:000000000000:table/t", "InvalidParameterValueException", "is invalid."},
	} {
		w.allow("f", test.statements)
		err := w.configure(t, awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), DestinationConfig: onFailure(test.target)})
		errorType, _ := failureOf(err)
		if errorType != test.errorType || err != nil && !strings.Contains(err.Error(), test.message) {
			t.Errorf("destination, %s: %v", name, err)
		}
		if strings.Contains(test.target, ":lambda:") {
			continue // no dead-letter target
		}
		_, err = w.lambda.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: &test.target}})
		if (err == nil) != (test.errorType == "") {
			t.Errorf("dead letters, %s: %v", name, err)
		}
	}
	if got := receivedNow(t, w, "q"); got != 0 {
		t.Errorf("checking a queue left %d messages in it", got)
	}

	w.allow("f", mayPublish)
	_, err = w.lambda.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: &queue}})
	if err == nil || !strings.Contains(err.Error(), "The provided execution role does not have permissions to call SendMessage on SQS") {
		t.Errorf("dead letters without the right: %v", err)
	}
	_, err = w.lambda.CreateFunction(ctx, &awslambda.CreateFunctionInput{
		FunctionName: aws.String("h"), Role: aws.String("arn:aws:iam::" + testAccount + ":role/f"), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		DeadLetterConfig: &types.DeadLetterConfig{TargetArn: &queue}, Code: &types.FunctionCode{ZipFile: scriptZip(t)},
	})
	if errorType, _ := failureOf(err); errorType != "InvalidParameterValueException" {
		t.Errorf("a new function: %v", err)
	}
}

func receivedNow(t testing.TB, w *world, queue string) int {
	t.Helper()
	out, err := w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: w.queueURL(queue)})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Messages)
}
