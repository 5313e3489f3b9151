package awscall

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// errSeen ends a call whose request has been seen.
var errSeen = errors.New("seen")

// capture keeps the request that an SDK client sends, and its body, which the
// client closes.
type capture struct {
	request *http.Request
	body    []byte
}

func (c *capture) Do(r *http.Request) (*http.Response, error) {
	c.request, c.body = r, nil
	if r.Body != nil {
		c.body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(c.body))
	}
	return nil, errSeen
}

func TestEveryOperationOfTheSDKsIsRecognised(t *testing.T) {
	seen := &capture{}
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://127.0.0.1:4566"), HTTPClient: seen,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	management := cfg.Copy()
	management.BaseEndpoint = aws.String("http://127.0.0.1:4566/_aws/execute-api/abcd1234/live")
	for service, client := range map[string]any{
		"execute-api": apigatewaymanagementapi.NewFromConfig(management),
		"apigateway":  apigatewayv2.NewFromConfig(cfg),
		"cloudfront":  cloudfront.NewFromConfig(cfg),
		"monitoring":  cloudwatch.NewFromConfig(cfg),
		"logs":        cloudwatchlogs.NewFromConfig(cfg),
		"cognito-idp": cognitoidentityprovider.NewFromConfig(cfg),
		"dynamodb":    dynamodb.NewFromConfig(cfg),
		"iam":         iam.NewFromConfig(cfg),
		"kms":         kms.NewFromConfig(cfg),
		"lambda":      lambda.NewFromConfig(cfg),
		"s3":          s3.NewFromConfig(cfg),
		"sqs":         sqs.NewFromConfig(cfg),
		"sts":         sts.NewFromConfig(cfg),
		"wafv2":       wafv2.NewFromConfig(cfg),
	} {
		t.Run(service, func(t *testing.T) {
			operations := 0
			for i := range reflect.TypeOf(client).NumMethod() {
				method := reflect.TypeOf(client).Method(i)
				if method.Type.NumIn() != 4 || method.Type.NumOut() != 2 || untried[service+" "+method.Name] {
					continue
				}
				operations++
				seen.request = nil
				input := filled(method.Type.In(2), nil)
				out := reflect.ValueOf(client).Method(i).Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
				if seen.request == nil {
					t.Errorf("%s: no request: %v", method.Name, out[1].Interface())
					continue
				}
				r := seen.request
				want := Call{service, method.Name, "eu-west-1"}
				got := Of(r)
				if r.Header.Get("Authorization") == "" {
					want.Region = ""
				}
				if got != want {
					t.Errorf("%s %s: got %+v, want %+v", r.Method, r.URL, got, want)
				}
				if r.Body != nil {
					if left, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(left, seen.body) {
						t.Errorf("%s: the body is not what it was, %v", method.Name, err)
					}
				}
			}
			if operations < 3 {
				t.Errorf("%d operations tried", operations)
			}
		})
	}
}

// untried are operations that are not sent to the service's own address, and
// those that need a variant of a union, which cannot be made up.
var untried = map[string]bool{
	"s3 WriteGetObjectResponse":                true,
	"s3 ListDirectoryBuckets":                  true,
	"s3 CreateSession":                         true,
	"s3 UpdateObjectEncryption":                true,
	"logs StartLiveTail":                       true,
	"logs PutIntegration":                      true,
	"cloudfront CreateTrustStore":              true,
	"cognito-idp CompleteWebAuthnRegistration": true,
}

// filled returns a value with something in every member, so that no SDK finds
// one missing. within are the types around it; those that contain themselves
// end at the second time.
func filled(of reflect.Type, within []reflect.Type) reflect.Value {
	value := reflect.New(of).Elem()
	if of.Kind() == reflect.Struct {
		if slices.Contains(within, of) {
			return value
		}
		within = append(slices.Clone(within), of)
	}
	switch of.Kind() {
	case reflect.Pointer:
		value.Set(reflect.New(of.Elem()))
		value.Elem().Set(filled(of.Elem(), within))
	case reflect.Struct:
		for i := range of.NumField() {
			if of.Field(i).IsExported() {
				value.Field(i).Set(filled(of.Field(i).Type, within))
			}
		}
	case reflect.Slice:
		value.Set(reflect.Append(value, filled(of.Elem(), within)))
	case reflect.Map:
		value.Set(reflect.MakeMap(of))
		value.SetMapIndex(filled(of.Key(), within), filled(of.Elem(), within))
	case reflect.String:
		value.SetString("abc")
		if of == reflect.TypeFor[s3types.ChecksumAlgorithm]() {
			value.SetString(string(s3types.ChecksumAlgorithmCrc32))
		}
	case reflect.Interface:
		if reader := reflect.TypeFor[*strings.Reader](); reader.Implements(of) {
			value.Set(reflect.ValueOf(strings.NewReader("abc")))
		}
	}
	return value
}
