// Package logship sends log lines to CloudWatch Logs in the background, for
// all parts of the local stack that write there.
package logship

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

// MaxEventBytes is the largest event that CloudWatch Logs takes whole.
const MaxEventBytes = 256 << 10

// Limits of PutLogEvents (CloudWatch Logs quotas), in bytes and events.
const (
	maxBatchBytes  = 1_048_576
	maxBatchEvents = 10_000
	eventOverhead  = 26
)

const (
	// flushInterval is a compromise: each sending of each stream costs MiniStack
	// and the stack as much as a hundred lines.
	flushInterval = 250 * time.Millisecond
	// maxPendingBytes bounds what one log stream holds in memory while
	// MiniStack does not take it.
	maxPendingBytes = 8 << 20
)

// callTimeout bounds the calls of one round.
const callTimeout = 10 * time.Second

// Event is a line that has arrived in CloudWatch Logs.
type Event struct {
	Message string
	Time    time.Time
}

// Tap is told what has arrived in a log group. It must be quick: nothing is sent
// meanwhile.
type Tap func(region, group string, events []Event)

// Shipper sends the lines of all its streams.
type Shipper struct {
	client  *cloudwatchlogs.Client
	lost    func(group, reason string, events int)
	tap     Tap
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex
	dirty []*Stream
	named map[streamKey]*Stream
}

type streamKey struct{ region, group, name string }

// New returns a Shipper that calls lost when lines could not be sent, and tap,
// unless it is nil, when they could.
func New(client *cloudwatchlogs.Client, lost func(group, reason string, events int), tap Tap) *Shipper {
	s := &Shipper{client: client, lost: lost, tap: tap, stop: make(chan struct{}), stopped: make(chan struct{}), named: make(map[streamKey]*Stream)}
	go s.run()
	return s
}

// Put adds a line to the stream of that name. It does not block.
func (s *Shipper) Put(region, group, name, line string) {
	s.stream(region, group, name, false).Append(line)
}

// PutOwn is Put for a group that the service which writes creates itself when
// it is missing. Once lines have arrived in it, it is not created again: whoever
// deletes it meanwhile is most likely taking everything down.
func (s *Shipper) PutOwn(region, group, name, line string) {
	s.stream(region, group, name, true).Append(line)
}

func (s *Shipper) stream(region, group, name string, own bool) *Stream {
	key := streamKey{region, group, name}
	s.mu.Lock()
	defer s.mu.Unlock()
	stream := s.named[key]
	if stream == nil {
		stream = s.Stream(region, group, name)
		stream.own = own
		s.named[key] = stream
	}
	return stream
}

func (s *Shipper) run() {
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

// Close sends what is left.
func (s *Shipper) Close(ctx context.Context) error {
	close(s.stop)
	select {
	case <-s.stopped:
	case <-ctx.Done():
		return fmt.Errorf("log lines not sent: %w", ctx.Err())
	}
	s.flush(ctx)
	return ctx.Err()
}

func (s *Shipper) flush(ctx context.Context) {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	for _, stream := range dirty {
		stream.send(ctx)
	}
}

func (s *Shipper) mark(stream *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = append(s.dirty, stream)
}

// Stream is one log stream. It is created with its first lines.
type Stream struct {
	shipper *Shipper
	region  string
	group   string
	name    string

	// own says that the group may be created.
	own     bool
	created bool // used by the shipper only

	mu      sync.Mutex
	pending []types.InputLogEvent
	bytes   int
	dropped int
}

// Stream returns a stream of a log group that is never created: on AWS a role of
// least privilege may not do that either.
func (s *Shipper) Stream(region, group, name string) *Stream {
	return &Stream{shipper: s, region: region, group: group, name: name}
}

// Name is the stream's name.
func (l *Stream) Name() string { return l.name }

// Group is the name of its log group.
func (l *Stream) Group() string { return l.group }

// Append adds one event, stamped with the time of the call.
func (l *Stream) Append(message string) {
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

// Lost reports lines of the stream that could not be kept.
func (l *Stream) Lost(reason string, events int) { l.shipper.lost(l.group, reason, events) }

func (l *Stream) send(ctx context.Context) {
	l.mu.Lock()
	events, dropped := l.pending, l.dropped
	l.pending, l.bytes, l.dropped = nil, 0, 0
	l.mu.Unlock()
	if dropped > 0 {
		l.Lost("the log stream's buffer was full", dropped)
	}
	for len(events) > 0 {
		n := batch(events)
		if err := l.put(ctx, events[:n]); err != nil {
			l.Lost(reason(err), n)
		} else if l.shipper.tap != nil {
			l.shipper.tap(l.region, l.group, arrived(events[:n]))
		}
		events = events[n:]
	}
}

func arrived(events []types.InputLogEvent) []Event {
	list := make([]Event, len(events))
	for i, event := range events {
		list[i] = Event{*event.Message, time.UnixMilli(*event.Timestamp)}
	}
	return list
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

// put sends one batch.
func (l *Stream) put(ctx context.Context, events []types.InputLogEvent) error {
	inRegion := func(o *cloudwatchlogs.Options) { o.Region = l.region }
	if !l.created {
		if err := l.create(ctx, inRegion); err != nil {
			return err
		}
		l.created, l.own = true, false
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

// create makes the stream, and the group when it is missing and may be made.
func (l *Stream) create(ctx context.Context, inRegion func(*cloudwatchlogs.Options)) error {
	input := &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &l.group, LogStreamName: &l.name}
	_, err := l.shipper.client.CreateLogStream(ctx, input, inRegion)
	var missing *types.ResourceNotFoundException
	if l.own && errors.As(err, &missing) {
		if _, err := l.shipper.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &l.group}, inRegion); err != nil {
			return err
		}
		_, err = l.shipper.client.CreateLogStream(ctx, input, inRegion)
	}
	var exists *types.ResourceAlreadyExistsException
	if errors.As(err, &exists) {
		return nil
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
