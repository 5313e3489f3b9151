package gateway_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
)

func fixture[T any](t *testing.T, name string) T {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEventsAreReadInTheShapesOfAPIGateway(t *testing.T) {
	ann := gateway.Identity{Sub: "3c5a-ann", Name: "Ann", Room: "general", Access: "write", Exp: 1707505903, Jti: "j-1"}
	for name, want := range map[string]gateway.Context{
		"connect.json": {RouteKey: "$connect", EventType: "CONNECT", RequestID: "ABCD1234abcd123=", ConnectionID: "AAAA1234aaaa123=", ConnectedAt: 1707502303419, Authorizer: ann},
		// This one has exp as a string, as has been seen.
		"message.json":    {RouteKey: "sendMessage", EventType: "MESSAGE", RequestID: "R1knPH17NjMFftw=", ConnectionID: "AAAA1234aaaa123=", ConnectedAt: 1707502303419, Authorizer: ann},
		"disconnect.json": {RouteKey: "$disconnect", EventType: "DISCONNECT", RequestID: "R1koeHsUtjMFbRw=", ConnectionID: "AAAA1234aaaa123=", ConnectedAt: 1707502303419, Authorizer: ann, DisconnectStatusCode: 1001},
	} {
		if got := fixture[gateway.Request](t, name).RequestContext; got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	authorizer := fixture[gateway.AuthorizerRequest](t, "authorizer.json")
	if authorizer.Type != "REQUEST" || authorizer.RequestContext.RouteKey != gateway.RouteConnect ||
		!slices.Equal(authorizer.Query["room"], []string{"general"}) || authorizer.SingleQuery["room"] != "general" {
		t.Errorf("authorizer.json: got %+v", authorizer)
	}
}

func TestHeadersAreFoundWhateverTheirCase(t *testing.T) {
	headers := gateway.Values{"ORIGIN": {"a"}, "origin": {"b", "c"}, "Other": {"d"}}
	got := headers.Header("Origin")
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
	protocols := gateway.Values{"sec-websocket-protocol": {" chat.v1,bearer.x ,, ", "\tchat.v2"}}
	if got := protocols.HeaderTokens("Sec-WebSocket-Protocol"); !slices.Equal(got, []string{"chat.v1", "bearer.x", "chat.v2"}) {
		t.Errorf("got %q", got)
	}
}

func TestAnIdentityIsCompleteOrNone(t *testing.T) {
	whole := gateway.Identity{Sub: "u", Name: "U", Room: "r", Exp: 1}
	if err := whole.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*gateway.Identity){
		"no sub":            func(i *gateway.Identity) { i.Sub = "" },
		"a sub with spaces": func(i *gateway.Identity) { i.Sub = "a b" },
		"no name":           func(i *gateway.Identity) { i.Name = "" },
		"no room":           func(i *gateway.Identity) { i.Room = "" },
		"a wrong room":      func(i *gateway.Identity) { i.Room = "a#b" },
		"no exp":            func(i *gateway.Identity) { i.Exp = 0 },
		"a negative exp":    func(i *gateway.Identity) { i.Exp = -1 },
	} {
		identity := whole
		change(&identity)
		if identity.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestATimeInTheContextIsANumberOrAStringOfOne(t *testing.T) {
	for text, want := range map[string]gateway.Seconds{`12`: 12, `"12"`: 12, `-1`: -1} {
		var got gateway.Seconds
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{`""`, `"x"`, `1.5`, `true`, `{}`, `1e400`} {
		var got gateway.Seconds
		if json.Unmarshal([]byte(text), &got) == nil {
			t.Errorf("%s: got %d", text, got)
		}
	}
}

func TestATokenEndsAtItsVerySecond(t *testing.T) {
	identity := gateway.Identity{Exp: 100}
	if identity.Expired(time.Unix(99, 999)) || !identity.Expired(time.Unix(100, 0)) {
		t.Error("the end of a token is not at exp")
	}
}

func TestOnlyTheExactWordAllowsWriting(t *testing.T) {
	for access, want := range map[string]bool{"write": true, "read": false, "": false, "Write": false, "write ": false, "admin": false} {
		if got := (gateway.Identity{Access: access}).MayWrite(); got != want {
			t.Errorf("%q: got %v", access, got)
		}
	}
}

func TestAPolicyNamesTheOneMethodAndNothingElse(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:123456789012:abc/live/$connect"
	allow, err := json.Marshal(gateway.Allow(arn, gateway.Identity{Sub: "u", Name: "U", Room: "r", Access: "write", Exp: 5}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"principalId":"u","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"` + arn + `"}]},` +
		`"context":{"sub":"u","name":"U","room":"r","access":"write","exp":5,"jti":""}}`
	if string(allow) != want {
		t.Errorf("got  %s\nwant %s", allow, want)
	}
	deny, err := json.Marshal(gateway.Deny(arn, "u"))
	if err != nil {
		t.Fatal(err)
	}
	want = `{"principalId":"u","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Deny","Resource":"` + arn + `"}]}}`
	if string(deny) != want {
		t.Errorf("got  %s\nwant %s", deny, want)
	}
}

func TestTheWorkEndsBeforeTheFunctionWould(t *testing.T) {
	end := time.Now().Add(time.Hour)
	outer, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	work, stop := gateway.Work(outer, time.Minute)
	if at, ok := work.Deadline(); !ok || !at.Equal(end.Add(-time.Minute)) {
		t.Errorf("the work ends at %v, %v", at, ok)
	}
	stop()
	if work.Err() == nil || outer.Err() != nil {
		t.Errorf("the work is %v, the function %v", work.Err(), outer.Err())
	}
	work, stop = gateway.Work(context.Background(), time.Minute)
	if _, ok := work.Deadline(); ok || work.Err() != nil {
		t.Error("work without an end has one")
	}
	stop()
	if work.Err() == nil {
		t.Error("work cannot be stopped")
	}
}
