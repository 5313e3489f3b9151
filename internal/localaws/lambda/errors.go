package lambda

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

var (
	// ErrNotFound says that no such function, version or alias exists.
	ErrNotFound = errors.New("function not found")
	// ErrClosed says that the Runner is closed or closing.
	ErrClosed = errors.New("the local Lambda runner is closed")
	// ErrNotServed says that the function uses what the local stack does not
	// serve.
	ErrNotServed = errors.New("not served by the local stack")
	// ErrCodeMissing says that the code of a function never passed through the
	// gateway, or that its folder was removed.
	ErrCodeMissing = errors.New("code is not in the local stack's store")
	// ErrRequestTooLarge says that the payload is above AWS's limit.
	ErrRequestTooLarge = errors.New("request payload is larger than 6291456 bytes")
)

// ThrottledError is AWS's TooManyRequestsException.
type ThrottledError struct {
	Function string
	// Reason is AWS's own word, e.g.
	// ReservedFunctionConcurrentInvocationLimitExceeded.
	Reason string
	// Always says that its reserved concurrency is 0.
	Always bool
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("function %s is throttled: Rate Exceeded. (%s)", e.Function, e.Reason)
}

// RoleError says that a function's role could not be assumed.
type RoleError struct {
	Function string
	Role     string
	Err      error
}

func (e *RoleError) Error() string {
	return fmt.Sprintf("function %s cannot assume its role %s: %v", e.Function, e.Role, e.Err)
}

func (e *RoleError) Unwrap() error { return e.Err }

// failure is what becomes of an invocation that the function did not answer
// itself.
type failure struct {
	errorType string // AWS's name, e.g. Runtime.ExitError
	message   string
	timedOut  bool
	// reportType is what logs call it, where that differs from errorType.
	reportType string
	// payload is the error document the runtime posted, if it posted one.
	payload []byte
}

// loggedType is the error type of REPORT and INIT_REPORT lines.
func (f *failure) loggedType() string { return cmp.Or(f.reportType, f.errorType) }

func (f *failure) Error() string { return f.errorType + ": " + f.message }

// text is the message as AWS writes it into payloads and logs.
func (f *failure) text(requestID string) string {
	return "RequestId: " + requestID + " Error: " + f.message
}

// body is the payload of the invocation's result.
func (f *failure) body(requestID string) []byte {
	if f.payload != nil {
		return f.payload
	}
	return mustJSON(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{f.errorType, f.text(requestID)})
}

// mustJSON encodes a value of this package's own types, which cannot fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
