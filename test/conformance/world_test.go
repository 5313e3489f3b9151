package conformance_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	functions "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// region is where the suite deploys: not the one that the local stack's own
// settings name, so that nothing can rest on that.
const region = "eu-west-1"

// shared is what all cases use. Cases that change an API make their own.
var shared *world

// world is what the suite has deployed.
type world struct {
	Name    string // of the role, the function and the table
	Account string
	// Management is the endpoint of @connections with {api} and {stage}.
	Management string
	// The APIs that all cases share; apis_test.go says what they are.
	Guarded, Open, Echo, NoDefault, Sources, Composed, Nested *api

	cfg     aws.Config
	control *apigatewayv2.Client
	lambda  *lambda.Client
	db      *dynamodb.Client
	logs    *cloudwatchlogs.Client
	iam     *iam.Client
	undo    []func(context.Context) error
}

// settings are those of every client: AWS limits the control plane of API
// Gateway to few requests a second.
func settings(ctx context.Context) (aws.Config, error) {
	return config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithRetryer(func() aws.Retryer {
		return retry.AddWithMaxAttempts(retry.AddWithErrorCodes(retry.NewStandard(), "ResourceConflictException"), 12)
	}))
}

func (w *world) clients(ctx context.Context) error {
	cfg, err := settings(ctx)
	if err != nil {
		return err
	}
	w.cfg, w.control, w.lambda = cfg, apigatewayv2.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	w.db, w.logs, w.iam = dynamodb.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	return nil
}

// elsewhere is the same account in another Region.
func (w *world) elsewhere(region string) *world {
	other := *w
	cfg := w.cfg.Copy()
	cfg.Region = region
	other.cfg, other.control = cfg, apigatewayv2.NewFromConfig(cfg)
	return &other
}

// newWorld deploys everything. What it returns is to be destroyed, also when
// there is an error.
func newWorld(ctx context.Context, zip []byte) (*world, error) {
	w := &world{Name: "portcullis-conformance-" + strings.ToLower(rand.Text()[:8])}
	if err := w.clients(ctx); err != nil {
		return nil, err
	}
	caller, err := sts.NewFromConfig(w.cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return w, err
	}
	w.Account = aws.ToString(caller.Account)
	// The first API tells where the management API is, which the function has
	// to know before the other APIs can name the function.
	first, err := w.control.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: &w.Name, ProtocolType: "WEBSOCKET", RouteSelectionExpression: aws.String("$request.body.action"),
	})
	if err != nil {
		return w, err
	}
	w.Management = strings.Replace(strings.Replace(*first.ApiEndpoint, "ws", "http", 1), *first.ApiId, "{api}", 1) + "/{stage}"
	if _, err := w.control.DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: first.ApiId}); err != nil {
		return w, err
	}
	for _, step := range []func(context.Context) error{
		w.makeTable, w.makeRole,
		func(ctx context.Context) error { return w.makeFunction(ctx, zip) },
		w.makeSharedAPIs,
	} {
		if err := step(ctx); err != nil {
			return w, err
		}
	}
	return w, nil
}

// destroy takes down what the suite has deployed, the newest first.
func (w *world) destroy(ctx context.Context) error {
	var errs []error
	for i := len(w.undo) - 1; i >= 0; i-- {
		errs = append(errs, w.undo[i](ctx))
	}
	w.undo = nil
	return errors.Join(errs...)
}

func (w *world) later(undo func(context.Context) error) { w.undo = append(w.undo, undo) }

func (w *world) makeTable(ctx context.Context) error {
	if _, err := w.db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &w.Name, BillingMode: ddb.BillingModePayPerRequest,
		AttributeDefinitions: []ddb.AttributeDefinition{
			{AttributeName: aws.String(script.Key), AttributeType: ddb.ScalarAttributeTypeS},
			{AttributeName: aws.String(script.Sort), AttributeType: ddb.ScalarAttributeTypeS},
		},
		KeySchema: []ddb.KeySchemaElement{
			{AttributeName: aws.String(script.Key), KeyType: ddb.KeyTypeHash},
			{AttributeName: aws.String(script.Sort), KeyType: ddb.KeyTypeRange},
		},
	}); err != nil {
		return err
	}
	w.later(func(ctx context.Context) error {
		_, err := w.db.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &w.Name})
		return err
	})
	return dynamodb.NewTableExistsWaiter(w.db).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &w.Name}, 5*time.Minute)
}

