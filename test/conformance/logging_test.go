package conformance_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// lines are those of a log group that have a text; none when there is no such
// group.
func (t *T) lines(group, text string) []string {
	t.Helper()
	var found []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(t.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		var missing *logtypes.ResourceNotFoundException
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range page.Events {
			if strings.Contains(*line.Message, text) {
				found = append(found, *line.Message)
			}
		}
	}
	return found
}

// sum is that of a metric's values, without those that have not yet come.
func (t *T) sum(name string, dimensions map[string]string) float64 {
	t.Helper()
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/ApiGateway"), MetricName: &name, Statistics: []metrictypes.Statistic{metrictypes.StatisticSum},
		StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)), Period: aws.Int32(3600),
	}
	for name, value := range dimensions {
		in.Dimensions = append(in.Dimensions, metrictypes.Dimension{Name: &name, Value: &value})
	}
	points, err := cloudwatch.NewFromConfig(t.cfg).GetMetricStatistics(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, point := range points.Datapoints {
		total += *point.Sum
	}
	return total
}

// accessLog waits for the line of a request in the access log of the Guarded
// API.
func (t *T) accessLog(requestID string) event {
	t.Helper()
	group := t.accessLogGroup()
	var found event
	t.eventually("the access log has "+requestID, func() bool {
		lines := t.lines(group, `"`+requestID+`"`)
		if len(lines) > 0 {
			found = parseEvent(t, lines[0])
		}
		return len(lines) > 0
	})
	return found
}

