package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/runtimehttp"
)

// maxResponse is the largest response of a synchronous invocation, in bytes
// (6 MB and a little, as Lambda's own error message says).
const maxResponse = 6_291_556

// Paths of the Lambda Runtime API, version 2018-06-01.
const (
	nextPath         = "/2018-06-01/runtime/invocation/next"
	invocationPrefix = "/2018-06-01/runtime/invocation/"
	initErrorPath    = "/2018-06-01/runtime/init/error"
)

// runtimeAPI is the Lambda Runtime API of one sandbox.
func (s *sandbox) runtimeAPI(address string) runtimehttp.Handler {
	return func(c *runtimehttp.Conn, r *http.Request) {
		// Only a runtime speaks to it: a web page could take a request away.
		if r.Host != address || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			refuseRuntime(c, http.StatusForbidden, "Forbidden", "not a runtime of this sandbox")
			return
		}
		if r.URL.Path == nextPath && r.Method == http.MethodGet {
			s.next(c)
			return
		}
		rest, ofInvocation := strings.CutPrefix(r.URL.Path, invocationPrefix)
		id, action, _ := strings.Cut(rest, "/")
		switch {
		case r.Method != http.MethodPost:
			refuseRuntime(c, http.StatusNotFound, "NotFound", "no such operation: "+r.Method+" "+r.URL.Path)
		case r.URL.Path == initErrorPath:
			s.initError(c, r)
		case ofInvocation && action == "response":
			s.response(c, r, id)
		case ofInvocation && action == "error":
			s.invocationError(c, r, id)
		default:
			refuseRuntime(c, http.StatusNotFound, "NotFound", "no such operation: "+r.Method+" "+r.URL.Path)
		}
	}
}

// next ends the request before, and holds the runtime until there is another.
func (s *sandbox) next(c *runtimehttp.Conn) {
	s.mu.Lock()
	before, waiting := s.current, s.undelivered
	if before != nil && !before.responded && waiting == nil {
		s.mu.Unlock()
		refuseRuntime(c, http.StatusForbidden, "InvalidStateTransition", "the invocation before has no response yet")
		return
	}
	s.undelivered = nil
	if waiting == nil {
		s.current = nil
		if s.poll != nil {
			s.poll.Close() // the runtime has given it up
		}
		s.poll = c
		c.Hold(func() { s.pollGone(c) })
	}
	if !s.initialised {
		s.initialised = true
		close(s.ready)
	}
	s.mu.Unlock()
	switch {
	case waiting != nil:
		s.deliver(c, waiting)
	case before != nil:
		close(before.done)
	}
}

// pollGone forgets a runtime that does not wait any longer.
func (s *sandbox) pollGone(c *runtimehttp.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poll == c {
		s.poll = nil
	}
}

// deliver gives a request to the runtime that waits for it.
func (s *sandbox) deliver(c *runtimehttp.Conn, inv *invocation) {
	doomed := s.faults.KillSandbox(s.version.name)
	s.mu.Lock()
	inv.doomed = doomed
	s.mu.Unlock()
	fields := []runtimehttp.Field{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "Lambda-Runtime-Aws-Request-Id", Value: inv.requestID},
		{Name: "Lambda-Runtime-Deadline-Ms", Value: strconv.FormatInt(inv.deadline.UnixMilli(), 10)},
		{Name: "Lambda-Runtime-Invoked-Function-Arn", Value: inv.arn},
		{Name: "Lambda-Runtime-Trace-Id", Value: inv.traceID},
	}
	if inv.clientContext != "" {
		fields = append(fields, runtimehttp.Field{Name: "Lambda-Runtime-Client-Context", Value: inv.clientContext})
	}
	c.Answer(http.StatusOK, inv.payload, fields...)
	if doomed {
		s.process.kill()
	}
}

