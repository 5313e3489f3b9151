package logmetrics

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/logpattern"
)

// The limits of a page of FilterLogEvents, and of one question to MiniStack,
// which gives no further pages.
const (
	maxPage      = 10_000
	maxPageBytes = 1 << 20
	maxAnswer    = 10_000
)

// query is the input of FilterLogEvents.
type query struct {
	LogGroupName, LogGroupIdentifier, LogStreamNamePrefix, FilterPattern, NextToken string
	LogStreamNames                                                                  []string
	StartTime, EndTime                                                              *int64
	Limit                                                                           *int32
}

// place is where a page begins: at a time, after so many events of that time.
type place struct {
	Time int64 `json:"t"`
	Skip int   `json:"s"`
}

func (p place) token() string {
	encoded, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers always encode
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

func parseToken(token string) (place, error) {
	var p place
	decoded, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(decoded, &p) != nil || p.Skip < 0 {
		return place{}, errToken
	}
	return p, nil
}

// foundEvent is an event as FilterLogEvents gives it.
type foundEvent struct {
	EventID       *string `json:"eventId,omitempty"`
	IngestionTime *int64  `json:"ingestionTime,omitempty"`
	LogStreamName *string `json:"logStreamName,omitempty"`
	Message       *string `json:"message,omitempty"`
	Timestamp     *int64  `json:"timestamp,omitempty"`
}

// answer is the output of FilterLogEvents.
type answer struct {
	Events             []foundEvent `json:"events"`
	NextToken          string       `json:"nextToken,omitempty"`
	SearchedLogStreams []string     `json:"searchedLogStreams"`
}

// search returns a page of the events that match.
func (s *Service) search(ctx context.Context, region string, q query, pattern *logpattern.Pattern) (*answer, error) {
	at := place{Time: aws.ToInt64(q.StartTime)}
	if q.NextToken != "" {
		var err error
		if at, err = parseToken(q.NextToken); err != nil {
			return nil, err
		}
	}
	limit := maxPage
	if q.Limit != nil {
		limit = min(limit, int(*q.Limit))
	}
	name := q.LogGroupName
	if name == "" {
		name = groupName(q.LogGroupIdentifier)
	}
	found := &answer{Events: []foundEvent{}, SearchedLogStreams: []string{}}
	size := 0
	for {
		events, err := s.read(ctx, region, name, q, at)
		if err != nil {
			return nil, err
		}
		for _, event := range events[min(at.Skip, len(events)):] {
			if len(found.Events) == limit || size > maxPageBytes {
				found.NextToken = at.token()
				return found, nil
			}
			if when := aws.ToInt64(event.Timestamp); when == at.Time {
				at.Skip++
			} else {
				at = place{when, 1}
			}
			if !strings.HasPrefix(aws.ToString(event.LogStreamName), q.LogStreamNamePrefix) {
				continue
			}
			if _, ok := pattern.Match(aws.ToString(event.Message)); ok {
				found.Events = append(found.Events, foundEvent{event.EventId, event.IngestionTime, event.LogStreamName, event.Message, event.Timestamp})
				size += len(aws.ToString(event.Message))
			}
		}
		if len(events) < maxAnswer {
			return found, nil
		}
		if aws.ToInt64(events[0].Timestamp) == aws.ToInt64(events[len(events)-1].Timestamp) {
			return nil, errors.New("not served by the local stack: more than 10,000 events of one millisecond")
		}
	}
}

// read asks MiniStack for events from a place on.
func (s *Service) read(ctx context.Context, region, group string, q query, at place) ([]types.FilteredLogEvent, error) {
	output, err := s.logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, LogStreamNames: q.LogStreamNames, StartTime: &at.Time, EndTime: q.EndTime, Limit: aws.Int32(maxAnswer),
	}, inRegion(region))
	if err != nil {
		return nil, err
	}
	return output.Events, nil
}
