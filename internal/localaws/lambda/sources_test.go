package lambda

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const mayRead = `{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"*"}`

// consumer is a function that notes what it gets.
type consumer struct {
	w    *world
	name string
	file string
}

func (w *world) consumer(name string, timeout int32) *consumer {
	c := &consumer{w, name, filepath.Join(w.t.TempDir(), "out")}
	w.deploy(name, mayRead, func(in *awslambda.CreateFunctionInput) {
		in.Timeout = &timeout
		in.Environment = &types.Environment{Variables: map[string]string{"OUT": c.file}}
	})
	return c
}

// batches returns what it got, batch by batch.
func (c *consumer) batches() (all [][]events.SQSMessage) {
	c.w.t.Helper()
	file, err := os.Open(c.file)
	if err != nil {
		return nil // nothing yet
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 32<<20)
	for lines.Scan() {
		var one []events.SQSMessage
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			c.w.t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// bodies returns the bodies of the messages it got.
func (c *consumer) bodies() (all []string) {
	for _, batch := range c.batches() {
		for _, m := range batch {
			all = append(all, m.Body)
		}
	}
	return all
}

func (c *consumer) got(t testing.TB, want ...string) {
	t.Helper()
	slices.Sort(want)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := c.bodies()
		slices.Sort(got)
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v, want %v; problems %+v", got, want, c.w.runner.Status().Problems)
		}
	}
}

// mapQueue makes a mapping and waits until it has its state.
func (w *world) mapQueue(t testing.TB, input awslambda.CreateEventSourceMappingInput) (uuid string) {
	t.Helper()
	out, err := w.lambda.CreateEventSourceMapping(t.Context(), &input)
	if err != nil {
		t.Fatal(err)
	}
	if *out.State != "Creating" {
		t.Errorf("state %s", *out.State)
	}
	want := "Enabled"
	if input.Enabled != nil && !*input.Enabled {
		want = "Disabled"
	}
	w.state(t, *out.UUID, want)
	return *out.UUID
}

// state waits for a state; "" is that of a mapping that is gone.
func (w *world) state(t testing.TB, uuid, want string) {
	t.Helper()
	eventually(t, "in state "+want, func() bool {
		out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
		if errorType, _ := failureOf(err); errorType == "ResourceNotFoundException" {
			return want == ""
		}
		if err != nil {
			t.Fatal(err)
		}
		return *out.State == want
	})
}

func (w *world) unmap(t testing.TB, uuid string) {
	t.Helper()
	out, err := w.lambda.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: &uuid})
	if err != nil || *out.State != "Deleting" {
		t.Fatalf("%+v, %v", out, err)
	}
	w.state(t, uuid, "")
}

func (w *world) sendTo(t testing.TB, queue string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := w.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: w.queueURL(queue), MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
}

