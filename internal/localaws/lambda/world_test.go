package lambda

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portcullis-chat/portcullis/internal/localaws/ministack"
	"github.com/portcullis-chat/portcullis/internal/localaws/port"
)

// world is a Runner before a MiniStack of its own, with clients that reach both
// as root.
type world struct {
	t       testing.TB
	runner  *Runner
	metrics *recordedMetrics
	config  aws.Config
	lambda  *awslambda.Client
	iam     *iam.Client
	sqs     *sqs.Client
	ahead   atomic.Int64 // how far the clock is moved

	open func() *Runner
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func newWorld(t testing.TB) *world {
	t.Helper()
	address := startMiniStack(t)
	upstream, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}}
	w := &world{t: t, metrics: newRecordedMetrics()}
	gateway := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, CodePath) {
			w.runner.ServeCode(rw, r)
			return
		}
		w.runner.Middleware(proxy).ServeHTTP(rw, r)
	}))
	t.Cleanup(gateway.Close)
	dir := t.TempDir()
	w.open = func() *Runner {
		r, err := New(Config{
			MiniStackURL: address, GatewayURL: gateway.URL, Region: testRegion, AccountID: testAccount,
			DataDir: dir, MappingsFile: filepath.Join(dir, "mappings.json"), Now: w.now, Metrics: w.metrics, Logger: slog.New(slog.DiscardHandler), Faults: &plannedKills{},
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	w.runner = w.open()
	t.Cleanup(w.close)
	w.config = aws.Config{
		Region:                     testRegion,
		BaseEndpoint:               aws.String(gateway.URL),
		Credentials:                credentials.NewStaticCredentialsProvider("test", "test", ""),
		RetryMaxAttempts:           1,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	w.lambda = awslambda.NewFromConfig(w.config)
	w.iam = iam.NewFromConfig(w.config)
	w.sqs = sqs.NewFromConfig(w.config)
	return w
}

// close ends the Runner and thereby sends the last log lines.
func (w *world) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.runner.Close(ctx); err != nil {
		w.t.Error(err)
	}
}

// restart goes on with another Runner, as after a restart of the stack.
func (w *world) restart() {
	w.close()
	w.runner = w.open()
}

const trustsLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role makes a role that Lambda may assume, with the statements of its policy.
func (w *world) role(name, statements string) (arn string) {
	w.t.Helper()
	out, err := w.iam.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustsLambda)})
	if err != nil {
		w.t.Fatal(err)
	}
	if statements != "" {
		w.allow(name, statements)
	}
	return *out.Role.Arn
}

// allow replaces the policy of a role.
func (w *world) allow(role, statements string) {
	w.t.Helper()
	_, err := w.iam.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// as returns a configuration that calls as a role.
func (w *world) as(role string) aws.Config {
	w.t.Helper()
	out, err := sts.NewFromConfig(w.config).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("tester")})
	if err != nil {
		w.t.Fatal(err)
	}
	config := w.config.Copy()
	config.Credentials = provider(*out.Credentials)
	return config
}

// deploy makes a function of the test bootstrap. Its role has its name, and the
// statements of its policy.
func (w *world) deploy(name, statements string, change func(*awslambda.CreateFunctionInput)) (arn string) {
	w.t.Helper()
	role := w.role(name, statements)
	input := &awslambda.CreateFunctionInput{
		FunctionName:  &name,
		Role:          &role,
		Runtime:       types.RuntimeProvidedal2023,
		Handler:       aws.String("bootstrap"),
		Architectures: []types.Architecture{types.Architecture(hostArchitecture())},
		Timeout:       aws.Int32(5),
		Code:          &types.FunctionCode{ZipFile: bootstrapZip(w.t)},
	}
	if change != nil {
		change(input)
	}
	out, err := w.lambda.CreateFunction(w.t.Context(), input)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.FunctionArn
}

// startMiniStack runs a MiniStack for one test and returns its address.
func startMiniStack(t testing.TB) string {
	t.Helper()
	free, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	python, err := ministack.Install(t.Context(), filepath.Join(cache, "portcullis"), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server, err := ministack.Start(t.Context(), ministack.Config{
		Python: python, Port: free, DataDir: dir, LogFile: filepath.Join(dir, "ministack.log"), Region: testRegion,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.URL()
}
