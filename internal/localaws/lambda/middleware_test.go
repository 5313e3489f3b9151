package lambda

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// send puts one request to the middleware, signed for a service (or unsigned).
func (s *stack) send(t *testing.T, service, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	upstream, err := url.Parse(s.fake.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if service != "" {
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
		req.Header.Set("X-Forwarded-Proto", "https")
	}
	answer := httptest.NewRecorder()
	s.runner.Middleware(proxy).ServeHTTP(answer, req)
	return answer
}

func TestWhatIsNotServedIsRefused(t *testing.T) {
	s := newStack(t)
	zip := base64.StdEncoding.EncodeToString(scriptZip(t))
	tests := []struct {
		name, service, method, path, body string
		want                              string
	}{
		{"loops", "lambda", "PUT", "/2024-08-31/functions/f/recursion-config", `{"RecursiveLoop":"Allow"}`, "RecursiveLoop"},
		{"an invocation with a path that is encoded twice", "lambda", "POST", "/2015-03-31/functions/f%252Finvocations", "{}", "POST /2015"},
		{"an invocation of another date", "lambda", "POST", "/2099-01-01/functions/f/invocations", "{}", "POST /2099"},
		{"an asynchronous invocation", "lambda", "POST", "/2014-11-13/functions/f/invoke-async", "{}", "lambda:InvokeAsync"},
		{"a streamed invocation", "lambda", "POST", "/2021-11-15/functions/f/response-streaming-invocations", "{}", "lambda:InvokeWithResponseStream"},
		{"a merged event invoke configuration", "lambda", "POST", "/2019-09-25/functions/f/event-invoke-config", "{}", "lambda:UpdateFunctionEventInvokeConfig"},
		{"a function URL", "lambda", "POST", "/2021-10-31/functions/f/url", "{}", "lambda:CreateFunctionUrlConfig"},
		{"a layer", "lambda", "POST", "/2018-10-31/layers/l/versions", "{}", "lambda:PublishLayerVersion"},
		{"code signing", "lambda", "PUT", "/2020-06-30/functions/f/code-signing-config", "{}", "lambda:PutFunctionCodeSigningConfig"},
		{"provisioned concurrency", "lambda", "PUT", "/2019-09-30/functions/f/provisioned-concurrency", "{}", "lambda:PutProvisionedConcurrencyConfig"},
		{"a capacity provider", "lambda", "POST", "/2025-11-30/capacity-providers", "{}", "lambda:CreateCapacityProvider"},
		{"a durable execution", "lambda", "GET", "/2025-12-01/durable-executions/e", "", "lambda:GetDurableExecution"},
		{"a micro VM", "lambda", "POST", "/2025-09-09/microvms", "{}", "POST /2025-09-09/microvms"},
		{"another runtime", "lambda", "POST", "/2015-03-31/functions", `{"FunctionName":"f","Runtime":"python3.13","Code":{"ZipFile":"` + zip + `"}}`, "runtime python3.13"},
		{"a container image", "lambda", "POST", "/2015-03-31/functions", `{"FunctionName":"f","Code":{"ImageUri":"x"}}`, "container image"},
		{"layers of a function", "lambda", "PUT", "/2015-03-31/functions/f/configuration", `{"Layers":["arn"]}`, "layers"},
		{"a VPC", "lambda", "PUT", "/2015-03-31/functions/f/configuration", `{"VpcConfig":{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]}}`, "VPC"},
		{"an image's configuration", "lambda", "PUT", "/2015-03-31/functions/f/configuration", `{"ImageConfig":{"Command":["x"]}}`, "image"},
		{"a permission for a function URL", "lambda", "POST", "/2015-03-31/functions/f/policy", `{"StatementId":"u","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"}`, "function URLs"},
		{"weights of an alias", "lambda", "PUT", "/2015-03-31/functions/f/aliases/live", `{"RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}}}`, "weights"},
		{"a dry run", "lambda", "PUT", "/2015-03-31/functions/f/code", `{"DryRun":true,"ZipFile":"` + zip + `"}`, "DryRun"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.send(t, test.service, test.method, test.path, test.body)
			body := answer.Body.String()
			if answer.Code != http.StatusNotImplemented || answer.Header().Get("x-amzn-errortype") != "NotServedByLocalStack" {
				t.Errorf("status %d, error type %q", answer.Code, answer.Header().Get("x-amzn-errortype"))
			}
			if !strings.HasPrefix(body, `{"message":"not served by the local stack: `) || !strings.Contains(body, test.want) {
				t.Errorf("body %s lacks %q", body, test.want)
			}
		})
	}
	if len(s.fake.requests) > 0 {
		t.Errorf("MiniStack was asked: %v", s.fake.requests)
	}
}

