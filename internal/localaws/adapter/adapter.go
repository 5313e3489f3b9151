// Package adapter stands between the stack's door and MiniStack and mends what
// MiniStack lacks or gets wrong and the project's modules need: a file for each
// service. What neither of them serves it refuses, so that nothing is accepted
// and ignored.
//
// A request goes on to MiniStack as it came, since its Host and its body are
// signed. An answer that is not MiniStack's is given only after MiniStack has
// judged the caller's signature and IAM policies for that operation.
package adapter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

// maxBody bounds the requests of which an entry reads the body, in bytes. The
// largest are web ACLs of some hundred KB.
const maxBody = 8 << 20

// Config says where MiniStack is and where the adapter keeps what MiniStack
// loses.
type Config struct {
	// MiniStackURL is MiniStack's own address, without a trailing slash.
	MiniStackURL string
	// Region is assumed for requests that are not signed.
	Region string
	// StateFile keeps everything across restarts. Empty means memory only.
	StateFile string
	// Changed, unless nil, is told of each operation of CloudFront and AWS WAF that
	// has changed something, before its caller is answered.
	Changed func(ctx context.Context, service, operation string)
	Logger  *slog.Logger
}

// Adapter is the middleware. Other parts of the stack ask it for what it keeps.
type Adapter struct {
	cfg      Config
	kept     *store
	emulator *emulator
	taught   taught
	sessions authSessions
	rotating sync.Mutex // from the look at a refresh token to its replacement
	// beginning is held while the account gets what it begins with.
	beginning sync.Mutex
}

// New makes an Adapter and restores what Config.StateFile holds.
func New(cfg Config) (*Adapter, error) {
	kept, err := openStore(cfg.StateFile)
	if err != nil {
		return nil, err
	}
	return &Adapter{cfg: cfg, kept: kept, emulator: newEmulator(cfg.MiniStackURL), taught: taught{revisions: map[string]uint64{}}, sessions: authSessions{open: map[string]authSession{}}}, nil
}

// entry answers one operation. Its error is a failure of the stack, never a
// refusal of the caller.
type entry func(a *Adapter, c *call) (*answer, error)

// entries are the operations that need the adapter, by the service that
// requests are signed for.
var entries = map[string]map[string]entry{
	"acm":         acmEntries,
	"cloudfront":  cloudFrontEntries,
	"cognito-idp": cognitoEntries,
	"dynamodb":    dynamoDBEntries,
	"monitoring":  cloudWatchEntries,
	"wafv2":       wafEntries,
}

// targets are the X-Amz-Target prefixes of the services that have entries.
// MiniStack picks the service by them, AWS by the signature.
var targets = map[string]string{
	"AWSWAF_20190729":                   "wafv2",
	"AWSCognitoIdentityProviderService": "cognito-idp",
	"CertificateManager":                "acm",
	"GraniteServiceVersion20100801":     "monitoring",
	"DynamoDB_20120810":                 "dynamodb",
}

// reads are the operations that change nothing.
var reads = regexp.MustCompile(`\A(Get|List|Describe|Check)`)

// Middleware stands before next, which leads to MiniStack.
func (a *Adapter) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		of := awscall.Of(r)
		prefix, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if target, ok := targets[prefix]; ok && of.Service != target {
			refusal(r, of, http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to correct service: '"+target+"'.").send(w)
			return
		}
		if of.Service == "apigateway" && r.URL.Path != "/account" {
			refusal(r, of, http.StatusNotImplemented, notServed, "not served by the local stack: REST APIs of API Gateway and what belongs to them ("+r.Method+" "+r.URL.Path+")").send(w)
			return
		}
		if what := unserved(of, func() []byte { return peek(r) }); what != "" {
			refuseUnserved(w, r, of, what)
			return
		}
		changes := a.cfg.Changed != nil && (of.Service == "cloudfront" || of.Service == "wafv2") && !reads.MatchString(of.Operation)
		serve, ok := entries[of.Service][of.Operation]
		if of.Service == "apigateway" {
			serve, ok = (*Adapter).account, true
		}
		if of.Service == "" && !ok {
			serve, ok = cognitoPaths[r.Method+" "+r.URL.Path]
			if r.Method == http.MethodGet && discoveryPath.MatchString(r.URL.Path) {
				serve, ok = (*Adapter).discovery, true
			}
		}
		if !ok && changes {
			serve, ok = func(_ *Adapter, c *call) (*answer, error) { return c.forward(), nil }, true
		}
		if !ok {
			p := &passing{ResponseWriter: w}
			next.ServeHTTP(p, r)
			p.finish(r, of)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				refusal(r, of, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request is too large").send(w)
			}
			return // otherwise the caller has gone
		}
		if of.Region == "" {
			of.Region = a.cfg.Region
		}
		given, err := serve(a, &call{Call: of, request: r, body: body, next: next})
		if err != nil {
			a.cfg.Logger.Error("the adapter could not serve a request", "service", of.Service, "operation", of.Operation, "error", err)
			given = refusal(r, of, http.StatusInternalServerError, "InternalFailure", err.Error())
		}
		if changes && given.ok() {
			a.cfg.Changed(r.Context(), of.Service, of.Operation)
		}
		refuseUnknown(r, of, given).send(w)
	})
}

// peek returns the body of a request, which stays readable. Of one that is too
// large, or that breaks off, it returns the beginning.
func peek(r *http.Request) []byte {
	read, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // an error comes again
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), r.Body), r.Body}
	return read
}

// call is a request on its way to an entry.
type call struct {
	awscall.Call
	request *http.Request
	body    []byte
	next    http.Handler
}

// forward gives MiniStack's answer to the request as it came.
func (c *call) forward() *answer {
	r := c.request.Clone(c.request.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	given := &answer{header: http.Header{}}
	c.next.ServeHTTP(given, r)
	return given
}

// refuse answers with an error of the operation, in the caller's protocol.
func (c *call) refuse(code, message string) *answer {
	return refusal(c.request, c.Call, http.StatusBadRequest, code, message)
}