// trust is a role's trust policy.
func trust(principal map[string]string) string {
	return encode(map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal},
	}})
}

// allow is a policy with one statement.
func allow(action, resource string) string {
	return encode(map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": action, "Resource": resource},
	}})
}

func (w *world) makeRole(ctx context.Context) error {
	if _, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &w.Name, AssumeRolePolicyDocument: aws.String(trust(map[string]string{"Service": "lambda.amazonaws.com"})),
	}); err != nil {
		return err
	}
	w.later(func(ctx context.Context) error {
		_, err := w.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &w.Name})
		return err
	})
	for name, policy := range map[string]string{
		"records":     allow("dynamodb:PutItem", fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", region, w.Account, w.Name)),
		"connections": allow("execute-api:ManageConnections", fmt.Sprintf("arn:aws:execute-api:%s:%s:*/*/*/@connections/*", region, w.Account)),
		"logs":        allow("logs:*", fmt.Sprintf("arn:aws:logs:%s:%s:log-group:/aws/lambda/%s:*", region, w.Account, w.Name)),
	} {
		if _, err := w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &w.Name, PolicyName: &name, PolicyDocument: &policy}); err != nil {
			return err
		}
		w.later(func(ctx context.Context) error {
			_, err := w.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &w.Name, PolicyName: &name})
			return err
		})
	}
	return nil
}

func (w *world) makeFunction(ctx context.Context, zip []byte) error {
	group := "/aws/lambda/" + w.Name
	if err := w.makeLogGroup(ctx, group); err != nil {
		return err
	}
	arch := functions.ArchitectureArm64
	if !onAWS {
		arch = hostArchitecture()
	}
	// A role that has just been made cannot be assumed at once.
	err := poll(ctx, time.Minute, func() (bool, error) {
		_, err := w.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: &w.Name, Role: aws.String(fmt.Sprintf("arn:aws:iam::%s:role/%s", w.Account, w.Name)),
			Runtime: functions.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Architectures: []functions.Architecture{arch},
			Code: &functions.FunctionCode{ZipFile: zip}, MemorySize: aws.Int32(256), Timeout: aws.Int32(60),
			Environment: &functions.Environment{Variables: map[string]string{
				script.TableVariable: w.Name, script.ManagementVariable: w.Management,
			}},
		})
		var invalid *functions.InvalidParameterValueException
		if errors.As(err, &invalid) && strings.Contains(invalid.ErrorMessage(), "assume") {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return err
	}
	w.later(func(ctx context.Context) error {
		_, err := w.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &w.Name})
		return err
	})
	return lambda.NewFunctionActiveV2Waiter(w.lambda).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &w.Name}, 5*time.Minute)
}

func (w *world) makeLogGroup(ctx context.Context, group string) error {
	if _, err := w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		return err
	}
	w.later(func(ctx context.Context) error {
		_, err := w.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
		return err
	})
	return nil
}

// functionURI is how integrations and authorizers name the probe.
func (w *world) functionURI() string {
	return fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/arn:aws:lambda:%s:%s:function:%s/invocations",
		region, region, w.Account, w.Name)
}

// arn is the ARN of something of an API: a stage and a route, an authorizer.
func (w *world) arn(a *api, suffix string) string {
	return fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s", region, w.Account, a.ID, suffix)
}

// permit lets API Gateway invoke the probe for a source.
func (w *world) permit(ctx context.Context, sourceARN, sourceAccount string) (revoke func(context.Context) error, err error) {
	statement := "s" + rand.Text()
	if _, err := w.lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &w.Name, StatementId: &statement, Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("apigateway.amazonaws.com"), SourceArn: &sourceARN, SourceAccount: &sourceAccount,
	}); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := w.lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: &w.Name, StatementId: &statement})
		return err
	}, nil
}

// managementEndpoint is where an API's stage serves @connections.
func (w *world) managementEndpoint(a *api, stage string) string {
	return strings.NewReplacer("{api}", a.ID, "{stage}", stage).Replace(w.Management)
}

// poll calls done until it reports true.
func poll(ctx context.Context, within time.Duration, done func() (bool, error)) error {
	for deadline := time.Now().Add(within); ; {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %v", within)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// mustParse parses an address that API Gateway gave.
func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}
