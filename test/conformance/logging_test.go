package conformance_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// accessLog waits for the line of a request in the access log of the Guarded
// API.
func (t *T) accessLog(requestID string) event {
	t.Helper()
	group := t.accessLogGroup()
	var found event
	t.eventually("the access log has "+requestID, func() bool {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(t.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range page.Events {
				if strings.Contains(*line.Message, `"`+requestID+`"`) {
					found = parseEvent(t, *line.Message)
					return true
				}
			}
		}
		return false
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
	}
}
