package apigw

import (
	"errors"
	"fmt"
	"net/http"
)

// What Stage answers when there is nothing to serve.
var (
	ErrNoAPI   = errors.New("no such API")
	ErrNoStage = errors.New("no such stage")
)

// apiError is an answer of the service other than success. Kind is what goes
// into x-amzn-errortype and what the SDKs make their error types of.
type apiError struct {
	status  int
	kind    string
	message string
}

func (e *apiError) Error() string { return e.kind + ": " + e.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "BadRequestException", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "NotFoundException", fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &apiError{http.StatusConflict, "ConflictException", fmt.Sprintf(format, args...)}
}

// limitReached answers as AWS was seen to: status 429, yet ConflictException,
// which the SDKs do not retry (github.com/anomalyco/sst issue 4522).
func limitReached(what string) error {
	return &apiError{http.StatusTooManyRequests, "ConflictException", fmt.Sprintf(
		"Maximum number of %[1]s for this API has been reached. Please contact AWS if you need additional %[1]s.", what)}
}

// notForWebSocket refuses a member that AWS takes for HTTP APIs only. The
// wording is the one AWS uses for AuthorizerResultTtlInSeconds.
func notForWebSocket(member string) error {
	return badRequest("%s cannot be set for WEBSOCKET protocol Apis", member)
}

// notServed refuses what AWS has and this stack has not. It is never a
// ConflictException or a throttle, so that no client retries it.
func notServed(format string, args ...any) error {
	return &apiError{
		http.StatusNotImplemented, "NotServedByLocalStack",
		"not served by the local stack: " + fmt.Sprintf(format, args...),
	}
}
