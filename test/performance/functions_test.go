// Package performance_test measures the functions as they are shipped: how large
// their packages are, how soon they are ready for a first request, and how much
// memory they hold after many.
package performance_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/issuer"
)

const (
	root     = "../.."
	requests = 1000
	starts   = 5       // of which the fastest counts: a busy machine is not the function's fault
	maxZip   = 4 << 20 // bytes
)

// runtime is a Lambda Runtime API (version 2018-06-01) for one process.
type runtime struct {
	*httptest.Server
	events  chan []byte
	answers chan string
	ready   chan struct{} // has an element for each request for an event
}

func newRuntime(b *testing.B) *runtime {
	r := &runtime{events: make(chan []byte), answers: make(chan string), ready: make(chan struct{}, requests+1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, request *http.Request) {
		r.ready <- struct{}{}
		select {
		case event := <-r.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = w.Write(event)
		case <-request.Context().Done():
		}
	})
	answer := func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		w.WriteHeader(http.StatusAccepted)
		r.answers <- string(body)
	}
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", answer)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", answer)
	r.Server = httptest.NewServer(mux)
	b.Cleanup(r.Close)
	return r
}

// newAWS is a DynamoDB and an @connections API that agree to everything.
func newAWS(b *testing.B) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
			_, _ = io.WriteString(w, `{"Items":[],"Count":0,"ScannedCount":0}`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	b.Cleanup(server.Close)
	return server
}

