package dataplane

import (
	"net/http"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// Metrics takes a data point for CloudWatch. It must not block.
type Metrics interface {
	Put(region, namespace, name, unit string, value float64, dimensions map[string]string)
}

// postRoute is the route that metrics and logs name for POST @connections.
const postRoute = "POST /@connections/{connectionId}"

// count publishes the metrics of a request (developer guide,
// apigateway-websocket-api-logging; what that page leaves open or has been seen
// otherwise is in docs/local-stack-differences.md). Each of the three errors has
// a sample of 0 or 1 for each request, so that their average is a rate.
func (g *Gateway) count(stage apigw.Stage, detailed bool, r record) {
	if r.context.EventType == connectionAPI && r.context.RouteKey != postRoute {
		return
	}
	dimensions := []map[string]string{
		{"ApiId": stage.APIID},
		{"ApiId": stage.APIID, "Stage": stage.Name},
	}
	if detailed && r.context.RouteKey != "" {
		dimensions = append(dimensions, map[string]string{"ApiId": stage.APIID, "Stage": stage.Name, "Route": r.context.RouteKey})
	}
	put := func(name, unit string, value float64) {
		for _, d := range dimensions {
			g.cfg.Metrics.Put(stage.Region, "AWS/ApiGateway", name, unit, value, d)
		}
	}
	flag := func(name string, happened bool) {
		value := 0.0
		if happened {
			value = 1
		}
		put(name, "Count", value)
	}
	flag("ClientError", r.status >= http.StatusBadRequest && r.status < http.StatusInternalServerError)
	flag("IntegrationError", r.returned >= http.StatusBadRequest)
	flag("ExecutionError", r.status >= http.StatusInternalServerError)
	if r.accepted {
		put("MessageCount", "Count", 1)
		if r.context.EventType == "CONNECT" {
			put("ConnectCount", "Count", 1)
		}
	}
	for range r.answers {
		put("MessageCount", "Count", 1)
	}
	if r.called {
		put("IntegrationLatency", "Milliseconds", float64(r.latency.Milliseconds()))
	}
}
