package lambda

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/eventsource"
)

// maxAPIRequest is AWS's limit of a request to the Lambda API, in bytes.
const maxAPIRequest = 70_167_211

// lambdaPath is how MiniStack recognises unsigned requests.
var lambdaPath = regexp.MustCompile(`(?i)^/\d{4}-\d{2}-\d{2}/(functions|layers|event-source-mappings|account-settings|runtime|tags|code-signing-configs|capacity-providers|durable-executions|durable-execution-callbacks|microvms|microvm-images|network-connectors)(/|$)`)

// Middleware stands before MiniStack (next). It refuses operations of the
// Lambda API that the local stack does not serve, answers those that run
// functions, lets the others pass as they are, keeps the code that comes with
// them, and makes the Runner forget what they changed before their caller sees
// the answer. Requests for other services go straight to next.
func (r *Runner) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		service, region := awscall.Scope(req)
		if service != "lambda" && (service != "" || !lambdaPath.MatchString(req.URL.Path)) {
			next.ServeHTTP(w, req)
			return
		}
		operation, resource := awscall.REST("lambda", req)
		kind := operations[operation]
		region = cmp.Or(region, r.config.Region)
		switch {
		case operation == "":
			apierr.NotServed(req.Method + " " + req.URL.Path).Send(w)
		case kind == refused:
			apierr.NotServed("lambda:" + operation).Send(w)
		case operation == "Invoke":
			r.serveInvoke(w, req, next, region, resource)
		case operation == "GetFunction":
			r.answerGetFunction(w, req, next)
		case kind == served || eventsource.Serves(resource):
			r.serveMappings(w, req, next, eventsource.Request{Operation: operation, Region: region, Resource: resource})
		case kind == passed:
			next.ServeHTTP(w, req)
		default:
			r.write(w, req, next, change{operation: operation, kind: kind, name: nameOf(resource), region: region})
		}
	})
}

// change is one write on its way to MiniStack.
type change struct {
	operation string
	kind      kind
	name      string // of the function
	region    string
	body      changeBody
	zip       []byte // for code
}

// changeBody is what matters here of the bodies of all writes.
type changeBody struct {
	FunctionName string
	Environment  *struct{ Variables map[string]string }
	Layers       []json.RawMessage
	Runtime      string
	PackageType  string
	DryRun       bool
	// RecursiveLoop is Allow or Terminate.
	RecursiveLoop     string
	Role              string
	DestinationConfig *types.DestinationConfig
	DeadLetterConfig  *struct{ TargetArn string }
	// RoutingConfig of an alias.
	RoutingConfig *struct {
		AdditionalVersionWeights map[string]float64
	}
	MemorySize, Timeout                            *int
	MaximumRetryAttempts, MaximumEventAgeInSeconds *int
	ReservedConcurrentExecutions                   *int
	LoggingConfig                                  *types.LoggingConfig
	EphemeralStorage                               *struct{ Size *int }
	VPCConfig                                      *struct {
		SubnetIDs []string `json:"SubnetIds"`
	} `json:"VpcConfig"`
	FunctionURLAuthType                                  string `json:"FunctionUrlAuthType"`
	Action                                               string
	ImageConfig                                          json.RawMessage
	FileSystemConfigs                                    []json.RawMessage
	DurableConfig, TenancyConfig, CapacityProviderConfig json.RawMessage

	// CreateFunction has the code in Code, UpdateFunctionCode beside the rest.
	Code *codeSource
	codeSource
}

type codeSource struct {
	ZipFile         []byte
	S3Bucket        string
	S3Key           string
	S3ObjectVersion *string
	ImageURI        string `json:"ImageUri"`
}

