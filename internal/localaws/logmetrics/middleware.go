package logmetrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
	"github.com/portcullis-chat/portcullis/internal/localaws/logpattern"
	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
)

// maxRequest bounds what is read of a request. PutLogEvents has up to 1 MB of
// messages, which JSON may write in six times as many bytes.
const maxRequest = 8 << 20

// unserved are operations whose patterns MiniStack does not understand, or which
// would run a function past this stack.
var unserved = map[string]string{
	"StartQuery":            "CloudWatch Logs Insights",
	"StartLiveTail":         "live tail sessions",
	"PutSubscriptionFilter": "log subscription filters",
}

// Middleware stands before CloudWatch Logs' API (next).
func (s *Service) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := awscall.Of(r)
		if call.Service != "logs" {
			next.ServeHTTP(w, r)
			return
		}
		switch call.Operation {
		case "PutMetricFilter", "DeleteMetricFilter", "DeleteLogGroup", "PutLogEvents", "FilterLogEvents":
		default:
			if what := unserved[call.Operation]; what != "" {
				refuse(w, http.StatusNotImplemented, "NotServedByLocalStack", "not served by the local stack: "+what)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "the request is too large")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch call.Operation {
		case "PutMetricFilter":
			s.putFilter(w, r, next, call.Region, body)
		case "PutLogEvents":
			s.putEvents(w, r, next, call.Region, body)
		case "FilterLogEvents":
			s.filterEvents(w, r, next, call.Region, body)
		default:
			next.ServeHTTP(w, r)
			var of struct{ LogGroupName string }
			if json.Unmarshal(body, &of) == nil {
				s.forget(call.Region, of.LogGroupName)
			}
		}
	})
}

func (s *Service) putFilter(w http.ResponseWriter, r *http.Request, next http.Handler, region string, body []byte) {
	var d definition
	if err := json.Unmarshal(body, &d); err != nil {
		next.ServeHTTP(w, r) // MiniStack says what is wrong
		return
	}
	if what := d.notServed(); what != "" {
		refuse(w, http.StatusNotImplemented, "NotServedByLocalStack", "not served by the local stack: "+what)
		return
	}
	if _, err := compile(d); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidParameterException", err.Error())
		return
	}
	next.ServeHTTP(w, r)
	s.forget(region, d.LogGroupName)
}

// putEvents tells what came in by the API rather than from the stack itself.
func (s *Service) putEvents(w http.ResponseWriter, r *http.Request, next http.Handler, region string, body []byte) {
	answered := &status{ResponseWriter: w, code: http.StatusOK}
	next.ServeHTTP(answered, r)
	var put struct {
		LogGroupName string
		LogEvents    []struct {
			Message   string
			Timestamp int64
		}
	}
	if answered.code != http.StatusOK || json.Unmarshal(body, &put) != nil {
		return
	}
	events := make([]logship.Event, len(put.LogEvents))
	for i, event := range put.LogEvents {
		events[i] = logship.Event{Message: event.Message, Time: time.UnixMilli(event.Timestamp)}
	}
	s.Tap(region, put.LogGroupName, events)
}

// status remembers the status of a response.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// filterEvents lets MiniStack judge the request, and answers it.
func (s *Service) filterEvents(w http.ResponseWriter, r *http.Request, next http.Handler, region string, body []byte) {
	var q query
	if err := json.Unmarshal(body, &q); err != nil {
		next.ServeHTTP(w, r) // MiniStack says what is wrong
		return
	}
	judged := &held{header: make(http.Header), code: http.StatusOK}
	next.ServeHTTP(judged, r)
	if judged.code != http.StatusOK {
		for name, values := range judged.header {
			w.Header()[name] = values
		}
		w.WriteHeader(judged.code)
		_, _ = w.Write(judged.body.Bytes())
		return
	}
	pattern, err := logpattern.Parse(q.FilterPattern)
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidParameterException", err.Error())
		return
	}
	found, err := s.search(r.Context(), region, q, pattern)
	switch {
	case errors.Is(err, errToken):
		refuse(w, http.StatusBadRequest, "InvalidParameterException", "The specified nextToken is invalid.")
	case err != nil:
		s.logger.Error("log events could not be searched", "region", region, "error", err)
		refuse(w, http.StatusInternalServerError, "ServiceUnavailableException", err.Error())
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(found)
	}
}

// held keeps a response.
type held struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (h *held) Header() http.Header { return h.header }

// WriteHeader implements http.ResponseWriter.
func (h *held) WriteHeader(code int) { h.code = code }

// Write implements http.ResponseWriter.
func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }

// refuse answers in the shape of AWS's JSON protocol.
func refuse(w http.ResponseWriter, code int, kind, message string) {
	body, err := json.Marshal(map[string]string{"__type": kind, "message": message})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}
