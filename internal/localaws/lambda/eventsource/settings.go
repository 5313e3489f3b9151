package eventsource

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// Limits of a mapping of a queue (Lambda API, CreateEventSourceMapping).
const (
	defaultBatchSize = 10
	maxBatchSize     = 10_000
	maxReceive       = 10 // messages a call of ReceiveMessage returns, and a FIFO queue's batch
	maxWindow        = 300
	minConcurrency   = 2
	maxConcurrency   = 1000
	maxFilters       = 5
	maxTags          = 50
)

// request is the body of CreateEventSourceMapping and UpdateEventSourceMapping.
type request struct {
	FunctionName                   *string
	EventSourceArn                 *string
	Enabled                        *bool
	BatchSize                      *int
	MaximumBatchingWindowInSeconds *int
	FilterCriteria                 *filterCriteria
	FunctionResponseTypes          *[]string
	ScalingConfig                  *scalingConfig
	Tags                           map[string]string

	// For other sources than queues.
	StartingPosition, StartingPositionTimestamp                          json.RawMessage
	BisectBatchOnFunctionError, DestinationConfig, ParallelizationFactor json.RawMessage
	MaximumRecordAgeInSeconds, MaximumRetryAttempts                      json.RawMessage
	TumblingWindowInSeconds, Topics, Queues, SourceAccessConfigurations  json.RawMessage
	SelfManagedEventSource, SelfManagedKafkaEventSourceConfig            json.RawMessage
	AmazonManagedKafkaEventSourceConfig, DocumentDBEventSourceConfig     json.RawMessage
	// For queues, but not served here.
	ProvisionedPollerConfig, KMSKeyArn, MetricsConfig, LoggingConfig json.RawMessage
}

// readSource checks the event source of a new mapping.
func (r *request) readSource(region, account string) (arn.ARN, *apierr.Error) {
	if r.EventSourceArn == nil {
		if given(r.SelfManagedEventSource) {
			return arn.ARN{}, apierr.NotServed("lambda:CreateEventSourceMapping with SelfManagedEventSource (only queues)")
		}
		return arn.ARN{}, apierr.InvalidParameter("Unrecognized event source.")
	}
	source, err := arn.Parse(*r.EventSourceArn)
	if err != nil {
		return arn.ARN{}, apierr.InvalidParameter("Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn: " + *r.EventSourceArn)
	}
	switch source.Service {
	case "sqs":
	case "dynamodb", "kinesis", "kafka", "mq", "rds":
		return arn.ARN{}, apierr.NotServed("lambda:CreateEventSourceMapping with a source in " + source.Service + " (only queues)")
	default:
		return arn.ARN{}, apierr.InvalidParameter("Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn: " + *r.EventSourceArn)
	}
	if source.Region != region {
		return arn.ARN{}, apierr.InvalidParameter("The event source and the function must be in the same region.")
	}
	if source.AccountID != account {
		return arn.ARN{}, apierr.InvalidParameter("The function execution role does not have permissions to call ReceiveMessage on SQS")
	}
	return source, nil
}

// apply checks what a request sets and returns the settings with it.
func (r *request) apply(s Settings, queue arn.ARN) (Settings, *apierr.Error) {
	if refusal := r.checkForeign(); refusal != nil {
		return s, refusal
	}
	if r.Enabled != nil {
		s.Enabled = *r.Enabled
	}
	if r.BatchSize != nil {
		s.BatchSize = *r.BatchSize
	}
	if r.MaximumBatchingWindowInSeconds != nil {
		s.WindowSeconds = *r.MaximumBatchingWindowInSeconds
	}
	if r.FunctionResponseTypes != nil {
		s.FunctionResponseTypes = *r.FunctionResponseTypes
	}
	if r.ScalingConfig != nil {
		s.MaximumConcurrency = r.ScalingConfig.MaximumConcurrency
	}
	if r.FilterCriteria != nil {
		s.Filters = nil
		for _, f := range r.FilterCriteria.Filters {
			s.Filters = append(s.Filters, f.Pattern)
		}
	}
	return s, s.check(strings.HasSuffix(queue.Resource, ".fifo"))
}