// write lets a change pass.
func (r *Runner) write(w http.ResponseWriter, req *http.Request, next http.Handler, c change) {
	data, err := io.ReadAll(io.LimitReader(req.Body, maxAPIRequest+1))
	if err != nil {
		apierr.Unreadable("could not read the request: " + err.Error()).Send(w)
		return
	}
	if len(data) > maxAPIRequest {
		apierr.TooLarge(fmt.Sprintf("Request must be smaller than %d bytes for the %s operation", maxAPIRequest, c.operation)).Send(w)
		return
	}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &c.body); err != nil {
			apierr.Unreadable("Could not parse request body into json: " + err.Error()).Send(w)
			return
		}
	}
	if c.name == "" {
		c.name = nameOf(c.body.FunctionName)
	}
	if refusal := c.check(); refusal != nil {
		refusal.Send(w)
		return
	}
	if refusal := r.checkTargets(req.Context(), &c, req.URL.Query().Get("Qualifier")); refusal != nil {
		refusal.Send(w)
		return
	}
	if refusal := r.checkRole(&c); refusal != nil {
		refusal.Send(w)
		return
	}
	if c.body.ReservedConcurrentExecutions != nil {
		r.reserving.Lock()
		defer r.reserving.Unlock()
		if refusal := r.checkReservation(req.Context(), &c); refusal != nil {
			refusal.Send(w)
			return
		}
	}
	if c.kind == code {
		if refusal := r.readCode(req.Context(), &c); refusal != nil {
			refusal.Send(w)
			return
		}
	}

	req.Body = io.NopCloser(bytes.NewReader(data))
	answer := newRecorder()
	next.ServeHTTP(answer, req)
	if answer.status/100 == 2 && c.kind == code {
		if err := r.keepCode(c, answer.body.Bytes()); err != nil {
			r.config.Logger.Error("lambda_code", "function", c.name, "error", err.Error())
			apierr.Internal("the local stack cannot keep the code of " + c.name + ": " + err.Error()).Send(w)
			r.changed(c)
			return
		}
	}
	r.changed(c)
	answer.send(w)
}

// changed makes the Runner forget. What a failed write left behind is read anew
// as well, which does no harm.
func (r *Runner) changed(c change) {
	r.forget(c.name)
	switch c.operation {
	case "DeleteFunction":
		r.drain(c.name, "")
	case "UpdateFunctionCode", "UpdateFunctionConfiguration":
		r.drain(c.name, latest)
	}
}

// check refuses what MiniStack would accept although it is not served here, or
// although AWS refuses it.
func (c *change) check() *apierr.Error {
	b := &c.body
	name := "lambda:" + c.operation
	switch {
	case b.RoutingConfig != nil && len(b.RoutingConfig.AdditionalVersionWeights) > 0:
		return apierr.NotServed(name + " with weights for several versions")
	case len(b.Layers) > 0:
		return apierr.NotServed(name + " with layers")
	case len(b.FileSystemConfigs) > 0:
		return apierr.NotServed(name + " with file systems")
	case b.VPCConfig != nil && len(b.VPCConfig.SubnetIDs) > 0:
		return apierr.NotServed(name + " with a VPC")
	case present(b.ImageConfig):
		return apierr.NotServed(name + " with the configuration of an image")
	case b.FunctionURLAuthType != "", b.Action == "lambda:InvokeFunctionUrl":
		return apierr.NotServed(name + " for function URLs")
	case present(b.DurableConfig), present(b.TenancyConfig), present(b.CapacityProviderConfig):
		return apierr.NotServed(name + " with durable, tenancy or capacity provider configuration")
	case b.PackageType == "Image", b.ImageURI != "", b.Code != nil && b.Code.ImageURI != "":
		return apierr.NotServed(name + " with a container image")
	case b.Runtime != "" && !strings.HasPrefix(b.Runtime, "provided"):
		return apierr.NotServed(name + " with runtime " + b.Runtime + " (only provided.al2023 zips run here)")
	case b.RecursiveLoop == "Allow":
		return apierr.NotServed(name + " with RecursiveLoop Allow (no loop is detected here anyway, and the emulator judges invocations by its own limit)")
	case b.DryRun:
		return apierr.NotServed(name + " with DryRun (the emulator would update the function)")
	case c.leveledText():
		return apierr.InvalidParameter(`LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to "Json" and try again.`)
	}
	if refusal := b.checkRanges(); refusal != nil || b.Environment == nil {
		return refusal
	}
	if size := len(mustJSON(b.Environment.Variables)); size > maxEnvironment {
		return apierr.InvalidParameter(fmt.Sprintf("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. The size measured: %d", size))
	}
	for _, reserved := range reservedVariables {
		if _, ok := b.Environment.Variables[reserved]; ok {
			return apierr.InvalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: " + reserved)
		}
	}
	return nil
}

