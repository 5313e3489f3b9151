package push_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/awsclient"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/push"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/test/ratio"
)

// stage is a stage of an API whose answers depend on the connection's id.
type stage struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	answer   func(w http.ResponseWriter, r *http.Request, id string, try int)
	tries    map[string]int
}

func newStage(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, id string, try int)) (*push.Sockets, *stage) {
	t.Helper()
	s := &stage{answer: answer, tries: make(map[string]int)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		// The path as it came: ids are base64 and end in =.
		id, err := url.PathUnescape(strings.TrimPrefix(strings.Replace(r.URL.EscapedPath(), "%40", "@", 1), "/live/@connections/"))
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+id+" "+string(body))
		s.tries[id]++
		try := s.tries[id]
		s.mu.Unlock()
		if !strings.Contains(r.Header.Get("Authorization"), "/execute-api/aws4_request") {
			t.Errorf("%s %s is not signed for execute-api", r.Method, r.URL)
		}
		s.answer(w, r, id, try)
	}))
	t.Cleanup(s.Close)
	env := map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
	r := config.NewReader(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	e := awsclient.Read(r)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return push.NewSockets(e.Config(), s.URL+"/live"), s
}

func fail(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("x-amzn-errortype", kind)
	w.WriteHeader(status)
}

var ctx = context.Background()

func TestAPost(t *testing.T) {
	sockets, s := newStage(t, func(w http.ResponseWriter, r *http.Request, id string, try int) {
		switch id {
		case "gone=":
			fail(w, http.StatusGone, "GoneException") // without a body, as AWS answers
		case "gone-plain=":
			w.WriteHeader(http.StatusGone)
		case "busy=":
			if try == 1 {
				fail(w, http.StatusTooManyRequests, "LimitExceededException")
			}
		case "failing=":
			fail(w, http.StatusInternalServerError, "InternalServerError")
		case "forbidden=":
			fail(w, http.StatusForbidden, "ForbiddenException")
		case "broken=":
			if try == 1 {
				panic(http.ErrAbortHandler)
			}
		case "hanging=":
			<-r.Context().Done()
		}
	})
	for _, c := range []struct {
		id    string
		tries int
		ok    bool
		gone  bool
		most  time.Duration
	}{
		{"well=", 1, true, false, time.Second},
		{"gone=", 1, false, true, time.Second},
		{"gone-plain=", 1, false, true, time.Second},
		{"busy=", 2, true, false, time.Second},
		{"failing=", 2, false, false, time.Second},
		{"forbidden=", 1, false, false, time.Second},
		{"broken=", 2, true, false, time.Second},
		{"hanging=", 1, false, false, 1900 * time.Millisecond},
	} {
		start := time.Now()
		err := sockets.Post(ctx, c.id, []byte(`{"x":"ä"}`))
		took := time.Since(start)
		s.mu.Lock()
		tries := s.tries[c.id]
		s.mu.Unlock()
		if (err == nil) != c.ok || errors.Is(err, push.ErrGone) != c.gone || tries != c.tries || took > c.most {
			t.Errorf("%s: got %v after %d tries and %s", c.id, err, tries, took)
		}
	}
	if s.requests[0] != `POST well= {"x":"ä"}` {
		t.Errorf("the first request is %q", s.requests[0])
	}
}

func TestARetryEndsWithItsContext(t *testing.T) {
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	sockets, s := newStage(t, func(w http.ResponseWriter, _ *http.Request, _ string, _ int) {
		fail(w, http.StatusServiceUnavailable, "ServiceUnavailable")
		time.AfterFunc(10*time.Millisecond, cancel)
	})
	if err := sockets.Post(short, "a=", []byte("{}")); err == nil || s.tries["a="] != 1 {
		t.Errorf("got %v after %d tries", err, s.tries["a="])
	}
}

func TestClosing(t *testing.T) {
	sockets, s := newStage(t, func(w http.ResponseWriter, _ *http.Request, id string, _ int) {
		switch id {
		case "open=":
			w.WriteHeader(http.StatusNoContent)
		case "gone=":
			fail(w, http.StatusGone, "GoneException")
		default:
			fail(w, http.StatusForbidden, "ForbiddenException")
		}
	})
	for id, ok := range map[string]bool{"open=": true, "gone=": true, "forbidden=": false} {
		if err := sockets.Close(ctx, id); (err == nil) != ok {
			t.Errorf("%s: got %v", id, err)
		}
	}
	if !slices.Contains(s.requests, "DELETE open= ") {
		t.Errorf("the requests are %q", s.requests)
	}
}