func (s *Settings) check(fifo bool) *apierr.Error {
	if refusal := checkRange(s.BatchSize, 1, maxBatchSize, "batchSize"); refusal != nil {
		return refusal
	}
	if refusal := checkRange(s.WindowSeconds, 0, maxWindow, "maximumBatchingWindowInSeconds"); refusal != nil {
		return refusal
	}
	if s.MaximumConcurrency != nil {
		if refusal := checkRange(*s.MaximumConcurrency, minConcurrency, maxConcurrency, "scalingConfig.maximumConcurrency"); refusal != nil {
			return refusal
		}
	}
	switch {
	case fifo && s.WindowSeconds > 0:
		return apierr.InvalidParameter("Batching window is not supported for FIFO queues")
	case fifo && s.BatchSize > maxReceive:
		return apierr.InvalidParameter("Batch size must not exceed 10 for FIFO queues")
	case s.BatchSize > maxReceive && s.WindowSeconds == 0:
		return apierr.InvalidParameter("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	case len(s.Filters) > maxFilters:
		return apierr.InvalidParameter(fmt.Sprintf("At most %d filters are allowed for an event source mapping.", maxFilters))
	}
	for _, one := range s.FunctionResponseTypes {
		if one != reportBatchItemFailures {
			return apierr.InvalidValue(one, "functionResponseTypes", "Member must satisfy enum value set: [ReportBatchItemFailures]")
		}
	}
	for _, text := range s.Filters {
		if _, err := parseFilter(text); err != nil {
			return apierr.InvalidParameter("Invalid filter pattern definition. (" + err.Error() + ")")
		}
	}
	return nil
}

func checkRange(value, least, most int, member string) *apierr.Error {
	switch {
	case value < least:
		return apierr.InvalidValue(strconv.Itoa(value), member, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case value > most:
		return apierr.InvalidValue(strconv.Itoa(value), member, fmt.Sprintf("Member must have value less than or equal to %d", most))
	default:
		return nil
	}
}

// checkForeign refuses parameters that are not for queues, and those of queues
// that are not served.
func (r *request) checkForeign() *apierr.Error {
	if given(r.StartingPosition) || given(r.StartingPositionTimestamp) {
		return apierr.InvalidParameter("StartingPosition is not valid for SQS event sources.")
	}
	for _, one := range []struct {
		name  string
		value json.RawMessage
	}{
		{"BisectBatchOnFunctionError", r.BisectBatchOnFunctionError},
		{"ParallelizationFactor", r.ParallelizationFactor},
		{"MaximumRecordAgeInSeconds", r.MaximumRecordAgeInSeconds},
		{"MaximumRetryAttempts", r.MaximumRetryAttempts},
		{"TumblingWindowInSeconds", r.TumblingWindowInSeconds},
		{"Topics", r.Topics},
		{"Queues", r.Queues},
		{"SourceAccessConfigurations", r.SourceAccessConfigurations},
		{"SelfManagedEventSource", r.SelfManagedEventSource},
		{"SelfManagedKafkaEventSourceConfig", r.SelfManagedKafkaEventSourceConfig},
		{"AmazonManagedKafkaEventSourceConfig", r.AmazonManagedKafkaEventSourceConfig},
		{"DocumentDBEventSourceConfig", r.DocumentDBEventSourceConfig},
		{"DestinationConfig", r.DestinationConfig},
	} {
		if given(one.value) {
			return apierr.InvalidParameter(one.name + " isn't supported for this event source type")
		}
	}
	for _, one := range []struct {
		name  string
		value json.RawMessage
	}{
		{"ProvisionedPollerConfig", r.ProvisionedPollerConfig},
		{"KMSKeyArn", r.KMSKeyArn},
		{"MetricsConfig", r.MetricsConfig},
		{"LoggingConfig", r.LoggingConfig},
	} {
		if given(one.value) {
			return apierr.NotServed("event source mappings with " + one.name)
		}
	}
	return nil
}

// given tells whether a member says something: tools send empty ones.
func given(value json.RawMessage) bool {
	return len(value) > 0 && !slices.Contains([]string{"null", "{}", "[]", `""`}, string(value))
}

func checkTags(tags map[string]string) *apierr.Error {
	if len(tags) > maxTags {
		return apierr.InvalidParameter(fmt.Sprintf("A resource has at most %d tags.", maxTags))
	}
	for key, value := range tags {
		if key == "" || len(key) > 128 || len(value) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return apierr.InvalidParameter("Invalid tag: " + key)
		}
	}
	return nil
}