// left is how many messages a queue has, those in flight included.
func (w *world) left(t testing.TB, queue string) string {
	t.Helper()
	out, err := w.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: w.queueURL(queue), AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func (w *world) empty(t testing.TB, queue string) {
	t.Helper()
	eventually(t, "empty", func() bool { return w.left(t, queue) == "0+0" })
}

func TestAQueueFeedsAFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	t.Cleanup(func() { w.ranNowhereElse(t) })
	c := w.consumer("f", 10)
	queue := w.queue("q", map[string]string{"VisibilityTimeout": "30"})

	t.Run("a message comes as AWS describes it", func(t *testing.T) {
		t.Parallel()
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: &queue})
		sent, err := w.sqs.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: w.queueURL("q"), MessageBody: aws.String("<hello>"),
			MessageAttributes: map[string]sqstypes.MessageAttributeValue{
				"text":  {DataType: aws.String("String"), StringValue: aws.String("v")},
				"bytes": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.got(t, "<hello>")
		m := c.batches()[0][0]
		if m.MessageId != *sent.MessageId || m.ReceiptHandle == "" || m.Md5OfBody != *sent.MD5OfMessageBody || m.Md5OfMessageAttributes != *sent.MD5OfMessageAttributes ||
			m.EventSource != "aws:sqs" || m.EventSourceARN != queue || m.AWSRegion != testRegion {
			t.Errorf("message %+v", m)
		}
		if a := m.Attributes; a["ApproximateReceiveCount"] != "1" || a["SentTimestamp"] == "" || a["SenderId"] == "" || a["ApproximateFirstReceiveTimestamp"] == "" {
			t.Errorf("attributes %v", a)
		}
		if a := m.MessageAttributes; a["text"].DataType != "String" || *a["text"].StringValue != "v" || a["bytes"].DataType != "Binary" || !slices.Equal(a["bytes"].BinaryValue, []byte{0, 1}) {
			t.Errorf("message attributes %+v", a)
		}
		w.empty(t, "q")
		w.unmap(t, uuid)
		w.sendTo(t, "q", "afterwards")
		time.Sleep(1500 * time.Millisecond)
		c.got(t, "<hello>")
		if got := w.receive(t, "q"); *got.Body != "afterwards" {
			t.Errorf("message %s", *got.Body)
		}
	})

	t.Run("an error makes messages come again, and go to the queue for dead letters", func(t *testing.T) {
		t.Parallel()
		dead := w.queue("dead", nil)
		again := w.queue("again", map[string]string{"VisibilityTimeout": "2", "RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"2"}`})
		c := w.consumer("g", 2)
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("g"), EventSourceArn: &again})
		w.sendTo(t, "again", "error")
		if got := w.receive(t, "dead"); *got.Body != "error" {
			t.Errorf("message %s", *got.Body)
		}
		c.got(t, "error", "error")
		for i, batch := range c.batches() {
			if count := batch[0].Attributes["ApproximateReceiveCount"]; count != fmt.Sprint(i+1) {
				t.Errorf("receive count %s of try %d", count, i+1)
			}
		}
		w.unmap(t, uuid)
	})

	t.Run("a partial batch response keeps what failed", func(t *testing.T) {
		t.Parallel()
		partial := w.queue("partial", map[string]string{"VisibilityTimeout": "600"})
		c := w.consumer("h", 10)
		w.sendTo(t, "partial", "good 1", "bad 2", "good 3")
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("h"), EventSourceArn: &partial, FunctionResponseTypes: []types.FunctionResponseType{"ReportBatchItemFailures"}})
		c.got(t, "good 1", "bad 2", "good 3")
		eventually(t, "only what failed is left", func() bool { return w.left(t, "partial") == "0+1" })
		w.sendTo(t, "partial", "malformed")
		c.got(t, "good 1", "bad 2", "good 3", "malformed")
		time.Sleep(300 * time.Millisecond)
		if left := w.left(t, "partial"); left != "0+2" {
			t.Errorf("%s messages left after a response of another form", left)
		}
		w.unmap(t, uuid)
	})

	t.Run("without it, a response means nothing", func(t *testing.T) {
		t.Parallel()
		ignored := w.queue("ignored", map[string]string{"VisibilityTimeout": "600"})
		w.consumer("p", 10)
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("p"), EventSourceArn: &ignored})
		w.sendTo(t, "ignored", "bad", "malformed")
		w.empty(t, "ignored")
		w.unmap(t, uuid)
	})

	t.Run("a window gathers a batch", func(t *testing.T) {
		t.Parallel()
		window := w.queue("window", nil)
		c := w.consumer("i", 10)
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("i"), EventSourceArn: &window, BatchSize: aws.Int32(25), MaximumBatchingWindowInSeconds: aws.Int32(5)})
		var sent []string
		for i := range 30 {
			sent = append(sent, fmt.Sprint("m", i))
		}
		w.sendTo(t, "window", sent...)
		c.got(t, sent...)
		batches := c.batches()
		if len(batches) != 2 || len(batches[0]) != 25 || len(batches[1]) != 5 {
			var sizes []int
			for _, b := range batches {
				sizes = append(sizes, len(b))
			}
			t.Errorf("batches of %v", sizes)
		}
		w.empty(t, "window")
		w.unmap(t, uuid)
	})

	t.Run("a batch is no larger than a function takes", func(t *testing.T) {
		t.Parallel()
		large := w.queue("large", nil)
		c := w.consumer("j", 10)
		body := strings.Repeat("x", 1_048_576)
		for range 8 {
			w.sendTo(t, "large", body)
		}
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("j"), EventSourceArn: &large})
		w.empty(t, "large")
		sizes := 0
		for _, b := range c.batches() {
			if len(b) > 5 {
				t.Errorf("%d messages of 1 MiB in one event", len(b))
			}
			sizes += len(b)
		}
		if sizes != 8 {
			t.Errorf("%d messages", sizes)
		}
		w.unmap(t, uuid)
	})

	t.Run("filters drop what they do not want", func(t *testing.T) {
		t.Parallel()
		filtered := w.queue("filtered", nil)
		c := w.consumer("k", 10)
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("k"), EventSourceArn: &filtered, FilterCriteria: &types.FilterCriteria{Filters: []types.Filter{
			{Pattern: aws.String(`{"body":{"n":[{"numeric":[">",5]}]}}`)}, {Pattern: aws.String(`{"body":["plain"]}`)},
		}}})
		w.sendTo(t, "filtered", `{"n":6}`, `{"n":5}`, `plain`, `other`, `["plain"]`)
		w.empty(t, "filtered")
		c.got(t, `{"n":6}`, `plain`)
		w.unmap(t, uuid)
	})

	t.Run("a throttled batch is tried again", func(t *testing.T) {
		t.Parallel()
		throttled := w.queue("throttled", map[string]string{"VisibilityTimeout": "600"})
		c := w.consumer("l", 10)
		concurrency := func(n int32) {
			t.Helper()
			if _, err := w.lambda.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: aws.String("l"), ReservedConcurrentExecutions: &n}); err != nil {
				t.Fatal(err)
			}
		}
		concurrency(0)
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("l"), EventSourceArn: &throttled})
		w.sendTo(t, "throttled", "patience")
		eventually(t, "throttled", func() bool {
			return len(w.metrics.of("Throttles", "Count", map[string]string{"FunctionName": "l"})) > 0
		})
		concurrency(5)
		c.got(t, "patience")
		if count := c.batches()[0][0].Attributes["ApproximateReceiveCount"]; count != "1" {
			t.Errorf("receive count %s", count)
		}
		w.unmap(t, uuid)
	})

	t.Run("concurrency is limited as the mapping says", func(t *testing.T) {
		t.Parallel()
		limited := w.queue("limited", map[string]string{"VisibilityTimeout": "600"})
		w.consumer("m", 10)
		for range 6 {
			w.sendTo(t, "limited", "sleep")
		}
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("m"), EventSourceArn: &limited, BatchSize: aws.Int32(1), ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)}})
		w.empty(t, "limited")
		if got := w.metrics.of("ConcurrentExecutions", "Count", map[string]string{"FunctionName": "m"}); slices.Max(got) != 2 || len(got) != 6 {
			t.Errorf("concurrency %v", got)
		}
		w.unmap(t, uuid)
	})

	t.Run("a FIFO queue keeps its order", func(t *testing.T) {
		t.Parallel()
		fifo := w.queue("f.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
		c := w.consumer("n", 10)
		var sent []string
		for i := range 12 {
			body := fmt.Sprint("m", i)
			sent = append(sent, body)
			if _, err := w.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: w.queueURL("f.fifo"), MessageBody: &body, MessageGroupId: aws.String("g")}); err != nil {
				t.Fatal(err)
			}
		}
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("n"), EventSourceArn: &fifo, BatchSize: aws.Int32(5)})
		w.empty(t, "f.fifo")
		if got := c.bodies(); !slices.Equal(got, sent) {
			t.Errorf("got %v", got)
		}
		if a := c.batches()[0][0].Attributes; a["MessageGroupId"] != "g" || a["SequenceNumber"] == "" || a["MessageDeduplicationId"] == "" {
			t.Errorf("attributes %v", a)
		}
		w.unmap(t, uuid)
	})

	t.Run("a role that loses its rights is reported", func(t *testing.T) {
		t.Parallel()
		lost := w.queue("lost", nil)
		w.consumer("o", 10)
		uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("o"), EventSourceArn: &lost})
		w.allow("o", maySend)
		eventually(t, "reported", func() bool {
			return slices.ContainsFunc(w.runner.Status().Problems, func(p Problem) bool {
				return p.Subject == "event source mapping "+uuid && strings.Contains(p.Message, "AccessDenied")
			})
		})
		w.unmap(t, uuid)
	})
}

