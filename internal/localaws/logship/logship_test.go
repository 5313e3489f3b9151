package logship

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// logs plays CloudWatch Logs.
type logs struct {
	mu       sync.Mutex
	streams  map[string]bool     // "<group>/<stream>" that exist
	lines    map[string][]string // by stream
	missing  bool                // the group does not exist
	groups   []string            // that were created
	tapped   []string            // "<region> <group> <message>"
	batches  int
	regions  map[string]bool
	lost     int
	lostWhat string
}

func newShipper(t *testing.T) (*Shipper, *logs) {
	t.Helper()
	l := &logs{streams: map[string]bool{}, lines: map[string][]string{}, regions: map[string]bool{}}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	client := cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	s := New(client, func(group, reason string, events int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lost += events
		l.lostWhat = group + ": " + reason
	}, func(region, group string, events []Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, event := range events {
			if age := time.Since(event.Time); age < -time.Second || age > time.Minute {
				t.Errorf("an event of %s", event.Time)
			}
			l.tapped = append(l.tapped, region+" "+group+" "+event.Message)
		}
	})
	return s, l
}

func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var input struct {
		LogGroupName, LogStreamName string
		LogEvents                   []struct{ Message string }
	}
	_ = json.NewDecoder(r.Body).Decode(&input)
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(scope, "/"); len(parts) > 2 {
		l.regions[parts[2]] = true
	}
	fail := func(kind string) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, kind)
	}
	key := input.LogGroupName + "/" + input.LogStreamName
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch {
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), "CreateLogGroup"):
		l.groups, l.missing = append(l.groups, input.LogGroupName), false
		_, _ = w.Write([]byte("{}"))
	case l.missing:
		fail("ResourceNotFoundException")
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), "CreateLogStream"):
		if l.streams[key] {
			fail("ResourceAlreadyExistsException")
			return
		}
		l.streams[key] = true
		_, _ = w.Write([]byte("{}"))
	case !l.streams[key]:
		fail("ResourceNotFoundException")
	default:
		l.batches++
		for _, event := range input.LogEvents {
			l.lines[key] = append(l.lines[key], event.Message)
		}
		_, _ = w.Write([]byte("{}"))
	}
}

func closeShipper(t *testing.T, s *Shipper) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestLinesArriveInOrderInTheirStreams(t *testing.T) {
	s, l := newShipper(t)
	for i := range 100 {
		s.Put("eu-west-1", "group", "one", fmt.Sprint("line ", i))
	}
	s.Put("us-east-1", "group", "two", "another")
	own := s.Stream("us-east-1", "group", "own")
	own.Append("mine")
	own.Append("") // CloudWatch Logs takes no empty event
	closeShipper(t, s)
	if got := l.lines["group/one"]; len(got) != 100 || got[0] != "line 0" || got[99] != "line 99" {
		t.Errorf("%d lines: %v", len(got), got)
	}
	if l.batches > 6 {
		t.Errorf("%d calls for so few lines", l.batches)
	}
	if got := fmt.Sprint(l.lines["group/two"], l.lines["group/own"]); got != "[another] [mine]" {
		t.Errorf("got %s", got)
	}
	if !l.regions["eu-west-1"] || !l.regions["us-east-1"] {
		t.Errorf("Regions %v", l.regions)
	}
	slices.Sort(l.tapped)
	if len(l.tapped) != 102 || l.tapped[0] != "eu-west-1 group line 0" || l.tapped[101] != "us-east-1 group mine" {
		t.Errorf("tapped: %q", l.tapped)
	}
	if own.Group() != "group" || own.Name() != "own" {
		t.Errorf("%s, %s", own.Group(), own.Name())
	}
}

func TestALargeAmountIsSentInBatchesThatAWSTakes(t *testing.T) {
	s, l := newShipper(t)
	line := strings.Repeat("x", MaxEventBytes)
	for range 9 {
		s.Put("us-east-1", "group", "large", line)
	}
	closeShipper(t, s)
	if len(l.lines["group/large"]) != 9 || l.batches < 3 {
		t.Errorf("%d lines in %d batches", len(l.lines["group/large"]), l.batches)
	}
}

func TestAServicesOwnGroupIsMadeOnce(t *testing.T) {
	s, l := newShipper(t)
	want := func(state string) {
		t.Helper()
		got := ""
		for deadline := time.Now().Add(10 * time.Second); got != state; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("got %s, want %s", got, state)
			}
			l.mu.Lock()
			got = fmt.Sprint(l.groups, l.lines, l.lost)
			l.mu.Unlock()
		}
	}
	delete := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.missing = true
	}
	delete()
	s.PutOwn("us-east-1", "own", "stream", "first")
	want("[own] map[own/stream:[first]] 0")
	delete()
	s.PutOwn("us-east-1", "own", "stream", "late")
	want("[own] map[own/stream:[first]] 1")
	s.PutOwn("us-east-1", "own", "stream", "later")
	want("[own] map[own/stream:[first]] 2")
	closeShipper(t, s)
}

func TestLostLinesAreCounted(t *testing.T) {
	s, l := newShipper(t)
	l.mu.Lock()
	l.missing = true
	l.mu.Unlock()
	s.Put("us-east-1", "gone", "stream", "a")
	s.Put("us-east-1", "gone", "stream", "b")
	closeShipper(t, s)
	if l.lost != 2 || !strings.HasPrefix(l.lostWhat, "gone: ResourceNotFoundException") {
		t.Errorf("%d lost, %s", l.lost, l.lostWhat)
	}
	if len(l.tapped)+len(l.groups) > 0 {
		t.Errorf("tapped %q, made %q", l.tapped, l.groups)
	}
	s, l = newShipper(t)
	stream := s.Stream("us-east-1", "group", "full")
	line := strings.Repeat("x", MaxEventBytes)
	for range 10 * maxPendingBytes / MaxEventBytes { // far more than is sent meanwhile
		stream.Append(line)
	}
	closeShipper(t, s)
	if l.lost == 0 || !strings.Contains(l.lostWhat, "full") {
		t.Errorf("%d lost, %s", l.lost, l.lostWhat)
	}
}
