// Package awscall recognises which operation of AWS's APIs an HTTP request is.
// It knows all protocols of AWS's SDKs; the paths of REST APIs are those of the
// SDK's models, in the folder rest.
package awscall

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Call names one operation of AWS's APIs.
type Call struct {
	// Service is the name that requests are signed for, such as dynamodb,
	// execute-api, monitoring (CloudWatch) or apigateway; empty when nothing
	// tells it.
	Service string
	// Operation is the name that SDKs and IAM's documentation use, such as
	// UpdateItem; empty when it is none that is known.
	Operation string
	// Region is the one that the request is signed for; empty without a
	// signature.
	Region string
}

// Of returns the operation that a request asks for. The body stays readable.
//
// AWS's protocols name it in a header (JSON), in the path (CBOR), in a parameter
// of the query or of a form (query), or by method and path (REST). Nothing is
// checked: neither the signature nor whether the request is well formed.
func Of(r *http.Request) Call {
	var call Call
	call.Service, call.Region = Scope(r)
	target := r.Header.Get("X-Amz-Target")
	if call.Service == "" {
		call.Service = unsignedService(r, target)
	}
	switch {
	case paths[call.Service] != nil:
		call.Operation, _ = REST(call.Service, r)
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		if m := cborPath.FindStringSubmatch(r.URL.Path); m != nil {
			call.Operation = m[1]
		}
	case target != "":
		call.Operation = target[strings.LastIndex(target, ".")+1:]
	default:
		call.Operation = queryAction(r)
		if call.Service == "" && unsignedSTS[call.Operation] {
			call.Service = "sts"
		}
	}
	return call
}

// credential is the scope of a signature of version 4: access key, date, Region
// and service.
var credential = regexp.MustCompile(`(?:Credential=|\A)[^/,\s]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request`)

// Scope returns service and Region of the signature that a request has in its
// header or its query; both are empty when it has none.
func Scope(r *http.Request) (service, region string) {
	for _, text := range []string{r.Header.Get("Authorization"), r.URL.Query().Get("X-Amz-Credential")} {
		if m := credential.FindStringSubmatch(text); m != nil {
			return m[2], m[1]
		}
	}
	return "", ""
}

// cborPath is that of Smithy's RPC v2 CBOR protocol.
var cborPath = regexp.MustCompile(`/service/\w+/operation/(\w+)\z`)

// cognitoTarget begins the operations of Cognito's user pools, of which those
// for an application's users are not signed.
const cognitoTarget = "AWSCognitoIdentityProviderService."

// unsignedSTS are the operations that give credentials to who has none.
var unsignedSTS = map[string]bool{"AssumeRoleWithWebIdentity": true, "AssumeRoleWithSAML": true}

// unsignedService is the service of a request that has no signature, as far as
// the request itself tells.
func unsignedService(r *http.Request, target string) string {
	if strings.HasPrefix(target, cognitoTarget) {
		return "cognito-idp"
	}
	for _, service := range []string{"execute-api", "lambda", "cloudfront", "apigateway"} {
		if operation, _ := REST(service, r); operation != "" {
			return service
		}
	}
	return ""
}

// maxForm is how much of a form is looked at, in bytes. SDKs write its Action
// first.
const maxForm = 64 << 10

// queryAction returns the Action of the query protocol.
func queryAction(r *http.Request) string {
	if action := r.URL.Query().Get("Action"); action != "" {
		return action
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" || r.Body == nil {
		return ""
	}
	begin, _ := io.ReadAll(io.LimitReader(r.Body, maxForm)) // whoever reads the body meets the error again
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begin), r.Body), r.Body}
	if r.Header.Get("Content-Encoding") == "gzip" {
		begin = unzipped(begin)
	}
	for field := range strings.SplitSeq(string(begin), "&") {
		if name, value, _ := strings.Cut(field, "="); name == "Action" {
			action, _ := url.QueryUnescape(value)
			return action
		}
	}
	return ""
}

// unzipped returns what can be read of the beginning of a gzip stream.
func unzipped(begin []byte) []byte {
	zipped, err := gzip.NewReader(bytes.NewReader(begin))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(zipped, maxForm)) // it may end early
	return plain
}
