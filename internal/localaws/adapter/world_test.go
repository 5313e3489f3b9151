package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/portcullis-chat/portcullis/internal/localaws/ministack"
	"github.com/portcullis-chat/portcullis/internal/localaws/port"
)

const (
	testRegion  = "eu-west-1" // not MiniStack's own
	testAccount = "000000000000"
)

// miniStack is the one that all tests of the package share.
var miniStack string

var discard = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	server, dir, err := startMiniStack()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { server.Stop(); _ = os.RemoveAll(dir) }()
	miniStack = server.URL()
	return m.Run()
}

func startMiniStack() (*ministack.Server, string, error) {
	ctx := context.Background()
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, "", err
	}
	python, err := ministack.Install(ctx, filepath.Join(cache, "portcullis"), func(string) {})
	if err != nil {
		return nil, "", err
	}
	free, err := port.Free()
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("", "adapter-")
	if err != nil {
		return nil, "", err
	}
	server, err := ministack.Start(ctx, ministack.Config{
		Python: python, Port: free, DataDir: dir, LogFile: filepath.Join(dir, "ministack.log"), Region: "us-east-1",
	})
	return server, dir, err
}

// world is an adapter before MiniStack.
type world struct {
	*testing.T
	adapter *Adapter
	state   string
	url     string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, state: filepath.Join(t.TempDir(), "adapter.json")}
	upstream, err := url.Parse(miniStack)
	if err != nil {
		t.Fatal(err)
	}
	next := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.adapter.Middleware(next).ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.open()
	return w
}

// open starts the adapter anew from what it has kept.
func (w *world) open() {
	w.Helper()
	a, err := New(Config{MiniStackURL: miniStack, Region: "us-east-1", StateFile: w.state, Logger: discard})
	if err != nil {
		w.Fatal(err)
	}
	w.adapter = a
}

// config are the settings of an SDK client of the account's root in a Region.
func (w *world) config(region string) aws.Config { return w.as(region, "test", "test") }

func (w *world) as(region, id, secret string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &w.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}
}

// user makes an IAM user who may do what a policy's statement says, and returns
// the access key.
func (w *world) user(statement string) (id, secret string) {
	w.Helper()
	users := iam.NewFromConfig(w.config("us-east-1"))
	name := aws.String("u" + newRequestID()[:10])
	must(users.CreateUser(w.Context(), &iam.CreateUserInput{UserName: name}))
	must(users.PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{
		UserName: name, PolicyName: name, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`),
	}))
	key := must(users.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: name})).AccessKey
	return *key.AccessKeyId, *key.SecretAccessKey
}

// allow is a policy's statement.
func allow(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

// post makes a request of a JSON protocol as the account's root and returns
// status and body.
func (w *world) post(service, target, body string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+"/", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	return w.send(r, service, body)
}

// send signs a request as root and makes it.
func (w *world) send(r *http.Request, service, body string) (int, string) {
	w.Helper()
	if err := signer.NewSigner().SignHTTP(w.Context(), root, r, sum([]byte(body)), service, testRegion, time.Now()); err != nil {
		w.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// must is for calls that a test takes for granted.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// wantRefusal checks the code and a part of the message.
func wantRefusal(t *testing.T, err error, code, message string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if refused.ErrorCode() != code || !strings.Contains(refused.ErrorMessage(), message) {
		t.Fatalf("got %s: %s, want %s: …%s…", refused.ErrorCode(), refused.ErrorMessage(), code, message)
	}
}

// wantSame compares what two values look like as JSON.
func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	g, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	e, err := json.MarshalIndent(want, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(g, e) {
		t.Errorf("%s: got %s\nwant %s", what, g, e)
	}
}
