package async

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// The invocation record of a destination (Lambda, "Capturing records of Lambda
// asynchronous invocations").
type invocationRecord struct {
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	RequestContext  requestContext   `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
}

type requestContext struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	InvokeCount int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion,omitempty"`
	FunctionError   string `json:"functionError,omitempty"`
}

// unhandled is the error of every function that failed.
const unhandled = "Unhandled"

func record(e *event, condition string, now time.Time) Message {
	r := invocationRecord{
		Version:        "1.0",
		Timestamp:      now.UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{e.RequestID, qualified(e.ARN), condition, e.ran},
		RequestPayload: asJSON(e.Payload),
	}
	if status := e.last.status(); status != 0 {
		r.ResponseContext = &responseContext{StatusCode: status, ExecutedVersion: e.last.Version}
	}
	switch e.last.Outcome {
	case Failed:
		r.ResponseContext.FunctionError = unhandled
		fallthrough
	case Succeeded:
		r.ResponsePayload = asJSON(e.last.Payload)
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		panic(err) // its raw members are JSON
	}
	return Message{Body: bytes.TrimSpace(body.Bytes())}
}

// status is that of the last answer: 0 when there was none.
func (a Attempt) status() int {
	switch a.Outcome {
	case Succeeded, Failed:
		return 200
	case Throttled:
		return 429
	case Unavailable:
		return 500
	default:
		return 0
	}
}

// qualified names $LATEST, as records do.
func qualified(arn string) string {
	if strings.Count(arn, ":") == 6 {
		return arn + ":$LATEST"
	}
	return arn
}

// asJSON returns what a function answered as it is when it is JSON, which it
// need not be.
func asJSON(payload []byte) json.RawMessage {
	switch {
	case len(payload) == 0:
		return json.RawMessage("null")
	case json.Valid(payload):
		return payload
	default:
		text, err := json.Marshal(string(payload))
		if err != nil {
			panic(err) // a string always encodes
		}
		return text
	}
}

// maxErrorMessage bounds the error in a dead letter, in bytes.
const maxErrorMessage = 1 << 10

// deadLetter is the event itself, with what went wrong in attributes (Lambda,
// "Adding a dead-letter queue").
func deadLetter(e *event, condition string) Message {
	var document struct {
		Message string `json:"errorMessage"`
	}
	text := "Rate Exceeded."
	switch {
	case condition == neverRuns:
		text = "Function not invoked. Function is configured with zero reserved concurrent executions"
	case e.last.Outcome == Unavailable:
		text = "Service error."
	case e.last.Outcome == Failed:
		text = unhandled
		if json.Unmarshal(e.last.Payload, &document) == nil && document.Message != "" {
			text = document.Message
		}
	}
	if len(text) > maxErrorMessage {
		text = strings.ToValidUTF8(text[:maxErrorMessage], "")
	}
	attributes := []Attribute{{"RequestID", "String", e.RequestID}, {"ErrorMessage", "String", text}}
	if status := e.last.status(); status != 0 {
		attributes = append(attributes, Attribute{"ErrorCode", "Number", strconv.Itoa(status)})
	}
	return Message{Body: e.Payload, Attributes: attributes}
}