// poster posts to members whose ids say what becomes of it.
type poster struct {
	mu       sync.Mutex
	posted   map[string]int
	underWay atomic.Int64
	most     atomic.Int64
	takes    time.Duration
}

func (p *poster) Post(ctx context.Context, id string, _ []byte) error {
	if now := p.underWay.Add(1); now > p.most.Load() {
		p.most.Store(now)
	}
	defer p.underWay.Add(-1)
	p.mu.Lock()
	p.posted[id]++
	p.mu.Unlock()
	takes := p.takes
	if strings.HasPrefix(id, "hanging") {
		takes = time.Hour
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case strings.HasPrefix(id, "gone"):
		return push.ErrGone
	case strings.HasPrefix(id, "failing"):
		return errors.New("boom")
	case strings.HasPrefix(id, "crashing"):
		panic("text that must not be logged")
	}
	return nil
}

type remover struct {
	mu      sync.Mutex
	removed []string
	err     error
}

func (r *remover) Remove(_ context.Context, roomName string, m room.Member) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removed = append(r.removed, roomName+"/"+m.ConnectionID)
	return r.err
}

var now = time.UnixMilli(1_700_000_000_000)

func fanout(takes time.Duration) (*push.Fanout, *poster, *remover, *bytes.Buffer) {
	p, r, log := &poster{posted: make(map[string]int), takes: takes}, &remover{}, &bytes.Buffer{}
	return &push.Fanout{Poster: p, Remover: r, Now: func() time.Time { return now }, Log: logging.New(log, "")}, p, r, log
}

func all(ids ...string) func(func(room.Member) bool) error {
	return func(yield func(room.Member) bool) error {
		for _, id := range ids {
			if !yield(room.Member{ConnectionID: id}) {
				return nil
			}
		}
		return nil
	}
}

// On 410 aws-samples/simple-websockets-chat-app deleted the sender's row, and
// aws-samples/websocket-chat-application none, by a key that does not exist; one
// failed post failed the message in both. What 410 means: aws/aws-sdk-js#2591 and
// #3773, georgeboot/laravel-echo-api-gateway#33.
func TestEverybodyIsPostedToOnceAndTheGoneAreRemoved(t *testing.T) {
	f, p, r, log := fanout(0)
	report, err := f.Send(ctx, "r", []byte("{}"), all("a", "gone1", "b", "failing1", "gone2", "c"))
	if want := (push.Report{Delivered: 3, Gone: 2, Failed: 1}); report != want || err != nil {
		t.Errorf("got %+v, %v", report, err)
	}
	slices.Sort(r.removed)
	if !slices.Equal(r.removed, []string{"r/gone1", "r/gone2"}) {
		t.Errorf("removed %q", r.removed)
	}
	for id, times := range p.posted {
		if times != 1 {
			t.Errorf("%s was posted to %d times", id, times)
		}
	}
	if strings.Count(log.String(), logging.ConnectionGone) != 2 || !strings.Contains(log.String(), "boom") {
		t.Errorf("the log is %s", log)
	}
}

func TestACrashCostsOneMemberTheFrame(t *testing.T) {
	f, _, _, log := fanout(0)
	report, err := f.Send(ctx, "r", []byte("{}"), all("a", "crashing", "b"))
	if want := (push.Report{Delivered: 2, Failed: 1}); report != want || err != nil {
		t.Errorf("got %+v, %v", report, err)
	}
	if !strings.Contains(log.String(), logging.Crash) || strings.Contains(log.String(), "must not be logged") {
		t.Errorf("the log is %s", log)
	}
}

// closer closes connections but those that are to fail.
type closer struct {
	mu     sync.Mutex
	closed []string
}

func (c *closer) Close(_ context.Context, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(id, "failing") {
		return errors.New("boom")
	}
	c.closed = append(c.closed, id)
	return nil
}