func TestWhatAWSRefusesIsRefusedInItsWords(t *testing.T) {
	s := newStack(t)
	const lockedRole = "arn:aws:iam::000000000000:role/locked"
	s.fake.badRoles[lockedRole] = true
	slip := base64.StdEncoding.EncodeToString(zipOf(t, zipEntry{"../bootstrap", 0o755, nil}))
	const invalid = "1 validation error detected: "
	tests := []struct{ name, method, path, body, want string }{
		{"reserved variables", "PUT", "/2015-03-31/functions/f/configuration", `{"Environment":{"Variables":{"AWS_REGION":"x"}}}`, "Reserved keys used in this request: AWS_REGION"},
		{"more variables than 4 KB", "PUT", "/2015-03-31/functions/f/configuration", `{"Environment":{"Variables":{"X":"` + strings.Repeat("x", 4096) + `"}}}`, "exceeded the 4KB limit"},
		{"too little memory", "PUT", "/2015-03-31/functions/f/configuration", `{"MemorySize":127}`, invalid + "Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{"too much memory", "PUT", "/2015-03-31/functions/f/configuration", `{"MemorySize":10241}`, invalid + "Value '10241' at 'memorySize' failed"},
		{"no time", "PUT", "/2015-03-31/functions/f/configuration", `{"Timeout":0}`, invalid + "Value '0' at 'timeout' failed"},
		{"too much time", "PUT", "/2015-03-31/functions/f/configuration", `{"Timeout":901}`, invalid + "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"},
		{"too little storage", "PUT", "/2015-03-31/functions/f/configuration", `{"EphemeralStorage":{"Size":511}}`, invalid + "Value '511' at 'ephemeralStorage.size' failed"},
		{"too many retries", "PUT", "/2019-09-25/functions/f/event-invoke-config", `{"MaximumRetryAttempts":3}`, invalid + "Value '3' at 'maximumRetryAttempts' failed"},
		{"too short an age", "PUT", "/2019-09-25/functions/f/event-invoke-config", `{"MaximumEventAgeInSeconds":59}`, invalid + "Value '59' at 'maximumEventAgeInSeconds' failed"},
		{"levels of a log that is text", "PUT", "/2015-03-31/functions/f/configuration", `{"LoggingConfig":{"LogFormat":"Text","SystemLogLevel":"WARN"}}`, "LogLevel is not supported"},
		{"levels of a new log without a format", "POST", "/2015-03-31/functions", `{"FunctionName":"g","LoggingConfig":{"ApplicationLogLevel":"INFO"}}`, "LogLevel is not supported"},
		{"a role that Lambda cannot assume", "PUT", "/2015-03-31/functions/f/configuration", `{"Role":"` + lockedRole + `"}`, "cannot be assumed by Lambda"},
		{"no code", "POST", "/2015-03-31/functions", `{"FunctionName":"f","Runtime":"provided.al2023","Code":{}}`, "Please provide a source for function code."},
		{"code that is no zip", "PUT", "/2015-03-31/functions/f/code", `{"ZipFile":"aGk="}`, "Could not unzip uploaded file."},
		{"a zip that leads out of its folder", "PUT", "/2015-03-31/functions/f/code", `{"ZipFile":"` + slip + `"}`, "leads out of the folder"},
		{"an object that does not exist", "PUT", "/2015-03-31/functions/f/code", `{"S3Bucket":"b","S3Key":"none.zip"}`, "NoSuchKey"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.send(t, "lambda", test.method, test.path, test.body)
			want := "InvalidParameterValueException"
			if strings.HasPrefix(test.want, invalid) {
				want = "ValidationException"
			}
			if body := answer.Body.String(); answer.Code != http.StatusBadRequest || answer.Header().Get("x-amzn-errortype") != want || !strings.Contains(body, test.want) {
				t.Errorf("status %d, body %s", answer.Code, body)
			}
		})
	}
	if len(s.fake.requests) > 0 {
		t.Errorf("MiniStack was asked: %v", s.fake.requests)
	}
}

