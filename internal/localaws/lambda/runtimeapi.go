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

// runtimeAPI is the Lambda Runtime API of one sandbox. It picks the handler
// itself, since it is half of what a short invocation costs.
func (s *sandbox) runtimeAPI(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only a runtime speaks to it: a web page could take a request away.
		if r.Host != address || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			refuseRuntime(w, http.StatusForbidden, "Forbidden", "not a runtime of this sandbox")
			return
		}
		if r.URL.Path == nextPath && r.Method == http.MethodGet {
			s.next(w, r)
			return
		}
		rest, ofInvocation := strings.CutPrefix(r.URL.Path, invocationPrefix)
		id, action, _ := strings.Cut(rest, "/")
		switch {
		case r.Method != http.MethodPost:
			refuseRuntime(w, http.StatusNotFound, "NotFound", "no such operation: "+r.Method+" "+r.URL.Path)
		case r.URL.Path == initErrorPath:
			s.initError(w, r)
		case ofInvocation && action == "response":
			s.response(w, r, id)
		case ofInvocation && action == "error":
			s.invocationError(w, r, id)
		default:
			refuseRuntime(w, http.StatusNotFound, "NotFound", "no such operation: "+r.Method+" "+r.URL.Path)
		}
	})
}

// next ends the request before, and holds the runtime until there is another.
func (s *sandbox) next(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.current
	if before != nil && !before.responded {
		s.mu.Unlock()
		refuseRuntime(w, http.StatusForbidden, "InvalidStateTransition", "the invocation before has no response yet")
		return
	}
	s.current = nil
	if !s.initialised {
		s.initialised = true
		close(s.ready)
	}
	s.mu.Unlock()
	if before != nil {
		close(before.done)
	}

	select {
	case inv := <-s.work:
		doomed := s.faults.KillSandbox(s.version.name)
		s.mu.Lock()
		inv.doomed = doomed
		s.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.requestID)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
		h.Set("Lambda-Runtime-Trace-Id", inv.traceID)
		if inv.clientContext != "" {
			h.Set("Lambda-Runtime-Client-Context", inv.clientContext)
		}
		_, _ = w.Write(inv.payload)
		if doomed {
			_ = http.NewResponseController(w).Flush()
			s.process.kill()
		}
	case <-s.process.exited:
	case <-r.Context().Done():
	}
}

func (s *sandbox) response(w http.ResponseWriter, r *http.Request, id string) {
	body, size, err := readBody(r)
	if err != nil {
		refuseRuntime(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if size > maxResponse {
		tooLarge := &failure{
			errorType: "Function.ResponseSizeTooLarge",
			message:   fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).", size, maxResponse),
		}
		if s.answer(w, id, func(inv *invocation) { inv.tooLarge = tooLarge }) {
			refuseRuntime(w, http.StatusRequestEntityTooLarge, tooLarge.errorType, tooLarge.message)
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
	if s.answer(w, id, func(inv *invocation) { inv.response, inv.functionError = body, functionError }) {
		accept(w)
	}
}

func (s *sandbox) invocationError(w http.ResponseWriter, r *http.Request, id string) {
	body, size, err := readBody(r)
	if err != nil || size > maxResponse {
		refuseRuntime(w, http.StatusBadRequest, "InvalidRequest", "the error document cannot be read or is too large")
		return
	}
	if s.answer(w, id, func(inv *invocation) { inv.response, inv.functionError = body, unhandled }) {
		accept(w)
	}
}

// answer records what the runtime says of its current request. It refuses an
// answer to any other and a second answer.
func (s *sandbox) answer(w http.ResponseWriter, id string, record func(*invocation)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	inv := s.current
	if inv == nil || inv.requestID != id || inv.doomed || inv.responded || inv.finished {
		refuseRuntime(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is waiting for an answer")
		return false
	}
	inv.responded = true
	record(inv)
	return true
}

func (s *sandbox) initError(w http.ResponseWriter, r *http.Request) {
	body, size, err := readBody(r)
	if err != nil || size > maxResponse {
		refuseRuntime(w, http.StatusBadRequest, "InvalidRequest", "the error document cannot be read or is too large")
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
		refuseRuntime(w, http.StatusForbidden, "InvalidStateTransition", "the initialisation is over")
		return
	}
	select {
	case s.initFail <- &failure{errorType: document.Type, message: document.Message, payload: body}:
		accept(w)
	default:
		refuseRuntime(w, http.StatusForbidden, "InvalidStateTransition", "the initialisation has failed already")
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

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuseRuntime(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(mustJSON(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, errorType}))
}
