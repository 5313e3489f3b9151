package lambda

import (
	"bytes"
	"net/http"
	"slices"
)

// refusal is an answer that MiniStack is not asked for.
type refusal struct {
	status    int
	errorType string
	message   string
	reason    string // of a throttled request
}

func (f *refusal) send(w http.ResponseWriter) {
	body := struct {
		Reason  string `json:",omitempty"`
		Type    string `json:",omitempty"`
		Message string `json:"message"`
	}{Reason: f.reason, Message: f.message}
	if f.reason != "" {
		body.Type = "User"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", f.errorType)
	w.Header().Set("X-Amzn-Requestid", newID())
	w.WriteHeader(f.status)
	_, _ = w.Write(mustJSON(body))
}

func (f *refusal) Error() string { return f.errorType + ": " + f.message }

func notServed(what string) *refusal {
	return &refusal{status: http.StatusNotImplemented, errorType: "NotServedByLocalStack", message: "not served by the local stack: " + what}
}

func invalidParameter(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, errorType: "InvalidParameterValueException", message: message}
}

func unreadable(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, errorType: "InvalidRequestContentException", message: message}
}

// invalidValue refuses what AWS's model of the API does not allow.
func invalidValue(value, member, constraint string) *refusal {
	return &refusal{status: http.StatusBadRequest, errorType: "ValidationException", message: "1 validation error detected: Value '" + value + "' at '" + member + "' failed to satisfy constraint: " + constraint}
}

func tooLarge(message string) *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, errorType: "RequestEntityTooLargeException", message: message}
}

func missing(message string) *refusal {
	return &refusal{status: http.StatusNotFound, errorType: "ResourceNotFoundException", message: message}
}

func forbidden(errorType, message string) *refusal {
	return &refusal{status: http.StatusForbidden, errorType: errorType, message: message}
}

func internal(message string) *refusal {
	return &refusal{status: http.StatusInternalServerError, errorType: "ServiceException", message: message}
}

// recorder keeps an answer until it may be sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: make(http.Header)} }

// recorded is a refusal as an answer.
func recorded(f *refusal) *recorder {
	answer := newRecorder()
	f.send(answer)
	return answer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = slices.Clone(values)
	}
	r.WriteHeader(http.StatusOK)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) //nolint:gosec // JSON of the emulator or of this package, with its type
}