func TestWhoseTokenHasEndedIsClosedAndNotPostedTo(t *testing.T) {
	f, p, r, log := fanout(0)
	c := &closer{}
	f.Closer = c
	report, err := f.Send(ctx, "r", nil, func(yield func(room.Member) bool) error {
		yield(room.Member{ConnectionID: "ended", TokenEnds: now.Unix()})
		yield(room.Member{ConnectionID: "failing", TokenEnds: now.Unix() - 1})
		yield(room.Member{ConnectionID: "good", TokenEnds: now.Unix() + 1})
		return nil
	})
	if want := (push.Report{Delivered: 1, Ended: 2}); report != want || err != nil {
		t.Errorf("got %+v, %v", report, err)
	}
	if len(p.posted) != 1 || p.posted["good"] != 1 || !slices.Equal(c.closed, []string{"ended"}) || !slices.Equal(r.removed, []string{"r/ended"}) {
		t.Errorf("posted to %v, closed %q, removed %q", p.posted, c.closed, r.removed)
	}
	if strings.Count(log.String(), logging.SessionExpired) != 1 || strings.Count(log.String(), "close_expired") != 1 {
		t.Errorf("the log is %s", log)
	}
}

func TestAConnectionThatIsJustOpeningKeepsItsRow(t *testing.T) {
	f, _, r, _ := fanout(0)
	report, err := f.Send(ctx, "r", nil, func(yield func(room.Member) bool) error {
		yield(room.Member{ConnectionID: "gone-young", ConnectedAt: now.Add(-9 * time.Second).UnixMilli()})
		yield(room.Member{ConnectionID: "gone-old", ConnectedAt: now.Add(-10 * time.Second).UnixMilli()})
		return nil
	})
	if report.Gone != 2 || err != nil || !slices.Equal(r.removed, []string{"r/gone-old"}) {
		t.Errorf("got %+v, %v, removed %q", report, err, r.removed)
	}
}

// doors records which connections are closed.
type doors struct {
	mu     sync.Mutex
	closed []string
	err    error
}

func (d *doors) Close(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = append(d.closed, id)
	return d.err
}

// Who only listens sends nothing that could be refused when the token has
// ended.
func TestAListenerWhoseTokenHasEndedIsClosedAndHearsNothing(t *testing.T) {
	members := func(yield func(room.Member) bool) error {
		yield(room.Member{ConnectionID: "ended", TokenEnds: now.Unix()})
		yield(room.Member{ConnectionID: "valid", TokenEnds: now.Unix() + 1})
		return nil
	}
	for name, c := range map[string]struct {
		closing, removing error
		removed           []string
		log               string
	}{
		"is closed":           {nil, nil, []string{"r/ended"}, `"reason":"listener"`},
		"cannot be closed":    {errors.New("boom"), nil, nil, `"reason":"close_expired"`},
		"cannot be forgotten": {nil, errors.New("boom"), []string{"r/ended"}, `"reason":"close_expired"`},
	} {
		f, p, r, log := fanout(0)
		d := &doors{err: c.closing}
		f.Closer, r.err = d, c.removing
		report, err := f.Send(ctx, "r", []byte("{}"), members)
		if want := (push.Report{Delivered: 1, Ended: 1}); report != want || err != nil {
			t.Errorf("who %s: got %+v, %v", name, report, err)
		}
		if p.posted["ended"] != 0 || p.posted["valid"] != 1 || !slices.Equal(d.closed, []string{"ended"}) || !slices.Equal(r.removed, c.removed) {
			t.Errorf("who %s: posted %v, closed %q, removed %q", name, p.posted, d.closed, r.removed)
		}
		if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), c.log) {
			t.Errorf("who %s: the log is %s", name, log)
		}
	}
}

func TestARowThatCannotBeRemovedIsLogged(t *testing.T) {
	f, _, r, log := fanout(0)
	r.err = errors.New("boom")
	if _, err := f.Send(ctx, "r", nil, all("gone")); err != nil || !strings.Contains(log.String(), "remove_gone") {
		t.Errorf("got %v; the log is %s", err, log)
	}
}

// A goroutine for each member of a room, however large, is what other Go samples
// start (gobrol-lambda).
func TestPostsAreParallelAndBounded(t *testing.T) {
	f, p, _, _ := fanout(20 * time.Millisecond)
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	start := time.Now()
	report, err := f.Send(ctx, "r", nil, all(ids...))
	if report.Delivered != 500 || err != nil || p.most.Load() > push.Workers {
		t.Errorf("got %+v, %v with up to %d posts at once", report, err, p.most.Load())
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("500 posts of 20 ms took %s", took)
	}
}

