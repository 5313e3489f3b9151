// Package awsclient makes the AWS clients of a function from the variables that
// Lambda sets. The SDK's own loader would also look for shared files, SSO,
// web identities and the metadata service; a function has none of them, and
// without that code its binary is a fifth smaller and starts sooner.
package awsclient

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
)

const (
	dialTimeout = time.Second
	// requestTimeout bounds one attempt; with three attempts a call ends well
	// before the timeout of a function.
	requestTimeout = 2 * time.Second
	maxAttempts    = 3
	maxBackoff     = 300 * time.Millisecond
	// idleConnections is as many as a fan-out has posts under way: with fewer,
	// every message would pay for new TLS handshakes.
	idleConnections = 64
)

// Environment is what Lambda tells a function about itself.
type Environment struct {
	region      string
	credentials aws.Credentials
	endpoint    *string // where DynamoDB is, when not at AWS
}

var (
	region = regexp.MustCompile(`\A[a-z0-9-]{1,32}\z`)
	secret = regexp.MustCompile(`\A[!-~]+\z`)
	noneOr = regexp.MustCompile(`\A[!-~]*\z`)
)

// Read reads the environment of a function. AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_DYNAMODB are honoured as by every AWS SDK.
func Read(r *config.Reader) Environment {
	e := Environment{
		region: r.String("AWS_REGION", region, "the name of a region (Lambda sets it)"),
		credentials: aws.Credentials{
			AccessKeyID:     r.String("AWS_ACCESS_KEY_ID", secret, "the function's access key (Lambda sets it)"),
			SecretAccessKey: r.String("AWS_SECRET_ACCESS_KEY", secret, "the function's secret key (Lambda sets it)"),
			SessionToken:    r.String("AWS_SESSION_TOKEN", noneOr, "the function's session token (Lambda sets it)"),
			Source:          "environment",
		},
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"} {
		if r.Has(name) {
			e.endpoint = aws.String(r.URL(name))
			break
		}
	}
	return e
}

// Config is what the clients of all services have in common.
func (e Environment) Config() aws.Config {
	return aws.Config{
		Region: e.region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return e.credentials, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = maxAttempts
				o.MaxBackoff = maxBackoff
			})
		},
		HTTPClient: awshttp.NewBuildableClient().
			WithTimeout(requestTimeout).
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
			WithTransportOptions(func(t *http.Transport) {
				t.MaxIdleConns = 2 * idleConnections
				t.MaxIdleConnsPerHost = idleConnections
			}),
	}
}

// DynamoDB returns a client of DynamoDB.
func (e Environment) DynamoDB() *dynamodb.Client {
	return dynamodb.NewFromConfig(e.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = e.endpoint })
}
