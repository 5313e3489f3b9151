package conformance_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// event is an event that the probe got. Its numbers are json.Number.
type event map[string]any

func parseEvent(t *T, raw string) event {
	t.Helper()
	var ev event
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&ev); err != nil {
		t.Fatalf("not an event: %v: %.300q", err, raw)
	}
	return ev
}

// at follows member names; what is absent is nil.
func (e event) at(path ...string) any {
	var value any = map[string]any(e)
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// string is the member at a path, as text; "<nil>" when it is absent.
func (e event) string(path ...string) string { return fmt.Sprint(e.at(path...)) }

// context is a member of requestContext.
func (e event) context(name string) string { return e.string("requestContext", name) }

// kind is REQUEST for an authorizer's event, else the event type.
func (e event) kind() string {
	if e["type"] != nil {
		return e.string("type")
	}
	return e.context("eventType")
}

// keys are the names of the members at a path, in order.
func (e event) keys(path ...string) string {
	object, _ := e.at(path...).(map[string]any)
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// records are all values of an attribute under a key, the oldest first.
func (t *T) records(key, attribute string) []string {
	t.Helper()
	page, err := t.db.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String(t.world.Name), ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("#k = :k"),
		ExpressionAttributeNames:  map[string]string{"#k": script.Key},
		ExpressionAttributeValues: map[string]types.AttributeValue{":k": &types.AttributeValueMemberS{Value: key}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, item := range page.Items {
		if value, ok := item[attribute].(*types.AttributeValueMemberS); ok {
			values = append(values, value.Value)
		}
	}
	return values
}

// events are the events that were written down under a key so far.
func (t *T) events(key string) []event {
	t.Helper()
	var all []event
	for _, raw := range t.records(key, script.Event) {
		all = append(all, parseEvent(t, raw))
	}
	return all
}

// event waits for the first event of a kind under a key.
func (t *T) event(key, kind string) event {
	t.Helper()
	var found event
	t.eventually(kind+" event of "+key, func() bool {
		all := t.events(key)
		i := slices.IndexFunc(all, func(ev event) bool { return ev.kind() == kind })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	return found
}

// posts waits for the statuses that a script's posts got.
func (t *T) posts(key string) string {
	t.Helper()
	var statuses string
	t.eventually("posts of "+key, func() bool {
		lists := t.records(key, script.Posts)
		if len(lists) > 0 {
			statuses = lists[0]
		}
		return len(lists) > 0
	})
	return statuses
}

// eventually waits until a condition holds.
func (t *T) eventually(what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
