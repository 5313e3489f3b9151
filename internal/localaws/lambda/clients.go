package lambda

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// callTimeout bounds one call of MiniStack, retries included.
const callTimeout = 15 * time.Second

// rootAccessKey is MiniStack's own key, with a secret that is the same.
const rootAccessKey = "test"

type clients struct {
	lambda *awslambda.Client
	sts    *sts.Client
	logs   *cloudwatchlogs.Client
	s3     *s3.Client
	sqs    *sqs.Client
	sns    *sns.Client
}

// newClients makes clients that talk to MiniStack itself, as root.
func newClients(config Config) clients {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 64
	base := aws.Config{
		Region:       config.Region,
		BaseEndpoint: aws.String(config.MiniStackURL),
		Credentials:  credentials.NewStaticCredentialsProvider(rootAccessKey, rootAccessKey, ""),
		HTTPClient:   &http.Client{Transport: secureTransport{transport}},
		// S3 checksums beyond what an operation requires only cost time here.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	return clients{
		lambda: awslambda.NewFromConfig(base),
		sts:    sts.NewFromConfig(base),
		sqs:    sqs.NewFromConfig(base),
		sns:    sns.NewFromConfig(base),
		logs:   cloudwatchlogs.NewFromConfig(base),
		s3:     s3.NewFromConfig(base, func(o *s3.Options) { o.UsePathStyle = true }),
	}
}

// secureTransport says that requests came over TLS, as the gateway does:
// without it, policies that deny plain HTTP would lock out root too.
type secureTransport struct{ base http.RoundTripper }

func (t secureTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-Proto", "https")
	return t.base.RoundTrip(r)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return b
}
