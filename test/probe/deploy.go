// Package probe deploys the smallest WebSocket API with a function behind it,
// for tests and measurements of the local stack itself. It is never taken down:
// it goes with its stack.
package probe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	functions "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/portcullis-chat/portcullis/internal/packaging"
)

// What a message has to be to reach a route of a probe.
const (
	// Call is answered by the function, with Answer.
	Call   = `{"action":"call"}`
	Answer = "done"
	// Hang reaches the function too, and is not answered before its time is over.
	Hang = `{"action":"call","do":"hang"}`
	// Ping is answered by a mock integration, with Pong.
	Ping = `{"action":"ping"}`
	Pong = "pong"
)

const name = "probe"

// Probe is a deployed API. Connections need no authorization, and no function
// hears of them.
type Probe struct {
	URL          string
	FunctionName string
	LogGroup     string
}

// Build compiles the function from the module in the folder module and returns
// its zip.
func Build(ctx context.Context, module, out string) ([]byte, error) {
	arch, err := packaging.Host()
	if err != nil {
		return nil, err
	}
	built, err := packaging.Build(ctx, module, out, arch, []string{"./test/probe/function"})
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(out, built[0].Name))
}

// Deploy makes the function of a zip and an API in front of it.
func Deploy(ctx context.Context, config aws.Config, zip []byte) (*Probe, error) {
	p := &Probe{FunctionName: name, LogGroup: "/aws/lambda/" + name}
	function, err := p.makeFunction(ctx, config, zip)
	if err != nil {
		return nil, fmt.Errorf("the probe's function: %w", err)
	}
	if err := p.makeAPI(ctx, config, function); err != nil {
		return nil, fmt.Errorf("the probe's API: %w", err)
	}
	return p, nil
}

// DeployFunction makes the function of a zip alone.
func DeployFunction(ctx context.Context, config aws.Config, zip []byte) error {
	_, err := (&Probe{FunctionName: name, LogGroup: "/aws/lambda/" + name}).makeFunction(ctx, config, zip)
	return err
}

func (p *Probe) makeFunction(ctx context.Context, config aws.Config, zip []byte) (arn string, err error) {
	role, err := iam.NewFromConfig(config).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 aws.String(name),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`),
	})
	if err != nil {
		return "", err
	}
	if _, err := cloudwatchlogs.NewFromConfig(config).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &p.LogGroup}); err != nil {
		return "", err
	}
	arch, err := packaging.Host()
	if err != nil {
		return "", err
	}
	made, err := lambda.NewFromConfig(config).CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &p.FunctionName, Role: role.Role.Arn, Runtime: functions.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Architectures: []functions.Architecture{functions.Architecture(arch)}, Code: &functions.FunctionCode{ZipFile: zip},
		Timeout: aws.Int32(29), MemorySize: aws.Int32(128),
	})
	if err != nil {
		return "", err
	}
	_, err = lambda.NewFromConfig(config).AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &p.FunctionName, StatementId: aws.String("api"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("apigateway.amazonaws.com"),
	})
	return *made.FunctionArn, err
}

func (p *Probe) makeAPI(ctx context.Context, config aws.Config, function string) error {
	control := apigatewayv2.NewFromConfig(config)
	api, err := control.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: aws.String(name), ProtocolType: types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	})
	if err != nil {
		return err
	}
	always, static := aws.String("$default"), aws.String(`\$default`)
	for route, integration := range map[string]*apigatewayv2.CreateIntegrationInput{
		"call": {
			IntegrationType: types.IntegrationTypeAwsProxy, IntegrationMethod: aws.String("POST"),
			IntegrationUri: aws.String(fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", config.Region, function)),
		},
		"ping": {
			IntegrationType: types.IntegrationTypeMock, TemplateSelectionExpression: static,
			RequestTemplates: map[string]string{"$default": `{"statusCode":200}`},
		},
	} {
		integration.ApiId = api.ApiId
		made, err := control.CreateIntegration(ctx, integration)
		if err != nil {
			return err
		}
		if integration.IntegrationType == types.IntegrationTypeMock {
			if _, err := control.CreateIntegrationResponse(ctx, &apigatewayv2.CreateIntegrationResponseInput{
				ApiId: api.ApiId, IntegrationId: made.IntegrationId, IntegrationResponseKey: aws.String("/200/"),
				TemplateSelectionExpression: static, ResponseTemplates: map[string]string{"$default": Pong},
			}); err != nil {
				return err
			}
		}
		target, err := control.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
			ApiId: api.ApiId, RouteKey: &route, Target: aws.String("integrations/" + *made.IntegrationId), RouteResponseSelectionExpression: always,
		})
		if err != nil {
			return err
		}
		if _, err := control.CreateRouteResponse(ctx, &apigatewayv2.CreateRouteResponseInput{
			ApiId: api.ApiId, RouteId: target.RouteId, RouteResponseKey: always,
		}); err != nil {
			return err
		}
	}
	deployment, err := control.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	if err != nil {
		return err
	}
	if _, err := control.CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: api.ApiId, StageName: aws.String(name), DeploymentId: deployment.DeploymentId,
		// Only the account's quotas are to be felt.
		DefaultRouteSettings: &types.RouteSettings{ThrottlingRateLimit: aws.Float64(10000), ThrottlingBurstLimit: aws.Int32(5000)},
	}); err != nil {
		return err
	}
	p.URL = strings.TrimSuffix(*api.ApiEndpoint, "/") + "/" + name
	return nil
}
