package disconnect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/disconnect"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

type table struct {
	calls   []string
	missing bool
	crash   bool
	leave   error
	release error
}

func (s *table) Leave(_ context.Context, roomName, connectionID string) (room.Member, bool, error) {
	s.calls = append(s.calls, "leave "+roomName+" "+connectionID)
	if s.crash {
		panic("boom")
	}
	return room.Member{Slot: 4}, !s.missing, s.leave
}

func (s *table) ReleaseSlot(_ context.Context, sub string, slot int, connectionID string) error {
	s.calls = append(s.calls, fmt.Sprint("release ", sub, " ", slot, " ", connectionID))
	return s.release
}

func TestDisconnecting(t *testing.T) {
	boom := errors.New("boom arn:aws:dynamodb")
	const leave, release = "leave general AAAA1234aaaa123=", "release 3c5a-ann 4 AAAA1234aaaa123="
	for name, c := range map[string]struct {
		table  table
		change func(*gateway.Request)
		status int
		failed bool
		calls  []string
		log    string
	}{
		"deletes both rows":               {table{}, nil, 200, false, []string{leave, release}, `"code":1001,"found":true`},
		"finds rows that are gone":        {table{missing: true}, nil, 200, false, []string{leave}, `"found":false`},
		"reports a failing room":          {table{leave: boom}, nil, 500, true, []string{leave}, logging.DependencyFail},
		"reports a failing slot":          {table{release: boom}, nil, 500, true, []string{leave, release}, logging.DependencyFail},
		"reports a crash":                 {table{crash: true}, nil, 500, true, []string{leave}, logging.Crash},
		"believes the authorizer only":    {table{}, func(r *gateway.Request) { r.RequestContext.Authorizer = gateway.Identity{} }, 403, true, nil, logging.AuthorizeFail},
		"is not to be called by a client": {table{}, func(r *gateway.Request) { r.RequestContext.EventType = "MESSAGE" }, 403, true, nil, logging.AuthorizeFail},
	} {
		data, err := os.ReadFile("../gateway/testdata/disconnect.json")
		if err != nil {
			t.Fatal(err)
		}
		var r gateway.Request
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			c.change(&r)
		}
		var log bytes.Buffer
		h := &disconnect.Handler{Connections: &c.table, Log: logging.New(&log, "")}
		response, err := h.Handle(context.Background(), r)
		if response.StatusCode != c.status || (err != nil) != c.failed || !slices.Equal(c.table.calls, c.calls) {
			t.Errorf("%s: got %+v, %v after %q", name, response, err, c.table.calls)
		}
		if err != nil && strings.Contains(err.Error(), "arn:") {
			t.Errorf("%s: the error is %v", name, err)
		}
		if !strings.Contains(log.String(), c.log) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: the log is %s", name, log.String())
		}
	}
}

// hanging is a table that does not answer.
type hanging struct{ table }

func (s *hanging) Leave(ctx context.Context, _, _ string) (room.Member, bool, error) {
	<-ctx.Done()
	return room.Member{}, false, ctx.Err()
}

func TestATableThatHangsIsToldBeforeTheFunctionEnds(t *testing.T) {
	data, err := os.ReadFile("../gateway/testdata/disconnect.json")
	if err != nil {
		t.Fatal(err)
	}
	var r gateway.Request
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	var log, lines bytes.Buffer
	h := &disconnect.Handler{
		Connections: &hanging{}, Log: logging.New(&log, ""),
		Metrics: metrics.New(&lines, metrics.Settings{Namespace: "Chat", Function: "disconnect"}, "", time.Now),
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if response, err := h.Handle(ctx, r); err == nil || response.StatusCode != http.StatusInternalServerError || ctx.Err() != nil {
		t.Errorf("got %+v, %v; the function's context is %v", response, err, ctx.Err())
	}
	if !strings.Contains(log.String(), "deadline exceeded") || !strings.Contains(lines.String(), `"Failures":1`) {
		t.Errorf("the log is %s, the metrics are %s", log.String(), lines.String())
	}
}

func TestEverySettingIsChecked(t *testing.T) {
	for table, legal := range map[string]bool{"chat-connections": true, "": false, "a b c": false} {
		r := config.NewReader(func(name string) (string, bool) { return table, name == "CONNECTIONS_TABLE" && table != "" })
		if got := disconnect.Read(r); (r.Err() == nil) != legal || (legal && got.Table != table) {
			t.Errorf("%q: got %+v, %v", table, got, r.Err())
		}
	}
}
