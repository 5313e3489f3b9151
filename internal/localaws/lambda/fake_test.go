package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testAccount = "000000000000"
	testRegion  = "us-east-1"
	testRole    = "arn:aws:iam::000000000000:role/tester"
)

func arnOf(name string) string {
	return "arn:aws:lambda:" + testRegion + ":" + testAccount + ":function:" + name
}

// bootstrapBinary is built once for all tests.
var bootstrapBinary []byte

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bootstrap")
	if err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bootstrap"), "./testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	bootstrapBinary, err = os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		panic(err)
	}
	os.RemoveAll(dir)
	os.Setenv("SECRET_OF_THE_PARENT", "must not be seen")
	os.Exit(m.Run())
}

type zipEntry struct {
	name string
	mode os.FileMode
	body []byte
}

func zipOf(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Store}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func bootstrapZip(t testing.TB) []byte {
	return zipOf(t, zipEntry{"bootstrap", 0o755, bootstrapBinary})
}

// scriptZip is small, for tests that run nothing.
func scriptZip(t testing.TB) []byte {
	return zipOf(t, zipEntry{"bootstrap", 0o755, []byte("#!/bin/sh\n")})
}

// elfHeader is the test bootstrap's ELF header alone, for another machine if
// one is given.
func elfHeader(machine elf.Machine) []byte {
	header := slices.Clone(bootstrapBinary[:64])
	if machine != elf.EM_NONE {
		binary.LittleEndian.PutUint16(header[18:], uint16(machine))
	}
	clear(header[32:48]) // offsets of program and section headers
	clear(header[56:64]) // and their numbers
	return header
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// fakeMiniStack answers what a Runner asks MiniStack for.
type fakeMiniStack struct {
	*httptest.Server

	mu        sync.Mutex
	functions map[string]map[string]any // by name or name:qualifier: a GetFunction answer
	aliases   map[string]map[string]any // by name:alias
	policies  map[string]string         // by name or name:qualifier
	objects   map[string][]byte         // by bucket/key
	groups    map[string][]logEvent     // log groups that exist
	badRoles  map[string]bool
	requests  []string // Lambda API requests: method and path
	status    int      // of writes; 0 is 201
}

type logEvent struct {
	Stream    string
	Message   string `json:"message"`
	Timestamp int64  `json:"timestamp"`
}

func newFakeMiniStack(t testing.TB) *fakeMiniStack {
	f := &fakeMiniStack{
		functions: make(map[string]map[string]any),
		aliases:   make(map[string]map[string]any),
		policies:  make(map[string]string),
		objects:   make(map[string][]byte),
		groups:    make(map[string][]logEvent),
		badRoles:  make(map[string]bool),
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeMiniStack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	target := r.Header.Get("X-Amz-Target")
	switch {
	case r.Header.Get("X-Forwarded-Proto") != "https" && r.Header.Get("Authorization") != "":
		http.Error(w, "plain http", http.StatusForbidden)
	case strings.HasPrefix(target, "Logs_20140328."):
		f.logs(w, strings.TrimPrefix(target, "Logs_20140328."), body)
	case strings.Contains(string(body), "Action=AssumeRole"):
		f.assumeRole(w, body)
	case strings.HasPrefix(r.URL.Path, "/20"):
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		f.lambda(w, r, body)
	default:
		data, ok := f.objects[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>`)
			return
		}
		w.Write(data)
	}
}

func (f *fakeMiniStack) logs(w http.ResponseWriter, operation string, body []byte) {
	var in struct {
		LogGroupName  string     `json:"logGroupName"`
		LogStreamName string     `json:"logStreamName"`
		LogEvents     []logEvent `json:"logEvents"`
	}
	json.Unmarshal(body, &in)
	if _, ok := f.groups[in.LogGroupName]; !ok {
		fail(w, http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
		return
	}
	if operation == "PutLogEvents" {
		for _, e := range in.LogEvents {
			e.Stream = in.LogStreamName
			f.groups[in.LogGroupName] = append(f.groups[in.LogGroupName], e)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	io.WriteString(w, "{}")
}

func (f *fakeMiniStack) assumeRole(w http.ResponseWriter, body []byte) {
	form, _ := url.ParseQuery(string(body))
	w.Header().Set("Content-Type", "text/xml")
	if f.badRoles[form.Get("RoleArn")] {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token of %s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		form.Get("RoleSessionName"), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

func (f *fakeMiniStack) lambda(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Method != http.MethodGet {
		f.writeLambda(w, body)
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	key := parts[2]
	if qualifier := r.URL.Query().Get("Qualifier"); qualifier != "" && qualifier != latest {
		key += ":" + qualifier
	}
	var answer any
	switch {
	case len(parts) == 3:
		if found, ok := f.functions[key]; ok {
			answer = found
		}
	case parts[3] == "aliases":
		if found, ok := f.aliases[parts[2]+":"+parts[4]]; ok {
			answer = found
		}
	case parts[3] == "policy":
		if found, ok := f.policies[key]; ok {
			answer = map[string]any{"Policy": found}
		}
	}
	if answer == nil {
		fail(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+key)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// writeLambda answers as Create and UpdateFunctionCode do.
func (f *fakeMiniStack) writeLambda(w http.ResponseWriter, body []byte) {
	var in struct {
		ZipFile         []byte
		S3Bucket, S3Key string
		Code            struct{ ZipFile []byte }
	}
	json.Unmarshal(body, &in)
	data := in.ZipFile
	if len(in.Code.ZipFile) > 0 {
		data = in.Code.ZipFile
	}
	if in.S3Key != "" {
		data = f.objects[in.S3Bucket+"/"+in.S3Key]
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-From", "ministack")
	if f.status == 0 {
		w.WriteHeader(http.StatusCreated)
	} else {
		w.WriteHeader(f.status)
	}
	json.NewEncoder(w).Encode(map[string]any{"CodeSha256": sumOf(data), "Architectures": []string{hostArchitecture()}})
}

func fail(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("X-Amzn-Errortype", errorType)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"__type": errorType, "message": message})
}

// lines returns what is in the log group of the function f.
func (f *fakeMiniStack) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, e := range f.groups["/aws/lambda/f"] {
		all = append(all, e.Message)
	}
	return all
}

// deploy makes a function of the test bootstrap, with a log group.
func (s *stack) deploy(t testing.TB, name string, change func(configuration map[string]any)) {
	t.Helper()
	data := bootstrapZip(t)
	if err := s.runner.code.put(data); err != nil {
		t.Fatal(err)
	}
	configuration := map[string]any{
		"FunctionName":  name,
		"FunctionArn":   arnOf(name),
		"Runtime":       "provided.al2023",
		"PackageType":   "Zip",
		"Role":          testRole,
		"Handler":       "bootstrap",
		"CodeSha256":    sumOf(data),
		"Timeout":       3,
		"MemorySize":    128,
		"Architectures": []string{hostArchitecture()},
		"LastModified":  time.Now().Format(time.RFC3339Nano),
	}
	if change != nil {
		change(configuration)
	}
	s.fake.mu.Lock()
	s.fake.functions[name] = map[string]any{"Configuration": configuration, "Code": map[string]string{"RepositoryType": "S3", "Location": "http://127.0.0.1/"}}
	s.fake.groups["/aws/lambda/"+name] = nil
	s.fake.mu.Unlock()
	s.runner.forget(name)
}

// stack is a Runner with a fake MiniStack.
type stack struct {
	fake    *fakeMiniStack
	runner  *Runner
	metrics *recordedMetrics
	kills   *plannedKills
}

// recordedMetrics keeps data points by name and dimensions.
type recordedMetrics struct {
	mu     sync.Mutex
	points map[string][]float64
}

func newRecordedMetrics() *recordedMetrics {
	return &recordedMetrics{points: make(map[string][]float64)}
}

func (m *recordedMetrics) Put(region, namespace, name, unit string, value float64, dimensions map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := fmt.Sprintf("%s %s %s %s %v", region, namespace, name, unit, dimensions)
	m.points[key] = append(m.points[key], value)
}

// of returns the points of a metric of one function, or across all functions
// for an empty name.
func (m *recordedMetrics) of(name, unit string, dimensions map[string]string) []float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.points[fmt.Sprintf("%s AWS/Lambda %s %s %v", testRegion, name, unit, dimensions)])
}

func newStack(t testing.TB) *stack {
	t.Helper()
	fake, metrics, kills := newFakeMiniStack(t), newRecordedMetrics(), &plannedKills{}
	runner, err := New(Config{
		MiniStackURL: fake.URL,
		GatewayURL:   "http://127.0.0.1:4566",
		Region:       testRegion,
		AccountID:    testAccount,
		DataDir:      t.TempDir(),
		Now:          time.Now,
		Metrics:      metrics,
		Logger:       slog.New(slog.DiscardHandler),
		Faults:       kills,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{fake: fake, runner: runner, metrics: metrics, kills: kills}
	t.Cleanup(func() { s.close(t) })
	return s
}

// close ends the Runner and thereby sends the last log lines.
func (s *stack) close(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.runner.Close(ctx); err != nil {
		t.Error(err)
	}
}

// invoke runs a function and waits until its sandbox is ready for more.
func (s *stack) invoke(t testing.TB, name string, event map[string]any) *Result {
	t.Helper()
	result, err := s.runner.Invoke(t.Context(), arnOf(name), mustJSON(event))
	if err != nil {
		t.Fatal(err)
	}
	s.runner.awaitTurnaround(t.Context())
	return result
}

// sleep runs a function for a second.
func (s *stack) sleep(name string) error {
	_, err := s.runner.Invoke(context.Background(), arnOf(name), []byte(`{"do":"sleep","seconds":1}`))
	return err
}

// waitRunning waits until that many sandboxes work.
func (s *stack) waitRunning(t testing.TB, want int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		busy := 0
		for _, sandbox := range s.runner.Status().Sandboxes {
			if sandbox.State == "busy" {
				busy++
			}
		}
		if busy == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sandboxes work, want %d", busy, want)
		}
	}
}
