package eventsource

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// pageSize is how many mappings a list returns at most.
const pageSize = 100

// Request is one request of the API that the caller may make.
type Request struct {
	Operation string
	Region    string
	// Resource is a UUID, or for tags the ARN of a mapping.
	Resource string
	Query    url.Values
	Body     []byte
}

// Serves tells whether a request for tags is about a mapping.
func Serves(resource string) bool {
	a, err := arn.Parse(resource)
	return err == nil && strings.HasPrefix(a.Resource, "event-source-mapping:")
}

// Serve answers one of the five operations of mappings, or one of the three of
// their tags.
func (m *Mappings) Serve(ctx context.Context, w http.ResponseWriter, req Request) {
	status, body, refusal := m.serve(ctx, req)
	if refusal != nil {
		refusal.Send(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", uuid.New())
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (m *Mappings) serve(ctx context.Context, req Request) (status int, body any, refusal *apierr.Error) {
	var r request
	switch req.Operation {
	case "CreateEventSourceMapping", "UpdateEventSourceMapping", "TagResource":
		if err := json.Unmarshal(req.Body, &r); err != nil {
			return 0, nil, apierr.Unreadable("Could not parse request body into json: " + err.Error())
		}
	}
	switch req.Operation {
	case "CreateEventSourceMapping":
		body, refusal = m.create(ctx, req, &r)
		return http.StatusAccepted, body, refusal
	case "GetEventSourceMapping":
		body, refusal = m.get(req)
		return http.StatusOK, body, refusal
	case "ListEventSourceMappings":
		body, refusal = m.list(req)
		return http.StatusOK, body, refusal
	case "UpdateEventSourceMapping":
		body, refusal = m.update(ctx, req, &r)
		return http.StatusAccepted, body, refusal
	case "DeleteEventSourceMapping":
		body, refusal = m.delete(req)
		return http.StatusAccepted, body, refusal
	case "ListTags":
		body, refusal = m.tags(req)
		return http.StatusOK, body, refusal
	case "TagResource":
		return http.StatusNoContent, nil, m.tag(req, r.Tags)
	case "UntagResource":
		return http.StatusNoContent, nil, m.untag(req)
	default:
		return 0, nil, apierr.NotServed("lambda:" + req.Operation)
	}
}

func (m *Mappings) create(ctx context.Context, req Request, r *request) (any, *apierr.Error) {
	if r.FunctionName == nil {
		return nil, apierr.Null("functionName")
	}
	function, refusal := m.config.Functions.Resolve(*r.FunctionName, req.Region)
	if refusal != nil {
		return nil, refusal
	}
	queue, refusal := r.readSource(req.Region, m.config.AccountID)
	if refusal != nil {
		return nil, refusal
	}
	settings, refusal := r.apply(Settings{Enabled: true, BatchSize: defaultBatchSize}, queue)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := checkTags(r.Tags); refusal != nil {
		return nil, refusal
	}
	if refusal := m.checkQueue(ctx, function, queue); refusal != nil {
		return nil, refusal
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if refusal := m.checkUnique("", function, queue.String()); refusal != nil {
		return nil, refusal
	}
	one := &mapping{Mapping: Mapping{
		UUID: uuid.New(), EventSourceARN: queue.String(), FunctionARN: function, State: creating,
		LastModified: time.Now(), Tags: maps.Clone(r.Tags), Settings: settings,
	}}
	m.mapping[one.UUID] = one
	m.save()
	m.settle(one)
	return one.answer(m.config.AccountID), nil
}

// checkUnique refuses a second mapping of a queue to the same function. The
// caller holds the lock.
func (m *Mappings) checkUnique(self, function, queue string) *apierr.Error {
	for _, other := range m.mapping {
		if other.UUID != self && other.FunctionARN == function && other.EventSourceARN == queue {
			return apierr.Conflict(fmt.Sprintf(`An event source mapping with SQS arn (" %s ") and function (" %s ") already exists. Please update or delete the existing mapping with UUID %s`,
				queue, function[strings.Index(function, ":function:")+len(":function:"):], other.UUID))
		}
	}
	return nil
}

func (m *Mappings) get(req Request) (any, *apierr.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, refusal := m.find(req.Resource, req.Region)
	if refusal != nil {
		return nil, refusal
	}
	return one.answer(m.config.AccountID), nil
}

func (m *Mappings) list(req Request) (any, *apierr.Error) {
	function := ""
	if name := req.Query.Get("FunctionName"); name != "" {
		var refusal *apierr.Error
		if function, refusal = m.config.Functions.Resolve(name, req.Region); refusal != nil {
			return nil, refusal
		}
	}
	most := pageSize
	if text := req.Query.Get("MaxItems"); text != "" {
		items, err := strconv.Atoi(text)
		if err != nil || items < 1 || items > 10_000 {
			return nil, apierr.InvalidValue(text, "maxItems", "Member must be between 1 and 10000")
		}
		most = min(items, pageSize)
	}
	page := struct {
		EventSourceMappings []answer
		NextMarker          string `json:",omitempty"`
	}{EventSourceMappings: []answer{}}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.inRegion(req.Region) {
		source := req.Query.Get("EventSourceArn")
		if one.UUID <= req.Query.Get("Marker") || function != "" && one.FunctionARN != function || source != "" && one.EventSourceARN != source {
			continue
		}
		if len(page.EventSourceMappings) == most {
			page.NextMarker = page.EventSourceMappings[most-1].UUID
			break
		}
		page.EventSourceMappings = append(page.EventSourceMappings, one.answer(m.config.AccountID))
	}
	return page, nil
}

func (m *Mappings) update(ctx context.Context, req Request, r *request) (any, *apierr.Error) {
	m.mu.Lock()
	one, refusal := m.find(req.Resource, req.Region)
	if refusal != nil {
		m.mu.Unlock()
		return nil, refusal
	}
	before := one.Mapping
	m.mu.Unlock()

	after := before
	queue, err := arn.Parse(before.EventSourceARN)
	if err != nil {
		return nil, apierr.Internal(err.Error())
	}
	if r.FunctionName != nil {
		if after.FunctionARN, refusal = m.config.Functions.Resolve(*r.FunctionName, req.Region); refusal != nil {
			return nil, refusal
		}
	}
	if after.Settings, refusal = r.apply(before.Settings, queue); refusal != nil {
		return nil, refusal
	}
	if refusal := m.checkQueue(ctx, after.FunctionARN, queue); refusal != nil {
		return nil, refusal
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if one, refusal = m.find(req.Resource, req.Region); refusal != nil {
		return nil, refusal
	}
	if one.busy() || !one.LastModified.Equal(before.LastModified) {
		return nil, apierr.InUse("Cannot update the event source mapping because it is in use.")
	}
	if refusal := m.checkUnique(one.UUID, after.FunctionARN, after.EventSourceARN); refusal != nil {
		return nil, refusal
	}
	after.LastModified = time.Now()
	switch {
	case after.Enabled == before.Enabled:
		after.State = updating
	case after.Enabled:
		after.State = enabling
	default:
		after.State = disabling
	}
	one.Mapping = after
	m.save()
	m.settle(one)
	return one.answer(m.config.AccountID), nil
}

func (m *Mappings) delete(req Request) (any, *apierr.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, refusal := m.find(req.Resource, req.Region)
	if refusal != nil {
		return nil, refusal
	}
	if one.busy() {
		return nil, apierr.InUse("Cannot delete the event source mapping because it is in use.")
	}
	one.State, one.LastModified = deleting, time.Now()
	m.save()
	m.settle(one)
	return one.answer(m.config.AccountID), nil
}

// tagged returns the mapping that a request for tags is about. The caller holds
// the lock.
func (m *Mappings) tagged(req Request) (*mapping, *apierr.Error) {
	return m.find(req.Resource[strings.LastIndex(req.Resource, ":")+1:], req.Region)
}

func (m *Mappings) tags(req Request) (any, *apierr.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, refusal := m.tagged(req)
	if refusal != nil {
		return nil, refusal
	}
	tags := map[string]string{}
	maps.Copy(tags, one.Tags)
	return struct{ Tags map[string]string }{tags}, nil
}

func (m *Mappings) tag(req Request, tags map[string]string) *apierr.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, refusal := m.tagged(req)
	if refusal != nil {
		return refusal
	}
	all := make(map[string]string)
	maps.Copy(all, one.Tags)
	maps.Copy(all, tags)
	if refusal := checkTags(all); refusal != nil {
		return refusal
	}
	one.Tags = all
	m.save()
	return nil
}

func (m *Mappings) untag(req Request) *apierr.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, refusal := m.tagged(req)
	if refusal != nil {
		return refusal
	}
	for _, key := range req.Query["tagKeys"] {
		delete(one.Tags, key)
	}
	m.save()
	return nil
}
