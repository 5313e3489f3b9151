package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// maxEvent is the largest payload of an asynchronous invocation, in bytes, since
// October 2025 (Lambda quotas).
const maxEvent = 1 << 20

// maxClientContext is the largest X-Amz-Client-Context, in bytes of base64.
const maxClientContext = 3583

// serveInvoke is the operation Invoke of the Lambda API.
func (r *Runner) serveInvoke(w http.ResponseWriter, req *http.Request, next http.Handler, region, name string) {
	kind := req.Header.Get(typeHeader)
	if kind == "" {
		kind = "RequestResponse"
	}
	payload, refusal := readPayload(req, kind)
	if refusal != nil {
		refusal.Send(w)
		return
	}
	target, refusal := r.resolveReference(name, req.URL.Query().Get("Qualifier"), region)
	if refusal != nil {
		refusal.Send(w)
		return
	}
	if denied := r.judgeInvoke(req, payload, next); denied != nil {
		denied.send(w)
		return
	}
	c := call{arn: target.String(), payload: payload, tail: req.Header.Get("X-Amz-Log-Type") == "Tail"}
	if refusal := c.read(req, kind); refusal != nil {
		refusal.Send(w)
		return
	}
	switch kind {
	case "DryRun":
		r.answerDryRun(w, req, c)
	case "Event":
		r.answerEvent(w, req, c)
	default:
		r.answer(w, req, c)
	}
}

// readPayload reads the body within the limit for that kind of invocation.
func readPayload(req *http.Request, kind string) ([]byte, *apierr.Error) {
	payload, err := io.ReadAll(io.LimitReader(req.Body, maxRequest+1))
	if err != nil {
		return nil, apierr.Unreadable("could not read the request: " + err.Error())
	}
	switch {
	case len(payload) > maxRequest:
		return nil, apierr.TooLarge(fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", maxRequest))
	case kind == "Event" && len(payload) > maxEvent:
		return nil, apierr.TooLarge(fmt.Sprintf("%d byte payload is too large for the Event invocation type (limit %d bytes)", len(payload), maxEvent))
	}
	return payload, nil
}

// read checks payload and headers of a request.
func (c *call) read(req *http.Request, kind string) *apierr.Error {
	switch kind {
	case "RequestResponse", "Event", "DryRun":
	default:
		return apierr.InvalidValue(kind, "invocationType", "Member must satisfy enum value set: [Event, RequestResponse, DryRun]")
	}
	switch logs := req.Header.Get("X-Amz-Log-Type"); logs {
	case "", "None", "Tail":
	default:
		return apierr.InvalidValue(logs, "logType", "Member must satisfy enum value set: [None, Tail]")
	}
	if len(c.payload) == 0 {
		c.payload = []byte("{}")
	}
	if !json.Valid(c.payload) {
		return apierr.Unreadable("Could not parse request body into json: Could not parse payload into json: " + json.Unmarshal(c.payload, new(any)).Error())
	}
	encoded := req.Header.Get("X-Amz-Client-Context")
	if encoded == "" || kind == "Event" {
		return nil
	}
	document, err := base64.StdEncoding.DecodeString(encoded)
	var object map[string]any
	if err != nil || len(encoded) > maxClientContext || json.Unmarshal(document, &object) != nil {
		return apierr.Unreadable("Client context must be a valid Base64-encoded JSON object.")
	}
	c.clientContext = string(mustJSON(object)) // in one line, as a header's value
	return nil
}

// answer runs the function and answers with what became of it.
func (r *Runner) answer(w http.ResponseWriter, req *http.Request, c call) {
	result, err := r.invoke(req.Context(), c)
	if err != nil {
		if req.Context().Err() == nil {
			refusalOf(err, c.arn).Send(w)
		}
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Requestid", result.RequestID)
	h.Set("X-Amz-Executed-Version", result.ExecutedVersion)
	if result.FunctionError != "" {
		h.Set("X-Amz-Function-Error", result.FunctionError)
	}
	if c.tail {
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.tail))
	}
	_, _ = w.Write(result.Payload)
}

// answerDryRun answers a request that is only checked.
func (r *Runner) answerDryRun(w http.ResponseWriter, req *http.Request, c call) {
	if _, err := r.functions.find(req.Context(), c.arn); err != nil {
		refusalOf(err, c.arn).Send(w)
		return
	}
	w.Header().Set("X-Amzn-Requestid", uuid.New())
	w.WriteHeader(http.StatusNoContent)
}

// refusalOf is AWS's answer for an invocation that did not reach the function.
func refusalOf(err error, arn string) *apierr.Error {
	var throttled *ThrottledError
	var role *RoleError
	switch {
	case errors.Is(err, ErrNotFound):
		return apierr.NotFound("Function not found: " + arn)
	case errors.As(err, &throttled):
		return apierr.Throttled(throttled.Reason)
	case errors.As(err, &role):
		return apierr.Forbidden("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
	case errors.Is(err, ErrNotServed):
		return &apierr.Error{Status: http.StatusNotImplemented, Type: "NotServedByLocalStack", Message: err.Error()}
	default:
		return apierr.Internal("the local stack could not run the function: " + err.Error())
	}
}
