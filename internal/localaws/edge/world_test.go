package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"github.com/portcullis-chat/portcullis/internal/localaws/ministack"
	"github.com/portcullis-chat/portcullis/internal/localaws/port"
)

// miniStack is the one that all tests of the package share.
var miniStack string

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
	dir, err := os.MkdirTemp("", "edge-")
	if err != nil {
		return nil, "", err
	}
	server, err := ministack.Start(ctx, ministack.Config{
		Python: python, Port: free, DataDir: dir, LogFile: filepath.Join(dir, "ministack.log"), Region: "us-east-1",
	})
	return server, dir, err
}

// world is an edge before MiniStack and a gateway that answers with what it was
// asked.
type world struct {
	*testing.T
	edge       *Edge
	cfg        Config
	cloudFront *cloudfront.Client
	s3         *s3.Client
	waf        *wafv2.Client
	name       string
	ahead      atomic.Int64 // of real time, for rates
	lines      recorded
}

// recorded are log lines and metrics.
type recorded struct {
	mu      sync.Mutex
	logs    []string
	metrics map[string]int
}

func (r *recorded) Put(region, group, stream, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, region+" "+group+" "+stream+" "+line)
}

type metricsOf struct{ *recorded }

func (r metricsOf) Put(region, namespace, name, unit string, value float64, dimensions map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.metrics[strings.Join([]string{region, namespace, name, dimensions["WebACL"] + dimensions["DistributionId"], dimensions["Rule"] + dimensions["Region"]}, " ")] += int(value)
}

// asked is what the gateway was asked.
type asked struct {
	Method, URI, Host string
	Header            http.Header
	Body              string
}

var names atomic.Int64

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, name: fmt.Sprintf("edge%d-%d", os.Getpid(), names.Add(1)), lines: recorded{metrics: map[string]int{}}}
	gateway := httptest.NewServer(http.HandlerFunc(gatewayAnswer))
	t.Cleanup(gateway.Close)
	free, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	sdk := aws.Config{
		Region: Region, BaseEndpoint: &miniStack, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: secure{},
	}
	w.cfg = Config{
		MiniStack: sdk, Gateway: strings.TrimPrefix(gateway.URL, "http://"), Port: free, PortsFile: filepath.Join(t.TempDir(), "edge.json"),
		IsAPI:    func(path string) bool { return strings.HasPrefix(path, "/_aws/execute-api/api1") },
		IsDomain: func(name string) bool { return name == "ws.example.com" },
		WebACL:   func(string) (WebACL, error) { return WebACL{}, nil },
		Logs:     &w.lines, Metrics: metricsOf{&w.lines}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Clock: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) },
	}
	w.cloudFront, w.waf = cloudfront.NewFromConfig(sdk), wafv2.NewFromConfig(sdk)
	w.s3 = s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
	w.open()
	return w
}

// secure tells MiniStack that a call came by TLS, as the stack's door does.
type secure struct{}

// Do implements aws.HTTPClient. The SDK closes a request's body as soon as there
// is an answer, and the body's WriteTo is an error from then on (smithy-go 1.28.9,
// safeWriteToReadCloser). net/http asks it for more than the body's length a
// moment after it has sent all, and an error makes it close the connection, in
// the middle of the answer. The SDK tries again then, but here it may not. Read
// has no such error, so it is all that net/http is given.
func (secure) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-Proto", "https")
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return own.Do(r)
}

// own keeps its connections when a server of a test closes those of
// http.DefaultClient.
var own = &http.Client{Transport: &http.Transport{}}

// open starts an edge; a second time anew from what is kept.
func (w *world) open() {
	w.Helper()
	if w.edge != nil {
		w.edge.Close()
	}
	var err error
	if w.edge, err = New(w.Context(), w.cfg); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(w.edge.Close)
	if err := w.edge.Reconcile(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// gatewayAnswer answers with the request, or as its query says.
func gatewayAnswer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	status := http.StatusOK
	_, _ = fmt.Sscan(r.URL.Query().Get("status"), &status)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Powered-By", "gateway")
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(asked{r.Method, r.RequestURI, r.Host, r.Header, string(body)})
}

// must is for calls that a test takes for granted.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// bucket makes a bucket with objects; a policy may be empty.
func (w *world) bucket(policy string, objects map[string]string) string {
	w.Helper()
	name := w.name + "-site"
	must(w.s3.CreateBucket(w.Context(), &s3.CreateBucketInput{Bucket: &name}))
	for key, body := range objects {
		kind := "text/plain"
		if strings.HasSuffix(key, ".html") {
			kind = "text/html"
		}
		must(w.s3.PutObject(w.Context(), &s3.PutObjectInput{
			Bucket: &name, Key: &key, Body: strings.NewReader(body), ContentType: &kind, CacheControl: aws.String("max-age=60"), Metadata: map[string]string{"of": "test"},
			ServerSideEncryption: s3types.ServerSideEncryptionAes256,
		}))
	}
	w.policy(name, policy)
	return name
}

func (w *world) policy(bucket, policy string) {
	w.Helper()
	if policy == "" {
		must(w.s3.DeleteBucketPolicy(w.Context(), &s3.DeleteBucketPolicyInput{Bucket: &bucket}))
		return
	}
	must(w.s3.PutBucketPolicy(w.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy}))
}