func TestTheAPIOfEventSourceMappings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.consumer("f", 5)
	if _, err := w.lambda.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.lambda.CreateAlias(ctx, &awslambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	queue, other := w.queue("q", nil), w.queue("other", nil)
	get := func(uuid string) *awslambda.GetEventSourceMappingOutput {
		t.Helper()
		out, err := w.lambda.GetEventSourceMapping(ctx, &awslambda.GetEventSourceMappingInput{UUID: &uuid})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	t.Log("a mapping comes back as it was made")
	before := time.Now().Add(-time.Second)
	uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{
		FunctionName: aws.String("f:live"), EventSourceArn: &queue, Enabled: aws.Bool(false), BatchSize: aws.Int32(100), MaximumBatchingWindowInSeconds: aws.Int32(3),
		FilterCriteria:        &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"body":["x"]}`)}}},
		FunctionResponseTypes: []types.FunctionResponseType{"ReportBatchItemFailures"},
		ScalingConfig:         &types.ScalingConfig{MaximumConcurrency: aws.Int32(3)},
		Tags:                  map[string]string{"a": "1"},
	})
	one := get(uuid)
	arn := "arn:aws:lambda:" + testRegion + ":" + testAccount + ":event-source-mapping:" + uuid
	if *one.FunctionArn != arnOf("f:live") || *one.EventSourceArn != queue || *one.EventSourceMappingArn != arn || *one.BatchSize != 100 || *one.MaximumBatchingWindowInSeconds != 3 ||
		*one.FilterCriteria.Filters[0].Pattern != `{"body":["x"]}` || !slices.Equal(one.FunctionResponseTypes, []types.FunctionResponseType{"ReportBatchItemFailures"}) ||
		*one.ScalingConfig.MaximumConcurrency != 3 || *one.State != "Disabled" || *one.StateTransitionReason != "USER_INITIATED" || one.LastModified.Before(before) {
		t.Errorf("mapping %+v", one)
	}

	t.Log("a disabled mapping reads nothing")
	w.sendTo(t, "q", "x")
	time.Sleep(1500 * time.Millisecond)
	if left := w.left(t, "q"); left != "1+0" {
		t.Errorf("%s messages left", left)
	}

	t.Log("tags")
	tags := func() map[string]string {
		t.Helper()
		out, err := w.lambda.ListTags(ctx, &awslambda.ListTagsInput{Resource: &arn})
		if err != nil {
			t.Fatal(err)
		}
		return out.Tags
	}
	if _, err := w.lambda.TagResource(ctx, &awslambda.TagResourceInput{Resource: &arn, Tags: map[string]string{"b": "2", "c": "3"}}); err != nil {
		t.Error(err)
	}
	if _, err := w.lambda.UntagResource(ctx, &awslambda.UntagResourceInput{Resource: &arn, TagKeys: []string{"a", "c"}}); err != nil {
		t.Error(err)
	}
	if got := tags(); !maps.Equal(got, map[string]string{"b": "2"}) {
		t.Errorf("tags %v", got)
	}

	t.Log("an update changes what it names")
	updated, err := w.lambda.UpdateEventSourceMapping(ctx, &awslambda.UpdateEventSourceMappingInput{
		UUID: &uuid, FunctionName: aws.String("f"), Enabled: aws.Bool(true), FilterCriteria: &types.FilterCriteria{}, ScalingConfig: &types.ScalingConfig{}, FunctionResponseTypes: []types.FunctionResponseType{},
	})
	if err != nil || *updated.State != "Enabling" {
		t.Fatalf("%+v, %v", updated, err)
	}
	w.state(t, uuid, "Enabled")
	if one = get(uuid); *one.FunctionArn != arnOf("f") || *one.BatchSize != 100 || one.FilterCriteria != nil || one.ScalingConfig != nil || len(one.FunctionResponseTypes) != 0 {
		t.Errorf("mapping %+v", one)
	}
	w.empty(t, "q")

	t.Log("lists")
	second := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: &other})
	third := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f:live"), EventSourceArn: &other})
	list := func(input awslambda.ListEventSourceMappingsInput) (uuids []string) {
		t.Helper()
		pages := awslambda.NewListEventSourceMappingsPaginator(w.lambda, &input)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range page.EventSourceMappings {
				uuids = append(uuids, *one.UUID)
			}
		}
		return uuids
	}
	all := []string{uuid, second, third}
	slices.Sort(all)
	if got := list(awslambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(2)}); !slices.Equal(got, all) {
		t.Errorf("all: %v, want %v", got, all)
	}
	if got := list(awslambda.ListEventSourceMappingsInput{EventSourceArn: &other, FunctionName: aws.String("f")}); !slices.Equal(got, []string{second}) {
		t.Errorf("of a queue and a function: %v, want %s", got, second)
	}

	t.Log("a restart keeps them")
	w.restart()
	if got := list(awslambda.ListEventSourceMappingsInput{}); !slices.Equal(got, all) {
		t.Errorf("after a restart: %v, want %v", got, all)
	}
	if got := tags(); !maps.Equal(got, map[string]string{"b": "2"}) {
		t.Errorf("tags after a restart: %v", got)
	}
	w.state(t, uuid, "Enabled")
	w.sendTo(t, "q", "y")
	w.empty(t, "q")

	t.Log("while messages are worked on, a mapping that goes is in use")
	w.sendTo(t, "q", "sleep", "sleep")
	eventually(t, "at work", func() bool { return w.left(t, "q") == "0+2" })
	if out, err := w.lambda.DeleteEventSourceMapping(ctx, &awslambda.DeleteEventSourceMappingInput{UUID: &uuid}); err != nil || *out.State != "Deleting" {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = w.lambda.UpdateEventSourceMapping(ctx, &awslambda.UpdateEventSourceMappingInput{UUID: &uuid, BatchSize: aws.Int32(1)})
	if errorType, status := failureOf(err); errorType != "ResourceInUseException" || status != 400 {
		t.Errorf("update: %v", err)
	}
	w.state(t, uuid, "")
	w.empty(t, "q")
	if _, err := w.lambda.ListTags(ctx, &awslambda.ListTagsInput{Resource: &arn}); err == nil {
		t.Error("tags of a mapping that is gone")
	}
}

func TestAMappingIsRefusedWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.consumer("f", 5)
	queue := w.queue("q", nil)
	short := w.queue("short", map[string]string{"VisibilityTimeout": "4"})
	fifo := w.queue("f.fifo", map[string]string{"FifoQueue": "true"})
	taken := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f:$LATEST"), EventSourceArn: &queue})
	filters := func(patterns ...string) *types.FilterCriteria {
		c := new(types.FilterCriteria)
		for _, pattern := range patterns {
			c.Filters = append(c.Filters, types.Filter{Pattern: &pattern})
		}
		return c
	}
	may := func(actions string) string { return `{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}` }
	for name, test := range map[string]struct {
		input      awslambda.CreateEventSourceMappingInput
		statements string
		errorType  string
		message    string
	}{
		"nothing is wrong":                    {awslambda.CreateEventSourceMappingInput{}, mayRead, "", ""},
		"the function does not exist":         {awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("g")}, mayRead, "InvalidParameterValueException", "Function does not exist"},
		"the alias does not exist":            {awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f:live")}, mayRead, "InvalidParameterValueException", "Function does not exist"},
		"the queue does not exist":            {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String(queue + "2")}, mayRead, "InvalidParameterValueException", "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue"},
		"the queue is in another Region":      {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String("arn:aws:sqs:eu-west-1:" + testAccount + ":q")}, mayRead, "InvalidParameterValueException", "same region"},
		"the queue is another account's":      {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String("arn:aws:sqs:us-east-1:111111111111:q")}, mayRead, "InvalidParameterValueException", "does not have permissions"},
		"the role may not receive":            {awslambda.CreateEventSourceMappingInput{}, may(`"sqs:DeleteMessage","sqs:GetQueueAttributes"`), "InvalidParameterValueException", "The function execution role does not have permissions to call ReceiveMessage on SQS"},
		"the role may not delete":             {awslambda.CreateEventSourceMappingInput{}, may(`"sqs:ReceiveMessage","sqs:GetQueueAttributes"`), "InvalidParameterValueException", "The function execution role does not have permissions to call DeleteMessage on SQS"},
		"the role may not ask for attributes": {awslambda.CreateEventSourceMappingInput{}, may(`"sqs:ReceiveMessage","sqs:DeleteMessage"`), "InvalidParameterValueException", "The function execution role does not have permissions to call GetQueueAttributes on SQS"},
		"messages are hidden too shortly":     {awslambda.CreateEventSourceMappingInput{EventSourceArn: &short}, mayRead, "InvalidParameterValueException", "Queue visibility timeout: 4 seconds is less than Function timeout: 5 seconds"},
		"there is one already":                {awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f:$LATEST")}, mayRead, "ResourceConflictException", "already exists. Please update or delete the existing mapping with UUID " + taken},
		"there is no source":                  {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String("")}, mayRead, "InvalidParameterValueException", "Unrecognized event source"},
		"the source is a stream":              {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String("arn:aws:dynamodb:us-east-1:" + testAccount + ":table/t/stream/x"), StartingPosition: types.EventSourcePositionLatest}, mayRead, "NotServedByLocalStack", "only queues"},
		"the source is Kinesis":               {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String("arn:aws:kinesis:us-east-1:" + testAccount + ":stream/s")}, mayRead, "NotServedByLocalStack", "only queues"},
		"the source is a topic":               {awslambda.CreateEventSourceMappingInput{EventSourceArn: aws.String("arn:aws:sns:us-east-1:" + testAccount + ":t")}, mayRead, "InvalidParameterValueException", "Unsupported source arn"},
		"a batch is empty":                    {awslambda.CreateEventSourceMappingInput{BatchSize: aws.Int32(0)}, mayRead, "ValidationException", "Member must have value greater than or equal to 1"},
		"a batch is too large":                {awslambda.CreateEventSourceMappingInput{BatchSize: aws.Int32(10_001), MaximumBatchingWindowInSeconds: aws.Int32(1)}, mayRead, "ValidationException", "Member must have value less than or equal to 10000"},
		"a large batch has no window":         {awslambda.CreateEventSourceMappingInput{BatchSize: aws.Int32(11)}, mayRead, "InvalidParameterValueException", "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		"a window is too long":                {awslambda.CreateEventSourceMappingInput{MaximumBatchingWindowInSeconds: aws.Int32(301)}, mayRead, "ValidationException", "'maximumBatchingWindowInSeconds'"},
		"a FIFO queue has a window":           {awslambda.CreateEventSourceMappingInput{EventSourceArn: &fifo, MaximumBatchingWindowInSeconds: aws.Int32(1)}, mayRead, "InvalidParameterValueException", "Batching window is not supported for FIFO queues"},
		"a FIFO queue has large batches":      {awslambda.CreateEventSourceMappingInput{EventSourceArn: &fifo, BatchSize: aws.Int32(11)}, mayRead, "InvalidParameterValueException", "FIFO"},
		"concurrency is 1":                    {awslambda.CreateEventSourceMappingInput{ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(1)}}, mayRead, "ValidationException", "Member must have value greater than or equal to 2"},
		"a response type is unknown":          {awslambda.CreateEventSourceMappingInput{FunctionResponseTypes: []types.FunctionResponseType{"ReportAll"}}, mayRead, "ValidationException", "[ReportBatchItemFailures]"},
		"a filter is invalid":                 {awslambda.CreateEventSourceMappingInput{FilterCriteria: filters(`{"body":[{"wildcard":"x*"}]}`)}, mayRead, "InvalidParameterValueException", "Invalid filter pattern definition."},
		"a filter is about something else":    {awslambda.CreateEventSourceMappingInput{FilterCriteria: filters(`{"messageId":["x"]}`)}, mayRead, "InvalidParameterValueException", "Invalid filter pattern definition."},
		"there are six filters":               {awslambda.CreateEventSourceMappingInput{FilterCriteria: filters(`{"body":["1"]}`, `{"body":["2"]}`, `{"body":["3"]}`, `{"body":["4"]}`, `{"body":["5"]}`, `{"body":["6"]}`)}, mayRead, "InvalidParameterValueException", "At most 5 filters"},
		"it has a parameter of streams":       {awslambda.CreateEventSourceMappingInput{MaximumRetryAttempts: aws.Int32(1)}, mayRead, "InvalidParameterValueException", "MaximumRetryAttempts isn't supported for this event source type"},
		"it has a starting position":          {awslambda.CreateEventSourceMappingInput{StartingPosition: types.EventSourcePositionLatest}, mayRead, "InvalidParameterValueException", "StartingPosition is not valid for SQS event sources."},
		"it has what is not served":           {awslambda.CreateEventSourceMappingInput{ProvisionedPollerConfig: &types.ProvisionedPollerConfig{MinimumPollers: aws.Int32(2)}}, mayRead, "NotServedByLocalStack", "ProvisionedPollerConfig"},
	} {
		w.allow("f", test.statements)
		if test.input.FunctionName == nil {
			test.input.FunctionName = aws.String("f")
		}
		if test.input.EventSourceArn == nil {
			test.input.EventSourceArn = &queue
		}
		out, err := w.lambda.CreateEventSourceMapping(ctx, &test.input)
		errorType, _ := failureOf(err)
		if errorType != test.errorType || err != nil && !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			w.state(t, *out.UUID, "Enabled")
			w.unmap(t, *out.UUID)
		}
	}

	w.allow("f", mayRead)
	for name, test := range map[string]struct {
		input     awslambda.UpdateEventSourceMappingInput
		errorType string
	}{
		"of an unknown mapping":           {awslambda.UpdateEventSourceMappingInput{UUID: aws.String("none"), BatchSize: aws.Int32(1)}, "ResourceNotFoundException"},
		"to a large batch":                {awslambda.UpdateEventSourceMappingInput{UUID: &taken, BatchSize: aws.Int32(11)}, "InvalidParameterValueException"},
		"to a function that is not there": {awslambda.UpdateEventSourceMappingInput{UUID: &taken, FunctionName: aws.String("none")}, "InvalidParameterValueException"},
	} {
		_, err := w.lambda.UpdateEventSourceMapping(ctx, &test.input)
		if errorType, _ := failureOf(err); errorType != test.errorType {
			t.Errorf("an update %s: %v", name, err)
		}
	}
	if _, err := w.lambda.GetEventSourceMapping(ctx, &awslambda.GetEventSourceMappingInput{UUID: aws.String("none")}); err == nil {
		t.Error("a mapping that does not exist")
	}
}

func TestWhoMayMakeMappings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.consumer("f", 5)
	queue := w.queue("q", nil)
	uuid := w.mapQueue(t, awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f:$LATEST"), EventSourceArn: &queue})
	role := w.role("deployer", `{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"*"}`)
	client := awslambda.NewFromConfig(w.as(role))
	create := func() (*awslambda.CreateEventSourceMappingOutput, error) {
		return client.CreateEventSourceMapping(ctx, &awslambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: &queue})
	}
	if _, err := create(); err == nil {
		t.Error("created without a right")
	}
	if _, err := client.ListEventSourceMappings(ctx, &awslambda.ListEventSourceMappingsInput{}); err == nil {
		t.Error("listed without a right")
	}
	w.allow("deployer", `{"Effect":"Allow","Action":["lambda:CreateEventSourceMapping","lambda:ListEventSourceMappings"],"Resource":"*"}`)
	out, err := create()
	if err != nil {
		t.Fatal(err)
	}
	w.state(t, *out.UUID, "Enabled")
	if page, err := client.ListEventSourceMappings(ctx, &awslambda.ListEventSourceMappingsInput{}); err != nil || len(page.EventSourceMappings) != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		for key, secret := range map[string]string{"": "", "AKIAIOSFODNN7EXAMPLE": "x", "111111111111": "x"} {
			res := w.request(t, method, "/2015-03-31/event-source-mappings/"+uuid, `{}`, key, secret, nil)
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s with key %q: status %d", method, key, res.StatusCode)
			}
		}
	}
	w.ranNowhereElse(t)
}