func TestOtherRequestsPass(t *testing.T) {
	s := newStack(t)
	s.fake.objects["2015-03-31/functions/f/invocations"] = []byte("an object")
	if got := s.send(t, "", "GET", "/bucket/key", "").Body.String(); !strings.Contains(got, "NoSuchKey") {
		t.Errorf("got %s", got)
	}
	s.deploy(t, "f", nil)
	if answer := s.send(t, "lambda", "GET", "/2015-03-31/functions/f", ""); answer.Code != http.StatusOK {
		t.Errorf("GetFunction: status %d", answer.Code)
	}
	answer := s.send(t, "lambda", "POST", "/2015-03-31/functions/f/policy", `{"StatementId":"s"}`)
	if answer.Code != http.StatusCreated || answer.Header().Get("X-From") != "ministack" {
		t.Errorf("AddPermission: status %d, header %v", answer.Code, answer.Header())
	}
}

func TestCodeThatPassesIsKept(t *testing.T) {
	data := scriptZip(t)
	encoded := base64.StdEncoding.EncodeToString(data)
	tests := []struct{ name, method, path, body string }{
		{"created from a file", "POST", "/2015-03-31/functions", `{"FunctionName":"f","Runtime":"provided.al2023","Code":{"ZipFile":"` + encoded + `"}}`},
		{"created from an object", "POST", "/2015-03-31/functions/", `{"FunctionName":"f","Runtime":"provided.al2023","Code":{"S3Bucket":"b","S3Key":"f.zip"}}`},
		{"updated from a file", "PUT", "/2015-03-31/functions/f/code", `{"ZipFile":"` + encoded + `"}`},
		{"updated from an object", "PUT", "/2015-03-31/functions/" + url.PathEscape(arnOf("f")) + "/code", `{"S3Bucket":"b","S3Key":"f.zip"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStack(t)
			s.fake.objects["b/f.zip"] = data
			if strings.HasSuffix(test.path, "/functions/") {
				// writeLambda of the fake reads the source beside the rest.
				test.body = strings.Replace(test.body, `"Code":`, `"S3Bucket":"b","S3Key":"f.zip","Code":`, 1)
			}
			answer := s.send(t, "lambda", test.method, test.path, test.body)
			if body := answer.Body.String(); answer.Code != http.StatusCreated || !strings.Contains(body, sumOf(data)) {
				t.Fatalf("status %d, body %s", answer.Code, body)
			}
			entries, err := os.ReadDir(s.runner.code.dir)
			if err != nil || len(entries) != 2 || entries[0].Name() != hexSum(data) {
				t.Fatalf("entries %v, error %v", entries, err)
			}
			info, err := os.Stat(filepath.Join(s.runner.code.dir, hexSum(data), "bootstrap"))
			if err != nil || info.Mode().Perm() != 0o555 {
				t.Errorf("bootstrap %v, error %v", info, err)
			}
			if kept, err := os.ReadFile(s.runner.code.zipPath(hexSum(data))); err != nil || !bytes.Equal(kept, data) {
				t.Errorf("the zip has %d bytes, error %v", len(kept), err)
			}
		})
	}
}

func TestCodeIsNotKeptWhenMiniStackRefuses(t *testing.T) {
	s := newStack(t)
	s.fake.status = http.StatusForbidden
	s.send(t, "lambda", "PUT", "/2015-03-31/functions/f/code", `{"ZipFile":"`+base64.StdEncoding.EncodeToString(scriptZip(t))+`"}`)
	if entries, _ := os.ReadDir(s.runner.code.dir); len(entries) != 0 {
		t.Errorf("kept %v", entries)
	}
}

func TestAWritePassingEndsWhatWasKnown(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	before := s.invoke(t, "f", map[string]any{"do": "pid"})
	s.fake.mu.Lock()
	delete(s.fake.functions, "f")
	s.fake.mu.Unlock()
	if err := invokeError(s, "f"); err != nil {
		t.Fatalf("a write that did not pass is known: %v", err)
	}
	s.fake.status = http.StatusNoContent
	s.send(t, "lambda", "DELETE", "/2015-03-31/functions/f", "")
	if err := invokeError(s, "f"); err == nil {
		t.Error("the deleted function still answers")
	}
	waitGone(t, string(before.Payload))
}

func TestEveryOperationOfTheAPIIsDecidedUpon(t *testing.T) {
	api := awscall.Operations("lambda")
	for _, name := range api {
		if _, ok := operations[name]; !ok {
			t.Errorf("nothing is said of %s", name)
		}
	}
	if len(operations) != len(api) {
		t.Errorf("%d operations, and the API has %d", len(operations), len(api))
	}
}