// accessControl makes an origin access control.
func (w *world) accessControl(behaviour types.OriginAccessControlSigningBehaviors) string {
	w.Helper()
	made := must(w.cloudFront.CreateOriginAccessControl(w.Context(), &cloudfront.CreateOriginAccessControlInput{OriginAccessControlConfig: &types.OriginAccessControlConfig{
		Name: aws.String(w.name + string(behaviour)), OriginAccessControlOriginType: types.OriginAccessControlOriginTypesS3,
		SigningBehavior: behaviour, SigningProtocol: types.OriginAccessControlSigningProtocolsSigv4,
	}}))
	return *made.OriginAccessControl.Id
}

const (
	cachingDisabled     = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	cachingOptimized    = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	allViewer           = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	allViewerExceptHost = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

// api is an origin at an API's own endpoint.
func api(id string) types.Origin {
	return types.Origin{
		Id: &id, DomainName: aws.String("127.0.0.1"), OriginPath: aws.String("/_aws/execute-api/api1"),
		CustomOriginConfig: &types.CustomOriginConfig{
			HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly,
			OriginSslProtocols: &types.OriginSslProtocols{Quantity: aws.Int32(1), Items: []types.SslProtocol{types.SslProtocolTLSv12}},
		},
	}
}

// bucketOrigin is an origin at a bucket.
func bucketOrigin(bucket, control string) types.Origin {
	return types.Origin{
		Id: aws.String("site"), DomainName: aws.String(bucket + ".s3.us-east-1.amazonaws.com"), OriginAccessControlId: &control,
		S3OriginConfig: &types.S3OriginConfig{OriginAccessIdentity: aws.String("")},
	}
}

func customHeaders(headers ...string) *types.CustomHeaders {
	made := &types.CustomHeaders{Quantity: aws.Int32(int32(len(headers) / 2))}
	for i := 0; i < len(headers); i += 2 {
		made.Items = append(made.Items, types.OriginCustomHeader{HeaderName: &headers[i], HeaderValue: &headers[i+1]})
	}
	return made
}

func methods(names ...types.Method) *types.AllowedMethods {
	return &types.AllowedMethods{Quantity: aws.Int32(int32(len(names))), Items: names}
}

// config is a distribution with one origin for everything.
func (w *world) config(origin types.Origin) *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: aws.String(w.name + fmt.Sprint(names.Add(1))), Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{origin}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: origin.Id, ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps, CachePolicyId: aws.String(cachingDisabled),
		},
	}
}

// deploy makes a distribution and returns it with its URL.
func (w *world) deploy(config *types.DistributionConfig) (*types.Distribution, string) {
	w.Helper()
	made := must(w.cloudFront.CreateDistribution(w.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: config})).Distribution
	w.edge.Changed(w.Context(), "cloudfront", "CreateDistribution")
	w.Cleanup(func() {
		ctx := context.WithoutCancel(w.Context())
		found, err := w.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: made.Id})
		if err == nil {
			w.remove(ctx, *made.Id, found.DistributionConfig, found.ETag)
		}
	})
	return made, w.urlOf(*made.Id)
}

func (w *world) remove(ctx context.Context, id string, config *types.DistributionConfig, tag *string) {
	w.Helper()
	config.Enabled = aws.Bool(false)
	updated := must(w.cloudFront.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &id, IfMatch: tag, DistributionConfig: config}))
	must(w.cloudFront.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: &id, IfMatch: updated.ETag}))
}

// change updates a distribution.
func (w *world) change(id string, edit func(*types.DistributionConfig)) {
	w.Helper()
	found := must(w.cloudFront.GetDistributionConfig(w.Context(), &cloudfront.GetDistributionConfigInput{Id: &id}))
	edit(found.DistributionConfig)
	must(w.cloudFront.UpdateDistribution(w.Context(), &cloudfront.UpdateDistributionInput{Id: &id, IfMatch: found.ETag, DistributionConfig: found.DistributionConfig}))
	w.edge.Changed(w.Context(), "cloudfront", "UpdateDistribution")
}

func (w *world) urlOf(id string) string {
	for _, status := range w.edge.Status(w.Context()) {
		if status.ID == id {
			if status.Problem != "" {
				w.Fatal(status.Problem)
			}
			return status.URL
		}
	}
	return ""
}

// client dials from an address of this machine and follows no redirect.
func client(from string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type reply struct {
	status int
	header http.Header
	body   string
	asked  asked
}

// get makes a request from 127.0.0.1. Headers are names and values.
func (w *world) get(url string, headers ...string) reply {
	return w.send("127.0.0.1", http.MethodGet, url, "", headers...)
}

func (w *world) send(from, method, url, body string, headers ...string) reply {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			r.Header.Del("Host")
		}
	}
	res, err := client(from).Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	given := reply{status: res.StatusCode, header: res.Header, body: string(data)}
	_ = json.Unmarshal(data, &given.asked) // where the gateway has answered
	return given
}

func (w *world) want(given reply, status int, header, value string) {
	w.Helper()
	if given.status != status || header != "" && given.header.Get(header) != value {
		w.Errorf("status %d, want %d; %s: %q, want %q\n%s", given.status, status, header, given.header.Get(header), value, given.body)
	}
}
