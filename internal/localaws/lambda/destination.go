package lambda

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/async"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// send sends a message to a queue, a topic or a function, with a role's
// credentials.
func (r *Runner) send(ctx context.Context, role ststypes.Credentials, target string, m async.Message) error {
	t, err := arn.Parse(target)
	if err != nil {
		return err
	}
	switch t.Service {
	case "sqs":
		input := &sqs.SendMessageInput{QueueUrl: aws.String(r.queueURL(t)), MessageBody: aws.String(string(m.Body))}
		if m.Attributes != nil {
			input.MessageAttributes = make(map[string]sqstypes.MessageAttributeValue)
		}
		for _, a := range m.Attributes {
			input.MessageAttributes[a.Name] = sqstypes.MessageAttributeValue{DataType: &a.Type, StringValue: &a.Value}
		}
		_, err = r.clients.sqs.SendMessage(ctx, input, func(o *sqs.Options) { o.Region, o.Credentials = t.Region, provider(role) })
	case "sns":
		input := &sns.PublishInput{TopicArn: &target, Message: aws.String(string(m.Body))}
		if m.Attributes != nil {
			input.MessageAttributes = make(map[string]snstypes.MessageAttributeValue)
		}
		for _, a := range m.Attributes {
			input.MessageAttributes[a.Name] = snstypes.MessageAttributeValue{DataType: &a.Type, StringValue: &a.Value}
		}
		_, err = r.clients.sns.Publish(ctx, input, func(o *sns.Options) { o.Region, o.Credentials = t.Region, provider(role) })
	case "lambda":
		err = r.sendToFunction(ctx, role, target, m.Body)
	default:
		err = fmt.Errorf("not served by the local stack: %s", target)
	}
	return err
}

func (r *Runner) sendToFunction(ctx context.Context, role ststypes.Credentials, target string, payload []byte) error {
	f, err := parseFunctionARN(target)
	if err != nil {
		return err
	}
	if refusal := r.mayInvokeAs(ctx, role, f); refusal != nil {
		return refusal
	}
	if len(payload) > maxEvent {
		return ErrRequestTooLarge
	}
	return r.async.Add(async.Event{ARN: target, RequestID: uuid.New(), Payload: payload})
}

// queueURL is how MiniStack itself names a queue.
func (r *Runner) queueURL(queue arn.ARN) string {
	return r.config.MiniStackURL + "/" + queue.AccountID + "/" + queue.Resource
}

// targetError says why a target would not get messages.
type targetError struct {
	// action is what the role may not call; empty when the target does not
	// exist.
	action string
}

func (e *targetError) Error() string {
	if e.action == "" {
		return "the target does not exist"
	}
	return "the role may not call " + e.action
}

// oversize is a message that no topic takes.
var oversize = strings.Repeat("x", 256<<10+1)

// checkTarget tells whether a role may send to a target, by trying what its
// service refuses only after it has judged the caller: an empty message to a
// queue, one that is too large to a topic, a dry run. It returns a
// *targetError, or what kept it from telling.
func (r *Runner) checkTarget(ctx context.Context, role ststypes.Credentials, target string) error {
	t, err := arn.Parse(target)
	if err != nil {
		return err
	}
	action, harmless, missing := "", "", ""
	switch t.Service {
	case "sqs":
		action, harmless, missing = "SendMessage", "MissingParameter", "QueueDoesNotExist"
		_, err = r.clients.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(r.queueURL(t)), MessageBody: aws.String("")},
			func(o *sqs.Options) { o.Region, o.Credentials = t.Region, provider(role) })
	case "sns":
		action, harmless, missing = "Publish", "InvalidParameter", "NotFound"
		_, err = r.clients.sns.Publish(ctx, &sns.PublishInput{TopicArn: &target, Message: &oversize},
			func(o *sns.Options) { o.Region, o.Credentials = t.Region, provider(role) })
	case "lambda":
		action, missing = "InvokeFunction", "ResourceNotFoundException"
		f, parseErr := parseFunctionARN(target)
		if parseErr != nil {
			return &targetError{}
		}
		if refusal := r.mayInvokeAs(ctx, role, f); refusal != nil {
			err = refusal
		}
	default:
		return fmt.Errorf("not served by the local stack: %s", target)
	}
	var api smithy.APIError
	var own *apierr.Error
	code := ""
	switch {
	case errors.As(err, &api):
		code = api.ErrorCode()
	case errors.As(err, &own):
		code = own.Type
	}
	switch {
	case err == nil || harmless != "" && strings.HasPrefix(code, harmless):
		return nil
	case strings.Contains(code, missing) || strings.Contains(code, "NonExistentQueue"):
		return &targetError{}
	case strings.HasPrefix(code, "AccessDenied") || strings.HasPrefix(code, "AuthorizationError"):
		return &targetError{action: action}
	default:
		return err
	}
}
