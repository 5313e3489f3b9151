// Package eventsource is Lambda's event source mappings for SQS: their API, and
// the pollers that read queues with the functions' roles and run the functions
// (Lambda, "Using Lambda with Amazon SQS").
//
// Messages, visibility timeouts, receive counts and redrive are the queue's own.
package eventsource

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// Functions is what mappings need of the functions.
type Functions interface {
	// Resolve returns the ARN that a request in a Region means by FunctionName.
	Resolve(name, region string) (arn string, refusal *apierr.Error)
	// Timeout is how long a function may run. The error says why there is no
	// such function.
	Timeout(ctx context.Context, arn string) (time.Duration, error)
	// Credentials are those of its role.
	Credentials(ctx context.Context, arn string) (aws.CredentialsProvider, error)
	// Invoke runs it and waits.
	Invoke(ctx context.Context, arn string, payload []byte) Outcome
}

// Outcome is how an invocation ended.
type Outcome struct {
	Payload []byte
	// Failed says that the function ran and failed.
	Failed bool
	// Throttled says that it did not run for want of concurrency.
	Throttled bool
	// Err is why it did not run otherwise.
	Err error
}

// Config names what mappings work with. Every field but StateFile is required.
type Config struct {
	Functions Functions
	// SQS calls the queues' service.
	SQS *sqs.Client
	// QueueURL is how that service names a queue.
	QueueURL  func(queue arn.ARN) string
	AccountID string
	// StateFile keeps the mappings over a restart; empty keeps them in memory.
	StateFile string
	// Problem takes what went wrong behind the scenes.
	Problem func(subject, message string)
}

// Mappings holds the mappings of all Regions and runs their pollers.
type Mappings struct {
	config Config
	work   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	mapping map[string]*mapping // by UUID
}

// mapping is one mapping and its poller, nil when it has none. Guarded by the
// Mappings' mutex.
type mapping struct {
	Mapping
	poller *poller
}

// Open returns the mappings of the state file, with their pollers running.
func Open(config Config) (*Mappings, error) {
	saved, err := load(config.StateFile)
	if err != nil {
		return nil, err
	}
	m := &Mappings{config: config, mapping: make(map[string]*mapping)}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range saved {
		m.mapping[one.UUID] = &mapping{Mapping: one}
		m.settle(m.mapping[one.UUID])
	}
	return m, nil
}

// Close ends the pollers and waits for what they run.
func (m *Mappings) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	for _, one := range m.mapping {
		m.settle(one)
	}
	m.mu.Unlock()
	done := make(chan struct{})
	go func() {
		m.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle starts, replaces or ends the poller of a mapping as its settings say,
// and lets its state follow. The caller holds the lock.
func (m *Mappings) settle(one *mapping) {
	before := one.poller
	one.poller = nil
	if before != nil {
		before.stop()
	}
	if m.closed {
		return
	}
	if one.State != deleting && one.Enabled {
		one.poller = newPoller(m.config, one.Mapping)
		m.work.Go(one.poller.run)
		before = nil // what it has read is its own business
	}
	m.work.Go(func() {
		if before != nil {
			<-before.done
		}
		m.arrive(one)
	})
}

// arrive ends a transition.
func (m *Mappings) arrive(one *mapping) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case one.State == deleting:
		delete(m.mapping, one.UUID)
	case one.Enabled:
		one.State = enabled
	default:
		one.State = disabled
	}
	m.save()
}

// inRegion lists the mappings of a Region by UUID. The caller holds the lock.
func (m *Mappings) inRegion(region string) []*mapping {
	var all []*mapping
	for _, uuid := range slices.Sorted(maps.Keys(m.mapping)) {
		if one := m.mapping[uuid]; one.region() == region {
			all = append(all, one)
		}
	}
	return all
}

// find returns a mapping of a Region. The caller holds the lock.
func (m *Mappings) find(uuid, region string) (*mapping, *apierr.Error) {
	one := m.mapping[uuid]
	if one == nil || one.region() != region {
		return nil, apierr.NotFound("The resource you requested does not exist.")
	}
	return one, nil
}

func (m *Mapping) region() string {
	source, err := arn.Parse(m.EventSourceARN)
	if err != nil {
		return "" // it was checked when the mapping was made
	}
	return source.Region
}

func (m *Mapping) arn(account string) string {
	return strings.Join([]string{"arn:aws:lambda", m.region(), account, "event-source-mapping", m.UUID}, ":")
}