// event reads an event of the functions' tests and changes it.
func event(b *testing.B, name string, change func(map[string]any)) []byte {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(root, "lambdas/internal/gateway/testdata", name+".json"))
	if err != nil {
		b.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(data, &e); err != nil {
		b.Fatal(err)
	}
	change(e)
	if data, err = json.Marshal(e); err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkFunctions(b *testing.B) {
	issuing, err := issuer.New()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(issuing.Close)
	token, err := issuing.Token("ann", time.Hour, nil)
	if err != nil {
		b.Fatal(err)
	}
	identity := map[string]any{"sub": "ann", "name": "Ann", "room": "general", "access": "write", "exp": time.Now().Add(time.Hour).Unix(), "jti": "j"}
	context := func(e map[string]any) map[string]any { return e["requestContext"].(map[string]any) }
	authorized := func(e map[string]any) { context(e)["authorizer"] = identity }

	dirs := map[packaging.Arch]string{}
	artifacts := map[string]int64{}
	host, err := packaging.Host()
	if err != nil {
		b.Fatal(err)
	}
	for _, arch := range []packaging.Arch{packaging.ARM64, host} {
		if dirs[arch] != "" {
			continue
		}
		dirs[arch] = filepath.Join(b.TempDir(), string(arch))
		built, err := packaging.Build(b.Context(), root, dirs[arch], arch, packaging.Functions())
		if err != nil {
			b.Fatal(err)
		}
		if arch == packaging.ARM64 {
			for _, artifact := range built {
				artifacts[strings.TrimSuffix(artifact.Name, ".zip")] = artifact.Size
			}
		}
	}

	for _, f := range []struct {
		name  string
		env   []string
		event []byte
		want  string
	}{
		{"authorizer", []string{
			"TOKEN_ISSUER=" + issuing.URL, "TOKEN_JWKS_URI=" + issuing.KeysURL, "TOKEN_AUDIENCES=" + issuer.Audience, "TOKEN_TYPE_CHECK=typ",
			"ALLOWED_ORIGINS=https://app.example.com", "ALLOW_MISSING_ORIGIN=false", "ORIGIN_SECRET_SHA256=",
		}, event(b, "authorizer", func(e map[string]any) {
			headers := e["multiValueHeaders"].(map[string]any)
			headers["Sec-WebSocket-Protocol"] = []string{"chat.v1, bearer." + token}
			headers["Origin"] = []string{"https://app.example.com"}
		}), `"Effect":"Allow"`},
		{"connect", []string{
			"CONNECTIONS_TABLE=connections", "MAX_CONNECTIONS_PER_USER=5", "MAX_MEMBERS=500",
		}, event(b, "connect", authorized), `"statusCode":200`},
		{"disconnect", []string{"CONNECTIONS_TABLE=connections"}, event(b, "disconnect", authorized), `"statusCode":200`},
		{"message", []string{
			"CONNECTIONS_TABLE=connections", "MESSAGES_TABLE=messages", "MESSAGE_FORMAT=text", "MAX_FRAME_BYTES=8192", "MAX_TEXT_BYTES=4096",
			"MESSAGE_TTL_SECONDS=3600", "RATE_MESSAGES_PER_MINUTE=600", "RATE_BYTES_PER_MINUTE=100000000",
		}, event(b, "message", authorized), `\"type\":\"ack\"`},
	} {
		b.Run(f.name, func(b *testing.B) {
			aws := newAWS(b)
			env := append([]string{
				"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=test",
				"AWS_ENDPOINT_URL=" + aws.URL, "MANAGEMENT_ENDPOINT=" + aws.URL, "AWS_LAMBDA_FUNCTION_NAME=" + f.name, "METRICS_NAMESPACE=Chat",
			}, slices.Concat(f.env, more(f.name))...)
			bootstrap := unzip(b, filepath.Join(dirs[host], f.name+".zip"))
			var inits []time.Duration
			for range starts {
				p := start(b, bootstrap, env)
				inits = append(inits, p.init)
				p.stop()
			}
			p := start(b, bootstrap, env)
			defer p.stop()
			for range requests {
				if answer := p.invoke(b, f.event); !strings.Contains(answer, f.want) {
					b.Fatalf("the function answered %s\n%s", answer, p.out.String())
				}
			}
			resident := p.resident(b)
			for b.Loop() {
				p.invoke(b, f.event)
			}
			b.ReportMetric(float64(slices.Min(inits).Microseconds())/1000, "ms-init")
			b.ReportMetric(float64(resident)/1024, "MB-after-1000")
			b.ReportMetric(float64(artifacts[f.name])/(1<<20), "MB-zip-arm64")
			if artifacts[f.name] > maxZip || artifacts[f.name] == 0 {
				b.Errorf("the zip has %d bytes, allowed are %d", artifacts[f.name], maxZip)
			}
		})
	}
}

// more are the variables that functions have in common with others.
func more(function string) []string {
	switch function {
	case "connect":
		return []string{"RATE_REFUSALS_PER_MINUTE=600"}
	case "message":
		return []string{"RATE_READS_PER_MINUTE=6000", "RATE_REFUSALS_PER_MINUTE=600", "HISTORY_PAGE=100", "MEMBERS_PAGE=100"}
	}
	return nil
}

// process is a function that runs.
type process struct {
	cmd  *exec.Cmd
	api  *runtime
	init time.Duration // until it asked for its first event
	out  bytes.Buffer
}

func start(b *testing.B, bootstrap string, env []string) *process {
	b.Helper()
	p := &process{api: newRuntime(b)}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(p.api.URL, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	p.cmd = exec.CommandContext(context.WithoutCancel(b.Context()), bootstrap)
	p.cmd.Env = slices.Concat(env, []string{"AWS_LAMBDA_RUNTIME_API=" + net.JoinHostPort(host, port), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256"})
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	select {
	case <-p.api.ready:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		b.Fatalf("the function does not start:\n%s", p.out.String())
	}
	p.init = time.Since(began)
	return p
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// invoke has the function answer an event, and waits until it is ready for the
// next.
func (p *process) invoke(b *testing.B, event []byte) string {
	b.Helper()
	p.api.events <- event
	select {
	case answer := <-p.api.answers:
		<-p.api.ready
		return answer
	case <-time.After(30 * time.Second):
		b.Fatal("the function does not answer")
		return ""
	}
}

// resident is how much memory the process holds, in KB.
func (p *process) resident(b *testing.B) int {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skip("memory is measured on Linux only")
	}
	for line := range strings.Lines(string(status)) {
		var kb int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			return kb
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

// unzip returns the path of the one file of a package.
func unzip(b *testing.B, path string) string {
	b.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	file, err := archive.Open("bootstrap")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	target := filepath.Join(b.TempDir(), "bootstrap")
	out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(out, file); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return target
}
