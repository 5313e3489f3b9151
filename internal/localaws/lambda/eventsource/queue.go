package eventsource

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/apierr"
)

// callTimeout bounds one call of the queues' service, waiting included.
const callTimeout = 15 * time.Second

// queue is a queue as a function's role sees it.
type queue struct {
	client *sqs.Client
	url    string
	role   func(*sqs.Options)
}

func (c Config) queue(ctx context.Context, function string, source arn.ARN) (queue, error) {
	credentials, err := c.Functions.Credentials(ctx, function)
	if err != nil {
		return queue{}, err
	}
	return queue{c.SQS, c.QueueURL(source), func(o *sqs.Options) { o.Region, o.Credentials = source.Region, credentials }}, nil
}

func (q queue) visibility(ctx context.Context) (time.Duration, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameVisibilityTimeout},
	}, q.role)
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(out.Attributes[string(types.QueueAttributeNameVisibilityTimeout)])
	return time.Duration(seconds) * time.Second, err
}

// receive takes messages, waiting for the first one for so many seconds.
func (q queue) receive(ctx context.Context, most, wait int) ([]types.Message, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: int32(most), WaitTimeSeconds: int32(wait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	}, q.role)
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// delete removes a message. Not as a batch: MiniStack asks for another right
// than AWS there.
func (q queue) delete(ctx context.Context, receipt *string) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: receipt}, q.role)
	return err
}

// checkQueue refuses what Lambda refuses when a mapping is made: a function or a
// queue that does not exist, a role that may not read the queue, a visibility
// timeout below the function's timeout. The role's rights are tried by calls
// that the queue refuses only after it has judged the caller.
func (m *Mappings) checkQueue(ctx context.Context, function string, source arn.ARN) *apierr.Error {
	timeout, err := m.config.Functions.Timeout(ctx, function)
	if err != nil {
		return apierr.InvalidParameter("Function does not exist")
	}
	q, err := m.config.queue(ctx, function, source)
	if err != nil {
		return apierr.InvalidParameter("The role defined for the function cannot be assumed by Lambda.")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = q.receive(ctx, maxReceive+1, 0)
	if refusal := refused(err, "ReceiveMessage", "InvalidParameterValue"); refusal != nil {
		return refusal
	}
	if refusal := refused(q.delete(ctx, aws.String("none")), "DeleteMessage", "ReceiptHandleIsInvalid"); refusal != nil {
		return refusal
	}
	visibility, err := q.visibility(ctx)
	if refusal := refused(err, "GetQueueAttributes", ""); refusal != nil {
		return refusal
	}
	if visibility < timeout {
		return apierr.InvalidParameter(fmt.Sprintf("Queue visibility timeout: %.0f seconds is less than Function timeout: %.0f seconds", visibility.Seconds(), timeout.Seconds()))
	}
	return nil
}

// refused reads what a queue said to a call that is harmless because of one of
// its parameters.
func refused(err error, action, harmless string) *apierr.Error {
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &api):
		return apierr.Internal("the local stack could not ask the queue: " + err.Error())
	case harmless != "" && strings.Contains(api.ErrorCode(), harmless):
		return nil
	case strings.Contains(api.ErrorCode(), "AccessDenied"):
		return apierr.InvalidParameter("The function execution role does not have permissions to call " + action + " on SQS")
	case strings.Contains(api.ErrorCode(), "QueueDoesNotExist") || strings.Contains(api.ErrorCode(), "NonExistentQueue"):
		return apierr.InvalidParameter("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist for this wsdl version.")
	default:
		return apierr.InvalidParameter("Error occurred while " + action + ". SQS Error Code: " + api.ErrorCode() + ". SQS Error Message: " + api.ErrorMessage())
	}
}
