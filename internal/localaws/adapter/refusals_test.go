package adapter

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestWhatMiniStackDoesNotKnowIsRefusedInTheCallersProtocol so that an SDK can
// read the refusal and does not try again.
func TestWhatMiniStackDoesNotKnowIsRefusedInTheCallersProtocol(t *testing.T) {
	w := newWorld(t)
	config := w.config(testRegion)
	for name, c := range map[string]struct {
		err  error
		what string
	}{
		"JSON": {
			second(cloudwatchlogs.NewFromConfig(config).PutDataProtectionPolicy(t.Context(), &cloudwatchlogs.PutDataProtectionPolicyInput{
				LogGroupIdentifier: aws.String("x"), PolicyDocument: aws.String("{}"),
			})), "logs:PutDataProtectionPolicy",
		},
		"JSON of another service": {
			second(cognitoidentityprovider.NewFromConfig(config).SetRiskConfiguration(t.Context(), &cognitoidentityprovider.SetRiskConfigurationInput{
				UserPoolId: aws.String("eu-west-1_x"),
			})), "cognito-idp:SetRiskConfiguration",
		},
		"JSON of DynamoDB": {
			second(dynamodb.NewFromConfig(config).ListGlobalTables(t.Context(), &dynamodb.ListGlobalTablesInput{})), "dynamodb:ListGlobalTables",
		},
		"JSON of KMS": {
			second(kms.NewFromConfig(config).ConnectCustomKeyStore(t.Context(), &kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: aws.String("x")})), "kms:ConnectCustomKeyStore",
		},
		"JSON of SQS": {
			second(sqs.NewFromConfig(config).StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String("x")})), "sqs:StartMessageMoveTask",
		},
		"CBOR": {
			second(cloudwatch.NewFromConfig(config).PutAnomalyDetector(t.Context(), &cloudwatch.PutAnomalyDetectorInput{})), "monitoring:PutAnomalyDetector",
		},
		"the query protocol": {
			second(iam.NewFromConfig(config).GetOrganizationsAccessReport(t.Context(), &iam.GetOrganizationsAccessReportInput{JobId: aws.String("00000000-0000-0000-0000-000000000000")})), "iam:GetOrganizationsAccessReport",
		},
		"REST with XML": {
			second(cloudfront.NewFromConfig(config).ListTrustStores(t.Context(), &cloudfront.ListTrustStoresInput{})), "cloudfront:ListTrustStores",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Log(c.err)
			wantRefusal(t, c.err, notServed, "not served by the local stack: "+c.what)
		})
	}
}