func TestTheDeadlineEndsAFanout(t *testing.T) {
	f, p, _, _ := fanout(0)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = fmt.Sprint("hanging", i)
	}
	start := time.Now()
	offered, asked := 0, true
	report, err := f.Send(short, "r", nil, func(yield func(room.Member) bool) error {
		for _, id := range ids {
			offered++
			if asked = yield(room.Member{ConnectionID: id}); !asked {
				break
			}
		}
		return nil
	})
	if asked || offered != push.Workers+1 {
		t.Errorf("%d members were asked for after the end", offered)
	}
	if !errors.Is(err, context.DeadlineExceeded) || report.Delivered != 0 || len(p.posted) == len(ids) || time.Since(start) > time.Second {
		t.Errorf("got %+v, %v after %d posts and %s", report, err, len(p.posted), time.Since(start))
	}
}

func TestAnErrorOfTheMembersIsReturnedAfterThePosts(t *testing.T) {
	f, p, _, _ := fanout(0)
	boom := errors.New("boom")
	report, err := f.Send(ctx, "r", nil, func(yield func(room.Member) bool) error {
		yield(room.Member{ConnectionID: "a"})
		return boom
	})
	if !errors.Is(err, boom) || report.Delivered != 1 || p.posted["a"] != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
}

// BenchmarkFanout has posts of 20 ms. With 64 workers 500 of them cannot take
// less than eight times that.
func BenchmarkFanout(b *testing.B) {
	const post = 20 * time.Millisecond
	rounds := func(n int) time.Duration { return time.Duration((n+push.Workers-1)/push.Workers) * post }
	ids := func(n int, name func(int) string) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = name(i)
		}
		return list
	}
	for _, n := range []int{10, 500, 5000} {
		b.Run(fmt.Sprint("to ", n), func(b *testing.B) {
			f, _, _, _ := fanout(post)
			list := ids(n, strconv.Itoa)
			for b.Loop() {
				if _, err := f.Send(ctx, "r", nil, all(list...)); err != nil {
					b.Fatal(err)
				}
			}
			ratio.Goal(b, "×ideal", float64(b.Elapsed())/float64(b.N)/float64(rounds(n)), 1.15)
		})
	}
	// One in twenty is gone and one in fifty never answers.
	b.Run("to 500, some gone and some hanging", func(b *testing.B) {
		const limit = 1500 * time.Millisecond // push.postTimeout
		f, p, _, _ := fanout(post)
		f.Poster = hanging{p, limit}
		list := ids(500, func(i int) string {
			switch {
			case i%50 == 7:
				return fmt.Sprint("hanging", i)
			case i%20 == 3:
				return fmt.Sprint("gone", i)
			}
			return fmt.Sprint(i)
		})
		for b.Loop() {
			if _, err := f.Send(ctx, "r", nil, all(list...)); err != nil {
				b.Fatal(err)
			}
		}
		extra := float64(b.Elapsed())/float64(b.N) - float64(rounds(500))
		ratio.Goal(b, "×post-limit", extra/float64(limit), 1)
	})
	// The memory of a fan-out is that of its workers.
	b.Run("memory", func(b *testing.B) {
		heap := func(n int) float64 {
			f, p, _, _ := fanout(0)
			f.Poster = forgetful{p}
			var most, before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			sent := 0
			if _, err := f.Send(ctx, "r", nil, func(yield func(room.Member) bool) error {
				for range n {
					yield(room.Member{ConnectionID: "AAAA1234aaaa123=", Sub: "3c5a", Name: "Ann"})
					if sent++; sent%(n/10) == 0 {
						runtime.GC()
						runtime.ReadMemStats(&now)
						most.HeapAlloc = max(most.HeapAlloc, now.HeapAlloc)
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
			return float64(most.HeapAlloc) - float64(before.HeapAlloc)
		}
		small, large := heap(500), heap(50_000)
		for b.Loop() {
			_ = heap
		}
		b.ReportMetric(small, "B-for-500")
		b.ReportMetric(large, "B-for-50000")
		if large > small+64<<10 {
			b.Errorf("the heap grows from %.0f to %.0f bytes", small, large)
		}
	})
}

// hanging is a poster whose posts that hang end after a time, as those of
// Sockets do.
type hanging struct {
	*poster
	limit time.Duration
}

func (h hanging) Post(ctx context.Context, id string, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	return h.poster.Post(ctx, id, frame)
}

// forgetful is a poster that remembers nothing.
type forgetful struct{ *poster }

func (forgetful) Post(context.Context, string, []byte) error { return nil }
