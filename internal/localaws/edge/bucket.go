package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// objectHeaders are those of S3's answers that reach a viewer. MiniStack's own,
// such as CORS headers on everything, do not.
var objectHeaders = []string{
	"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Range",
	"Content-Type", "Etag", "Expires", "Last-Modified", "X-Amz-Version-Id", "X-Amz-Server-Side-Encryption",
	"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "X-Amz-Website-Redirect-Location",
}

// conditional are the headers of a viewer's request that CloudFront looks at
// itself, whatever the policies let through.
var conditional = []string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}

// fromBucket asks a bucket. What CloudFront signs is judged by the bucket's
// policy here, since MiniStack knows no services as callers; the rest MiniStack
// judges as anonymous. Query parameters never reach MiniStack: as root, with
// some of them one reads a bucket's settings.
func (e *Edge) fromBucket(ctx context.Context, d *distribution, o *origin, r *http.Request, viewer http.Header) (*http.Response, error) {
	if r.Method == http.MethodOptions {
		return s3Error(http.StatusForbidden, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket."), nil
	}
	key, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if err != nil || slices.ContainsFunc(strings.Split(key, "/"), func(segment string) bool { return segment == "." || segment == ".." }) {
		return s3Error(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI."), nil
	}
	if o.signed {
		refused, err := e.judge(ctx, d, o, key)
		if refused != nil || err != nil {
			return refused, err
		}
	}
	target, err := url.Parse(aws.ToString(e.cfg.MiniStack.BaseEndpoint))
	if err != nil {
		return nil, err
	}
	target = target.JoinPath(o.bucket)
	target.Path, target.RawPath = target.Path+"/"+key, target.EscapedPath()+"/"+escapeKey(key)
	out, err := http.NewRequestWithContext(ctx, r.Method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	for _, name := range conditional {
		if value := viewer.Get(name); value != "" {
			out.Header.Set(name, value)
		}
	}
	if o.signed {
		credentials, err := e.cfg.MiniStack.Credentials.Retrieve(ctx)
		if err != nil {
			return nil, err
		}
		empty := sha256.Sum256(nil)
		hash := hex.EncodeToString(empty[:])
		out.Header.Set("X-Amz-Content-Sha256", hash)
		if err := e.signer.SignHTTP(ctx, credentials, out, hash, "s3", o.region, time.Now()); err != nil {
			return nil, err
		}
	}
	out.Header.Set("X-Forwarded-Proto", "https")
	res, err := e.transport.RoundTrip(out)
	if err != nil {
		return nil, fmt.Errorf("MiniStack does not answer: %w", err)
	}
	kept := http.Header{"Server": {"AmazonS3"}}
	for name, values := range res.Header {
		if slices.Contains(objectHeaders, name) || strings.HasPrefix(name, "X-Amz-Meta-") {
			kept[name] = values
		}
	}
	res.Header = kept
	return res, nil
}

// escapeKey writes a key as S3's URLs do.
func escapeKey(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.PathEscape(key), "%2F", "/"), "+", "%2B")
}

// judge lets the bucket's policy judge what CloudFront asks for a distribution.
// It returns S3's refusal, or nil.
func (e *Edge) judge(ctx context.Context, d *distribution, o *origin, key string) (*http.Response, error) {
	in := func(options *s3.Options) { options.Region = o.region }
	found, err := e.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &o.bucket}, in)
	document := ""
	var refused smithy.APIError
	switch {
	case err == nil:
		document = aws.ToString(found.Policy)
	case errors.As(err, &refused) && refused.ErrorCode() == "NoSuchBucket":
		return s3Error(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"), nil
	case errors.As(err, &refused) && refused.ErrorCode() == "NoSuchBucketPolicy":
	default:
		return nil, fmt.Errorf("read the policy of bucket %s: %w", o.bucket, err)
	}
	policy, err := parsePolicy(document)
	if err != nil {
		return nil, fmt.Errorf("policy of bucket %s: %w", o.bucket, err)
	}
	arn := "arn:aws:s3:::" + o.bucket
	denied := s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
	mayList := policy.allows(newRead("s3:ListBucket", arn, d.arn, d.account))
	if key == "" {
		if mayList {
			return nil, nil
		}
		return denied, nil
	}
	if !policy.allows(newRead("s3:GetObject", arn+"/"+key, d.arn, d.account)) {
		return denied, nil
	}
	if mayList {
		return nil, nil
	}
	// Who may not list a bucket is not told that an object is missing.
	_, err = e.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.bucket, Key: &key}, in)
	if errors.As(err, &refused) && (refused.ErrorCode() == "NotFound" || refused.ErrorCode() == "NoSuchKey") {
		return denied, nil
	}
	return nil, err
}

// s3Error is an error in the form of S3.
func s3Error(status int, code, message string) *http.Response {
	body, err := xml.Marshal(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: code, Message: message})
	if err != nil {
		panic(err) // strings always encode
	}
	return answer(status, "application/xml", xml.Header+string(body), http.Header{"Server": {"AmazonS3"}})
}
