package lambda

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// checkTargets refuses destinations and dead-letter targets as Lambda does when
// they are configured: what does not exist, and what the role may not send to.
func (r *Runner) checkTargets(ctx context.Context, c *change, qualifier string) *apierr.Error {
	if config := c.body.DestinationConfig; config != nil {
		onSuccess, onFailure := targets(config)
		for _, target := range []string{onSuccess, onFailure} {
			if refusal := r.checkDestination(ctx, c, qualifier, target); refusal != nil {
				return refusal
			}
		}
	}
	if config := c.body.DeadLetterConfig; config != nil {
		return r.checkDeadLetter(ctx, c, config.TargetArn)
	}
	return nil
}

func (r *Runner) checkDestination(ctx context.Context, c *change, qualifier, target string) *apierr.Error {
	if target == "" {
		return nil
	}
	t, err := arn.Parse(target)
	invalid := apierr.InvalidParameter("The destination ARN " + target + " is invalid.")
	if err != nil {
		return invalid
	}
	switch t.Service {
	case "sqs", "sns", "lambda":
	case "events", "s3":
		return apierr.NotServed("lambda:" + c.operation + " with a destination in " + t.Service + " (only queues, topics and functions)")
	default:
		return invalid
	}
	function, refusal := r.resolveReference(c.name, qualifier, c.region)
	if refusal != nil {
		return refusal
	}
	f, err := r.functions.find(ctx, function.String())
	if err != nil {
		return refusalOf(err, function.String())
	}
	err = r.checkTargetAs(ctx, f.version, target)
	var wrong *targetError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &wrong):
		return roleOrInternal(err)
	case wrong.action == "":
		return invalid
	default:
		return apierr.InvalidParameter("The function's execution role does not have permissions to call " + wrong.action + " on " + target)
	}
}

func (r *Runner) checkDeadLetter(ctx context.Context, c *change, target string) *apierr.Error {
	if target == "" {
		return nil
	}
	t, err := arn.Parse(target)
	if err != nil || t.Service != "sqs" && t.Service != "sns" {
		return apierr.InvalidValue(target, "deadLetterConfig.targetArn", "Member must be the ARN of an SQS queue or an SNS topic")
	}
	role := c.body.Role
	if role == "" {
		function, refusal := r.resolveReference(c.name, "", c.region)
		if refusal != nil {
			return refusal
		}
		f, err := r.functions.find(ctx, function.String())
		if err != nil {
			return refusalOf(err, function.String())
		}
		role = f.version.role
	}
	err = r.checkTargetAs(ctx, &version{name: c.name, role: role}, target)
	var wrong *targetError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &wrong):
		return roleOrInternal(err)
	case wrong.action == "":
		return apierr.InvalidParameter("The dead letter target " + target + " does not exist.")
	default:
		return apierr.InvalidParameter("The provided execution role does not have permissions to call " + wrong.action + " on " + strings.ToUpper(t.Service))
	}
}

func (r *Runner) checkTargetAs(ctx context.Context, v *version, target string) error {
	role, err := r.roles.of(v)
	if err != nil {
		return err
	}
	return r.checkTarget(ctx, role, target)
}

// checkRole refuses a role that Lambda cannot assume when a function is given it,
// not only when the function runs.
func (r *Runner) checkRole(c *change) *apierr.Error {
	if c.body.Role == "" {
		return nil
	}
	if _, err := r.roles.of(&version{name: c.name, role: c.body.Role}); err != nil {
		return roleOrInternal(err)
	}
	return nil
}

func roleOrInternal(err error) *apierr.Error {
	var role *RoleError
	if errors.As(err, &role) {
		return apierr.InvalidParameter("The role defined for the function cannot be assumed by Lambda.")
	}
	return apierr.Internal("the local stack could not check a target: " + err.Error())
}

func targets(c *types.DestinationConfig) (onSuccess, onFailure string) {
	if c == nil {
		return "", ""
	}
	if c.OnSuccess != nil {
		onSuccess = aws.ToString(c.OnSuccess.Destination)
	}
	if c.OnFailure != nil {
		onFailure = aws.ToString(c.OnFailure.Destination)
	}
	return onSuccess, onFailure
}