func loggingCases() []testCase {
	logging := docs("websocket-api-logging")
	// logged compares a line with the event of the same request.
	logged := func(t *T, ev event, status string) event {
		t.Helper()
		line := t.accessLog(ev.context("requestId"))
		for _, name := range []string{"requestId", "extendedRequestId", "connectionId", "apiId", "stage", "domainName", "routeKey", "eventType", "requestTime", "requestTimeEpoch", "connectedAt"} {
			equal(t, name, line.string(name), ev.context(name))
		}
		equal(t, "sourceIp", line.string("sourceIp"), ev.string("requestContext", "identity", "sourceIp"))
		equal(t, "status", line.string("status"), status)
		return line
	}
	return []testCase{
		{section: "6", name: "a stage with logs is refused while the account has no role for them", source: seen("sst/sst#1556").and(docs("set-up-logging")), notOnAWS: "takes the account's setting away", run: func(t *T) {
			w := t.elsewhere("eu-south-1")
			account := func(value string) int {
				t.Helper()
				return t.call(call{
					cfg: w.cfg, method: http.MethodPatch, endpoint: os.Getenv("AWS_ENDPOINT_URL"), path: "account", service: "apigateway",
					data: `{"patchOperations":[{"op":"replace","path":"/cloudwatchRoleArn","value":"` + value + `"}]}`,
				}).status
			}
			made, err := w.control.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
				Name: &t.world.Name, ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
			})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "status of an empty role", account(""), 200)
			for name, in := range map[string]*apigatewayv2.CreateStageInput{
				"access": {AccessLogSettings: &types.AccessLogSettings{
					DestinationArn: aws.String("arn:aws:logs:eu-south-1:" + t.Account + ":log-group:x"), Format: aws.String("$context.requestId"),
				}},
				"execution": {DefaultRouteSettings: &types.RouteSettings{LoggingLevel: types.LoggingLevelError}},
			} {
				in.ApiId, in.StageName = made.ApiId, &name
				_, err := w.control.CreateStage(t.Context(), in)
				wantRefusal(t, err, "BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging")
			}
			equal(t, "status of a role that is none", account("arn:aws:iam::"+t.Account+":role/none"), 400)
		}},
		{section: "6", name: "the access log has a line for $connect, each message and $disconnect", source: logging, run: func(t *T) {
			c := t.dial(t.Guarded, offer{headers: []string{"User-Agent: conformance/1"}, authorize: allowing(`{"level":3}`)})
			c.do("send", script.Script{})
			message := c.hearsEvent()
			c.send(closing(1000, ""))
			for _, ev := range []event{c.connected(), message, c.disconnected()} {
				line := logged(t, ev, "200")
				equal(t, "principalId", line.string("principalId"), "probe")
				equal(t, "level", line.string("level"), "3")
				equal(t, "userAgent", line.string("userAgent"), "conformance/1")
				equal(t, "integrationStatus", line.string("integrationStatus"), "200")
			}
			equal(t, "messageId", logged(t, message, "200").string("messageId"), message.context("messageId"))
		}},
		{section: "6", name: "a variable without a value is “-”", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			line := logged(t, c.connected(), "200")
			for _, name := range []string{"messageId", "userAgent", "level"} {
				equal(t, name, line.string(name), "-")
			}
		}},
		{section: "6", name: "the access log has a line for a handshake that was refused", source: logging, run: func(t *T) {
			c := t.refused(t.Guarded, offer{authorize: script.Script{Result: result(statement("Deny", `"*"`), "")}}, 403)
			line := logged(t, c.authorized(), "403")
			equal(t, "error", line.string("error"), "Forbidden")
		}},
		{section: "6", name: "the access log has a line for a message whose function failed", source: logging, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", script.Script{Error: "boom"})
			c.hear()
			line := logged(t, t.event(script.ConnectionKey(c.connectionID()), "MESSAGE"), "502")
			equal(t, "error", line.string("error"), "Internal server error")
		}},
		{section: "6", name: "$context.error.messageString is the message in quotes", source: logging, run: func(t *T) {
			c := t.refused(t.Guarded, offer{authorize: script.Script{Error: "boom"}}, 500)
			logged(t, c.authorized(), "500")
			if lines := t.lines(t.accessLogGroup(), c.authorized().context("requestId")); !strings.HasSuffix(strings.TrimSpace(lines[0]), `} "Internal server error"`) {
				t.Errorf("line: %s", lines[0])
			}
		}},
		{section: "6", name: "the execution log has failures at ERROR, the course as well at INFO, nothing at OFF, and never a message", source: logging.and(seen("serverless/serverless#6657")), run: func(t *T) {
			level := func(l types.LoggingLevel) *types.RouteSettings {
				return &types.RouteSettings{LoggingLevel: l, DataTraceEnabled: aws.Bool(false), ThrottlingRateLimit: aws.Float64(100), ThrottlingBurstLimit: aws.Int32(100)}
			}
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("send")}, stages: []stage{
				{name: "off", defaults: level(types.LoggingLevelOff)}, {name: "error", defaults: level(types.LoggingLevelError)}, {name: "info", defaults: level(types.LoggingLevelInfo)},
			}})
			good, bad := make(map[string]string), make(map[string]string) // request ids by stage
			for _, name := range []string{"off", "error", "info"} {
				c := t.dial(a, offer{stage: name})
				c.do("send", script.Script{})
				good[name] = c.hearsEvent().context("requestId")
				c.do("send", script.Script{Error: "unspeakable"})
				wantErrorFrame(t, c.hear(), "Internal server error")
				for _, ev := range t.events(script.ConnectionKey(c.connectionID())) {
					if id := ev.context("requestId"); id != good[name] {
						bad[name] = id
					}
				}
			}
			group := func(stage string) string { return "API-Gateway-Execution-Logs_" + a.ID + "/" + stage }
			for _, name := range []string{"error", "info"} {
				t.eventually("the failure at "+name, func() bool { return len(t.lines(group(name), "("+bad[name]+")")) > 0 })
				t.Cleanup(func() {
					_, err := t.logs.DeleteLogGroup(context.WithoutCancel(t.Context()), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(group(name))})
					if err != nil {
						t.Error(err)
					}
				})
			}
			t.eventually("the course at INFO", func() bool { return len(t.lines(group("info"), "("+good["info"]+")")) > 0 })
			equal(t, "lines of a success at ERROR", len(t.lines(group("error"), good["error"])), 0)
			equal(t, "lines at OFF", len(t.lines(group("off"), "")), 0)
			for _, text := range []string{"unspeakable", `"action"`} {
				equal(t, "lines with "+text, len(t.lines(group("info"), text)), 0)
			}
		}},
		{section: "6", name: "ConnectCount, MessageCount, IntegrationLatency and the errors are published by API and stage", source: logging, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("send")}, stages: []stage{{name: "live"}}})
			for range 2 {
				c := t.dial(a, offer{})
				c.do("send", script.Script{})
				c.hear()
				c.do("send", script.Script{Error: "boom"})
				c.hear()
				c.say(`{"action":"none"}`)
				c.hear()
			}
			for _, dimensions := range []map[string]string{{"ApiId": a.ID}, {"ApiId": a.ID, "Stage": "live"}} {
				for name, least := range map[string]float64{"ConnectCount": 2, "MessageCount": 6, "ExecutionError": 2, "ClientError": 2, "IntegrationLatency": 1} {
					t.eventually(name, func() bool { return t.sum(name, dimensions) >= least })
				}
				equal(t, "ConnectCount", t.sum("ConnectCount", dimensions), 2.0)
				equal(t, "ExecutionError", t.sum("ExecutionError", dimensions), 2.0)
			}
			equal(t, "by route without detailed metrics", t.sum("MessageCount", map[string]string{"ApiId": a.ID, "Stage": "live", "Route": "send"}), 0.0)
		}},
		{section: "6", name: "detailed metrics name the route", source: logging.and(choice), run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("send")}, stages: []stage{{name: "live", defaults: &types.RouteSettings{
				DetailedMetricsEnabled: aws.Bool(true), ThrottlingRateLimit: aws.Float64(100), ThrottlingBurstLimit: aws.Int32(100),
			}}}})
			c := t.dial(a, offer{})
			c.do("send", script.Script{})
			c.hear()
			t.eventually("a metric of the route", func() bool {
				return t.sum("MessageCount", map[string]string{"ApiId": a.ID, "Stage": "live", "Route": "send"}) >= 1
			})
		}},
	}
}
