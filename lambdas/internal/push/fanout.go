package push

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// Workers is how many posts of one message are under way at once. At 20 ms a
// post they make 3,200 posts a second.
const Workers = 64

// settling is how long after its handshake a connection may still answer that
// it does not exist: its row is written before API Gateway opens it.
const settling = 10 * time.Second

// Poster sends a frame to a connection.
type Poster interface {
	Post(ctx context.Context, connectionID string, frame []byte) error
}

// Closer closes a connection.
type Closer interface {
	Close(ctx context.Context, connectionID string) error
}

// Remover deletes what is stored of a connection that is gone.
type Remover interface {
	Remove(ctx context.Context, room string, member room.Member) error
}

// Fanout sends frames to the members of a room.
type Fanout struct {
	Poster  Poster
	Closer  Closer
	Remover Remover
	Now     func() time.Time
	Log     *slog.Logger
}

// Report is what became of a frame.
type Report struct {
	Delivered int64
	Gone      int64
	Failed    int64
	Ended     int64 // whose token had ended, and who were closed instead
}

// Send posts a frame to the members that a function hands out, one after the
// other, until that returns or the context ends. What fails is counted and
// logged, and never a reason to stop.
func (f *Fanout) Send(ctx context.Context, roomName string, frame []byte, members func(yield func(room.Member) bool) error) (Report, error) {
	var delivered, gone, failed, ended atomic.Int64
	queue := make(chan room.Member)
	var workers sync.WaitGroup
	for range Workers {
		workers.Go(func() {
			for member := range queue {
				switch f.serve(ctx, roomName, frame, member) {
				case reached:
					delivered.Add(1)
				case vanished:
					gone.Add(1)
				case expired:
					ended.Add(1)
				case lost:
					failed.Add(1)
				}
			}
		})
	}
	err := members(func(member room.Member) bool {
		select {
		case queue <- member:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(queue)
	workers.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return Report{Delivered: delivered.Load(), Gone: gone.Load(), Failed: failed.Load(), Ended: ended.Load()}, err
}

// outcome is what became of one post.
type outcome int

const (
	lost outcome = iota // also after a crash
	reached
	vanished
	expired
)

// serve posts a frame to one member. A crash in it costs that member the frame;
// in a goroutine of its own it would cost everybody the function.
func (f *Fanout) serve(ctx context.Context, roomName string, frame []byte, member room.Member) outcome {
	defer func() {
		if value := recover(); value != nil {
			logging.Panic(ctx, f.Log, value)
		}
	}()
	if member.Ended(f.Now()) {
		f.end(ctx, roomName, member)
		return expired
	}
	err := f.Poster.Post(ctx, member.ConnectionID, frame)
	switch {
	case err == nil:
		return reached
	case errors.Is(err, ErrGone):
		f.forget(ctx, roomName, member)
		return vanished
	}
	f.Log.WarnContext(ctx, logging.DependencyFail, logging.Reason("post"), slog.String("to", member.ConnectionID), logging.Cause(err))
	return lost
}

// end closes a connection whose token has ended. Its rows go only when it is
// closed, so that the next message tries again where this one failed.
func (f *Fanout) end(ctx context.Context, roomName string, member room.Member) {
	err := f.Closer.Close(ctx, member.ConnectionID)
	if err == nil {
		err = f.Remover.Remove(ctx, roomName, member)
	}
	if err != nil {
		f.Log.WarnContext(ctx, logging.DependencyFail, logging.Reason("close_expired"), slog.String("to", member.ConnectionID), logging.Cause(err))
		return
	}
	f.Log.InfoContext(ctx, logging.SessionExpired, logging.Reason("listener"), slog.String("to", member.ConnectionID), logging.Subject(member.Sub))
}

func (f *Fanout) forget(ctx context.Context, roomName string, member room.Member) {
	if f.Now().Sub(time.UnixMilli(member.ConnectedAt)) < settling {
		return
	}
	if err := f.Remover.Remove(ctx, roomName, member); err != nil {
		f.Log.WarnContext(ctx, logging.DependencyFail, logging.Reason("remove_gone"), slog.String("to", member.ConnectionID), logging.Cause(err))
		return
	}
	f.Log.InfoContext(ctx, logging.ConnectionGone, slog.String("to", member.ConnectionID))
}
