// Package push sends frames to connections through the @connections API, to one
// or to a whole room.
package push

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
)

const (
	// postTimeout bounds one post. Calls to the API have been seen to hang
	// (aws-sdk-go-v2 issue 1534).
	postTimeout = 1500 * time.Millisecond
	// A post that was refused for load is made once more after a random time
	// in this span, so that the posts of one message do not come back together.
	minPause = 50 * time.Millisecond
	maxPause = 250 * time.Millisecond
)

// ErrGone means that a connection does not exist: it was closed, or it has not
// been opened yet.
var ErrGone = errors.New("the connection is gone")

// Sockets posts to connections and closes them.
type Sockets struct {
	api *apigatewaymanagementapi.Client
}

// NewSockets returns Sockets on the stage of a URL. The client does not retry:
// Post decides that itself.
func NewSockets(config aws.Config, stage string) *Sockets {
	return &Sockets{api: apigatewaymanagementapi.NewFromConfig(config, func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint = aws.String(stage)
		o.Retryer = aws.NopRetryer{}
	})}
}

// Post sends a frame to a connection. It tries again once when the API is
// overloaded or failed, and not when it did not answer in time: a hanging post
// may cost one time limit and no more.
func (s *Sockets) Post(ctx context.Context, connectionID string, frame []byte) error {
	err := s.post(ctx, connectionID, frame)
	if !transient(err) {
		return err
	}
	select {
	case <-ctx.Done():
		return err
	case <-time.After(minPause + rand.N(maxPause-minPause)):
	}
	return s.post(ctx, connectionID, frame)
}

func (s *Sockets) post(ctx context.Context, connectionID string, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	_, err := s.api.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{
		ConnectionId: aws.String(connectionID),
		Data:         frame,
	})
	if status(err) == http.StatusGone {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("posting to a connection: %w", err)
	}
	return nil
}

// Close closes a connection. One that is gone already is closed.
func (s *Sockets) Close(ctx context.Context, connectionID string) error {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	_, err := s.api.DeleteConnection(ctx, &apigatewaymanagementapi.DeleteConnectionInput{
		ConnectionId: aws.String(connectionID),
	})
	if err != nil && status(err) != http.StatusGone {
		return fmt.Errorf("closing a connection: %w", err)
	}
	return nil
}

// status is the HTTP status of an answer, 0 where there was none.
func status(err error) int {
	var response interface {
		error
		HTTPStatusCode() int
	}
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// transient is true for a refusal for load, a failure of the service, and a
// connection that broke.
func transient(err error) bool {
	if err == nil || errors.Is(err, ErrGone) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	code := status(err)
	return code == 0 || code == http.StatusTooManyRequests || code >= http.StatusInternalServerError
}