func TestServicesThatMiniStackHasNotAreRefused(t *testing.T) {
	w := newWorld(t)
	for service, c := range map[string]struct{ method, path, target, body string }{
		"xray":                    {"POST", "/CreateGroup", "", `{"GroupName":"x"}`},
		"application-autoscaling": {"POST", "/", "AnyScaleFrontendService.RegisterScalableTarget", "{}"},
		"access-analyzer":         {"PUT", "/analyzer", "", "{}"},
		"oam":                     {"POST", "/CreateSink", "", "{}"},
	} {
		t.Run(service, func(t *testing.T) {
			r := must(http.NewRequestWithContext(t.Context(), c.method, w.url+c.path, strings.NewReader(c.body)))
			r.Header.Set("Content-Type", "application/json")
			if c.target != "" {
				r.Header.Set("X-Amz-Target", c.target)
			}
			status, body := w.send(r, service, c.body)
			if status != http.StatusNotImplemented || !strings.Contains(body, `"message":"not served by the local stack: `+service+":") {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

// TestRESTAPIsAreRefused but for the account's settings, which WebSocket APIs
// share: the role for CloudWatch.
func TestRESTAPIsAreRefused(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]int{
		"/restapis": http.StatusNotImplemented, "/domainnames": http.StatusNotImplemented, "/usageplans": http.StatusNotImplemented, "/account": http.StatusOK,
	} {
		r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil))
		if status, body := w.send(r, "apigateway", ""); status != want || want != http.StatusOK && !strings.Contains(body, "not served by the local stack: REST APIs") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// TestIAMJudgesWhatIsRefused: a stranger learns nothing but that he is one.
func TestIAMJudgesWhatIsRefused(t *testing.T) {
	w := newWorld(t)
	id, secret := w.user(allow("logs:Describe*", "*"))
	put := func(secret string) error {
		_, err := cloudwatchlogs.NewFromConfig(w.as(testRegion, id, secret)).PutDataProtectionPolicy(t.Context(), &cloudwatchlogs.PutDataProtectionPolicyInput{
			LogGroupIdentifier: aws.String("x"), PolicyDocument: aws.String("{}"),
		})
		return err
	}
	wantRefusal(t, put(secret), "AccessDeniedException", "logs:PutDataProtectionPolicy")
	wantRefusal(t, put("forged"), "InvalidSignatureException", "")
}

func TestErrorsThatOnlyLookAlikePass(t *testing.T) {
	for name, given := range map[string]*answer{
		"another code":             newAnswer(400, "application/json", []byte(`{"__type":"ValidationException","message":"Unknown action: x"}`)),
		"another message":          newAnswer(400, "application/json", []byte(`{"__type":"InvalidParameterException","message":"x is an unknown action"}`)),
		"another status":           newAnswer(500, "application/json", []byte(`{"__type":"InvalidAction","message":"Unknown action: x"}`)),
		"no error":                 newAnswer(400, "application/json", []byte(`[]`)),
		"a success":                newAnswer(200, "application/json", []byte(`{"error": "Unsupported service: x"}`)),
		"XML with another message": newAnswer(400, "text/xml", []byte(`<ErrorResponse><Error><Code>InvalidAction</Code><Message>x</Message></Error></ErrorResponse>`)),
	} {
		if isUnknown(given) {
			t.Errorf("%s counts as unknown", name)
		}
	}
}

// TestAnswersPassAsTheyAre also in pieces, and errors whole.
func TestAnswersPassAsTheyAre(t *testing.T) {
	a := must(New(Config{MiniStackURL: "http://127.0.0.1:1"}))
	for name, c := range map[string]struct {
		status int
		pieces []string
	}{
		"a stream":        {0, []string{"one ", "two"}},
		"an error":        {http.StatusNotFound, []string{"no ", "such"}},
		"another error":   {http.StatusInternalServerError, []string{"it ", "broke"}},
		"an empty answer": {http.StatusNoContent, nil},
	} {
		t.Run(name, func(t *testing.T) {
			next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Own", "kept")
				if c.status != 0 {
					w.WriteHeader(c.status)
				}
				for _, piece := range c.pieces {
					_, _ = w.Write([]byte(piece))
					_ = http.NewResponseController(w).Flush()
				}
			})
			recorder := httptest.NewRecorder()
			a.Middleware(next).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/bucket/key", nil))
			if recorder.Body.String() != strings.Join(c.pieces, "") || recorder.Header().Get("X-Own") != "kept" {
				t.Errorf("got %q, %v", recorder.Body, recorder.Header())
			}
			if want := max(c.status, http.StatusOK); recorder.Code != want {
				t.Errorf("status %d, want %d", recorder.Code, want)
			}
		})
	}
}

// TestASignatureForAnotherServiceIsRefused: MiniStack picks the service by the
// target, so such a request would go round the adapter.
func TestASignatureForAnotherServiceIsRefused(t *testing.T) {
	w := newWorld(t)
	for target, service := range targets {
		status, body := w.post("sqs", target+".ListX", "{}")
		if status != http.StatusForbidden || !strings.Contains(body, "Credential should be scoped to correct service: '"+service+"'") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

func TestTooLargeARequestIsRefused(t *testing.T) {
	w := newWorld(t)
	status, _ := w.post("wafv2", "AWSWAF_20190729.CreateWebACL", strings.Repeat(" ", maxBody+1))
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
}

func TestAMiniStackThatIsGoneIsSaid(t *testing.T) {
	a := must(New(Config{MiniStackURL: "http://127.0.0.1:1", Logger: discard}))
	recorder := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"ResourceArn":"arn:aws:wafv2:x"}`))
	r.Header.Set("X-Amz-Target", "AWSWAF_20190729.GetLoggingConfiguration")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260209/us-east-1/wafv2/aws4_request, SignedHeaders=host, Signature=00")
	a.Middleware(http.NotFoundHandler()).ServeHTTP(recorder, r)
	if recorder.Code != http.StatusInternalServerError || !strings.Contains(recorder.Body.String(), "MiniStack does not answer") {
		t.Errorf("got %d %s", recorder.Code, recorder.Body)
	}
}
