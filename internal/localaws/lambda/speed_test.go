package lambda

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/portcullis-chat/portcullis/internal/localaws/metrics"
)

var noop = map[string]any{"do": "echo"}

// BenchmarkInvoke is a no-op function through the Runner: one request after the
// other, and several at once.
func BenchmarkInvoke(b *testing.B) {
	s := newStack(b)
	publisher := metrics.New(discarded{}, func(namespace, reason string, values int) {
		b.Errorf("%s lost %d: %s", namespace, values, reason)
	})
	defer publisher.Close(context.Background())
	s.runner.config.Metrics = publisher
	s.deploy(b, "f", nil)
	for _, parallel := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("parallel=%d", parallel), func(b *testing.B) {
			run(b, parallel, func() {
				if _, err := s.runner.Invoke(b.Context(), arnOf("f"), mustJSON(noop)); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

type discarded struct{}

func (discarded) PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// BenchmarkBareLoop is the same binary behind nothing but a Runtime API: what
// its own loop costs.
func BenchmarkBareLoop(b *testing.B) {
	loops := make([]*bareLoop, 8)
	for i := range loops {
		loops[i] = newBareLoop(b)
	}
	for _, parallel := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("parallel=%d", parallel), func(b *testing.B) {
			free := make(chan *bareLoop, parallel)
			for _, loop := range loops[:parallel] {
				free <- loop
			}
			run(b, parallel, func() {
				loop := <-free
				loop.invoke()
				free <- loop
			})
		})
	}
}

// run calls f b.N times, by so many callers, and reports the rate.
func run(b *testing.B, parallel int, f func()) {
	for range parallel {
		f() // warms up
	}
	b.ResetTimer()
	var callers sync.WaitGroup
	calls := make(chan struct{}, b.N)
	for range b.N {
		calls <- struct{}{}
	}
	close(calls)
	for range parallel {
		callers.Go(func() {
			for range calls {
				f()
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// bareLoop is the test bootstrap with the least Runtime API that it works with.
type bareLoop struct {
	requests  chan []byte
	responses chan []byte
}

func newBareLoop(b *testing.B) *bareLoop {
	b.Helper()
	loop := &bareLoop{requests: make(chan []byte), responses: make(chan []byte)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case request := <-loop.requests:
			h := w.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", "id")
			h.Set("Lambda-Runtime-Deadline-Ms", "4102444800000")
			h.Set("Lambda-Runtime-Invoked-Function-Arn", arnOf("f"))
			_, _ = w.Write(request)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		response, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		loop.responses <- response
	})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	path := filepath.Join(b.TempDir(), "bootstrap")
	if err := os.WriteFile(path, bootstrapBinary, 0o755); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		server.Close()
	})
	return loop
}

func (l *bareLoop) invoke() []byte {
	l.requests <- mustJSON(noop)
	return <-l.responses
}
