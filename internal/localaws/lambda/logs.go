package lambda

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
)

// Limits of PutLogEvents (CloudWatch Logs quotas), in bytes and events.
const (
	maxBatchBytes  = 1_048_576
	maxBatchEvents = 10_000
	eventOverhead  = 26
	maxEventBytes  = 256 << 10
)

const (
	flushInterval = 100 * time.Millisecond
	// maxPendingBytes bounds what one log stream holds in memory while
	// MiniStack does not take it.
	maxPendingBytes = 8 << 20
)

// logShipper sends the log lines of all sandboxes in the background.
type logShipper struct {
	client   *cloudwatchlogs.Client
	problems *problems
	stop     chan struct{}
	stopped  chan struct{}

	mu    sync.Mutex
	dirty []*logStream
}

func newLogShipper(client *cloudwatchlogs.Client, problems *problems) *logShipper {
	s := &logShipper{client: client, problems: problems, stop: make(chan struct{}), stopped: make(chan struct{})}
	go s.run()
	return s
}

func (s *logShipper) run() {
	defer close(s.stopped)
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			s.flush(ctx)
			cancel()
		}
	}
}

// close sends what is left.
func (s *logShipper) close(ctx context.Context) error {
	close(s.stop)
	select {
	case <-s.stopped:
	case <-ctx.Done():
		return fmt.Errorf("log lines not sent: %w", ctx.Err())
	}
	s.flush(ctx)
	return ctx.Err()
}

func (s *logShipper) flush(ctx context.Context) {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	for _, stream := range dirty {
		stream.send(ctx)
	}
}

func (s *logShipper) mark(stream *logStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = append(s.dirty, stream)
}

// logStream is the log stream of one sandbox.
type logStream struct {
	shipper *logShipper
	region  string
	group   string
	name    string

	created bool // used by the shipper only

	mu      sync.Mutex
	pending []types.InputLogEvent
	bytes   int
	dropped int
}

// newStream names a stream as Lambda does. It is created with its first lines.
func (s *logShipper) newStream(v *version) *logStream {
	return &logStream{
		shipper: s,
		region:  v.region,
		group:   v.logging.group,
		name:    fmt.Sprintf("%s/[%s]%x", time.Now().UTC().Format("2006/01/02"), v.number, randomBytes(16)),
	}
}

// append adds one event, stamped with the time of the call.
func (l *logStream) append(message string) {
	if message == "" {
		return // CloudWatch Logs refuses empty events
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes+len(message) > maxPendingBytes {
		l.dropped++
		return
	}
	if len(l.pending) == 0 {
		l.shipper.mark(l)
	}
	l.pending = append(l.pending, types.InputLogEvent{Message: &message, Timestamp: aws.Int64(time.Now().UnixMilli())})
	l.bytes += len(message) + eventOverhead
}

func (l *logStream) send(ctx context.Context) {
	l.mu.Lock()
	events, dropped := l.pending, l.dropped
	l.pending, l.bytes, l.dropped = nil, 0, 0
	l.mu.Unlock()
	if dropped > 0 {
		l.lost("the log stream's buffer was full", dropped)
	}
	for len(events) > 0 {
		n := batch(events)
		if err := l.put(ctx, events[:n]); err != nil {
			l.lost(reason(err), n)
		}
		events = events[n:]
	}
}

// batch says how many of the events fit into one PutLogEvents.
func batch(events []types.InputLogEvent) int {
	size := 0
	for i, event := range events {
		size += len(*event.Message) + eventOverhead
		if i == maxBatchEvents || size > maxBatchBytes {
			return i
		}
	}
	return len(events)
}

// put sends one batch. The log group is never created here: on AWS a role of
// least privilege may not do that either.
func (l *logStream) put(ctx context.Context, events []types.InputLogEvent) error {
	inRegion := func(o *cloudwatchlogs.Options) { o.Region = l.region }
	if !l.created {
		_, err := l.shipper.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{
			LogGroupName: &l.group, LogStreamName: &l.name,
		}, inRegion)
		var exists *types.ResourceAlreadyExistsException
		if err != nil && !errors.As(err, &exists) {
			return err
		}
		l.created = true
	}
	_, err := l.shipper.client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &l.group, LogStreamName: &l.name, LogEvents: events,
	}, inRegion)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		l.created = false // the group was replaced: try anew with the next lines
	}
	return err
}

// reason is AWS's error without the ids that make every one different.
func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

func (l *logStream) lost(reason string, events int) {
	l.shipper.problems.add("log group "+l.group, "log lines lost: "+reason, events)
}
