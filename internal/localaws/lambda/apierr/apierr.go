// Package apierr has the errors of Lambda's API, in the shape that SDKs expect.
package apierr

import (
	"encoding/json"
	"net/http"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// Error is an answer that refuses a request.
type Error struct {
	Status  int
	Type    string
	Message string
	// Reason is why a request was throttled; empty for all others.
	Reason string
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Send answers with the error.
func (e *Error) Send(w http.ResponseWriter) {
	body := struct {
		Reason  string `json:",omitempty"`
		Type    string `json:",omitempty"`
		Message string `json:"message"`
	}{Reason: e.Reason, Message: e.Message}
	if e.Reason != "" {
		body.Type = "User"
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings always encode
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", e.Type)
	w.Header().Set("X-Amzn-Requestid", uuid.New())
	w.WriteHeader(e.Status)
	_, _ = w.Write(text)
}

// NotServed refuses what the local stack does not do.
func NotServed(what string) *Error {
	return &Error{Status: http.StatusNotImplemented, Type: "NotServedByLocalStack", Message: "not served by the local stack: " + what}
}

// InvalidParameter refuses a parameter that only makes no sense here.
func InvalidParameter(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "InvalidParameterValueException", Message: message}
}

// InvalidValue refuses what AWS's model of the API does not allow.
func InvalidValue(value, member, constraint string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "ValidationException", Message: "1 validation error detected: Value '" + value + "' at '" + member + "' failed to satisfy constraint: " + constraint}
}

// Null refuses a request without a member that it needs.
func Null(member string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "ValidationException", Message: "1 validation error detected: Value null at '" + member + "' failed to satisfy constraint: Member must not be null"}
}

// Unreadable refuses a body.
func Unreadable(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "InvalidRequestContentException", Message: message}
}

// TooLarge refuses a body by its size.
func TooLarge(message string) *Error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Type: "RequestEntityTooLargeException", Message: message}
}

// NotFound says that something does not exist.
func NotFound(message string) *Error {
	return &Error{Status: http.StatusNotFound, Type: "ResourceNotFoundException", Message: message}
}

// Conflict says that something exists already.
func Conflict(message string) *Error {
	return &Error{Status: http.StatusConflict, Type: "ResourceConflictException", Message: message}
}

// InUse says that something is being changed.
func InUse(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "ResourceInUseException", Message: message}
}

// Throttled says why a function cannot run now.
func Throttled(reason string) *Error {
	return &Error{Status: http.StatusTooManyRequests, Type: "TooManyRequestsException", Message: "Rate Exceeded.", Reason: reason}
}

// Forbidden refuses the caller.
func Forbidden(errorType, message string) *Error {
	return &Error{Status: http.StatusForbidden, Type: errorType, Message: message}
}

// Internal says that the stack itself failed.
func Internal(message string) *Error {
	return &Error{Status: http.StatusInternalServerError, Type: "ServiceException", Message: message}
}
