package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// What is served here is judged by MiniStack all the same: signature, policies,
// boundaries, session and resource policies. It gets the signed request with
// unsigned headers more, which let it judge but not act:
//
//   - X-Amz-Content-Sha256 names the hash of the real body, which is what the
//     signature covers, while as many spaces are sent in its place, which to
//     MiniStack are an empty object. It believes the header.
//   - X-Amz-Invocation-Type: DryRun, unless the caller wrote a type himself. Then
//     it is MiniStack's own count of how deep functions call each other, far above
//     its limit, so that it refuses to run anything after it has judged the call.
const (
	typeHeader  = "X-Amz-Invocation-Type"
	depthHeader = "X-Ministack-Invoke-Depth"
	tooDeep     = "1000000"
	// tooDeepError is how MiniStack answers a call that may be made.
	tooDeepError = "RecursiveInvocationException"
)

var (
	credentialPattern = regexp.MustCompile(`(?:Credential=|\A)([^/,\s]+)/\d{8}/`)
	accountKey        = regexp.MustCompile(`\A\d{12}\z`)
)

// accessKey is the key that a request is signed with, in its header or in its
// query, or nothing when both or neither have one.
func accessKey(req *http.Request) string {
	header, query := req.Header.Get("Authorization"), req.URL.Query().Get("X-Amz-Credential")
	if header != "" && query != "" {
		return ""
	}
	if m := credentialPattern.FindStringSubmatch(header + query); m != nil {
		return m[1]
	}
	return ""
}

// ask puts a signed request to MiniStack in the form that is only judged.
func (r *Runner) ask(req *http.Request, body []byte, next http.Handler) *recorder {
	if service, _ := awscall.Scope(req); service != "lambda" || accessKey(req) == "" {
		return recorded(apierr.Forbidden("MissingAuthenticationTokenException", "Missing Authentication Token"))
	}
	if key := accessKey(req); accountKey.MatchString(key) && key != r.config.AccountID {
		// To MiniStack it is root of another account, which has nothing here.
		return recorded(apierr.Forbidden("UnrecognizedClientException", "The security token included in the request is invalid."))
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if claimed := req.Header.Get("X-Amz-Content-Sha256"); claimed != "" && claimed != hash {
		return recorded(apierr.Forbidden("InvalidSignatureException", "The value of x-amz-content-sha256 is not the hash of the request's body."))
	}
	judged := req.Clone(req.Context())
	judged.Body = io.NopCloser(bytes.NewReader(bytes.Repeat([]byte{' '}, len(body))))
	judged.ContentLength = int64(len(body))
	judged.Header.Set("X-Amz-Content-Sha256", hash)
	judged.Header.Set(depthHeader, tooDeep)
	if judged.Header.Get(typeHeader) == "" {
		judged.Header.Set(typeHeader, string(types.InvocationTypeDryRun))
	}
	answer := newRecorder()
	next.ServeHTTP(answer, judged)
	return answer
}

// judgeInvoke lets MiniStack judge a signed request to invoke a function. It
// returns nil when the caller may, otherwise the answer to give.
//
// The resource of an invocation is the function with its qualifier, wherever in
// the request that stands, and by whatever part of its ARN the function is named
// (main.py of package ministack). MiniStack itself may not find a function by
// that, but it says so only to who may invoke it.
func (r *Runner) judgeInvoke(req *http.Request, body []byte, next http.Handler) *recorder {
	answer := r.ask(req, body, next)
	switch answer.header.Get("X-Amzn-Errortype") {
	case tooDeepError, "ResourceNotFoundException":
		return nil
	}
	if answer.status == http.StatusNoContent {
		return nil
	}
	return answer
}

// short is the name with the qualifier.
func (a functionARN) short() string {
	if a.qualifier == "" {
		return a.name
	}
	return a.name + ":" + a.qualifier
}

// mayInvokeAs tells whether these credentials may invoke the target. It returns
// nil when they may.
func (r *Runner) mayInvokeAs(ctx context.Context, caller ststypes.Credentials, target functionARN) *apierr.Error {
	_, err := r.clients.lambda.Invoke(ctx, &awslambda.InvokeInput{
		FunctionName: aws.String(target.short()), InvocationType: types.InvocationTypeDryRun,
	}, func(o *awslambda.Options) {
		o.Region = target.region
		o.Credentials = provider(caller)
	})
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(notFound(err), ErrNotFound):
		return apierr.NotFound("Function not found: " + target.String())
	case errors.As(err, &api):
		return apierr.Forbidden(api.ErrorCode(), api.ErrorMessage())
	default:
		return apierr.Internal("the local stack's emulator did not judge the call: " + err.Error())
	}
}

// provider makes credentials of a role usable by a client.
func provider(c ststypes.Credentials) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
}
