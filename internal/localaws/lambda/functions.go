package lambda

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const latest = "$LATEST"

// function is what an ARN leads to: a version, and the limit of all versions
// together.
type function struct {
	version    *version
	reserved   *int // reserved concurrency; nil when none is set
	dimensions dimensions
}

// version is one version of a function with its configuration. It never
// changes.
type version struct {
	region       string
	name         string
	number       string // $LATEST or digits
	codeSHA256   string // hex
	architecture string // x86_64 or arm64
	role         string
	handler      string
	timeout      time.Duration
	memoryMB     int
	environment  map[string]string
	deadLetter   string // ARN of a queue or topic, or empty
	logging      logging
	// fingerprint differs when anything above does, or the function was
	// changed in any other way.
	fingerprint string
}

// logging is a function's LoggingConfig.
type logging struct {
	group       string
	json        bool
	application logLevel
	system      logLevel
}

func (v *version) functionID() string { return v.region + "/" + v.name }
func (v *version) id() string         { return v.functionID() + ":" + v.number }

// functions finds functions in MiniStack.
type functions struct {
	client  *awslambda.Client
	account string
	cache   *cache[function]
}

func newFunctions(client *awslambda.Client, account string) *functions {
	return &functions{client: client, account: account, cache: newCache[function]()}
}

func (f *functions) forget(name string) { f.cache.forget(name) }

func (f *functions) find(ctx context.Context, arn string) (function, error) {
	a, err := parseFunctionARN(arn)
	if err != nil {
		return function{}, err
	}
	if a.account != f.account {
		return function{}, fmt.Errorf("%w: %s is of another account than %s", ErrNotFound, arn, f.account)
	}
	return f.cache.get(ctx, a.name, arn, func(ctx context.Context) (function, error) {
		found, err := f.read(ctx, a)
		if err != nil {
			return function{}, fmt.Errorf("%s: %w", arn, notFound(err))
		}
		return found, nil
	})
}

func (f *functions) read(ctx context.Context, a functionARN) (function, error) {
	inRegion := func(o *awslambda.Options) { o.Region = a.region }
	number := a.qualifier
	if number == "" {
		number = latest
	}
	if !isVersion(number) {
		alias, err := f.client.GetAlias(ctx, &awslambda.GetAliasInput{FunctionName: &a.name, Name: &a.qualifier}, inRegion)
		if err != nil {
			return function{}, fmt.Errorf("read alias: %w", err)
		}
		if alias.RoutingConfig != nil && len(alias.RoutingConfig.AdditionalVersionWeights) > 0 {
			return function{}, fmt.Errorf("%w: alias with weights for several versions", ErrNotServed)
		}
		number = aws.ToString(alias.FunctionVersion)
	}
	out, err := f.client.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: &a.name, Qualifier: &number}, inRegion)
	if err != nil {
		return function{}, fmt.Errorf("read function: %w", err)
	}
	v, err := newVersion(a, number, out.Configuration)
	if err != nil {
		return function{}, err
	}
	found := function{version: v, dimensions: newDimensions(a, v.number)}
	if out.Concurrency != nil && out.Concurrency.ReservedConcurrentExecutions != nil {
		reserved := int(*out.Concurrency.ReservedConcurrentExecutions)
		found.reserved = &reserved
	}
	return found, nil
}

func newVersion(a functionARN, number string, c *types.FunctionConfiguration) (*version, error) {
	if c.PackageType == types.PackageTypeImage || !strings.HasPrefix(string(c.Runtime), "provided") {
		return nil, fmt.Errorf("%w: runtime %q, package type %q (only provided.al2023 zips run here)", ErrNotServed, c.Runtime, c.PackageType)
	}
	if len(c.Layers) > 0 {
		return nil, fmt.Errorf("%w: layers", ErrNotServed)
	}
	sum, err := base64.StdEncoding.DecodeString(aws.ToString(c.CodeSha256))
	if err != nil || len(sum) == 0 {
		return nil, fmt.Errorf("%w: CodeSha256 is %q", ErrCodeMissing, aws.ToString(c.CodeSha256))
	}
	v := &version{
		region:       a.region,
		name:         a.name,
		number:       number,
		codeSHA256:   hex.EncodeToString(sum),
		architecture: string(types.ArchitectureX8664),
		role:         aws.ToString(c.Role),
		handler:      aws.ToString(c.Handler),
		timeout:      time.Duration(aws.ToInt32(c.Timeout)) * time.Second,
		memoryMB:     int(aws.ToInt32(c.MemorySize)),
		logging:      newLogging(a.name, c.LoggingConfig),
	}
	if len(c.Architectures) > 0 {
		v.architecture = string(c.Architectures[0])
	}
	if c.DeadLetterConfig != nil {
		v.deadLetter = aws.ToString(c.DeadLetterConfig.TargetArn)
	}
	if c.Environment != nil {
		v.environment = c.Environment.Variables
	}
	v.fingerprint = string(mustJSON([]any{
		v.codeSHA256, v.architecture, v.role, v.handler, v.timeout, v.memoryMB, v.environment,
		v.logging.group, v.logging.json, v.logging.application, v.logging.system,
		aws.ToString(c.LastModified),
	}))
	return v, nil
}

func newLogging(name string, c *types.LoggingConfig) logging {
	l := logging{group: "/aws/lambda/" + name, application: levelInfo, system: levelInfo}
	if c == nil {
		return l
	}
	if group := aws.ToString(c.LogGroup); group != "" {
		l.group = group
	}
	l.json = c.LogFormat == types.LogFormatJson
	l.application = parseLogLevel(string(c.ApplicationLogLevel))
	l.system = parseLogLevel(string(c.SystemLogLevel))
	return l
}

// notFound turns AWS's own error for a missing resource into ErrNotFound.
func notFound(err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return fmt.Errorf("%w: %s", ErrNotFound, missing.ErrorMessage())
	}
	return err
}