// leveledText tells whether the log would be text, which cannot be filtered by
// level. A new function's is text unless the request says JSON.
func (c *change) leveledText() bool {
	l := c.body.LoggingConfig
	if l == nil || l.ApplicationLogLevel == "" && l.SystemLogLevel == "" {
		return false
	}
	return l.LogFormat == types.LogFormatText || l.LogFormat == "" && c.operation == "CreateFunction"
}

// maxEnvironment is the limit of all environment variables together, in bytes of
// JSON (Lambda quotas: 4 KB).
const maxEnvironment = 4 << 10

// checkRanges refuses figures that AWS does not take (Lambda API,
// CreateFunction, PutFunctionEventInvokeConfig; Lambda quotas).
func (b *changeBody) checkRanges() *apierr.Error {
	size := (*int)(nil)
	if b.EphemeralStorage != nil {
		size = b.EphemeralStorage.Size
	}
	for _, r := range []struct {
		member   string
		value    *int
		min, max int
	}{
		{"memorySize", b.MemorySize, 128, 10_240},
		{"timeout", b.Timeout, 1, 900},
		{"ephemeralStorage.size", size, 512, 10_240},
		{"maximumRetryAttempts", b.MaximumRetryAttempts, 0, 2},
		{"maximumEventAgeInSeconds", b.MaximumEventAgeInSeconds, 60, 21_600},
		{"reservedConcurrentExecutions", b.ReservedConcurrentExecutions, 0, math.MaxInt},
	} {
		switch {
		case r.value == nil:
		case *r.value < r.min:
			return apierr.InvalidValue(strconv.Itoa(*r.value), r.member, "Member must have value greater than or equal to "+strconv.Itoa(r.min))
		case *r.value > r.max:
			return apierr.InvalidValue(strconv.Itoa(*r.value), r.member, "Member must have value less than or equal to "+strconv.Itoa(r.max))
		}
	}
	return nil
}

func present(field json.RawMessage) bool { return len(field) > 0 && string(field) != "null" }

// readCode finds the zip of a request and refuses what could not be unpacked.
func (r *Runner) readCode(ctx context.Context, c *change) *apierr.Error {
	source := &c.body.codeSource
	if c.operation == "CreateFunction" {
		if source = c.body.Code; source == nil {
			source = &codeSource{}
		}
	}
	switch {
	case len(source.ZipFile) > 0:
		if len(source.ZipFile) > maxZipBytes {
			return apierr.TooLarge(fmt.Sprintf("the zip is larger than %d bytes; load it through S3", maxZipBytes))
		}
		c.zip = source.ZipFile
	case source.S3Bucket != "" && source.S3Key != "":
		data, err := r.code.readS3(ctx, c.region, &s3.GetObjectInput{Bucket: &source.S3Bucket, Key: &source.S3Key, VersionId: source.S3ObjectVersion})
		if err != nil {
			return apierr.InvalidParameter(fmt.Sprintf("Error occurred while GetObject of s3://%s/%s: %v", source.S3Bucket, source.S3Key, err))
		}
		c.zip = data
	default:
		return apierr.InvalidParameter("Please provide a source for function code.")
	}
	if _, err := openZip(c.zip); err != nil {
		return apierr.InvalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again. (" + err.Error() + ")")
	}
	return nil
}

// keepCode stores the zip after MiniStack took it.
func (r *Runner) keepCode(c change, answer []byte) error {
	var configuration struct {
		CodeSha256    string
		Architectures []string
	}
	if err := json.Unmarshal(answer, &configuration); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	sum := sha256.Sum256(c.zip)
	if mine := base64.StdEncoding.EncodeToString(sum[:]); mine != configuration.CodeSha256 {
		return fmt.Errorf("SHA-256 is %s, the function's CodeSha256 %s: the object changed meanwhile", mine, configuration.CodeSha256)
	}
	if err := r.code.put(c.zip); err != nil {
		return err
	}
	r.problems.clear("function " + c.name)
	if len(configuration.Architectures) == 0 {
		return nil
	}
	// Said now, since its first invocation may be far away.
	var failed *failure
	entry := readEntrypoint(r.code.path(fmt.Sprintf("%x", sum)))
	if errors.As(entry.check(configuration.Architectures[0]), &failed) {
		r.problems.add("function "+c.name, failed.message, 1)
	}
	return nil
}
