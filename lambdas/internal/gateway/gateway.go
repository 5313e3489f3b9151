// Package gateway holds what the functions read of the events of an API
// Gateway WebSocket API and what they answer. Only fields that are used are
// named: an event carries tokens and addresses that nothing else should touch.
package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// The event types of a WebSocket API.
const (
	EventConnect    = "CONNECT"
	EventMessage    = "MESSAGE"
	EventDisconnect = "DISCONNECT"
)

// The routes that a client cannot name in a frame.
const (
	RouteConnect    = "$connect"
	RouteDisconnect = "$disconnect"
)

// The values of Identity.Access.
const (
	AccessRead  = "read"
	AccessWrite = "write"
)

// Context is the part of requestContext that is the same in every event.
type Context struct {
	RouteKey     string   `json:"routeKey"`
	EventType    string   `json:"eventType"`
	RequestID    string   `json:"requestId"`
	ConnectionID string   `json:"connectionId"`
	ConnectedAt  int64    `json:"connectedAt"` // Unix milliseconds
	Authorizer   Identity `json:"authorizer"`

	DisconnectStatusCode int `json:"disconnectStatusCode"`
}

// Request is an event of a route. MESSAGE events have no headers.
type Request struct {
	Headers         Values  `json:"multiValueHeaders"`
	RequestContext  Context `json:"requestContext"`
	Body            string  `json:"body"`
	IsBase64Encoded bool    `json:"isBase64Encoded"`
}

// Response answers the event of a route. For a message, Body is the frame that
// the client receives; for a connect, only the status and the subprotocol
// header reach it.
type Response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body,omitempty"`
}

// Values are multi-value headers or query parameters.
type Values map[string][]string

// Header returns all values of a header, whatever the case of its name: API
// Gateway keeps the names as the client wrote them.
func (v Values) Header(name string) []string {
	var values []string
	for key, list := range v {
		if strings.EqualFold(key, name) {
			values = append(values, list...)
		}
	}
	return values
}

// HeaderTokens returns the elements of a header whose values are
// comma-separated lists.
func (v Values) HeaderTokens(name string) []string {
	var tokens []string
	for _, value := range v.Header(name) {
		for token := range strings.SplitSeq(value, ",") {
			if token = textproto.TrimString(token); token != "" {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// Identity is what the authorizer says of a caller. It is the only source of
// identity after the handshake; nothing in a frame is.
type Identity struct {
	Sub    string  `json:"sub"`
	Name   string  `json:"name"`
	Room   string  `json:"room"`
	Access string  `json:"access"`
	Exp    Seconds `json:"exp"`
	Jti    string  `json:"jti"`
}

// ErrNoIdentity means that an event did not come through the authorizer, which
// is a wrongly deployed API and never a client's fault.
var ErrNoIdentity = errors.New("the authorizer context lacks a valid sub, name, room or exp")

// Check returns ErrNoIdentity for an identity the authorizer cannot have
// written.
func (i Identity) Check() error {
	if !text.ValidUserID(i.Sub) || i.Name == "" || i.Exp <= 0 || !protocol.RoomPattern.MatchString(i.Room) {
		return ErrNoIdentity
	}
	return nil
}

// Expired says whether the caller's token has ended at a time.
func (i Identity) Expired(now time.Time) bool { return now.Unix() >= int64(i.Exp) }

// MayWrite says whether the caller may send messages. Anything but the exact
// word of the authorizer means no.
func (i Identity) MayWrite() bool { return i.Access == AccessWrite }

// Seconds is a Unix time that may arrive as a number or as a string: API
// Gateway has been seen to turn the numbers of an authorizer context into
// strings.
type Seconds int64

// UnmarshalJSON reads a number or a string of digits.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(string(bytes.Trim(data, `"`)), 10, 64)
	if err != nil {
		return errors.New("a time in the authorizer context is neither a whole number nor a string of one")
	}
	*s = Seconds(n)
	return nil
}

// AuthorizerRequest is the event of a REQUEST authorizer.
type AuthorizerRequest struct {
	Type           string            `json:"type"`
	MethodArn      string            `json:"methodArn"`
	Headers        Values            `json:"multiValueHeaders"`
	Query          Values            `json:"multiValueQueryStringParameters"`
	SingleQuery    map[string]string `json:"queryStringParameters"`
	RequestContext Context           `json:"requestContext"`
}

// AuthorizerResponse is the answer of an authorizer.
type AuthorizerResponse struct {
	PrincipalID    string         `json:"principalId"`
	PolicyDocument PolicyDocument `json:"policyDocument"`
	Context        *Identity      `json:"context,omitempty"`
}

// PolicyDocument is an IAM policy.
type PolicyDocument struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of an IAM policy.
type Statement struct {
	Action   string
	Effect   string
	Resource string
}

// Allow lets a caller in with an identity. The resource is the method that was
// asked for and nothing else.
func Allow(methodArn string, identity Identity) AuthorizerResponse {
	response := decision(methodArn, identity.Sub, "Allow")
	response.Context = &identity
	return response
}

// Deny refuses a caller whose token is valid: the handshake ends with 403.
func Deny(methodArn, principal string) AuthorizerResponse {
	return decision(methodArn, principal, "Deny")
}

func decision(methodArn, principal, effect string) AuthorizerResponse {
	return AuthorizerResponse{
		PrincipalID: principal,
		PolicyDocument: PolicyDocument{
			Version:   "2012-10-17",
			Statement: []Statement{{Action: "execute-api:Invoke", Effect: effect, Resource: methodArn}},
		},
	}
}

// ErrUnauthorized has the one text that makes API Gateway answer a handshake
// with 401. Any other error of an authorizer becomes 500.
var ErrUnauthorized = errors.New("Unauthorized")

// Work returns a context for a function's own work, which ends some time before
// Lambda would end the function: so that it can still answer, write its log line
// and take back what it has half done.
func Work(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// Status is a response without a body.
func Status(code int) Response { return Response{StatusCode: code} }

// Frame is a response whose body goes to the caller as one text frame.
func Frame(body []byte) Response {
	return Response{StatusCode: http.StatusOK, Body: string(body)}
}
