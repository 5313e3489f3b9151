package record

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const signed = "AWS4-HMAC-SHA256 Credential=%k/20260101/eu-west-1/%s/aws4_request, SignedHeaders=host, Signature=00"

func TestCallsAreWrittenOnceWithWhoMakesThem(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	recorder, err := New(file, "000000000000", func(key string) string {
		if key == "FUNCTION" {
			return "arn:aws:iam::000000000000:role/message"
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	var served []string
	handler := recorder.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		served = append(served, string(body))
	}))
	send := func(key, service, method, path, target, body string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if key != "" {
			r.Header.Set("Authorization", strings.NewReplacer("%k", key, "%s", service).Replace(signed))
		}
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	const put = `{"TableName":"chat-messages","Item":{"pk":{"S":"x"}}}`
	send("FUNCTION", "dynamodb", "POST", "/", "DynamoDB_20120810.PutItem", put)
	send("FUNCTION", "dynamodb", "POST", "/", "DynamoDB_20120810.PutItem", put)
	send("FUNCTION", "execute-api", "POST", "/_aws/execute-api/abcd1234/live/@connections/Ab%3D", "", "hello")
	send("FUNCTION", "execute-api", "DELETE", "/_aws/execute-api/abcd1234/live/@connections/Cd%3D", "", "")
	send("OTHER", "dynamodb", "POST", "/", "DynamoDB_20120810.ListTables", "not JSON")
	send("OTHER", "apigateway", "PATCH", "/v2/apis/abcd1234", "", "{}")
	send("OTHER", "apigateway", "PATCH", "/account", "", "{}")
	send("OTHER", "monitoring", "POST", "/?Action=PutMetricAlarm", "", "")
	send("OTHER", "lambda", "POST", "/2015-03-31/functions/f/invocations", "", "{}")
	send("OTHER", "cloudfront", "POST", "/2020-05-31/distribution?WithTags", "", "")
	send("OTHER", "s3", "GET", "/site?publicAccessBlock", "", "")
	send("OTHER", "s3", "HEAD", "/site/index.html", "", "")
	send("OTHER", "s3", "DELETE", "/site/index.html?versionId=1", "", "")
	send("", "", "GET", "/nothing", "", "")
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	calls, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	const role = "arn:aws:iam::000000000000:role/message"
	want := []Call{
		{"FUNCTION", role, "dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:000000000000:table/chat-messages"},
		{"FUNCTION", role, "execute-api:ManageConnections", "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/POST/@connections/*"},
		{"FUNCTION", role, "execute-api:ManageConnections", "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/DELETE/@connections/*"},
		{"OTHER", "", "dynamodb:ListTables", ""},
		{"OTHER", "", "apigateway:PATCH", ""},
		{"OTHER", "", "cloudwatch:PutMetricAlarm", ""},
		{"OTHER", "", "lambda:InvokeFunction", ""},
		{"OTHER", "", "cloudfront:CreateDistribution", ""},
		{"OTHER", "", "s3:GetBucketPublicAccessBlock", ""},
		{"OTHER", "", "s3:GetObject", ""},
		{"OTHER", "", "s3:DeleteObjectVersion", ""},
	}
	if !slices.Equal(calls, want) {
		t.Errorf("got  %+v\nwant %+v", calls, want)
	}
	if len(served) != 14 || served[0] != put || served[1] != put || served[4] != "not JSON" {
		t.Errorf("what is served has lost something: %q", served)
	}
}

func TestAFileThatCannotBeIsAnError(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "missing", "calls.jsonl"), "", nil); err == nil {
		t.Error("no error")
	}
}