func (s *sandbox) response(c *runtimehttp.Conn, r *http.Request, id string) {
	body, size, err := readBody(r)
	if err != nil {
		refuseRuntime(c, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if size > maxResponse {
		tooLarge := &failure{
			errorType: "Function.ResponseSizeTooLarge",
			message:   fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).", size, maxResponse),
		}
		if s.answer(c, id, func(inv *invocation) { inv.tooLarge = tooLarge }) {
			refuseRuntime(c, http.StatusRequestEntityTooLarge, tooLarge.errorType, tooLarge.message)
		}
		return
	}
	// A runtime that fails in the middle of a response says so in a trailer.
	functionError := ""
	if r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
		functionError = unhandled
		if document, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body")); err == nil {
			body = document
		}
	}
	if s.answer(c, id, func(inv *invocation) { inv.response, inv.functionError = body, functionError }) {
		accept(c)
	}
}

func (s *sandbox) invocationError(c *runtimehttp.Conn, r *http.Request, id string) {
	body, size, err := readBody(r)
	if err != nil || size > maxResponse {
		refuseRuntime(c, http.StatusBadRequest, "InvalidRequest", "the error document cannot be read or is too large")
		return
	}
	if s.answer(c, id, func(inv *invocation) { inv.response, inv.functionError = body, unhandled }) {
		accept(c)
	}
}

// answer records what the runtime says of its current request, and passes it on
// to the caller: on AWS too, he does not wait until the runtime asks for the next
// request. It refuses an answer to any other and a second answer.
func (s *sandbox) answer(c *runtimehttp.Conn, id string, record func(*invocation)) bool {
	s.mu.Lock()
	inv := s.current
	if inv == nil || inv.requestID != id || inv.doomed || inv.responded || inv.finished {
		s.mu.Unlock()
		refuseRuntime(c, http.StatusBadRequest, "InvalidRequestID", "no such invocation is waiting for an answer")
		return false
	}
	inv.responded = true
	record(inv)
	s.mu.Unlock()
	if inv.tail {
		return true // the log has its end later
	}
	if s.exceeds(time.Since(inv.started)) {
		return true // what it said does not count
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !inv.finished {
		inv.early = true
		inv.answered(inv.result(s.version, inv.tooLarge))
	}
	return true
}

func (s *sandbox) initError(c *runtimehttp.Conn, r *http.Request) {
	body, size, err := readBody(r)
	if err != nil || size > maxResponse {
		refuseRuntime(c, http.StatusBadRequest, "InvalidRequest", "the error document cannot be read or is too large")
		return
	}
	var document struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(body, &document) != nil || document.Type == "" {
		document.Type = r.Header.Get("Lambda-Runtime-Function-Error-Type")
	}
	if document.Type == "" {
		document.Type = "Runtime.Unknown"
	}
	s.mu.Lock()
	initialised := s.initialised
	s.mu.Unlock()
	if initialised {
		refuseRuntime(c, http.StatusForbidden, "InvalidStateTransition", "the initialisation is over")
		return
	}
	select {
	case s.initFail <- &failure{errorType: document.Type, message: document.Message, payload: body}:
		accept(c)
	default:
		refuseRuntime(c, http.StatusForbidden, "InvalidStateTransition", "the initialisation has failed already")
	}
}

// readBody reads up to maxResponse bytes, drains the rest and says how many
// there were.
func readBody(r *http.Request) (body []byte, size int64, err error) {
	if r.ContentLength > 0 && r.ContentLength <= maxResponse {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
		return body, r.ContentLength, err
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, maxResponse))
	if err != nil {
		return nil, 0, err
	}
	rest, err := io.Copy(io.Discard, r.Body)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	return body, int64(len(body)) + rest, nil
}

func accept(c *runtimehttp.Conn) {
	c.Answer(http.StatusAccepted, []byte(`{"status":"OK"}`), runtimehttp.Field{Name: "Content-Type", Value: "application/json"})
}

func refuseRuntime(c *runtimehttp.Conn, status int, errorType, message string) {
	c.Answer(status, mustJSON(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, errorType}), runtimehttp.Field{Name: "Content-Type", Value: "application/json"})
}
