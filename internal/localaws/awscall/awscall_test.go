package awscall

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const signature = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/%/aws4_request, SignedHeaders=host, Signature=00"

func TestOf(t *testing.T) {
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	for name, c := range map[string]struct {
		service, method, path, body string
		header                      map[string]string
		want                        Call
	}{
		"JSON": {"dynamodb", "POST", "/", "{}", map[string]string{"X-Amz-Target": "DynamoDB_20120810.UpdateItem"}, Call{"dynamodb", "UpdateItem", "eu-west-1"}},
		"JSON without a signature": {
			"", "POST", "/", "{}", map[string]string{"X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"}, Call{"cognito-idp", "SignUp", ""},
		},
		"JSON of an unknown service without a signature": {"", "POST", "/", "{}", map[string]string{"X-Amz-Target": "X_1.Do"}, Call{"", "Do", ""}},
		"a form":                               {"iam", "POST", "/", "Action=CreateRole&Version=2010-05-08", form, Call{"iam", "CreateRole", "eu-west-1"}},
		"a form whose Action is not the first": {"iam", "POST", "/", "Version=2010-05-08&Action=Create%52ole", form, Call{"iam", "CreateRole", "eu-west-1"}},
		"a long form":                          {"monitoring", "POST", "/", "Action=PutMetricData&X=" + strings.Repeat("x", maxForm), form, Call{"monitoring", "PutMetricData", "eu-west-1"}},
		"a form without an Action":             {"iam", "POST", "/", "Version=2010-05-08", form, Call{"iam", "", "eu-west-1"}},
		"a zipped form": {
			"monitoring", "POST", "/", zipped("Action=PutMetricData&X=" + strings.Repeat("x", maxForm)),
			map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
			Call{"monitoring", "PutMetricData", "eu-west-1"},
		},
		"a form that claims to be zipped": {
			"monitoring", "POST", "/", "Action=PutMetricData",
			map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
			Call{"monitoring", "", "eu-west-1"},
		},
		"an Action in the query":   {"sts", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil, Call{"sts", "GetCallerIdentity", "eu-west-1"}},
		"a role by a web identity": {"", "POST", "/", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", form, Call{"sts", "AssumeRoleWithWebIdentity", ""}},
		"CBOR": {
			"monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "\xa0",
			map[string]string{"Smithy-Protocol": "rpc-v2-cbor"},
			Call{"monitoring", "PutMetricData", "eu-west-1"},
		},
		"CBOR of another path": {"monitoring", "POST", "/service/x", "\xa0", map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}, Call{"monitoring", "", "eu-west-1"}},

		"an invocation":                           {"lambda", "POST", "/2015-03-31/functions/f/invocations", "{}", nil, Call{"lambda", "Invoke", "eu-west-1"}},
		"an invocation of an ARN":                 {"lambda", "POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Af/invocations", "{}", nil, Call{"lambda", "Invoke", "eu-west-1"}},
		"an invocation without a signature":       {"", "POST", "/2015-03-31/functions/f/invocations", "{}", nil, Call{"lambda", "Invoke", ""}},
		"an invocation whose slash is encoded":    {"lambda", "POST", "/2015-03-31/functions/f%2Finvocations", "{}", nil, Call{"lambda", "Invoke", "eu-west-1"}},
		"an invocation that is encoded twice":     {"lambda", "POST", "/2015-03-31/functions/f%252Finvocations", "{}", nil, Call{"lambda", "", "eu-west-1"}},
		"what the path says to another service":   {"dynamodb", "POST", "/2015-03-31/functions/f/invocations", "{}", nil, Call{"dynamodb", "", "eu-west-1"}},
		"mappings, with a slash at the end":       {"lambda", "GET", "/2015-03-31/event-source-mappings/?MaxItems=1", "", nil, Call{"lambda", "ListEventSourceMappings", "eu-west-1"}},
		"all provisioned concurrency":             {"lambda", "GET", "/2019-09-30/functions/f/provisioned-concurrency?List=ALL", "", nil, Call{"lambda", "ListProvisionedConcurrencyConfigs", "eu-west-1"}},
		"one provisioned concurrency":             {"lambda", "GET", "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1", "", nil, Call{"lambda", "GetProvisionedConcurrencyConfig", "eu-west-1"}},
		"a path that Lambda does not have":        {"lambda", "GET", "/2015-03-31/functions/f/nothing", "", nil, Call{"lambda", "", "eu-west-1"}},
		"a post to a connection":                  {"execute-api", "POST", "/_aws/execute-api/abcd1234/live/@connections/Ab%3D", "x", nil, Call{"execute-api", "PostToConnection", "eu-west-1"}},
		"a post to a connection, domain name":     {"execute-api", "POST", "/@connections/Ab%3D", "x", nil, Call{"execute-api", "PostToConnection", "eu-west-1"}},
		"a connection whose id has a slash":       {"execute-api", "GET", "/live/@connections/a%2Fb", "", nil, Call{"execute-api", "GetConnection", "eu-west-1"}},
		"a handshake":                             {"", "GET", "/_aws/execute-api/abcd1234/live", "", nil, Call{}},
		"an API":                                  {"apigateway", "PATCH", "/v2/apis/abcd1234", "{}", nil, Call{"apigateway", "UpdateApi", "eu-west-1"}},
		"tags of an API":                          {"apigateway", "GET", "/v2/tags/arn:aws:apigateway:eu-west-1::/apis/abcd1234", "", nil, Call{"apigateway", "GetTags", "eu-west-1"}},
		"a REST API":                              {"apigateway", "GET", "/restapis", "", nil, Call{"apigateway", "", "eu-west-1"}},
		"a distribution":                          {"cloudfront", "PUT", "/2020-05-31/distribution/E1/config", "<x/>", nil, Call{"cloudfront", "UpdateDistribution", "eu-west-1"}},
		"a distribution with tags":                {"cloudfront", "POST", "/2020-05-31/distribution?WithTags", "<x/>", nil, Call{"cloudfront", "CreateDistributionWithTags", "eu-west-1"}},
		"tags of a distribution":                  {"cloudfront", "POST", "/2020-05-31/tagging?Operation=Untag&Resource=x", "<x/>", nil, Call{"cloudfront", "UntagResource", "eu-west-1"}},
		"all buckets":                             {"s3", "GET", "/", "", nil, Call{"s3", "ListBuckets", "eu-west-1"}},
		"a bucket's objects":                      {"s3", "GET", "/b?list-type=2&prefix=x", "", nil, Call{"s3", "ListObjectsV2", "eu-west-1"}},
		"a bucket's objects, first version":       {"s3", "GET", "/b?prefix=x", "", nil, Call{"s3", "ListObjects", "eu-west-1"}},
		"an object":                               {"s3", "GET", "/b/a/b%2Fc?versionId=3", "", nil, Call{"s3", "GetObject", "eu-west-1"}},
		"an object whose key begins with a slash": {"s3", "HEAD", "/b//a", "", nil, Call{"s3", "HeadObject", "eu-west-1"}},
		"an object whose key looks like an API's": {"s3", "PUT", "/v2/apis", "x", nil, Call{"s3", "PutObject", "eu-west-1"}},
		"a copy":                                   {"s3", "PUT", "/b/k", "", map[string]string{"X-Amz-Copy-Source": "/b/l"}, Call{"s3", "CopyObject", "eu-west-1"}},
		"a part":                                   {"s3", "PUT", "/b/k?partNumber=1&uploadId=u", "x", nil, Call{"s3", "UploadPart", "eu-west-1"}},
		"an object by a signed URL":                {"", "GET", "/b/k?X-Amz-Credential=AKIA%2F20260101%2Feu-west-1%2Fs3%2Faws4_request", "", nil, Call{"s3", "GetObject", "eu-west-1"}},
		"an object that anybody may read":          {"", "GET", "/b/k", "", nil, Call{}},
		"an Action in the query of an object":      {"s3", "GET", "/b/k?Action=CreateRole", "", nil, Call{"s3", "GetObject", "eu-west-1"}},
		"a signature that is none":                 {"", "POST", "/", "", map[string]string{"Authorization": "Bearer x/y/z"}, Call{}},
		"a service without a table, REST":          {"xray", "POST", "/TraceSegments", "{}", nil, Call{"xray", "", "eu-west-1"}},
		"JSON that is signed for a REST API's key": {"s3", "PUT", "/b/k", "{}", map[string]string{"X-Amz-Target": "DynamoDB_20120810.UpdateItem"}, Call{"s3", "PutObject", "eu-west-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			if c.service != "" {
				r.Header.Set("Authorization", strings.Replace(signature, "%", c.service, 1))
			}
			if got := Of(r); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != c.body {
				t.Errorf("%d bytes of %d are left, %v", len(body), len(c.body), err)
			}
		})
	}
}

func TestRESTTellsWhatTheRequestIsAbout(t *testing.T) {
	for path, want := range map[string]string{
		"/2015-03-31/functions/f/aliases/live":                                                 "f",
		"/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Af/aliases/live": "arn:aws:lambda:us-east-1:0:function:f",
		"/2015-03-31/functions":                                                                "",
	} {
		if _, got := REST("lambda", httptest.NewRequest(http.MethodGet, path, nil)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestNoTableHasARequestTwice(t *testing.T) {
	for service, table := range paths {
		seen := map[string]bool{}
		for _, p := range table {
			for i, segment := range p.segments {
				if strings.HasPrefix(segment, "{") {
					p.segments[i] = "{}"
				}
			}
			key := p.method + " " + strings.Join(p.segments, "/") + "?" + strings.Join(p.needs, "&")
			if seen[key] {
				t.Errorf("%s: %s", service, key)
			}
			seen[key] = true
		}
	}
}
